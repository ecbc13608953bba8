/* field.h: what texts a column takes for values, where that is more than a type: the rule `reads`.
 * The types are those of Table Schema (Data Package v2), which has formats of numbers, words for
 * true and false, patterns of times, points and shapes on the globe; and XSD, the datatypes that
 * CSV on the Web takes from XML Schema (xsd.h). */
#ifndef MLP_RULE_FIELD_H
#define MLP_RULE_FIELD_H

#include "rule/xsd.h"
#include "rule/internal.h"

enum mlp_field_type {
    MLP_FIELD_ANY, MLP_FIELD_STRING, MLP_FIELD_INTEGER, MLP_FIELD_NUMBER, MLP_FIELD_BOOLEAN,
    MLP_FIELD_DATE, MLP_FIELD_TIME, MLP_FIELD_DATETIME, MLP_FIELD_YEAR, MLP_FIELD_YEARMONTH,
    MLP_FIELD_DURATION, MLP_FIELD_GEOPOINT, MLP_FIELD_GEOJSON, MLP_FIELD_OBJECT, MLP_FIELD_ARRAY,
    MLP_FIELD_LIST, MLP_FIELD_XSD
};

/* Indexed by enum mlp_field_type, ends with NULL. */
extern const char *const mlp_field_type_names[];

/* How a text is read. Bounds are in the type's unit: seconds for times, months for yearmonth; NaN
 * where open. */
struct mlp_field {
    enum mlp_field_type type;
    struct mlp_str format;        /* "any", "%d/%m/%y", "email", "topojson"; empty: default */
    char decimal, group;          /* of numbers; group 0: none */
    bool bare;                    /* false: letters and signs may stand around a number */
    const struct mlp_node *trues, *falses; /* words; NULL: true True TRUE 1, false False FALSE 0 */
    struct mlp_str separator;     /* of lists, ","; of XSD: what stands between several values,
                                     each of which is read; empty: there is one */
    struct mlp_xsd datatype; /* of XSD: format, decimal and group are those below */
    uint64_t least, most;         /* characters of XSD's texts, bytes of its binaries */
    enum mlp_field_type item;     /* of lists */
    double lo, hi;
    bool open_lo, open_hi;
    const struct mlp_node *in;    /* values that are allowed, written as in the column; or NULL */
    bool bounds_only;             /* a text that cannot be read holds: another rule tells of it */
};

/* Reads a text; *value is its number (seconds, months, 1 for true), NaN where it has none. */
bool mlp_field_read(const struct mlp_field *f, struct mlp_str text, double *value);

/* Whether a text holds to the field, bounds and all. */
bool mlp_field_holds(const struct mlp_field *f, struct mlp_str text);

/* field_shape.c: durations of ISO 8601, points and shapes. */
bool mlp_field_duration(struct mlp_str text);
bool mlp_field_geopoint(struct mlp_str format, struct mlp_str text);
bool mlp_field_geojson(struct mlp_str format, struct mlp_str text);
/* A JSON text whose value has the type. */
bool mlp_field_json(struct mlp_str text, enum mlp_doc_type type);

/* keys_field.c: the keys `reads` and `missing_values` of a column. */
struct mlp_maker;
void mlp_make_reads(struct mlp_maker *m, const struct mlp_node *n);

#endif
