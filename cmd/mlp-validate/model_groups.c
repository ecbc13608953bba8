/* From the values of a column to groups of rows. */
#include "model.h"

#include <math.h>
#include <stdlib.h>

#define NAME_BYTES ((size_t)1 << 20)
#define FEW_NUMBERS 20
#define MOST_GROUPS 100

static bool name_group(struct groups *g, struct mlp_str name)
{
    struct mlp_str *kept = mlp_vec_push(&g->names);
    if (kept)
        *kept = name.n ? mlp_arena_str(&g->arena, name) : MLP_STR("(missing)");
    return kept && kept->p;
}

/* A bound as people write it: no more digits than it needs. */
static struct mlp_str bound_name(double low, double high, char text[96])
{
    int n = isinf(low)    ? snprintf(text, 96, "< %.6g", high)
            : isinf(high) ? snprintf(text, 96, ">= %.6g", low)
                          : snprintf(text, 96, "%.6g to %.6g", low, high);
    return (struct mlp_str){text, (size_t)n};
}

static int by_number(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Edges that part the numbers in up to four of equal size; returns how many. */
static size_t find_edges(const struct facet *f, double edges[3], bool *failed)
{
    double *sorted = calloc(f->numbers.n + 1, sizeof *sorted);
    size_t n = 0, found = 0;
    *failed = !sorted;
    for (size_t i = 0; i < f->numbers.n && sorted; i++) {
        double v = *(const double *)mlp_vec_at(&f->numbers, i);
        if (!isnan(v))
            sorted[n++] = v;
    }
    if (sorted)
        qsort(sorted, n, sizeof *sorted, by_number);
    for (size_t q = 1; q < 4 && n > 0; q++) {
        double edge = sorted[q * n / 4];
        if (edge > sorted[0] && (found == 0 || edge > edges[found - 1]))
            edges[found++] = edge;
    }
    free(sorted);
    return found;
}

static enum mlp_code group_numbers(struct groups *g, const struct facet *f, struct mlp_err *e)
{
    double edges[3];
    char text[96];
    bool failed = false;
    size_t n = find_edges(f, edges, &failed);
    for (size_t k = 0; k <= n && !failed; k++)
        failed = !name_group(g, bound_name(k ? edges[k - 1] : -(double)INFINITY,
                                           k < n ? edges[k] : (double)INFINITY, text));
    if (failed || !name_group(g, MLP_STR("")))
        return mlp_err_nomem(e);
    for (size_t i = 0; i < f->numbers.n; i++) {
        double v = *(const double *)mlp_vec_at(&f->numbers, i);
        uint32_t code = 0;
        while (code < n && v >= edges[code])
            code++;
        g->code[i] = isnan(v) ? (uint32_t)n + 1 : code;
    }
    return MLP_OK;
}

/* The values in order of appearance, the first of them by name. */
static enum mlp_code group_values(struct groups *g, const struct facet *f, struct mlp_err *e)
{
    size_t named = f->values.n < MOST_GROUPS ? f->values.n : MOST_GROUPS;
    for (size_t i = 0; i < named; i++)
        if (!name_group(g, f->values.entries[i].key))
            return mlp_err_nomem(e);
    if (f->values.n > named && !name_group(g, MLP_STR("(other values)")))
        return mlp_err_nomem(e);
    for (size_t i = 0; i < f->codes.n; i++) {
        uint32_t code = *(const uint32_t *)mlp_vec_at(&f->codes, i);
        g->code[i] = code < named ? code : (uint32_t)named;
    }
    return MLP_OK;
}

enum mlp_code groups_make(struct groups *g, const struct facet *f, struct mlp_err *e)
{
    bool numbers = f->texts == 0 && f->values.n > FEW_NUMBERS;
    *g = (struct groups){.code = calloc(f->codes.n + 1, sizeof *g->code)};
    mlp_vec_init(&g->names, sizeof(struct mlp_str));
    mlp_arena_init(&g->arena, NAME_BYTES);
    g->rows = calloc(MOST_GROUPS + 2, sizeof *g->rows);
    if (!g->code || !g->rows)
        return mlp_err_nomem(e);
    enum mlp_code code = numbers ? group_numbers(g, f, e) : group_values(g, f, e);
    for (size_t i = 0; i < f->codes.n && code == MLP_OK; i++)
        g->rows[g->code[i]]++;
    g->n = g->names.n;
    return code;
}

void groups_fini(struct groups *g)
{
    mlp_vec_fini(&g->names);
    mlp_arena_fini(&g->arena);
    free(g->code);
    free(g->rows);
    g->code = NULL;
    g->rows = NULL;
}
