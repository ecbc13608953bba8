#include "verbs.h"

#include "base/file.h"
#include "rule/import.h"
#include "rule/rule.h"

enum { OPT_TO, OPT_SCHEMA_FORMAT, OPT_OUTPUT };

static const struct mlp_opt opts[] = {
    [OPT_TO] = {"to", 't', MLP_OPT_TEXT, "FORMAT", "what to write: native, gx, ...", NULL,
                "native", false},
    [OPT_SCHEMA_FORMAT] = {"schema-format", 0, MLP_OPT_TEXT, "FORMAT",
                           "what the rules file is (default: by its content)", NULL, NULL, false},
    [OPT_OUTPUT] = {"output", 'o', MLP_OPT_FILE, "FILE", "where the rules go", NULL, "-", false},
    {0},
};

static enum mlp_code write_rules(struct mlp_cmd *cmd, const struct mlp_doc *native,
                                 struct mlp_import_notes *notes, struct mlp_err *e)
{
    const char *to = mlp_opt_text(cmd, OPT_TO);
    const struct mlp_rules_format *f = mlp_rules_format_find(mlp_str_from(to));
    struct mlp_buf out;
    if (!f || !f->write)
        return mlp_rules_format_unknown(to, true, e);
    mlp_buf_init(&out, (size_t)256 << 20);
    enum mlp_code code = f->write(native, &out, notes, e);
    if (code == MLP_OK)
        code = mlp_file_write(mlp_opt_text(cmd, OPT_OUTPUT), mlp_buf_str(&out), 0, e);
    mlp_buf_fini(&out);
    return code;
}

/* Compiled on the way: what is written are rules that can be checked. */
static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    const char *path = mlp_operand(cmd, 0, "-");
    struct mlp_rules *rules = NULL;
    struct mlp_import_notes notes;
    mlp_import_notes_init(&notes);
    enum mlp_code code = mlp_rules_load_as(path, mlp_opt_text(cmd, OPT_SCHEMA_FORMAT), &notes,
                                           &rules, e);
    if (code == MLP_OK)
        code = write_rules(cmd, mlp_rules_doc(rules), &notes, e);
    tell_notes(mlp_file_name(path), &notes);
    mlp_rules_free(rules);
    mlp_import_notes_fini(&notes);
    return code;
}

static const struct mlp_example examples[] = {
    {"Native rules as a suite of Great Expectations, and a suite as native rules.",
     "mlp-validate convert --to gx rules.yaml > suite.json\n"
     "mlp-validate convert suite.json > from-gx.yaml"},
    {0},
};

const struct mlp_verb verb_convert = {
    .name = "convert",
    .summary = "turn a rules file into one of another format",
    .operands = "[RULES|-]",
    .max_operands = 1,
    .about = "Reads rules of any format that is known and writes them in another. What the other\n"
             "cannot say is left out and told on stderr, with its place.",
    .opts = opts,
    .examples = examples,
    .run = run,
};
