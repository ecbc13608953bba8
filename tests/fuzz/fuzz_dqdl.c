/* DQDL is read; what is refused has a place; what is accepted goes through its reader, whose rules
 * compile or are refused with a place. A condition of SQL is said as an expression that parses. */
#include "rule/expr.h"
#include "rule/import.h"
#include "rule/rule.h"
#include "rule/sql_expr.h"
#include "text/dqdl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_place(const struct mlp_err *e)
{
    if (!e->source[0] || !e->message[0] || (e->code == MLP_EINPUT && !e->line))
        abort();
}

static void import(struct mlp_str text)
{
    struct mlp_doc native;
    struct mlp_rules *rules = NULL;
    struct mlp_err e;
    mlp_err_init(&e);
    const struct mlp_rules_format *f = mlp_rules_format_find(MLP_STR("dqdl"));
    if (mlp_rules_import_text(text, "fuzz", f, &native, NULL, &e) != MLP_OK) {
        expect_place(&e);
        mlp_doc_fini(&native);
    } else if (mlp_rules_parse(&native, &rules, &e) != MLP_OK) {
        expect_place(&e);
    }
    mlp_rules_free(rules);
}

/* What is written is an expression, unless it is too long or too deep for one, or has a regular
 * expression that does not compile or a parameter that nobody gave. */
static void translate(struct mlp_str text)
{
    struct mlp_buf out;
    struct mlp_sql_fault fault = {0};
    struct mlp_expr *x = NULL;
    struct mlp_arena arena;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_init(&out, (size_t)1 << 20);
    mlp_arena_init(&arena, (size_t)4 << 20);
    bool good = mlp_sql_expr(text, &out, &fault);
    if (!good && (!fault.words[0] || !fault.at || fault.at > text.n + 1))
        abort();
    if (good && !out.failed && mlp_expr_parse(mlp_buf_str(&out), &arena, &x, &e) == MLP_OK)
        mlp_expr_fini(x);
    mlp_arena_fini(&arena);
    mlp_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_str text = {(const char *)data, size};
    struct mlp_doc d;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_doc_init(&d, "fuzz", (size_t)4 << 20);
    if (mlp_doc_parse_dqdl(&d, text, &e) != MLP_OK)
        expect_place(&e);
    else
        import(text);
    mlp_dqdl_is(text);
    mlp_doc_fini(&d);
    translate(text);
    return 0;
}
