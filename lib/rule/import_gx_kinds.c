/* import_gx_kinds.c: what each expectation is as a native check. Semantics that differ from the
 * native defaults are said by keys: `unfit` (values of another type), `numbers` (formats of columns
 * of numbers), `skip` (rows with missing values). */
#include "rule/import_gx.h"

/* ---- building */

static struct mlp_node *put(struct mlp_gx *g, struct mlp_node *map, const char *key,
                            const struct mlp_node *value)
{
    return mlp_import_put(g->out, map, key, mlp_import_copy(g->out, value), value);
}

static void put_text(struct mlp_gx *g, const char *key, const char *value)
{
    mlp_import_put(g->out, g->check, key, mlp_doc_new_text(g->out, value), g->kwargs);
}

static struct mlp_node *put_map(struct mlp_gx *g, const char *key)
{
    return mlp_import_put(g->out, g->check, key, mlp_doc_new(g->out, MLP_DOC_MAP), g->kwargs);
}

static struct mlp_node *put_list(struct mlp_gx *g, const char *key)
{
    return mlp_import_put(g->out, g->check, key, mlp_doc_new(g->out, MLP_DOC_LIST), g->kwargs);
}

static const struct mlp_node *need(struct mlp_gx *g, const char *key)
{
    const struct mlp_node *n = mlp_gx_kwarg(g, key);
    if (!n)
        mlp_gx_fault(g, NULL, "the kwarg %s is needed", key);
    return n;
}

static bool is_true(struct mlp_gx *g, const char *key)
{
    return mlp_node_bool(mlp_gx_kwarg(g, key), false);
}

static void put_column(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "column");
    if (n && (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST))
        mlp_gx_fault(g, n, "column: expected the name of a column");
    else if (n)
        mlp_import_put(g->out, g->check, "column", mlp_doc_new_str(g->out, n->text), n);
}

/* Numbers; another value in the column is trouble, as it is to GX. */
static void put_number_type(struct mlp_gx *g)
{
    put_text(g, "type", "number");
    put_text(g, "unfit", "trouble");
}

/* ---- intervals */

static struct mlp_node *put_ends(struct mlp_gx *g, const char *key)
{
    const struct mlp_node *low = mlp_gx_kwarg(g, "min_value"), *high = mlp_gx_kwarg(g, "max_value");
    struct mlp_node *map = put_map(g, key);
    if (low)
        put(g, map, is_true(g, "strict_min") ? "above" : "min", low);
    if (high)
        put(g, map, is_true(g, "strict_max") ? "below" : "max", high);
    return map;
}

/* min and max texts: in the order of texts, as pandas compares them; else numbers. */
static void put_type_of_ends(struct mlp_gx *g)
{
    const struct mlp_node *low = mlp_gx_kwarg(g, "min_value"), *high = mlp_gx_kwarg(g, "max_value");
    bool text_low = low && low->type == MLP_DOC_TEXT;
    bool text_high = high && high->type == MLP_DOC_TEXT;
    if (is_true(g, "parse_strings_as_datetimes"))
        put_text(g, "type", "datetime");
    else if (text_low || text_high)
        put_text(g, "type", "string");
    else
        put_number_type(g);
    if ((text_low && high && !text_high) || (text_high && low && !text_low))
        mlp_gx_fault(g, low, "min_value and max_value: expected two numbers or two texts");
}

static void need_an_end(struct mlp_gx *g)
{
    if (!mlp_gx_kwarg(g, "min_value") && !mlp_gx_kwarg(g, "max_value"))
        mlp_gx_fault(g, NULL, "min_value or max_value is needed");
}

static void read_between(struct mlp_gx *g)
{
    put_column(g);
    need_an_end(g);
    put_type_of_ends(g);
    put_ends(g, "between");
}

static void read_lengths(struct mlp_gx *g)
{
    put_column(g);
    need_an_end(g);
    put_ends(g, "length");
}

static void read_length(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "value");
    put_column(g);
    put(g, g->check, "length", n);
}

static void read_min(struct mlp_gx *g)
{
    put_column(g);
    put_type_of_ends(g);
    put_ends(g, "least");
}

static void read_max(struct mlp_gx *g)
{
    put_column(g);
    put_type_of_ends(g);
    put_ends(g, "greatest");
}

static void read_number(struct mlp_gx *g, const char *key)
{
    put_column(g);
    put_number_type(g);
    put_ends(g, key);
}

static void read_mean(struct mlp_gx *g)
{
    read_number(g, "mean");
}
static void read_median(struct mlp_gx *g)
{
    read_number(g, "median");
}
static void read_stdev(struct mlp_gx *g)
{
    read_number(g, "stdev");
}
static void read_sum(struct mlp_gx *g)
{
    read_number(g, "sum");
}

static void read_distinct_count(struct mlp_gx *g)
{
    put_column(g);
    put_ends(g, "distinct");
}

static void read_distinct_share(struct mlp_gx *g)
{
    put_column(g);
    put_ends(g, "distinct_share");
}

/* ---- values */

static void read_not_null(struct mlp_gx *g)
{
    put_column(g);
    mlp_import_put(g->out, g->check, "required", mlp_doc_new_bool(g->out, true), g->kwargs);
}

static void read_null(struct mlp_gx *g)
{
    put_column(g);
    mlp_import_put(g->out, g->check, "null", mlp_doc_new_bool(g->out, true), g->kwargs);
}

/* All of one sort: numbers and booleans are compared as what they are. */
static bool all_are(const struct mlp_node *list, bool booleans)
{
    size_t n = 0;
    for (const struct mlp_node *x = list->child; x; x = x->next) {
        if (x->type == MLP_DOC_NULL)
            continue;
        if (booleans ? x->type != MLP_DOC_BOOL : !mlp_node_is_num(x))
            return false;
        n++;
    }
    return n > 0;
}

static struct mlp_node *value_of(struct mlp_gx *g, const struct mlp_node *x)
{
    if (x->type == MLP_DOC_BOOL)
        return mlp_doc_new_text(g->out, x->u.boolean ? "true" : "false");
    return mlp_import_copy(g->out, x);
}

static void put_values(struct mlp_gx *g, struct mlp_node *to, const struct mlp_node *list)
{
    for (const struct mlp_node *x = list->child; x; x = x->next)
        if (x->type != MLP_DOC_NULL)
            mlp_import_push(g->out, to, mlp_import_place(value_of(g, x), x));
}

static const struct mlp_node *need_list(struct mlp_gx *g, const char *key)
{
    const struct mlp_node *list = need(g, key);
    if (list && list->type != MLP_DOC_LIST) {
        mlp_gx_fault(g, list, "%s: expected a list", key);
        return NULL;
    }
    return list;
}

static void read_set(struct mlp_gx *g, const char *key)
{
    const struct mlp_node *list = need_list(g, "value_set");
    put_column(g);
    if (!list)
        return;
    if (all_are(list, false) || all_are(list, true)) {
        put_text(g, "type", all_are(list, true) ? "bool" : "number");
        put_text(g, "unfit", "keep");
    }
    put_values(g, put_list(g, key), list);
}

static void read_in_set(struct mlp_gx *g)
{
    read_set(g, "in");
}
static void read_not_in_set(struct mlp_gx *g)
{
    read_set(g, "not_in");
}

static void read_distinct_set(struct mlp_gx *g, const char *key)
{
    const struct mlp_node *list = need_list(g, "value_set");
    put_column(g);
    if (list)
        put_values(g, put_list(g, key), list);
}
static void read_distinct_in(struct mlp_gx *g)
{
    read_distinct_set(g, "distinct_in");
}
static void read_distinct_contains(struct mlp_gx *g)
{
    read_distinct_set(g, "distinct_contains");
}
static void read_distinct_equals(struct mlp_gx *g)
{
    read_distinct_set(g, "distinct_equals");
}

static void read_most_common(struct mlp_gx *g)
{
    const struct mlp_node *list = need_list(g, "value_set");
    put_column(g);
    struct mlp_node *map = put_map(g, "most_common");
    struct mlp_node *in = mlp_import_put(g->out, map, "in", mlp_doc_new(g->out, MLP_DOC_LIST),
                                         g->kwargs);
    if (list)
        put_values(g, in, list);
    mlp_import_put(g->out, map, "ties", mlp_doc_new_bool(g->out, is_true(g, "ties_okay")),
                   g->kwargs);
}

/* ---- texts */

static void read_pattern(struct mlp_gx *g, const char *kwarg, const char *key)
{
    const struct mlp_node *n = need(g, kwarg);
    put_column(g);
    if (n && n->type != MLP_DOC_TEXT && n->type != MLP_DOC_LIST)
        mlp_gx_fault(g, n, "%s: expected a text", kwarg);
    else if (n)
        put(g, g->check, key, n);
}

static void read_regex(struct mlp_gx *g)
{
    read_pattern(g, "regex", "match");
}
static void read_not_regex(struct mlp_gx *g)
{
    read_pattern(g, "regex", "not_match");
}
static void read_not_regex_list(struct mlp_gx *g)
{
    read_pattern(g, "regex_list", "not_match");
}
static void read_like(struct mlp_gx *g)
{
    read_pattern(g, "like_pattern", "like");
}
static void read_not_like(struct mlp_gx *g)
{
    read_pattern(g, "like_pattern", "not_like");
}
static void read_not_like_list(struct mlp_gx *g)
{
    read_pattern(g, "like_pattern_list", "not_like");
}

/* match_on is any unless it says all. */
static bool is_all(struct mlp_gx *g)
{
    const struct mlp_node *n = mlp_gx_kwarg(g, "match_on");
    struct mlp_str on = mlp_node_str(n, "any");
    if (!mlp_str_is(on, "any") && !mlp_str_is(on, "all"))
        mlp_gx_fault(g, n, "match_on: expected any or all");
    return mlp_str_is(on, "all");
}

static void read_regex_list(struct mlp_gx *g)
{
    read_pattern(g, "regex_list", is_all(g) ? "match_all" : "match");
}
static void read_like_list(struct mlp_gx *g)
{
    read_pattern(g, "like_pattern_list", is_all(g) ? "like_all" : "like");
}

/* Directives that Python's strptime reads: a format with others cannot be checked there. */
static void read_strftime(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "strftime_format");
    struct mlp_str s = mlp_node_str(n, "");
    put_column(g);
    put_text(g, "numbers", "trouble");
    for (size_t i = 0; i + 1 < s.n; i++) {
        if (s.p[i] != '%')
            continue;
        i++;
        if (!s.p[i] || !strchr("aAwdbBmyYHIMpSfzZjUWcxX%GuV", s.p[i]))
            mlp_gx_fault(g, n, "strftime_format: %%%c is no directive of strptime", s.p[i]);
    }
    if (n && mlp_str_find(s, '%') == s.n)
        mlp_gx_fault(g, n, "strftime_format: expected a format such as %%Y-%%m-%%d");
    else if (n)
        put(g, g->check, "format", n);
}

static void read_dateutil(struct mlp_gx *g)
{
    put_column(g);
    put_text(g, "numbers", "trouble");
    put_text(g, "format", "dateutil");
}

static void read_json(struct mlp_gx *g)
{
    put_column(g);
    put_text(g, "numbers", "fail");
    put_text(g, "format", "json");
}

static void read_json_schema(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "json_schema");
    put_column(g);
    put(g, g->check, "json_schema", n);
}

static void read_order(struct mlp_gx *g, const char *plain, const char *strict)
{
    put_column(g);
    if (is_true(g, "parse_strings_as_datetimes"))
        put_text(g, "type", "datetime");
    else
        put_number_type(g);
    put_text(g, "order", is_true(g, "strictly") ? strict : plain);
}
static void read_increasing(struct mlp_gx *g)
{
    read_order(g, "increasing", "strictly increasing");
}
static void read_decreasing(struct mlp_gx *g)
{
    read_order(g, "decreasing", "strictly decreasing");
}

static void read_type(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "type_");
    put_column(g);
    put(g, g->check, "dtype", n);
}
static void read_type_list(struct mlp_gx *g)
{
    const struct mlp_node *n = need_list(g, "type_list");
    put_column(g);
    put(g, g->check, "dtype", n);
}

/* ---- several columns */

static void put_skip(struct mlp_gx *g, const char *otherwise)
{
    static const char *const names[][2] = {
        {"both_values_are_missing", "all"}, {"all_values_are_missing", "all"},
        {"either_value_is_missing", "any"}, {"any_value_is_missing", "any"},
        {"neither", "never"},               {"never", "never"},
    };
    const struct mlp_node *n = mlp_gx_kwarg(g, "ignore_row_if");
    const char *skip = n ? NULL : otherwise;
    for (size_t i = 0; n && i < sizeof names / sizeof *names; i++)
        if (mlp_str_is(n->text, names[i][0]))
            skip = names[i][1];
    if (skip)
        put_text(g, "skip", skip);
    else
        mlp_gx_fault(g, n, "ignore_row_if: expected all_values_are_missing, any_value_is_missing "
                           "(of pairs both_values_are_missing, either_value_is_missing) or never");
}

static void put_pair(struct mlp_gx *g)
{
    const struct mlp_node *a = need(g, "column_A"), *b = need(g, "column_B");
    struct mlp_node *list = put_list(g, "columns");
    if (!a || !b)
        return;
    mlp_import_push(g->out, list, mlp_import_place(mlp_doc_new_str(g->out, a->text), a));
    mlp_import_push(g->out, list, mlp_import_place(mlp_doc_new_str(g->out, b->text), b));
}

static void read_pair_greater(struct mlp_gx *g)
{
    put_pair(g);
    put_skip(g, "all");
    put_text(g, "compare", is_true(g, "or_equal") ? ">=" : ">");
}

static void read_pair_equal(struct mlp_gx *g)
{
    put_pair(g);
    put_skip(g, "all");
    put_text(g, "compare", "==");
}

static void read_pair_set(struct mlp_gx *g)
{
    const struct mlp_node *list = need_list(g, "value_pairs_set");
    put_pair(g);
    put_skip(g, "all");
    put(g, g->check, "rows_in", list);
}

static void put_columns(struct mlp_gx *g)
{
    const struct mlp_node *list = need_list(g, "column_list");
    if (list)
        put(g, g->check, "columns", list);
    put_skip(g, "all");
}

static void read_compound(struct mlp_gx *g)
{
    put_columns(g);
    put_text(g, "unique", "all");
}

static void read_within(struct mlp_gx *g)
{
    put_columns(g);
    put_text(g, "unique", "within");
}

static void read_row_sum(struct mlp_gx *g)
{
    put_columns(g);
    put(g, g->check, "sum", need(g, "sum_total"));
}

static void put_one_column(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "column");
    struct mlp_node *list = put_list(g, "columns");
    if (n)
        mlp_import_push(g->out, list, mlp_import_place(mlp_doc_new_str(g->out, n->text), n));
}

static void read_unique(struct mlp_gx *g)
{
    put_one_column(g);
    put_text(g, "unique", "all");
}

static void read_zscores(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "threshold");
    put_one_column(g);
    struct mlp_node *map = put_map(g, "zscore");
    put(g, map, "max", n);
    mlp_import_put(g->out, map, "sided",
                   mlp_doc_new_text(g->out, is_true(g, "double_sided") ? "two" : "one"), g->kwargs);
}

static void put_bins(struct mlp_gx *g, struct mlp_node *list, const char *edges, const char *n)
{
    const struct mlp_node *x = mlp_gx_kwarg(g, edges);
    x = x ? x : mlp_gx_kwarg(g, n);
    mlp_import_push(g->out, list, x ? mlp_import_copy(g->out, x)
                                    : mlp_doc_new(g->out, MLP_DOC_NULL));
}

static void read_phi(struct mlp_gx *g)
{
    const struct mlp_node *threshold = mlp_gx_kwarg(g, "threshold");
    put_pair(g);
    put_skip(g, "all");
    struct mlp_node *map = put_map(g, "cramers_phi");
    mlp_import_put(g->out, map, "max", threshold ? mlp_import_copy(g->out, threshold)
                                                 : mlp_import_num(g->out, 0.1), g->kwargs);
    struct mlp_node *bins = mlp_import_put(g->out, map, "bins",
                                           mlp_doc_new(g->out, MLP_DOC_LIST), g->kwargs);
    put_bins(g, bins, "bins_A", "n_bins_A");
    put_bins(g, bins, "bins_B", "n_bins_B");
}

/* ---- distributions */

static void read_quantiles(struct mlp_gx *g)
{
    const struct mlp_node *ranges = need(g, "quantile_ranges");
    const struct mlp_node *at = mlp_node_get(ranges, "quantiles");
    const struct mlp_node *bounds = mlp_node_get(ranges, "value_ranges");
    put_column(g);
    put_number_type(g);
    struct mlp_node *list = put_list(g, "quantiles");
    if (!at || !bounds || at->type != MLP_DOC_LIST || bounds->type != MLP_DOC_LIST ||
        at->u.count != bounds->u.count) {
        mlp_gx_fault(g, ranges, "quantile_ranges: expected as many quantiles as value_ranges");
        return;
    }
    const struct mlp_node *b = bounds->child;
    for (const struct mlp_node *q = at->child; q; q = q->next, b = b->next) {
        const struct mlp_node *low = mlp_node_at(b, 0), *high = mlp_node_at(b, 1);
        struct mlp_node *one = mlp_import_push(g->out, list, mlp_doc_new(g->out, MLP_DOC_MAP));
        mlp_import_place(one, q);
        put(g, one, "at", q);
        if (low && low->type != MLP_DOC_NULL)
            put(g, one, "min", low);
        if (high && high->type != MLP_DOC_NULL)
            put(g, one, "max", high);
    }
}

static void put_if(struct mlp_gx *g, struct mlp_node *map, const char *key,
                   const struct mlp_node *n)
{
    if (n && n->type != MLP_DOC_NULL)
        put(g, map, key, n);
}

static struct mlp_node *put_partition(struct mlp_gx *g, const char *key)
{
    const struct mlp_node *x = need(g, "partition_object"), *bins = mlp_node_get(x, "bins");
    put_column(g);
    if (bins)
        put_number_type(g);
    struct mlp_node *map = put_map(g, key);
    if (bins)
        put(g, map, "edges", bins);
    else
        put_if(g, map, "values", mlp_node_get(x, "values"));
    put_if(g, map, "weights", mlp_node_get(x, "weights"));
    put_if(g, map, "tails", mlp_node_get(x, "tail_weights"));
    put_if(g, map, "tail_holdout", mlp_gx_kwarg(g, "tail_weight_holdout"));
    put_if(g, map, "internal_holdout", mlp_gx_kwarg(g, "internal_weight_holdout"));
    return map;
}

static void read_kl(struct mlp_gx *g)
{
    struct mlp_node *map = put_partition(g, "kl");
    put_if(g, map, "max", mlp_gx_kwarg(g, "threshold"));
}

static void read_chi_square(struct mlp_gx *g)
{
    struct mlp_node *map = put_partition(g, "chi_square");
    put_if(g, map, "p", mlp_gx_kwarg(g, "p"));
}

/* The names that GX gives the parameters, in scipy's order; loc is 0 and scale 1 by default. */
static void put_params(struct mlp_gx *g, struct mlp_node *list, const struct mlp_node *params,
                       struct mlp_str law)
{
    static const char *const names[][5] = {
        {"norm", "mean", "std_dev", NULL},       {"beta", "alpha", "beta", "loc", "scale"},
        {"gamma", "alpha", "loc", "scale", NULL}, {"uniform", "min", "max", NULL},
        {"chi2", "df", "loc", "scale", NULL},    {"expon", "loc", "scale", NULL},
    };
    size_t i = 0;
    while (i < 6 && !mlp_str_is(law, names[i][0]))
        i++;
    for (size_t k = 1; i < 6 && k < 5 && names[i][k]; k++) {
        const struct mlp_node *n = mlp_node_get(params, names[i][k]);
        bool loc = strcmp(names[i][k], "loc") == 0, scale = strcmp(names[i][k], "scale") == 0;
        if (n)
            mlp_import_push(g->out, list, mlp_import_copy(g->out, n));
        else if (loc || scale)
            mlp_import_push(g->out, list, mlp_import_num(g->out, scale));
        else
            mlp_gx_fault(g, params, "params: %s is needed", names[i][k]);
    }
}

static void read_ks(struct mlp_gx *g)
{
    const struct mlp_node *law = need(g, "distribution"), *params = need(g, "params");
    put_column(g);
    put_number_type(g);
    struct mlp_node *map = put_map(g, "ks");
    if (!law || !params)
        return;
    put(g, map, "law", law);
    if (params->type == MLP_DOC_LIST)
        put(g, map, "params", params);
    else
        put_params(g, mlp_import_put(g->out, map, "params", mlp_doc_new(g->out, MLP_DOC_LIST),
                                     params), params, law->text);
    put_if(g, map, "p", mlp_gx_kwarg(g, "p_value"));
}

/* ---- the table */

static void read_rows(struct mlp_gx *g)
{
    put_ends(g, "rows");
}

static void read_row_count(struct mlp_gx *g)
{
    put(g, g->check, "rows", need(g, "value"));
}

static void read_column_counts(struct mlp_gx *g)
{
    put_text(g, "header", "count");
    put_ends(g, "is");
}

static void read_column_count(struct mlp_gx *g)
{
    put_text(g, "header", "count");
    put(g, g->check, "is", need(g, "value"));
}

static void read_ordered(struct mlp_gx *g)
{
    const struct mlp_node *list = need_list(g, "column_list");
    put_text(g, "header", "ordered");
    put(g, g->check, "names", list);
}

/* exact_match is true unless it says no; no set is an empty one. */
static void read_column_set(struct mlp_gx *g)
{
    const struct mlp_node *list = mlp_gx_kwarg(g, "column_set");
    const struct mlp_node *exact = mlp_gx_kwarg(g, "exact_match");
    put_text(g, "header", mlp_node_bool(exact, true) ? "exact" : "superset");
    if (list)
        put(g, g->check, "names", list);
    else
        put_list(g, "names");
}

static void read_exists(struct mlp_gx *g)
{
    const struct mlp_node *n = need(g, "column");
    put_text(g, "header", "has");
    struct mlp_node *list = put_list(g, "names");
    if (n)
        mlp_import_push(g->out, list, mlp_import_place(mlp_doc_new_str(g->out, n->text), n));
    put_if(g, g->check, "at", mlp_gx_kwarg(g, "column_index"));
}

#define ENDS "column min_value max_value strict_min strict_max"
#define PAIR "column_A column_B ignore_row_if"
#define LIST "column_list ignore_row_if"
#define NO_CODE "custom SQL and code cannot be checked here; say it as `expect` in native rules"

static const struct mlp_gx_kind kinds[] = {
    {"expect_column_bootstrapped_ks_test_p_value_to_be_greater_than", "", NULL,
     "its answer is drawn at random; say it with `ks` against a law in native rules"},
    {"expect_column_chisquare_test_p_value_to_be_greater_than",
     "column partition_object p tail_weight_holdout", read_chi_square, NULL},
    {"expect_column_distinct_values_to_be_in_set", "column value_set", read_distinct_in, NULL},
    {"expect_column_distinct_values_to_contain_set", "column value_set", read_distinct_contains,
     NULL},
    {"expect_column_distinct_values_to_equal_set", "column value_set", read_distinct_equals, NULL},
    {"expect_column_kl_divergence_to_be_less_than",
     "column partition_object threshold tail_weight_holdout internal_weight_holdout", read_kl,
     NULL},
    {"expect_column_max_to_be_between", ENDS " parse_strings_as_datetimes", read_max, NULL},
    {"expect_column_mean_to_be_between", ENDS, read_mean, NULL},
    {"expect_column_median_to_be_between", ENDS, read_median, NULL},
    {"expect_column_min_to_be_between", ENDS " parse_strings_as_datetimes", read_min, NULL},
    {"expect_column_most_common_value_to_be_in_set", "column value_set ties_okay",
     read_most_common, NULL},
    {"expect_column_pair_cramers_phi_value_to_be_less_than",
     PAIR " threshold bins_A bins_B n_bins_A n_bins_B", read_phi, NULL},
    {"expect_column_pair_values_a_to_be_greater_than_b", PAIR " or_equal", read_pair_greater,
     NULL},
    {"expect_column_pair_values_to_be_equal", PAIR, read_pair_equal, NULL},
    {"expect_column_pair_values_to_be_in_set", PAIR " value_pairs_set", read_pair_set, NULL},
    {"expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than",
     "column distribution params p_value", read_ks, NULL},
    {"expect_column_proportion_of_unique_values_to_be_between", ENDS, read_distinct_share, NULL},
    {"expect_column_quantile_values_to_be_between", "column quantile_ranges allow_relative_error",
     read_quantiles, NULL},
    {"expect_column_stdev_to_be_between", ENDS, read_stdev, NULL},
    {"expect_column_sum_to_be_between", ENDS, read_sum, NULL},
    {"expect_column_to_exist", "column column_index", read_exists, NULL},
    {"expect_column_unique_value_count_to_be_between", ENDS, read_distinct_count, NULL},
    {"expect_column_value_lengths_to_be_between", ENDS, read_lengths, NULL},
    {"expect_column_value_lengths_to_equal", "column value", read_length, NULL},
    {"expect_column_value_z_scores_to_be_less_than", "column threshold double_sided",
     read_zscores, NULL},
    {"expect_column_values_to_be_between", ENDS " parse_strings_as_datetimes", read_between, NULL},
    {"expect_column_values_to_be_dateutil_parseable", "column", read_dateutil, NULL},
    {"expect_column_values_to_be_decreasing", "column strictly parse_strings_as_datetimes",
     read_decreasing, NULL},
    {"expect_column_values_to_be_in_set", "column value_set", read_in_set, NULL},
    {"expect_column_values_to_be_in_type_list", "column type_list", read_type_list, NULL},
    {"expect_column_values_to_be_increasing", "column strictly parse_strings_as_datetimes",
     read_increasing, NULL},
    {"expect_column_values_to_be_json_parseable", "column", read_json, NULL},
    {"expect_column_values_to_be_null", "column", read_null, NULL},
    {"expect_column_values_to_be_of_type", "column type_", read_type, NULL},
    {"expect_column_values_to_be_unique", "column", read_unique, NULL},
    {"expect_column_values_to_match_json_schema", "column json_schema", read_json_schema, NULL},
    {"expect_column_values_to_match_like_pattern", "column like_pattern", read_like, NULL},
    {"expect_column_values_to_match_like_pattern_list", "column like_pattern_list match_on",
     read_like_list, NULL},
    {"expect_column_values_to_match_regex", "column regex", read_regex, NULL},
    {"expect_column_values_to_match_regex_list", "column regex_list match_on", read_regex_list,
     NULL},
    {"expect_column_values_to_match_strftime_format", "column strftime_format", read_strftime,
     NULL},
    {"expect_column_values_to_not_be_in_set", "column value_set", read_not_in_set, NULL},
    {"expect_column_values_to_not_be_null", "column", read_not_null, NULL},
    {"expect_column_values_to_not_match_like_pattern", "column like_pattern", read_not_like, NULL},
    {"expect_column_values_to_not_match_like_pattern_list", "column like_pattern_list",
     read_not_like_list, NULL},
    {"expect_column_values_to_not_match_regex", "column regex", read_not_regex, NULL},
    {"expect_column_values_to_not_match_regex_list", "column regex_list", read_not_regex_list,
     NULL},
    {"expect_compound_columns_to_be_unique", LIST, read_compound, NULL},
    {"expect_multicolumn_sum_to_equal", LIST " sum_total", read_row_sum, NULL},
    {"expect_multicolumn_values_to_be_unique", LIST, read_within, NULL},
    {"expect_query_results_to_match_comparison", "", NULL, NO_CODE},
    {"expect_select_column_values_to_be_unique_within_record", LIST, read_within, NULL},
    {"expect_table_column_count_to_be_between", "min_value max_value", read_column_counts, NULL},
    {"expect_table_column_count_to_equal", "value", read_column_count, NULL},
    {"expect_table_columns_to_match_ordered_list", "column_list", read_ordered, NULL},
    {"expect_table_columns_to_match_set", "column_set exact_match", read_column_set, NULL},
    {"expect_table_row_count_to_be_between", "min_value max_value strict_min strict_max",
     read_rows, NULL},
    {"expect_table_row_count_to_equal", "value", read_row_count, NULL},
    {"expect_table_row_count_to_equal_other_table", "", NULL,
     "there is one table here, and no other"},
    {"unexpected_rows_expectation", "", NULL, NO_CODE},
};

const struct mlp_gx_kind *mlp_gx_kind_find(struct mlp_str type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (mlp_str_is(type, kinds[i].type))
            return &kinds[i];
    return NULL;
}
