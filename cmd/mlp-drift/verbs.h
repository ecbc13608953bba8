/* The verbs of mlp-drift: one file each; and what they share. */
#ifndef MLP_DRIFT_VERBS_H
#define MLP_DRIFT_VERBS_H

#include "base/opt.h"
#include "base/vec.h"
#include "report/report.h"
#include "stat/shift.h"
#include "table/flatten.h"
#include "table/input.h"

extern const struct mlp_verb verb_check, verb_profile, verb_merge;

/* One side of a comparison. Embedded: zeroed, then loaded, then finished. Columns are those of the
 * profile; extra names what the data have besides (texts in the profile's arena). */
struct side {
    struct mlp_profile profile;
    char name[512];                /* for people */
    char digest[80];               /* of the package it came from; may be empty */
    bool rows, log;                /* read from rows; those of a prediction log */
    struct mlp_vec extra;          /* of struct mlp_str */
    bool *seen;                    /* by column of the reference; NULL: all */
    uint64_t malformed, first_malformed; /* rows left out, and the line of the first */
};

/* Loads what a reference may be: profile, package, table, or (with a registry) NAME@ALIAS. */
enum mlp_code side_reference(struct side *s, const char *ref, const char *registry,
                             const struct mlp_input *r, struct mlp_err *e);
/* Loads rows or a profile to compare with ref. */
enum mlp_code side_current(struct side *s, const char *path, const struct side *ref,
                           const struct mlp_input *r, struct mlp_err *e);
void side_fini(struct side *s);

/* Profiles the rows of path; ref NULL makes a first profile, exact by a second pass when path is a
 * file that needs it. keep: hold small columns for exact tests. */
enum mlp_code profile_rows(struct side *s, const char *path, const struct mlp_profile *ref,
                           const struct mlp_input *r, bool keep, struct mlp_err *e);

/* How to judge. */
struct judging {
    double alpha, effect;
    bool (*adjust)(double *, size_t);  /* NULL: none */
    bool strict;
    const struct mlp_cmd *cmd;         /* for the lists of columns */
    int opt_columns, opt_ignore;
};

/* What can be said about one column. */
enum question { ASK_LOST, ASK_NEW, ASK_TYPE, ASK_VALUES, ASK_MISSING, ASK_INFINITE, ASK_UNSEEN };
enum verdict { SAME, UNKNOWN, MAYBE, SLIGHT, DRIFT };
struct finding {
    enum question question;
    enum verdict verdict;
    struct mlp_str column;
    const struct mlp_pcolumn *ref, *cur;  /* NULL when a side lacks the column */
    struct mlp_shift shift;
    double adjusted, visible;
    uint64_t before, after;               /* counts, for shares */
};

/* Compares both sides: fills findings (of struct finding), worst and largest first. */
enum mlp_code compare(const struct side *ref, const struct side *cur, const struct judging *j,
                      struct mlp_vec *findings, struct mlp_err *e);

/* Puts findings into a report, with their plots when html is wanted. */
enum mlp_code tell(struct mlp_report *r, const struct side *ref, const struct side *cur,
                   const struct judging *j, const struct mlp_vec *findings, struct mlp_err *e);

/* The verdict over all columns: title and numbers. */
void add_summary(struct mlp_report *r, const struct side *ref, const struct side *cur,
                 const struct mlp_vec *findings);

/* Appends a table of both distributions a column, as SVG, for the page. */
void add_plots(const struct mlp_vec *findings, struct mlp_buf *b);
const char *verdict_name(enum verdict v);

#endif
