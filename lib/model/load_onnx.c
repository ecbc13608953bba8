/* load_onnx.c: an ONNX file as a graph of one node that runs the network.
 *
 * Inputs of the network become columns: one of width k takes k columns, [N, C, H, W] flattened.
 * Outputs become out.NAME or out.NAME.i; the class is `predict`, its probabilities `proba`. */
#include <stdlib.h>

#include "model/loader.h"
#include "net/net.h"
#include "net/ort.h"

#define MAX_RUN_BYTES ((size_t)1 << 31)
#define MAX_SLOTS 64

/* An input or output of the net and its columns: the first, and how many. */
struct slot {
    const struct mlp_onnx_value *value;
    size_t at, width;
    const struct mlp_labels *labels;
    const struct mlp_labels *classes; /* of the label: column class_at gets their index */
    size_t class_at;
};

struct onnx_params {
    const struct mlp_net *net;   /* NULL: ort runs it */
    const struct mlp_ort *ort;
    struct slot in[MAX_SLOTS], out[MAX_SLOTS];
    size_t nin, nout, numbers, texts, width;
    const struct mlp_str *strings; /* all that the model can answer with */
    size_t nstrings;
    size_t step;                 /* rows to run at once; 1: the model may be made for one */
    size_t run_bytes;            /* what a run may take: as much as the model, within reason */
};

/* What an area keeps between blocks, so that warm runs do not allocate. */
struct onnx_state {
    struct mlp_net_run run;
    struct mlp_arena in;
};

static void state_free(void *p)
{
    struct onnx_state *s = p;
    mlp_net_run_fini(&s->run);
    mlp_arena_fini(&s->in);
    free(s);
}

/* Each of its two arenas holds at most max bytes. */
static struct onnx_state *state_new(const struct mlp_net *net, size_t max, struct mlp_err *e)
{
    struct onnx_state *s = calloc(1, sizeof(*s));
    if (!s) {
        mlp_err_nomem(e);
        return NULL;
    }
    mlp_arena_init(&s->in, max);
    if (!net || !mlp_net_run_init(&s->run, net, max, e))
        return s;
    state_free(s);
    return NULL;
}

/* --- running --- */

static void put_number(struct mlp_tensor *t, size_t i, double x)
{
    switch (t->type) {
    case MLP_DT_FLOAT: t->f32[i] = (float)x; break;
    case MLP_DT_DOUBLE: t->f64[i] = x; break;
    case MLP_DT_INT64: t->i64[i] = x > -9.2e18 && x < 9.2e18 ? (int64_t)x : 0; break;
    case MLP_DT_INT32: t->i32[i] = x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : 0; break;
    default: t->u8[i] = x != 0; break;
    }
}

static void fill_input(const struct slot *s, const struct mlp_call *c, size_t row, size_t rows,
                       struct mlp_tensor *t)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < s->width; i++) {
            size_t to = r * s->width + i;
            if (t->type == MLP_DT_STRING) {
                const struct mlp_gnode *n = c->node;
                struct mlp_str text =
                    mlp_area_texts(c->g, c->area, row + r)[n->texts.p[s->at + i].index];
                t->str[to] = text.p ? text : MLP_STR("");
            } else {
                put_number(t, to, c->x ? c->x[(row + r) * c->ldx + s->at + i] : 0);
            }
        }
}

static enum mlp_code make_input(const struct slot *s, size_t rows, struct mlp_arena *a,
                                struct mlp_tensor *t, struct mlp_err *e)
{
    int64_t dims[MLP_MAX_RANK];
    memcpy(dims, s->value->dims, sizeof(dims));
    dims[0] = (int64_t)rows;
    return mlp_tensor_make(t, a, s->value->type, (uint32_t)s->value->rank, dims, e);
}

static enum mlp_code text_index(const struct mlp_labels *labels, struct mlp_str text, double *y,
                                struct mlp_err *e)
{
    for (size_t i = 0; i < labels->n; i++)
        if (mlp_str_eq(labels->text[i], text)) {
            *y = (double)i;
            return MLP_OK;
        }
    return mlp_err_set(e, MLP_EINPUT, "the network answers '%.*s', which the model does not list",
                       MLP_STR_ARG(text));
}

static enum mlp_code class_index(const struct mlp_labels *classes, const struct mlp_tensor *t,
                                 size_t i, double *y, struct mlp_err *e)
{
    if (t->type == MLP_DT_STRING)
        return text_index(classes, t->str[i], y, e);
    for (size_t k = 0; k < classes->n; k++)
        if (classes->number[k] == mlp_tensor_number(t, i)) {
            *y = (double)k;
            return MLP_OK;
        }
    return mlp_err_set(e, MLP_EINPUT, "the network answers class %g, which the model does not list",
                       mlp_tensor_number(t, i));
}

static enum mlp_code take_output(const struct slot *s, const struct mlp_tensor *t, size_t rows,
                                 double *y, const struct mlp_call *c)
{
    if (t->n != rows * s->width)
        return mlp_err_set(c->e, MLP_EINPUT, "output '%.*s' has %zu elements for %zu rows",
                           MLP_STR_ARG(s->value->name), t->n, rows);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < s->width; i++) {
            double *to = &y[r * c->ldy + s->at + i];
            if (t->type != MLP_DT_STRING)
                *to = mlp_tensor_number(t, r * s->width + i);
            else if (text_index(s->labels, t->str[r * s->width + i], to, c->e))
                return c->e->code;
        }
        if (s->classes && class_index(s->classes, t, r, &y[r * c->ldy + s->class_at], c->e))
            return c->e->code;
    }
    return MLP_OK;
}

static enum mlp_code run_engine(const struct onnx_params *p, struct onnx_state *s,
                                const struct mlp_tensor *in, struct mlp_tensor *out,
                                struct mlp_err *e)
{
    return p->net ? mlp_net_run(&s->run, in, out, e) : mlp_ort_run(p->ort, in, out, &s->in, e);
}

static enum mlp_code run_rows(const struct onnx_params *p, struct mlp_call *c, size_t row,
                              size_t rows)
{
    struct onnx_state *s = c->area->state;
    struct mlp_tensor in[MAX_SLOTS], out[MAX_SLOTS];
    mlp_arena_reset(&s->in);
    c->row = row;
    for (size_t i = 0; i < p->nin; i++) {
        if (make_input(&p->in[i], rows, &s->in, &in[i], c->e))
            return c->e->code;
        fill_input(&p->in[i], c, row, rows, &in[i]);
    }
    if (run_engine(p, s, in, out, c->e))
        return c->e->code;
    for (size_t i = 0; i < p->nout; i++)
        if (take_output(&p->out[i], &out[i], rows, c->y + row * c->ldy, c))
            return c->e->code;
    return MLP_OK;
}

static enum mlp_code run_onnx(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct onnx_params *p = n->params;
    const size_t step = p->step;
    if (!c->area->state) {
        c->area->state = state_new(p->net, p->run_bytes, c->e);
        c->area->state_free = state_free;
    }
    for (size_t r = 0; c->area->state && r < c->rows; r += step)
        if (run_rows(p, c, r, c->rows - r < step ? c->rows - r : step))
            return c->e->code;
    return c->area->state ? MLP_OK : c->e->code;
}

static const struct mlp_op op_onnx = {"network", run_onnx, NULL};

/* --- inputs --- */

static bool known_type(enum mlp_dtype t)
{
    return t == MLP_DT_FLOAT || t == MLP_DT_DOUBLE || t == MLP_DT_INT64 || t == MLP_DT_INT32 ||
           t == MLP_DT_BOOL || t == MLP_DT_STRING;
}

static enum mlp_code plan_input(struct mlp_load *l, struct onnx_params *p, struct slot *s)
{
    const struct mlp_onnx_value *v = s->value;
    enum mlp_dtype t = v->type;
    bool known = known_type(t) && !v->sequence && !v->optional && !v->map_key;
    s->width = 1;
    for (int32_t i = 1; i < v->rank; i++) {
        known = known && v->dims[i] > 0 && v->dims[i] < (1 << 24) && s->width < (1U << 24);
        s->width *= known ? (size_t)v->dims[i] : 1;
    }
    if (!known || v->rank < 1 || v->dims[0] > 1 || s->width > (1U << 24)) {
        mlp_err_set(l->e, MLP_EINPUT, "input '%.*s' of the network is no row of known width",
                    MLP_STR_ARG(v->name));
        return mlp_err_hint(l->e, "export it with shape [N, columns] of float, double, int64, "
                                  "int32, bool or string");
    }
    if (v->dims[0] == 1)
        p->step = 1;
    size_t *count = t == MLP_DT_STRING ? &p->texts : &p->numbers;
    s->at = *count;
    *count += s->width;
    return MLP_OK;
}

static enum mlp_code name_inputs(struct mlp_load *l, const struct onnx_params *p)
{
    size_t n = p->numbers + p->texts, at = 0;
    struct mlp_str *names = mlp_arena_array(&l->m->arena, n + 1, sizeof(*names));
    l->m->info.named = p->nin > 1;
    l->m->graph.names = p->nin > 1 ? names : mlp_load_numbered(l, n);
    for (size_t i = 0; names && i < p->nin; i++)
        for (size_t k = 0; k < p->in[i].width; k++, at++) {
            struct mlp_str name = p->in[i].value->name;
            names[at] = p->in[i].width == 1
                            ? mlp_load_text(l, "%.*s", MLP_STR_ARG(name))
                            : mlp_load_text(l, "%.*s%zu", MLP_STR_ARG(name), k);
            if (!names[at].p)
                return mlp_err_nomem(l->e);
        }
    return names && l->m->graph.names ? MLP_OK : mlp_err_nomem(l->e);
}

/* Columns of the numbers and of the texts, in the order of the network's inputs. */
static enum mlp_code input_columns(struct mlp_load *l, const struct onnx_params *p,
                                   struct mlp_node_spec *spec, struct mlp_cols *texts)
{
    spec->in.p = mlp_arena_array(&l->m->arena, p->numbers + 1, sizeof(struct mlp_col));
    texts->p = mlp_arena_array(&l->m->arena, p->texts + 1, sizeof(struct mlp_col));
    if (!spec->in.p || !texts->p)
        return mlp_err_nomem(l->e);
    uint32_t at = 0;
    for (size_t i = 0; i < p->nin; i++)
        for (size_t k = 0; k < p->in[i].width; k++, at++) {
            if (p->in[i].value->type == MLP_DT_STRING)
                texts->p[texts->n++] = (struct mlp_col){MLP_NODE_TEXTS, at};
            else
                spec->in.p[spec->in.n++] = (struct mlp_col){MLP_NODE_NUMBERS, at};
        }
    return MLP_OK;
}

/* --- outputs --- */

/* Every text of the model's attributes and weights: its answers are among them. */
static size_t collect_texts(const struct mlp_onnx_graph *g, struct mlp_str *to)
{
    size_t n = 0;
    for (size_t i = 0; i < g->nnodes; i++)
        for (size_t k = 0; k < g->nodes[i].nattrs; k++) {
            const struct mlp_onnx_attr *a = &g->nodes[i].attrs[k];
            for (size_t j = 0; a->type == MLP_ATTR_STRINGS && j < a->n; j++, n++)
                if (to)
                    to[n] = a->strings[j];
        }
    for (size_t i = 0; i < g->ninits; i++)
        for (size_t j = 0; g->inits[i].type == MLP_DT_STRING && j < g->inits[i].n; j++, n++)
            if (to)
                to[n] = g->inits[i].str[j];
    return n;
}

static const struct mlp_labels *make_labels(struct mlp_load *l, const struct mlp_onnx_model *m)
{
    struct mlp_labels *labels = mlp_arena_alloc(&l->m->arena, sizeof(*labels));
    if (!labels)
        return NULL;
    labels->n = collect_texts(&m->graph, NULL);
    labels->is_text = true;
    labels->text = mlp_arena_array(&l->m->arena, labels->n + 1, sizeof(*labels->text));
    labels->number = mlp_arena_array(&l->m->arena, labels->n + 1, sizeof(*labels->number));
    if (!labels->text || !labels->number)
        return NULL;
    collect_texts(&m->graph, labels->text);
    return labels;
}

/* Elements of a row as the file declares them; 0 where it does not. */
static size_t declared_width(const struct mlp_onnx_value *v)
{
    size_t width = 1;
    for (int32_t i = 1; i < v->rank; i++) {
        if (v->dims[i] <= 0 || v->dims[i] > (1 << 24) || width > (1U << 24))
            return 0;
        width *= (size_t)v->dims[i];
    }
    return v->rank > 0 ? width : 0;
}

/* A row of zeros may be one that the model refuses: then the declared widths must do. */
static enum mlp_code declared(struct onnx_params *p, struct mlp_err *e)
{
    for (size_t i = 0; i < p->nout; i++) {
        p->out[i].width = declared_width(p->out[i].value);
        if (!p->out[i].width)
            return e->code;
    }
    mlp_err_init(e);
    return MLP_OK;
}

/* Widths as one row of zeros gives them: what a file declares may be open. */
static enum mlp_code trial(struct mlp_load *l, struct onnx_params *p)
{
    struct mlp_tensor in[MAX_SLOTS], out[MAX_SLOTS];
    struct onnx_state *s = state_new(p->net, p->run_bytes, l->e);
    for (size_t i = 0; s && i < p->nin && !l->e->code; i++)
        if (!make_input(&p->in[i], 1, &s->in, &in[i], l->e) && in[i].type != MLP_DT_STRING)
            memset(in[i].data, 0, in[i].n * mlp_dtype_size(in[i].type));
    enum mlp_code code = l->e->code;
    if (!code)
        code = run_engine(p, s, in, out, l->e);
    for (size_t i = 0; i < p->nout && !code; i++)
        p->out[i].width = out[i].n;
    if (!code && p->net && p->step > 1)
        p->step = mlp_net_run_block(&s->run);
    if (code == MLP_EINPUT)
        code = declared(p, l->e);
    for (size_t i = 0; i < p->nout; i++) {
        p->out[i].at = p->width;
        p->width += p->out[i].width;
    }
    if (s)
        state_free(s);
    return code;
}

static enum mlp_out_kind kind_of(enum mlp_dtype t)
{
    if (t == MLP_DT_STRING)
        return MLP_OUT_LABEL;
    if (t == MLP_DT_DOUBLE)
        return MLP_OUT_F64;
    return t == MLP_DT_FLOAT || t == MLP_DT_FLOAT16 || t == MLP_DT_BFLOAT16 ? MLP_OUT_F32
                                                                            : MLP_OUT_INT;
}

static enum mlp_code add_output(struct mlp_load *l, const struct slot *s, struct mlp_cols all,
                                struct mlp_str name, bool plain)
{
    struct mlp_goutput o = {.name = name, .kind = kind_of(s->value->type)};
    if (s->classes)
        o.kind = MLP_OUT_LABEL;
    o.cols = mlp_cols_slice(all, s->at, s->width);
    o.suffix = mlp_arena_array(&l->m->arena, s->width + 1, sizeof(*o.suffix));
    o.labels = mlp_arena_array(&l->m->arena, s->width + 1, sizeof(*o.labels));
    if (!o.suffix || !o.labels || !name.p)
        return mlp_err_nomem(l->e);
    for (size_t i = 0; i < s->width; i++) {
        o.labels[i] = s->labels;
        o.suffix[i] = plain ? name : mlp_load_text(l, "%.*s.%zu", MLP_STR_ARG(name), i);
        if (!o.suffix[i].p)
            return mlp_err_nomem(l->e);
    }
    return mlp_graph_output(&l->m->graph, &o, l->e);
}

/* The class is the first single column that is no real number, the scores the first real output. */
static void find_roles(struct onnx_params *p, struct slot **label, const struct slot **scores)
{
    for (size_t i = 0; i < p->nout; i++) {
        struct slot *s = &p->out[i];
        bool real = kind_of(s->value->type) == MLP_OUT_F32 || s->value->type == MLP_DT_DOUBLE;
        if (!*label && !real && s->width == 1)
            *label = s;
        if (!*scores && real)
            *scores = s;
    }
}

/* The class by its index among the classes, where they are known. */
static struct slot predicted(const struct slot *first)
{
    struct slot s = *first;
    if (s.classes) {
        s.at = s.class_at;
        s.labels = s.classes;
    }
    return s;
}

static enum mlp_code find_classes(struct mlp_load *l, struct onnx_params *p,
                                  const struct mlp_onnx_graph *g)
{
    struct slot *label = NULL;
    const struct slot *scores = NULL;
    find_roles(p, &label, &scores);
    if (!label || !scores)
        return MLP_OK;
    label->class_at = p->width++;
    return mlp_onnx_classes(l, g, label->value, scores->width, &label->classes);
}

static enum mlp_code name_outputs(struct mlp_load *l, struct onnx_params *p, struct mlp_cols all)
{
    struct slot *label = NULL;
    const struct slot *scores = NULL;
    find_roles(p, &label, &scores);
    const struct slot first = predicted(label ? label : &p->out[0]);
    if (add_output(l, &first, all, MLP_STR("predict"), first.width == 1))
        return l->e->code;
    if (label && scores && add_output(l, scores, all, MLP_STR("proba"), false))
        return l->e->code;
    for (size_t i = 0; i < p->nout; i++) {
        struct slot s = p->out[i];
        bool plain = s.width == 1 && s.value->rank == 1;
        struct mlp_str name = mlp_load_text(l, "out.%.*s", MLP_STR_ARG(s.value->name));
        s.classes = NULL;
        if (add_output(l, &s, all, name, plain))
            return l->e->code;
    }
    return MLP_OK;
}

/* --- the whole --- */

/* "network: Gemm 3, Relu 2": the operators in the order of their first node. */
static void describe(struct mlp_load *l, const struct mlp_onnx_graph *g)
{
    char text[400] = "network";
    size_t at = strlen(text);
    for (size_t i = 0; i < g->nnodes && at + 80 < sizeof(text); i++) {
        size_t count = 0, before = 0;
        for (size_t k = 0; k < g->nnodes; k++)
            if (mlp_str_eq(g->nodes[k].op_type, g->nodes[i].op_type)) {
                before += k < i;
                count++;
            }
        if (!before)
            at += (size_t)snprintf(text + at, 64, "%s%.40s %zu", at > 7 ? ", " : ": ",
                                   g->nodes[i].op_type.p, count);
    }
    l->m->info.estimator = mlp_load_text(l, "%s", text);
}

/* Outputs are tensors, or ZipMap's maps, which come as the tensor that they were made of. */
static enum mlp_code check_outputs(struct mlp_load *l, const struct mlp_onnx_graph *g)
{
    for (size_t i = 0; i < g->noutputs; i++) {
        const struct mlp_onnx_value *v = &g->outputs[i];
        if (v->optional || (v->sequence && !v->map_key))
            return mlp_err_set(l->e, MLP_EINPUT, "output '%.*s' of the network is no tensor",
                               MLP_STR_ARG(v->name));
    }
    return MLP_OK;
}

static enum mlp_code plan(struct mlp_load *l, struct onnx_params *p,
                          const struct mlp_onnx_model *m)
{
    p->step = SIZE_MAX / 2;
    p->run_bytes = l->m->arena.max < MAX_RUN_BYTES ? l->m->arena.max : MAX_RUN_BYTES;
    p->nin = p->net ? mlp_net_ninputs(p->net) : mlp_ort_ninputs(p->ort);
    p->nout = p->net ? mlp_net_noutputs(p->net) : mlp_ort_noutputs(p->ort);
    if (p->nin > MAX_SLOTS || p->nout + 2 > MLP_MAX_OUTPUTS || !p->nin || !p->nout)
        return mlp_err_set(l->e, MLP_EINPUT, "a network of %zu inputs and %zu outputs; at most "
                           "%d and %d are understood", p->nin, p->nout, MAX_SLOTS,
                           MLP_MAX_OUTPUTS - 2);
    if (check_outputs(l, &m->graph))
        return l->e->code;
    const struct mlp_labels *labels = make_labels(l, m);
    for (size_t i = 0; i < p->nin; i++) {
        p->in[i].value = p->net ? mlp_net_input(p->net, i) : mlp_ort_input(p->ort, i);
        if (plan_input(l, p, &p->in[i]))
            return l->e->code;
    }
    for (size_t i = 0; i < p->nout; i++)
        p->out[i] = (struct slot){.value = &m->graph.outputs[i], .labels = labels};
    if (!labels)
        return mlp_err_nomem(l->e);
    return trial(l, p) ? l->e->code : find_classes(l, p, &m->graph);
}

static void close_ort(void *ort)
{
    mlp_ort_close(ort);
}

static enum mlp_code open_engine(struct mlp_load *l, const struct mlp_onnx_model *m,
                                 struct onnx_params *p)
{
    if (!l->onnxruntime) {
        struct mlp_net *net = NULL;
        enum mlp_code code = mlp_net_load(m, &l->m->arena, &net, l->e);
        p->net = net;
        return code;
    }
    struct mlp_ort *ort = NULL;
    if (mlp_ort_open(l->onnxruntime, m, l->bytes, &ort, l->e))
        return l->e->code;
    p->ort = ort;
    l->m->engine = ort;
    l->m->engine_free = close_ort;
    return MLP_OK;
}

enum mlp_code mlp_load_onnx(struct mlp_load *l)
{
    struct mlp_onnx_model *m = mlp_arena_alloc(&l->m->arena, sizeof(*m));
    struct onnx_params *p = mlp_arena_alloc(&l->m->arena, sizeof(*p));
    struct mlp_node_spec spec = {.op = &op_onnx, .params = p};
    struct mlp_cols all, texts = {NULL, 0};
    if (!m || !p)
        return mlp_err_nomem(l->e);
    l->m->info.format = l->onnxruntime ? MLP_STR("ONNX, run by ONNX Runtime") : MLP_STR("ONNX");
    if (mlp_onnx_parse(m, &l->m->arena, l->bytes, l->e) ||
        open_engine(l, m, p))
        return l->e->code;
    if (plan(l, p, m) || mlp_load_graph(l, p->numbers + p->texts) || name_inputs(l, p) ||
        input_columns(l, p, &spec, &texts))
        return l->e->code;
    l->m->info.version = mlp_load_text(l, "IR %lld", (long long)m->ir_version);
    describe(l, &m->graph);
    if (mlp_onnx_details(l, m))
        return l->e->code;
    spec.out_width = p->width;
    if (mlp_graph_add(&l->m->graph, &spec, &all, l->e))
        return l->e->code;
    mlp_graph_texts(&l->m->graph, texts);
    return name_outputs(l, p, all);
}
