/* ops_words.c: counting words and n-grams (ops_words.h), as sklearn.feature_extraction.text does.
 *
 * The text streams through: character -> lower case -> without accents -> words or windows. Only
 * the last n words (or characters) are kept, in buffers as long as the longest known term. */
#include "model/dict.h"
#include "model/ops_words.h"
#include "text/unicode.h"
#include <math.h>

/* A word or a window of characters being collected; one that outgrows its buffer is `lost`. */
struct piece {
    char *p;
    size_t n;
    unsigned characters;
    bool lost;
};

struct counter {
    const struct mlp_words *w;
    double *y;
    struct piece now;            /* the word that grows, or the window */
    struct piece last[MLP_WORDS_MAX_N]; /* words before it, newest first at `newest` */
    unsigned newest, have;
    char *join;                  /* room for an n-gram */
    size_t cap;
    unsigned length;             /* characters of the padded word (CHARS_IN_WORDS) */
    bool space;                  /* the last character was white space (CHARS) */
    bool after_word;             /* what stands before the run is a word character (WORDS) */
    bool too_long;               /* a term was longer than the room */
};

static void count_hash(struct counter *c, struct mlp_str term)
{
    int32_t h = mlp_murmur3(term);
    uint32_t size = h == INT32_MIN ? 0x80000000u : (uint32_t)(h < 0 ? -h : h);
    double *y = &c->y[size % c->w->buckets];
    double sign = c->w->alternate && h < 0 ? -1 : 1;
    *y = c->w->binary ? 1 : *y + sign;
}

static void count(struct counter *c, struct mlp_str term)
{
    if (!c->w->vocabulary) {
        count_hash(c, term);
        return;
    }
    int32_t code = mlp_dict_text(c->w->vocabulary, term);
    if (code >= 0)
        c->y[code] = c->w->binary ? 1 : c->y[code] + 1;
}

/* --- words --- */

static void join_words(struct counter *c, unsigned n)
{
    size_t at = 0;
    for (unsigned i = n; i-- > 0;) {
        const struct piece *p = &c->last[(c->newest + i) % MLP_WORDS_MAX_N];
        if (p->lost || at + p->n + 1 > c->cap) {
            c->too_long = true;
            return;
        }
        memcpy(c->join + at, p->p, p->n);
        at += p->n;
        if (i)
            c->join[at++] = ' ';
    }
    count(c, (struct mlp_str){c->join, at});
}

/* Whether the run that ends before a character (0: at the end) is a token. */
static bool is_token(const struct counter *c, uint32_t next)
{
    const struct mlp_token *t = &c->w->token;
    unsigned n = c->now.characters;
    return n > 0 && n >= t->shortest && (!t->longest || n <= t->longest) &&
           (!t->bounded || !(c->after_word || (next && mlp_unicode_word(next))));
}

static void end_word(struct counter *c, uint32_t next)
{
    struct piece word = c->now;
    struct mlp_str text = {word.p, word.n};
    bool take = is_token(c, next);
    c->now.n = c->now.characters = 0;
    c->now.lost = false;
    if (!take || (c->w->stop && !word.lost && mlp_dict_text(c->w->stop, text) >= 0))
        return;
    c->newest = (c->newest + MLP_WORDS_MAX_N - 1) % MLP_WORDS_MAX_N;
    struct piece *slot = &c->last[c->newest];
    char *spare = slot->p;
    *slot = word;
    c->now.p = spare;
    c->have = c->have < MLP_WORDS_MAX_N ? c->have + 1 : MLP_WORDS_MAX_N;
    for (unsigned n = c->w->lo; n <= c->w->hi && n <= c->have; n++)
        join_words(c, n);
}

static void add_to_word(struct counter *c, uint32_t code)
{
    char bytes[4];
    size_t n = mlp_unicode_put(code, bytes);
    c->now.characters++;
    if (c->now.n + n > c->cap) {
        c->now.lost = true;
        return;
    }
    memcpy(c->now.p + c->now.n, bytes, n);
    c->now.n += n;
}

/* --- windows of characters --- */

static size_t first_length(const struct piece *p)
{
    unsigned char c = (unsigned char)p->p[0];
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* The last n characters of the window. */
static struct mlp_str tail(const struct piece *p, unsigned n)
{
    size_t at = p->n;
    for (unsigned i = 0; i < n; i++) {
        at--;
        while (at > 0 && ((unsigned char)p->p[at] & 0xc0) == 0x80)
            at--;
    }
    return (struct mlp_str){p->p + at, p->n - at};
}

/* The window holds the last hi characters; its buffer has 4 bytes for each. */
static void add_to_window(struct counter *c, uint32_t code)
{
    struct piece *p = &c->now;
    if (p->characters == c->w->hi) {
        size_t n = first_length(p);
        memmove(p->p, p->p + n, p->n - n);
        p->n -= n;
        p->characters--;
    }
    p->n += mlp_unicode_put(code, p->p + p->n);
    p->characters++;
    c->length++;
    for (unsigned n = c->w->lo; n <= p->characters; n++)
        count(c, tail(p, n));
}

/* A padded word shorter than the shortest n-gram counts once, as it is. */
static void end_padded(struct counter *c)
{
    if (c->length == 0)
        return;
    add_to_window(c, ' ');
    if (c->length < c->w->lo)
        count(c, (struct mlp_str){c->now.p, c->now.n});
    c->now.n = c->now.characters = 0;
    c->length = 0;
}

static void feed(struct counter *c, uint32_t code)
{
    bool space = mlp_unicode_space(code);
    switch (c->w->analyzer) {
    case MLP_ANALYZE_WORDS:
        if (mlp_class_has(&c->w->token.characters, code)) {
            add_to_word(c, code);
            return;
        }
        end_word(c, code);
        c->after_word = mlp_unicode_word(code);
        return;
    case MLP_ANALYZE_CHARS_IN_WORDS:
        if (space) {
            end_padded(c);
            return;
        }
        if (c->length == 0)
            add_to_window(c, ' ');
        add_to_window(c, code);
        return;
    case MLP_ANALYZE_CHARS:
        break;
    }
    add_to_window(c, code);
}

/* \s\s+ becomes one blank before characters are counted; a lone white space stays what it is. */
static void feed_folded(struct counter *c, uint32_t code, struct mlp_str rest)
{
    if (c->w->analyzer == MLP_ANALYZE_CHARS && mlp_unicode_space(code)) {
        bool more = rest.n && mlp_unicode_space(mlp_unicode_next(&rest));
        if (c->space)
            return;
        c->space = true;
        code = more ? ' ' : code;
    } else {
        c->space = false;
    }
    feed(c, code);
}

/* The sigma at the end of a word has a form of its own. */
static uint32_t lower(uint32_t code, bool after_word, struct mlp_str rest)
{
    if (code != 0x3a3)
        return mlp_unicode_lower(code);
    bool before_word = rest.n && mlp_unicode_word(mlp_unicode_next(&rest));
    return after_word && !before_word ? 0x3c2 : 0x3c3;
}

/* Without accents, when so asked: NFKD less combining marks, or what of NFKD is ASCII. */
static void feed_stripped(struct counter *c, uint32_t code, struct mlp_str rest)
{
    uint32_t plain[MLP_UNICODE_PLAIN_MAX];
    if (c->w->strip == MLP_STRIP_NONE) {
        feed_folded(c, code, rest);
        return;
    }
    size_t n = mlp_unicode_plain(code, plain);
    for (size_t i = 0; i < n; i++)
        if (c->w->strip == MLP_STRIP_MARKS || plain[i] < 0x80)
            feed_folded(c, plain[i], rest);
}

static void read_text(struct counter *c, struct mlp_str text)
{
    bool after_word = false;
    while (text.n) {
        uint32_t code = mlp_unicode_next(&text), made = code;
        bool word = mlp_unicode_word(code);
        if (c->w->lower)
            made = lower(code, after_word, text);
        after_word = word;
        feed_stripped(c, made, text);
        /* The one letter whose lower case is two: i and a combining dot above. */
        if (code == 0x130 && c->w->lower)
            feed_stripped(c, 0x307, text);
    }
    if (c->w->analyzer == MLP_ANALYZE_WORDS)
        end_word(c, 0);
    else if (c->w->analyzer == MLP_ANALYZE_CHARS_IN_WORDS)
        end_padded(c);
}

static size_t buffer_size(const struct mlp_words *w)
{
    return w->longest + 4 * MLP_WORDS_MAX_N + 8;
}

static enum mlp_code run_words(const struct mlp_gnode *n, struct mlp_call *call)
{
    const struct mlp_words *w = n->params;
    size_t cap = buffer_size(w);
    for (size_t r = 0; r < call->rows; r++) {
        struct counter c = {.w = w, .y = call->y + r * call->ldy, .cap = cap};
        char *p = call->scratch;
        c.now.p = p;
        c.join = p + cap;
        for (unsigned i = 0; i < MLP_WORDS_MAX_N; i++)
            c.last[i].p = p + (i + 2) * cap;
        memset(c.y, 0, n->out_width * sizeof *c.y);
        read_text(&c, call->t[r * call->ldx]);
        if (c.too_long && !w->vocabulary) {
            call->row = r;
            return mlp_err_set(call->e, MLP_EINPUT, "a text has a word of more than %zu bytes",
                               w->longest);
        }
    }
    return MLP_OK;
}

static size_t words_scratch(const struct mlp_gnode *n, size_t rows)
{
    (void)rows;
    return buffer_size(n->params) * (MLP_WORDS_MAX_N + 2);
}

const struct mlp_op mlp_op_words = {"word counts", run_words, words_scratch};

static enum mlp_code run_tfidf(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_tfidf *p = n->params;
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        double *y = c->y + r * c->ldy, norm = 0;
        for (size_t i = 0; i < n->in.n; i++) {
            double v = x[i];
            if (v != 0) {
                v = p->sublinear ? log(v) + 1 : v;
                v = p->idf ? v * (p->narrow ? (double)(float)p->idf[i] : p->idf[i]) : v;
                v = p->narrow ? (double)(float)v : v;
                norm += p->norm == MLP_TFIDF_L2 ? v * v : fabs(v);
            }
            y[i] = v;
        }
        norm = p->norm == MLP_TFIDF_L2 ? sqrt(norm) : norm;
        for (size_t i = 0; p->norm != MLP_TFIDF_NONE && norm > 0 && i < n->in.n; i++)
            y[i] = p->narrow ? (double)(float)(y[i] / norm) : y[i] / norm;
    }
    return MLP_OK;
}

const struct mlp_op mlp_op_tfidf = {"tf-idf", run_tfidf, NULL};
