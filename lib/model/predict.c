/* predict.c: rows in, answers out (model.h). */
#include "model/loader.h"
#include "text/json.h"
#include "text/num.h"
#include <math.h>
#include <stdlib.h>

struct mlp_work {
    struct mlp_area area;
    void *explain;               /* scratch */
    size_t max_rows;
    size_t bad_row;
};

enum mlp_code mlp_work_new(const struct mlp_model *m, size_t max_rows, struct mlp_work **out,
                           struct mlp_err *e)
{
    struct mlp_work *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return mlp_err_nomem(e);
    w->max_rows = max_rows ? max_rows : 1;
    size_t rows = w->max_rows < m->block ? w->max_rows : m->block;
    if (m->explain)
        w->explain = aligned_alloc(64, (m->explain->scratch + 127) & ~(size_t)63);
    if ((m->explain && !w->explain) || mlp_area_init(&w->area, &m->graph, rows, e)) {
        free(w->explain);
        free(w);
        return mlp_err_nomem(e);
    }
    *out = w;
    return MLP_OK;
}

void mlp_work_free(struct mlp_work *w)
{
    if (!w)
        return;
    mlp_area_fini(&w->area);
    free(w->explain);
    free(w);
}

size_t mlp_work_bad_row(const struct mlp_work *w)
{
    return w->bad_row;
}

/* Rows [start, start + rows) of the frame into the area. */
static void fill_inputs(const struct mlp_model *m, struct mlp_area *a, const struct mlp_frame *f,
                        size_t start, size_t rows)
{
    for (size_t i = 0; i < m->info.ninputs; i++) {
        uint32_t at = m->position[i];
        bool text = m->info.inputs[i].type == MLP_INPUT_TEXT;
        for (size_t r = 0; r < rows; r++) {
            if (text)
                mlp_area_texts(&m->graph, a, r)[at] = f->texts[i][start + r];
            else
                mlp_area_numbers(&m->graph, a, r)[at] = f->numbers[i][start + r];
        }
    }
}

/* Rows [start, start + n) of a frame. */
struct block {
    const struct mlp_frame *f;
    size_t start, n;
};

/* One block: inputs, run. On failure the row of the frame is noted. */
static enum mlp_code run_block(const struct mlp_model *m, struct mlp_work *w,
                               const struct block *b, uint32_t which, struct mlp_err *e)
{
    size_t bad = 0;
    fill_inputs(m, &w->area, b->f, b->start, b->n);
    enum mlp_code code = mlp_graph_run(&m->graph, &w->area, b->n, which, &bad, e);
    w->bad_row = b->start + bad;
    return code;
}

static enum mlp_code check_rows(const struct mlp_work *w, const struct mlp_frame *f,
                                struct mlp_err *e)
{
    if (f->nrows <= w->max_rows)
        return MLP_OK;
    return mlp_err_set(e, MLP_EBUG, "%zu rows for a work area of %zu", f->nrows, w->max_rows);
}

/* The output's columns of a block, row-major. */
static void copy_output(const struct mlp_model *m, const struct mlp_area *a, size_t output,
                        size_t rows, double *to)
{
    const struct mlp_cols *cols = &m->graph.outputs[output].cols;
    for (size_t c = 0; c < cols->n; c++) {
        size_t stride;
        const double *from = mlp_area_column(&m->graph, a, cols->p[c], &stride);
        for (size_t r = 0; r < rows; r++)
            to[r * cols->n + c] = from[r * stride];
    }
}

enum mlp_code mlp_model_predict_outputs(const struct mlp_model *m, struct mlp_work *w,
                                        const struct mlp_frame *frame, uint32_t which,
                                        double *const *out, struct mlp_err *e)
{
    enum mlp_code code = check_rows(w, frame, e);
    size_t last = m->graph.noutputs;
    bool explain = m->explain && which >> last & 1;
    uint32_t run = which | (explain ? 1u << m->explain->target : 0);
    for (size_t start = 0; start < frame->nrows && !code; start += w->area.rows) {
        size_t left = frame->nrows - start, rows = left < w->area.rows ? left : w->area.rows;
        code = run_block(m, w, &(struct block){frame, start, rows}, run, e);
        if (!code && explain)
            mlp_explain_run(m->explain, &w->area, rows, w->explain,
                            out[last] + start * m->outputs[last].width);
        for (size_t i = 0; i < m->graph.noutputs && !code; i++)
            if (which >> i & 1)
                copy_output(m, &w->area, i, rows, out[i] + start * m->outputs[i].width);
    }
    return code;
}

/* The first column of predict as label and as number. */
static void copy_predict(const struct mlp_model *m, const struct mlp_area *a, size_t start,
                         size_t rows, const struct mlp_result *to)
{
    const struct mlp_goutput *o = &m->graph.outputs[m->predict];
    size_t stride;
    const double *from = mlp_area_column(&m->graph, a, o->cols.p[0], &stride);
    bool label = o->kind == MLP_OUT_LABEL;
    for (size_t r = 0; r < rows; r++) {
        double v = from[r * stride];
        if (to->label)
            to->label[start + r] = label ? (int32_t)v : -1;
        if (to->value)
            to->value[start + r] = label ? o->labels[0]->number[(size_t)v] : v;
    }
}

static void copy_proba(const struct mlp_model *m, const struct mlp_area *a, size_t start,
                       size_t rows, double *to)
{
    size_t k = m->info.nclasses;
    for (size_t c = 0; c < k; c++) {
        size_t stride = 0;
        static const double none = NAN;
        const double *from = m->proba < 0
                                 ? &none
                                 : mlp_area_column(&m->graph, a,
                                                   m->graph.outputs[m->proba].cols.p[c], &stride);
        for (size_t r = 0; r < rows; r++)
            to[(start + r) * k + c] = from[r * stride];
    }
}

enum mlp_code mlp_model_predict(const struct mlp_model *m, struct mlp_work *w,
                                const struct mlp_frame *frame, const struct mlp_result *result,
                                struct mlp_err *e)
{
    enum mlp_code code = check_rows(w, frame, e);
    if (!code && m->predict < 0)
        code = mlp_err_set(e, MLP_EINPUT, "the model transforms and does not predict");
    uint32_t which = code ? 0 : 1u << m->predict;
    which |= result->proba && m->proba >= 0 ? 1u << m->proba : 0;
    for (size_t start = 0; start < frame->nrows && !code; start += w->area.rows) {
        size_t left = frame->nrows - start, rows = left < w->area.rows ? left : w->area.rows;
        code = run_block(m, w, &(struct block){frame, start, rows}, which, e);
        if (code)
            break;
        copy_predict(m, &w->area, start, rows, result);
        if (result->proba && m->info.nclasses)
            copy_proba(m, &w->area, start, rows, result->proba);
    }
    return code;
}

void mlp_output_print(const struct mlp_output *o, size_t c, double v, struct mlp_buf *b)
{
    char text[32];
    switch (o->kind) {
    case MLP_OUTPUT_LABEL:
        mlp_buf_addstr(b, o->labels[c][(size_t)v]);
        return;
    case MLP_OUTPUT_INT:
        mlp_buf_addi64(b, (int64_t)v);
        return;
    case MLP_OUTPUT_F32:
        mlp_buf_add(b, text, mlp_num_print_f32((float)v, text));
        return;
    case MLP_OUTPUT_F64:
        mlp_buf_add(b, text, mlp_num_print_f64(v, text));
        return;
    }
}

/* --- tables --- */

static enum mlp_code missing_column(const struct mlp_model *m, const struct mlp_table *t, size_t i,
                                    struct mlp_err *e)
{
    struct mlp_str name = m->info.inputs[i].name, near = {NULL, 0};
    unsigned best = (unsigned)name.n / 3 + 1;
    for (size_t c = 0; c < mlp_table_ncols(t); c++) {
        unsigned d = mlp_str_distance(mlp_table_name(t, c), name);
        if (d < best) {
            best = d;
            near = mlp_table_name(t, c);
        }
    }
    mlp_err_set(e, MLP_EINPUT, "column \"%.*s\", which the model needs, is not there",
                MLP_STR_ARG(name));
    if (near.n)
        mlp_err_hint(e, "did you mean \"%.*s\"?", MLP_STR_ARG(near));
    else
        mlp_err_hint(e, "mlp-serve inspect MODEL lists the columns that it takes");
    return mlp_err_at(e, mlp_table_source(t), 0, 0);
}

/* By order: as many columns, those marked aside, as the model has inputs. */
static bool bind_in_order(const struct mlp_model *m, const struct mlp_table *t, const bool *skip,
                          int *map)
{
    size_t n = 0, columns = mlp_table_ncols(t);
    for (size_t c = 0; c < columns; c++) {
        if (skip && skip[c])
            continue;
        if (n < m->info.ninputs)
            map[n] = (int)c;
        n++;
    }
    return n == m->info.ninputs;
}

enum mlp_code mlp_model_bind(const struct mlp_model *m, const struct mlp_table *t,
                             const bool *skip, int *map, struct mlp_err *e)
{
    for (size_t i = 0; i < m->info.ninputs; i++) {
        map[i] = mlp_table_find(t, m->info.inputs[i].name);
        if (map[i] >= 0)
            continue;
        if (!m->info.named && bind_in_order(m, t, skip, map))
            return MLP_OK;
        return missing_column(m, t, i, e);
    }
    return MLP_OK;
}

static bool truth(const struct mlp_cell *c, double *out)
{
    struct mlp_str s = mlp_cell_str(c);
    bool yes = mlp_str_is(s, "true") || mlp_str_is(s, "True") || mlp_str_is(s, "TRUE");
    bool no = mlp_str_is(s, "false") || mlp_str_is(s, "False") || mlp_str_is(s, "FALSE");
    *out = yes;
    return yes || no;
}

static enum mlp_code numbers_of(const struct mlp_batch *b, int column, struct mlp_str name,
                                double **out, struct mlp_err *e)
{
    double *v = mlp_arena_array(b->arena, b->nrows, sizeof *v);
    uint8_t *ok = mlp_arena_alloc(b->arena, b->nrows);
    *out = v;
    if (!v || !ok)
        return mlp_err_nomem(e);
    if (mlp_batch_f64(b, (size_t)column, v, ok) == 0)
        return MLP_OK;
    for (size_t r = 0; r < b->nrows; r++) {
        const struct mlp_cell *c = mlp_cell_at(b, r, (size_t)column);
        if (ok[r] || truth(c, &v[r]))
            continue;
        mlp_err_set(e, MLP_EINPUT, "column \"%.*s\": \"%.*s\" is not a number", MLP_STR_ARG(name),
                    c->n > 60 ? 60 : (int)c->n, c->p);
        return mlp_err_at(e, NULL, b->line[r], 0);
    }
    return MLP_OK;
}

static enum mlp_code texts_of(const struct mlp_batch *b, int column, struct mlp_str **out,
                              struct mlp_err *e)
{
    struct mlp_str *v = mlp_arena_array(b->arena, b->nrows, sizeof *v);
    *out = v;
    if (!v)
        return mlp_err_nomem(e);
    for (size_t r = 0; r < b->nrows; r++)
        v[r] = mlp_cell_str(mlp_cell_at(b, r, (size_t)column));
    return MLP_OK;
}

enum mlp_code mlp_model_frame(const struct mlp_model *m, const struct mlp_batch *b, const int *map,
                              struct mlp_frame *frame, struct mlp_err *e)
{
    size_t n = m->info.ninputs;
    double **numbers = mlp_arena_array(b->arena, n, sizeof *numbers);
    struct mlp_str **texts = mlp_arena_array(b->arena, n, sizeof *texts);
    enum mlp_code code = numbers && texts ? MLP_OK : mlp_err_nomem(e);
    for (size_t i = 0; i < n && !code; i++) {
        const struct mlp_input *in = &m->info.inputs[i];
        code = in->type == MLP_INPUT_TEXT ? texts_of(b, map[i], &texts[i], e)
                                          : numbers_of(b, map[i], in->name, &numbers[i], e);
    }
    *frame = (struct mlp_frame){b->nrows, numbers, texts};
    return code;
}

static const char *task_name(enum mlp_task task)
{
    static const char *const names[] = {"regression", "binary", "multiclass", "transform"};
    return names[task];
}

void mlp_model_signature(const struct mlp_model *m, struct mlp_buf *out)
{
    const struct mlp_model_info *info = &m->info;
    struct mlp_json_out o;
    mlp_json_out_init(&o, out, 0);
    mlp_json_open(&o, '{');
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
    mlp_json_key(&o, "task");
    mlp_json_text(&o, task_name(info->task));
    mlp_json_key(&o, "classes");
    mlp_json_open(&o, '[');
    for (size_t i = 0; i < info->nclasses; i++)
        mlp_json_str(&o, info->classes[i]);
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
}
