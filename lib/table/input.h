/* input.h: how a verb reads its table: the options that every such verb has, the rows that
 * they take in its option table, and the table options they come to. A verb writes
 *
 *     enum { OPT_OUTPUT, MLP_INPUT_NAMES };
 *     static const struct mlp_opt opts[] = { [OPT_OUTPUT] = {...}, MLP_INPUT_OPTS, {0} };
 *     mlp_input_init(&in, cmd, MLP_INPUT_INDICES, e)
 */
#ifndef MLP_TABLE_INPUT_H
#define MLP_TABLE_INPUT_H

#include "base/opt.h"
#include "table/table.h"

/* The names of the options for the verb's enum, and their rows for its option table. */
#define MLP_INPUT_NAMES OPT_DELIMITER, OPT_NULL, OPT_NO_HEADER, OPT_INPUT, OPT_ENCODING
#define MLP_INPUT_OPTS \
    [OPT_DELIMITER] = {"delimiter", 'd', MLP_OPT_TEXT, "CHAR", \
                       "what separates fields (default: by name or content)", NULL, NULL, false}, \
    [OPT_NULL] = {"null", 0, MLP_OPT_TEXT, "TEXT", "a text that means missing", NULL, NULL, true}, \
    [OPT_NO_HEADER] = {"no-header", 0, MLP_OPT_FLAG, NULL, \
                       "there is no header: columns are c1, c2, ...", NULL, NULL, false}, \
    [OPT_INPUT] = {"input", 0, MLP_OPT_CHOICE, "FORMAT", "what the input is", \
                   "auto|csv|tsv|ndjson", "auto", false}, \
    [OPT_ENCODING] = {"encoding", 0, MLP_OPT_CHOICE, "NAME", \
                      "how the input's text is encoded (default: UTF-8, or by its mark)", \
                      "auto|utf-8|utf-16|latin-1|windows-1252", "auto", false}

/* Where they stand in the verb's own table. */
struct mlp_input_indices {
    int delimiter, null, no_header, input, encoding;
};
#define MLP_INPUT_INDICES \
    ((struct mlp_input_indices){OPT_DELIMITER, OPT_NULL, OPT_NO_HEADER, OPT_INPUT, \
                                OPT_ENCODING})

#define MLP_INPUT_NULLS 32

/* Options for mlp_table_open, with the texts that mean missing; table.nulls points into nulls, so
 * it is not copied. */
struct mlp_input {
    struct mlp_table_options table;
    const char *nulls[MLP_INPUT_NULLS + 1];
};

/* MLP_EUSAGE when the options cannot be meant. */
enum mlp_code mlp_input_init(struct mlp_input *in, const struct mlp_cmd *cmd,
                             struct mlp_input_indices at, struct mlp_err *e);

#endif
