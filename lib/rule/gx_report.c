/* gx_report.c: what a checker found, in the shape of Great Expectations' validation result. */
#include "rule/checker.h"

#include "text/json.h"
#include "text/num.h"

#include <math.h>

/* Numbers in columns of numbers, else texts: what pandas would have made of the cell. */
static void write_cell(struct mlp_json_out *o, struct mlp_str cell, bool number)
{
    double v;
    if (!cell.p)
        mlp_json_null(o);
    else if (number && mlp_value_parse(MLP_TYPE_NUMBER, cell, &v) && isfinite(v))
        mlp_json_f64(o, v);
    else
        mlp_json_str(o, cell);
}

/* Whether all cells of a column that were kept are numbers, or the checker knows that all are. */
static bool is_number_column(const struct mlp_checker *c, const struct mlp_active *a, size_t k)
{
    const struct mlp_bound_column *column = mlp_checker_column(c, a);
    double v;
    if (column)
        return mlp_cell_kinds_numbers(&column->kinds) && !column->kinds.bools;
    for (size_t i = 0; i < a->kept.n; i++) {
        struct mlp_str s = ((const struct mlp_kept *)mlp_vec_at(&a->kept, i))->cells[k];
        if (s.p && !mlp_num_f64(s, &v))
            return false;
    }
    return true;
}

static void write_value(struct mlp_json_out *o, const struct mlp_checker *c,
                        const struct mlp_active *a, const struct mlp_kept *kept)
{
    size_t n = a->rule->key_columns.n;
    const struct mlp_str *names = a->rule->key_columns.p;
    bool pair = a->rule->wide && (a->rule->wide->op == MLP_WIDE_COMPARE ||
                                  a->rule->wide->op == MLP_WIDE_PAIRS);
    if (n <= 1) {
        write_cell(o, kept->cells[0], is_number_column(c, a, 0));
        return;
    }
    mlp_json_open(o, pair ? '[' : '{');
    for (size_t k = 0; k < n; k++) {
        if (!pair)
            mlp_json_key_str(o, names[k]);
        write_cell(o, kept->cells[k], is_number_column(c, a, k));
    }
    mlp_json_close(o, pair ? ']' : '}');
}

static void u64_member(struct mlp_json_out *o, const char *key, uint64_t v)
{
    mlp_json_key(o, key);
    mlp_json_u64(o, v);
}

static void percent_member(struct mlp_json_out *o, const char *key, uint64_t part, uint64_t whole)
{
    mlp_json_key(o, key);
    mlp_json_f64(o, whole ? (double)part / (double)whole * 100 : NAN);
}

static void write_rows(struct mlp_json_out *o, const struct mlp_checker *c,
                       const struct mlp_active *a)
{
    size_t partial = a->kept.n < 20 ? a->kept.n : 20;
    const struct mlp_kept *kept = a->kept.p;
    static const char *const lists[][2] = {{"partial_unexpected_list", "unexpected_list"},
                                           {"partial_unexpected_index_list",
                                            "unexpected_index_list"}};
    for (size_t whole = 0; whole < 2; whole++) {
        mlp_json_key(o, lists[0][whole]);
        mlp_json_open(o, '[');
        for (size_t i = 0; i < (whole ? a->kept.n : partial); i++)
            write_value(o, c, a, &kept[i]);
        mlp_json_close(o, ']');
        mlp_json_key(o, lists[1][whole]);
        mlp_json_open(o, '[');
        for (size_t i = 0; i < (whole ? a->kept.n : partial); i++)
            mlp_json_u64(o, kept[i].row);
        mlp_json_close(o, ']');
    }
    if (a->kept.n < a->tally.failed) {
        mlp_json_key(o, "unexpected_list_cut");
        mlp_json_bool(o, true);
    }
}

/* A rule on rows. Rules about missing values themselves pass over none. */
static void write_row_result(struct mlp_json_out *o, const struct mlp_checker *c,
                             const struct mlp_active *a)
{
    bool nulls = a->rule->kind == MLP_RULE_REQUIRED || a->rule->kind == MLP_RULE_NULL;
    u64_member(o, "element_count", a->tally.seen);
    u64_member(o, "unexpected_count", a->tally.failed);
    percent_member(o, "unexpected_percent", a->tally.failed, a->tally.total);
    if (!nulls) {
        u64_member(o, "missing_count", a->tally.absent);
        percent_member(o, "missing_percent", a->tally.absent, a->tally.seen);
        percent_member(o, "unexpected_percent_total", a->tally.failed, a->tally.seen);
        percent_member(o, "unexpected_percent_nonmissing", a->tally.failed, a->tally.total);
    }
    write_rows(o, c, a);
}

static void write_names(struct mlp_json_out *o, const struct mlp_checker *c)
{
    mlp_json_open(o, '[');
    for (size_t i = 0; i < c->nnames; i++)
        mlp_json_str(o, c->names[i]);
    mlp_json_close(o, ']');
}

static void write_header_result(struct mlp_json_out *o, const struct mlp_checker *c,
                                const struct mlp_rule *rule)
{
    struct mlp_str kind = mlp_node_str(mlp_node_get(rule->header, "header"), "");
    if (mlp_str_is(kind, "has"))
        return;
    mlp_json_key(o, "observed_value");
    if (mlp_str_is(kind, "count"))
        mlp_json_u64(o, c->nnames);
    else
        write_names(o, c);
}

static void write_end_result(struct mlp_json_out *o, const struct mlp_active *a)
{
    mlp_json_key(o, "observed_value");
    if (a->rule->kind != MLP_RULE_SPREAD) {
        mlp_json_f64(o, a->value);
        return;
    }
    mlp_json_raw(o, mlp_buf_str(&a->found.json));
    if (a->rule->spread->op == MLP_SPREAD_CHI_SQUARE)
        u64_member(o, "element_count", a->spread.n);
    if (a->rule->spread->op <= MLP_SPREAD_DISTINCT_EQUALS) {
        if (a->rule->spread->op != MLP_SPREAD_DISTINCT_CONTAINS)
            u64_member(o, "unexpected_count", a->found.unexpected);
        if (a->rule->spread->op != MLP_SPREAD_DISTINCT_IN)
            u64_member(o, "missing_count", a->found.missing);
    }
}

/* As the suite said it, or what a native rule is nearest to. */
static void write_config(struct mlp_json_out *o, const struct mlp_rule *rule)
{
    static const char *const severities[] = {"critical", "warning", "info"};
    const struct mlp_node *kwargs = mlp_node_get(rule->meta, "kwargs");
    mlp_json_key(o, "expectation_config");
    mlp_json_open(o, '{');
    mlp_json_key(o, "type");
    mlp_json_str(o, rule->meta ? mlp_node_str(mlp_node_get(rule->meta, "type"), "") : rule->name);
    mlp_json_key(o, "kwargs");
    if (kwargs) {
        struct mlp_buf b;
        mlp_buf_init(&b, (size_t)16 << 20);
        mlp_node_write_json_python(kwargs, &b, 0);
        mlp_json_raw(o, mlp_buf_str(&b));
        o->b->failed = o->b->failed || b.failed;
        mlp_buf_fini(&b);
    } else {
        mlp_json_open(o, '{');
        if (rule->column.n) {
            mlp_json_key(o, "column");
            mlp_json_str(o, rule->column);
        }
        mlp_json_close(o, '}');
    }
    mlp_json_key(o, "meta");
    mlp_json_open(o, '{');
    mlp_json_close(o, '}');
    mlp_json_key(o, "severity");
    mlp_json_text(o, severities[rule->severity]);
    mlp_json_close(o, '}');
}

static bool rule_holds(const struct mlp_checker *c, const struct mlp_active *a)
{
    if (!mlp_checker_counts(c, a))
        return true;
    if (a->rule->kind == MLP_RULE_COLUMNS)
        return c->columns_fault.n == 0;
    return a->rule->kind >= MLP_RULE_MISSING ? a->holds
                                             : mlp_checker_row_holds(a->rule, &a->tally);
}

static void write_result(struct mlp_json_out *o, const struct mlp_checker *c,
                         const struct mlp_active *a)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "success");
    mlp_json_bool(o, rule_holds(c, a));
    write_config(o, a->rule);
    mlp_json_key(o, "result");
    mlp_json_open(o, '{');
    if (a->rule->kind < MLP_RULE_MISSING)
        write_row_result(o, c, a);
    else if (a->rule->kind == MLP_RULE_HEADER)
        write_header_result(o, c, a->rule);
    else if (a->rule->kind != MLP_RULE_COLUMNS)
        write_end_result(o, a);
    mlp_json_close(o, '}');
    mlp_json_key(o, "meta");
    mlp_json_open(o, '{');
    mlp_json_close(o, '}');
    mlp_json_key(o, "exception_info");
    mlp_json_open(o, '{');
    mlp_json_key(o, "raised_exception");
    mlp_json_bool(o, false);
    mlp_json_key(o, "exception_traceback");
    mlp_json_null(o);
    mlp_json_key(o, "exception_message");
    mlp_json_null(o);
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
}

static void write_statistics(struct mlp_json_out *o, size_t n, size_t held)
{
    mlp_json_key(o, "statistics");
    mlp_json_open(o, '{');
    u64_member(o, "evaluated_expectations", n);
    u64_member(o, "successful_expectations", held);
    u64_member(o, "unsuccessful_expectations", n - held);
    percent_member(o, "success_percent", held, n);
    mlp_json_close(o, '}');
}

enum mlp_code mlp_checker_gx(const struct mlp_checker *c, struct mlp_buf *out, struct mlp_err *e)
{
    struct mlp_json_out o;
    size_t n = c->rules->rules.n, held = 0;
    for (size_t i = 0; i < n; i++)
        held += rule_holds(c, &c->active[i]);
    mlp_json_out_init(&o, out, 1);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "success");
    mlp_json_bool(&o, held == n);
    mlp_json_key(&o, "results");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < n; i++)
        write_result(&o, c, &c->active[i]);
    mlp_json_close(&o, ']');
    write_statistics(&o, n, held);
    mlp_json_key(&o, "meta");
    mlp_json_open(&o, '{');
    mlp_json_close(&o, '}');
    mlp_json_close(&o, '}');
    mlp_buf_addc(out, '\n');
    return mlp_buf_check(out, e);
}
