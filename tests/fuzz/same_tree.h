/* same_tree.h: whether two documents say the same, for the fuzzers of JSON and YAML.
 *
 * Numbers are the same when their values are: writing 1e2 as 100 is allowed to make an integer of
 * it. The order of members counts. */
#ifndef TESTS_FUZZ_SAME_TREE_H
#define TESTS_FUZZ_SAME_TREE_H

#include "text/doc.h"

#include <math.h>
#include <stdlib.h>

/* Equal values; all NaN are equal, 0 and -0 are not. */
static inline bool same_number(const struct mlp_node *a, const struct mlp_node *b)
{
    if (a->type == b->type && a->type != MLP_DOC_REAL)
        return a->u.unsigned_integer == b->u.unsigned_integer;
    double x = mlp_node_num(a, 0), y = mlp_node_num(b, 0);
    return (isnan(x) && isnan(y)) || (x == y && signbit(x) == signbit(y));
}

static inline bool same_tree(const struct mlp_node *a, const struct mlp_node *b)
{
    if (!a || !b)
        return a == b;
    if (!mlp_str_eq(a->key, b->key))
        return false;
    if (mlp_node_is_num(a))
        return mlp_node_is_num(b) && same_number(a, b);
    if (a->type != b->type)
        return false;
    if (a->type == MLP_DOC_BOOL)
        return a->u.boolean == b->u.boolean;
    if (a->type == MLP_DOC_TEXT)
        return mlp_str_eq(a->text, b->text);
    const struct mlp_node *x = a->child, *y = b->child;
    while (x && y && same_tree(x, y)) {
        x = x->next;
        y = y->next;
    }
    return !x && !y;
}

/* Aborts unless what was written reads back as the same tree. */
static inline void expect_same(const struct mlp_node *tree, const struct mlp_buf *written,
                               bool yaml)
{
    struct mlp_doc d;
    struct mlp_err e;
    if (written->failed)
        return; /* over the harness's limit */
    mlp_err_init(&e);
    mlp_doc_init(&d, "again", (size_t)256 << 20);
    struct mlp_str text = mlp_buf_str(written);
    enum mlp_code code = yaml ? mlp_doc_parse_yaml(&d, text, &e) : mlp_doc_parse_json(&d, text, &e);
    if (code != MLP_OK || !same_tree(tree, d.root)) {
        mlp_err_print(&e, "fuzz", stderr);
        fprintf(stderr, "written: %.*s\n", MLP_STR_ARG(text));
        abort();
    }
    mlp_doc_fini(&d);
}

#endif
