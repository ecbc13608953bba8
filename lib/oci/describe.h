/* describe.h: the papers that a package carries about itself: an SBOM and a model card.
 *
 * Both are written from facts alone and hold no time and no version of ours, so that the same
 * model with the same files gives the same papers, and the same digest, everywhere. */
#ifndef MLP_OCI_DESCRIBE_H
#define MLP_OCI_DESCRIBE_H

#include "oci/package.h"

/* What is known. `model` is a map of texts "format" ("scikit-learn joblib"), "version" (of the
 * library that wrote the file), "estimator", and a map "signature" of "task", a list "classes" and
 * a list "inputs" of {"name", "type"}; every member may be missing and model may be NULL. files
 * need sum and size.
 * All borrowed. */
struct mlp_described {
    const char *name;
    const struct mlp_node *model;
    const struct mlp_package_file *files;
    size_t nfiles;
};

/* Appends a CycloneDX 1.6 bill of materials (ECMA-424) as JSON: the model as a
 * machine-learning-model with a model card, one component a file with its SHA-256, and the library
 * that made the model with its package URL. Failure is out's. */
void mlp_describe_sbom(const struct mlp_described *f, struct mlp_buf *out);

/* Appends a README.md with the front matter of Hugging Face model cards, the inputs, the files,
 * and the outcome of each report among the files (whose `bytes` are then read as JSON). Failure is
 * out's. */
void mlp_describe_card(const struct mlp_described *f, struct mlp_buf *out);

/* The PyPI name of the library that writes a format ("scikit-learn"), or NULL. */
const char *mlp_format_library(struct mlp_str format);

#endif
