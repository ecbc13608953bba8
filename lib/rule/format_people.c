/* format_people.c: formats of what people write: numbers of telephones, cards and insurance, sums
 * of money; and texts that something has cut. */
#include "rule/format.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ITU-T E.164: 7 to 15 digits, perhaps a plus before them and signs between them. */
bool mlp_format_phone(struct mlp_str s, struct mlp_str pattern)
{
    size_t digits = 0;
    (void)pattern;
    for (size_t i = 0; i < s.n; i++) {
        bool sign = i && memchr(" .-/()", s.p[i], 6);
        digits += is_digit(s.p[i]);
        if (!is_digit(s.p[i]) && !sign && !(i == 0 && (s.p[i] == '+' || s.p[i] == '(')))
            return false;
    }
    return digits >= 7 && digits <= 15 && (is_digit(s.p[s.n - 1]) || s.p[s.n - 1] == ')');
}

/* ISO/IEC 7812-1: 12 to 19 digits whose check digit is Luhn's. */
bool mlp_format_card(struct mlp_str s, struct mlp_str pattern)
{
    unsigned sum = 0, digits = 0;
    (void)pattern;
    for (size_t i = s.n; i > 0; i--) {
        char c = s.p[i - 1];
        if ((c == ' ' || c == '-') && i > 1 && i < s.n)
            continue;
        if (!is_digit(c))
            return false;
        unsigned d = (unsigned)(c - '0') << (digits++ % 2);
        sum += d > 9 ? d - 9 : d;
    }
    return digits >= 12 && digits <= 19 && sum % 10 == 0;
}

/* A number of the social security of the USA, AAA-GG-SSSS: no part is all zeros, and the first is
 * not 666 or from 900 on. */
bool mlp_format_ssn(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    if (s.n != 11)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (i == 3 || i == 6 ? s.p[i] != '-' : !is_digit(s.p[i]))
            return false;
    return memcmp(s.p, "000", 3) != 0 && memcmp(s.p, "666", 3) != 0 && s.p[0] != '9' &&
           memcmp(s.p + 4, "00", 2) != 0 && memcmp(s.p + 7, "0000", 4) != 0;
}

/* The length of a sign of currency at the start: a code of three capitals, or a symbol. */
static size_t currency_sign(struct mlp_str s)
{
    static const char *const symbols[] = {"$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5",
                                          "\xe2\x82\xb9", "\xe2\x82\xa9", NULL};
    for (size_t i = 0; symbols[i]; i++)
        if (mlp_str_starts(s, symbols[i]))
            return strlen(symbols[i]);
    for (size_t i = 0; i < 3; i++)
        if (i >= s.n || s.p[i] < 'A' || s.p[i] > 'Z')
            return 0;
    return 3;
}

static size_t count_digits(struct mlp_str s)
{
    size_t n = 0;
    while (n < s.n && is_digit(s.p[n]))
        n++;
    return n;
}

/* Digits, perhaps in groups of three, and perhaps two places behind a point or a comma. */
static bool is_amount(struct mlp_str s)
{
    char cents = s.n > 3 ? s.p[s.n - 3] : 0;
    if (cents == '.' || cents == ',') {
        if (count_digits((struct mlp_str){s.p + s.n - 2, 2}) != 2)
            return false;
        s.n -= 3;
    }
    size_t head = count_digits(s);
    if (head == s.n)
        return head > 0;
    char group = s.p[head];
    if (head == 0 || head > 3 || group == cents || !memchr(",.' ", group, 4))
        return false;
    for (size_t i = head; i < s.n; i += 4)
        if (s.p[i] != group || i + 4 > s.n || count_digits((struct mlp_str){s.p + i + 1, 3}) != 3)
            return false;
    return true;
}

bool mlp_format_currency(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s.p++, s.n--;
    size_t sign = currency_sign(s);
    s.p += sign, s.n -= sign;
    for (size_t cut = 1; !sign && cut <= 3 && cut < s.n; cut++) {
        struct mlp_str tail = {s.p + s.n - cut, cut};
        if (currency_sign(tail) == cut)
            s.n -= (sign = cut);
    }
    return is_amount(mlp_str_trim(s));
}

/* As frictionless' check truncated-value: 255 characters, or a number that is the last of its
 * size in a computer. */
bool mlp_format_whole(struct mlp_str s, struct mlp_str pattern)
{
    static const char *const ends[] = {"18446744073709551616", "18446744073709551615",
                                       "9223372036854775807", "4294967295", "2147483647",
                                       "2097152", "65536", "65535", "32767", NULL};
    (void)pattern;
    for (size_t i = 0; ends[i]; i++)
        if (mlp_str_is(s, ends[i]))
            return false;
    return s.n != 255;
}
