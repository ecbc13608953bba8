/* mlp-package inspect: what a package holds. */
#include "verbs.h"

#include "text/json.h"

#define BUNDLE_MAX ((size_t)64 * 1024 * 1024)
#define TEXT_MAX ((size_t)64 * 1024 * 1024)

enum { FORMAT };

static const struct mlp_opt options[] = {
    [FORMAT] = {.name = "format", .kind = MLP_OPT_CHOICE, .value = "FORMAT",
                .choices = "text|json", .fallback = "text", .help = "how to tell it"},
    {0},
};

static const struct mlp_example examples[] = {
    {"List the files of a package, who signed it, and what refers to it.",
     "mlp-package inspect flights.mlp"},
    {0},
};

/* The key that a bundle says it is signed with: our key id, or the hint of other tools. Only the
 * bundle's word: verify checks it. A bundle that is none has no signer. */
static enum mlp_code signer(struct mlp_package *p, const struct mlp_referrer *r, char out[80],
                            struct mlp_err *e)
{
    struct mlp_buf text;
    struct mlp_doc d;
    struct mlp_err local;
    mlp_err_init(&local);
    out[0] = '\0';
    if (!mlp_str_is(r->artifact_type, MLP_TYPE_BUNDLE))
        return MLP_OK;
    mlp_buf_init(&text, BUNDLE_MAX);
    mlp_doc_init(&d, "bundle", TEXT_MAX * 4);
    if (mlp_package_read(p, r->blob, &text, &local) == MLP_OK &&
        mlp_doc_parse_json(&d, mlp_buf_str(&text), &local) == MLP_OK) {
        const struct mlp_node *list = mlp_node_path(d.root, "dsseEnvelope", "signatures", NULL);
        struct mlp_str id = mlp_node_str(mlp_node_get(mlp_node_at(list, 0), "keyid"), "");
        struct mlp_str hint = mlp_node_str(
            mlp_node_path(d.root, "verificationMaterial", "publicKey", "hint", NULL), "");
        mlp_str_copy(id.n ? id : hint, out, 80);
    }
    mlp_doc_fini(&d);
    mlp_buf_fini(&text);
    if (local.code == MLP_OK || local.code == MLP_EINPUT)
        return MLP_OK;
    *e = local;
    return e->code;
}

/* Texts of a package come from others: control bytes could redraw the terminal. */
static void add_plain(struct mlp_buf *b, struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        mlp_buf_addc(b, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
}

static void add_line(struct mlp_buf *b, const char *key, struct mlp_str value)
{
    if (value.n == 0)
        return;
    mlp_buf_addf(b, "  %-12s ", key);
    add_plain(b, value);
    mlp_buf_addc(b, '\n');
}

/* A list of the signature on one line: texts, or maps with a name. */
static void add_list(struct mlp_buf *b, const char *key, const struct mlp_node *list)
{
    const struct mlp_node *first = list && list->type == MLP_DOC_LIST ? list->child : NULL;
    for (const struct mlp_node *n = first; n; n = n->next) {
        const struct mlp_node *name = mlp_node_get(n, "name");
        if (n == first)
            mlp_buf_addf(b, "  %-12s ", key);
        add_plain(b, mlp_node_str(name ? name : n, ""));
        if (mlp_str_is(mlp_node_str(mlp_node_get(n, "type"), ""), "text"))
            mlp_buf_adds(b, " (text)");
        mlp_buf_adds(b, n->next ? ", " : "\n");
    }
}

static void add_signature(struct mlp_str json, struct mlp_buf *b)
{
    struct mlp_doc d;
    struct mlp_err unused;
    mlp_err_init(&unused);
    mlp_doc_init(&d, "signature", TEXT_MAX * 4);
    if (mlp_doc_parse_json(&d, json, &unused) == MLP_OK) {
        add_line(b, "task", mlp_node_str(mlp_node_get(d.root, "task"), ""));
        add_list(b, "inputs", mlp_node_get(d.root, "inputs"));
        add_list(b, "classes", mlp_node_get(d.root, "classes"));
    }
    mlp_doc_fini(&d);
}

static void add_about(struct mlp_package *p, struct mlp_buf *b)
{
    const struct mlp_node *config = mlp_node_get(mlp_package_config(p), "config");
    const struct mlp_node *notes = mlp_node_get(mlp_package_manifest(p), "annotations");
    mlp_buf_addf(b, "%.*s\n", MLP_STR_ARG(mlp_package_name(p)));
    add_line(b, "digest", mlp_package_digest(p));
    add_line(b, "format", mlp_node_str(mlp_node_get(config, "format"), ""));
    add_line(b, "estimator", mlp_node_str(mlp_node_get(config, "architecture"), ""));
    for (const struct mlp_node *n = notes ? notes->child : NULL; n; n = n->next) {
        if (mlp_str_is(n->key, "org.mlp.signature")) {
            add_signature(mlp_node_str(n, ""), b);
            continue;
        }
        mlp_buf_adds(b, "  ");
        add_plain(b, n->key);
        mlp_buf_adds(b, " = ");
        add_plain(b, mlp_node_str(n, ""));
        mlp_buf_addc(b, '\n');
    }
}

static void add_files(struct mlp_package *p, struct mlp_buf *b)
{
    mlp_buf_adds(b, "files\n");
    for (size_t i = 0; i < mlp_package_nlayers(p); i++) {
        const struct mlp_blob *f = mlp_package_layer(p, i);
        char size[32];
        size_words(f->size, size);
        mlp_buf_addf(b, "  %-8.*s %10s  %.19s  ", MLP_STR_ARG(f->role), size, f->digest.p);
        add_plain(b, f->name);
        mlp_buf_addc(b, '\n');
    }
}

static enum mlp_code add_referrers(struct mlp_package *p, struct mlp_buf *b, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    size_t n = mlp_package_nreferrers(p);
    mlp_buf_adds(b, n ? "referrers\n" : "no signatures, no other referrers\n");
    for (size_t i = 0; i < n && code == MLP_OK; i++) {
        const struct mlp_referrer *r = mlp_package_referrer(p, i);
        char size[32], by[80];
        size_words(r->size, size);
        code = signer(p, r, by, e);
        mlp_buf_addf(b, "  %10s  %.19s  ", size, r->digest.p);
        add_plain(b, r->artifact_type);
        if (by[0]) {
            mlp_buf_adds(b, "\n              signed by ");
            add_plain(b, mlp_str_from(by));
        }
        mlp_buf_addc(b, '\n');
    }
    return code;
}

static void member(struct mlp_json_out *o, const char *key, struct mlp_str value)
{
    mlp_json_key(o, key);
    mlp_json_str(o, value);
}

static void member_node(struct mlp_json_out *o, const char *key, const struct mlp_node *n)
{
    struct mlp_buf text;
    if (!n)
        return;
    mlp_buf_init(&text, TEXT_MAX);
    mlp_node_write_json(n, &text, 0, false);
    mlp_json_key(o, key);
    mlp_json_raw(o, mlp_buf_str(&text));
    o->b->failed = o->b->failed || text.failed;
    mlp_buf_fini(&text);
}

static void json_files(struct mlp_package *p, struct mlp_json_out *o)
{
    mlp_json_key(o, "files");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < mlp_package_nlayers(p); i++) {
        const struct mlp_blob *f = mlp_package_layer(p, i);
        mlp_json_open(o, '{');
        member(o, "name", f->name);
        member(o, "role", f->role);
        member(o, "mediaType", f->media_type);
        mlp_json_key(o, "size");
        mlp_json_u64(o, f->size);
        member(o, "digest", f->digest);
        mlp_json_close(o, '}');
    }
    mlp_json_close(o, ']');
}

static enum mlp_code json_referrers(struct mlp_package *p, struct mlp_json_out *o,
                                    struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    mlp_json_key(o, "referrers");
    mlp_json_open(o, '[');
    for (size_t i = 0; i < mlp_package_nreferrers(p) && code == MLP_OK; i++) {
        const struct mlp_referrer *r = mlp_package_referrer(p, i);
        char by[80];
        code = signer(p, r, by, e);
        mlp_json_open(o, '{');
        member(o, "digest", r->digest);
        member(o, "artifactType", r->artifact_type);
        member(o, "blob", r->blob);
        mlp_json_key(o, "size");
        mlp_json_u64(o, r->size);
        if (by[0])
            member(o, "signedBy", mlp_str_from(by));
        mlp_json_close(o, '}');
    }
    mlp_json_close(o, ']');
    return code;
}

static enum mlp_code add_json(struct mlp_package *p, struct mlp_buf *b, struct mlp_err *e)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, b, 2);
    mlp_json_open(&o, '{');
    member(&o, "name", mlp_package_name(p));
    member(&o, "digest", mlp_package_digest(p));
    member_node(&o, "config", mlp_node_get(mlp_package_config(p), "config"));
    member_node(&o, "annotations", mlp_node_get(mlp_package_manifest(p), "annotations"));
    json_files(p, &o);
    enum mlp_code code = json_referrers(p, &o, e);
    mlp_json_close(&o, '}');
    mlp_buf_addc(b, '\n');
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_package *p;
    struct mlp_buf out;
    enum mlp_code code = mlp_package_open(mlp_operand(cmd, 0, ""), &p, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_init(&out, TEXT_MAX);
    if (strcmp(mlp_opt_text(cmd, FORMAT), "json") == 0) {
        code = add_json(p, &out, e);
    } else {
        add_about(p, &out);
        add_files(p, &out);
        code = add_referrers(p, &out, e);
    }
    if (code == MLP_OK)
        code = say(&out, e);
    mlp_buf_fini(&out);
    mlp_package_close(p);
    return code;
}

const struct mlp_verb verb_inspect = {
    .name = "inspect",
    .summary = "show what a package holds",
    .operands = "PACKAGE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Shows name, digest, files with their roles, annotations, signatures and\n"
             "other referrers. Digests on the way are checked; that the signatures hold is\n"
             "checked by verify only.",
    .opts = options,
    .examples = examples,
    .run = run,
};
