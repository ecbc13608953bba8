/* What the verb check reads, once or twice, and what it keeps for reports of the form gx:FILE. */
#include "check.h"

#include "rule/import.h"
#include "table/ahead.h"

#define GX "gx:"
#define GX_ROWS 100000 /* failing rows of a rule that a report of this form holds */

static bool is_gx(const char *spec)
{
    return strncmp(spec, GX, strlen(GX)) == 0;
}

/* Rules that look twice at a pipe look at a copy: its bytes as they came, in a file without a name,
 * which is gone when we are. */
static enum mlp_code copy_pipe(struct check_run *run, struct mlp_err *e)
{
    char chunk[1 << 16];
    size_t got = 0;
    enum mlp_code code = mlp_file_scratch(&run->copy, e);
    while (code == MLP_OK && (code = mlp_os_read(0, chunk, sizeof chunk, &got, e)) == MLP_OK && got)
        code = mlp_os_write(run->copy, chunk, got, e);
    snprintf(run->copy_path, sizeof run->copy_path, "/dev/fd/%d", run->copy);
    return code;
}

/* The first look. */
static enum mlp_code survey(struct check_run *run, struct mlp_err *e)
{
    struct mlp_batch *b;
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && (code = mlp_table_next(run->table, &b, e)) == MLP_OK && b) {
        code = mlp_checker_survey(run->checker, b, e);
        mlp_progress_tell(&run->progress, &(struct mlp_progress_at){
            .what = "first look", .bytes = mlp_table_bytes(run->table),
            .size = mlp_table_size(run->table)});
    }
    mlp_table_close(run->table);
    run->table = NULL;
    return code;
}

/* The other tables, whole. */
static enum mlp_code read_others(struct check_run *run, struct mlp_err *e)
{
    static const struct {
        int option;
        enum mlp_against which;
    } others[] = {{OPT_PREVIOUS, MLP_AGAINST_PREVIOUS}, {OPT_SERVING, MLP_AGAINST_SERVING},
                  {OPT_PREVIOUS_VERSION, MLP_AGAINST_VERSION}};
    enum mlp_code code = MLP_OK;
    for (size_t i = 0; i < sizeof others / sizeof *others && code == MLP_OK; i++) {
        const char *path = mlp_opt_text(run->cmd, others[i].option);
        struct mlp_table *t = NULL;
        struct mlp_input in;
        if (!path)
            continue;
        code = mlp_input_init(&in, run->cmd, MLP_INPUT_INDICES, e);
        mlp_rules_input(run->rules, &in.table);
        if (code == MLP_OK)
            code = mlp_table_open(path, &in.table, &t, e);
        if (code == MLP_OK)
            code = mlp_checker_against(run->checker, others[i].which, t, e);
        mlp_table_close(t);
    }
    return code;
}

enum mlp_code check_make(struct check_run *run, struct mlp_err *e)
{
    const char *spec;
    mlp_checker_free(run->checker);
    enum mlp_code code = mlp_checker_new(run->rules, run->table, &run->checker, e);
    if (code != MLP_OK)
        return code;
    if (run->reference.ncols || run->reference.rows)
        code = mlp_checker_reference(run->checker, &run->reference, e);
    if (code != MLP_OK)
        return code;
    mlp_checker_memory(run->checker, (size_t)mlp_opt_number(run->cmd, OPT_MEMORY, 0));
    for (size_t i = 0; (spec = mlp_opt_nth(run->cmd, OPT_REPORT, i)) != NULL; i++)
        if (is_gx(spec))
            mlp_checker_keep(run->checker, GX_ROWS);
    code = read_others(run, e);
    if (code == MLP_OK)
        code = check_draw_start(run, e);
    return code == MLP_OK ? mlp_checker_threads(run->checker, run->threads, e) : code;
}

static enum mlp_code is_profile(const char *path, bool *yes, struct mlp_err *e)
{
    char start[4096];
    size_t got = 0;
    int fd;
    enum mlp_code code = mlp_os_open(path, MLP_OPEN_READ, &fd, e);
    if (code != MLP_OK)
        return code;
    code = mlp_os_read(fd, start, sizeof start, &got, e);
    mlp_os_close(fd, NULL);
    *yes = mlp_profile_is((struct mlp_str){start, got});
    return code;
}

/* The profile of --reference: a profile, or a table that is read like the one to check. */
static enum mlp_code load_reference(struct check_run *run, const struct mlp_input *in,
                                    struct mlp_err *e)
{
    const char *path = mlp_opt_text(run->cmd, OPT_REFERENCE);
    bool profile = false;
    size_t compare = mlp_rules_compare(run->rules);
    if (!path && compare && compare == mlp_rules_count(run->rules))
        return mlp_err_set(e, MLP_EUSAGE, "all rules compare with a reference: --reference FILE is "
                                          "needed");
    if (!path)
        return MLP_OK;
    if (!compare) {
        mlp_err_set(e, MLP_EUSAGE, "the rules compare nothing with a reference");
        return mlp_err_hint(e, "drift: {COLUMN: {linf: 0.1}} in the rules does");
    }
    enum mlp_code code = is_profile(path, &profile, e);
    if (code == MLP_OK)
        code = profile ? mlp_profile_load(&run->reference, path, e)
                       : profile_of(path, &in->table, run->threads, &run->reference, e);
    return code;
}

static enum mlp_code fits_windows(const struct check_run *run, struct mlp_err *e)
{
    if (!run->window_rows && !run->window_ns)
        return MLP_OK;
    return mlp_err_set(e, MLP_EUSAGE, "some rules look at the data twice, which a stream's windows "
                                      "cannot: mlp-validate check -n says which");
}

enum mlp_code check_open(struct check_run *run, struct mlp_err *e)
{
    struct mlp_input in;
    const char *path = mlp_operand(run->cmd, 0, "-");
    bool twice = mlp_rules_look_twice(run->rules);
    enum mlp_code code = mlp_input_init(&in, run->cmd, MLP_INPUT_INDICES, e);
    mlp_rules_input(run->rules, &in.table);
    in.table.kept = run->threads > 1 ? MLP_AHEAD_KEPT : 0;
    if (code == MLP_OK)
        code = load_reference(run, &in, e);
    if (code == MLP_OK && twice)
        code = fits_windows(run, e);
    if (code == MLP_OK && twice && strcmp(path, "-") == 0) {
        code = copy_pipe(run, e);
        path = run->copy_path;
    }
    if (code == MLP_OK)
        code = mlp_table_open(path, &in.table, &run->table, e);
    if (code == MLP_OK)
        code = check_make(run, e);
    if (code == MLP_OK && twice)
        code = survey(run, e);
    if (code == MLP_OK && twice)
        code = mlp_table_open(path, &in.table, &run->table, e);
    return code;
}

/* Without rules, for a table that is named: that it is one. */
static enum mlp_code load_structure(struct check_run *run, struct mlp_err *e)
{
    struct mlp_doc d;
    size_t skip = 0;
    char text[80];
    run->structure = true;
    enum mlp_code code = check_header_row(run, &skip, e);
    if (code != MLP_OK)
        return code;
    snprintf(text, sizeof text, "version: 1\ninput: {blank: reject, skip_rows: %zu}\n", skip);
    code = mlp_rules_import_text(mlp_str_from(text), "structure", NULL, &d, NULL, e);
    if (code == MLP_OK)
        return mlp_rules_parse(&d, &run->rules, e);
    mlp_doc_fini(&d);
    return code;
}

enum mlp_code check_load(struct check_run *run, struct mlp_err *e)
{
    const char *path = mlp_opt_text(run->cmd, OPT_RULES);
    if (!path && run->cmd->noperands)
        return load_structure(run, e);
    if (!path) {
        mlp_err_set(e, MLP_EUSAGE, "--rules FILE is needed");
        return mlp_err_hint(e, "mlp-validate infer DATA > rules.yaml makes a first one");
    }
    struct given given;
    enum mlp_code code = given_read(run->cmd, OPT_PARAM, OPT_ENV, &given, e);
    const struct mlp_rules_source from = {path, mlp_opt_text(run->cmd, OPT_SCHEMA_FORMAT),
                                          &given.rules};
    if (code == MLP_OK)
        code = mlp_rules_load_given(&from, NULL, &run->rules, e);
    if (code != MLP_OK || mlp_rules_count(run->rules))
        return code;
    mlp_err_set(e, MLP_EINPUT, "no rule: nothing would be checked");
    return mlp_err_at(e, path, 0, 0);
}

enum mlp_code check_give_gx(struct check_run *run, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    const char *spec;
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)1 << 30);
    for (size_t i = 0; (spec = mlp_opt_nth(run->cmd, OPT_REPORT, i)) != NULL && code == MLP_OK;
         i++) {
        if (!is_gx(spec))
            continue;
        mlp_buf_reset(&b);
        code = mlp_checker_gx(run->checker, &b, e);
        if (code == MLP_OK)
            code = mlp_file_write(spec + strlen(GX), mlp_buf_str(&b), 0, e);
    }
    mlp_buf_fini(&b);
    return code;
}
