/* Tensors into a model's columns, and its answers into tensors. */
#include "serve/tensors.h"

#include "serve/predict.h"
#include "text/num.h"

#include <math.h>

static const struct {
    const char *name;
    size_t size;
} types[MLP_DATATYPES] = {
    {"", 0}, {"BOOL", 1}, {"UINT8", 1}, {"UINT16", 2}, {"UINT32", 4}, {"UINT64", 8}, {"INT8", 1},
    {"INT16", 2}, {"INT32", 4}, {"INT64", 8}, {"FP16", 2}, {"BF16", 2}, {"FP32", 4}, {"FP64", 8},
    {"BYTES", 0},
};

const char *mlp_datatype_name(enum mlp_datatype t)
{
    return types[t].name;
}

size_t mlp_datatype_size(enum mlp_datatype t)
{
    return types[t].size;
}

enum mlp_datatype mlp_datatype_find(struct mlp_str name)
{
    for (int i = MLP_DT_BOOL; i < MLP_DATATYPES; i++)
        if (mlp_str_is(name, types[i].name))
            return (enum mlp_datatype)i;
    return MLP_DT_NONE;
}

/* --- elements --- */

static uint64_t little(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static double from_half(uint64_t bits)
{
    double sign = bits >> 15 ? -1 : 1;
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023);
    if (exponent == 31)
        return fraction > 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static double from_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

static double raw_element(const struct mlp_tensor *t, size_t i)
{
    size_t size = types[t->type].size;
    uint64_t v = little(t->raw.p + i * size, size);
    double d;
    switch (t->type) {
    case MLP_DT_BOOL:
        return v != 0;
    case MLP_DT_INT8:
        return (double)(int8_t)v;
    case MLP_DT_INT16:
        return (double)(int16_t)v;
    case MLP_DT_INT32:
        return (double)(int32_t)v;
    case MLP_DT_INT64:
        return (double)(int64_t)v;
    case MLP_DT_FP16:
        return from_half(v);
    case MLP_DT_BF16:
        return from_float((uint32_t)v << 16);
    case MLP_DT_FP32:
        return from_float((uint32_t)v);
    case MLP_DT_FP64:
        memcpy(&d, &v, sizeof d);
        return d;
    default:
        return (double)v;
    }
}

/* --- binding --- */

static enum mlp_code bad_tensor(const struct mlp_tensor *t, struct mlp_err *e)
{
    int n = (int)(t->name.n < 120 ? t->name.n : 120);
    return mlp_err_wrap(e, "tensor \"%.*s\"", n, t->name.n ? t->name.p : "");
}

/* Elements that the shape stands for. */
static enum mlp_code elements(const struct mlp_tensor *t, size_t *n, struct mlp_err *e)
{
    *n = 1;
    for (size_t i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(*n, t->shape[i], n))
            return mlp_err_set(e, MLP_EINPUT, "the shape is too large");
    return MLP_OK;
}

/* Raw BYTES as views: lengths are where they are, so that elements can be found only in order. */
static enum mlp_code index_texts(struct mlp_tensor *t, size_t n, struct mlp_arena *arena,
                                 struct mlp_err *e)
{
    const char *p = t->raw.p, *end = p ? p + t->raw.n : p;
    if (n > t->raw.n / 4)
        return mlp_err_set(e, MLP_EINPUT, "%zu elements do not fit into %zu bytes", n, t->raw.n);
    struct mlp_str *texts = mlp_arena_array(arena, n + 1, sizeof *texts);
    if (!texts)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t length = end - p < 4 ? SIZE_MAX : (size_t)little(p, 4);
        if (length > (size_t)(end - p) || length + 4 > (size_t)(end - p))
            return mlp_err_set(e, MLP_EINPUT, "element %zu ends behind the data", i);
        texts[i] = (struct mlp_str){p + 4, length};
        p += 4 + length;
    }
    if (p != end)
        return mlp_err_set(e, MLP_EINPUT, "%zu bytes follow the last element", (size_t)(end - p));
    t->texts = texts;
    return MLP_OK;
}

static enum mlp_code check_length(struct mlp_tensor *t, struct mlp_arena *arena, struct mlp_err *e)
{
    size_t n;
    enum mlp_code code = elements(t, &n, e);
    if (code != MLP_OK)
        return code;
    if (t->numbers || t->texts) {
        if (t->count == n)
            return MLP_OK;
        return mlp_err_set(e, MLP_EINPUT, "the shape has %zu elements, the data %zu", n, t->count);
    }
    t->count = n;
    if (t->type == MLP_DT_BYTES)
        return index_texts(t, n, arena, e);
    size_t size = types[t->type].size;
    if (t->raw.n / size == n && t->raw.n % size == 0)
        return MLP_OK;
    return mlp_err_set(e, MLP_EINPUT, "%zu elements of %s are expected, the data has %zu bytes", n,
                       types[t->type].name, t->raw.n);
}

static enum mlp_code check_tensor(struct mlp_tensor *t, struct mlp_arena *arena, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    if (t->type == MLP_DT_NONE) {
        code = mlp_err_set(e, MLP_EINPUT, "an unknown datatype");
        mlp_err_hint(e, "BOOL, INT8 to INT64, UINT8 to UINT64, FP16, FP32, FP64 or BYTES");
    } else if (t->rank < 1 || t->rank > MLP_TENSOR_RANK) {
        code = mlp_err_set(e, MLP_EINPUT, "the shape has %zu dimensions", t->rank);
    } else {
        code = check_length(t, arena, e);
    }
    return code == MLP_OK ? code : bad_tensor(t, e);
}

static enum mlp_code wrong_kind(const struct mlp_served *s, size_t input, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "feature \"%.*s\" is text",
                MLP_STR_ARG(s->info->inputs[input].name));
    return mlp_err_hint(e, "send one tensor a feature, texts as BYTES");
}

static bool text_missing(const struct mlp_served *s, size_t input, const struct mlp_tensor *t)
{
    return s->info->inputs[input].type == MLP_INPUT_TEXT && !t->texts;
}

static enum mlp_code bind_matrix(struct mlp_tensors *t, const struct mlp_served *s,
                                 struct mlp_err *e)
{
    const struct mlp_tensor *x = &t->tensor[0];
    size_t width = s->info->ninputs;
    bool flat = x->rank == 1 && width == 1;
    uint64_t last = flat ? 1 : x->shape[x->rank - 1];
    if (last != width) {
        mlp_err_set(e, MLP_EINPUT, "the last dimension is %llu, the model has %zu features",
                    (unsigned long long)last, width);
        mlp_err_hint(e, "send [rows, features], or a tensor for each feature by its name");
        return bad_tensor(x, e);
    }
    t->rows = width ? x->count / width : 0;
    for (size_t i = 0; i < width; i++) {
        if (text_missing(s, i, x))
            return wrong_kind(s, i, e);
        t->columns[i] = (struct mlp_tensor_column){x, i, width};
    }
    return MLP_OK;
}

static enum mlp_code bind_column(struct mlp_tensors *t, const struct mlp_served *s, size_t k,
                                 size_t input, struct mlp_err *e)
{
    const struct mlp_tensor *x = &t->tensor[k];
    if (x->count != x->shape[0]) {
        mlp_err_set(e, MLP_EINPUT, "the shape of a feature is [rows] or [rows, 1]");
        return bad_tensor(x, e);
    }
    if (t->columns[input].tensor) {
        mlp_err_set(e, MLP_EINPUT, "it is given twice");
        return bad_tensor(x, e);
    }
    if (t->rows != UINT64_MAX && t->rows != x->count) {
        mlp_err_set(e, MLP_EINPUT, "%zu rows, the tensors before it have %llu", x->count,
                    (unsigned long long)t->rows);
        return bad_tensor(x, e);
    }
    if (text_missing(s, input, x))
        return wrong_kind(s, input, e);
    t->rows = x->count;
    t->columns[input] = (struct mlp_tensor_column){x, 0, 1};
    return MLP_OK;
}

static enum mlp_code bind_columns(struct mlp_tensors *t, const struct mlp_served *s,
                                  bool ignore_extra, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    t->rows = UINT64_MAX;
    for (size_t k = 0; code == MLP_OK && k < t->n; k++) {
        int input = mlp_served_find(s, t->tensor[k].name);
        if (input >= 0) {
            code = bind_column(t, s, k, (size_t)input, e);
        } else if (!ignore_extra) {
            mlp_err_set(e, MLP_EINPUT, "the model has no such feature");
            mlp_err_hint(e, "GET /v2/models/NAME lists the inputs");
            return bad_tensor(&t->tensor[k], e);
        }
    }
    for (size_t i = 0; code == MLP_OK && i < s->info->ninputs; i++)
        if (!t->columns[i].tensor)
            return mlp_err_set(e, MLP_EINPUT, "feature \"%.*s\" is missing",
                               MLP_STR_ARG(s->info->inputs[i].name));
    return code;
}

double mlp_tensor_value(const struct mlp_tensor *t, size_t i)
{
    return t->numbers ? t->numbers[i] : raw_element(t, i);
}

enum mlp_code mlp_tensors_check(struct mlp_tensors *t, struct mlp_arena *arena, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (size_t k = 0; code == MLP_OK && k < t->n; k++)
        code = check_tensor(&t->tensor[k], arena, e);
    return code;
}

/* What holds of any request: tensors that are well-formed, and room for the columns. */
static enum mlp_code check_all(struct mlp_tensors *t, const struct mlp_served *s,
                               struct mlp_arena *arena, struct mlp_err *e)
{
    if (!s->info->ninputs)
        return mlp_err_set(e, MLP_EINPUT, "the model has no inputs");
    t->columns = mlp_arena_array(arena, s->info->ninputs, sizeof *t->columns);
    if (!t->columns)
        return mlp_err_nomem(e);
    return mlp_tensors_check(t, arena, e);
}

enum mlp_code mlp_tensors_bind_columns(struct mlp_tensors *t, const struct mlp_served *s,
                                       bool ignore_extra, struct mlp_arena *arena,
                                       struct mlp_err *e)
{
    enum mlp_code code = check_all(t, s, arena, e);
    return code == MLP_OK ? bind_columns(t, s, ignore_extra, e) : code;
}

enum mlp_code mlp_tensors_bind(struct mlp_tensors *t, const struct mlp_served *s,
                               bool ignore_extra, struct mlp_arena *arena, struct mlp_err *e)
{
    if (!t->n)
        return mlp_err_set(e, MLP_EINPUT, "no input tensors");
    enum mlp_code code = check_all(t, s, arena, e);
    if (code != MLP_OK)
        return code;
    bool matrix = t->n == 1 && mlp_served_find(s, t->tensor[0].name) < 0;
    return matrix ? bind_matrix(t, s, e) : bind_columns(t, s, ignore_extra, e);
}

/* --- filling --- */

static enum mlp_code parse_number(struct mlp_str text, double *out, struct mlp_err *e)
{
    *out = (double)NAN;
    if (text.n == 0 || mlp_num_f64(text, out))
        return MLP_OK;
    return mlp_err_set(e, MLP_EINPUT, "\"%.*s\" is no number", (int)(text.n < 60 ? text.n : 60),
                       text.p);
}

static enum mlp_code fill_column(const struct mlp_tensor_column *c, struct mlp_scratch *w,
                                 size_t input, uint64_t first, size_t n, struct mlp_err *e)
{
    const struct mlp_tensor *t = c->tensor;
    for (size_t r = 0; r < n; r++) {
        size_t at = c->first + (size_t)(first + r) * c->stride;
        if (!w->numbers[input]) {
            w->texts[input][r] = t->texts[at];
        } else if (!t->texts) {
            w->numbers[input][r] = mlp_tensor_value(t, at);
        } else if (parse_number(t->texts[at], &w->numbers[input][r], e) != MLP_OK) {
            return mlp_err_wrap(e, "row %llu", (unsigned long long)(first + r + 1));
        }
        if (w->numbers[input] && isinf(w->numbers[input][r])) {
            mlp_err_set(e, MLP_EINPUT, "an infinite number");
            return mlp_err_wrap(e, "row %llu", (unsigned long long)(first + r + 1));
        }
    }
    return MLP_OK;
}

enum mlp_code mlp_tensors_fill(const struct mlp_tensors *t, const struct mlp_served *s,
                               struct mlp_scratch *w, uint64_t first, size_t n, struct mlp_err *e)
{
    for (size_t i = 0; i < s->info->ninputs; i++)
        if (fill_column(&t->columns[i], w, i, first, n, e) != MLP_OK)
            return mlp_err_wrap(e, "feature \"%.*s\"", MLP_STR_ARG(s->info->inputs[i].name));
    for (size_t r = 0; r < n; r++)
        w->rows[r] = MLP_STR("["); /* no JSON text of its own: the log writes the columns */
    return MLP_OK;
}

/* --- answers --- */

static bool is_truth(struct mlp_str label)
{
    return mlp_str_is(label, "true") || mlp_str_is(label, "false");
}

/* The narrowest type that all classes have. */
static enum mlp_datatype class_type(const struct mlp_served *s)
{
    bool truth = true, whole = true;
    if (!s->info->nclasses)
        return MLP_DT_FP64;
    for (size_t i = 0; i < s->info->nclasses; i++) {
        int64_t v;
        truth = truth && is_truth(s->labels[i]);
        whole = whole && mlp_str_i64(s->labels[i], &v);
    }
    if (s->info->classes_are_text)
        return MLP_DT_BYTES;
    return truth ? MLP_DT_BOOL : whole ? MLP_DT_INT64 : MLP_DT_FP64;
}

enum mlp_datatype mlp_tensor_input_type(const struct mlp_served *s, size_t input)
{
    return s->info->inputs[input].type == MLP_INPUT_TEXT ? MLP_DT_BYTES : MLP_DT_FP64;
}

size_t mlp_tensor_outputs(const struct mlp_served *s, size_t max,
                          struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS])
{
    out[0] = (struct mlp_tensor_out){"predict", class_type(s), 1, {-1, 0}, true, {0}};
    out[1] = (struct mlp_tensor_out){"predict_proba", MLP_DT_FP64, 2,
                                     {-1, (int64_t)s->info->nclasses}, s->info->has_proba, {0}};
    mlp_buf_init(&out[0].raw, max);
    mlp_buf_init(&out[1].raw, max);
    out[1].wanted = out[1].wanted || s->command;
    return out[1].wanted ? 2 : 1;
}

void mlp_tensor_outputs_fini(struct mlp_tensor_out *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mlp_buf_fini(&out[i].raw);
}

void mlp_tensor_add_bits(struct mlp_buf *b, uint64_t v, size_t n)
{
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(v >> 8 * i);
    mlp_buf_add(b, bytes, n);
}

static void add_f64(struct mlp_buf *b, double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof v);
    mlp_tensor_add_bits(b, v, sizeof v);
}

static void add_class(const struct mlp_served *s, size_t class, struct mlp_tensor_out *o)
{
    struct mlp_str label = s->labels[class];
    int64_t whole = 0;
    double number = 0;
    switch (o->type) {
    case MLP_DT_BYTES:
        mlp_tensor_add_bits(&o->raw, s->info->classes[class].n, 4);
        mlp_buf_addstr(&o->raw, s->info->classes[class]);
        break;
    case MLP_DT_BOOL:
        mlp_buf_addc(&o->raw, mlp_str_is(label, "true"));
        break;
    case MLP_DT_INT64:
        mlp_str_i64(label, &whole);
        mlp_tensor_add_bits(&o->raw, (uint64_t)whole, 8);
        break;
    default:
        mlp_num_f64(label, &number);
        add_f64(&o->raw, number);
    }
}

void mlp_tensor_outputs_add(const struct mlp_served *s, const struct mlp_scratch *w, size_t n,
                            struct mlp_tensor_out *out, size_t nout)
{
    size_t k = s->info->nclasses;
    for (size_t r = 0; out[0].wanted && r < n; r++) {
        if (k)
            add_class(s, (size_t)w->label[r], &out[0]);
        else
            add_f64(&out[0].raw, w->value[r]);
    }
    for (size_t i = 0; nout > 1 && out[1].wanted && i < n * k; i++)
        add_f64(&out[1].raw, w->proba[i]);
    for (size_t i = 0; i < nout; i++)
        out[i].shape[0] += (int64_t)n;
}

static enum mlp_code run_chunks(const struct mlp_predict *p, const struct mlp_tensors *t,
                                struct mlp_tensor_out *out, size_t nout, uint64_t *rows,
                                struct mlp_err *e)
{
    struct mlp_scratch *w = &p->served->scratch[p->thread];
    bool proba = nout > 1 && out[1].wanted;
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && *rows < t->rows) {
        uint64_t left = t->rows - *rows;
        size_t n = left < w->max_rows ? (size_t)left : w->max_rows;
        code = mlp_tensors_fill(t, p->served, w, *rows, n, e);
        if (code == MLP_OK)
            code = mlp_predict_chunk(p, w, n, *rows, proba, e);
        if (code == MLP_OK)
            mlp_tensor_outputs_add(p->served, w, n, out, nout);
        *rows += code == MLP_OK ? n : 0;
    }
    for (size_t i = 0; code == MLP_OK && i < nout; i++)
        code = mlp_buf_check(&out[i].raw, e);
    return code;
}

enum mlp_code mlp_predict_tensors(const struct mlp_predict *p, struct mlp_tensors *t,
                                  struct mlp_tensor_out *out, size_t nout, uint64_t *rows,
                                  struct mlp_err *e)
{
    struct mlp_scratch *w = &p->served->scratch[p->thread];
    *rows = 0;
    enum mlp_code code = mlp_tensors_bind(t, p->served, p->ignore_extra, &w->strings, e);
    if (code == MLP_OK && p->max_rows && t->rows > p->max_rows)
        return mlp_predict_too_many(p, e);
    for (size_t i = 0; i < nout; i++)
        out[i].shape[0] = 0;
    if (code == MLP_OK)
        code = run_chunks(p, t, out, nout, rows, e);
    mlp_predict_count(p, *rows);
    return code;
}
