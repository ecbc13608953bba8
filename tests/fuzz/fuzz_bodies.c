/* Bodies of requests: whatever the bytes, a model answers them with well-formed JSON or names what
 * is wrong. The first byte says what the body is, for tensors the next two how much is JSON. */
#include "serve/predict.h"
#include "serve/proto_table.h"
#include "serve/proto_v2.h"
#include "text/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MODEL "tests/fixtures/serve/stable.joblib"

/* Loaded once: what requests leave behind in its scratch is part of what is tried. */
static struct mlp_served *model(void)
{
    static struct mlp_served *s;
    const struct mlp_origin from = {.path = MODEL};
    struct mlp_err e;
    mlp_err_init(&e);
    if (!s && mlp_served_load(&from, 1, &s, &e) != MLP_OK) {
        fprintf(stderr, "%s: %s\n", MODEL, e.message);
        exit(1);
    }
    return s;
}

static void check_json(struct mlp_str text)
{
    struct mlp_json j;
    struct mlp_json_token t;
    mlp_json_init(&j, text, 64);
    do {
        if (mlp_json_next(&j, &t, NULL) != MLP_OK)
            abort();
    } while (t.type != MLP_JSON_END);
}

/* An error is the client's, and has words. */
static void check(enum mlp_code code, const struct mlp_err *e, struct mlp_str answer)
{
    if (code == MLP_OK && answer.n)
        check_json(answer);
    if (code != MLP_OK && (e->code == MLP_EBUG || !e->message[0]))
        abort();
}

static void try_json(struct mlp_predict *p, struct mlp_str body, struct mlp_buf *out,
                     struct mlp_buf *spare)
{
    struct mlp_err e;
    uint64_t rows;
    mlp_err_init(&e);
    check(mlp_predict_body(p, body, out, spare, &rows, &e), &e, mlp_buf_str(out));
}

static enum mlp_code next_line(void *rows, size_t *n, struct mlp_err *e)
{
    return mlp_rows_next(rows, n, e);
}

static void try_lines(struct mlp_predict *p, struct mlp_str body, struct mlp_buf *out,
                      struct mlp_buf *spare)
{
    struct mlp_rows lines;
    const struct mlp_feed feed = {.next = next_line, .self = &lines};
    struct mlp_err e;
    uint64_t rows;
    mlp_err_init(&e);
    lines.ignore_extra = p->ignore_extra;
    lines.nonfinite = true;
    mlp_rows_begin_lines(&lines, p->served, p->served->scratch, body);
    check(mlp_predict_feed(p, &feed, out, spare, &rows, &e), &e, mlp_buf_str(out));
}

static void try_table(struct mlp_predict *p, enum mlp_tabular_kind kind, struct mlp_str body,
                      struct mlp_buf *out, struct mlp_buf *spare)
{
    struct mlp_tabular t = {.served = p->served, .w = p->served->scratch};
    const struct mlp_feed feed = {.next = mlp_tabular_next, .self = &t};
    struct mlp_err e;
    uint64_t rows;
    mlp_err_init(&e);
    mlp_arena_reset(&t.w->strings);
    enum mlp_code code = mlp_tabular_open(&t, kind, -1, p->ignore_extra, body, &e);
    if (code == MLP_OK)
        code = mlp_predict_feed(p, &feed, out, spare, &rows, &e);
    mlp_tabular_close(&t);
    check(code, &e, mlp_buf_str(out));
}

static void try_tensors(struct mlp_predict *p, struct mlp_str body, size_t header,
                        struct mlp_buf *out)
{
    struct mlp_arena *arena = &p->served->scratch[0].strings;
    struct mlp_tensor_out tensors[MLP_TENSOR_OUTPUTS];
    struct mlp_v2 v;
    struct mlp_err e;
    uint64_t rows;
    mlp_err_init(&e);
    mlp_arena_reset(arena);
    size_t n = mlp_tensor_outputs(p->served, 1u << 20, tensors);
    enum mlp_code code = mlp_v2_read(body, header, p->served, arena, &v, &e);
    for (size_t i = 0; i < n; i++)
        tensors[i].wanted = !v.chosen || v.wanted[i];
    if (code == MLP_OK)
        code = mlp_predict_tensors(p, &v.in, tensors, n, &rows, &e);
    header = SIZE_MAX;
    if (code == MLP_OK)
        mlp_v2_write(&v, "\"model_name\":\"m\"", tensors, n, out, &header);
    mlp_tensor_outputs_fini(tensors, n);
    struct mlp_str answer = mlp_buf_str(out);
    answer.n = header < answer.n ? header : answer.n;
    check(code, &e, answer);
}

static void try_kind(struct mlp_predict *p, uint8_t kind, struct mlp_str body, struct mlp_buf *out,
                     struct mlp_buf *spare)
{
    switch (kind % 6) {
    case 0:
        try_json(p, body, out, spare);
        break;
    case 1:
        try_lines(p, body, out, spare);
        break;
    case 2:
        try_table(p, MLP_TABULAR_CSV, body, out, spare);
        break;
    case 3:
        try_table(p, MLP_TABULAR_COLUMNAR, body, out, spare);
        break;
    case 4:
        try_tensors(p, body, SIZE_MAX, out);
        break;
    default:
        if (body.n < 2)
            return;
        size_t header = (size_t)(unsigned char)body.p[0] << 8 | (unsigned char)body.p[1];
        try_tensors(p, (struct mlp_str){body.p + 2, body.n - 2}, header, out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_predict p = {.served = model(), .max_rows = 1000};
    struct mlp_buf out, spare;
    if (size < 2)
        return 0;
    /* A copy of its own length, so that a byte read behind it is seen. */
    char *body = malloc(size - 1);
    if (!body)
        return 0;
    memcpy(body, data + 1, size - 1);
    p.ignore_extra = data[0] & 64;
    p.nonfinite = data[0] & 128;
    p.probabilities = data[0] & 32 ? MLP_WISH_YES : MLP_WISH_USUAL;
    mlp_buf_init(&out, 1u << 24);
    mlp_buf_init(&spare, 1u << 24);
    try_kind(&p, data[0] & 31, (struct mlp_str){body, size - 1}, &out, &spare);
    mlp_buf_fini(&out);
    mlp_buf_fini(&spare);
    free(body);
    return 0;
}
