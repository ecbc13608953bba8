/* column.c: what a column comes to as a whole: moments, extremes, quantiles. */
#include "rule/internal.h"

#include <math.h>
#include <stdlib.h>

void mlp_column_sums_init(struct mlp_column_sums *s, const struct mlp_rule *rules, size_t n)
{
    *s = (struct mlp_column_sums){.least = NAN, .greatest = NAN, .most = SIZE_MAX};
    mlp_rng_init(&s->rng, 1);
    for (size_t i = 0; i < n; i++) {
        enum mlp_rule_kind kind = rules[i].kind;
        s->wants_moments = s->wants_moments || (kind >= MLP_RULE_MEAN && kind <= MLP_RULE_GREATEST);
        s->wants_values = s->wants_values || kind == MLP_RULE_MEDIAN ||
                          kind == MLP_RULE_QUANTILE || kind == MLP_RULE_IQR;
        s->wants_lengths = s->wants_lengths || (kind >= MLP_RULE_MEAN_LENGTH &&
                                                kind <= MLP_RULE_GREATEST_LENGTH);
    }
}

void mlp_column_sums_fini(struct mlp_column_sums *s)
{
    free(s->values);
}

/* Welford 1962; the third and fourth as Pebay 2008 (SAND2008-6212). */
static void add_moments(struct mlp_column_sums *s, double x)
{
    double n = (double)++s->n, d = x - s->mean, part = d / n, square = d * part * (n - 1);
    s->sum += x;
    s->zeros += x == 0;
    s->negatives += x < 0;
    s->positives += x > 0;
    s->mean += part;
    s->m4 += square * part * part * (n * n - 3 * n + 3) + 6 * part * part * s->m2 -
             4 * part * s->m3;
    s->m3 += square * part * (n - 2) - 3 * part * s->m2;
    s->m2 += d * (x - s->mean);
    s->least = s->n == 1 || x < s->least ? x : s->least;
    s->greatest = s->n == 1 || x > s->greatest ? x : s->greatest;
}

/* Vitter's algorithm R once the room is taken. */
enum mlp_code mlp_column_sums_keep(struct mlp_column_sums *s, double x, struct mlp_err *e)
{
    s->offered++;
    if (s->nvalues == s->most) {
        uint64_t at = mlp_rng_below(&s->rng, s->offered);
        if (at < s->most)
            s->values[at] = x;
        return MLP_OK;
    }
    if (s->nvalues == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 1024;
        cap = cap < s->most ? cap : s->most;
        double *more = realloc(s->values, cap * sizeof *more);
        if (!more)
            return mlp_err_nomem(e);
        s->values = more;
        s->cap = cap;
    }
    s->values[s->nvalues++] = x;
    return MLP_OK;
}

static void add_lengths(struct mlp_column_sums *s, const struct mlp_column_view *v)
{
    for (size_t r = 0; r < v->n; r++) {
        if (v->state[r] != MLP_CELL_FITS && v->state[r] != MLP_CELL_WRONG)
            continue;
        size_t length = mlp_text_length(mlp_cell_str(&v->cell[r]));
        s->shortest = s->texts == 0 || length < s->shortest ? length : s->shortest;
        s->longest = length > s->longest ? length : s->longest;
        s->characters += length;
        s->texts++;
    }
}

enum mlp_code mlp_column_sums_add(struct mlp_column_sums *s, const struct mlp_column_view *v,
                                  struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    s->missing += v->count[MLP_CELL_ABSENT];
    s->rows += v->n - v->count[MLP_CELL_BAD];
    for (size_t r = 0; r < v->n && code == MLP_OK && (s->wants_moments || s->wants_values); r++) {
        if (v->state[r] != MLP_CELL_FITS || !isfinite(v->value[r]))
            continue;
        if (s->wants_moments)
            add_moments(s, v->value[r]);
        if (s->wants_values)
            code = mlp_column_sums_keep(s, v->value[r], e);
    }
    if (s->wants_lengths)
        add_lengths(s, v);
    return code;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median lies between two values; other quantiles are values themselves, the nearest in rank,
 * ties to even, as pandas' interpolation "nearest". */
static double quantile(struct mlp_column_sums *s, double q, bool between)
{
    if (s->nvalues == 0)
        return NAN;
    if (!s->sorted)
        qsort(s->values, s->nvalues, sizeof *s->values, by_value);
    s->sorted = true;
    double at = q * (double)(s->nvalues - 1);
    size_t low = (size_t)floor(at), high = (size_t)ceil(at);
    if (!between)
        return s->values[(size_t)nearbyint(at)];
    return s->values[low] + (at - (double)low) * (s->values[high] - s->values[low]);
}

double mlp_column_sums_quantile(struct mlp_column_sums *s, double q)
{
    return quantile(s, q, true);
}

static double share(uint64_t part, uint64_t whole, double of_none)
{
    return whole ? (double)part / (double)whole : of_none;
}

/* The third and fourth standardised moments, of the population; the normal law has 0 and 0. */
static double shape(const struct mlp_column_sums *s, bool third)
{
    double n = (double)s->n;
    if (!(s->m2 > 0))
        return NAN;
    return third ? sqrt(n) * s->m3 / pow(s->m2, 1.5) : n * s->m4 / (s->m2 * s->m2) - 3;
}

/* How many of the rows have a value, or have none. */
static double presence(const struct mlp_column_sums *s, enum mlp_rule_kind kind)
{
    if (kind == MLP_RULE_VALUES)
        return (double)(s->rows - s->missing);
    return share(kind == MLP_RULE_MISSING ? s->missing : s->rows - s->missing, s->rows, 0);
}

/* Of a sample by one less than its size, of a population by its size. */
static double variance(const struct mlp_column_sums *s, uint64_t less)
{
    return s->n > less ? s->m2 / (double)(s->n - less) : NAN;
}

static double moment(const struct mlp_column_sums *s, enum mlp_rule_kind kind)
{
    switch (kind) {
    case MLP_RULE_MEAN: return s->n ? s->mean : NAN;
    case MLP_RULE_VARIANCE: return variance(s, 1);
    case MLP_RULE_STDEV: return sqrt(variance(s, 1));
    case MLP_RULE_VARIANCE_POPULATION: return variance(s, 0);
    case MLP_RULE_STDEV_POPULATION: return sqrt(variance(s, 0));
    case MLP_RULE_SUM: return s->sum;
    case MLP_RULE_LEAST: return s->least;
    case MLP_RULE_GREATEST: return s->greatest;
    case MLP_RULE_ZEROS: return share(s->zeros, s->n, NAN);
    case MLP_RULE_NEGATIVES: return share(s->negatives, s->n, NAN);
    case MLP_RULE_POSITIVES: return share(s->positives, s->n, NAN);
    default: return shape(s, kind == MLP_RULE_SKEWNESS);
    }
}

double mlp_column_sums_value(struct mlp_column_sums *s, const struct mlp_rule *rule)
{
    if (rule->kind >= MLP_RULE_MEAN && rule->kind <= MLP_RULE_GREATEST)
        return moment(s, rule->kind);
    if (rule->kind <= MLP_RULE_VALUES)
        return presence(s, rule->kind);
    switch (rule->kind) {
    case MLP_RULE_MEDIAN: return quantile(s, 0.5, true);
    case MLP_RULE_QUANTILE: return quantile(s, rule->quantile, false);
    case MLP_RULE_IQR: return quantile(s, 0.75, true) - quantile(s, 0.25, true);
    case MLP_RULE_GROUP_ROWS: return (double)s->rows;
    case MLP_RULE_MEAN_LENGTH:
        return s->texts ? (double)s->characters / (double)s->texts : NAN;
    case MLP_RULE_LEAST_LENGTH: return s->texts ? (double)s->shortest : NAN;
    case MLP_RULE_GREATEST_LENGTH: return s->texts ? (double)s->longest : NAN;
    default: return NAN;
    }
}

/* Dvoretzky, Kiefer and Wolfowitz 1956, Massart 1990: 95 % for all quantiles at once. */
double mlp_column_sums_rank_error(const struct mlp_column_sums *s)
{
    return s->offered > s->nvalues ? sqrt(log(2 / 0.05) / (2 * (double)s->nvalues)) : 0;
}
