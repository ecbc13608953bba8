#include "base/str.h"

int mlp_str_cmp(struct mlp_str a, struct mlp_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool mlp_str_starts(struct mlp_str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool mlp_str_ends(struct mlp_str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.n >= n && (n == 0 || memcmp(s.p + s.n - n, suffix, n) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct mlp_str mlp_str_trim(struct mlp_str s)
{
    while (s.n && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t mlp_str_find(struct mlp_str s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : s.n;
}

bool mlp_str_split(struct mlp_str *rest, char separator, struct mlp_str *part)
{
    if (!rest->p)
        return false;
    size_t at = mlp_str_find(*rest, separator);
    *part = (struct mlp_str){rest->p, at};
    if (at == rest->n)
        *rest = (struct mlp_str){NULL, 0};
    else
        *rest = (struct mlp_str){rest->p + at + 1, rest->n - at - 1};
    return true;
}

bool mlp_str_copy(struct mlp_str s, char *out, size_t size)
{
    size_t n = s.n < size ? s.n : size - 1;
    if (n)
        memcpy(out, s.p, n);
    out[n] = '\0';
    return n == s.n;
}

bool mlp_str_u64(struct mlp_str s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

bool mlp_str_i64(struct mlp_str s, int64_t *out)
{
    bool negative = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
        s.p++;
        s.n--;
    }
    uint64_t v;
    if (!mlp_str_u64(s, &v) || v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* Bytes that follow a lead byte and the least code point of that length; 0 for an invalid lead. */
static size_t utf8_tail(unsigned char lead, uint32_t *bits, uint32_t *least)
{
    if (lead >= 0xC2 && lead <= 0xDF) {
        *bits = lead & 0x1Fu;
        *least = 0x80;
        return 1;
    }
    if ((lead & 0xF0) == 0xE0) {
        *bits = lead & 0x0Fu;
        *least = 0x800;
        return 2;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *bits = lead & 0x07u;
        *least = 0x10000;
        return 3;
    }
    return 0;
}

size_t mlp_utf8_sequence(struct mlp_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t code = 0, least = 0;
    size_t tail = s.n ? utf8_tail(p[0], &code, &least) : 0;
    if (tail == 0 || tail >= s.n)
        return 0;
    for (size_t i = 1; i <= tail; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < least || code > 0x10FFFF || surrogate ? 0 : tail + 1;
}

/* How many bytes from i on are ASCII for sure: a multiple of 32, as most text is. */
static size_t ascii_run(struct mlp_str s, size_t i)
{
    size_t from = i;
    for (; s.n - i >= 32; i += 32) {
        uint64_t w[4];
        memcpy(w, s.p + i, sizeof w);
        if ((w[0] | w[1] | w[2] | w[3]) & 0x8080808080808080ull)
            break;
    }
    return i - from;
}

bool mlp_str_utf8(struct mlp_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        i += ascii_run(s, i);
        size_t stop = s.n - i < 32 ? s.n : i + 32;
        while (i < stop && p[i] < 0x80)
            i++;
        while (i < s.n && p[i] >= 0x80) {
            size_t n = mlp_utf8_sequence((struct mlp_str){s.p + i, s.n - i});
            if (n == 0)
                return false;
            i += n;
        }
    }
    return true;
}

#define DISTANCE_MAX 64

unsigned mlp_str_distance(struct mlp_str a, struct mlp_str b)
{
    unsigned row[DISTANCE_MAX + 1];
    if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX)
        return DISTANCE_MAX;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; i < a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < b.n; j++) {
            unsigned change = diagonal + (a.p[i] != b.p[j]);
            unsigned least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < least ? change : least;
        }
    }
    return row[b.n];
}

int mlp_str_closest(struct mlp_str s, const char *const *candidates)
{
    int best = -1;
    unsigned least = DISTANCE_MAX;
    for (int i = 0; candidates[i]; i++) {
        struct mlp_str c = mlp_str_from(candidates[i]);
        unsigned d = mlp_str_distance(s, c);
        size_t longer = s.n > c.n ? s.n : c.n;
        if (d < least && d <= (longer + 2) / 3) {
            least = d;
            best = i;
        }
    }
    return best;
}

bool mlp_str_fits(struct mlp_str s, struct mlp_str pattern)
{
    size_t i = 0, p = 0, star = SIZE_MAX, from = 0;
    while (i < s.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            from = i;
        } else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == s.p[i])) {
            i++;
            p++;
        } else if (star != SIZE_MAX) {
            p = star + 1; /* the last * takes one more */
            i = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}
