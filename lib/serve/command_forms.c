/* command_forms.c: columns into rows, value by value as they were written. */
#include "serve/command_forms.h"

#include "base/vec.h"

/* Names and values are views into the body: names without quotes, values with them. */
struct form {
    struct mlp_vec names, cells; /* struct mlp_str; of columns one after the other, of a frame row
                                    by row */
    size_t rows;
    bool by_row;
};

static enum mlp_code push(struct mlp_vec *to, struct mlp_str s, struct mlp_err *e)
{
    struct mlp_str *slot = mlp_vec_push(to);
    if (!slot)
        return mlp_err_nomem(e);
    *slot = s;
    return MLP_OK;
}

/* The values of a list whose bracket has been read. */
static enum mlp_code read_values(struct mlp_json *j, struct mlp_vec *to, size_t *n,
                                 struct mlp_err *e)
{
    struct mlp_json_token t;
    for (*n = 0;; ++*n) {
        if (mlp_json_next(j, &t, e))
            return e->code;
        if (t.type == MLP_JSON_ARRAY_END)
            return MLP_OK;
        size_t from = t.offset;
        if (mlp_json_skip(j, &t, e))
            return e->code;
        struct mlp_str value = {j->text + from, (size_t)(j->p - j->text) - from};
        if (push(to, value, e))
            return e->code;
    }
}

static enum mlp_code no_list(struct mlp_str name, struct mlp_err *e)
{
    return mlp_err_set(e, MLP_EINPUT, "\"%.*s\": expected a list", MLP_STR_ARG(name));
}

static enum mlp_code read_columns(struct mlp_json *j, struct form *f, struct mlp_err *e)
{
    struct mlp_json_token key, value;
    for (;;) {
        size_t n;
        if (mlp_json_next(j, &key, e))
            return e->code;
        if (key.type == MLP_JSON_OBJECT_END)
            return MLP_OK;
        if (mlp_json_next(j, &value, e))
            return e->code;
        if (value.type != MLP_JSON_ARRAY)
            return no_list(key.raw, e);
        if (read_values(j, &f->cells, &n, e))
            return e->code;
        if (f->names.n && n != f->rows)
            return mlp_err_set(e, MLP_EINPUT, "\"%.*s\" has %zu values, the columns before %zu",
                               MLP_STR_ARG(key.raw), n, f->rows);
        f->rows = n;
        if (push(&f->names, key.raw, e))
            return e->code;
    }
}

/* The rows of "data", each a list; *width is that of the first. */
static enum mlp_code read_rows(struct mlp_json *j, struct form *f, size_t *width,
                               struct mlp_err *e)
{
    struct mlp_json_token t;
    for (;; f->rows++) {
        size_t n;
        if (mlp_json_next(j, &t, e))
            return e->code;
        if (t.type == MLP_JSON_ARRAY_END)
            return MLP_OK;
        if (t.type != MLP_JSON_ARRAY)
            return mlp_err_set(e, MLP_EINPUT, "row %zu of \"data\": expected a list", f->rows + 1);
        if (read_values(j, &f->cells, &n, e))
            return e->code;
        if (f->rows && n != *width)
            return mlp_err_set(e, MLP_EINPUT, "row %zu of \"data\" has %zu values, expected %zu",
                               f->rows + 1, n, *width);
        *width = n;
    }
}

/* Names are written as values are, in quotes. */
static enum mlp_code unquote(struct form *f, struct mlp_err *e)
{
    for (size_t i = 0; i < f->names.n; i++) {
        struct mlp_str *name = mlp_vec_at(&f->names, i);
        if (name->n < 2 || name->p[0] != '"')
            return mlp_err_set(e, MLP_EINPUT, "\"columns\": expected a list of names");
        *name = (struct mlp_str){name->p + 1, name->n - 2};
    }
    return MLP_OK;
}

/* A member of a frame; *width becomes that of the rows. */
static enum mlp_code read_member(struct mlp_json *j, struct mlp_str key, struct form *f,
                                 size_t *width, struct mlp_err *e)
{
    struct mlp_json_token value;
    size_t n;
    bool columns = mlp_str_is(key, "columns"), data = mlp_str_is(key, "data");
    if (mlp_json_next(j, &value, e))
        return e->code;
    if (!columns && !data)
        return mlp_json_skip(j, &value, e);
    if (value.type != MLP_JSON_ARRAY)
        return no_list(key, e);
    return columns ? read_values(j, &f->names, &n, e) : read_rows(j, f, width, e);
}

static enum mlp_code read_split(struct mlp_json *j, struct form *f, struct mlp_err *e)
{
    struct mlp_json_token key;
    size_t width = 0;
    bool has_data = false;
    for (;;) {
        if (mlp_json_next(j, &key, e))
            return e->code;
        if (key.type == MLP_JSON_OBJECT_END)
            break;
        if (read_member(j, key.raw, f, &width, e))
            return e->code;
        has_data = has_data || mlp_str_is(key.raw, "data");
    }
    if (!has_data || !f->names.n || (f->rows && width != f->names.n))
        return mlp_err_set(e, MLP_EINPUT, "a frame has \"columns\" and \"data\" of as many values "
                                          "a row");
    return unquote(f, e);
}

static enum mlp_code write_lines(const struct form *f, struct mlp_buf *lines, struct mlp_err *e)
{
    size_t columns = f->names.n;
    for (size_t r = 0; r < f->rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            size_t at = f->by_row ? r * columns + c : c * f->rows + r;
            const struct mlp_str *name = mlp_vec_at(&f->names, c);
            const struct mlp_str *value = mlp_vec_at(&f->cells, at);
            mlp_buf_addf(lines, "%s\"%.*s\":", c ? "," : "{", MLP_STR_ARG(*name));
            mlp_buf_addstr(lines, *value);
        }
        mlp_buf_adds(lines, "}\n");
    }
    return mlp_buf_check(lines, e);
}

static enum mlp_code convert(struct mlp_json *j, struct mlp_buf *lines, bool by_row,
                             struct mlp_err *e)
{
    struct form f = {.by_row = by_row};
    mlp_vec_init(&f.names, sizeof(struct mlp_str));
    mlp_vec_init(&f.cells, sizeof(struct mlp_str));
    enum mlp_code code = by_row ? read_split(j, &f, e) : read_columns(j, &f, e);
    if (code == MLP_OK)
        code = write_lines(&f, lines, e);
    mlp_vec_fini(&f.names);
    mlp_vec_fini(&f.cells);
    return code;
}

enum mlp_code mlp_forms_columns(struct mlp_json *j, struct mlp_buf *lines, struct mlp_err *e)
{
    return convert(j, lines, false, e);
}

enum mlp_code mlp_forms_split(struct mlp_json *j, struct mlp_buf *lines, struct mlp_err *e)
{
    return convert(j, lines, true, e);
}
