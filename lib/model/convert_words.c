/* convert_words.c: CountVectorizer's words as ONNX.
 *
 * ai.onnx has no operator that cuts a text into words or letters, so Tokenizer of com.microsoft
 * does, which ONNX Runtime has everywhere and skl2onnx writes too. Its pattern lists what Python's
 * \w matches, code point by code point, for tables of Unicode differ. StringNormalizer is not used
 * for lower case: it depends on the locales of the machine. Words are cut into letters, letters
 * are looked up, and a loop joins them again. */
#include "model/convert_lower.h"
#include "model/dict.h"
#include "model/ops_words.h"
#include "text/unicode.h"
#include "text/unicode_data.h"

#define DOTTED_I 0x130           /* lower case: i and a combining dot, which ends the word */
#define FINAL_SIGMA 0x3C2        /* a capital sigma becomes one of these two */
#define SIGMA 0x3C3
#define MAX_PATTERN ((size_t)1 << 20)

static enum mlp_code check_words(struct mlp_lower *l)
{
    const struct mlp_words *p = l->n->params;
    const struct mlp_class *k = &p->token.characters;
    if (!p->vocabulary)
        return mlp_lower_refuse(l, "its columns are hashes of words");
    if (p->analyzer != MLP_ANALYZE_WORDS)
        return mlp_lower_refuse(l, "it counts letters, whose blanks no operator folds");
    if (p->strip != MLP_STRIP_NONE)
        return mlp_lower_refuse(l, "no operator strips accents");
    if (k->kinds != MLP_CLASS_WORD || k->negated || k->nranges || p->token.longest ||
        p->token.shortest < 2)
        return mlp_lower_refuse(l, "its token_pattern is another than runs of \\w");
    for (size_t i = 0; p->stop && i < p->vocabulary->n; i++)
        if (p->hi > 1 || mlp_dict_text(p->stop, p->vocabulary->text[i]) >= 0)
            return mlp_lower_refuse(l, "stop words stand between its n-grams");
    return MLP_OK;
}

/* --- the vocabulary as a pool of n-grams --- */

/* Words of all terms, those of one word first; starts of each length; columns by term. */
struct pool {
    struct mlp_str *words;
    int64_t *columns, starts[MLP_WORDS_MAX_N];
    size_t nwords, nterms, width;
};

/* How many words a term has; 0 where one of them is empty. */
static size_t count_words(struct mlp_str term)
{
    struct mlp_str part;
    size_t n = 0;
    for (; mlp_str_split(&term, ' ', &part); n++)
        if (!part.n)
            return 0;
    return n;
}

static void add_term(struct pool *p, struct mlp_str term, size_t column)
{
    struct mlp_str part;
    for (; mlp_str_split(&term, ' ', &part); p->nwords++)
        p->words[p->nwords] = part;
    p->columns[p->nterms++] = (int64_t)column;
    p->width = column + 1 > p->width ? column + 1 : p->width;
}

static enum mlp_code make_pool(struct mlp_lower *l, struct pool *p)
{
    const struct mlp_words *w = l->n->params;
    const struct mlp_dict *v = w->vocabulary;
    size_t most = 0;
    *p = (struct pool){0};
    for (size_t i = 0; i < v->n; i++)
        most += count_words(v->text[i]);
    p->words = mlp_lower_array(l, most, sizeof *p->words);
    p->columns = mlp_lower_array(l, v->n, sizeof *p->columns);
    if (!p->words || !p->columns)
        return l->c->e->code;
    for (unsigned n = 1; n <= w->hi; n++) {
        p->starts[n - 1] = (int64_t)p->nwords;
        for (size_t i = 0; n >= w->lo && i < v->n; i++)
            if (count_words(v->text[i]) == n)
                add_term(p, v->text[i], i);
    }
    return p->nterms && p->width == l->n->out_width
               ? MLP_OK
               : mlp_lower_refuse(l, "its last column has no words");
}

/* --- texts to words --- */

/* A word of underscores that is in no term, so that each text has a word. */
static struct mlp_str stranger(struct mlp_lower *l)
{
    const struct mlp_words *w = l->n->params;
    size_t n = w->token.shortest, run = 0;
    for (size_t i = 0; i < w->vocabulary->n; i++, run = 0)
        for (size_t k = 0; k < w->vocabulary->text[i].n; k++) {
            run = w->vocabulary->text[i].p[k] == '_' ? run + 1 : 0;
            n = run >= n ? run + 1 : n;
        }
    char *p = mlp_lower_array(l, n + 2, 1);
    if (!p)
        return MLP_STR("");
    memset(p, '_', n + 1);
    p[0] = ' ';
    return (struct mlp_str){p, n + 1};
}

static void add_range(struct mlp_buf *b, uint32_t first, uint32_t last)
{
    if (first > last)
        return;
    mlp_buf_addf(b, first == last ? "\\x{%X}" : "\\x{%X}-\\x{%X}", first, last);
}

/* A run of \w; in lower case the capital I with a dot ends it. */
static void word_pattern(struct mlp_buf *b, bool lower)
{
    mlp_buf_adds(b, "[0-9A-Z_a-z");
    for (size_t i = 0; i < mlp_word_ranges_n; i++) {
        uint32_t first = mlp_word_ranges[i].first, last = mlp_word_ranges[i].last;
        bool split = lower && first <= DOTTED_I && DOTTED_I <= last;
        if (last < 0x80)
            continue;
        add_range(b, first, split ? DOTTED_I - 1 : last);
        if (split)
            add_range(b, DOTTED_I + 1, last);
    }
    mlp_buf_adds(b, lower ? "]+\\x{130}?|\\x{130}" : "]+");
}

static uint32_t tokenizer(struct mlp_lower *l, uint32_t x, unsigned shortest)
{
    mlp_emit_attr_int(l->w, "mark", 0);
    mlp_emit_attr_int(l->w, "mincharnum", shortest);
    mlp_emit_attr_text(l->w, "pad_value", MLP_STR(""));
    uint32_t tokens = mlp_emit1(l->w, "ms:Tokenizer", x);
    mlp_emit_type(l->w, tokens, MLP_DT_STRING);
    return tokens;
}

static uint32_t flat(struct mlp_lower *l, uint32_t x)
{
    const int64_t all = -1;
    return mlp_emit2(l->w, "Reshape", x, mlp_emit_ints(l->w, &all, 1));
}

/* [N, words] of strings, the shorter rows filled up with empty ones. */
static uint32_t cut_words(struct mlp_lower *l)
{
    const struct mlp_words *p = l->n->params;
    struct mlp_str end = stranger(l);
    struct mlp_buf b;
    uint32_t text = mlp_emit2(l->w, "StringConcat", flat(l, l->x), mlp_emit_texts(l->w, &end, 1));
    mlp_buf_init(&b, MAX_PATTERN);
    word_pattern(&b, p->lower);
    if (!mlp_buf_check(&b, l->c->e))
        mlp_emit_attr_text(l->w, "tokenexp", mlp_buf_str(&b));
    text = tokenizer(l, text, p->token.shortest);
    mlp_buf_fini(&b);
    return text;
}

/* --- lower case --- */

/* By code point, whether a term has it: other letters need no lower case, as they match nothing. */
static uint8_t *find_letters(struct mlp_lower *l)
{
    const struct mlp_dict *v = ((const struct mlp_words *)l->n->params)->vocabulary;
    uint8_t *has = mlp_lower_array(l, 0x110000, 1);
    for (size_t i = 0; has && i < v->n; i++)
        for (struct mlp_str rest = v->text[i]; rest.n;) {
            uint32_t code = mlp_unicode_next(&rest);
            has[code < 0x110000 ? code : 0] = 1;
        }
    return has;
}

static struct mlp_str letter(struct mlp_lower *l, uint32_t code)
{
    char *p = mlp_lower_array(l, 4, 1);
    return p ? (struct mlp_str){p, mlp_unicode_put(code, p)} : MLP_STR("");
}

/* Letters whose lower case is another, as the lists of a LabelEncoder. */
static enum mlp_code letter_lists(struct mlp_lower *l, const uint8_t *has, struct mlp_str *from,
                                  struct mlp_str *to, size_t *n)
{
    for (size_t i = 0; i < mlp_lower_runs_n + 2; i++) {
        const struct mlp_case_run ascii[2] = {{'A', 'Z', 1, 32}, {DOTTED_I, DOTTED_I, 1, 0}};
        const struct mlp_case_run *r = i < 2 ? &ascii[i] : &mlp_lower_runs[i - 2];
        for (uint32_t c = r->first; c <= r->last; c += r->stride ? r->stride : 1) {
            uint32_t low = mlp_unicode_lower(c);
            bool again = i >= 2 && (c < 0x80 || c == DOTTED_I);
            if (again || low == c || (!has[low] && !has[c]))
                continue;
            if (from) {
                from[*n] = letter(l, c);
                to[*n] = letter(l, low);
            }
            ++*n;
        }
    }
    return l->c->e->code;
}

/* Rows of letters as one text each. */
static uint32_t join_letters(struct mlp_lower *l, uint32_t letters)
{
    struct mlp_emit *w = l->w;
    struct mlp_emit_outer outer;
    const double yes = 1;
    uint32_t one = mlp_emit_int(w, 1);
    uint32_t size = mlp_emit_gather(w, mlp_emit1(w, "Shape", letters), one, 0);
    uint32_t in[3] = {mlp_emit2(w, "Sub", size, one),
                      mlp_emit_const(w, MLP_DT_BOOL, &yes, NULL, 0),
                      mlp_emit_gather(w, letters, mlp_emit_int(w, 0), 1)};
    mlp_emit_body_begin(w, &outer);
    uint32_t round = mlp_emit_body_input(w, MLP_DT_INT64, 0);
    uint32_t on = mlp_emit_body_input(w, MLP_DT_BOOL, 0);
    uint32_t text = mlp_emit_body_input(w, MLP_DT_STRING, 1);
    uint32_t next = mlp_emit_gather(w, letters, mlp_emit2(w, "Add", round, one), 1);
    text = mlp_emit2(w, "StringConcat", text, next);
    mlp_emit_body_output(w, MLP_DT_BOOL, 0, mlp_emit1(w, "Identity", on));
    mlp_emit_body_output(w, MLP_DT_STRING, 1, text);
    mlp_emit_body_end(w, &outer);
    return mlp_emitn(w, "Loop", in, 3);
}

static uint32_t lower_words(struct mlp_lower *l, uint32_t words)
{
    struct mlp_emit *w = l->w;
    struct mlp_str none = MLP_STR("");
    size_t n = 0, most = 0;
    const uint8_t *has = find_letters(l);
    if (has && (has[SIGMA] || has[FINAL_SIGMA]))
        mlp_lower_refuse(l, "the lower case of its sigmas depends on the letters around them");
    if (has)
        letter_lists(l, has, NULL, NULL, &most);
    struct mlp_str *from = mlp_lower_array(l, most, sizeof *from);
    struct mlp_str *to = mlp_lower_array(l, most, sizeof *to);
    if (!has || !from || !to || letter_lists(l, has, from, to, &n) || !n)
        return words;
    uint32_t letters = flat(l, words);
    mlp_emit_attr_texts(w, "separators", &none, 1);
    letters = tokenizer(l, letters, 1);
    mlp_emit_attr_texts(w, "keys_strings", from, n);
    mlp_emit_attr_texts(w, "values_strings", to, n);
    mlp_emit_attr_text(w, "default_string", none);
    uint32_t low = mlp_emit1(w, "ml:LabelEncoder", letters);
    uint32_t same = mlp_emit2(w, "Equal", low, mlp_emit_texts(w, &none, 1));
    low = mlp_emit3(w, "Where", same, letters, low);
    return mlp_emit2(w, "Reshape", join_letters(l, low), mlp_emit1(w, "Shape", words));
}

/* --- the whole --- */

static enum mlp_code write_words(struct mlp_lower *l)
{
    const struct mlp_words *p = l->n->params;
    struct mlp_emit *w = l->w;
    struct pool pool;
    if (check_words(l) || make_pool(l, &pool))
        return l->c->e->code;
    uint32_t words = cut_words(l);
    if (p->lower)
        words = lower_words(l, words);
    mlp_emit_attr_text(w, "mode", MLP_STR("TF"));
    mlp_emit_attr_int(w, "min_gram_length", p->lo);
    mlp_emit_attr_int(w, "max_gram_length", p->hi);
    mlp_emit_attr_int(w, "max_skip_count", 0);
    mlp_emit_attr_ints(w, "ngram_counts", pool.starts, p->hi);
    mlp_emit_attr_ints(w, "ngram_indexes", pool.columns, pool.nterms);
    mlp_emit_attr_texts(w, "pool_strings", pool.words, pool.nwords);
    l->y = mlp_emit_cast(w, mlp_emit1(w, "TfIdfVectorizer", words), MLP_DT_DOUBLE);
    if (p->binary)
        l->y = mlp_emit2(w, "Min", l->y, mlp_emit_num(w, 1));
    return l->c->e->code;
}

const struct mlp_lowering mlp_lower_words[] = {{&mlp_op_words, write_words}, {NULL, NULL}};
