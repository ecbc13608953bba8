/* mlp-serve convert: a model as an ONNX file. */
#include "verbs.h"

#include "base/file.h"
#include "crypt/crypt.h"
#include "model/convert.h"
#include <string.h>

/* As mlp_model_open reads at most; protobuf's own readers take no more than 2 GiB. */
#define FILE_BYTES ((size_t)2 << 30)
#define ONNX_BYTES (((size_t)2 << 30) - 1)

enum { OUTPUT, OUTPUTS, MISSING_TEXT };

static const struct mlp_opt options[] = {
    [OUTPUT] = {.name = "output", .letter = 'o', .kind = MLP_OPT_FILE, .value = "FILE",
                .fallback = "-", .help = "the ONNX file to write"},
    [OUTPUTS] = {.name = "outputs", .kind = MLP_OPT_CHOICE, .value = "WHICH",
                 .choices = "prediction|all", .fallback = "prediction",
                 .help = "prediction and probabilities, or all that the model can tell"},
    [MISSING_TEXT] = {.name = "missing-text", .kind = MLP_OPT_TEXT, .value = "TEXT",
                      .help = "what stands for a missing text in the ONNX inputs (the empty text "
                              "unless told)"},
    {0},
};

static const struct mlp_example examples[] = {
    {"Turn a pickle into a file that any ONNX runtime answers.",
     "mlp-serve convert model.joblib -o model.onnx"},
    {0},
};

static enum mlp_code convert_bytes(struct mlp_cmd *cmd, struct mlp_str bytes, const char *source,
                                   struct mlp_buf *out, struct mlp_err *e)
{
    struct mlp_model *m;
    const char *missing = mlp_opt_text(cmd, MISSING_TEXT);
    uint8_t digest[MLP_SHA256_BYTES];
    char text[MLP_DIGEST_TEXT];
    enum mlp_code code = mlp_sha256(bytes, digest, e);
    if (code)
        return code;
    mlp_digest_text(digest, text);
    struct mlp_convert_options o = {
        .all_outputs = strcmp(mlp_opt_text(cmd, OUTPUTS), "all") == 0,
        .digest = mlp_str_from(text), .version = mlp_str_from(mlp_version()),
        .missing_text = mlp_str_from(missing ? missing : "")};
    code = mlp_model_open_mem(bytes, source, NULL, &m, e);
    if (code)
        return code;
    if (mlp_model_convert(m, &o, out, e))
        code = mlp_err_at(e, source, 0, 0);
    mlp_model_free(m);
    return code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    const char *path = mlp_operand(cmd, 0, NULL);
    struct mlp_buf in, out;
    mlp_buf_init(&in, FILE_BYTES);
    mlp_buf_init(&out, ONNX_BYTES);
    enum mlp_code code = serve_confine(mlp_opt_text(cmd, OUTPUT), e);
    if (!code)
        code = mlp_file_read(path, &in, e);
    if (!code)
        code = convert_bytes(cmd, mlp_buf_str(&in), mlp_file_name(path), &out, e);
    if (!code)
        code = mlp_file_write(mlp_opt_text(cmd, OUTPUT), mlp_buf_str(&out), 0, e);
    mlp_buf_fini(&in);
    mlp_buf_fini(&out);
    return code;
}

const struct mlp_verb verb_convert = {
    .name = "convert",
    .summary = "write a model as an ONNX file",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Loads a model as the server does, without running code of the file, and writes the "
             "same computation as ONNX (operator sets 21 of ai.onnx and 5 of ai.onnx.ml), in the "
             "precision of the library that trained it.\n"
             "A model with column names takes one tensor a column, by name; one without takes "
             "X [N,k]. A missing number is NaN, a missing text the empty text or what "
             "--missing-text says. A classifier gives label and probabilities, a regression "
             "prediction, a transformer what it has.\n"
             "Words of a text are counted with the operator Tokenizer of com.microsoft, which "
             "ONNX Runtime has. What has no exact form in ONNX, such as counts of letters, is "
             "refused by name with status 3. Runtimes sum in their own order, so the last bits may "
             "differ, and take the "
             "first of equally near neighbours. A row that "
             "the model refuses, such as a missing value where it takes none, makes the runtime "
             "refuse the call. The same model gives the same bytes.",
    .opts = options,
    .examples = examples,
    .run = run,
};
