#include "base/time.h"

#include "base/os.h"

int64_t mlp_days_from_civil(int32_t year, uint32_t month, uint32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    uint32_t yoe = (uint32_t)(y - era * 400);
    uint32_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    uint32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

void mlp_civil_from_unix(int64_t seconds, struct mlp_civil *c)
{
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    uint32_t rest = (uint32_t)(seconds - days * 86400);
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    uint32_t doe = (uint32_t)(z - era * 146097);
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    c->day = doy - (153 * mp + 2) / 5 + 1;
    c->month = mp < 10 ? mp + 3 : mp - 9;
    c->year = (int32_t)((int64_t)yoe + era * 400 + (c->month <= 2));
    c->hour = rest / 3600;
    c->minute = rest / 60 % 60;
    c->second = rest % 60;
    c->nano = 0;
}

void mlp_time_format(int64_t seconds, char out[32])
{
    struct mlp_civil c;
    mlp_civil_from_unix(seconds, &c);
    snprintf(out, 32, "%04d-%02u-%02uT%02u:%02u:%02uZ", c.year, c.month, c.day, c.hour, c.minute,
             c.second);
}

void mlp_time_format_ms(int64_t ns, char out[32])
{
    struct mlp_civil c;
    int64_t seconds = ns / 1000000000 - (ns % 1000000000 < 0);
    uint32_t ms = (uint32_t)((ns - seconds * 1000000000) / 1000000);
    mlp_civil_from_unix(seconds, &c);
    snprintf(out, 32, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", c.year, c.month, c.day, c.hour,
             c.minute, c.second, ms);
}

/* Takes `n` digits off the front of *s. */
static bool digits(struct mlp_str *s, size_t n, uint32_t *out)
{
    if (s->n < n)
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(unsigned char)s->p[i] - '0';
        if (d > 9)
            return false;
        *out = *out * 10 + d;
    }
    s->p += n;
    s->n -= n;
    return true;
}

static bool literal(struct mlp_str *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool parse_date(struct mlp_str *s, struct mlp_civil *c)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t year;
    if (!digits(s, 4, &year) || !literal(s, '-') || !digits(s, 2, &c->month) || !literal(s, '-') ||
        !digits(s, 2, &c->day) || c->month < 1 || c->month > 12)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    uint32_t last = (uint32_t)month_days[c->month - 1] + (c->month == 2 && leap ? 1u : 0u);
    c->year = (int32_t)year;
    return c->day >= 1 && c->day <= last;
}

static bool parse_clock(struct mlp_str *s, struct mlp_civil *c)
{
    if (!digits(s, 2, &c->hour) || !literal(s, ':') || !digits(s, 2, &c->minute) ||
        !literal(s, ':') || !digits(s, 2, &c->second))
        return false;
    if (literal(s, '.')) {
        uint32_t scale = 100000000, d;
        if (!s->n)
            return false;
        for (size_t i = 0; s->n && digits(s, 1, &d); i++, scale /= 10)
            c->nano += d * scale;
    }
    /* Second 60 is a leap second, which RFC 3339 allows; it counts as the next second. */
    return c->hour <= 23 && c->minute <= 59 && c->second <= 60;
}

static bool parse_zone(struct mlp_str *s, int64_t *offset)
{
    uint32_t hour, minute;
    *offset = 0;
    if (s->n == 0 || literal(s, 'Z'))
        return s->n == 0;
    int sign = s->p[0] == '-' ? -1 : 1;
    if (!literal(s, '+') && !literal(s, '-'))
        return false;
    if (!digits(s, 2, &hour) || !literal(s, ':') || !digits(s, 2, &minute) || hour > 23 ||
        minute > 59)
        return false;
    *offset = sign * ((int64_t)hour * 3600 + (int64_t)minute * 60);
    return s->n == 0;
}

bool mlp_time_parse(struct mlp_str s, int64_t *seconds, uint32_t *nano)
{
    struct mlp_civil c = {0};
    int64_t offset = 0;
    if (!parse_date(&s, &c))
        return false;
    if (s.n) {
        if (!literal(&s, 'T') && !literal(&s, ' '))
            return false;
        if (!parse_clock(&s, &c) || !parse_zone(&s, &offset))
            return false;
    }
    int64_t clock = (int64_t)c.hour * 3600 + (int64_t)c.minute * 60 + c.second;
    *seconds = mlp_days_from_civil(c.year, c.month, c.day) * 86400 + clock - offset;
    *nano = c.nano;
    return true;
}

enum mlp_code mlp_time_epoch(int64_t fallback, int64_t *seconds, struct mlp_err *e)
{
    const char *text = mlp_os_env("SOURCE_DATE_EPOCH");
    *seconds = fallback;
    if (!text || !text[0])
        return MLP_OK;
    if (mlp_str_i64(mlp_str_from(text), seconds) && *seconds >= 0)
        return MLP_OK;
    mlp_err_set(e, MLP_EUSAGE, "SOURCE_DATE_EPOCH is \"%.40s\", expected seconds since 1970", text);
    return mlp_err_hint(e, "export SOURCE_DATE_EPOCH=$(git log -1 --format=%%ct), or unset it");
}
