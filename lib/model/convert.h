/* convert.h: a loaded model written as an ONNX file.
 *
 * Every live node of the typed graph becomes operators of ai.onnx (opset 21) and ai.onnx.ml (opset
 * 5), in the precision of the model: double, or float where the library computes in float32. What
 * has no exact form in those operators is refused by name; nothing is approximated.
 *
 * Inputs. A model with column names takes one [N,1] tensor a column, by name: string, or double;
 * float when every use of numbers rounds to float32 first (trees of XGBoost and scikit-learn),
 * which is then the same number. A model without names takes one tensor "X" [N,k]. A missing
 * number is NaN. ONNX has no missing text, so a text stands for it: "" unless told. An encoder
 * that knows this text as a category and missing texts as well is refused, with the option to
 * choose another.
 *
 * Outputs. A classifier gives "label" [N] (int64, bool, double or string, as its classes are) and
 * "probabilities" [N,k]; a regression "prediction" [N,k]; a transformer what it has under its
 * names. With all, further outputs follow under their names ("decision", "margin", "leaf"). An
 * output that is named as a column is gets "output_" before its name.
 *
 * Trees become TreeEnsemble of ai.onnx.ml 5: BRANCH_LEQ over thresholds that forest.h has settled,
 * BRANCH_MEMBER for sets of categories, missing values by nodes_missing_value_tracks_true, float
 * tensors where the library compares and sums in float32. Leaves that are rows (forests of
 * classifiers) give the row's number, which a Gather turns into the row.
 *
 * Rows that the model refuses (a missing value where it takes none, an unknown category) have no
 * answer: a Gather beyond its table makes the runtime refuse them, as ONNX has no other failure.
 *
 * What may differ is the last bits: a runtime sums products and trees in its own order (ONNX
 * Runtime adds trees in order for small batches, in parts for large ones) and has its own exp. In
 * float32 a reordered sum moves by some 1e-7 of its largest term, in double by 1e-16.
 *
 * Of equally near neighbours a runtime takes the first row; scikit-learn's choice there depends on
 * the order of its own search.
 *
 * The same model gives the same bytes. */
#ifndef MLP_MODEL_CONVERT_H
#define MLP_MODEL_CONVERT_H

#include "model/model.h"

/* About the file. metadata_props get source.format, source.version, source.estimator,
 * missing.text and, when given, source.digest. */
struct mlp_convert_options {
    bool all_outputs;
    struct mlp_str digest;       /* "sha256:..." of the source file, or empty */
    struct mlp_str version;      /* of this program */
    struct mlp_str missing_text; /* what stands for a missing text; "" by default */
};

/* Appends the bytes of an ONNX file to out, whose maximum bounds it (protobuf reads at most
 * 2 GiB). MLP_EINPUT names the operation that has no ONNX form, its place in the model, and a
 * hint. */
enum mlp_code mlp_model_convert(const struct mlp_model *m, const struct mlp_convert_options *o,
                                struct mlp_buf *out, struct mlp_err *e);

#endif
