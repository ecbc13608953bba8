/* mlp-serve bench: how many requests a server answers, and how fast. */
#include "verbs.h"

#include "base/file.h"
#include "base/vec.h"
#include "http/load.h"
#include "table/input.h"
#include "text/json.h"
#include "text/num.h"

#include <stdlib.h>

#define BODY_BYTES ((size_t)256 << 20)

enum { CONNECTIONS, DURATION, REQUESTS, RATE, ROWS, HEADER, CA, FORMAT, MLP_INPUT_NAMES };

static const struct mlp_opt options[] = {
    [CONNECTIONS] = {"connections", 'c', MLP_OPT_INT, "N", "ask over N at once", NULL, "16", false},
    [DURATION] = {"duration", 't', MLP_OPT_SECONDS, "TIME", "for so long", NULL, "10s", false},
    [REQUESTS] = {"requests", 0, MLP_OPT_INT, "N", "at most N requests", NULL, NULL, false},
    [RATE] = {"rate", 0, MLP_OPT_NUMBER, "N",
              "N requests a second, due whether or not answers come (default: one after the other)",
              NULL, NULL, false},
    [ROWS] = {"rows", 'f', MLP_OPT_FILE, "FILE",
              "POST the rows of this table in turn, each as a JSON object (default: GET)", NULL,
              NULL, false},
    [HEADER] = {"header", 0, MLP_OPT_TEXT, "LINE",
                "a field of each request, such as \"Authorization: Bearer ...\"", NULL, NULL, true},
    [CA] = {"ca", 0, MLP_OPT_FILE, "FILE", "the authorities of the server's certificate (PEM)",
            NULL, NULL, false},
    [FORMAT] = {"format", 0, MLP_OPT_CHOICE, "FORMAT", "form of the result", "text|json", "text",
                false},
    MLP_INPUT_OPTS,
    {0},
};

/* ---- what is posted */

static void add_cell(struct mlp_buf *b, const struct mlp_cell *cell)
{
    double v;
    if (!cell->p)
        mlp_buf_adds(b, "null");
    else if (!cell->quoted && mlp_num_f64(mlp_cell_str(cell), &v) && v - v == 0)
        mlp_num_add_json(b, v);
    else
        mlp_json_quote(b, mlp_cell_str(cell));
}

static void add_row(struct mlp_buf *b, const struct mlp_table *t, const struct mlp_batch *rows,
                    size_t r)
{
    mlp_buf_addc(b, '{');
    for (size_t c = 0; c < rows->ncols; c++) {
        if (c)
            mlp_buf_addc(b, ',');
        mlp_json_quote(b, mlp_table_name(t, c));
        mlp_buf_addc(b, ':');
        add_cell(b, mlp_cell_at(rows, r, c));
    }
    mlp_buf_addc(b, '}');
}

/* Ends of the bodies in the text. */
static enum mlp_code read_rows(const struct mlp_cmd *cmd, struct mlp_buf *text,
                               struct mlp_vec *ends, struct mlp_err *e)
{
    struct mlp_input in;
    struct mlp_table *t = NULL;
    struct mlp_batch *rows;
    enum mlp_code code = mlp_input_init(&in, cmd, MLP_INPUT_INDICES, e);
    if (code == MLP_OK)
        code = mlp_table_open(mlp_opt_text(cmd, ROWS), &in.table, &t, e);
    while (code == MLP_OK && (code = mlp_table_next(t, &rows, e)) == MLP_OK && rows)
        for (size_t r = 0; r < rows->nrows; r++) {
            if (rows->bad[r])
                continue;
            add_row(text, t, rows, r);
            size_t *end = mlp_vec_push(ends);
            if (end)
                *end = text->n;
        }
    mlp_table_close(t);
    if (code == MLP_OK && ends->n == 0)
        code = mlp_err_set(e, MLP_EINPUT, "%s has no rows", mlp_opt_text(cmd, ROWS));
    return code == MLP_OK ? mlp_buf_check(text, e) : code;
}

static struct mlp_str *cut_bodies(const struct mlp_buf *text, const struct mlp_vec *ends)
{
    struct mlp_str *bodies = calloc(ends->n + 1, sizeof *bodies);
    size_t from = 0;
    for (size_t i = 0; bodies && i < ends->n; i++) {
        size_t end = *(size_t *)mlp_vec_at(ends, i);
        bodies[i] = (struct mlp_str){text->p + from, end - from};
        from = end;
    }
    return bodies;
}

/* ---- what is told */

static const struct {
    const char *name;
    double q;
} shown[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

static void add_text(struct mlp_buf *b, const struct mlp_load_result *r)
{
    mlp_buf_addf(b, "%.0f requests/s: %llu in %.2f s, %llu other answers, %llu without one\n",
                 (double)r->n / r->seconds, (unsigned long long)r->n, r->seconds,
                 (unsigned long long)r->other, (unsigned long long)r->failed);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        mlp_buf_addf(b, "%s%s %.3f ms", i ? ", " : "", shown[i].name,
                     (double)mlp_load_quantile(r, shown[i].q) * 1e-6);
    mlp_buf_addc(b, '\n');
}

static void add_json(struct mlp_buf *b, const struct mlp_load_result *r)
{
    mlp_buf_addf(b, "{\"requests_per_second\":%.1f,\"seconds\":%.3f,\"ok\":%llu,\"other\":%llu,"
                 "\"failed\":%llu", (double)r->n / r->seconds, r->seconds,
                 (unsigned long long)r->ok, (unsigned long long)r->other,
                 (unsigned long long)r->failed);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        mlp_buf_addf(b, ",\"%s_ms\":%.4f", shown[i].name,
                     (double)mlp_load_quantile(r, shown[i].q) * 1e-6);
    mlp_buf_adds(b, "}\n");
}

static enum mlp_code tell(const struct mlp_cmd *cmd, const struct mlp_load_result *r,
                          struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 65536);
    if (strcmp(mlp_opt_text(cmd, FORMAT), "json") == 0)
        add_json(&b, r);
    else
        add_text(&b, r);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_file_write("-", mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    if (code == MLP_OK && r->other)
        fprintf(stderr, "mlp-serve: the first other answer was %d\n", r->status);
    if (code == MLP_OK && r->failed)
        fprintf(stderr, "mlp-serve: the first without answer: %s\n", r->error.message);
    return code == MLP_OK && r->other + r->failed ? MLP_FINDING : code;
}

static void add_headers(const struct mlp_cmd *cmd, struct mlp_buf *b)
{
    if (mlp_opt_text(cmd, ROWS))
        mlp_buf_adds(b, "Content-Type: application/json\r\n");
    for (size_t i = 0; mlp_opt_nth(cmd, HEADER, i); i++) {
        mlp_buf_adds(b, mlp_opt_nth(cmd, HEADER, i));
        mlp_buf_adds(b, "\r\n");
    }
}

static enum mlp_code measure(const struct mlp_cmd *cmd, const struct mlp_str *bodies, size_t n,
                             struct mlp_err *e)
{
    struct mlp_buf headers;
    struct mlp_load_result r = {0};
    int64_t connections = mlp_opt_int(cmd, CONNECTIONS, 16);
    if (connections < 1 || connections > MLP_LOAD_MOST)
        return mlp_err_set(e, MLP_EUSAGE, "--connections is 1 to %u", MLP_LOAD_MOST);
    mlp_buf_init(&headers, 1 << 20);
    add_headers(cmd, &headers);
    struct mlp_load load = {
        .url = mlp_operand(cmd, 0, n ? "http://127.0.0.1:8080/predict"
                                     : "http://127.0.0.1:8080/healthz"),
        .headers = headers.n ? headers.p : NULL,
        .ca = mlp_opt_text(cmd, CA),
        .bodies = bodies,
        .nbodies = n,
        .connections = (unsigned)connections,
        .duration_ns = (uint64_t)(mlp_opt_number(cmd, DURATION, 10) * 1e9),
        .requests = (uint64_t)mlp_opt_int(cmd, REQUESTS, 0),
        .rate = mlp_opt_number(cmd, RATE, 0),
    };
    enum mlp_code code = mlp_buf_check(&headers, e);
    if (code == MLP_OK)
        code = mlp_load_run(&load, &r, e);
    if (code == MLP_OK)
        code = tell(cmd, &r, e);
    mlp_load_fini(&r);
    mlp_buf_fini(&headers);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct mlp_buf text;
    struct mlp_vec ends;
    struct mlp_str *bodies = NULL;
    mlp_buf_init(&text, BODY_BYTES);
    mlp_vec_init(&ends, sizeof(size_t));
    enum mlp_code code = mlp_opt_text(cmd, ROWS) ? read_rows(cmd, &text, &ends, e) : MLP_OK;
    if (code == MLP_OK && !(bodies = cut_bodies(&text, &ends)))
        code = mlp_err_nomem(e);
    if (code == MLP_OK)
        code = measure(cmd, bodies, ends.n, e);
    free(bodies);
    mlp_vec_fini(&ends);
    mlp_buf_fini(&text);
    return code;
}

static const struct mlp_example examples[] = {
    {"Rows of a table, over 16 connections, for two seconds.",
     "mlp-serve --extra ignore model.joblib & sleep 1; "
     "mlp-serve bench -c 16 -t 2s --rows test.csv http://localhost:8080/predict; kill $!"},
    {0},
};

const struct mlp_verb verb_bench = {
    .name = "bench",
    .summary = "how many requests a server answers, and how fast",
    .operands = "[URL]",
    .max_operands = 1,
    .about = "Asks over N connections, each one request after the other, or at a fixed rate,\n"
             "where the time of a request counts from when it was due. Exit status 1 means that\n"
             "an answer was none of 2xx, or did not come.",
    .opts = options,
    .examples = examples,
    .run = run,
};
