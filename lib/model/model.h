/* model.h: loading what people saved, and predicting with it.
 *
 * Every loader (scikit-learn pickle or joblib, XGBoost JSON, ...) lowers into one typed graph over
 * named columns; one engine runs it, row by row or in batches. A loader never runs the file's
 * code: what it does not know it refuses by name. */
#ifndef MLP_MODEL_MODEL_H
#define MLP_MODEL_MODEL_H

#include "base/arena.h"
#include "table/table.h"
#include "text/doc.h"

enum mlp_input_type { MLP_INPUT_NUMBER, MLP_INPUT_TEXT };

/* A feature that the model wants, in its order. */
struct mlp_input {
    struct mlp_str name;
    enum mlp_input_type type;
};

enum mlp_task { MLP_TASK_REGRESSION, MLP_TASK_BINARY, MLP_TASK_MULTICLASS, MLP_TASK_TRANSFORM };

/* A list that only some formats have, for inspect: "opsets": "ai.onnx 17", "ai.onnx.ml 3". */
struct mlp_detail {
    struct mlp_str name;
    size_t n;
    const struct mlp_str *items;
};

/* What a model is. All arrays live as long as the model. */
struct mlp_model_info {
    struct mlp_str format;       /* "scikit-learn joblib", "XGBoost JSON" */
    struct mlp_str version;      /* of the library that wrote it, or empty */
    struct mlp_str estimator;    /* "Pipeline(ColumnTransformer, HistGradientBoostingClassifier)" */
    enum mlp_task task;
    size_t ninputs;
    const struct mlp_input *inputs;
    size_t nclasses;             /* 0 for regression */
    const struct mlp_str *classes; /* as text, in the model's order */
    bool classes_are_text;       /* else they print as numbers or booleans */
    bool has_proba;              /* the classifier gives probabilities */
    bool named;                  /* inputs have the names of the training data, else x0, x1, ... */
    size_t nsteps;               /* nodes of the graph, for inspect */
    const struct mlp_str *steps; /* one line each: "trees: HistGradientBoosting, 100 trees, ..." */
    size_t nglobals;             /* every GLOBAL of a pickle, for inspect */
    const struct mlp_str *globals;
    size_t ndetails;             /* of an ONNX file: tensors, operators, weights */
    struct mlp_detail *details;
    size_t bytes;                /* memory of the loaded model */
};

struct mlp_model;

struct mlp_model_limits {
    size_t file_bytes;           /* 0: 2 GiB */
    size_t memory_bytes;         /* 0: 4 GiB */
    bool explain;                /* keep what contributions need: they become one more output,
                                    "contribution" (explain.h); refused where they do not add up */
    const char *onnxruntime;     /* ONNX models are run by this library of ONNX Runtime ("": the
                                    system's); NULL: by our own engine. Borrowed while opening */
};

/* Loads path. Unknown classes are MLP_EINPUT with dotted name, byte offset and place in the
 * pipeline, and a hint. limits may be NULL. */
enum mlp_code mlp_model_open(const char *path, const struct mlp_model_limits *limits,
                             struct mlp_model **m, struct mlp_err *e);
/* The same from memory (a package's layer), which may be freed after. */
enum mlp_code mlp_model_open_mem(struct mlp_str bytes, const char *source,
                                 const struct mlp_model_limits *limits, struct mlp_model **m,
                                 struct mlp_err *e);
void mlp_model_free(struct mlp_model *m);
const struct mlp_model_info *mlp_model_info(const struct mlp_model *m);

/* Name of the i-th class that is read from pickles (in the order of the readers), or NULL past the
 * last. */
const char *mlp_model_class(size_t i);

/* Features of some rows, column-major: for input i, numbers[i][r] (NaN missing) when it is a
 * NUMBER, texts[i][r] (p NULL missing) when it is TEXT; the other pointer may be NULL. */
struct mlp_frame {
    size_t nrows;
    double *const *numbers;
    struct mlp_str *const *texts;
};

/* Results for some rows, row-major, memory of the caller. label: class index, or -1 for
 * regression. proba: nrows * nclasses, may be NULL. value: the prediction of a regression, may be
 * NULL for classifiers. */
struct mlp_result {
    double *proba;
    double *value;
    int32_t *label;
};

/* Scratch memory of one thread: made once, used for every call with up to max_rows rows, so that
 * predicting does not allocate. */
struct mlp_work;
enum mlp_code mlp_work_new(const struct mlp_model *m, size_t max_rows, struct mlp_work **w,
                           struct mlp_err *e);
void mlp_work_free(struct mlp_work *w);

/* Predicts frame->nrows <= max_rows rows. Thread-safe over one model with a work each. */
enum mlp_code mlp_model_predict(const struct mlp_model *m, struct mlp_work *w,
                                const struct mlp_frame *frame, const struct mlp_result *result,
                                struct mlp_err *e);

/* Row of the frame that the last failed predict could not answer (a missing value where the model
 * takes none, a category that it does not know). */
size_t mlp_work_bad_row(const struct mlp_work *w);

/* Everything that the model can tell of a row, as the library's own methods name it: predict,
 * proba, decision, score, transform, margin, raw, leaf; and contribution of a model that was
 * opened for it. */
enum mlp_output_kind { MLP_OUTPUT_F64, MLP_OUTPUT_F32, MLP_OUTPUT_INT, MLP_OUTPUT_LABEL };
struct mlp_output {
    struct mlp_str name;
    enum mlp_output_kind kind;
    size_t width;                     /* values a row */
    const struct mlp_str *columns;    /* name of each: "predict", "proba.0", "leaf.3" */
    const struct mlp_str *const *labels; /* of kind LABEL: texts by index, for each column */
};
const struct mlp_output *mlp_model_outputs(const struct mlp_model *m, size_t *n);

/* As mlp_model_predict, for the outputs whose bit is set in `which`: out[i] has room for
 * nrows * width values, row-major; of others it is not looked at. Labels are class indices. */
enum mlp_code mlp_model_predict_outputs(const struct mlp_model *m, struct mlp_work *w,
                                        const struct mlp_frame *frame, uint32_t which,
                                        double *const *out, struct mlp_err *e);

/* Prints value v of column c of an output as the library's users know it: a label's text, the
 * shortest digits of its float type, an integer. */
void mlp_output_print(const struct mlp_output *o, size_t c, double v, struct mlp_buf *b);

/* Binds a table's columns to the model's inputs: map[i] is the column of input i. A missing
 * column is MLP_EINPUT that names it, with the nearest header as a hint. A model that was trained
 * without column names takes the table's columns in order when they are as many; skip (one a
 * column of the table, may be NULL) marks those that are no features. */
enum mlp_code mlp_model_bind(const struct mlp_model *m, const struct mlp_table *t,
                             const bool *skip, int *map, struct mlp_err *e);

/* A frame from a batch, in the batch's arena. Text where a number is wanted is MLP_EINPUT with
 * line and column name. */
enum mlp_code mlp_model_frame(const struct mlp_model *m, const struct mlp_batch *b, const int *map,
                              struct mlp_frame *frame, struct mlp_err *e);

/* Signature as JSON: {"inputs":[{"name","type"}],"classes":[...],"task":...}. */
void mlp_model_signature(const struct mlp_model *m, struct mlp_buf *out);

#endif
