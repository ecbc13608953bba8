#include "verbs.h"

#include "base/file.h"
#include "base/progress.h"
#include "stat/profile.h"
#include "table/ahead.h"

/* What a profile is made of. */
struct profile_from {
    const char *path;
    const struct mlp_table_options *options;
    unsigned threads;
    const struct mlp_profile *reference;
};

enum { OPT_REFERENCE, OPT_OUTPUT, OPT_THREADS, MLP_INPUT_NAMES };

static const struct mlp_opt opts[] = {
    [OPT_REFERENCE] = {"reference", 0, MLP_OPT_FILE, "PROFILE",
                       "count into the edges of this profile, so that they compare and merge", NULL,
                       NULL, false},
    [OPT_OUTPUT] = {"output", 'o', MLP_OPT_FILE, "FILE", "where the profile goes", NULL, "-",
                    false},
    [OPT_THREADS] = THREADS_OPTION,
    MLP_INPUT_OPTS,
    {0},
};

static enum mlp_code read_profile(const struct profile_from *from, struct mlp_profile *out,
                                  struct mlp_err *e)
{
    struct mlp_table *t = NULL;
    struct mlp_profiler *p = NULL;
    struct mlp_progress progress;
    struct mlp_table_options options = *from->options;
    unsigned threads = from->threads;
    options.kept = threads > 1 ? MLP_AHEAD_KEPT : 0;
    enum mlp_code code = mlp_table_open(from->path, &options, &t, e);
    if (code == MLP_OK)
        code = mlp_profiler_new(from->reference, &p, e);
    mlp_progress_init(&progress, true);
    if (code == MLP_OK)
        mlp_profiler_watch(p, &progress);
    if (code == MLP_OK)
        code = mlp_profiler_table(p, t, threads, e);
    if (code == MLP_OK)
        code = mlp_profiler_finish(p, out, e);
    mlp_profiler_free(p);
    mlp_table_close(t);
    return code;
}

enum mlp_code profile_of(const char *path, const struct mlp_table_options *options,
                         unsigned threads, struct mlp_profile *out, struct mlp_err *e)
{
    return read_profile(&(struct profile_from){path, options, threads, NULL}, out, e);
}

static enum mlp_code make(const struct mlp_cmd *cmd, const struct mlp_profile *reference,
                          struct mlp_profile *out, struct mlp_err *e)
{
    struct mlp_input in;
    enum mlp_code code = mlp_input_init(&in, cmd, MLP_INPUT_INDICES, e);
    struct profile_from from = {mlp_operand(cmd, 0, "-"), &in.table, thread_count(cmd, OPT_THREADS),
                                reference};
    return code == MLP_OK ? read_profile(&from, out, e) : code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_profile reference = {0}, out = {0};
    const char *path = mlp_opt_text(cmd, OPT_REFERENCE);
    enum mlp_code code = path ? mlp_profile_load(&reference, path, e) : MLP_OK;
    if (code == MLP_OK)
        code = make(cmd, path ? &reference : NULL, &out, e);
    if (code == MLP_OK)
        code = mlp_profile_save(&out, mlp_opt_text(cmd, OPT_OUTPUT), e);
    mlp_profile_fini(&out);
    mlp_profile_fini(&reference);
    return code;
}

static const struct mlp_example examples[] = {
    {"What the data looks like.", "mlp-validate profile clean.csv > profile.json"},
    {0},
};

const struct mlp_verb verb_profile = {
    .name = "profile",
    .summary = "what the data looks like: counts, edges, frequent values",
    .operands = "[FILE|-]",
    .max_operands = 1,
    .about = "Writes a profile, see mlp-profile(5). A profile made with --reference counts into\n"
             "the reference's edges: such profiles of shards merge in any order to the same bytes.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
