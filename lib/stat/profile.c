#include "stat/state.h"

#include "base/time.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

static const char *const type_names[] = {
    [MLP_P_INT] = "int",   [MLP_P_REAL] = "real",         [MLP_P_BOOL] = "bool",
    [MLP_P_DATE] = "date", [MLP_P_DATETIME] = "datetime", [MLP_P_TEXT] = "text",
    [MLP_P_EMPTY] = "empty",
};

const char *mlp_ptype_name(enum mlp_ptype t)
{
    return type_names[t];
}

bool mlp_ptype_parse(struct mlp_str name, enum mlp_ptype *t)
{
    for (unsigned i = 0; i < sizeof type_names / sizeof type_names[0]; i++) {
        if (mlp_str_is(name, type_names[i])) {
            *t = (enum mlp_ptype)i;
            return true;
        }
    }
    return false;
}

size_t mlp_ptype_print(enum mlp_ptype t, double v, char out[48])
{
    bool date = t == MLP_P_DATE || t == MLP_P_DATETIME;
    if (t == MLP_P_BOOL)
        return (size_t)snprintf(out, 48, "%s", v > 0 ? "true" : "false");
    if (date && fabs(v) < 2e11 && v == floor(v)) {
        mlp_time_format((int64_t)v, out);
        if (t == MLP_P_DATE)
            out[10] = 0;
        return strlen(out);
    }
    size_t n = mlp_num_print_f64(v, out);
    if (n > 2 && memcmp(out + n - 2, ".0", 2) == 0)
        n -= 2;
    out[n] = 0;
    return n;
}

void mlp_profile_fini(struct mlp_profile *p)
{
    mlp_arena_fini(&p->arena);
    *p = (struct mlp_profile){0};
}

const struct mlp_pcolumn *mlp_profile_column(const struct mlp_profile *p, struct mlp_str name)
{
    for (size_t i = 0; i < p->ncols; i++)
        if (mlp_str_eq(p->cols[i].name, name))
            return &p->cols[i];
    return NULL;
}

static double counted(const struct mlp_pcolumn *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i <= c->nedges; i++)
        n += c->counts[i];
    return (double)n;
}

double mlp_pcolumn_share_below(const struct mlp_pcolumn *c, double x)
{
    double before = 0, n = counted(c);
    for (size_t i = 0; i < c->nedges; i++) {
        double hi = c->edges[i], lo = i ? c->edges[i - 1] : hi, here = (double)c->counts[i];
        if (x < hi) {
            double part = i && x > lo ? (x - lo) / (hi - lo) : 0;
            return (before + part * here) / n;
        }
        before += here;
    }
    return before / n;
}

double mlp_pcolumn_quantile(const struct mlp_pcolumn *c, double q)
{
    double before = 0, n = counted(c);
    for (size_t i = 0; i < c->nedges; i++)
        if ((before += (double)c->counts[i]) >= q * n)
            return c->edges[i];
    return c->edges[c->nedges - 1];
}

void mlp_pcolumn_derive(struct mlp_pcolumn *c)
{
    uint64_t gone = c->missing + c->bad + c->infinite;
    uint64_t n = c->rows > gone ? c->rows - gone : 0;
    c->mean = c->stdev = NAN;
    if (c->sum && c->squares)
        mlp_exact_mean(c->sum, c->squares, n, &c->mean, &c->stdev);
    for (size_t i = 0; c->nedges && i <= c->nedges; i++)
        c->bin_sums[i] = mlp_bins_sum(c->edges, c->nedges, i, c->counts[i], c->offsets[i]);
    c->distinct = c->hll ? mlp_hll_estimate(c->hll) : (double)c->nvalues;
}

/* --- merge ---------------------------------------------------------------------------------- */

static enum mlp_code same_column(const struct mlp_pcolumn *a, const struct mlp_pcolumn *b,
                                 struct mlp_err *e)
{
    if (!mlp_str_eq(a->name, b->name))
        return mlp_err_set(e, MLP_EINPUT, "columns \"%.*s\" and \"%.*s\" stand at the same place",
                           MLP_STR_ARG(a->name), MLP_STR_ARG(b->name));
    if (a->type != b->type)
        return mlp_err_set(e, MLP_EINPUT, "column \"%.*s\" is %s in one and %s in the other",
                           MLP_STR_ARG(a->name), mlp_ptype_name(a->type),
                           mlp_ptype_name(b->type));
    if (a->nedges != b->nedges ||
        (a->nedges && memcmp(a->edges, b->edges, a->nedges * sizeof *a->edges) != 0))
        return mlp_err_set(e, MLP_EINPUT, "column \"%.*s\" has other edges",
                           MLP_STR_ARG(a->name));
    if (a->sampled || b->sampled)
        return mlp_err_set(e, MLP_EINPUT, "the counts of column \"%.*s\" are those of a sample",
                           MLP_STR_ARG(a->name));
    return MLP_OK;
}

static enum mlp_code mergeable(const struct mlp_profile *a, const struct mlp_profile *b,
                               struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    if (a->ncols != b->ncols)
        code = mlp_err_set(e, MLP_EINPUT, "%zu columns and %zu", a->ncols, b->ncols);
    for (size_t i = 0; i < a->ncols && code == MLP_OK; i++)
        code = same_column(&a->cols[i], &b->cols[i], e);
    mlp_err_wrap(e, "profiles do not add up");
    mlp_err_hint(e, "profile both with the same --reference");
    return code;
}

static void merge_counts(struct mlp_pcolumn *a, const struct mlp_pcolumn *b)
{
    a->rows += b->rows;
    a->missing += b->missing;
    a->bad += b->bad;
    a->infinite += b->infinite;
    a->min = fmin(a->min, b->min);
    a->max = fmax(a->max, b->max);
    if (a->nvalues == 0 || (b->nvalues && b->min_length < a->min_length))
        a->min_length = b->min_length;
    if (b->max_length > a->max_length)
        a->max_length = b->max_length;
    if (a->sum && b->sum)
        mlp_exact_add(a->sum, b->sum);
    if (a->squares && b->squares)
        mlp_exact_add(a->squares, b->squares);
    for (size_t i = 0; a->nedges && i <= a->nedges; i++) {
        a->counts[i] += b->counts[i];
        a->offsets[i] += b->offsets[i];
    }
}

/* A value of either side while they are united; theirs: its text is not in our arena. */
struct united {
    struct mlp_pvalue v;
    bool theirs;
};

static int by_hash(const void *x, const void *y)
{
    const struct united *a = x, *b = y;
    if (a->v.hash != b->v.hash)
        return a->v.hash < b->v.hash ? -1 : 1;
    return a->theirs - b->theirs;
}

/* The union by hash, ascending, with the sums of the counts. NULL without memory. */
static struct united *unite(const struct mlp_pcolumn *a, const struct mlp_pcolumn *b, size_t *n)
{
    size_t total = a->nvalues + b->nvalues, kept = 0;
    struct united *u = malloc((total + 1) * sizeof *u);
    if (!u)
        return NULL;
    for (size_t i = 0; i < a->nvalues; i++)
        u[i] = (struct united){a->values[i], false};
    for (size_t i = 0; i < b->nvalues; i++)
        u[a->nvalues + i] = (struct united){b->values[i], true};
    qsort(u, total, sizeof *u, by_hash);
    for (size_t i = 0; i < total; i++) {
        if (kept && u[kept - 1].v.hash == u[i].v.hash)
            u[kept - 1].v.count += u[i].v.count;
        else
            u[kept++] = u[i];
    }
    *n = kept;
    return u;
}

/* More texts than a tally may hold, or more numbers than are kept. */
static bool too_many(enum mlp_ptype type, const struct united *u, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += u[i].v.text.n;
    return type == MLP_P_TEXT ? n > MLP_TALLY_VALUES || bytes > MLP_TALLY_BYTES
                              : n > MLP_FEW_VALUES;
}

/* The registers of a column: its own, or those that its values would have set. */
static void add_registers(uint8_t *registers, const struct mlp_pcolumn *c)
{
    if (c->hll)
        mlp_hll_merge(registers, c->hll);
    for (size_t i = 0; !c->hll && i < c->nvalues; i++)
        mlp_hll_add(registers, c->values[i].hash);
}

/* From exact lists to an estimate of how many there are. */
static bool estimate(struct mlp_arena *arena, struct mlp_pcolumn *a, const struct mlp_pcolumn *b)
{
    uint8_t *registers = a->hll ? a->hll : mlp_arena_alloc(arena, MLP_HLL_REGISTERS);
    if (!registers)
        return false;
    if (!a->hll)
        add_registers(registers, a);
    add_registers(registers, b);
    a->hll = registers;
    return true;
}

/* The values united become a's; texts of an exact list may be longer than those of a sample. */
static bool set_values(struct mlp_arena *arena, struct mlp_pcolumn *a, const struct united *u,
                       size_t n)
{
    if (n > a->values_cap) {
        a->values_cap = 2 * n;
        a->values = mlp_arena_array(arena, a->values_cap, sizeof *a->values);
        if (!a->values)
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct mlp_pvalue v = u[i].v;
        if (!a->distinct_exact)
            v.text.n = mlp_bottom_cut(v.text);
        if (u[i].theirs)
            v.text = mlp_arena_str(arena, v.text);
        if (!v.text.p)
            return false;
        a->values[i] = v;
    }
    a->nvalues = n;
    mlp_values_sort(a->values, n);
    return true;
}

static bool merge_values(struct mlp_arena *arena, struct mlp_pcolumn *a,
                         const struct mlp_pcolumn *b)
{
    size_t n, most = a->type == MLP_P_TEXT ? MLP_BOTTOM_K : 0;
    struct united *u = unite(a, b, &n);
    if (!u)
        return false;
    bool ok = true;
    a->distinct_exact &= b->distinct_exact && !too_many(a->type, u, n);
    if (!a->distinct_exact) {
        ok = estimate(arena, a, b);
        n = n < most ? n : most;
    }
    ok = ok && set_values(arena, a, u, n);
    free(u);
    return ok;
}

enum mlp_code mlp_profile_merge(struct mlp_profile *a, const struct mlp_profile *b,
                                struct mlp_err *e)
{
    enum mlp_code code = mergeable(a, b, e);
    if (code != MLP_OK)
        return code;
    for (size_t i = 0; i < a->ncols; i++) {
        struct mlp_pcolumn *c = &a->cols[i];
        merge_counts(c, &b->cols[i]);
        if (!merge_values(&a->arena, c, &b->cols[i]))
            return mlp_err_nomem(e);
        c->sorted = NULL;
        c->nsorted = 0;
        mlp_pcolumn_derive(c);
    }
    a->rows += b->rows;
    if (!mlp_str_eq(a->source_digest, b->source_digest))
        a->source_digest = (struct mlp_str){"", 0};
    return MLP_OK;
}
