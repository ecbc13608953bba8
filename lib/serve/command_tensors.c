#include "serve/command_tensors.h"

#include "text/json.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define BODY_MAX ((size_t)256 << 20)

/* --- rows --- */

static enum mlp_code bad(const struct mlp_tensor *x, const char *what, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "%s", what);
    return mlp_err_wrap(e, "tensor \"%.*s\"", (int)(x->name.n < 120 ? x->name.n : 120),
                        x->name.n ? x->name.p : "");
}

/* Integers of 64 bits are more than a double can tell apart. */
static bool add_whole(const struct mlp_tensor *x, size_t i, struct mlp_buf *b)
{
    uint64_t v = 0;
    if (!x->raw.p || (x->type != MLP_DT_INT64 && x->type != MLP_DT_UINT64))
        return false;
    for (size_t k = 8; k-- > 0;)
        v = v << 8 | (unsigned char)x->raw.p[i * 8 + k];
    if (x->type == MLP_DT_INT64)
        mlp_buf_addi64(b, (int64_t)v);
    else
        mlp_buf_addu64(b, v);
    return true;
}

static enum mlp_code add_value(const struct mlp_tensor *x, size_t i, struct mlp_buf *b,
                               struct mlp_err *e)
{
    if (x->texts) {
        if (!x->texts[i].p)
            mlp_buf_adds(b, "null");
        else if (!mlp_str_utf8(x->texts[i]))
            return bad(x, "a text is not UTF-8", e);
        else
            mlp_buf_addquoted(b, x->texts[i]);
        return MLP_OK;
    }
    if (add_whole(x, i, b))
        return MLP_OK;
    double v = mlp_tensor_value(x, i);
    if (isinf(v))
        return bad(x, "an infinite number", e);
    if (x->type == MLP_DT_BOOL && v == v)
        mlp_buf_adds(b, v != 0 ? "true" : "false");
    else
        mlp_num_add_json(b, v);
    return MLP_OK;
}

/* The values of a row: one as it is, several as a list. */
static enum mlp_code add_values(const struct mlp_tensor *x, size_t row, struct mlp_buf *b,
                                struct mlp_err *e)
{
    size_t width = (size_t)(x->count / x->shape[0]);
    enum mlp_code code = MLP_OK;
    if (width == 1)
        return add_value(x, row, b, e);
    mlp_buf_addc(b, '[');
    for (size_t i = 0; code == MLP_OK && i < width; i++) {
        if (i)
            mlp_buf_addc(b, ',');
        code = add_value(x, row * width + i, b, e);
    }
    mlp_buf_addc(b, ']');
    return code;
}

static enum mlp_code add_row(const struct mlp_tensors *t, size_t row, struct mlp_buf *b,
                             struct mlp_err *e)
{
    const struct mlp_tensor *x = t->tensor;
    enum mlp_code code = MLP_OK;
    if (t->n == 1 && x->count > x->shape[0])
        return add_values(x, row, b, e);
    for (size_t k = 0; code == MLP_OK && k < t->n; k++, x++) {
        mlp_buf_addc(b, k ? ',' : '{');
        mlp_buf_addquoted(b, x->name);
        mlp_buf_addc(b, ':');
        code = add_values(x, row, b, e);
    }
    mlp_buf_addc(b, '}');
    return code;
}

static enum mlp_code check(struct mlp_tensors *t, struct mlp_arena *arena, struct mlp_err *e)
{
    if (!t->n)
        return mlp_err_set(e, MLP_EINPUT, "no input tensors");
    enum mlp_code code = mlp_tensors_check(t, arena, e);
    if (code != MLP_OK)
        return code;
    t->rows = t->tensor[0].shape[0];
    for (size_t k = 0; k < t->n; k++) {
        const struct mlp_tensor *x = &t->tensor[k];
        if (x->shape[0] != t->rows)
            return bad(x, "it has not as many rows as the first", e);
        if (t->rows && !x->count)
            return bad(x, "its rows are empty", e);
        if (!x->name.n || !mlp_str_utf8(x->name))
            return bad(x, "its name is empty, or not UTF-8", e);
        for (size_t i = 0; i < k; i++)
            if (mlp_str_eq(x->name, t->tensor[i].name))
                return bad(x, "it is given twice", e);
    }
    return MLP_OK;
}

static enum mlp_code add_rows(const struct mlp_tensors *t, struct mlp_job *job, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    size_t from = 0;
    for (size_t r = 0; code == MLP_OK && r < job->n; r++) {
        code = add_row(t, r, &job->body, e);
        job->rows[r].n = job->body.n - from;
        from = job->body.n;
    }
    if (code == MLP_OK)
        code = mlp_buf_check(&job->body, e);
    from = 0;
    for (size_t r = 0; code == MLP_OK && r < job->n; r++) { /* the buffer moves no more */
        job->rows[r].p = job->body.p + from;
        from += job->rows[r].n;
    }
    return code;
}

enum mlp_code mlp_job_of_tensors(struct mlp_tensors *t, struct mlp_arena *arena,
                                 struct mlp_job **out, struct mlp_err *e)
{
    *out = NULL;
    enum mlp_code code = check(t, arena, e);
    if (code != MLP_OK)
        return code;
    struct mlp_job *job = calloc(1, sizeof *job);
    if (!job)
        return mlp_err_nomem(e);
    mlp_buf_init(&job->body, BODY_MAX);
    mlp_buf_init(&job->names.model, 4096);
    mlp_buf_init(&job->names.id, BODY_MAX);
    job->n = (size_t)t->rows;
    job->rows = calloc(job->n + 1, sizeof *job->rows);
    code = job->rows ? add_rows(t, job, e) : mlp_err_nomem(e);
    if (code == MLP_OK)
        *out = job;
    else
        mlp_job_free(job);
    return code;
}

/* --- answers --- */

static enum mlp_datatype type_of(struct mlp_str json)
{
    int64_t whole;
    switch (json.p[0]) {
    case '"':
        return MLP_DT_BYTES;
    case 't':
    case 'f':
        return MLP_DT_BOOL;
    case 'n':
        return MLP_DT_FP64;
    default:
        return mlp_str_i64(json, &whole) ? MLP_DT_INT64 : MLP_DT_FP64;
    }
}

static enum mlp_datatype common_type(enum mlp_datatype a, enum mlp_datatype b)
{
    bool numbers = (a == MLP_DT_INT64 || a == MLP_DT_FP64) &&
                   (b == MLP_DT_INT64 || b == MLP_DT_FP64);
    return a == MLP_DT_NONE || a == b ? b : numbers ? MLP_DT_FP64 : MLP_DT_BYTES;
}

static void add_f64(struct mlp_str json, struct mlp_buf *raw)
{
    double v = (double)NAN;
    uint64_t bits;
    mlp_num_f64(json, &v);
    memcpy(&bits, &v, sizeof bits);
    mlp_tensor_add_bits(raw, bits, sizeof bits);
}

/* A text, or the JSON of what is none, as an element of BYTES; null is empty. */
static void add_text(struct mlp_str json, struct mlp_buf *raw)
{
    struct mlp_buf text;
    mlp_buf_init(&text, json.n + 4);
    if (json.p[0] == '"')
        mlp_json_unescape((struct mlp_str){json.p + 1, json.n - 2}, &text);
    else if (json.p[0] != 'n')
        mlp_buf_addstr(&text, json);
    mlp_tensor_add_bits(raw, text.n, 4);
    mlp_buf_addstr(raw, mlp_buf_str(&text));
    mlp_buf_fini(&text);
}

static void add_prediction(struct mlp_str json, struct mlp_tensor_out *o)
{
    int64_t whole = 0;
    switch (o->type) {
    case MLP_DT_BYTES:
        add_text(json, &o->raw);
        break;
    case MLP_DT_BOOL:
        mlp_buf_addc(&o->raw, json.p[0] == 't');
        break;
    case MLP_DT_INT64:
        mlp_str_i64(json, &whole);
        mlp_tensor_add_bits(&o->raw, (uint64_t)whole, 8);
        break;
    default:
        add_f64(json, &o->raw);
    }
}

/* Appends the numbers of an object; false when its keys are not those of `first`, or a value is no
 * number. classes counts. */
static bool add_probabilities(struct mlp_str object, struct mlp_str first, struct mlp_buf *raw,
                              size_t *classes)
{
    struct mlp_json j, like;
    struct mlp_json_token key, value, same;
    mlp_json_init(&j, object, 4);
    mlp_json_init(&like, first, 4);
    *classes = 0;
    if (!object.n || mlp_json_next(&j, &key, NULL) || mlp_json_next(&like, &same, NULL))
        return false;
    for (;;) {
        if (mlp_json_next(&j, &key, NULL) || mlp_json_next(&like, &same, NULL))
            return false;
        if (key.type != same.type || (key.type == MLP_JSON_KEY && !mlp_str_eq(key.raw, same.raw)))
            return false;
        if (key.type == MLP_JSON_OBJECT_END)
            return *classes > 0;
        if (mlp_json_next(&j, &value, NULL) || mlp_json_next(&like, &same, NULL) ||
            value.type != MLP_JSON_NUMBER || same.type != MLP_JSON_NUMBER)
            return false;
        add_f64(value.raw, raw);
        ++*classes;
    }
}

size_t mlp_job_outputs(const struct mlp_job *job, const struct mlp_answer *answers,
                       struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS])
{
    struct mlp_reply r, first = {.error = ""};
    size_t classes = 0;
    int64_t n = (int64_t)job->n;
    bool proba = n > 0;
    out[0] = (struct mlp_tensor_out){"predict", MLP_DT_NONE, 1, {n, 0}, job->names.wanted[0], {0}};
    out[1] = (struct mlp_tensor_out){"predict_proba", MLP_DT_FP64, 2, {n, 0},
                                     job->names.wanted[1], {0}};
    mlp_buf_init(&out[0].raw, BODY_MAX);
    mlp_buf_init(&out[1].raw, BODY_MAX);
    for (size_t i = 0; i < job->n; i++)
        if (mlp_reply_read(&answers[i], &r))
            out[0].type = common_type(out[0].type, type_of(r.prediction));
    out[0].type = n ? out[0].type : MLP_DT_FP64;
    for (size_t i = 0; i < job->n; i++) {
        if (!mlp_reply_read(&answers[i], &r))
            continue;
        first = i ? first : r;
        add_prediction(r.prediction, &out[0]);
        proba = proba && add_probabilities(r.probabilities, first.probabilities, &out[1].raw,
                                           &classes);
    }
    out[1].shape[1] = (int64_t)classes;
    out[1].wanted = out[1].wanted && proba;
    return proba ? 2 : 1;
}
