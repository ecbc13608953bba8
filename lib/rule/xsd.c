/* xsd.c: which datatypes there are, and those that are neither numbers nor times. */
#include "rule/xsd.h"

#include <math.h>

#define ANY -INFINITY, INFINITY
#define TEXT(name) {name, MLP_XSD_TEXT, ANY, NULL}
#define TIME(name, layout) {name, MLP_XSD_TIME, ANY, layout}
#define WHOLE(name, lo, hi) {name, MLP_XSD_INTEGER, lo, hi, NULL}

static const struct mlp_xsd_base bases[] = {
    TEXT("string"), TEXT("anyAtomicType"), TEXT("any"), TEXT("anyURI"), TEXT("normalizedString"),
    TEXT("token"), TEXT("language"), TEXT("Name"), TEXT("NMTOKEN"), TEXT("QName"), TEXT("xml"),
    TEXT("html"), TEXT("json"),
    {"boolean", MLP_XSD_BOOLEAN, ANY, NULL},
    {"base64Binary", MLP_XSD_BINARY, ANY, NULL}, {"binary", MLP_XSD_BINARY, ANY, NULL},
    {"hexBinary", MLP_XSD_BINARY, ANY, NULL},
    {"number", MLP_XSD_FLOAT, ANY, NULL}, {"double", MLP_XSD_FLOAT, ANY, NULL},
    {"float", MLP_XSD_FLOAT, ANY, NULL}, {"decimal", MLP_XSD_DECIMAL, ANY, NULL},
    WHOLE("integer", -INFINITY, INFINITY), WHOLE("long", -0x1p63, 0x1p63),
    WHOLE("int", -0x1p31, 0x1p31 - 1), WHOLE("short", -32768, 32767), WHOLE("byte", -128, 127),
    WHOLE("nonNegativeInteger", 0, INFINITY), WHOLE("positiveInteger", 1, INFINITY),
    WHOLE("nonPositiveInteger", -INFINITY, 0), WHOLE("negativeInteger", -INFINITY, -1),
    WHOLE("unsignedLong", 0, 0x1p64), WHOLE("unsignedInt", 0, 0x1p32 - 1),
    WHOLE("unsignedShort", 0, 65535), WHOLE("unsignedByte", 0, 255),
    TIME("date", "yyyy-MM-dd\1"), TIME("time", "HH:mm:ss\2\1"),
    TIME("dateTime", "yyyy-MM-ddTHH:mm:ss\2\1"), TIME("datetime", "yyyy-MM-ddTHH:mm:ss\2\1"),
    TIME("dateTimeStamp", "yyyy-MM-ddTHH:mm:ss\2XXX"), TIME("gDay", "---dd\1"),
    TIME("gMonth", "--MM\1"), TIME("gMonthDay", "--MM-dd\1"), TIME("gYear", "yyyy\1"),
    TIME("gYearMonth", "yyyy-MM\1"),
    {"duration", MLP_XSD_DURATION, ANY, NULL},
    {"dayTimeDuration", MLP_XSD_DURATION, ANY, NULL},
    {"yearMonthDuration", MLP_XSD_DURATION, ANY, NULL},
};

const struct mlp_xsd_base *mlp_xsd_find(struct mlp_str name)
{
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (mlp_str_is(name, bases[i].name))
            return &bases[i];
    return NULL;
}

bool mlp_xsd_takes(const struct mlp_xsd *d)
{
    size_t bar = mlp_str_find(d->format, '|');
    switch (d->base->class) {
    case MLP_XSD_BOOLEAN: return bar > 0 && bar + 1 < d->format.n;
    case MLP_XSD_FLOAT:
    case MLP_XSD_DECIMAL:
    case MLP_XSD_INTEGER: return mlp_xsd_is_pattern(d);
    case MLP_XSD_TIME: return mlp_xsd_is_layout(d->format);
    default: return false;
    }
}

static bool read_boolean(struct mlp_str format, struct mlp_str s, double *value)
{
    size_t bar = mlp_str_find(format, '|');
    struct mlp_str yes = {format.p, bar}, no = {format.p + bar + 1, format.n - bar - 1};
    *value = format.n ? mlp_str_eq(s, yes) : mlp_str_is(s, "true") || mlp_str_is(s, "1");
    return *value > 0 ||
           (format.n ? mlp_str_eq(s, no) : mlp_str_is(s, "false") || mlp_str_is(s, "0"));
}

static bool is_hex(struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'f')))
            return false;
    return s.n % 2 == 0;
}

static bool is_base64(struct mlp_str s)
{
    size_t pads = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = (s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z';
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        pads += s.p[i] == '=';
        if (!pads && !letter && !digit && s.p[i] != '+' && s.p[i] != '/')
            return false;
        if (pads && s.p[i] != '=')
            return false;
    }
    return s.n % 4 == 0 && pads <= 2;
}

bool mlp_xsd_read(const struct mlp_xsd *d, struct mlp_str s, double *value)
{
    *value = NAN;
    switch (d->base->class) {
    case MLP_XSD_TEXT: return true;
    case MLP_XSD_BINARY: return d->base->name[0] == 'h' ? is_hex(s) : is_base64(s);
    case MLP_XSD_BOOLEAN: return read_boolean(d->format, s, value);
    case MLP_XSD_TIME:
        return mlp_xsd_time(d->format.n ? d->format : mlp_str_from(d->base->layout), s, value);
    case MLP_XSD_DURATION: return mlp_xsd_duration(d->base->name, s, value);
    default: return mlp_xsd_number(d, s, value);
    }
}
