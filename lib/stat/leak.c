#include "stat/leak.h"
#include "base/map.h"
#include "base/rng.h"
#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

void mlp_seen_init(struct mlp_seen *s, size_t most)
{
    *s = (struct mlp_seen){.most = most};
}

void mlp_seen_fini(struct mlp_seen *s)
{
    free(s->rows);
    free(s->used);
    *s = (struct mlp_seen){0};
}

/* The slot of a hash, or the free one where it belongs. */
static size_t slot_of(const struct mlp_seen *s, uint64_t hash)
{
    size_t i = (size_t)hash & (s->slots - 1);
    while (s->used[i] && s->rows[i].hash != hash)
        i = (i + 1) & (s->slots - 1);
    return i;
}

static bool grow(struct mlp_seen *s)
{
    struct mlp_seen bigger = *s;
    bigger.slots = s->slots ? 2 * s->slots : 1024;
    bigger.rows = calloc(bigger.slots, sizeof *bigger.rows);
    bigger.used = calloc(bigger.slots, 1);
    if (!bigger.rows || !bigger.used) {
        free(bigger.rows);
        free(bigger.used);
        return false;
    }
    for (size_t i = 0; i < s->slots; i++) {
        if (!s->used[i])
            continue;
        size_t at = slot_of(&bigger, s->rows[i].hash);
        bigger.used[at] = 1;
        bigger.rows[at] = s->rows[i];
    }
    free(s->rows);
    free(s->used);
    *s = bigger;
    return true;
}

enum mlp_code mlp_seen_add(struct mlp_seen *s, const struct mlp_seen_row *row,
                           const struct mlp_seen_row **first, struct mlp_err *e)
{
    *first = NULL;
    if (s->n + s->n / 7 >= s->slots && !grow(s))
        return mlp_err_nomem(e);
    size_t at = slot_of(s, row->hash);
    if (s->used[at]) {
        *first = &s->rows[at];
        return MLP_OK;
    }
    if (s->n == s->most) {
        mlp_err_set(e, MLP_EINPUT, "over %zu distinct rows do not fit in the memory allowed",
                    s->most);
        return mlp_err_hint(e, "allow more: --memory SIZE");
    }
    s->used[at] = 1;
    s->rows[at] = *row;
    s->n++;
    return MLP_OK;
}

uint64_t mlp_cell_hash(uint64_t column, struct mlp_str text)
{
    return mlp_hash64(text.p ? text.p : "", text.n, column * 0x9e3779b97f4a7c15u + !text.p);
}

static int fold_of(size_t row)
{
    struct mlp_rng r;
    mlp_rng_init(&r, row);
    return (int)(mlp_rng_u64(&r) >> 63);
}

/* Weight and sum of labels by code, of each half; for classes a table of counts. */
struct learnt {
    double *rows, *sum, *counts;
    double all_rows[2], all_sum[2];
    uint8_t *fold;
    double *out;
};

static bool learn(const struct mlp_solo *s, struct learnt *l)
{
    size_t cells = s->task == MLP_TASK_MULTICLASS ? 2 * s->ncodes * s->classes : 0;
    l->rows = calloc(2 * s->ncodes + 1, sizeof *l->rows);
    l->sum = calloc(2 * s->ncodes + 1, sizeof *l->sum);
    l->counts = calloc(cells + 1, sizeof *l->counts);
    l->fold = calloc(s->n + 1, 1);
    l->out = calloc(s->n + 1, sizeof *l->out);
    if (!l->rows || !l->sum || !l->counts || !l->fold || !l->out)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        size_t half = l->fold[i] = (uint8_t)fold_of(i), at = half * s->ncodes + s->code[i];
        l->rows[at]++;
        l->sum[at] += s->y[i];
        l->all_rows[half]++;
        l->all_sum[half] += s->y[i];
        if (cells)
            l->counts[at * s->classes + (size_t)s->y[i]]++;
    }
    return true;
}

/* The mean of the other half's rows of the same code, drawn to that of all by one row. */
static void predict_means(const struct mlp_solo *s, struct learnt *l)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t half = 1 - l->fold[i], at = half * s->ncodes + s->code[i];
        double mean = l->all_sum[half] / l->all_rows[half];
        l->out[i] = (l->sum[at] + mean) / (l->rows[at] + 1);
    }
}

/* The most frequent class of the other half's rows of the same code, or of all. */
static void predict_classes(const struct mlp_solo *s, struct learnt *l, size_t most)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t half = 1 - l->fold[i], best = most;
        const double *counts = l->counts + (half * s->ncodes + s->code[i]) * s->classes;
        for (size_t k = 0; k < s->classes; k++)
            best = counts[k] > counts[best] ? k : best;
        l->out[i] = (double)best;
    }
}

static double saved_errors(const struct mlp_solo *s, struct learnt *l)
{
    double count[MLP_METRIC_CLASSES] = {0}, right = 0;
    size_t most = 0;
    for (size_t i = 0; i < s->n; i++)
        count[(size_t)s->y[i]]++;
    for (size_t k = 1; k < s->classes; k++)
        most = count[k] > count[most] ? k : most;
    predict_classes(s, l, most);
    for (size_t i = 0; i < s->n; i++)
        right += l->out[i] == s->y[i];
    double left = (double)s->n - count[most];
    return left > 0 ? (right - count[most]) / left : (double)NAN;
}

double mlp_solo_score(const struct mlp_solo *s)
{
    struct learnt l = {0};
    double score = (double)NAN;
    bool fits = s->task != MLP_TASK_MULTICLASS || s->classes <= MLP_METRIC_CLASSES;
    if (fits && s->n > 1 && learn(s, &l) && l.all_rows[0] > 0 && l.all_rows[1] > 0) {
        predict_means(s, &l);
        struct mlp_binary rows = {.n = s->n, .y = s->y, .score = l.out};
        score = s->task == MLP_TASK_BINARY       ? mlp_roc_auc(&rows)
                : s->task == MLP_TASK_REGRESSION ? mlp_r2(&rows)
                                                 : saved_errors(s, &l);
    }
    free(l.rows);
    free(l.sum);
    free(l.counts);
    free(l.fold);
    free(l.out);
    return score;
}

/* Distinct edges of equal shares of sorted values, the least of which is none. */
static size_t find_edges(const double *sorted, size_t n, size_t bins, double *edges)
{
    size_t found = 0;
    for (size_t q = 1; q < bins && n > 0; q++) {
        double edge = sorted[q * n / bins];
        if (edge > sorted[0] && (found == 0 || edge > edges[found - 1]))
            edges[found++] = edge;
    }
    return found;
}

/* How many edges are at or below v. */
static size_t bin_of(double v, const double *edges, size_t n)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (v >= edges[mid])
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t mlp_quantile_codes(const double *v, size_t n, size_t bins, uint32_t *code)
{
    double *sorted = calloc(n + bins + 2, sizeof *sorted), *edges = sorted + n + 1;
    size_t kept = 0;
    if (!sorted)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            sorted[kept++] = v[i];
    mlp_sort_f64(sorted, kept);
    size_t found = find_edges(sorted, kept, bins, edges);
    for (size_t i = 0; i < n; i++)
        code[i] = (uint32_t)(isnan(v[i]) ? found + 1 : bin_of(v[i], edges, found));
    free(sorted);
    return found + 2;
}
