#include "stat/values.h"

#include "base/time.h"
#include "text/num.h"

#include <math.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* true, True, TRUE, false, False, FALSE. */
static bool word_bool(struct mlp_str s, double *x)
{
    static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    for (size_t i = 0; i < 6; i++) {
        if (mlp_str_is(s, words[i])) {
            *x = i < 3;
            return true;
        }
    }
    return false;
}

static bool read_time(struct mlp_str s, double *x)
{
    int64_t seconds;
    uint32_t nano;
    if (s.n < 10 || s.p[4] != '-' || !mlp_time_parse(s, &seconds, &nano))
        return false;
    *x = (double)seconds + nano * 1e-9;
    return true;
}

/* Decimal digits only, with a sign or without; *zero tells of a leading zero before others. */
static bool all_digits(struct mlp_str s, bool *zero)
{
    size_t i = s.n > 1 && (s.p[0] == '-' || s.p[0] == '+');
    *zero = s.n > i + 1 && s.p[i] == '0';
    for (; i < s.n; i++)
        if (!digit(s.p[i]))
            return false;
    return s.n > 0;
}

enum mlp_look mlp_value_look(struct mlp_str s)
{
    double x;
    bool zero;
    if (all_digits(s, &zero))
        return zero ? MLP_LOOK_TEXT : MLP_LOOK_INT;
    if (mlp_num_f64(s, &x))
        return isfinite(x) || digit(s.p[s.n - 1]) ? MLP_LOOK_REAL : MLP_LOOK_SPECIAL;
    if (word_bool(s, &x))
        return MLP_LOOK_BOOL;
    if (read_time(s, &x))
        return s.n == 10 ? MLP_LOOK_DATE : MLP_LOOK_DATETIME;
    return MLP_LOOK_TEXT;
}

enum mlp_ptype mlp_value_type(const uint64_t looks[MLP_LOOKS])
{
    uint64_t total = 0;
    for (size_t i = 0; i < MLP_LOOKS; i++)
        total += i == MLP_LOOK_SPECIAL ? 0 : looks[i];
    uint64_t enough = total - total / 100;
    if (total == 0)
        return looks[MLP_LOOK_SPECIAL] ? MLP_P_REAL : MLP_P_EMPTY;
    if (looks[MLP_LOOK_BOOL] >= enough)
        return MLP_P_BOOL;
    if (looks[MLP_LOOK_INT] + looks[MLP_LOOK_REAL] >= enough)
        return looks[MLP_LOOK_REAL] ? MLP_P_REAL : MLP_P_INT;
    if (looks[MLP_LOOK_DATE] + looks[MLP_LOOK_DATETIME] >= enough)
        return looks[MLP_LOOK_DATETIME] ? MLP_P_DATETIME : MLP_P_DATE;
    return MLP_P_TEXT;
}

static enum mlp_reading read_number(struct mlp_str s, double *x)
{
    if (!mlp_num_f64(s, x))
        return MLP_READ_BAD;
    if (isfinite(*x))
        return MLP_READ_OK;
    return isnan(*x) ? MLP_READ_MISSING : MLP_READ_INFINITE;
}

/* Words, or the digits that programs write for them. */
static enum mlp_reading read_bool(struct mlp_str s, double *x)
{
    if (word_bool(s, x))
        return MLP_READ_OK;
    enum mlp_reading r = read_number(s, x);
    if (r == MLP_READ_OK && !(*x >= 0 && *x <= 1 && *x == floor(*x)))
        return MLP_READ_BAD;
    return r;
}

enum mlp_reading mlp_value_read(enum mlp_ptype type, struct mlp_str s, double *x)
{
    enum mlp_reading r;
    switch (type) {
    case MLP_P_INT:
        r = read_number(s, x);
        return r == MLP_READ_OK && *x != trunc(*x) ? MLP_READ_WIDER : r;
    case MLP_P_REAL:
        return read_number(s, x);
    case MLP_P_BOOL:
        return read_bool(s, x);
    case MLP_P_DATE:
        if (!read_time(s, x))
            return MLP_READ_BAD;
        return s.n == 10 ? MLP_READ_OK : MLP_READ_WIDER;
    case MLP_P_DATETIME:
        return read_time(s, x) ? MLP_READ_OK : MLP_READ_BAD;
    default:
        return MLP_READ_BAD;
    }
}
