/* The verbs of mlp-validate: one file each; and what they share. */
#ifndef MLP_VALIDATE_VERBS_H
#define MLP_VALIDATE_VERBS_H

#include "base/opt.h"
#include "report/report.h"
#include "rule/rule.h"
#include "table/input.h"

extern const struct mlp_verb verb_check, verb_infer, verb_profile, verb_merge, verb_model,
    verb_invariance, verb_leakage, verb_package, verb_lint, verb_convert;

/* Tells on stderr what reading or writing a rules file left out: "FILE:LINE:COLUMN: note: ...". */
struct mlp_import_notes;
void tell_notes(const char *path, const struct mlp_import_notes *notes);

/* Saves a report to every --report, and prints it to stderr in `format` unless it is NULL. */
enum mlp_code give_report(const struct mlp_cmd *cmd, int opt_report, const struct mlp_report *r,
                          const char *format, struct mlp_err *e);

/* Prints a report to stdout in `format`. */
enum mlp_code print_report(const struct mlp_report *r, const char *format, struct mlp_err *e);

/* Rows of an option table: what rules files are given. MLP_EUSAGE when there are more than 64. */
#define PARAM_OPTION \
    {"param", 'P', MLP_OPT_TEXT, "NAME=VALUE", "value of a parameter of the rules", NULL, NULL, \
     true}
#define ENV_OPTION \
    {"env", 0, MLP_OPT_TEXT, "NAME", "check the rules for this environment, such as serving", \
     NULL, NULL, false}
#define MOST_PARAMS 64
struct given {
    struct mlp_rules_given rules;
    const char *params[MOST_PARAMS];
};
enum mlp_code given_read(const struct mlp_cmd *cmd, int opt_param, int opt_env, struct given *g,
                         struct mlp_err *e);

/* profile.c: the profile of a table's rows; out is zeroed, and the caller's to finish. */
struct mlp_profile;
enum mlp_code profile_of(const char *path, const struct mlp_table_options *options,
                         unsigned threads, struct mlp_profile *out, struct mlp_err *e);

/* A text as a number, NaN when it is none. */
double number_of(struct mlp_str text);

/* The row of an option table, and what it says: 1 to 64. */
#define THREADS_OPTION \
    {"threads", 'j', MLP_OPT_INT, "N", "work on N threads; 0: one a processor", NULL, "0", false}
unsigned thread_count(const struct mlp_cmd *cmd, int opt);

#endif
