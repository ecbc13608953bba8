/* A table checked to its end: while a batch is checked, the one before it is given away and the
 * ones behind it are read. */
#include "rule/checker.h"

#include "table/ahead.h"

#include <stdlib.h>

struct run {
    struct mlp_checker *c;
    struct mlp_table *t;
    struct mlp_ahead *ahead;   /* NULL: one thread */
    mlp_checked_fn *take;
    void *ctx;
    uint8_t *good[2];
    size_t room[2];
    struct mlp_checked checked; /* to be given away; batch NULL: none */
    struct mlp_err taken;      /* what take said */
};

static enum mlp_code next(struct run *r, struct mlp_batch **b, struct mlp_err *e)
{
    return r->ahead ? mlp_ahead_next(r->ahead, b, e) : mlp_table_next(r->t, b, e);
}

static enum mlp_code reserve(struct run *r, unsigned turn, size_t rows, struct mlp_err *e)
{
    if (rows <= r->room[turn])
        return MLP_OK;
    uint8_t *good = realloc(r->good[turn], rows);
    if (!good)
        return mlp_err_nomem(e);
    r->good[turn] = good;
    r->room[turn] = rows;
    return MLP_OK;
}

static void give(void *ctx)
{
    struct run *r = ctx;
    struct mlp_checked x = r->checked;
    r->checked.batch = NULL;
    if (x.batch)
        r->take(r->ctx, &x, &r->taken);
}

static enum mlp_code check_one(struct run *r, struct mlp_batch *b, unsigned turn,
                               struct mlp_err *e)
{
    enum mlp_code code = reserve(r, turn, b->nrows, e);
    struct mlp_check_work work = {.batch = b, .good = r->good[turn], .turn = turn,
                                  .before = give, .ctx = r, .nbefore = r->checked.batch != NULL};
    if (code == MLP_OK)
        code = mlp_checker_work(r->c, &work, e);
    if (code == MLP_OK)
        r->checked = (struct mlp_checked){
            .batch = b,
            .good = work.good,
            .rejects = r->c->rejects[turn].p,
            .nrejects = r->c->rejects[turn].n,
            .rows = r->c->rows,
            .rejected = r->c->rejected,
            .bytes = r->ahead ? mlp_ahead_bytes(r->ahead) : mlp_table_bytes(r->t),
        };
    return code;
}

/* What a pipe gave goes on at once, though the next batch is not there. */
static bool may_wait(struct run *r)
{
    return r->ahead && mlp_ahead_ready(r->ahead);
}

static enum mlp_code check_all(struct run *r, uint64_t stop_at, struct mlp_err *e)
{
    enum mlp_code code = MLP_OK;
    for (unsigned turn = 0; code == MLP_OK; turn ^= 1) {
        struct mlp_batch *b;
        if (r->checked.batch && !may_wait(r))
            give(r);
        if (r->taken.code != MLP_OK || r->c->rejected >= stop_at)
            break;
        code = next(r, &b, e);
        if (code != MLP_OK || !b)
            break;
        code = check_one(r, b, turn, e);
    }
    give(r);
    if (code == MLP_OK && r->taken.code != MLP_OK) {
        code = r->taken.code;
        if (e && e->code == MLP_OK)
            *e = r->taken;
    }
    return code;
}

enum mlp_code mlp_checker_table(struct mlp_checker *c, struct mlp_table *t, uint64_t stop_at,
                                mlp_checked_fn *take, void *ctx, struct mlp_err *e)
{
    struct run r = {.c = c, .t = t, .take = take, .ctx = ctx};
    enum mlp_code code = MLP_OK;
    mlp_err_init(&r.taken);
    if (c->nlanes > 1)
        code = mlp_ahead_new(t, &r.ahead, e);
    if (code == MLP_OK)
        code = check_all(&r, stop_at, e);
    mlp_ahead_free(r.ahead);
    free(r.good[0]);
    free(r.good[1]);
    return code;
}
