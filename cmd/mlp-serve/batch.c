/* mlp-serve batch: a table in, predictions out, in constant memory. */
#include "verbs.h"

#include "base/file.h"
#include "base/thread.h"
#include "model/model.h"
#include "text/json.h"

#include <math.h>
#include <stdlib.h>

#define MAX_OUTPUTS 32
#define MAX_THREADS 256
#define BLOCK_BYTES ((size_t)1 << 20)

enum { OUTPUTS, ID, KEEP, KEEP_ALL, FORMAT, MISSING, EMPTY_TEXT, OUT, THREADS };

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
    [OUT] = {.name = "output", .letter = 'o', .kind = MLP_OPT_FILE, .value = "FILE",
             .fallback = "-", .help = "where to write"},
    [THREADS] = {.name = "threads", .letter = 'j', .kind = MLP_OPT_INT, .value = "N",
                 .fallback = "1", .help = "predict on N threads"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Predict every row of a table.", "mlp-serve batch model.joblib test.csv > predictions.csv"},
    {"Keep the label, so that the predictions can be judged.",
     "mlp-serve batch model.joblib --keep late < test.csv | head -3"},
    {0},
};

/* One output to write: its number in the model, and the names of its columns. */
struct column_set {
    const struct mlp_output *o;
    const struct mlp_str *names;
    double *values;              /* of the batch: rows * width */
};

struct batch {
    struct mlp_cmd *cmd;
    struct mlp_model *m;
    struct mlp_table *t;
    struct mlp_arena arena;      /* names, maps */
    int *map;
    bool *skip;
    size_t *keep, nkeep;
    const struct mlp_output *outputs;
    size_t noutputs;
    uint32_t which;
    struct column_set sets[MAX_OUTPUTS];
    size_t nsets;
    bool ndjson;
    double missing;
    unsigned threads;
    struct mlp_out out;
};

/* A share of a batch's rows, for one thread. */
struct share {
    struct batch *b;
    const struct mlp_batch *rows;
    struct mlp_frame frame;
    size_t start;
    struct mlp_work *work;
    double *values[MAX_OUTPUTS];
    struct mlp_buf text;
    struct mlp_err e;
};

/* --- choosing columns --- */

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

static enum mlp_code choose_kept(struct batch *b, struct mlp_err *e)
{
    size_t n = mlp_table_ncols(b->t);
    b->skip = mlp_arena_array(&b->arena, n, sizeof *b->skip);
    b->keep = mlp_arena_array(&b->arena, n, sizeof *b->keep);
    b->map = mlp_arena_array(&b->arena, mlp_model_info(b->m)->ninputs, sizeof *b->map);
    if (!b->skip || !b->keep || !b->map)
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
    return code ? code : mlp_model_bind(b->m, b->t, b->skip, b->map, e);
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

/* --- writing --- */

static const struct mlp_csv_dialect csv = {',', '"'};

static void write_header(struct batch *b, struct mlp_buf *to)
{
    bool first = true;
    for (size_t i = 0; i < b->nkeep; i++, first = false) {
        mlp_buf_adds(to, first ? "" : ",");
        mlp_csv_add(&csv, to, mlp_table_name(b->t, b->keep[i]), false);
    }
    for (size_t s = 0; s < b->nsets; s++)
        for (size_t c = 0; c < b->sets[s].o->width; c++, first = false) {
            mlp_buf_adds(to, first ? "" : ",");
            mlp_csv_add(&csv, to, b->sets[s].names[c], false);
        }
    mlp_buf_addc(to, '\n');
}

/* A label may hold commas. */
static void csv_value(const struct mlp_output *o, size_t c, double v, struct mlp_buf *to)
{
    if (o->kind == MLP_OUTPUT_LABEL)
        mlp_csv_add(&csv, to, o->labels[c][(size_t)v], false);
    else
        mlp_output_print(o, c, v, to);
}

static void csv_row(const struct share *s, size_t r, struct mlp_buf *to)
{
    bool first = true;
    for (size_t i = 0; i < s->b->nkeep; i++, first = false) {
        const struct mlp_cell *cell = mlp_cell_at(s->rows, s->start + r, s->b->keep[i]);
        mlp_buf_adds(to, first ? "" : ",");
        mlp_csv_add(&csv, to, mlp_cell_str(cell), false);
    }
    for (size_t k = 0; k < s->b->nsets; k++) {
        const struct mlp_output *o = s->b->sets[k].o;
        for (size_t c = 0; c < o->width; c++, first = false) {
            if (!first)
                mlp_buf_addc(to, ',');
            csv_value(o, c, s->values[k][r * o->width + c], to);
        }
    }
    mlp_buf_addc(to, '\n');
}

/* Text that JSON reads as a number: what a CSV cell or a numeric class name holds. */
static bool is_json_number(struct mlp_str s)
{
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_err ignored;
    if (!s.n || s.n > 64)
        return false;
    mlp_err_init(&ignored);
    mlp_json_init(&j, s, 1);
    return !mlp_json_next(&j, &t, &ignored) && t.type == MLP_JSON_NUMBER && t.raw.n == s.n;
}

static void json_cell(struct mlp_json_out *o, const struct mlp_cell *cell)
{
    struct mlp_str s = mlp_cell_str(cell);
    if (!s.p)
        mlp_json_null(o);
    else if (!cell->quoted &&
             (is_json_number(s) || mlp_str_is(s, "true") || mlp_str_is(s, "false")))
        mlp_json_raw(o, s);
    else
        mlp_json_str(o, s);
}

static void json_value(struct mlp_json_out *o, const struct mlp_output *out, size_t c, double v,
                       bool text_labels)
{
    char digits[64];
    struct mlp_buf b;
    if (out->kind == MLP_OUTPUT_LABEL) {
        struct mlp_str s = out->labels[c][(size_t)v];
        if (!text_labels && is_json_number(s))
            mlp_json_raw(o, s);
        else if (!text_labels && (mlp_str_is(s, "True") || mlp_str_is(s, "False")))
            mlp_json_bool(o, mlp_str_is(s, "True"));
        else
            mlp_json_str(o, s);
        return;
    }
    if (!isfinite(v)) {
        mlp_json_null(o);
        return;
    }
    mlp_buf_init(&b, sizeof digits);
    mlp_output_print(out, c, v, &b);
    mlp_json_raw(o, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static void json_row(const struct share *s, size_t r, struct mlp_buf *to)
{
    struct mlp_json_out o;
    bool text_labels = mlp_model_info(s->b->m)->classes_are_text;
    mlp_json_out_init(&o, to, 0);
    mlp_json_open(&o, '{');
    for (size_t i = 0; i < s->b->nkeep; i++) {
        mlp_json_key_str(&o, mlp_table_name(s->b->t, s->b->keep[i]));
        json_cell(&o, mlp_cell_at(s->rows, s->start + r, s->b->keep[i]));
    }
    for (size_t k = 0; k < s->b->nsets; k++) {
        const struct column_set *set = &s->b->sets[k];
        for (size_t c = 0; c < set->o->width; c++) {
            mlp_json_key_str(&o, set->names[c]);
            json_value(&o, set->o, c, s->values[k][r * set->o->width + c], text_labels);
        }
    }
    mlp_json_close(&o, '}');
    mlp_buf_addc(to, '\n');
}

/* --- predicting --- */

/* The values of this share within the batch's arrays, by the model's numbering and by ours. */
static void aim(struct share *s, double **by_output)
{
    for (size_t k = 0; k < s->b->nsets; k++) {
        const struct column_set *set = &s->b->sets[k];
        s->values[k] = set->values + s->start * set->o->width;
        by_output[set->o - s->b->outputs] = s->values[k];
    }
}

static enum mlp_code place_error(struct share *s)
{
    size_t r = s->start + mlp_work_bad_row(s->work);
    return mlp_err_at(&s->e, mlp_table_source(s->b->t), s->rows->line[r], 0);
}

static void run_share(void *ctx, size_t i)
{
    struct share *s = (struct share *)ctx + i;
    double *by_output[MAX_OUTPUTS] = {NULL};
    if (s->frame.nrows == 0)
        return;
    aim(s, by_output);
    if (mlp_model_predict_outputs(s->b->m, s->work, &s->frame, s->b->which, by_output, &s->e)) {
        place_error(s);
        return;
    }
    mlp_buf_reset(&s->text);
    for (size_t r = 0; r < s->frame.nrows; r++) {
        if (s->b->ndjson)
            json_row(s, r, &s->text);
        else
            csv_row(s, r, &s->text);
    }
    mlp_buf_check(&s->text, &s->e);
}

static enum mlp_code check_rows(const struct batch *b, const struct mlp_batch *rows,
                                struct mlp_err *e)
{
    for (size_t r = 0; r < rows->nrows; r++)
        if (rows->bad[r]) {
            mlp_err_set(e, MLP_EINPUT, "%s", rows->bad[r]);
            return mlp_err_at(e, mlp_table_source(b->t), rows->line[r], 0);
        }
    return MLP_OK;
}

static void mark_missing(const struct batch *b, const struct mlp_frame *frame)
{
    size_t n = mlp_model_info(b->m)->ninputs;
    for (size_t i = 0; !isnan(b->missing) && i < n; i++)
        for (size_t r = 0; frame->numbers[i] && r < frame->nrows; r++)
            if (frame->numbers[i][r] == b->missing)
                frame->numbers[i][r] = NAN;
}

/* A CSV cannot tell an empty text from a missing one: the caller may. */
static void fill_empty(const struct batch *b, const struct mlp_frame *frame)
{
    const char *name;
    for (size_t k = 0; (name = mlp_opt_nth(b->cmd, EMPTY_TEXT, k)); k++)
        for (size_t i = 0; i < mlp_model_info(b->m)->ninputs; i++) {
            bool text = frame->texts[i] && mlp_str_is(mlp_model_info(b->m)->inputs[i].name, name);
            for (size_t r = 0; text && r < frame->nrows; r++)
                if (!frame->texts[i][r].p)
                    frame->texts[i][r] = MLP_STR("");
        }
}

static enum mlp_code take_values(struct batch *b, const struct mlp_batch *rows, struct mlp_err *e)
{
    for (size_t k = 0; k < b->nsets; k++) {
        struct column_set *set = &b->sets[k];
        set->values = mlp_arena_array64(rows->arena, rows->nrows * set->o->width, sizeof(double));
        if (!set->values)
            return mlp_err_nomem(e);
    }
    return MLP_OK;
}

/* The frame of rows [start, start + n), as pointers into the whole one. */
static enum mlp_code cut_frame(struct share *s, const struct mlp_frame *whole, size_t n,
                               struct mlp_err *e)
{
    size_t inputs = mlp_model_info(s->b->m)->ninputs;
    double **numbers = mlp_arena_array(s->rows->arena, inputs, sizeof *numbers);
    struct mlp_str **texts = mlp_arena_array(s->rows->arena, inputs, sizeof *texts);
    if (!numbers || !texts)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < inputs; i++) {
        numbers[i] = whole->numbers[i] ? whole->numbers[i] + s->start : NULL;
        texts[i] = whole->texts[i] ? whole->texts[i] + s->start : NULL;
    }
    s->frame = (struct mlp_frame){n, numbers, texts};
    return MLP_OK;
}

static enum mlp_code fit_work(struct share *s, size_t n, struct mlp_err *e)
{
    if (s->work && n <= BLOCK_BYTES)
        return MLP_OK;
    mlp_work_free(s->work);
    return mlp_work_new(s->b->m, n > BLOCK_BYTES ? n : BLOCK_BYTES, &s->work, e);
}

static enum mlp_code split(struct batch *b, const struct mlp_batch *rows, struct share *shares,
                           struct mlp_err *e)
{
    struct mlp_frame frame;
    if (check_rows(b, rows, e) || mlp_model_frame(b->m, rows, b->map, &frame, e) ||
        take_values(b, rows, e))
        return mlp_err_at(e, mlp_table_source(b->t), 0, 0);
    mark_missing(b, &frame);
    fill_empty(b, &frame);
    size_t each = (rows->nrows + b->threads - 1) / b->threads;
    for (unsigned i = 0; i < b->threads; i++) {
        struct share *s = &shares[i];
        size_t start = i * each < rows->nrows ? i * each : rows->nrows;
        size_t n = rows->nrows - start < each ? rows->nrows - start : each;
        s->rows = rows;
        s->start = start;
        if (cut_frame(s, &frame, n, e) || fit_work(s, n, e))
            return e->code;
    }
    return MLP_OK;
}

static enum mlp_code predict_batch(struct batch *b, const struct mlp_batch *rows,
                                   struct share *shares, struct mlp_err *e)
{
    if (split(b, rows, shares, e))
        return e->code;
    mlp_parallel_for(b->threads, b->threads, run_share, shares);
    for (unsigned i = 0; i < b->threads; i++) {
        if (shares[i].e.code) {
            *e = shares[i].e;
            return e->code;
        }
        if (shares[i].frame.nrows && mlp_out_str(&b->out, mlp_buf_str(&shares[i].text)))
            return MLP_OK; /* told by the commit */
    }
    return MLP_OK;
}

static enum mlp_code run_all(struct batch *b, struct share *shares, struct mlp_err *e)
{
    struct mlp_buf header;
    struct mlp_batch *rows;
    mlp_buf_init(&header, BLOCK_BYTES * 16);
    write_header(b, &header);
    enum mlp_code code = mlp_buf_check(&header, e);
    if (!code && !b->ndjson)
        mlp_out_str(&b->out, mlp_buf_str(&header));
    mlp_buf_fini(&header);
    while (!code && !(code = mlp_table_next(b->t, &rows, e)) && rows)
        code = predict_batch(b, rows, shares, e);
    return code;
}

static enum mlp_code with_shares(struct batch *b, struct mlp_err *e)
{
    struct share *shares = calloc(b->threads, sizeof *shares);
    if (!shares)
        return mlp_err_nomem(e);
    for (unsigned i = 0; i < b->threads; i++) {
        shares[i].b = b;
        mlp_buf_init(&shares[i].text, (size_t)1 << 31);
        mlp_err_init(&shares[i].e);
    }
    enum mlp_code code = run_all(b, shares, e);
    for (unsigned i = 0; i < b->threads; i++) {
        mlp_work_free(shares[i].work);
        mlp_buf_fini(&shares[i].text);
    }
    free(shares);
    if (!code)
        return mlp_out_commit(&b->out, e);
    return code;
}

static enum mlp_code open_all(struct batch *b, struct mlp_err *e)
{
    struct mlp_table_options to = {.block_bytes = BLOCK_BYTES};
    int64_t threads = mlp_opt_int(b->cmd, THREADS, 1);
    b->threads = threads < 1 ? mlp_os_cpus() : threads > MAX_THREADS ? MAX_THREADS
                                                                     : (unsigned)threads;
    b->ndjson = strcmp(mlp_opt_text(b->cmd, FORMAT), "ndjson") == 0;
    b->missing = mlp_opt_number(b->cmd, MISSING, NAN);
    enum mlp_code code = mlp_model_open(mlp_operand(b->cmd, 0, NULL), NULL, &b->m, e);
    if (!code)
        code = mlp_table_open(mlp_operand(b->cmd, 1, "-"), &to, &b->t, e);
    if (!code)
        code = choose_kept(b, e);
    if (!code)
        code = choose_outputs(b, e);
    return code ? code : mlp_out_open(&b->out, mlp_opt_text(b->cmd, OUT), e);
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct batch b = {.cmd = cmd, .out = {.fd = -1}};
    mlp_arena_init(&b.arena, (size_t)1 << 30);
    enum mlp_code code = open_all(&b, e);
    if (!code)
        code = with_shares(&b, e);
    mlp_out_abort(&b.out);
    mlp_table_close(b.t);
    mlp_model_free(b.m);
    mlp_arena_fini(&b.arena);
    return code;
}

const struct mlp_verb verb_batch = {
    .name = "batch",
    .summary = "predict the rows of a table",
    .operands = "MODEL [FILE|-]",
    .min_operands = 1,
    .max_operands = 2,
    .about = "Reads CSV, TSV or NDJSON (also .gz, .zst) and writes one row of predictions a "
             "row, in "
             "the same order.\nBy default these are prediction and, for classifiers, one column "
             "proba_CLASS a class. Other columns of the table are left out unless they are kept. A "
             "row that the model cannot answer ends the run with its line and the reason.",
    .opts = options,
    .examples = examples,
    .run = run,
};
