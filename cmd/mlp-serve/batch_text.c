/* What the man page says of mlp-serve batch beyond its options. */
#include "batch.h"

const char *const batch_details[] = {
    "Of several files, of which the name of the last folder's may hold * and ?, the\n"
    "predictions of each go into the folder --into, below its name without its ending.\n"
    "They are seen when they are whole. A file whose predictions are newer than it and the\n"
    "model is passed over, so that a run that ended early can be repeated (--force: not).",

    "--part I/N divides the bytes of all files into N parts of about the same size, in the\n"
    "order of the files. What is larger than a part is cut between rows, if it is neither\n"
    "compressed nor columnar, and its predictions named FILE.0000I-of-0000N; other files stay\n"
    "whole. All parts together are the rows of all files, each once, in their order: I is\n"
    "what JOB_COMPLETION_INDEX and AWS_BATCH_JOB_ARRAY_INDEX say. Each part reads a file that\n"
    "it shares from the start, since only that tells which line ends are inside quotes.",

    "With --explain a column contribution.INPUT follows for each input of the model, and\n"
    "base_value (of more than two classes: contribution.CLASS.INPUT and base_value.CLASS\n"
    "for each). They add up to what the model adds up: the margin of XGBoost, the raw\n"
    "score of LightGBM, the decision of a classifier, else the probability that a forest\n"
    "averages (of two classes the second's) or the value of a regression, before exp\n"
    "where there is one. Trees get their exact path-dependent Shapley values, as\n"
    "shap.TreeExplainer, pred_contribs and pred_contrib have them; linear models get\n"
    "coefficient * x, and the intercept as base. What a column made from an input\n"
    "(one-hot, scaled, imputed) adds is counted for that input; a model whose steps mix\n"
    "inputs is refused. Loading takes more memory with --explain than without.",

    "With --runtime onnxruntime ONNX models are run by ONNX Runtime (1.8 or later), for\n"
    "networks that hold operators which the built-in engine does not know. Columns and\n"
    "answers are the same. Its library is the one named after a colon, else by\n"
    "MLP_ONNXRUNTIME, else the system's libonnxruntime.so; `pip install onnxruntime`\n"
    "brings one, below onnxruntime/capi. It runs on the threads of --threads alone. It\n"
    "reads the model with code of its own, under the same confinement (no programs,\n"
    "no sockets, no files written) but without our limits of memory: give it models of\n"
    "people whom you trust. Models of other formats are not concerned.",

    "With --exec the model is a command, in any language, and the table the only\n"
    "operand. It reads one JSON object a row from stdin (all columns but those of --id\n"
    "and --keep) and writes one line of JSON a row to stdout, in order and flushed: a\n"
    "value, or {\"prediction\": X, \"probabilities\": {\"CLASS\": P, ...}}, or\n"
    "{\"error\": \"why\"}. A command that dies, closes its stdout or takes longer than\n"
    "--row-timeout is killed with its process group and started again, later each time;\n"
    "the row that it owed longest has no answer then, and the column error says why. The\n"
    "exit status is 1 when a row has none, and 7 when the command was started --starts\n"
    "times in a row without an answer, or wrote more lines than it got rows.",
    NULL,
};
