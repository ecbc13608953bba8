/* model.c: opening a model file and telling what is in it (model.h). */
#include "base/file.h"
#include "model/container.h"
#include "model/loader.h"
#include "model/ops.h"
#include <stdarg.h>
#include <stdlib.h>

#define DEFAULT_FILE (UINT64_C(2) << 30)
#define DEFAULT_MEMORY (UINT64_C(4) << 30)

/* A block's matrices should stay in the second cache level. Trees want more rows, which use each
 * tree while it is in the cache. */
#define BLOCK_BYTES (128u << 10)
#define BLOCK_ROWS 256
#define TREES_BYTES (1u << 20)
#define TREES_ROWS 1024

/* What a small file may become when it is decompressed; joblib's files shrink to a tenth at
 * most, a bomb to a thousandth. */
#define SLACK_BYTES (UINT64_C(256) << 20)
#define MOST_RATIO 100

enum mlp_code mlp_load_graph(struct mlp_load *l, size_t ninputs)
{
    enum mlp_code code = mlp_graph_init(&l->m->graph, &l->m->arena, ninputs, l->e);
    l->m->graph.explain = l->explain;
    return code;
}

struct mlp_str mlp_load_text(struct mlp_load *l, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mlp_arena_str(&l->m->arena, mlp_str_from(text));
}

struct mlp_str *mlp_load_numbered(struct mlp_load *l, size_t n)
{
    struct mlp_str *names = mlp_arena_array(&l->m->arena, n, sizeof *names);
    for (size_t i = 0; names && i < n; i++) {
        names[i] = mlp_load_text(l, "x%zu", i);
        if (!names[i].p)
            return NULL;
    }
    return names;
}

/* --- loading --- */

static enum mlp_code load_plain(struct mlp_load *l)
{
    switch (mlp_content_sniff(l->bytes)) {
    case MLP_CONTENT_PICKLE:
        return mlp_load_pickle(l);
    case MLP_CONTENT_JSON:
        return mlp_load_xgboost_json(l);
    case MLP_CONTENT_UBJSON:
        return mlp_load_xgboost_ubjson(l);
    case MLP_CONTENT_XGBOOST:
        return mlp_load_xgboost_binary(l);
    case MLP_CONTENT_LIGHTGBM:
        return mlp_load_lightgbm(l);
    case MLP_CONTENT_ZIP:
        return mlp_load_skops(l);
    case MLP_CONTENT_ONNX:
        return mlp_load_onnx(l);
    case MLP_CONTENT_UNKNOWN:
        break;
    }
    mlp_err_set(l->e, MLP_EINPUT, "the file is no model that can be read");
    return mlp_err_hint(l->e,
                        "known are scikit-learn skops, pickle and joblib, XGBoost JSON, UBJSON "
                        "and binary, LightGBM text, CatBoost JSON and ONNX");
}

static const char *codec_name(enum mlp_codec codec)
{
    static const char *const names[] = {"", "zlib", "gzip", "bzip2", "xz", "lzma", "lz4"};
    return names[codec];
}

static enum mlp_code load_bytes(struct mlp_load *l, uint64_t memory)
{
    enum mlp_codec codec = mlp_codec_sniff(l->bytes);
    uint64_t most = SLACK_BYTES + MOST_RATIO * (uint64_t)l->bytes.n;
    struct mlp_buf plain;
    mlp_buf_init(&plain, most < memory ? (size_t)most : (size_t)memory);
    enum mlp_code code = MLP_OK;
    l->codec = codec_name(codec);
    if (codec != MLP_CODEC_NONE) {
        code = mlp_codec_decompress(codec, l->bytes, &plain, l->e);
        l->bytes = mlp_buf_str(&plain);
    }
    if (!code)
        code = load_plain(l);
    mlp_buf_fini(&plain);
    return code;
}

/* --- after loading: what users see --- */

static enum mlp_code list_inputs(struct mlp_model *m, struct mlp_err *e)
{
    const struct mlp_graph *g = &m->graph;
    struct mlp_input *inputs = mlp_arena_array(&m->arena, g->ninputs, sizeof *inputs);
    uint32_t *position = mlp_arena_array(&m->arena, g->ninputs, sizeof *position);
    if (!inputs || !position)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < g->ninputs; i++) {
        /* A named model does without the columns that it drops; a nameless one counts on all. */
        if (m->info.named && !g->used_num[i] && !g->used_text[i])
            continue;
        position[m->info.ninputs] = (uint32_t)i;
        inputs[m->info.ninputs++] = (struct mlp_input){
            g->names[i], g->used_text[i] ? MLP_INPUT_TEXT : MLP_INPUT_NUMBER};
    }
    m->info.inputs = inputs;
    m->position = position;
    return MLP_OK;
}

static enum mlp_code list_labels(struct mlp_model *m, const struct mlp_goutput *g,
                                 struct mlp_output *o, struct mlp_err *e)
{
    const struct mlp_str **labels = mlp_arena_array(&m->arena, g->cols.n, sizeof *labels);
    if (!labels)
        return mlp_err_nomem(e);
    for (size_t c = 0; c < g->cols.n; c++)
        labels[c] = g->labels[c]->text;
    o->labels = labels;
    return MLP_OK;
}

static enum mlp_code list_outputs(struct mlp_model *m, struct mlp_err *e)
{
    m->predict = m->proba = -1;
    for (size_t i = 0; i < m->graph.noutputs; i++) {
        const struct mlp_goutput *g = &m->graph.outputs[i];
        struct mlp_output *o = &m->outputs[i];
        *o = (struct mlp_output){.name = g->name, .kind = (enum mlp_output_kind)g->kind,
                                 .width = g->cols.n, .columns = g->suffix};
        if (g->kind == MLP_OUT_LABEL && list_labels(m, g, o, e))
            return e->code;
        if ((m->predict < 0 && mlp_str_is(g->name, "predict")) || mlp_str_is(g->name, "label"))
            m->predict = (int)i;
        if (mlp_str_is(g->name, "proba"))
            m->proba = (int)i;
    }
    return MLP_OK;
}

static void set_task(struct mlp_model *m)
{
    struct mlp_model_info *info = &m->info;
    const struct mlp_goutput *p = m->predict < 0 ? NULL : &m->graph.outputs[m->predict];
    info->task = p ? MLP_TASK_REGRESSION : MLP_TASK_TRANSFORM;
    if (!p || p->kind != MLP_OUT_LABEL)
        return;
    info->nclasses = p->labels[0]->n;
    info->classes = p->labels[0]->text;
    info->classes_are_text = p->labels[0]->is_text;
    info->has_proba = m->proba >= 0 &&
                      m->graph.outputs[m->proba].cols.n == info->nclasses;
    info->task = info->nclasses == 2 ? MLP_TASK_BINARY : MLP_TASK_MULTICLASS;
}

/* Rows that run at once. Numbers of leaves are many, and hardly anybody asks for them. */
static size_t block_rows(const struct mlp_graph *g)
{
    size_t numbers = g->num_width, most = BLOCK_ROWS, bytes = BLOCK_BYTES;
    for (size_t i = 2; i < g->nodes.n; i++) {
        const struct mlp_gnode *n = mlp_vec_at(&g->nodes, i);
        if (n->need && n->op == &mlp_op_leaves)
            numbers -= n->out_width;
        if (n->need && n->op == &mlp_op_trees) {
            most = TREES_ROWS;
            bytes = TREES_BYTES;
        }
    }
    size_t row = numbers * sizeof(double) + g->text_width * sizeof(struct mlp_str) + 1;
    size_t rows = bytes / row;
    return rows < 1 ? 1 : rows > most ? most : rows;
}

static enum mlp_code list_steps(struct mlp_model *m, struct mlp_err *e)
{
    struct mlp_str *steps = mlp_arena_array(&m->arena, m->graph.nodes.n, sizeof *steps);
    if (!steps)
        return mlp_err_nomem(e);
    for (size_t i = 2; i < m->graph.nodes.n; i++) {
        const struct mlp_gnode *n = mlp_vec_at(&m->graph.nodes, i);
        if (!n->need)
            continue;
        char text[160];
        snprintf(text, sizeof text, "%s: %zu in, %u out", n->op->name, n->in.n, n->out_width);
        steps[m->info.nsteps] = mlp_arena_str(&m->arena, mlp_str_from(text));
        if (!steps[m->info.nsteps++].p)
            return mlp_err_nomem(e);
    }
    m->info.steps = steps;
    return MLP_OK;
}

static enum mlp_code finish(struct mlp_model *m, bool explain, struct mlp_err *e)
{
    if (mlp_graph_finish(&m->graph, e) || list_inputs(m, e) || list_outputs(m, e) ||
        list_steps(m, e))
        return e->code;
    set_task(m);
    if (explain && mlp_explain_plan(&m->graph, &m->info, m->position, &m->explain, e))
        return e->code;
    if (m->explain)
        m->outputs[m->graph.noutputs] = m->explain->output;
    m->block = block_rows(&m->graph);
    m->info.bytes = m->arena.used + sizeof *m;
    return MLP_OK;
}

enum mlp_code mlp_model_open_mem(struct mlp_str bytes, const char *source,
                                 const struct mlp_model_limits *limits, struct mlp_model **out,
                                 struct mlp_err *e)
{
    uint64_t memory = limits && limits->memory_bytes ? limits->memory_bytes : DEFAULT_MEMORY;
    struct mlp_err local;
    struct mlp_arena tmp;
    struct mlp_model *m = calloc(1, sizeof *m);
    mlp_err_init(&local);
    *out = NULL;
    e = e ? e : &local;
    if (!m)
        return mlp_err_nomem(e);
    mlp_arena_init(&m->arena, (size_t)memory);
    mlp_arena_init(&tmp, (size_t)memory);
    struct mlp_load l = {.m = m, .tmp = &tmp, .bytes = bytes, .e = e,
                         .explain = limits && limits->explain,
                         .onnxruntime = limits ? limits->onnxruntime : NULL};
    enum mlp_code code = load_bytes(&l, memory);
    mlp_arena_fini(&tmp);
    if (!code)
        code = finish(m, l.explain, e);
    if (code) {
        mlp_model_free(m);
        return mlp_err_at(e, source, 0, 0);
    }
    *out = m;
    return MLP_OK;
}

enum mlp_code mlp_model_open(const char *path, const struct mlp_model_limits *limits,
                             struct mlp_model **m, struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)(limits && limits->file_bytes ? limits->file_bytes : DEFAULT_FILE));
    *m = NULL;
    enum mlp_code code = mlp_file_read(path, &b, e);
    if (!code)
        code = mlp_model_open_mem(mlp_buf_str(&b), mlp_file_name(path), limits, m, e);
    mlp_buf_fini(&b);
    return code;
}

void mlp_model_free(struct mlp_model *m)
{
    if (!m)
        return;
    if (m->engine)
        m->engine_free(m->engine);
    mlp_graph_fini(&m->graph);
    mlp_arena_fini(&m->arena);
    free(m);
}

const struct mlp_model_info *mlp_model_info(const struct mlp_model *m)
{
    return &m->info;
}

const struct mlp_output *mlp_model_outputs(const struct mlp_model *m, size_t *n)
{
    *n = m->graph.noutputs + (m->explain != NULL);
    return m->outputs;
}
