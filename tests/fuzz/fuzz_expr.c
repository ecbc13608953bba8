/* Expressions from anywhere over a fixed table: a fault has words, a truth is one of four, and an
 * expression that is put into brackets means the same. */
#include "rule/internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char table[] =
    "a,n,day,flag,t\n"
    "1,5,2013-01-31,true,abc\n"
    "x,-5,1969-02-28T01:00:00Z,0,\n"
    ",,2013-02-30,no,\"a\nb\"\n"
    "1e308,inf,,1,\xFF\xC3\xA9\n"
    "too,few\n";

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* The truths of the five rows; false when the expression names other columns. */
static bool evaluate(const struct mlp_expr *x, uint8_t truth[5])
{
    static const enum mlp_rule_type types[] = {MLP_TYPE_ANY, MLP_TYPE_FLOAT, MLP_TYPE_DATETIME,
                                               MLP_TYPE_BOOL, MLP_TYPE_STRING};
    struct mlp_table *t;
    struct mlp_batch *b;
    struct mlp_matcher matcher;
    struct mlp_expr_place places[5];
    struct mlp_expr_context context = {places, &matcher, 1e9};
    struct mlp_str text = {table, sizeof table - 1};
    bool known = mlp_expr_ncolumns(x) <= 5;
    expect(mlp_table_open_mem(text, "t", NULL, &t, NULL) == MLP_OK);
    for (size_t i = 0; known && i < mlp_expr_ncolumns(x); i++) {
        int at = mlp_table_find(t, mlp_expr_column(x, i));
        known = at >= 0;
        if (known)
            places[i] = (struct mlp_expr_place){(size_t)at, types[at]};
    }
    expect(mlp_matcher_init(&matcher, NULL) == MLP_OK);
    expect(mlp_table_next(t, &b, NULL) == MLP_OK && b && b->nrows == 5);
    if (known && mlp_expr_eval(x, &context, b, truth, NULL) == MLP_OK)
        for (size_t r = 0; r < 5; r++)
            expect(truth[r] <= MLP_WRONG);
    else
        known = false;
    mlp_matcher_fini(&matcher);
    mlp_table_close(t);
    return known;
}

/* The same text in brackets; deeper than allowed is the one excuse. */
static void again_in_brackets(struct mlp_str text, struct mlp_arena *a, const uint8_t truth[5])
{
    struct mlp_buf b;
    struct mlp_expr *x;
    uint8_t other[5];
    mlp_buf_init(&b, 1 << 20);
    mlp_buf_adds(&b, "(");
    mlp_buf_addstr(&b, text);
    mlp_buf_adds(&b, ")");
    if (mlp_expr_parse(mlp_buf_str(&b), a, &x, NULL) == MLP_OK) {
        if (evaluate(x, other))
            expect(memcmp(truth, other, 5) == 0);
        mlp_expr_fini(x);
    }
    mlp_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_arena a;
    struct mlp_err e;
    struct mlp_expr *x;
    struct mlp_str text = {(const char *)data, size};
    uint8_t truth[5];
    mlp_arena_init(&a, 4 << 20);
    mlp_err_init(&e);
    if (mlp_expr_parse(text, &a, &x, &e) != MLP_OK)
        expect(!x && e.message[0]);
    else if (evaluate(x, truth))
        again_in_brackets(text, &a, truth);
    mlp_expr_fini(x);
    mlp_arena_fini(&a);
    return 0;
}
