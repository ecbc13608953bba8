/* import_soda.c: checks of SodaCL as native rules: sections and kinds of checks. */
#include "rule/import_soda.h"

#include "rule/import_soda_inside.h"

/* A check: its line, and what is said under it. */
struct check {
    const struct mlp_node *node, *config, *columns; /* columns: of "configurations for" */
    struct mlp_str line, name, filter;
};

static bool starts_with_any(struct mlp_str s, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (mlp_str_starts(s, words[i]))
            return true;
    return false;
}

bool mlp_import_is_soda(const struct mlp_node *root)
{
    static const char *const heads[] = {"checks for ", "for each dataset ", "for each column ",
                                        NULL};
    if (!root || root->type != MLP_DOC_MAP)
        return false;
    for (const struct mlp_node *n = root->child; n; n = n->next)
        if (starts_with_any(n->key, heads))
            return true;
    return false;
}

/* ---- what a check has */

/* A key of the check, or the one of its column under "configurations for". */
static const struct mlp_node *config_of(const struct check *c, struct mlp_str column,
                                        const char *key)
{
    const struct mlp_node *n = mlp_node_get(c->config, key);
    struct mlp_buf name;
    if (n || !c->columns)
        return n;
    mlp_buf_init(&name, SODA_TEXT);
    mlp_buf_addf(&name, "%s for %.*s", key, MLP_STR_ARG(column));
    n = mlp_node_get_str(c->columns, mlp_buf_str(&name));
    mlp_buf_fini(&name);
    return n;
}

static struct mlp_soda_values values_of(const struct check *c, struct mlp_str column)
{
    return (struct mlp_soda_values){
        .missing_values = config_of(c, column, "missing values"),
        .missing_regex = config_of(c, column, "missing regex"),
        .missing_format = config_of(c, column, "missing format"),
        .valid_values = config_of(c, column, "valid values"),
        .valid_regex = config_of(c, column, "valid regex"),
        .valid_format = config_of(c, column, "valid format"),
        .valid_min = config_of(c, column, "valid min"),
        .valid_max = config_of(c, column, "valid max"),
        .valid_length = config_of(c, column, "valid length"),
        .valid_min_length = config_of(c, column, "valid min length"),
        .valid_max_length = config_of(c, column, "valid max length"),
        .invalid_values = config_of(c, column, "invalid values"),
        .invalid_regex = config_of(c, column, "invalid regex"),
        .invalid_format = config_of(c, column, "invalid format"),
        .include_null = mlp_node_bool(config_of(c, column, "include null"), false),
    };
}

static bool has_values(const struct mlp_soda_values *v)
{
    return v->missing_values || v->missing_regex || v->missing_format || mlp_soda_has_validity(v);
}

static struct mlp_import_head head_of(struct mlp_soda *s, const struct check *c,
                                      const char *severity)
{
    return (struct mlp_import_head){.out = s->out, .from = c->node, .name = c->name,
                                    .filter = c->filter, .severity = severity, .env = s->env};
}

/* ---- metrics: a threshold, and whether it fails or warns */

struct metric {
    struct mlp_soda *s;
    const struct check *c;
    struct mlp_soda_line *line;
    const char *severity;
    bool share;                   /* in percent */
};

static struct mlp_str column_of(struct metric *m)
{
    if (m->line->nargs != 1)
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": expected one column in brackets",
                        MLP_STR_ARG(m->c->line));
    return m->line->args[0];
}

static void count(struct metric *m, struct mlp_str which)
{
    struct mlp_import_head h = head_of(m->s, m->c, m->severity);
    if (!mlp_soda_failed(m->s) && m->share)
        mlp_import_head_share(&h, which, &m->line->bounds);
    else if (!mlp_soda_failed(m->s))
        mlp_import_head_count(&h, which, &m->line->bounds);
}

static void count_rows(struct metric *m)
{
    if (m->line->nargs || m->share)
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": row_count has no columns and no percentage",
                        MLP_STR_ARG(m->c->line));
    count(m, (struct mlp_str){NULL, 0});
}

static void count_missing(struct metric *m)
{
    struct mlp_str column = column_of(m);
    struct mlp_soda_values v = values_of(m->c, column);
    count(m, mlp_soda_missing(m->s, column, &v));
}

static void count_invalid(struct metric *m)
{
    struct mlp_str column = column_of(m);
    struct mlp_soda_values v = values_of(m->c, column);
    if (!mlp_soda_has_validity(&v))
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": expected what is valid, as in \"valid values: "
                        "[a, b]\"; without it nothing would be checked", MLP_STR_ARG(m->c->line));
    count(m, mlp_soda_invalid(m->s, column, &v));
}

static void count_valid(struct metric *m)
{
    struct mlp_str column = column_of(m);
    struct mlp_soda_values v = values_of(m->c, column);
    count(m, mlp_soda_usable(m->s, column, &v));
}

/* Values that come more than once; one of them is no value when the row lacks another. */
static void count_duplicates(struct metric *m)
{
    struct mlp_import_head h = head_of(m->s, m->c, m->severity);
    struct mlp_soda_line *l = m->line;
    if (!l->nargs) {
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": expected columns in brackets",
                        MLP_STR_ARG(m->c->line));
    } else if (mlp_import_bounds_zero(&l->bounds, !m->share)) {
        struct mlp_node *check = mlp_import_head_columns(&h, l->args, l->nargs);
        mlp_import_put_text(m->s->out, check, "unique", MLP_STR("all"), m->c->node);
        mlp_import_put_text(m->s->out, check, "skip", MLP_STR("any"), m->c->node);
    } else if (l->nargs > 1) {
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": of several columns together only \"= 0\" "
                        "has a counterpart", MLP_STR_ARG(m->c->line));
    } else {
        mlp_import_bounds_put(m->s->out, mlp_import_head_column(&h, l->args[0], NULL),
                              m->share ? "duplicate_share" : "duplicates", &l->bounds, m->c->node);
    }
}

static const struct {
    const char *metric, *percent;
    void (*count)(struct metric *m);
} counts[] = {
    {"row_count", "", count_rows},
    {"missing_count", "missing_percent", count_missing},
    {"invalid_count", "invalid_percent", count_invalid},
    {"valid_count", "valid_percent", count_valid},
    {"duplicate_count", "duplicate_percent", count_duplicates},
};

/* Of values that are there and valid, where that is said. */
static void aggregate(struct metric *m, const char *key, bool numbers)
{
    struct mlp_str column = column_of(m);
    struct mlp_soda_values v = values_of(m->c, column);
    struct mlp_import_head h = head_of(m->s, m->c, m->severity);
    if (has_values(&v))
        h.filter = mlp_soda_both(m->s, h.filter, mlp_soda_usable(m->s, column, &v));
    if (mlp_soda_failed(m->s))
        return;
    struct mlp_node *check = mlp_import_head_column(&h, column, numbers ? "float" : NULL);
    mlp_import_bounds_put(m->s->out, check, key, &m->line->bounds, m->c->node);
}

static bool is_length_of_time(const struct mlp_soda_line *l)
{
    return (l->bounds.lo.p && l->bounds.lo.p == l->seconds[0]) ||
           (l->bounds.hi.p && (l->bounds.hi.p == l->seconds[0] ||
                               l->bounds.hi.p == l->seconds[1]));
}

/* The age of the newest time. Soda takes "less than" for "not more than". */
static void freshness(struct metric *m)
{
    char age[64];
    struct mlp_soda_line *l = m->line;
    struct mlp_import_head h = head_of(m->s, m->c, m->severity);
    if (l->nargs > 1)
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": the age is counted from the time of the run: "
                        "leave the variable away", MLP_STR_ARG(m->c->line));
    if (l->bounds.lo.p || !l->bounds.hi.p || l->bounds.outside ||
        (!is_length_of_time(l) && l->bounds.hi.p[0] != '$'))
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": expected an age such as < 1d",
                        MLP_STR_ARG(m->c->line));
    struct mlp_str column = column_of(m), text = l->bounds.hi;
    if (mlp_soda_failed(m->s))
        return;
    if (text.p[0] != '$') {
        mlp_str_copy(text, age, sizeof age - 1);
        age[text.n] = 's';
        text.p = age;
        text.n++;
    }
    mlp_import_put_text(m->s->out, mlp_import_head_column(&h, column, "datetime"), "fresh", text,
                        m->c->node);
}

static void judge(struct metric *m)
{
    struct mlp_str name = m->line->metric;
    bool numbers;
    const char *key = mlp_soda_aggregate(name, &numbers);
    if (mlp_str_is(name, "freshness")) {
        freshness(m);
        return;
    }
    if (is_length_of_time(m->line))
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": expected a number", MLP_STR_ARG(m->c->line));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        m->share = mlp_str_is(name, counts[i].percent);
        if (!m->share && !mlp_str_is(name, counts[i].metric))
            continue;
        if (m->line->bounds.percent && !m->share)
            mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": a count is no percentage: say %s",
                            MLP_STR_ARG(m->c->line), counts[i].percent);
        m->line->bounds.percent = m->share;
        counts[i].count(m);
        return;
    }
    if (key)
        aggregate(m, key, numbers);
    else
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": the metric %.*s has no counterpart; say it as "
                        "a rule of mlp-rules(5)", MLP_STR_ARG(m->c->line), MLP_STR_ARG(name));
}

/* The threshold of the line, or those under fail and warn. */
static void judge_thresholds(struct metric *m)
{
    static const struct {
        const char *key, *severity;
    } zones[] = {{"fail", NULL}, {"warn", "warn"}};
    bool inline_bounds = m->line->has_bounds, any = inline_bounds;
    if (inline_bounds)
        judge(m);
    for (size_t i = 0; i < 2 && !mlp_soda_failed(m->s); i++) {
        const struct mlp_node *n = mlp_node_get(m->c->config, zones[i].key);
        if (!n)
            continue;
        if (inline_bounds)
            mlp_soda_refuse(m->s, n, "%s: the line has a threshold already", zones[i].key);
        m->severity = zones[i].severity;
        if (mlp_soda_when(m->s, n, m->line))
            judge(m);
        any = true;
    }
    if (!any)
        mlp_soda_refuse(m->s, m->c->node, "\"%.*s\": expected a threshold, or fail or warn",
                        MLP_STR_ARG(m->c->line));
}

static const char *const shown[] = {"samples limit", "samples columns", "collect failed rows",
                                    "attributes", "identity", "title", NULL};

static void note_shown(struct mlp_soda *s, const struct mlp_node *config)
{
    for (size_t i = 0; shown[i]; i++)
        if (mlp_node_get(config, shown[i]))
            mlp_import_note(s->notes, mlp_node_get(config, shown[i]), "%s is not used", shown[i]);
}

/* Keys that make a metric of SQL. */
static void refuse_sql(struct mlp_soda *s, const struct mlp_node *config)
{
    static const char *const ends[] = {" expression", " query", " sql_file", "expression", "query",
                                       NULL};
    for (const struct mlp_node *n = config ? config->child : NULL; n; n = n->next)
        for (size_t i = 0; ends[i]; i++)
            if (mlp_str_ends(n->key, ends[i]))
                mlp_soda_refuse(s, n, "%.*s: a metric in SQL has no counterpart; say it as a rule "
                                "of mlp-rules(5), or run it where the table is",
                                MLP_STR_ARG(n->key));
}

static void read_metric(struct mlp_soda *s, struct check *c)
{
    static const char *const known[] = {
        "name", "filter", "warn", "fail", "missing values", "missing regex", "missing format",
        "valid values", "valid regex", "valid format", "valid min", "valid max", "valid length",
        "valid min length", "valid max length", "invalid values", "invalid regex",
        "invalid format", "include null", "samples limit", "samples columns",
        "collect failed rows", "attributes", "identity", "title", NULL};
    struct mlp_soda_line line;
    struct metric m = {.s = s, .c = c, .line = &line};
    refuse_sql(s, c->config);
    if (mlp_soda_failed(s) || !mlp_soda_line(s, c->node, c->line, &line))
        return;
    if (c->config && mlp_node_known(s->in, c->config, known, s->e) != MLP_OK)
        return;
    judge_thresholds(&m);
}

/* ---- other checks */

static void read_failed_rows(struct mlp_soda *s, struct check *c)
{
    static const char *const known[] = {"name", "fail condition", "fail query", "warn", "fail",
                                        "samples limit", "samples columns", "collect failed rows",
                                        "attributes", "identity", "title", NULL};
    static const struct mlp_import_bounds none = {.hi = {"0", 1}};
    struct mlp_soda_line line = {.bounds = none, .has_bounds = true};
    const struct mlp_node *query = mlp_node_get(c->config, "fail query");
    const struct mlp_node *fail = mlp_node_get(c->config, "fail");
    const struct mlp_node *warn = mlp_node_get(c->config, "warn");
    if (query)
        mlp_soda_refuse(s, query, "fail query: a query has no counterpart; say the condition under "
                        "\"fail condition\"");
    else if (!mlp_node_get(c->config, "fail condition"))
        mlp_soda_refuse(s, c->node, "failed rows: expected \"fail condition\"");
    if (mlp_soda_failed(s) || mlp_node_known(s->in, c->config, known, s->e) != MLP_OK)
        return;
    struct mlp_str which = mlp_soda_sql(s, mlp_node_get(c->config, "fail condition"));
    struct metric m = {.s = s, .c = c, .line = &line};
    if (!fail && !warn)
        count(&m, which);
    if (fail && mlp_soda_when(s, fail, &line))
        count(&m, which);
    m.severity = "warn";
    if (warn && mlp_soda_when(s, warn, &line))
        count(&m, which);
}

static void read_reference(struct mlp_soda *s, struct check *c)
{
    static const char *const known[] = {"name", "samples limit", "samples columns",
                                        "collect failed rows", "attributes", "identity", "title",
                                        NULL};
    struct mlp_soda_reference r;
    struct mlp_import_head h = head_of(s, c, NULL);
    if (c->config && mlp_node_known(s->in, c->config, known, s->e) != MLP_OK)
        return;
    if (mlp_soda_reference(s, c->node, c->line, &r))
        mlp_soda_put_reference(s, mlp_import_head_columns(&h, r.columns[0], r.n), r.dataset,
                               r.columns[1], r.n, c->node);
}

static void read_schema(struct mlp_soda *s, struct check *c)
{
    mlp_soda_schema(s, c->node, c->config);
}

/* Checks that need more than one look at one table, and what there is instead. */
static const struct {
    const char *line, *instead;
} refused[] = {
    {"anomaly", "a history of runs has no counterpart: compare with --reference"},
    {"change ", "a history of runs has no counterpart: compare with --reference"},
    {"distribution_difference", "say it under drift, with --reference"},
    {"row_count same as", "another dataset has no counterpart: say rows under reference, with "
                          "--reference"},
    {"group by", "say `by` in a check of mlp-rules(5)"},
    {"group evolution", "a history of runs has no counterpart: list the groups with distinct_in"},
    {"percentile", "quantiles are between two values here, not the nearest rank: say quantile in a "
                   "native file"},
    {"freshness using", "say freshness(COLUMN) < 1d"},
    {"reconciliation", "another dataset has no counterpart: compare with --reference"},
};

static void dispatch(struct mlp_soda *s, struct check *c)
{
    static const struct {
        const char *line;
        void (*read)(struct mlp_soda *s, struct check *c);
    } kinds[] = {{"schema", read_schema}, {"failed rows", read_failed_rows},
                 {"values in", read_reference}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (mlp_str_starts(c->line, refused[i].line))
            mlp_soda_refuse(s, c->node, "\"%.*s\" cannot be read: %s", MLP_STR_ARG(c->line),
                            refused[i].instead);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !mlp_soda_failed(s); i++) {
        if (mlp_str_starts(c->line, kinds[i].line)) {
            kinds[i].read(s, c);
            return;
        }
    }
    if (!mlp_soda_failed(s))
        read_metric(s, c);
}

static bool is_check(const struct mlp_node *n)
{
    return n->type == MLP_DOC_MAP ? n->u.count == 1
                                  : n->type != MLP_DOC_LIST && n->type != MLP_DOC_NULL;
}

static void read_check(struct mlp_soda *s, const struct mlp_node *n, const struct mlp_node *columns)
{
    bool map = n->type == MLP_DOC_MAP;
    struct check c = {.node = map && n->child ? n->child : n, .columns = columns};
    if (!is_check(n)) {
        mlp_soda_refuse(s, n, "expected one check, such as \"row_count > 0\"");
        return;
    }
    if (map && mlp_str_is(c.node->key, "attributes")) {
        mlp_import_note(s->notes, c.node, "attributes is not used");
        return;
    }
    c.line = mlp_str_trim(mlp_soda_text(s, c.node, map ? c.node->key : n->text));
    if (map && c.node->type != MLP_DOC_NULL)
        c.config = c.node;
    if (c.config && c.config->type != MLP_DOC_MAP)
        mlp_soda_refuse(s, c.config, "\"%.*s\": expected a map", MLP_STR_ARG(c.line));
    c.name = mlp_soda_text(s, c.node, mlp_node_str(mlp_node_get(c.config, "name"), ""));
    if (!c.name.n)
        c.name = c.line;
    c.filter = mlp_soda_both(s, s->filter, mlp_soda_sql(s, mlp_node_get(c.config, "filter")));
    if (mlp_soda_failed(s))
        return;
    note_shown(s, c.config);
    dispatch(s, &c);
}

/* ---- sections */

/* "checks for orders [daily]" without its first words: the dataset, and the partition's name. */
static struct mlp_str dataset_of(struct mlp_str head, const char *words, struct mlp_str *partition)
{
    size_t skip = mlp_str_from(words).n;
    struct mlp_str name = mlp_str_trim((struct mlp_str){head.p + skip, head.n - skip});
    size_t open = mlp_str_find(name, '[');
    *partition = (struct mlp_str){name.p + open, name.n - open};
    name = mlp_str_trim((struct mlp_str){name.p, open});
    if (name.n > 1 && (name.p[0] == '"' || name.p[0] == '`') && name.p[name.n - 1] == name.p[0])
        name = (struct mlp_str){name.p + 1, name.n - 2};
    return name;
}

/* The section of a dataset with those first words; NULL for none. */
static const struct mlp_node *section_of(const struct mlp_soda *s, const char *words,
                                         struct mlp_str dataset, struct mlp_str partition)
{
    for (const struct mlp_node *n = s->in->root->child; n; n = n->next) {
        struct mlp_str of;
        if (mlp_str_starts(n->key, words) &&
            mlp_str_eq(dataset_of(n->key, words, &of), dataset) && mlp_str_eq(of, partition))
            return n;
    }
    return NULL;
}

static void read_list(struct mlp_soda *s, const struct mlp_node *list, const struct mlp_node *at,
                      const struct mlp_node *columns)
{
    if (!list || list->type != MLP_DOC_LIST) {
        mlp_soda_refuse(s, list ? list : at, "%.*s: expected a list of checks",
                        MLP_STR_ARG(at->key));
        return;
    }
    for (const struct mlp_node *n = list->child; n && !mlp_soda_failed(s); n = n->next)
        read_check(s, n, columns);
}

/* Which dataset rules are about is asked for when there are several. */
static void set_env(struct mlp_soda *s, const struct mlp_node *from, const struct mlp_node *names)
{
    const struct mlp_node *all = mlp_node_get(s->out->root, "environments");
    struct mlp_node *list = all ? mlp_doc_new(s->out, MLP_DOC_LIST) : NULL;
    s->env = list;
    if (list && !names)
        mlp_import_push(s->out, list, mlp_import_place(mlp_doc_new_str(s->out, s->dataset), from));
    for (const struct mlp_node *n = names ? names->child : NULL; n && list; n = n->next)
        mlp_import_push(s->out, list, mlp_import_copy(s->out, n));
}

static void read_dataset(struct mlp_soda *s, const struct mlp_node *n)
{
    struct mlp_str partition, none = {NULL, 0};
    s->dataset = dataset_of(n->key, "checks for ", &partition);
    s->filter = none;
    if (partition.n) {
        const struct mlp_node *section = section_of(s, "filter ", s->dataset, partition);
        if (!mlp_node_get(section, "where"))
            mlp_soda_refuse(s, n, "expected the section \"filter %.*s %.*s\" with where",
                            MLP_STR_ARG(s->dataset), MLP_STR_ARG(partition));
        s->filter = mlp_soda_sql(s, mlp_node_get(section, "where"));
    }
    set_env(s, n, NULL);
    read_list(s, n, n, section_of(s, "configurations for ", s->dataset,
                                  (struct mlp_str){s->dataset.p, 0}));
}

static void read_each_dataset(struct mlp_soda *s, const struct mlp_node *n)
{
    static const char *const known[] = {"datasets", "checks", NULL};
    const struct mlp_node *names = mlp_node_get(n, "datasets");
    if (mlp_node_known(s->in, n, known, s->e) != MLP_OK)
        return;
    if (!names || names->type != MLP_DOC_LIST || !names->child)
        mlp_soda_refuse(s, n, "expected datasets, a list of names");
    for (const struct mlp_node *x = names ? names->child : NULL; x; x = x->next)
        if (!x->text.n || memchr(x->text.p, '%', x->text.n) || memchr(x->text.p, '*', x->text.n) ||
            memchr(x->text.p, ' ', x->text.n))
            mlp_soda_refuse(s, x, "\"%.*s\": expected the name of a dataset, without wildcards, "
                            "include and exclude", MLP_STR_ARG(x->text));
    s->filter = (struct mlp_str){NULL, 0};
    set_env(s, n, names);
    if (!mlp_soda_failed(s))
        read_list(s, mlp_node_get(n, "checks"), n, NULL);
}

static void add_dataset(struct mlp_soda *s, struct mlp_node *all, struct mlp_str name,
                        const struct mlp_node *from)
{
    for (const struct mlp_node *n = all ? all->child : NULL; n; n = n->next)
        if (mlp_str_eq(n->text, name))
            return;
    mlp_import_push(s->out, all, mlp_import_place(mlp_doc_new_str(s->out, name), from));
}

/* The datasets, as environments when there is more than one. */
static void name_datasets(struct mlp_soda *s)
{
    struct mlp_node *all = mlp_doc_new(s->out, MLP_DOC_LIST);
    for (const struct mlp_node *n = s->in->root->child; n; n = n->next) {
        struct mlp_str partition;
        const struct mlp_node *names = mlp_node_get(n, "datasets");
        if (mlp_str_starts(n->key, "checks for "))
            add_dataset(s, all, dataset_of(n->key, "checks for ", &partition), n);
        else if (mlp_str_starts(n->key, "for each dataset "))
            for (const struct mlp_node *x = names ? names->child : NULL; x; x = x->next)
                add_dataset(s, all, x->text, x);
    }
    if (all && all->u.count > 1) {
        mlp_import_put(s->out, s->out->root, "environments", all, NULL);
        mlp_import_note(s->notes, s->in->root, "there are checks of %zu datasets: --env NAME says "
                        "which one the table is", all->u.count);
    }
}

static void read_variables(struct mlp_soda *s, const struct mlp_node *map)
{
    if (map && map->type != MLP_DOC_MAP)
        mlp_soda_refuse(s, map, "variables: expected a map from names to values");
    for (const struct mlp_node *n = map ? map->child : NULL; n && !mlp_soda_failed(s); n = n->next)
        mlp_soda_parameter(s, n->key, n);
}

static void read_section(struct mlp_soda *s, const struct mlp_node *n)
{
    static const char *const elsewhere[] = {"filter ", "configurations for ", "variables", NULL};
    static const char *const shows[] = {"discover ", "profile ", "sample ", NULL};
    if (mlp_str_starts(n->key, "checks for "))
        read_dataset(s, n);
    else if (mlp_str_starts(n->key, "for each dataset "))
        read_each_dataset(s, n);
    else if (starts_with_any(n->key, shows))
        mlp_import_note(s->notes, n, "%.*s is not used: it checks nothing", MLP_STR_ARG(n->key));
    else if (!starts_with_any(n->key, elsewhere))
        mlp_soda_refuse(s, n, "the section \"%.*s\" cannot be read; say its checks under \"checks "
                        "for DATASET\"", MLP_STR_ARG(n->key));
}

enum mlp_code mlp_import_soda(const struct mlp_doc *in, struct mlp_doc *out,
                              struct mlp_import_notes *notes, struct mlp_err *e)
{
    struct mlp_soda s = {.in = in, .out = out, .notes = notes, .e = e};
    mlp_import_start(out);
    if (!mlp_import_is_soda(in->root))
        mlp_soda_refuse(&s, in->root, "expected \"checks for DATASET\" with a list of checks");
    read_variables(&s, mlp_soda_failed(&s) ? NULL : mlp_node_get(in->root, "variables"));
    if (!mlp_soda_failed(&s))
        name_datasets(&s);
    for (const struct mlp_node *n = in->root ? in->root->child : NULL; n && !mlp_soda_failed(&s);
         n = n->next)
        read_section(&s, n);
    return e->code == MLP_OK ? mlp_import_done(out, e) : e->code;
}
