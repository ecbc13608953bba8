#include "verbs.h"

#include "base/file.h"
#include "base/progress.h"
#include "stat/profile.h"
#include "table/ahead.h"
#include "text/num.h"

#include <math.h>

enum { OPT_OUTPUT, OPT_VALUES, OPT_THREADS, MLP_INPUT_NAMES };

static const struct mlp_opt opts[] = {
    [OPT_OUTPUT] = {"output", 'o', MLP_OPT_FILE, "FILE", "where the rules go", NULL, "-", false},
    [OPT_VALUES] = {"values", 0, MLP_OPT_INT, "N",
                    "list the values of a text column that has at most N", NULL, "32", false},
    [OPT_THREADS] = THREADS_OPTION,
    MLP_INPUT_OPTS,
    {0},
};

/* A text as a YAML flow scalar: single quotes, doubled inside. */
static void add_scalar(struct mlp_buf *b, struct mlp_str s)
{
    mlp_buf_addc(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            mlp_buf_addc(b, '\'');
        mlp_buf_addc(b, s.p[i]);
    }
    mlp_buf_addc(b, '\'');
}

static const char *rule_type(enum mlp_ptype t)
{
    switch (t) {
    case MLP_P_INT: return "int";
    case MLP_P_REAL: return "float";
    case MLP_P_BOOL: return "bool";
    case MLP_P_DATE: return "date";
    case MLP_P_DATETIME: return "datetime";
    case MLP_P_TEXT: return "string";
    case MLP_P_EMPTY: break;
    }
    return "any";
}

/* Bounds with room: a tenth of the range on both sides, but a sign is kept. */
static void add_bounds(struct mlp_buf *b, const struct mlp_pcolumn *c)
{
    double range = c->max - c->min;
    double lo = c->min - range / 10, hi = c->max + range / 10;
    if ((c->type != MLP_P_INT && c->type != MLP_P_REAL) || !isfinite(range))
        return;
    if (c->min >= 0 && lo < 0)
        lo = 0;
    if (c->max <= 0 && hi > 0)
        hi = 0;
    mlp_buf_adds(b, ", min: ");
    mlp_num_add_json(b, c->type == MLP_P_INT ? floor(lo) : lo);
    mlp_buf_adds(b, ", max: ");
    mlp_num_add_json(b, c->type == MLP_P_INT ? ceil(hi) : hi);
}

static void add_values(struct mlp_buf *b, const struct mlp_pcolumn *c, size_t most)
{
    if (c->type != MLP_P_TEXT || !c->distinct_exact || c->nvalues > most || c->nvalues == 0)
        return;
    /* Values that are nearly all different say nothing about the next row. */
    if ((double)c->nvalues * 2 > (double)(c->rows - c->missing))
        return;
    mlp_buf_adds(b, ", in: [");
    for (size_t i = 0; i < c->nvalues; i++) {
        mlp_buf_adds(b, i ? ", " : "");
        add_scalar(b, c->values[i].text);
    }
    mlp_buf_addc(b, ']');
}

static void add_column(struct mlp_buf *b, const struct mlp_pcolumn *c, size_t most)
{
    mlp_buf_adds(b, "  ");
    add_scalar(b, c->name);
    mlp_buf_addf(b, ": {type: %s", rule_type(c->type));
    double missing = c->rows ? (double)c->missing / (double)c->rows : 0;
    if (c->missing == 0)
        mlp_buf_adds(b, ", required: true");
    add_bounds(b, c);
    add_values(b, c, most);
    bool key = c->missing == 0 && c->distinct_exact && c->distinct == (double)c->rows &&
               c->rows > 100 && c->type != MLP_P_REAL;
    if (key)
        mlp_buf_adds(b, ", unique: later");
    if (c->missing)
        mlp_buf_addf(b, ", missing: {max: %.3g}", fmin(1, missing * 1.5 + 0.01));
    mlp_buf_adds(b, "}\n");
}

static void write_rules(struct mlp_buf *b, const struct mlp_profile *p, size_t most)
{
    mlp_buf_addf(b, "# Inferred from %llu rows: read it before you trust it, see mlp-rules(5).\n",
                 (unsigned long long)p->rows);
    mlp_buf_adds(b, "version: 1\nrows: {min: 1}\ncolumns:\n");
    for (size_t i = 0; i < p->ncols; i++)
        add_column(b, &p->cols[i], most);
    mlp_buf_adds(b, "rejects: {max: 1%}\n");
}

static enum mlp_code make(const struct mlp_cmd *cmd, struct mlp_profile *out, struct mlp_err *e)
{
    struct mlp_input in;
    struct mlp_table *t = NULL;
    struct mlp_profiler *p = NULL;
    struct mlp_progress progress;
    unsigned threads = thread_count(cmd, OPT_THREADS);
    enum mlp_code code = mlp_input_init(&in, cmd, MLP_INPUT_INDICES, e);
    in.table.kept = threads > 1 ? MLP_AHEAD_KEPT : 0;
    if (code == MLP_OK)
        code = mlp_table_open(mlp_operand(cmd, 0, "-"), &in.table, &t, e);
    if (code == MLP_OK)
        code = mlp_profiler_new(NULL, &p, e);
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

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_profile p = {0};
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)64 << 20);
    enum mlp_code code = make(cmd, &p, e);
    if (code == MLP_OK) {
        write_rules(&b, &p, (size_t)mlp_opt_int(cmd, OPT_VALUES, 32));
        code = mlp_buf_check(&b, e);
    }
    if (code == MLP_OK)
        code = mlp_file_write(mlp_opt_text(cmd, OPT_OUTPUT), mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    mlp_profile_fini(&p);
    return code;
}

static const struct mlp_example examples[] = {
    {"A first rules file from data that is good.",
     "mlp-validate infer clean.csv > inferred.yaml"},
    {0},
};

const struct mlp_verb verb_infer = {
    .name = "infer",
    .summary = "a first rules file from data",
    .operands = "[FILE|-]",
    .max_operands = 1,
    .about = "Looks at the data and writes rules that it holds to, with room: types, required\n"
             "columns, ranges, values of short lists, missing shares. Read them before you trust\n"
             "them: the data may be wrong already.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
