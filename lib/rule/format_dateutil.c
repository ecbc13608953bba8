/* format_dateutil.c: what dateutil.parser.parse takes for a date: numbers, names of months and
 * weekdays, times, zones and a few small words, in any order that makes a date. */
#include "rule/format.h"

#include "base/time.h"

struct reading {
    struct mlp_str s;
    size_t at;
    int ymd[3];                   /* numbers that may be day, month or year */
    size_t digits[3];             /* of each, 0 for a month by name */
    size_t n;
    bool month, weekday, time, am_pm, zone;
    int hour;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char peek(const struct reading *r, size_t ahead)
{
    return r->at + ahead < r->s.n ? r->s.p[r->at + ahead] : '\0';
}

static bool is_word(struct mlp_str a, const char *word, size_t least)
{
    size_t n = strlen(word);
    if (a.n < least || a.n > n || (a.n != n && a.n != least))
        return false;
    for (size_t i = 0; i < a.n; i++)
        if ((a.p[i] | 32) != word[i])
            return false;
    return true;
}

static bool is_one_of(struct mlp_str a, const char *const *words)
{
    for (; *words; words++)
        if (is_word(a, *words, strlen(*words)))
            return true;
    return false;
}

static bool add(struct reading *r, int value, size_t digits)
{
    if (r->n == 3)
        return false;
    r->ymd[r->n] = value;
    r->digits[r->n++] = digits;
    return true;
}

/* A month or a weekday; *right is false for a second month. */
static bool take_name(struct reading *r, struct mlp_str w, bool *right)
{
    static const char *const months[] = {"january", "february", "march", "april", "may", "june",
                                         "july", "august", "september", "october", "november",
                                         "december"};
    static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday",
                                       "saturday", "sunday"};
    for (int i = 0; i < 12; i++) {
        if (is_word(w, months[i], 3) || (i == 8 && is_word(w, "sept", 4))) {
            *right = !r->month && add(r, i + 1, 0);
            return r->month = true;
        }
    }
    for (size_t i = 0; i < 7; i++)
        if (is_word(w, days[i], 3))
            return *right = r->weekday = true;
    return false;
}

static bool take_word(struct reading *r)
{
    static const char *const small[] = {"at", "on", "and", "ad", "m", "t", "of", "st", "nd", "rd",
                                        "th", NULL};
    static const char *const zones[] = {"utc", "gmt", "z", NULL};
    static const char *const units[] = {"h", "hour", "hours", "minute", "minutes", "s", "second",
                                        "seconds", NULL};
    static const char *const halves[] = {"am", "pm", "a", "p", NULL};
    size_t from = r->at;
    bool right = false;
    while (is_letter(peek(r, 0)))
        r->at++;
    struct mlp_str w = {r->s.p + from, r->at - from};
    if (take_name(r, w, &right))
        return right;
    if (is_one_of(w, halves) && r->time && !r->am_pm)
        return r->am_pm = true;
    bool any_zone = r->time && !r->zone && w.n >= 3 && w.n <= 5 && w.p[0] < 'a';
    if (is_one_of(w, zones) || any_zone)
        return r->zone = true;
    return is_one_of(w, small) || (r->time && is_one_of(w, units));
}

static int number(struct mlp_str s)
{
    int v = 0;
    for (size_t i = 0; i < s.n && i < 8; i++)
        v = v * 10 + (s.p[i] - '0');
    return v;
}

static size_t digits_at(const struct reading *r, size_t from)
{
    size_t n = 0;
    while (is_digit(peek(r, from + n)))
        n++;
    return n;
}

/* h:mm, h:mm:ss, h:mm:ss.fraction */
static bool take_time(struct reading *r, int hour)
{
    int part[2] = {0, 0};
    for (size_t i = 0; i < 2 && peek(r, 0) == ':' && is_digit(peek(r, 1)); i++) {
        size_t n = digits_at(r, 1);
        part[i] = number((struct mlp_str){r->s.p + r->at + 1, n});
        r->at += n + 1;
    }
    if ((peek(r, 0) == '.' || peek(r, 0) == ',') && is_digit(peek(r, 1)))
        r->at += 1 + digits_at(r, 1);
    r->time = true;
    r->hour = hour;
    return hour < 24 && part[0] < 60 && part[1] < 60;
}

/* YYYYMMDD, YYMMDD, YYYYMMDDhhmm, YYYYMMDDhhmmss; hhmm and hhmmss after a date. */
static bool take_run(struct reading *r, struct mlp_str w)
{
    size_t year = w.n == 6 ? 2 : 4;
    struct mlp_str rest = {w.p + year + 4, w.n - (w.n < year + 4 ? w.n : year + 4)};
    if (r->n == 3 && (w.n == 4 || w.n == 6)) {
        r->time = true;
        return number((struct mlp_str){w.p, 2}) < 24 && number((struct mlp_str){w.p + 2, 2}) < 60;
    }
    r->time = r->time || rest.n > 0;
    return r->n == 0 && add(r, number((struct mlp_str){w.p, year}), year) &&
           add(r, number((struct mlp_str){w.p + year, 2}), 2) &&
           add(r, number((struct mlp_str){w.p + year + 2, 2}), 2) &&
           (rest.n == 0 || (number((struct mlp_str){rest.p, 2}) < 24 &&
                            number((struct mlp_str){rest.p + 2, 2}) < 60));
}

static bool is_run(const struct reading *r, size_t n)
{
    return n == 8 || n == 12 || n == 14 || (n == 6 && (r->n == 0 || r->n == 3)) ||
           (n == 4 && r->n == 3);
}

static bool follows(const struct reading *r, const char *const *words)
{
    size_t from = r->at, n = 0;
    while (from < r->s.n && r->s.p[from] == ' ')
        from++;
    while (from + n < r->s.n && is_letter(r->s.p[from + n]))
        n++;
    return n && is_one_of((struct mlp_str){r->s.p + from, n}, words);
}

static bool take_number(struct reading *r)
{
    static const char *const hours[] = {"am", "pm", "a", "p", "h", "hour", "hours", NULL};
    static const char *const parts[] = {"minute", "minutes", "s", "second", "seconds", NULL};
    size_t n = digits_at(r, 0);
    struct mlp_str w = {r->s.p + r->at, n};
    int v = number(w);
    r->at += n;
    if (peek(r, 0) == ':' && !r->time)
        return n <= 2 && take_time(r, v);
    if (is_run(r, n))
        return take_run(r, w);
    if (!r->time && follows(r, hours)) {
        r->time = true;
        return v < 24;
    }
    if (r->time && follows(r, parts))
        return v < 60;
    return n <= 4 && add(r, v, n);
}

/* +01:00, -0500 after a time. */
static bool take_offset(struct reading *r)
{
    size_t n = digits_at(r, 1);
    r->zone = true;
    r->at += n + 1;
    if (n == 2 && peek(r, 0) == ':' && digits_at(r, 1) == 2)
        r->at += 3;
    return n == 2 || n == 4;
}

static bool take_token(struct reading *r)
{
    char c = peek(r, 0);
    if (is_digit(c))
        return take_number(r);
    if (is_letter(c))
        return take_word(r);
    if ((c == '+' || c == '-') && r->time && r->n > 0 && is_digit(peek(r, 1)))
        return take_offset(r);
    r->at++;
    return c && strchr(" .,;-/'", c) != NULL;
}

static bool is_date(int year, int month, int day)
{
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    struct mlp_civil c;
    int64_t days = mlp_days_from_civil(year, (uint32_t)month, (uint32_t)day);
    mlp_civil_from_unix(days * 86400, &c);
    return (int)c.month == month && (int)c.day == day;
}

/* Whether the numbers make a date in this order of their meanings: 0 year, 1 month, 2 day. A number
 * of more than two digits is a year, a name a month; what stands between a year and a number is a
 * month. */
static bool fits(const struct reading *r, const int order[3])
{
    int full[3] = {2000, 1, 1};
    bool swapped = order[0] == 0 && order[1] == 2;
    if (swapped && r->n == 3 && r->digits[2])
        return false;
    for (size_t k = 0; k < r->n; k++) {
        int at = order[k];
        full[at] = r->ymd[k];
        if ((at != 0 && r->digits[k] > 2) || (r->digits[k] == 0 && at != 1))
            return false;
    }
    return is_date(full[0], full[1], full[2]);
}

static bool makes_date(const struct reading *r)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1},
                                     {2, 1, 0}};
    if (r->n == 0)
        return r->time || r->weekday;
    if (r->n == 1)
        return r->digits[0] == 0 || r->digits[0] > 2 || (r->ymd[0] >= 1 && r->ymd[0] <= 99);
    for (size_t i = 0; i < 6; i++)
        if (fits(r, orders[i]))
            return true;
    return false;
}

bool mlp_format_dateutil(struct mlp_str text, struct mlp_str pattern)
{
    struct reading r = {.s = text};
    (void)pattern;
    while (r.at < r.s.n)
        if (!take_token(&r))
            return false;
    return makes_date(&r);
}
