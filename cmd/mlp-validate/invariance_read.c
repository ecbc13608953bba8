/* Two files of predictions, read side by side. */
#include "invariance.h"

#include "base/file.h"

#include <math.h>

static bool is_prediction(struct mlp_str name)
{
    return mlp_str_starts(name, "prediction") || mlp_str_starts(name, "proba_") ||
           mlp_str_is(name, "pred") || mlp_str_is(name, "score");
}

/* The columns that were named, else those that look like predictions. */
static enum mlp_code choose_columns(struct pair *p, const struct mlp_table *t, struct mlp_err *e)
{
    const char *name;
    for (size_t i = 0; (name = mlp_opt_nth(p->cmd, p->columns, i)) != NULL; i++)
        if (facet_add(&p->first, mlp_str_from(name), NULL, e) != MLP_OK)
            return e->code;
    for (size_t i = 0; i < mlp_table_ncols(t) && !mlp_opt_given(p->cmd, p->columns); i++) {
        struct mlp_str kept = mlp_table_name(t, i);
        if (!is_prediction(kept))
            continue;
        kept = mlp_arena_str(&p->first.arena, kept);
        if (!kept.p || facet_add(&p->first, kept, NULL, e) != MLP_OK)
            return mlp_err_nomem(e);
    }
    if (p->first.facets.n == 0)
        return no_column(t, "no column of predictions: say --column", e);
    return facets_find(&p->first, t, NULL, e);
}

static enum mlp_code find_key(const struct pair *p, const struct mlp_table *t, int *key,
                              struct mlp_err *e)
{
    const char *name = p->key;
    *key = name ? mlp_table_find(t, mlp_str_from(name)) : -1;
    return !name || *key >= 0 ? MLP_OK : no_column(t, "no column as --key says", e);
}

static enum mlp_code bad_row(const struct mlp_table *t, uint64_t line, const char *what,
                             struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "%s", what);
    return mlp_err_at(e, mlp_table_source(t), line, 0);
}

static enum mlp_code read_first_row(struct pair *p, const struct mlp_table *t,
                                    const struct mlp_batch *b, size_t r, int key,
                                    struct mlp_err *e)
{
    bool fresh = true, *seen = mlp_vec_push(&p->seen);
    if (b->bad[r])
        return bad_row(t, b->line[r], b->bad[r], e);
    if (!seen)
        return mlp_err_nomem(e);
    if (key >= 0) {
        uint64_t *row = mlp_map_put(&p->first.keys,
                                    mlp_cell_str(mlp_cell_at(b, r, (size_t)key)), &fresh);
        if (!row)
            return mlp_err_nomem(e);
        *row = p->seen.n - 1;
    }
    return fresh ? facets_read(&p->first, b, r, e)
                 : bad_row(t, b->line[r], "a key that an earlier row has too", e);
}

static enum mlp_code read_first(struct pair *p, const char *path,
                                const struct mlp_table_options *options, struct mlp_err *e)
{
    struct mlp_table *t;
    struct mlp_batch *b = NULL;
    int key;
    enum mlp_code code = mlp_table_open(path, options, &t, e);
    if (code != MLP_OK)
        return code;
    p->first.source = mlp_file_name(path);
    code = find_key(p, t, &key, e);
    if (code == MLP_OK)
        code = choose_columns(p, t, e);
    while (code == MLP_OK && (code = mlp_table_next(t, &b, e)) == MLP_OK && b)
        for (size_t r = 0; r < b->nrows && code == MLP_OK; r++)
            code = read_first_row(p, t, b, r, key, e);
    mlp_table_close(t);
    return code;
}

static void note_change(struct pair *p, struct drift *d, const struct facet *f, size_t row,
                        uint64_t line, struct mlp_str now)
{
    uint32_t code = *(const uint32_t *)mlp_vec_at(&f->codes, row);
    struct mlp_str was = code == MANY_VALUES ? MLP_STR("?") : f->values.entries[code].key;
    d->changed++;
    if (d->n == MLP_REPORT_EXAMPLES)
        return;
    d->line[d->n] = line;
    d->value[d->n++] = mlp_report_text(&p->report, "%.*s became %.*s", MLP_STR_ARG(was),
                                       MLP_STR_ARG(now));
}

/* Two texts that are no numbers agree when they are equal; a text beyond those that are kept does
 * not agree, so that nothing is passed over. */
static void compare_cell(struct pair *p, struct drift *d, const struct facet *f, size_t row,
                         uint64_t line, struct mlp_str now)
{
    double a = *(const double *)mlp_vec_at(&f->numbers, row), b = number_of(now);
    uint32_t code = *(const uint32_t *)mlp_vec_at(&f->codes, row);
    bool same = code != MANY_VALUES && mlp_str_eq(f->values.entries[code].key, now);
    if (!same && !isnan(a) && !isnan(b)) {
        double distance = fabs(a - b);
        same = a == b || distance <= p->eps || distance <= p->relative * fabs(a);
        d->most = distance > d->most ? distance : d->most;
        d->sum += distance;
    }
    if (!same)
        note_change(p, d, f, row, line, now);
}

static enum mlp_code match(struct pair *p, const struct mlp_table *t, const struct mlp_batch *b,
                           size_t r, size_t *row, struct mlp_err *e)
{
    *row = p->rows;
    if (p->at >= 0) {
        const uint64_t *found = mlp_map_get(&p->first.keys,
                                            mlp_cell_str(mlp_cell_at(b, r, (size_t)p->at)));
        if (!found)
            return bad_row(t, b->line[r], "a key that the first file has not", e);
        *row = (size_t)*found;
    }
    if (*row >= p->seen.n)
        return bad_row(t, b->line[r], "a row more than the first file has", e);
    bool *seen = mlp_vec_at(&p->seen, *row);
    if (*seen)
        return bad_row(t, b->line[r], "a key that an earlier row has too", e);
    *seen = true;
    p->rows++;
    return MLP_OK;
}

static enum mlp_code compare_row(struct pair *p, const struct mlp_table *t,
                                 const struct mlp_batch *b, size_t r, struct mlp_err *e)
{
    size_t row = 0;
    if (b->bad[r])
        return bad_row(t, b->line[r], b->bad[r], e);
    if (match(p, t, b, r, &row, e) != MLP_OK)
        return e->code;
    for (size_t i = 0; i < p->drifts.n; i++) {
        struct drift *d = mlp_vec_at(&p->drifts, i);
        compare_cell(p, d, mlp_vec_at(&p->first.facets, i), row, b->line[r],
                     mlp_cell_str(mlp_cell_at(b, r, (size_t)d->column)));
    }
    return MLP_OK;
}

static enum mlp_code find_second(struct pair *p, const struct mlp_table *t, struct mlp_err *e)
{
    char what[300];
    for (size_t i = 0; i < p->first.facets.n; i++) {
        const struct facet *f = mlp_vec_at(&p->first.facets, i);
        struct drift *d = mlp_vec_push(&p->drifts);
        if (!d)
            return mlp_err_nomem(e);
        d->column = mlp_table_find(t, f->name);
        snprintf(what, sizeof what, "no column \"%.*s\"", MLP_STR_ARG(f->name));
        if (d->column < 0)
            return no_column(t, what, e);
    }
    return MLP_OK;
}

static enum mlp_code read_second(struct pair *p, const char *path,
                                 const struct mlp_table_options *options, struct mlp_err *e)
{
    struct mlp_table *t;
    struct mlp_batch *b = NULL;
    enum mlp_code code = mlp_table_open(path, options, &t, e);
    if (code != MLP_OK)
        return code;
    p->report.subject = mlp_report_text(&p->report, "%s", mlp_table_source(t));
    code = find_key(p, t, &p->at, e);
    if (code == MLP_OK)
        code = find_second(p, t, e);
    while (code == MLP_OK && (code = mlp_table_next(t, &b, e)) == MLP_OK && b)
        for (size_t r = 0; r < b->nrows && code == MLP_OK; r++)
            code = compare_row(p, t, b, r, e);
    if (code == MLP_OK && (p->rows < p->seen.n || p->rows == 0)) {
        mlp_err_set(e, MLP_EINPUT, "%llu rows, but %s has %zu", (unsigned long long)p->rows,
                    p->first.source, p->seen.n);
        code = mlp_err_at(e, mlp_table_source(t), 0, 0);
    }
    mlp_table_close(t);
    return code;
}

enum mlp_code pair_read(struct pair *p, const char *const paths[2],
                        const struct mlp_table_options *options, struct mlp_err *e)
{
    enum mlp_code code = read_first(p, paths[0], options, e);
    return code == MLP_OK ? read_second(p, paths[1], options, e) : code;
}
