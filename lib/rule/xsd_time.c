/* xsd_time.c: dates, times and durations.
 *
 * A layout is made of the fields yyyy, MM or M, dd or d, HH, mm, ss, S (as many digits of a second
 * as there are S at most), X, XX, XXX (a zone: Z, or hours with minutes if need be; with minutes;
 * with a colon), x, xx, xxx (no Z), and of signs that stand for themselves. Two more are for texts
 * without a format: \1, a zone that may be absent, and \2, a fraction of any length that may. */
#include "rule/xsd.h"

#include "base/time.h"

#include <math.h>

#define MONTH_SECONDS (365.2425 / 12 * 86400)

struct clock {
    int year;
    unsigned month, day, hour, minute, second;
    double fraction;
    int zone;                     /* minutes east */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static unsigned run_of(struct mlp_str s)
{
    unsigned n = 1;
    while (n < s.n && s.p[n] == s.p[0])
        n++;
    return n;
}

/* At least `least` and at most `most` digits. */
static bool take_digits(struct mlp_str *s, unsigned least, unsigned most, unsigned *out)
{
    unsigned n = 0;
    *out = 0;
    for (; n < most && s->n && is_digit(s->p[0]); n++, s->p++, s->n--)
        *out = *out * 10 + (unsigned)(s->p[0] - '0');
    return n >= least;
}

static bool take_fraction(struct mlp_str *s, unsigned most, double *out)
{
    double unit = 0.1;
    unsigned n = 0;
    for (; n < most && s->n && is_digit(s->p[0]); n++, s->p++, s->n--, unit /= 10)
        *out += unit * (s->p[0] - '0');
    return n > 0;
}

static bool take_char(struct mlp_str *s, char c)
{
    bool there = s->n && s->p[0] == c;
    s->p += there, s->n -= there;
    return there;
}

/* Hours, and minutes: behind a colon, without one, or absent where they may be. */
static bool take_offset(struct mlp_str *s, bool colon, bool minutes, int *out)
{
    unsigned hour, minute = 0;
    if (!take_digits(s, 2, 2, &hour))
        return false;
    bool more = colon ? take_char(s, ':') : s->n && is_digit(s->p[0]);
    if (more ? !take_digits(s, 2, 2, &minute) : minutes)
        return false;
    *out = (int)(hour * 60 + minute);
    return hour <= 14 && minute < 60;
}

/* Z, where it may be, or an offset with its sign. */
static bool take_zone(struct mlp_str *s, bool z, bool colon, bool minutes, int *out)
{
    if (z && take_char(s, 'Z'))
        return true;
    bool west = take_char(s, '-');
    if ((!west && !take_char(s, '+')) || !take_offset(s, colon, minutes, out))
        return false;
    *out = west ? -*out : *out;
    return true;
}

static bool take_year(struct mlp_str *s, unsigned run, struct clock *c)
{
    unsigned year;
    if (run != 4 || !take_digits(s, 4, 4, &year))
        return false;
    c->year = (int)year;
    return true;
}

/* The layout is a good one: runs are no longer than they may be. */
static bool take_one(char field, unsigned run, struct mlp_str *s, struct clock *c)
{
    switch (field) {
    case 'y': return take_year(s, run, c);
    case 'M': return take_digits(s, run, 2, &c->month);
    case 'd': return take_digits(s, run, 2, &c->day);
    case 'H': return take_digits(s, run, 2, &c->hour);
    case 'm': return take_digits(s, run, 2, &c->minute);
    case 's': return take_digits(s, run, 2, &c->second);
    case 'S': return take_fraction(s, run, &c->fraction);
    case 'X':
    case 'x': return take_zone(s, field == 'X', run == 3, run > 1, &c->zone);
    case '\1': return s->n == 0 || take_zone(s, true, true, true, &c->zone);
    default: return false;
    }
}

/* Signs that stand for themselves, \2 among them; false when the text has another. */
static bool take_sign(struct mlp_str *layout, struct mlp_str *s, struct clock *c)
{
    char sign = layout->p[0];
    layout->p++, layout->n--;
    if (sign == '\2') {
        return !take_char(s, '.') || take_fraction(s, 20, &c->fraction);
    }
    /* A fraction may be absent with its point. */
    if (sign == '.' && layout->n && layout->p[0] == 'S' && (!s->n || s->p[0] != '.')) {
        unsigned run = run_of(*layout);
        layout->p += run, layout->n -= run;
        return true;
    }
    return take_char(s, sign);
}

static bool is_field(char c)
{
    return c && strchr("yMdHmsSXx\1", c);
}

static bool is_valid(const struct clock *c)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->hour > 24 || c->minute > 59 ||
        c->second > 59 || (c->hour == 24 && (c->minute || c->second)))
        return false;
    return c->day <= days[c->month - 1] + (c->month == 2 && leap);
}

bool mlp_xsd_time(struct mlp_str layout, struct mlp_str s, double *value)
{
    struct clock c = {.year = 1972, .month = 1, .day = 1};
    while (layout.n) {
        if (!is_field(layout.p[0])) {
            if (!take_sign(&layout, &s, &c))
                return false;
            continue;
        }
        unsigned run = run_of(layout);
        if (!take_one(layout.p[0], run, &s, &c))
            return false;
        layout.p += run, layout.n -= run;
    }
    if (s.n || !is_valid(&c))
        return false;
    *value = (double)(mlp_days_from_civil(c.year, c.month, c.day) * 86400 + c.hour * 3600 +
                      c.minute * 60 + c.second - c.zone * 60) + c.fraction;
    return true;
}

/* Whether a field may be that long. */
static bool is_run(char field, unsigned run)
{
    switch (field) {
    case 'y': return run == 4;
    case 'm':
    case 's': return run == 2;
    case 'M':
    case 'd':
    case 'H': return run <= 2;
    case 'X':
    case 'x': return run <= 3;
    default: return field == 'S';
    }
}

bool mlp_xsd_is_layout(struct mlp_str layout)
{
    bool some = false;
    while (layout.n) {
        unsigned run = run_of(layout);
        char c = layout.p[0];
        bool field = is_run(c, run);
        if (!field && (!c || !strchr("-/.: T", c)))
            return false;
        some = some || field;
        layout.p += run, layout.n -= run;
    }
    return some;
}

/* ---- durations */

/* "12M": a number and its letter. */
static bool take_amount(struct mlp_str *s, char letter, bool fraction, double *out)
{
    struct mlp_str t = *s;
    double value = 0, part = 0;
    unsigned n = 0;
    for (; t.n && is_digit(t.p[0]); t.p++, t.n--, n++)
        value = value * 10 + (t.p[0] - '0');
    if (fraction && n && t.n && t.p[0] == '.') {
        t.p++, t.n--;
        if (!take_fraction(&t, 20, &part))
            return false;
    }
    if (!n || !t.n || t.p[0] != letter)
        return false;
    t.p++, t.n--;
    *s = t;
    *out = value + part;
    return true;
}

bool mlp_xsd_duration(const char *name, struct mlp_str s, double *value)
{
    static const struct {
        char letter;
        bool clock;
        double seconds;
    } units[] = {{'Y', false, 12 * MONTH_SECONDS}, {'M', false, MONTH_SECONDS},
                 {'D', false, 86400}, {'H', true, 3600}, {'M', true, 60}, {'S', true, 1}};
    unsigned from = name[0] == 'd' && name[1] == 'a' ? 2 : 0, to = name[0] == 'y' ? 2 : 6;
    double sign = take_char(&s, '-') ? -1 : 1, amount = 0;
    unsigned n = 0;
    bool clock = false;
    if (!take_char(&s, 'P'))
        return false;
    *value = 0;
    for (unsigned i = from; i < to; i++) {
        if (units[i].clock && !clock) {
            if (!take_char(&s, 'T'))
                break;
            clock = true;
            n = 0; /* there must be something behind it */
        }
        if (!take_amount(&s, units[i].letter, units[i].letter == 'S', &amount))
            continue;
        *value += sign * amount * units[i].seconds;
        n++;
    }
    return n > 0 && s.n == 0;
}
