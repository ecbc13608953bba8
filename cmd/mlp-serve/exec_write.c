/* What a command answered, as rows of CSV and NDJSON. */
#include "exec.h"

#define MOST_CLASSES 1000

static const struct mlp_csv_dialect csv = {',', '"'};

/* One class of an answer's probabilities. */
struct member {
    struct mlp_str name, value;
};

static bool next_member(struct mlp_json *j, struct mlp_buf *name, struct member *m)
{
    struct mlp_json_token key, value;
    struct mlp_err e;
    mlp_err_init(&e);
    if (mlp_json_next(j, &key, &e) || key.type != MLP_JSON_KEY || mlp_json_next(j, &value, &e) ||
        mlp_json_skip(j, &value, &e))
        return false;
    mlp_buf_reset(name);
    mlp_json_unescape(key.raw, name);
    *m = (struct member){mlp_buf_str(name), value.type == MLP_JSON_NUMBER ? value.raw
                                                                          : MLP_STR("")};
    return true;
}

static void open_members(struct mlp_json *j, struct mlp_str probabilities)
{
    struct mlp_json_token t;
    mlp_json_init(j, probabilities, 32);
    mlp_json_next(j, &t, NULL);
}

static size_t find_class(const struct exec *x, struct mlp_str name)
{
    size_t i = 0;
    while (i < x->classes.n && !mlp_str_eq(*(struct mlp_str *)mlp_vec_at(&x->classes, i), name))
        i++;
    return i;
}

/* The classes are those of the first answer that has some. */
static enum mlp_code learn_classes(struct exec *x, struct mlp_str probabilities, struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_buf name;
    struct member m;
    mlp_buf_init(&name, EXEC_TEXT_MAX);
    open_members(&j, probabilities);
    while (x->classes.n < MOST_CLASSES && next_member(&j, &name, &m)) {
        if (find_class(x, m.name) < x->classes.n)
            continue;
        struct mlp_str *to = mlp_vec_push(&x->classes);
        if (to)
            *to = mlp_arena_str(&x->b->arena, m.name);
        if (!to || !to->p)
            mlp_err_nomem(e);
    }
    mlp_buf_fini(&name);
    return e->code;
}

enum mlp_code exec_learn(struct exec *x, const struct mlp_answer *answers, size_t n,
                         struct mlp_err *e)
{
    struct mlp_reply r;
    for (size_t i = 0; i < n && !x->classes.n; i++)
        if (mlp_reply_read(&answers[i], &r) && r.probabilities.n &&
            learn_classes(x, r.probabilities, e))
            return e->code;
    return MLP_OK;
}

void exec_header(struct exec *x, struct mlp_buf *to)
{
    for (size_t i = 0; i < x->b->nkeep; i++) {
        mlp_csv_add(&csv, to, mlp_table_name(x->b->t, x->b->keep[i]), false);
        mlp_buf_addc(to, ',');
    }
    mlp_buf_adds(to, "prediction,");
    for (size_t i = 0; i < x->classes.n; i++) {
        struct mlp_buf name;
        mlp_buf_init(&name, EXEC_TEXT_MAX);
        mlp_buf_adds(&name, "proba_");
        mlp_buf_addstr(&name, *(struct mlp_str *)mlp_vec_at(&x->classes, i));
        mlp_csv_add(&csv, to, mlp_buf_str(&name), false);
        mlp_buf_fini(&name);
        mlp_buf_addc(to, ',');
    }
    mlp_buf_adds(to, "error\n");
}

/* A JSON scalar as a CSV field: texts without their quotes, null empty. */
static void csv_scalar(struct mlp_str json, struct mlp_buf *to)
{
    struct mlp_buf plain;
    if (json.n && json.p[0] == '"') {
        mlp_buf_init(&plain, EXEC_TEXT_MAX);
        mlp_json_unescape((struct mlp_str){json.p + 1, json.n - 2}, &plain);
        mlp_csv_add(&csv, to, mlp_buf_str(&plain), false);
        mlp_buf_fini(&plain);
    } else if (!mlp_str_is(json, "null")) {
        mlp_buf_addstr(to, json);
    }
}

static void csv_probabilities(const struct exec *x, struct mlp_reply *r, struct mlp_buf *to)
{
    struct mlp_json j;
    struct mlp_buf name;
    struct member m;
    struct mlp_str value[MOST_CLASSES];
    memset(value, 0, x->classes.n * sizeof *value);
    mlp_buf_init(&name, EXEC_TEXT_MAX);
    if (r->probabilities.n)
        open_members(&j, r->probabilities);
    while (r->probabilities.n && next_member(&j, &name, &m)) {
        size_t i = find_class(x, m.name);
        if (i < x->classes.n)
            value[i] = m.value;
        else
            snprintf(r->error, sizeof r->error, "the class \"%.*s\" was in no answer before",
                     MLP_STR_ARG(m.name));
    }
    mlp_buf_fini(&name);
    for (size_t i = 0; i < x->classes.n; i++) {
        mlp_buf_addstr(to, value[i]);
        mlp_buf_addc(to, ',');
    }
}

void exec_csv_row(const struct exec *x, const struct mlp_batch *rows, size_t r,
                  struct mlp_reply *reply, struct mlp_buf *to)
{
    for (size_t i = 0; i < x->b->nkeep; i++) {
        const struct mlp_cell *cell = mlp_cell_at(rows, r, x->b->keep[i]);
        mlp_csv_add(&csv, to, mlp_cell_str(cell), false);
        mlp_buf_addc(to, ',');
    }
    csv_scalar(reply->prediction, to);
    mlp_buf_addc(to, ',');
    csv_probabilities(x, reply, to);
    if (reply->error[0])
        mlp_csv_add(&csv, to, mlp_str_from(reply->error), false);
    mlp_buf_addc(to, '\n');
}

void exec_json_row(const struct exec *x, const struct mlp_batch *rows, size_t r,
                   const struct mlp_reply *reply, struct mlp_buf *to)
{
    struct mlp_json_out o;
    mlp_json_out_init(&o, to, 0);
    mlp_json_open(&o, '{');
    for (size_t i = 0; i < x->b->nkeep; i++) {
        mlp_json_key_str(&o, mlp_table_name(x->b->t, x->b->keep[i]));
        batch_json_cell(&o, mlp_cell_at(rows, r, x->b->keep[i]));
    }
    if (reply->prediction.n) {
        mlp_json_key(&o, "prediction");
        mlp_json_raw(&o, reply->prediction);
    }
    if (reply->probabilities.n) {
        mlp_json_key(&o, "probabilities");
        mlp_json_raw(&o, reply->probabilities);
    }
    if (reply->error[0]) {
        mlp_json_key(&o, "error");
        mlp_json_text(&o, reply->error);
    }
    mlp_json_close(&o, '}');
    mlp_buf_addc(to, '\n');
}
