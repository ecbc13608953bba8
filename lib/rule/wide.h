/* wide.h: rules about several columns of a row at once, and rules of one column that look at the
 * data twice. A cell is compared by what it is: cells that are numbers as numbers ("1" and "1.0"
 * are the same), others as texts. */
#ifndef MLP_RULE_WIDE_H
#define MLP_RULE_WIDE_H

#include "rule/internal.h"

enum mlp_wide_op {
    MLP_WIDE_COMPARE,             /* a OP b */
    MLP_WIDE_PAIRS,               /* (a, b, ...) is in a set */
    MLP_WIDE_UNIQUE,              /* no other row has the same values: looks twice */
    MLP_WIDE_WITHIN,              /* no value of the row comes twice in it */
    MLP_WIDE_SUM,                 /* the values add up to a number */
    MLP_WIDE_ZSCORE,              /* so many standard deviations from the mean: looks twice */
    MLP_WIDE_QUARTILES,           /* so many interquartile ranges beyond them: looks twice */
    MLP_WIDE_DETERMINES,          /* rows with the same values have the same in the last column */
    MLP_WIDE_ASSOCIATION,         /* Cramer's phi of two columns, decided at the end */
    MLP_WIDE_MUTUAL,              /* their mutual information, in nats, likewise */
    MLP_WIDE_CORRELATION,         /* Pearson's, of two columns of numbers, likewise */
    MLP_WIDE_MEANS                /* p-value of a mean against a number or that of another group */
};

/* Which rows are passed over for missing values. */
enum mlp_wide_skip { MLP_SKIP_ALL, MLP_SKIP_ANY, MLP_SKIP_NEVER };

/* How a side of an association is put into bins: edges for numbers, groups for texts, or so many
 * bins (0: 10). */
struct mlp_wide_bins {
    const struct mlp_node *list;  /* of numbers, or of lists of texts; NULL for none */
    size_t n;
};

struct mlp_wide {
    enum mlp_wide_op op;
    enum mlp_wide_skip skip;
    struct mlp_str compare;       /* of COMPARE: "==", "!=", "<", "<=", ">", ">=" */
    double number;                /* of SUM: the sum; of ZSCORE, QUARTILES: the bound; of MEANS */
    struct mlp_str groups[2];     /* of MEANS: values of the second column; p NULL: none */
    bool two_sided;               /* of ZSCORE */
    struct mlp_map pairs;         /* of PAIRS: rows as mlp_wide_key writes them; of those of a file
                                     how often they come */
    bool once;                    /* of PAIRS: more often than once does not count */
    struct mlp_wide_bins bins[2];
};

/* What such a rule remembers. */
struct mlp_wide_state {
    struct mlp_hashes seen, twice; /* of UNIQUE, from the first look; of DETERMINES without and
                                     with the last column */
    uint64_t n;                   /* of ZSCORE, from the first look: Welford's moments; of */
    double mean, m2;              /* CORRELATION those of the first column, */
    double mean2, m22, both;      /* of the second, and of both; of MEANS of two groups */
    uint64_t n2;
    struct mlp_column_sums values; /* of QUARTILES */
    bool has_values;
    struct mlp_map counts;        /* of ASSOCIATION: rows by their values */
    bool has_counts;
};
void mlp_wide_state_fini(struct mlp_wide_state *s);

/* Appends a value so that equal values have equal bytes: numbers by value, p NULL for missing. */
void mlp_wide_key(struct mlp_buf *b, struct mlp_str value);

bool mlp_wide_looks_twice(const struct mlp_rule *rule);

/* The rows of a batch that a rule is about: looks[r] is 0 for a row that it passes over for its
 * `when` or that is not well formed. index: its columns in the batch. */
struct mlp_wide_rows {
    const struct mlp_batch *b;
    const int *index;
    size_t ncolumns;
    uint8_t *looks;
};

/* The first look. */
enum mlp_code mlp_wide_survey(const struct mlp_rule *rule, const struct mlp_wide_rows *rows,
                              struct mlp_wide_state *s, struct mlp_err *e);
/* The second, or only, look: makes looks[r] 0 for rows that it passes over for missing values, 2
 * for rows that fail. */
enum mlp_code mlp_wide_mark(const struct mlp_rule *rule, const struct mlp_wide_rows *rows,
                            struct mlp_wide_state *s, struct mlp_err *e);

/* wide_correlation.c: adds the rows whose values are both numbers; the coefficient, NaN where one
 * of the columns does not vary. */
void mlp_wide_correlation_add(const struct mlp_wide_rows *rows, struct mlp_wide_state *s);
double mlp_wide_correlation(const struct mlp_wide_state *s);

/* wide_more.c */
enum mlp_code mlp_wide_quartiles_survey(const struct mlp_wide_rows *rows, struct mlp_wide_state *s,
                                        struct mlp_err *e);
void mlp_wide_quartiles_mark(const struct mlp_wide *w, const struct mlp_wide_rows *rows,
                             struct mlp_wide_state *s);
enum mlp_code mlp_wide_determines_mark(const struct mlp_wide_rows *rows, struct mlp_wide_state *s,
                                       struct mlp_err *e);
void mlp_wide_means_add(const struct mlp_wide *w, const struct mlp_wide_rows *rows,
                        struct mlp_wide_state *s);
double mlp_wide_means_p(const struct mlp_wide *w, const struct mlp_wide_state *s);

/* wide_phi.c: Cramer's phi of the counted pairs, or their mutual information; NaN when there is
 * none. */
enum mlp_code mlp_wide_phi(const struct mlp_wide *w, const struct mlp_wide_state *s, double *phi,
                           struct mlp_err *e);

#endif
