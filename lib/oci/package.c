#include "oci/inside.h"

#include <stdlib.h>

#define MANIFEST_MAX ((size_t)4 * 1024 * 1024) /* the limit of OCI registries */
#define TREE_MAX ((size_t)256 * 1024 * 1024)
#define INDEX_TREE_MAX ((size_t)4 * 1024 * 1024 * 1024)
#define NAME_MAX_BYTES 128
#define FILE_NAME_MAX 1024

static const char *const role_names[] = {
    [MLP_ROLE_MODEL] = "model", [MLP_ROLE_SCHEMA] = "schema", [MLP_ROLE_PROFILE] = "profile",
    [MLP_ROLE_REPORT] = "report", [MLP_ROLE_GOLDEN] = "golden", [MLP_ROLE_CARD] = "card",
    [MLP_ROLE_SBOM] = "sbom", [MLP_ROLE_RULES] = "rules", [MLP_ROLE_CODE] = "code",
    [MLP_ROLE_DATASET] = "dataset",
};

const char *mlp_role_name(enum mlp_role role)
{
    return role_names[role];
}

static bool name_char(char c, bool first)
{
    bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return word || (!first && (c == '.' || c == '_' || c == '-'));
}

bool mlp_package_name_ok(struct mlp_str name)
{
    if (name.n == 0 || name.n > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!name_char(name.p[i], i == 0))
            return false;
    return true;
}

static bool plain_part(struct mlp_str part)
{
    if (part.n == 0 || mlp_str_is(part, ".") || mlp_str_is(part, ".."))
        return false;
    for (size_t i = 0; i < part.n; i++)
        if ((unsigned char)part.p[i] < 0x20 || part.p[i] == 0x7f || part.p[i] == '\\')
            return false;
    return true;
}

enum mlp_code mlp_file_name_check(struct mlp_str name, struct mlp_err *e)
{
    struct mlp_str rest = name, part;
    bool good = name.n > 0 && name.n <= FILE_NAME_MAX && mlp_str_utf8(name);
    while (good && mlp_str_split(&rest, '/', &part))
        good = plain_part(part);
    if (good)
        return MLP_OK;
    mlp_err_set(e, MLP_EINPUT, "file name \"%.*s\" may not stand in a package",
                (int)(name.n < 120 ? name.n : 120), name.p ? name.p : "");
    return mlp_err_hint(e, "names are relative, without \"..\", backslashes, control characters");
}

/* Reads a JSON blob into an initialised document. */
static enum mlp_code load_json(const struct mlp_store *s, struct mlp_str digest, size_t max,
                               struct mlp_doc *d, uint64_t *size, struct mlp_err *e)
{
    struct mlp_buf text;
    mlp_buf_init(&text, max);
    enum mlp_code code = mlp_store_read(s, digest, &text, e);
    if (code == MLP_OK) {
        code = mlp_doc_parse_json(d, mlp_buf_str(&text), e);
        if (code != MLP_OK)
            mlp_err_wrap(e, "blob %.*s", MLP_STR_ARG(digest));
    }
    *size = text.n;
    mlp_buf_fini(&text);
    return code;
}

static struct mlp_str text_at(const struct mlp_node *n, const char *a, const char *b)
{
    return mlp_node_str(b ? mlp_node_path(n, a, b, NULL) : mlp_node_get(n, a), "");
}

/* The manifest says the size, the store has it: both must agree before a byte is trusted. */
static enum mlp_code check_size(const struct mlp_package *p, const struct mlp_node *descriptor,
                                struct mlp_err *e)
{
    uint64_t size;
    struct mlp_str digest = text_at(descriptor, "digest", NULL);
    enum mlp_code code = mlp_store_size(&p->store, digest, &size, e);
    if (code != MLP_OK)
        return code;
    int64_t said = mlp_node_int(mlp_node_get(descriptor, "size"), -1);
    if (said < 0 || (uint64_t)said != size)
        return mlp_err_set(e, MLP_ETRUST, "blob %.*s has %llu bytes, the manifest says %lld",
                           MLP_STR_ARG(digest), (unsigned long long)size, (long long)said);
    return MLP_OK;
}

static enum mlp_code add_layer(struct mlp_package *p, const struct mlp_node *layer,
                               struct mlp_err *e)
{
    enum mlp_code code = check_size(p, layer, e);
    const struct mlp_node *notes = mlp_node_get(layer, "annotations");
    struct mlp_blob blob = {.digest = text_at(layer, "digest", NULL),
                            .media_type = text_at(layer, "mediaType", NULL),
                            .name = text_at(notes, MLP_NOTE_FILEPATH, NULL),
                            .role = text_at(notes, MLP_NOTE_ROLE, NULL),
                            .size = (uint64_t)mlp_node_int(mlp_node_get(layer, "size"), 0)};
    if (code == MLP_OK && blob.name.n)
        code = mlp_file_name_check(blob.name, e);
    if (code != MLP_OK)
        return code;
    struct mlp_blob *to = mlp_vec_push(&p->layers);
    if (!to)
        return mlp_err_nomem(e);
    *to = blob;
    return MLP_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct mlp_str *x = a, *y = b;
    return mlp_str_cmp(*x, *y);
}

static enum mlp_code check_names(const struct mlp_package *p, struct mlp_err *e)
{
    struct mlp_str *names = calloc(p->layers.n + 1, sizeof *names);
    if (!names)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < p->layers.n; i++)
        names[i] = mlp_package_layer(p, i)->name;
    qsort(names, p->layers.n, sizeof *names, by_name);
    enum mlp_code code = MLP_OK;
    for (size_t i = 1; i < p->layers.n && code == MLP_OK; i++)
        if (names[i].n && mlp_str_eq(names[i - 1], names[i]))
            code = mlp_err_set(e, MLP_EINPUT, "two files of the package are named \"%.*s\"",
                               MLP_STR_ARG(names[i]));
    free(names);
    return code;
}

static enum mlp_code load_layers(struct mlp_package *p, struct mlp_err *e)
{
    const struct mlp_node *layers = mlp_node_get(p->manifest.root, "layers");
    const struct mlp_node *first = layers && layers->type == MLP_DOC_LIST ? layers->child : NULL;
    if (!first)
        return mlp_err_set(e, MLP_EINPUT, "the manifest has no layers");
    enum mlp_code code = MLP_OK;
    for (const struct mlp_node *n = first; n && code == MLP_OK; n = n->next)
        code = add_layer(p, n, e);
    return code == MLP_OK ? check_names(p, e) : code;
}

static enum mlp_code load_config(struct mlp_package *p, struct mlp_err *e)
{
    uint64_t size;
    const struct mlp_node *descriptor = mlp_node_get(p->manifest.root, "config");
    p->config_digest = text_at(descriptor, "digest", NULL);
    enum mlp_code code = check_size(p, descriptor, e);
    if (code == MLP_OK)
        code = load_json(&p->store, p->config_digest, MLP_JSON_BLOB_MAX, &p->config, &size, e);
    if (code != MLP_OK)
        return code;
    p->name = text_at(p->config.root, "descriptor", "name");
    if (mlp_package_name_ok(p->name))
        return MLP_OK;
    mlp_err_set(e, MLP_EINPUT, "the package's name \"%.*s\" is not usable",
                (int)(p->name.n < 80 ? p->name.n : 80), p->name.p);
    return mlp_err_hint(e, "a name has lower case letters, digits, '.', '_' and '-', 128 at most");
}

static struct mlp_str keep_json(struct mlp_package *p, struct mlp_buf *b)
{
    struct mlp_str kept = b->failed ? (struct mlp_str){0} : mlp_arena_str(&p->arena,
                                                                         mlp_buf_str(b));
    mlp_buf_fini(b);
    return kept;
}

static struct mlp_str self_notes(struct mlp_package *p)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 4096);
    mlp_buf_adds(&b, "{\"" MLP_NOTE_REF "\":");
    mlp_json_quote(&b, p->name);
    mlp_buf_addc(&b, '}');
    return keep_json(p, &b);
}

static enum mlp_code load_manifest(struct mlp_package *p, struct mlp_str digest,
                                   struct mlp_err *e)
{
    uint64_t size;
    mlp_str_copy(digest, p->digest, sizeof p->digest);
    enum mlp_code code = load_json(&p->store, digest, MANIFEST_MAX, &p->manifest, &size, e);
    if (code != MLP_OK)
        return code;
    struct mlp_str type = text_at(p->manifest.root, "artifactType", NULL);
    if (!mlp_str_is(type, MLP_TYPE_MODEL))
        return mlp_err_set(e, MLP_EINPUT, "no model package: artifactType is \"%.*s\", expected %s",
                           (int)(type.n < 120 ? type.n : 120), type.p, MLP_TYPE_MODEL);
    code = load_config(p, e);
    if (code == MLP_OK)
        code = load_layers(p, e);
    p->self = (struct mlp_listed){.digest = mlp_str_from(p->digest), .size = size,
                                  .artifact_type = MLP_STR(MLP_TYPE_MODEL),
                                  .notes = self_notes(p)};
    return code == MLP_OK && !p->self.notes.p ? mlp_err_nomem(e) : code;
}

/* The manifest's annotations with the subject added, sorted: what index.json says of it. */
static struct mlp_str referrer_notes(struct mlp_package *p, struct mlp_doc *d)
{
    struct mlp_buf b;
    struct mlp_node *notes = mlp_node_get(d->root, "annotations");
    mlp_buf_init(&b, MLP_JSON_BLOB_MAX);
    if (!notes || notes->type != MLP_DOC_MAP)
        notes = mlp_doc_new(d, MLP_DOC_MAP);
    if (!notes || (!mlp_node_get(notes, MLP_NOTE_SUBJECT) &&
                   !mlp_node_put(d, notes, MLP_NOTE_SUBJECT,
                                 mlp_doc_new_str(d, mlp_str_from(p->digest)))))
        return (struct mlp_str){0};
    mlp_node_write_json(notes, &b, 0, true);
    return keep_json(p, &b);
}

static enum mlp_code fill_referring(struct mlp_package *p, struct mlp_doc *d,
                                    struct mlp_referring *r, struct mlp_err *e)
{
    const struct mlp_node *layer = mlp_node_at(mlp_node_get(d->root, "layers"), 0);
    const struct mlp_node *config = mlp_node_get(d->root, "config");
    struct mlp_str type = text_at(d->root, "artifactType", NULL);
    enum mlp_code code = check_size(p, layer, e);
    if (code == MLP_OK)
        code = check_size(p, config, e);
    if (code != MLP_OK) {
        mlp_err_wrap(e, "referrer %.*s", MLP_STR_ARG(r->pub.digest));
        return code;
    }
    r->pub.artifact_type = mlp_arena_str(&p->arena, type);
    r->pub.blob = mlp_arena_str(&p->arena, text_at(layer, "digest", NULL));
    r->pub.size = (uint64_t)mlp_node_int(mlp_node_get(layer, "size"), 0);
    r->config = mlp_arena_str(&p->arena, text_at(config, "digest", NULL));
    r->listed.digest = r->pub.digest;
    r->listed.artifact_type = r->pub.artifact_type;
    r->listed.notes = referrer_notes(p, d);
    return r->pub.blob.p && r->config.p && r->listed.notes.p ? MLP_OK : mlp_err_nomem(e);
}

enum mlp_code mlp_referring_load(struct mlp_package *p, struct mlp_str digest,
                                 struct mlp_referring *r, bool *refers, struct mlp_err *e)
{
    struct mlp_doc d;
    memset(r, 0, sizeof *r);
    *refers = false;
    mlp_doc_init(&d, p->store.path, TREE_MAX);
    enum mlp_code code = load_json(&p->store, digest, MANIFEST_MAX, &d, &r->listed.size, e);
    if (code == MLP_OK)
        *refers = mlp_str_is(text_at(d.root, "subject", "digest"), p->digest);
    if (*refers) {
        r->pub.digest = mlp_arena_str(&p->arena, digest);
        code = r->pub.digest.p ? fill_referring(p, &d, r, e) : mlp_err_nomem(e);
    }
    mlp_doc_fini(&d);
    return code;
}

static int by_referrer(const void *a, const void *b)
{
    const struct mlp_referring *x = a, *y = b;
    return mlp_str_cmp(x->pub.digest, y->pub.digest);
}

/* An index may list a manifest under several names; it refers once. */
void mlp_package_sort_referrers(struct mlp_package *p)
{
    struct mlp_referring *r = p->referrers.p;
    size_t kept = 0;
    if (p->referrers.n)
        qsort(r, p->referrers.n, sizeof *r, by_referrer);
    for (size_t i = 0; i < p->referrers.n; i++)
        if (kept == 0 || by_referrer(&r[kept - 1], &r[i]) != 0)
            r[kept++] = r[i];
    p->referrers.n = kept;
}

static enum mlp_code consider(struct mlp_package *p, const struct mlp_node *listed,
                              struct mlp_err *e)
{
    struct mlp_referring r;
    bool refers;
    struct mlp_str digest = text_at(listed, "digest", NULL);
    struct mlp_str subject = text_at(listed, "annotations", MLP_NOTE_SUBJECT);
    if (mlp_str_is(digest, p->digest) || (subject.n && !mlp_str_is(subject, p->digest)) ||
        mlp_str_is(text_at(listed, "artifactType", NULL), MLP_TYPE_MODEL) ||
        !mlp_str_is(text_at(listed, "mediaType", NULL), MLP_TYPE_MANIFEST))
        return MLP_OK;
    enum mlp_code code = mlp_referring_load(p, digest, &r, &refers, e);
    if (code != MLP_OK || !refers)
        return code;
    struct mlp_referring *to = mlp_vec_push(&p->referrers);
    if (!to)
        return mlp_err_nomem(e);
    *to = r;
    return MLP_OK;
}

static const struct mlp_node *first_listed(const struct mlp_doc *index)
{
    const struct mlp_node *list = mlp_node_get(index->root, "manifests");
    return list && list->type == MLP_DOC_LIST ? list->child : NULL;
}

static enum mlp_code load_referrers(struct mlp_package *p, const struct mlp_doc *index,
                                    struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (const struct mlp_node *n = first_listed(index); n && code == MLP_OK; n = n->next)
        code = consider(p, n, e);
    mlp_package_sort_referrers(p);
    return code;
}

/* A listed manifest that is a package of its own, by what the index says of it. Other tools leave
 * artifactType out of the index: then only the manifest can tell. */
static bool is_package(const struct mlp_package *p, const struct mlp_node *listed)
{
    struct mlp_doc d;
    struct mlp_err unused;
    uint64_t size;
    mlp_err_init(&unused);
    struct mlp_str type = text_at(listed, "artifactType", NULL);
    if (type.n || !mlp_str_is(text_at(listed, "mediaType", NULL), MLP_TYPE_MANIFEST))
        return mlp_str_is(type, MLP_TYPE_MODEL);
    mlp_doc_init(&d, p->store.path, TREE_MAX);
    bool is = load_json(&p->store, text_at(listed, "digest", NULL), MANIFEST_MAX, &d, &size,
                        &unused) == MLP_OK &&
              mlp_str_is(text_at(d.root, "artifactType", NULL), MLP_TYPE_MODEL) &&
              !mlp_node_get(d.root, "subject");
    mlp_doc_fini(&d);
    return is;
}

static enum mlp_code choose(const struct mlp_package *p, const struct mlp_doc *index,
                            struct mlp_str *digest, struct mlp_err *e)
{
    const struct mlp_node *found = NULL;
    for (const struct mlp_node *n = first_listed(index); n; n = n->next) {
        if (!is_package(p, n))
            continue;
        if (found && !mlp_str_eq(text_at(found, "digest", NULL), text_at(n, "digest", NULL))) {
            mlp_err_set(e, MLP_EINPUT, "holds more than one package");
            return mlp_err_hint(e, "name one by its digest");
        }
        found = n;
    }
    if (!found)
        return mlp_err_set(e, MLP_EINPUT, "index.json lists no model package");
    *digest = text_at(found, "digest", NULL);
    uint64_t size = 0;
    enum mlp_code code = mlp_store_size(&p->store, *digest, &size, e);
    if (code == MLP_OK && mlp_node_int(mlp_node_get(found, "size"), -1) != (int64_t)size)
        code = mlp_err_set(e, MLP_ETRUST, "index.json says another size of the manifest");
    return code;
}

/* wanted is empty when the layout holds one package only. */
static enum mlp_code load(struct mlp_package *p, struct mlp_str wanted, struct mlp_err *e)
{
    struct mlp_buf text;
    struct mlp_doc index;
    mlp_buf_init(&text, MLP_INDEX_MAX);
    mlp_doc_init(&index, "index.json", INDEX_TREE_MAX);
    enum mlp_code code = mlp_store_index(&p->store, &text, e);
    if (code == MLP_OK) {
        code = mlp_doc_parse_json(&index, mlp_buf_str(&text), e);
        if (code != MLP_OK)
            mlp_err_wrap(e, "index.json");
    }
    if (code == MLP_OK && wanted.n == 0)
        code = choose(p, &index, &wanted, e);
    if (code == MLP_OK)
        code = load_manifest(p, wanted, e);
    if (code == MLP_OK)
        code = load_referrers(p, &index, e);
    mlp_doc_fini(&index);
    mlp_buf_fini(&text);
    return code;
}

static enum mlp_code open_package(const char *path, struct mlp_str digest,
                                  struct mlp_package **out, struct mlp_err *e)
{
    *out = NULL;
    struct mlp_package *p = calloc(1, sizeof *p);
    if (!p)
        return mlp_err_nomem(e);
    mlp_arena_init(&p->arena, TREE_MAX);
    mlp_doc_init(&p->manifest, path, TREE_MAX);
    mlp_doc_init(&p->config, path, TREE_MAX);
    mlp_vec_init(&p->layers, sizeof(struct mlp_blob));
    mlp_vec_init(&p->referrers, sizeof(struct mlp_referring));
    enum mlp_code code = mlp_store_open(&p->store, path, e);
    if (code == MLP_OK)
        code = load(p, digest, e);
    if (code != MLP_OK) {
        mlp_err_at(e, path, 0, 0);
        mlp_package_close(p);
        return code;
    }
    *out = p;
    return MLP_OK;
}

enum mlp_code mlp_package_open(const char *path, struct mlp_package **p, struct mlp_err *e)
{
    return open_package(path, (struct mlp_str){NULL, 0}, p, e);
}

enum mlp_code mlp_package_open_digest(const char *layout_dir, struct mlp_str digest,
                                      struct mlp_package **p, struct mlp_err *e)
{
    uint8_t parsed[MLP_SHA256_BYTES];
    *p = NULL;
    if (!mlp_digest_parse(digest, parsed))
        return mlp_err_set(e, MLP_EINPUT, "\"%.*s\" is no digest, expected sha256: and 64 hex "
                           "digits", (int)(digest.n < 80 ? digest.n : 80), digest.p);
    return open_package(layout_dir, digest, p, e);
}

void mlp_package_close(struct mlp_package *p)
{
    if (!p)
        return;
    mlp_store_close(&p->store);
    mlp_doc_fini(&p->manifest);
    mlp_doc_fini(&p->config);
    mlp_arena_fini(&p->arena);
    mlp_vec_fini(&p->layers);
    mlp_vec_fini(&p->referrers);
    free(p);
}

struct mlp_str mlp_package_name(const struct mlp_package *p)
{
    return p->name;
}

struct mlp_str mlp_package_digest(const struct mlp_package *p)
{
    return mlp_str_from(p->digest);
}

const struct mlp_node *mlp_package_manifest(const struct mlp_package *p)
{
    return p->manifest.root;
}

const struct mlp_node *mlp_package_config(const struct mlp_package *p)
{
    return p->config.root;
}

size_t mlp_package_nlayers(const struct mlp_package *p)
{
    return p->layers.n;
}

const struct mlp_blob *mlp_package_layer(const struct mlp_package *p, size_t i)
{
    return i < p->layers.n ? mlp_vec_at(&p->layers, i) : NULL;
}

const struct mlp_blob *mlp_package_find(const struct mlp_package *p, enum mlp_role role)
{
    for (size_t i = 0; i < p->layers.n; i++)
        if (mlp_str_is(mlp_package_layer(p, i)->role, mlp_role_name(role)))
            return mlp_package_layer(p, i);
    return NULL;
}

enum mlp_code mlp_package_read(struct mlp_package *p, struct mlp_str digest, struct mlp_buf *out,
                               struct mlp_err *e)
{
    return mlp_store_read(&p->store, digest, out, e);
}

size_t mlp_package_nreferrers(const struct mlp_package *p)
{
    return p->referrers.n;
}

const struct mlp_referrer *mlp_package_referrer(const struct mlp_package *p, size_t i)
{
    if (i >= p->referrers.n)
        return NULL;
    const struct mlp_referring *r = mlp_vec_at(&p->referrers, i);
    return &r->pub;
}
