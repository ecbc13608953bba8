/* export_gx.c: native rules as a suite of Great Expectations 1.x: one expectation for each key of a
 * column and for each check. What GX cannot say is left out and told. */
#include "rule/compile.h"
#include "rule/import_gx.h"
#include "text/num.h"

/* The suite being built, and the column or check at hand. */
struct suite {
    struct mlp_doc d;
    struct mlp_node *list;
    struct mlp_import_notes *notes;
    const struct mlp_node *map;   /* rules of a column, or a check */
    struct mlp_str column;        /* empty for a check about several */
    struct mlp_node *kwargs;      /* of the expectation at hand */
};

static struct mlp_node *put(struct suite *s, const char *key, const struct mlp_node *value)
{
    return mlp_import_put(&s->d, s->kwargs, key, mlp_import_copy(&s->d, value), NULL);
}

static void put_text(struct suite *s, const char *key, const char *value)
{
    mlp_import_put(&s->d, s->kwargs, key, mlp_doc_new_text(&s->d, value), NULL);
}

static void put_flag(struct suite *s, const char *key, bool value)
{
    if (value)
        mlp_import_put(&s->d, s->kwargs, key, mlp_doc_new_bool(&s->d, true), NULL);
}

/* A share such as 99% is 0.99 there. */
static struct mlp_node *share_of(struct suite *s, const struct mlp_node *n)
{
    double v = 0;
    mlp_make_share(n, &v);
    return mlp_import_num(&s->d, v);
}

/* ---- conditions */

/* What the two languages have in common: comparisons with and, or, not and parentheses. */
static bool is_plain(struct mlp_str when)
{
    static const char *const own[] = {" is ", "match ", "(", "now", NULL};
    for (size_t i = 0; own[i]; i++)
        if (memmem(when.p, when.n, own[i], strlen(own[i])))
            return false;
    return true;
}

/* False when the rows that a rule is about cannot be said: the rule is left out. */
static bool put_when(struct suite *s)
{
    const struct mlp_node *when = mlp_node_get(s->map, "when");
    const struct mlp_node *was = mlp_node_path(s->map, "meta", "kwargs", "row_condition", NULL);
    if (!when)
        return true;
    if (!was && !is_plain(when->text)) {
        mlp_import_note(s->notes, when, "left out: GX cannot say when: %.*s",
                        MLP_STR_ARG(when->text));
        return false;
    }
    put(s, "row_condition", was ? was : when);
    put_text(s, "condition_parser", "pandas");
    return true;
}

/* ---- expectations */

/* Expectations on rows; others know no such kwarg. */
static bool takes_mostly(const struct mlp_node *type)
{
    static const char *const on_rows[] = {"expect_column_values_", "expect_column_value_",
                                          "expect_column_pair_values_", "expect_multicolumn_",
                                          "expect_select_", "expect_compound_", NULL};
    for (size_t i = 0; on_rows[i]; i++)
        if (type && mlp_str_starts(type->text, on_rows[i]))
            return true;
    return false;
}

static void put_common(struct suite *s, struct mlp_node *x)
{
    const struct mlp_node *mostly = mlp_node_get(s->map, "mostly");
    struct mlp_str severity = mlp_node_str(mlp_node_get(s->map, "severity"), "error");
    const char *gx = mlp_str_is(severity, "warn")   ? "warning"
                     : mlp_str_is(severity, "info") ? "info"
                                                    : "critical";
    mlp_import_put(&s->d, x, "severity", mlp_doc_new_text(&s->d, gx), NULL);
    mlp_import_put(&s->d, x, "meta", mlp_doc_new(&s->d, MLP_DOC_MAP), NULL);
    if (mostly && takes_mostly(mlp_node_get(x, "type")))
        mlp_import_put(&s->d, s->kwargs, "mostly", share_of(s, mostly), NULL);
}

/* Starts an expectation; its kwargs are s->kwargs. False when it is left out. */
static bool start(struct suite *s, const char *type)
{
    struct mlp_node *x = mlp_doc_new(&s->d, MLP_DOC_MAP);
    s->kwargs = mlp_doc_new(&s->d, MLP_DOC_MAP);
    if (s->column.n)
        mlp_import_put(&s->d, s->kwargs, "column", mlp_doc_new_str(&s->d, s->column), NULL);
    if (!put_when(s))
        return false;
    mlp_import_push(&s->d, s->list, x);
    mlp_import_put(&s->d, x, "type", mlp_doc_new_text(&s->d, type), NULL);
    mlp_import_put(&s->d, x, "kwargs", s->kwargs, NULL);
    put_common(s, x);
    return true;
}

static void put_end(struct suite *s, const char *key, const struct mlp_node *n)
{
    if (!n || n->type == MLP_DOC_NULL)
        return;
    if (n->type == MLP_DOC_TEXT && mlp_str_ends(n->text, "%"))
        mlp_import_put(&s->d, s->kwargs, key, share_of(s, n), NULL);
    else
        put(s, key, n);
}

/* An interval in any of its forms. */
static void put_ends(struct suite *s, const struct mlp_node *n)
{
    const struct mlp_node *above = mlp_node_get(n, "above"), *below = mlp_node_get(n, "below");
    const struct mlp_node *low = n, *high = n;
    if (n->type == MLP_DOC_MAP) {
        low = above ? above : mlp_node_get(n, "min");
        high = below ? below : mlp_node_get(n, "max");
    } else if (n->type == MLP_DOC_LIST) {
        low = mlp_node_at(n, 0);
        high = mlp_node_at(n, 1);
    }
    put_end(s, "min_value", low);
    put_end(s, "max_value", high);
    put_flag(s, "strict_min", above != NULL);
    put_flag(s, "strict_max", below != NULL);
}

/* ---- keys of a column */

static void write_required(struct suite *s, const struct mlp_node *n)
{
    if (n->u.boolean)
        start(s, "expect_column_values_to_not_be_null");
}

static void write_null(struct suite *s, const struct mlp_node *n)
{
    if (n->u.boolean)
        start(s, "expect_column_values_to_be_null");
}

static bool says(const struct suite *s, const char *key)
{
    return mlp_node_get(s->map, key) != NULL;
}

/* One expectation for both bounds, at the first of the keys. */
static void write_bound(struct suite *s, const struct mlp_node *n)
{
    bool lower = mlp_str_is(n->key, "min") || mlp_str_is(n->key, "above");
    const struct mlp_node *above = mlp_node_get(s->map, "above");
    const struct mlp_node *below = mlp_node_get(s->map, "below");
    if (!lower && (says(s, "min") || above))
        return;
    if (start(s, "expect_column_values_to_be_between")) {
        put_end(s, "min_value", above ? above : mlp_node_get(s->map, "min"));
        put_end(s, "max_value", below ? below : mlp_node_get(s->map, "max"));
        put_flag(s, "strict_min", above != NULL);
        put_flag(s, "strict_max", below != NULL);
    }
}

/* Types that pandas could give a column whose values are of a native type. */
static void write_type(struct suite *s, const struct mlp_node *n)
{
    static const char *const types[][5] = {{"int", "int64", NULL},
                                           {"float", "float64", "int64", NULL},
                                           {"number", "float64", "int64", "bool", NULL},
                                           {"bool", "bool", NULL}};
    if (says(s, "unfit") || mlp_str_is(n->text, "any") || mlp_str_is(n->text, "string"))
        return;
    for (size_t i = 0; i < 4; i++) {
        if (!mlp_str_is(n->text, types[i][0]) ||
            !start(s, "expect_column_values_to_be_in_type_list"))
            continue;
        struct mlp_node *list = mlp_import_put(&s->d, s->kwargs, "type_list",
                                               mlp_doc_new(&s->d, MLP_DOC_LIST), NULL);
        for (size_t k = 1; types[i][k]; k++)
            mlp_import_push(&s->d, list, mlp_doc_new_text(&s->d, types[i][k]));
        return;
    }
    if (mlp_str_is(n->text, "date") && start(s, "expect_column_values_to_match_strftime_format"))
        put_text(s, "strftime_format", "%Y-%m-%d");
    else if (start(s, "expect_column_values_to_be_dateutil_parseable"))
        mlp_import_note(s->notes, n, "datetime: GX takes whatever dateutil takes");
}

static void write_format(struct suite *s, const struct mlp_node *n)
{
    if (mlp_str_find(n->text, '%') < n->text.n) {
        if (start(s, "expect_column_values_to_match_strftime_format"))
            put(s, "strftime_format", n);
    } else if (mlp_str_is(n->text, "json")) {
        start(s, "expect_column_values_to_be_json_parseable");
    } else if (mlp_str_is(n->text, "dateutil")) {
        start(s, "expect_column_values_to_be_dateutil_parseable");
    } else {
        mlp_import_note(s->notes, n, "left out: GX has no format %.*s", MLP_STR_ARG(n->text));
    }
}

static void write_order(struct suite *s, const struct mlp_node *n)
{
    bool down = memmem(n->text.p, n->text.n, "decreasing", 10) != NULL;
    if (start(s, down ? "expect_column_values_to_be_decreasing"
                      : "expect_column_values_to_be_increasing"))
        put_flag(s, "strictly", mlp_str_starts(n->text, "strictly"));
}

static void write_unique(struct suite *s, const struct mlp_node *n)
{
    if (!mlp_str_is(n->text, "all"))
        mlp_import_note(s->notes, n, "unique: GX rejects the first copy as well");
    start(s, "expect_column_values_to_be_unique");
}

static void write_missing(struct suite *s, const struct mlp_node *n)
{
    const struct mlp_node *max = mlp_node_get(n, "max");
    double share = 0;
    if (!max || mlp_node_get(n, "min") || !mlp_make_share(max, &share)) {
        mlp_import_note(s->notes, n, "left out: GX can only say how much may be missing");
        return;
    }
    if (start(s, "expect_column_values_to_not_be_null") && !says(s, "mostly"))
        mlp_import_put(&s->d, s->kwargs, "mostly", mlp_import_num(&s->d, 1 - share), NULL);
}

static void write_most_common(struct suite *s, const struct mlp_node *n)
{
    const struct mlp_node *in = n->type == MLP_DOC_LIST ? n : mlp_node_get(n, "in");
    if (!start(s, "expect_column_most_common_value_to_be_in_set"))
        return;
    put(s, "value_set", in);
    put_flag(s, "ties_okay", mlp_node_bool(mlp_node_get(n, "ties"), false));
}

static void push_range(struct suite *s, struct mlp_node *ranges, const struct mlp_node *low,
                       const struct mlp_node *high)
{
    struct mlp_node *pair = mlp_import_push(&s->d, ranges, mlp_doc_new(&s->d, MLP_DOC_LIST));
    mlp_import_push(&s->d, pair, low ? mlp_import_copy(&s->d, low)
                                     : mlp_doc_new(&s->d, MLP_DOC_NULL));
    mlp_import_push(&s->d, pair, high ? mlp_import_copy(&s->d, high)
                                      : mlp_doc_new(&s->d, MLP_DOC_NULL));
}

/* Both forms: {0.5: [1, 3]} and [{at: 0.5, min: 1}]. */
static void write_quantiles(struct suite *s, const struct mlp_node *n)
{
    if (!start(s, "expect_column_quantile_values_to_be_between"))
        return;
    struct mlp_node *all = mlp_import_put(&s->d, s->kwargs, "quantile_ranges",
                                          mlp_doc_new(&s->d, MLP_DOC_MAP), NULL);
    struct mlp_node *at = mlp_import_section(&s->d, all, "quantiles", MLP_DOC_LIST);
    struct mlp_node *ranges = mlp_import_section(&s->d, all, "value_ranges", MLP_DOC_LIST);
    for (const struct mlp_node *q = n->child; q; q = q->next) {
        double v = 0;
        bool list = q->type == MLP_DOC_LIST, map = q->type == MLP_DOC_MAP;
        if (n->type == MLP_DOC_MAP && !mlp_num_f64(q->key, &v))
            continue;
        v = n->type == MLP_DOC_MAP ? v : mlp_node_num(mlp_node_get(q, "at"), 0);
        mlp_import_push(&s->d, at, mlp_import_num(&s->d, v));
        push_range(s, ranges, map ? mlp_node_get(q, "min") : list ? mlp_node_at(q, 0) : q,
                   map ? mlp_node_get(q, "max") : list ? mlp_node_at(q, 1) : q);
    }
}

static void write_partition(struct suite *s, const struct mlp_node *n)
{
    static const char *const parts[][2] = {{"edges", "bins"}, {"values", "values"},
                                           {"weights", "weights"}, {"tails", "tail_weights"}};
    bool kl = mlp_str_is(n->key, "kl");
    const struct mlp_node *tail = mlp_node_get(n, "tail_holdout");
    const struct mlp_node *internal = mlp_node_get(n, "internal_holdout");
    const struct mlp_node *bound = mlp_node_get(n, kl ? "max" : "p");
    if (!start(s, kl ? "expect_column_kl_divergence_to_be_less_than"
                     : "expect_column_chisquare_test_p_value_to_be_greater_than"))
        return;
    struct mlp_node *p = mlp_import_section(&s->d, s->kwargs, "partition_object", MLP_DOC_MAP);
    for (size_t i = 0; i < 4; i++)
        if (mlp_node_get(n, parts[i][0]))
            mlp_import_put(&s->d, p, parts[i][1],
                           mlp_import_copy(&s->d, mlp_node_get(n, parts[i][0])), NULL);
    put_end(s, "tail_weight_holdout", tail);
    put_end(s, "internal_weight_holdout", internal);
    put_end(s, kl ? "threshold" : "p", bound);
}

static void write_ks(struct suite *s, const struct mlp_node *n)
{
    if (!start(s, "expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than"))
        return;
    put(s, "distribution", mlp_node_get(n, "law"));
    put(s, "params", mlp_node_get(n, "params"));
    put_end(s, "p_value", mlp_node_get(n, "p"));
}

/* Keys whose value goes to one kwarg, as it is or as an interval. */
static const struct {
    const char *key, *type, *kwarg; /* kwarg NULL: an interval */
    const char *list_type, *list_kwarg; /* for a list */
} plain[] = {
    {"between", "expect_column_values_to_be_between", NULL, NULL, NULL},
    {"length", "expect_column_value_lengths_to_be_between", NULL, NULL, NULL},
    {"mean", "expect_column_mean_to_be_between", NULL, NULL, NULL},
    {"stdev", "expect_column_stdev_to_be_between", NULL, NULL, NULL},
    {"sum", "expect_column_sum_to_be_between", NULL, NULL, NULL},
    {"median", "expect_column_median_to_be_between", NULL, NULL, NULL},
    {"least", "expect_column_min_to_be_between", NULL, NULL, NULL},
    {"greatest", "expect_column_max_to_be_between", NULL, NULL, NULL},
    {"distinct", "expect_column_unique_value_count_to_be_between", NULL, NULL, NULL},
    {"distinct_share", "expect_column_proportion_of_unique_values_to_be_between", NULL, NULL,
     NULL},
    {"in", "expect_column_values_to_be_in_set", "value_set", NULL, NULL},
    {"not_in", "expect_column_values_to_not_be_in_set", "value_set", NULL, NULL},
    {"distinct_in", "expect_column_distinct_values_to_be_in_set", "value_set", NULL, NULL},
    {"distinct_contains", "expect_column_distinct_values_to_contain_set", "value_set", NULL, NULL},
    {"distinct_equals", "expect_column_distinct_values_to_equal_set", "value_set", NULL, NULL},
    {"match", "expect_column_values_to_match_regex", "regex",
     "expect_column_values_to_match_regex_list", "regex_list"},
    {"match_all", "expect_column_values_to_match_regex", "regex",
     "expect_column_values_to_match_regex_list", "regex_list"},
    {"not_match", "expect_column_values_to_not_match_regex", "regex",
     "expect_column_values_to_not_match_regex_list", "regex_list"},
    {"like", "expect_column_values_to_match_like_pattern", "like_pattern",
     "expect_column_values_to_match_like_pattern_list", "like_pattern_list"},
    {"like_all", "expect_column_values_to_match_like_pattern", "like_pattern",
     "expect_column_values_to_match_like_pattern_list", "like_pattern_list"},
    {"not_like", "expect_column_values_to_not_match_like_pattern", "like_pattern",
     "expect_column_values_to_not_match_like_pattern_list", "like_pattern_list"},
    {"dtype", "expect_column_values_to_be_of_type", "type_",
     "expect_column_values_to_be_in_type_list", "type_list"},
    {"json_schema", "expect_column_values_to_match_json_schema", "json_schema", NULL, NULL},
};

static bool write_plain(struct suite *s, const struct mlp_node *n)
{
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        bool list = n->type == MLP_DOC_LIST && plain[i].list_type;
        if (!mlp_str_is(n->key, plain[i].key))
            continue;
        if (!start(s, list ? plain[i].list_type : plain[i].type))
            return true;
        if (plain[i].kwarg)
            put(s, list ? plain[i].list_kwarg : plain[i].kwarg, n);
        else
            put_ends(s, n);
        if (list && mlp_str_ends(n->key, "_all"))
            put_text(s, "match_on", "all");
        return true;
    }
    return false;
}

static const struct {
    const char *key;
    void (*write)(struct suite *s, const struct mlp_node *n); /* NULL: nothing to say */
} keys[] = {
    {"required", write_required}, {"null", write_null},       {"min", write_bound},
    {"max", write_bound},         {"above", write_bound},     {"below", write_bound},
    {"type", write_type},         {"format", write_format},   {"order", write_order},
    {"unique", write_unique},     {"missing", write_missing}, {"most_common", write_most_common},
    {"quantile", write_quantiles}, {"quantiles", write_quantiles}, {"kl", write_partition},
    {"chi_square", write_partition}, {"ks", write_ks},
    {"mostly", NULL},  {"severity", NULL}, {"unfit", NULL}, {"numbers", NULL}, {"name", NULL},
    {"column", NULL},  {"when", NULL},     {"meta", NULL},  {"description", NULL},
};


static void write_column(struct suite *s, const struct mlp_node *map)
{
    s->map = map;
    for (const struct mlp_node *n = map->child; n; n = n->next) {
        size_t i = 0;
        if (write_plain(s, n))
            continue;
        while (i < sizeof keys / sizeof *keys && !mlp_str_is(n->key, keys[i].key))
            i++;
        if (i == sizeof keys / sizeof *keys)
            mlp_import_note(s->notes, n, "left out: GX cannot say %.*s", MLP_STR_ARG(n->key));
        else if (keys[i].write)
            keys[i].write(s, n);
    }
}

/* ---- checks about several columns, and about the table */

static void put_pair(struct suite *s, const struct mlp_node *columns, bool swapped)
{
    put(s, swapped ? "column_B" : "column_A", mlp_node_at(columns, 0));
    put(s, swapped ? "column_A" : "column_B", mlp_node_at(columns, 1));
}

static void put_skip(struct suite *s, bool pair)
{
    struct mlp_str skip = mlp_node_str(mlp_node_get(s->map, "skip"), "all");
    if (mlp_str_is(skip, "all"))
        put_text(s, "ignore_row_if", pair ? "both_values_are_missing" : "all_values_are_missing");
    else if (mlp_str_is(skip, "any"))
        put_text(s, "ignore_row_if", pair ? "either_value_is_missing" : "any_value_is_missing");
    else
        put_text(s, "ignore_row_if", pair ? "neither" : "never");
}

static void write_compare(struct suite *s, const struct mlp_node *columns,
                          const struct mlp_node *op)
{
    char sign = op->text.n ? op->text.p[0] : '\0';
    if (sign == '!') {
        mlp_import_note(s->notes, op, "left out: GX cannot say that two columns differ");
        return;
    }
    if (!start(s, sign == '=' ? "expect_column_pair_values_to_be_equal"
                              : "expect_column_pair_values_a_to_be_greater_than_b"))
        return;
    put_pair(s, columns, sign == '<');
    put_skip(s, true);
    put_flag(s, "or_equal", sign != '=' && op->text.n == 2);
}

static void write_row_unique(struct suite *s, const struct mlp_node *columns, bool within)
{
    if (columns->u.count == 1 && !within) {
        s->column = columns->child->text;
        start(s, "expect_column_values_to_be_unique");
        s->column = (struct mlp_str){NULL, 0};
    } else if (start(s, within ? "expect_select_column_values_to_be_unique_within_record"
                               : "expect_compound_columns_to_be_unique")) {
        put(s, "column_list", columns);
        put_skip(s, false);
    }
}

static void write_zscore(struct suite *s, const struct mlp_node *columns, const struct mlp_node *n)
{
    s->column = columns->child->text;
    if (start(s, "expect_column_value_z_scores_to_be_less_than")) {
        put(s, "threshold", mlp_node_get(n, "max"));
        mlp_import_put(&s->d, s->kwargs, "double_sided",
                       mlp_doc_new_bool(&s->d, !mlp_str_is(mlp_node_str(mlp_node_get(n, "sided"),
                                                                        "two"), "one")), NULL);
    }
    s->column = (struct mlp_str){NULL, 0};
}

static void write_phi(struct suite *s, const struct mlp_node *columns, const struct mlp_node *n)
{
    const struct mlp_node *bins = mlp_node_get(n, "bins"), *max = mlp_node_get(n, "max");
    if (!start(s, "expect_column_pair_cramers_phi_value_to_be_less_than"))
        return;
    put_pair(s, columns, false);
    put_end(s, "threshold", max ? max : mlp_node_get(n, "below"));
    for (size_t k = 0; bins && k < 2; k++) {
        const struct mlp_node *of = mlp_node_at(bins, k);
        bool list = of && of->type == MLP_DOC_LIST;
        put_end(s, list ? k ? "bins_B" : "bins_A" : k ? "n_bins_B" : "n_bins_A", of);
    }
}

static void write_columns_check(struct suite *s, const struct mlp_node *columns)
{
    const struct mlp_node *compare = mlp_node_get(s->map, "compare");
    const struct mlp_node *rows = mlp_node_get(s->map, "rows_in");
    const struct mlp_node *unique = mlp_node_get(s->map, "unique");
    const struct mlp_node *sum = mlp_node_get(s->map, "sum");
    const struct mlp_node *zscore = mlp_node_get(s->map, "zscore");
    const struct mlp_node *phi = mlp_node_get(s->map, "cramers_phi");
    if (compare) {
        write_compare(s, columns, compare);
    } else if (unique) {
        write_row_unique(s, columns, mlp_str_is(unique->text, "within"));
    } else if (zscore) {
        write_zscore(s, columns, zscore);
    } else if (phi) {
        write_phi(s, columns, phi);
    } else if (sum && start(s, "expect_multicolumn_sum_to_equal")) {
        put(s, "column_list", columns);
        put(s, "sum_total", sum);
        put_skip(s, false);
    } else if (rows && columns->u.count == 2 &&
               start(s, "expect_column_pair_values_to_be_in_set")) {
        put_pair(s, columns, false);
        put(s, "value_pairs_set", rows);
        put_skip(s, true);
    } else {
        mlp_import_note(s->notes, s->map, "left out: GX cannot say this check");
    }
}

static void write_header(struct suite *s, struct mlp_str kind)
{
    const struct mlp_node *names = mlp_node_get(s->map, "names"), *at = mlp_node_get(s->map, "at");
    if (mlp_str_is(kind, "count")) {
        if (start(s, "expect_table_column_count_to_be_between"))
            put_ends(s, mlp_node_get(s->map, "is"));
    } else if (mlp_str_is(kind, "ordered")) {
        if (start(s, "expect_table_columns_to_match_ordered_list"))
            put(s, "column_list", names);
    } else if (mlp_str_is(kind, "has")) {
        for (const struct mlp_node *n = names->child; n; n = n->next) {
            s->column = n->text;
            if (start(s, "expect_column_to_exist"))
                put_end(s, "column_index", at);
        }
        s->column = (struct mlp_str){NULL, 0};
    } else if (start(s, "expect_table_columns_to_match_set")) {
        put(s, "column_set", names);
        mlp_import_put(&s->d, s->kwargs, "exact_match",
                       mlp_doc_new_bool(&s->d, mlp_str_is(kind, "exact")), NULL);
    }
}

static void write_rows(struct suite *s, const struct mlp_node *n)
{
    if (start(s, "expect_table_row_count_to_be_between"))
        put_ends(s, n);
}

static void write_check(struct suite *s, const struct mlp_node *check)
{
    const struct mlp_node *column = mlp_node_get(check, "column");
    s->map = check;
    s->column = (struct mlp_str){NULL, 0};
    if (mlp_node_get(check, "columns")) {
        write_columns_check(s, mlp_node_get(check, "columns"));
    } else if (mlp_node_get(check, "header")) {
        write_header(s, mlp_node_str(mlp_node_get(check, "header"), ""));
    } else if (mlp_node_get(check, "rows")) {
        write_rows(s, mlp_node_get(check, "rows"));
    } else if (column) {
        s->column = column->text;
        write_column(s, check);
    } else {
        mlp_import_note(s->notes, check, "left out: GX has no row expressions");
    }
    s->column = (struct mlp_str){NULL, 0};
}

/* keys: [[a, b]] */
static void write_keys(struct suite *s, const struct mlp_node *list)
{
    static const struct mlp_node none = {.type = MLP_DOC_MAP};
    for (const struct mlp_node *k = list ? list->child : NULL; k; k = k->next) {
        s->map = &none;
        mlp_import_note(s->notes, k, "keys: GX rejects the first copy as well");
        write_row_unique(s, k, false);
    }
}

static void write_suite(struct suite *s, const struct mlp_node *root)
{
    static const char *const silent[] = {"rejects", "model", NULL};
    const struct mlp_node *columns = mlp_node_get(root, "columns");
    const struct mlp_node *checks = mlp_node_get(root, "checks");
    const struct mlp_node *rows = mlp_node_get(root, "rows");
    const struct mlp_node *mode = mlp_node_path(root, "input", "columns", NULL);
    static const struct mlp_node none = {.type = MLP_DOC_MAP};
    s->map = &none;
    if (rows)
        write_rows(s, rows);
    for (const struct mlp_node *c = columns ? columns->child : NULL; c; c = c->next) {
        s->column = c->key;
        write_column(s, c);
    }
    s->column = (struct mlp_str){NULL, 0};
    write_keys(s, mlp_node_get(root, "keys"));
    for (const struct mlp_node *c = checks ? checks->child : NULL; c; c = c->next)
        write_check(s, c);
    for (size_t i = 0; silent[i]; i++)
        if (mlp_node_get(root, silent[i]))
            mlp_import_note(s->notes, mlp_node_get(root, silent[i]), "left out: GX has no %s",
                            silent[i]);
    if (mode)
        mlp_import_note(s->notes, mode, "left out: say which columns there may be as a check of "
                                        "the header");
}

enum mlp_code mlp_export_gx(const struct mlp_doc *native, struct mlp_buf *out,
                            struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct suite s = {.notes = notes};
    mlp_doc_init(&s.d, native->source, MLP_RULES_BYTES * 8);
    struct mlp_node *root = s.d.root = mlp_doc_new(&s.d, MLP_DOC_MAP);
    mlp_import_put(&s.d, root, "name", mlp_doc_new_text(&s.d, "rules"), NULL);
    s.list = mlp_import_section(&s.d, root, "expectations", MLP_DOC_LIST);
    mlp_import_section(&s.d, root, "meta", MLP_DOC_MAP);
    if (native->root)
        write_suite(&s, native->root);
    enum mlp_code code = mlp_import_done(&s.d, e);
    if (code == MLP_OK) {
        mlp_node_write_json_python(s.d.root, out, 2);
        mlp_buf_addc(out, '\n');
        code = mlp_buf_check(out, e);
    }
    mlp_doc_fini(&s.d);
    return code;
}
