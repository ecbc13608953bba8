/* loader.h: what lies between a file's bytes and a model: one loader a format. */
#ifndef MLP_MODEL_LOADER_H
#define MLP_MODEL_LOADER_H

#include "base/buf.h"
#include "model/explain.h"

/* A model: everything below lives in the arena. position[i] is the graph's input column of the
 * model's input i. */
struct mlp_model {
    struct mlp_arena arena;
    struct mlp_graph graph;
    struct mlp_model_info info;
    struct mlp_output outputs[MLP_MAX_OUTPUTS + 1];
    struct mlp_explain *explain; /* the last output, or NULL */
    const uint32_t *position;
    int predict, proba;          /* outputs of these names, or -1 */
    size_t block;                /* rows that run at once */
    void *engine;                /* somebody else's that runs the graph, or NULL */
    void (*engine_free)(void *engine);
};

/* What a loader works on. bytes are plain; they and tmp go when loading ends. codec is the name of
 * the compression ("zlib") or "". */
struct mlp_load {
    struct mlp_model *m;
    struct mlp_arena *tmp;
    struct mlp_str bytes;
    const char *codec;
    bool explain;                /* keep what contributions need (explain.h) */
    const char *onnxruntime;     /* library to run ONNX models with, or NULL (model.h) */
    struct mlp_err *e;
};

/* Fills graph (initialised with the number of inputs, outputs added), graph.names, info.format,
 * version, estimator, named, globals. */
enum mlp_code mlp_load_pickle(struct mlp_load *l);
enum mlp_code mlp_load_skops(struct mlp_load *l);
enum mlp_code mlp_load_xgboost_json(struct mlp_load *l);
enum mlp_code mlp_load_xgboost_ubjson(struct mlp_load *l);
enum mlp_code mlp_load_xgboost_binary(struct mlp_load *l);
enum mlp_code mlp_load_catboost(struct mlp_load *l);
enum mlp_code mlp_load_lightgbm(struct mlp_load *l);
enum mlp_code mlp_load_onnx(struct mlp_load *l);

/* The n classes that a label of the network is chosen from, in the order of its n probabilities;
 * *classes is NULL where the file does not tell. */
struct mlp_onnx_graph;
struct mlp_onnx_value;
enum mlp_code mlp_onnx_classes(struct mlp_load *l, const struct mlp_onnx_graph *g,
                               const struct mlp_onnx_value *label, size_t n,
                               const struct mlp_labels **classes);

/* Fills info.details with what an ONNX file tells of itself. */
struct mlp_onnx_model;
enum mlp_code mlp_onnx_details(struct mlp_load *l, const struct mlp_onnx_model *m);

/* What the readers of scikit-learn's files share: checks the globals that values name, lowers the
 * root and describes it. code is how reading the values ended: a damaged file that names what no
 * model does is refused for the name. */
struct mlp_pickle;
enum mlp_code mlp_load_values(struct mlp_load *l, const struct mlp_pickle *values,
                              enum mlp_code code, const char *format);

/* The model's graph, over ninputs columns. */
enum mlp_code mlp_load_graph(struct mlp_load *l, size_t ninputs);

/* A formatted text in the model's arena; empty without memory. */
struct mlp_str mlp_load_text(struct mlp_load *l, const char *fmt, ...) MLP_PRINTF(2, 3);

/* Names of inputs that have none: x0, x1, ... NULL without memory. */
struct mlp_str *mlp_load_numbered(struct mlp_load *l, size_t n);

#endif
