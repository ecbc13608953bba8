/* Reading predictions: columns by name or convention, rows that leave nothing to guess. */
#include "model.h"

#include "base/file.h"
#include "base/progress.h"

#include <math.h>

#define KEY_BYTES ((size_t)1 << 30)
#define KEY_COST 64     /* bytes of a key, about */
#define ROW_ARRAYS 128  /* bytes of a row in the arrays that metrics and intervals take */
#define SCORE_COPIES 3

void predictions_init(struct predictions *p)
{
    *p = (struct predictions){.label = -1, .score = -1, .prediction = -1, .weight = -1, .key = -1};
    mlp_vec_init(&p->rows, sizeof(struct row));
    mlp_vec_init(&p->scores, sizeof(double));
    mlp_vec_init(&p->facets, sizeof(struct facet));
    mlp_arena_init(&p->arena, (size_t)16 << 20);
    mlp_map_init(&p->keys, 1, KEY_BYTES);
}

void predictions_fini(struct predictions *p)
{
    mlp_vec_fini(&p->rows);
    mlp_vec_fini(&p->scores);
    facets_fini(p);
    mlp_map_fini(&p->keys);
}

/* Columns. */

enum mlp_code no_column(const struct mlp_table *t, const char *what, struct mlp_err *e)
{
    struct mlp_buf list;
    mlp_buf_init(&list, 400);
    for (size_t i = 0; i < mlp_table_ncols(t); i++) {
        mlp_buf_adds(&list, i ? ", " : "");
        mlp_buf_addstr(&list, mlp_table_name(t, i));
    }
    mlp_err_set(e, MLP_EINPUT, "%s; the columns are %.*s", what, MLP_STR_ARG(mlp_buf_str(&list)));
    mlp_buf_fini(&list);
    return mlp_err_at(e, mlp_table_source(t), 0, 0);
}

static enum mlp_code named(const struct mlp_table *t, const char *name, int *column,
                           struct mlp_err *e)
{
    char what[300];
    if (!name || (*column = mlp_table_find(t, mlp_str_from(name))) >= 0)
        return MLP_OK;
    snprintf(what, sizeof what, "no column \"%s\"", name);
    return no_column(t, what, e);
}

static int first_of(const struct mlp_table *t, const char *const *names)
{
    for (; *names; names++)
        if (mlp_table_find(t, mlp_str_from(*names)) >= 0)
            return mlp_table_find(t, mlp_str_from(*names));
    return -1;
}

/* The label among columns that mlp-serve did not make, when there is only one of them. */
static int guess_label(const struct mlp_table *t)
{
    static const char *const usual[] = {"label", "target", "y", NULL};
    int found = first_of(t, usual), others = 0, last = -1;
    for (size_t i = 0; i < mlp_table_ncols(t); i++) {
        struct mlp_str name = mlp_table_name(t, i);
        if (mlp_str_starts(name, "prediction") || mlp_str_starts(name, "proba_"))
            continue;
        others++;
        last = (int)i;
    }
    return found >= 0 ? found : others == 1 ? last : -1;
}

/* The probability of the positive class: that of two which sorts last, as scikit-learn has it. */
static int guess_score(const struct mlp_table *t, const char *positive)
{
    static const char *const usual[] = {"proba_1", "proba_True", "proba_true", "score", NULL};
    char name[300];
    int found, probabilities = 0, last = -1;
    snprintf(name, sizeof name, "proba_%s", positive ? positive : "1");
    found = mlp_table_find(t, mlp_str_from(name));
    if (found >= 0 || positive)
        return found;
    if ((found = first_of(t, usual)) >= 0)
        return found;
    for (size_t i = 0; i < mlp_table_ncols(t); i++)
        if (mlp_str_starts(mlp_table_name(t, i), "proba_")) {
            probabilities++;
            last = (int)i;
        }
    return probabilities == 2 ? last : -1;
}

/* Of each class: the columns PREFIX and its name, as they are there for over two classes. */
static enum mlp_code find_scores(struct predictions *p, const struct mlp_table *t,
                                 const struct columns *want, struct classes *classes,
                                 struct mlp_err *e)
{
    const char *prefix = want->scores ? want->scores : "proba_";
    for (size_t i = 0; i < mlp_table_ncols(t) && p->nscores < MLP_METRIC_CLASSES; i++)
        if (mlp_str_starts(mlp_table_name(t, i), prefix))
            p->score_column[p->nscores++] = (int)i;
    if (p->nscores == 0 && want->scores)
        return no_column(t, "no column starts with the prefix of --scores", e);
    if (p->nscores <= 2 && !want->scores)
        p->nscores = 0;
    for (size_t k = 0; k < p->nscores; k++) {
        struct mlp_str name = mlp_table_name(t, (size_t)p->score_column[k]);
        name = mlp_str_from(name.p + strlen(prefix));
        p->score_class[k] = classes_add(classes, name, number_of(name), false);
    }
    return MLP_OK;
}

static enum mlp_code find_columns(struct predictions *p, const struct mlp_table *t,
                                  const struct columns *want, struct classes *classes,
                                  struct mlp_err *e)
{
    static const char *const predictions[] = {"prediction", "pred", NULL};
    if (named(t, want->label, &p->label, e) != MLP_OK ||
        named(t, want->score, &p->score, e) != MLP_OK ||
        named(t, want->prediction, &p->prediction, e) != MLP_OK ||
        named(t, want->weight, &p->weight, e) != MLP_OK ||
        named(t, want->key, &p->key, e) != MLP_OK)
        return e->code;
    if (p->label < 0)
        p->label = guess_label(t);
    if (p->score < 0)
        p->score = guess_score(t, want->positive);
    if (p->prediction < 0 && !want->by_threshold)
        p->prediction = first_of(t, predictions);
    if (p->label < 0)
        return no_column(t, "which column is the label? Say --label", e);
    if (find_scores(p, t, want, classes, e) != MLP_OK)
        return e->code;
    if (p->score < 0 && p->prediction < 0 && p->nscores == 0)
        return no_column(t, "no scores and no predictions: say --score or --prediction", e);
    return MLP_OK;
}

/* Rows. */

static enum mlp_code bad_cell(const struct mlp_table *t, uint64_t line, int column,
                              const char *what, struct mlp_err *e)
{
    struct mlp_str name = mlp_table_name(t, (size_t)column);
    mlp_err_set(e, MLP_EINPUT, "column \"%.*s\": %s", MLP_STR_ARG(name), what);
    mlp_err_at(e, mlp_table_source(t), line, 0);
    return mlp_err_hint(e, "`mlp-validate check` takes out the rows that cannot be judged");
}

static enum mlp_code read_key(struct predictions *p, const struct mlp_cell *c, uint64_t line,
                              const struct mlp_table *t, struct mlp_err *e)
{
    bool fresh = false;
    if (!c->p)
        return bad_cell(t, line, p->key, "a row without its key", e);
    uint64_t *row = mlp_map_put(&p->keys, mlp_cell_str(c), &fresh);
    if (!row)
        return mlp_err_nomem(e);
    *row = p->rows.n - 1;
    return fresh ? MLP_OK : bad_cell(t, line, p->key, "a key that an earlier row has too", e);
}

static enum mlp_code read_number(const struct mlp_table *t, const struct mlp_batch *b, size_t r,
                                 int column, double *out, struct mlp_err *e)
{
    *out = number_of(mlp_cell_str(mlp_cell_at(b, r, (size_t)column)));
    return !isnan(*out) ? MLP_OK : bad_cell(t, b->line[r], column, "a score that is no number", e);
}

static enum mlp_code read_scores(struct predictions *p, const struct mlp_table *t,
                                 const struct mlp_batch *b, size_t r, struct mlp_err *e)
{
    for (size_t k = 0; k < p->nscores; k++) {
        double *score = mlp_vec_push(&p->scores);
        if (!score)
            return mlp_err_nomem(e);
        if (read_number(t, b, r, p->score_column[k], score, e) != MLP_OK)
            return e->code;
    }
    return MLP_OK;
}

static bool read_prediction(const struct predictions *p, const struct mlp_batch *b, size_t r,
                            struct classes *classes, struct row *row)
{
    struct mlp_str pred = mlp_cell_str(mlp_cell_at(b, r, (size_t)p->prediction));
    row->pred = number_of(pred);
    row->pred_class = pred.n ? classes_add(classes, pred, row->pred, false) : NO_CLASS;
    return pred.n > 0;
}

static enum mlp_code read_row(struct predictions *p, const struct mlp_table *t,
                              const struct mlp_batch *b, size_t r, struct classes *classes,
                              struct mlp_err *e)
{
    struct row *row = mlp_vec_push(&p->rows);
    uint64_t line = b->line[r];
    if (!row)
        return mlp_err_nomem(e);
    *row = (struct row){(double)NAN, (double)NAN, (double)NAN, 1, NO_CLASS, NO_CLASS, line};
    struct mlp_str label = mlp_cell_str(mlp_cell_at(b, r, (size_t)p->label));
    row->label = number_of(label);
    if (label.n == 0 || is_word(label, "nan"))
        return bad_cell(t, line, p->label, "a row without a label", e);
    row->label_class = classes_add(classes, label, row->label, true);
    if (p->score >= 0 && read_number(t, b, r, p->score, &row->score, e) != MLP_OK)
        return e->code;
    if (read_scores(p, t, b, r, e) != MLP_OK)
        return e->code;
    if (p->prediction >= 0 && !read_prediction(p, b, r, classes, row))
        return bad_cell(t, line, p->prediction, "a row without a prediction", e);
    if (p->weight >= 0) {
        row->weight = number_of(mlp_cell_str(mlp_cell_at(b, r, (size_t)p->weight)));
        if (!(row->weight >= 0) || isinf(row->weight))
            return bad_cell(t, line, p->weight, "a weight must be a number >= 0", e);
    }
    if (p->facets.n && facets_read(p, b, r, e) != MLP_OK)
        return e->code;
    return p->key < 0 ? MLP_OK : read_key(p, mlp_cell_at(b, r, (size_t)p->key), line, t, e);
}

/* What the rows come to: as they are here, and as arrays for the metrics (evaluation_make). */
static size_t predictions_bytes(const struct predictions *p)
{
    size_t bytes = p->rows.n * (sizeof(struct row) + ROW_ARRAYS) +
                   p->scores.n * sizeof(double) * SCORE_COPIES;
    for (size_t i = 0; i < p->facets.n; i++)
        bytes += p->rows.n * (sizeof(uint32_t) + sizeof(double));
    return bytes + p->keys.n * KEY_COST;
}

static enum mlp_code too_many(const struct predictions *p, const struct mlp_table *t,
                              const struct mlp_batch *b, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "%zu rows take more than the %zu MB of --memory", p->rows.n,
                p->most >> 20);
    mlp_err_hint(e, "say a larger --memory, or measure a sample: each row takes about %zu bytes",
                 predictions_bytes(p) / p->rows.n);
    return mlp_err_at(e, mlp_table_source(t), b->line[b->nrows - 1], 0);
}

static enum mlp_code read_rows(struct predictions *p, struct mlp_table *t,
                               struct classes *classes, struct mlp_err *e)
{
    struct mlp_progress progress;
    struct mlp_batch *b;
    enum mlp_code code;
    mlp_progress_init(&progress, true);
    while ((code = mlp_table_next(t, &b, e)) == MLP_OK && b) {
        for (size_t r = 0; r < b->nrows; r++) {
            if (b->bad[r]) {
                mlp_err_set(e, MLP_EINPUT, "%s", b->bad[r]);
                return mlp_err_at(e, mlp_table_source(t), b->line[r], 0);
            }
            code = read_row(p, t, b, r, classes, e);
            if (code != MLP_OK)
                return code;
        }
        if (p->most && predictions_bytes(p) > p->most)
            return too_many(p, t, b, e);
        mlp_progress_tell(&progress, &(struct mlp_progress_at){
            .rows = p->rows.n, .bytes = mlp_table_bytes(t), .size = mlp_table_size(t)});
    }
    mlp_progress_wipe(&progress);
    if (code == MLP_OK && p->rows.n == 0) {
        mlp_err_set(e, MLP_EINPUT, "has a header but no rows: nothing was measured");
        code = mlp_err_at(e, mlp_table_source(t), 0, 0);
    }
    return code;
}

enum mlp_code predictions_read(struct predictions *p, const char *path,
                               const struct mlp_table_options *options,
                               const struct columns *want, struct classes *classes,
                               struct mlp_err *e)
{
    struct mlp_table *t;
    p->source = mlp_file_name(path);
    enum mlp_code code = mlp_table_open(path, options, &t, e);
    if (code != MLP_OK)
        return code;
    code = find_columns(p, t, want, classes, e);
    if (code == MLP_OK)
        code = facets_find(p, t, want->doc, e);
    if (code == MLP_OK)
        code = read_rows(p, t, classes, e);
    mlp_table_close(t);
    return code;
}
