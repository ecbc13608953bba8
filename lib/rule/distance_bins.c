/* distance_bins.c: histograms of quantiles, and their divergence. */
#include "rule/distance.h"

#include <math.h>
#include <stdlib.h>

#define QUANTILES 1000 /* that bins of equal width are made of */
#define BINS 10
#define STEP (QUANTILES / BINS)

/* Quantiles, from the least value to the greatest, with how many values there are up to each. */
struct quantiles {
    double value[QUANTILES + 2], upto[QUANTILES + 2];
    size_t n;
};

/* The value whose rank is nearest to each of the ranks 0, 1/1000, ... of all. */
static void take_quantiles(struct quantiles *q, const struct mlp_weighed *x, size_t n)
{
    double all = 0, before = 0;
    size_t i = 0;
    for (size_t k = 0; k < n; k++)
        all += x[k].n;
    for (size_t k = 0; k <= QUANTILES; k++) {
        double twice = 2 * ((double)k * all / QUANTILES);
        while (i + 1 < n && twice >= 2 * (before + x[i].n) + x[i + 1].n)
            before += x[i++].n;
        bool next = i + 1 < n && twice >= 2 * (before + x[i].n);
        q->value[k] = x[i + next].value;
        q->upto[k] = before + x[i].n + (next ? x[i + 1].n : 0);
    }
    q->n = QUANTILES + 1;
}

/* Bins between neighbours. Those with the same upper end share what they hold; what is at the least
 * value belongs to the first, and to those equal to it. */
static size_t bins_between(const struct quantiles *q, struct mlp_bin *bin)
{
    size_t n = q->n ? q->n - 1 : 0;
    for (size_t i = 0; i < n; i++)
        bin[i] = (struct mlp_bin){q->value[i], q->value[i + 1], q->upto[i + 1] - q->upto[i]};
    for (size_t i = 0, j; i < n; i = j) {
        double sum = 0;
        for (j = i; j < n && bin[j].hi == bin[i].hi; j++)
            sum += bin[j].n;
        for (size_t k = i; k < j && j > i + 1; k++)
            bin[k].n = sum / (double)(j - i);
    }
    size_t first = 0;
    while (first < n && bin[first].lo == bin[0].lo && bin[first].hi == bin[0].hi)
        first++;
    for (size_t i = 0; i < first; i++)
        bin[i].n += q->upto[0] / (double)first;
    return n;
}

/* Every hundredth quantile. */
static void make_equal_counts(struct mlp_bins *b, const struct quantiles *q)
{
    struct quantiles *few = malloc(sizeof *few);
    if (!few)
        return;
    few->n = BINS + 1;
    for (size_t i = 0; i <= BINS; i++) {
        few->value[i] = q->value[i * STEP];
        few->upto[i] = q->upto[i * STEP];
    }
    b->n = bins_between(few, b->bin);
    free(few);
}

/* Which share of a bin lies in an interval; `side`: it lies wholly before (-1) or behind (1). */
static double overlap(const struct mlp_bin *b, double lo, double hi, bool first, int *side)
{
    bool point = b->lo == b->hi && b->hi == lo;
    *side = 0;
    if (point && first)
        return 1;
    if (point || b->hi < lo) {
        *side = -1;
        return 0;
    }
    if (b->lo > hi) {
        *side = 1;
        return 0;
    }
    if (lo <= b->lo && hi >= b->hi)
        return 1;
    double from = lo <= b->lo ? b->lo : lo, to = hi >= b->hi ? b->hi : hi;
    return (to - from) / (b->hi - b->lo);
}

/* Takes away what is at infinity, and gives the greatest finite value its place at the end. */
static double strip(struct quantiles *q, double greatest, double high)
{
    size_t from = 0, n = 0;
    while (from < q->n && q->value[from] == -INFINITY)
        from++;
    double low = from ? q->upto[from - 1] : 0, last = q->upto[q->n - 1] - low - high;
    for (; from < q->n && q->value[from] != INFINITY; from++, n++) {
        q->value[n] = q->value[from];
        q->upto[n] = q->upto[from] - low;
    }
    if (high > 0) {
        q->value[n] = greatest;
        q->upto[n++] = last;
    }
    q->n = n;
    return low;
}

static void put_bin(struct mlp_bins *b, double lo, double hi, double n)
{
    b->bin[b->n++] = (struct mlp_bin){lo, hi, n};
}

/* Quantiles' bins poured into bins of equal width. */
static void pour(struct mlp_bins *b, const struct mlp_bin *fine, size_t n, double least,
                 double greatest)
{
    size_t start = 0, bins = least == greatest ? 1 : BINS;
    double width = (greatest - least) / (double)bins;
    for (size_t k = 0; k < bins && isfinite(width); k++) {
        double lo = least + (double)k * width, sum = 0;
        double hi = k + 1 == bins ? greatest : least + (double)(k + 1) * width;
        for (size_t i = start; i < n; i++) {
            int side;
            double part = overlap(&fine[i], lo, hi, k == 0, &side);
            if (side > 0)
                break;
            if (side < 0)
                start = i;
            sum += part * fine[i].n;
        }
        put_bin(b, lo, hi, sum);
    }
}

static void make_equal_width(struct mlp_bins *b, struct quantiles *q, const struct mlp_weighed *x,
                             size_t n)
{
    double high = x[n - 1].value == INFINITY ? x[n - 1].n : 0;
    size_t first = x[0].value == -INFINITY, last = n - (high > 0);
    struct mlp_bin *fine = malloc((QUANTILES + 2) * sizeof *fine);
    if (!fine)
        return;
    if (first >= last) {
        put_bin(b, -INFINITY, INFINITY, q->upto[q->n - 1]);
    } else {
        double least = x[first].value, greatest = x[last - 1].value;
        double low = strip(q, greatest, high);
        if (low > 0)
            put_bin(b, -INFINITY, -INFINITY, low);
        pour(b, fine, bins_between(q, fine), least, greatest);
        if (high > 0)
            put_bin(b, INFINITY, INFINITY, high);
    }
    free(fine);
}

void mlp_bins_make(struct mlp_bins *b, const struct mlp_weighed *x, size_t n, bool quantiles)
{
    struct quantiles *q = n ? malloc(sizeof *q) : NULL;
    *b = (struct mlp_bins){.n = 0};
    if (!q)
        return;
    take_quantiles(q, x, n);
    if (quantiles)
        make_equal_counts(b, q);
    else
        make_equal_width(b, q, x, n);
    free(q);
}

/* ---- two histograms */

/* Places where both have a count: cut bins, points, infinities, NaN. */
#define PLACES (8 * MLP_DISTANCE_BINS)
struct aligned {
    double edge[4 * MLP_DISTANCE_BINS];
    size_t nedges;
    double a[PLACES], b[PLACES];
    size_t n;
};

static bool is_wide(const struct mlp_bin *x)
{
    return isfinite(x->lo) && isfinite(x->hi) && x->lo < x->hi;
}

static bool is_point(const struct mlp_bin *x)
{
    return isfinite(x->lo) && x->lo == x->hi;
}

static void add_place(struct aligned *x, double a, double b)
{
    x->a[x->n] = a;
    x->b[x->n++] = b;
}

static void add_edge(struct aligned *x, double edge)
{
    size_t i = x->nedges;
    for (size_t k = 0; k < x->nedges; k++)
        if (x->edge[k] == edge)
            return;
    for (; i && x->edge[i - 1] > edge; i--)
        x->edge[i] = x->edge[i - 1];
    x->edge[i] = edge;
    x->nedges++;
}

/* What a histogram holds between two neighbouring edges. */
static double between(const struct mlp_bins *h, double lo, double hi)
{
    double sum = 0;
    for (size_t i = 0; i < h->n; i++) {
        const struct mlp_bin *x = &h->bin[i];
        if (is_wide(x) && x->lo <= lo && hi <= x->hi)
            sum += (hi - lo) / (x->hi - x->lo) * x->n;
    }
    return sum;
}

static double at_point(const struct mlp_bins *h, double v)
{
    double sum = 0;
    for (size_t i = 0; i < h->n; i++)
        sum += is_point(&h->bin[i]) && h->bin[i].lo == v ? h->bin[i].n : 0;
    return sum;
}

static double at_infinity(const struct mlp_bins *h)
{
    double sum = 0;
    for (size_t i = 0; i < h->n; i++)
        sum += isfinite(h->bin[i].lo) && isfinite(h->bin[i].hi) ? 0 : h->bin[i].n;
    return sum;
}

static size_t count_edges(const struct mlp_bins *h, struct aligned *x)
{
    x->nedges = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (is_wide(&h->bin[i])) {
            add_edge(x, h->bin[i].lo);
            add_edge(x, h->bin[i].hi);
        }
    }
    return x->nedges;
}

/* Bins of the same edges keep the count of NaN; it is lost when they are cut, as it is there. */
static bool align_wide(struct aligned *x, const struct mlp_bins *a, const struct mlp_bins *b)
{
    size_t of_b = count_edges(b, x), of_a = count_edges(a, x);
    for (size_t i = 0; i < b->n; i++) {
        if (is_wide(&b->bin[i])) {
            add_edge(x, b->bin[i].lo);
            add_edge(x, b->bin[i].hi);
        }
    }
    for (size_t i = 0; i + 1 < x->nedges; i++) {
        double lo = x->edge[i], hi = x->edge[i + 1];
        add_place(x, between(a, lo, hi), between(b, lo, hi));
    }
    return x->nedges == of_a && of_a == of_b;
}

static void align_points(struct aligned *x, const struct mlp_bins *a, const struct mlp_bins *b)
{
    x->nedges = 0;
    for (size_t i = 0; i < a->n; i++)
        if (is_point(&a->bin[i]))
            add_edge(x, a->bin[i].lo);
    for (size_t i = 0; i < b->n; i++)
        if (is_point(&b->bin[i]))
            add_edge(x, b->bin[i].lo);
    for (size_t i = 0; i < x->nedges; i++)
        add_place(x, at_point(a, x->edge[i]), at_point(b, x->edge[i]));
}

static double sum_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* Of x from the mean of both. */
static double kl_from_mean(const struct aligned *x, const double *p)
{
    double sum = 0;
    for (size_t i = 0; i < x->n; i++) {
        double m = (x->a[i] + x->b[i]) / 2;
        if (p[i] > 0 && m > 0)
            sum += p[i] * log2(p[i] / m);
    }
    return sum;
}

double mlp_bins_divergence(const struct mlp_bins *a, const struct mlp_bins *b)
{
    struct aligned x = {.n = 0};
    bool same = align_wide(&x, a, b);
    align_points(&x, a, b);
    add_place(&x, at_infinity(a), 0);
    add_place(&x, 0, at_infinity(b));
    add_place(&x, same ? a->nan : 0, 0);
    add_place(&x, 0, same ? b->nan : 0);
    double of_a = sum_of(x.a, x.n), of_b = sum_of(x.b, x.n);
    if (!(of_a > 0) || !(of_b > 0))
        return NAN;
    for (size_t i = 0; i < x.n; i++) {
        x.a[i] /= of_a;
        x.b[i] /= of_b;
    }
    double value = (kl_from_mean(&x, x.a) + kl_from_mean(&x, x.b)) / 2;
    return value < 1 ? value : 1;
}
