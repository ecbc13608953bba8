/* xsd_number.c: numbers with and without a pattern. */
#include "rule/xsd.h"

#include "text/num.h"

#include <math.h>

#define MOST_DIGITS 400
#define PERMILLE "\xE2\x80\xB0"

/* What a pattern asks for. Groups are sizes in digits, 0: there are none. */
struct pattern {
    unsigned min_whole, group, groups_before; /* of the digits before the decimal sign: the last
                                                 group, and those before it */
    unsigned min_part, max_part, part_group;  /* after it */
    unsigned min_power;
    bool power, sign;
    unsigned scale_first, scale_last;         /* 100 and 1000 for a sign of percent or per mille
                                                 there; else 0 */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes % or the per mille sign off the front: 100, 1000 or 0. */
static unsigned take_scale(struct mlp_str *s)
{
    size_t n = s->n && s->p[0] == '%' ? 1 : mlp_str_starts(*s, PERMILLE) ? 3 : 0;
    s->p += n;
    s->n -= n;
    return n == 1 ? 100 : n == 3 ? 1000 : 0;
}

static bool take_sign(struct mlp_str *s, char *sign)
{
    if (!s->n || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    *sign = s->p[0];
    s->p++, s->n--;
    return true;
}

/* The digits before the decimal sign: any of # and then any of 0, with groups. */
static void read_whole(const struct mlp_xsd *d, struct mlp_str *s, struct pattern *out)
{
    unsigned since = 0, groups = 0;
    for (; s->n; s->p++, s->n--) {
        char c = s->p[0];
        if (c == '0' || (c == '#' && !out->min_whole)) {
            since++;
            out->min_whole += c == '0';
        } else if (d->group && c == d->group) {
            out->groups_before = groups++ ? since : 0;
            since = 0;
        } else {
            break;
        }
    }
    out->group = groups ? since : 0;
    if (groups < 2)
        out->groups_before = out->group;
}

static void read_part(const struct mlp_xsd *d, struct mlp_str *s, struct pattern *out)
{
    for (; s->n; s->p++, s->n--) {
        char c = s->p[0];
        if (c == '#' || (c == '0' && out->max_part == out->min_part)) {
            out->max_part++;
            out->min_part += c == '0';
        } else if (d->group && c == d->group) {
            out->part_group = out->part_group ? out->part_group : out->max_part;
        } else {
            break;
        }
    }
}

static bool read_power(struct mlp_str *s, struct pattern *out)
{
    char sign;
    out->power = true;
    s->p++, s->n--;
    take_sign(s, &sign);
    const char *from = s->p;
    for (; s->n && (s->p[0] == '#' || s->p[0] == '0'); s->p++, s->n--)
        out->min_power += s->p[0] == '0';
    return s->p > from;
}

static bool read_pattern(const struct mlp_xsd *d, struct pattern *out)
{
    struct mlp_str s = d->format;
    char sign;
    *out = (struct pattern){.scale_first = take_scale(&s)};
    out->sign = take_sign(&s, &sign);
    if (!out->scale_first)
        out->scale_first = take_scale(&s);
    const char *from = s.p;
    read_whole(d, &s, out);
    bool some = s.p > from;
    if (s.n && s.p[0] == d->decimal) {
        s.p++, s.n--;
        read_part(d, &s, out);
        some = some || out->max_part;
    }
    if (!some || (s.n && s.p[0] == 'E' && !read_power(&s, out)))
        return false;
    out->scale_last = take_scale(&s);
    return s.n == 0 && !(out->scale_first && out->scale_last);
}

bool mlp_xsd_is_pattern(const struct mlp_xsd *d)
{
    struct pattern p;
    return read_pattern(d, &p) && (d->base->class != MLP_XSD_INTEGER || !p.max_part);
}

/* ---- texts */

/* A number as it is taken apart: digits go on to out, where a plain number is written. */
struct reading {
    const struct mlp_xsd *d;
    const struct pattern *pattern; /* NULL: there is none */
    struct mlp_str s;             /* what is left */
    char out[MOST_DIGITS];
    size_t n;
};

static bool put(struct reading *r, char c)
{
    if (r->n + 1 >= MOST_DIGITS)
        return false;
    r->out[r->n++] = c;
    return true;
}

/* Digits in groups: how many, how many in the first and in the last group, whether all between are
 * as long as is said, and whether there are groups. */
struct digits {
    unsigned n, first, last, groups;
    bool even;
};

static bool take_digits(struct reading *r, unsigned size, struct digits *out)
{
    unsigned since = 0;
    *out = (struct digits){.even = true};
    for (; r->s.n; r->s.p++, r->s.n--) {
        char c = r->s.p[0];
        if (is_digit(c)) {
            if (!put(r, c))
                return false;
            out->n++;
            since++;
        } else if (r->d->group && c == r->d->group) {
            if (since == 0) /* at the start, or two together */
                return false;
            if (out->groups++ == 0)
                out->first = since;
            else
                out->even = out->even && since == size;
            since = 0;
        } else {
            break;
        }
    }
    out->last = since;
    if (!out->groups)
        out->first = since;
    return since > 0 || out->groups == 0;
}

static bool take_whole(struct reading *r)
{
    const struct pattern *p = r->pattern;
    struct digits got;
    if (!take_digits(r, p ? p->groups_before : 0, &got))
        return false;
    if (!p)
        return got.n > 0;
    if (got.n < p->min_whole || (!p->group && got.groups))
        return false;
    if (!p->group)
        return true;
    if (!got.groups)
        return got.n <= p->group;
    return got.even && got.last == p->group && got.first <= p->groups_before;
}

static bool take_part(struct reading *r)
{
    const struct pattern *p = r->pattern;
    struct digits got = {.even = true};
    bool point = r->s.n && r->s.p[0] == r->d->decimal && r->d->base->class != MLP_XSD_INTEGER;
    if (point) {
        r->s.p++, r->s.n--;
        if (!put(r, '.') || !take_digits(r, p ? p->part_group : 0, &got) || got.n == 0)
            return false;
    }
    if (!p)
        return got.groups == 0;
    if (got.n < p->min_part || got.n > p->max_part)
        return false;
    if (!p->part_group)
        return got.groups == 0;
    return got.groups ? got.even && got.first == p->part_group && got.last <= p->part_group
                      : got.n <= p->part_group;
}

static bool take_power(struct reading *r)
{
    const struct pattern *p = r->pattern;
    bool there = r->s.n && (r->s.p[0] == 'E' || (!p && r->s.p[0] == 'e'));
    unsigned digits = 0;
    char sign = '+';
    if (p ? there != p->power : there && r->d->base->class != MLP_XSD_FLOAT)
        return false;
    if (!there)
        return true;
    r->s.p++, r->s.n--;
    take_sign(&r->s, &sign);
    if (!put(r, 'e') || !put(r, sign))
        return false;
    for (; r->s.n && is_digit(r->s.p[0]); r->s.p++, r->s.n--, digits++)
        if (!put(r, r->s.p[0]))
            return false;
    return digits > 0 && (!p || digits >= p->min_power);
}

/* The sign, and a scale before or after it where a pattern has one. */
static bool take_front(struct reading *r, unsigned *scale)
{
    const struct pattern *p = r->pattern;
    char sign = '+';
    bool first = p && p->scale_first;
    *scale = first ? take_scale(&r->s) : 0;
    bool has_sign = take_sign(&r->s, &sign);
    if (first && !*scale)
        *scale = take_scale(&r->s);
    return put(r, sign) && (!p || (*scale == p->scale_first && (has_sign || !p->sign)));
}

static bool take_number(struct reading *r, double *value)
{
    const struct pattern *p = r->pattern;
    unsigned scale, last;
    if (!take_front(r, &scale) || !take_whole(r) || !take_part(r) || !take_power(r))
        return false;
    last = p && !p->scale_last ? 0 : take_scale(&r->s);
    if (r->s.n || (p && last != p->scale_last))
        return false;
    struct mlp_str plain = {r->out, r->n};
    if (!mlp_num_f64(plain, value))
        return false;
    *value /= scale ? scale : last ? last : 1;
    return true;
}

/* Doubles do not tell the last of 64-bit integers from the one after it. */
static bool fits(const struct mlp_xsd_base *base, const struct reading *r, double value)
{
    int64_t i;
    uint64_t u;
    struct mlp_str digits = {r->out, r->n};
    if (digits.n && digits.p[0] == '+')
        digits.p++, digits.n--;
    if (base->hi == 0x1p63)
        return mlp_str_i64(digits, &i);
    if (base->hi == 0x1p64)
        return mlp_str_u64(digits, &u) || (value == 0 && digits.n);
    return value >= base->lo && value <= base->hi;
}

bool mlp_xsd_number(const struct mlp_xsd *d, struct mlp_str s, double *value)
{
    struct pattern pattern;
    struct reading r = {.d = d, .s = s};
    if (d->base->class == MLP_XSD_FLOAT &&
        (mlp_str_is(s, "NaN") || mlp_str_is(s, "INF") || mlp_str_is(s, "-INF"))) {
        *value = s.p[0] == 'N' ? NAN : s.p[0] == 'I' ? INFINITY : -INFINITY;
        return true;
    }
    if (d->format.n) {
        if (!read_pattern(d, &pattern))
            return false;
        r.pattern = &pattern;
    }
    return take_number(&r, value) &&
           (d->base->class != MLP_XSD_INTEGER || fits(d->base, &r, *value));
}
