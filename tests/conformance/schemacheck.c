/* schemacheck [--draft7] [--formats] FILE...: groups of cases of the JSON Schema Test Suite:
 * [{description, schema, tests: [{description, data, valid}]}]. Prints what differs; closes with
 * "N passed, N refused, N wrong". A schema that is refused says so by name. */
#include "base/file.h"
#include "rule/json_schema.h"

#include <stdlib.h>

#define LIMIT ((size_t)64 << 20)

struct tally {
    unsigned long passed, refused, wrong;
};

static void judge(const char *file, const struct mlp_node *group, const struct mlp_node *test,
                  bool valid, struct tally *t)
{
    if (valid == mlp_node_bool(mlp_node_get(test, "valid"), false)) {
        t->passed++;
        return;
    }
    t->wrong++;
    struct mlp_str a = mlp_node_str(mlp_node_get(group, "description"), "");
    struct mlp_str b = mlp_node_str(mlp_node_get(test, "description"), "");
    printf("%s: WRONG: %.*s: %.*s: %s\n", file, MLP_STR_ARG(a), MLP_STR_ARG(b),
           valid ? "accepted" : "rejected");
}

static void refuse(const char *file, const struct mlp_node *group, const struct mlp_err *e,
                   struct tally *t)
{
    struct mlp_str a = mlp_node_str(mlp_node_get(group, "description"), "");
    t->refused += mlp_node_get(group, "tests")->u.count;
    printf("%s: refused: %.*s: %s\n", file, MLP_STR_ARG(a), e->message);
}

static void run_group(const char *file, const struct mlp_doc *d, const struct mlp_node *group,
                      const struct mlp_json_schema_options *options, struct mlp_json_check *check,
                      struct tally *t)
{
    struct mlp_json_schema *s;
    struct mlp_err e;
    mlp_err_init(&e);
    if (mlp_json_schema_new(d, mlp_node_get(group, "schema"), options, &s, &e) != MLP_OK) {
        refuse(file, group, &e, t);
        return;
    }
    const struct mlp_node *tests = mlp_node_get(group, "tests");
    for (const struct mlp_node *x = tests->child; x; x = x->next) {
        bool valid, again;
        const struct mlp_node *data = mlp_node_get(x, "data");
        mlp_err_init(&e);
        enum mlp_code code = mlp_json_check_value(check, s, data, 0, &valid, &e);
        size_t n = 0;
        if (code == MLP_OK)
            code = mlp_json_check_value(check, s, data, 100, &again, &e);
        mlp_json_check_faults(check, &n);
        if (code == MLP_OK && (valid != again || valid != (n == 0)))
            code = mlp_err_set(&e, MLP_EBUG, "told %zu faults, valid %d %d", n, valid, again);
        if (code != MLP_OK)
            printf("%s: %s\n", file, e.message);
        judge(file, group, x, code == MLP_OK && valid, t);
    }
    mlp_json_schema_free(s);
}

static enum mlp_code run_file(const char *path, const struct mlp_json_schema_options *options,
                              struct tally *t, struct mlp_err *e)
{
    struct mlp_doc d;
    struct mlp_json_check *check;
    mlp_doc_init(&d, path, LIMIT);
    enum mlp_code code = mlp_doc_load(&d, path, LIMIT, e);
    if (code == MLP_OK)
        code = mlp_json_check_new(&check, e);
    if (code == MLP_OK) {
        for (const struct mlp_node *g = d.root->child; g; g = g->next)
            run_group(path, &d, g, options, check, t);
        mlp_json_check_free(check);
    }
    mlp_doc_fini(&d);
    return code;
}

int main(int argc, char **argv)
{
    struct mlp_json_schema_options options = {MLP_JSON_DRAFT_2020, false};
    struct tally t = {0, 0, 0};
    struct mlp_err e;
    enum mlp_code code = MLP_OK;
    mlp_err_init(&e);
    for (int i = 1; i < argc && code == MLP_OK; i++) {
        if (strcmp(argv[i], "--draft7") == 0)
            options.draft = MLP_JSON_DRAFT_7;
        else if (strcmp(argv[i], "--formats") == 0)
            options.formats = true;
        else
            code = run_file(argv[i], &options, &t, &e);
    }
    if (code != MLP_OK)
        mlp_err_print(&e, "schemacheck", stderr);
    printf("%lu passed, %lu refused, %lu wrong\n", t.passed, t.refused, t.wrong);
    return code != MLP_OK ? (int)code : t.wrong > 0;
}
