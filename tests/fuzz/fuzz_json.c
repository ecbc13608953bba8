/* A JSON text is read by tokens and as a document; what is accepted is written (on one line,
 * indented, as YAML) and must read back as the same tree. */
#include "same_tree.h"
#include "text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT ((size_t)1 << 22)

/* Whether the tokenizer accepts; unescaped texts must be UTF-8, numbers must skip as they parse. */
static bool tokens(struct mlp_str text, bool nonfinite)
{
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_buf out;
    mlp_json_init(&j, text, MLP_JSON_MAX_DEPTH);
    j.allow_nonfinite = nonfinite;
    mlp_buf_init(&out, text.n);
    enum mlp_code code;
    do {
        code = mlp_json_next(&j, &t, NULL);
        if (code != MLP_OK)
            break;
        if (t.type == MLP_JSON_KEY || t.type == MLP_JSON_STRING) {
            mlp_buf_reset(&out);
            mlp_json_unescape(t.raw, &out);
            if (out.failed || !mlp_str_utf8(mlp_buf_str(&out)))
                abort();
            if (!t.escaped && !mlp_str_eq(t.raw, mlp_buf_str(&out)))
                abort();
        }
    } while (t.type != MLP_JSON_END);
    mlp_buf_fini(&out);
    return code == MLP_OK;
}

/* Skipping the first value leaves the end, in every text that is accepted. */
static void skips(struct mlp_str text)
{
    struct mlp_json j;
    struct mlp_json_token t;
    mlp_json_init(&j, text, MLP_JSON_MAX_DEPTH);
    if (mlp_json_next(&j, &t, NULL) != MLP_OK || mlp_json_skip(&j, &t, NULL) != MLP_OK ||
        mlp_json_next(&j, &t, NULL) != MLP_OK || t.type != MLP_JSON_END)
        abort();
}

static void rewrite(const struct mlp_node *root)
{
    struct mlp_buf b;
    mlp_buf_init(&b, LIMIT);
    for (unsigned indent = 0; indent <= 2; indent += 2) {
        mlp_buf_reset(&b);
        mlp_node_write_json(root, &b, indent, false);
        expect_same(root, &b, false);
    }
    mlp_buf_reset(&b);
    mlp_node_write_yaml(root, &b);
    expect_same(root, &b, true);
    mlp_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_doc d;
    struct mlp_err e;
    struct mlp_str text = {(const char *)data, size};
    bool accepted = tokens(text, false);
    if (accepted && !tokens(text, true))
        abort();
    mlp_err_init(&e);
    mlp_doc_init(&d, "fuzz", (size_t)64 << 20);
    enum mlp_code code = mlp_doc_parse_json(&d, text, &e);
    if (accepted)
        skips(text);
    if (code == MLP_OK && !accepted)
        abort();
    if (code == MLP_OK)
        rewrite(d.root);
    else if (!e.source[0] || !e.message[0] || (e.line == 0 && !accepted))
        abort();
    mlp_doc_fini(&d);
    return 0;
}
