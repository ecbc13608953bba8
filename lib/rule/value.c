/* Values of cells, and sets of them. */
#include "rule/internal.h"

#include "base/time.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

const char *const mlp_rule_type_names[] = {"any",  "string", "int",      "float", "number",
                                           "bool", "date",   "datetime", NULL};

static inline bool parse_int(struct mlp_str s, double *value)
{
    /* Up to 15 digits a double holds exactly what is written. */
    uint64_t v = 0;
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    if (i == s.n)
        return false;
    for (; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9)
            return false;
        v = v * 10 + digit;
    }
    if (s.n > 15)
        return mlp_num_f64(s, value);
    *value = s.p[0] == '-' ? -(double)v : (double)v;
    return true;
}

static bool parse_bool(struct mlp_str s, double *value)
{
    static const char *const words[] = {"false", "true", "False", "True",
                                        "FALSE", "TRUE", "0",     "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (mlp_str_is(s, words[i])) {
            *value = (double)(i % 2);
            return true;
        }
    }
    return false;
}

static bool parse_number(struct mlp_str s, double *value)
{
    bool word = s.n && (s.p[0] == 't' || s.p[0] == 'T' || s.p[0] == 'f' || s.p[0] == 'F');
    return word ? parse_bool(s, value) : mlp_num_f64(s, value);
}

static bool parse_time(struct mlp_str s, bool date_only, double *value)
{
    int64_t seconds;
    uint32_t nano;
    if ((date_only && s.n != 10) || !mlp_time_parse(s, &seconds, &nano))
        return false;
    *value = (double)seconds + nano * 1e-9;
    return true;
}

bool mlp_value_parse(enum mlp_rule_type type, struct mlp_str text, double *value)
{
    *value = NAN;
    switch (type) {
    case MLP_TYPE_ANY: return true;
    case MLP_TYPE_STRING: return true;
    case MLP_TYPE_INT: return parse_int(text, value);
    case MLP_TYPE_FLOAT: return mlp_num_f64(text, value);
    case MLP_TYPE_NUMBER: return parse_number(text, value);
    case MLP_TYPE_BOOL: return parse_bool(text, value);
    case MLP_TYPE_DATE: return parse_time(text, true, value);
    case MLP_TYPE_DATETIME: return parse_time(text, false, value);
    }
    return false;
}

/* ---- a column at a time */

static void gather(struct mlp_column_view *v, const struct mlp_batch *b, size_t column)
{
    const struct mlp_cell *cell = b->cells + column;
    v->n = b->nrows;
    memset(v->count, 0, sizeof v->count);
    for (size_t r = 0; r < b->nrows; r++, cell += b->ncols) {
        v->cell[r] = *cell;
        uint8_t state = b->bad[r] ? MLP_CELL_BAD : cell->p ? MLP_CELL_FITS : MLP_CELL_ABSENT;
        v->state[r] = state;
        v->count[state]++;
    }
}

/* Inlined once for each type: the type is not looked at again for every cell. */
static inline void parse_cells(struct mlp_column_view *v, enum mlp_rule_type type)
{
    for (size_t r = 0; r < v->n; r++) {
        v->value[r] = 0;
        if (v->state[r] != MLP_CELL_FITS)
            continue;
        struct mlp_str text = mlp_cell_str(&v->cell[r]);
        bool fits = type == MLP_TYPE_INT     ? parse_int(text, &v->value[r])
                    : type == MLP_TYPE_FLOAT ? mlp_num_f64(text, &v->value[r])
                                             : mlp_value_parse(type, text, &v->value[r]);
        if (!fits) {
            v->value[r] = 0;
            v->state[r] = MLP_CELL_WRONG;
            v->count[MLP_CELL_FITS]--;
            v->count[MLP_CELL_WRONG]++;
        }
    }
}

void mlp_column_view(struct mlp_column_view *v, const struct mlp_batch *b, size_t column,
                     enum mlp_rule_type type)
{
    gather(v, b, column);
    if (type == MLP_TYPE_INT)
        parse_cells(v, MLP_TYPE_INT);
    else if (type == MLP_TYPE_FLOAT)
        parse_cells(v, MLP_TYPE_FLOAT);
    else if (type > MLP_TYPE_STRING)
        parse_cells(v, type);
}

/* ---- sets */

/* Up to eight bytes as a number; overlapping loads instead of a loop. */
static inline uint64_t load_short(const char *p, size_t n)
{
    uint32_t low, high;
    if (n >= 4) {
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        return low | (uint64_t)high << (8 * (n - 4));
    }
    if (n == 0)
        return 0;
    const unsigned char *u = (const unsigned char *)p;
    return u[0] | (uint64_t)u[n / 2] << (8 * (n / 2)) | (uint64_t)u[n - 1] << (8 * (n - 1));
}

#define WORD_MAX 15

static inline struct mlp_word word_of(struct mlp_str s)
{
    uint64_t length = (uint64_t)(s.n + 1) << 56;
    if (s.n <= 8)
        return (struct mlp_word){load_short(s.p, s.n), length};
    return (struct mlp_word){load_short(s.p, 8), load_short(s.p + 8, s.n - 8) | length};
}

/* The slot of a word, or the free one where it would go. */
static inline size_t word_slot(const struct mlp_set *s, struct mlp_word w)
{
    uint64_t h = (w.a ^ (w.b << 17 | w.b >> 47)) * 0x9E3779B97F4A7C15u;
    size_t i = (size_t)(h >> 32) & s->mask;
    while (s->words[i].b && (s->words[i].a != w.a || s->words[i].b != w.b))
        i = (i + 1) & s->mask;
    return i;
}

bool mlp_set_index(struct mlp_set *s, struct mlp_arena *a)
{
    size_t slots = 8;
    while (slots < s->texts.n * 4)
        slots *= 2;
    s->words = mlp_arena_array(a, slots, sizeof *s->words);
    if (!s->words)
        return false;
    s->mask = slots - 1;
    for (size_t i = 0; i < s->texts.n; i++) {
        struct mlp_str key = s->texts.entries[i].key;
        if (key.n <= WORD_MAX) {
            struct mlp_word w = word_of(key);
            s->words[word_slot(s, w)] = w;
        }
    }
    return true;
}

bool mlp_set_has_text(const struct mlp_set *s, struct mlp_str text)
{
    if (text.n > WORD_MAX)
        return mlp_map_get(&s->texts, text) != NULL;
    return s->words[word_slot(s, word_of(text))].b != 0;
}

bool mlp_set_has_number(const struct mlp_set *s, double v)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->numbers[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->n && s->numbers[lo] == v;
}
