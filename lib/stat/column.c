#include "stat/state.h"

#include "base/map.h"
#include "stat/tests.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

enum mlp_code mlp_column_init(struct mlp_column *c, struct mlp_str name,
                              const struct mlp_pcolumn *ref, struct mlp_err *e)
{
    *c = (struct mlp_column){.ref = ref, .tallying = true};
    char *copy = malloc(name.n + 1);
    if (!copy)
        return mlp_err_nomem(e);
    if (name.n)
        memcpy(copy, name.p, name.n);
    copy[name.n] = 0;
    c->name = (struct mlp_str){copy, name.n};
    mlp_tally_init(&c->tally);
    if (ref) {
        c->type = ref->type;
        c->settled = true;
    }
    return MLP_OK;
}

void mlp_column_fini(struct mlp_column *c)
{
    free((void *)(uintptr_t)c->name.p);
    mlp_tally_fini(&c->tally);
    if (c->numbers) {
        mlp_moments_fini(&c->numbers->moments);
        mlp_bins_fini(&c->numbers->bins);
        free(c->numbers->hll);
        free(c->numbers->sample);
        free(c->numbers);
    }
    if (c->texts) {
        mlp_bottom_fini(&c->texts->bottom);
        free(c->texts);
    }
    *c = (struct mlp_column){0};
}

/* Half of the sample goes: each value by the toss of a coin. */
static void thin(struct mlp_numbers *u)
{
    size_t kept = 0;
    for (size_t i = 0; i < u->nsample; i++)
        if (mlp_rng_u64(&u->rng) >> 63)
            u->sample[kept++] = u->sample[i];
    u->nsample = kept;
    u->thinned++;
}

static enum mlp_code grow_sample(struct mlp_numbers *u, struct mlp_err *e)
{
    if (u->cap == u->limit) {
        thin(u);
        return MLP_OK;
    }
    size_t cap = u->cap ? 2 * u->cap : 4096;
    if (cap > u->limit)
        cap = u->limit;
    double *sample = realloc(u->sample, cap * sizeof *sample);
    if (!sample)
        return mlp_err_nomem(e);
    u->sample = sample;
    u->cap = cap;
    return MLP_OK;
}

static enum mlp_code sample_add(struct mlp_numbers *u, double x, uint64_t count,
                                struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    while (count-- && code == MLP_OK) {
        if (u->thinned && mlp_rng_u64(&u->rng) >> (64 - u->thinned))
            continue;
        if (u->nsample == u->cap)
            code = grow_sample(u, e);
        if (code == MLP_OK && u->nsample < u->cap)
            u->sample[u->nsample++] = x;
    }
    return code;
}

/* The few numbers became many: from here on only their estimated number is kept. */
static enum mlp_code start_hll(struct mlp_numbers *u, struct mlp_err *e)
{
    u->hll = calloc(1, MLP_HLL_REGISTERS);
    if (!u->hll)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < u->few.n; i++)
        mlp_hll_add(u->hll, mlp_hash_f64(u->few.value[i]));
    return MLP_OK;
}

static enum mlp_code distinct_add(struct mlp_numbers *u, double x, uint64_t count,
                                  struct mlp_err *e)
{
    if (!u->hll) {
        if (mlp_few_add(&u->few, x, count))
            return MLP_OK;
        enum mlp_code code = start_hll(u, e);
        if (code != MLP_OK)
            return code;
    }
    mlp_hll_add(u->hll, mlp_hash_f64(x));
    return MLP_OK;
}

static enum mlp_code number_add(struct mlp_column *c, double x, uint64_t count,
                                struct mlp_err *e)
{
    struct mlp_numbers *u = c->numbers;
    mlp_moments_add(&u->moments, x, count);
    u->min = x < u->min ? x : u->min;
    u->max = x > u->max ? x : u->max;
    if (u->bins.nedges)
        mlp_bins_add(&u->bins, x, count);
    enum mlp_code code = distinct_add(u, x, count, e);
    if (code == MLP_OK && u->limit)
        code = sample_add(u, x, count, e);
    return code == MLP_OK && u->moments.failed ? mlp_err_nomem(e) : code;
}

/* Counts the values that wait. */
static enum mlp_code count_waiting(struct mlp_column *c, struct mlp_err *e)
{
    struct mlp_numbers *u = c->numbers;
    enum mlp_code code = MLP_OK;
    size_t n = u->nwaiting;
    u->nwaiting = 0;
    for (size_t i = 0; i < n; i++) {
        u->min = u->waiting[i] < u->min ? u->waiting[i] : u->min;
        u->max = u->waiting[i] > u->max ? u->waiting[i] : u->max;
        mlp_moments_add(&u->moments, u->waiting[i], 1);
    }
    if (u->bins.nedges)
        mlp_bins_add_all(&u->bins, u->waiting, n);
    for (size_t i = 0; i < n && code == MLP_OK; i++)
        code = distinct_add(u, u->waiting[i], 1, e);
    for (size_t i = 0; i < n && code == MLP_OK && u->limit; i++)
        code = sample_add(u, u->waiting[i], 1, e);
    return code == MLP_OK && u->moments.failed ? mlp_err_nomem(e) : code;
}

static enum mlp_code number_take(struct mlp_column *c, double x, uint64_t count,
                                 struct mlp_err *e)
{
    struct mlp_numbers *u = c->numbers;
    x += 0.0; /* -0 becomes 0 */
    if (count != 1)
        return number_add(c, x, count, e);
    u->waiting[u->nwaiting++] = x;
    return u->nwaiting == MLP_WAITING ? count_waiting(c, e) : MLP_OK;
}

/* A value that only the next wider type has: the type gives way unless a reference fixed it. */
static bool widen(struct mlp_column *c)
{
    if (c->ref)
        return false;
    c->type = c->type == MLP_P_INT ? MLP_P_REAL : MLP_P_DATETIME;
    return true;
}

static enum mlp_code numeric_text(struct mlp_column *c, struct mlp_str s, uint64_t count,
                                  struct mlp_err *e)
{
    double x = 0;
    enum mlp_reading r = mlp_value_read(c->type, s, &x);
    if (r == MLP_READ_OK || (r == MLP_READ_WIDER && widen(c)))
        return number_take(c, x, count, e);
    if (r == MLP_READ_MISSING)
        c->missing += count;
    else if (r == MLP_READ_INFINITE)
        c->numbers->infinite += count;
    else
        c->bad += count;
    return MLP_OK;
}

static enum mlp_code text_add(struct mlp_texts *t, struct mlp_str s, uint64_t count,
                              struct mlp_err *e)
{
    t->min_length = s.n < t->min_length ? s.n : t->min_length;
    t->max_length = s.n > t->max_length ? s.n : t->max_length;
    uint64_t hash = mlp_hash_text(s);
    mlp_hll_add(t->hll, hash);
    return mlp_bottom_add(&t->bottom, hash, s, count, e);
}

/* The common case of numeric_text, without detours. */
static inline enum mlp_code plain_number(struct mlp_column *c, struct mlp_str s,
                                         struct mlp_err *e)
{
    struct mlp_numbers *u = c->numbers;
    double x;
    if ((c->type != MLP_P_REAL && c->type != MLP_P_INT) || !mlp_num_f64(s, &x) ||
        !isfinite(x) || (c->type == MLP_P_INT && x != trunc(x)))
        return numeric_text(c, s, 1, e);
    u->waiting[u->nwaiting++] = x + 0.0; /* -0 becomes 0 */
    return u->nwaiting == MLP_WAITING ? count_waiting(c, e) : MLP_OK;
}

static enum mlp_code settled_add(struct mlp_column *c, struct mlp_str s, uint64_t count,
                                 struct mlp_err *e)
{
    if (c->numbers)
        return numeric_text(c, s, count, e);
    if (c->texts)
        return text_add(c->texts, s, count, e);
    c->bad += count;
    return MLP_OK;
}

static void choose_type(struct mlp_column *c)
{
    uint64_t looks[MLP_LOOKS] = {0};
    for (size_t i = 0; i < c->tally.n; i++)
        looks[mlp_value_look(mlp_tally_text(&c->tally, i))] += c->tally.items[i].count;
    c->type = mlp_value_type(looks);
    c->settled = true;
}

static enum mlp_code make_numbers(struct mlp_column *c, struct mlp_err *e)
{
    struct mlp_numbers *u = calloc(1, sizeof *u);
    if (!u)
        return mlp_err_nomem(e);
    mlp_moments_init(&u->moments);
    mlp_rng_init(&u->rng, mlp_hash64(c->name.p, c->name.n, 0));
    u->min = INFINITY;
    u->max = -INFINITY;
    u->limit = c->limit;
    c->numbers = u;
    return c->ref ? mlp_bins_init(&u->bins, c->ref->edges, c->ref->nedges, e) : MLP_OK;
}

static enum mlp_code make_texts(struct mlp_column *c, struct mlp_err *e)
{
    c->texts = calloc(1, sizeof *c->texts);
    if (!c->texts)
        return mlp_err_nomem(e);
    c->texts->min_length = UINT64_MAX;
    return MLP_OK;
}

/* The state that the column's type asks for. */
static enum mlp_code make_state(struct mlp_column *c, struct mlp_err *e)
{
    if (!c->settled)
        choose_type(c);
    if (mlp_ptype_numeric(c->type))
        return make_numbers(c, e);
    return c->type == MLP_P_TEXT ? make_texts(c, e) : MLP_OK;
}

/* Everything tallied so far goes into the state; the tally stays as it is. */
static enum mlp_code pour(struct mlp_column *c, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < c->tally.n && code == MLP_OK; i++)
        code = settled_add(c, mlp_tally_text(&c->tally, i), c->tally.items[i].count, e);
    return code;
}

enum mlp_code mlp_column_add(struct mlp_column *c, struct mlp_str s, struct mlp_err *e)
{
    if (!c->tallying)
        return c->numbers ? plain_number(c, s, e) : settled_add(c, s, 1, e);
    enum mlp_code code = mlp_tally_add(&c->tally, s, 1, e);
    if (code != MLP_FINDING)
        return code;
    code = make_state(c, e);
    if (code == MLP_OK)
        code = pour(c, e);
    mlp_tally_fini(&c->tally);
    c->tallying = false;
    return code == MLP_OK ? settled_add(c, s, 1, e) : code;
}

/* --- the finished column -------------------------------------------------------------------- */

static struct mlp_exact *exact_new(struct mlp_arena *arena)
{
    return mlp_arena_alloc(arena, sizeof(struct mlp_exact));
}

static int by_count(const void *a, const void *b)
{
    const struct mlp_pvalue *u = a, *v = b;
    if (u->count != v->count)
        return u->count > v->count ? -1 : 1;
    int order = mlp_str_cmp(u->text, v->text);
    return order ? order : (u->hash > v->hash) - (u->hash < v->hash);
}

void mlp_values_sort(struct mlp_pvalue *v, size_t n)
{
    if (n)
        qsort(v, n, sizeof *v, by_count);
}

static bool values_from_few(const struct mlp_few *f, struct mlp_arena *arena,
                            struct mlp_pcolumn *out)
{
    out->values = mlp_arena_array(arena, f->n, sizeof *out->values);
    if (!out->values)
        return false;
    for (size_t i = 0; i < f->n; i++) {
        char text[48];
        size_t n = mlp_ptype_print(out->type, f->value[i], text);
        out->values[i] = (struct mlp_pvalue){mlp_arena_str(arena, (struct mlp_str){text, n}),
                                             f->count[i], mlp_hash_f64(f->value[i])};
        if (!out->values[i].text.p)
            return false;
    }
    out->nvalues = out->values_cap = f->n;
    out->distinct_exact = true;
    return true;
}

static bool copy_hll(const uint8_t *hll, struct mlp_arena *arena, struct mlp_pcolumn *out)
{
    out->hll = mlp_arena_alloc(arena, MLP_HLL_REGISTERS);
    if (out->hll)
        memcpy(out->hll, hll, MLP_HLL_REGISTERS);
    return out->hll != NULL;
}

static bool copy_bins(const struct mlp_bins *b, struct mlp_arena *arena, struct mlp_pcolumn *out)
{
    size_t n = b->nedges;
    out->nedges = n;
    if (n == 0)
        return true;
    out->edges = mlp_arena_array(arena, n, sizeof *out->edges);
    out->counts = mlp_arena_array(arena, n + 1, sizeof *out->counts);
    out->offsets = mlp_arena_array(arena, n + 1, sizeof *out->offsets);
    out->bin_sums = mlp_arena_array(arena, n + 1, sizeof *out->bin_sums);
    if (!out->edges || !out->counts || !out->offsets || !out->bin_sums)
        return false;
    memcpy(out->edges, b->edges, n * sizeof *b->edges);
    memcpy(out->counts, b->counts, (n + 1) * sizeof *b->counts);
    memcpy(out->offsets, b->offsets, (n + 1) * sizeof *b->offsets);
    return true;
}

static int by_value(const void *a, const void *b)
{
    const struct mlp_weighted *u = a, *v = b;
    return (u->x > v->x) - (u->x < v->x);
}

/* Sorts and joins equal values; returns how many are left. */
static size_t condense(struct mlp_weighted *v, size_t n)
{
    size_t kept = 0;
    if (n)
        qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++) {
        if (kept && !(v[i].x > v[kept - 1].x))
            v[kept - 1].count += v[i].count;
        else
            v[kept++] = v[i];
    }
    return kept;
}

/* The values behind the tally or the sample, ascending. *v is the caller's to free. */
static enum mlp_code weigh(struct mlp_column *c, struct mlp_weighted **v, size_t *n,
                           struct mlp_err *e)
{
    struct mlp_numbers *u = c->numbers;
    size_t most = c->tallying ? c->tally.n : u->nsample + 2;
    struct mlp_weighted *w = malloc((most + 1) * sizeof *w);
    *v = w;
    *n = 0;
    if (!w)
        return mlp_err_nomem(e);
    for (size_t i = 0; c->tallying && i < c->tally.n; i++) {
        double x;
        enum mlp_reading r = mlp_value_read(c->type, mlp_tally_text(&c->tally, i), &x);
        if (r == MLP_READ_OK)
            w[(*n)++] = (struct mlp_weighted){x + 0.0, c->tally.items[i].count};
    }
    for (size_t i = 0; !c->tallying && i < u->nsample; i++) {
        if (*n && !(u->sample[i] > w[*n - 1].x))
            w[*n - 1].count++;
        else
            w[(*n)++] = (struct mlp_weighted){u->sample[i], 1};
    }
    if (c->tallying)
        *n = condense(w, *n);
    return MLP_OK;
}

/* Edges from the values, then the counts between them. A sample gets the true ends. */
static enum mlp_code choose_bins(struct mlp_column *c, struct mlp_arena *arena,
                                 struct mlp_pcolumn *out, struct mlp_err *e)
{
    struct mlp_numbers *u = c->numbers;
    struct mlp_weighted *v;
    double edges[MLP_BINS_MAX_EDGES + 2];
    size_t n, nedges = 0;
    enum mlp_code code = weigh(c, &v, &n, e);
    if (code == MLP_OK && n) {
        nedges = mlp_bins_choose(v, n, edges + 1);
        double *first = edges + 1;
        if (u->min < first[0]) {
            first = edges;
            first[0] = u->min;
            nedges++;
        }
        if (u->max > first[nedges - 1])
            first[nedges++] = u->max;
        code = mlp_bins_init(&u->bins, first, nedges, e);
    }
    for (size_t i = 0; code == MLP_OK && i < n; i++)
        mlp_bins_add(&u->bins, v[i].x, v[i].count);
    if (code == MLP_OK && !copy_bins(&u->bins, arena, out))
        code = mlp_err_nomem(e);
    mlp_bins_fini(&u->bins);
    free(v);
    return code;
}

/* Sorted values, when all of them were kept. */
static bool copy_sorted(const struct mlp_column *c, struct mlp_arena *arena,
                        struct mlp_pcolumn *out)
{
    const struct mlp_numbers *u = c->numbers;
    if (u->thinned || u->limit == 0 || u->nsample == 0)
        return true;
    out->sorted = mlp_arena_array64(arena, u->nsample, sizeof *out->sorted);
    if (!out->sorted)
        return false;
    memcpy(out->sorted, u->sample, u->nsample * sizeof *u->sample);
    out->nsorted = u->nsample;
    return true;
}

static bool finish_exact(const struct mlp_numbers *u, struct mlp_arena *arena,
                         struct mlp_pcolumn *out)
{
    out->min = u->moments.n ? u->min : NAN;
    out->max = u->moments.n ? u->max : NAN;
    out->infinite = u->infinite;
    out->sum = exact_new(arena);
    out->squares = exact_new(arena);
    if (!out->sum || !out->squares)
        return false;
    mlp_moments_get(&u->moments, out->sum, out->squares);
    return u->hll ? copy_hll(u->hll, arena, out) : values_from_few(&u->few, arena, out);
}

static enum mlp_code finish_numbers(struct mlp_column *c, bool keep, struct mlp_arena *arena,
                                    struct mlp_pcolumn *out, struct mlp_err *e)
{
    struct mlp_numbers *u = c->numbers;
    enum mlp_code code = MLP_OK;
    mlp_sort_f64(u->sample, u->nsample);
    if (c->ref && !copy_bins(&u->bins, arena, out))
        code = mlp_err_nomem(e);
    if (!c->ref)
        code = choose_bins(c, arena, out, e);
    out->sampled = !c->ref && !c->tallying && u->thinned;
    if (code == MLP_OK && (!finish_exact(u, arena, out) ||
                           (keep && !copy_sorted(c, arena, out))))
        code = mlp_err_nomem(e);
    return code;
}

/* A column whose texts all fitted the tally: they are its values. */
static enum mlp_code values_from_tally(const struct mlp_column *c, struct mlp_arena *arena,
                                       struct mlp_pcolumn *out, struct mlp_err *e)
{
    const struct mlp_tally *t = &c->tally;
    out->values = mlp_arena_array(arena, t->n, sizeof *out->values);
    if (!out->values)
        return mlp_err_nomem(e);
    out->min_length = t->n ? UINT64_MAX : 0;
    for (size_t i = 0; i < t->n; i++) {
        struct mlp_str text = mlp_arena_str(arena, mlp_tally_text(t, i));
        if (!text.p)
            return mlp_err_nomem(e);
        out->values[i] = (struct mlp_pvalue){text, t->items[i].count,
                                             mlp_hash_text(text)};
        out->min_length = text.n < out->min_length ? text.n : out->min_length;
        out->max_length = text.n > out->max_length ? text.n : out->max_length;
    }
    out->nvalues = out->values_cap = t->n;
    out->distinct_exact = true;
    return MLP_OK;
}

static enum mlp_code values_from_bottom(const struct mlp_texts *t, struct mlp_arena *arena,
                                        struct mlp_pcolumn *out, struct mlp_err *e)
{
    const struct mlp_bottom *b = &t->bottom;
    out->values = mlp_arena_array(arena, b->n, sizeof *out->values);
    if (!out->values || !copy_hll(t->hll, arena, out))
        return mlp_err_nomem(e);
    for (size_t i = 0; i < b->n; i++) {
        struct mlp_str text = mlp_arena_str(arena, b->items[i].text);
        if (!text.p)
            return mlp_err_nomem(e);
        out->values[i] = (struct mlp_pvalue){text, b->items[i].count, b->items[i].hash};
    }
    out->nvalues = out->values_cap = b->n;
    out->min_length = t->min_length;
    out->max_length = t->max_length;
    return MLP_OK;
}

/* Text columns that were tallied to the end need no other state. */
static enum mlp_code finish_texts(struct mlp_column *c, struct mlp_arena *arena,
                                  struct mlp_pcolumn *out, struct mlp_err *e)
{
    return c->tallying ? values_from_tally(c, arena, out, e)
                       : values_from_bottom(c->texts, arena, out, e);
}

static enum mlp_code finish_state(struct mlp_column *c, bool keep, struct mlp_err *e)
{
    if (!c->tallying)
        return c->numbers ? count_waiting(c, e) : MLP_OK;
    if (!c->settled)
        choose_type(c);
    if (c->type == MLP_P_TEXT)
        return MLP_OK;
    enum mlp_code code = make_state(c, e);
    /* Without a reference the tally itself is the weighted sample. */
    if (code == MLP_OK && c->numbers && !keep)
        c->numbers->limit = 0;
    if (code == MLP_OK)
        code = pour(c, e);
    return code == MLP_OK && c->numbers ? count_waiting(c, e) : code;
}

enum mlp_code mlp_column_finish(struct mlp_column *c, bool keep, struct mlp_arena *arena,
                                struct mlp_pcolumn *out, struct mlp_err *e)
{
    enum mlp_code code = finish_state(c, keep, e);
    if (code != MLP_OK)
        return code;
    *out = (struct mlp_pcolumn){.type = c->type, .rows = c->rows, .missing = c->missing,
                                .bad = c->bad, .min = NAN, .max = NAN};
    out->name = mlp_arena_str(arena, c->name);
    if (!out->name.p)
        return mlp_err_nomem(e);
    if (c->numbers)
        code = finish_numbers(c, keep, arena, out, e);
    else if (c->type == MLP_P_TEXT)
        code = finish_texts(c, arena, out, e);
    else
        out->distinct_exact = true;
    if (code != MLP_OK)
        return code;
    mlp_values_sort(out->values, out->nvalues);
    mlp_pcolumn_derive(out);
    return MLP_OK;
}
