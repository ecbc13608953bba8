/* gxcheck FOLDER [round-trip]: reads cases from stdin, one JSON object a line with `suite` and
 * `data` (a CSV in FOLDER), and prints for each what mlp-validate finds in the shape of Great
 * Expectations' validation result, or {"error": WORDS}, followed by a line "---". round-trip: the
 * suite goes through native rules as YAML and back to a suite first. */
#include "base/file.h"
#include "rule/import.h"
#include "rule/import_gx.h"
#include "rule/rule.h"
#include "text/json.h"

#include <stdlib.h>

#define MOST ((size_t)64 << 20)
#define ROWS 100000

static enum mlp_code look(struct mlp_checker *c, struct mlp_table *t, bool survey,
                          struct mlp_err *e)
{
    struct mlp_batch *b;
    enum mlp_code code;
    while ((code = mlp_table_next(t, &b, e)) == MLP_OK && b) {
        uint8_t *good = malloc(b->nrows + 1);
        if (!good)
            return mlp_err_nomem(e);
        code = survey ? mlp_checker_survey(c, b, e) : mlp_checker_batch(c, b, good, e);
        free(good);
        if (code != MLP_OK)
            break;
    }
    return code;
}

static enum mlp_code check(const struct mlp_rules *rules, const char *path, struct mlp_buf *out,
                           struct mlp_err *e)
{
    struct mlp_table *t = NULL;
    struct mlp_checker *c = NULL;
    struct mlp_report report;
    struct mlp_table_options options = {.delimiter = ','};
    mlp_rules_input(rules, &options);
    mlp_report_init(&report, "gxcheck", "data");
    enum mlp_code code = mlp_table_open(path, &options, &t, e);
    if (code == MLP_OK)
        code = mlp_checker_new(rules, t, &c, e);
    if (code == MLP_OK)
        mlp_checker_keep(c, ROWS);
    if (code == MLP_OK && mlp_rules_look_twice(rules)) {
        code = look(c, t, true, e);
        mlp_table_close(t);
        t = NULL;
        if (code == MLP_OK)
            code = mlp_table_open(path, &options, &t, e);
    }
    if (code == MLP_OK)
        code = look(c, t, false, e);
    if (code == MLP_OK)
        code = mlp_checker_finish(c, &report, e);
    if (code == MLP_OK)
        code = mlp_checker_gx(c, out, e);
    mlp_report_fini(&report);
    mlp_checker_free(c);
    mlp_table_close(t);
    return code;
}

/* Native rules as YAML, read again, as a suite, read again: all four must hold. */
static enum mlp_code go_round(struct mlp_doc *native, struct mlp_err *e)
{
    struct mlp_buf text;
    struct mlp_doc again;
    mlp_buf_init(&text, MOST);
    mlp_node_write_yaml(native->root, &text);
    enum mlp_code code = mlp_rules_import_text(mlp_buf_str(&text), "native", NULL, &again, NULL, e);
    mlp_buf_reset(&text);
    if (code == MLP_OK)
        code = mlp_rules_format_find(MLP_STR("gx"))->write(&again, &text, NULL, e);
    mlp_doc_fini(&again);
    mlp_doc_fini(native);
    if (code == MLP_OK)
        code = mlp_rules_import_text(mlp_buf_str(&text), "suite", NULL, native, NULL, e);
    mlp_buf_fini(&text);
    return code;
}

static enum mlp_code run_case(const char *folder, struct mlp_str line, bool round,
                              struct mlp_buf *out, struct mlp_err *e)
{
    struct mlp_doc in, native;
    struct mlp_rules *rules = NULL;
    char path[4096];
    mlp_doc_init(&in, "case", MOST);
    mlp_doc_init(&native, "suite", MOST);
    enum mlp_code code = mlp_doc_parse_json_python(&in, line, e);
    struct mlp_str data = mlp_node_str(mlp_node_get(in.root, "data"), "");
    snprintf(path, sizeof path, "%s/%.*s", folder, MLP_STR_ARG(data));
    if (code == MLP_OK) {
        in.root = mlp_node_get(in.root, "suite");
        code = mlp_import_gx(&in, &native, NULL, e);
    }
    if (code == MLP_OK && round)
        code = go_round(&native, e);
    if (code == MLP_OK)
        code = mlp_rules_parse(&native, &rules, e);
    else
        mlp_doc_fini(&native);
    if (code == MLP_OK)
        code = check(rules, path, out, e);
    mlp_rules_free(rules);
    mlp_doc_fini(&in);
    return code;
}

int main(int argc, char **argv)
{
    struct mlp_buf cases, out;
    struct mlp_str rest, line;
    mlp_buf_init(&cases, MOST);
    mlp_buf_init(&out, MOST);
    if (argc < 2 || argc > 3 || mlp_file_read("-", &cases, NULL) != MLP_OK)
        return 2;
    rest = mlp_buf_str(&cases);
    while (mlp_str_split(&rest, '\n', &line)) {
        struct mlp_err e;
        mlp_err_init(&e);
        mlp_buf_reset(&out);
        if (line.n == 0)
            continue;
        if (run_case(argv[1], line, argc == 3, &out, &e) != MLP_OK) {
            char words[1024];
            mlp_err_format(&e, words, sizeof words);
            mlp_buf_reset(&out);
            mlp_buf_adds(&out, "{\"error\": ");
            mlp_json_quote(&out, mlp_str_from(words));
            mlp_buf_adds(&out, "}\n");
        }
        mlp_buf_adds(&out, "---\n");
        fwrite(out.p, 1, out.n, stdout);
    }
    mlp_buf_fini(&cases);
    mlp_buf_fini(&out);
    return 0;
}
