/* A JSON Schema and a value: {"schema": ..., "data": ...}. A fault in the schema has a place; what
 * is found does not depend on whether faults are told; what is told is not valid. */
#include "rule/json_schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void evaluate(const struct mlp_json_schema *s, const struct mlp_node *value)
{
    struct mlp_json_check *check;
    struct mlp_err e;
    bool quick = false, told = false;
    size_t n;
    mlp_err_init(&e);
    if (mlp_json_check_new(&check, &e) != MLP_OK)
        return;
    enum mlp_code a = mlp_json_check_value(check, s, value, 0, &quick, &e);
    expect(a == MLP_OK || e.message[0]);
    enum mlp_code b = mlp_json_check_value(check, s, value, 20, &told, &e);
    mlp_json_check_faults(check, &n);
    if (a == MLP_OK && b == MLP_OK)
        expect(quick == told && told == (n == 0));
    mlp_json_check_free(check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_doc d;
    struct mlp_err e;
    struct mlp_json_schema *s = NULL;
    struct mlp_json_schema_options options = {MLP_JSON_DRAFT_2020, true};
    mlp_err_init(&e);
    mlp_doc_init(&d, "fuzz", (size_t)4 << 20);
    if (mlp_doc_parse_json(&d, (struct mlp_str){(const char *)data, size}, &e) == MLP_OK) {
        const struct mlp_node *value = mlp_node_get(d.root, "data");
        enum mlp_code code =
            mlp_json_schema_new(&d, mlp_node_get(d.root, "schema"), &options, &s, &e);
        expect(code == MLP_OK || (e.message[0] && e.source[0]));
        if (s && value)
            evaluate(s, value);
    }
    mlp_json_schema_free(s);
    mlp_doc_fini(&d);
    return 0;
}
