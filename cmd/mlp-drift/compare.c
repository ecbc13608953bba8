#include "verbs.h"

#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

/* Cohen's h of a share is small from 0.2 on where a distance in standard deviations is from 0.1. */
#define SHARE_FACTOR 2

static bool in_list(const struct mlp_cmd *cmd, int opt, struct mlp_str name)
{
    const char *given;
    for (size_t i = 0; (given = mlp_opt_nth(cmd, opt, i)) != NULL; i++) {
        struct mlp_str rest = mlp_str_from(given), part;
        while (mlp_str_split(&rest, ',', &part))
            if (mlp_str_eq(part, name))
                return true;
    }
    return false;
}

static bool wanted(const struct judging *j, struct mlp_str name)
{
    if (mlp_opt_given(j->cmd, j->opt_columns) && !in_list(j->cmd, j->opt_columns, name))
        return false;
    return !in_list(j->cmd, j->opt_ignore, name);
}

/* Columns asked for by name must be in the reference. */
static enum mlp_code check_names(const struct side *ref, const struct judging *j,
                                 struct mlp_err *e)
{
    const char *given;
    for (size_t i = 0; (given = mlp_opt_nth(j->cmd, j->opt_columns, i)) != NULL; i++) {
        struct mlp_str rest = mlp_str_from(given), part;
        while (mlp_str_split(&rest, ',', &part))
            if (!mlp_profile_column(&ref->profile, part))
                return mlp_err_set(e, MLP_EUSAGE, "%s has no column \"%.*s\"", ref->name,
                                   MLP_STR_ARG(part));
    }
    return MLP_OK;
}

/* A comparison under way. */
struct work {
    const struct side *ref, *cur;
    const struct judging *j;
    struct mlp_vec *findings;
};

static struct finding *add(struct work *w, enum question question, struct mlp_str column,
                           struct mlp_err *e)
{
    struct finding *f = mlp_vec_push(w->findings);
    if (!f) {
        mlp_err_nomem(e);
        return NULL;
    }
    f->question = question;
    f->column = column;
    f->adjusted = f->visible = NAN;
    f->shift.p = f->shift.effect = NAN;
    return f;
}

/* The column of the current side, or NULL when it has none. */
static const struct mlp_pcolumn *counterpart(const struct work *w, size_t i)
{
    if (w->cur->rows)
        return w->cur->seen[i] ? &w->cur->profile.cols[i] : NULL;
    return mlp_profile_column(&w->cur->profile, w->ref->profile.cols[i].name);
}

static enum mlp_code same_edges(const struct work *w, const struct mlp_pcolumn *a,
                                const struct mlp_pcolumn *b, struct mlp_err *e)
{
    if (a->type != b->type)
        return MLP_OK;
    if (a->nedges == b->nedges &&
        (!a->nedges || memcmp(a->edges, b->edges, a->nedges * sizeof *a->edges) == 0))
        return MLP_OK;
    mlp_err_set(e, MLP_EINPUT, "column \"%.*s\" was counted into other edges than those of %s",
                MLP_STR_ARG(a->name), w->ref->name);
    mlp_err_hint(e, "make it with mlp-drift profile --reference");
    return mlp_err_at(e, w->cur->name, 0, 0);
}

/* Shares that both sides have nothing of need no test. */
static enum mlp_code ask_share(struct work *w, enum question question,
                               const struct mlp_pcolumn *pair[2], const uint64_t counts[4],
                               struct mlp_err *e)
{
    if (counts[0] == 0 && counts[2] == 0)
        return MLP_OK;
    struct finding *f = add(w, question, pair[0]->name, e);
    if (!f)
        return MLP_EIO;
    f->ref = pair[0];
    f->cur = pair[1];
    f->before = counts[0];
    f->after = counts[2];
    mlp_shift_share(counts[0], counts[1], counts[2], counts[3], &f->shift);
    return MLP_OK;
}

static enum mlp_code ask_shares(struct work *w, const struct mlp_pcolumn *a,
                                const struct mlp_pcolumn *b, struct mlp_err *e)
{
    const struct mlp_pcolumn *pair[2] = {a, b};
    uint64_t present[2] = {a->rows - a->missing, b->rows - b->missing};
    const uint64_t missing[4] = {a->missing, a->rows, b->missing, b->rows};
    const uint64_t bad[4] = {a->bad, present[0], b->bad, present[1]};
    const uint64_t infinite[4] = {a->infinite, present[0] - a->bad, b->infinite,
                                  present[1] - b->bad};
    enum mlp_code code = ask_share(w, ASK_MISSING, pair, missing, e);
    if (code == MLP_OK)
        code = ask_share(w, ASK_TYPE, pair, bad, e);
    return code == MLP_OK ? ask_share(w, ASK_INFINITE, pair, infinite, e) : code;
}

static enum mlp_code ask_values(struct work *w, const struct mlp_pcolumn *a,
                                const struct mlp_pcolumn *b, struct mlp_err *e)
{
    struct finding *f = add(w, ASK_VALUES, a->name, e);
    struct mlp_shift unseen;
    uint64_t rows;
    if (!f)
        return MLP_EIO;
    f->ref = a;
    f->cur = b;
    enum mlp_code code = mlp_shift_column(a, b, &f->shift, e);
    if (code == MLP_OK)
        code = mlp_shift_unseen(a, b, &rows, &unseen, e);
    if (code != MLP_OK || rows == 0)
        return code;
    f = add(w, ASK_UNSEEN, a->name, e);
    if (!f)
        return MLP_EIO;
    f->ref = a;
    f->cur = b;
    f->after = rows;
    f->shift = unseen;
    return MLP_OK;
}

static enum mlp_code ask_column(struct work *w, size_t i, struct mlp_err *e)
{
    const struct mlp_pcolumn *a = &w->ref->profile.cols[i], *b = counterpart(w, i);
    if (!b || a->type != b->type) {
        struct finding *f = add(w, b ? ASK_TYPE : ASK_LOST, a->name, e);
        if (!f)
            return MLP_EIO;
        f->ref = a;
        f->cur = b;
        /* A log holds what the model asks for, which is less than what it was trained on. */
        f->verdict = b || !w->cur->log ? DRIFT : SLIGHT;
        f->shift.effect = INFINITY;
        return MLP_OK;
    }
    enum mlp_code code = same_edges(w, a, b, e);
    if (code == MLP_OK)
        code = ask_shares(w, a, b, e);
    return code == MLP_OK ? ask_values(w, a, b, e) : code;
}

static enum mlp_code ask_new(struct work *w, struct mlp_str name, struct mlp_err *e)
{
    bool output = w->cur->log && mlp_str_starts(name, "output.");
    if (output || !wanted(w->j, name) || mlp_opt_given(w->j->cmd, w->j->opt_columns))
        return MLP_OK;
    struct finding *f = add(w, ASK_NEW, name, e);
    if (!f)
        return MLP_EIO;
    f->verdict = SLIGHT;
    return MLP_OK;
}

static enum mlp_code ask_all(struct work *w, struct mlp_err *e)
{
    const struct mlp_profile *ref = &w->ref->profile, *cur = &w->cur->profile;
    enum mlp_code code = check_names(w->ref, w->j, e);
    for (size_t i = 0; i < ref->ncols && code == MLP_OK; i++)
        if (wanted(w->j, ref->cols[i].name))
            code = ask_column(w, i, e);
    for (size_t i = 0; i < w->cur->extra.n && code == MLP_OK; i++)
        code = ask_new(w, *(struct mlp_str *)mlp_vec_at(&w->cur->extra, i), e);
    for (size_t i = 0; i < cur->ncols && !w->cur->rows && code == MLP_OK; i++)
        if (!mlp_profile_column(ref, cur->cols[i].name))
            code = ask_new(w, cur->cols[i].name, e);
    return code;
}

/* Drift needs both a corrected p-value and an effect. Where neither speaks, silence counts only if
 * an effect of the floor would have been heard. */
static void judge(struct finding *f, const struct judging *j, double alpha_each)
{
    bool share = f->shift.test == MLP_SHIFT_SHARE;
    double floor_at = share ? SHARE_FACTOR * j->effect : j->effect;
    bool sure = f->adjusted < j->alpha, large = f->shift.effect >= floor_at;
    if (f->shift.test == MLP_SHIFT_NONE) {
        if (f->question == ASK_VALUES && mlp_pcolumn_values(f->ref) && !mlp_pcolumn_values(f->cur))
            f->verdict = UNKNOWN;
        return;
    }
    f->visible = mlp_shift_visible(&f->shift, alpha_each);
    if (sure && large)
        f->verdict = DRIFT;
    else if (sure)
        f->verdict = SLIGHT;
    else if (large)
        f->verdict = MAYBE;
    else if (f->question == ASK_VALUES && !(f->visible <= floor_at))
        f->verdict = UNKNOWN;
}

static enum mlp_code judge_all(struct mlp_vec *findings, const struct judging *j,
                               struct mlp_err *e)
{
    double *p = calloc(findings->n + 1, sizeof *p);
    size_t tests = 0;
    if (!p)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *f = mlp_vec_at(findings, i);
        p[i] = f->shift.test == MLP_SHIFT_NONE ? NAN : f->shift.p;
        tests += isnan(p[i]) ? 0 : 1;
    }
    if (j->adjust && !j->adjust(p, findings->n)) {
        free(p);
        return mlp_err_nomem(e);
    }
    for (size_t i = 0; i < findings->n; i++) {
        struct finding *f = mlp_vec_at(findings, i);
        f->adjusted = p[i];
        judge(f, j, j->alpha / (j->adjust && tests ? (double)tests : 1));
    }
    free(p);
    return MLP_OK;
}

static int by_weight(const void *a, const void *b)
{
    const struct finding *u = a, *v = b;
    if (u->verdict != v->verdict)
        return u->verdict > v->verdict ? -1 : 1;
    double x = isnan(u->shift.effect) ? -1 : u->shift.effect;
    double y = isnan(v->shift.effect) ? -1 : v->shift.effect;
    if (x < y || y < x)
        return x > y ? -1 : 1;
    int order = mlp_str_cmp(u->column, v->column);
    return order ? order : (int)u->question - (int)v->question;
}

enum mlp_code compare(const struct side *ref, const struct side *cur, const struct judging *j,
                      struct mlp_vec *findings, struct mlp_err *e)
{
    struct work w = {ref, cur, j, findings};
    enum mlp_code code = ask_all(&w, e);
    if (code == MLP_OK)
        code = judge_all(findings, j, e);
    if (code == MLP_OK && findings->n)
        qsort(findings->p, findings->n, findings->item, by_weight);
    return code;
}
