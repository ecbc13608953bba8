/* The verbs of mlp-validate: one file each; and what they share. */
#ifndef MLP_VALIDATE_VERBS_H
#define MLP_VALIDATE_VERBS_H

#include "base/opt.h"
#include "report/report.h"
#include "table/table.h"

extern const struct mlp_verb verb_check, verb_infer, verb_profile, verb_merge, verb_model,
    verb_lint;

/* Options of how a table is read, the same in every verb that reads one: rows for the option
 * table, and the indices that they get. */
#define INPUT_OPTION_INDICES OPT_DELIMITER, OPT_NULL, OPT_NO_HEADER, OPT_INPUT
#define INPUT_OPTIONS \
    [OPT_DELIMITER] = {"delimiter", 'd', MLP_OPT_TEXT, "CHAR", \
                       "what separates fields (default: by name or content)", NULL, NULL, false}, \
    [OPT_NULL] = {"null", 0, MLP_OPT_TEXT, "TEXT", "a text that means missing", NULL, NULL, true}, \
    [OPT_NO_HEADER] = {"no-header", 0, MLP_OPT_FLAG, NULL, \
                       "there is no header: columns are c1, c2, ...", NULL, NULL, false}, \
    [OPT_INPUT] = {"input", 0, MLP_OPT_CHOICE, "FORMAT", "what the input is", \
                   "auto|csv|tsv|ndjson", "auto", false}

/* Indices of the four options in the verb's own table. */
struct input_indices {
    int delimiter, null, no_header, input;
};
#define INPUT_INDICES ((struct input_indices){OPT_DELIMITER, OPT_NULL, OPT_NO_HEADER, OPT_INPUT})

/* Fills the options of the table. nulls must have room for 33 texts. */
enum mlp_code input_options(const struct mlp_cmd *cmd, struct input_indices at,
                            const char **nulls, struct mlp_table_options *o, struct mlp_err *e);

/* Saves a report to every --report, and prints it to stderr in `format` unless it is NULL. */
enum mlp_code give_report(const struct mlp_cmd *cmd, int opt_report, const struct mlp_report *r,
                          const char *format, struct mlp_err *e);

#endif
