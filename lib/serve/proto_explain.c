/* POST /explain: what each feature adds to a prediction (model/explain.h). Rows come as for
 * /predict, in JSON; the answers name the features. */
#include "serve/routes.h"
#include "text/num.h"

struct explaining {
    struct mlp_run *run;
    struct mlp_rows rows;
    const struct mlp_output *output; /* of the model: contributions */
    uint32_t which;                  /* its bit */
    size_t nvalues;                  /* explained: 1, or one a class */
};

static enum mlp_code find_output(struct explaining *x, struct mlp_err *e)
{
    const struct mlp_served *s = x->run->p.served;
    size_t n;
    const struct mlp_output *outputs = mlp_model_outputs(s->model, &n);
    if (n && mlp_str_is(outputs[n - 1].name, "contribution")) {
        x->output = &outputs[n - 1];
        x->which = 1u << (n - 1);
        x->nvalues = x->output->width / (s->info->ninputs + 1);
        return MLP_OK;
    }
    mlp_err_set(e, MLP_EINPUT, "the model was loaded without what explanations need");
    return mlp_err_hint(e, "start mlp-serve with --explain");
}

/* --- answers --- */

/* The name of an explained value, with a colon: a class, or its number. */
static void add_member(const struct explaining *x, size_t value, struct mlp_buf *b)
{
    const struct mlp_served *s = x->run->p.served;
    mlp_buf_addc(b, value ? ',' : '{');
    if (s->info->nclasses == x->nvalues)
        mlp_buf_addstr(b, s->members[value]);
    else
        mlp_buf_addf(b, "\"%zu\":", value);
}

static void add_features(const struct explaining *x, const double *values, struct mlp_buf *b)
{
    const struct mlp_model_info *info = x->run->p.served->info;
    for (size_t i = 0; i < info->ninputs; i++) {
        mlp_buf_addc(b, i ? ',' : '{');
        mlp_buf_addquoted(b, info->inputs[i].name);
        mlp_buf_addc(b, ':');
        mlp_num_add_json(b, values[i]);
    }
    mlp_buf_adds(b, info->ninputs ? "}" : "{}");
}

static void add_row(const struct explaining *x, size_t row, const double *values,
                    struct mlp_buf *b)
{
    size_t n = x->run->p.served->info->ninputs;
    mlp_buf_addc(b, '{');
    mlp_predict_output(x->run->p.served, x->run->w, row, false, b);
    mlp_buf_adds(b, ",\"base\":");
    for (size_t v = 0; v < x->nvalues; v++) {
        if (x->nvalues > 1)
            add_member(x, v, b);
        mlp_num_add_json(b, values[v * (n + 1) + n]);
    }
    mlp_buf_adds(b, x->nvalues > 1 ? "},\"contributions\":" : ",\"contributions\":");
    for (size_t v = 0; v < x->nvalues; v++) {
        if (x->nvalues > 1)
            add_member(x, v, b);
        add_features(x, values + v * (n + 1), b);
    }
    mlp_buf_adds(b, x->nvalues > 1 ? "}}" : "}");
}

/* --- rows --- */

static enum mlp_code explain_chunk(struct explaining *x, size_t n, uint64_t before,
                                   struct mlp_err *e)
{
    struct mlp_run *r = x->run;
    double *outputs[32] = {NULL}, *values;
    const struct mlp_frame frame = {n, r->w->numbers, r->w->texts};
    values = mlp_arena_array64(&r->w->strings, n * x->output->width, sizeof *values);
    if (!values)
        return mlp_err_nomem(e);
    enum mlp_code code = mlp_predict_chunk(&r->p, r->w, n, x->rows.single ? MLP_SINGLE : before,
                                           false, e);
    outputs[__builtin_ctz(x->which)] = values;
    if (code == MLP_OK)
        code = mlp_model_predict_outputs(r->p.served->model, r->w->work, &frame, x->which,
                                         outputs, e);
    for (size_t i = 0; code == MLP_OK && i < n; i++) {
        if (before + i)
            mlp_buf_addc(&r->q->response->body, ',');
        add_row(x, i, values + i * x->output->width, &r->q->response->body);
    }
    return code;
}

static enum mlp_code explain_rows(struct explaining *x, uint64_t *rows, struct mlp_err *e)
{
    enum mlp_code code;
    size_t n;
    while ((code = mlp_rows_next(&x->rows, &n, e)) == MLP_OK && n) {
        if (*rows + n > x->run->p.max_rows)
            return mlp_predict_too_many(&x->run->p, e);
        code = explain_chunk(x, n, *rows, e);
        if (code != MLP_OK)
            return code;
        *rows += n;
    }
    return code;
}

static enum mlp_code explain(struct explaining *x, struct mlp_err *e)
{
    struct mlp_buf *b = &x->run->q->response->body;
    uint64_t rows = 0;
    enum mlp_code code = find_output(x, e);
    x->rows.ignore_extra = x->run->p.ignore_extra;
    x->rows.nonfinite = false;
    if (code == MLP_OK)
        code = mlp_rows_begin(&x->rows, x->run->p.served, x->run->w, x->run->q->body, e);
    if (code != MLP_OK)
        return code;
    mlp_answer_json(x->run->q, 200);
    if (!x->rows.single)
        mlp_buf_adds(b, "{\"explanations\":[");
    code = explain_rows(x, &rows, e);
    mlp_buf_adds(b, x->rows.single ? "\n" : "]}\n");
    mlp_predict_count(&x->run->p, rows);
    return code;
}

void mlp_on_explain(struct mlp_asking *q)
{
    struct mlp_run r;
    struct explaining x = {.run = &r};
    if (!mlp_run_begin(&r, q))
        return;
    r.p.seen = NULL;
    r.p.outcomes = NULL; /* shadows are not asked */
    mlp_run_end(&r, explain(&x, &r.e));
}
