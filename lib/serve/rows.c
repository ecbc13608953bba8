#include "serve/rows.h"

#include "serve/proto_json.h"
#include "text/num.h"

#include <math.h>

#define DEPTH 32

static enum mlp_code advance(struct mlp_rows *r, struct mlp_err *e)
{
    return mlp_json_next(&r->json, &r->token, e);
}

static enum mlp_code plain_text(struct mlp_rows *r, const struct mlp_json_token *t,
                                struct mlp_str *out, struct mlp_err *e)
{
    return mlp_json_string(t, &r->w->strings, out, e);
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
        if (mlp_num_f64(t->raw, cell) && !isinf(*cell)) {
            r->odd = r->odd || isnan(*cell);
            return MLP_OK;
        }
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

/* Behind a brace: is it {"b64": ...}? */
static bool holds_b64(struct mlp_json j)
{
    struct mlp_json_token t;
    return mlp_json_next(&j, &t, NULL) == MLP_OK && t.type == MLP_JSON_KEY &&
           mlp_str_is(t.raw, "b64");
}

static enum mlp_code store(struct mlp_rows *r, size_t row, size_t input,
                           const struct mlp_json_token *t, struct mlp_err *e)
{
    if (r->w->numbers[input])
        return store_number(r, row, input, t, e);
    struct mlp_str *cell = &r->w->texts[input][row];
    if (t->type == MLP_JSON_STRING)
        return plain_text(r, t, cell, e);
    if (t->type == MLP_JSON_OBJECT && holds_b64(r->json)) {
        struct mlp_json_token inner = *t;
        return mlp_json_b64(&r->json, &inner, &r->w->strings, cell, e) ? at_row(r, row, e) : MLP_OK;
    }
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

static void new_stamp(struct mlp_rows *r)
{
    if (++r->w->stamp != 0)
        return;
    memset(r->w->seen, 0, r->served->info->ninputs * sizeof *r->w->seen);
    r->w->stamp = 1; /* once in 2^32 rows: old stamps must not match */
}

/* The members of a row, from the token at hand (a key or the end) to its end. */
static enum mlp_code read_members(struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    size_t before = 0, count = 0;
    enum mlp_code code = MLP_OK;
    new_stamp(r);
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

static enum mlp_code read_item(struct mlp_rows *r, size_t row, size_t i, struct mlp_err *e)
{
    int input = r->split ? r->w->order[i] : (int)i;
    return input < 0 ? mlp_json_skip(&r->json, &r->token, e)
                     : store(r, row, (size_t)input, &r->token, e);
}

/* A row as an array in the model's order, or a data frame's, from behind its bracket to its end. */
static enum mlp_code read_items(struct mlp_rows *r, size_t row, struct mlp_err *e)
{
    size_t n = r->split ? r->ncolumns : r->served->info->ninputs, i = 0;
    enum mlp_code code = advance(r, e);
    while (code == MLP_OK && r->token.type != MLP_JSON_ARRAY_END && i < n) {
        code = read_item(r, row, i++, e);
        if (code == MLP_OK)
            code = advance(r, e);
    }
    if (code == MLP_OK && (i < n || r->token.type != MLP_JSON_ARRAY_END)) {
        mlp_err_set(e, MLP_EINPUT, "%s has %zu %s, the row has %s",
                    r->split ? "the frame" : "the model", n, r->split ? "columns" : "features",
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
    r->odd = false;
    enum mlp_code code = MLP_OK;
    if (r->token.type == MLP_JSON_OBJECT) {
        code = advance(r, e);
        if (code == MLP_OK)
            code = read_members(r, row, e);
    } else if (r->token.type == MLP_JSON_ARRAY) {
        code = read_items(r, row, e);
    } else if (!r->by_lines && r->served->info->ninputs == 1) {
        code = store(r, row, 0, &r->token, e);
    } else {
        mlp_err_set(e, MLP_EINPUT, "a row is %s, expected an object of features",
                    type_name(r->token.type));
        return at_row(r, row, e);
    }
    const char *text = r->json.text;
    if (r->odd)
        r->w->rows[row] = MLP_STR("["); /* it is no JSON: the log writes the columns */
    else
        r->w->rows[row] = (struct mlp_str){text + start, (size_t)(r->json.p - text) - start};
    return code;
}

/* --- data frames --- */

static enum mlp_code bad_frame(struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "\"dataframe_split\" is no object with the lists columns and data");
    return mlp_err_hint(e, "pandas writes it by DataFrame.to_dict(orient=\"split\")");
}

/* A column's name is at hand. */
static enum mlp_code name_column(struct mlp_rows *r, struct mlp_err *e)
{
    struct mlp_str name;
    if (r->token.type != MLP_JSON_STRING)
        return mlp_err_set(e, MLP_EINPUT, "the name of column %zu is %s, expected a string",
                           r->ncolumns + 1, type_name(r->token.type));
    if (r->ncolumns == r->served->info->ninputs + MLP_EXTRA_COLUMNS)
        return mlp_err_set(e, MLP_EINPUT, "more than %zu columns", r->ncolumns);
    enum mlp_code code = plain_text(r, &r->token, &name, e);
    int input = code == MLP_OK ? mlp_served_find(r->served, name) : -1;
    if (code == MLP_OK && input < 0 && !r->ignore_extra)
        return unknown(r, 0, name, e);
    if (input >= 0 && r->w->seen[input] == r->w->stamp)
        return mlp_err_set(e, MLP_EINPUT, "column \"%.*s\" is given twice",
                           MLP_STR_ARG(r->served->info->inputs[input].name));
    if (input >= 0)
        r->w->seen[input] = r->w->stamp;
    r->w->order[r->ncolumns++] = input;
    return code;
}

static enum mlp_code read_names(struct mlp_rows *r, struct mlp_err *e)
{
    if (r->token.type != MLP_JSON_ARRAY)
        return bad_frame(e);
    new_stamp(r);
    r->split = r->single = true; /* single: complaints name no row */
    enum mlp_code code = advance(r, e);
    while (code == MLP_OK && r->token.type != MLP_JSON_ARRAY_END) {
        code = name_column(r, e);
        if (code == MLP_OK)
            code = advance(r, e);
    }
    for (size_t i = 0; code == MLP_OK && i < r->served->info->ninputs; i++)
        if (r->w->seen[i] != r->w->stamp)
            code = missing(r, 0, e);
    r->single = false;
    return code;
}

/* A member other than the data that is read at once; the token is the next key afterwards. */
static enum mlp_code frame_member(struct mlp_rows *r, struct mlp_str key, struct mlp_err *e)
{
    bool names = mlp_str_is(key, "columns") && !r->split;
    enum mlp_code code = names ? read_names(r, e) : mlp_json_skip(&r->json, &r->token, e);
    return code == MLP_OK ? advance(r, e) : code;
}

/* From the brace to the bracket of the data: when that comes before the names it is passed over
 * and gone back to. */
static enum mlp_code open_frame(struct mlp_rows *r, struct mlp_err *e)
{
    struct mlp_json data;
    struct mlp_json_token token = {.type = MLP_JSON_END};
    if (r->token.type != MLP_JSON_OBJECT)
        return bad_frame(e);
    enum mlp_code code = advance(r, e);
    while (code == MLP_OK && r->token.type == MLP_JSON_KEY) {
        struct mlp_str key = r->token.raw;
        code = advance(r, e);
        if (code == MLP_OK && mlp_str_is(key, "data")) {
            data = r->json;
            token = r->token;
            if (r->split)
                break;
        }
        if (code == MLP_OK)
            code = frame_member(r, key, e);
    }
    if (code == MLP_OK && (token.type != MLP_JSON_ARRAY || !r->split))
        return bad_frame(e);
    if (code == MLP_OK) {
        r->json = data;
        r->token = token;
    }
    return code;
}

/* --- bodies --- */

/* What a member around the rows holds. */
enum wrapper { WRAPS_NOTHING, WRAPS_OTHER, WRAPS_LIST, WRAPS_INPUTS, WRAPS_FRAME };

static enum wrapper wrapper_of(struct mlp_str key)
{
    static const struct {
        const char *name;
        enum wrapper wraps;
    } known[] = {
        {"instances", WRAPS_LIST}, {"inputs", WRAPS_INPUTS}, {"dataframe_split", WRAPS_FRAME},
        {"dataframe_records", WRAPS_LIST}, {"signature_name", WRAPS_OTHER},
        {"parameters", WRAPS_OTHER}, {"params", WRAPS_OTHER},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (mlp_str_is(key, known[i].name))
            return known[i].wraps;
    return WRAPS_NOTHING;
}

/* Behind the rows: the rest of a wrapper, then nothing. */
static enum mlp_code finish(struct mlp_rows *r, struct mlp_err *e)
{
    unsigned braces = r->wrapped + r->split;
    r->ended = true;
    enum mlp_code code = advance(r, e);
    while (code == MLP_OK && braces) {
        bool key = r->token.type == MLP_JSON_KEY;
        if (key && braces == 1 && wrapper_of(r->token.raw) > WRAPS_OTHER)
            return mlp_err_set(e, MLP_EINPUT, "rows are given twice: by \"%.*s\" as well",
                               MLP_STR_ARG(r->token.raw));
        if (key)
            code = advance(r, e);
        else
            braces--;
        if (code == MLP_OK && key)
            code = mlp_json_skip(&r->json, &r->token, e);
        if (code == MLP_OK)
            code = advance(r, e); /* past the last brace: only the end may follow */
    }
    return code;
}

static enum mlp_code read_columns(struct mlp_rows *r, struct mlp_err *e)
{
    r->by_columns = true;
    enum mlp_code code = mlp_json_columns(&r->json, r->served, r->ignore_extra, &r->w->strings,
                                          &r->columns, e);
    if (code == MLP_OK)
        code = mlp_tensors_bind_columns(&r->columns, r->served, r->ignore_extra, &r->w->strings, e);
    return code == MLP_OK ? finish(r, e) : code;
}

/* The value of a wrapper is at hand. */
static enum mlp_code open_wrapper(struct mlp_rows *r, enum wrapper wraps, struct mlp_str key,
                                  struct mlp_err *e)
{
    r->wrapped = true;
    r->inputs = wraps == WRAPS_INPUTS;
    if (wraps == WRAPS_FRAME)
        return open_frame(r, e);
    if (r->token.type == MLP_JSON_ARRAY)
        return MLP_OK;
    if (wraps == WRAPS_INPUTS && r->token.type == MLP_JSON_OBJECT)
        return read_columns(r, e);
    return mlp_err_set(e, MLP_EINPUT, "\"%.*s\" is %s, expected an array", MLP_STR_ARG(key),
                       type_name(r->token.type));
}

/* Inside of an object whose first key is at hand: is it a wrapper? Leaves the token on the list of
 * a wrapper, or on the key where a row starts. */
static enum mlp_code unwrap(struct mlp_rows *r, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && r->token.type == MLP_JSON_KEY &&
           mlp_served_find(r->served, r->token.raw) < 0) {
        struct mlp_str key = r->token.raw;
        enum wrapper wraps = wrapper_of(key);
        if (wraps == WRAPS_NOTHING)
            return MLP_OK;
        code = advance(r, e);
        if (code == MLP_OK && wraps != WRAPS_OTHER)
            return open_wrapper(r, wraps, key, e);
        if (code == MLP_OK)
            code = mlp_json_skip(&r->json, &r->token, e);
        if (code == MLP_OK)
            code = advance(r, e);
    }
    return code;
}

static void start(struct mlp_rows *r, const struct mlp_served *s, struct mlp_scratch *w)
{
    r->served = s;
    r->w = w;
    r->single = r->wrapped = r->split = r->inputs = r->by_columns = r->by_lines = r->ended =
        r->odd = false;
    r->ncolumns = 0;
    r->row = 0;
    r->lines = (struct mlp_str){0};
    mlp_arena_reset(&w->strings);
}

void mlp_rows_begin_lines(struct mlp_rows *r, const struct mlp_served *s, struct mlp_scratch *w,
                          struct mlp_str lines)
{
    start(r, s, w);
    r->by_lines = true;
    r->lines = lines;
}

enum mlp_code mlp_rows_begin(struct mlp_rows *r, const struct mlp_served *s,
                             struct mlp_scratch *w, struct mlp_str body, struct mlp_err *e)
{
    start(r, s, w);
    mlp_json_init(&r->json, body, DEPTH);
    r->json.allow_nonfinite = r->nonfinite;
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

static enum mlp_code next_columns(struct mlp_rows *r, size_t *n, struct mlp_err *e)
{
    uint64_t left = r->columns.rows - r->row;
    *n = left < r->w->max_rows ? (size_t)left : r->w->max_rows;
    enum mlp_code code = mlp_tensors_fill(&r->columns, r->served, r->w, r->row, *n, e);
    r->row += *n;
    return code;
}

static enum mlp_code read_line(struct mlp_rows *r, struct mlp_str line, size_t row,
                               struct mlp_err *e)
{
    mlp_json_init(&r->json, line, DEPTH);
    r->json.allow_nonfinite = r->nonfinite;
    enum mlp_code code = advance(r, e);
    if (code == MLP_OK)
        code = read_row(r, row, e);
    if (code == MLP_OK)
        return advance(r, e) == MLP_OK ? MLP_OK : at_row(r, row, e);
    return e && e->line ? at_row(r, row, e) : code;
}

static enum mlp_code next_lines(struct mlp_rows *r, size_t *n, struct mlp_err *e)
{
    struct mlp_str line;
    enum mlp_code code = MLP_OK;
    mlp_arena_reset(&r->w->strings);
    while (code == MLP_OK && *n < r->w->max_rows && r->lines.n &&
           mlp_str_split(&r->lines, '\n', &line)) {
        line = mlp_str_trim(line);
        if (line.n == 0)
            continue;
        code = read_line(r, line, (*n)++, e);
    }
    r->row += *n;
    return code;
}

enum mlp_code mlp_rows_next(struct mlp_rows *r, size_t *n, struct mlp_err *e)
{
    *n = 0;
    if (r->by_columns)
        return next_columns(r, n, e);
    if (r->by_lines)
        return next_lines(r, n, e);
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
