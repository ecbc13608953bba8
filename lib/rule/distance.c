/* distance.c: collecting the values of a column in two tables, and comparing texts. */
#include "rule/distance.h"

#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define COUNTED_BYTES ((size_t)256 << 20)

void mlp_distance_state_fini(struct mlp_distance_state *s)
{
    if (!s->started)
        return;
    mlp_map_fini(&s->counts);
    mlp_column_sums_fini(&s->sums);
}

static void start(struct mlp_distance_state *s)
{
    size_t most = s->sums.most;
    if (s->started)
        return;
    s->started = true;
    mlp_map_init(&s->counts, 0, COUNTED_BYTES);
    mlp_column_sums_init(&s->sums, NULL, 0);
    s->sums.most = most ? most : s->sums.most;
}

static enum mlp_code add_text(struct mlp_distance_state *s, struct mlp_str text, struct mlp_err *e)
{
    uint64_t *count = mlp_map_put(&s->counts, text, NULL);
    if (!count)
        return mlp_err_set(e, MLP_EINPUT, "more distinct values than %zu MB hold, which a "
                                          "distance counts", COUNTED_BYTES >> 20);
    ++*count;
    return MLP_OK;
}

static enum mlp_code add_number(struct mlp_distance_state *s, double x, struct mlp_err *e)
{
    s->nan += x != x;
    s->low += x == -INFINITY;
    s->high += x == INFINITY;
    return isfinite(x) ? mlp_column_sums_keep(&s->sums, x, e) : MLP_OK;
}

enum mlp_code mlp_distance_add(struct mlp_distance_state *s, bool texts,
                               const struct mlp_column_view *v, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    start(s);
    mlp_kind_add(&s->kind, v);
    for (size_t r = 0; r < v->n && code == MLP_OK; r++) {
        double x;
        struct mlp_str text = mlp_cell_str(&v->cell[r]);
        if (v->state[r] != MLP_CELL_FITS && v->state[r] != MLP_CELL_WRONG)
            continue;
        if (texts)
            code = add_text(s, text, e);
        else if (mlp_num_f64(mlp_str_trim(text), &x))
            code = add_number(s, x, e);
    }
    return code;
}

/* ---- texts */

static double total_of(const struct mlp_map *counts)
{
    double sum = 0;
    for (size_t i = 0; i < counts->n; i++)
        sum += (double)counts->entries[i].value;
    return sum;
}

/* Two columns' counts of a text, as shares of what is given. */
struct pair {
    const struct mlp_map *a, *b;
    double of_a, of_b;
};

static double share_in(const struct mlp_map *counts, struct mlp_str key, double whole)
{
    const uint64_t *n = mlp_map_get(counts, key);
    return n && whole > 0 ? (double)*n / whole : 0;
}

/* The last by its bytes of those that differ most. */
static void widen(const struct pair *p, struct mlp_str key, double *value, struct mlp_str *most)
{
    double d = fabs(share_in(p->a, key, p->of_a) - share_in(p->b, key, p->of_b));
    if (d > *value || (d == *value && (!most->p || mlp_str_cmp(key, *most) > 0))) {
        *value = d;
        *most = key;
    }
}

static double largest_difference(const struct pair *p, struct mlp_str *most)
{
    double value = 0;
    for (size_t i = 0; i < p->a->n; i++)
        widen(p, p->a->entries[i].key, &value, most);
    for (size_t i = 0; i < p->b->n; i++)
        widen(p, p->b->entries[i].key, &value, most);
    return value;
}

static double divergence_part(double p, double q)
{
    double m = (p + q) / 2;
    return (p > 0 ? p * log2(p / m) : 0) + (q > 0 ? q * log2(q / m) : 0);
}

static double divergence_of_texts(const struct pair *p)
{
    double sum = 0;
    for (size_t i = 0; i < p->a->n; i++) {
        struct mlp_str key = p->a->entries[i].key;
        sum += divergence_part(share_in(p->a, key, p->of_a), share_in(p->b, key, p->of_b));
    }
    for (size_t i = 0; i < p->b->n; i++) {
        struct mlp_str key = p->b->entries[i].key;
        if (!mlp_map_get(p->a, key))
            sum += divergence_part(0, share_in(p->b, key, p->of_b));
    }
    return sum / 2 < 1 ? sum / 2 : 1;
}

/* A column that is not of texts has no texts to compare. */
static double distance_of_texts(const struct mlp_rule *rule, struct pair *p, struct mlp_str *most)
{
    double a = total_of(p->a), b = total_of(p->b);
    bool apart = rule->distance == MLP_DISTANCE_NORMALIZED_ABS;
    p->of_a = apart ? a + b : a;
    p->of_b = apart ? a + b : b;
    return rule->distance == MLP_DISTANCE_JENSEN_SHANNON ? divergence_of_texts(p)
                                                         : largest_difference(p, most);
}

/* ---- numbers */

static int by_value(const void *a, const void *b)
{
    double x = ((const struct mlp_weighed *)a)->value, y = ((const struct mlp_weighed *)b)->value;
    return (x > y) - (x < y);
}

/* Equal ones become one. */
static size_t join_equal(struct mlp_weighed *x, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        if (out && x[out - 1].value == x[i].value)
            x[out - 1].n += x[i].n;
        else
            x[out++] = x[i];
    }
    return out;
}

static double as_read(const struct mlp_distance_state *s, double x)
{
    return s->kind == MLP_KIND_FLOAT ? (double)(float)x : x;
}

static size_t numbers_of_texts(struct mlp_distance_state *s, struct mlp_weighed *x)
{
    size_t n = 0;
    s->nan = 0;
    for (size_t i = 0; i < s->counts.n; i++) {
        const struct mlp_map_entry *entry = &s->counts.entries[i];
        double v = NAN;
        mlp_num_f64(mlp_str_trim(entry->key), &v);
        if (isnan(v))
            s->nan += entry->value;
        else
            x[n++] = (struct mlp_weighed){as_read(s, v), (double)entry->value};
    }
    return n;
}

static size_t numbers_of_sums(const struct mlp_distance_state *s, struct mlp_weighed *x)
{
    double each = s->sums.nvalues ? (double)s->sums.offered / (double)s->sums.nvalues : 0;
    size_t n = 0;
    if (s->low)
        x[n++] = (struct mlp_weighed){-INFINITY, (double)s->low};
    for (size_t i = 0; i < s->sums.nvalues; i++)
        x[n++] = (struct mlp_weighed){as_read(s, s->sums.values[i]), each};
    if (s->high)
        x[n++] = (struct mlp_weighed){INFINITY, (double)s->high};
    return n;
}

static enum mlp_code make_bins(struct mlp_distance_state *s, bool quantiles, struct mlp_bins *b,
                               struct mlp_err *e)
{
    struct mlp_weighed *x = malloc((s->counts.n + s->sums.nvalues + 2) * sizeof *x);
    if (!x)
        return mlp_err_nomem(e);
    size_t n = s->counts.n ? numbers_of_texts(s, x) : numbers_of_sums(s, x);
    qsort(x, n, sizeof *x, by_value);
    mlp_bins_make(b, x, join_equal(x, n), quantiles);
    b->nan = (double)s->nan;
    free(x);
    return MLP_OK;
}

static enum mlp_code divergence_of_numbers(const struct mlp_rule *rule,
                                           struct mlp_distance_state *a,
                                           struct mlp_distance_state *b, double *value,
                                           struct mlp_err *e)
{
    struct mlp_bins of_a, of_b;
    enum mlp_code code = make_bins(a, rule->quantiles, &of_a, e);
    if (code == MLP_OK)
        code = make_bins(b, rule->quantiles, &of_b, e);
    if (code == MLP_OK)
        *value = mlp_bins_divergence(&of_a, &of_b);
    return code;
}

enum mlp_code mlp_distance_value(const struct mlp_rule *rule, struct mlp_distance_state *a,
                                 struct mlp_distance_state *b, double *value,
                                 struct mlp_str *most, struct mlp_err *e)
{
    static const struct mlp_map none = {0};
    bool divergence = rule->distance == MLP_DISTANCE_JENSEN_SHANNON;
    bool text_a = a->kind == MLP_KIND_TEXT, text_b = b->kind == MLP_KIND_TEXT;
    struct pair p = {text_a ? &a->counts : &none, text_b ? &b->counts : &none, 0, 0};
    *most = (struct mlp_str){NULL, 0};
    *value = NAN;
    start(a);
    start(b);
    if (!divergence || (p.a->n && p.b->n))
        *value = distance_of_texts(rule, &p, most);
    else if (!text_a && !text_b)
        return divergence_of_numbers(rule, a, b, value, e);
    return MLP_OK;
}
