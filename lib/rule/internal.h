/* internal.h: compiled rules, shared by the files of this module. */
#ifndef MLP_RULE_INTERNAL_H
#define MLP_RULE_INTERNAL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/map.h"
#include "base/rng.h"
#include "rule/expr.h"
#include "rule/format.h"
#include "rule/hashes.h"
#include "rule/rule.h"

#include <pcre2.h>

enum mlp_rule_kind {
    /* on rows */
    MLP_RULE_SHAPE, MLP_RULE_REQUIRED, MLP_RULE_NULL, MLP_RULE_TYPE, MLP_RULE_MIN, MLP_RULE_MAX,
    MLP_RULE_FINITE, MLP_RULE_IN, MLP_RULE_NOT_IN, MLP_RULE_MATCH, MLP_RULE_MATCH_ALL,
    MLP_RULE_NOT_MATCH, MLP_RULE_READS, MLP_RULE_FORMAT, MLP_RULE_CELL_SCHEMA,
    MLP_RULE_LENGTH, MLP_RULE_RANGE, MLP_RULE_ORDER, MLP_RULE_UNIQUE, MLP_RULE_KEY,
    MLP_RULE_CHECK, MLP_RULE_JSON, MLP_RULE_WIDE,
    /* on columns, at the end */
    MLP_RULE_MISSING, MLP_RULE_PRESENT, MLP_RULE_VALUES, MLP_RULE_MEAN, MLP_RULE_STDEV,
    MLP_RULE_SUM, MLP_RULE_SKEWNESS, MLP_RULE_KURTOSIS, MLP_RULE_ZEROS, MLP_RULE_NEGATIVES,
    MLP_RULE_POSITIVES, MLP_RULE_VARIANCE, MLP_RULE_STDEV_POPULATION,
    MLP_RULE_VARIANCE_POPULATION, MLP_RULE_FRESH, MLP_RULE_LEAST, MLP_RULE_GREATEST,
    MLP_RULE_MEDIAN, MLP_RULE_QUANTILE, MLP_RULE_IQR, MLP_RULE_MEAN_LENGTH,
    MLP_RULE_LEAST_LENGTH, MLP_RULE_GREATEST_LENGTH, MLP_RULE_GROUP_ROWS,
    MLP_RULE_DISTINCT, MLP_RULE_DISTINCT_SHARE, MLP_RULE_SPREAD, MLP_RULE_KIND,
    MLP_RULE_DISTANCE, MLP_RULE_THERE, MLP_RULE_NEVER,
    /* on the table, at the end */
    MLP_RULE_ASSOCIATION, MLP_RULE_ROWS, MLP_RULE_SHARE, MLP_RULE_ROWS_RATIO, MLP_RULE_COLUMNS,
    MLP_RULE_REJECTS, MLP_RULE_HEADER, MLP_RULE_DRIFT
};

/* A text of up to 15 bytes, its length among them; all zero is a free slot. */
struct mlp_word {
    uint64_t a, b;
};

/* A set of values: texts, those of up to 15 bytes in `words` (open addressing, at most a quarter
 * full), and numbers in ascending order for numeric types. */
struct mlp_set {
    struct mlp_map texts;
    struct mlp_word *words;
    size_t mask;                  /* slots of words - 1 */
    double *numbers;
    size_t n;
};

/* A compiled regular expression; jit: it is machine code. */
struct mlp_regex {
    pcre2_code *code;
    bool jit;
};

struct mlp_field;
struct mlp_json_schema;
struct mlp_wide;
struct mlp_spread;
struct mlp_json_check;

/* What a value of another type means to the rules of a column: a rule of its own rejects it; it is
 * trouble; it stays, as a value that is equal to no number; no rule on values looks at it. */
enum mlp_unfit { MLP_UNFIT_REJECT, MLP_UNFIT_TROUBLE, MLP_UNFIT_KEEP, MLP_UNFIT_SKIP };
/* What it means to `format` that all values of a column are numbers or true and false: nothing;
 * every value fails; it is trouble. */
enum mlp_numbers { MLP_NUMBERS_ALLOW, MLP_NUMBERS_FAIL, MLP_NUMBERS_TROUBLE };

/* What the values of a column are as a whole: nothing, whole numbers of 64 bits, numbers, texts; by
 * the widest of them. */
enum mlp_kind { MLP_KIND_NONE, MLP_KIND_INT, MLP_KIND_FLOAT, MLP_KIND_TEXT };
/* How far two tables' values of a column are apart; see distance.h. */
enum mlp_distance { MLP_DISTANCE_JENSEN_SHANNON, MLP_DISTANCE_INFINITY_NORM,
                    MLP_DISTANCE_NORMALIZED_ABS };

/* One rule. lo and hi are bounds in the column's unit, NaN when open; open_lo: lo itself is out. */
struct mlp_rule {
    enum mlp_rule_kind kind;
    enum mlp_severity severity;
    struct mlp_str column, name;  /* "age", "min" */
    struct mlp_str expected;      /* words: ">= 0" */
    const struct mlp_node *node;  /* where it stands in the file */
    double lo, hi;
    bool open_lo, open_hi;
    bool outside;                 /* of rules at the end: the number is not within the bounds */
    struct mlp_str text_lo, text_hi; /* of RANGE over texts; p NULL: open */
    bool exclusive;
    double quantile;              /* of QUANTILE: 0 to 1 */
    double mostly;                /* share of rows that must hold, 1 by default */
    struct mlp_set set;
    struct mlp_vec regexes;       /* of struct mlp_regex; of MATCH and its kin */
    mlp_format_fn *format;        /* of FORMAT, */
    struct mlp_str pattern;       /* and what it is given */
    bool numbers;                 /* of ORDER: the type has an order of its own */
    int direction;                /* of ORDER: 1 up, -1 down; exclusive: no value twice; */
    bool sequential;              /* each one more than the one before */
    struct mlp_vec key_columns;   /* of struct mlp_str */
    struct mlp_expr *when, *expect; /* of CHECK and rules on the table; when may be NULL; of SHARE:
                                     part and whole, which may be NULL */
    struct mlp_wide *wide;        /* of WIDE and ASSOCIATION */
    struct mlp_json_schema *schema; /* of JSON and CELL_SCHEMA */
    struct mlp_field *field;      /* of READS */
    struct mlp_spread *spread;    /* of SPREAD */
    unsigned drift;               /* of DRIFT: enum mlp_drift_measure */
    unsigned kinds;               /* of KIND: those that it allows, by bit */
    enum mlp_against against;     /* of DISTANCE, THERE and ROWS_RATIO */
    enum mlp_distance distance;   /* of DISTANCE */
    bool quantiles;               /* of DISTANCE: bins of equal counts */
    const struct mlp_node *header; /* of HEADER: the node that says which columns */
    const struct mlp_node *meta;  /* where the rule comes from, for those who tell; or NULL */
};

/* Rules about one column, and its type. */
struct mlp_rule_column {
    struct mlp_str name;
    enum mlp_rule_type type;
    bool optional;
    bool declared;                /* under "columns", not by a check */
    enum mlp_unfit unfit;
    enum mlp_numbers numbers;
    const struct mlp_node *by;    /* columns whose values make groups, or NULL */
    const struct mlp_node *missing; /* texts that mean missing, instead of the empty one; or
                                     NULL */
    struct mlp_expr *when;        /* the rows that they are about, or NULL; owned */
    unsigned of_kind;             /* kinds of columns that they count for, by bit; 0: all */
    size_t first, n;              /* its rules, in rules->rules */
};

enum mlp_columns_mode { MLP_COLUMNS_ANY, MLP_COLUMNS_EXACT, MLP_COLUMNS_ORDERED,
                        MLP_COLUMNS_SUPERSET, MLP_COLUMNS_SUBSET };

struct mlp_rules {
    struct mlp_doc doc;
    struct mlp_arena arena;
    struct mlp_vec rules;         /* of struct mlp_rule, those of a column together */
    struct mlp_vec columns;       /* of struct mlp_rule_column */
    struct mlp_vec history;       /* of struct mlp_history_rule (history.c) */
    struct mlp_file_rule file;
    bool has_file;
    enum mlp_columns_mode mode;
    const char **nulls;           /* ends with NULL; NULL when the file has none */
    const char **names;           /* of the columns of a table without a header; likewise */
    char comment;
    size_t skip_rows;
    char delimiter;
    bool unnamed;                 /* columns may have no name */
    bool blank_rows;              /* a blank row is no good row */
};

/* What counting a rule needs. seen: rows that it is about; absent: those of them that it passes
 * over for a missing value. */
struct mlp_tally {
    uint64_t failed, total, seen, absent;
    struct mlp_example_row examples[MLP_REPORT_EXAMPLES];
    size_t nexamples;
};

/* What a cell is. BAD: its row is not well formed, so that no rule looks at it. */
enum mlp_cell_state { MLP_CELL_ABSENT, MLP_CELL_FITS, MLP_CELL_WRONG, MLP_CELL_BAD };

/* One column of a batch, its cells side by side. value is 0 where state is not FITS. */
struct mlp_column_view {
    size_t n;
    struct mlp_cell *cell;
    double *value;
    uint8_t *state;               /* enum mlp_cell_state */
    uint8_t *fails;               /* 1 where the rule at hand does not hold */
    size_t count[4];              /* cells by state */
};

/* What a column comes to, over the values that are finite numbers of its type. */
struct mlp_column_sums {
    bool wants_moments, wants_values, wants_lengths;
    uint64_t rows, missing, n, zeros, negatives, positives;
    uint64_t texts, characters;   /* values that are not missing, and what they are long: */
    size_t shortest, longest;     /* the least and the most */
    double mean, m2, m3, m4, sum, least, greatest;
    double *values;               /* for quantiles */
    size_t nvalues, cap;
    size_t most;                  /* of values: beyond it they are a fair sample */
    uint64_t offered;             /* how many there were: more than nvalues, and it is a sample */
    struct mlp_rng rng;
    bool sorted;
};
/* What n rules of a column ask for. */
void mlp_column_sums_init(struct mlp_column_sums *s, const struct mlp_rule *rules, size_t n);
void mlp_column_sums_fini(struct mlp_column_sums *s);
enum mlp_code mlp_column_sums_add(struct mlp_column_sums *s, const struct mlp_column_view *v,
                                  struct mlp_err *e);
/* One value more, for quantiles alone. */
enum mlp_code mlp_column_sums_keep(struct mlp_column_sums *s, double x, struct mlp_err *e);
/* The quantile q, between two values where it falls there, as numpy's default. NaN without any. */
double mlp_column_sums_quantile(struct mlp_column_sums *s, double q);
/* The number that a rule at the end looks at; NaN when there is none. */
double mlp_column_sums_value(struct mlp_column_sums *s, const struct mlp_rule *rule);
/* How far the rank of a quantile may be off, as a share of the rows; 0 while it is exact. */
double mlp_column_sums_rank_error(const struct mlp_column_sums *s);

/* Characters of a text in UTF-8. */
size_t mlp_text_length(struct mlp_str s);

/* What matching regular expressions needs. */
struct mlp_matcher {
    pcre2_match_data *data;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;       /* or NULL */
};

/* Type of a cell's text; true when it fits, with its number (date: seconds since 1970). */
bool mlp_value_parse(enum mlp_rule_type type, struct mlp_str text, double *value);

/* The number in a set, or the text. */
bool mlp_set_has_number(const struct mlp_set *s, double v);
bool mlp_set_has_text(const struct mlp_set *s, struct mlp_str text);
/* Fills `words` from `texts`, in the arena. False without memory. */
bool mlp_set_index(struct mlp_set *s, struct mlp_arena *a);

/* Fills n, cell, value, state and count of a view with room for the rows from a column. */
void mlp_column_view(struct mlp_column_view *v, const struct mlp_batch *b, size_t column,
                     enum mlp_rule_type type);

/* What a rule remembers from batch to batch. */
struct mlp_rule_state {
    struct mlp_hashes hashes;     /* UNIQUE, KEY, DISTINCT */
    bool started;                 /* ORDER: the value before, */
    double last;                  /* a number, */
    struct mlp_buf last_text;     /* or a text */
    struct mlp_json_check *json;  /* CELL_SCHEMA: what evaluating takes */
};

/* mark.c: fills v->fails for a rule on rows (not KEY, CHECK); how many fail. */
size_t mlp_rule_mark(const struct mlp_rule *rule, const struct mlp_column_view *v,
                     const struct mlp_matcher *m, struct mlp_rule_state *state,
                     struct mlp_err *e);

/* mark_cell_schema.c: the same for values that are no JSON, or not as the schema says. */
size_t mlp_rule_mark_cell_schema(const struct mlp_rule *rule, const struct mlp_column_view *v,
                          struct mlp_rule_state *state, struct mlp_err *e);
/* Every value that is there fails. */
size_t mlp_rule_mark_present(const struct mlp_column_view *v);

/* Compiles; MLP_EINPUT with the character. */
enum mlp_code mlp_regex_init(struct mlp_regex *r, struct mlp_str text, struct mlp_err *e);
/* Searches s: as pcre2_match. */
int mlp_regex_find(const struct mlp_regex *r, struct mlp_str s, const struct mlp_matcher *m);
/* The declared column of that name, or NULL. */
const struct mlp_rule_column *mlp_rules_column(const struct mlp_rules *r, struct mlp_str name);

/* row_check.c: a rule of kind CHECK, bound to the columns of a table. */
struct mlp_row_check {
    const struct mlp_rule *rule;
    struct mlp_expr_place *when, *expect;
    bool absent;                  /* a column that it names is not there, as it may be */
};
struct mlp_row_binding {
    const struct mlp_rules *rules;
    const struct mlp_table *table;
    struct mlp_arena *arena;
    struct mlp_str missing;       /* a column that ought to be there; p NULL: none */
    bool absent;
};
/* The places of the columns that an expression names (NULL: none), in the arena. */
enum mlp_code mlp_expr_bind(const struct mlp_expr *x, struct mlp_row_binding *to,
                            struct mlp_expr_place **places, struct mlp_err *e);
enum mlp_code mlp_row_check_bind(struct mlp_row_check *c, const struct mlp_rule *rule,
                                 struct mlp_row_binding *to, struct mlp_err *e);

/* Rows that the check is about, and which of them fail; in the batch's arena. */
struct mlp_row_marks {
    uint8_t *fails;
    size_t failed, total;
};
enum mlp_code mlp_row_check_mark(const struct mlp_row_check *c, struct mlp_expr_context *context,
                                 const struct mlp_batch *b, struct mlp_row_marks *out,
                                 struct mlp_err *e);
/* "start=5 end=3", in the batch's arena. */
struct mlp_str mlp_row_check_value(const struct mlp_row_check *c, const struct mlp_batch *b,
                                   size_t r);

enum mlp_code mlp_matcher_init(struct mlp_matcher *m, struct mlp_err *e);
void mlp_matcher_fini(struct mlp_matcher *m);

/* kind.c: the kind of a text, read as Python's int() and float() would; and the kind of a column
 * widened by its values. */
enum mlp_kind mlp_kind_of(struct mlp_str text);
void mlp_kind_add(enum mlp_kind *kind, const struct mlp_column_view *v);
extern const char *const mlp_kind_names[]; /* by enum mlp_kind, ends with NULL */

extern const char *const mlp_rule_type_names[]; /* indexed by enum mlp_rule_type, ends with NULL */

#endif
