/* spread.h: rules that look at all values of a column together and are decided at the end. */
#ifndef MLP_RULE_SPREAD_H
#define MLP_RULE_SPREAD_H

#include "rule/internal.h"

enum mlp_spread_op {
    MLP_SPREAD_DISTINCT_IN, MLP_SPREAD_DISTINCT_CONTAINS, MLP_SPREAD_DISTINCT_EQUALS,
    MLP_SPREAD_MOST_COMMON,
    MLP_SPREAD_ENTROPY,           /* of the values' shares, in nats */
    MLP_SPREAD_SINGLES,           /* share of the values that come once */
    MLP_SPREAD_UNREPEATED,        /* distinct values that come once, as a share of all */
    MLP_SPREAD_REPEATED,          /* distinct values that come more than once, as a share of all */
    MLP_SPREAD_DUPLICATES,        /* how many distinct values come more than once */
    MLP_SPREAD_DUPLICATE_SHARE,   /* the same as a share of the rows */
    MLP_SPREAD_COPIES,            /* values that came before */
    MLP_SPREAD_COPY_SHARE,        /* the same as a share of the values */
    MLP_SPREAD_BALANCE,           /* rows of the rarest value over those of the most common */
    MLP_SPREAD_SPELLINGS,         /* most texts that are the same but for case and signs */
    MLP_SPREAD_NULL_SPELLINGS,    /* ways in which "missing" is written */
    MLP_SPREAD_LEAST, MLP_SPREAD_GREATEST, MLP_SPREAD_QUANTILES,
    MLP_SPREAD_KL, MLP_SPREAD_CHI_SQUARE, MLP_SPREAD_KS, MLP_SPREAD_DTYPE
};

enum mlp_spread_law { MLP_LAW_NORM, MLP_LAW_BETA, MLP_LAW_GAMMA, MLP_LAW_UNIFORM, MLP_LAW_CHI2,
                      MLP_LAW_EXPON };

struct mlp_spread_quantile {
    double at, lo, hi;            /* NaN where open */
};

struct mlp_spread {
    enum mlp_spread_op op;
    struct mlp_map set;           /* of values, as mlp_wide_key writes them; names of DTYPE */
    bool ties;                    /* of MOST_COMMON: one of several is enough */
    struct mlp_str lo, hi;        /* of LEAST and GREATEST over texts; p NULL when open */
    bool open_lo, open_hi;
    struct mlp_spread_quantile *quantiles;
    size_t nquantiles;
    /* of KL and CHI_SQUARE: shares by value (as set, in order) or between edges; tails: shares
     * below and above the edges */
    double *edges, *weights;
    size_t nweights;
    double tails[2];
    bool has_tails;
    double tail_holdout, internal_holdout;
    double bound;                 /* KL: at most; CHI_SQUARE and KS: p above; NaN for any */
    enum mlp_spread_law law;      /* of KS */
    double params[4];
};

/* What the cells of a column are, all of them. */
struct mlp_cell_kinds {
    uint64_t missing, ints, floats, bools, texts;
};
void mlp_cell_kinds_add(struct mlp_cell_kinds *k, const struct mlp_column_view *v);
/* The name that pandas gives such a column when it reads it from CSV. */
const char *mlp_cell_kinds_name(const struct mlp_cell_kinds *k);

/* Whether there are values, all of them numbers or true and false. */
static inline bool mlp_cell_kinds_numbers(const struct mlp_cell_kinds *k)
{
    return k->texts == 0 && k->ints + k->floats + k->bools > 0;
}

struct mlp_spread_state {
    struct mlp_map counts;        /* values by how often they come */
    bool has_counts;
    struct mlp_buf extreme;       /* of LEAST, GREATEST */
    bool has_extreme;
    uint64_t n;                   /* values that are not missing */
    uint64_t *bins;               /* of KL with edges: below, between, above */
    struct mlp_column_sums sums;  /* of QUANTILES, KS */
    struct mlp_cell_kinds kinds;  /* of DTYPE */
    uint64_t absent;              /* cells without a value */
    bool started;
};
void mlp_spread_state_fini(struct mlp_spread_state *s);

enum mlp_code mlp_spread_add(const struct mlp_rule *rule, const struct mlp_column_view *v,
                             struct mlp_spread_state *s, struct mlp_err *e);

/* What it comes to. value: NaN when there is no one number. words: for people; json: what was
 * observed, both the caller's, initialised. unexpected and missing: of sets of distinct values. */
struct mlp_spread_result {
    bool holds;
    double value;
    uint64_t unexpected, missing;
    struct mlp_buf words, json;
};
/* spread_counts.c: the number that ENTROPY and its kin come to, from the counts of values. */
enum mlp_code mlp_spread_counted(enum mlp_spread_op op, const struct mlp_spread_state *s,
                                 double *value, struct mlp_err *e);
enum mlp_code mlp_spread_end(const struct mlp_rule *rule, struct mlp_spread_state *s,
                             struct mlp_spread_result *out, struct mlp_err *e);

/* spread_law.c. Kullback and Leibler 1951, in nats, of the observed shares from the expected ones;
 * infinite where nothing was expected; NaN without values. */
enum mlp_code mlp_spread_kl(const struct mlp_spread *x, const struct mlp_spread_state *s,
                            double *kl, struct mlp_err *e);
/* Pearson's p-value of the counts of values. */
double mlp_spread_chi_square(const struct mlp_spread *x, const struct mlp_spread_state *s);
/* Kolmogorov's p-value of the values from the law. */
double mlp_spread_ks(const struct mlp_spread *x, struct mlp_spread_state *s);

#endif
