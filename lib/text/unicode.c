/* unicode.c: text functions of vectorisers (unicode.h). */
#include "text/unicode.h"
#include "text/unicode_data.h"

uint32_t mlp_unicode_next(struct mlp_str *s)
{
    const unsigned char *p = (const unsigned char *)s->p;
    size_t n = p[0] < 0x80 ? 1 : mlp_utf8_sequence(*s);
    uint32_t c = p[0];
    if (n == 0) {
        c = 0xfffd;
        n = 1;
    } else if (n > 1) {
        c = p[0] & (0x7fu >> n);
        for (size_t i = 1; i < n; i++)
            c = c << 6 | (p[i] & 0x3f);
    }
    *s = (struct mlp_str){s->p + n, s->n - n};
    return c;
}

size_t mlp_unicode_put(uint32_t c, char *out)
{
    static const unsigned char lead[4] = {0, 0xc0, 0xe0, 0xf0};
    unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    out[0] = (char)(lead[more] | c >> 6 * more);
    for (unsigned i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
    return more + 1;
}

static bool in_ranges(const struct mlp_range *r, size_t n, uint32_t c)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (r[mid].last < c)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && r[lo].first <= c;
}

bool mlp_unicode_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    return in_ranges(mlp_word_ranges, mlp_word_ranges_n, c);
}

bool mlp_unicode_digit(uint32_t c)
{
    if (c < 0x80)
        return c >= '0' && c <= '9';
    for (size_t i = 0; i < mlp_digit_zeros_n && mlp_digit_zeros[i] <= c; i++)
        if (c - mlp_digit_zeros[i] < 10)
            return true;
    return false;
}

bool mlp_unicode_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static uint32_t change_case(const struct mlp_case_run *runs, size_t n, uint32_t c)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (runs[mid].last < c)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct mlp_case_run *r = &runs[lo];
    if (lo == n || c < r->first || (r->stride && (c - r->first) % r->stride))
        return c;
    return (uint32_t)((int32_t)c + r->delta);
}

uint32_t mlp_unicode_lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    return c == 0x130 ? 'i' : change_case(mlp_lower_runs, mlp_lower_runs_n, c);
}

uint32_t mlp_unicode_upper(uint32_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z' ? c - 32 : c;
    return change_case(mlp_upper_runs, mlp_upper_runs_n, c);
}

/* Hangul syllables are leading consonant, vowel and perhaps trailing consonant (Unicode 3.12). */
static size_t hangul(uint32_t c, uint32_t *out)
{
    uint32_t i = c - 0xac00;
    out[0] = 0x1100 + i / 588;
    out[1] = 0x1161 + i % 588 / 28;
    out[2] = 0x11a7 + i % 28;
    return i % 28 ? 3 : 2;
}

size_t mlp_unicode_plain(uint32_t c, uint32_t out[MLP_UNICODE_PLAIN_MAX])
{
    out[0] = c;
    if (c < 0x80)
        return 1;
    if (c >= 0xac00 && c <= 0xd7a3)
        return hangul(c, out);
    if (in_ranges(mlp_combining_ranges, mlp_combining_ranges_n, c))
        return 0;
    size_t lo = 0, hi = mlp_plain_forms_n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (mlp_plain_forms[mid].code < c)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == mlp_plain_forms_n || mlp_plain_forms[lo].code != c)
        return 1;
    size_t n = 0;
    for (; n < MLP_UNICODE_PLAIN_MAX && mlp_plain_forms[lo].to[n]; n++)
        out[n] = mlp_plain_forms[lo].to[n];
    return n;
}
