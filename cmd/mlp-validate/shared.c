#include "verbs.h"

#include "base/file.h"
#include "rule/import.h"
#include "text/num.h"

#include <math.h>

#define REPORT_BYTES ((size_t)64 << 20)

void tell_notes(const char *path, const struct mlp_import_notes *notes)
{
    for (const struct mlp_import_note *n = notes->first; n; n = n->next) {
        if (n->line)
            fprintf(stderr, "mlp-validate: %s:%u:%u: note: %.*s\n", path, n->line, n->column,
                    MLP_STR_ARG(n->words));
        else
            fprintf(stderr, "mlp-validate: %s: note: %.*s\n", path, MLP_STR_ARG(n->words));
    }
    if (notes->more)
        fprintf(stderr, "mlp-validate: %s: note: and %zu notes more\n", path, notes->more);
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
        if (strncmp(spec, "gx:", 3) != 0)
            code = mlp_report_save(r, spec, e);
    if (code == MLP_OK && format)
        code = print(r, format, e);
    return code;
}

enum mlp_code print_report(const struct mlp_report *r, const char *format, struct mlp_err *e)
{
    enum mlp_report_format f = MLP_REPORT_TEXT;
    struct mlp_buf b;
    mlp_report_format_parse(mlp_str_from(format), &f);
    mlp_buf_init(&b, REPORT_BYTES);
    mlp_report_render(r, f, f == MLP_REPORT_TEXT && mlp_colour(1), &b);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_file_write("-", mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code given_read(const struct mlp_cmd *cmd, int opt_param, int opt_env, struct given *g,
                         struct mlp_err *e)
{
    const char *param;
    *g = (struct given){.rules.env = opt_env < 0 ? NULL : mlp_opt_text(cmd, opt_env)};
    g->rules.params = g->params;
    for (size_t i = 0; (param = mlp_opt_nth(cmd, opt_param, i)) != NULL; i++) {
        if (i == MOST_PARAMS)
            return mlp_err_set(e, MLP_EUSAGE, "more than %d parameters", MOST_PARAMS);
        g->params[g->rules.nparams++] = param;
    }
    return MLP_OK;
}

double number_of(struct mlp_str text)
{
    double v = (double)NAN;
    mlp_num_f64(text, &v);
    return v;
}

unsigned thread_count(const struct mlp_cmd *cmd, int opt)
{
    int64_t n = mlp_opt_int(cmd, opt, 0);
    if (n < 1)
        n = mlp_os_cpus();
    return n > 64 ? 64 : (unsigned)n;
}
