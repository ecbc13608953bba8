/* A YAML text is read; what is accepted is written as YAML, and as JSON when JSON can say it, and
 * must read back as the same tree. */
#include "same_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_finite(const struct mlp_node *n)
{
    if (n->type == MLP_DOC_REAL)
        return isfinite(n->u.real);
    if (n->type != MLP_DOC_MAP && n->type != MLP_DOC_LIST)
        return true;
    for (const struct mlp_node *c = n->child; c; c = c->next)
        if (!is_finite(c))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_doc d;
    struct mlp_err e;
    struct mlp_buf b;
    mlp_err_init(&e);
    mlp_doc_init(&d, "fuzz", (size_t)4 << 20);
    mlp_buf_init(&b, (size_t)1 << 22);
    if (mlp_doc_parse_yaml(&d, (struct mlp_str){(const char *)data, size}, &e) != MLP_OK) {
        if (!e.source[0] || !e.message[0])
            abort();
    } else if (d.root) {
        mlp_node_write_yaml(d.root, &b);
        expect_same(d.root, &b, true);
        mlp_buf_reset(&b);
        mlp_node_write_json(d.root, &b, 0, false);
        if (is_finite(d.root))
            expect_same(d.root, &b, false);
    }
    mlp_buf_fini(&b);
    mlp_doc_fini(&d);
    return 0;
}
