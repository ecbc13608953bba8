/* Shadow models: they see what the others see, after the answer is on its way, and are compared.
 * Their own answers go nowhere but into counters and the log. */
#include "serve/inside.h"

#include "base/os.h"

#define ITEMS_MAX 64u
#define ROWS_MAX 10000u

static bool owe_one(struct mlp_asking *q, struct mlp_served *shadow, struct mlp_str body)
{
    struct mlp_debts *d = &q->agent->debts;
    struct mlp_debt debt = {.first = q->first, .rows = d->outcomes.n - q->first};
    debt.id_at = d->bytes.n;
    debt.id_n = q->id.n;
    mlp_buf_add(&d->bytes, q->id.p, q->id.n);
    debt.body_at = d->bytes.n;
    debt.body_n = body.n;
    mlp_buf_add(&d->bytes, body.p, body.n);
    if (d->bytes.failed || d->items.n == ITEMS_MAX || d->outcomes.n > ROWS_MAX) {
        d->bytes.failed = false;
        d->bytes.n = debt.id_at;
        return false;
    }
    struct mlp_debt *item = mlp_vec_push(&d->items);
    if (!item)
        return false;
    debt.shadow = mlp_served_keep(shadow);
    *item = debt;
    return true;
}

void mlp_shadow_owe(struct mlp_asking *q, const struct mlp_lanes *route)
{
    struct mlp_buf *replay = &q->agent->replay;
    if (q->foreign)
        mlp_buf_addc(replay, ']');
    struct mlp_str body = q->foreign ? mlp_buf_str(replay) : q->body;
    for (size_t i = 0; i < route->n; i++)
        if (route->lane[i].role == MLP_ARM_SHADOW &&
            (replay->failed || !owe_one(q, route->lane[i].served, body)))
            mlp_meter_add(&q->agent->meter.shadow_dropped, 1);
}

/* Counts rows that agree, rows that do not, and rows that the shadow had no answer for. */
static void compare(struct mlp_tally *t, const struct mlp_debts *d, const struct mlp_debt *debt)
{
    const double *want = (const double *)d->outcomes.p + debt->first;
    const double *have = d->own.p;
    size_t both = debt->rows < d->own.n ? debt->rows : d->own.n, same = 0;
    for (size_t i = 0; i < both; i++)
        same += mlp_predict_agree(want[i], have[i]);
    mlp_meter_add(&t->same, same);
    mlp_meter_add(&t->different, both - same);
    mlp_meter_add(&t->failed, debt->rows - both);
}

static void pay_one(struct mlp_serve *s, unsigned thread, const struct mlp_debt *debt)
{
    struct mlp_agent *a = &s->agents[thread];
    struct mlp_debts *d = &a->debts;
    struct mlp_http_request request = {.body = {d->bytes.p + debt->body_at, debt->body_n}};
    struct mlp_asking q = {.serve = s, .agent = a, .thread = thread, .request = &request,
                           .arm = MLP_ARM_SHADOW, .start_ns = mlp_os_monotonic_ns(),
                           .body = request.body, .id = {d->bytes.p + debt->id_at, debt->id_n}};
    struct mlp_predict p = {.served = debt->shadow, .thread = thread, .arm = MLP_ARM_SHADOW,
                            .ignore_extra = true, .nonfinite = true, .outcomes = &d->own, .ctx = &q,
                            .seen = s->predlog || debt->shadow->live ? mlp_record_rows : NULL};
    struct mlp_buf nowhere;
    struct mlp_err e;
    uint64_t rows;
    q.logged = mlp_record_chosen(s, q.id);
    mlp_err_init(&e);
    mlp_buf_init(&nowhere, (size_t)64 << 20);
    d->own.n = 0;
    enum mlp_code code = mlp_predict_body(&p, request.body, &nowhere, &a->spare, &rows, &e);
    mlp_record_commit(&q, code == MLP_OK);
    mlp_buf_fini(&nowhere);
    compare(&debt->shadow->tally[thread], d, debt);
}

void mlp_shadow_pay(struct mlp_serve *s, unsigned thread)
{
    struct mlp_debts *d = &s->agents[thread].debts;
    for (size_t i = 0; i < d->items.n; i++) {
        const struct mlp_debt *debt = mlp_vec_at(&d->items, i);
        pay_one(s, thread, debt);
        mlp_served_drop(debt->shadow);
    }
    d->items.n = 0;
    d->outcomes.n = 0;
    mlp_buf_reset(&d->bytes);
}
