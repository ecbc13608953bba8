#include "stat/curves.h"
#include "stat/metrics_inside.h"
#include "stat/ranked.h"

#include <math.h>
#include <string.h>

/* Calls fn at every distinct score, from the greatest down, with what it chooses. */
static bool walk(const struct mlp_binary *b, void (*fn)(void *, const struct mlp_threshold *),
                 void *ctx)
{
    struct mlp_ranked r;
    struct mlp_threshold at = {0, 0, 0};
    if (!mlp_rank(b, &r))
        return false;
    for (size_t i = r.b.n; i > 0;) {
        at.threshold = r.b.score[i - 1];
        do {
            i--;
            at.tp += weight(&r.b, i) * r.b.y[i];
            at.fp += weight(&r.b, i) * (1 - r.b.y[i]);
        } while (i > 0 && r.b.score[i - 1] == at.threshold);
        fn(ctx, &at);
    }
    mlp_ranked_fini(&r);
    return true;
}

struct kept {
    struct mlp_curve *out;
    struct mlp_threshold last;
    size_t seen, all;
};

static void count_one(void *ctx, const struct mlp_threshold *at)
{
    struct kept *k = ctx;
    k->last = *at;
    k->all++;
}

/* Point i of `all` is kept when it is the first of its share. */
static void keep_one(void *ctx, const struct mlp_threshold *at)
{
    struct kept *k = ctx;
    bool last = k->seen + 1 == k->all;
    const size_t room = MLP_CURVE_POINTS - 1;
    bool first = k->seen == 0 || k->seen * room / k->all != (k->seen - 1) * room / k->all;
    if (last || first || k->all <= MLP_CURVE_POINTS)
        k->out->points[k->out->n++] = *at;
    k->seen++;
}

enum mlp_code mlp_curve_make(const struct mlp_binary *b, struct mlp_curve *out, struct mlp_err *e)
{
    struct kept k = {.out = out};
    out->n = 0;
    if (!walk(b, count_one, &k) || !walk(b, keep_one, &k))
        return mlp_err_nomem(e);
    out->positives = k.last.tp;
    out->negatives = k.last.fp;
    return MLP_OK;
}

struct bill {
    const double *cost;
    double positives, negatives;
    struct mlp_cheapest *best;
};

static void charge(void *ctx, const struct mlp_threshold *at)
{
    struct bill *b = ctx;
    double cost = b->cost[0] * (b->negatives - at->fp) + b->cost[1] * at->fp +
                  b->cost[2] * (b->positives - at->tp) + b->cost[3] * at->tp;
    if (cost < b->best->cost)
        *b->best = (struct mlp_cheapest){at->threshold, cost};
}

enum mlp_code mlp_cheapest_threshold(const struct mlp_binary *b, const double cost[4],
                                     struct mlp_cheapest *out, struct mlp_err *e)
{
    struct bill bill = {cost, 0, 0, out};
    for (size_t i = 0; i < b->n; i++) {
        bill.positives += weight(b, i) * b->y[i];
        bill.negatives += weight(b, i) * (1 - b->y[i]);
    }
    *out = (struct mlp_cheapest){(double)INFINITY,
                                 cost[0] * bill.negatives + cost[2] * bill.positives};
    if (!walk(b, charge, &bill))
        return mlp_err_nomem(e);
    out->cost /= bill.positives + bill.negatives;
    return MLP_OK;
}

bool mlp_calibrate(const struct mlp_binary *b, struct mlp_calibration *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < b->n; i++) {
        if (!(b->score[i] >= 0 && b->score[i] <= 1))
            return false;
        size_t bin = (size_t)(b->score[i] * MLP_CALIBRATION_BINS);
        bin = bin < MLP_CALIBRATION_BINS ? bin : MLP_CALIBRATION_BINS - 1;
        out->weight[bin] += weight(b, i);
        out->score[bin] += weight(b, i) * b->score[i];
        out->truth[bin] += weight(b, i) * b->y[i];
    }
    for (size_t k = 0; k < MLP_CALIBRATION_BINS; k++) {
        out->score[k] /= out->weight[k];
        out->truth[k] /= out->weight[k];
    }
    return true;
}

bool mlp_confusion(const struct mlp_binary *b, size_t classes, double *out)
{
    for (size_t i = 0; i < b->n; i++) {
        size_t y = (size_t)b->y[i], p = (size_t)b->pred[i];
        if (!(b->y[i] >= 0 && b->pred[i] >= 0 && y < classes && p < classes))
            return false;
        out[y * classes + p] += weight(b, i);
    }
    return true;
}
