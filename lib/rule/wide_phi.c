/* wide_phi.c: Cramer's phi of two columns: their values are put into bins, the bins are counted
 * against each other; and their mutual information. */
#include "rule/wide.h"

#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define BINS 10
#define MOST_BINS 1000

/* One distinct pair of values, and the bin of each. */
struct pair {
    struct mlp_str value[2];      /* p NULL: missing */
    double number[2];
    size_t bin[2];
    uint64_t count;
};

struct pairs {
    struct pair *p;
    size_t n;
    size_t nbins[2];
};

static struct mlp_str take_value(struct mlp_str *key)
{
    size_t colon = mlp_str_find(*key, ':');
    uint64_t n = 0;
    struct mlp_str v = {NULL, 0};
    mlp_str_u64((struct mlp_str){key->p + 1, colon - 1}, &n);
    if (key->p[0] == '1')
        v = (struct mlp_str){key->p + colon + 1, (size_t)n};
    *key = (struct mlp_str){key->p + colon + 1 + n, key->n - colon - 1 - (size_t)n};
    return v;
}

static bool fill(struct pairs *x, const struct mlp_map *counts)
{
    x->p = calloc(counts->n + 1, sizeof *x->p);
    x->n = counts->n;
    for (size_t i = 0; x->p && i < x->n; i++) {
        struct mlp_str key = counts->entries[i].key;
        x->p[i].value[0] = take_value(&key);
        x->p[i].value[1] = take_value(&key);
        x->p[i].count = counts->entries[i].value;
    }
    return x->p != NULL;
}

/* Whether every value of a side is a number; and then its numbers. */
static bool read_numbers(struct pairs *x, int side)
{
    bool any = false;
    for (size_t i = 0; i < x->n; i++) {
        if (!x->p[i].value[side].p)
            continue;
        if (!mlp_num_f64(x->p[i].value[side], &x->p[i].number[side]))
            return false;
        any = true;
    }
    return any;
}

static void span(const struct pairs *x, int side, double *lo, double *hi)
{
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t i = 0; i < x->n; i++) {
        if (!x->p[i].value[side].p)
            continue;
        *lo = fmin(*lo, x->p[i].number[side]);
        *hi = fmax(*hi, x->p[i].number[side]);
    }
}

/* Equal widths between the ends, or the edges that were given with the ends added; the greatest
 * value is within the last. Missing ones have a bin of their own. */
static size_t bin_numbers(struct pairs *x, int side, const struct mlp_wide_bins *how)
{
    double edges[MOST_BINS + 3], lo, hi;
    size_t n = 0;
    span(x, side, &lo, &hi);
    if (how->list) {
        if (lo < mlp_node_num(mlp_node_at(how->list, 0), NAN))
            edges[n++] = lo;
        for (const struct mlp_node *v = how->list->child; v && n < MOST_BINS; v = v->next)
            edges[n++] = mlp_node_num(v, NAN);
        if (hi > edges[n - 1])
            edges[n++] = hi;
    } else {
        size_t bins = how->n ? how->n : BINS;
        for (; n <= bins; n++)
            edges[n] = lo + (hi - lo) * (double)n / (double)bins;
    }
    edges[n - 1] = nextafter(edges[n - 1], INFINITY);
    for (size_t i = 0; i < x->n; i++) {
        size_t at = 0;
        while (at < n && x->p[i].number[side] >= edges[at])
            at++;
        x->p[i].bin[side] = x->p[i].value[side].p ? at : n + 1;
    }
    return n + 2;
}

/* ---- texts: each is its bin, the rare ones share one, or groups are given */

static bool in_group(const struct mlp_node *group, struct mlp_str v)
{
    for (const struct mlp_node *n = group->child; n; n = n->next)
        if (mlp_str_eq(n->text, v))
            return true;
    return mlp_str_eq(group->text, v);
}

static int most_first(const void *a, const void *b)
{
    const struct mlp_map_entry *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return mlp_str_cmp(x->key, y->key);
}

static size_t number_values(struct mlp_map *values, size_t most)
{
    size_t n = values->n, kept = n > most ? most : n;
    struct mlp_map_entry *order = malloc((n + 1) * sizeof *order);
    if (!order)
        return 0;
    memcpy(order, values->entries, n * sizeof *order);
    if (n)
        qsort(order, n, sizeof *order, most_first);
    for (size_t i = 0; i < n; i++)
        *mlp_map_get(values, order[i].key) = i < kept ? i : kept;
    free(order);
    return kept + 1;
}

/* The group that a value is in, from 1; 0 for none. */
static size_t group_of(const struct mlp_node *groups, struct mlp_str v)
{
    size_t at = 1;
    for (const struct mlp_node *g = groups ? groups->child : NULL; g; g = g->next, at++)
        if (in_group(g, v))
            return at;
    return 0;
}

/* Values that are in no group, by how often they come. False without memory. */
static bool count_loose(struct pairs *x, int side, const struct mlp_wide_bins *how,
                        struct mlp_map *values)
{
    for (size_t i = 0; i < x->n; i++) {
        struct mlp_str v = x->p[i].value[side];
        x->p[i].bin[side] = v.p ? group_of(how->list, v) : 0;
        if (!v.p || x->p[i].bin[side])
            continue;
        uint64_t *count = mlp_map_put(values, v, NULL);
        if (!count)
            return false;
        *count += x->p[i].count;
    }
    return true;
}

/* Bin 0 is that of missing values. */
static size_t bin_texts(struct pairs *x, int side, const struct mlp_wide_bins *how)
{
    struct mlp_map values;
    size_t groups = how->list ? how->list->u.count : 0, n = 0;
    mlp_map_init(&values, 0, (size_t)64 << 20);
    if (count_loose(x, side, how, &values))
        n = number_values(&values, how->list ? values.n : how->n ? how->n : BINS);
    for (size_t i = 0; i < x->n && n; i++) {
        struct mlp_str v = x->p[i].value[side];
        if (v.p && !x->p[i].bin[side])
            x->p[i].bin[side] = 1 + groups + (size_t)*mlp_map_get(&values, v);
    }
    mlp_map_fini(&values);
    return n ? 1 + groups + n : 0;
}

/* ---- the statistic */

static size_t occupied(const double *sums, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += sums[i] > 0;
    return k;
}

/* Pearson's chi-square, with Yates' correction for two by two. */
static double chi_square(const double *table, const double *rows, const double *columns,
                         const size_t n[2])
{
    double total = 0, sum = 0;
    bool small = occupied(rows, n[0]) == 2 && occupied(columns, n[1]) == 2;
    for (size_t i = 0; i < n[0]; i++)
        total += rows[i];
    for (size_t i = 0; i < n[0]; i++) {
        for (size_t k = 0; k < n[1]; k++) {
            double expected = rows[i] * columns[k] / total;
            double d = fabs(table[i * n[1] + k] - expected);
            d -= small ? fmin(0.5, d) : 0;
            sum += expected > 0 ? d * d / expected : 0;
        }
    }
    return sum / total;
}

/* Sum of p log(p / (p of the row * p of the column)), in nats. */
static double mutual(const double *table, const double *rows, const double *columns,
                     const size_t n[2])
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < n[0]; i++)
        total += rows[i];
    for (size_t i = 0; i < n[0]; i++)
        for (size_t k = 0; k < n[1]; k++) {
            double cell = table[i * n[1] + k];
            sum += cell > 0 ? cell / total * log(cell * total / (rows[i] * columns[k])) : 0;
        }
    return fmax(sum, 0);
}

static double phi_of(const struct pairs *x, bool information)
{
    size_t cells = x->nbins[0] * x->nbins[1], sides = x->nbins[0] + x->nbins[1];
    double *table = calloc(cells + sides + 1, sizeof *table), phi = NAN;
    if (!table)
        return NAN;
    double *rows = table + cells, *columns = rows + x->nbins[0];
    for (size_t i = 0; i < x->n; i++) {
        const struct pair *p = &x->p[i];
        table[p->bin[0] * x->nbins[1] + p->bin[1]] += (double)p->count;
        rows[p->bin[0]] += (double)p->count;
        columns[p->bin[1]] += (double)p->count;
    }
    size_t a = occupied(rows, x->nbins[0]), b = occupied(columns, x->nbins[1]);
    double least = (double)((a < b ? a : b) - 1);
    if (a > 0 && b > 0 && information)
        phi = mutual(table, rows, columns, x->nbins);
    else if (a > 0 && b > 0 && least > 0)
        phi = fmin(sqrt(chi_square(table, rows, columns, x->nbins) / least), 1);
    free(table);
    return phi;
}

enum mlp_code mlp_wide_phi(const struct mlp_wide *w, const struct mlp_wide_state *s, double *phi,
                           struct mlp_err *e)
{
    struct pairs x = {NULL, 0, {0, 0}};
    *phi = NAN;
    if (!s->has_counts || s->counts.n == 0)
        return MLP_OK;
    if (!fill(&x, &s->counts))
        return mlp_err_nomem(e);
    for (int side = 0; side < 2; side++)
        x.nbins[side] = read_numbers(&x, side) ? bin_numbers(&x, side, &w->bins[side])
                                               : bin_texts(&x, side, &w->bins[side]);
    bool fits = x.nbins[0] && x.nbins[1];
    if (fits)
        *phi = phi_of(&x, w->op == MLP_WIDE_MUTUAL);
    free(x.p);
    return fits ? MLP_OK : mlp_err_nomem(e);
}
