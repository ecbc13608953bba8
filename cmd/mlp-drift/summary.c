#include "verbs.h"

static size_t count(const struct mlp_vec *findings, enum verdict v)
{
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++)
        n += ((const struct finding *)mlp_vec_at(findings, i))->verdict == v;
    return n;
}

static size_t drifted_columns(const struct mlp_vec *findings)
{
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *f = mlp_vec_at(findings, i), *g;
        bool fresh = f->verdict == DRIFT;
        for (size_t k = 0; k < i && fresh; k++) {
            g = mlp_vec_at(findings, k);
            fresh = g->verdict != DRIFT || !mlp_str_eq(g->column, f->column);
        }
        n += fresh;
    }
    return n;
}

static size_t compared_columns(const struct mlp_vec *findings)
{
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *f = mlp_vec_at(findings, i);
        n += f->question == ASK_VALUES || f->question == ASK_LOST ||
             (f->question == ASK_TYPE && f->shift.test == MLP_SHIFT_NONE);
    }
    return n;
}

void add_summary(struct mlp_report *r, const struct side *ref, const struct side *cur,
                 const struct mlp_vec *findings)
{
    size_t columns = compared_columns(findings), drifted = drifted_columns(findings);
    mlp_report_summary(r, "rows_reference", (double)ref->profile.rows);
    mlp_report_summary(r, "rows", (double)cur->profile.rows);
    mlp_report_summary(r, "columns", (double)columns);
    mlp_report_summary(r, "drifted", (double)drifted);
    mlp_report_summary(r, "too_few", (double)count(findings, UNKNOWN));
    if (drifted)
        r->title = mlp_report_text(r, "%zu of %zu columns drifted from %s.", drifted, columns,
                                   ref->name);
    else if (count(findings, UNKNOWN))
        r->title = mlp_report_text(r, "No drift from %s seen, but there are too few rows to tell.",
                                   ref->name);
    else
        r->title = mlp_report_text(r, "No drift from %s in %zu columns.", ref->name, columns);
}
