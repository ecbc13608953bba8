/* string.c: operators on texts: StringNormalizer, StringConcat, StringSplit, RegexFullMatch. */
#include "net/string.h"

#include "net/element.h"
#include "net/ml.h"
#include "text/nfa.h"
#include "text/unicode.h"

/* --- StringNormalizer --- */

enum letters { AS_THEY_ARE, LOWER, UPPER };

struct normalizer {
    enum letters change, compare;
    const struct mlp_str *stops; /* as they are compared */
    size_t nstops;
};

/* A text with its letters changed; p is NULL when the arena is full. */
static struct mlp_str change_letters(struct mlp_arena *a, struct mlp_str s, enum letters to)
{
    struct mlp_str rest = s;
    char *p = to ? mlp_arena_array(a, s.n + 1, 4) : NULL; /* a letter takes up to 4 bytes */
    size_t n = 0;
    if (!to)
        return s;
    while (p && rest.n) {
        uint32_t code = mlp_unicode_next(&rest);
        n += mlp_unicode_put(to == LOWER ? mlp_unicode_lower(code) : mlp_unicode_upper(code),
                             p + n);
    }
    return (struct mlp_str){p, n};
}

static enum mlp_code read_letters(struct mlp_net_build *b, enum letters *out)
{
    static const char *const names[] = {[AS_THEY_ARE] = "NONE", [LOWER] = "LOWER",
                                        [UPPER] = "UPPER"};
    struct mlp_str s;
    if (mlp_net_attr_str(b, "case_change_action", "NONE", &s))
        return b->e->code;
    for (int i = 0; i < 3; i++)
        if (mlp_str_is(s, names[i])) {
            *out = (enum letters)i;
            return MLP_OK;
        }
    return mlp_net_bad(b, "case_change_action '%.*s' is none that is known", MLP_STR_ARG(s));
}

static enum mlp_code normalizer_prepare(struct mlp_net_build *b, const void **params)
{
    const struct mlp_str *stops;
    int64_t sensitive;
    void *made;
    if (mlp_net_params(b, sizeof(struct normalizer), &made))
        return b->e->code;
    struct normalizer *p = made;
    *params = p;
    if (read_letters(b, &p->change) || mlp_net_attr_strs(b, "stopwords", &stops, &p->nstops) ||
        mlp_net_attr_int(b, "is_case_sensitive", 0, &sensitive))
        return b->e->code;
    p->compare = sensitive ? AS_THEY_ARE : p->change ? p->change : LOWER;
    struct mlp_str *changed = mlp_arena_array(b->arena, p->nstops, sizeof(*changed));
    if (!changed)
        return mlp_err_nomem(b->e);
    for (size_t i = 0; i < p->nstops; i++) {
        changed[i] = change_letters(b->arena, stops[i], p->compare);
        if (!changed[i].p)
            return mlp_err_nomem(b->e);
    }
    p->stops = changed;
    return MLP_OK;
}

static bool is_stop(const struct normalizer *p, struct mlp_str s)
{
    for (size_t i = 0; i < p->nstops; i++)
        if (mlp_str_eq(p->stops[i], s))
            return true;
    return false;
}

static enum mlp_code normalizer_run(const struct mlp_net_call *c)
{
    const struct normalizer *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct mlp_tensor *y = &c->out[0];
    size_t n = 0;
    if (x->type != MLP_DT_STRING || x->rank < 1 || x->rank > 2 || (x->rank == 2 && x->dims[0] != 1))
        return mlp_net_fail(c, "its input is no row of texts");
    if (mlp_tensor_make(y, c->arena, MLP_DT_STRING, 1, (int64_t[]){(int64_t)x->n + 1}, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++) {
        struct mlp_str compared = change_letters(c->arena, x->str[i], p->nstops ? p->compare
                                                                                : AS_THEY_ARE);
        y->str[n] = change_letters(c->arena, x->str[i], p->change);
        if (!compared.p || !y->str[n].p)
            return mlp_err_nomem(c->e);
        n += !is_stop(p, compared);
    }
    if (!n)
        y->str[n++] = MLP_STR("");
    y->n = n;
    y->rank = x->rank;
    y->dims[0] = 1;
    y->dims[x->rank - 1] = (int64_t)n;
    return MLP_OK;
}

/* --- StringConcat --- */

static enum mlp_code concat_run(const struct mlp_net_call *c)
{
    const struct mlp_tensor *a = c->in[0], *b = c->in[1];
    struct mlp_tensor *y = &c->out[0];
    struct mlp_walk w;
    uint32_t rank;
    int64_t dims[MLP_MAX_RANK];
    if (a->type != MLP_DT_STRING || b->type != MLP_DT_STRING)
        return mlp_net_bad_type(c, a->type == MLP_DT_STRING);
    if (!mlp_tensor_broadcast(a, b, &rank, dims))
        return mlp_net_fail(c, "shapes that do not fit each other");
    if (mlp_tensor_make(y, c->arena, MLP_DT_STRING, rank, dims, c->e))
        return c->e->code;
    mlp_walk_init(&w, rank, dims);
    mlp_walk_add(&w, 0, a);
    mlp_walk_add(&w, 1, b);
    for (size_t i = 0; i < y->n; i++, mlp_walk_next(&w)) {
        struct mlp_str p = a->str[w.offset[0]], q = b->str[w.offset[1]];
        char *text = mlp_arena_alloc(c->arena, p.n + q.n + 1);
        if (!text)
            return mlp_err_nomem(c->e);
        memcpy(text, p.p, p.n);
        memcpy(text + p.n, q.p, q.n);
        y->str[i] = (struct mlp_str){text, p.n + q.n};
    }
    return MLP_OK;
}

/* --- StringSplit --- */

struct split {
    struct mlp_str delimiter;    /* empty: runs of white space */
    int64_t most;                /* cuts */
};

static enum mlp_code split_prepare(struct mlp_net_build *b, const void **params)
{
    void *made;
    if (mlp_net_params(b, sizeof(struct split), &made))
        return b->e->code;
    struct split *p = made;
    *params = p;
    if (mlp_net_attr_str(b, "delimiter", "", &p->delimiter))
        return b->e->code;
    return mlp_net_attr_int(b, "maxsplit", INT64_MAX, &p->most);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct mlp_str trim_blanks(struct mlp_str s)
{
    while (s.n && is_blank(*s.p))
        s = (struct mlp_str){s.p + 1, s.n - 1};
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Where the next delimiter starts in s, and its length; the end of s where there is none. */
static size_t find_delimiter(const struct split *p, struct mlp_str s, size_t *len)
{
    size_t at = 0;
    *len = p->delimiter.n ? p->delimiter.n : 1;
    for (; at < s.n; at++)
        if (p->delimiter.n ? s.n - at >= p->delimiter.n &&
                                 memcmp(s.p + at, p->delimiter.p, p->delimiter.n) == 0
                           : is_blank(s.p[at]))
            return at;
    *len = 0;
    return at;
}

/* The parts of s into out, where that is not NULL; their number. As Python's str.split(), but
 * that the last part of a text that is cut at blanks does not end in any. */
static size_t split_text(const struct split *p, struct mlp_str s, struct mlp_str *out)
{
    size_t n = 0, len = 0;
    bool blanks = p->delimiter.n == 0;
    if (blanks)
        s = trim_blanks(s);
    if (blanks && !s.n)
        return 0;
    for (;;) {
        size_t at = (int64_t)n < p->most || p->most < 0 ? find_delimiter(p, s, &len) : s.n;
        if (out)
            out[n] = (struct mlp_str){s.p, at};
        n++;
        if (at == s.n)
            return n;
        s = (struct mlp_str){s.p + at + len, s.n - at - len};
        if (blanks)
            s = trim_blanks(s);
        if (blanks && !s.n)
            return n;
    }
}

static enum mlp_code split_run(const struct mlp_net_call *c)
{
    const struct split *p = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    struct mlp_tensor counts;
    int64_t dims[MLP_MAX_RANK], most = 0;
    if (x->type != MLP_DT_STRING || x->rank == MLP_MAX_RANK)
        return mlp_net_bad_type(c, 0);
    if (mlp_tensor_like(&counts, c->arena, MLP_DT_INT64, x, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++) {
        counts.i64[i] = (int64_t)split_text(p, x->str[i], NULL);
        most = counts.i64[i] > most ? counts.i64[i] : most;
    }
    memcpy(dims, x->dims, sizeof(dims));
    dims[x->rank] = most;
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_STRING, x->rank + 1, dims, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++)
        split_text(p, x->str[i], c->out[0].str + i * (size_t)most);
    if (c->nout > 1)
        c->out[1] = counts;
    return MLP_OK;
}

/* --- RegexFullMatch --- */

static enum mlp_code regex_prepare(struct mlp_net_build *b, const void **params)
{
    struct mlp_str pattern;
    void *made;
    if (mlp_net_params(b, sizeof(struct mlp_nfa), &made) ||
        mlp_net_attr_str(b, "pattern", "", &pattern))
        return b->e->code;
    *params = made;
    if (!mlp_net_attr_given(b, "pattern"))
        return mlp_net_bad(b, "it has no pattern");
    return mlp_nfa_compile(made, b->arena, pattern, b->e);
}

static enum mlp_code regex_run(const struct mlp_net_call *c)
{
    const struct mlp_tensor *x = c->in[0];
    struct mlp_nfa_run r;
    if (x->type != MLP_DT_STRING)
        return mlp_net_bad_type(c, 0);
    if (mlp_nfa_run_init(&r, c->arena, c->node->params, c->e) ||
        mlp_tensor_like(&c->out[0], c->arena, MLP_DT_BOOL, x, c->e))
        return c->e->code;
    for (size_t i = 0; i < x->n; i++)
        c->out[0].u8[i] = mlp_nfa_full(&r, x->str[i]);
    return MLP_OK;
}

const struct mlp_net_op mlp_net_string[] = {
    {"", "StringNormalizer", 10, 0, 1, 1, 1, normalizer_prepare, normalizer_run},
    {"", "StringConcat", 20, 0, 2, 2, 1, NULL, concat_run},
    {"", "StringSplit", 20, 0, 1, 1, 2, split_prepare, split_run},
    {"", "RegexFullMatch", 20, 0, 1, 1, 1, regex_prepare, regex_run},
    {"", "TfIdfVectorizer", 9, 0, 1, 1, 1, mlp_net_tfidf_prepare, mlp_net_tfidf_run},
    {"com.microsoft", "Tokenizer", 1, 0, 1, 1, 1, mlp_net_tokenizer_prepare,
     mlp_net_tokenizer_run},
    {0}};
