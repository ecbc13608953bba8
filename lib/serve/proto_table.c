#include "serve/proto_table.h"

#include "table/columnar.h"

#define PIECE ((size_t)256 << 10)
#define CSV_MAX ((size_t)256 << 20)
#define SOURCE "body"

static enum mlp_code read_columnar(struct mlp_tabular *t, struct mlp_str body, struct mlp_err *e)
{
    const struct mlp_columnar_ops *ops = mlp_columnar_sniff(body.p, body.n);
    const struct mlp_bytes bytes = {-1, body.p, body.n};
    struct mlp_columnar *c = NULL;
    size_t got = 1;
    if (!ops)
        return mlp_err_set(e, MLP_EINPUT, "the body is no Arrow or Parquet data");
    enum mlp_code code = mlp_columnar_open(ops, &bytes, &c, e);
    while (code == MLP_OK && got) {
        char *room = mlp_buf_reserve(&t->csv, PIECE);
        code = room ? mlp_columnar_read(c, room, PIECE, &got, e) : mlp_buf_check(&t->csv, e);
        t->csv.n += code == MLP_OK ? got : 0;
    }
    mlp_columnar_close(c);
    return code;
}

/* The rows without a header are the model's features in order. */
static enum mlp_code map_in_order(struct mlp_tabular *t, struct mlp_err *e)
{
    size_t n = t->served->info->ninputs;
    if (mlp_table_ncols(t->table) != n)
        return mlp_err_set(e, MLP_EINPUT,
                           "no column is named as a feature, and there are %zu of them, not %zu",
                           mlp_table_ncols(t->table), n);
    for (size_t i = 0; i < n; i++)
        t->map[i] = (int)i;
    return MLP_OK;
}

static size_t features_named(const struct mlp_tabular *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->served->info->ninputs; i++)
        n += mlp_table_find(t->table, t->served->info->inputs[i].name) >= 0;
    return n;
}

static enum mlp_code map_by_name(struct mlp_tabular *t, bool ignore_extra, struct mlp_err *e)
{
    enum mlp_code code = mlp_model_bind(t->served->model, t->table, NULL, t->map, e);
    if (features_named(t) == 0)
        return code; /* a model without names takes columns in their order */
    for (size_t c = 0; code == MLP_OK && !ignore_extra && c < mlp_table_ncols(t->table); c++) {
        struct mlp_str name = mlp_table_name(t->table, c);
        if (mlp_served_find(t->served, name) < 0)
            return mlp_err_set(e, MLP_EINPUT, "unknown feature \"%.*s\"",
                               (int)(name.n < 200 ? name.n : 200), name.p);
    }
    return code;
}

/* No header line has quotes, so that one with a field in quotes can fail: it is a row then. */
static enum mlp_code open_table(struct mlp_tabular *t, struct mlp_str body,
                                enum mlp_table_format format, int header, struct mlp_err *e)
{
    struct mlp_table_options options = {.format = format, .no_header = header == 0};
    struct mlp_err first;
    mlp_err_init(&first);
    enum mlp_code code = mlp_table_open_mem(body, SOURCE, &options, &t->table, &first);
    bool unnamed = code != MLP_OK || features_named(t) == 0;
    if (header >= 0 || !unnamed || body.n == 0) {
        *e = first;
        return code;
    }
    options.no_header = true;
    struct mlp_table *named = t->table;
    code = mlp_table_open_mem(body, SOURCE, &options, &t->table, e);
    mlp_table_close(named);
    return code;
}

enum mlp_code mlp_tabular_open(struct mlp_tabular *t, enum mlp_tabular_kind kind, int header,
                               bool ignore_extra, struct mlp_str body, struct mlp_err *e)
{
    bool columnar = kind == MLP_TABULAR_COLUMNAR;
    enum mlp_code code = MLP_OK;
    mlp_buf_init(&t->csv, CSV_MAX);
    t->map = mlp_arena_array(&t->w->strings, t->served->info->ninputs + 1, sizeof *t->map);
    if (!t->map)
        return mlp_err_nomem(e);
    if (columnar) {
        code = read_columnar(t, body, e);
        body = mlp_buf_str(&t->csv);
        header = 1;
    }
    if (code == MLP_OK)
        code = open_table(t, body, kind == MLP_TABULAR_TSV ? MLP_TABLE_TSV : MLP_TABLE_CSV, header,
                          e);
    if (code != MLP_OK)
        return code;
    return mlp_table_header(t->table).n ? map_by_name(t, ignore_extra, e) : map_in_order(t, e);
}

void mlp_tabular_close(struct mlp_tabular *t)
{
    mlp_table_close(t->table);
    mlp_buf_fini(&t->csv);
}

static enum mlp_code next_batch(struct mlp_tabular *t, struct mlp_err *e)
{
    enum mlp_code code = mlp_table_next(t->table, &t->batch, e);
    t->at = 0;
    if (code != MLP_OK || !t->batch)
        return code;
    for (size_t r = 0; r < t->batch->nrows; r++) {
        if (t->batch->bad[r]) {
            mlp_err_set(e, MLP_EINPUT, "%s", t->batch->bad[r]);
            return mlp_err_at(e, SOURCE, t->batch->line[r], 0);
        }
    }
    return mlp_model_frame(t->served->model, t->batch, t->map, &t->frame, e);
}

enum mlp_code mlp_tabular_next(void *tabular, size_t *n, struct mlp_err *e)
{
    struct mlp_tabular *t = tabular;
    struct mlp_scratch *w = t->w;
    *n = 0;
    if (!t->batch || t->at == t->batch->nrows) {
        enum mlp_code code = next_batch(t, e);
        if (code != MLP_OK || !t->batch)
            return code;
    }
    size_t left = t->batch->nrows - t->at;
    *n = left < w->max_rows ? left : w->max_rows;
    for (size_t i = 0; i < t->served->info->ninputs; i++) {
        if (w->numbers[i])
            memcpy(w->numbers[i], t->frame.numbers[i] + t->at, *n * sizeof *w->numbers[i]);
        else
            memcpy(w->texts[i], t->frame.texts[i] + t->at, *n * sizeof *w->texts[i]);
    }
    for (size_t r = 0; r < *n; r++)
        w->rows[r] = MLP_STR("["); /* no JSON text of its own: the log writes the columns */
    t->at += *n;
    return MLP_OK;
}
