/* format.c: formats of texts (format.h), each a small recogniser without backtracking. */
#include "rule/format.h"

#include "base/time.h"
#include "text/json.h"

/* ---- characters */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* ---- strptime */

/* Reads up to `most` digits. */
static bool take_number(struct mlp_str *s, size_t most, int *out)
{
    size_t n = 0;
    *out = 0;
    while (n < most && n < s->n && is_digit(s->p[n]))
        *out = *out * 10 + (s->p[n++] - '0');
    s->p += n;
    s->n -= n;
    return n > 0;
}

/* Reads one of the names, in any case; its number. The longest that fits wins, as May is both. */
static bool take_name(struct mlp_str *s, const char *const *names, size_t short_n, int *out)
{
    for (int i = 0; names[i]; i++) {
        struct mlp_str name = {names[i], short_n ? short_n : strlen(names[i])};
        bool fits = s->n >= name.n;
        for (size_t k = 0; fits && k < name.n; k++)
            fits = (s->p[k] | 32) == (name.p[k] | 32);
        if (fits) {
            *out = i;
            s->p += name.n;
            s->n -= name.n;
            return true;
        }
    }
    return false;
}

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
                                     "August", "September", "October", "November", "December",
                                     NULL};
static const char *const days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
                                   "Saturday", "Sunday", NULL};
static const char *const halves[] = {"AM", "PM", NULL};

struct when {
    int year, month, day, hour, minute, second, zone; /* zone: minutes east */
    bool pm;
};

/* Z, +hhmm, +hh:mm. */
static bool take_zone(struct mlp_str *s, int *zone)
{
    int part, hours;
    if (s->n && s->p[0] == 'Z') {
        s->p++, s->n--;
        return true;
    }
    if (s->n < 5 || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    int sign = s->p[0] == '-' ? -1 : 1;
    s->p++, s->n--;
    const char *from = s->p;
    if (!take_number(s, 2, &hours) || hours > 23 || s->p - from != 2)
        return false;
    if (s->n && s->p[0] == ':')
        s->p++, s->n--;
    *zone = sign * hours * 60;
    if (!take_number(s, 2, &part) || part >= 60)
        return false;
    *zone += sign * part;
    return true;
}

static bool take_zone_name(struct mlp_str *s)
{
    static const char *const zones[] = {"UTC", "GMT", NULL};
    int which;
    return take_name(s, zones, 0, &which);
}

static bool take_range(struct mlp_str *s, int lo, int hi, int *out)
{
    return take_number(s, hi > 99 ? 3 : 2, out) && *out >= lo && *out <= hi;
}

static bool take_half(struct mlp_str *s, struct when *w)
{
    int v = 0;
    bool ok = take_name(s, halves, 0, &v);
    w->pm = v == 1;
    return ok;
}

/* A name of a month or a day of the week; months are kept. */
static bool take_named(struct mlp_str *s, char c, struct when *w)
{
    bool is_month = c == 'B' || c == 'b';
    int v;
    if (!take_name(s, is_month ? months : days, c == 'b' || c == 'a' ? 3 : 0, &v))
        return false;
    if (is_month)
        w->month = v + 1;
    return true;
}

static bool take_year(struct mlp_str *s, size_t digits, struct when *w)
{
    const char *from = s->p;
    if (!take_number(s, digits, &w->year) || s->p - from != (ptrdiff_t)digits)
        return false;
    if (digits == 2)
        w->year += w->year < 69 ? 2000 : 1900;
    return true;
}

static bool take_date_part(struct mlp_str *s, char c, struct when *w)
{
    switch (c) {
    case 'Y': return take_year(s, 4, w);
    case 'y': return take_year(s, 2, w);
    case 'm': return take_number(s, 2, &w->month) && w->month >= 1 && w->month <= 12;
    case 'd': return take_number(s, 2, &w->day) && w->day >= 1 && w->day <= 31;
    case 'B':
    case 'b':
    case 'A':
    case 'a': return take_named(s, c, w);
    default: return false;
    }
}

static bool take_part(struct mlp_str *s, char c, struct when *w)
{
    int v;
    switch (c) {
    case 'H': return take_range(s, 0, 23, &w->hour);
    case 'I': return take_range(s, 1, 12, &w->hour);
    case 'M': return take_range(s, 0, 59, &w->minute);
    case 'S': return take_range(s, 0, 61, &w->second);
    case 'f': return take_number(s, 6, &v);
    case 'j': return take_range(s, 1, 366, &v);
    case 'p': return take_half(s, w);
    case 'z': return take_zone(s, &w->zone);
    case 'Z': return take_zone_name(s);
    case '%':
        if (!s->n || s->p[0] != '%')
            return false;
        s->p++, s->n--;
        return true;
    default: return take_date_part(s, c, w);
    }
}

static bool exists(const struct when *w)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (w->year % 4 == 0 && w->year % 100 != 0) || w->year % 400 == 0;
    return w->year >= 1 && w->day <= length[w->month - 1] + (w->month == 2 && leap);
}

static const char *shorthand(char c)
{
    return c == 'T' ? "%H:%M:%S" : c == 'D' ? "%m/%d/%y" : c == 'F' ? "%Y-%m-%d" : NULL;
}

static bool take_pattern(struct mlp_str *s, struct mlp_str pattern, struct when *w)
{
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '%' && i + 1 < pattern.n) {
            const char *whole = shorthand(pattern.p[++i]);
            if (!(whole ? take_pattern(s, mlp_str_from(whole), w) : take_part(s, pattern.p[i], w)))
                return false;
        } else if (!s->n || s->p[0] != c) {
            return false;
        } else {
            s->p++, s->n--;
        }
    }
    return true;
}

static bool by_pattern(struct mlp_str text, struct mlp_str pattern)
{
    double seconds;
    return mlp_format_time(text, pattern, &seconds);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level
 * date algorithms"). */
static int64_t days_of(const struct when *w)
{
    int64_t y = w->year - (w->month <= 2), era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400, m = w->month + (w->month > 2 ? -3 : 9);
    int64_t of_year = (153 * m + 2) / 5 + w->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool mlp_format_time(struct mlp_str text, struct mlp_str pattern, double *seconds)
{
    struct when w = {.year = 1900, .month = 1, .day = 1};
    if (!take_pattern(&text, pattern, &w) || text.n || !exists(&w))
        return false;
    int hour = w.pm && w.hour < 12 ? w.hour + 12 : w.hour;
    *seconds = (double)days_of(&w) * 86400 + hour * 3600.0 + (w.minute - w.zone) * 60.0 + w.second;
    return true;
}

/* ---- names */

static bool date(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return s.n == 10 && by_pattern(s, MLP_STR("%Y-%m-%d"));
}

static bool date_time(struct mlp_str s, struct mlp_str pattern)
{
    int64_t seconds;
    uint32_t nano;
    (void)pattern;
    return s.n > 10 && mlp_time_parse(s, &seconds, &nano);
}

static bool time_of_day(struct mlp_str s, struct mlp_str pattern)
{
    struct when w = {.year = 1900, .month = 1, .day = 1};
    int fraction;
    (void)pattern;
    if (!take_pattern(&s, MLP_STR("%H:%M:%S"), &w))
        return false;
    if (s.n && s.p[0] == '.') {
        s.p++, s.n--;
        if (!take_number(&s, 9, &fraction))
            return false;
    }
    return s.n == 0 || (take_zone(&s, &w.zone) && s.n == 0);
}

/* RFC 1123: labels of letters, digits and inner hyphens, up to 63 bytes, 253 in all. */
static bool hostname(struct mlp_str s, struct mlp_str pattern)
{
    size_t label = 0;
    (void)pattern;
    if (s.n == 0 || s.n > 253)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '.') {
            if (label == 0 || s.p[i - 1] == '-')
                return false;
            label = 0;
        } else if (!(is_letter(c) || is_digit(c) || (c == '-' && label > 0)) || ++label > 63) {
            return false;
        }
    }
    return label > 0 && s.p[s.n - 1] != '-';
}

/* Atoms of RFC 5322 before the sign, a host name after it. */
static bool email(struct mlp_str s, struct mlp_str pattern)
{
    size_t at = mlp_str_find(s, '@');
    if (at == 0 || at >= s.n || at > 64 || s.p[0] == '.' || s.p[at - 1] == '.')
        return false;
    for (size_t i = 0; i < at; i++) {
        char c = s.p[i];
        if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "!#$%&'*+-/=?^_`{|}~.") &&
            (unsigned char)c < 0x80)
            return false;
        if (c == '.' && s.p[i + 1] == '.')
            return false;
    }
    return hostname((struct mlp_str){s.p + at + 1, s.n - at - 1}, pattern);
}

static bool ipv4(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    for (int part = 0; part < 4; part++) {
        int v;
        struct mlp_str from = s;
        if (!take_number(&s, 3, &v) || v > 255 || (from.p[0] == '0' && s.p - from.p > 1))
            return false;
        if (part < 3 && (!s.n || s.p[0] != '.'))
            return false;
        if (part < 3)
            s.p++, s.n--;
    }
    return s.n == 0;
}

/* Groups of up to four hexadecimal digits between colons; an IPv4 address at the end of the whole
 * counts for two. -1 when there is anything else. */
static int count_groups(struct mlp_str s, bool at_end)
{
    struct mlp_str part;
    int count = 0;
    if (s.n == 0)
        return 0;
    while (mlp_str_split(&s, ':', &part)) {
        size_t n = 0;
        while (n < part.n && is_hex(part.p[n]))
            n++;
        if (at_end && !s.p && n < part.n && ipv4(part, part))
            return count + 2;
        if (n == 0 || n > 4 || n < part.n)
            return -1;
        count++;
    }
    return count;
}

/* RFC 4291, 2.2: eight groups, or fewer with one run of zeros left out. */
static bool ipv6(struct mlp_str s, struct mlp_str pattern)
{
    const char *gap = memmem(s.p, s.n, "::", 2);
    (void)pattern;
    if (!gap)
        return count_groups(s, true) == 8;
    struct mlp_str left = {s.p, (size_t)(gap - s.p)};
    struct mlp_str right = {gap + 2, s.n - left.n - 2};
    int a = count_groups(left, false), b = count_groups(right, true);
    return a >= 0 && b >= 0 && a + b <= 7;
}

static bool uuid(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    if (s.n != 36)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? s.p[i] != '-' : !is_hex(s.p[i]))
            return false;
    }
    return true;
}

/* RFC 3986: a scheme, a colon, and characters that a URI may hold; percent signs before two
 * hexadecimal digits. */
static bool uri(struct mlp_str s, struct mlp_str pattern)
{
    size_t colon = mlp_str_find(s, ':');
    (void)pattern;
    if (colon == 0 || colon >= s.n || !is_letter(s.p[0]))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = is_letter(c) || is_digit(c);
        if (i < colon ? !word && !is_one_of(c, "+-.")
                      : !word && !is_one_of(c, "-._~:/?#[]@!$&'()*+,;=%"))
            return false;
        if (c == '%' && (i + 2 >= s.n || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])))
            return false;
    }
    return colon + 1 < s.n;
}

static bool json(struct mlp_str s, struct mlp_str pattern)
{
    struct mlp_json j;
    struct mlp_json_token t;
    (void)pattern;
    mlp_json_init(&j, s, 64);
    while (mlp_json_next(&j, &t, NULL) == MLP_OK)
        if (t.type == MLP_JSON_END)
            return true;
    return false;
}

static bool ascii(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static const struct {
    const char *name;
    mlp_format_fn *fn;
} formats[] = {
    {"date", date},   {"date-time", date_time}, {"time", time_of_day}, {"email", email},
    {"hostname", hostname}, {"ipv4", ipv4},     {"ipv6", ipv6},        {"uri", uri},
    {"uuid", uuid},   {"json", json},           {"ascii", ascii},
    {"dateutil", mlp_format_dateutil}, {"phone", mlp_format_phone}, {"card", mlp_format_card},
    {"ssn", mlp_format_ssn}, {"currency", mlp_format_currency}, {"whole", mlp_format_whole},
};

mlp_format_fn *mlp_format_find(struct mlp_str name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (mlp_str_is(name, formats[i].name))
            return formats[i].fn;
    return mlp_str_find(name, '%') < name.n ? by_pattern : NULL;
}

const char *mlp_format_names(void)
{
    return "date, date-time, time, email, hostname, ipv4, ipv6, uri, uuid, json, ascii, "
           "dateutil, phone, card, ssn, currency, whole, or a pattern such as %d.%m.%Y";
}
