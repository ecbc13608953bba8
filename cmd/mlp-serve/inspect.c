/* mlp-serve inspect: what a model file holds. */
#include "verbs.h"

#include "base/file.h"
#include "model/model.h"
#include "text/json.h"

enum { FORMAT, CLASSES };

static const struct mlp_opt options[] = {
    [FORMAT] = {.name = "format", .kind = MLP_OPT_CHOICE, .value = "FORMAT",
                .choices = "text|json", .fallback = "text", .help = "how to tell it"},
    [CLASSES] = {.name = "classes", .kind = MLP_OPT_FLAG,
                 .help = "list the classes that pickles may hold to be served"},
    {0},
};

static const struct mlp_example examples[] = {
    {"See what a model takes and gives.", "mlp-serve inspect model.joblib"},
    {"See which estimators are read.", "mlp-serve inspect --classes | head -5"},
    {0},
};

static const char *task_name(enum mlp_task task)
{
    static const char *const names[] = {"regression", "binary classification",
                                        "classification", "transformation"};
    return names[task];
}

/* Names come from the file: control bytes could redraw the terminal. */
static void plain(struct mlp_buf *b, struct mlp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        mlp_buf_addc(b, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
}

static void line(struct mlp_buf *b, const char *name, struct mlp_str value)
{
    if (!value.n)
        return;
    mlp_buf_addf(b, "%-10s ", name);
    plain(b, value);
    mlp_buf_addc(b, '\n');
}

static void list(struct mlp_buf *b, const char *name, const struct mlp_str *items, size_t n)
{
    if (!n)
        return;
    mlp_buf_addf(b, "%-10s ", name);
    for (size_t i = 0; i < n; i++) {
        mlp_buf_adds(b, i ? ", " : "");
        plain(b, items[i]);
    }
    mlp_buf_addc(b, '\n');
}

static void blocks(struct mlp_buf *b, const char *name, const struct mlp_str *items, size_t n)
{
    if (n)
        mlp_buf_addf(b, "%s (%zu)\n", name, n);
    for (size_t i = 0; i < n; i++) {
        mlp_buf_adds(b, "  ");
        plain(b, items[i]);
        mlp_buf_addc(b, '\n');
    }
}

/* Those of one item are lines, the others lists; both in their own part of the text. */
static void details(struct mlp_buf *b, const struct mlp_model_info *info, bool lists)
{
    for (size_t i = 0; i < info->ndetails; i++) {
        const struct mlp_detail *d = &info->details[i];
        if (lists && d->n > 1)
            blocks(b, d->name.p, d->items, d->n);
        else if (!lists && d->n == 1)
            line(b, d->name.p, d->items[0]);
    }
}

static void as_text(const struct mlp_model *m, struct mlp_buf *b)
{
    const struct mlp_model_info *info = mlp_model_info(m);
    size_t n;
    const struct mlp_output *o = mlp_model_outputs(m, &n);
    line(b, "format", info->format);
    line(b, "version", info->version);
    line(b, "estimator", info->estimator);
    line(b, "task", mlp_str_from(task_name(info->task)));
    list(b, "classes", info->classes, info->nclasses);
    details(b, info, false);
    mlp_buf_addf(b, "%-10s %zu bytes\n", "memory", info->bytes);
    mlp_buf_addf(b, "inputs (%zu)%s\n", info->ninputs,
                 info->named ? "" : ", by order: the model has no column names");
    for (size_t i = 0; i < info->ninputs; i++) {
        mlp_buf_addf(b, "  %-8s",
                     info->inputs[i].type == MLP_INPUT_TEXT ? "text" : "number");
        plain(b, info->inputs[i].name);
        mlp_buf_addc(b, '\n');
    }
    mlp_buf_addf(b, "outputs (%zu)\n", n);
    for (size_t i = 0; i < n; i++)
        mlp_buf_addf(b, "  %-10.*s %zu a row\n", MLP_STR_ARG(o[i].name), o[i].width);
    blocks(b, "steps", info->steps, info->nsteps);
    blocks(b, "globals", info->globals, info->nglobals);
    details(b, info, true);
}

static void json_list(struct mlp_json_out *o, const char *key, const struct mlp_str *items,
                      size_t n)
{
    mlp_json_key(o, key);
    mlp_json_open(o, '[');
    for (size_t i = 0; i < n; i++)
        mlp_json_str(o, items[i]);
    mlp_json_close(o, ']');
}

static void as_json(const struct mlp_model *m, struct mlp_buf *b)
{
    const struct mlp_model_info *info = mlp_model_info(m);
    struct mlp_json_out o;
    size_t n;
    const struct mlp_output *outputs = mlp_model_outputs(m, &n);
    mlp_json_out_init(&o, b, 2);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "format");
    mlp_json_str(&o, info->format);
    mlp_json_key(&o, "version");
    mlp_json_str(&o, info->version);
    mlp_json_key(&o, "estimator");
    mlp_json_str(&o, info->estimator);
    mlp_json_key(&o, "task");
    mlp_json_text(&o, task_name(info->task));
    json_list(&o, "classes", info->classes, info->nclasses);
    mlp_json_key(&o, "bytes");
    mlp_json_u64(&o, info->bytes);
    mlp_json_key(&o, "inputs");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < info->ninputs; i++) {
        mlp_json_open(&o, '{');
        mlp_json_key(&o, "name");
        mlp_json_str(&o, info->inputs[i].name);
        mlp_json_key(&o, "type");
        mlp_json_text(&o, info->inputs[i].type == MLP_INPUT_TEXT ? "text" : "number");
        mlp_json_close(&o, '}');
    }
    mlp_json_close(&o, ']');
    mlp_json_key(&o, "outputs");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < n; i++)
        mlp_json_str(&o, outputs[i].name);
    mlp_json_close(&o, ']');
    json_list(&o, "steps", info->steps, info->nsteps);
    json_list(&o, "globals", info->globals, info->nglobals);
    mlp_json_key(&o, "details");
    mlp_json_open(&o, '{');
    for (size_t i = 0; i < info->ndetails; i++)
        json_list(&o, info->details[i].name.p, info->details[i].items, info->details[i].n);
    mlp_json_close(&o, '}');
    mlp_json_close(&o, '}');
    mlp_buf_addc(b, '\n');
}

static enum mlp_code write_out(struct mlp_buf *b, struct mlp_err *e)
{
    enum mlp_code code = mlp_buf_check(b, e);
    if (!code)
        code = mlp_file_write("-", mlp_buf_str(b), 0, e);
    mlp_buf_fini(b);
    return code;
}

static enum mlp_code list_classes(struct mlp_err *e)
{
    struct mlp_buf b;
    const char *name;
    mlp_buf_init(&b, (size_t)1 << 20);
    for (size_t i = 0; (name = mlp_model_class(i)); i++)
        mlp_buf_addf(&b, "%s\n", name);
    return write_out(&b, e);
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_model *m;
    struct mlp_buf b;
    const char *path = mlp_operand(cmd, 0, NULL);
    if (mlp_opt_flag(cmd, CLASSES))
        return list_classes(e);
    if (!path)
        return mlp_err_set(e, MLP_EUSAGE, "inspect wants a MODEL");
    enum mlp_code code = serve_confine(NULL, e);
    if (!code)
        code = mlp_model_open(path, NULL, &m, e);
    if (code)
        return code;
    mlp_buf_init(&b, (size_t)1 << 30);
    if (strcmp(mlp_opt_text(cmd, FORMAT), "json") == 0)
        as_json(m, &b);
    else
        as_text(m, &b);
    mlp_model_free(m);
    return write_out(&b, e);
}

const struct mlp_verb verb_inspect = {
    .name = "inspect",
    .summary = "tell what a model takes, gives and is made of",
    .operands = "[MODEL]",
    .min_operands = 0,
    .max_operands = 1,
    .about = "Loads a model as the server does, without running code of the file, and lists "
             "inputs, outputs, classes, steps, memory and every name that a pickle holds; of an "
             "ONNX file also its producer, operator sets, metadata, tensors in and out with "
             "types and shapes, operators with their numbers, weights and nodes. A model "
             "that cannot be served ends with the reason, the place and status 3.",
    .opts = options,
    .examples = examples,
    .run = run,
};
