/* onnxcheck CASE...: runs ONNX backend node tests (folders with model.onnx and test_data_set_*)
 * and prints "passed|refused|wrong CASE reason" for each. Equal means what onnx's own runner says:
 * within 1e-7 + 1e-3 of the expected value; whole numbers and texts exactly. A float may also be
 * off by the rounding of the tensor's largest number: what is left where a sum cancels is noise. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "net/net.h"

#define MAX_VALUES 64
#define MAX_BYTES ((size_t)1 << 28)

static enum mlp_code read_file(const char *path, struct mlp_buf *b, struct mlp_err *e)
{
    mlp_buf_init(b, MAX_BYTES);
    return mlp_file_read(path, b, e);
}

/* 1: read; 0: there is no such file; -1: it is no tensor that is understood. */
static int read_value(const char *set, const char *what, size_t i, struct mlp_arena *a,
                      const struct mlp_onnx_value *v, struct mlp_tensor *t)
{
    char path[4096];
    struct mlp_buf b;
    struct mlp_err e;
    mlp_err_init(&e);
    snprintf(path, sizeof(path), "%s/%s_%zu.pb", set, what, i);
    int result = read_file(path, &b, &e) ? 0 : 1;
    if (result && mlp_onnx_parse_value(t, a, v, mlp_buf_str(&b), &e))
        result = -1;
    mlp_buf_fini(&b);
    return result;
}

static bool close_enough(double want, double got, double noise)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    return want == got || fabs(want - got) <= fmax(noise, 1e-7 + 1e-3 * fabs(want));
}

static double noise_of(const struct mlp_tensor *t)
{
    double most = 0;
    for (size_t i = 0; t->type == MLP_DT_FLOAT && i < t->n; i++)
        if (isfinite(t->f32[i]))
            most = fmax(most, fabs((double)t->f32[i]));
    return most * (double)FLT_EPSILON;
}

static bool same_element(const struct mlp_tensor *want, const struct mlp_tensor *got, size_t i,
                         double noise)
{
    if (want->type == MLP_DT_STRING)
        return mlp_str_eq(want->str[i], got->str[i]);
    if (want->type == MLP_DT_FLOAT || want->type == MLP_DT_DOUBLE ||
        want->type == MLP_DT_FLOAT16 || want->type == MLP_DT_BFLOAT16)
        return close_enough(mlp_tensor_number(want, i), mlp_tensor_number(got, i), noise);
    return mlp_tensor_integer(want, i) == mlp_tensor_integer(got, i);
}

static bool same(const struct mlp_tensor *want, const struct mlp_tensor *got, char *why, size_t n)
{
    if (want->type == MLP_DT_SEQUENCE && got->type == want->type && got->n == want->n) {
        for (size_t i = 0; i < want->n; i++)
            if (!same(&want->items[i], &got->items[i], why, n))
                return false;
        return true;
    }
    snprintf(why, n, "type %s, %s expected; %zu elements, %zu expected", mlp_dtype_name(got->type),
             mlp_dtype_name(want->type), got->n, want->n);
    if (want->type != got->type || !mlp_tensor_same_shape(want, got))
        return false;
    double noise = noise_of(want);
    for (size_t i = 0; i < want->n; i++)
        if (!same_element(want, got, i, noise)) {
            snprintf(why, n, "element %zu: %.9g, expected %.9g", i, mlp_tensor_number(got, i),
                     mlp_tensor_number(want, i));
            return false;
        }
    return true;
}

static const char *run_set(const struct mlp_net *net, const char *set, struct mlp_arena *a,
                           char *why, size_t size)
{
    struct mlp_tensor in[MAX_VALUES], out[MAX_VALUES], want;
    struct mlp_net_run r;
    struct mlp_err e;
    const char *verdict = "passed";
    mlp_err_init(&e);
    for (size_t i = 0; i < mlp_net_ninputs(net); i++)
        if (read_value(set, "input", i, a, mlp_net_input(net, i), &in[i]) != 1) {
            snprintf(why, size, "input %zu is no value of its type", i);
            return "refused";
        }
    if (mlp_net_run_init(&r, net, MAX_BYTES, &e) || mlp_net_run(&r, in, out, &e)) {
        snprintf(why, size, "%s", e.message);
        verdict = "refused";
    }
    for (size_t i = 0; !e.code && i < mlp_net_noutputs(net); i++)
        if (read_value(set, "output", i, a, mlp_net_output(net, i), &want) != 1 ||
            !same(&want, &out[i], why, size)) {
            verdict = "wrong";
            break;
        }
    mlp_net_run_fini(&r);
    return verdict;
}

static const char *run_case(const char *folder, char *why, size_t size)
{
    char path[4096];
    struct mlp_arena a;
    struct mlp_buf b;
    struct mlp_err e;
    struct mlp_onnx_model m;
    struct mlp_net *net;
    const char *verdict = "refused";
    mlp_err_init(&e);
    mlp_arena_init(&a, MAX_BYTES);
    snprintf(path, sizeof(path), "%s/model.onnx", folder);
    if (read_file(path, &b, &e) || mlp_onnx_parse(&m, &a, mlp_buf_str(&b), &e) ||
        mlp_net_load(&m, &a, &net, &e)) {
        snprintf(why, size, "%s", e.message);
    } else if (mlp_net_ninputs(net) <= MAX_VALUES && mlp_net_noutputs(net) <= MAX_VALUES) {
        snprintf(path, sizeof(path), "%s/test_data_set_0", folder);
        verdict = run_set(net, path, &a, why, size);
    }
    mlp_buf_fini(&b);
    mlp_arena_fini(&a);
    return verdict;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char why[700] = "";
        const char *verdict = run_case(argv[i], why, sizeof(why));
        const char *name = strrchr(argv[i], '/');
        printf("%s\t%s\t%s\n", verdict, name ? name + 1 : argv[i],
               strcmp(verdict, "passed") ? why : "");
    }
    return 0;
}
