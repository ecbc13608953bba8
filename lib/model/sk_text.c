/* sk_text.c: CountVectorizer, TfidfVectorizer, TfidfTransformer. */
#include "model/dict.h"
#include "model/ops_words.h"
#include "model/sk_parts.h"

static enum mlp_code read_pattern(struct mlp_sk *s, struct mlp_words *w)
{
    const struct mlp_value *v = mlp_sk_attr(s, "token_pattern");
    if (v && v->type == MLP_VALUE_TEXT && mlp_token_parse(v->u.s, &w->token))
        return MLP_OK;
    return mlp_sk_bad(s, "a token_pattern other than runs of characters of one class is not read");
}

static enum mlp_code read_analyzer(struct mlp_sk *s, struct mlp_words *w)
{
    const struct mlp_value *range = mlp_sk_attr(s, "ngram_range");
    int64_t lo, hi;
    if (mlp_sk_has(s, "tokenizer") || mlp_sk_has(s, "preprocessor"))
        return mlp_sk_bad(s, "a tokenizer or preprocessor of its own is code, which is not run");
    if (!mlp_value_i64(mlp_value_at(range, 0), &lo) ||
        !mlp_value_i64(mlp_value_at(range, 1), &hi) ||
        lo < 1 || hi < lo || hi > MLP_WORDS_MAX_N)
        return mlp_sk_bad(s, "ngram_range cannot be read");
    w->lo = (unsigned)lo;
    w->hi = (unsigned)hi;
    w->lower = mlp_sk_flag(s, "lowercase", true);
    w->binary = mlp_sk_flag(s, "binary", false);
    w->strip = mlp_sk_is(s, "strip_accents", "unicode") ? MLP_STRIP_MARKS
               : mlp_sk_is(s, "strip_accents", "ascii") ? MLP_STRIP_ASCII
                                                        : MLP_STRIP_NONE;
    if (mlp_sk_has(s, "strip_accents") && !w->strip)
        return mlp_sk_bad(s, "strip_accents of its own is code, which is not run");
    if (mlp_sk_is(s, "analyzer", "word"))
        return read_pattern(s, w);
    w->analyzer = MLP_ANALYZE_CHARS;
    if (mlp_sk_is(s, "analyzer", "char_wb"))
        w->analyzer = MLP_ANALYZE_CHARS_IN_WORDS;
    else if (!mlp_sk_is(s, "analyzer", "char"))
        return mlp_sk_bad(s, "an analyzer of its own is code, which is not run");
    return MLP_OK;
}

/* vocabulary_: term -> column, every column once. */
static enum mlp_code read_vocabulary(struct mlp_sk *s, struct mlp_words *w, size_t *width)
{
    const struct mlp_value *v = mlp_sk_attr(s, "vocabulary_");
    size_t n = mlp_value_count(v) / 2;
    struct mlp_str *text = mlp_arena_array(s->keep, n, sizeof *text);
    if (!text)
        return mlp_err_nomem(s->e);
    if (!v || v->type != MLP_VALUE_DICT || !n)
        return mlp_sk_bad(s, "it has no vocabulary_ (not fitted?)");
    for (size_t i = 0; i < n; i++) {
        const struct mlp_value *term = v->u.list.p[2 * i];
        int64_t at;
        if (term->type != MLP_VALUE_TEXT || !mlp_value_i64(v->u.list.p[2 * i + 1], &at) || at < 0 ||
            (size_t)at >= n || text[at].p)
            return mlp_sk_bad(s, "vocabulary_ cannot be read");
        text[at] = mlp_arena_str(s->keep, term->u.s);
        if (!text[at].p)
            return mlp_err_nomem(s->e);
        w->longest = term->u.s.n > w->longest ? term->u.s.n : w->longest;
    }
    w->vocabulary = mlp_dict_texts(s->keep, text, n, -1);
    *width = n;
    return w->vocabulary ? MLP_OK : mlp_err_nomem(s->e);
}

static enum mlp_code english_stop_words(struct mlp_sk *s, struct mlp_words *w)
{
    size_t n = 0;
    while (mlp_english_stop_words[n])
        n++;
    struct mlp_str *text = mlp_arena_array(s->keep, n, sizeof *text);
    if (!text)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < n; i++) {
        text[i] = mlp_str_from(mlp_english_stop_words[i]);
        w->longest = text[i].n > w->longest ? text[i].n : w->longest;
    }
    w->stop = mlp_dict_texts(s->keep, text, n, -1);
    return w->stop ? MLP_OK : mlp_err_nomem(s->e);
}

/* Stop words matter where words stand in n-grams (alone they are not in the vocabulary) and where
 * there is no vocabulary. */
static enum mlp_code read_stop_words(struct mlp_sk *s, struct mlp_words *w)
{
    const struct mlp_value *v = mlp_sk_attr(s, "stop_words");
    if (mlp_value_is_none(v) || w->analyzer != MLP_ANALYZE_WORDS ||
        (w->hi == 1 && w->vocabulary))
        return MLP_OK;
    if (v->type == MLP_VALUE_TEXT)
        return mlp_sk_is(s, "stop_words", "english") ? english_stop_words(s, w)
                                                     : mlp_sk_bad(s, "stop_words cannot be read");
    size_t n = mlp_value_count(v);
    struct mlp_str *text = mlp_arena_array(s->keep, n, sizeof *text);
    if (!text)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < n; i++) {
        const struct mlp_value *word = v->u.list.p[i];
        if (word->type != MLP_VALUE_TEXT)
            return mlp_sk_bad(s, "stop_words cannot be read");
        text[i] = mlp_arena_str(s->keep, word->u.s);
        w->longest = word->u.s.n > w->longest ? word->u.s.n : w->longest;
    }
    w->stop = mlp_dict_texts(s->keep, text, n, -1);
    return w->stop ? MLP_OK : mlp_err_nomem(s->e);
}

static enum mlp_code count_words(struct mlp_sk *s, struct mlp_cols x, struct mlp_cols *out)
{
    struct mlp_words w = {.analyzer = MLP_ANALYZE_WORDS};
    size_t width = 0;
    if (x.n != 1)
        return mlp_sk_bad(s, "it takes one column of text, %zu flow in", x.n);
    if (read_analyzer(s, &w) || read_vocabulary(s, &w, &width) || read_stop_words(s, &w))
        return s->e->code;
    void *params = mlp_sk_params(s, &w, sizeof w);
    return params ? mlp_sk_text_node(s, &mlp_op_words, params, x, width, out) : s->e->code;
}

enum mlp_code mlp_read_count_vectorizer(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    out->is_transform = true;
    return count_words(s, x, &out->transform);
}

/* Whether self works in float32. */
static bool single(const struct mlp_sk *s)
{
    return mlp_value_text_is(mlp_sk_attr(s, "dtype"), "numpy.float32");
}

/* The most bytes that a term of a vectoriser without a vocabulary may have. */
#define LONGEST_HASHED 65536

enum mlp_code mlp_read_hashing_vectorizer(struct mlp_sk *s, struct mlp_cols x,
                                          struct mlp_pred *out)
{
    struct mlp_words w = {.analyzer = MLP_ANALYZE_WORDS, .longest = LONGEST_HASHED};
    double buckets = mlp_sk_num(s, "n_features", 1 << 20);
    if (x.n != 1)
        return mlp_sk_bad(s, "it takes one column of text, %zu flow in", x.n);
    if (!(buckets >= 1 && buckets <= 1 << 24))
        return mlp_sk_bad(s, "n_features cannot be read, or is more than %d", 1 << 24);
    w.buckets = (uint32_t)buckets;
    w.alternate = mlp_sk_flag(s, "alternate_sign", true);
    out->is_transform = true;
    if (read_analyzer(s, &w) || read_stop_words(s, &w))
        return s->e->code;
    void *params = mlp_sk_params(s, &w, sizeof w);
    if (!params || mlp_sk_text_node(s, &mlp_op_words, params, x, w.buckets, &out->transform) ||
        (mlp_sk_has(s, "norm") && mlp_sk_norm(s, out->transform, &out->transform)))
        return s->e->code;
    return single(s) ? mlp_sk_map(s, MLP_FN_FLOAT32, out->transform, &out->transform) : MLP_OK;
}

/* idf_ from 1.3 or so on; before, the diagonal of a sparse matrix. */
static enum mlp_code read_idf(struct mlp_sk *s, size_t n, const double **out)
{
    struct mlp_nd nd;
    const struct mlp_value *diagonal = mlp_sk_attr(s, "_idf_diag");
    if (mlp_sk_has(s, "idf_") || mlp_value_is_none(diagonal))
        return mlp_sk_doubles(s, "idf_", n, out, NULL);
    if (mlp_nd_read(mlp_value_attr(diagonal, "data"), s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "_idf_diag");
    *out = nd.count == n ? mlp_nd_doubles(&nd, s->keep, s->e) : NULL;
    return *out ? MLP_OK : mlp_sk_bad(s, "_idf_diag does not fit the vocabulary");
}

/* The weighing of counts, which came in float32 when narrow. */
static enum mlp_code weigh(struct mlp_sk *s, struct mlp_cols x, bool narrow, struct mlp_pred *out)
{
    struct mlp_tfidf p = {.sublinear = mlp_sk_flag(s, "sublinear_tf", false), .narrow = narrow};
    p.norm = mlp_sk_is(s, "norm", "l2")   ? MLP_TFIDF_L2
             : mlp_sk_is(s, "norm", "l1") ? MLP_TFIDF_L1
                                          : MLP_TFIDF_NONE;
    if (mlp_sk_flag(s, "use_idf", true) && read_idf(s, x.n, &p.idf))
        return s->e->code;
    void *params = mlp_sk_params(s, &p, sizeof p);
    out->is_transform = true;
    return params ? mlp_sk_node(s, &mlp_op_tfidf, params, x, x.n, &out->transform) : s->e->code;
}

enum mlp_code mlp_read_tfidf(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    return weigh(s, x, false, out);
}

enum mlp_code mlp_read_tfidf_vectorizer(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_value *outer = s->self;
    struct mlp_cols counts;
    bool narrow = single(s);
    if (count_words(s, x, &counts))
        return s->e->code;
    s->self = mlp_sk_attr(s, "_tfidf");
    enum mlp_code code = weigh(s, counts, narrow, out);
    s->self = outer;
    return code;
}
