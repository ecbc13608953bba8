/* mlp-serve batch: a table in, predictions out, in constant memory. */
#include "batch.h"

#include <math.h>

#define MAX_THREADS 256

static const struct mlp_opt options[] = {
    [OUTPUTS] = {.name = "outputs", .kind = MLP_OPT_TEXT, .value = "NAME,...",
                 .help = "what to write instead of prediction and probabilities: predict, proba, "
                         "decision, score, transform, margin, raw, leaf, or all"},
    [ID] = {.name = "id", .kind = MLP_OPT_TEXT, .value = "COLUMN", .many = true,
            .help = "copy this column first; it is no feature"},
    [KEEP] = {.name = "keep", .kind = MLP_OPT_TEXT, .value = "COLUMN", .many = true,
              .help = "copy this column, a label say; a feature only if the model names it"},
    [KEEP_ALL] = {.name = "keep-all", .kind = MLP_OPT_FLAG, .help = "copy every column"},
    [FORMAT] = {.name = "format", .kind = MLP_OPT_CHOICE, .value = "FORMAT",
                .choices = "csv|ndjson", .fallback = "csv", .help = "how to write"},
    [MISSING] = {.name = "missing", .kind = MLP_OPT_NUMBER, .value = "NUMBER",
                 .help = "this number counts as missing, as XGBoost's missing parameter has it"},
    [EMPTY_TEXT] = {.name = "empty-text", .kind = MLP_OPT_TEXT, .value = "COLUMN", .many = true,
                    .help = "blank cells of this column are the empty text, not missing"},
    [EXPLAIN] = {.name = "explain", .kind = MLP_OPT_FLAG,
                 .help = "also write what each input adds to the prediction, and the base value"},
    [EXEC] = {.name = "exec", .kind = MLP_OPT_TEXT, .value = "COMMAND",
              .help = "the model is this command: one line of JSON a row in, one out"},
    [ROW_TIMEOUT] = {.name = "row-timeout", .kind = MLP_OPT_SECONDS, .value = "TIME",
                     .fallback = "30s", .help = "time that the command has for a row"},
    [STARTS] = {.name = "starts", .kind = MLP_OPT_INT, .value = "N", .fallback = "5",
                .help = "starts of the command in a row without an answer, at most"},
    [OUT] = {.name = "output", .letter = 'o', .kind = MLP_OPT_FILE, .value = "FILE",
             .fallback = "-", .help = "where to write"},
    [INTO] = {.name = "into", .kind = MLP_OPT_DIR, .value = "DIR",
              .help = "write the predictions of each FILE to a file of its name in this folder"},
    [PART] = {.name = "part", .kind = MLP_OPT_TEXT, .value = "I/N",
              .help = "of N parts of the files predict the one numbered I, from 0 to N-1"},
    [FORCE] = {.name = "force", .kind = MLP_OPT_FLAG,
               .help = "also predict files whose predictions are in --into already"},
    [ALLOW_EMPTY] = {.name = "allow-empty", .kind = MLP_OPT_FLAG,
                     .help = "an input without a byte has no rows, and no answers: for partitions"},
    [THREADS] = {.name = "threads", .letter = 'j', .kind = MLP_OPT_INT, .value = "N",
                 .fallback = "0", .help = "predict on N threads; 0: one a processor"},
    [RUNTIME] = {.name = "runtime", .kind = MLP_OPT_TEXT, .value = "NAME",
                 .fallback = "built-in",
                 .help = "what runs ONNX models: built-in, onnxruntime or onnxruntime:LIBRARY"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Predict every row of a table.", "mlp-serve batch model.joblib test.csv > predictions.csv"},
    {"Keep the label, so that the predictions can be judged.",
     "mlp-serve batch model.joblib --keep late < test.csv | head -3"},
    {"Tell what each input adds to the predictions.",
     "mlp-serve batch model.joblib test.csv --explain > explained.csv"},
    {"Predict a third of the rows of many files; run again, do what is not done.",
     "mlp-serve batch model.joblib test.csv --into predicted --part 2/3"},
    {0},
};

static enum mlp_code keep_column(struct batch *b, const char *name, struct mlp_err *e)
{
    int c = mlp_table_find(b->t, mlp_str_from(name));
    if (c < 0) {
        mlp_err_set(e, MLP_EUSAGE, "there is no column \"%s\" to copy", name);
        return mlp_err_at(e, mlp_table_source(b->t), 0, 0);
    }
    b->skip[c] = true;
    for (size_t i = 0; i < b->nkeep; i++)
        if (b->keep[i] == (size_t)c)
            return MLP_OK;
    b->keep[b->nkeep++] = (size_t)c;
    return MLP_OK;
}

enum mlp_code batch_choose_kept(struct batch *b, struct mlp_err *e)
{
    size_t n = mlp_table_ncols(b->t);
    b->skip = mlp_arena_array(&b->arena, n, sizeof *b->skip);
    b->keep = mlp_arena_array(&b->arena, n, sizeof *b->keep);
    if (!b->skip || !b->keep)
        return mlp_err_nomem(e);
    enum mlp_code code = MLP_OK;
    const char *name;
    for (size_t i = 0; !code && (name = mlp_opt_nth(b->cmd, ID, i)); i++)
        code = keep_column(b, name, e);
    for (size_t i = 0; !code && (name = mlp_opt_nth(b->cmd, KEEP, i)); i++)
        code = keep_column(b, name, e);
    if (!code && mlp_opt_flag(b->cmd, KEEP_ALL)) {
        b->nkeep = n;
        for (size_t c = 0; c < n; c++)
            b->keep[c] = c;
    }
    return code;
}

static enum mlp_code bind(struct batch *b, struct mlp_err *e)
{
    b->map = mlp_arena_array(&b->arena, mlp_model_info(b->m)->ninputs, sizeof *b->map);
    return b->map ? mlp_model_bind(b->m, b->t, b->skip, b->map, e) : mlp_err_nomem(e);
}

static void add_set(struct batch *b, size_t output, const struct mlp_str *names)
{
    b->which |= 1u << output;
    b->sets[b->nsets++] = (struct column_set){
        .o = &b->outputs[output], .names = names ? names : b->outputs[output].columns};
}

static int find_output(const struct batch *b, struct mlp_str name)
{
    for (size_t i = 0; i < b->noutputs; i++)
        if (mlp_str_eq(b->outputs[i].name, name))
            return (int)i;
    return -1;
}

static struct mlp_str text(struct batch *b, const char *prefix, struct mlp_str rest)
{
    struct mlp_buf buf;
    mlp_buf_init(&buf, rest.n + 64);
    mlp_buf_adds(&buf, prefix);
    mlp_buf_addstr(&buf, rest);
    struct mlp_str s = mlp_arena_str(&b->arena, mlp_buf_str(&buf));
    mlp_buf_fini(&buf);
    return s;
}

/* prediction, or prediction.0 ... for several targets. */
static const struct mlp_str *prediction_names(struct batch *b, const struct mlp_output *o)
{
    struct mlp_str *names = mlp_arena_array(&b->arena, o->width, sizeof *names);
    for (size_t i = 0; names && i < o->width; i++) {
        struct mlp_str suffix = {o->columns[i].p + o->name.n, o->columns[i].n - o->name.n};
        names[i] = text(b, "prediction", suffix);
    }
    return names;
}

static const struct mlp_str *proba_names(struct batch *b, const struct mlp_output *o)
{
    const struct mlp_model_info *info = mlp_model_info(b->m);
    struct mlp_str *names = mlp_arena_array(&b->arena, o->width, sizeof *names);
    if (o->width != info->nclasses)
        return o->columns;
    for (size_t i = 0; names && i < o->width; i++)
        names[i] = text(b, "proba_", info->classes[i]);
    return names;
}

/* What people expect who ask for nothing: the class and its probabilities, or the number. */
static enum mlp_code default_outputs(struct batch *b, struct mlp_err *e)
{
    int label = find_output(b, MLP_STR("label")), proba = find_output(b, MLP_STR("proba"));
    int predict = label >= 0 ? label : find_output(b, MLP_STR("predict"));
    if (predict < 0) {
        add_set(b, 0, NULL);
        return MLP_OK;
    }
    const struct mlp_str *names = prediction_names(b, &b->outputs[predict]);
    if (!names)
        return mlp_err_nomem(e);
    add_set(b, (size_t)predict, names);
    if (proba < 0)
        return MLP_OK;
    names = proba_names(b, &b->outputs[proba]);
    if (!names)
        return mlp_err_nomem(e);
    add_set(b, (size_t)proba, names);
    return MLP_OK;
}

static enum mlp_code no_output(const struct batch *b, struct mlp_str name, struct mlp_err *e)
{
    struct mlp_buf list;
    mlp_buf_init(&list, 240);
    for (size_t i = 0; i < b->noutputs; i++) {
        mlp_buf_adds(&list, i ? ", " : "");
        mlp_buf_addstr(&list, b->outputs[i].name);
    }
    mlp_err_set(e, MLP_EUSAGE, "the model has no output \"%.*s\"", MLP_STR_ARG(name));
    mlp_err_hint(e, "it has %.*s", MLP_STR_ARG(mlp_buf_str(&list)));
    mlp_buf_fini(&list);
    return MLP_EUSAGE;
}

static enum mlp_code choose_outputs(struct batch *b, struct mlp_err *e)
{
    const char *names = mlp_opt_text(b->cmd, OUTPUTS);
    struct mlp_str rest = mlp_str_from(names), name;
    b->outputs = mlp_model_outputs(b->m, &b->noutputs);
    if (!names)
        return default_outputs(b, e);
    if (mlp_str_is(rest, "all")) {
        for (size_t i = 0; i < b->noutputs; i++)
            add_set(b, i, NULL);
        return MLP_OK;
    }
    while (mlp_str_split(&rest, ',', &name)) {
        int i = find_output(b, name);
        if (i < 0)
            return no_output(b, name, e);
        if (!(b->which >> i & 1))
            add_set(b, (size_t)i, NULL);
    }
    return MLP_OK;
}

/* The model, once what reading it does not need was given up: files but those beside `out`. */
enum mlp_code batch_open_model(struct batch *b, const char *out, struct mlp_err *e)
{
    int64_t threads = mlp_opt_int(b->cmd, THREADS, 0);
    b->threads = threads < 1 ? mlp_os_cpus() : threads > MAX_THREADS ? MAX_THREADS
                                                                     : (unsigned)threads;
    b->missing = mlp_opt_number(b->cmd, MISSING, NAN);
    struct mlp_model_limits limits = {.explain = mlp_opt_flag(b->cmd, EXPLAIN)};
    if (!mlp_operand(b->cmd, 0, NULL))
        return mlp_err_set(e, MLP_EUSAGE, "a model is missing: give its file, or --exec COMMAND");
    enum mlp_code code = serve_runtime(mlp_opt_text(b->cmd, RUNTIME), &limits.onnxruntime, e);
    if (!code)
        code = serve_confine(out, e);
    if (!code)
        code = mlp_model_open(mlp_operand(b->cmd, 0, NULL), &limits, &b->m, e);
    return code;
}

enum mlp_code batch_table(struct batch *b, struct mlp_err *e)
{
    enum mlp_code code = batch_choose_kept(b, e);
    if (!code)
        code = bind(b, e);
    if (!code)
        code = choose_outputs(b, e);
    if (!code && mlp_opt_flag(b->cmd, EXPLAIN) && !(b->which >> (b->noutputs - 1) & 1))
        add_set(b, b->noutputs - 1, NULL);
    return code ? code : batch_run(b, e);
}

/* One table, to one output. */
static enum mlp_code run_table(struct batch *b, struct mlp_err *e)
{
    struct mlp_table_options to = {.block_bytes = BATCH_BLOCK,
                                   .empty = mlp_opt_flag(b->cmd, ALLOW_EMPTY)};
    const char *out = mlp_opt_text(b->cmd, OUT);
    enum mlp_code code = mlp_out_open(&b->out, out, e);
    if (!code)
        code = batch_open_model(b, out, e);
    if (!code)
        code = mlp_table_open(mlp_operand(b->cmd, 1, "-"), &to, &b->t, e);
    if (!code && mlp_table_ncols(b->t) == 0)
        return mlp_out_commit(&b->out, e);
    return code ? code : batch_table(b, e);
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct batch b = {.cmd = cmd, .out = {.fd = -1}};
    enum mlp_code code;
    mlp_arena_init(&b.arena, (size_t)1 << 30);
    b.ndjson = strcmp(mlp_opt_text(cmd, FORMAT), "ndjson") == 0;
    bool files = mlp_opt_given(cmd, INTO) || mlp_opt_given(cmd, PART) || cmd->noperands > 2;
    if (files)
        code = batch_files(&b, e);
    else
        code = mlp_opt_given(cmd, EXEC) ? batch_exec(&b, e) : run_table(&b, e);
    mlp_out_abort(&b.out);
    mlp_table_close(b.t);
    mlp_model_free(b.m);
    mlp_arena_fini(&b.arena);
    return code;
}

const struct mlp_verb verb_batch = {
    .name = "batch",
    .summary = "predict the rows of a table",
    .operands = "[MODEL] [FILE|-]...",
    .min_operands = 0,
    .max_operands = -1,
    .about =
        "Reads CSV, TSV, NDJSON (also .gz, .zst, .xz), Parquet or Arrow and writes one row\n"
        "of predictions a row, in the same order: prediction and, for classifiers, one column\n"
        "proba_CLASS a class. Other columns of the table are left out unless they are kept.\n"
        "A row that the model cannot answer ends the run with its line and the reason.",
    .details = batch_details,
    .opts = options,
    .examples = examples,
    .run = run,
};
