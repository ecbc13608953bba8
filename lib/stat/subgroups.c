/* The search for the groups of rows that fare worst: one pass for each pair of groupings. */
#include "base/err.h"
#include "stat/groups.h"
#include "stat/paired.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows and sum of losses (of ranks, when they are no errors) of one group. */
struct cell {
    size_t rows;
    double loss, sum;
};

struct work {
    const struct mlp_search *s;
    const double *sum;        /* what is summed for the test: losses or their ranks */
    double *ranks, ties, total;
    struct mlp_subgroup *out;
    size_t most, n, looked;
};

static double p_of(const struct work *w, const struct cell *c)
{
    if (w->s->errors)
        return mlp_fisher_more(w->s->rows, (size_t)w->total, c->rows, (size_t)c->loss);
    return mlp_rank_sum_more(w->s->rows, c->rows, c->sum, w->ties);
}

static bool covers(const struct mlp_subgroup *one, const struct mlp_subgroup *pair)
{
    return one->b == SIZE_MAX && ((one->a == pair->a && one->code_a == pair->code_a) ||
                                  (one->a == pair->b && one->code_a == pair->code_b));
}

/* Keeps the list in order of p; of equal p the larger group comes first. */
static void keep(struct work *w, const struct mlp_subgroup *found)
{
    size_t at = w->n;
    while (at > 0 && (w->out[at - 1].p > found->p ||
                      (w->out[at - 1].p == found->p && w->out[at - 1].rows < found->rows)))
        at--;
    if (at == w->most)
        return;
    size_t tail = w->n - at - (w->n == w->most);
    memmove(w->out + at + 1, w->out + at, tail * sizeof *w->out);
    w->out[at] = *found;
    w->n += w->n < w->most;
}

static void look(struct work *w, struct mlp_subgroup *g, const struct cell *c)
{
    size_t rest = w->s->rows - c->rows;
    if (c->rows < w->s->least || rest < w->s->least)
        return;
    w->looked++;
    g->rows = c->rows;
    g->mean = c->loss / (double)c->rows;
    g->rest = (w->total - c->loss) / (double)rest;
    if (!(g->mean > g->rest))
        return;
    g->p = p_of(w, c);
    keep(w, g);
}

static void look_at_singles(struct work *w, size_t a, struct cell *cells)
{
    const struct mlp_grouping *g = &w->s->groupings[a];
    memset(cells, 0, g->n * sizeof *cells);
    for (size_t i = 0; i < w->s->rows; i++) {
        if (g->code[i] >= g->n)
            continue;
        struct cell *c = &cells[g->code[i]];
        c->rows++;
        c->loss += w->s->loss[i];
        c->sum += w->sum[i];
    }
    for (uint32_t k = 0; k < g->n; k++)
        look(w, &(struct mlp_subgroup){.a = a, .b = SIZE_MAX, .code_a = k}, &cells[k]);
}

static void look_at_pairs(struct work *w, size_t a, size_t b, struct cell *cells)
{
    const struct mlp_grouping *g = &w->s->groupings[a], *h = &w->s->groupings[b];
    memset(cells, 0, g->n * h->n * sizeof *cells);
    for (size_t i = 0; i < w->s->rows; i++) {
        if (g->code[i] >= g->n || h->code[i] >= h->n)
            continue;
        struct cell *c = &cells[g->code[i] * h->n + h->code[i]];
        c->rows++;
        c->loss += w->s->loss[i];
        c->sum += w->sum[i];
    }
    for (uint32_t k = 0; k < g->n; k++)
        for (uint32_t l = 0; l < h->n; l++)
            look(w, &(struct mlp_subgroup){.a = a, .b = b, .code_a = k, .code_b = l},
                 &cells[k * h->n + l]);
}

/* A pair stays only where it is clearly worse than the single group that it is part of: those that
 * come later in the list than that group go. */
static void prune(struct work *w)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        bool redundant = false;
        for (size_t k = 0; k < kept && !redundant; k++)
            redundant = covers(&w->out[k], &w->out[i]);
        if (!redundant)
            w->out[kept++] = w->out[i];
    }
    w->n = kept;
    for (size_t i = 0; i < w->n; i++) {
        double p = w->out[i].p * (double)w->looked;
        w->out[i].adjusted = p < 1 ? p : 1;
    }
}

static bool prepare(struct work *w, struct cell **cells)
{
    const struct mlp_search *s = w->s;
    size_t widest = 1, next = 1;
    for (size_t i = 0; i < s->ngroupings; i++) {
        size_t n = s->groupings[i].n;
        next = n > widest ? widest : n > next ? n : next;
        widest = n > widest ? n : widest;
    }
    *cells = calloc(widest * next, sizeof **cells);
    w->ranks = s->errors ? NULL : calloc(s->rows + 1, sizeof *w->ranks);
    w->sum = s->errors ? s->loss : w->ranks;
    if (!*cells || !w->sum || (w->ranks && !mlp_mean_ranks(s->loss, s->rows, w->ranks, &w->ties)))
        return false;
    for (size_t i = 0; i < s->rows; i++)
        w->total += s->loss[i];
    return true;
}

enum mlp_code mlp_subgroup_search(const struct mlp_search *s, size_t most,
                                  struct mlp_subgroup *out, size_t *n, size_t *looked,
                                  struct mlp_err *e)
{
    struct work w = {.s = s, .out = out, .most = most};
    struct cell *cells = NULL;
    bool ready = prepare(&w, &cells);
    for (size_t a = 0; a < s->ngroupings && ready; a++) {
        look_at_singles(&w, a, cells);
        for (size_t b = a + 1; b < s->ngroupings && s->pairs; b++)
            look_at_pairs(&w, a, b, cells);
    }
    prune(&w);
    free(cells);
    free(w.ranks);
    *n = w.n;
    *looked = w.looked;
    return ready ? MLP_OK : mlp_err_nomem(e);
}
