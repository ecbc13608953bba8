/* json_schema_value.c: values as JSON Schema compares them: numbers by what they are worth, objects
 * without the order of their members. */
#include "rule/json_schema_inside.h"

#include <math.h>

unsigned mlp_js_types(const struct mlp_node *v)
{
    switch (v->type) {
    case MLP_DOC_NULL: return JS_NULL;
    case MLP_DOC_BOOL: return JS_BOOL;
    case MLP_DOC_INT:
    case MLP_DOC_UINT: return JS_NUMBER | JS_INTEGER;
    case MLP_DOC_REAL:
        return isfinite(v->u.real) && v->u.real == trunc(v->u.real) ? JS_NUMBER | JS_INTEGER
                                                                    : JS_NUMBER;
    case MLP_DOC_TEXT: return JS_STRING;
    case MLP_DOC_LIST: return JS_ARRAY;
    case MLP_DOC_MAP: return JS_OBJECT;
    }
    return 0;
}

/* An integer against a double, without rounding the integer. */
static int compare_exact(bool negative, uint64_t magnitude, double d)
{
    if (isnan(d))
        return -1;
    if (d >= 0x1p64)
        return -1;
    if (d <= -0x1p64)
        return 1;
    if (negative != (d < 0))
        return negative ? -1 : magnitude == 0 && d == 0 ? 0 : 1;
    double whole = trunc(fabs(d));
    uint64_t other = (uint64_t)whole;
    int way = magnitude != other ? (magnitude > other ? 1 : -1) : fabs(d) > whole ? -1 : 0;
    return negative ? -way : way;
}

static void split(const struct mlp_node *n, bool *negative, uint64_t *magnitude)
{
    *negative = n->type == MLP_DOC_INT && n->u.integer < 0;
    *magnitude = n->type == MLP_DOC_UINT ? n->u.unsigned_integer
                 : *negative             ? 0 - (uint64_t)n->u.integer
                                         : (uint64_t)n->u.integer;
}

int mlp_json_compare(const struct mlp_node *a, const struct mlp_node *b)
{
    bool na, nb;
    uint64_t ma, mb;
    if (a->type == MLP_DOC_REAL && b->type == MLP_DOC_REAL)
        return (a->u.real > b->u.real) - (a->u.real < b->u.real);
    if (a->type == MLP_DOC_REAL)
        return -mlp_json_compare(b, a);
    split(a, &na, &ma);
    if (b->type == MLP_DOC_REAL)
        return compare_exact(na, ma, b->u.real);
    split(b, &nb, &mb);
    if (na != nb)
        return na ? -1 : 1;
    int way = (ma > mb) - (ma < mb);
    return na ? -way : way;
}

static bool equal_lists(const struct mlp_node *a, const struct mlp_node *b)
{
    const struct mlp_node *y = b->child;
    if (a->u.count != b->u.count)
        return false;
    for (const struct mlp_node *x = a->child; x && y; x = x->next, y = y->next)
        if (!mlp_json_equal(x, y))
            return false;
    return true;
}

static bool equal_maps(const struct mlp_node *a, const struct mlp_node *b)
{
    if (a->u.count != b->u.count)
        return false;
    for (const struct mlp_node *x = a->child; x; x = x->next) {
        const struct mlp_node *y = mlp_node_get_str(b, x->key);
        if (!y || !mlp_json_equal(x, y))
            return false;
    }
    return true;
}

bool mlp_json_equal(const struct mlp_node *a, const struct mlp_node *b)
{
    if (mlp_node_is_num(a) && mlp_node_is_num(b))
        return mlp_json_compare(a, b) == 0;
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case MLP_DOC_BOOL: return a->u.boolean == b->u.boolean;
    case MLP_DOC_TEXT: return mlp_str_eq(a->text, b->text);
    case MLP_DOC_LIST: return equal_lists(a, b);
    case MLP_DOC_MAP: return equal_maps(a, b);
    default: return true;
    }
}

uint64_t mlp_js_hash(const struct mlp_node *v)
{
    double d = mlp_node_num(v, 0);
    uint64_t h = 0;
    if (mlp_node_is_num(v)) {
        d = d == 0 ? 0 : d;
        return mlp_hash64(&d, sizeof d, 1);
    }
    if (v->type == MLP_DOC_TEXT)
        return mlp_hash64(v->text.p, v->text.n, 2);
    if (v->type == MLP_DOC_BOOL)
        return v->u.boolean ? 3 : 4;
    for (const struct mlp_node *x = v->child; x; x = x->next) {
        uint64_t one = mlp_js_hash(x);
        if (v->type == MLP_DOC_MAP)
            h += mlp_hash64(x->key.p, x->key.n, one);
        else
            h = mlp_hash64(&one, sizeof one, h + 5);
    }
    return h + (uint64_t)v->type;
}

/* ---- multiples, exact in decimals */

/* digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int exponent;
};

static bool take_exponent(struct mlp_str s, int *out)
{
    int64_t v;
    if (s.n && s.p[0] == '+')
        s.p++, s.n--;
    if (!mlp_str_i64(s, &v) || v > 5000 || v < -5000)
        return false;
    *out = (int)v;
    return true;
}

/* False for digits beyond 64 bits. */
static bool take_decimal(struct mlp_str s, struct decimal *out)
{
    bool point = false;
    int exponent = 0;
    *out = (struct decimal){0, 0};
    for (size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'); i < s.n; i++) {
        char c = s.p[i];
        if (c == 'e' || c == 'E') {
            if (!take_exponent((struct mlp_str){s.p + i + 1, s.n - i - 1}, &exponent))
                return false;
            break;
        }
        if (c == '.') {
            point = true;
            continue;
        }
        uint64_t digit = (uint64_t)(c - '0');
        if (c < '0' || c > '9' || out->digits > (UINT64_MAX - digit) / 10)
            return false;
        out->digits = out->digits * 10 + digit;
        out->exponent -= point;
    }
    out->exponent += exponent;
    return s.n > 0;
}

static uint64_t times(uint64_t a, uint64_t b, uint64_t m)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)a * b % m);
}

static bool decimal_multiple(struct decimal a, struct decimal b)
{
    uint64_t rest = a.digits % b.digits;
    int shift = a.exponent - b.exponent;
    if (a.digits == 0)
        return true;
    if (shift >= 0) {
        for (int i = 0; i < shift && rest; i++)
            rest = times(rest, 10, b.digits);
        return rest == 0;
    }
    for (; shift < 0 && a.digits % 10 == 0; shift++)
        a.digits /= 10;
    for (; shift < 0 && b.digits <= UINT64_MAX / 10; shift++)
        b.digits *= 10;
    return shift == 0 && a.digits % b.digits == 0;
}

bool mlp_json_multiple(const struct mlp_node *a, const struct mlp_node *b)
{
    struct decimal x, y;
    if (take_decimal(a->text, &x) && take_decimal(b->text, &y) && y.digits)
        return decimal_multiple(x, y);
    double share = fmod(mlp_node_num(a, 0), mlp_node_num(b, 1));
    return share == 0;
}
