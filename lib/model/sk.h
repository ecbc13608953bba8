/* sk.h: reading scikit-learn estimators into the graph.
 *
 * One reader a class, found by name. A reader takes the inert object and the columns that flow in,
 * adds nodes, and says what the estimator offers. Attributes are named per version, where versions
 * differ; what a reader needs and does not find is an error that names class, attribute
 * and place. */
#ifndef MLP_MODEL_SK_H
#define MLP_MODEL_SK_H

#include "model/ndarray.h"
#include "model/ops.h"

/* What an estimator offers. Absent results have no columns. For several outputs (multi-label,
 * multi-target), predict has one column each, labels one entry each, and proba the classes of all
 * outputs side by side. */
struct mlp_pred {
    struct mlp_cols transform;
    struct mlp_cols predict, proba, decision, score;
    enum mlp_out_kind predict_kind, proba_kind;
    const struct mlp_labels **labels;
    size_t nlabels;
    bool is_transform;
};

struct mlp_sk {
    struct mlp_graph *g;
    struct mlp_arena *keep;      /* the model's memory */
    struct mlp_arena *tmp;       /* freed after loading */
    struct mlp_err *e;
    char place[512];             /* "steps[1] 'clf' > estimators_[0]" */
    size_t place_n;
    unsigned depth;
    size_t budget;               /* estimators that may still be read */
    const struct mlp_value *self;/* the estimator being read */
    const struct mlp_value *next;/* the pipeline's step after it, or NULL */
};

/* Reads s->self. */
typedef enum mlp_code mlp_reader_fn(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out);

struct mlp_reader {
    const char *name;            /* of the class, without its module */
    mlp_reader_fn *read;
    const char *package;         /* NULL: sklearn */
};
/* All readers, ends with a NULL name (sk_table.c). */
extern const struct mlp_reader mlp_readers[];

/* Reads one estimator. MLP_EINPUT with dotted name, byte and place for what no reader knows. */
enum mlp_code mlp_sk_read(struct mlp_sk *s, const struct mlp_value *v, struct mlp_cols x,
                          struct mlp_pred *out);

/* The same one step deeper: `what` names the step in messages ("steps[1] 'clf'"). */
enum mlp_code mlp_sk_child(struct mlp_sk *s, const struct mlp_value *v, struct mlp_cols x,
                           struct mlp_pred *out, const char *what, ...) MLP_PRINTF(5, 6);

/* MLP_EINPUT: "Class: message (at byte N, in PLACE)". */
enum mlp_code mlp_sk_bad(struct mlp_sk *s, const char *fmt, ...) MLP_PRINTF(2, 3);

/* --- attributes of s->self --- */

const struct mlp_value *mlp_sk_attr(const struct mlp_sk *s, const char *name);
bool mlp_sk_has(const struct mlp_sk *s, const char *name);  /* there and not None */
bool mlp_sk_is(const struct mlp_sk *s, const char *name, const char *text);
bool mlp_sk_flag(const struct mlp_sk *s, const char *name, bool otherwise);
double mlp_sk_num(const struct mlp_sk *s, const char *name, double otherwise);

/* scikit-learn's version that saved self, as 1002002 for 1.2.2; 0 when unknown. */
unsigned mlp_sk_version(const struct mlp_sk *s);

/* An array attribute; and its numbers in C order in s->keep. want: required count, or 0. */
enum mlp_code mlp_sk_array(struct mlp_sk *s, const char *name, struct mlp_nd *nd);
enum mlp_code mlp_sk_doubles(struct mlp_sk *s, const char *name, size_t want, const double **out,
                             size_t *n);

/* Class labels from an array value; from self's attribute. */
enum mlp_code mlp_sk_labels(struct mlp_sk *s, const struct mlp_value *v,
                            const struct mlp_labels **out);
enum mlp_code mlp_sk_classes(struct mlp_sk *s, const char *name, const struct mlp_labels **out);

/* --- nodes --- */

/* Zeroed parameters, copied from p. NULL without memory (s->e is set). */
void *mlp_sk_params(struct mlp_sk *s, const void *p, size_t size);

/* Numbers in, numbers out. finite: refuse rows with NaN. */
enum mlp_code mlp_sk_node(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                          struct mlp_cols in, size_t width, struct mlp_cols *out);
enum mlp_code mlp_sk_finite(struct mlp_sk *s, const struct mlp_op *op, const void *params,
                            struct mlp_cols in, size_t width, struct mlp_cols *out);
enum mlp_code mlp_sk_map(struct mlp_sk *s, enum mlp_fn fn, struct mlp_cols in,
                         struct mlp_cols *out);
/* y = x * mul + add for every column. */
enum mlp_code mlp_sk_affine(struct mlp_sk *s, struct mlp_cols in, double mul, double add,
                            struct mlp_cols *out);

/* Linear node: coef has k rows of in.n, row-major, as scikit-learn stores it. */
enum mlp_code mlp_sk_linear(struct mlp_sk *s, struct mlp_cols in, const double *coef, size_t k,
                            const double *intercept, struct mlp_cols *out);

/* predict = class with the largest of cols (or, one column, whether it is above limit). */
enum mlp_code mlp_sk_pick(struct mlp_sk *s, struct mlp_cols cols, const struct mlp_labels *labels,
                          struct mlp_pred *out);
enum mlp_code mlp_sk_pick_above(struct mlp_sk *s, struct mlp_cols col, struct mlp_above above,
                                const struct mlp_labels *labels, struct mlp_pred *out);

/* Checks that x has the width the estimator was fitted with (n_features_in_). */
enum mlp_code mlp_sk_width(struct mlp_sk *s, struct mlp_cols x);

#endif
