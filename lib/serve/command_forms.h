/* command_forms.h: bodies that hold columns, as MLflow and TF Serving have them, as the lines of a
 * command. */
#ifndef MLP_SERVE_COMMAND_FORMS_H
#define MLP_SERVE_COMMAND_FORMS_H

#include "base/buf.h"
#include "text/json.h"

/* {"a": [1, 2], "b": ["x", "y"]}, whose bracket has been read: columns of the same length. Appends
 * a line {"a":1,"b":"x"} for each row. MLP_EINPUT names the column that is none. */
enum mlp_code mlp_forms_columns(struct mlp_json *j, struct mlp_buf *lines, struct mlp_err *e);

/* {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}, whose bracket has been read, as pandas
 * writes a frame with orient="split"; "index" is passed over. The same lines. */
enum mlp_code mlp_forms_split(struct mlp_json *j, struct mlp_buf *lines, struct mlp_err *e);

#endif
