#include "verbs.h"

#include "base/file.h"

#define MOST_NULLS 32
#define REPORT_BYTES ((size_t)64 << 20)

enum mlp_code input_options(const struct mlp_cmd *cmd, struct input_indices at,
                            const char **nulls, struct mlp_table_options *o, struct mlp_err *e)
{
    const char *delimiter = mlp_opt_text(cmd, at.delimiter);
    const char *format = mlp_opt_text(cmd, at.input);
    size_t n = 0;
    *o = (struct mlp_table_options){.no_header = mlp_opt_flag(cmd, at.no_header)};
    if (delimiter && strcmp(delimiter, "\\t") == 0)
        delimiter = "\t";
    if (delimiter && (!delimiter[0] || delimiter[1]))
        return mlp_err_set(e, MLP_EUSAGE, "--delimiter takes one character");
    o->delimiter = delimiter ? delimiter[0] : '\0';
    if (strcmp(format, "csv") == 0)
        o->format = MLP_TABLE_CSV;
    else if (strcmp(format, "tsv") == 0)
        o->format = MLP_TABLE_TSV;
    else if (strcmp(format, "ndjson") == 0)
        o->format = MLP_TABLE_NDJSON;
    for (const char *text; (text = mlp_opt_nth(cmd, at.null, n)) != NULL; n++) {
        if (n == MOST_NULLS)
            return mlp_err_set(e, MLP_EUSAGE, "more than %d --null", MOST_NULLS);
        nulls[n] = text;
    }
    nulls[n] = NULL;
    o->nulls = n ? nulls : NULL;
    return MLP_OK;
}

static enum mlp_code print(const struct mlp_report *r, const char *format, struct mlp_err *e)
{
    enum mlp_report_format f = MLP_REPORT_TEXT;
    struct mlp_buf b;
    mlp_report_format_parse(mlp_str_from(format), &f);
    mlp_buf_init(&b, REPORT_BYTES);
    mlp_report_render(r, f, f == MLP_REPORT_TEXT && mlp_colour(2), &b);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_os_write(2, b.p, b.n, e);
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code give_report(const struct mlp_cmd *cmd, int opt_report, const struct mlp_report *r,
                          const char *format, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    const char *spec;
    for (size_t i = 0; (spec = mlp_opt_nth(cmd, opt_report, i)) != NULL && code == MLP_OK; i++)
        code = mlp_report_save(r, spec, e);
    if (code == MLP_OK && format)
        code = print(r, format, e);
    return code;
}
