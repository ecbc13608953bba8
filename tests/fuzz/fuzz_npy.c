/* The arrays of a pickle, whatever holds them: every element is read in every way. */
#include "model/ndarray.h"
#include "model/pickle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_array(const struct mlp_value *v, struct mlp_arena *a)
{
    struct mlp_nd nd;
    struct mlp_err e;
    struct mlp_column c;
    mlp_err_init(&e);
    if (mlp_nd_read(v, a, &nd, &e))
        return;
    size_t n = nd.count < 4096 ? nd.count : 4096;
    for (size_t i = 0; i < n; i++) {
        bool ok;
        mlp_nd_f64(&nd, i, &ok);
        mlp_nd_i64(&nd, i, &ok);
        mlp_nd_text(&nd, i, a);
    }
    for (size_t f = 0; f < nd.type.nfields; f++) {
        char name[64];
        if (!mlp_str_copy(nd.type.fields[f].name, name, sizeof name) ||
            !mlp_nd_field(&nd, name, &c))
            continue;
        for (size_t i = 0; i < n; i++) {
            mlp_column_f64(&c, i);
            mlp_column_i64(&c, i);
        }
    }
}

/* Arrays directly below the root, and one level deeper. */
static void walk(const struct mlp_value *v, struct mlp_arena *a, unsigned depth)
{
    double d;
    struct mlp_str s;
    mlp_value_f64(v, &d);
    mlp_value_bytes(v, a, &s);
    read_array(v, a);
    if (depth == 0 || !v)
        return;
    if (v->type == MLP_VALUE_OBJECT) {
        walk(v->u.object->args, a, depth - 1);
        walk(v->u.object->state, a, depth - 1);
        return;
    }
    for (size_t i = 0; i < mlp_value_count(v) && i < 16; i++)
        walk(v->u.list.p[i], a, depth - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_arena a;
    struct mlp_pickle p;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_arena_init(&a, (size_t)64 << 20);
    enum mlp_code code = mlp_pickle_read(&p, &a, (struct mlp_str){(const char *)data, size}, &e);
    if (!code)
        walk(p.root, &a, 4);
    mlp_pickle_fini(&p);
    mlp_arena_fini(&a);
    return 0;
}
