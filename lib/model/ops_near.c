/* ops_near.c: nearest neighbours (ops_near.h). */
#include "model/ops_near.h"
#include <math.h>
#include <stdlib.h>

/* --- distances --- */

static double minkowski(const struct mlp_metric *m, const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (m->w ? m->w[i] : 1) * pow(fabs(a[i] - b[i]), m->p);
    return sum;
}

static double square(const struct mlp_metric *m, const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = a[i] - b[i];
        sum += m->kind == MLP_METRIC_SEUCLIDEAN ? d * d / m->w[i] : d * d;
    }
    return sum;
}

static double mahalanobis(const double *vi, const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double part = 0;
        for (size_t j = 0; j < n; j++)
            part += vi[i * n + j] * (a[j] - b[j]);
        sum += part * (a[i] - b[i]);
    }
    return sum;
}

/* Manhattan, Chebyshev, Canberra, Hamming: one pass over the differences. */
static double one_pass(enum mlp_metric_kind kind, const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs(a[i] - b[i]), size = fabs(a[i]) + fabs(b[i]);
        if (kind == MLP_METRIC_CHEBYSHEV)
            sum = d > sum ? d : sum;
        else if (kind == MLP_METRIC_CANBERRA)
            sum += size > 0 ? d / size : 0;
        else
            sum += kind == MLP_METRIC_HAMMING ? a[i] != b[i] : d;
    }
    return kind == MLP_METRIC_HAMMING ? sum / (double)n : sum;
}

static double braycurtis(const double *a, const double *b, size_t n)
{
    double top = 0, bottom = 0;
    for (size_t i = 0; i < n; i++) {
        top += fabs(a[i] - b[i]);
        bottom += fabs(a[i]) + fabs(b[i]);
    }
    return bottom > 0 ? top / bottom : 0;
}

/* One less the cosine of the angle; of the rows less their means for the correlation. */
static double angle(const double *a, const double *b, size_t n, bool centred)
{
    double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; centred && i < n; i++) {
        ma += a[i] / (double)n;
        mb += b[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        ab += (a[i] - ma) * (b[i] - mb);
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
    }
    double d = 1 - ab / ((aa > 0 ? sqrt(aa) : 1) * (bb > 0 ? sqrt(bb) : 1));
    return d < 0 ? 0 : d > 2 ? 2 : d;
}

/* sklearn.metrics.pairwise.nan_euclidean_distances; what does not compare is farthest. */
static double nan_euclidean(const double *a, const double *b, size_t n)
{
    double sum = 0;
    size_t both = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(a[i]) && !isnan(b[i])) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
            both++;
        }
    return both ? sqrt(sum * (double)n / (double)both) : (double)INFINITY;
}

double mlp_metric_reduced(const struct mlp_metric *m, const double *a, const double *b, size_t n)
{
    switch (m->kind) {
    case MLP_METRIC_EUCLIDEAN:
    case MLP_METRIC_SQUARED:
    case MLP_METRIC_SEUCLIDEAN: return square(m, a, b, n);
    case MLP_METRIC_MINKOWSKI: return minkowski(m, a, b, n);
    case MLP_METRIC_MAHALANOBIS: return mahalanobis(m->w, a, b, n);
    case MLP_METRIC_COSINE: return angle(a, b, n, false);
    case MLP_METRIC_CORRELATION: return angle(a, b, n, true);
    case MLP_METRIC_BRAYCURTIS: return braycurtis(a, b, n);
    case MLP_METRIC_NAN_EUCLIDEAN: return nan_euclidean(a, b, n);
    default: return one_pass(m->kind, a, b, n);
    }
}

double mlp_metric_distance(const struct mlp_metric *m, double reduced)
{
    if (m->kind == MLP_METRIC_EUCLIDEAN || m->kind == MLP_METRIC_SEUCLIDEAN ||
        m->kind == MLP_METRIC_MAHALANOBIS)
        return sqrt(reduced);
    return m->kind == MLP_METRIC_MINKOWSKI ? pow(reduced, 1 / m->p) : reduced;
}

/* The distance back to its reduced form. */
static double reduce(const struct mlp_metric *m, double distance)
{
    if (m->kind == MLP_METRIC_EUCLIDEAN || m->kind == MLP_METRIC_SEUCLIDEAN ||
        m->kind == MLP_METRIC_MAHALANOBIS)
        return distance * distance;
    return m->kind == MLP_METRIC_MINKOWSKI ? pow(distance, m->p) : distance;
}

/* --- the k nearest --- */

struct found {
    double distance;
    uint32_t row;
};

/* A search for the k nearest of x: a heap with the farthest first (sklearn/utils/_heap.pyx). */
struct search {
    const struct mlp_near *p;
    const double *x;
    size_t width, k;
    struct found *heap;
};

static void push(struct search *s, double distance, uint32_t row)
{
    struct found *h = s->heap;
    size_t at = 0;
    if (distance >= h[0].distance)
        return;
    for (;;) {
        size_t left = 2 * at + 1, right = left + 1, swap = left;
        if (left >= s->k)
            break;
        if (right < s->k && h[left].distance < h[right].distance)
            swap = right;
        /* With one child its value decides strictly, as with two. */
        if (!(distance < h[swap].distance))
            break;
        h[at] = h[swap];
        at = swap;
    }
    h[at] = (struct found){distance, row};
}

/* The least reduced distance that a point of the node's box or ball can have. */
static double lower_bound(const struct search *s, size_t node)
{
    const struct mlp_near *p = s->p;
    const double *lo = p->lo + node * s->width;
    if (p->ball) {
        double d = mlp_metric_distance(&p->metric, mlp_metric_reduced(&p->metric, s->x, lo,
                                                                      s->width));
        d -= p->node[node].radius;
        return d > 0 ? reduce(&p->metric, d) : 0;
    }
    const double *hi = p->hi + node * s->width;
    double sum = 0, power = p->metric.kind == MLP_METRIC_EUCLIDEAN   ? 2
                            : p->metric.kind == MLP_METRIC_MANHATTAN ? 1
                                                                     : p->metric.p;
    for (size_t i = 0; i < s->width; i++) {
        double below = lo[i] - s->x[i], above = s->x[i] - hi[i];
        double d = 0.5 * (below + fabs(below) + above + fabs(above));
        if (p->metric.kind == MLP_METRIC_CHEBYSHEV)
            sum = fmax(sum, d);
        else
            sum += power == 2 ? d * d : power == 1 ? d : pow(d, power);
    }
    return sum;
}

static double reduced_to(const struct search *s, uint32_t row)
{
    return mlp_metric_reduced(&s->p->metric, s->x, s->p->row + row * s->width, s->width);
}

/* Depth first, the nearer child first (BinaryTree._query_single_depthfirst). */
static void descend(struct search *s, size_t node, double bound)
{
    const struct mlp_near_node *n = &s->p->node[node];
    if (bound > s->heap[0].distance)
        return;
    if (n->leaf) {
        for (uint32_t i = n->from; i < n->to; i++)
            push(s, reduced_to(s, s->p->order[i]), s->p->order[i]);
        return;
    }
    size_t a = 2 * node + 1, b = a + 1;
    double da = lower_bound(s, a), db = lower_bound(s, b);
    descend(s, da <= db ? a : b, da <= db ? da : db);
    descend(s, da <= db ? b : a, da <= db ? db : da);
}

static int by_distance(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static void find(struct search *s)
{
    for (size_t i = 0; i < s->k; i++)
        s->heap[i] = (struct found){(double)INFINITY, 0};
    if (s->p->nnodes)
        descend(s, 0, lower_bound(s, 0));
    for (uint32_t i = 0; !s->p->nnodes && i < s->p->n; i++)
        push(s, reduced_to(s, i), i);
    qsort(s->heap, s->k, sizeof *s->heap, by_distance);
}

static enum mlp_code run_nearest(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_nearest *p = n->params;
    struct search s = {&p->near, c->x, n->in.n, p->k, c->scratch};
    for (size_t r = 0; r < c->rows; r++) {
        double *y = c->y + r * c->ldy;
        s.x = c->x + r * c->ldx;
        find(&s);
        for (size_t i = 0; i < p->k; i++) {
            y[i] = s.heap[i].row;
            y[p->k + i] = mlp_metric_distance(&p->near.metric, s.heap[i].distance);
        }
    }
    return MLP_OK;
}

static size_t nearest_scratch(const struct mlp_gnode *n, size_t rows)
{
    (void)rows;
    return ((const struct mlp_nearest *)n->params)->k * sizeof(struct found);
}

const struct mlp_op mlp_op_nearest = {"nearest neighbours", run_nearest, nearest_scratch};

static enum mlp_code run_metric(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_metric_rows *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t k = 0; k < n->out_width; k++) {
            const double *row = p->row + k * n->in.n;
            double d = mlp_metric_reduced(&p->metric, c->x + r * c->ldx, row, n->in.n);
            c->y[r * c->ldy + k] = mlp_metric_distance(&p->metric, d);
        }
    return MLP_OK;
}

const struct mlp_op mlp_op_metric = {"distances", run_metric, NULL};

/* --- what they say --- */

static void add_vote(const struct mlp_near_vote *p, size_t row, double weight, double *y,
                     size_t width)
{
    const double *target = p->target + row * p->stride;
    if (p->classes)
        y[(size_t)target[p->column]] += weight;
    for (size_t j = 0; !p->classes && j < width; j++)
        y[j] += weight * target[j];
}

static enum mlp_code run_near_vote(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_near_vote *p = n->params;
    size_t width = n->out_width;
    for (size_t r = 0; r < c->rows; r++) {
        const double *row = c->x + r * c->ldx, *distance = row + p->k;
        double *y = c->y + r * c->ldy, sum = 0;
        memset(y, 0, width * sizeof *y);
        for (size_t i = 0; i < p->k; i++) {
            double w = !p->by_distance    ? 1
                       : distance[0] == 0 ? distance[i] == 0
                                          : 1 / distance[i];
            sum += w;
            add_vote(p, (size_t)row[i], w, y, width);
        }
        for (size_t j = 0; j < width; j++)
            y[j] /= sum;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_near_vote = {"neighbours' vote", run_near_vote, NULL};

static enum mlp_code run_outlier(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_outlier *p = n->params;
    (void)n;
    for (size_t r = 0; r < c->rows; r++) {
        const double *row = c->x + r * c->ldx, *distance = row + p->k;
        double reach = 0, ratio = 0;
        for (size_t i = 0; i < p->k; i++)
            reach += fmax(distance[i], p->reach[(size_t)row[i]]);
        double density = 1 / (reach / (double)p->k + 1e-10);
        for (size_t i = 0; i < p->k; i++)
            ratio += p->lrd[(size_t)row[i]] / density;
        c->y[r * c->ldy] = -(ratio / (double)p->k);
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_outlier = {"local outlier factor", run_outlier, NULL};

/* One row's votes of all within the radius; false when nobody is there. */
static bool vote_within(const struct mlp_within *p, const double *x, size_t width, double *y,
                        size_t out_width)
{
    const struct mlp_metric *m = &p->near.metric;
    double limit = reduce(m, p->radius), sum = 0;
    bool zero = false;
    for (int pass = p->vote.by_distance ? 0 : 1; pass < 2; pass++)
        for (size_t i = 0; i < p->near.n; i++) {
            double d = mlp_metric_reduced(m, x, p->near.row + i * width, width);
            if (!(d <= limit))
                continue;
            zero |= d == 0;
            double w = !p->vote.by_distance ? 1
                       : zero               ? d == 0
                                            : 1 / mlp_metric_distance(m, d);
            if (pass) {
                sum += w;
                add_vote(&p->vote, i, w, y, out_width);
            }
        }
    for (size_t j = 0; j < out_width && sum > 0; j++)
        y[j] /= sum;
    return sum > 0;
}

static enum mlp_code run_within(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_within *p = n->params;
    for (size_t r = 0; r < c->rows; r++) {
        double *y = c->y + r * c->ldy;
        memset(y, 0, n->out_width * sizeof *y);
        if (!vote_within(p, c->x + r * c->ldx, n->in.n, y, n->out_width))
            memcpy(y, p->alone, n->out_width * sizeof *y);
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_within = {"neighbours within a radius", run_within, NULL};
