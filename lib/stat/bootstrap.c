/* The Poisson bootstrap. Ranks do not change from round to round, so rows are sorted once and
 * each round is one pass a metric under other weights. Metrics of predicted classes see rows by
 * label and prediction alone: one pass adds up their weights, and those metrics take the few
 * sums as rows. */
#include "base/os.h"
#include "base/rng.h"
#include "base/thread.h"
#include "stat/ranked.h"
#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

/* Values go to value[fn * rounds + round]; delta holds value less that of the other predictions. */
#define MOST_CLASSES 32
struct sums {
    size_t classes;        /* 0: there are none, or too many */
    uint16_t *cell;        /* of each row in its ranked order: label * classes + prediction */
};

struct job {
    const struct mlp_binary *b;
    const struct mlp_resample *plan;
    struct mlp_ranked ranked, other;
    double *value, *delta;
    double *weights;       /* 3 * n for each share */
    struct sums ours, theirs;
    bool *summed;          /* of each metric: whether sums are enough */
    double label[MOST_CLASSES * MOST_CLASSES], pred[MOST_CLASSES * MOST_CLASSES];
    size_t shares;
};

static void draw(const struct job *j, unsigned round, double *w)
{
    struct mlp_rng rng;
    mlp_rng_init(&rng, j->plan->seed + (uint64_t)round * 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < j->b->n; i++)
        w[i] = (double)mlp_rng_poisson1(&rng) * (j->b->w ? j->b->w[i] : 1);
}

static void reorder(const struct mlp_ranked *r, const double *from, double *to)
{
    for (size_t i = 0; i < r->b.n; i++)
        to[i] = from[r->at[i]];
}

/* The weights of the rows of each label and prediction, as rows. */
static struct mlp_binary sum_up(const struct job *j, const struct sums *s,
                                const struct mlp_binary *b, double *w)
{
    size_t cells = s->classes * s->classes;
    for (size_t k = 0; k < cells; k++)
        w[k] = 0;
    for (size_t i = 0; i < b->n && cells; i++)
        w[s->cell[i]] += b->w[i];
    return (struct mlp_binary){cells, j->label, NULL, j->pred, w, b->more};
}

static void run_round(const struct job *j, unsigned round, double *memory)
{
    size_t n = j->b->n;
    double *w = memory, *mine = memory + n, *theirs = memory + 2 * n;
    struct mlp_binary a = j->ranked.b, o = j->other.b;
    draw(j, round, w);
    reorder(&j->ranked, w, mine);
    a.w = mine;
    if (j->plan->other) {
        reorder(&j->other, w, theirs);
        o.w = theirs;
    }
    double sums[2][MOST_CLASSES * MOST_CLASSES];
    const struct mlp_binary few = sum_up(j, &j->ours, &a, sums[0]);
    const struct mlp_binary other_few = sum_up(j, &j->theirs, &o, sums[1]);
    for (size_t f = 0; f < j->plan->nfns; f++) {
        size_t at = f * j->plan->rounds + round;
        j->value[at] = j->plan->fns[f](j->summed[f] ? &few : &a);
        if (j->plan->other)
            j->delta[at] = j->value[at] - j->plan->fns[f](j->summed[f] ? &other_few : &o);
    }
}

static void run_share(void *ctx, size_t share)
{
    const struct job *j = ctx;
    for (size_t round = share; round < j->plan->rounds; round += j->shares)
        run_round(j, (unsigned)round, j->weights + 3 * j->b->n * share);
}

/* Linear between the closest ranks (type 7 of Hyndman and Fan 1996); v is sorted. */
static double quantile(const double *v, size_t n, double q)
{
    if (n == 0)
        return (double)NAN;
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    return low + 1 < n ? v[low] + (at - (double)low) * (v[low + 1] - v[low]) : v[n - 1];
}

static size_t sort_defined(double *v, size_t n)
{
    mlp_sort_f64(v, n);
    while (n > 0 && isnan(v[n - 1]))
        n--;
    return n;
}

static double two_sided(const double *delta, size_t n)
{
    size_t below = 0, above = 0;
    for (size_t i = 0; i < n; i++) {
        below += delta[i] <= 0;
        above += delta[i] >= 0;
    }
    double p = 2 * (double)((below < above ? below : above) + 1) / (double)(n + 1);
    return n == 0 ? (double)NAN : p < 1 ? p : 1;
}

static void summarise(const struct job *j, struct mlp_interval *out)
{
    size_t rounds = j->plan->rounds;
    double tail = (1 - j->plan->level) / 2;
    for (size_t f = 0; f < j->plan->nfns; f++) {
        double *v = j->value + f * rounds, *delta = j->delta + f * rounds;
        size_t n = sort_defined(v, rounds);
        out[f] = (struct mlp_interval){quantile(v, n, tail), quantile(v, n, 1 - tail),
                                       (double)NAN, (double)NAN, (double)NAN};
        if (!j->plan->other)
            continue;
        n = sort_defined(delta, rounds);
        out[f].p = two_sided(delta, n);
        out[f].delta_lo = quantile(delta, n, tail);
        out[f].delta_hi = quantile(delta, n, 1 - tail);
    }
}

static bool rank_rows(const struct job *j, const struct mlp_binary *b, struct mlp_ranked *r)
{
    return mlp_rank_by(b, j->plan->order, r);
}

static size_t count_classes(const struct mlp_binary *b)
{
    double most = 1;
    for (size_t i = 0; i < b->n && b->pred; i++) {
        if (!(b->y[i] >= 0 && b->pred[i] >= 0))
            return 0;
        most = fmax(most, fmax(b->y[i], b->pred[i]));
    }
    return b->pred && most < MOST_CLASSES ? (size_t)most + 1 : 0;
}

static bool find_cells(const struct mlp_binary *b, size_t classes, struct sums *s)
{
    s->classes = classes;
    s->cell = calloc(b->n + 1, sizeof *s->cell);
    for (size_t i = 0; i < b->n && s->cell; i++)
        s->cell[i] = (uint16_t)((size_t)b->y[i] * classes + (size_t)b->pred[i]);
    return s->cell != NULL;
}

/* Which metrics the sums are enough for, once rows are ranked. */
static bool prepare_sums(struct job *j)
{
    bool paired = j->plan->other != NULL;
    size_t ours = count_classes(&j->ranked.b), theirs = paired ? count_classes(&j->other.b) : ours;
    size_t classes = ours > theirs ? ours : theirs;
    j->summed = calloc(j->plan->nfns + 1, sizeof *j->summed);
    if (!j->summed || !ours || !theirs)
        return j->summed != NULL;
    for (size_t f = 0; f < j->plan->nfns; f++)
        for (const struct mlp_metric *m = mlp_metric_table(); m->name && !j->summed[f]; m++)
            j->summed[f] = m->fn == j->plan->fns[f] &&
                           (m->needs == MLP_NEEDS_PRED || m->needs == MLP_NEEDS_COST);
    for (size_t k = 0; k < classes * classes; k++) {
        j->label[k] = (double)(k / classes);
        j->pred[k] = (double)(k % classes);
    }
    return find_cells(&j->ranked.b, classes, &j->ours) &&
           (!paired || find_cells(&j->other.b, classes, &j->theirs));
}

static bool prepare(struct job *j)
{
    const struct mlp_resample *plan = j->plan;
    size_t cells = plan->nfns * plan->rounds;
    unsigned threads = mlp_os_cpus();
    j->shares = threads < 1 ? 1 : threads > 8 ? 8 : threads;
    j->value = calloc(cells + 1, sizeof *j->value);
    j->delta = calloc(cells + 1, sizeof *j->delta);
    j->weights = calloc(3 * j->b->n * j->shares + 1, sizeof *j->weights);
    if (!j->value || !j->delta || !j->weights || !rank_rows(j, j->b, &j->ranked))
        return false;
    if (!plan->other)
        return true;
    struct mlp_binary other = *plan->other;
    other.n = j->b->n;
    other.y = j->b->y;
    other.w = NULL;
    return rank_rows(j, &other, &j->other);
}

enum mlp_code mlp_bootstrap(const struct mlp_binary *b, const struct mlp_resample *plan,
                            struct mlp_interval *out, struct mlp_err *e)
{
    struct job j = {.b = b, .plan = plan};
    bool ready = prepare(&j) && prepare_sums(&j);
    if (ready) {
        mlp_parallel_for(j.shares, (unsigned)j.shares, run_share, &j);
        summarise(&j, out);
    }
    mlp_ranked_fini(&j.ranked);
    mlp_ranked_fini(&j.other);
    free(j.value);
    free(j.delta);
    free(j.weights);
    free(j.ours.cell);
    free(j.theirs.cell);
    free(j.summed);
    return ready ? MLP_OK : mlp_err_nomem(e);
}
