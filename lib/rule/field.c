/* field.c: texts as values of Table Schema's types. */
#include "rule/field.h"

#include "base/time.h"
#include "text/num.h"

#include <math.h>

#define MOST_DIGITS 400

const char *const mlp_field_type_names[] = {
    "any",  "string",    "integer",  "number",   "boolean", "date",   "time",  "datetime", "year",
    "yearmonth", "duration", "geopoint", "geojson", "object", "array", "list", "xsd", NULL,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- numbers */

/* Without what stands before the first digit or sign and after the last digit. */
static struct mlp_str bare_part(struct mlp_str s)
{
    while (s.n && !is_digit(s.p[0]) && s.p[0] != '-' && s.p[0] != '+')
        s.p++, s.n--;
    while (s.n && !is_digit(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* As a number is written elsewhere: no groups, a point. False for a point that is no decimal sign
 * here, and for what is too long. */
static bool plain_number(const struct mlp_field *f, struct mlp_str s, char *out, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (f->group && c == f->group)
            continue;
        if (*n + 1 >= MOST_DIGITS || (c == '.' && f->decimal != '.'))
            return false;
        out[(*n)++] = c == f->decimal ? '.' : c;
    }
    return true;
}

static bool is_special(struct mlp_str s)
{
    return mlp_str_is(s, "NaN") || mlp_str_is(s, "INF") || mlp_str_is(s, "-INF");
}

static bool read_number(const struct mlp_field *f, struct mlp_str text, double *value)
{
    char plain[MOST_DIGITS];
    size_t n;
    struct mlp_str s = mlp_str_trim(text);
    if (f->type == MLP_FIELD_NUMBER && is_special(s)) {
        *value = s.p[0] == 'N' ? NAN : s.p[0] == 'I' ? INFINITY : -INFINITY;
        return true;
    }
    s = f->bare ? s : bare_part(s);
    if (!plain_number(f, s, plain, &n))
        return false;
    struct mlp_str number = {plain, n};
    size_t sign = n && (plain[0] == '-' || plain[0] == '+');
    if (n == sign || (!is_digit(plain[sign]) && plain[sign] != '.'))
        return false;
    for (size_t i = sign; i < n && f->type == MLP_FIELD_INTEGER; i++)
        if (!is_digit(plain[i]))
            return false;
    return mlp_num_f64(number, value);
}

/* ---- words */

static bool is_among(const struct mlp_node *list, const char *const *otherwise, struct mlp_str s)
{
    for (const struct mlp_node *n = list ? list->child : NULL; n; n = n->next)
        if (mlp_str_eq(n->text, s))
            return true;
    for (; !list && *otherwise; otherwise++)
        if (mlp_str_is(s, *otherwise))
            return true;
    return false;
}

static bool read_boolean(const struct mlp_field *f, struct mlp_str s, double *value)
{
    static const char *const trues[] = {"true", "True", "TRUE", "1", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", "0", NULL};
    *value = is_among(f->trues, trues, s);
    return *value > 0 || is_among(f->falses, falses, s);
}

/* Base64 as Python's lenient decoder takes it: what is no digit of it is passed over. */
static bool is_base64(struct mlp_str s)
{
    size_t digits = 0, pads = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = (s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z';
        digits += letter || is_digit(s.p[i]) || s.p[i] == '+' || s.p[i] == '/';
        pads += s.p[i] == '=';
    }
    return digits % 4 == 0 || (digits % 4 > 1 && digits % 4 + pads >= 4);
}

static bool read_string(const struct mlp_field *f, struct mlp_str s)
{
    static const char *const schema[] = {"email", "uri", "uuid", NULL};
    if (mlp_str_is(f->format, "binary"))
        return is_base64(s);
    for (size_t i = 0; schema[i]; i++)
        if (mlp_str_is(f->format, schema[i]))
            return mlp_format_schema(f->format)(s, s);
    return true;
}

/* ---- times */

static bool clock_default(struct mlp_str s, double *value)
{
    if (!mlp_format_find(MLP_STR("time"))(s, s) || s.n < 8)
        return false;
    struct mlp_str clock = {s.p, 8};
    mlp_format_time(clock, MLP_STR("%H:%M:%S"), value);
    double zone = 0;
    struct mlp_str tail = {s.p + 8, s.n - 8};
    if (tail.n > 1 && mlp_format_time(tail, MLP_STR("%z"), &zone))
        *value += zone + 2208988800.0; /* the pattern's day is 1900-01-01 */
    return true;
}

static bool datetime_default(struct mlp_str s, double *value)
{
    int64_t seconds;
    uint32_t nano;
    if (s.n < 19 || s.p[10] != 'T' || !mlp_time_parse(s, &seconds, &nano))
        return false;
    *value = (double)seconds + nano * 1e-9;
    return true;
}

static bool read_time(const struct mlp_field *f, struct mlp_str s, double *value)
{
    struct mlp_str format = f->format;
    if (mlp_str_is(format, "any"))
        return mlp_format_dateutil(s, s);
    if (mlp_str_starts(format, "fmt:"))
        format = (struct mlp_str){format.p + 4, format.n - 4};
    if (format.n)
        return mlp_format_time(s, format, value);
    switch (f->type) {
    case MLP_FIELD_DATE: return s.n == 10 && mlp_format_time(s, MLP_STR("%Y-%m-%d"), value);
    case MLP_FIELD_TIME: return clock_default(s, value);
    default: return datetime_default(s, value);
    }
}

static bool read_year(struct mlp_str s, double *value)
{
    int64_t year;
    bool sign = s.n && s.p[0] == '-';
    if (s.n != 4 + (size_t)sign || !is_digit(s.p[sign]) || !mlp_str_i64(s, &year))
        return false;
    *value = (double)year;
    return true;
}

static bool read_yearmonth(struct mlp_str s, double *value)
{
    double seconds;
    if (s.n != 7 || !mlp_format_time(s, MLP_STR("%Y-%m"), &seconds))
        return false;
    *value = (s.p[0] - '0') * 12000 + (s.p[1] - '0') * 1200 + (s.p[2] - '0') * 120 +
             (s.p[3] - '0') * 12 + (s.p[5] - '0') * 10 + (s.p[6] - '0');
    return true;
}

/* ---- all */

static bool read_list(const struct mlp_field *f, struct mlp_str s)
{
    struct mlp_field item = {.type = f->item, .decimal = '.', .bare = true, .lo = NAN, .hi = NAN};
    double value;
    while (s.p) {
        const char *at = f->separator.n ? memmem(s.p, s.n, f->separator.p, f->separator.n) : NULL;
        struct mlp_str part = {s.p, at ? (size_t)(at - s.p) : s.n};
        if (!mlp_field_read(&item, part, &value))
            return false;
        s = at ? (struct mlp_str){at + f->separator.n, s.n - part.n - f->separator.n}
               : (struct mlp_str){NULL, 0};
    }
    return true;
}

/* Types whose values have no number. */
static bool read_shape(const struct mlp_field *f, struct mlp_str s)
{
    switch (f->type) {
    case MLP_FIELD_DURATION: return mlp_field_duration(s);
    case MLP_FIELD_GEOPOINT: return mlp_field_geopoint(f->format, s);
    case MLP_FIELD_GEOJSON: return mlp_field_geojson(f->format, s);
    case MLP_FIELD_OBJECT: return mlp_field_json(s, MLP_DOC_MAP);
    case MLP_FIELD_ARRAY: return mlp_field_json(s, MLP_DOC_LIST);
    case MLP_FIELD_LIST: return read_list(f, s);
    case MLP_FIELD_STRING: return read_string(f, s);
    default: return true;
    }
}

bool mlp_field_read(const struct mlp_field *f, struct mlp_str s, double *value)
{
    *value = NAN;
    switch (f->type) {
    case MLP_FIELD_INTEGER:
    case MLP_FIELD_NUMBER: return read_number(f, s, value);
    case MLP_FIELD_BOOLEAN: return read_boolean(f, s, value);
    case MLP_FIELD_DATE:
    case MLP_FIELD_TIME:
    case MLP_FIELD_DATETIME: return read_time(f, s, value);
    case MLP_FIELD_YEAR: return read_year(s, value);
    case MLP_FIELD_YEARMONTH: return read_yearmonth(s, value);
    case MLP_FIELD_XSD: return mlp_xsd_read(&f->datatype, s, value);
    default: return read_shape(f, s);
    }
}

/* ---- XML Schema */

/* Of binaries the bytes that they stand for. */
static uint64_t length_of(const struct mlp_field *f, struct mlp_str s)
{
    if (f->datatype.base->class != MLP_XSD_BINARY)
        return mlp_text_length(s);
    if (f->datatype.base->name[0] == 'h')
        return s.n / 2;
    size_t pads = s.n && s.p[s.n - 1] == '=' ? 1u + (s.n > 1 && s.p[s.n - 2] == '=') : 0;
    return s.n / 4 * 3 - pads;
}

/* Texts keep the blanks around them; the others do not. */
static bool one_holds(const struct mlp_field *f, struct mlp_str s)
{
    double v;
    s = f->datatype.base->class == MLP_XSD_TEXT ? s : mlp_str_trim(s);
    uint64_t n = f->least || f->most != UINT64_MAX ? length_of(f, s) : 0;
    if (!mlp_xsd_read(&f->datatype, s, &v) || n < f->least || n > f->most)
        return false;
    return !(v < f->lo || (f->open_lo && v == f->lo) || v > f->hi || (f->open_hi && v == f->hi));
}

static bool xsd_holds(const struct mlp_field *f, struct mlp_str s)
{
    if (!f->separator.n)
        return one_holds(f, s);
    while (s.p) {
        const char *at = memmem(s.p, s.n, f->separator.p, f->separator.n);
        struct mlp_str part = {s.p, at ? (size_t)(at - s.p) : s.n};
        if (!one_holds(f, part))
            return false;
        s = at ? (struct mlp_str){at + f->separator.n, s.n - part.n - f->separator.n}
               : (struct mlp_str){NULL, 0};
    }
    return true;
}

/* ---- bounds */

/* By number where there is one, else by text. */
static bool is_in(const struct mlp_field *f, struct mlp_str s, double value)
{
    for (const struct mlp_node *n = f->in->child; n; n = n->next) {
        double other = NAN;
        if (mlp_str_eq(n->text, s))
            return true;
        if (!isnan(value) && mlp_field_read(f, n->text, &other) && other == value)
            return true;
    }
    return false;
}

bool mlp_field_holds(const struct mlp_field *f, struct mlp_str s)
{
    double v;
    if (f->type == MLP_FIELD_XSD)
        return xsd_holds(f, s);
    if (!mlp_field_read(f, s, &v))
        return f->bounds_only;
    if (v < f->lo || (f->open_lo && v == f->lo) || v > f->hi || (f->open_hi && v == f->hi))
        return false;
    return !f->in || is_in(f, s, v);
}
