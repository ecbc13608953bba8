#include "oci/inside.h"

#include <stdlib.h>

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define PREDICATE_TYPE "https://model_signing/signature/v1.0"
#define STATEMENT_MAX ((size_t)16 * 1024 * 1024)

static int by_name(const void *a, const void *b)
{
    const struct mlp_blob *const *x = a, *const *y = b;
    return mlp_file_name_cmp((*x)->name, (*y)->name);
}

/* Layers that are files, in the order of OpenSSF model-signing. The caller frees the list. */
static const struct mlp_blob **sorted_files(const struct mlp_package *p, size_t *n)
{
    const struct mlp_blob **files = calloc(p->layers.n + 1, sizeof *files);
    *n = 0;
    for (size_t i = 0; files && i < p->layers.n; i++)
        if (mlp_package_layer(p, i)->name.n)
            files[(*n)++] = mlp_package_layer(p, i);
    if (files)
        qsort(files, *n, sizeof *files, by_name);
    return files;
}

/* SHA-256 over the files' raw digests, in order: the one digest of the subject. */
static enum mlp_code root_digest(const struct mlp_blob *const *files, size_t n,
                                 uint8_t out[MLP_SHA256_BYTES], struct mlp_err *e)
{
    struct mlp_sha256 *h;
    enum mlp_code code = mlp_sha256_new(&h, e);
    if (code != MLP_OK)
        return code;
    for (size_t i = 0; i < n; i++) {
        uint8_t digest[MLP_SHA256_BYTES];
        mlp_digest_parse(files[i]->digest, digest);
        mlp_sha256_add(h, digest, sizeof digest);
    }
    mlp_sha256_finish(h, out);
    mlp_sha256_free(h);
    return MLP_OK;
}

static void write_subject(struct mlp_json_out *o, const struct mlp_package *p,
                          const uint8_t root[MLP_SHA256_BYTES])
{
    char digest[MLP_DIGEST_TEXT];
    mlp_digest_text(root, digest);
    mlp_json_key(o, "subject");
    mlp_json_open(o, '[');
    mlp_json_open(o, '{');
    mlp_json_key(o, "name");
    mlp_json_str(o, p->name);
    mlp_json_key(o, "digest");
    mlp_json_open(o, '{');
    mlp_json_key(o, "sha256");
    mlp_json_text(o, digest + 7);
    mlp_json_close(o, '}');
    mlp_json_key(o, "annotations");
    mlp_json_open(o, '{');
    mlp_json_key(o, MLP_NOTE_MANIFEST);
    mlp_json_text(o, p->digest);
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
    mlp_json_close(o, ']');
}

static void write_resources(struct mlp_json_out *o, const struct mlp_blob *const *files, size_t n)
{
    mlp_json_key(o, "resources");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < n; i++) {
        mlp_json_open(o, '{');
        mlp_json_key(o, "name");
        mlp_json_str(o, files[i]->name);
        mlp_json_key(o, "algorithm");
        mlp_json_text(o, "sha256");
        mlp_json_key(o, "digest");
        mlp_json_str(o, (struct mlp_str){files[i]->digest.p + 7, files[i]->digest.n - 7});
        mlp_json_close(o, '}');
    }
    mlp_json_close(o, ']');
}

static void write_predicate(struct mlp_json_out *o, const struct mlp_blob *const *files, size_t n)
{
    mlp_json_key(o, "predicateType");
    mlp_json_text(o, PREDICATE_TYPE);
    mlp_json_key(o, "predicate");
    mlp_json_open(o, '{');
    mlp_json_key(o, "serialization");
    mlp_json_open(o, '{');
    mlp_json_key(o, "method");
    mlp_json_text(o, "files");
    mlp_json_key(o, "hash_type");
    mlp_json_text(o, "sha256");
    mlp_json_key(o, "allow_symlinks");
    mlp_json_bool(o, false);
    mlp_json_key(o, "ignore_paths");
    mlp_json_open(o, '[');
    mlp_json_close(o, ']');
    mlp_json_close(o, '}');
    write_resources(o, files, n);
    mlp_json_close(o, '}');
}

enum mlp_code mlp_package_statement(struct mlp_package *p, struct mlp_buf *out, struct mlp_err *e)
{
    size_t n;
    uint8_t root[MLP_SHA256_BYTES];
    struct mlp_json_out o;
    const struct mlp_blob **files = sorted_files(p, &n);
    enum mlp_code code = files ? root_digest(files, n, root, e) : mlp_err_nomem(e);
    if (code == MLP_OK) {
        mlp_json_out_init(&o, out, 0);
        mlp_json_open(&o, '{');
        mlp_json_key(&o, "_type");
        mlp_json_text(&o, STATEMENT_TYPE);
        write_subject(&o, p, root);
        write_predicate(&o, files, n);
        mlp_json_close(&o, '}');
        code = mlp_buf_check(out, e);
    }
    free(files);
    return code;
}

/* What a statement says of the package, where it has to be right. The manifest's digest covers
 * every file, name, role and annotation; the root is checked besides, so that nobody can be shown
 * a statement that means other files to model-signing. */
static bool is_about(const struct mlp_doc *d, const struct mlp_package *p,
                     const uint8_t root[MLP_SHA256_BYTES])
{
    char hex[MLP_DIGEST_TEXT];
    const struct mlp_node *subjects = mlp_node_get(d->root, "subject");
    const struct mlp_node *subject = mlp_node_at(subjects, 0);
    const struct mlp_node *notes = mlp_node_get(subject, "annotations");
    mlp_digest_text(root, hex);
    return mlp_str_is(mlp_node_str(mlp_node_get(d->root, "_type"), ""), STATEMENT_TYPE) &&
           mlp_str_is(mlp_node_str(mlp_node_get(d->root, "predicateType"), ""), PREDICATE_TYPE) &&
           !mlp_node_at(subjects, 1) &&
           mlp_str_is(mlp_node_str(mlp_node_path(subject, "digest", "sha256", NULL), ""),
                      hex + 7) &&
           mlp_str_is(mlp_node_str(mlp_node_get(notes, MLP_NOTE_MANIFEST), ""), p->digest);
}

static enum mlp_code check_statement(const struct mlp_package *p, struct mlp_str statement,
                                     struct mlp_err *e)
{
    size_t n;
    uint8_t root[MLP_SHA256_BYTES];
    struct mlp_doc d;
    const struct mlp_blob **files = sorted_files(p, &n);
    mlp_doc_init(&d, "signed statement", STATEMENT_MAX * 16);
    enum mlp_code code = files ? root_digest(files, n, root, e) : mlp_err_nomem(e);
    if (code == MLP_OK)
        code = mlp_doc_parse_json(&d, statement, e);
    if (code == MLP_OK && !is_about(&d, p, root))
        code = mlp_err_set(e, MLP_ETRUST, "the signed statement is about another package");
    mlp_doc_fini(&d);
    free(files);
    return code;
}

/* One bundle: read, signature, statement. */
static enum mlp_code check_bundle(struct mlp_package *p, const struct mlp_key *k,
                                  const struct mlp_referrer *r, struct mlp_err *e)
{
    char source[MLP_DIGEST_TEXT];
    struct mlp_buf bundle, statement;
    mlp_str_copy(r->blob, source, sizeof source);
    mlp_buf_init(&bundle, MLP_EVIDENCE_MAX);
    mlp_buf_init(&statement, STATEMENT_MAX);
    enum mlp_code code = mlp_package_read(p, r->blob, &bundle, e);
    if (code == MLP_OK)
        code = mlp_bundle_verify(k, mlp_buf_str(&bundle), source, &statement, e);
    if (code == MLP_OK)
        code = check_statement(p, mlp_buf_str(&statement), e);
    mlp_buf_fini(&bundle);
    mlp_buf_fini(&statement);
    return code;
}

enum mlp_code mlp_package_check_signature(struct mlp_package *p, const struct mlp_key *k,
                                          struct mlp_err *e)
{
    struct mlp_err last;
    char id[MLP_DIGEST_TEXT];
    size_t bundles = 0;
    for (size_t i = 0; i < p->referrers.n; i++) {
        const struct mlp_referrer *r = mlp_package_referrer(p, i);
        if (!mlp_str_is(r->artifact_type, MLP_TYPE_BUNDLE))
            continue;
        bundles++;
        mlp_err_init(&last);
        if (check_bundle(p, k, r, &last) == MLP_OK)
            return MLP_OK;
    }
    enum mlp_code code = mlp_key_id(k, id, e);
    if (code != MLP_OK)
        return code;
    if (bundles == 0)
        mlp_err_set(e, MLP_ETRUST, "the package carries no signature");
    else if (bundles == 1)
        mlp_err_set(e, MLP_ETRUST, "%s", last.message);
    else
        mlp_err_set(e, MLP_ETRUST, "none of %zu signatures holds for this key", bundles);
    return mlp_err_hint(e, "the key is %s; mlp-package inspect lists who signed", id);
}

enum mlp_code mlp_package_sign(const char *path, const struct mlp_key *k, struct mlp_err *e)
{
    struct mlp_package *p;
    struct mlp_buf statement, bundle;
    struct mlp_err unused;
    char subject[MLP_DIGEST_TEXT], referrer[MLP_DIGEST_TEXT];
    enum mlp_code code = mlp_package_open(path, &p, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_init(&statement, STATEMENT_MAX);
    mlp_buf_init(&bundle, STATEMENT_MAX * 2);
    mlp_err_init(&unused);
    bool signed_before = mlp_package_check_signature(p, k, &unused) == MLP_OK;
    code = mlp_package_statement(p, &statement, e);
    mlp_str_copy(mlp_package_digest(p), subject, sizeof subject);
    mlp_package_close(p);
    if (code == MLP_OK && !signed_before)
        code = mlp_bundle_sign(k, mlp_buf_str(&statement), &bundle, e);
    if (code == MLP_OK && !signed_before)
        code = mlp_package_attach(path, mlp_str_from(subject), MLP_TYPE_BUNDLE,
                                  mlp_buf_str(&bundle), referrer, e);
    mlp_buf_fini(&statement);
    mlp_buf_fini(&bundle);
    return code;
}
