#include "table/input.h"

#include <string.h>

enum mlp_code mlp_input_init(struct mlp_input *in, const struct mlp_cmd *cmd,
                             struct mlp_input_indices at, struct mlp_err *e)
{
    static const char *const formats[] = {[MLP_TABLE_AUTO] = "auto", [MLP_TABLE_CSV] = "csv",
                                          [MLP_TABLE_TSV] = "tsv", [MLP_TABLE_NDJSON] = "ndjson"};
    static const char *const encodings[] = {
        [MLP_ENCODING_AUTO] = "auto", [MLP_ENCODING_UTF8] = "utf-8",
        [MLP_ENCODING_UTF16] = "utf-16", [MLP_ENCODING_LATIN1] = "latin-1",
        [MLP_ENCODING_WINDOWS1252] = "windows-1252"};
    const char *delimiter = mlp_opt_text(cmd, at.delimiter);
    const char *format = mlp_opt_text(cmd, at.input);
    size_t n = 0;
    *in = (struct mlp_input){.table.no_header = mlp_opt_flag(cmd, at.no_header)};
    if (delimiter && strcmp(delimiter, "\\t") == 0)
        delimiter = "\t";
    if (delimiter && (!delimiter[0] || delimiter[1]))
        return mlp_err_set(e, MLP_EUSAGE, "--delimiter takes one character");
    in->table.delimiter = delimiter ? delimiter[0] : '\0';
    for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i]) == 0)
            in->table.format = (enum mlp_table_format)i;
    for (unsigned i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (strcmp(mlp_opt_text(cmd, at.encoding), encodings[i]) == 0)
            in->table.encoding = (enum mlp_table_encoding)i;
    for (const char *text; (text = mlp_opt_nth(cmd, at.null, n)) != NULL; n++) {
        if (n == MLP_INPUT_NULLS)
            return mlp_err_set(e, MLP_EUSAGE, "more than %d --null", MLP_INPUT_NULLS);
        in->nulls[n] = text;
    }
    in->table.nulls = n ? in->nulls : NULL;
    return MLP_OK;
}
