/* The option --runtime of the verbs that run models. */
#include "verbs.h"

#include "base/os.h"

enum mlp_code serve_runtime(const char *value, const char **library, struct mlp_err *e)
{
    struct mlp_str rest = mlp_str_from(value), name;
    const char *env = mlp_os_env("MLP_ONNXRUNTIME");
    *library = NULL;
    mlp_str_split(&rest, ':', &name);
    if (mlp_str_is(name, "built-in") && !strchr(value, ':'))
        return MLP_OK;
    if (!mlp_str_is(name, "onnxruntime")) {
        mlp_err_set(e, MLP_EUSAGE, "there is no runtime \"%.100s\"", value);
        return mlp_err_hint(e, "it is built-in, onnxruntime or "
                               "onnxruntime:/path/to/libonnxruntime.so");
    }
    *library = rest.n ? rest.p : env ? env : "";
    return MLP_OK;
}
