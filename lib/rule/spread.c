/* spread.c: collecting the values of a column, and what is decided by which there are. */
#include "rule/spread.h"

#include "rule/wide.h"
#include "text/json.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define COUNTED_BYTES ((size_t)256 << 20)
#define TEXT_MOST ((size_t)64 << 20)

void mlp_spread_state_fini(struct mlp_spread_state *s)
{
    if (s->has_counts)
        mlp_map_fini(&s->counts);
    mlp_buf_fini(&s->extreme);
    free(s->bins);
    mlp_column_sums_fini(&s->sums);
}

/* ---- kinds of cells */

static bool is_bool_word(struct mlp_str s)
{
    return mlp_str_is(s, "true") || mlp_str_is(s, "True") || mlp_str_is(s, "TRUE") ||
           mlp_str_is(s, "false") || mlp_str_is(s, "False") || mlp_str_is(s, "FALSE");
}

void mlp_cell_kinds_add(struct mlp_cell_kinds *k, const struct mlp_column_view *v)
{
    for (size_t r = 0; r < v->n; r++) {
        double x;
        struct mlp_str s = mlp_cell_str(&v->cell[r]);
        if (v->state[r] == MLP_CELL_BAD)
            continue;
        if (!s.p)
            k->missing++;
        else if (mlp_value_parse(MLP_TYPE_INT, s, &x))
            k->ints++;
        else if (mlp_num_f64(s, &x))
            k->floats++;
        else if (is_bool_word(s))
            k->bools++;
        else
            k->texts++;
    }
}

const char *mlp_cell_kinds_name(const struct mlp_cell_kinds *k)
{
    uint64_t numbers = k->ints + k->floats;
    if (k->texts || (k->bools && numbers))
        return "str";
    if (k->bools)
        return k->missing ? "object" : "bool";
    if (numbers + k->missing == 0)
        return "object";
    return k->floats || k->missing ? "float64" : "int64";
}

/* ---- collecting */

static enum mlp_code count_values(const struct mlp_column_view *v, struct mlp_spread_state *s,
                                  struct mlp_err *e)
{
    struct mlp_buf key;
    enum mlp_code code = MLP_OK;
    mlp_buf_init(&key, TEXT_MOST);
    for (size_t r = 0; r < v->n && code == MLP_OK; r++) {
        if (v->state[r] != MLP_CELL_FITS && v->state[r] != MLP_CELL_WRONG)
            continue;
        mlp_buf_reset(&key);
        mlp_wide_key(&key, mlp_cell_str(&v->cell[r]));
        uint64_t *count = key.failed ? NULL : mlp_map_put(&s->counts, mlp_buf_str(&key), NULL);
        if (!count)
            code = mlp_err_set(e, MLP_EINPUT, "more distinct values than %zu MB hold",
                               COUNTED_BYTES >> 20);
        else
            ++*count;
    }
    mlp_buf_fini(&key);
    return code;
}

static enum mlp_code keep_extreme(const struct mlp_column_view *v, bool least,
                                  struct mlp_spread_state *s, struct mlp_err *e)
{
    for (size_t r = 0; r < v->n; r++) {
        struct mlp_str x = mlp_cell_str(&v->cell[r]);
        if (v->state[r] != MLP_CELL_FITS)
            continue;
        int way = s->has_extreme ? mlp_str_cmp(x, mlp_buf_str(&s->extreme)) : 0;
        if (s->has_extreme && (least ? way >= 0 : way <= 0))
            continue;
        s->has_extreme = true;
        mlp_buf_reset(&s->extreme);
        mlp_buf_addstr(&s->extreme, x);
    }
    return mlp_buf_check(&s->extreme, e);
}

/* Bin of a value among edges, as numpy.histogram: 0 below, n above, the last edge within. */
static size_t bin_of(const double *edges, size_t n, double x)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (edges[mid] <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == n && x == edges[n - 1] ? n - 1 : lo;
}

static enum mlp_code count_bins(const struct mlp_spread *x, const struct mlp_column_view *v,
                                struct mlp_spread_state *s, struct mlp_err *e)
{
    if (!s->bins)
        s->bins = calloc(x->nweights + 2, sizeof *s->bins);
    if (!s->bins)
        return mlp_err_nomem(e);
    for (size_t r = 0; r < v->n; r++)
        if (v->state[r] == MLP_CELL_FITS)
            s->bins[bin_of(x->edges, x->nweights + 1, v->value[r])]++;
    return MLP_OK;
}

static void start(struct mlp_spread_state *s)
{
    s->started = s->has_counts = true;
    mlp_map_init(&s->counts, 0, COUNTED_BYTES);
    mlp_buf_init(&s->extreme, TEXT_MOST);
    size_t most = s->sums.most;
    mlp_column_sums_init(&s->sums, NULL, 0);
    s->sums.most = most ? most : s->sums.most;
    s->sums.wants_values = true;
}

enum mlp_code mlp_spread_add(const struct mlp_rule *rule, const struct mlp_column_view *v,
                             struct mlp_spread_state *s, struct mlp_err *e)
{
    const struct mlp_spread *x = rule->spread;
    if (!s->started)
        start(s);
    s->n += v->count[MLP_CELL_FITS] + v->count[MLP_CELL_WRONG];
    s->absent += v->count[MLP_CELL_ABSENT];
    switch (x->op) {
    case MLP_SPREAD_LEAST:
    case MLP_SPREAD_GREATEST: return keep_extreme(v, x->op == MLP_SPREAD_LEAST, s, e);
    case MLP_SPREAD_QUANTILES:
    case MLP_SPREAD_KS: return mlp_column_sums_add(&s->sums, v, e);
    case MLP_SPREAD_DTYPE: mlp_cell_kinds_add(&s->kinds, v); return MLP_OK;
    case MLP_SPREAD_KL: return x->edges ? count_bins(x, v, s, e) : count_values(v, s, e);
    default: return count_values(v, s, e);
    }
}

/* ---- deciding */

/* A key of mlp_wide_key as JSON. */
static void add_value(struct mlp_buf *json, struct mlp_str key)
{
    size_t colon = mlp_str_find(key, ':');
    double v;
    struct mlp_str text = {key.p + colon + 1, colon < key.n ? key.n - colon - 1 : 0};
    if (key.p[0] == 'n' && mlp_num_f64(text, &v))
        mlp_num_add_json(json, v);
    else
        mlp_json_quote(json, text);
}

static void end_distinct(const struct mlp_spread *x, const struct mlp_spread_state *s,
                         struct mlp_spread_result *out)
{
    for (size_t i = 0; i < s->counts.n; i++)
        out->unexpected += !mlp_map_get(&x->set, s->counts.entries[i].key);
    for (size_t i = 0; i < x->set.n; i++)
        out->missing += !mlp_map_get(&s->counts, x->set.entries[i].key);
    if (x->op == MLP_SPREAD_DISTINCT_CONTAINS)
        out->unexpected = 0;
    if (x->op == MLP_SPREAD_DISTINCT_IN)
        out->missing = 0;
    out->holds = out->unexpected + out->missing == 0;
    mlp_buf_addf(&out->words, "%zu distinct values, %llu not in the set, %llu of it missing",
                 s->counts.n, (unsigned long long)out->unexpected,
                 (unsigned long long)out->missing);
    mlp_buf_adds(&out->json, "null");
}

/* By value, as pandas' mode. */
static int by_key(const void *a, const void *b)
{
    struct mlp_str x = (*(const struct mlp_map_entry *const *)a)->key;
    struct mlp_str y = (*(const struct mlp_map_entry *const *)b)->key;
    double u, v;
    size_t i = mlp_str_find(x, ':') + 1, k = mlp_str_find(y, ':') + 1;
    x = (struct mlp_str){x.p + i, x.n - i};
    y = (struct mlp_str){y.p + k, y.n - k};
    if (mlp_num_f64(x, &u) && mlp_num_f64(y, &v))
        return (u > v) - (u < v);
    return mlp_str_cmp(x, y);
}

static enum mlp_code end_most_common(const struct mlp_spread *x, const struct mlp_spread_state *s,
                                     struct mlp_spread_result *out, struct mlp_err *e)
{
    uint64_t most = 0;
    size_t n = 0, within = 0;
    const struct mlp_map_entry **top = malloc((s->counts.n + 1) * sizeof(void *));
    if (!top)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < s->counts.n; i++)
        most = s->counts.entries[i].value > most ? s->counts.entries[i].value : most;
    for (size_t i = 0; i < s->counts.n; i++)
        if (s->counts.entries[i].value == most)
            top[n++] = &s->counts.entries[i];
    qsort(top, n, sizeof *top, by_key);
    mlp_buf_addc(&out->json, '[');
    for (size_t i = 0; i < n; i++) {
        within += mlp_map_get(&x->set, top[i]->key) != NULL;
        mlp_buf_adds(&out->json, i ? ", " : "");
        add_value(&out->json, top[i]->key);
    }
    mlp_buf_addc(&out->json, ']');
    mlp_buf_addstr(&out->words, mlp_buf_str(&out->json));
    out->holds = x->ties ? within > 0 : n == 1 && within == 1;
    free(top);
    return MLP_OK;
}

static void end_extreme(const struct mlp_spread *x, const struct mlp_spread_state *s,
                        struct mlp_spread_result *out)
{
    struct mlp_str v = mlp_buf_str(&s->extreme);
    int low = x->lo.p ? mlp_str_cmp(v, x->lo) : 1, high = x->hi.p ? mlp_str_cmp(v, x->hi) : -1;
    out->holds = s->has_extreme && (low > 0 || (low == 0 && !x->open_lo)) &&
                 (high < 0 || (high == 0 && !x->open_hi));
    if (s->has_extreme)
        mlp_json_quote(&out->json, v);
    else
        mlp_buf_adds(&out->json, "null");
    mlp_buf_addstr(&out->words, mlp_buf_str(&out->json));
}

static void end_quantiles(const struct mlp_spread *x, struct mlp_spread_state *s,
                          struct mlp_spread_result *out)
{
    out->holds = true;
    mlp_buf_adds(&out->json, "{\"quantiles\": [");
    for (size_t i = 0; i < x->nquantiles; i++) {
        mlp_buf_adds(&out->json, i ? ", " : "");
        mlp_num_add_json(&out->json, x->quantiles[i].at);
    }
    mlp_buf_adds(&out->json, "], \"values\": [");
    for (size_t i = 0; i < x->nquantiles; i++) {
        const struct mlp_rule one = {.kind = MLP_RULE_QUANTILE, .quantile = x->quantiles[i].at};
        double v = mlp_column_sums_value(&s->sums, &one);
        out->holds = out->holds && !isnan(v) && !(v < x->quantiles[i].lo) &&
                     !(v > x->quantiles[i].hi);
        mlp_buf_adds(&out->json, i ? ", " : "");
        mlp_num_add_json(&out->json, v);
        mlp_buf_addf(&out->words, "%s%g: %.10g", i ? ", " : "", x->quantiles[i].at, v);
    }
    mlp_buf_adds(&out->json, "]}");
}

/* The names that numpy, pandas and Python have for one kind of column. */
static bool is_dtype(struct mlp_str name, const char *kind)
{
    static const struct {
        const char *kind, *names[8];
    } same[] = {
        {"int64", {"int64", "int", "long", "i8", "intp", "longlong", "integer", NULL}},
        {"float64", {"float64", "float", "double", "f8", "FLOAT", NULL}},
        {"bool", {"bool", "boolean", "BOOL", NULL}},
        {"str", {"str", "string", "string_types", "StringDtype", "unicode", NULL}},
        {"object", {"object", "object_", "O", NULL}},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        for (size_t k = 0; strcmp(same[i].kind, kind) == 0 && same[i].names[k]; k++)
            if (mlp_str_is(name, same[i].names[k]))
                return true;
    return false;
}

static void end_dtype(const struct mlp_spread *x, const struct mlp_spread_state *s,
                      struct mlp_spread_result *out)
{
    const char *name = mlp_cell_kinds_name(&s->kinds);
    for (size_t i = 0; i < x->set.n; i++)
        out->holds = out->holds || is_dtype(x->set.entries[i].key, name);
    mlp_buf_adds(&out->words, name);
    mlp_buf_addf(&out->json, "\"%s\"", name);
}

static bool in_bounds(const struct mlp_rule *r, double v)
{
    bool within = !(v < r->lo) && !(v > r->hi) && !(r->open_lo && v == r->lo) &&
                  !(r->open_hi && v == r->hi);
    return !isnan(v) && within != r->outside;
}

static enum mlp_code end_counted(const struct mlp_rule *rule, const struct mlp_spread_state *s,
                                 struct mlp_spread_result *out, struct mlp_err *e)
{
    if (mlp_spread_counted(rule->spread->op, s, &out->value, e) != MLP_OK)
        return e ? e->code : MLP_EIO;
    out->holds = in_bounds(rule, out->value);
    mlp_num_add_json(&out->json, out->value);
    mlp_buf_addf(&out->words, "%.10g", out->value);
    return MLP_OK;
}

static enum mlp_code end_number(const struct mlp_spread *x, struct mlp_spread_state *s,
                                struct mlp_spread_result *out, struct mlp_err *e)
{
    if (x->op == MLP_SPREAD_KL && mlp_spread_kl(x, s, &out->value, e) != MLP_OK)
        return e->code;
    if (x->op == MLP_SPREAD_CHI_SQUARE)
        out->value = mlp_spread_chi_square(x, s);
    if (x->op == MLP_SPREAD_KS)
        out->value = mlp_spread_ks(x, s);
    out->holds = isnan(x->bound) ||
                 (x->op == MLP_SPREAD_KL ? out->value <= x->bound : out->value > x->bound);
    mlp_num_add_json(&out->json, out->value);
    mlp_buf_addf(&out->words, "%.10g", out->value);
    return MLP_OK;
}

enum mlp_code mlp_spread_end(const struct mlp_rule *rule, struct mlp_spread_state *s,
                             struct mlp_spread_result *out, struct mlp_err *e)
{
    const struct mlp_spread *x = rule->spread;
    enum mlp_code code = MLP_OK;
    out->value = NAN;
    if (!s->started)
        start(s);
    if (x->op >= MLP_SPREAD_ENTROPY && x->op <= MLP_SPREAD_NULL_SPELLINGS)
        return end_counted(rule, s, out, e);
    switch (x->op) {
    case MLP_SPREAD_DISTINCT_IN:
    case MLP_SPREAD_DISTINCT_CONTAINS:
    case MLP_SPREAD_DISTINCT_EQUALS: end_distinct(x, s, out); break;
    case MLP_SPREAD_MOST_COMMON: code = end_most_common(x, s, out, e); break;
    case MLP_SPREAD_LEAST:
    case MLP_SPREAD_GREATEST: end_extreme(x, s, out); break;
    case MLP_SPREAD_QUANTILES: end_quantiles(x, s, out); break;
    case MLP_SPREAD_DTYPE: end_dtype(x, s, out); break;
    default: code = end_number(x, s, out, e); break;
    }
    return code;
}
