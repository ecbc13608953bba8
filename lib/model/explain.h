/* explain.h: how much each input of a model adds to what it says of a row.
 *
 * A model is explained on the scale on which it adds up: the margin of XGBoost, the raw score of
 * LightGBM, the decision of a classifier, else the averaged probabilities of a forest or the value
 * of a regression; where only a curve of that is offered (exp of a Poisson regression, the score of
 * an isolation forest), what goes into the curve. base + the contributions of all inputs = that
 * value. Of two classes the second is explained, of more each, of several targets each.
 *
 * Trees: exact path-dependent Shapley values (forest/shap.h). The covers, which say how many
 * training rows reached a node, are those that each library's own explanations use:
 *   scikit-learn         weighted_n_node_samples, as shap.TreeExplainer does
 *   HistGradientBoosting count, as shap.TreeExplainer does
 *   XGBoost              sum_hessian, as pred_contribs does
 *   LightGBM             internal_count and leaf_count, as pred_contrib does
 * Linear models: coefficient * x, the intercept is the base, as XGBoost's gblinear has it (files
 * hold no mean of the training data to compare with).
 *
 * Contributions are of the model's own inputs: what a derived column (one-hot, scaled, imputed, a
 * missing indicator, words of a text) adds is counted for the input that it was made from. A step
 * that makes a column from several inputs before trees (PCA, polynomial) is refused by name. */
#ifndef MLP_MODEL_EXPLAIN_H
#define MLP_MODEL_EXPLAIN_H

#include "model/graph.h"
#include "model/model.h"

/* What column `from` of a node adds to explained value `to`, times weight. */
struct mlp_explain_link {
    uint32_t node, from, to;
    double weight;
};

/* A node that adds up: trees, a linear model or a linear booster. */
struct mlp_explain_part {
    const struct mlp_gnode *node;
    const uint32_t *input;       /* model input of each of its columns (trees: of those in use) */
    const struct mlp_explain_link *link;
    size_t nlinks;
};

/* A plan, in the model's arena. */
struct mlp_explain {
    uint32_t target;             /* the graph's output that is explained */
    struct mlp_col single;       /* the one score below it, when that is under a sigmoid */
    size_t ninputs, nvalues;     /* of the model; explained values of a row */
    const double *base;          /* nvalues */
    const struct mlp_explain_part *part;
    size_t nparts;
    size_t scratch;              /* bytes that run needs, 64-byte aligned */
    struct mlp_output output;    /* "contribution": for each value the inputs, then the base */
};

/* Plans how to explain a finished model, whose graph was loaded with `explain` set. position: the
 * graph's column of each input. The plan lives in g's arena. MLP_EINPUT names what stands in the
 * way. */
enum mlp_code mlp_explain_plan(const struct mlp_graph *g, const struct mlp_model_info *info,
                               const uint32_t *position, struct mlp_explain **out,
                               struct mlp_err *e);

/* Contributions of the first `rows` rows of an area in which the graph has just run for the
 * target. out: output.width doubles a row. scratch as the plan says. */
void mlp_explain_run(const struct mlp_explain *x, const struct mlp_area *a, size_t rows,
                     void *scratch, double *out);

#endif
