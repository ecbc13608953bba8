/* child_reply.c: what a line of a command says (child.h). */
#include "serve/child.h"

#include "text/json.h"

/* The text of the value that t started, which the tokenizer has passed now. */
static struct mlp_str span(const struct mlp_json *j, const struct mlp_json_token *t)
{
    return (struct mlp_str){j->text + t->offset, (size_t)(j->p - j->text) - t->offset};
}

static bool is_scalar(enum mlp_json_type type)
{
    return type == MLP_JSON_STRING || type == MLP_JSON_NUMBER || type == MLP_JSON_TRUE ||
           type == MLP_JSON_FALSE || type == MLP_JSON_NULL;
}

static void copy_error(const struct mlp_json_token *t, struct mlp_reply *r)
{
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)1 << 20);
    if (t->type == MLP_JSON_STRING)
        mlp_json_unescape(t->raw, &b);
    mlp_str_copy(b.n ? mlp_buf_str(&b) : MLP_STR("the model refused the row"), r->error,
                 sizeof r->error);
    mlp_buf_fini(&b);
}

/* A member's value, whose first token is t. Others than ours are passed over. */
static bool take_member(struct mlp_json *j, struct mlp_str key, const struct mlp_json_token *t,
                        struct mlp_reply *r, struct mlp_err *e)
{
    bool scalar = is_scalar(t->type);
    if (mlp_json_skip(j, t, e))
        return false;
    if (mlp_str_is(key, "prediction") && scalar)
        r->prediction = span(j, t);
    else if (mlp_str_is(key, "probabilities") && t->type == MLP_JSON_OBJECT)
        r->probabilities = span(j, t);
    else if (mlp_str_is(key, "error") && t->type != MLP_JSON_NULL)
        copy_error(t, r);
    return true;
}

static bool read_object(struct mlp_json *j, struct mlp_reply *r, struct mlp_err *e)
{
    struct mlp_json_token key, value;
    for (;;) {
        if (mlp_json_next(j, &key, e))
            return false;
        if (key.type == MLP_JSON_OBJECT_END)
            return true;
        if (mlp_json_next(j, &value, e) || !take_member(j, key.raw, &value, r, e))
            return false;
    }
}

bool mlp_reply_read(const struct mlp_answer *a, struct mlp_reply *r)
{
    struct mlp_json j;
    struct mlp_json_token t, end;
    struct mlp_err e;
    *r = (struct mlp_reply){.error = ""};
    if (a->failed) {
        mlp_str_copy(a->line, r->error, sizeof r->error);
        return false;
    }
    mlp_err_init(&e);
    mlp_json_init(&j, a->line, 32);
    bool good = !mlp_json_next(&j, &t, &e);
    if (good && is_scalar(t.type))
        r->prediction = span(&j, &t);
    else
        good = good && t.type == MLP_JSON_OBJECT && read_object(&j, r, &e);
    good = good && !mlp_json_next(&j, &end, &e) && end.type == MLP_JSON_END;
    if (!good)
        snprintf(r->error, sizeof r->error, "the model's answer is no JSON of a prediction: %.*s",
                 (int)(a->line.n > 60 ? 60 : a->line.n), a->line.p);
    else if (!r->error[0] && !r->prediction.n)
        snprintf(r->error, sizeof r->error, "the model's answer has no \"prediction\"");
    return !r->error[0];
}
