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

enum mlp_code mlp_bins_init(struct mlp_bins *b, const double *edges, size_t nedges,
                            struct mlp_err *e)
{
    *b = (struct mlp_bins){.nedges = nedges, .edges = edges};
    if (nedges == 0)
        return MLP_OK;
    b->inverse = calloc(nedges + 1, sizeof *b->inverse);
    b->counts = calloc(nedges + 1, sizeof *b->counts);
    b->offsets = calloc(nedges + 1, sizeof *b->offsets);
    if (!b->inverse || !b->counts || !b->offsets) {
        mlp_bins_fini(b);
        return mlp_err_nomem(e);
    }
    for (size_t i = 0; i <= nedges; i++) {
        double inverse = STEPS / width(edges, nedges, i);
        b->inverse[i] = inverse < 0x1p1023 ? inverse : 0x1p1023;
    }
    return MLP_OK;
}

void mlp_bins_fini(struct mlp_bins *b)
{
    free(b->inverse);
    free(b->counts);
    free(b->offsets);
    *b = (struct mlp_bins){0};
}

void mlp_bins_add(struct mlp_bins *b, double x, uint64_t count)
{
    const double *base = b->edges;
    size_t n = b->nedges;
    while (n > 1) {
        size_t half = n / 2;
        base += base[half - 1] < x ? half : 0;
        n -= half;
    }
    size_t i = (size_t)(base - b->edges) + (*base < x);
    double t = fabs(x - origin(b->edges, i)) * b->inverse[i];
    double most = i == 0 || i == b->nedges ? SPANS * STEPS : STEPS;
    b->counts[i] += count;
    b->offsets[i] += count * (uint64_t)(t < most ? t + 0.5 : most);
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
