/* format_schema.c: the formats of JSON Schema (draft-bhutton-json-schema-validation-01, 7.3) as
 * their RFCs have them; those that format.c has already are taken from there. */
#include "rule/format_idn.h"
#include "rule/internal.h"
#include "rule/json_schema_inside.h"

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

static struct mlp_str after(struct mlp_str s, size_t n)
{
    return (struct mlp_str){s.p + n, s.n - n};
}

static bool has_format(const char *name, struct mlp_str s)
{
    return mlp_format_find(mlp_str_from(name))(s, s);
}

/* ---- times: RFC 3339, 5.6 */

/* Two digits at p, up to `most`; -1 for others. */
static int two_digits(struct mlp_str s, size_t at, int most)
{
    if (at + 2 > s.n || !is_digit(s.p[at]) || !is_digit(s.p[at + 1]))
        return -1;
    int v = (s.p[at] - '0') * 10 + s.p[at + 1] - '0';
    return v <= most ? v : -1;
}

/* Minutes east of Greenwich; false for no zone. */
static bool take_zone(struct mlp_str s, int *minutes)
{
    *minutes = 0;
    if (s.n == 1 && (s.p[0] | 32) == 'z')
        return true;
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
        return false;
    int h = two_digits(s, 1, 23), m = two_digits(s, 4, 59);
    *minutes = (h * 60 + m) * (s.p[0] == '-' ? -1 : 1);
    return h >= 0 && m >= 0;
}

static bool full_time(struct mlp_str s, struct mlp_str pattern)
{
    int zone, h = two_digits(s, 0, 23), m = two_digits(s, 3, 59), second = two_digits(s, 6, 60);
    size_t at = 8;
    (void)pattern;
    if (h < 0 || m < 0 || second < 0 || s.n < 9 || s.p[2] != ':' || s.p[5] != ':')
        return false;
    if (s.p[at] == '.') {
        size_t from = ++at;
        while (at < s.n && is_digit(s.p[at]))
            at++;
        if (at == from)
            return false;
    }
    if (!take_zone(after(s, at), &zone))
        return false;
    /* A leap second is the last of a day in UTC. */
    return second < 60 || (h * 60 + m - zone + 2880) % 1440 == 1439;
}

static bool date_time(struct mlp_str s, struct mlp_str pattern)
{
    struct mlp_str date = {s.p, 10};
    return s.n > 11 && (s.p[10] | 32) == 't' && has_format("date", date) &&
           full_time(after(s, 11), pattern);
}

/* Number and unit, in the order of `units`; how many were there. */
static int take_units(struct mlp_str *s, const char *units)
{
    int n = 0;
    while (s->n && is_digit(s->p[0])) {
        size_t i = 0;
        while (i < s->n && is_digit(s->p[i]))
            i++;
        const char *unit = i < s->n ? strchr(units, s->p[i]) : NULL;
        if (!unit || !*unit)
            return -1;
        units = unit + 1;
        *s = after(*s, i + 1);
        n++;
    }
    return n;
}

/* Whether the first and the last of three units are there without the one between them. */
static bool has_gap(struct mlp_str s, const char *units)
{
    return mlp_str_find(s, units[0]) < s.n && mlp_str_find(s, units[1]) == s.n &&
           mlp_str_find(s, units[2]) < s.n;
}

/* All of s is units, some of them and without a gap. */
static bool units_only(struct mlp_str s, const char *units)
{
    bool gap = units[1] && has_gap(s, units);
    return take_units(&s, units) > 0 && s.n == 0 && !gap;
}

/* RFC 3339, appendix A: P1Y2M3DT4H5M6S or P7W; units follow each other without a gap. */
static bool duration(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    if (s.n < 3 || s.p[0] != 'P')
        return false;
    size_t t = mlp_str_find(s, 'T');
    struct mlp_str days = {s.p + 1, t - 1};
    if (t < s.n && !units_only(after(s, t + 1), "HMS"))
        return false;
    return (t < s.n && days.n == 0) || units_only(days, "YMD") ||
           (t == s.n && units_only(days, "W"));
}

/* ---- names of hosts and addresses of mail */

static bool hostname(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return mlp_idn_hostname(s, false);
}

static bool idn_hostname(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return mlp_idn_hostname(s, true);
}

/* [127.0.0.1] and [IPv6:::1]: RFC 5321, 4.1.3. */
static bool address_literal(struct mlp_str s)
{
    if (s.n < 3 || s.p[0] != '[' || s.p[s.n - 1] != ']')
        return false;
    s = (struct mlp_str){s.p + 1, s.n - 2};
    return mlp_str_starts(s, "IPv6:") ? has_format("ipv6", after(s, 5)) : has_format("ipv4", s);
}

/* "..." with what RFC 5321, 4.1.2 lets stand there. */
static bool quoted_local(struct mlp_str s, bool unicode)
{
    if (s.n < 3 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\\' && i + 2 < s.n)
            i++;
        else if (c == '"' || c == '\\' || c < 0x20 || c == 0x7F || (c >= 0x80 && !unicode))
            return false;
    }
    return true;
}

static bool dotted_local(struct mlp_str s, bool unicode)
{
    if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '.' && s.p[i + 1] == '.')
            return false;
        if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "!#$%&'*+-/=?^_`{|}~.") &&
            !((unsigned char)c >= 0x80 && unicode))
            return false;
    }
    return true;
}

static bool mail(struct mlp_str s, bool unicode)
{
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != '@')
        at--;
    if (at < 2 || at > 65)
        return false;
    struct mlp_str local = {s.p, at - 1}, domain = after(s, at);
    return (dotted_local(local, unicode) || quoted_local(local, unicode)) &&
           (address_literal(domain) ||
            (unicode ? mlp_idn_domain(domain) : mlp_idn_hostname(domain, false)));
}

static bool email(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return mail(s, false);
}

static bool idn_email(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return mail(s, true);
}

/* ---- RFC 3986 and 3987 */

/* Unreserved, sub-delims, percent signs and `more`; of IRIs, what is not ASCII as well. */
static bool all_of(struct mlp_str s, const char *more, bool iri)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%' && (i + 2 >= s.n || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])))
            return false;
        if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "-._~!$&'()*+,;=%") &&
            !is_one_of(c, more) && !((unsigned char)c >= 0x80 && iri))
            return false;
    }
    return true;
}

/* [::1] or [v1.x]: what is between the brackets. */
static bool ip_literal(struct mlp_str s)
{
    size_t dot = mlp_str_find(s, '.');
    if (s.n && (s.p[0] | 32) == 'v' && dot < s.n) {
        for (size_t i = 1; i < dot; i++)
            if (!is_hex(s.p[i]))
                return false;
        return dot > 1 && dot + 1 < s.n && all_of(after(s, dot + 1), ":", false) &&
               mlp_str_find(s, '%') == s.n;
    }
    return has_format("ipv6", s);
}

static bool authority(struct mlp_str s, bool iri)
{
    size_t at = mlp_str_find(s, '@');
    if (at < s.n) {
        if (!all_of((struct mlp_str){s.p, at}, ":", iri))
            return false;
        s = after(s, at + 1);
    }
    size_t host = s.n && s.p[0] == '[' ? mlp_str_find(s, ']') + 1 : mlp_str_find(s, ':');
    if (host > s.n)
        return false;
    for (size_t i = host + 1; i < s.n; i++)
        if (!is_digit(s.p[i]))
            return false;
    if (host < s.n && s.p[host] != ':')
        return false;
    if (s.n && s.p[0] == '[')
        return ip_literal((struct mlp_str){s.p + 1, host - 2});
    return all_of((struct mlp_str){s.p, host}, "", iri);
}

static bool scheme(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_letter(s.p[i]) && (i == 0 || (!is_digit(s.p[i]) && !is_one_of(s.p[i], "+-."))))
            return false;
    return s.n > 0;
}

/* Takes off what follows the first byte c; empty when there is none. */
static struct mlp_str cut_tail(struct mlp_str *s, char c)
{
    size_t at = mlp_str_find(*s, c);
    struct mlp_str tail = at < s->n ? after(*s, at + 1) : (struct mlp_str){NULL, 0};
    s->n = at;
    return tail;
}

static bool uri_of(struct mlp_str s, bool iri, bool absolute)
{
    struct mlp_str fragment = cut_tail(&s, '#'), query = cut_tail(&s, '?');
    size_t colon = mlp_str_find(s, ':'), slash = mlp_str_find(s, '/');
    bool has_scheme = colon < s.n && colon < slash;
    if (!all_of(fragment, ":@/?", iri) || !all_of(query, ":@/?", iri))
        return false;
    if (has_scheme ? !scheme((struct mlp_str){s.p, colon}) : absolute)
        return false;
    if (has_scheme)
        s = after(s, colon + 1);
    if (mlp_str_starts(s, "//")) {
        s = after(s, 2);
        size_t end = mlp_str_find(s, '/');
        if (!authority((struct mlp_str){s.p, end}, iri))
            return false;
        s = after(s, end);
    }
    return all_of(s, ":@/", iri);
}

static bool uri(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return uri_of(s, false, true);
}

static bool uri_reference(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return uri_of(s, false, false);
}

static bool iri(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return uri_of(s, true, true);
}

static bool iri_reference(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    return uri_of(s, true, false);
}

/* A percent sign and two hexadecimal digits. */
static bool is_escape(struct mlp_str s, size_t i)
{
    return s.p[i] == '%' && i + 2 < s.n && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]);
}

/* 1 to 9999. */
static bool prefix_length(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]))
            return false;
    return s.n > 0 && s.n < 5 && s.p[0] != '0';
}

/* name, name:3 or name*: RFC 6570, 2.3 and 2.4. */
static bool variable(struct mlp_str s)
{
    struct mlp_str name = s;
    if (s.n && s.p[s.n - 1] == '*')
        name.n--;
    struct mlp_str prefix = cut_tail(&name, ':');
    if (prefix.p && !prefix_length(prefix))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        bool dot = name.p[i] == '.' && i > 0 && i + 1 < name.n && name.p[i - 1] != '.';
        if (!is_letter(name.p[i]) && !is_digit(name.p[i]) && name.p[i] != '_' && !dot &&
            !is_escape(name, i))
            return false;
    }
    return name.n > 0;
}

/* What may stand between expressions. */
static bool template_text(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || is_one_of(s.p[i], "\"'<>\\^`|}") ||
            (s.p[i] == '%' && !is_escape(s, i)))
            return false;
    return true;
}

/* RFC 6570: texts and {expressions}. */
static bool uri_template(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    while (s.n) {
        size_t open = mlp_str_find(s, '{'), end = mlp_str_find(s, '}');
        if (!template_text((struct mlp_str){s.p, open}))
            return false;
        if (open == s.n)
            return true;
        if (end == s.n || end <= open + 1)
            return false;
        struct mlp_str inner = {s.p + open + 1, end - open - 1}, one;
        if (is_one_of(inner.p[0], "+#./;?&=,!@|"))
            inner = after(inner, 1);
        if (inner.n == 0)
            return false;
        while (inner.p && mlp_str_split(&inner, ',', &one))
            if (!variable(one))
                return false;
        s = after(s, end + 1);
    }
    return true;
}

/* ---- JSON pointers and regular expressions */

static bool json_pointer(struct mlp_str s, struct mlp_str pattern)
{
    (void)pattern;
    if (s.n && s.p[0] != '/')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
            return false;
    return true;
}

static bool relative_json_pointer(struct mlp_str s, struct mlp_str pattern)
{
    size_t n = 0;
    while (n < s.n && is_digit(s.p[n]))
        n++;
    if (n == 0 || (n > 1 && s.p[0] == '0'))
        return false;
    s = after(s, n);
    return mlp_str_is(s, "#") || json_pointer(s, pattern);
}

static bool regex(struct mlp_str s, struct mlp_str pattern)
{
    struct mlp_regex r;
    (void)pattern;
    bool ok = mlp_js_regex_init(&r, s, NULL) == MLP_OK;
    pcre2_code_free(r.code);
    return ok;
}

bool mlp_format_base64(struct mlp_str s, struct mlp_buf *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    size_t n = s.n;
    while (n && s.p[n - 1] == '=' && s.n - n < 2)
        n--;
    if (s.n % 4 || (s.n - n && n % 4 < 2))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *digit = s.p[i] ? strchr(digits, s.p[i]) : NULL;
        if (!digit)
            return false;
        bits = bits << 6 | (unsigned)(digit - digits);
        if (out && i % 4)
            mlp_buf_addc(out, (char)(bits >> (6 - i % 4 * 2) & 0xFF));
    }
    return true;
}

mlp_format_fn *mlp_format_schema(struct mlp_str name)
{
    static const struct {
        const char *name;
        mlp_format_fn *fn;
    } own[] = {
        {"date-time", date_time}, {"time", full_time}, {"duration", duration}, {"email", email},
        {"idn-email", idn_email}, {"hostname", hostname}, {"idn-hostname", idn_hostname},
        {"uri", uri}, {"uri-reference", uri_reference}, {"iri", iri},
        {"iri-reference", iri_reference}, {"uri-template", uri_template},
        {"json-pointer", json_pointer}, {"relative-json-pointer", relative_json_pointer},
        {"regex", regex},
    };
    static const char *const shared[] = {"date", "ipv4", "ipv6", "uuid"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (mlp_str_is(name, own[i].name))
            return own[i].fn;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (mlp_str_is(name, shared[i]))
            return mlp_format_find(name);
    return NULL;
}
