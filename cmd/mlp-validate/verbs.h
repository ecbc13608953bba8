/* The verbs of mlp-validate: one file each; and what they share. */
#ifndef MLP_VALIDATE_VERBS_H
#define MLP_VALIDATE_VERBS_H

#include "base/opt.h"
#include "report/report.h"
#include "table/input.h"

extern const struct mlp_verb verb_check, verb_infer, verb_profile, verb_merge, verb_model,
    verb_invariance, verb_leakage, verb_lint, verb_convert;

/* Tells on stderr what reading or writing a rules file left out: "FILE:LINE:COLUMN: note: ...". */
struct mlp_import_notes;
void tell_notes(const char *path, const struct mlp_import_notes *notes);

/* Saves a report to every --report, and prints it to stderr in `format` unless it is NULL. */
enum mlp_code give_report(const struct mlp_cmd *cmd, int opt_report, const struct mlp_report *r,
                          const char *format, struct mlp_err *e);

/* Prints a report to stdout in `format`. */
enum mlp_code print_report(const struct mlp_report *r, const char *format, struct mlp_err *e);

/* A text as a number, NaN when it is none. */
double number_of(struct mlp_str text);

/* The row of an option table, and what it says: 1 to 64. */
#define THREADS_OPTION \
    {"threads", 'j', MLP_OPT_INT, "N", "work on N threads; 0: one a processor", NULL, "0", false}
unsigned thread_count(const struct mlp_cmd *cmd, int opt);

#endif
