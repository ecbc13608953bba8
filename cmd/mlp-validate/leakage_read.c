/* Reading the files of a split, each once. */
#include "leakage.h"

#include "base/file.h"

#include <math.h>
#include <stdlib.h>

#define VALUE_BYTES ((size_t)1 << 20)
#define FEW_VALUES 2000

void leak_init(struct leak *l, const struct mlp_cmd *cmd, size_t memory)
{
    *l = (struct leak){.cmd = cmd, .label = -1, .key = -1, .time = -1};
    mlp_seen_init(&l->rows, memory / MLP_SEEN_BYTES);
    mlp_seen_init(&l->keys, memory / MLP_SEEN_BYTES);
    mlp_rng_init(&l->rng, 1);
    mlp_arena_init(&l->arena, (size_t)64 << 20);
    mlp_report_init(&l->report, "mlp-validate", "data");
}

void leak_fini(struct leak *l)
{
    for (size_t i = 0; i < l->ncolumns; i++) {
        mlp_map_fini(&l->columns[i].values);
        free(l->columns[i].numbers);
        free(l->columns[i].codes);
    }
    for (size_t i = 0; i < l->nfiles; i++)
        mlp_table_close(l->files[i].table);
    mlp_report_fini(&l->report);
    mlp_seen_fini(&l->rows);
    mlp_seen_fini(&l->keys);
    mlp_arena_fini(&l->arena);
    free(l->columns);
}

static enum mlp_code make_column(struct leak *l, const struct mlp_table *t, size_t i,
                                 struct mlp_err *e)
{
    struct leak_column *c = &l->columns[i];
    c->name = mlp_arena_str(&l->arena, mlp_table_name(t, i));
    mlp_map_init(&c->values, 1, VALUE_BYTES);
    l->ncolumns = i + 1;
    c->numbers = calloc(SAMPLE_ROWS, sizeof *c->numbers);
    c->codes = calloc(SAMPLE_ROWS, sizeof *c->codes);
    return c->name.p && c->numbers && c->codes ? MLP_OK : mlp_err_nomem(e);
}

static enum mlp_code find_role(struct leak *l, const char *name, enum leak_role role, int *column,
                               struct mlp_err *e)
{
    const struct mlp_table *first = l->files[0].table;
    *column = name ? mlp_table_find(first, mlp_str_from(name)) : -1;
    if (name && *column < 0) {
        mlp_err_set(e, MLP_EINPUT, "no column \"%s\"", name);
        return mlp_err_at(e, mlp_table_source(first), 1, 0);
    }
    if (name)
        l->columns[*column].role = role;
    return MLP_OK;
}

enum mlp_code leak_open(struct leak *l, const struct mlp_table_options *options,
                        const char *const roles[3], struct mlp_err *e)
{
    for (size_t f = 0; f < l->nfiles; f++) {
        enum mlp_code code = mlp_table_open(l->files[f].path, options, &l->files[f].table, e);
        if (code != MLP_OK)
            return code;
        l->files[f].source = mlp_table_source(l->files[f].table);
    }
    const struct mlp_table *first = l->files[0].table;
    size_t n = mlp_table_ncols(first);
    l->columns = calloc(n + 1, sizeof *l->columns);
    if (!l->columns)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        if (make_column(l, first, i, e) != MLP_OK)
            return e->code;
        for (size_t f = 0; f < l->nfiles; f++)
            l->columns[i].at[f] = mlp_table_find(l->files[f].table, l->columns[i].name);
    }
    if (find_role(l, roles[0], LEAK_LABEL, &l->label, e) != MLP_OK ||
        find_role(l, roles[1], LEAK_KEY, &l->key, e) != MLP_OK ||
        find_role(l, roles[2], LEAK_TIME, &l->time, e) != MLP_OK)
        return e->code;
    return MLP_OK;
}

static struct mlp_str cell_of(const struct leak *l, size_t column, size_t file,
                              const struct mlp_batch *b, size_t r)
{
    int at = l->columns[column].at[file];
    return at >= 0 ? mlp_cell_str(mlp_cell_at(b, r, (size_t)at)) : (struct mlp_str){NULL, 0};
}

/* The code of a value of the first file; the map's size for those beyond the few. */
static uint32_t code_of(struct leak_column *c, struct mlp_str text)
{
    bool fresh = false;
    uint64_t *found = mlp_map_get(&c->values, text);
    if (!found && c->values.n < FEW_VALUES)
        found = mlp_map_put(&c->values, text, &fresh);
    if (fresh)
        *found = c->values.n - 1;
    c->many = c->many || !found;
    return found ? (uint32_t)*found : FEW_VALUES;
}

/* A row of the first file: what columns hold, and a sample of it, every row being as likely. */
static void learn_row(struct leak *l, const struct mlp_batch *b, size_t r)
{
    uint64_t row = l->files[0].rows;
    uint64_t slot = row < SAMPLE_ROWS ? row : mlp_rng_below(&l->rng, row + 1);
    for (size_t i = 0; i < l->ncolumns; i++) {
        struct leak_column *c = &l->columns[i];
        struct mlp_str text = cell_of(l, i, 0, b, r);
        uint32_t code = code_of(c, text);
        if (text.n) {
            c->looks[mlp_value_look(text)]++;
            c->present++;
            mlp_hll_add(c->distinct, mlp_hash_text(text));
        }
        if (slot >= SAMPLE_ROWS)
            continue;
        c->numbers[slot] = number_of(text);
        c->codes[slot] = code;
    }
    l->sampled += slot == row;
}

/* A row of a later file: values that the first has not. Numbers are not told one by one. */
static void compare_values(struct leak *l, size_t f, const struct mlp_batch *b, size_t r)
{
    for (size_t i = 0; i < l->ncolumns; i++) {
        struct leak_column *c = &l->columns[i];
        struct mlp_str text = cell_of(l, i, f, b, r);
        if (c->many || !text.n || mlp_map_get(&c->values, text))
            continue;
        if (c->fresh[f]++ == 0) {
            c->fresh_line[f] = b->line[r];
            mlp_str_copy(text, c->fresh_value[f], sizeof c->fresh_value[f]);
        }
    }
}

static void keep_hit(struct leak_hit *hits, uint64_t n, const struct leak_hit *hit)
{
    if (n <= MLP_REPORT_EXAMPLES)
        hits[n - 1] = *hit;
}

/* Features alone are compared: the key makes equal rows differ, and the label is what leaks. */
static struct mlp_seen_row hash_row(const struct leak *l, size_t f, const struct mlp_batch *b,
                                    size_t r)
{
    struct mlp_seen_row row = {.file = (uint32_t)f, .line = (uint32_t)b->line[r]};
    for (size_t i = 0; i < l->ncolumns; i++) {
        bool shared = true;
        for (size_t k = 0; k < l->nfiles; k++)
            shared = shared && l->columns[i].at[k] >= 0;
        if (!shared || l->columns[i].role == LEAK_KEY)
            continue;
        uint64_t h = mlp_cell_hash(i, cell_of(l, i, f, b, r));
        *(l->columns[i].role == LEAK_LABEL ? &row.rest : &row.hash) += h;
    }
    return row;
}

static enum mlp_code look_up_row(struct leak *l, size_t f, const struct mlp_batch *b, size_t r,
                                 struct mlp_err *e)
{
    struct mlp_seen_row row = hash_row(l, f, b, r);
    const struct mlp_seen_row *first;
    struct leak_file *file = &l->files[f];
    if (mlp_seen_add(&l->rows, &row, &first, e) != MLP_OK)
        return e->code;
    if (!first)
        return MLP_OK;
    struct leak_hit hit = {b->line[r], first->line, first->file, first->rest != row.rest};
    file->conflicts += hit.other_label;
    if (first->file == f)
        keep_hit(file->duplicate_hits, ++file->duplicates, &hit);
    else
        keep_hit(file->overlap_hits, ++file->overlap, &hit);
    return MLP_OK;
}

static enum mlp_code look_up_key(struct leak *l, size_t f, const struct mlp_batch *b, size_t r,
                                 struct mlp_err *e)
{
    struct mlp_str text = l->key >= 0 ? cell_of(l, (size_t)l->key, f, b, r) : MLP_STR("");
    struct mlp_seen_row row = {mlp_cell_hash(0, text), 0, (uint32_t)f, (uint32_t)b->line[r]};
    const struct mlp_seen_row *first;
    if (!text.n)
        return MLP_OK;
    if (mlp_seen_add(&l->keys, &row, &first, e) != MLP_OK)
        return e->code;
    if (first && first->file != f)
        keep_hit(l->files[f].key_hits, ++l->files[f].keys,
                 &(struct leak_hit){b->line[r], first->line, first->file, false});
    return MLP_OK;
}

static enum mlp_code look_at_time(struct leak *l, size_t f, const struct mlp_batch *b, size_t r,
                                  struct mlp_err *e)
{
    struct leak_file *file = &l->files[f];
    struct mlp_str text = l->time >= 0 ? cell_of(l, (size_t)l->time, f, b, r) : MLP_STR("");
    double at = number_of(text), latest = -(double)INFINITY;
    if (!text.n)
        return MLP_OK;
    if (isnan(at) && mlp_value_read(MLP_P_DATETIME, text, &at) != MLP_READ_OK &&
        mlp_value_read(MLP_P_DATE, text, &at) != MLP_READ_OK) {
        mlp_err_set(e, MLP_EINPUT, "column \"%.*s\": \"%.*s\" is no time",
                    MLP_STR_ARG(l->columns[l->time].name), MLP_STR_ARG(text));
        mlp_err_hint(e, "times are numbers, or ISO 8601 as 2013-01-31T12:00:00Z");
        return mlp_err_at(e, file->source, b->line[r], 0);
    }
    for (size_t k = 0; k < f; k++)
        latest = fmax(latest, l->files[k].last_time);
    if (at <= latest)
        keep_hit(file->early_hits, ++file->early, &(struct leak_hit){.line = b->line[r]});
    file->first_time = fmin(file->first_time, at);
    file->last_time = fmax(file->last_time, at);
    return MLP_OK;
}

static enum mlp_code read_row(struct leak *l, size_t f, const struct mlp_batch *b, size_t r,
                              struct mlp_err *e)
{
    if (b->bad[r]) {
        mlp_err_set(e, MLP_EINPUT, "%s", b->bad[r]);
        return mlp_err_at(e, l->files[f].source, b->line[r], 0);
    }
    if (f == 0)
        learn_row(l, b, r);
    else
        compare_values(l, f, b, r);
    l->files[f].rows++;
    if (look_up_row(l, f, b, r, e) != MLP_OK || look_up_key(l, f, b, r, e) != MLP_OK)
        return e->code;
    return look_at_time(l, f, b, r, e);
}

enum mlp_code leak_read(struct leak *l, struct mlp_err *e)
{
    struct mlp_batch *b = NULL;
    enum mlp_code code = MLP_OK;
    for (size_t f = 0; f < l->nfiles && code == MLP_OK; f++) {
        struct leak_file *file = &l->files[f];
        file->first_time = (double)INFINITY;
        file->last_time = -(double)INFINITY;
        while (code == MLP_OK && (code = mlp_table_next(file->table, &b, e)) == MLP_OK && b)
            for (size_t r = 0; r < b->nrows && code == MLP_OK; r++)
                code = read_row(l, f, b, r, e);
        if (code == MLP_OK && file->rows == 0) {
            mlp_err_set(e, MLP_EINPUT, "has a header but no rows: nothing was checked");
            code = mlp_err_at(e, file->source, 0, 0);
        }
    }
    return code;
}
