#include "stat/bins.h"

#include <math.h>
#include <stdlib.h>

#define STEPS 1048576.0 /* 2^20 */
#define SPANS 4096.0

/* The width of bin i: its edges' distance; for the open bins the span of all edges. */
static double width(const double *edges, size_t nedges, size_t i)
{
    double lo = i > 0 && i < nedges ? edges[i - 1] : edges[0];
    double hi = i > 0 && i < nedges ? edges[i] : edges[nedges - 1];
    double w = hi - lo;
    if (!(w > 0))
        w = fabs(lo) > 1 ? fabs(lo) : 1; /* one edge only */
    return w < INFINITY ? w : 0x1p1023;
}

/* Where bin i counts its offsets from, and in which direction. */
static double origin(const double *edges, size_t i)
{
    return edges[i ? i - 1 : 0];
}

/* Rises with x whatever is rounded, so that edges in lower cells are less than x. */
static size_t cell_of(const struct mlp_bins *b, double x)
{
    double t = (x - b->low) * b->scale;
    t = t > 0 ? t : 0;
    t = t < MLP_BINS_CELLS - 1 ? t : MLP_BINS_CELLS - 1;
    return (size_t)t;
}

/* Lays the grid over the edges without `aside` of them at either end; returns how many edges the
 * fullest cell holds. */
static size_t lay_grid(struct mlp_bins *b, size_t aside)
{
    size_t at = 0, fullest = 0;
    double span = b->edges[b->nedges - 1 - aside] - b->edges[aside];
    b->low = b->edges[aside];
    b->scale = span > 0 ? MLP_BINS_CELLS / span : 0;
    if (!(b->scale < INFINITY))
        b->scale = 0;
    for (size_t cell = 0; cell < MLP_BINS_CELLS; cell++) {
        size_t first = at;
        b->below[cell] = (uint16_t)at;
        while (at < b->nedges && cell_of(b, b->edges[at]) == cell)
            at++;
        fullest = at - first > fullest ? at - first : fullest;
    }
    return fullest;
}

/* The grid whose fullest cell is least full: long tails are better left outside. */
static void choose_grid(struct mlp_bins *b)
{
    size_t best = 0, least = SIZE_MAX;
    for (size_t part = 64; part >= 8; part /= 2) {
        size_t fullest = lay_grid(b, b->nedges / part);
        if (fullest < least) {
            least = fullest;
            best = part;
        }
    }
    lay_grid(b, b->nedges / best);
    while (((size_t)1 << b->steps) - 1 < least)
        b->steps++;
}

enum mlp_code mlp_bins_init(struct mlp_bins *b, const double *edges, size_t nedges,
                            struct mlp_err *e)
{
    *b = (struct mlp_bins){.nedges = nedges};
    if (nedges == 0)
        return MLP_OK;
    b->edges = calloc(2 * nedges + 1, sizeof *b->edges);
    b->inverse = calloc(nedges + 1, sizeof *b->inverse);
    b->counts = calloc(nedges + 1, sizeof *b->counts);
    b->offsets = calloc(nedges + 1, sizeof *b->offsets);
    b->below = calloc(MLP_BINS_CELLS, sizeof *b->below);
    if (!b->edges || !b->inverse || !b->counts || !b->offsets || !b->below) {
        mlp_bins_fini(b);
        return mlp_err_nomem(e);
    }
    for (size_t i = 0; i < 2 * nedges + 1; i++)
        b->edges[i] = i < nedges ? edges[i] : INFINITY;
    for (size_t i = 0; i <= nedges; i++) {
        double inverse = STEPS / width(edges, nedges, i);
        b->inverse[i] = inverse < 0x1p1023 ? inverse : 0x1p1023;
    }
    choose_grid(b);
    return MLP_OK;
}

void mlp_bins_fini(struct mlp_bins *b)
{
    free(b->edges);
    free(b->inverse);
    free(b->counts);
    free(b->offsets);
    free(b->below);
    *b = (struct mlp_bins){0};
}

/* How many edges lie below x. Without branches: which way a search turns cannot be foretold. */
static size_t edges_below(const struct mlp_bins *b, double x)
{
    size_t at = b->below[cell_of(b, x)];
    for (size_t half = (size_t)1 << b->steps >> 1; half; half >>= 1)
        at += half & -(size_t)(b->edges[at + half - 1] < x);
    return at;
}

/* Distance of x from where bin i counts, in steps, rounded. At most 2^32. */
static uint64_t steps_from(const struct mlp_bins *b, size_t i, double x)
{
    double t = fabs(x - origin(b->edges, i)) * b->inverse[i];
    double most = i == 0 || i == b->nedges ? SPANS * STEPS : STEPS;
    return (uint64_t)(int64_t)((t < most ? t : most) + 0.5);
}

void mlp_bins_add(struct mlp_bins *b, double x, uint64_t count)
{
    size_t i = edges_below(b, x);
    b->counts[i] += count;
    b->offsets[i] += count * steps_from(b, i, x);
}

/* All bins first: the searches of neighbours then overlap. */
void mlp_bins_add_all(struct mlp_bins *b, const double *x, size_t n)
{
    const struct mlp_bins local = *b;
    uint16_t bin[64];
    while (n) {
        size_t part = n < 64 ? n : 64;
        for (size_t k = 0; k < part; k++)
            bin[k] = (uint16_t)edges_below(&local, x[k]);
        for (size_t k = 0; k < part; k++) {
            local.counts[bin[k]]++;
            local.offsets[bin[k]] += steps_from(&local, bin[k], x[k]);
        }
        x += part;
        n -= part;
    }
}

double mlp_bins_sum(const double *edges, size_t nedges, size_t i, uint64_t count,
                    uint64_t offset)
{
    double off = (double)offset / STEPS * width(edges, nedges, i);
    return (double)count * origin(edges, i) + (i ? off : -off);
}

/* The order statistics of rank `rank` (1-based), rising from call to call. */
struct walk {
    const struct mlp_weighted *v;
    size_t n, i;
    uint64_t before; /* values in v[0..i) */
};

static double at_rank(struct walk *w, uint64_t rank)
{
    while (w->i + 1 < w->n && w->before + w->v[w->i].count < rank)
        w->before += w->v[w->i++].count;
    return w->v[w->i].x;
}

static size_t push(double *out, size_t n, double x)
{
    if (n && !(x > out[n - 1]))
        return n;
    out[n] = x;
    return n + 1;
}

/* ceil(total * num / den), without overflow for den <= 2^16. */
static uint64_t share(uint64_t total, uint64_t num, uint64_t den)
{
    uint64_t whole = total / den * num, rest = total % den * num;
    return whole + (rest + den - 1) / den;
}

size_t mlp_bins_choose(const struct mlp_weighted *v, size_t n, double *out)
{
    size_t edges = 0;
    uint64_t total = 0;
    int deepest = 8;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        total += v[i].count;
    if (n <= 256) {
        for (size_t i = 0; i < n; i++)
            out[i] = v[i].x;
        return n;
    }
    struct walk w = {v, n, 0, 0};
    while (deepest < 40 && total >> (deepest + 1) >= 4)
        deepest++;
    edges = push(out, edges, v[0].x);
    for (int k = deepest; k > 8; k--)
        edges = push(out, edges, at_rank(&w, (total >> k) + 1));
    for (uint64_t i = 1; i < 256; i++)
        edges = push(out, edges, at_rank(&w, share(total, i, 256)));
    for (int k = 9; k <= deepest; k++)
        edges = push(out, edges, at_rank(&w, total - (total >> k)));
    return push(out, edges, v[n - 1].x);
}
