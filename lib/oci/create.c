#include "oci/inside.h"

#include "base/os.h"
#include <stdlib.h>

#define JSON_MAX ((size_t)4 * 1024 * 1024)
#define MAX_FILES 4096
#define MAX_ANNOTATIONS 1024

static const char *const media_types[] = {
    [MLP_ROLE_MODEL] = "application/vnd.cncf.model.weight.v1.raw",
    [MLP_ROLE_SCHEMA] = "application/vnd.cncf.model.weight.config.v1.raw",
    [MLP_ROLE_RULES] = "application/vnd.cncf.model.weight.config.v1.raw",
    [MLP_ROLE_PROFILE] = "application/vnd.cncf.model.doc.v1.raw",
    [MLP_ROLE_REPORT] = "application/vnd.cncf.model.doc.v1.raw",
    [MLP_ROLE_CARD] = "application/vnd.cncf.model.doc.v1.raw",
    [MLP_ROLE_SBOM] = "application/vnd.cncf.model.doc.v1.raw",
    [MLP_ROLE_CODE] = "application/vnd.cncf.model.code.v1.raw",
    [MLP_ROLE_GOLDEN] = "application/vnd.cncf.model.dataset.v1.raw",
    [MLP_ROLE_DATASET] = "application/vnd.cncf.model.dataset.v1.raw",
};

/* A file as it goes into the manifest. */
struct item {
    const struct mlp_package_file *file;
    struct mlp_str name;
    uint8_t sum[MLP_SHA256_BYTES];
    char digest[MLP_DIGEST_TEXT];
    uint64_t size;
};

struct builder {
    const struct mlp_package_spec *spec;
    struct item *items;
    struct mlp_vec parts;
    struct mlp_buf config, manifest, bundle;
    struct mlp_evidence signature;
    struct mlp_package shown; /* what the package will be, for signing and index.json */
    char notes[256];
};

static struct mlp_str last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return mlp_str_from(slash ? slash + 1 : path);
}

static enum mlp_code hash_file(struct item *item, struct mlp_err *e)
{
    struct mlp_stat st;
    const char *path = item->file->path;
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code == MLP_OK && st.exists && !st.is_file) {
        mlp_err_set(e, MLP_EINPUT, "is %s, expected a file", st.is_dir ? "a folder" : "no file");
        return mlp_err_at(e, path, 0, 0);
    }
    return code == MLP_OK ? mlp_sha256_file(path, item->sum, &item->size, e) : code;
}

static enum mlp_code take_file(struct item *item, const struct mlp_package_file *file,
                               struct mlp_err *e)
{
    item->file = file;
    item->name = file->name ? mlp_str_from(file->name)
                            : last_part(file->path ? file->path : "");
    enum mlp_code code = mlp_file_name_check(item->name, e);
    if (code == MLP_OK && file->sum) {
        item->size = file->size;
        memcpy(item->sum, file->sum, sizeof item->sum);
    } else if (code == MLP_OK && file->bytes.p) {
        item->size = file->bytes.n;
        code = mlp_sha256(file->bytes, item->sum, e);
    } else if (code == MLP_OK) {
        code = hash_file(item, e);
    }
    mlp_digest_text(item->sum, item->digest);
    return code;
}

static enum mlp_code add_item_part(struct builder *b, const struct item *item, struct mlp_err *e)
{
    struct mlp_part *part = mlp_vec_push(&b->parts);
    if (!part)
        return mlp_err_nomem(e);
    part->size = item->size;
    part->bytes = item->file->bytes;
    part->path = item->file->bytes.p ? NULL : item->file->path;
    memcpy(part->digest, item->sum, sizeof part->digest);
    return MLP_OK;
}

int mlp_file_name_cmp(struct mlp_str a, struct mlp_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++) {
        unsigned char x = a.p[i] == '/' ? 1 : (unsigned char)a.p[i];
        unsigned char y = b.p[i] == '/' ? 1 : (unsigned char)b.p[i];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static int by_name(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return mlp_file_name_cmp(x->name, y->name);
}

static enum mlp_code take_files(struct builder *b, struct mlp_err *e)
{
    const struct mlp_package_spec *spec = b->spec;
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < spec->nfiles && code == MLP_OK; i++)
        code = take_file(&b->items[i], &spec->files[i], e);
    if (code != MLP_OK)
        return code;
    qsort(b->items, spec->nfiles, sizeof *b->items, by_name);
    for (size_t i = 0; i < spec->nfiles && code == MLP_OK; i++) {
        if (i && by_name(&b->items[i - 1], &b->items[i]) == 0) {
            mlp_err_set(e, MLP_EINPUT, "two files would be named \"%.*s\" in the package",
                        MLP_STR_ARG(b->items[i].name));
            return mlp_err_hint(e, "rename one of them");
        }
        code = add_item_part(b, &b->items[i], e);
    }
    return code;
}

static void add_descriptor(struct mlp_json_out *o, const char *type, const char *digest,
                           uint64_t size)
{
    mlp_json_key(o, "mediaType");
    mlp_json_text(o, type);
    mlp_json_key(o, "digest");
    mlp_json_text(o, digest);
    mlp_json_key(o, "size");
    mlp_json_u64(o, size);
}

/* The members of "config", written in one canonical form whatever the caller's spacing was. */
static enum mlp_code add_config_members(struct mlp_json_out *o, struct mlp_str json,
                                        struct mlp_err *e)
{
    struct mlp_doc d;
    mlp_doc_init(&d, "config", JSON_MAX * 16);
    enum mlp_code code = mlp_doc_parse_json(&d, json.n ? json : MLP_STR("{}"), e);
    if (code == MLP_OK && d.root->type != MLP_DOC_MAP)
        code = mlp_node_error(&d, d.root, e, "expected an object");
    if (code == MLP_OK) {
        struct mlp_buf text;
        mlp_buf_init(&text, JSON_MAX);
        mlp_node_write_json(d.root, &text, 0, true);
        mlp_json_raw(o, mlp_buf_str(&text));
        code = mlp_buf_check(&text, e);
        mlp_buf_fini(&text);
    }
    mlp_doc_fini(&d);
    return code;
}

/* ModelPack's model artifact configuration (modelpack/model-spec, docs/config.md). */
static enum mlp_code write_config(struct builder *b, struct mlp_err *e)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, &b->config, 0);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "descriptor");
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "name");
    mlp_json_text(&o, b->spec->name);
    mlp_json_close(&o, '}');
    mlp_json_key(&o, "config");
    enum mlp_code code = add_config_members(&o, b->spec->config_json, e);
    mlp_json_key(&o, "modelfs");
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "type");
    mlp_json_text(&o, "layers");
    mlp_json_key(&o, "diffIds");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < b->spec->nfiles; i++)
        mlp_json_text(&o, b->items[i].digest);
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
    mlp_json_close(&o, '}');
    return code == MLP_OK ? mlp_buf_check(&b->config, e) : code;
}

static void write_layer(struct mlp_json_out *o, const struct item *item)
{
    mlp_json_open(o, '{');
    add_descriptor(o, media_types[item->file->role], item->digest, item->size);
    mlp_json_key(o, "annotations");
    mlp_json_open(o, '{');
    mlp_json_key(o, MLP_NOTE_FILEPATH);
    mlp_json_str(o, item->name);
    mlp_json_key(o, MLP_NOTE_ROLE);
    mlp_json_text(o, mlp_role_name(item->file->role));
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
}

struct pair {
    const char *name, *value;
};

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static enum mlp_code write_annotations(struct mlp_json_out *o, const char *const *given,
                                       struct mlp_err *e)
{
    struct pair pairs[MAX_ANNOTATIONS];
    size_t n = 0;
    for (; given && given[0] && given[1]; given += 2) {
        if (n == MAX_ANNOTATIONS)
            return mlp_err_set(e, MLP_EINPUT, "more than %d annotations", MAX_ANNOTATIONS);
        pairs[n++] = (struct pair){given[0], given[1]};
    }
    qsort(pairs, n, sizeof *pairs, by_pair);
    mlp_json_open(o, '{');
    for (size_t i = 0; i < n; i++) {
        if (i && by_pair(&pairs[i - 1], &pairs[i]) == 0)
            return mlp_err_set(e, MLP_EINPUT, "annotation %s is given twice", pairs[i].name);
        mlp_json_key(o, pairs[i].name);
        mlp_json_text(o, pairs[i].value);
    }
    mlp_json_close(o, '}');
    return MLP_OK;
}

static enum mlp_code write_manifest(struct builder *b, const char *config_digest,
                                    struct mlp_err *e)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, &b->manifest, 0);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "schemaVersion");
    mlp_json_u64(&o, 2);
    mlp_json_key(&o, "mediaType");
    mlp_json_text(&o, MLP_TYPE_MANIFEST);
    mlp_json_key(&o, "artifactType");
    mlp_json_text(&o, MLP_TYPE_MODEL);
    mlp_json_key(&o, "config");
    mlp_json_open(&o, '{');
    add_descriptor(&o, MLP_TYPE_CONFIG, config_digest, b->config.n);
    mlp_json_close(&o, '}');
    mlp_json_key(&o, "layers");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < b->spec->nfiles; i++)
        write_layer(&o, &b->items[i]);
    mlp_json_close(&o, ']');
    enum mlp_code code = MLP_OK;
    if (b->spec->annotations && b->spec->annotations[0]) {
        mlp_json_key(&o, "annotations");
        code = write_annotations(&o, b->spec->annotations, e);
    }
    mlp_json_close(&o, '}');
    return code == MLP_OK ? mlp_buf_check(&b->manifest, e) : code;
}

static enum mlp_code show_package(struct builder *b, const char *digest, struct mlp_err *e)
{
    struct mlp_package *p = &b->shown;
    snprintf(b->notes, sizeof b->notes, "{\"" MLP_NOTE_REF "\":\"%s\"}", b->spec->name);
    mlp_str_copy(mlp_str_from(digest), p->digest, sizeof p->digest);
    p->name = mlp_str_from(b->spec->name);
    p->self = (struct mlp_listed){.digest = mlp_str_from(p->digest), .size = b->manifest.n,
                                  .artifact_type = MLP_STR(MLP_TYPE_MODEL),
                                  .notes = mlp_str_from(b->notes)};
    for (size_t i = 0; i < b->spec->nfiles; i++) {
        struct mlp_blob *blob = mlp_vec_push(&p->layers);
        if (!blob)
            return mlp_err_nomem(e);
        blob->digest = mlp_str_from(b->items[i].digest);
        blob->name = b->items[i].name;
    }
    return MLP_OK;
}

/* Signing while the package is made writes its bytes once, and leaves no moment at which an
 * unsigned package lies under the final name. */
static enum mlp_code add_signature(struct builder *b, struct mlp_err *e)
{
    struct mlp_buf statement;
    mlp_buf_init(&statement, JSON_MAX * 4);
    enum mlp_code code = mlp_package_statement(&b->shown, &statement, e);
    if (code == MLP_OK)
        code = mlp_bundle_sign(b->spec->key, mlp_buf_str(&statement), &b->bundle, e);
    mlp_buf_fini(&statement);
    if (code == MLP_OK)
        code = mlp_evidence_make(&b->signature, &b->shown, mlp_buf_str(&b->bundle), e);
    if (code == MLP_OK)
        code = mlp_evidence_refer(&b->shown, &b->signature, e);
    for (size_t i = 0; code == MLP_OK && i < b->signature.parts.n; i++) {
        struct mlp_part *part = mlp_vec_push(&b->parts);
        if (!part)
            return mlp_err_nomem(e);
        *part = *(const struct mlp_part *)mlp_vec_at(&b->signature.parts, i);
    }
    return code;
}

static enum mlp_code build(struct builder *b, const char *path, char digest[MLP_DIGEST_TEXT],
                           struct mlp_err *e)
{
    char config_digest[MLP_DIGEST_TEXT];
    enum mlp_code code = take_files(b, e);
    if (code == MLP_OK)
        code = write_config(b, e);
    if (code == MLP_OK)
        code = mlp_part_text(&b->parts, mlp_buf_str(&b->config), config_digest, e);
    if (code == MLP_OK)
        code = write_manifest(b, config_digest, e);
    if (code == MLP_OK)
        code = mlp_part_text(&b->parts, mlp_buf_str(&b->manifest), digest, e);
    if (code == MLP_OK)
        code = show_package(b, digest, e);
    if (code == MLP_OK && b->spec->key)
        code = add_signature(b, e);
    return code == MLP_OK ? mlp_package_save(&b->shown, &b->parts, path, e) : code;
}

static enum mlp_code check_spec(const struct mlp_package_spec *spec, struct mlp_err *e)
{
    if (!mlp_package_name_ok(mlp_str_from(spec->name))) {
        mlp_err_set(e, MLP_EUSAGE, "\"%.80s\" cannot be a model's name",
                    spec->name ? spec->name : "");
        return mlp_err_hint(e, "lower case letters, digits, '.', '_' and '-', 128 at most, the "
                               "first a letter or digit");
    }
    if (spec->nfiles == 0 || spec->nfiles > MAX_FILES)
        return mlp_err_set(e, MLP_EUSAGE, "a package holds 1 to %d files, not %zu", MAX_FILES,
                           spec->nfiles);
    return MLP_OK;
}

static void builder_init(struct builder *b, const struct mlp_package_spec *spec)
{
    b->spec = spec;
    b->items = calloc(spec->nfiles, sizeof *b->items);
    mlp_vec_init(&b->parts, sizeof(struct mlp_part));
    mlp_buf_init(&b->config, JSON_MAX);
    mlp_buf_init(&b->manifest, JSON_MAX);
    mlp_buf_init(&b->bundle, JSON_MAX * 8);
    mlp_evidence_init(&b->signature, MLP_TYPE_BUNDLE);
    mlp_arena_init(&b->shown.arena, JSON_MAX);
    mlp_vec_init(&b->shown.layers, sizeof(struct mlp_blob));
    mlp_vec_init(&b->shown.referrers, sizeof(struct mlp_referring));
}

static void builder_free(struct builder *b)
{
    free(b->items);
    mlp_vec_fini(&b->parts);
    mlp_buf_fini(&b->config);
    mlp_buf_fini(&b->manifest);
    mlp_buf_fini(&b->bundle);
    mlp_evidence_fini(&b->signature);
    mlp_arena_fini(&b->shown.arena);
    mlp_vec_fini(&b->shown.layers);
    mlp_vec_fini(&b->shown.referrers);
    free(b);
}

enum mlp_code mlp_package_create(const struct mlp_package_spec *spec, const char *path,
                                 char digest[MLP_DIGEST_TEXT], struct mlp_err *e)
{
    enum mlp_code code = check_spec(spec, e);
    if (code != MLP_OK)
        return code;
    struct builder *b = calloc(1, sizeof *b);
    if (!b)
        return mlp_err_nomem(e);
    builder_init(b, spec);
    code = b->items ? build(b, path, digest, e) : mlp_err_nomem(e);
    builder_free(b);
    return code;
}
