#include "table/flatten.h"

#include "base/map.h"
#include "base/vec.h"
#include "text/json.h"

#include <stdlib.h>

#define MOST_NAMES 65536
#define NAME_BYTES ((size_t)16 << 20)
#define DEPTH 8

struct mlp_flat {
    int features, output;          /* columns of the log; output may be -1 */
    struct mlp_map index;          /* name to column of the flat table */
    struct mlp_map late;           /* names that the first batch did not have */
    struct mlp_vec names;          /* of struct mlp_str; the map owns the bytes */
    bool settled;                  /* the first batch is done */
    struct mlp_cell *cells;
    const char **bad;
    size_t room_cells, room_rows;
    struct mlp_buf name;
};

bool mlp_flat_wanted(const struct mlp_table *t)
{
    return mlp_table_format_of(t) == MLP_TABLE_NDJSON &&
           mlp_table_find(t, MLP_STR("features")) >= 0;
}

enum mlp_code mlp_flat_new(const struct mlp_table *t, struct mlp_flat **out, struct mlp_err *e)
{
    struct mlp_flat *f = calloc(1, sizeof *f);
    *out = f;
    if (!f)
        return mlp_err_nomem(e);
    f->features = mlp_table_find(t, MLP_STR("features"));
    f->output = mlp_table_find(t, MLP_STR("output"));
    mlp_map_init(&f->index, 1, NAME_BYTES);
    mlp_map_init(&f->late, 1, NAME_BYTES);
    mlp_vec_init(&f->names, sizeof(struct mlp_str));
    mlp_buf_init(&f->name, 1 << 16);
    return MLP_OK;
}

void mlp_flat_free(struct mlp_flat *f)
{
    if (!f)
        return;
    mlp_map_fini(&f->index);
    mlp_map_fini(&f->late);
    mlp_vec_fini(&f->names);
    mlp_buf_fini(&f->name);
    free(f->cells);
    free((void *)f->bad);
    free(f);
}

const struct mlp_str *mlp_flat_names(const struct mlp_flat *f)
{
    return f->names.p;
}

size_t mlp_flat_nlate(const struct mlp_flat *f)
{
    return f->late.n;
}

struct mlp_str mlp_flat_late(const struct mlp_flat *f, size_t i)
{
    return f->late.entries[i].key;
}

/* The row being filled, or only named: cells NULL. */
struct filling {
    struct mlp_flat *f;
    struct mlp_cell *cells;
    struct mlp_arena *arena;       /* for texts with escapes */
    const char *bad;
};

static struct mlp_str member_name(struct mlp_flat *f, size_t prefix, const struct mlp_json_token *t)
{
    f->name.n = prefix;
    if (t->escaped)
        mlp_json_unescape(t->raw, &f->name);
    else
        mlp_buf_addstr(&f->name, t->raw);
    return mlp_buf_str(&f->name);
}

/* Column of the name in f->name: new ones are made until the first batch is done. -1: none. */
static int64_t column_of(struct mlp_flat *f, struct mlp_err *e)
{
    struct mlp_str name = mlp_buf_str(&f->name);
    uint64_t *at = mlp_map_get(&f->index, name);
    if (at)
        return (int64_t)*at;
    struct mlp_map *map = f->settled ? &f->late : &f->index;
    if (map->n >= MOST_NAMES)
        return -1;
    at = mlp_map_put(map, name, NULL);
    if (!at) {
        mlp_err_nomem(e);
        return -1;
    }
    if (f->settled)
        return -1;
    *at = f->names.n;
    struct mlp_str *slot = mlp_vec_push(&f->names);
    if (!slot) {
        mlp_err_nomem(e);
        return -1;
    }
    *slot = map->entries[map->n - 1].key;
    return (int64_t)*at;
}

static struct mlp_cell scalar(struct filling *w, const struct mlp_json_token *t)
{
    struct mlp_cell cell = {t->raw.p, (uint32_t)t->raw.n, t->type == MLP_JSON_STRING};
    if (t->type == MLP_JSON_NULL)
        return (struct mlp_cell){NULL, 0, false};
    if (t->type == MLP_JSON_TRUE)
        return (struct mlp_cell){"true", 4, false};
    if (t->type == MLP_JSON_FALSE)
        return (struct mlp_cell){"false", 5, false};
    if (t->type != MLP_JSON_STRING || !t->escaped || !w->arena)
        return cell;
    struct mlp_buf text;
    mlp_buf_init(&text, t->raw.n + 1);
    mlp_json_unescape(t->raw, &text);
    struct mlp_str copy = mlp_arena_str(w->arena, mlp_buf_str(&text));
    mlp_buf_fini(&text);
    if (!copy.p)
        w->bad = "no memory for a text";
    return (struct mlp_cell){copy.p, (uint32_t)copy.n, true};
}

/* Members of the object that has just been opened. Lists are left out: they are no column. */
static enum mlp_code members(struct filling *w, struct mlp_json *j, size_t prefix, unsigned depth,
                             struct mlp_err *e)
{
    struct mlp_flat *f = w->f;
    struct mlp_json_token t;
    enum mlp_code code = mlp_json_next(j, &t, e);
    while (code == MLP_OK && t.type == MLP_JSON_KEY) {
        member_name(f, prefix, &t);
        code = mlp_json_next(j, &t, e);
        if (code == MLP_OK && t.type == MLP_JSON_OBJECT && depth < DEPTH) {
            mlp_buf_addc(&f->name, '.');
            code = members(w, j, f->name.n, depth + 1, e);
        } else if (code == MLP_OK && (t.type == MLP_JSON_OBJECT || t.type == MLP_JSON_ARRAY)) {
            code = mlp_json_skip(j, &t, e);
        } else if (code == MLP_OK) {
            int64_t at = column_of(f, e);
            if (at >= 0 && w->cells)
                w->cells[at] = scalar(w, &t);
        }
        if (code == MLP_OK)
            code = mlp_json_next(j, &t, e);
    }
    return code;
}

/* One member of the log's row: its value must be an object. */
static void add_object(struct filling *w, const struct mlp_cell *cell, const char *prefix)
{
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_reset(&w->f->name);
    mlp_buf_adds(&w->f->name, prefix);
    mlp_json_init(&j, mlp_cell_str(cell), DEPTH + 2);
    bool object = mlp_json_next(&j, &t, &e) == MLP_OK && t.type == MLP_JSON_OBJECT;
    if (!object || members(w, &j, w->f->name.n, 0, &e) != MLP_OK || e.code != MLP_OK)
        w->bad = "\"features\" or \"output\" is no flat object";
}

static void fill_row(struct filling *w, const struct mlp_batch *in, size_t r)
{
    const struct mlp_cell *features = mlp_cell_at(in, r, (size_t)w->f->features);
    w->bad = in->bad ? in->bad[r] : NULL;
    if (w->bad)
        return;
    if (!features->p) {
        w->bad = "no \"features\"";
        return;
    }
    add_object(w, features, "");
    if (w->f->output >= 0 && mlp_cell_at(in, r, (size_t)w->f->output)->p)
        add_object(w, mlp_cell_at(in, r, (size_t)w->f->output), "output.");
}

static bool make_room(struct mlp_flat *f, size_t rows)
{
    size_t cells = rows * f->names.n;
    if (cells > f->room_cells) {
        free(f->cells);
        f->cells = calloc(cells, sizeof *f->cells);
        f->room_cells = f->cells ? cells : 0;
    }
    if (rows > f->room_rows) {
        free((void *)f->bad);
        f->bad = calloc(rows, sizeof *f->bad);
        f->room_rows = f->bad ? rows : 0;
    }
    return (f->cells || !cells) && (f->bad || !rows);
}

enum mlp_code mlp_flat_batch(struct mlp_flat *f, const struct mlp_batch *in, struct mlp_batch *out,
                         struct mlp_err *e)
{
    struct filling w = {f, NULL, in->arena, NULL};
    for (size_t r = 0; r < in->nrows && !f->settled; r++)
        fill_row(&w, in, r);
    f->settled = true;
    if (!make_room(f, in->nrows))
        return mlp_err_nomem(e);
    memset(f->cells, 0, in->nrows * f->names.n * sizeof *f->cells);
    for (size_t r = 0; r < in->nrows; r++) {
        w.cells = f->cells + r * f->names.n;
        fill_row(&w, in, r);
        f->bad[r] = w.bad;
    }
    *out = *in;
    out->ncols = f->names.n;
    out->cells = f->cells;
    out->bad = f->bad;
    return MLP_OK;
}
