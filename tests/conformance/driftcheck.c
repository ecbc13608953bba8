/* driftcheck DIR: compares lib/stat with the reference numbers of SciPy in DIR/expected.json, over
 * the columns of DIR/data and those that DIR/cases.json generates. Statistics must agree to 1e-9
 * relative, p-values to 1e-9 relative down to 1e-12. */
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "stat/profile.h"
#include "stat/tests.h"
#include "table/table.h"

#include <math.h>
#include <stdlib.h>

static size_t passed, failed;
static double worst;

static void compare(const char *name, const char *what, double got, double want, double floor_at)
{
    double size = fmax(fabs(want), floor_at), error = size > 0 ? fabs(got - want) / size : got;
    bool same = (isnan(got) && isnan(want)) || error <= 1e-9;
    if (size < 1e-300) /* denormal: SciPy's squares vanish, and few digits are left */
        same = fabs(got - want) < 1e-300;
    if (same) {
        passed++;
        worst = error > worst && size > 1e-300 ? error : worst;
        return;
    }
    failed++;
    printf("%s: %s is %.17g, expected %.17g\n", name, what, got, want);
}

static void die(struct mlp_err *e)
{
    mlp_err_print(e, "driftcheck", stderr);
    exit(3);
}

/* A column: numbers, or counts of texts. */
struct column {
    double *x;
    size_t n;
    struct mlp_profile profile;
};

static uint64_t splitmix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

/* The i-th number of a counter generator, i from 1. */
static double uniform(uint64_t seed, uint64_t i)
{
    return (double)(splitmix(seed + i * 0x9E3779B97F4A7C15ull) >> 11) * 0x1p-53;
}

/* One value of a generated column; i from 0. */
static double generate(const struct mlp_node *g, uint64_t i)
{
    struct mlp_str kind = mlp_node_str(mlp_node_get(g, "kind"), "");
    uint64_t seed = (uint64_t)mlp_node_int(mlp_node_get(g, "seed"), 0);
    double a = mlp_node_num(mlp_node_get(g, "a"), 0), b = mlp_node_num(mlp_node_get(g, "b"), 1);
    if (mlp_str_is(kind, "irwin12")) {
        double sum = 0;
        for (uint64_t k = 1; k <= 12; k++)
            sum += uniform(seed, 12 * i + k);
        return a + b * (sum - 6);
    }
    if (mlp_str_is(kind, "floor"))
        return floor(a + b * uniform(seed, i + 1));
    if (mlp_str_is(kind, "zeroinf"))
        return uniform(seed, 2 * i + 1) < a ? 0 : b * uniform(seed, 2 * i + 2);
    double u = uniform(seed, i + 1), at = 0;
    for (const struct mlp_node *c = mlp_node_get(g, "cum")->child; c && u >= mlp_node_num(c, 1);
         c = c->next)
        at++;
    return at;
}

/* Profiles the column's one field; numbers are kept as they are. */
static void profile_values(struct column *c, const double *x, size_t n)
{
    struct mlp_err e;
    struct mlp_profiler *p;
    struct mlp_str name = MLP_STR("x");
    char(*text)[48] = calloc(n + 1, sizeof *text);
    struct mlp_cell *cells = calloc(n + 1, sizeof *cells);
    mlp_err_init(&e);
    for (size_t i = 0; i < n; i++) {
        cells[i].p = text[i];
        cells[i].n = (uint32_t)mlp_ptype_print(MLP_P_REAL, x[i], text[i]);
    }
    struct mlp_batch b = {.nrows = n, .ncols = 1, .cells = cells};
    if (mlp_profiler_new(NULL, &p, &e) != MLP_OK ||
        mlp_profiler_add_named(p, &name, &b, NULL, &e) != MLP_OK ||
        mlp_profiler_finish(p, &c->profile, &e) != MLP_OK)
        die(&e);
    mlp_profiler_free(p);
    free(text);
    free(cells);
}

static void load_generated(const struct mlp_node *g, struct column *c)
{
    c->n = (size_t)mlp_node_int(mlp_node_get(g, "n"), 0);
    c->x = calloc(c->n + 1, sizeof *c->x);
    for (size_t i = 0; i < c->n; i++)
        c->x[i] = generate(g, i);
    profile_values(c, c->x, c->n);
    mlp_sort_f64(c->x, c->n);
}

static void load_file(const char *path, struct column *c)
{
    struct mlp_err e;
    struct mlp_table *t;
    struct mlp_batch *b;
    struct mlp_profiler *p;
    struct mlp_vec v;
    mlp_err_init(&e);
    mlp_vec_init(&v, sizeof(double));
    if (mlp_table_open(path, NULL, &t, &e) != MLP_OK ||
        mlp_profiler_new(NULL, &p, &e) != MLP_OK)
        die(&e);
    while (mlp_table_next(t, &b, &e) == MLP_OK && b) {
        double *x = calloc(b->nrows + 1, sizeof *x);
        uint8_t *ok = calloc(b->nrows + 1, 1);
        mlp_batch_f64(b, 0, x, ok);
        for (size_t i = 0; i < b->nrows; i++)
            if (isfinite(x[i]))
                *(double *)mlp_vec_push(&v) = x[i];
        if (mlp_profiler_add(p, t, b, NULL, &e) != MLP_OK)
            die(&e);
        free(x);
        free(ok);
    }
    if (e.code != MLP_OK || mlp_profiler_finish(p, &c->profile, &e) != MLP_OK)
        die(&e);
    mlp_profiler_free(p);
    mlp_table_close(t);
    c->x = v.p ? v.p : calloc(1, sizeof(double));
    c->n = v.n;
    mlp_sort_f64(c->x, c->n);
}

static void unload(struct column *c)
{
    free(c->x);
    mlp_profile_fini(&c->profile);
}

static double num(const struct mlp_node *map, const char *a, const char *b)
{
    const struct mlp_node *n = mlp_node_path(map, a, b, NULL);
    return mlp_node_is_num(n) ? mlp_node_num(n, NAN) : NAN;
}

/* SciPy's linear-interpolated quantile. */
static double quantile(const struct column *c, double q)
{
    double at = q * (double)(c->n - 1), low = floor(at);
    size_t i = (size_t)low, j = i + 1 < c->n ? i + 1 : i;
    return c->x[i] + (at - low) * (c->x[j] - c->x[i]);
}

static void count_bins(const struct column *c, const double *edges, size_t n, uint64_t *counts)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t k = 0;
        while (k < n && c->x[i] > edges[k])
            k++;
        counts[k]++;
    }
}

static void compare_binned(const char *name, const struct mlp_node *want, const uint64_t *a,
                           const uint64_t *b, size_t k)
{
    const struct {
        const char *key;
        double got;
    } all[] = {{"psi_fill1e-4", mlp_psi(a, b, k)},
               {"js_distance_nat", mlp_js(a, b, k)},
               {"hellinger", mlp_hellinger(a, b, k)},
               {"tvd", mlp_tvd(a, b, k)},
               {"linf", mlp_linf(a, b, k)}};
    for (size_t i = 0; want && i < sizeof all / sizeof all[0]; i++)
        if (mlp_node_is_num(mlp_node_get(want, all[i].key)))
            compare(name, all[i].key, all[i].got, num(want, all[i].key, NULL), 1e-6);
}

static void check_deciles(const char *name, const struct mlp_node *want, const struct column *a,
                          const struct column *b)
{
    double edges[9];
    uint64_t x[10] = {0}, y[10] = {0};
    size_t n = 0;
    for (int i = 1; i < 10 && a->n; i++) {
        double q = quantile(a, i / 10.0);
        if (!n || q > edges[n - 1])
            edges[n++] = q;
    }
    count_bins(a, edges, n, x);
    count_bins(b, edges, n, y);
    compare_binned(name, want, x, y, n + 1);
}

static void check_describe(const char *name, const struct mlp_node *want, const struct column *c)
{
    const struct mlp_pcolumn *p = &c->profile.cols[0];
    if (!want || !mlp_ptype_numeric(p->type))
        return;
    double n = (double)c->n, std0 = c->n > 1 ? p->stdev * sqrt((n - 1) / n) : 0;
    compare(name, "mean", p->mean, num(want, "mean", NULL), fabs(p->max) * 1e-6);
    compare(name, "std0", std0, num(want, "std0", NULL), 0);
    compare(name, "min", p->min, num(want, "min", NULL), 0);
    compare(name, "max", p->max, num(want, "max", NULL), 0);
}

static void check_numeric(const char *name, const struct mlp_node *want, const struct column *a,
                          const struct column *b)
{
    const struct mlp_node *s = mlp_node_get(want, "scipy");
    if (!mlp_node_get(s, "ks_auto"))
        return;
    double n = (double)a->n, m = (double)b->n, d = mlp_ks_sorted(a->x, a->n, b->x, b->n);
    double t = num(s, "t_equal_var", "stat"), p = num(s, "t_equal_var", "p");
    compare(name, "ks", d, num(s, "ks_auto", "stat"), 1e-6);
    compare(name, "ks p", mlp_ks_p(d, n, m), num(s, "ks_auto", "p"), 1e-12);
    compare(name, "ks asymp p", mlp_kolmogorov_sf(nearbyint(n * m / (n + m)), d),
            num(s, "ks_asymp", "p"), 1e-12);
    double scale = num(mlp_node_get(s, "describe_ref"), "std0", NULL);
    compare(name, "wasserstein", mlp_wasserstein_sorted(a->x, a->n, b->x, b->n),
            num(s, "wasserstein", NULL), 1e-6 * (isnan(scale) ? 0 : scale));
    if (isfinite(t) && isfinite(p))
        compare(name, "t p", mlp_t_two_sided(t, n + m - 2), p, 1e-12);
    check_describe(name, mlp_node_get(s, "describe_ref"), a);
    check_describe(name, mlp_node_get(s, "describe_cur"), b);
    check_deciles(name, mlp_node_path(want, "binned", "ref_deciles", NULL), a, b);
}

/* Counts of the texts of both sides, in one order. */
static size_t unite(const struct mlp_pcolumn *a, const struct mlp_pcolumn *b, uint64_t *x,
                    uint64_t *y)
{
    struct mlp_map at;
    mlp_map_init(&at, 1, 1 << 24);
    for (size_t side = 0; side < 2; side++) {
        const struct mlp_pcolumn *c = side ? b : a;
        for (size_t i = 0; i < c->nvalues; i++) {
            bool fresh;
            uint64_t *slot = mlp_map_put(&at, c->values[i].text, &fresh);
            if (fresh)
                *slot = at.n - 1;
            (side ? y : x)[*slot] += c->values[i].count;
        }
    }
    size_t n = at.n;
    mlp_map_fini(&at);
    return n;
}

static void check_categories(const char *name, const struct mlp_node *want,
                             const struct column *a, const struct column *b)
{
    static uint64_t x[8192], y[8192];
    const struct mlp_node *s = mlp_node_get(want, "scipy");
    double p, df, v;
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    size_t k = unite(&a->profile.cols[0], &b->profile.cols[0], x, y);
    compare_binned(name, mlp_node_path(want, "binned", "values", NULL), x, y, k);
    if (!mlp_node_get(s, "chi2_contingency"))
        return;
    double stat = num(s, "chi2_contingency", "stat"), dof = num(s, "chi2_contingency", "dof");
    compare(name, "categories", (double)k, num(s, "categories", NULL), 0);
    compare(name, "chi2 sf", mlp_chi2_sf(stat, dof), num(s, "chi2_contingency", "p"), 1e-12);
    double got = mlp_chi2_2xk(x, y, k, &p, &df, &v);
    if (fabs(df - dof) > 0 || dof < 1)
        return; /* rare cells were pooled: another table; or one cell only */
    compare(name, "chi2", got, stat, 1e-6);
    compare(name, "chi2 p", p, num(s, "chi2_contingency", "p"), 1e-12);
    compare(name, "cramers_v", v, num(s, "cramers_v", "v"), 1e-6);
}

static void check_case(const char *dir, const struct mlp_node *c, const struct mlp_node *expected)
{
    struct mlp_str name = mlp_node_str(mlp_node_get(c, "case"), "");
    char title[128], path[4096];
    struct column side[2] = {{0}, {0}};
    mlp_str_copy(name, title, sizeof title);
    const struct mlp_node *want = mlp_node_get_str(expected, name);
    for (int i = 0; i < 2; i++) {
        const char *which = i ? "cur" : "ref";
        const struct mlp_node *g = mlp_node_path(c, "gen", which, NULL);
        snprintf(path, sizeof path, "%s/data/%s.%s.csv", dir, title, which);
        if (g)
            load_generated(g, &side[i]);
        else
            load_file(path, &side[i]);
    }
    if (mlp_str_is(mlp_node_str(mlp_node_get(c, "kind"), ""), "num"))
        check_numeric(title, want, &side[0], &side[1]);
    else
        check_categories(title, want, &side[0], &side[1]);
    unload(&side[0]);
    unload(&side[1]);
}

static void check_adjusted(const struct mlp_node *row, const char *key,
                           bool (*adjust)(double *, size_t))
{
    const struct mlp_node *p = mlp_node_get(row, "p"), *want = mlp_node_get(row, key);
    double v[1000];
    size_t n = 0;
    for (const struct mlp_node *i = p->child; i && n < 1000; i = i->next)
        v[n++] = mlp_node_num(i, NAN);
    adjust(v, n);
    for (size_t i = 0; i < n; i++)
        compare("_multitest", key, v[i], mlp_node_num(mlp_node_at(want, i), NAN), 1e-12);
}

int main(int argc, char **argv)
{
    struct mlp_doc cases, expected;
    struct mlp_err e;
    char path[4096];
    mlp_err_init(&e);
    if (argc != 2)
        return 2;
    mlp_doc_init(&cases, "cases.json", (size_t)1 << 28);
    mlp_doc_init(&expected, "expected.json", (size_t)1 << 28);
    snprintf(path, sizeof path, "%s/cases.json", argv[1]);
    if (mlp_doc_load(&cases, path, (size_t)1 << 26, &e) != MLP_OK)
        die(&e);
    snprintf(path, sizeof path, "%s/expected.json", argv[1]);
    if (mlp_doc_load(&expected, path, (size_t)1 << 26, &e) != MLP_OK)
        die(&e);
    for (const struct mlp_node *c = cases.root->child; c; c = c->next)
        check_case(argv[1], c, expected.root);
    const struct mlp_node *rows = mlp_node_get(expected.root, "_multitest");
    for (const struct mlp_node *r = rows ? rows->child : NULL; r; r = r->next) {
        check_adjusted(r, "holm", mlp_adjust_holm);
        check_adjusted(r, "bh", mlp_adjust_bh);
    }
    printf("drift: %zu passed, %zu failed (greatest relative difference %.1e)\n", passed, failed,
           worst);
    mlp_doc_fini(&cases);
    mlp_doc_fini(&expected);
    return failed != 0;
}
