#include "serve/rows.h"

#include "text/num.h"

#include <math.h>

#define DEPTH 32

static enum mlp_code advance(struct mlp_rows *r, struct mlp_err *e)
{
    return mlp_json_next(&r->json, &r->token, e);
}

/* A key or text without escapes is a view into the body; one with escapes goes to the arena. */
static enum mlp_code plain_text(struct mlp_rows *r, const struct mlp_json_token *t,
                                struct mlp_str *out, struct mlp_err *e)
{
    *out = t->raw;
    if (!t->escaped)
        return MLP_OK;
    struct mlp_buf b;
    mlp_buf_init(&b, t->raw.n + 1);
    mlp_json_unescape(t->raw, &b);
    *out = mlp_arena_str(&r->w->strings, mlp_buf_str(&b));
    bool failed = b.failed || !out->p;
    mlp_buf_fini(&b);
    return failed ? mlp_err_nomem(e) : MLP_OK;
}

/* --- complaints: each names the row (in lists) and the feature --- */

static enum mlp_code at_row(const struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    if (!r->single)
        mlp_err_wrap(e, "row %llu", (unsigned long long)(r->row + row + 1));
    return e ? e->code : MLP_EINPUT;
}

static enum mlp_code unknown(const struct mlp_rows *r, size_t row, struct mlp_str key,
                             struct mlp_err *e)
{
    const struct mlp_model_info *info = r->served->info;
    unsigned best = (unsigned)(key.n / 3 + 1);
    const struct mlp_input *near = NULL;
    for (size_t i = 0; i < info->ninputs; i++) {
        unsigned distance = mlp_str_distance(key, info->inputs[i].name);
        if (distance < best) {
            best = distance;
            near = &info->inputs[i];
        }
    }
    mlp_err_set(e, MLP_EINPUT, "unknown feature \"%.*s\"", (int)(key.n < 200 ? key.n : 200), key.p);
    if (near)
        mlp_err_hint(e, "did you mean \"%.*s\"?", MLP_STR_ARG(near->name));
    else
        mlp_err_hint(e, "GET /model lists the features");
    return at_row(r, row, e);
}

static enum mlp_code missing(const struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    const struct mlp_model_info *info = r->served->info;
    size_t i = 0, more = 0;
    while (i < info->ninputs && r->w->seen[i] == r->w->stamp)
        i++;
    for (size_t j = i + 1; j < info->ninputs; j++)
        more += r->w->seen[j] != r->w->stamp;
    if (more)
        mlp_err_set(e, MLP_EINPUT, "feature \"%.*s\" and %zu more are missing",
                    MLP_STR_ARG(info->inputs[i].name), more);
    else
        mlp_err_set(e, MLP_EINPUT, "feature \"%.*s\" is missing",
                    MLP_STR_ARG(info->inputs[i].name));
    mlp_err_hint(e, "send null where a value is not known");
    return at_row(r, row, e);
}

static const char *type_name(enum mlp_json_type type)
{
    switch (type) {
    case MLP_JSON_STRING:
        return "a string";
    case MLP_JSON_NUMBER:
        return "a number";
    case MLP_JSON_TRUE:
    case MLP_JSON_FALSE:
        return "a truth value";
    case MLP_JSON_OBJECT:
        return "an object";
    case MLP_JSON_ARRAY:
        return "an array";
    default:
        return "null";
    }
}

static enum mlp_code wrong_type(const struct mlp_rows *r, size_t row, size_t input,
                                const struct mlp_json_token *t, struct mlp_err *e)
{
    const struct mlp_input *in = &r->served->info->inputs[input];
    mlp_err_set(e, MLP_EINPUT, "feature \"%.*s\" is %s, expected a %s", MLP_STR_ARG(in->name),
                type_name(t->type), in->type == MLP_INPUT_TEXT ? "string" : "number");
    return at_row(r, row, e);
}

/* --- values --- */

static enum mlp_code store_number(struct mlp_rows *r, size_t row, size_t input,
                                  const struct mlp_json_token *t, struct mlp_err *e)
{
    double *cell = &r->w->numbers[input][row];
    switch (t->type) {
    case MLP_JSON_NUMBER:
        if (mlp_num_f64(t->raw, cell) && isfinite(*cell))
            return MLP_OK;
        mlp_err_set(e, MLP_EINPUT, "feature \"%.*s\" is beyond the range of a double",
                    MLP_STR_ARG(r->served->info->inputs[input].name));
        return at_row(r, row, e);
    case MLP_JSON_NULL:
        *cell = (double)NAN;
        return MLP_OK;
    case MLP_JSON_TRUE:
    case MLP_JSON_FALSE:
        *cell = t->type == MLP_JSON_TRUE;
        return MLP_OK;
    default:
        return wrong_type(r, row, input, t, e);
    }
}

static enum mlp_code store(struct mlp_rows *r, size_t row, size_t input,
                           const struct mlp_json_token *t, struct mlp_err *e)
{
    if (r->w->numbers[input])
        return store_number(r, row, input, t, e);
    struct mlp_str *cell = &r->w->texts[input][row];
    if (t->type == MLP_JSON_STRING)
        return plain_text(r, t, cell, e);
    *cell = (struct mlp_str){0};
    return t->type == MLP_JSON_NULL ? MLP_OK : wrong_type(r, row, input, t, e);
}

/* --- rows --- */

/* The input that a key names; `before` is 1 + the input before it, 0 at the start. */
static enum mlp_code find_input(struct mlp_rows *r, size_t before, int *input, struct mlp_err *e)
{
    const struct mlp_served *s = r->served;
    uint32_t guess = r->w->next[before];
    struct mlp_str key = r->token.raw;
    if (!r->token.escaped && guess < s->info->ninputs &&
        mlp_str_eq(s->info->inputs[guess].name, key)) {
        *input = (int)guess;
        return MLP_OK;
    }
    enum mlp_code code = plain_text(r, &r->token, &key, e);
    *input = code == MLP_OK ? mlp_served_find(s, key) : -1;
    if (*input >= 0)
        r->w->next[before] = (uint32_t)*input;
    return code;
}

/* A key that names no feature: the token is its value's first afterwards. */
static enum mlp_code extra(struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    struct mlp_str key;
    enum mlp_code code = plain_text(r, &r->token, &key, e);
    if (code == MLP_OK && !r->ignore_extra)
        return unknown(r, row, key, e);
    if (code == MLP_OK)
        code = advance(r, e);
    return code == MLP_OK ? mlp_json_skip(&r->json, &r->token, e) : code;
}

static enum mlp_code feature(struct mlp_rows *r, size_t row, size_t input, struct mlp_err *e)
{
    if (r->w->seen[input] == r->w->stamp) {
        mlp_err_set(e, MLP_EINPUT, "feature \"%.*s\" is given twice",
                    MLP_STR_ARG(r->served->info->inputs[input].name));
        return at_row(r, row, e);
    }
    r->w->seen[input] = r->w->stamp;
    enum mlp_code code = advance(r, e);
    return code == MLP_OK ? store(r, row, input, &r->token, e) : code;
}

/* The members of a row, from the token at hand (a key or the end) to its end. */
static enum mlp_code read_members(struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    size_t before = 0, count = 0;
    enum mlp_code code = MLP_OK;
    if (++r->w->stamp == 0) { /* once in 2^32 rows: old stamps must not match */
        memset(r->w->seen, 0, r->served->info->ninputs * sizeof *r->w->seen);
        r->w->stamp = 1;
    }
    while (code == MLP_OK && r->token.type == MLP_JSON_KEY) {
        int input;
        code = find_input(r, before, &input, e);
        if (code != MLP_OK)
            break;
        if (input >= 0) {
            code = feature(r, row, (size_t)input, e);
            before = (size_t)input + 1;
            count++;
        } else {
            code = extra(r, row, e);
        }
        if (code == MLP_OK)
            code = advance(r, e);
    }
    if (code == MLP_OK && count < r->served->info->ninputs)
        return missing(r, row, e);
    return code;
}

/* A row as an array in the model's order, from behind its bracket to its end. */
static enum mlp_code read_items(struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    size_t n = r->served->info->ninputs, i = 0;
    enum mlp_code code = advance(r, e);
    while (code == MLP_OK && r->token.type != MLP_JSON_ARRAY_END && i < n) {
        code = store(r, row, i++, &r->token, e);
        if (code == MLP_OK)
            code = advance(r, e);
    }
    if (code == MLP_OK && (i < n || r->token.type != MLP_JSON_ARRAY_END)) {
        mlp_err_set(e, MLP_EINPUT, "the model has %zu features, the row has %s", n,
                    i < n ? "fewer" : "more");
        mlp_err_hint(e, "GET /model lists the features in their order");
        return at_row(r, row, e);
    }
    return code;
}

/* One row whose first token is at hand. */
static enum mlp_code read_row(struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    size_t start = r->token.offset;
    enum mlp_code code = MLP_OK;
    if (r->token.type == MLP_JSON_OBJECT) {
        code = advance(r, e);
        if (code == MLP_OK)
            code = read_members(r, row, e);
    } else if (r->token.type == MLP_JSON_ARRAY) {
        code = read_items(r, row, e);
    } else {
        mlp_err_set(e, MLP_EINPUT, "a row is %s, expected an object of features",
                    type_name(r->token.type));
        return at_row(r, row, e);
    }
    const char *text = r->json.text;
    r->w->rows[row] = (struct mlp_str){text + start, (size_t)(r->json.p - text) - start};
    return code;
}

/* --- bodies --- */

/* Inside of an object whose first key is at hand: is it a wrapper? Leaves the token on the list of
 * a wrapper, or on the key where a row starts. */
static enum mlp_code unwrap(struct mlp_rows *r, struct mlp_err *e)
{
    static const char *const passed[] = {"signature_name", "parameters", NULL};
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && r->token.type == MLP_JSON_KEY &&
           mlp_served_find(r->served, r->token.raw) < 0) {
        bool is_list = mlp_str_is(r->token.raw, "instances"), pass = false;
        for (size_t i = 0; passed[i]; i++)
            pass = pass || mlp_str_is(r->token.raw, passed[i]);
        if (!is_list && !pass)
            return MLP_OK;
        code = advance(r, e);
        if (code == MLP_OK && is_list) {
            r->wrapped = true;
            return r->token.type == MLP_JSON_ARRAY
                       ? MLP_OK
                       : mlp_err_set(e, MLP_EINPUT, "\"instances\" is %s, expected an array",
                                     type_name(r->token.type));
        }
        if (code == MLP_OK)
            code = mlp_json_skip(&r->json, &r->token, e);
        if (code == MLP_OK)
            code = advance(r, e);
    }
    return code;
}

enum mlp_code mlp_rows_begin(struct mlp_rows *r, const struct mlp_served *s,
                             struct mlp_scratch *w, struct mlp_str body, struct mlp_err *e)
{
    r->served = s;
    r->w = w;
    r->single = r->wrapped = r->ended = false;
    r->row = 0;
    mlp_json_init(&r->json, body, DEPTH);
    mlp_arena_reset(&w->strings);
    if (mlp_str_trim(body).n == 0) {
        mlp_err_set(e, MLP_EINPUT, "the body is empty");
        return mlp_err_hint(e, "send a JSON object of features; GET /model lists them");
    }
    enum mlp_code code = advance(r, e);
    if (code != MLP_OK || r->token.type == MLP_JSON_ARRAY)
        return code;
    if (r->token.type != MLP_JSON_OBJECT) {
        mlp_err_set(e, MLP_EINPUT, "the body is %s", type_name(r->token.type));
        return mlp_err_hint(e, "send a JSON object of features, or an array of them");
    }
    code = advance(r, e);
    if (code == MLP_OK)
        code = unwrap(r, e);
    r->single = !r->wrapped;
    return code;
}

/* Behind the rows: the rest of a wrapper, then nothing. */
static enum mlp_code finish(struct mlp_rows *r, struct mlp_err *e)
{
    r->ended = true;
    enum mlp_code code = advance(r, e);
    while (code == MLP_OK && r->wrapped && r->token.type == MLP_JSON_KEY) {
        code = advance(r, e);
        if (code == MLP_OK)
            code = mlp_json_skip(&r->json, &r->token, e);
        if (code == MLP_OK)
            code = advance(r, e);
    }
    if (code == MLP_OK && r->wrapped)
        code = advance(r, e); /* past the wrapper's brace: only the end may follow */
    return code;
}

static enum mlp_code next_single(struct mlp_rows *r, size_t *n, struct mlp_err *e)
{
    enum mlp_code code = read_members(r, 0, e);
    r->w->rows[0] = mlp_str_trim((struct mlp_str){r->json.text,
                                                  (size_t)(r->json.p - r->json.text)});
    if (code == MLP_OK)
        code = finish(r, e);
    *n = 1;
    return code;
}

enum mlp_code mlp_rows_next(struct mlp_rows *r, size_t *n, struct mlp_err *e)
{
    *n = 0;
    if (r->ended)
        return MLP_OK;
    if (r->single)
        return next_single(r, n, e);
    if (r->row)
        mlp_arena_reset(&r->w->strings);
    enum mlp_code code = MLP_OK;
    size_t rows = 0;
    while (code == MLP_OK && rows < r->w->max_rows) {
        code = advance(r, e);
        if (code == MLP_OK && r->token.type == MLP_JSON_ARRAY_END)
            break;
        if (code == MLP_OK)
            code = read_row(r, rows++, e);
    }
    if (code == MLP_OK && rows < r->w->max_rows)
        code = finish(r, e);
    r->row += rows;
    *n = rows;
    return code;
}
