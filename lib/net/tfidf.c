/* tfidf.c: TfIdfVectorizer: n-grams of a pool counted in rows of tokens (string.h).
 *
 * Tokens become numbers first, by binary search in the pool's own; an n-gram is a list of such
 * numbers, found by binary search too. */
#include <stdlib.h>

#include "net/ml.h"
#include "net/string.h"

#define NO_TOKEN UINT32_MAX

/* A token of the pool; text or number as the pool is. */
struct token {
    struct mlp_str s;
    int64_t i;
    size_t at;
};

struct gram {
    const uint32_t *ids;
    size_t n, at;                /* length; place among all n-grams of the pool */
};

struct tfidf {
    const struct mlp_str *strs;  /* NULL: numbers */
    struct token *tokens;        /* sorted, each once */
    size_t ntokens;
    struct gram *grams;          /* sorted */
    size_t ngrams;
    int64_t min, max, skips;
    const int64_t *columns;      /* of n-grams, by place */
    const float *weights;        /* of n-grams, by place; or NULL */
    float *scales;               /* the weights by column, for mode TFIDF; or NULL */
    size_t width;
    bool once;                   /* mode IDF: that it is there, not how often */
};

static int token_order(const void *pa, const void *pb)
{
    const struct token *a = pa, *b = pb;
    int d = mlp_str_cmp(a->s, b->s);
    return d ? d : (a->i > b->i) - (a->i < b->i);
}

static int gram_order(const void *pa, const void *pb)
{
    const struct gram *a = pa, *b = pb;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = 0; i < a->n; i++)
        if (a->ids[i] != b->ids[i])
            return a->ids[i] < b->ids[i] ? -1 : 1;
    return 0;
}

static uint32_t token_id(const struct tfidf *t, struct token k)
{
    const struct token *found = t->ntokens ? bsearch(&k, t->tokens, t->ntokens, sizeof k,
                                                     token_order) : NULL;
    return found ? (uint32_t)(found - t->tokens) : NO_TOKEN;
}

/* --- loading --- */

struct pool {
    const struct mlp_str *strs;
    const int64_t *ints, *starts;
    size_t n, nstarts;
};

static struct token pool_token(const struct pool *p, size_t i)
{
    return (struct token){.s = p->strs ? p->strs[i] : MLP_STR(""), .i = p->strs ? 0 : p->ints[i]};
}

static enum mlp_code read_tokens(struct mlp_net_build *b, struct tfidf *t, const struct pool *p,
                                 uint32_t *ids)
{
    for (size_t i = 0; i < p->n; i++)
        t->tokens[i] = pool_token(p, i);
    qsort(t->tokens, p->n, sizeof *t->tokens, token_order);
    for (size_t i = 0; i < p->n; i++)
        if (!t->ntokens || token_order(&t->tokens[t->ntokens - 1], &t->tokens[i]))
            t->tokens[t->ntokens++] = t->tokens[i];
    for (size_t i = 0; i < p->n; i++)
        ids[i] = token_id(t, pool_token(p, i));
    return t->ntokens < NO_TOKEN ? MLP_OK : mlp_net_bad(b, "a pool of too many tokens");
}

/* The n-grams of n tokens lie in the pool from starts[n - 1] to the next start. */
static enum mlp_code read_grams(struct mlp_net_build *b, struct tfidf *t, const struct pool *p,
                                const uint32_t *ids)
{
    size_t place = 0;
    for (size_t k = 0; k < p->nstarts; k++) {
        int64_t from = p->starts[k], to = k + 1 < p->nstarts ? p->starts[k + 1] : (int64_t)p->n;
        size_t n = k + 1;
        if (from < 0 || to < from || to > (int64_t)p->n || (size_t)(to - from) % n)
            return mlp_net_bad(b, "ngram_counts does not fit the pool");
        for (size_t at = (size_t)from; at < (size_t)to; at += n, place++)
            if ((int64_t)n >= t->min && (int64_t)n <= t->max)
                t->grams[t->ngrams++] = (struct gram){ids + at, n, place};
    }
    qsort(t->grams, t->ngrams, sizeof *t->grams, gram_order);
    for (size_t i = 1; i < t->ngrams; i++)
        if (gram_order(&t->grams[i - 1], &t->grams[i]) == 0)
            return mlp_net_bad(b, "the pool holds an n-gram twice");
    return MLP_OK;
}

static enum mlp_code read_mode(struct mlp_net_build *b, struct tfidf *t, size_t ncolumns)
{
    struct mlp_str mode;
    size_t nweights;
    if (mlp_net_attr_str(b, "mode", "", &mode) ||
        mlp_net_attr_floats(b, "weights", &t->weights, &nweights))
        return b->e->code;
    t->once = mlp_str_is(mode, "IDF");
    bool counts = mlp_str_is(mode, "TF");
    if (!t->once && !counts && !mlp_str_is(mode, "TFIDF"))
        return mlp_net_bad(b, "mode '%.*s' is none that is known", MLP_STR_ARG(mode));
    if (counts || !nweights)
        t->weights = NULL;
    if (t->weights && nweights != ncolumns)
        return mlp_net_bad(b, "%zu weights, expected %zu", nweights, ncolumns);
    if (!t->weights || t->once)
        return MLP_OK;
    t->scales = mlp_arena_array(b->arena, t->width, sizeof *t->scales);
    for (size_t i = 0; t->scales && i < ncolumns; i++)
        t->scales[t->columns[i]] = t->weights[i];
    return t->scales ? MLP_OK : mlp_err_nomem(b->e);
}

static enum mlp_code read_columns(struct mlp_net_build *b, struct tfidf *t, size_t *n)
{
    if (mlp_net_attr_ints(b, "ngram_indexes", &t->columns, n) ||
        mlp_net_attr_int(b, "min_gram_length", 1, &t->min) ||
        mlp_net_attr_int(b, "max_gram_length", 1, &t->max) ||
        mlp_net_attr_int(b, "max_skip_count", 0, &t->skips))
        return b->e->code;
    for (size_t i = 0; i < *n; i++) {
        if (t->columns[i] < 0 || t->columns[i] >= INT32_MAX)
            return mlp_net_bad(b, "ngram_indexes has %lld", (long long)t->columns[i]);
        if ((size_t)t->columns[i] >= t->width)
            t->width = (size_t)t->columns[i] + 1;
    }
    return t->min < 1 || t->max < t->min || t->skips < 0 || !*n
               ? mlp_net_bad(b, "lengths of n-grams, skips or columns that make no sense")
               : MLP_OK;
}

static enum mlp_code read_pool(struct mlp_net_build *b, struct pool *p)
{
    size_t nints;
    if (mlp_net_attr_strs(b, "pool_strings", &p->strs, &p->n) ||
        mlp_net_attr_ints(b, "pool_int64s", &p->ints, &nints) ||
        mlp_net_attr_ints(b, "ngram_counts", &p->starts, &p->nstarts))
        return b->e->code;
    if (!p->n == !nints)
        return mlp_net_bad(b, "it needs a pool of texts or of numbers");
    if (!p->n)
        p->strs = NULL;
    p->n = p->n ? p->n : nints;
    return MLP_OK;
}

enum mlp_code mlp_net_tfidf_prepare(struct mlp_net_build *b, const void **params)
{
    struct pool p;
    void *made;
    size_t ncolumns;
    if (mlp_net_params(b, sizeof(struct tfidf), &made) || read_pool(b, &p))
        return b->e->code;
    struct tfidf *t = made;
    *params = t;
    t->strs = p.strs;
    uint32_t *ids = mlp_arena_array(b->arena, p.n, sizeof *ids);
    t->tokens = mlp_arena_array(b->arena, p.n, sizeof *t->tokens);
    t->grams = mlp_arena_array(b->arena, p.n, sizeof *t->grams);
    if (!ids || !t->tokens || !t->grams)
        return mlp_err_nomem(b->e);
    if (read_columns(b, t, &ncolumns) || read_mode(b, t, ncolumns) ||
        read_tokens(b, t, &p, ids) || read_grams(b, t, &p, ids))
        return b->e->code;
    for (size_t i = 0; i < t->ngrams; i++)
        if (t->grams[i].at >= ncolumns)
            return mlp_net_bad(b, "the pool has more n-grams than ngram_indexes");
    return t->max > (int64_t)p.nstarts
               ? mlp_net_bad(b, "ngram_counts has no n-grams of max_gram_length") : MLP_OK;
}

/* --- running --- */

/* Counts the n-gram of n tokens, `step` apart, at the start of ids. */
static void count(const struct tfidf *t, const uint32_t *ids, size_t n, size_t step,
                  uint32_t *scratch, float *y)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = ids[i * step];
    const struct gram key = {scratch, n, 0};
    const struct gram *g = t->ngrams ? bsearch(&key, t->grams, t->ngrams, sizeof key, gram_order)
                                     : NULL;
    if (!g)
        return;
    float *to = &y[t->columns[g->at]];
    *to = !t->once ? *to + 1 : t->weights ? t->weights[g->at] : 1;
}

/* Single tokens count once; longer ones for each distance between their tokens. */
static void count_row(const struct tfidf *t, const uint32_t *ids, size_t n, uint32_t *scratch,
                      float *y)
{
    for (size_t len = (size_t)t->min; len <= (size_t)t->max && len <= n; len++)
        for (size_t step = 1; step <= (size_t)t->skips + 1; step++) {
            if (len > 1 && step > (n - 1) / (len - 1))
                break;
            for (size_t at = 0; at + (len - 1) * step < n; at++)
                count(t, ids + at, len, step, scratch, y);
            if (len == 1)
                break;
        }
}

enum mlp_code mlp_net_tfidf_run(const struct mlp_net_call *c)
{
    const struct tfidf *t = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    bool ints = x->type == MLP_DT_INT64 || x->type == MLP_DT_INT32;
    if (x->rank < 1 || x->rank > 2 || (t->strs ? x->type != MLP_DT_STRING : !ints))
        return mlp_net_bad_type(c, 0);
    size_t rows = x->rank == 2 ? (size_t)x->dims[0] : 1, n = (size_t)x->dims[x->rank - 1];
    int64_t dims[2] = {(int64_t)rows, (int64_t)t->width};
    uint32_t *ids = mlp_arena_array(c->arena, 2 * n + 1, sizeof *ids);
    if (!ids)
        return mlp_err_nomem(c->e);
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_FLOAT, x->rank, dims + 2 - x->rank, c->e))
        return c->e->code;
    for (size_t i = 0; i < c->out[0].n; i++)
        c->out[0].f32[i] = 0;
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < n; i++)
            ids[i] = token_id(t, t->strs ? (struct token){.s = x->str[r * n + i]}
                                         : (struct token){.s = MLP_STR(""),
                                                          .i = mlp_tensor_integer(x, r * n + i)});
        count_row(t, ids, n, ids + n, c->out[0].f32 + r * t->width);
        for (size_t i = 0; t->scales && i < t->width; i++)
            c->out[0].f32[r * t->width + i] *= t->scales[i];
    }
    return MLP_OK;
}
