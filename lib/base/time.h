/* time.h: civil time, without locale, TZ or libc state. Proleptic Gregorian, UTC, no leap seconds
 * (days-from-civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
#ifndef MLP_BASE_TIME_H
#define MLP_BASE_TIME_H

#include "base/err.h"
#include "base/str.h"

struct mlp_civil {
    int32_t year;
    uint32_t month, day, hour, minute, second, nano;
};

int64_t mlp_days_from_civil(int32_t year, uint32_t month, uint32_t day);
void mlp_civil_from_unix(int64_t seconds, struct mlp_civil *c);

/* "2013-01-31T23:59:59Z" for seconds since 1970; out has room for 32 bytes. */
void mlp_time_format(int64_t seconds, char out[32]);
/* The same with milliseconds, for logs: "2013-01-31T23:59:59.123Z". */
void mlp_time_format_ms(int64_t ns, char out[32]);

/* Reads RFC 3339 date, or date and time with 'T' or ' ', optional fraction, 'Z' or +hh:mm or
 * nothing (taken as UTC). False on anything else, including day 30 of February. */
bool mlp_time_parse(struct mlp_str s, int64_t *seconds, uint32_t *nano);

/* SOURCE_DATE_EPOCH when it is set (anything but a number is MLP_EUSAGE), else `fallback`. */
enum mlp_code mlp_time_epoch(int64_t fallback, int64_t *seconds, struct mlp_err *e);

#endif
