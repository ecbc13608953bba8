/* trees FOLDER NAME MODEL ORT: one turn of the engines that are called from C, over the models of
 * train_trees.py: the model as its library saved it by us, NAME.onnx by ONNX Runtime's library
 * ORT, NAME.so as treelite compiled it. Prints "engine what nanoseconds-a-row" lines.
 * trees MODEL: loads it. Prints milliseconds, bytes of its packed trees, of the model, and how much
 * the process grew.
 *
 * Rows vary: one repeated row flatters trees. One thread is timed by its CPU time; two by the
 * clock. Peers get their own form of the rows, made before. */
#include "base/os.h"
#include "base/thread.h"
#include "model/loader.h"
#include "model/ops.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES 30
#define ROWS 100000
#define SINGLE 10000
#define BLOCK 1000
#define TURNS 7
#define CLASSES 2

struct bench {
    const char *folder, *name;
    float *rows;                 /* ROWS * FEATURES */
    double *columns[FEATURES];   /* of ROWS */
    double *proba;               /* ROWS * CLASSES: ours */
    struct mlp_model *m;
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "trees: %s: %s\n", what, why);
    exit(1);
}

static void check(enum mlp_code code, const struct mlp_err *e)
{
    if (!code)
        return;
    mlp_err_print(e, "trees", stderr);
    exit(1);
}

static void *room(size_t n, size_t size)
{
    void *p = calloc(n, size);
    if (!p)
        fail("memory", "there is none");
    return p;
}

static void told(const char *engine, const char *what, double ns)
{
    printf("%s %s %.1f\n", engine, what, ns);
}

static const char *path_of(const struct bench *b, const char *ending, char *path, size_t n)
{
    snprintf(path, n, "%s/%s%s", b->folder, b->name, ending);
    return path;
}

static const struct mlp_forest *forest_of(const struct mlp_model *m)
{
    for (size_t i = 2; i < m->graph.nodes.n; i++) {
        const struct mlp_gnode *n = mlp_vec_at(&m->graph.nodes, i);
        if (n->op == &mlp_op_trees)
            return ((const struct mlp_trees *)n->params)->forest;
    }
    fail("the model", "has no trees");
}

static void read_rows(struct bench *b)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/rows.f32", b->folder);
    FILE *in = fopen(path, "rbe");
    b->rows = room((size_t)ROWS * FEATURES, sizeof *b->rows);
    b->proba = room((size_t)ROWS * CLASSES, sizeof *b->proba);
    if (!in || fread(b->rows, sizeof *b->rows * FEATURES, ROWS, in) != ROWS)
        fail(path, "cannot be read");
    fclose(in);
    for (size_t i = 0; i < FEATURES; i++) {
        b->columns[i] = room(ROWS, sizeof(double));
        for (size_t r = 0; r < ROWS; r++)
            b->columns[i][r] = (double)b->rows[r * FEATURES + i];
    }
}

/* --- ours --- */

/* Rows [from, to) in blocks. */
static void predict(const struct bench *b, struct mlp_work *w, size_t block, size_t from, size_t to)
{
    struct mlp_err e;
    double *columns[FEATURES];
    int32_t label[BLOCK];
    mlp_err_init(&e);
    for (size_t at = from; at < to; at += block) {
        for (size_t i = 0; i < FEATURES; i++)
            columns[i] = b->columns[i] + at;
        struct mlp_frame frame = {to - at < block ? to - at : block, columns, NULL};
        struct mlp_result result = {b->proba + at * CLASSES, NULL, label};
        check(mlp_model_predict(b->m, w, &frame, &result, &e), &e);
    }
}

static double time_ours(const struct bench *b, size_t block, size_t n)
{
    struct mlp_err e;
    struct mlp_work *w;
    mlp_err_init(&e);
    check(mlp_work_new(b->m, block, &w, &e), &e);
    predict(b, w, block, 0, BLOCK);
    uint64_t start = mlp_os_cpu_ns();
    predict(b, w, block, 0, n);
    double ns = (double)(mlp_os_cpu_ns() - start) / (double)n;
    mlp_work_free(w);
    return ns;
}

/* Pieces of a batch, taken by threads. */
struct pieces {
    const struct bench *b;
    struct mlp_work *work[ROWS / BLOCK];
};

static void predict_piece(void *ctx, size_t i)
{
    const struct pieces *p = ctx;
    predict(p->b, p->work[i], BLOCK, i * BLOCK, (i + 1) * BLOCK);
}

static double time_threads(struct pieces *p, unsigned threads)
{
    uint64_t start = mlp_os_monotonic_ns();
    mlp_parallel_for(ROWS / BLOCK, threads, predict_piece, p);
    return (double)(mlp_os_monotonic_ns() - start) / ROWS;
}

/* One thread and two in turns; the best of each, since a busy machine only adds. */
static void bench_threads(const struct bench *b)
{
    struct pieces p = {.b = b};
    struct mlp_err e;
    double best[2] = {INFINITY, INFINITY};
    mlp_err_init(&e);
    for (size_t i = 0; i < ROWS / BLOCK; i++)
        check(mlp_work_new(b->m, BLOCK, &p.work[i], &e), &e);
    for (unsigned turn = 0; turn < 2 * TURNS; turn++)
        best[turn % 2] = fmin(best[turn % 2], time_threads(&p, turn % 2 + 1));
    for (size_t i = 0; i < ROWS / BLOCK; i++)
        mlp_work_free(p.work[i]);
    told("mlp", "wall1", best[0]);
    told("mlp", "wall2", best[1]);
}

/* The trees alone with AVX2, for processors that have no more: rows as the graph hands them on. */
static void bench_avx2(const struct bench *b)
{
    const struct mlp_forest *f = forest_of(b->m);
    size_t k = f->spec.noutputs;
    double *x = room((size_t)ROWS * FEATURES, sizeof *x), *out = room(ROWS * k, sizeof *out);
    void *scratch = aligned_alloc(64, (mlp_forest_scratch(f, BLOCK) + 63) & ~(size_t)63);
    if (!scratch)
        fail("memory", "there is none");
    for (size_t i = 0; i < (size_t)ROWS * FEATURES; i++)
        x[i] = (double)b->rows[i];
    uint64_t start = mlp_os_cpu_ns();
    for (size_t r = 0; r < ROWS; r += BLOCK) {
        struct mlp_forest_call c = {.rows = BLOCK, .x = x + r * FEATURES, .ldx = FEATURES,
                                    .out = out + r * k, .ldout = k, .scratch = scratch,
                                    .isa = MLP_FOREST_AVX2};
        mlp_forest_run(f, &c);
    }
    told("mlp-avx2", "batch", (double)(mlp_os_cpu_ns() - start) / ROWS);
    free(scratch);
    free(out);
    free(x);
}

static void bench_ours(struct bench *b, const char *model)
{
    char path[4096];
    struct mlp_err e;
    mlp_err_init(&e);
    snprintf(path, sizeof path, "%s/%s", b->folder, model);
    check(mlp_model_open(path, NULL, &b->m, &e), &e);
    told("mlp", "single", time_ours(b, 1, SINGLE));
    told("mlp", "batch", time_ours(b, BLOCK, ROWS));
    bench_avx2(b);
    bench_threads(b);
    mlp_model_free(b->m);
}

/* Answers of a peer must be ours, but for a row in a hundred: a float32 copy of a float64 threshold
 * sends some values that meet it the other way. */
static void same(const struct bench *b, const char *engine, const double *positive, size_t n)
{
    size_t others = 0;
    for (size_t r = 0; r < n; r++)
        others += !(fabs(positive[r] - b->proba[r * CLASSES + 1]) < 1e-5);
    if (others > n / 100)
        fail(engine, "other answers than ours");
}

/* --- ONNX Runtime, whose API is an append-only table of functions (onnxruntime_c_api.h) --- */

enum { ORT_MESSAGE = 2, ORT_ENV = 3, ORT_SESSION = 7, ORT_RUN = 9, ORT_OPTIONS = 10,
       ORT_THREADS = 24, ORT_TENSOR = 49, ORT_DATA = 51, ORT_MEMORY = 69, ORT_FREE_VALUE = 96 };
#define ORT_API_VERSION 17

struct ort_base {
    const void *const *(*api)(uint32_t version);
    const char *(*version)(void);
};

struct ort {
    const void *const *api;
    void *env, *options, *session, *memory;
};

#define CALL(o, at, ...) ((void *(*)(__VA_ARGS__))(uintptr_t)(o)->api[at])

static void good(const struct ort *o, void *status)
{
    if (status)
        fail("ONNX Runtime", ((const char *(*)(void *))(uintptr_t)o->api[ORT_MESSAGE])(status));
}

static void ort_open(struct ort *o, const char *library, const char *model)
{
    void *so = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        fail(library, dlerror());
    const struct ort_base *base =
        ((const struct ort_base *(*)(void))(uintptr_t)dlsym(so, "OrtGetApiBase"))();
    o->api = base->api(ORT_API_VERSION);
    if (!o->api)
        fail(library, "too old");
    good(o, CALL(o, ORT_ENV, int, const char *, void **)(3, "bench", &o->env));
    good(o, CALL(o, ORT_OPTIONS, void **)(&o->options));
    good(o, CALL(o, ORT_THREADS, void *, int)(o->options, 1));
    good(o, CALL(o, ORT_SESSION, void *, const char *, void *, void **)(o->env, model, o->options,
                                                                        &o->session));
    good(o, CALL(o, ORT_MEMORY, int, int, void **)(1, 0, &o->memory));
}

static void ort_predict(const struct ort *o, float *x, size_t n, double *positive)
{
    static const char *const in[] = {"x"}, *const out[] = {"probabilities"};
    void *tensor, *result = NULL;
    float *p;
    int64_t shape[2] = {(int64_t)n, FEATURES};
    good(o, CALL(o, ORT_TENSOR, void *, void *, size_t, const int64_t *, size_t, int, void **)(
                o->memory, x, n * FEATURES * sizeof *x, shape, 2, 1, &tensor));
    const void *ins[] = {tensor};
    good(o, CALL(o, ORT_RUN, void *, void *, const char *const *, const void *const *, size_t,
                 const char *const *, size_t, void **)(o->session, NULL, in, ins, 1, out, 1,
                                                       &result));
    good(o, CALL(o, ORT_DATA, void *, void **)(result, (void **)&p));
    for (size_t r = 0; r < n; r++)
        positive[r] = (double)p[r * CLASSES + 1];
    ((void (*)(void *))(uintptr_t)o->api[ORT_FREE_VALUE])(result);
    ((void (*)(void *))(uintptr_t)o->api[ORT_FREE_VALUE])(tensor);
}

static void bench_ort(const struct bench *b, const char *library, double *positive)
{
    char path[4096];
    struct ort o;
    ort_open(&o, library, path_of(b, ".onnx", path, sizeof path));
    ort_predict(&o, b->rows, BLOCK, positive);
    uint64_t start = mlp_os_cpu_ns();
    for (size_t r = 0; r < SINGLE; r++)
        ort_predict(&o, b->rows + r * FEATURES, 1, positive + r);
    told("onnxruntime", "single", (double)(mlp_os_cpu_ns() - start) / SINGLE);
    same(b, "ONNX Runtime", positive, SINGLE);
    start = mlp_os_cpu_ns();
    ort_predict(&o, b->rows, ROWS, positive);
    told("onnxruntime", "batch", (double)(mlp_os_cpu_ns() - start) / ROWS);
    same(b, "ONNX Runtime", positive, ROWS);
}

/* --- treelite --- */

union entry32 {
    int missing;
    float value;
};
union entry64 {
    int missing;
    double value;
};

/* Whatever the types, the call looks the same. */
struct compiled {
    void (*predict)(void *entries, int margin, void *result);
    bool wide_entries, wide_result;
    size_t outputs;
    char *entries;
};

static void *symbol(void *so, const char *name)
{
    void *p = dlsym(so, name);
    if (!p)
        fail(name, dlerror());
    return p;
}

static bool is_wide(void *so, const char *function)
{
    const char *(*type)(void) = (const char *(*)(void))(uintptr_t)symbol(so, function);
    return strcmp(type(), "float64") == 0;
}

static void open_compiled(const struct bench *b, struct compiled *t)
{
    char path[4096];
    void *so = dlopen(path_of(b, ".so", path, sizeof path), RTLD_NOW | RTLD_LOCAL);
    if (!so)
        fail(path, dlerror());
    t->predict = (void (*)(void *, int, void *))(uintptr_t)symbol(so, "predict");
    t->wide_entries = is_wide(so, "get_threshold_type");
    t->wide_result = is_wide(so, "get_leaf_output_type");
    int32_t classes[1] = {0};
    ((void (*)(int32_t *))(uintptr_t)symbol(so, "get_num_class"))(classes);
    t->outputs = classes[0] > 1 ? 2 : 1;
    t->entries = room((size_t)SINGLE * FEATURES, sizeof(double));
    for (size_t i = 0; i < (size_t)SINGLE * FEATURES; i++)
        if (t->wide_entries)
            ((union entry64 *)(void *)t->entries)[i].value = (double)b->rows[i];
        else
            ((union entry32 *)(void *)t->entries)[i].value = b->rows[i];
}

static void bench_treelite(const struct bench *b, double *positive)
{
    struct compiled t;
    open_compiled(b, &t);
    size_t each = FEATURES * (t.wide_entries ? sizeof(union entry64) : sizeof(union entry32));
    uint64_t start = mlp_os_cpu_ns();
    for (size_t r = 0; r < SINGLE; r++) {
        double wide[CLASSES] = {0};
        float narrow[CLASSES] = {0};
        t.predict(t.entries + r * each, 0, t.wide_result ? (void *)wide : (void *)narrow);
        positive[r] = t.wide_result ? wide[t.outputs - 1] : (double)narrow[t.outputs - 1];
    }
    told("treelite", "single", (double)(mlp_os_cpu_ns() - start) / SINGLE);
    same(b, "treelite", positive, SINGLE);
    free(t.entries);
}

/* --- loading --- */

static size_t packed_bytes(const struct mlp_forest *f)
{
    size_t node = f->n8 ? sizeof(struct mlp_node8) : sizeof(struct mlp_node16);
    size_t value = f->value32 ? sizeof(float) : sizeof(double);
    return f->nnodes * (node + (f->code ? sizeof *f->code : f->spec.value_width * value));
}

static long resident(void)
{
    long total, pages = 0;
    FILE *in = fopen("/proc/self/statm", "re");
    if (!in || fscanf(in, "%ld %ld", &total, &pages) != 2)
        fail("/proc/self/statm", "cannot be read");
    fclose(in);
    return pages * 4096;
}

static int bench_load(const char *path)
{
    struct mlp_err e;
    struct mlp_model *m;
    long before = resident();
    mlp_err_init(&e);
    uint64_t start = mlp_os_cpu_ns();
    check(mlp_model_open(path, NULL, &m, &e), &e);
    double ms = (double)(mlp_os_cpu_ns() - start) / 1e6;
    printf("%.1f %zu %zu %ld\n", ms, packed_bytes(forest_of(m)), mlp_model_info(m)->bytes,
           resident() - before);
    mlp_model_free(m);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return bench_load(argv[1]);
    if (argc != 5) {
        fputs("usage: trees FOLDER NAME MODEL ORT | trees MODEL\n", stderr);
        return 2;
    }
    struct bench b = {.folder = argv[1], .name = argv[2]};
    read_rows(&b);
    double *positive = room(ROWS, sizeof *positive);
    bench_ours(&b, argv[3]);
    bench_ort(&b, argv[4], positive);
    bench_treelite(&b, positive);
    return 0;
}
