#include "serve/predict.h"

#include "base/map.h"
#include "text/csv.h"
#include "text/num.h"

#include <math.h>

static void add_prediction(const struct mlp_served *s, const struct mlp_scratch *w, size_t i,
                           struct mlp_buf *out)
{
    if (s->info->nclasses)
        mlp_buf_addstr(out, s->labels[w->label[i]]);
    else
        mlp_num_add_json(out, w->value[i]);
}

static void add_probabilities(const struct mlp_served *s, const struct mlp_scratch *w, size_t i,
                              struct mlp_buf *out)
{
    size_t n = s->info->nclasses;
    for (size_t c = 0; c < n; c++) {
        mlp_buf_addc(out, c ? ',' : '{');
        mlp_buf_addstr(out, s->members[c]);
        mlp_num_add_json(out, w->proba[i * n + c]);
    }
    mlp_buf_addc(out, '}');
}

void mlp_predict_output(const struct mlp_served *s, const struct mlp_scratch *w, size_t i,
                        bool probabilities, struct mlp_buf *out)
{
    mlp_buf_add(out, "\"prediction\":", 13);
    add_prediction(s, w, i, out);
    if (probabilities && s->info->has_proba) {
        mlp_buf_add(out, ",\"probabilities\":", 17);
        add_probabilities(s, w, i, out);
    }
}

void mlp_predict_flat(const struct mlp_served *s, const struct mlp_scratch *w, size_t i,
                      struct mlp_buf *out)
{
    size_t n = s->info->has_proba ? s->info->nclasses : 0;
    mlp_buf_adds(out, ",\"output.prediction\":");
    add_prediction(s, w, i, out);
    for (size_t c = 0; c < n; c++) {
        mlp_buf_adds(out, ",\"output.probabilities.");
        mlp_buf_add(out, s->members[c].p + 1, s->members[c].n - 1);
        mlp_num_add_json(out, w->proba[i * n + c]);
    }
}

double mlp_predict_outcome(const struct mlp_served *s, const struct mlp_scratch *w, size_t i)
{
    if (!s->info->nclasses)
        return w->value[i];
    struct mlp_str label = s->labels[w->label[i]];
    return (double)(mlp_hash64(label.p, label.n, 1) >> 11); /* 53 bits: exact in a double */
}

bool mlp_predict_agree(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static enum mlp_code note_outcomes(const struct mlp_predict *p, const struct mlp_scratch *w,
                                   size_t n, struct mlp_err *e)
{
    for (size_t i = 0; p->outcomes && i < n; i++) {
        double *outcome = mlp_vec_push(p->outcomes);
        if (!outcome)
            return mlp_err_nomem(e);
        *outcome = mlp_predict_outcome(p->served, w, i);
    }
    return MLP_OK;
}

enum mlp_code mlp_predict_chunk(const struct mlp_predict *p, struct mlp_scratch *w, size_t n,
                                uint64_t before, bool proba, struct mlp_err *e)
{
    const struct mlp_frame frame = {n, w->numbers, w->texts};
    const struct mlp_result result = {proba || p->seen ? w->proba : NULL, w->value, w->label};
    enum mlp_code code = mlp_model_predict(p->served->model, w->work, &frame, &result, e);
    if (code != MLP_OK && before != MLP_SINGLE)
        mlp_err_wrap(e, "row %llu", (unsigned long long)(before + mlp_work_bad_row(w->work) + 1));
    if (code == MLP_OK)
        code = note_outcomes(p, w, n, e);
    if (code == MLP_OK && p->seen)
        p->seen(p->ctx, p->served, w, n);
    return code;
}

void mlp_predict_count(const struct mlp_predict *p, uint64_t rows)
{
    _Atomic uint64_t *counter = &p->served->tally[p->thread].rows[p->arm];
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + rows, memory_order_relaxed);
}

/* --- forms --- */

static const struct mlp_csv_dialect csv = {',', '"'};

static void add_csv_row(const struct mlp_predict *p, const struct mlp_scratch *w, size_t i,
                        struct mlp_buf *out)
{
    const struct mlp_model_info *info = p->served->info;
    if (info->nclasses)
        mlp_csv_add(&csv, out, info->classes[w->label[i]], true);
    else
        mlp_num_add_json(out, w->value[i]);
    for (size_t c = 0; p->probabilities == MLP_WISH_YES && info->has_proba && c < info->nclasses;
         c++) {
        mlp_buf_addc(out, ',');
        mlp_num_add_json(out, w->proba[i * info->nclasses + c]);
    }
    mlp_buf_addc(out, '\n');
}

static void add_line(const struct mlp_predict *p, const struct mlp_scratch *w, size_t i,
                     struct mlp_buf *out)
{
    mlp_buf_addc(out, '{');
    mlp_predict_output(p->served, w, i, p->probabilities == MLP_WISH_YES, out);
    mlp_buf_adds(out, "}\n");
}

static void add_json_item(const struct mlp_predict *p, const struct mlp_scratch *w, size_t i,
                          bool first, struct mlp_buf *out, struct mlp_buf *probabilities)
{
    if (!first)
        mlp_buf_addc(out, ',');
    add_prediction(p->served, w, i, out);
    if (p->probabilities == MLP_WISH_YES && p->served->info->has_proba) {
        mlp_buf_addc(probabilities, first ? '[' : ',');
        add_probabilities(p->served, w, i, probabilities);
    }
}

static void add_list_part(const struct mlp_predict *p, const struct mlp_scratch *w, size_t n,
                          uint64_t before, struct mlp_buf *out, struct mlp_buf *probabilities)
{
    for (size_t i = 0; i < n; i++) {
        if (p->form == MLP_FORM_CSV)
            add_csv_row(p, w, i, out);
        else if (p->form == MLP_FORM_LINES)
            add_line(p, w, i, out);
        else
            add_json_item(p, w, i, before + i == 0, out, probabilities);
    }
}

static void add_csv_header(const struct mlp_predict *p, struct mlp_buf *out)
{
    const struct mlp_model_info *info = p->served->info;
    struct mlp_buf name;
    mlp_buf_init(&name, 1u << 20);
    mlp_buf_adds(out, "prediction");
    for (size_t c = 0; p->probabilities == MLP_WISH_YES && info->has_proba && c < info->nclasses;
         c++) {
        mlp_buf_reset(&name);
        mlp_buf_adds(&name, "proba_");
        mlp_buf_addstr(&name, info->classes[c]);
        mlp_buf_addc(out, ',');
        mlp_csv_add(&csv, out, mlp_buf_str(&name), false);
    }
    mlp_buf_addc(out, '\n');
    mlp_buf_fini(&name);
}

static void begin_list(const struct mlp_predict *p, const struct mlp_feed *feed,
                       struct mlp_buf *out)
{
    if (p->form == MLP_FORM_JSON)
        mlp_buf_addf(out, "{\"%s\":[", feed->member ? feed->member : "predictions");
    else if (p->form == MLP_FORM_CSV && p->header)
        add_csv_header(p, out);
}

static void end_list(const struct mlp_predict *p, const struct mlp_buf *probabilities,
                     struct mlp_buf *out)
{
    if (p->form != MLP_FORM_JSON)
        return;
    mlp_buf_addc(out, ']');
    if (probabilities->n) {
        mlp_buf_adds(out, ",\"probabilities\":");
        mlp_buf_add(out, probabilities->p, probabilities->n);
        mlp_buf_addc(out, ']');
    }
    mlp_buf_adds(out, "}\n");
}

/* --- bodies --- */

enum mlp_code mlp_predict_too_many(const struct mlp_predict *p, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "more than %llu rows", (unsigned long long)p->max_rows);
    return mlp_err_hint(e, "send them in several requests, or raise --max-rows");
}

static enum mlp_code predict_list(const struct mlp_predict *p, const struct mlp_feed *feed,
                                  struct mlp_buf *out, struct mlp_buf *spare, uint64_t *rows,
                                  struct mlp_err *e)
{
    struct mlp_scratch *w = &p->served->scratch[p->thread];
    enum mlp_code code;
    size_t n = 0;
    mlp_buf_reset(spare);
    begin_list(p, feed, out);
    while ((code = feed->next(feed->self, &n, e)) == MLP_OK && n) {
        if (p->max_rows && *rows + n > p->max_rows)
            return mlp_predict_too_many(p, e);
        code = mlp_predict_chunk(p, w, n, *rows, p->probabilities == MLP_WISH_YES, e);
        if (code != MLP_OK)
            return code;
        add_list_part(p, w, n, *rows, out, spare);
        *rows += n;
    }
    end_list(p, spare, out);
    return code == MLP_OK ? mlp_buf_check(spare, e) : code;
}

enum mlp_code mlp_predict_feed(const struct mlp_predict *p, const struct mlp_feed *feed,
                               struct mlp_buf *out, struct mlp_buf *spare, uint64_t *rows,
                               struct mlp_err *e)
{
    *rows = 0;
    enum mlp_code code = predict_list(p, feed, out, spare, rows, e);
    mlp_predict_count(p, *rows);
    return code;
}

static enum mlp_code predict_single(const struct mlp_predict *p, struct mlp_rows *r,
                                    struct mlp_buf *out, uint64_t *rows, struct mlp_err *e)
{
    size_t n;
    enum mlp_code code = mlp_rows_next(r, &n, e);
    if (code == MLP_OK)
        code = mlp_predict_chunk(p, r->w, 1, MLP_SINGLE, p->probabilities != MLP_WISH_NO, e);
    if (code != MLP_OK)
        return code;
    mlp_buf_addc(out, '{');
    mlp_predict_output(p->served, r->w, 0, p->probabilities != MLP_WISH_NO, out);
    mlp_buf_add(out, "}\n", 2);
    *rows = 1;
    return MLP_OK;
}

static enum mlp_code next_rows(void *self, size_t *n, struct mlp_err *e)
{
    return mlp_rows_next(self, n, e);
}

static enum mlp_code not_wrapped(struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "the body names no rows");
    return mlp_err_hint(e, "send {\"instances\": [...]} or {\"inputs\": {...}}");
}

enum mlp_code mlp_predict_body(const struct mlp_predict *p, struct mlp_str body,
                               struct mlp_buf *out, struct mlp_buf *spare, uint64_t *rows,
                               struct mlp_err *e)
{
    struct mlp_rows r;
    r.ignore_extra = p->ignore_extra;
    r.nonfinite = p->nonfinite;
    *rows = 0;
    enum mlp_code code = mlp_rows_begin(&r, p->served, &p->served->scratch[p->thread], body, e);
    const struct mlp_feed feed = {next_rows, &r, p->outputs && r.inputs ? "outputs" : NULL};
    if (code == MLP_OK && p->wrapped && !r.wrapped)
        code = not_wrapped(e);
    else if (code == MLP_OK && r.single && !p->list && p->form == MLP_FORM_JSON)
        code = predict_single(p, &r, out, rows, e);
    else if (code == MLP_OK)
        code = predict_list(p, &feed, out, spare, rows, e);
    mlp_predict_count(p, *rows);
    return code;
}
