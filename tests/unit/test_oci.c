/* Packages: the same bytes for the same input, digests that catch every change, hostile archives,
 * statements, referrers, layouts. Each test works in a folder of its own. */
#include "suites.h"

#include "base/file.h"
#include "oci/describe.h"
#include "oci/package.h"
#include "oci/tar.h"
#include "text/json.h"
#include <stdlib.h>
#include <unistd.h>

static char folder[64];
static struct mlp_err err;

static void enter(void)
{
    snprintf(folder, sizeof folder, "/tmp/mlp-oci-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    unsetenv("SOURCE_DATE_EPOCH");
    mlp_err_init(&err);
}

static void remove_tree(const char *path)
{
    struct mlp_list list;
    struct mlp_stat st;
    mlp_os_stat(path, true, &st, NULL);
    if (!st.is_dir) {
        mlp_os_unlink(path, NULL);
        return;
    }
    ck_assert_int_eq(mlp_os_list(path, &list, NULL), MLP_OK);
    for (size_t i = 0; i < list.n; i++) {
        char child[4096];
        snprintf(child, sizeof child, "%s/%s", path, list.names[i]);
        remove_tree(child);
    }
    mlp_os_list_free(&list);
    mlp_os_rmdir(path, NULL);
}

static void leave(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    remove_tree(folder);
}

#define OK(call) ck_assert_msg((call) == MLP_OK, "%s (%s)", err.message, err.source)
#define FAILS(want, call) \
    do { \
        mlp_err_init(&err); \
        enum mlp_code was_ = (call); \
        ck_assert_msg(was_ == (want), "%d: %s", was_, err.message); \
        ck_assert_int_eq(err.code, (want)); \
        mlp_err_init(&err); \
    } while (0)

static void put(const char *path, const char *text)
{
    OK(mlp_file_write(path, mlp_str_from(text), 0, &err));
}

static void get(const char *path, struct mlp_buf *b)
{
    mlp_buf_init(b, 1 << 24);
    OK(mlp_file_read(path, b, &err));
}

static bool same_file(const char *a, const char *b)
{
    struct mlp_buf x, y;
    get(a, &x);
    get(b, &y);
    bool same = mlp_str_eq(mlp_buf_str(&x), mlp_buf_str(&y));
    mlp_buf_fini(&x);
    mlp_buf_fini(&y);
    return same;
}

/* a/z sorts before a-b by component, after it by bytes. */
static void make(const char *path, const struct mlp_key *key, char digest[MLP_DIGEST_TEXT])
{
    put("model.json", "{\"trees\":[1,2,3]}\n");
    static const char *const notes[] = {"org.example.b", "2", "org.example.a", "1", NULL};
    const struct mlp_package_file files[] = {
        {.role = MLP_ROLE_CARD, .name = "README.md", .bytes = MLP_STR("# m\n")},
        {.role = MLP_ROLE_CODE, .name = "a-b", .bytes = MLP_STR("x")},
        {.role = MLP_ROLE_CODE, .name = "a/z", .bytes = MLP_STR("y")},
        {.role = MLP_ROLE_DATASET, .name = "a.txt", .bytes = MLP_STR("")},
        {.role = MLP_ROLE_MODEL, .path = "model.json"}};
    const struct mlp_package_spec spec = {.name = "fraud", .files = files, .nfiles = 5,
                                          .annotations = notes, .key = key,
                                          .config_json = MLP_STR("{\"format\": \"XGBoost JSON\"}")};
    OK(mlp_package_create(&spec, path, digest, &err));
}

static struct mlp_package *open_ok(const char *path)
{
    struct mlp_package *p;
    OK(mlp_package_open(path, &p, &err));
    return p;
}

START_TEST(create_and_open)
{
    char digest[MLP_DIGEST_TEXT];
    struct mlp_buf b;
    make("a.mlp", NULL, digest);
    struct mlp_package *p = open_ok("a.mlp");
    ck_assert(mlp_str_is(mlp_package_digest(p), digest));
    ck_assert(mlp_str_is(mlp_package_name(p), "fraud"));
    ck_assert_uint_eq(mlp_package_nlayers(p), 5);
    ck_assert_uint_eq(mlp_package_nreferrers(p), 0);
    ck_assert(mlp_str_is(mlp_package_layer(p, 1)->name, "a/z"));
    const struct mlp_blob *model = mlp_package_find(p, MLP_ROLE_MODEL);
    ck_assert(mlp_str_is(model->name, "model.json"));
    ck_assert(mlp_str_is(model->media_type, "application/vnd.cncf.model.weight.v1.raw"));
    mlp_buf_init(&b, 4096);
    OK(mlp_package_read(p, model->digest, &b, &err));
    ck_assert_str_eq(b.p, "{\"trees\":[1,2,3]}\n");
    ck_assert_ptr_null(mlp_package_find(p, MLP_ROLE_SBOM));
    ck_assert(mlp_str_is(mlp_node_str(mlp_node_path(mlp_package_config(p), "config", "format",
                                                    NULL), ""), "XGBoost JSON"));
    OK(mlp_package_verify(p, NULL, &err));
    OK(mlp_package_check_archive(p, &err));
    mlp_buf_fini(&b);
    mlp_package_close(p);
}
END_TEST

START_TEST(same_bytes)
{
    char one[MLP_DIGEST_TEXT], two[MLP_DIGEST_TEXT];
    make("a.mlp", NULL, one);
    setenv("TZ", "Pacific/Auckland", 1);
    OK(mlp_os_mkdir("elsewhere", &err));
    make("elsewhere/b.mlp", NULL, two);
    ck_assert_str_eq(one, two);
    ck_assert(same_file("a.mlp", "elsewhere/b.mlp"));
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    make("c.mlp", NULL, two);
    ck_assert_str_eq(one, two);
    ck_assert(!same_file("a.mlp", "c.mlp"));
    struct mlp_package *p = open_ok("c.mlp");
    OK(mlp_package_check_archive(p, &err));
    mlp_package_close(p);
    setenv("SOURCE_DATE_EPOCH", "yesterday", 1);
    const struct mlp_package_file file = {.name = "m", .bytes = MLP_STR("x")};
    const struct mlp_package_spec spec = {.name = "m", .files = &file, .nfiles = 1};
    FAILS(MLP_EUSAGE, mlp_package_create(&spec, "d.mlp", two, &err));
    unsetenv("SOURCE_DATE_EPOCH");
    unsetenv("TZ");
}
END_TEST

/* The digest is a promise to people who keep it in files: a change of the writer that moves it
 * must be seen. */
START_TEST(known_digest)
{
    char digest[MLP_DIGEST_TEXT];
    make("a.mlp", NULL, digest);
    ck_assert_str_eq(digest + 7,
                     "d52ea422283a5ddfed2cfaf328a909f5348f682828318718b779ef598fdc2fea");
}
END_TEST

START_TEST(create_refuses)
{
    static const char *const names[] = {"", "Fraud", "-x", "a/b", "a b", "caf\xc3\xa9"};
    static const char *const files[] = {"../x", "/etc/x", "a//b", "a/../b", ".", "", "a\\b",
                                        "a\nb"};
    char digest[MLP_DIGEST_TEXT];
    struct mlp_package_file two[] = {{.name = "same", .bytes = MLP_STR("1")},
                                     {.name = "same", .bytes = MLP_STR("2")}};
    struct mlp_package_spec spec = {.name = "m", .files = two, .nfiles = 2};
    FAILS(MLP_EINPUT, mlp_package_create(&spec, "a.mlp", digest, &err));
    spec.nfiles = 0;
    FAILS(MLP_EUSAGE, mlp_package_create(&spec, "a.mlp", digest, &err));
    spec.nfiles = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        spec.name = names[i];
        FAILS(MLP_EUSAGE, mlp_package_create(&spec, "a.mlp", digest, &err));
    }
    spec.name = "m";
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        two[0].name = files[i];
        FAILS(MLP_EINPUT, mlp_package_create(&spec, "a.mlp", digest, &err));
    }
    two[0] = (struct mlp_package_file){.path = "missing"};
    FAILS(MLP_ENOTFOUND, mlp_package_create(&spec, "a.mlp", digest, &err));
    two[0].path = ".";
    two[0].name = "x";
    FAILS(MLP_EINPUT, mlp_package_create(&spec, "a.mlp", digest, &err));
    struct mlp_stat st;
    mlp_os_stat("a.mlp", false, &st, NULL);
    ck_assert(!st.exists);
}
END_TEST

static struct mlp_key *new_key(enum mlp_key_type type)
{
    struct mlp_key *k;
    OK(mlp_key_generate(type, &k, &err));
    return k;
}

START_TEST(signed_in_one_pass)
{
    struct mlp_key *k = new_key(_i ? MLP_KEY_ED25519 : MLP_KEY_P256);
    struct mlp_key *other = new_key(MLP_KEY_P256);
    char plain[MLP_DIGEST_TEXT], with[MLP_DIGEST_TEXT];
    make("plain.mlp", NULL, plain);
    make("signed.mlp", k, with);
    ck_assert_str_eq(plain, with);
    struct mlp_package *p = open_ok("signed.mlp");
    ck_assert_uint_eq(mlp_package_nreferrers(p), 1);
    ck_assert(mlp_str_is(mlp_package_referrer(p, 0)->artifact_type, MLP_TYPE_BUNDLE));
    OK(mlp_package_verify(p, k, &err));
    OK(mlp_package_check_archive(p, &err));
    FAILS(MLP_ETRUST, mlp_package_verify(p, other, &err));
    mlp_package_close(p);
    if (_i == 1) { /* Ed25519 signatures do not vary */
        OK(mlp_package_sign("plain.mlp", k, &err));
        ck_assert(same_file("plain.mlp", "signed.mlp"));
    }
    mlp_key_free(k);
    mlp_key_free(other);
}
END_TEST

START_TEST(sign_and_attach)
{
    struct mlp_key *k = new_key(MLP_KEY_P256), *other = new_key(MLP_KEY_ED25519);
    char digest[MLP_DIGEST_TEXT], referrer[MLP_DIGEST_TEXT], again[MLP_DIGEST_TEXT];
    struct mlp_buf before, after;
    make("a.mlp", NULL, digest);
    struct mlp_package *p = open_ok("a.mlp");
    FAILS(MLP_ETRUST, mlp_package_verify(p, k, &err));
    mlp_package_close(p);
    OK(mlp_package_sign("a.mlp", k, &err));
    OK(mlp_package_sign("a.mlp", other, &err));
    OK(mlp_package_attach("a.mlp", mlp_str_from(digest), MLP_TYPE_REPORT, MLP_STR("{}"), referrer,
                          &err));
    get("a.mlp", &before);
    OK(mlp_package_sign("a.mlp", k, &err));
    OK(mlp_package_attach("a.mlp", mlp_str_from(digest), MLP_TYPE_REPORT, MLP_STR("{}"), again,
                          &err));
    get("a.mlp", &after);
    ck_assert_str_eq(referrer, again);
    ck_assert(mlp_str_eq(mlp_buf_str(&before), mlp_buf_str(&after)));
    p = open_ok("a.mlp");
    ck_assert(mlp_str_is(mlp_package_digest(p), digest));
    ck_assert_uint_eq(mlp_package_nreferrers(p), 3);
    OK(mlp_package_verify(p, k, &err));
    OK(mlp_package_verify(p, other, &err));
    OK(mlp_package_check_archive(p, &err));
    mlp_package_close(p);
    FAILS(MLP_ENOTFOUND, mlp_package_attach("a.mlp", mlp_str_from(referrer), MLP_TYPE_REPORT,
                                            MLP_STR("{}"), again, &err));
    FAILS(MLP_EINPUT, mlp_package_attach("a.mlp", mlp_str_from(digest), MLP_TYPE_REPORT,
                                         MLP_STR(""), again, &err));
    mlp_buf_fini(&before);
    mlp_buf_fini(&after);
    mlp_key_free(k);
    mlp_key_free(other);
}
END_TEST

/* A signature moved from one package to another, whose files are the same under other roles. */
START_TEST(signature_of_another)
{
    struct mlp_key *k = new_key(MLP_KEY_P256);
    char one[MLP_DIGEST_TEXT], two[MLP_DIGEST_TEXT], referrer[MLP_DIGEST_TEXT];
    struct mlp_buf bundle;
    struct mlp_package_file file = {.role = MLP_ROLE_MODEL, .name = "m", .bytes = MLP_STR("x")};
    struct mlp_package_spec spec = {.name = "m", .files = &file, .nfiles = 1, .key = k};
    OK(mlp_package_create(&spec, "one.mlp", one, &err));
    file.role = MLP_ROLE_CODE;
    spec.key = NULL;
    OK(mlp_package_create(&spec, "two.mlp", two, &err));
    ck_assert_str_ne(one, two);
    struct mlp_package *p = open_ok("one.mlp");
    mlp_buf_init(&bundle, 1 << 20);
    OK(mlp_package_read(p, mlp_package_referrer(p, 0)->blob, &bundle, &err));
    mlp_package_close(p);
    OK(mlp_package_attach("two.mlp", mlp_str_from(two), MLP_TYPE_BUNDLE, mlp_buf_str(&bundle),
                          referrer, &err));
    p = open_ok("two.mlp");
    FAILS(MLP_ETRUST, mlp_package_verify(p, k, &err));
    mlp_package_close(p);
    mlp_buf_fini(&bundle);
    mlp_key_free(k);
}
END_TEST

/* Resources in the order of model-signing: by path component. */
START_TEST(statement_of_model_signing)
{
    char digest[MLP_DIGEST_TEXT];
    struct mlp_buf text;
    struct mlp_doc d;
    static const char *const order[] = {"README.md", "a/z", "a-b", "a.txt", "model.json"};
    make("a.mlp", NULL, digest);
    struct mlp_package *p = open_ok("a.mlp");
    mlp_buf_init(&text, 65536);
    mlp_doc_init(&d, "statement", 4 << 20);
    OK(mlp_package_statement(p, &text, &err));
    OK(mlp_doc_parse_json(&d, mlp_buf_str(&text), &err));
    const struct mlp_node *resources = mlp_node_path(d.root, "predicate", "resources", NULL);
    for (size_t i = 0; i < 5; i++)
        ck_assert(mlp_str_is(mlp_node_str(mlp_node_get(mlp_node_at(resources, i), "name"), ""),
                             order[i]));
    ck_assert_ptr_null(mlp_node_at(resources, 5));
    const struct mlp_node *subject = mlp_node_at(mlp_node_get(d.root, "subject"), 0);
    const struct mlp_node *notes = mlp_node_get(subject, "annotations");
    ck_assert(mlp_str_is(mlp_node_str(mlp_node_get(notes, "org.mlp.manifest"), ""), digest));
    mlp_doc_fini(&d);
    mlp_buf_fini(&text);
    mlp_package_close(p);
}
END_TEST

/* Every byte of the archive: changed, it is found, whether it is content or padding. */
START_TEST(any_changed_byte)
{
    struct mlp_key *k = new_key(MLP_KEY_ED25519);
    char digest[MLP_DIGEST_TEXT];
    struct mlp_buf b;
    make("a.mlp", k, digest);
    get("a.mlp", &b);
    for (size_t i = (size_t)_i; i < b.n; i += 41) {
        struct mlp_package *p;
        struct mlp_err e;
        b.p[i] ^= (char)(1 << (i % 8));
        OK(mlp_file_write("b.mlp", mlp_buf_str(&b), 0, &err));
        b.p[i] ^= (char)(1 << (i % 8));
        mlp_err_init(&e);
        enum mlp_code code = mlp_package_open("b.mlp", &p, &e);
        if (code == MLP_OK) {
            code = mlp_package_check_archive(p, &e);
            mlp_package_close(p);
        }
        ck_assert_msg(code == MLP_EINPUT || code == MLP_ETRUST || code == MLP_ENOTFOUND,
                      "byte %zu: %d %s", i, code, e.message);
    }
    mlp_buf_fini(&b);
    mlp_key_free(k);
}
END_TEST

START_TEST(truncated_anywhere)
{
    char digest[MLP_DIGEST_TEXT];
    struct mlp_buf b;
    make("a.mlp", NULL, digest);
    get("a.mlp", &b);
    for (size_t n = 0; n < b.n; n += 97) {
        struct mlp_package *p;
        struct mlp_err e;
        mlp_err_init(&e);
        OK(mlp_file_write("b.mlp", (struct mlp_str){b.p, n}, 0, &err));
        enum mlp_code code = mlp_package_open("b.mlp", &p, &e);
        if (code == MLP_OK) {
            code = mlp_package_check_archive(p, &e);
            mlp_package_close(p);
        }
        ck_assert_msg(code == MLP_EINPUT || code == MLP_ETRUST, "%zu: %d", n, code);
    }
    mlp_buf_fini(&b);
}
END_TEST

static enum mlp_code to_buf(void *ctx, const void *p, size_t n, struct mlp_err *e)
{
    mlp_buf_add(ctx, p, n);
    return mlp_buf_check(ctx, e);
}

/* An archive of one named entry beside the layout file. */
static void archive_with(const char *name, const char *text)
{
    struct mlp_buf b;
    struct mlp_tar t;
    mlp_buf_init(&b, 1 << 20);
    struct mlp_sink sink = {to_buf, &b};
    mlp_tar_init(&t, &sink, 0);
    OK(mlp_tar_add_file(&t, name, strlen(text), &err));
    OK(mlp_tar_data(&t, text, strlen(text), &err));
    OK(mlp_tar_add_file(&t, "oci-layout", 2, &err));
    OK(mlp_tar_data(&t, "{}", 2, &err));
    OK(mlp_tar_finish(&t, &err));
    OK(mlp_file_write("bad.mlp", mlp_buf_str(&b), 0, &err));
    mlp_buf_fini(&b);
}

struct seen {
    char names[256];
    uint64_t size, offset;
    int64_t mtime;
    int n;
};

static enum mlp_code see(void *ctx, const struct mlp_tar_entry *entry, struct mlp_err *e)
{
    struct seen *s = ctx;
    (void)e;
    s->n++;
    s->size = entry->size;
    s->offset = entry->offset;
    s->mtime = entry->mtime;
    snprintf(s->names + strlen(s->names), sizeof s->names - strlen(s->names), "%.*s;",
             MLP_STR_ARG(entry->name));
    return MLP_OK;
}

static void list_file(const char *path, struct seen *s)
{
    int fd;
    struct mlp_stat st;
    *s = (struct seen){.n = 0};
    OK(mlp_os_open(path, MLP_OPEN_READ, &fd, &err));
    OK(mlp_os_fstat(fd, &st, &err));
    OK(mlp_tar_list(fd, st.size, 10, see, s, &err));
    mlp_os_close(fd, NULL);
}

/* Sizes and times that eleven octal digits cannot say; the data of the large file is a hole. */
START_TEST(tar_extended_headers)
{
    static const int64_t times[] = {0, 1700000000, -1, (int64_t)1 << 33, (int64_t)1 << 40};
    const uint64_t nine = (uint64_t)9 << 30;
    struct mlp_buf b;
    struct seen seen;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct mlp_tar t;
        int fd;
        mlp_buf_init(&b, 1 << 20);
        struct mlp_sink sink = {to_buf, &b};
        mlp_tar_init(&t, &sink, times[i]);
        OK(mlp_tar_add_dir(&t, "d", &err));
        OK(mlp_tar_add_file(&t, "small", 3, &err));
        OK(mlp_tar_data(&t, "abc", 3, &err));
        OK(mlp_tar_add_file(&t, "large", nine, &err));
        OK(mlp_file_write("t.tar", mlp_buf_str(&b), 0, &err));
        OK(mlp_os_open("t.tar", MLP_OPEN_RDWR, &fd, &err));
        OK(mlp_os_truncate(fd, b.n + nine + 1024, &err));
        mlp_os_close(fd, NULL);
        list_file("t.tar", &seen);
        ck_assert_str_eq(seen.names, "d;small;large;");
        ck_assert_uint_eq(seen.size, nine);
        ck_assert_uint_eq(seen.offset, b.n);
        ck_assert_int_eq(seen.mtime, times[i]);
        mlp_buf_fini(&b);
    }
}
END_TEST

START_TEST(tar_keeps_count)
{
    struct mlp_buf b;
    struct mlp_tar t;
    mlp_buf_init(&b, 1 << 20);
    struct mlp_sink sink = {to_buf, &b};
    mlp_tar_init(&t, &sink, 0);
    OK(mlp_tar_add_file(&t, "f", 3, &err));
    FAILS(MLP_EBUG, mlp_tar_data(&t, "abcd", 4, &err));
    OK(mlp_tar_data(&t, "ab", 2, &err));
    FAILS(MLP_EBUG, mlp_tar_add_file(&t, "g", 0, &err));
    FAILS(MLP_EBUG, mlp_tar_finish(&t, &err));
    OK(mlp_tar_data(&t, "c", 1, &err));
    OK(mlp_tar_finish(&t, &err));
    ck_assert_uint_eq(b.n, 512 + 512 + 1024);
    mlp_buf_fini(&b);
}
END_TEST

START_TEST(strange_entries)
{
    static const char *const names[] = {
        "../index.json", "/index.json", "blobs/../index.json", "blobs/sha256/abc", "blobs/md5/x",
        "blobs/sha256/BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
        "manifest.json", "oci-layout", "x"};
    struct mlp_package *p;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        archive_with(names[i], "{}");
        FAILS(MLP_EINPUT, mlp_package_open("bad.mlp", &p, &err));
        ck_assert_ptr_null(p);
    }
}
END_TEST

START_TEST(strange_indexes)
{
    static const char *const texts[] = {
        "", "null", "[]", "{}", "{\"manifests\":{}}", "{\"manifests\":[]}", "{\"manifests\":[1]}",
        "{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
        "\"digest\":\"sha256:zz\",\"size\":1,\"artifactType\":"
        "\"application/vnd.cncf.model.manifest.v1+json\"}]}",
        "{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
        "\"digest\":\"../../etc/passwd\",\"size\":1,\"artifactType\":"
        "\"application/vnd.cncf.model.manifest.v1+json\"}]}"};
    struct mlp_package *p;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        archive_with("index.json", texts[i]);
        FAILS(MLP_EINPUT, mlp_package_open("bad.mlp", &p, &err));
    }
    archive_with("index.json",
                 "{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                 "\"digest\":\"sha256:"
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"size\":3,"
                 "\"artifactType\":\"application/vnd.cncf.model.manifest.v1+json\"}]}");
    FAILS(MLP_ENOTFOUND, mlp_package_open("bad.mlp", &p, &err));
}
END_TEST

START_TEST(no_packages)
{
    struct mlp_package *p;
    put("empty.mlp", "");
    put("junk.mlp", "\x7f" "ELF what is this");
    OK(mlp_os_mkdir("dir", &err));
    FAILS(MLP_EINPUT, mlp_package_open("empty.mlp", &p, &err));
    FAILS(MLP_EINPUT, mlp_package_open("junk.mlp", &p, &err));
    FAILS(MLP_ENOTFOUND, mlp_package_open("missing.mlp", &p, &err));
    FAILS(MLP_ENOTFOUND, mlp_package_open("dir", &p, &err));
    FAILS(MLP_EINPUT, mlp_package_open("/dev/null", &p, &err));
    FAILS(MLP_EINPUT, mlp_package_open_digest("dir", MLP_STR("sha256:00"), &p, &err));
}
END_TEST

START_TEST(layout_folder)
{
    struct mlp_key *k = new_key(MLP_KEY_P256);
    char digest[MLP_DIGEST_TEXT], referrer[MLP_DIGEST_TEXT];
    struct mlp_buf index;
    make("a.mlp", NULL, digest);
    struct mlp_package *p = open_ok("a.mlp"), *q;
    OK(mlp_package_copy(p, "layout", &err));
    OK(mlp_package_copy(p, "layout", &err));
    mlp_buf_init(&index, 4096);
    mlp_buf_addf(&index, "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MLP_TYPE_MANIFEST
                 "\",\"digest\":\"%s\",\"size\":", digest);
    struct mlp_buf manifest;
    mlp_buf_init(&manifest, 65536);
    OK(mlp_package_read(p, mlp_str_from(digest), &manifest, &err));
    mlp_buf_addf(&index, "%zu}]}", manifest.n);
    put("layout/index.json", index.p);
    put("layout/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    mlp_package_close(p);
    OK(mlp_package_sign("layout", k, &err));
    OK(mlp_package_attach("layout", mlp_str_from(digest), MLP_TYPE_REPORT, MLP_STR("{}"), referrer,
                          &err));
    p = open_ok("layout");
    OK(mlp_package_open_digest("layout", mlp_str_from(digest), &q, &err));
    ck_assert(mlp_str_eq(mlp_package_digest(p), mlp_package_digest(q)));
    ck_assert_uint_eq(mlp_package_nreferrers(q), 2);
    OK(mlp_package_verify(q, k, &err));
    OK(mlp_package_export(q, "b.mlp", &err));
    mlp_package_close(q);
    mlp_package_close(p);
    p = open_ok("b.mlp");
    OK(mlp_package_verify(p, k, &err));
    OK(mlp_package_check_archive(p, &err));
    mlp_package_close(p);
    mlp_buf_fini(&index);
    mlp_buf_fini(&manifest);
    mlp_key_free(k);
}
END_TEST

START_TEST(export_gives_the_same_bytes)
{
    char digest[MLP_DIGEST_TEXT];
    make("a.mlp", NULL, digest);
    struct mlp_package *p = open_ok("a.mlp");
    OK(mlp_package_export(p, "b.mlp", &err));
    ck_assert(same_file("a.mlp", "b.mlp"));
    mlp_package_close(p);
}
END_TEST

START_TEST(unpack_files)
{
    char digest[MLP_DIGEST_TEXT];
    struct mlp_stat st;
    make("a.mlp", NULL, digest);
    struct mlp_package *p = open_ok("a.mlp");
    OK(mlp_package_unpack(p, "out/deep", false, &err));
    ck_assert(same_file("model.json", "out/deep/model.json"));
    OK(mlp_os_stat("out/deep/a/z", false, &st, &err));
    ck_assert(st.is_file && st.size == 1);
    OK(mlp_os_stat("out/deep/a.txt", false, &st, &err));
    ck_assert(st.is_file && st.size == 0);
    FAILS(MLP_ENOTFOUND, mlp_package_unpack(p, "out/deep", false, &err));
    OK(mlp_package_unpack(p, "out/deep", true, &err));
    /* A link planted in the target must not lead out of it. */
    OK(mlp_os_mkdir("trap", &err));
    OK(mlp_os_mkdir("outside", &err));
    ck_assert_int_eq(symlink("../outside", "trap/a"), 0);
    FAILS(MLP_ENOTFOUND, mlp_package_unpack(p, "trap", true, &err));
    OK(mlp_os_stat("outside/z", false, &st, &err));
    ck_assert(!st.exists);
    mlp_package_close(p);
}
END_TEST

START_TEST(file_changes_while_packed)
{
    char digest[MLP_DIGEST_TEXT];
    struct mlp_stat st;
    uint8_t sum[MLP_SHA256_BYTES];
    put("m", "before");
    OK(mlp_sha256(MLP_STR("before"), sum, &err));
    put("m", "after!");
    const struct mlp_package_file file = {.path = "m", .sum = sum, .size = 6};
    const struct mlp_package_spec spec = {.name = "m", .files = &file, .nfiles = 1};
    FAILS(MLP_EINPUT, mlp_package_create(&spec, "a.mlp", digest, &err));
    put("m", "short");
    FAILS(MLP_EINPUT, mlp_package_create(&spec, "a.mlp", digest, &err));
    OK(mlp_os_stat("a.mlp", false, &st, &err));
    ck_assert(!st.exists);
}
END_TEST

START_TEST(full_disk)
{
    char digest[MLP_DIGEST_TEXT];
    static char large[300000];
    struct mlp_package_file file = {.name = "m", .bytes = MLP_STR("x")};
    const struct mlp_package_spec spec = {.name = "m", .files = &file, .nfiles = 1};
    FAILS(MLP_EIO, mlp_package_create(&spec, "/dev/full", digest, &err));
    file.bytes = (struct mlp_str){large, sizeof large};
    FAILS(MLP_EIO, mlp_package_create(&spec, "/dev/full", digest, &err));
}
END_TEST

/* Files that are the same bytes are one blob, and both names come back. */
START_TEST(equal_files)
{
    char digest[MLP_DIGEST_TEXT];
    const struct mlp_package_file files[] = {{.name = "one", .bytes = MLP_STR("x")},
                                             {.name = "two", .bytes = MLP_STR("x")}};
    const struct mlp_package_spec spec = {.name = "m", .files = files, .nfiles = 2};
    OK(mlp_package_create(&spec, "a.mlp", digest, &err));
    struct mlp_package *p = open_ok("a.mlp");
    ck_assert_uint_eq(mlp_package_nlayers(p), 2);
    OK(mlp_package_check_archive(p, &err));
    OK(mlp_package_unpack(p, "out", false, &err));
    ck_assert(same_file("out/one", "out/two"));
    mlp_package_close(p);
}
END_TEST

static void describe(struct mlp_buf *sbom, struct mlp_buf *card)
{
    static uint8_t sum[MLP_SHA256_BYTES] = {0xab};
    static const struct mlp_package_file files[] = {
        {.role = MLP_ROLE_MODEL, .name = "model.joblib", .sum = sum, .size = 10},
        {.role = MLP_ROLE_REPORT, .name = "evidence/e.json", .sum = sum, .size = 20,
         .bytes = MLP_STR("{\"kind\":\"model\",\"outcome\":\"pass\"}")}};
    struct mlp_doc d;
    mlp_doc_init(&d, "model", 4 << 20);
    OK(mlp_doc_parse_json(&d, MLP_STR("{\"format\":\"scikit-learn joblib\",\"version\":\"1.2.1\","
                                      "\"estimator\":\"Pipeline\",\"signature\":{\"task\":"
                                      "\"binary\",\"classes\":[\"no\",\"yes\"],\"inputs\":[{"
                                      "\"name\":\"a|b\",\"type\":\"number\"}]}}"), &err));
    const struct mlp_described what = {.name = "flights", .model = d.root, .files = files,
                                       .nfiles = 2};
    mlp_describe_sbom(&what, sbom);
    mlp_describe_card(&what, card);
    mlp_doc_fini(&d);
}

START_TEST(descriptions)
{
    struct mlp_buf sbom, card;
    struct mlp_doc d;
    mlp_buf_init(&sbom, 65536);
    mlp_buf_init(&card, 65536);
    mlp_doc_init(&d, "sbom", 4 << 20);
    describe(&sbom, &card);
    OK(mlp_doc_parse_json(&d, mlp_buf_str(&sbom), &err));
    const struct mlp_node *component = mlp_node_path(d.root, "metadata", "component", NULL);
    ck_assert(mlp_str_is(mlp_node_str(mlp_node_get(component, "type"), ""),
                         "machine-learning-model"));
    const struct mlp_node *library = mlp_node_at(mlp_node_get(d.root, "components"), 0);
    ck_assert(mlp_str_is(mlp_node_str(mlp_node_get(library, "purl"), ""),
                         "pkg:pypi/scikit-learn@1.2.1"));
    ck_assert_ptr_nonnull(strstr(card.p, "# flights\n"));
    ck_assert_ptr_nonnull(strstr(card.p, "| a\\|b | number |"));
    ck_assert_ptr_nonnull(strstr(card.p, "| evidence/e.json | model | pass |"));
    ck_assert_ptr_nonnull(strstr(card.p, "- Classes: no, yes\n"));
    mlp_doc_fini(&d);
    mlp_buf_fini(&sbom);
    mlp_buf_fini(&card);
}
END_TEST

Suite *suite_oci(void)
{
    Suite *s = suite_create("oci");
    TCase *t = tcase_create("package");
    tcase_add_checked_fixture(t, enter, leave);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, create_and_open);
    tcase_add_test(t, same_bytes);
    tcase_add_test(t, known_digest);
    tcase_add_test(t, create_refuses);
    tcase_add_loop_test(t, signed_in_one_pass, 0, 2);
    tcase_add_test(t, sign_and_attach);
    tcase_add_test(t, signature_of_another);
    tcase_add_test(t, statement_of_model_signing);
    tcase_add_loop_test(t, any_changed_byte, 0, 4);
    tcase_add_test(t, truncated_anywhere);
    tcase_add_test(t, tar_extended_headers);
    tcase_add_test(t, tar_keeps_count);
    tcase_add_test(t, strange_entries);
    tcase_add_test(t, strange_indexes);
    tcase_add_test(t, no_packages);
    tcase_add_test(t, layout_folder);
    tcase_add_test(t, export_gives_the_same_bytes);
    tcase_add_test(t, unpack_files);
    tcase_add_test(t, file_changes_while_packed);
    tcase_add_test(t, full_disk);
    tcase_add_test(t, equal_files);
    tcase_add_test(t, descriptions);
    suite_add_tcase(s, t);
    return s;
}
