/* convert.c: the walk over a graph that writes it as ONNX (convert.h). */
#include "model/convert_lower.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define SCRATCH_BYTES ((size_t)4 << 30)
#define PART_BYTES ((size_t)2 << 30)
#define NONE MLP_EMIT_NONE

static const struct mlp_gnode *node_at(const struct mlp_convert *c, size_t i)
{
    return mlp_vec_at(&c->g->nodes, i);
}

/* --- what writers use --- */

enum mlp_code mlp_lower_refuse(struct mlp_lower *l, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    size_t step = (size_t)(l->n - node_at(l->c, 0));
    mlp_err_set(l->c->e, MLP_EINPUT, "step %zu (%s) of %.*s cannot be written as ONNX: %s", step,
                l->n->op->name, MLP_STR_ARG(l->c->m->info.estimator), why);
    return mlp_err_hint(l->c->e, "serve the file as it is, or convert what comes after this step");
}

void *mlp_lower_array(struct mlp_lower *l, size_t n, size_t item)
{
    void *p = mlp_arena_array(&l->c->arena, n, item);
    if (!p)
        mlp_err_nomem(l->c->e);
    return p;
}

uint32_t mlp_lower_column(struct mlp_lower *l, uint32_t x, size_t i)
{
    int64_t at = (int64_t)i;
    return mlp_emit_gather(l->w, x, mlp_emit_ints(l->w, &at, 1), 1);
}

uint32_t mlp_lower_columns(struct mlp_lower *l, uint32_t x, const uint32_t *idx, size_t n)
{
    int64_t *at = mlp_lower_array(l, n, sizeof *at);
    for (size_t i = 0; at && i < n; i++)
        at[i] = idx[i];
    return at ? mlp_emit_gather(l->w, x, mlp_emit_ints(l->w, at, n), 1) : NONE;
}

static uint32_t batch(struct mlp_lower *l)
{
    if (l->c->batch == NONE) {
        mlp_emit_attr_int(l->w, "start", 0);
        mlp_emit_attr_int(l->w, "end", 1);
        l->c->batch = mlp_emit1(l->w, "Shape", l->c->any_input);
    }
    return l->c->batch;
}

uint32_t mlp_lower_constant(struct mlp_lower *l, const double *v, size_t width)
{
    int64_t one = 1;
    uint32_t shape[2] = {batch(l), mlp_emit_ints(l->w, &one, 1)};
    return mlp_emit2(l->w, "Expand", mlp_emit_matrix(l->w, v, 1, width),
                     mlp_emit_concat(l->w, shape, 2, 0));
}

uint32_t mlp_lower_iota(struct mlp_lower *l, size_t n)
{
    double *v = mlp_lower_array(l, n, sizeof *v);
    for (size_t i = 0; v && i < n; i++)
        v[i] = (double)i;
    return v ? mlp_emit_row(l->w, v, n) : NONE;
}

uint32_t mlp_lower_table(struct mlp_lower *l, const double *v, size_t n, size_t width,
                         uint32_t index)
{
    uint32_t at = mlp_emit_cast(l->w, index, MLP_DT_INT64);
    uint32_t rows = mlp_emit_gather(l->w, mlp_emit_matrix(l->w, v, n, width), at, 0);
    return mlp_emit_reshape(l->w, rows, width, 0);
}

uint32_t mlp_lower_flag(struct mlp_lower *l, const char *op, uint32_t a, uint32_t b)
{
    return mlp_emit_cast(l->w, mlp_emit2(l->w, op, a, b), MLP_DT_DOUBLE);
}

/* --- inputs --- */

/* Numbers may come as float when nobody looks at more. */
static bool numbers_are_float(const struct mlp_convert *c)
{
    bool any = false;
    for (size_t i = MLP_NODE_TEXTS + 1; i < c->g->nodes.n; i++) {
        const struct mlp_gnode *n = node_at(c, i);
        for (size_t k = 0; n->need && k < n->in.n; k++)
            if (n->in.p[k].node == MLP_NODE_NUMBERS) {
                if (!mlp_convert_rounds(n))
                    return false;
                any = true;
            }
    }
    for (size_t i = 0; i < c->g->noutputs; i++)
        for (size_t k = 0; k < c->g->outputs[i].cols.n; k++)
            if (c->g->outputs[i].cols.p[k].node == MLP_NODE_NUMBERS)
                return false;
    return any;
}

static bool has_text(const struct mlp_convert *c)
{
    for (size_t i = 0; i < c->g->ninputs; i++)
        if (c->g->used_text[i])
            return true;
    return false;
}

static bool has_number(const struct mlp_convert *c)
{
    for (size_t i = 0; i < c->g->ninputs; i++)
        if (c->g->used_num[i])
            return true;
    return false;
}

static uint32_t as_double(struct mlp_convert *c, uint32_t t, enum mlp_dtype type)
{
    return type == MLP_DT_FLOAT ? mlp_emit_cast(&c->w, t, MLP_DT_DOUBLE) : t;
}

/* One tensor for all columns. */
static void declare_matrix(struct mlp_convert *c, enum mlp_dtype type)
{
    uint32_t t = mlp_emit_input(&c->w, mlp_str_from("X"), type, c->g->ninputs);
    c->any_input = t;
    c->tensor[type == MLP_DT_STRING ? MLP_NODE_TEXTS : MLP_NODE_NUMBERS] = as_double(c, t, type);
}

static enum mlp_code check_name(struct mlp_convert *c, size_t i)
{
    const struct mlp_input *inputs = c->m->info.inputs;
    const char *what = !inputs[i].name.n ? "no name" : "a name that is not UTF-8";
    bool good = inputs[i].name.n && mlp_str_utf8(inputs[i].name);
    for (size_t k = 0; good && k < i; k++)
        if (mlp_str_eq(inputs[k].name, inputs[i].name)) {
            what = "the name of an earlier one";
            good = false;
        }
    if (good)
        return MLP_OK;
    mlp_err_set(c->e, MLP_EINPUT, "column %zu of the model has %s, which no ONNX input can have",
                i + 1, what);
    return mlp_err_hint(c->e, "train the model on columns with names of their own");
}

/* Whether a name could be that of a tensor inside. */
static bool looks_inner(struct mlp_str name, const char *prefix)
{
    size_t n = strlen(prefix);
    if (name.n <= n || memcmp(name.p, prefix, n) != 0)
        return false;
    while (n < name.n && name.p[n] >= '0' && name.p[n] <= '9')
        n++;
    return n == name.n;
}

static bool is_input_name(const struct mlp_convert *c, struct mlp_str name)
{
    if (c->m->info.named && !c->m->info.ninputs)
        return mlp_str_eq(c->g->names[0], name);
    for (size_t i = 0; c->m->info.named && i < c->m->info.ninputs; i++)
        if (mlp_str_eq(c->m->info.inputs[i].name, name))
            return true;
    return false;
}

/* "t", with more of it until no column is named so. */
static enum mlp_code choose_prefix(struct mlp_convert *c)
{
    size_t n = 0;
    bool taken = true;
    while (taken && n + 1 < sizeof c->prefix) {
        c->prefix[n++] = 't';
        c->prefix[n] = '\0';
        taken = false;
        for (size_t i = 0; i < c->m->info.ninputs; i++)
            taken |= looks_inner(c->m->info.inputs[i].name, c->prefix);
    }
    return taken ? mlp_err_set(c->e, MLP_EINPUT, "the model's columns are named t1, tt1, ...: no "
                                                 "names are left for what lies between")
                 : MLP_OK;
}

/* One tensor a column that is used. */
static enum mlp_code declare_columns(struct mlp_convert *c, enum mlp_dtype number)
{
    for (size_t i = 0; i < c->m->info.ninputs; i++) {
        uint32_t at = c->m->position[i];
        bool text = c->g->used_text[at];
        enum mlp_dtype type = text ? MLP_DT_STRING : number;
        if (check_name(c, i))
            return c->e->code;
        uint32_t t = mlp_emit_input(&c->w, c->m->info.inputs[i].name, type, 1);
        c->any_input = t;
        (text ? c->text : c->number)[at] = as_double(c, t, type);
    }
    return MLP_OK;
}

/* A model that looks at nothing (a constant) still needs the number of rows: its first column. */
static enum mlp_code declare_unused(struct mlp_convert *c)
{
    if (!c->g->ninputs || !c->g->names || !c->g->names[0].n || !mlp_str_utf8(c->g->names[0]))
        return mlp_err_set(c->e, MLP_EINPUT, "the model looks at no column: it has no inputs that "
                                             "ONNX could declare");
    c->any_input = mlp_emit_input(&c->w, c->g->names[0], MLP_DT_DOUBLE, 1);
    return MLP_OK;
}

static enum mlp_code declare_inputs(struct mlp_convert *c)
{
    enum mlp_dtype number = numbers_are_float(c) ? MLP_DT_FLOAT : MLP_DT_DOUBLE;
    bool text = has_text(c);
    if (c->m->info.ninputs == 0)
        return declare_unused(c);
    if (c->m->info.named || (text && has_number(c)))
        return declare_columns(c, number);
    declare_matrix(c, text ? MLP_DT_STRING : number);
    return MLP_OK;
}

/* --- gathering the columns of a node --- */

/* Columns from k on that one tensor holds. */
static size_t segment(const struct mlp_convert *c, const struct mlp_cols *in, size_t k)
{
    size_t n = 1;
    if (c->tensor[in->p[k].node] == NONE)
        return 1;
    while (k + n < in->n && in->p[k + n].node == in->p[k].node)
        n++;
    return n;
}

static bool is_whole(const struct mlp_convert *c, const struct mlp_col *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i].index != i)
            return false;
    return n == node_at(c, p->node)->out_width;
}

static uint32_t take_segment(struct mlp_lower *l, const struct mlp_col *p, size_t n)
{
    uint32_t t = l->c->tensor[p->node];
    if (t == NONE)
        return (p->node == MLP_NODE_TEXTS ? l->c->text : l->c->number)[p->index];
    if (is_whole(l->c, p, n))
        return t;
    uint32_t *idx = mlp_lower_array(l, n, sizeof *idx);
    for (size_t i = 0; idx && i < n; i++)
        idx[i] = p[i].index;
    return idx ? mlp_lower_columns(l, t, idx, n) : NONE;
}

static uint32_t take_columns(struct mlp_lower *l, const struct mlp_cols *in)
{
    uint32_t *parts = mlp_lower_array(l, in->n, sizeof *parts);
    size_t n = 0;
    if (!parts || !in->n)
        return NONE;
    for (size_t k = 0, len; k < in->n; k += len) {
        len = segment(l->c, in, k);
        parts[n++] = take_segment(l, in->p + k, len);
    }
    return mlp_emit_concat(l->w, parts, n, 1);
}

/* An earlier node that reads the same columns, so that they are gathered and checked once. */
static size_t same_input(const struct mlp_convert *c, const struct mlp_gnode *n, size_t before)
{
    for (size_t i = MLP_NODE_TEXTS + 1; i < before; i++) {
        const struct mlp_gnode *o = node_at(c, i);
        if (c->gathered[i] != NONE && o->in.n == n->in.n &&
            memcmp(o->in.p, n->in.p, n->in.n * sizeof *n->in.p) == 0)
            return i;
    }
    return before;
}

/* The input, or the runtime's failure for a row that is not finite: NaN and infinity are all that
 * times 0 is not 0, and the table has one entry. */
static uint32_t guard(struct mlp_lower *l, uint32_t x)
{
    double zero = 0;
    uint32_t none = mlp_emit_num(l->w, 0);
    uint32_t sum = mlp_emit_reduce(l->w, "ReduceSum", mlp_emit2(l->w, "Mul", x, none), 1, true);
    uint32_t bad = mlp_emit_cast(l->w, mlp_emit1(l->w, "IsNaN", sum), MLP_DT_DOUBLE);
    return mlp_emit2(l->w, "Add", x, mlp_lower_table(l, &zero, 1, 1, bad));
}

static uint32_t node_input(struct mlp_lower *l, size_t i)
{
    struct mlp_convert *c = l->c;
    size_t same = same_input(c, l->n, i);
    if (!l->n->in.n)
        return NONE;
    c->gathered[i] = same < i ? c->gathered[same] : take_columns(l, &l->n->in);
    c->guarded[i] = same < i ? c->guarded[same] : NONE;
    if (!l->n->finite)
        return c->gathered[i];
    if (c->guarded[i] == NONE)
        c->guarded[i] = guard(l, c->gathered[i]);
    for (size_t k = same; k < i && c->guarded[k] == NONE; k = i)
        c->guarded[k] = c->guarded[i];
    return c->guarded[i];
}

/* --- nodes --- */

static const struct mlp_lowering *find_in(const struct mlp_lowering *t, const struct mlp_op *op)
{
    for (; t->op; t++)
        if (t->op == op)
            return t;
    return NULL;
}

static const struct mlp_lowering *find(const struct mlp_op *op)
{
    const struct mlp_lowering *const tables[] = {mlp_lower_num, mlp_lower_codes, mlp_lower_trees,
                                                 mlp_lower_est, mlp_lower_svm, mlp_lower_shape,
                                                 mlp_lower_kernel, mlp_lower_words};
    const struct mlp_lowering *t = NULL;
    for (size_t i = 0; !t && i < sizeof tables / sizeof *tables; i++)
        t = find_in(tables[i], op);
    return t;
}

static enum mlp_code write_node(struct mlp_convert *c, size_t i)
{
    struct mlp_lower l = {.c = c, .n = node_at(c, i), .w = &c->w, .y = NONE};
    const struct mlp_lowering *t = find(l.n->op);
    if (!t)
        return mlp_lower_refuse(&l, "no operators of ai.onnx and ai.onnx.ml compute it exactly");
    l.x = node_input(&l, i);
    enum mlp_code code = t->write(&l);
    c->tensor[i] = l.y;
    return code ? code : c->e->code;
}

static enum mlp_code write_nodes(struct mlp_convert *c, uint32_t outputs)
{
    enum mlp_code code = MLP_OK;
    for (size_t i = MLP_NODE_TEXTS + 1; !code && i < c->g->nodes.n; i++)
        if (node_at(c, i)->need & outputs)
            code = write_node(c, i);
    return code;
}

/* --- outputs --- */

static bool is_bool(const struct mlp_labels *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (!mlp_str_is(l->text[i], "True") && !mlp_str_is(l->text[i], "False"))
            return false;
    return l->n > 0 && !l->is_text;
}

static enum mlp_dtype label_type(const struct mlp_labels *l)
{
    bool integers = true;
    if (l->is_text)
        return MLP_DT_STRING;
    if (is_bool(l))
        return MLP_DT_BOOL;
    for (size_t i = 0; i < l->n; i++)
        integers &= l->number[i] == rint(l->number[i]) && fabs(l->number[i]) < 0x1p53;
    return integers ? MLP_DT_INT64 : MLP_DT_DOUBLE;
}

static uint32_t label_table(struct mlp_lower *l, const struct mlp_labels *labels)
{
    enum mlp_dtype type = label_type(labels);
    int64_t n = (int64_t)labels->n;
    if (type == MLP_DT_STRING)
        return mlp_emit_texts(l->w, labels->text, labels->n);
    double *v = mlp_lower_array(l, labels->n, sizeof *v);
    for (size_t i = 0; v && i < labels->n; i++)
        v[i] = type == MLP_DT_BOOL ? mlp_str_is(labels->text[i], "True") : labels->number[i];
    return v ? mlp_emit_const(l->w, type, v, &n, 1) : NONE;
}

/* Class indices [N,k] to labels, a vector for one column. */
static enum mlp_code write_labels(struct mlp_lower *l, const struct mlp_goutput *o,
                                  struct mlp_str name, uint32_t t)
{
    uint32_t *parts = mlp_lower_array(l, o->cols.n, sizeof *parts);
    int64_t flat = -1;
    enum mlp_dtype type = label_type(o->labels[0]);
    if (!parts)
        return l->c->e->code;
    t = mlp_emit_cast(l->w, t, MLP_DT_INT64);
    for (size_t i = 0; i < o->cols.n; i++) {
        if (label_type(o->labels[i]) != type)
            return mlp_err_set(l->c->e, MLP_EINPUT, "output %.*s has columns of texts and of "
                               "numbers, which no ONNX tensor holds", MLP_STR_ARG(name));
        uint32_t at = o->cols.n > 1 ? mlp_lower_column(l, t, i) : t;
        parts[i] = mlp_emit_gather(l->w, label_table(l, o->labels[i]), at, 0);
    }
    t = mlp_emit_concat(l->w, parts, o->cols.n, 1);
    if (o->cols.n == 1)
        t = mlp_emit2(l->w, "Reshape", t, mlp_emit_ints(l->w, &flat, 1));
    mlp_emit_output(l->w, name, type, o->cols.n > 1 ? o->cols.n : 0, t);
    return l->c->e->code;
}

/* The name of an output; one that a column has too gets "output_" before it. */
static struct mlp_str output_name(struct mlp_convert *c, size_t i)
{
    const struct mlp_goutput *o = &c->g->outputs[i];
    struct mlp_str name = o->name;
    char text[96];
    if ((int)i == c->m->predict)
        name = mlp_str_from(o->kind == MLP_OUT_LABEL ? "label" : "prediction");
    else if ((int)i == c->m->proba)
        name = mlp_str_from("probabilities");
    if (!is_input_name(c, name))
        return name;
    snprintf(text, sizeof text, "output_%.*s", MLP_STR_ARG(name));
    return mlp_arena_str(&c->arena, mlp_str_from(text));
}

static enum mlp_code write_output(struct mlp_convert *c, size_t i)
{
    static const enum mlp_dtype types[] = {[MLP_OUT_F64] = MLP_DT_DOUBLE,
                                           [MLP_OUT_F32] = MLP_DT_FLOAT,
                                           [MLP_OUT_INT] = MLP_DT_INT64};
    static const struct mlp_gnode none = {0};
    const struct mlp_goutput *o = &c->g->outputs[i];
    struct mlp_lower l = {.c = c, .n = &none, .w = &c->w};
    uint32_t t = take_columns(&l, &o->cols);
    if (o->kind == MLP_OUT_LABEL)
        return write_labels(&l, o, output_name(c, i), t);
    if (types[o->kind] != MLP_DT_DOUBLE)
        t = mlp_emit_cast(&c->w, t, types[o->kind]);
    mlp_emit_output(&c->w, output_name(c, i), types[o->kind], o->cols.n, t);
    return c->e->code;
}

/* Which outputs are written: prediction and probabilities, or all. */
static uint32_t wanted(const struct mlp_convert *c, bool all)
{
    uint32_t every = (uint32_t)((UINT64_C(1) << c->g->noutputs) - 1), mask = 0;
    if (c->m->predict >= 0)
        mask |= 1u << c->m->predict;
    if (c->m->proba >= 0)
        mask |= 1u << c->m->proba;
    return all || !mask ? every : mask;
}

/* Prediction and probabilities come first, as users of ONNX expect. */
static enum mlp_code write_outputs(struct mlp_convert *c, uint32_t outputs)
{
    enum mlp_code code = MLP_OK;
    if (c->m->predict >= 0)
        code = write_output(c, (size_t)c->m->predict);
    if (c->m->proba >= 0 && !code)
        code = write_output(c, (size_t)c->m->proba);
    for (size_t i = 0; !code && i < c->g->noutputs; i++)
        if ((outputs >> i & 1) && (int)i != c->m->predict && (int)i != c->m->proba)
            code = write_output(c, i);
    return code;
}

/* --- the whole --- */

static uint32_t *no_tensors(struct mlp_convert *c, size_t n)
{
    uint32_t *p = mlp_arena_array(&c->arena, n, sizeof *p);
    for (size_t i = 0; p && i < n; i++)
        p[i] = NONE;
    return p;
}

static enum mlp_code start(struct mlp_convert *c)
{
    size_t n = c->g->nodes.n;
    c->tensor = no_tensors(c, n);
    c->gathered = no_tensors(c, n);
    c->guarded = no_tensors(c, n);
    c->number = no_tensors(c, c->g->ninputs);
    c->text = no_tensors(c, c->g->ninputs);
    c->any_input = c->batch = NONE;
    if (!c->tensor || !c->gathered || !c->guarded || !c->number || !c->text)
        return mlp_err_nomem(c->e);
    return declare_inputs(c);
}

static enum mlp_code write_model(struct mlp_convert *c, const struct mlp_convert_options *o,
                                 struct mlp_buf *out)
{
    const struct mlp_model_info *info = &c->m->info;
    struct mlp_str keys[] = {mlp_str_from("source.format"), mlp_str_from("source.version"),
                             mlp_str_from("source.estimator"), mlp_str_from("missing.text"),
                             mlp_str_from("source.digest")};
    struct mlp_str values[] = {info->format, info->version, info->estimator, c->missing_text,
                               o->digest};
    struct mlp_emit_about about = {.producer = mlp_str_from("mlp"), .version = o->version,
                                   .graph = mlp_str_from("model"), .doc = info->estimator,
                                   .keys = keys, .values = values, .n = o->digest.n ? 5 : 4};
    uint32_t outputs = wanted(c, o->all_outputs);
    enum mlp_code code = start(c);
    code = code ? code : write_nodes(c, outputs);
    code = code ? code : write_outputs(c, outputs);
    return code ? code : mlp_emit_model(&c->w, &about, out, c->e);
}

enum mlp_code mlp_model_convert(const struct mlp_model *m, const struct mlp_convert_options *o,
                                struct mlp_buf *out, struct mlp_err *e)
{
    struct mlp_err local;
    mlp_err_init(&local);
    struct mlp_convert c = {.m = m, .g = &m->graph, .e = e ? e : &local,
                            .missing_text = o->missing_text.p ? o->missing_text
                                                              : mlp_str_from("")};
    mlp_arena_init(&c.arena, SCRATCH_BYTES);
    mlp_emit_init(&c.w, &c.arena, c.prefix, PART_BYTES);
    enum mlp_code code = choose_prefix(&c);
    code = code ? code : write_model(&c, o, out);
    mlp_emit_fini(&c.w);
    mlp_arena_fini(&c.arena);
    return code;
}
