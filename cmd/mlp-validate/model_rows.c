/* From rows as read to arrays as metrics take them: the task, the classes, the champion's rows. */
#include "model_inside.h"

#include <math.h>
#include <stdlib.h>

#define FEW_LABELS 20

static bool whole_labels(const struct order *o, const struct classes *c)
{
    for (size_t i = 0; i < o->n; i++)
        if ((c->names.entries[i].value & 1) && floor(o->number[i]) != o->number[i])
            return false;
    return true;
}

static unsigned guess_task(const struct evaluation *v, const struct order *o,
                           const struct classes *c)
{
    if (v->positive)
        return MLP_TASK_BINARY;
    if (o->numeric && (o->nlabels > FEW_LABELS || c->overflow || !whole_labels(o, c)))
        return MLP_TASK_REGRESSION;
    return o->n <= 2 ? MLP_TASK_BINARY : MLP_TASK_MULTICLASS;
}

static enum mlp_code fault(const struct predictions *p, struct mlp_err *e, const char *message,
                           const char *hint)
{
    mlp_err_set(e, MLP_EINPUT, "%s", message);
    mlp_err_hint(e, "%s", hint);
    return mlp_err_at(e, p->source, 0, 0);
}

/* Of 0 and 1 it is 1, even where no row has it; of two classes the greater one. */
static enum mlp_code choose_positive(const struct evaluation *v, const struct classes *c,
                                     const struct order *o, uint32_t *positive, struct mlp_err *e)
{
    uint32_t one = classes_find(c, MLP_STR("1")), zero = classes_find(c, MLP_STR("0"));
    if (v->positive) {
        *positive = classes_find(c, mlp_str_from(v->positive));
        return *positive != NO_CLASS ? MLP_OK
                                     : mlp_err_set(e, MLP_EINPUT, "no row is of the class \"%s\"",
                                                   v->positive);
    }
    *positive = one;
    if (o->n == (size_t)(one != NO_CLASS) + (size_t)(zero != NO_CLASS))
        return MLP_OK;
    if (o->n != 2) {
        mlp_err_set(e, MLP_EINPUT, o->n < 2 ? "all labels are of one class"
                                            : "labels and predictions are of over two classes");
        return mlp_err_hint(e, "say which class is the positive one: --positive CLASS");
    }
    *positive = o->rank[0] == 1 ? 0 : 1;
    return MLP_OK;
}

/* A column of numbers for metrics, from one field of the rows. */
struct filling {
    const struct evaluation *v;
    const struct order *o;
    const struct predictions *p;
    const size_t *at;              /* row of p for each of ours; NULL: the same */
    uint32_t positive;
    double *y, *score, *pred;
    const double *scores;          /* of the classes, NULL: none */
};

static double class_value(const struct filling *f, uint32_t class)
{
    if (f->v->task == MLP_TASK_BINARY)
        return class != NO_CLASS && class == f->positive;
    return class == NO_CLASS ? MLP_METRIC_CLASSES : f->o->rank[class];
}

/* Of equal scores the class that sorts first. */
static double best_score(const struct filling *f, size_t row)
{
    size_t best = 0, n = f->v->nclasses;
    for (size_t k = 1; k < n; k++)
        best = f->scores[row * n + k] > f->scores[row * n + best] ? k : best;
    return (double)best;
}

static void fill_row(const struct filling *f, size_t i, const struct row *row)
{
    bool scored = f->p->prediction < 0;
    if (f->v->task == MLP_TASK_REGRESSION) {
        f->y[i] = row->label;
        f->score[i] = scored ? row->score : row->pred;
        return;
    }
    f->y[i] = class_value(f, row->label_class);
    f->score[i] = row->score;
    if (scored && f->v->task == MLP_TASK_MULTICLASS)
        f->pred[i] = best_score(f, i);
    else
        f->pred[i] = scored ? row->score >= f->v->threshold : class_value(f, row->pred_class);
}

static void fill(const struct filling *f)
{
    for (size_t i = 0; i < f->p->rows.n; i++)
        fill_row(f, i, mlp_vec_at(&f->p->rows, f->at ? f->at[i] : i));
}

static enum mlp_code check_task(const struct evaluation *v, const struct predictions *p,
                                const struct order *o, const struct classes *c, struct mlp_err *e)
{
    bool regression = v->task == MLP_TASK_REGRESSION;
    if (v->task == MLP_TASK_MULTICLASS && p->prediction < 0 && p->nscores == 0)
        return fault(p, e, "several classes, and no column of predictions",
                     "say --prediction, or --scores");
    bool many = v->task == MLP_TASK_MULTICLASS && o->n > MLP_METRIC_CLASSES;
    if (!regression && (c->overflow || many))
        return fault(p, e, "too many distinct labels and predictions for classes",
                     "for numbers say --task regression; for scores --score, not --prediction");
    for (size_t i = 0; regression && i < p->rows.n; i++) {
        const struct row *row = mlp_vec_at(&p->rows, i);
        double value = p->prediction < 0 ? row->score : row->pred;
        if (isfinite(row->label) && isfinite(value))
            continue;
        mlp_err_set(e, MLP_EINPUT, "regression takes numbers, as label and as prediction");
        return mlp_err_at(e, p->source, row->line, 0);
    }
    return MLP_OK;
}

/* Scores by class, in the order of classes; columns that are of no label are classes too. */
static enum mlp_code set_scores(struct evaluation *v, const struct predictions *p,
                                const struct filling *f, size_t who, struct mlp_err *e)
{
    struct mlp_metric_more *more = who ? &v->other_more : &v->more;
    size_t n = p->rows.n, classes = v->nclasses;
    if (v->task != MLP_TASK_MULTICLASS || p->nscores == 0)
        return MLP_OK;
    if (p->nscores != classes)
        return fault(p, e, "some classes have no column of scores",
                     "each class needs its column; the prefix before its name is --scores");
    v->scores[who] = calloc(n * classes + 1, sizeof(double));
    if (!v->scores[who])
        return mlp_err_nomem(e);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < classes; k++)
            v->scores[who][i * classes + f->o->rank[p->score_class[k]]] =
                *(const double *)mlp_vec_at(&p->scores, (f->at ? f->at[i] : i) * classes + k);
    v->order[who] = mlp_class_order(v->scores[who], n, classes);
    more->scores = v->scores[who];
    more->order = v->order[who];
    more->classes = classes;
    return v->order[who] ? MLP_OK : mlp_err_nomem(e);
}

/* memory: y, score, pred, weight; then the champion's label (not used), score and pred. */
static void set_rows(struct evaluation *v, const struct predictions *p, struct filling *f)
{
    size_t n = p->rows.n;
    double *w = v->memory + 3 * n, *pred;
    f->y = v->memory;
    f->score = v->memory + n;
    f->pred = v->memory + 2 * n;
    pred = v->task == MLP_TASK_REGRESSION ? NULL : f->pred;
    for (size_t i = 0; i < n; i++)
        w[i] = ((const struct row *)mlp_vec_at(&p->rows, i))->weight;
    fill(f);
    bool scores = v->task == MLP_TASK_REGRESSION ||
                  (v->task == MLP_TASK_BINARY && p->score >= 0);
    v->rows = (struct mlp_binary){n, f->y, scores ? f->score : NULL, pred,
                                  p->weight >= 0 ? w : NULL, &v->more};
    v->positives = 0;
    for (size_t i = 0; i < n; i++)
        v->positives += f->y[i] > 0;
}

static enum mlp_code set_other(struct evaluation *v, const struct predictions *champion,
                               struct filling *f, struct mlp_err *e)
{
    size_t n = v->rows.n;
    enum mlp_code code = check_task(v, champion, f->o, &(struct classes){0}, e);
    if (code != MLP_OK)
        return code;
    code = set_scores(v, champion, f, 1, e);
    if (code != MLP_OK)
        return code;
    f->p = champion;
    f->scores = v->scores[1];
    f->y = v->memory + 4 * n;
    f->score = v->memory + 5 * n;
    f->pred = v->memory + 6 * n;
    fill(f);
    v->other = (struct mlp_binary){n, v->rows.y, v->rows.score ? f->score : NULL,
                                   v->rows.pred ? f->pred : NULL, v->rows.w, &v->other_more};
    if (v->task == MLP_TASK_BINARY && v->rows.score && champion->score < 0)
        return fault(champion, e, "the champion's predictions have no scores",
                     "both files need the column that --score names");
    return MLP_OK;
}

/* Of several classes: their shares. */
static enum mlp_code baseline_scores(struct evaluation *v, const double *share, double total,
                                     struct mlp_err *e)
{
    const struct mlp_binary *b = &v->rows;
    size_t classes = v->nclasses;
    v->scores[2] = calloc(b->n * classes + 1, sizeof(double));
    for (size_t i = 0; i < b->n * classes && v->scores[2]; i++)
        v->scores[2][i] = share[i % classes] / total;
    v->order[2] = v->scores[2] ? mlp_class_order(v->scores[2], b->n, classes) : NULL;
    v->baseline_more = (struct mlp_metric_more){.scores = v->scores[2], .order = v->order[2],
                                                .classes = classes};
    return v->order[2] ? MLP_OK : mlp_err_nomem(e);
}

/* What all rows get from one who knows the labels' distribution alone: the mean or the share of the
 * positive class, and the class that most rows have. */
static enum mlp_code set_baseline(struct evaluation *v, struct mlp_err *e)
{
    const struct mlp_binary *b = &v->rows;
    double share[MLP_METRIC_CLASSES] = {0}, total = 0, mean = 0, *m = v->memory + 7 * b->n;
    size_t most = 0, classes = v->task == MLP_TASK_BINARY ? 2 : v->nclasses;
    for (size_t i = 0; i < b->n; i++) {
        double w = b->w ? b->w[i] : 1;
        total += w;
        mean += w * b->y[i];
        if (v->task != MLP_TASK_REGRESSION)
            share[(size_t)b->y[i]] += w;
    }
    for (size_t k = 1; k < classes && v->task != MLP_TASK_REGRESSION; k++)
        most = share[k] > share[most] ? k : most;
    for (size_t i = 0; i < b->n; i++) {
        m[i] = mean / total;
        m[b->n + i] = (double)most;
    }
    v->baseline = (struct mlp_binary){b->n, b->y, b->score ? m : NULL,
                                      b->pred ? m + b->n : NULL, b->w, &v->baseline_more};
    return v->more.scores ? baseline_scores(v, share, total, e) : MLP_OK;
}
static enum mlp_code make(struct evaluation *v, const struct predictions *p,
                          const struct predictions *champion, struct filling *f,
                          struct mlp_err *e)
{
    size_t n = p->rows.n;
    size_t *at = NULL;
    enum mlp_code code = MLP_OK;
    v->memory = calloc(9 * n, sizeof *v->memory);
    if (!v->memory)
        return mlp_err_nomem(e);
    code = set_scores(v, p, f, 0, e);
    if (code != MLP_OK)
        return code;
    f->scores = v->scores[0];
    set_rows(v, p, f);
    code = set_baseline(v, e);
    if (code != MLP_OK || !champion)
        return code;
    at = calloc(n, sizeof *at);
    code = at ? match_rows(p, champion, at, e) : mlp_err_nomem(e);
    f->at = at;
    if (code == MLP_OK)
        code = set_other(v, champion, f, e);
    free(at);
    return code;
}

enum mlp_code evaluation_make(struct evaluation *v, const struct predictions *p,
                              const struct predictions *champion, const struct classes *classes,
                              struct mlp_err *e)
{
    struct order *o = calloc(1, sizeof *o);
    struct filling f = {.v = v, .o = o, .p = p, .positive = NO_CLASS};
    if (!o)
        return mlp_err_nomem(e);
    order_classes(o, classes, p);
    if (!v->task)
        v->task = guess_task(v, o, classes);
    v->nclasses = o->n;
    enum mlp_code code = check_task(v, p, o, classes, e);
    if (code == MLP_OK && v->task == MLP_TASK_BINARY)
        code = choose_positive(v, classes, o, &f.positive, e);
    for (size_t i = 0; i < o->n && o->n <= MLP_METRIC_CLASSES && code == MLP_OK; i++)
        v->names[v->task == MLP_TASK_BINARY ? i == f.positive : o->rank[i]] =
            classes->names.entries[i].key;
    if (code == MLP_OK)
        code = make(v, p, champion, &f, e);
    free(o);
    return code;
}

void evaluation_fini(struct evaluation *v)
{
    free(v->memory);
    v->memory = NULL;
    free(v->cost);
    for (size_t i = 0; i < 3; i++) {
        free(v->scores[i]);
        free(v->order[i]);
    }
}
