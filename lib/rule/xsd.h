/* xsd.h: the datatypes of XML Schema, as CSV on the Web takes them from the texts of cells.
 *
 * Sources: W3C Model for Tabular Data and Metadata on the Web, 6.4 (formats of numbers, booleans,
 * dates and times; patterns of numbers are those of Unicode TR 35, part 3, 3); W3C XML Schema 1.1
 * part 2 (texts without a format; bounds of the derived types). */
#ifndef MLP_RULE_XSD_H
#define MLP_RULE_XSD_H

#include "base/str.h"

enum mlp_xsd_class { MLP_XSD_TEXT, MLP_XSD_BINARY, MLP_XSD_BOOLEAN,
                          MLP_XSD_FLOAT, MLP_XSD_DECIMAL, MLP_XSD_INTEGER,
                          MLP_XSD_TIME, MLP_XSD_DURATION };

/* A built-in datatype. */
struct mlp_xsd_base {
    const char *name;             /* "unsignedByte" */
    enum mlp_xsd_class class;
    double lo, hi;                /* of numbers; infinite where open */
    const char *layout;           /* of times without a format, see xsd_time.c */
};

/* By name ("number" and "any" too); NULL for an unknown one. */
const struct mlp_xsd_base *mlp_xsd_find(struct mlp_str name);

/* How texts are read. */
struct mlp_xsd {
    const struct mlp_xsd_base *base;
    struct mlp_str format;        /* "#,##0.00", "dd.MM.yyyy", "yes|no"; empty: none */
    char decimal, group;          /* of numbers; group 0: none */
};

/* Whether the base has such formats (numbers, booleans, times), and this is one. */
bool mlp_xsd_takes(const struct mlp_xsd *d);

/* Whether a text without blanks around it is one of the datatype. *value: of numbers theirs (a
 * percentage as a share), 0 or 1 of booleans, seconds since 1970 of times, of durations seconds
 * with months of a twelfth of 365.2425 days; NaN where there is none. */
bool mlp_xsd_read(const struct mlp_xsd *d, struct mlp_str text, double *value);

/* xsd_number.c, xsd_time.c: their parts of the two above. */
bool mlp_xsd_number(const struct mlp_xsd *d, struct mlp_str text, double *value);
bool mlp_xsd_is_pattern(const struct mlp_xsd *d);
bool mlp_xsd_time(struct mlp_str layout, struct mlp_str text, double *value);
bool mlp_xsd_is_layout(struct mlp_str layout);
bool mlp_xsd_duration(const char *name, struct mlp_str text, double *value);

#endif
