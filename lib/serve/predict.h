/* predict.h: a request's body in, the answer's JSON out.
 *
 * One row:   {"prediction": X, "probabilities": {"CLASS": P, ...}}
 * A list:    {"predictions": [X, ...]}, with "probabilities": [{...}, ...] when asked for.
 * X is the class as the model knows it (text, number or truth value), or the value of a
 * regression. What is not finite is null: JSON has no word for it. */
#ifndef MLP_SERVE_PREDICT_H
#define MLP_SERVE_PREDICT_H

#include "base/vec.h"
#include "serve/rows.h"

enum mlp_wish { MLP_WISH_USUAL, MLP_WISH_YES, MLP_WISH_NO };

/* How the answers to a list are written: {"predictions": [...]}; a CSV of prediction and, on wish,
 * proba_CLASS columns; {"prediction": X} a line. */
enum mlp_form { MLP_FORM_JSON, MLP_FORM_CSV, MLP_FORM_LINES };

/* One prediction of a body. Zeroed is the usual. */
struct mlp_predict {
    struct mlp_served *served;
    unsigned thread;
    enum mlp_arm arm;            /* counted under it */
    bool ignore_extra;
    enum mlp_wish probabilities; /* usual: for one row yes, for lists no */
    enum mlp_form form;
    bool header;                 /* of a CSV: its first line names the columns */
    bool list;                   /* one row is answered as a list too */
    bool wrapped;                /* the body must be {"instances": ...} or another wrapper */
    bool nonfinite;              /* NaN in the body is a missing value */
    bool outputs;                /* {"inputs": ...} is answered by {"outputs": ...} */
    uint64_t max_rows;           /* more is MLP_EINPUT; 0: no limit */
    struct mlp_vec *outcomes;    /* of double: one number a row, for comparing; NULL: none */
    /* Called for every chunk of n rows after it was predicted, its columns, texts and results
     * still in w; NULL: nobody looks. */
    void (*seen)(void *ctx, const struct mlp_served *s, const struct mlp_scratch *w, size_t n);
    void *ctx;
};

/* Appends the answer to out; spare is scratch. On an error out holds rubbish. MLP_EINPUT: the
 * client's fault. *rows counts. */
enum mlp_code mlp_predict_body(const struct mlp_predict *p, struct mlp_str body,
                               struct mlp_buf *out, struct mlp_buf *spare, uint64_t *rows,
                               struct mlp_err *e);

/* Where rows come from: next fills up to max_rows of the columns of the thread's scratch and says
 * how many; 0 at the end. */
struct mlp_feed {
    enum mlp_code (*next)(void *self, size_t *n, struct mlp_err *e);
    void *self;
    const char *member;          /* around the answers; NULL: "predictions" */
};

/* As mlp_predict_body, for rows from anywhere; always a list. */
enum mlp_code mlp_predict_feed(const struct mlp_predict *p, const struct mlp_feed *feed,
                               struct mlp_buf *out, struct mlp_buf *spare, uint64_t *rows,
                               struct mlp_err *e);

/* Predicts the first n rows in the columns of w (of p's thread) and tells everybody who asked.
 * before: rows of the request before them, for errors; MLP_SINGLE when there is but one. proba:
 * the probabilities are wanted as well. */
#define MLP_SINGLE UINT64_MAX
enum mlp_code mlp_predict_chunk(const struct mlp_predict *p, struct mlp_scratch *w, size_t n,
                                uint64_t before, bool proba, struct mlp_err *e);

/* The error of a request over max_rows; and rows for the counters. */
enum mlp_code mlp_predict_too_many(const struct mlp_predict *p, struct mlp_err *e);
void mlp_predict_count(const struct mlp_predict *p, uint64_t rows);

/* Appends "prediction":X and, when asked, ,"probabilities":{...} of row i of w. */
void mlp_predict_output(const struct mlp_served *s, const struct mlp_scratch *w, size_t i,
                        bool probabilities, struct mlp_buf *out);

/* The same as members of a flat object, as mlp-drift names those of a log: a comma,
 * "output.prediction":X and "output.probabilities.CLASS":P. w has the probabilities, where the
 * model has any. */
void mlp_predict_flat(const struct mlp_served *s, const struct mlp_scratch *w, size_t i,
                      struct mlp_buf *out);

/* The number that stands for the prediction of row i in a comparison: equal classes give equal
 * numbers whatever their order in the model. */
double mlp_predict_outcome(const struct mlp_served *s, const struct mlp_scratch *w, size_t i);

/* True when two outcomes agree: classes exactly, values to a relative 1e-9. */
bool mlp_predict_agree(double a, double b);

#endif
