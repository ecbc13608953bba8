/* import_count.h: what the readers of Soda's files and of DQDL share: languages whose checks are a
 * number and what it must be. A number of rows that has to be 0 becomes a rule on rows, so that
 * those rows are rejected; any other becomes a rule that is decided at the end. */
#ifndef MLP_RULE_IMPORT_COUNT_H
#define MLP_RULE_IMPORT_COUNT_H

#include "rule/import.h"

/* What a number must be. Texts, as they may be $(name); p NULL where open. outside: it must not be
 * that. percent: they are percentages, of rules whose number is a share. Borrowed. */
struct mlp_import_bounds {
    struct mlp_str lo, hi;
    bool open_lo, open_hi, outside, percent;
};

/* By a comparison: "<" "<=" ">" ">=" "=" "!=". False for another. */
bool mlp_import_bounds_by(struct mlp_import_bounds *b, struct mlp_str op, struct mlp_str value);
/* Only 0 is within, of a number that is not negative; whole: nor has it a fraction. */
bool mlp_import_bounds_zero(const struct mlp_import_bounds *b, bool whole);
/* The same for any number from 0: nothing is asked. */
bool mlp_import_bounds_any(const struct mlp_import_bounds *b);
/* Puts the interval under a key, with the place of `from`. */
void mlp_import_bounds_put(struct mlp_doc *d, struct mlp_node *map, const char *key,
                           const struct mlp_import_bounds *b, const struct mlp_node *from);

/* What all checks of a line have. Texts are borrowed until a function returns. */
struct mlp_import_head {
    struct mlp_doc *out;
    const struct mlp_node *from;  /* where it stands */
    struct mlp_str name;
    struct mlp_str filter;        /* an expression: the rows that it is about; n 0: all */
    const char *severity;         /* NULL: error */
    const struct mlp_node *env;   /* a list of names of only_env, or NULL */
};

/* Appends a check with its name, severity and environments, and with `when` when asked for. Takes
 * the document's root away on failure, as import.h says. */
struct mlp_node *mlp_import_head_check(const struct mlp_import_head *h, bool when);
/* The same with `column`; type NULL: none. A value that is no such is trouble. */
struct mlp_node *mlp_import_head_column(const struct mlp_import_head *h, struct mlp_str column,
                                        const char *type);
/* The same with `columns`, a list of n names. */
struct mlp_node *mlp_import_head_columns(const struct mlp_import_head *h,
                                         const struct mlp_str *columns, size_t n);
/* How many rows `which`, an expression, is true of (n 0: all of the filter). */
void mlp_import_head_count(const struct mlp_import_head *h, struct mlp_str which,
                           const struct mlp_import_bounds *b);
/* The same as a share of the rows of the filter. */
void mlp_import_head_share(const struct mlp_import_head *h, struct mlp_str which,
                           const struct mlp_import_bounds *b);
/* {expect: ...}: a rule on rows. */
void mlp_import_head_expect(const struct mlp_import_head *h, struct mlp_str expect);
/* A text under a key. */
void mlp_import_put_text(struct mlp_doc *d, struct mlp_node *map, const char *key,
                         struct mlp_str text, const struct mlp_node *from);

#endif
