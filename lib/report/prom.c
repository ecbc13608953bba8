/* Prometheus text: outcome of each check, its numbers, and when. Labels stay bounded: the id of
 * the check and the name of the number, never a value. */
#include "report/internal.h"

#include "text/prom.h"

#include <math.h>

static void add_outcomes(const struct mlp_report *r, struct mlp_buf *b)
{
    mlp_prom_head(b, "mlp_check_outcome", "gauge", "0 pass, 1 warn, 2 fail, for each check.");
    for (const struct mlp_check *c = r->checks; c; c = c->next) {
        const struct mlp_prom_label labels[] = {
            {"kind", r->kind}, {"check", c->id}, {"column", c->column}, {"slice", c->slice},
            {NULL, {NULL, 0}},
        };
        mlp_prom_sample(b, "mlp_check_outcome", labels, (double)c->outcome);
    }
}

static void add_measures(const struct mlp_report *r, struct mlp_buf *b)
{
    mlp_prom_head(b, "mlp_check_measure", "gauge", "The numbers of each check.");
    for (const struct mlp_check *c = r->checks; c; c = c->next) {
        for (const struct mlp_measure *m = c->measures; m; m = m->next) {
            const struct mlp_prom_label labels[] = {
                {"kind", r->kind},   {"check", c->id},     {"column", c->column},
                {"slice", c->slice}, {"measure", m->name}, {NULL, {NULL, 0}},
            };
            if (isfinite(m->value))
                mlp_prom_sample(b, "mlp_check_measure", labels, m->value);
        }
    }
}

void mlp_render_prom(const struct mlp_report *r, struct mlp_buf *b)
{
    const struct mlp_prom_label kind[] = {{"kind", r->kind}, {NULL, {NULL, 0}}};
    mlp_prom_head(b, "mlp_report_outcome", "gauge", "0 pass, 1 warn, 2 fail.");
    mlp_prom_sample(b, "mlp_report_outcome", kind, (double)r->outcome);
    if (r->created) {
        mlp_prom_head(b, "mlp_report_timestamp_seconds", "gauge", "When the report was made.");
        mlp_prom_sample(b, "mlp_report_timestamp_seconds", kind, (double)r->created);
    }
    if (r->summary)
        mlp_prom_head(b, "mlp_report_summary", "gauge", "The numbers of the summary.");
    for (const struct mlp_measure *m = r->summary; m; m = m->next) {
        const struct mlp_prom_label labels[] = {
            {"kind", r->kind}, {"measure", m->name}, {NULL, {NULL, 0}},
        };
        if (isfinite(m->value))
            mlp_prom_sample(b, "mlp_report_summary", labels, m->value);
    }
    if (r->checks) {
        add_outcomes(r, b);
        add_measures(r, b);
    }
}
