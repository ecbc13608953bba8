/* compile.h: what the readers of a rules file share: the rules being made, the column at hand and
 * what holds for all of its rules. The first fault is kept; readers do nothing after one. */
#ifndef MLP_RULE_COMPILE_H
#define MLP_RULE_COMPILE_H

#include "rule/internal.h"
#include "rule/rule.h"

#define MLP_RULES_BYTES ((size_t)16 << 20)

struct mlp_maker {
    struct mlp_rules *rules;
    struct mlp_err *e;
    struct mlp_str column;        /* of the rules that come; empty for rules on the table */
    struct mlp_str label;         /* their name, when the check has one */
    enum mlp_rule_type type;
    enum mlp_unfit unfit;
    enum mlp_severity severity;
    double mostly;
    const struct mlp_node *meta;  /* of the check at hand, or NULL */
    struct mlp_str env;           /* environment at hand; empty: all rules count */
    const struct mlp_node *envs;  /* the section that declares their names, or NULL */
    bool env_known;               /* something has named it */
};

static inline bool mlp_make_failed(const struct mlp_maker *m)
{
    return m->e->code != MLP_OK;
}

/* "KEY: expected ...", at the node. */
void mlp_make_fault(struct mlp_maker *m, const struct mlp_node *n, const char *expected);

/* `before` and the first 200 bytes of text, in the arena. */
struct mlp_str mlp_make_words(struct mlp_maker *m, const char *before, struct mlp_str text);

/* Appends a rule of the column at hand, named like n's key. NULL after a failure. */
struct mlp_rule *mlp_make_rule(struct mlp_maker *m, enum mlp_rule_kind kind,
                               const struct mlp_node *n);

/* "8%" or 0.08. */
bool mlp_make_share(const struct mlp_node *n, double *out);

/* A rule whose value is an interval: [lo, hi] with null for an open end, {min: lo, max: hi}, or
 * one number for both ends. */
void mlp_make_interval(struct mlp_maker *m, const struct mlp_node *n, enum mlp_rule_kind kind);

/* The same for bounds of the caller's: an interval whose ends may be left out with `above` and
 * `below` in the place of `min` and `max`; {} has none. False after a fault. */
struct mlp_bounds {
    double lo, hi;
    bool open_lo, open_hi;
};
bool mlp_make_bounds(struct mlp_maker *m, const struct mlp_node *n, bool in_unit,
                     struct mlp_bounds *out);
/* The same of numbers for a rule that is decided at the end, which {not: INTERVAL} may stand for,
 * too. False after a fault. */
bool mlp_make_number_bounds(struct mlp_maker *m, struct mlp_rule *r, const struct mlp_node *n);
/* ">= 1", "above 1, to 9", "any" */
struct mlp_str mlp_make_bounds_words(struct mlp_maker *m, const struct mlp_bounds *b);

/* history.c: a figure that is compared with the runs before; the section, which may be NULL. */
struct mlp_history_rule {
    struct mlp_str figure, change_words;
    const struct mlp_node *node;
    bool changes;
    struct mlp_bounds change;     /* this run by the last */
    double deviations;            /* standard ones from the mean; NaN: not a rule */
    size_t least;                 /* runs for that */
};
void mlp_make_history(struct mlp_maker *m, const struct mlp_node *map);
/* The section `file`, which may be NULL. */
void mlp_make_file(struct mlp_maker *m, const struct mlp_node *map);

/* keys_spread.c: keys whose rules look at all values of a column (distinct_in, kl, ...). */
void mlp_make_spread(struct mlp_maker *m, const struct mlp_node *n);

/* keys_against.c: what a column is as a whole (kind, there, never), its distance from another table
 * and the rows there. */
void mlp_make_kind(struct mlp_maker *m, const struct mlp_node *n);
void mlp_make_there(struct mlp_maker *m, const struct mlp_node *n);
void mlp_make_never(struct mlp_maker *m, const struct mlp_node *n);
void mlp_make_distance(struct mlp_maker *m, const struct mlp_node *n);
void mlp_make_rows_ratio(struct mlp_maker *m, const struct mlp_node *map);
/* Names of kinds, as bits; 0 after a fault. */
unsigned mlp_make_kinds(struct mlp_maker *m, const struct mlp_node *n);

/* keys_text.c: a JSON Schema for each value. */
void mlp_make_cell_schema(struct mlp_maker *m, const struct mlp_node *n);
/* keys_text.c: patterns of SQL's LIKE. */
void mlp_make_like(struct mlp_maker *m, const struct mlp_node *n);
/* One regular expression more for a rule; n is what errors point at. */
void mlp_make_regex(struct mlp_maker *m, struct mlp_rule *r, struct mlp_str text,
                    const struct mlp_node *n);

/* keys_wide.c: `unique: all` of a column. */
void mlp_make_unique_all(struct mlp_maker *m, const struct mlp_node *n);

/* The key `by` of a check about a column: its rules are judged for each group of rows. n may be
 * NULL. */
void mlp_make_group_rows(struct mlp_maker *m, const struct mlp_node *map);
void mlp_make_by(struct mlp_maker *m, const struct mlp_node *n, struct mlp_rule_column *c);

/* keys_wide.c: whether a check is about several columns or the table's header, and its rules. */
bool mlp_make_is_wide(const struct mlp_node *check);
void mlp_make_wide(struct mlp_maker *m, const struct mlp_node *check);

/* The expression under a key, parsed; NULL when there is none. */
struct mlp_expr *mlp_make_expr(struct mlp_maker *m, const struct mlp_node *map, const char *key);

/* The keys mostly and severity, for all rules of a map. */
void mlp_make_tolerance(struct mlp_maker *m, const struct mlp_node *map);

/* Adds the rules on m->column that a map holds, as a column of the rules. more: names of further
 * keys that the map may have, ends with NULL. when: rows that they are about, NULL for all. */
void mlp_make_column(struct mlp_maker *m, const struct mlp_node *map, const char *const *more,
                     struct mlp_expr *when);

#endif
