/* command_tensors.h: the Open Inference Protocol to a command: tensors into its lines of JSON, its
 * answers into tensors.
 *
 * A row is an object of the tensors' values by their names; a tensor with several values a row has
 * a list there. One tensor alone with several values a row is a matrix: its rows are lists. NaN,
 * null and missing texts are null. What comes back: "predict", of the narrowest type that all
 * answers have (BOOL, INT64, FP64 with null as NaN, else BYTES), and "predict_proba" [rows,
 * classes] when every answer has the same classes in the same order. */
#ifndef MLP_SERVE_COMMAND_TENSORS_H
#define MLP_SERVE_COMMAND_TENSORS_H

#include "serve/command.h"
#include "serve/tensors.h"

/* Makes a job of a request. MLP_EINPUT names the tensor: malformed, not as many rows as the first,
 * no name, infinite, or text that is not UTF-8. arena is for what check finds. *job is NULL on an
 * error; the caller frees with mlp_job_free. */
enum mlp_code mlp_job_of_tensors(struct mlp_tensors *t, struct mlp_arena *arena,
                                 struct mlp_job **job, struct mlp_err *e);

/* Fills outputs of the answers, each of which is good, and those wanted that job->names says;
 * returns how many there are (1 or 2). The caller finishes them with mlp_tensor_outputs_fini. */
size_t mlp_job_outputs(const struct mlp_job *job, const struct mlp_answer *answers,
                       struct mlp_tensor_out out[MLP_TENSOR_OUTPUTS]);

#endif
