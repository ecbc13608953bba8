#include "serve/proto_json.h"

#include "crypt/crypt.h"
#include "text/num.h"

#include <math.h>

enum mlp_code mlp_json_elements(struct mlp_json j, const struct mlp_json_token *t, size_t *n,
                                struct mlp_err *e)
{
    unsigned outside = j.depth - 1;
    struct mlp_json_token inner;
    enum mlp_code code = MLP_OK;
    *n = 1;
    if (t->type != MLP_JSON_ARRAY)
        return MLP_OK;
    *n = 0;
    while (code == MLP_OK && j.depth > outside) {
        code = mlp_json_next(&j, &inner, e);
        if (code == MLP_OK && inner.type == MLP_JSON_OBJECT)
            code = mlp_json_skip(&j, &inner, e);
        *n += code == MLP_OK && inner.type != MLP_JSON_ARRAY && inner.type != MLP_JSON_ARRAY_END;
    }
    return code;
}

enum mlp_code mlp_json_string(const struct mlp_json_token *t, struct mlp_arena *arena,
                              struct mlp_str *out, struct mlp_err *e)
{
    *out = t->raw;
    if (!t->escaped)
        return MLP_OK;
    struct mlp_buf b;
    mlp_buf_init(&b, t->raw.n + 1);
    mlp_json_unescape(t->raw, &b);
    *out = mlp_arena_str(arena, mlp_buf_str(&b));
    bool failed = b.failed || !out->p;
    mlp_buf_fini(&b);
    return failed ? mlp_err_nomem(e) : MLP_OK;
}

static enum mlp_code decode(struct mlp_str text, struct mlp_arena *arena, struct mlp_str *out,
                            struct mlp_err *e)
{
    struct mlp_buf b;
    enum mlp_code code = MLP_OK;
    mlp_buf_init(&b, text.n + 4);
    if (!mlp_base64_decode(text, &b))
        code = mlp_err_set(e, MLP_EINPUT, "\"b64\" is no base64");
    else if (!(*out = mlp_arena_str(arena, mlp_buf_str(&b))).p)
        code = mlp_err_nomem(e);
    mlp_buf_fini(&b);
    return code;
}

enum mlp_code mlp_json_b64(struct mlp_json *j, struct mlp_json_token *t, struct mlp_arena *arena,
                           struct mlp_str *out, struct mlp_err *e)
{
    struct mlp_json_token end;
    struct mlp_str text;
    enum mlp_code code = mlp_json_next(j, t, e);
    bool right = code == MLP_OK && t->type == MLP_JSON_KEY && mlp_str_is(t->raw, "b64");
    if (right)
        code = mlp_json_next(j, t, e);
    if (code == MLP_OK && (!right || t->type != MLP_JSON_STRING))
        return mlp_err_set(e, MLP_EINPUT, "an object that is not {\"b64\": \"...\"}");
    if (code == MLP_OK)
        code = mlp_json_string(t, arena, &text, e);
    if (code == MLP_OK)
        code = mlp_json_next(j, &end, e);
    if (code == MLP_OK && end.type != MLP_JSON_OBJECT_END)
        return mlp_err_set(e, MLP_EINPUT, "an object that is not {\"b64\": \"...\"}");
    return code == MLP_OK ? decode(text, arena, out, e) : code;
}

/* --- elements --- */

struct filling {
    struct mlp_json *j;
    struct mlp_json_token *t;
    struct mlp_arena *arena;
    double *numbers;
    struct mlp_str *texts;
};

static enum mlp_code number(const struct filling *f, size_t i, struct mlp_err *e)
{
    double *cell = &f->numbers[i];
    switch (f->t->type) {
    case MLP_JSON_NUMBER:
        if (mlp_num_f64(f->t->raw, cell))
            return MLP_OK;
        return mlp_err_set(e, MLP_EINPUT, "element %zu is no number", i);
    case MLP_JSON_NULL:
        *cell = (double)NAN;
        return MLP_OK;
    case MLP_JSON_TRUE:
    case MLP_JSON_FALSE:
        *cell = f->t->type == MLP_JSON_TRUE;
        return MLP_OK;
    default:
        return mlp_err_set(e, MLP_EINPUT, "element %zu is no number", i);
    }
}

static enum mlp_code text(const struct filling *f, size_t i, struct mlp_err *e)
{
    if (f->t->type == MLP_JSON_STRING)
        return mlp_json_string(f->t, f->arena, &f->texts[i], e);
    if (f->t->type == MLP_JSON_OBJECT)
        return mlp_json_b64(f->j, f->t, f->arena, &f->texts[i], e);
    f->texts[i] = (struct mlp_str){0};
    return f->t->type == MLP_JSON_NULL ? MLP_OK
                                       : mlp_err_set(e, MLP_EINPUT, "element %zu is no string", i);
}

static enum mlp_code too_many(size_t n, struct mlp_err *e)
{
    return mlp_err_set(e, MLP_EINPUT, "the shape has %zu elements, the data more", n);
}

static enum mlp_code fill(const struct filling *f, size_t n, size_t *count, struct mlp_err *e)
{
    unsigned outside = f->j->depth - (f->t->type == MLP_JSON_ARRAY);
    enum mlp_code code = MLP_OK;
    for (bool first = true; code == MLP_OK; first = false) {
        if (!first && f->j->depth == outside)
            return MLP_OK;
        if (!first)
            code = mlp_json_next(f->j, f->t, e);
        if (code != MLP_OK || f->t->type == MLP_JSON_ARRAY || f->t->type == MLP_JSON_ARRAY_END)
            continue;
        if (*count == n)
            return too_many(n, e);
        code = f->numbers ? number(f, *count, e) : text(f, *count, e);
        ++*count;
    }
    return code;
}

enum mlp_code mlp_json_data(struct mlp_json *j, struct mlp_json_token *t, size_t n,
                            struct mlp_arena *arena, struct mlp_tensor *x, struct mlp_err *e)
{
    struct filling f = {j, t, arena, NULL, NULL};
    if (n > (size_t)(j->end - j->p) + 1)
        return mlp_err_set(e, MLP_EINPUT, "the shape has %zu elements, the data fewer", n);
    if (x->type == MLP_DT_BYTES)
        f.texts = mlp_arena_array(arena, n + 1, sizeof *f.texts);
    else
        f.numbers = mlp_arena_array(arena, n + 1, sizeof *f.numbers);
    if (!f.texts && !f.numbers)
        return mlp_err_nomem(e);
    x->numbers = f.numbers;
    x->texts = f.texts;
    x->count = 0;
    return fill(&f, n, &x->count, e);
}

/* --- columns --- */

static enum mlp_code column(struct mlp_json *j, const struct mlp_served *s, size_t input,
                            struct mlp_arena *arena, struct mlp_tensor *x, struct mlp_err *e)
{
    struct mlp_json_token t;
    size_t n;
    enum mlp_code code = mlp_json_next(j, &t, e);
    if (code == MLP_OK)
        code = mlp_json_elements(*j, &t, &n, e);
    if (code != MLP_OK)
        return code;
    *x = (struct mlp_tensor){.name = s->info->inputs[input].name, .rank = 1,
                             .type = mlp_tensor_input_type(s, input)};
    code = mlp_json_data(j, &t, n, arena, x, e);
    x->shape[0] = x->count;
    return code == MLP_OK ? code : mlp_err_wrap(e, "feature \"%.*s\"", MLP_STR_ARG(x->name));
}

static enum mlp_code pass(struct mlp_json *j, struct mlp_str key, bool ignore_extra,
                          struct mlp_err *e)
{
    struct mlp_json_token t;
    if (!ignore_extra)
        return mlp_err_set(e, MLP_EINPUT, "unknown feature \"%.*s\"",
                           (int)(key.n < 200 ? key.n : 200), key.p);
    enum mlp_code code = mlp_json_next(j, &t, e);
    return code == MLP_OK ? mlp_json_skip(j, &t, e) : code;
}

enum mlp_code mlp_json_columns(struct mlp_json *j, const struct mlp_served *s, bool ignore_extra,
                               struct mlp_arena *arena, struct mlp_tensors *out,
                               struct mlp_err *e)
{
    struct mlp_json_token t;
    struct mlp_str key;
    *out = (struct mlp_tensors){.tensor = mlp_arena_array(arena, s->info->ninputs + 1,
                                                          sizeof *out->tensor)};
    if (!out->tensor)
        return mlp_err_nomem(e);
    for (;;) {
        enum mlp_code code = mlp_json_next(j, &t, e);
        if (code == MLP_OK && t.type == MLP_JSON_OBJECT_END)
            return MLP_OK;
        if (code == MLP_OK)
            code = mlp_json_string(&t, arena, &key, e);
        int input = code == MLP_OK ? mlp_served_find(s, key) : -1;
        if (code == MLP_OK && input < 0)
            code = pass(j, key, ignore_extra, e);
        else if (code == MLP_OK && out->n == s->info->ninputs)
            code = mlp_err_set(e, MLP_EINPUT, "a feature is given twice");
        else if (code == MLP_OK)
            code = column(j, s, (size_t)input, arena, &out->tensor[out->n++], e);
        if (code != MLP_OK)
            return code;
    }
}
