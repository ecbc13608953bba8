/* tokenizer.c: the Tokenizer of com.microsoft (string.h): texts cut into tokens by what a token
 * looks like (tokenexp), by what lies between tokens (separators), or into characters (a separator
 * that is empty). */
#include "net/ml.h"
#include "net/string.h"
#include "text/nfa.h"
#include "text/unicode.h"

#define MAX_SEPARATORS 64 /* each cuts what the one before left: a level of recursion */

struct tokenizer {
    struct mlp_str pad;
    int64_t mark, least;         /* least: characters of a token */
    struct mlp_nfa *cuts;        /* patterns between tokens, one after the other */
    size_t ncuts;
    struct mlp_nfa *token;       /* or NULL */
};

static enum mlp_code compile_all(struct mlp_net_build *b, struct tokenizer *t,
                                 const struct mlp_str *patterns, size_t n)
{
    t->cuts = mlp_arena_array(b->arena, n, sizeof(*t->cuts));
    if (!t->cuts)
        return mlp_err_nomem(b->e);
    for (; t->ncuts < n; t->ncuts++)
        if (mlp_nfa_compile(&t->cuts[t->ncuts], b->arena, patterns[t->ncuts], b->e))
            return b->e->code;
    return MLP_OK;
}

static enum mlp_code read_patterns(struct mlp_net_build *b, struct tokenizer *t)
{
    const struct mlp_str *separators;
    struct mlp_str token;
    size_t n;
    if (mlp_net_attr_strs(b, "separators", &separators, &n) ||
        mlp_net_attr_str(b, "tokenexp", "", &token))
        return b->e->code;
    if (!n == !token.n)
        return mlp_net_bad(b, "it needs separators or tokenexp, and not both");
    if (n > MAX_SEPARATORS)
        return mlp_net_bad(b, "%zu separators; at most %d are understood", n, MAX_SEPARATORS);
    if (n == 1 && !separators[0].n)
        return MLP_OK;
    if (n)
        return compile_all(b, t, separators, n);
    t->token = mlp_arena_alloc(b->arena, sizeof(*t->token));
    return t->token ? mlp_nfa_compile(t->token, b->arena, token, b->e) : mlp_err_nomem(b->e);
}

enum mlp_code mlp_net_tokenizer_prepare(struct mlp_net_build *b, const void **params)
{
    void *made;
    if (mlp_net_params(b, sizeof(struct tokenizer), &made))
        return b->e->code;
    struct tokenizer *t = made;
    *params = t;
    if (mlp_net_attr_str(b, "pad_value", "", &t->pad) ||
        mlp_net_attr_int(b, "mark", 0, &t->mark) || mlp_net_attr_int(b, "mincharnum", 1, &t->least))
        return b->e->code;
    return t->least < 1 ? mlp_net_bad(b, "mincharnum is %lld", (long long)t->least)
                        : read_patterns(b, t);
}

/* The tokens of one text: written to out where that is not NULL, always counted. */
struct pieces {
    struct mlp_str *out;
    size_t n;
};

static void add_piece(const struct tokenizer *t, struct pieces *p, struct mlp_str s)
{
    struct mlp_str rest = s;
    int64_t characters = 0;
    while (rest.n && characters < t->least) {
        mlp_unicode_next(&rest);
        characters++;
    }
    if (characters < t->least)
        return;
    if (p->out)
        p->out[p->n] = s;
    p->n++;
}

static size_t next_character(struct mlp_str s, size_t at)
{
    struct mlp_str rest = {s.p + at, s.n - at};
    if (!rest.n)
        return s.n + 1;
    mlp_unicode_next(&rest);
    return s.n - rest.n;
}

/* Cuts by the separators from k on, or keeps what looks like a token (k past them). */
static void cut(const struct tokenizer *t, struct mlp_nfa_run *runs, size_t k, struct mlp_str s,
                struct pieces *p)
{
    size_t from = 0, at = 0, start, end;
    while (at <= s.n && mlp_nfa_search(&runs[k], s, at, &start, &end)) {
        at = end > start ? end : next_character(s, end);
        if (end == start)
            continue;
        struct mlp_str piece = {s.p + (t->token ? start : from),
                                t->token ? end - start : start - from};
        from = end;
        if (t->token || k + 1 == t->ncuts)
            add_piece(t, p, piece);
        else
            cut(t, runs, k + 1, piece, p);
    }
    struct mlp_str rest = {s.p + from, s.n - from};
    if (!t->token && k + 1 == t->ncuts)
        add_piece(t, p, rest);
    else if (!t->token)
        cut(t, runs, k + 1, rest, p);
}

static void tokenize(const struct tokenizer *t, struct mlp_nfa_run *runs, struct mlp_str s,
                     struct pieces *p)
{
    if (t->token || t->ncuts) {
        cut(t, runs, 0, s, p);
        return;
    }
    for (size_t at = 0, next; at < s.n; at = next) {
        next = next_character(s, at);
        add_piece(t, p, (struct mlp_str){s.p + at, next - at});
    }
}

static struct mlp_nfa_run *make_runs(const struct mlp_net_call *c, const struct tokenizer *t)
{
    size_t n = t->token ? 1 : t->ncuts;
    struct mlp_nfa_run *runs = mlp_arena_array(c->arena, n, sizeof(*runs));
    if (!runs)
        mlp_err_nomem(c->e);
    for (size_t i = 0; runs && i < n; i++)
        if (mlp_nfa_run_init(&runs[i], c->arena, t->token ? t->token : &t->cuts[i], c->e))
            return NULL;
    return runs;
}

static void write_row(const struct tokenizer *t, struct mlp_nfa_run *runs, struct mlp_str s,
                      struct mlp_str *out, size_t width)
{
    struct pieces p = {out + (t->mark != 0), 0};
    tokenize(t, runs, s, &p);
    size_t n = p.n + (t->mark ? 2 : 0);
    if (t->mark) {
        out[0] = MLP_STR("\x02");
        out[n - 1] = MLP_STR("\x03");
    }
    for (; n < width; n++)
        out[n] = t->pad;
}

enum mlp_code mlp_net_tokenizer_run(const struct mlp_net_call *c)
{
    const struct tokenizer *t = c->node->params;
    const struct mlp_tensor *x = c->in[0];
    int64_t dims[MLP_MAX_RANK];
    size_t width = 0;
    if (x->type != MLP_DT_STRING || x->rank < 1 || x->rank > 2)
        return mlp_net_bad_type(c, 0);
    struct mlp_nfa_run *runs = make_runs(c, t);
    if (!runs)
        return c->e->code;
    for (size_t i = 0; i < x->n; i++) {
        struct pieces p = {NULL, 0};
        tokenize(t, runs, x->str[i], &p);
        width = p.n > width ? p.n : width;
    }
    width += t->mark && width ? 2 : 0;
    memcpy(dims, x->dims, sizeof(dims));
    dims[x->rank] = (int64_t)width;
    if (mlp_tensor_make(&c->out[0], c->arena, MLP_DT_STRING, x->rank + 1, dims, c->e))
        return c->e->code;
    for (size_t i = 0; width && i < x->n; i++)
        write_row(t, runs, x->str[i], c->out[0].str + i * width, width);
    return MLP_OK;
}
