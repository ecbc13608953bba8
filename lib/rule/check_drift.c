/* check_drift.c: the parts of a checker that compare the table with a reference profile. */
#include "rule/checker.h"

#include "rule/drift.h"
#include "rule/rule.h"

#include <math.h>
#include <stdlib.h>

/* wanted: the reference's columns that rules are about, or all; a shallow copy. */
struct mlp_profile_side {
    struct mlp_profile wanted, profile;
    struct mlp_profiler *profiler; /* NULL once the profile is made */
};

size_t mlp_rules_compare(const struct mlp_rules *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->rules.n; i++)
        n += ((const struct mlp_rule *)mlp_vec_at(&r->rules, i))->kind == MLP_RULE_DRIFT;
    return n;
}

static bool is_wanted(const struct mlp_rules *r, struct mlp_str name)
{
    for (size_t i = 0; i < r->rules.n; i++) {
        const struct mlp_rule *rule = mlp_vec_at(&r->rules, i);
        if (rule->kind == MLP_RULE_DRIFT &&
            (rule->drift == MLP_DRIFT_COLUMNS || mlp_str_eq(rule->column, name)))
            return true;
    }
    return false;
}

static enum mlp_code want_columns(struct mlp_checker *c, struct mlp_err *e)
{
    struct mlp_profile *w = &c->side->wanted;
    w->rows = c->reference->rows;
    w->cols = mlp_arena_array(&c->arena, c->reference->ncols, sizeof *w->cols);
    if (!w->cols)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < c->reference->ncols; i++)
        if (is_wanted(c->rules, c->reference->cols[i].name))
            w->cols[w->ncols++] = c->reference->cols[i];
    return MLP_OK;
}

enum mlp_code mlp_checker_reference(struct mlp_checker *c, const struct mlp_profile *reference,
                                    struct mlp_err *e)
{
    c->side = calloc(1, sizeof *c->side);
    c->reference = reference;
    if (!c->side)
        return mlp_err_nomem(e);
    enum mlp_code code = want_columns(c, e);
    return code == MLP_OK ? mlp_profiler_new(&c->side->wanted, &c->side->profiler, e) : code;
}

enum mlp_code mlp_checker_drift_add(struct mlp_checker *c, const struct mlp_batch *b,
                                    struct mlp_err *e)
{
    return mlp_profiler_add_named(c->side->profiler, c->names, b, NULL, e);
}

/* The profile of what was checked; once. */
static enum mlp_code finish(struct mlp_checker *c, struct mlp_err *e)
{
    struct mlp_profile_side *s = c->side;
    if (!s->profiler)
        return MLP_OK;
    enum mlp_code code = mlp_profiler_finish(s->profiler, &s->profile, e);
    mlp_profiler_free(s->profiler);
    s->profiler = NULL;
    return code;
}

static bool holds(const struct mlp_rule *rule, double v)
{
    return !isnan(v) && !(v < rule->lo) && !(v > rule->hi) && !(rule->open_lo && v == rule->lo) &&
           !(rule->open_hi && v == rule->hi);
}

enum mlp_code mlp_checker_drift_decide(struct mlp_checker *c, struct mlp_active *a,
                                       struct mlp_err *e)
{
    struct mlp_drift_result found = {NAN, "not judged: there is no --reference"};
    a->holds = true;
    a->value = NAN;
    a->words = found.words;
    if (!c->side)
        return MLP_OK;
    enum mlp_code code = finish(c, e);
    struct mlp_drift_sides sides = {&c->side->wanted, &c->side->profile, c->names, c->nnames};
    if (code == MLP_OK)
        code = mlp_drift_measure(a->rule, &sides, &found, e);
    a->value = found.value;
    a->words = found.words;
    a->holds = holds(a->rule, found.value);
    return code;
}

void mlp_checker_drift_free(struct mlp_checker *c)
{
    if (!c->side)
        return;
    mlp_profiler_free(c->side->profiler);
    mlp_profile_fini(&c->side->profile);
    free(c->side);
}
