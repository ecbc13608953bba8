/* format_idn.c: host names in any script: RFC 3492 (Punycode), 5892 (which characters, and where),
 * 5893 (right to left). */
#include "rule/format_idn.h"

#define LABEL_MOST 63
#define NAME_MOST 253

struct label {
    uint32_t c[256];
    size_t n;
};

struct range {
    uint32_t from, to;
};

static bool in(uint32_t c, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return false;
}
#define IN(c, table) in(c, table, sizeof table / sizeof *(table))

/* Combining marks of the scripts in common use (general category M). */
static const struct range marks[] = {
    {0x300, 0x36F}, {0x483, 0x489}, {0x591, 0x5BD}, {0x5BF, 0x5BF}, {0x5C1, 0x5C2}, {0x5C4, 0x5C5},
    {0x610, 0x61A}, {0x64B, 0x65F}, {0x670, 0x670}, {0x6D6, 0x6DC}, {0x6DF, 0x6E4}, {0x900, 0x903},
    {0x93A, 0x93C}, {0x93E, 0x94F}, {0x981, 0x983}, {0x9BC, 0x9BC}, {0x9BE, 0x9CD}, {0xA01, 0xA03},
    {0xA3C, 0xA4D}, {0xB01, 0xB03}, {0xB3C, 0xB3C}, {0xBBE, 0xBCD}, {0xC3E, 0xC4D}, {0xCBE, 0xCCD},
    {0xD3E, 0xD4D}, {0xE31, 0xE31}, {0xE34, 0xE3A}, {0xE47, 0xE4E}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x20D0, 0x20F0}, {0x302A, 0x302F}, {0x3099, 0x309A}, {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
};
/* Signs that join consonants (canonical combining class 9). */
static const struct range viramas[] = {
    {0x94D, 0x94D}, {0x9CD, 0x9CD}, {0xA4D, 0xA4D}, {0xACD, 0xACD}, {0xB4D, 0xB4D}, {0xBCD, 0xBCD},
    {0xC4D, 0xC4D}, {0xCCD, 0xCCD}, {0xD4D, 0xD4D}, {0xDCA, 0xDCA}, {0xE3A, 0xE3A},
    {0x1039, 0x103A}, {0x17D2, 0x17D2},
};
/* RFC 5892, 2.6: allowed and not, whatever their category. */
static const struct range exceptions_valid[] = {
    {0xDF, 0xDF}, {0x3C2, 0x3C2}, {0x6FD, 0x6FE}, {0xF0B, 0xF0B}, {0x3007, 0x3007},
};
static const struct range exceptions_not[] = {
    {0x640, 0x640}, {0x7FA, 0x7FA}, {0x302E, 0x302F}, {0x3031, 0x3035}, {0x303B, 0x303B},
};
/* Signs, spaces, controls, capitals and compatibility forms below what is checked by category. */
static const struct range not_words[] = {
    {0x00, 0x2C}, {0x2E, 0x2F}, {0x3A, 0x60}, {0x7B, 0xB6}, {0xB8, 0xDE}, {0xF7, 0xF7},
    {0x391, 0x3A9}, {0x410, 0x42F}, {0x400, 0x40F}, {0x2000, 0x200B}, {0x200E, 0x2C2F},
    {0x3000, 0x3004}, {0x3008, 0x3029}, {0xD800, 0xF8FF}, {0xFB00, 0xFDFF}, {0xFE10, 0xFE1F},
    {0xFE30, 0xFFFF},
};
static const struct range greek[] = {{0x370, 0x3E1}, {0x3F0, 0x3FF}, {0x1F00, 0x1FFF}};
static const struct range hebrew[] = {{0x591, 0x5F4}, {0xFB1D, 0xFB4F}};
static const struct range kana_han[] = {
    {0x3005, 0x3007}, {0x3021, 0x3029}, {0x3041, 0x3096}, {0x309D, 0x309F}, {0x30A1, 0x30FA},
    {0x30FD, 0x30FF}, {0x31F0, 0x31FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAD9},
    {0x20000, 0x3134A},
};
static const struct range arabic_digits[] = {{0x660, 0x669}};
static const struct range other_digits[] = {{0x6F0, 0x6F9}};
static const struct range right_to_left[] = {
    {0x5BE, 0x5BE}, {0x5C0, 0x5C0}, {0x5C3, 0x5C3}, {0x5D0, 0x5F4}, {0x608, 0x608}, {0x61B, 0x64A},
    {0x66D, 0x66F}, {0x671, 0x6D5}, {0x6E5, 0x6E6}, {0x6EE, 0x6EF}, {0x6FA, 0x7B1}, {0x7C0, 0x7EA},
};
/* Letters of Arabic that join to what follows, and those that join only to what comes before. */
static const struct range joins_both[] = {
    {0x620, 0x620}, {0x626, 0x626}, {0x628, 0x628}, {0x62A, 0x62E}, {0x633, 0x63F}, {0x641, 0x647},
    {0x649, 0x64A}, {0x66E, 0x66F}, {0x678, 0x687}, {0x69A, 0x6BF}, {0x6C1, 0x6C2}, {0x6CC, 0x6CC},
};
static const struct range joins_before[] = {
    {0x622, 0x625}, {0x627, 0x627}, {0x629, 0x629}, {0x62F, 0x632}, {0x648, 0x648}, {0x671, 0x673},
    {0x688, 0x699},
};

/* ---- UTF-8 and Punycode */

/* Decodes one character; false for what is no UTF-8. */
static bool take_char(struct mlp_str *s, uint32_t *c)
{
    unsigned char first = (unsigned char)s->p[0];
    size_t n = first < 0x80 ? 1 : mlp_utf8_sequence(*s);
    if (n == 0)
        return false;
    *c = n == 1 ? first : first & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | ((unsigned char)s->p[i] & 0x3F);
    s->p += n;
    s->n -= n;
    return true;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    for (delta += delta / points; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

static uint32_t digit_of(char c)
{
    return c >= '0' && c <= '9'         ? (uint32_t)(c - '0') + 26
           : (c | 32) >= 'a' && (c | 32) <= 'z' ? (uint32_t)((c | 32) - 'a')
                                                : 99;
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
}

/* One variable-length integer (RFC 3492, 6.2); false when it is cut or too large. */
static bool take_delta(struct mlp_str *s, uint32_t bias, uint32_t *i)
{
    uint64_t weight = 1, sum = *i;
    for (uint32_t k = 36;; k += 36) {
        uint32_t digit = s->n ? digit_of(s->p[0]) : 99, t = threshold(k, bias);
        if (digit > 35)
            return false;
        s->p++, s->n--;
        sum += digit * weight;
        if (sum > 0x7FFFFFFF)
            return false;
        *i = (uint32_t)sum;
        if (digit < t)
            return true;
        weight *= 36 - t;
        if (weight > 0x7FFFFFFF)
            return false;
    }
}

static bool insert(struct label *out, size_t at, uint32_t c)
{
    if (out->n >= sizeof out->c / sizeof *out->c)
        return false;
    memmove(out->c + at + 1, out->c + at, (out->n - at) * sizeof *out->c);
    out->c[at] = c;
    out->n++;
    return true;
}

/* What follows "xn--". */
static bool punycode(struct mlp_str s, struct label *out)
{
    uint32_t n = 128, i = 0, bias = 72;
    size_t basic = s.n;
    out->n = 0;
    while (basic > 0 && s.p[basic - 1] != '-')
        basic--;
    for (size_t k = 0; k + 1 < basic; k++)
        if (!insert(out, out->n, (unsigned char)s.p[k]))
            return false;
    s = (struct mlp_str){s.p + basic, s.n - basic};
    bool any = s.n > 0 && basic != 1;
    while (s.n) {
        uint32_t before = i, points = (uint32_t)out->n + 1;
        if (!take_delta(&s, bias, &i))
            return false;
        bias = adapt(i - before, points, before == 0);
        n += i / points;
        i %= points;
        if (n > 0x10FFFF || !insert(out, i++, n))
            return false;
    }
    return any;
}

/* How many bytes a label takes in Punycode, "xn--" included: RFC 3492, 6.3. */
static size_t encoded_length(const struct label *x)
{
    uint32_t n = 128, delta = 0, bias = 72;
    size_t length = 4, done = 0, basic;
    for (size_t i = 0; i < x->n; i++)
        done += x->c[i] < 128;
    basic = done;
    length += done + (done > 0);
    while (done < x->n) {
        uint32_t m = UINT32_MAX;
        for (size_t i = 0; i < x->n; i++)
            m = x->c[i] >= n && x->c[i] < m ? x->c[i] : m;
        delta += (m - n) * (uint32_t)(done + 1);
        n = m;
        for (size_t i = 0; i < x->n; i++) {
            delta += x->c[i] < n;
            if (x->c[i] != n)
                continue;
            uint32_t q = delta;
            for (uint32_t k = 36; q >= threshold(k, bias); k += 36, length++)
                q = (q - threshold(k, bias)) / (36 - threshold(k, bias));
            length++;
            bias = adapt(delta, (uint32_t)done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
    return length;
}

/* ---- RFC 5892: contextual rules, appendix A */

static bool joiner_fits(const struct label *x, size_t i, bool non_joiner)
{
    if (i > 0 && IN(x->c[i - 1], viramas))
        return true;
    return non_joiner && i > 0 && i + 1 < x->n && IN(x->c[i - 1], joins_both) &&
           (IN(x->c[i + 1], joins_both) || IN(x->c[i + 1], joins_before));
}

static bool has_any(const struct label *x, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < x->n; i++)
        if (in(x->c[i], ranges, n))
            return true;
    return false;
}
#define HAS(x, table) has_any(x, table, sizeof table / sizeof *(table))

static bool context_fits(const struct label *x, size_t i)
{
    uint32_t before = i ? x->c[i - 1] : 0, next = i + 1 < x->n ? x->c[i + 1] : 0;
    switch (x->c[i]) {
    case 0xB7: return before == 'l' && next == 'l';
    case 0x375: return IN(next, greek);
    case 0x5F3:
    case 0x5F4: return IN(before, hebrew);
    case 0x30FB: return HAS(x, kana_han);
    case 0x200C: return joiner_fits(x, i, true);
    case 0x200D: return joiner_fits(x, i, false);
    default: return true;
    }
}

static bool char_fits(const struct label *x, size_t i)
{
    uint32_t c = x->c[i];
    if (IN(c, exceptions_valid))
        return true;
    return !IN(c, exceptions_not) && !IN(c, not_words) && context_fits(x, i);
}

/* The last character that is no mark. */
static uint32_t last_base(const struct label *x)
{
    size_t last = x->n;
    while (last > 0 && IN(x->c[last - 1], marks))
        last--;
    return last ? x->c[last - 1] : 0;
}

static const struct range left_to_right[] = {{'A', 'Z'}, {'a', 'z'}, {0xC0, 0x58F}};
static const struct range european_digits[] = {{'0', '9'}, {0x6F0, 0x6F9}};

/* RFC 5893, 2, for labels that have a right-to-left character. */
static bool bidi_fits(const struct label *x)
{
    bool arabic = HAS(x, arabic_digits);
    uint32_t end = last_base(x);
    if (!HAS(x, right_to_left) && !arabic)
        return true;
    if (HAS(x, left_to_right) || (arabic && HAS(x, european_digits)))
        return false;
    bool number = IN(end, european_digits) || IN(end, arabic_digits);
    return IN(x->c[0], right_to_left) && (number || IN(end, right_to_left));
}

static bool unicode_label(const struct label *x)
{
    if (x->n == 0 || x->c[0] == '-' || x->c[x->n - 1] == '-' || IN(x->c[0], marks))
        return false;
    if (x->n > 3 && x->c[2] == '-' && x->c[3] == '-')
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (!char_fits(x, i))
            return false;
    if (HAS(x, arabic_digits) && HAS(x, other_digits))
        return false;
    return bidi_fits(x) && encoded_length(x) <= LABEL_MOST;
}

/* ---- names */

static bool ascii_label(struct mlp_str s)
{
    if (s.n == 0 || s.n > LABEL_MOST || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (digit_of(s.p[i]) > 35 && s.p[i] != '-')
            return false;
    return true;
}

static bool is_ascii(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool has_two_hyphens(struct mlp_str s)
{
    return s.n > 3 && s.p[2] == '-' && s.p[3] == '-';
}

static bool decode(struct mlp_str s, struct label *x)
{
    while (s.n)
        if (x->n >= LABEL_MOST * 2 || !take_char(&s, &x->c[x->n++]))
            return false;
    return true;
}

static bool label_holds(struct mlp_str s, bool unicode, bool *bidi)
{
    struct label x = {.n = 0};
    bool ascii = is_ascii(s);
    bool ace = has_two_hyphens(s) && (s.p[0] | 32) == 'x' && (s.p[1] | 32) == 'n';
    if (ascii ? !ascii_label(s) : !unicode)
        return false;
    if (ascii && !ace)
        return !unicode || !has_two_hyphens(s);
    if (ascii ? !punycode((struct mlp_str){s.p + 4, s.n - 4}, &x) : !decode(s, &x))
        return false;
    *bidi = *bidi || HAS(&x, right_to_left);
    return unicode_label(&x);
}

/* Bytes of a full stop, ideographic, fullwidth or halfwidth ones too; 0 for none. */
static size_t stop_at(struct mlp_str s, bool unicode)
{
    static const char *const stops[] = {"\xE3\x80\x82", "\xEF\xBC\x8E", "\xEF\xBD\xA1"};
    if (s.n && s.p[0] == '.')
        return 1;
    for (size_t i = 0; i < 3 && unicode; i++)
        if (mlp_str_starts(s, stops[i]))
            return 3;
    return 0;
}

bool mlp_idn_hostname(struct mlp_str s, bool unicode)
{
    bool bidi = false, digit_first = false;
    if (s.n == 0 || s.n > NAME_MOST)
        return false;
    for (;;) {
        struct mlp_str label = {s.p, 0}, rest = s;
        size_t stop = 0;
        while (rest.n && !(stop = stop_at(rest, unicode)))
            rest.p++, rest.n--, label.n++;
        if (!label_holds(label, unicode, &bidi))
            return false;
        digit_first = digit_first || (label.p[0] >= '0' && label.p[0] <= '9');
        if (!stop)
            return !(bidi && digit_first);
        s = (struct mlp_str){rest.p + stop, rest.n - stop};
    }
}

bool mlp_idn_domain(struct mlp_str s)
{
    struct mlp_str label;
    if (s.n == 0 || s.n > NAME_MOST || !mlp_str_utf8(s))
        return false;
    while (s.p && mlp_str_split(&s, '.', &label)) {
        if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++)
            if ((unsigned char)label.p[i] < 0x80 && digit_of(label.p[i]) > 35 &&
                label.p[i] != '-')
                return false;
    }
    return true;
}
