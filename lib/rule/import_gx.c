/* import_gx.c: suites of Great Expectations 0.18 (expectation_suite_name, expectation_type,
 * evaluation_parameters) and 1.x (name, type, severity): each expectation becomes one check, whose
 * `meta` keeps the type and the kwargs as they were. */
#include "rule/import_gx.h"

#include "base/os.h"

#include <stdarg.h>
#include <stdio.h>

void mlp_gx_fault(struct mlp_gx *g, const struct mlp_node *n, const char *fmt, ...)
{
    char words[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    struct mlp_str type = {g->type.p, g->type.n < 120 ? g->type.n : 120};
    mlp_node_error(g->in, n ? n : g->kwargs, g->e, "%.*s: %s", MLP_STR_ARG(type), words);
}

const struct mlp_node *mlp_gx_kwarg(struct mlp_gx *g, const char *key)
{
    const struct mlp_node *n = mlp_node_get(g->kwargs, key);
    if (n && n->type == MLP_DOC_MAP && mlp_node_get(n, "$PARAMETER"))
        return mlp_gx_parameter(g, n);
    return n && n->type != MLP_DOC_NULL ? n : NULL;
}

/* 1.x has critical, warning and info; 0.18 knows none. */
static void put_severity(struct mlp_gx *g, const struct mlp_node *n)
{
    struct mlp_str s = mlp_node_str(n, "critical");
    const char *native = mlp_str_is(s, "warning") ? "warn" : mlp_str_is(s, "info") ? "info" : NULL;
    if (native)
        mlp_import_put(g->out, g->check, "severity", mlp_doc_new_text(g->out, native), n);
    else if (!mlp_str_is(s, "critical"))
        mlp_gx_fault(g, n, "severity: expected critical, warning or info");
}

static void put_mostly(struct mlp_gx *g)
{
    const struct mlp_node *n = mlp_gx_kwarg(g, "mostly");
    double share = mlp_node_num(n, -1);
    if (!n)
        return;
    if (!(share >= 0 && share <= 1))
        mlp_gx_fault(g, n, "mostly: expected a number from 0 to 1");
    else if (!mlp_node_get(g->check, "header") && !mlp_node_get(g->check, "rows"))
        mlp_import_put(g->out, g->check, "mostly", mlp_import_copy(g->out, n), n);
}

/* What was read, for those who tell of it, and for the way back. */
static void put_meta(struct mlp_gx *g, const struct mlp_node *x)
{
    struct mlp_node *meta = mlp_import_put(g->out, g->check, "meta",
                                           mlp_doc_new(g->out, MLP_DOC_MAP), x);
    mlp_import_put(g->out, meta, "type", mlp_doc_new_str(g->out, g->type), x);
    mlp_import_put(g->out, meta, "kwargs", mlp_import_copy(g->out, g->kwargs), g->kwargs);
}

static bool has_word(const char *words, struct mlp_str word)
{
    struct mlp_str rest = mlp_str_from(words), one;
    while (mlp_str_split(&rest, ' ', &one))
        if (mlp_str_eq(one, word))
            return true;
    return false;
}

/* Kwargs that only say how GX should tell of it need no word; others that nobody reads get one. */
static void note_unknown(struct mlp_gx *g, const struct mlp_gx_kind *kind)
{
    static const char of_all[] = "mostly row_condition condition_parser result_format batch_id "
                                 "catch_exceptions include_config meta";
    for (const struct mlp_node *n = g->kwargs->child; n; n = n->next)
        if (!has_word(of_all, n->key) && !has_word(kind->kwargs, n->key))
            mlp_import_note(g->notes, n, "%.*s: the kwarg %.*s is not used", MLP_STR_ARG(g->type),
                            MLP_STR_ARG(n->key));
}

static void read_expectation(struct mlp_gx *g, const struct mlp_node *x)
{
    static const struct mlp_node no_kwargs = {.type = MLP_DOC_MAP};
    const struct mlp_node *type = mlp_node_get(x, "type");
    type = type ? type : mlp_node_get(x, "expectation_type");
    g->type = mlp_node_str(type, "");
    g->kwargs = mlp_node_get(x, "kwargs");
    g->kwargs = g->kwargs && g->kwargs->type == MLP_DOC_MAP ? g->kwargs : &no_kwargs;
    const struct mlp_gx_kind *kind = mlp_gx_kind_find(g->type);
    if (!kind || kind->refused) {
        mlp_gx_fault(g, x, "%s", kind ? kind->refused : "this expectation is not known here");
        mlp_err_hint(g->e, "take it out of the suite to check the rest");
        return;
    }
    g->check = mlp_import_check(g->out, x);
    mlp_import_put(g->out, g->check, "name", mlp_doc_new_str(g->out, g->type), x);
    kind->read(g);
    if (mlp_gx_failed(g))
        return;
    put_mostly(g);
    put_severity(g, mlp_node_get(x, "severity"));
    mlp_gx_when(g);
    put_meta(g, x);
    note_unknown(g, kind);
    if (mlp_node_get(x, "windows"))
        mlp_import_note(g->notes, mlp_node_get(x, "windows"), "windows are not used");
}

/* How pandas.read_csv reads a file that is not told otherwise. */
static void put_input(struct mlp_doc *out)
{
    static const char *const nulls[] = {"#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN",
                                        "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
                                        "NaN", "None", "n/a", "nan", "null"};
    struct mlp_node *input = mlp_import_section(out, out->root, "input", MLP_DOC_MAP);
    struct mlp_node *list = mlp_import_section(out, input, "null", MLP_DOC_LIST);
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        mlp_import_push(out, list, mlp_doc_new_text(out, nulls[i]));
    mlp_import_put(out, input, "unnamed", mlp_doc_new_text(out, "allow"), NULL);
}

enum mlp_code mlp_import_gx(const struct mlp_doc *in, struct mlp_doc *out,
                            struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct mlp_err local;
    const struct mlp_node *list = mlp_node_get(in->root, "expectations");
    struct mlp_gx g = {.in = in, .out = out, .notes = notes, .e = e ? e : &local,
                       .suite = in->root, .now = (double)mlp_os_now_ns() * 1e-9};
    mlp_err_init(&local);
    mlp_import_start(out);
    if (!list || list->type != MLP_DOC_LIST)
        return mlp_node_error(in, list ? list : in->root, e, "expected a list of expectations");
    put_input(out);
    mlp_import_section(out, out->root, "checks", MLP_DOC_LIST);
    for (const struct mlp_node *x = list->child; x && !mlp_gx_failed(&g); x = x->next)
        read_expectation(&g, x);
    return mlp_gx_failed(&g) ? g.e->code : mlp_import_done(out, e);
}

bool mlp_import_is_gx(const struct mlp_node *root)
{
    const struct mlp_node *list = mlp_node_get(root, "expectations");
    return list && list->type == MLP_DOC_LIST &&
           (!list->child || mlp_node_get(list->child, "type") ||
            mlp_node_get(list->child, "expectation_type"));
}
