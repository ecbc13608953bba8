/* checker.h: a checker at work, shared by the engine (check.c) and those that tell what it
 * found. */
#ifndef MLP_RULE_CHECKER_H
#define MLP_RULE_CHECKER_H

#include "base/thread.h"
#include "rule/distance.h"
#include "rule/json_row.h"
#include "rule/spread.h"
#include "rule/wide.h"

/* A column of the rules bound to one of the table; index -1 when the table lacks it. */
struct mlp_bound_column {
    const struct mlp_rule_column *column;
    int index;
    struct mlp_expr_place *when; /* of the column's `when` */
    struct mlp_column_sums sums;
    struct mlp_cell_kinds kinds, surveyed; /* when somebody asks; of the first look */
    struct mlp_groups *groups;   /* NULL: the rules are about all rows together */
    bool wants_kind;
    enum mlp_kind kind;          /* of the values so far, when somebody wants it */
    const struct mlp_bound_column *kind_from; /* who has it: the first of the same column */
};

/* A failing row: its record number from 0, and the cells that the rule looked at (p NULL where
 * missing), in the checker's arena. */
struct mlp_kept {
    uint64_t row;
    struct mlp_str *cells;
};

/* A table to compare with. */
struct mlp_other {
    bool given;
    uint64_t rows;
    struct mlp_str *names;        /* of its columns, in the checker's arena */
    size_t nnames;
};

/* A rule at work. */
struct mlp_active {
    const struct mlp_rule *rule;
    struct mlp_tally tally;
    struct mlp_rule_state state;
    struct mlp_vec key_index;   /* of int */
    struct mlp_row_check check; /* of kind CHECK */
    struct mlp_expr_place *when; /* of other rules on the table */
    struct mlp_expr_place *of;   /* of SHARE: the whole */
    struct mlp_json_row *json;  /* of kind JSON */
    struct mlp_wide_state wide;
    struct mlp_spread_state spread;
    struct mlp_spread_result found; /* of kind SPREAD, once it is decided */
    struct mlp_distance_state here, there; /* of DISTANCE: of this table and of the other */
    double value;               /* of rules at the end, once they are decided */
    bool holds;                 /* once decided */
    const char *words;          /* of DRIFT, once decided: why there is no value, static */
    struct mlp_vec kept;        /* of struct mlp_kept */
    uint64_t distinct;          /* of a group */
};
void mlp_active_fini(struct mlp_active *a);

/* What one thread needs to run rules. */
struct mlp_rule_lane {
    struct mlp_checker *c;
    struct mlp_column_view view;  /* of the column at hand */
    size_t room;                  /* rows that it has room for */
    const uint32_t *rows;         /* of the batch, that the view is of; NULL: all, in order */
    struct mlp_matcher matcher;
    struct mlp_vec rejects;       /* of struct mlp_reject, of this batch */
    struct mlp_arena kept;        /* of examples */
    struct mlp_arena scratch[2];  /* of this batch and the one before, by turns */
    struct mlp_err *e, error;     /* of the call at hand; e points to error, or to the caller's */
    size_t failed_at;             /* the work that the error is of */
};
enum mlp_code mlp_rule_lane_init(struct mlp_rule_lane *w, struct mlp_checker *c, struct mlp_err *e);
void mlp_rule_lane_fini(struct mlp_rule_lane *w);

struct mlp_checker {
    const struct mlp_rules *rules;
    struct mlp_bound_column *columns;
    struct mlp_active *active;    /* one a rule */
    size_t *row_rules, nrow_rules; /* those of them about several columns or none */
    struct mlp_tally shape;       /* rows that are not well formed */
    struct mlp_arena arena;
    struct mlp_team *team;        /* NULL: the caller's thread alone */
    struct mlp_rule_lane *lanes;       /* one a thread */
    unsigned nlanes;
    struct mlp_vec rejects[2];    /* of struct mlp_reject; of this batch and the one before */
    uint64_t rows, rejected;
    struct mlp_str columns_fault;
    double now;                   /* seconds since 1970, when checking began */
    size_t keep;                  /* failing rows to keep of each rule */
    struct mlp_str *names;        /* of the table's columns */
    size_t nnames;
    const char *source;           /* of the table */
    const struct mlp_profile *reference; /* NULL: rules of kind DRIFT are not judged */
    struct mlp_profile_side *side; /* what is counted against it */
    struct mlp_other others[MLP_AGAINSTS];
};

/* A batch to check: good and rejects[turn] are filled in. before runs meanwhile, nbefore times. */
struct mlp_check_work {
    const struct mlp_batch *batch;
    uint8_t *good;
    unsigned turn;                /* 0 or 1: what the other turn came to stays good */
    void (*before)(void *ctx);
    void *ctx;
    size_t nbefore;
};
enum mlp_code mlp_checker_work(struct mlp_checker *c, const struct mlp_check_work *work,
                               struct mlp_err *e);

/* check_drift.c: rules of kind DRIFT. */
enum mlp_code mlp_checker_drift_add(struct mlp_checker *c, const struct mlp_batch *b,
                                    struct mlp_err *e);
enum mlp_code mlp_checker_drift_decide(struct mlp_checker *c, struct mlp_active *a,
                                       struct mlp_err *e);
void mlp_checker_drift_free(struct mlp_checker *c);

/* The column of the rules that a rule is about; NULL for one on the table. */
struct mlp_bound_column *mlp_checker_column(const struct mlp_checker *c,
                                            const struct mlp_active *a);

/* check_report.c: the number that a rule at the end looks at, with the sums of its column or group;
 * NaN when there is none; and whether it is within the rule's bounds. */
double mlp_checker_end_value(const struct mlp_checker *c, const struct mlp_active *a,
                             struct mlp_column_sums *sums);
bool mlp_checker_end_holds(const struct mlp_rule *rule, double value);
/* Adds a check to the report with the rule's names and the tally's examples (which may be NULL);
 * what is observed of a rule on rows, and at the end. */
struct mlp_check *mlp_checker_tell(struct mlp_report *report, const struct mlp_rule *rule,
                                   const struct mlp_tally *tally, struct mlp_check *c);
struct mlp_str mlp_checker_row_words(struct mlp_report *report, const struct mlp_tally *t);
struct mlp_str mlp_checker_end_words(struct mlp_report *report, const struct mlp_active *a);
/* check_groups.c: a rule that is judged by groups: a check for each group that fails, or one. */
void mlp_checker_tell_groups(const struct mlp_checker *c, struct mlp_report *report,
                             struct mlp_active *a, struct mlp_groups *g);
/* check_against.c: rules about a column as a whole that compare with another table or with the
 * header. Sets a->value and a->holds. */
void mlp_checker_decide_against(const struct mlp_checker *c, struct mlp_active *a,
                                const struct mlp_bound_column *column, struct mlp_err *e);
/* Words about what was found, in the report; empty when there are none of its own. */
struct mlp_str mlp_checker_against_words(const struct mlp_checker *c, const struct mlp_active *a,
                                         struct mlp_report *report);
/* Whether a rule counts: its column is of the right kind. */
bool mlp_checker_counts(const struct mlp_checker *c, const struct mlp_active *a);
/* Whether a name is among names. */
bool mlp_checker_has_name(const struct mlp_str *names, size_t n, struct mlp_str name);

/* Whether so few rows fail that the rule holds. */
bool mlp_checker_row_holds(const struct mlp_rule *rule, const struct mlp_tally *t);

/* check_wide.c: rules that look at several columns of a row. */
void mlp_checker_survey_wide(struct mlp_rule_lane *w, struct mlp_active *a,
                             const struct mlp_batch *b);
/* Makes 1 of looks[r] for rows whose `when` is true. NULL after a failure. */
uint8_t *mlp_checker_looks(struct mlp_rule_lane *w, const struct mlp_active *a,
                           const struct mlp_batch *b);
/* check_wide.c: whether the table's header is as a rule of kind HEADER says. */
bool mlp_checker_header_holds(const struct mlp_checker *c, const struct mlp_rule *rule);
/* Whether a rule of kind HEADER names a column. */
bool mlp_checker_is_known(const struct mlp_rule *rule, struct mlp_str name);

#endif
