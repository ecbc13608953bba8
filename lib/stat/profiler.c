#include "stat/state.h"

#include "base/map.h"
#include "base/progress.h"
#include "base/thread.h"
#include "table/ahead.h"

#include <stdlib.h>

#define SAMPLE_BYTES ((size_t)32 << 20)
#define SAMPLE_LEAST 4096
#define SAMPLE_MOST ((size_t)1 << 20)
#define NAME_BYTES ((size_t)64 << 20)
#define PROFILE_BYTES ((size_t)2 << 30)
#define MOST_THREADS 64u

struct mlp_profiler {
    const struct mlp_profile *reference;
    struct mlp_column *cols;
    size_t ncols;
    struct mlp_column **map;  /* of the data's columns; NULL: the reference lacks it */
    size_t nmap;
    struct mlp_map index;     /* of the reference's columns, by name */
    struct mlp_arena extra_names;
    struct mlp_str *extra;
    size_t nextra;
    uint32_t *taken;          /* rows of the batch that count */
    size_t taken_cap;
    struct mlp_team *team;    /* of mlp_profiler_table; NULL: the caller alone */
    size_t keep;              /* most values in `sorted`; 0: not asked for */
    uint64_t rows;
    struct mlp_progress *progress; /* or NULL */
};

enum mlp_code mlp_profiler_new(const struct mlp_profile *reference, struct mlp_profiler **p,
                               struct mlp_err *e)
{
    *p = calloc(1, sizeof **p);
    if (!*p)
        return mlp_err_nomem(e);
    (*p)->reference = reference;
    mlp_arena_init(&(*p)->extra_names, NAME_BYTES);
    mlp_map_init(&(*p)->index, 1, NAME_BYTES);
    return MLP_OK;
}

void mlp_profiler_free(struct mlp_profiler *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->ncols; i++)
        mlp_column_fini(&p->cols[i]);
    mlp_arena_fini(&p->extra_names);
    mlp_map_fini(&p->index);
    free(p->cols);
    free(p->map);
    free(p->extra);
    free(p->taken);
    free(p);
}

void mlp_profiler_keep(struct mlp_profiler *p, size_t max)
{
    p->keep = max;
}

static size_t sample_limit(const struct mlp_profiler *p)
{
    if (p->reference || p->keep)
        return p->keep;
    size_t limit = SAMPLE_BYTES / sizeof(double) / (p->ncols ? p->ncols : 1);
    limit = limit < SAMPLE_LEAST ? SAMPLE_LEAST : limit;
    return limit > SAMPLE_MOST ? SAMPLE_MOST : limit;
}

static enum mlp_code reference_columns(struct mlp_profiler *p, struct mlp_err *e)
{
    const struct mlp_profile *r = p->reference;
    enum mlp_code code = MLP_OK;
    p->cols = calloc(r->ncols + 1, sizeof *p->cols);
    if (!p->cols)
        return mlp_err_nomem(e);
    for (; p->ncols < r->ncols && code == MLP_OK; p->ncols++) {
        const struct mlp_pcolumn *c = &r->cols[p->ncols];
        uint64_t *at = mlp_map_put(&p->index, c->name, NULL);
        code = at ? mlp_column_init(&p->cols[p->ncols], c->name, c, e) : mlp_err_nomem(e);
        if (at)
            *at = p->ncols;
    }
    return code;
}

static enum mlp_code note_extra(struct mlp_profiler *p, struct mlp_str name, struct mlp_err *e)
{
    struct mlp_str copy = mlp_arena_str(&p->extra_names, name);
    if (!copy.p)
        return mlp_err_nomem(e);
    p->extra[p->nextra++] = copy;
    return MLP_OK;
}

static enum mlp_code map_column(struct mlp_profiler *p, size_t i, struct mlp_str name,
                                struct mlp_err *e)
{
    if (p->reference) {
        const uint64_t *at = mlp_map_get(&p->index, name);
        if (!at)
            return note_extra(p, name, e);
        p->map[i] = &p->cols[*at];
    } else {
        enum mlp_code code = mlp_column_init(&p->cols[i], name, NULL, e);
        if (code != MLP_OK)
            return code;
        p->ncols = i + 1;
        p->map[i] = &p->cols[i];
    }
    p->map[i]->seen = true;
    return MLP_OK;
}

/* The first batch names the columns. */
static enum mlp_code set_columns(struct mlp_profiler *p, const struct mlp_str *names, size_t n,
                                 struct mlp_err *e)
{
    enum mlp_code code = p->reference ? reference_columns(p, e) : MLP_OK;
    p->map = calloc(n + 1, sizeof(struct mlp_column *));
    p->extra = calloc(n + 1, sizeof *p->extra);
    if (!p->reference)
        p->cols = calloc(n + 1, sizeof *p->cols);
    if (code == MLP_OK && (!p->map || !p->extra || !p->cols))
        code = mlp_err_nomem(e);
    p->nmap = n;
    for (size_t i = 0; i < n && code == MLP_OK; i++)
        code = map_column(p, i, names[i], e);
    for (size_t i = 0; i < p->ncols; i++)
        p->cols[i].limit = sample_limit(p);
    return code;
}

/* Fills taken with the rows that count; returns how many, or SIZE_MAX without memory. */
static size_t take_rows(struct mlp_profiler *p, const struct mlp_batch *b, const uint8_t *rows)
{
    size_t n = 0;
    if (p->taken_cap < b->nrows) {
        uint32_t *taken = realloc(p->taken, b->nrows * sizeof *taken);
        if (!taken)
            return SIZE_MAX;
        p->taken = taken;
        p->taken_cap = b->nrows;
    }
    for (size_t r = 0; r < b->nrows; r++) {
        p->taken[n] = (uint32_t)r;
        n += (!rows || rows[r]) && !(b->bad && b->bad[r]);
    }
    return n;
}

static enum mlp_code add_column(struct mlp_column *c, const struct mlp_batch *b, size_t column,
                                const uint32_t *taken, size_t n, struct mlp_err *e)
{
    const struct mlp_cell *cells = b->cells + column;
    enum mlp_code code = MLP_OK;
    c->rows += n;
    for (size_t i = 0; i < n && code == MLP_OK; i++) {
        const struct mlp_cell *cell = &cells[taken[i] * b->ncols];
        if (cell->p)
            code = mlp_column_add(c, mlp_cell_str(cell), e);
        else
            c->missing++;
    }
    return code;
}

/* One batch: each column by whoever is free. */
struct round {
    struct mlp_profiler *p;
    const struct mlp_batch *b;
    size_t n;             /* rows taken */
    struct mlp_err *errors; /* one a thread, */
    size_t *failed_at;    /* and the column that it is of */
};

static void add_in_round(void *ctx, size_t i, unsigned member)
{
    struct round *x = ctx;
    struct mlp_column *column = x->p->map[i];
    if (!column || x->errors[member].code != MLP_OK)
        return;
    if (add_column(column, x->b, i, x->p->taken, x->n, &x->errors[member]) != MLP_OK)
        x->failed_at[member] = i;
}

/* The error of the first column that failed. */
static enum mlp_code add_columns(struct mlp_profiler *p, const struct mlp_batch *b, size_t n,
                                 struct mlp_err *e)
{
    struct mlp_err errors[MOST_THREADS];
    size_t failed_at[MOST_THREADS], first = SIZE_MAX;
    struct round x = {p, b, n, errors, failed_at};
    unsigned members = mlp_team_size(p->team), who = 0;
    for (unsigned k = 0; k < members; k++)
        mlp_err_init(&errors[k]);
    mlp_team_run(p->team, b->ncols, add_in_round, &x);
    for (unsigned k = 0; k < members; k++)
        if (errors[k].code != MLP_OK && failed_at[k] < first)
            first = failed_at[who = k];
    if (first == SIZE_MAX)
        return MLP_OK;
    if (e && e->code == MLP_OK)
        *e = errors[who];
    return errors[who].code;
}

enum mlp_code mlp_profiler_add_named(struct mlp_profiler *p, const struct mlp_str *names,
                                     const struct mlp_batch *b, const uint8_t *rows,
                                     struct mlp_err *e)
{
    enum mlp_code code = p->map ? MLP_OK : set_columns(p, names, b->ncols, e);
    if (code != MLP_OK)
        return code;
    if (b->ncols != p->nmap)
        return mlp_err_set(e, MLP_EINPUT, "a batch of %zu columns after one of %zu", b->ncols,
                           p->nmap);
    size_t n = take_rows(p, b, rows);
    if (n == SIZE_MAX)
        return mlp_err_nomem(e);
    p->rows += n;
    return add_columns(p, b, n, e);
}

enum mlp_code mlp_profiler_add(struct mlp_profiler *p, const struct mlp_table *t,
                               const struct mlp_batch *b, const uint8_t *rows, struct mlp_err *e)
{
    if (p->map)
        return mlp_profiler_add_named(p, NULL, b, rows, e);
    struct mlp_str *names = calloc(b->ncols + 1, sizeof *names);
    if (!names)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < b->ncols; i++)
        names[i] = mlp_table_name(t, i);
    enum mlp_code code = mlp_profiler_add_named(p, names, b, rows, e);
    free(names);
    return code;
}

enum mlp_code mlp_profiler_table(struct mlp_profiler *p, struct mlp_table *t, unsigned threads,
                                 struct mlp_err *e)
{
    struct mlp_ahead *ahead = NULL;
    struct mlp_batch *b = NULL;
    enum mlp_code code = MLP_OK;
    if (threads > 1) {
        threads = threads < MOST_THREADS ? threads : MOST_THREADS;
        code = mlp_team_new(threads, &p->team, e);
        if (code == MLP_OK)
            code = mlp_ahead_new(t, &ahead, e);
    }
    while (code == MLP_OK) {
        code = ahead ? mlp_ahead_next(ahead, &b, e) : mlp_table_next(t, &b, e);
        if (code != MLP_OK || !b)
            break;
        code = mlp_profiler_add(p, t, b, NULL, e);
        if (p->progress)
            mlp_progress_tell(p->progress, &(struct mlp_progress_at){
                .rows = p->rows, .size = mlp_table_size(t),
                .bytes = ahead ? mlp_ahead_bytes(ahead) : mlp_table_bytes(t)});
    }
    if (p->progress)
        mlp_progress_wipe(p->progress);
    mlp_ahead_free(ahead);
    mlp_team_free(p->team);
    p->team = NULL;
    return code;
}

void mlp_profiler_watch(struct mlp_profiler *p, struct mlp_progress *progress)
{
    p->progress = progress;
}

enum mlp_code mlp_profiler_finish(struct mlp_profiler *p, struct mlp_profile *out,
                                  struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    mlp_arena_init(&out->arena, PROFILE_BYTES);
    if (p->reference && !p->cols)
        code = reference_columns(p, e);
    out->cols = mlp_arena_array(&out->arena, p->ncols, sizeof *out->cols);
    if (code == MLP_OK && !out->cols)
        code = mlp_err_nomem(e);
    out->rows = p->rows;
    for (size_t i = 0; i < p->ncols && code == MLP_OK; i++) {
        struct mlp_column *c = &p->cols[i];
        c->missing += p->rows - c->rows; /* a column that the data lack */
        c->rows = p->rows;
        code = mlp_column_finish(c, p->keep > 0, &out->arena, &out->cols[i], e);
        out->ncols = i + 1;
    }
    if (code != MLP_OK)
        mlp_profile_fini(out);
    return code;
}

size_t mlp_profiler_nextra(const struct mlp_profiler *p)
{
    return p->nextra;
}

struct mlp_str mlp_profiler_extra(const struct mlp_profiler *p, size_t i)
{
    return p->extra[i];
}

bool mlp_profiler_seen(const struct mlp_profiler *p, size_t i)
{
    return i < p->ncols && p->cols[i].seen;
}
