/* import_soda_inside.h: what the readers of Soda's checks (SodaCL) and of its contracts share. */
#ifndef MLP_RULE_IMPORT_SODA_INSIDE_H
#define MLP_RULE_IMPORT_SODA_INSIDE_H

#include "rule/import_count.h"

#define SODA_TEXT ((size_t)1 << 20)
enum { SODA_COLUMNS = 16 };       /* most of one check */

/* What is read, the dataset and the check at hand. */
struct mlp_soda {
    const struct mlp_doc *in;
    struct mlp_doc *out;
    struct mlp_import_notes *notes;
    struct mlp_err *e;
    struct mlp_str dataset;
    struct mlp_str filter;        /* of the section or contract: an expression; n 0: none */
    const struct mlp_node *env;   /* a list, when there are several datasets; or NULL */
};

static inline bool mlp_soda_failed(const struct mlp_soda *s)
{
    return s->e->code != MLP_OK;
}

/* MLP_EINPUT at a node, the first one: what cannot be said, and what to do instead. */
void mlp_soda_refuse(struct mlp_soda *s, const struct mlp_node *n, const char *fmt, ...)
    MLP_PRINTF(3, 4);

/* The text with ${x}, ${ x } and ${var.x} as $(x), each of which is a parameter then; in the arena
 * of the native document. Other templates are refused. */
struct mlp_str mlp_soda_text(struct mlp_soda *s, const struct mlp_node *at, struct mlp_str text);
/* A condition of SQL as an expression, in that arena; n 0 when n is NULL or after a fault. */
struct mlp_str mlp_soda_sql(struct mlp_soda *s, const struct mlp_node *n);
/* Two conditions, either of which may have n 0, as one. */
struct mlp_str mlp_soda_both(struct mlp_soda *s, struct mlp_str a, struct mlp_str b);
/* Declares a parameter (NULL: it has to be given) unless it is there. */
void mlp_soda_parameter(struct mlp_soda *s, struct mlp_str name, const struct mlp_node *value);

/* ---- import_soda_line.c: lines such as "missing_percent(a, b) < 5 %" */

struct mlp_soda_line {
    struct mlp_str metric;
    struct mlp_str args[SODA_COLUMNS];
    size_t nargs;
    bool has_bounds;
    struct mlp_import_bounds bounds; /* what passes; a length of time is in seconds */
    char seconds[2][32];          /* room for those */
};
/* False after a fault at n. text is what mlp_soda_text made. */
bool mlp_soda_line(struct mlp_soda *s, const struct mlp_node *n, struct mlp_str text,
                   struct mlp_soda_line *out);
/* "when > 5": the bounds of what is well, that is, of the opposite. */
bool mlp_soda_when(struct mlp_soda *s, const struct mlp_node *n, struct mlp_soda_line *out);
/* "values in (a, b) must exist in other (c, d)" */
struct mlp_soda_reference {
    struct mlp_str columns[2][SODA_COLUMNS], dataset;
    size_t n;
};
bool mlp_soda_reference(struct mlp_soda *s, const struct mlp_node *n, struct mlp_str text,
                        struct mlp_soda_reference *out);

/* ---- import_soda_values.c: which values are missing, valid or invalid */

struct mlp_soda_values {
    const struct mlp_node *missing_values, *missing_regex, *missing_format;
    const struct mlp_node *valid_values, *valid_regex, *valid_format;
    const struct mlp_node *valid_min, *valid_max;
    const struct mlp_node *valid_length, *valid_min_length, *valid_max_length;
    const struct mlp_node *invalid_values, *invalid_regex, *invalid_format;
    bool include_null;            /* nothing is invalid, too */
};
bool mlp_soda_has_validity(const struct mlp_soda_values *v);
/* Expressions that are true of the rows whose value is missing; is there and not valid; is there
 * and valid. Never null or wrong. In the arena. */
struct mlp_str mlp_soda_missing(struct mlp_soda *s, struct mlp_str column,
                                const struct mlp_soda_values *v);
struct mlp_str mlp_soda_invalid(struct mlp_soda *s, struct mlp_str column,
                                const struct mlp_soda_values *v);
struct mlp_str mlp_soda_usable(struct mlp_soda *s, struct mlp_str column,
                               const struct mlp_soda_values *v);

/* ---- import_soda_schema.c */

/* The value of `schema`. */
void mlp_soda_schema(struct mlp_soda *s, const struct mlp_node *check,
                     const struct mlp_node *config);
/* The type of the language that SQL's is held to: NULL where any text will do. False for one that
 * is not known. */
bool mlp_soda_type(struct mlp_str sql, const char **native);

/* ---- checks of both */

/* Puts "rows_in_file": the rows of a dataset, which is the file of the parameter of its name. */
void mlp_soda_put_reference(struct mlp_soda *s, struct mlp_node *check, struct mlp_str dataset,
                            const struct mlp_str *columns, size_t n, const struct mlp_node *from);
/* The key of an aggregate such as avg, and whether it needs numbers; NULL for another. */
const char *mlp_soda_aggregate(struct mlp_str metric, bool *numbers);

#endif
