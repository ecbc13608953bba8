/* Messages of the gRPC inference service: whatever the bytes say, views lie inside of them, and as
 * many elements are there as were counted. */
#include "serve/grpc_wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct mlp_str s, const char *p, size_t n)
{
    if (s.n && (s.p < p || s.p + s.n > p + n))
        abort();
}

static void look(const struct mlp_tensor *t, const char *p, size_t n)
{
    double sum = 0;
    inside(t->name, p, n);
    inside(t->raw, p, n);
    if (t->rank > MLP_TENSOR_RANK || (t->numbers && t->texts))
        abort();
    for (size_t i = 0; t->numbers && i < t->count; i++)
        sum += t->numbers[i];
    for (size_t i = 0; t->texts && i < t->count; i++)
        inside(t->texts[i], p, n);
    if (sum > 0 && t->raw.n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_grpc_request r;
    struct mlp_grpc_names names;
    struct mlp_arena arena;
    struct mlp_err e;
    char *p = malloc(size + 1);
    memcpy(p, data, size);
    mlp_err_init(&e);
    if (mlp_grpc_read_names((struct mlp_str){p, size}, &names, &e) == MLP_OK)
        for (size_t i = 0; i < 3; i++)
            inside(names.text[i], p, size);
    mlp_err_init(&e);
    mlp_arena_init(&arena, 4u << 20);
    if (mlp_grpc_read_infer((struct mlp_str){p, size}, &arena, &r, &e) == MLP_OK) {
        for (size_t i = 0; i < r.in.n; i++)
            if (!r.raw)
                look(&r.in.tensor[i], p, size);
        for (size_t i = 0; i < r.noutputs; i++)
            inside(r.outputs[i], p, size);
    } else if (!e.message[0]) {
        abort();
    }
    mlp_arena_fini(&arena);
    free(p);
    return 0;
}
