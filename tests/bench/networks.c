/* networks LIBRARY MODEL ROWS...: our engine and ONNX Runtime's C API on one thread over the same
 * ONNX model, in blocks of ROWS rows that vary. Turns alternate; "model rows ours theirs ratio" in
 * nanoseconds a row, the median of the turns. Answers that differ by more than 1e-4 end it. */
#include "base/file.h"
#include "base/os.h"
#include "net/net.h"
#include "net/ort.h"

#include <math.h>
#include <stdlib.h>

#define TURNS 7
#define TURN_NS 100000000u
#define POOL 1024                /* different rows */

struct both {
    struct mlp_onnx_model m;
    struct mlp_net *net;
    struct mlp_net_run run;
    struct mlp_ort *ort;
    struct mlp_arena arena, theirs;
    float *pool;
    size_t width, rows, block;   /* of rows, those that our engine takes at once */
    struct mlp_tensor in, out[2][8];
};

static void check(enum mlp_code code, const struct mlp_err *e)
{
    if (!code)
        return;
    mlp_err_print(e, "networks", stderr);
    exit(1);
}

static void load(struct both *b, const char *library, const char *path)
{
    struct mlp_err e;
    struct mlp_buf file;
    mlp_err_init(&e);
    mlp_arena_init(&b->arena, (size_t)1 << 32);
    mlp_arena_init(&b->theirs, (size_t)1 << 32);
    mlp_buf_init(&file, (size_t)1 << 31);
    check(mlp_file_read(path, &file, &e), &e);
    check(mlp_onnx_parse(&b->m, &b->arena, mlp_buf_str(&file), &e), &e);
    check(mlp_net_load(&b->m, &b->arena, &b->net, &e), &e);
    check(mlp_net_run_init(&b->run, b->net, (size_t)1 << 32, &e), &e);
    check(mlp_ort_open(library, &b->m, mlp_buf_str(&file), &b->ort, &e), &e);
    mlp_buf_fini(&file);
}

/* Numbers about as normal ones are: the sum of uniform ones. */
static float draw(uint64_t *state)
{
    float sum = -6;
    for (int i = 0; i < 12; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        sum += (float)(*state >> 40) / 16777216.0f;
    }
    return sum;
}

static void make_rows(struct both *b, size_t rows)
{
    struct mlp_err e;
    const struct mlp_onnx_value *v = mlp_net_input(b->net, 0);
    int64_t dims[MLP_MAX_RANK];
    uint64_t state = 1;
    mlp_err_init(&e);
    memcpy(dims, v->dims, sizeof dims);
    dims[0] = (int64_t)rows;
    check(mlp_tensor_make(&b->in, &b->arena, MLP_DT_FLOAT, (uint32_t)v->rank, dims, &e), &e);
    b->rows = rows;
    b->width = b->in.n / rows;
    size_t n = (rows > POOL ? rows : POOL) * b->width;
    b->pool = malloc(n * sizeof *b->pool);
    for (size_t i = 0; b->pool && i < n; i++)
        b->pool[i] = draw(&state);
}

/* As the server does: blocks that stay in the cache. The answers are those of the last block. */
static void run_ours(struct both *b, struct mlp_tensor in, struct mlp_err *e)
{
    for (size_t r = 0; r < b->rows; r += b->block) {
        struct mlp_tensor part = in;
        size_t n = b->rows - r < b->block ? b->rows - r : b->block;
        part.f32 = in.f32 + r * b->width;
        part.dims[0] = (int64_t)n;
        part.n = n * b->width;
        check(mlp_net_run(&b->run, &part, b->out[0], e), e);
    }
}

static void run_once(struct both *b, int which, size_t at)
{
    struct mlp_err e;
    mlp_err_init(&e);
    struct mlp_tensor in = b->in;
    in.f32 = b->pool + at * b->width;
    if (which == 0) {
        run_ours(b, in, &e);
        return;
    }
    mlp_arena_reset(&b->theirs);
    check(mlp_ort_run(b->ort, &in, b->out[1], &b->theirs, &e), &e);
}

static void compare(struct both *b)
{
    run_once(b, 0, 0);
    run_once(b, 1, 0);
    for (size_t k = 0; k < mlp_net_noutputs(b->net); k++)
        for (size_t i = 0; i < b->out[0][k].n; i++) {
            size_t last = b->out[1][k].n - b->out[0][k].n;
            double x = mlp_tensor_number(&b->out[0][k], i);
            double y = mlp_tensor_number(&b->out[1][k], last + i);
            if (fabs(x - y) > 1e-4 * fmax(1, fabs(x))) {
                fprintf(stderr, "networks: output %zu, element %zu: %g and %g\n", k, i, x, y);
                exit(1);
            }
        }
}

/* CPU time of a row, over blocks for TURN_NS. */
static double turn(struct both *b, int which)
{
    uint64_t start = mlp_os_cpu_ns(), now = start;
    size_t blocks = 0, at = 0, step = b->rows > 100 ? 1 : 100 / b->rows;
    while (now - start < TURN_NS) {
        for (size_t i = 0; i < step; i++, blocks++) {
            run_once(b, which, at);
            at = at + 2 * b->rows <= POOL ? at + b->rows : 0;
        }
        now = mlp_os_cpu_ns();
    }
    return (double)(now - start) / (double)(blocks * b->rows);
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return x[0] < y[0] ? -1 : x[0] > y[0];
}

int main(int argc, char **argv)
{
    struct both b = {0};
    if (argc < 4) {
        fputs("usage: networks LIBRARY MODEL ROWS...\n", stderr);
        return 2;
    }
    load(&b, argv[1], argv[2]);
    for (int i = 3; i < argc; i++) {
        double times[2][TURNS];
        make_rows(&b, 1);
        if (!b.pool)
            return 1;
        b.block = 1;
        compare(&b);
        free(b.pool);
        b.block = mlp_net_run_block(&b.run);
        make_rows(&b, (size_t)strtoul(argv[i], NULL, 10));
        if (!b.pool)
            return 1;
        compare(&b);
        for (int t = 0; t < TURNS; t++)
            for (int k = 0; k < 2; k++)
                times[k][t] = turn(&b, k);
        qsort(times[0], TURNS, sizeof(double), ascending);
        qsort(times[1], TURNS, sizeof(double), ascending);
        double ours = times[0][TURNS / 2], theirs = times[1][TURNS / 2];
        printf("%s %zu %.1f %.1f %.2f\n", mlp_file_name(argv[2]), b.rows, ours, theirs,
               theirs / ours);
        free(b.pool);
    }
    mlp_ort_close(b.ort);
    mlp_net_run_fini(&b.run);
    mlp_arena_fini(&b.arena);
    mlp_arena_fini(&b.theirs);
    return 0;
}
