/* Messages of a topic to answers in another one. */
#include "kafka.h"

#include "base/os.h"

/* How soon a wish to stop is heard while nothing comes. */
#define IDLE_MS 100
#define MOST_ANSWER ((size_t)64 << 20)

struct run {
    const struct kafka_run *r;
    struct mlp_predict predict;
    struct mlp_buf answer, spare;
    uint64_t messages, errors;   /* of the transaction in hand */
    uint64_t all_messages, all_errors, transactions; /* that were committed */
};

/* The answer in words of POST /predict, which has {"error": ...} too. */
static enum mlp_code refuse(struct run *run, size_t i, const struct mlp_err *why,
                            struct mlp_err *e)
{
    run->errors++;
    if (run->r->dead)
        return mlp_kafka_bury(run->r->k, i, why->message, e);
    mlp_buf_reset(&run->answer);
    mlp_buf_adds(&run->answer, "{\"error\":");
    mlp_buf_addquoted(&run->answer, mlp_str_from(why->message));
    mlp_buf_addc(&run->answer, '}');
    return mlp_kafka_answer(run->r->k, i, mlp_buf_str(&run->answer), e);
}

/* Only what the message is to blame for may become an answer. */
static enum mlp_code answer(struct run *run, size_t i, struct mlp_err *e)
{
    struct mlp_kafka_message m = mlp_kafka_message(run->r->k, i);
    struct mlp_err why;
    uint64_t rows;
    run->messages++;
    if (!m.value.p)
        return mlp_kafka_answer(run->r->k, i, m.value, e);
    mlp_err_init(&why);
    mlp_buf_reset(&run->answer);
    if (!mlp_predict_body(&run->predict, m.value, &run->answer, &run->spare, &rows, &why))
        mlp_buf_check(&run->answer, &why);
    struct mlp_str text = mlp_str_trim(mlp_buf_str(&run->answer));
    if (!why.code && mlp_kafka_answer(run->r->k, i, text, &why) && why.code != MLP_EINPUT) {
        *e = why;
        return e->code;
    }
    return why.code ? refuse(run, i, &why, e) : MLP_OK;
}

static enum mlp_code transaction(struct run *run, struct mlp_err *e)
{
    size_t n;
    bool done = false;
    run->messages = run->errors = 0;
    enum mlp_code code = mlp_kafka_take(run->r->k, IDLE_MS, &n, e);
    for (size_t i = 0; !code && i < n; i++)
        code = answer(run, i, e);
    if (!code && n)
        code = mlp_kafka_commit(run->r->k, &done, e);
    if (done) {
        run->all_messages += run->messages;
        run->all_errors += run->errors;
        run->transactions++;
    }
    return code;
}

enum mlp_code kafka_run(const struct kafka_run *r, struct mlp_err *e)
{
    struct run run = {.r = r, .predict = {.served = r->served, .ignore_extra = r->ignore_extra}};
    enum mlp_code code = MLP_OK;
    mlp_buf_init(&run.answer, MOST_ANSWER);
    mlp_buf_init(&run.spare, MOST_ANSWER);
    while (!code && !mlp_os_stop_asked())
        code = transaction(&run, e);
    const struct mlp_log_field fields[] = {{"messages", NULL, (double)run.all_messages},
                                           {"errors", NULL, (double)run.all_errors},
                                           {"transactions", NULL, (double)run.transactions},
                                           {0}};
    mlp_log_line(r->log, MLP_INFO, "stopped", fields);
    mlp_buf_fini(&run.answer);
    mlp_buf_fini(&run.spare);
    return code;
}
