#include "rule/drift.h"

#include "rule/compile.h"
#include "rule/given.h"
#include "stat/shift.h"

#include <math.h>

static const struct {
    const char *key, *words;
    enum mlp_drift_measure measure;
} measures[] = {
    {"linf", "L-infinity distance of the shares", MLP_DRIFT_LINF},
    {"js", "Jensen-Shannon distance", MLP_DRIFT_JS},
    {"psi", "population stability index", MLP_DRIFT_PSI},
    {"v", "Cramer's V", MLP_DRIFT_V},
    {"ks", "Kolmogorov-Smirnov distance", MLP_DRIFT_KS},
    {"wasserstein", "Wasserstein distance", MLP_DRIFT_WASSERSTEIN},
    {"effect", "effect", MLP_DRIFT_EFFECT},
    {"p", "p-value", MLP_DRIFT_P},
    {"mean", "change of the mean", MLP_DRIFT_MEAN},
    {"stdev", "change of the deviation", MLP_DRIFT_STDEV},
    {"sum", "change of the sum", MLP_DRIFT_SUM},
    {"missing", "change of the share of missing values", MLP_DRIFT_MISSING},
    {"unseen", "share of values that the reference has not", MLP_DRIFT_UNSEEN},
};
#define NMEASURES (sizeof measures / sizeof *measures)

/* ---- reading */

/* 0.1, 5%, or {max: 0.1} ({min: 0.01} of p). */
static bool read_bound(const struct mlp_node *n, bool least, double *out)
{
    if (n->type == MLP_DOC_MAP)
        n = n->u.count == 1 ? mlp_node_get(n, least ? "min" : "max") : NULL;
    if (!n)
        return false;
    if (mlp_node_is_num(n))
        *out = mlp_node_num(n, NAN);
    else if (!mlp_make_share(n, out))
        return false;
    return *out >= 0;
}

static void read_measure(struct mlp_maker *m, const struct mlp_node *n, size_t i)
{
    char before[96];
    double bound = NAN;
    bool least = measures[i].measure == MLP_DRIFT_P;
    if (!read_bound(n, least, &bound)) {
        mlp_make_fault(m, n, least ? "the least p-value, such as 0.01"
                                   : "the most it may be, such as 0.1 or 5%");
        return;
    }
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_DRIFT, n);
    if (!r)
        return;
    snprintf(before, sizeof before, "%s %s %.15g", measures[i].words,
             least ? "at least" : "at most", bound);
    r->drift = measures[i].measure;
    *(least ? &r->lo : &r->hi) = bound;
    r->name = mlp_make_words(m, "drift ", n->key);
    r->expected = mlp_make_words(m, before, (struct mlp_str){NULL, 0});
}

static void read_column(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const more[] = {"severity", "env", "not_env", "description"};
    const char *known[NMEASURES + 5] = {NULL};
    for (size_t i = 0; i < NMEASURES; i++)
        known[i] = measures[i].key;
    for (size_t i = 0; i < 4; i++)
        known[NMEASURES + i] = more[i];
    if (map->type != MLP_DOC_MAP)
        mlp_make_fault(m, map, "measures such as {linf: 0.05, missing: 2%}");
    else if (mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK || !mlp_given_here(m, map))
        return;
    mlp_make_tolerance(m, map);
    for (const struct mlp_node *n = map->child; n && !mlp_make_failed(m); n = n->next)
        for (size_t i = 0; i < NMEASURES && !mlp_make_failed(m); i++)
            if (mlp_str_is(n->key, measures[i].key))
                read_measure(m, n, i);
}

static void read_rows(struct mlp_maker *m, const struct mlp_node *n)
{
    size_t before = m->rules->rules.n;
    mlp_make_interval(m, n, MLP_RULE_DRIFT);
    if (m->rules->rules.n == before)
        return;
    struct mlp_rule *r = mlp_vec_at(&m->rules->rules, before);
    r->drift = MLP_DRIFT_ROWS;
    r->name = MLP_STR("reference rows");
    r->expected = mlp_make_words(m, "rows over the reference's ", r->expected);
}

/* {rows: [0.9, 1.1], schema: same} */
void mlp_make_reference(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"rows", "schema", NULL};
    const struct mlp_node *rows = mlp_node_get(map, "rows"), *schema = mlp_node_get(map, "schema");
    if (!map || mlp_make_failed(m) || mlp_node_known(&m->rules->doc, map, known, m->e) != MLP_OK)
        return;
    if (rows)
        read_rows(m, rows);
    if (schema && !mlp_str_is(mlp_node_str(schema, ""), "same"))
        mlp_make_fault(m, schema, "same: the columns and types of the reference");
    struct mlp_rule *r = schema ? mlp_make_rule(m, MLP_RULE_DRIFT, schema) : NULL;
    if (!r)
        return;
    r->drift = MLP_DRIFT_COLUMNS;
    r->hi = 0;
    r->name = MLP_STR("reference schema");
    r->expected = MLP_STR("the columns and types of the reference");
}

void mlp_make_drift(struct mlp_maker *m, const struct mlp_node *map)
{
    if (map && !mlp_make_failed(m) && map->type != MLP_DOC_MAP)
        mlp_make_fault(m, map, "a map from columns to measures, as in {sex: {linf: 0.05}}");
    for (const struct mlp_node *n = map ? map->child : NULL; n && !mlp_make_failed(m);
         n = n->next) {
        m->column = n->key;
        read_column(m, n);
    }
    m->column = (struct mlp_str){NULL, 0};
    m->severity = MLP_SEV_ERROR;
    m->mostly = 1;
}

/* ---- measuring */

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static double change(double before, double after)
{
    return fabs(after - before) <= 0 ? 0 : fabs(after - before) / fabs(before);
}

static bool is_among(const struct mlp_drift_sides *x, struct mlp_str name)
{
    for (size_t i = 0; i < x->nnames; i++)
        if (mlp_str_eq(x->names[i], name))
            return true;
    return false;
}

/* Columns that only one side has, or whose values mostly are of another type. */
static double other_columns(const struct mlp_drift_sides *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->ref->ncols; i++) {
        const struct mlp_pcolumn *c = mlp_profile_column(x->cur, x->ref->cols[i].name);
        bool here = c && is_among(x, c->name);
        n += !here || c->bad > (c->rows - c->missing) / 2;
    }
    for (size_t i = 0; i < x->nnames; i++)
        n += !mlp_profile_column(x->ref, x->names[i]);
    return (double)n;
}

static double of_shift(enum mlp_drift_measure measure, const struct mlp_shift *s)
{
    switch (measure) {
    case MLP_DRIFT_LINF: return s->linf;
    case MLP_DRIFT_JS: return s->js;
    case MLP_DRIFT_PSI: return s->psi;
    case MLP_DRIFT_V: return s->v;
    case MLP_DRIFT_KS: return s->ks;
    case MLP_DRIFT_WASSERSTEIN: return s->wasserstein;
    case MLP_DRIFT_P: return s->p;
    default: return s->effect;
    }
}

static enum mlp_code of_column(const struct mlp_rule *rule, const struct mlp_pcolumn *ref,
                               const struct mlp_pcolumn *cur, struct mlp_drift_result *out,
                               struct mlp_err *e)
{
    struct mlp_shift s;
    uint64_t unseen = 0;
    enum mlp_code code = MLP_OK;
    double n = (double)mlp_pcolumn_values(ref), m = (double)mlp_pcolumn_values(cur);
    switch ((enum mlp_drift_measure)rule->drift) {
    case MLP_DRIFT_MEAN: out->value = change(ref->mean, cur->mean); break;
    case MLP_DRIFT_STDEV: out->value = change(ref->stdev, cur->stdev); break;
    case MLP_DRIFT_SUM: out->value = change(ref->mean * n, cur->mean * m); break;
    case MLP_DRIFT_MISSING:
        out->value = fabs(share(cur->missing, cur->rows) - share(ref->missing, ref->rows));
        break;
    case MLP_DRIFT_UNSEEN:
        code = mlp_shift_unseen(ref, cur, &unseen, &s, e);
        out->value = s.test == MLP_SHIFT_NONE ? (double)NAN : share(unseen, (uint64_t)m);
        break;
    default:
        code = mlp_shift_column(ref, cur, &s, e);
        out->value = of_shift((enum mlp_drift_measure)rule->drift, &s);
    }
    if (isnan(out->value))
        out->words = m > 0 ? "the column has no such number" : "the column has no values";
    return code;
}

enum mlp_code mlp_drift_measure(const struct mlp_rule *rule, const struct mlp_drift_sides *x,
                                struct mlp_drift_result *out, struct mlp_err *e)
{
    *out = (struct mlp_drift_result){NAN, ""};
    if (rule->drift == MLP_DRIFT_ROWS)
        out->value = x->ref->rows ? (double)x->cur->rows / (double)x->ref->rows : (double)NAN;
    if (rule->drift == MLP_DRIFT_COLUMNS)
        out->value = other_columns(x);
    if (!rule->column.n)
        return MLP_OK;
    const struct mlp_pcolumn *a = mlp_profile_column(x->ref, rule->column);
    const struct mlp_pcolumn *b = mlp_profile_column(x->cur, rule->column);
    if (a && b && is_among(x, rule->column))
        return of_column(rule, a, b, out, e);
    out->words = a ? "the column is not there" : "the reference has no such column";
    return MLP_OK;
}
