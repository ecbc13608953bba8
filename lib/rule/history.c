/* history.c: rules about what is outside of the table: figures of the runs before, and the file
 * itself. */
#include "rule/history.h"

#include "base/os.h"
#include "base/vec.h"
#include "rule/compile.h"

#include <math.h>

#define MOST_RUNS 1000u
#define MOST_FIGURES (1u << 20)
#define USUAL_LEAST 3

/* One figure of one run. */
struct figure {
    struct mlp_str name;
    double value;
};

struct mlp_history {
    struct mlp_arena names;
    struct mlp_vec figures;       /* struct figure, run by run */
    size_t runs;
};

/* ---- figures of a report */

static bool value_of(const struct mlp_check *c, double *value)
{
    for (const struct mlp_measure *m = c->measures; m; m = m->next) {
        if (mlp_str_is(m->name, "value")) {
            *value = m->value;
            return true;
        }
    }
    *value = c->total ? (double)c->failed / (double)c->total : NAN;
    return c->total > 0;
}

/* The figure of that name: of the summary, or of the check with that id. */
static bool find_figure(const struct mlp_report *r, struct mlp_str name, double *value)
{
    for (const struct mlp_measure *m = r->summary; m; m = m->next) {
        if (mlp_str_eq(m->name, name)) {
            *value = m->value;
            return true;
        }
    }
    for (const struct mlp_check *c = r->checks; c; c = c->next)
        if (mlp_str_eq(c->id, name) && !c->slice.n)
            return value_of(c, value);
    return false;
}

/* ---- reading */

static enum mlp_code keep(struct mlp_history *h, struct mlp_str name, double value,
                          struct mlp_err *e)
{
    struct figure *f = h->figures.n < MOST_FIGURES ? mlp_vec_push(&h->figures) : NULL;
    if (!f)
        return mlp_err_nomem(e);
    *f = (struct figure){mlp_arena_str(&h->names, name), value};
    return f->name.p ? MLP_OK : mlp_err_nomem(e);
}

static enum mlp_code load_run(struct mlp_history *h, const char *path, struct mlp_err *e)
{
    struct mlp_report r;
    double value;
    mlp_report_init(&r, "", "");
    enum mlp_code code = mlp_report_load(&r, path, e);
    for (const struct mlp_measure *m = r.summary; m && code == MLP_OK; m = m->next)
        code = keep(h, m->name, m->value, e);
    for (const struct mlp_check *c = r.checks; c && code == MLP_OK; c = c->next)
        if (!c->slice.n && value_of(c, &value))
            code = keep(h, c->id, value, e);
    h->runs++;
    mlp_report_fini(&r);
    return code;
}

static enum mlp_code load_folder(struct mlp_history *h, const char *path, struct mlp_err *e)
{
    struct mlp_list list;
    struct mlp_buf b;
    size_t reports = 0, seen = 0;
    enum mlp_code code = mlp_os_list(path, &list, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_init(&b, 1 << 16);
    for (size_t i = 0; i < list.n; i++)
        reports += mlp_str_ends(mlp_str_from(list.names[i]), ".json");
    for (size_t i = 0; i < list.n && code == MLP_OK; i++) {
        if (!mlp_str_ends(mlp_str_from(list.names[i]), ".json") || ++seen + MOST_RUNS <= reports)
            continue;
        mlp_buf_reset(&b);
        mlp_buf_addf(&b, "%s/%s", path, list.names[i]);
        mlp_buf_addc(&b, '\0');
        code = mlp_buf_check(&b, e);
        code = code == MLP_OK ? load_run(h, b.p, e) : code;
    }
    mlp_buf_fini(&b);
    mlp_os_list_free(&list);
    return code;
}

enum mlp_code mlp_history_load(const char *path, struct mlp_history **out, struct mlp_err *e)
{
    struct mlp_stat st;
    struct mlp_history *h = *out = calloc(1, sizeof *h);
    if (!h)
        return mlp_err_nomem(e);
    mlp_arena_init(&h->names, (size_t)256 << 20);
    mlp_vec_init(&h->figures, sizeof(struct figure));
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code == MLP_OK)
        code = st.is_dir ? load_folder(h, path, e) : load_run(h, path, e);
    if (code == MLP_OK)
        return MLP_OK;
    mlp_history_free(h);
    *out = NULL;
    return code;
}

void mlp_history_free(struct mlp_history *h)
{
    if (!h)
        return;
    mlp_arena_fini(&h->names);
    mlp_vec_fini(&h->figures);
    free(h);
}

/* ---- judging */

/* What the runs before say of one figure. */
struct past {
    size_t n;
    double last, mean, m2;        /* m2: sum of squares around the mean (Welford) */
};

static struct past past_of(const struct mlp_history *h, struct mlp_str name)
{
    struct past p = {.last = NAN};
    for (size_t i = 0; h && i < h->figures.n; i++) {
        const struct figure *f = mlp_vec_at(&h->figures, i);
        if (!mlp_str_eq(f->name, name) || !isfinite(f->value))
            continue;
        double from = f->value - p.mean;
        p.n++;
        p.mean += from / (double)p.n;
        p.m2 += from * (f->value - p.mean);
        p.last = f->value;
    }
    return p;
}

static bool in_bounds(const struct mlp_bounds *b, double x)
{
    return !(x < b->lo) && !(x > b->hi) && !(b->open_lo && x == b->lo) &&
           !(b->open_hi && x == b->hi);
}

static void tell(struct mlp_report *r, struct mlp_str name, const char *rule, bool holds,
                 struct mlp_str expected, struct mlp_str observed)
{
    mlp_report_add(r, &(struct mlp_check){
        .id = mlp_report_text(r, "history/%.*s", MLP_STR_ARG(name)), .type = mlp_str_from(rule),
        .severity = MLP_SEV_ERROR, .outcome = holds ? MLP_PASS : MLP_FAIL, .expected = expected,
        .observed = observed});
}

static void judge_change(struct mlp_report *r, const struct mlp_history_rule *rule, double now,
                         const struct past *p)
{
    double ratio = p->last == 0 && now == 0 ? 1 : now / p->last;
    bool judged = p->n > 0;
    struct mlp_str seen = judged
        ? mlp_report_text(r, "%g, %g times the %g of the last run", now, ratio, p->last)
        : mlp_report_text(r, "%g, and no run before to compare with", now);
    tell(r, rule->figure, "change", !judged || in_bounds(&rule->change, ratio),
         mlp_report_text(r, "a ratio of %.*s", MLP_STR_ARG(rule->change_words)), seen);
}

static void judge_deviations(struct mlp_report *r, const struct mlp_history_rule *rule, double now,
                             const struct past *p)
{
    double deviation = p->n > 1 ? sqrt(p->m2 / (double)(p->n - 1)) : 0;
    double from = fabs(now - p->mean);
    bool judged = p->n >= rule->least;
    struct mlp_str seen = judged
        ? mlp_report_text(r, "%g; the mean of %zu runs is %g, their deviation %g", now, p->n,
                          p->mean, deviation)
        : mlp_report_text(r, "%g, and only %zu runs before to compare with", now, p->n);
    struct mlp_str expected = mlp_report_text(r, "at most %g standard deviations from the mean",
                                              rule->deviations);
    tell(r, rule->figure, "deviations", !judged || from <= rule->deviations * deviation, expected,
         seen);
}

size_t mlp_rules_history(const struct mlp_rules *r)
{
    return r->history.n;
}

enum mlp_code mlp_history_judge(const struct mlp_history *h, const struct mlp_rules *rules,
                                struct mlp_report *report, struct mlp_err *e)
{
    for (size_t i = 0; i < rules->history.n; i++) {
        const struct mlp_history_rule *rule = mlp_vec_at(&rules->history, i);
        struct past p = past_of(h, rule->figure);
        double now;
        if (!find_figure(report, rule->figure, &now))
            return mlp_node_error(&rules->doc, rule->node, e, "history: the report has no figure "
                                  "\"%.*s\": expected rows, rejected, rejected_share or a check "
                                  "such as amount/mean", MLP_STR_ARG(rule->figure));
        if (rule->changes)
            judge_change(report, rule, now, &p);
        if (!isnan(rule->deviations))
            judge_deviations(report, rule, now, &p);
    }
    return MLP_OK;
}

/* ---- the section */

static void read_figure(struct mlp_maker *m, const struct mlp_node *n)
{
    static const char *const known[] = {"change", "deviations", "least", NULL};
    const struct mlp_node *change = mlp_node_get(n, "change"), *least = mlp_node_get(n, "least");
    const struct mlp_node *deviations = mlp_node_get(n, "deviations");
    struct mlp_history_rule rule = {.figure = n->key, .node = n, .changes = change != NULL,
                                    .deviations = mlp_node_num(deviations, NAN)};
    int64_t runs = mlp_node_int(least, USUAL_LEAST);
    if (n->type != MLP_DOC_MAP || (!change && !deviations)) {
        mlp_make_fault(m, n, "{change: [0.8, 1.25]} or {deviations: 3}");
        return;
    }
    if (mlp_node_known(&m->rules->doc, n, known, m->e) != MLP_OK ||
        (change && !mlp_make_bounds(m, change, false, &rule.change)))
        return;
    if (change)
        rule.change_words = mlp_make_bounds_words(m, &rule.change);
    if (deviations && !(rule.deviations >= 0))
        mlp_make_fault(m, deviations, "a number of standard deviations");
    if (runs < 2)
        mlp_make_fault(m, least, "2 runs or more");
    rule.least = (size_t)runs;
    struct mlp_history_rule *slot = mlp_make_failed(m) ? NULL : mlp_vec_push(&m->rules->history);
    if (slot)
        *slot = rule;
    else if (!mlp_make_failed(m))
        mlp_err_nomem(m->e);
}

void mlp_make_history(struct mlp_maker *m, const struct mlp_node *map)
{
    if (map && map->type != MLP_DOC_MAP)
        mlp_make_fault(m, map, "a map such as {rows: {change: [0.8, 1.25]}}");
    for (const struct mlp_node *n = map ? map->child : NULL; n && !mlp_make_failed(m); n = n->next)
        read_figure(m, n);
}

/* ---- the file itself */

bool mlp_rules_file(const struct mlp_rules *r, struct mlp_file_rule *out)
{
    *out = r->file;
    return r->has_file;
}

void mlp_make_file(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"bytes", "hash", "fresh", NULL};
    const struct mlp_node *bytes = mlp_node_get(map, "bytes"), *fresh = mlp_node_get(map, "fresh");
    struct mlp_bounds b = {.lo = NAN, .hi = NAN};
    struct mlp_file_rule *f = &m->rules->file;
    if (!map || mlp_make_failed(m) ||
        mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK ||
        (bytes && !mlp_make_bounds(m, bytes, false, &b)))
        return;
    *f = (struct mlp_file_rule){b.lo, b.hi, NAN, mlp_node_str(mlp_node_get(map, "hash"), ""),
                                bytes ? mlp_make_bounds_words(m, &b) : (struct mlp_str){NULL, 0},
                                mlp_node_str(fresh, "")};
    if (fresh && isnan(f->fresh = mlp_expr_seconds(f->fresh_words)))
        mlp_make_fault(m, fresh, "a length of time such as 90s, 24h or 7d");
    m->rules->has_file = true;
}
