/* keys_wide.c: checks about several columns of a row, and about the table's header. */
#include "rule/wide.h"

#include "rule/compile.h"

#include <math.h>

static struct mlp_wide *new_wide(struct mlp_maker *m, struct mlp_rule *r, enum mlp_wide_op op)
{
    struct mlp_wide *w = r ? mlp_arena_alloc(&m->rules->arena, sizeof *w) : NULL;
    if (r && !w)
        mlp_err_nomem(m->e);
    if (!w)
        return NULL;
    w->op = op;
    w->number = NAN;
    mlp_map_init(&w->pairs, 0, MLP_RULES_BYTES);
    r->wide = w;
    return w;
}

static void add_column(struct mlp_maker *m, struct mlp_rule *r, struct mlp_str name)
{
    struct mlp_str *slot = mlp_make_failed(m) ? NULL : mlp_vec_push(&r->key_columns);
    if (slot)
        *slot = name;
    else if (!mlp_make_failed(m))
        mlp_err_nomem(m->e);
}

void mlp_make_unique_all(struct mlp_maker *m, const struct mlp_node *n)
{
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_WIDE, n);
    if (!new_wide(m, r, MLP_WIDE_UNIQUE))
        return;
    add_column(m, r, m->column);
    r->expected = MLP_STR("a value that no other row has");
}

/* ---- what a check about columns says */

static void read_compare(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">=", NULL};
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_COMPARE);
    if (!w)
        return;
    w->compare = mlp_node_str(n, "");
    bool known = false;
    for (size_t i = 0; ops[i]; i++)
        known = known || mlp_str_is(w->compare, ops[i]);
    if (!known || r->key_columns.n != 2)
        mlp_make_fault(m, n, "one of == != < <= > >= for two columns");
    else
        r->expected = mlp_make_words(m, "the first ", mlp_node_str(n, ""));
}

static void read_pairs(struct mlp_maker *m, const struct mlp_node *list, struct mlp_rule *r)
{
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_PAIRS);
    struct mlp_buf key;
    mlp_buf_init(&key, 1 << 20);
    if (w && list->type != MLP_DOC_LIST)
        mlp_make_fault(m, list, "a list of rows of values, as in [[1, a], [2, b]]");
    for (const struct mlp_node *row = w ? list->child : NULL; row && !mlp_make_failed(m);
         row = row->next) {
        if (row->type != MLP_DOC_LIST || row->u.count != r->key_columns.n)
            mlp_make_fault(m, row, "as many values as there are columns");
        mlp_buf_reset(&key);
        for (const struct mlp_node *v = row->child; v; v = v->next)
            mlp_wide_key(&key, v->type == MLP_DOC_NULL ? (struct mlp_str){NULL, 0} : v->text);
        if (!mlp_make_failed(m) && !mlp_map_put(&w->pairs, mlp_buf_str(&key), NULL))
            mlp_err_nomem(m->e);
    }
    if (r)
        r->expected = MLP_STR("values that are listed together");
    mlp_buf_fini(&key);
}

/* Rows of a table, in the columns that are named. */
static void add_rows(struct mlp_maker *m, struct mlp_table *t, const struct mlp_node *columns,
                     struct mlp_wide *w)
{
    uint64_t *times;
    struct mlp_buf key;
    struct mlp_batch *b;
    mlp_buf_init(&key, 1 << 20);
    while (!mlp_make_failed(m) && mlp_table_next(t, &b, m->e) == MLP_OK && b) {
        for (size_t r = 0; r < b->nrows && !mlp_make_failed(m); r++) {
            mlp_buf_reset(&key);
            for (const struct mlp_node *n = columns->child; n; n = n->next)
                mlp_wide_key(&key, mlp_cell_str(mlp_cell_at(b, r,
                                                            (size_t)mlp_table_find(t, n->text))));
            times = b->bad[r] ? NULL : mlp_map_put(&w->pairs, mlp_buf_str(&key), NULL);
            if (times)
                ++*times;
            else if (!b->bad[r])
                mlp_err_nomem(m->e);
        }
    }
    mlp_buf_fini(&key);
}

/* {file: cities.csv, columns: [name]}: rows of another table, read when the rules are. once: true
 * wants one such row there and no more. */
static void read_file(struct mlp_maker *m, const struct mlp_node *map, struct mlp_rule *r)
{
    static const char *const known[] = {"file", "columns", "once", NULL};
    char path[1024];
    struct mlp_table *t = NULL;
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_PAIRS);
    const struct mlp_node *columns = mlp_node_get(map, "columns");
    if (!w || mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    mlp_str_copy(mlp_node_str(mlp_node_get(map, "file"), ""), path, sizeof path);
    if (!columns || columns->u.count != r->key_columns.n || columns->type != MLP_DOC_LIST)
        mlp_make_fault(m, map, "{file: PATH, columns: [...]} with as many columns as the check");
    else if (mlp_table_open(path, NULL, &t, m->e) != MLP_OK && !m->e->source[0])
        mlp_err_at(m->e, m->rules->doc.source, map->line, map->column);
    for (const struct mlp_node *n = t ? columns->child : NULL; n; n = n->next)
        if (mlp_table_find(t, n->text) < 0)
            mlp_make_fault(m, n, "a column of the file");
    w->once = mlp_node_bool(mlp_node_get(map, "once"), false);
    if (t)
        add_rows(m, t, columns, w);
    mlp_table_close(t);
    r->expected = mlp_make_words(m, "values that are in ", mlp_str_from(path));
}

static void read_unique(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    bool within = mlp_str_is(n->text, "within");
    if (!within && !mlp_str_is(n->text, "all"))
        mlp_make_fault(m, n, "all (no other row has the same values) or within (no value comes "
                             "twice in a row); keys: rejects later copies");
    else if (new_wide(m, r, within ? MLP_WIDE_WITHIN : MLP_WIDE_UNIQUE))
        r->expected = within ? MLP_STR("values that differ within the row")
                             : MLP_STR("values that no other row has");
}

static void read_sum(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_SUM);
    if (!w)
        return;
    w->number = mlp_node_num(n, NAN);
    r->expected = mlp_make_words(m, "a sum of ", n->text);
    if (isnan(w->number))
        mlp_make_fault(m, n, "a number");
}

/* {max: 3} or {max: 3, sided: two}. */
static void read_zscore(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    static const char *const known[] = {"max", "sided", NULL};
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_ZSCORE);
    struct mlp_str sided = mlp_node_str(mlp_node_get(n, "sided"), "two");
    if (!w || mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    w->number = mlp_node_num(mlp_node_get(n, "max"), NAN);
    w->two_sided = mlp_str_is(sided, "two");
    if (isnan(w->number) || (!w->two_sided && !mlp_str_is(sided, "one")) || r->key_columns.n != 1)
        mlp_make_fault(m, n, "{max: NUMBER, sided: one or two}, for one column");
    else
        r->expected = mlp_make_words(m, "standard deviations from the mean below ",
                                     mlp_node_get(n, "max")->text);
}

static void read_bins(struct mlp_maker *m, const struct mlp_node *n, struct mlp_wide_bins *out)
{
    int64_t count = mlp_node_int(n, 0);
    if (!n)
        return;
    if (n->type == MLP_DOC_LIST && n->child && n->u.count <= 1000)
        out->list = n;
    else if (count >= 1 && count <= 1000)
        out->n = (size_t)count;
    else
        mlp_make_fault(m, n, "a number of bins, edges, or lists of values; 1000 at most");
}

/* {below: 0.1, bins: [3, [[a, b], [c]]]}: how much two columns may tell of each other. */
static void read_association(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    static const char *const known[] = {"below", "max", "bins", NULL};
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_ASSOCIATION);
    if (!w || mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    const struct mlp_node *bins = mlp_node_get(n, "bins"), *below = mlp_node_get(n, "below");
    const struct mlp_node *bound = below ? below : mlp_node_get(n, "max");
    r->kind = MLP_RULE_ASSOCIATION;
    r->hi = mlp_node_num(bound, NAN);
    r->open_hi = below != NULL;
    if (isnan(r->hi) || r->key_columns.n != 2) {
        mlp_make_fault(m, n, "{max: NUMBER, bins: [OF THE FIRST, OF THE SECOND]}, for two columns");
        return;
    }
    for (size_t k = 0; k < 2; k++) {
        const struct mlp_node *of = bins ? mlp_node_at(bins, k) : NULL;
        read_bins(m, of && of->type == MLP_DOC_NULL ? NULL : of, &w->bins[k]);
    }
    r->expected = mlp_make_words(m, "Cramer's phi at most ", bound->text);
}

/* A number that is decided at the end. */
static void set_end(struct mlp_maker *m, struct mlp_rule *r, const struct mlp_bounds *b)
{
    r->kind = MLP_RULE_ASSOCIATION;
    r->lo = b->lo;
    r->hi = b->hi;
    r->open_lo = b->open_lo;
    r->open_hi = b->open_hi;
    r->expected = mlp_make_bounds_words(m, b);
}

/* {min: 0.9}: Pearson's coefficient of two columns, or what one tells of the other in nats. */
static void read_correlation(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    struct mlp_bounds b;
    bool mutual = mlp_str_is(n->key, "mutual_information");
    if (!new_wide(m, r, mutual ? MLP_WIDE_MUTUAL : MLP_WIDE_CORRELATION) ||
        !mlp_make_bounds(m, n, false, &b))
        return;
    set_end(m, r, &b);
    if (r->key_columns.n != 2)
        mlp_make_fault(m, n, "two columns, whose figure lies in the interval");
}

/* {max: 1.5}: interquartile ranges beyond the quartiles. */
static void read_quartiles(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    static const char *const known[] = {"max", NULL};
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_QUARTILES);
    if (!w || mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    w->number = mlp_node_num(mlp_node_get(n, "max"), NAN);
    if (!(w->number >= 0) || r->key_columns.n != 1)
        mlp_make_fault(m, n, "{max: NUMBER}, interquartile ranges, for one column");
    else
        r->expected = mlp_make_words(m, "interquartile ranges beyond the quartiles at most ",
                                     mlp_node_get(n, "max")->text);
}

/* determine: label. Rows with the same values in the columns have the same there. */
static void read_determine(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
        mlp_make_fault(m, n, "the name of the column that the columns determine");
    else if (new_wide(m, r, MLP_WIDE_DETERMINES))
        r->expected = mlp_make_words(m, "the columns determine ", n->text);
    add_column(m, r, n->text);
}

/* {groups: [a, b], p: {min: 0.05}} of a number and a group; {mean: 5, p: ...} of a number. */
static void read_means(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r)
{
    static const char *const known[] = {"groups", "mean", "p", NULL};
    struct mlp_wide *w = new_wide(m, r, MLP_WIDE_MEANS);
    const struct mlp_node *groups = mlp_node_get(n, "groups"), *p = mlp_node_get(n, "p");
    struct mlp_bounds b;
    if (!w || mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK)
        return;
    w->number = mlp_node_num(mlp_node_get(n, "mean"), NAN);
    for (size_t i = 0; i < 2 && groups && groups->u.count == 2; i++)
        w->groups[i] = mlp_node_at(groups, i)->text;
    if (!p || !(groups ? w->groups[0].p && r->key_columns.n == 2
                       : !isnan(w->number) && r->key_columns.n == 1)) {
        mlp_make_fault(m, n, "{groups: [A, B], p: {min: 0.05}} for a column of numbers and one of "
                             "groups, or {mean: NUMBER, p: {min: 0.05}} for one");
        return;
    }
    if (!mlp_make_bounds(m, p, false, &b))
        return;
    set_end(m, r, &b);
    r->expected = mlp_make_words(m, "a p-value ", mlp_make_bounds_words(m, &b));
}

static const struct {
    const char *key;
    void (*read)(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule *r);
} wide_keys[] = {
    {"compare", read_compare}, {"rows_in", read_pairs},  {"unique", read_unique},
    {"rows_in_file", read_file},
    {"sum", read_sum},         {"zscore", read_zscore},  {"cramers_phi", read_association},
    {"correlation", read_correlation}, {"mutual_information", read_correlation},
    {"iqr", read_quartiles},   {"determine", read_determine}, {"t_test", read_means},
};

static enum mlp_wide_skip read_skip(struct mlp_maker *m, const struct mlp_node *n)
{
    static const char *const names[] = {"all", "any", "never"};
    for (size_t i = 0; n && i < 3; i++)
        if (mlp_str_is(mlp_node_str(n, ""), names[i]))
            return (enum mlp_wide_skip)i;
    if (n)
        mlp_make_fault(m, n, "all, any or never: the rows with missing values to pass over");
    return MLP_SKIP_ALL;
}

static void read_wide_rule(struct mlp_maker *m, const struct mlp_node *map, struct mlp_rule *r)
{
    for (size_t i = 0; i < sizeof wide_keys / sizeof *wide_keys && !mlp_make_failed(m); i++) {
        const struct mlp_node *n = mlp_node_get(map, wide_keys[i].key);
        if (n && r->wide) {
            mlp_make_fault(m, n, "one rule a check");
        } else if (n) {
            wide_keys[i].read(m, n, r);
            r->name = m->label.n ? m->label : n->key;
        }
    }
    if (!r->wide && !mlp_make_failed(m))
        mlp_make_fault(m, map, "compare, rows_in, unique, sum, zscore, iqr, determine, "
                                "cramers_phi, correlation, mutual_information or t_test");
}

static void read_columns_check(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "when", "columns", "skip", "mostly", "severity",
                                        "description", "meta", "env", "not_env", "only_env",
                                        "compare", "rows_in", "rows_in_file", "unique", "sum",
                                        "zscore",
                                        "cramers_phi", "correlation", "mutual_information", "iqr",
                                        "determine", "t_test", NULL};
    const struct mlp_node *list = mlp_node_get(map, "columns");
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_WIDE, map);
    if (!r)
        return;
    if (list->type != MLP_DOC_LIST || !list->child)
        mlp_make_fault(m, list, "a list of columns");
    for (const struct mlp_node *n = list->child; n && !mlp_make_failed(m); n = n->next)
        add_column(m, r, n->text);
    read_wide_rule(m, map, r);
    if (mlp_make_failed(m))
        return;
    r->wide->skip = read_skip(m, mlp_node_get(map, "skip"));
    r->when = mlp_make_expr(m, map, "when");
}

/* ---- checks about the table */

static void read_names(struct mlp_maker *m, const struct mlp_node *list)
{
    for (const struct mlp_node *n = list->child; n && !mlp_make_failed(m); n = n->next)
        if (n->type == MLP_DOC_MAP || n->type == MLP_DOC_LIST)
            mlp_make_fault(m, n, "the name of a column");
}

/* {header: exact, names: [a, b]}, {header: has, names: [a], at: 0}, {header: count, is: [1, 9]}. */
static void read_header(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "header", "names", "at", "is", "severity",
                                        "description", "meta", "env", "not_env", "only_env", NULL};
    static const char *const kinds[] = {"exact", "ordered", "superset", "has", "known", "match",
                                        "count", NULL};
    const struct mlp_node *kind = mlp_node_get(map, "header"), *is = mlp_node_get(map, "is");
    const struct mlp_node *names = mlp_node_get(map, "names");
    struct mlp_bounds b = {.lo = NAN, .hi = NAN};
    bool is_kind = false, count = mlp_str_is(mlp_node_str(kind, ""), "count");
    if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    for (size_t i = 0; kinds[i]; i++)
        is_kind = is_kind || mlp_str_is(mlp_node_str(kind, ""), kinds[i]);
    if (!is_kind || (count ? !is : !names || names->type != MLP_DOC_LIST)) {
        mlp_make_fault(m, kind, "exact, ordered, superset, has, known or match, with names: [...]; "
                                "count, with is: [1, 9]");
        return;
    }
    if (count ? !mlp_make_bounds(m, is, false, &b) : (read_names(m, names), mlp_make_failed(m)))
        return;
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_HEADER, kind);
    if (!r)
        return;
    r->header = map;
    r->lo = b.lo;
    r->hi = b.hi;
    r->open_lo = b.open_lo;
    r->open_hi = b.open_hi;
    r->expected = count ? mlp_make_bounds_words(m, &b) : mlp_make_words(m, "columns: ", kind->text);
    for (const struct mlp_node *n = mlp_str_is(kind->text, "match") ? names->child : NULL;
         n && !mlp_make_failed(m); n = n->next)
        mlp_make_regex(m, r, n->text, n);
}

/* {rows: [1, 9], when: ...}: how many rows there are of a kind. */
static void read_rows(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "rows", "when", "severity", "description", "meta",
                                        "env", "not_env", "only_env", NULL};
    size_t before = m->rules->rules.n;
    if (mlp_node_get(map, "by")) {
        mlp_make_group_rows(m, map);
        return;
    }
    if (mlp_node_known(&m->rules->doc, map, known, m->e) == MLP_OK)
        mlp_make_interval(m, mlp_node_get(map, "rows"), MLP_RULE_ROWS);
    if (m->rules->rules.n > before) {
        struct mlp_rule *r = mlp_vec_at(&m->rules->rules, before);
        r->when = mlp_make_expr(m, map, "when");
    }
}

/* {share: {max: 5%}, when: PART, of: WHOLE}: rows of a kind as a share of others. */
static void read_share(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"name", "share", "when", "of", "severity", "description",
                                        "meta", "env", "not_env", "only_env", NULL};
    size_t before = m->rules->rules.n;
    if (!mlp_node_get(map, "when"))
        mlp_make_fault(m, map, "when: an expression that says which rows");
    else if (mlp_node_known(&m->rules->doc, map, known, m->e) == MLP_OK)
        mlp_make_interval(m, mlp_node_get(map, "share"), MLP_RULE_SHARE);
    if (m->rules->rules.n > before) {
        struct mlp_rule *r = mlp_vec_at(&m->rules->rules, before);
        r->when = mlp_make_expr(m, map, "when");
        r->expect = mlp_make_expr(m, map, "of");
    }
}

bool mlp_make_is_wide(const struct mlp_node *check)
{
    return mlp_node_get(check, "columns") || mlp_node_get(check, "header") ||
           mlp_node_get(check, "rows") || mlp_node_get(check, "rows_ratio") ||
           mlp_node_get(check, "share");
}

void mlp_make_wide(struct mlp_maker *m, const struct mlp_node *map)
{
    mlp_make_tolerance(m, map);
    m->label = mlp_node_str(mlp_node_get(map, "name"), "");
    if (mlp_make_failed(m))
        return;
    if (mlp_node_get(map, "columns"))
        read_columns_check(m, map);
    else if (mlp_node_get(map, "header"))
        read_header(m, map);
    else if (mlp_node_get(map, "rows_ratio"))
        mlp_make_rows_ratio(m, map);
    else if (mlp_node_get(map, "share"))
        read_share(m, map);
    else
        read_rows(m, map);
    m->label = (struct mlp_str){NULL, 0};
}
