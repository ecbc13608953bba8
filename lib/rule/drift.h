/* drift.h: rules that compare a table with a reference profile: the sections `drift` and
 * `reference`. The numbers
 * are those of stat/shift.h, which mlp-drift(1) reads as well, with all well-formed rows. */
#ifndef MLP_RULE_DRIFT_H
#define MLP_RULE_DRIFT_H

#include "rule/internal.h"
#include "stat/profile.h"

struct mlp_maker;

enum mlp_drift_measure {
    MLP_DRIFT_LINF,               /* greatest difference of the shares of a value or bin */
    MLP_DRIFT_JS,                 /* Jensen-Shannon distance, rare values pooled (natural log) */
    MLP_DRIFT_PSI,                /* population stability index */
    MLP_DRIFT_V,                  /* Cramer's V */
    MLP_DRIFT_KS,                 /* Kolmogorov-Smirnov distance */
    MLP_DRIFT_WASSERSTEIN,        /* in the column's unit */
    MLP_DRIFT_EFFECT,             /* mlp-drift's: Wasserstein in deviations, JS of texts */
    MLP_DRIFT_P,                  /* p-value of KS or Pearson's test: at least */
    MLP_DRIFT_MEAN, MLP_DRIFT_STDEV, MLP_DRIFT_SUM, /* change as a share of the reference's */
    MLP_DRIFT_MISSING,            /* difference of the shares of missing values */
    MLP_DRIFT_UNSEEN,             /* share of texts that the reference has not */
    MLP_DRIFT_ROWS,               /* of the table: rows over the reference's, an interval */
    MLP_DRIFT_COLUMNS             /* of the table: the same names, the same types */
};

/* Read the sections "drift" and "reference"; nothing for NULL. Each measure of a column, and of the
 * table, becomes a rule of kind DRIFT. */
void mlp_make_drift(struct mlp_maker *m, const struct mlp_node *map);
void mlp_make_reference(struct mlp_maker *m, const struct mlp_node *map);

/* Two profiles, cur counted into ref's edges, and the columns of the table that cur is of. */
struct mlp_drift_sides {
    const struct mlp_profile *ref, *cur;
    const struct mlp_str *names;
    size_t nnames;
};

/* What a rule comes to: value, NaN when there is none; words: why, static, empty when the number
 * says it all. */
struct mlp_drift_result {
    double value;
    const char *words;
};
enum mlp_code mlp_drift_measure(const struct mlp_rule *rule, const struct mlp_drift_sides *sides,
                                struct mlp_drift_result *out, struct mlp_err *e);

#endif
