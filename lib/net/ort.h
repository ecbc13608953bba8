/* ort.h: ONNX models run by ONNX Runtime, a shared library that is loaded when asked for.
 *
 * Nothing of it is needed to build: its C API is a table of functions to which versions only
 * append (onnxruntime_c_api.h, struct OrtApi), declared in ort.c as far as it is used. A session
 * runs on the thread that calls, with no threads of its own. The library reads the model itself,
 * in this process: neither our reader's caution nor our limits of memory bind it. */
#ifndef MLP_NET_ORT_H
#define MLP_NET_ORT_H

#include "net/onnx.h"

struct mlp_ort;

/* A session over a model: m is what mlp_onnx_parse made of bytes, and must live as long. library
 * is a path, or "" for the system's libonnxruntime.so. MLP_ENOTFOUND with what to install when
 * there is none; MLP_EINPUT with ONNX Runtime's own words when it refuses the model. Owned: freed
 * by mlp_ort_close. */
enum mlp_code mlp_ort_open(const char *library, const struct mlp_onnx_model *m,
                           struct mlp_str bytes, struct mlp_ort **ort, struct mlp_err *e);
/* NULL is fine. The library stays loaded. */
void mlp_ort_close(struct mlp_ort *ort);

/* Inputs that a caller must give (initializers left out) and outputs, as of net.h. Borrowed from
 * the model. */
size_t mlp_ort_ninputs(const struct mlp_ort *ort);
size_t mlp_ort_noutputs(const struct mlp_ort *ort);
const struct mlp_onnx_value *mlp_ort_input(const struct mlp_ort *ort, size_t i);
const struct mlp_onnx_value *mlp_ort_output(const struct mlp_ort *ort, size_t i);

/* As mlp_net_run: in has ninputs tensors, out gets noutputs whose data lie in the arena. Maps of
 * ZipMap become rows of floats in the order of its classes, as our own engine has them. Thread-safe
 * over one session with an arena each. */
enum mlp_code mlp_ort_run(const struct mlp_ort *ort, const struct mlp_tensor *in,
                          struct mlp_tensor *out, struct mlp_arena *a, struct mlp_err *e);

#endif
