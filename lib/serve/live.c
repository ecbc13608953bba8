#include "serve/live.h"

#include "base/thread.h"
#include "stat/shift.h"
#include "stat/tests.h"

#include <math.h>
#include <stdlib.h>

#define PENDING_MAX ((size_t)2 << 20)
#define STEP_MAX 4096u
#define SUM_SLACK ((size_t)1 << 20)
#define WINDOWS 3                /* thirds of one and a half windows: two old ones, one filling */

/* A profile that others are added to. Adding leaves what it replaces in the arena, so that it is
 * written anew when it holds more than `most`. */
struct sum {
    struct mlp_profile p;
    size_t most;
};

struct mlp_live {
    struct mlp_profile reference;
    struct mlp_monitor *rows;    /* guards pending, step, turn, full */
    struct mlp_buf pending;
    size_t step, turn;
    bool full;
    struct mlp_buf counting;     /* the ticking thread's */
    uint64_t window_ns, moved_ns;
    struct mlp_monitor *state;   /* guards what follows */
    struct sum total, part[WINDOWS];
    struct mlp_live_drift *drifts; /* one a column of the reference */
    double *p;
};

/* --- rows --- */

struct mlp_buf *mlp_live_begin(struct mlp_live *l, size_t n, size_t *first, size_t *step)
{
    mlp_monitor_enter(l->rows);
    *step = l->step;
    *first = (l->step - l->turn % l->step) % l->step;
    l->turn = (l->turn + n) % l->step;
    l->full = l->full || l->pending.n > PENDING_MAX / 2;
    if (*first < n && l->pending.n <= PENDING_MAX / 2)
        return &l->pending;
    mlp_monitor_leave(l->rows);
    return NULL;
}

void mlp_live_end(struct mlp_live *l)
{
    mlp_monitor_leave(l->rows);
}

/* Takes the rows; samples more thinly when they were too many, less so when they were few. */
static void take(struct mlp_live *l)
{
    mlp_monitor_enter(l->rows);
    struct mlp_buf rows = l->pending;
    l->pending = l->counting;
    if (l->full && l->step < STEP_MAX)
        l->step *= 2;
    else if (rows.n < PENDING_MAX / 8 && l->step > 1)
        l->step /= 2;
    l->full = false;
    mlp_monitor_leave(l->rows);
    l->counting = rows;
}

/* --- counting --- */

/* A profile without rows that others can be added to. */
static enum mlp_code empty(const struct mlp_profile *reference, struct mlp_profile *out,
                           struct mlp_err *e)
{
    struct mlp_profiler *p = NULL;
    *out = (struct mlp_profile){0};
    enum mlp_code code = mlp_profiler_new(reference, &p, e);
    if (code == MLP_OK)
        code = mlp_profiler_finish(p, out, e);
    mlp_profiler_free(p);
    return code;
}

static enum mlp_code count(const struct mlp_live *l, struct mlp_profile *out, struct mlp_err *e)
{
    const struct mlp_table_options options = {.format = MLP_TABLE_NDJSON};
    struct mlp_profiler *p = NULL;
    struct mlp_table *t = NULL;
    *out = (struct mlp_profile){0};
    enum mlp_code code = mlp_profiler_new(&l->reference, &p, e);
    if (code == MLP_OK)
        code = mlp_table_open_mem(mlp_buf_str(&l->counting), "requests", &options, &t, e);
    if (code == MLP_OK)
        code = mlp_profiler_table(p, t, 1, e);
    if (code == MLP_OK)
        code = mlp_profiler_finish(p, out, e);
    mlp_table_close(t);
    mlp_profiler_free(p);
    return code;
}

static enum mlp_code add(const struct mlp_live *l, struct sum *to, const struct mlp_profile *rows,
                         struct mlp_err *e)
{
    struct mlp_profile fresh;
    enum mlp_code code = mlp_profile_merge(&to->p, rows, e);
    if (code != MLP_OK || to->p.arena.held <= to->most)
        return code;
    code = empty(&l->reference, &fresh, e);
    if (code == MLP_OK)
        code = mlp_profile_merge(&fresh, &to->p, e);
    if (code != MLP_OK) {
        mlp_profile_fini(&fresh);
        return code;
    }
    mlp_profile_fini(&to->p);
    to->p = fresh;
    to->most = 2 * fresh.arena.held + SUM_SLACK;
    return MLP_OK;
}

/* The oldest part goes, the one that was filled is followed by an empty one. */
static enum mlp_code move_window(struct mlp_live *l, struct mlp_err *e)
{
    struct mlp_profile fresh;
    enum mlp_code code = empty(&l->reference, &fresh, e);
    if (code != MLP_OK)
        return code;
    mlp_profile_fini(&l->part[0].p);
    memmove(&l->part[0], &l->part[1], (WINDOWS - 1) * sizeof l->part[0]);
    l->part[WINDOWS - 1] = (struct sum){fresh, 0};
    return MLP_OK;
}

/* The sum of the parts. */
static enum mlp_code sum_window(const struct mlp_live *l, struct mlp_profile *out,
                                struct mlp_err *e)
{
    enum mlp_code code = empty(&l->reference, out, e);
    for (size_t i = 0; i < WINDOWS && code == MLP_OK; i++)
        code = mlp_profile_merge(out, &l->part[i].p, e);
    return code;
}

/* A column without a row was not asked for: the label of the training data, say. */
static void compare(struct mlp_live *l, const struct mlp_profile *now, size_t i)
{
    const struct mlp_pcolumn *a = &l->reference.cols[i], *b = &now->cols[i];
    struct mlp_live_drift *d = &l->drifts[i];
    struct mlp_shift s;
    struct mlp_err e;
    mlp_err_init(&e);
    *d = (struct mlp_live_drift){.column = a->name, .measure = "", .effect = NAN, .p = NAN,
                                 .missing = b->rows ? (double)b->missing / (double)b->rows : NAN};
    if (b->rows == b->missing || mlp_shift_column(a, b, &s, &e) != MLP_OK ||
        s.test == MLP_SHIFT_NONE)
        return;
    d->measure = s.effect_name;
    d->effect = s.effect;
    d->p = s.p;
}

static enum mlp_code judge(struct mlp_live *l, struct mlp_err *e)
{
    struct mlp_profile now = {0};
    enum mlp_code code = sum_window(l, &now, e);
    for (size_t i = 0; i < l->reference.ncols && code == MLP_OK; i++) {
        compare(l, &now, i);
        l->p[i] = l->drifts[i].p;
    }
    if (code == MLP_OK && !mlp_adjust_holm(l->p, l->reference.ncols))
        code = mlp_err_nomem(e);
    for (size_t i = 0; i < l->reference.ncols && code == MLP_OK; i++)
        l->drifts[i].p = l->p[i];
    mlp_profile_fini(&now);
    return code;
}

enum mlp_code mlp_live_tick(struct mlp_live *l, uint64_t now_ns, struct mlp_err *e)
{
    struct mlp_profile rows = {0};
    enum mlp_code code = MLP_OK;
    take(l);
    bool some = l->counting.n > 0;
    if (some)
        code = count(l, &rows, e);
    mlp_buf_reset(&l->counting);
    mlp_monitor_enter(l->state);
    if (code == MLP_OK && now_ns - l->moved_ns >= l->window_ns / 2) {
        code = move_window(l, e);
        l->moved_ns = now_ns;
        some = true;
    }
    if (code == MLP_OK && rows.ncols)
        code = add(l, &l->total, &rows, e);
    if (code == MLP_OK && rows.ncols)
        code = add(l, &l->part[WINDOWS - 1], &rows, e);
    if (code == MLP_OK && some)
        code = judge(l, e);
    mlp_monitor_leave(l->state);
    mlp_profile_fini(&rows);
    return code;
}

/* --- what is told --- */

static bool asked(const struct mlp_live *l, size_t i)
{
    const struct mlp_pcolumn *c = &l->total.p.cols[i];
    return c->rows > c->missing;
}

uint64_t mlp_live_drifts(struct mlp_live *l,
                         void (*tell)(void *ctx, const struct mlp_live_drift *d), void *ctx)
{
    uint64_t rows = 0;
    mlp_monitor_enter(l->state);
    for (size_t i = 0; i < l->reference.ncols; i++)
        if (asked(l, i))
            tell(ctx, &l->drifts[i]);
    for (size_t i = 0; i < WINDOWS; i++)
        rows += l->part[i].p.rows;
    mlp_monitor_leave(l->state);
    return rows;
}

void mlp_live_write(struct mlp_live *l, bool window, struct mlp_buf *out)
{
    struct mlp_profile sum = {0};
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_monitor_enter(l->state);
    if (!window)
        mlp_profile_write(&l->total.p, out);
    else if (sum_window(l, &sum, &e) == MLP_OK)
        mlp_profile_write(&sum, out);
    else
        out->failed = true;
    mlp_monitor_leave(l->state);
    mlp_profile_fini(&sum);
}

/* --- life --- */

static enum mlp_code prepare(struct mlp_live *l, struct mlp_err *e)
{
    l->drifts = calloc(l->reference.ncols + 1, sizeof *l->drifts);
    l->p = calloc(l->reference.ncols + 1, sizeof *l->p);
    if (!l->drifts || !l->p)
        return mlp_err_nomem(e);
    enum mlp_code code = mlp_monitor_new(&l->rows, e);
    if (code == MLP_OK)
        code = mlp_monitor_new(&l->state, e);
    if (code == MLP_OK)
        code = empty(&l->reference, &l->total.p, e);
    for (size_t i = 0; i < WINDOWS && code == MLP_OK; i++)
        code = empty(&l->reference, &l->part[i].p, e);
    return code == MLP_OK ? judge(l, e) : code;
}

enum mlp_code mlp_live_new(struct mlp_profile *reference, uint64_t window_ns, uint64_t now_ns,
                           struct mlp_live **out, struct mlp_err *e)
{
    struct mlp_live *l = calloc(1, sizeof *l);
    *out = NULL;
    if (!l) {
        mlp_profile_fini(reference);
        return mlp_err_nomem(e);
    }
    l->reference = *reference;
    *reference = (struct mlp_profile){0};
    l->step = 1;
    l->window_ns = window_ns;
    l->moved_ns = now_ns;
    mlp_buf_init(&l->pending, PENDING_MAX);
    mlp_buf_init(&l->counting, PENDING_MAX);
    enum mlp_code code = prepare(l, e);
    if (code == MLP_OK)
        *out = l;
    else
        mlp_live_free(l);
    return code;
}

void mlp_live_free(struct mlp_live *l)
{
    if (!l)
        return;
    mlp_monitor_free(l->rows);
    mlp_monitor_free(l->state);
    mlp_buf_fini(&l->pending);
    mlp_buf_fini(&l->counting);
    for (size_t i = 0; i < WINDOWS; i++)
        mlp_profile_fini(&l->part[i].p);
    mlp_profile_fini(&l->total.p);
    mlp_profile_fini(&l->reference);
    free(l->drifts);
    free(l->p);
    free(l);
}
