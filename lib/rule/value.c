/* Values of cells, and sets of them. */
#include "rule/internal.h"

#include "base/time.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

const char *const mlp_rule_type_names[] = {"any",  "string", "int",      "float",
                                           "bool", "date",   "datetime", NULL};

static bool parse_int(struct mlp_str s, double *value)
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
    case MLP_TYPE_BOOL: return parse_bool(text, value);
    case MLP_TYPE_DATE: return parse_time(text, true, value);
    case MLP_TYPE_DATETIME: return parse_time(text, false, value);
    }
    return false;
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

/* ---- hashes: open addressing, at most half full */

static size_t slot_of(const struct mlp_hashes *h, uint64_t hash)
{
    size_t i = (size_t)hash & (h->cap - 1);
    while (h->slots[i] && h->slots[i] != hash)
        i = (i + 1) & (h->cap - 1);
    return i;
}

static enum mlp_code grow(struct mlp_hashes *h, struct mlp_err *e)
{
    struct mlp_hashes bigger = {.cap = h->cap ? h->cap * 2 : 1024};
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots) {
        mlp_err_nomem(e);
        return mlp_err_hint(e, "unique needs 16 bytes for each distinct value");
    }
    for (size_t i = 0; i < h->cap; i++)
        if (h->slots[i])
            bigger.slots[slot_of(&bigger, h->slots[i])] = h->slots[i];
    free(h->slots);
    h->slots = bigger.slots;
    h->cap = bigger.cap;
    return MLP_OK;
}

enum mlp_code mlp_hashes_add(struct mlp_hashes *h, uint64_t hash, bool *fresh, struct mlp_err *e)
{
    if (hash == 0) {
        *fresh = !h->has_zero;
        h->has_zero = true;
        return MLP_OK;
    }
    if (h->n * 2 >= h->cap) {
        enum mlp_code code = grow(h, e);
        if (code != MLP_OK)
            return code;
    }
    size_t i = slot_of(h, hash);
    *fresh = h->slots[i] == 0;
    h->slots[i] = hash;
    h->n += *fresh;
    return MLP_OK;
}

void mlp_hashes_fini(struct mlp_hashes *h)
{
    free(h->slots);
    *h = (struct mlp_hashes){0};
}
