/* mark_cell_schema.c: values that are JSON texts, against a JSON Schema. */
#include "rule/internal.h"
#include "rule/json_schema.h"

#define VALUE_BYTES ((size_t)256 << 20)

/* A value that exceeds the limits of evaluation does not hold. */
static bool holds(const struct mlp_rule *rule, struct mlp_str text, struct mlp_json_check *check)
{
    struct mlp_doc d;
    bool valid = false;
    mlp_doc_init(&d, "value", VALUE_BYTES);
    if (mlp_doc_parse_json(&d, text, NULL) == MLP_OK &&
        mlp_json_check_value(check, rule->schema, d.root, 0, &valid, NULL) != MLP_OK)
        valid = false;
    mlp_doc_fini(&d);
    return valid;
}

size_t mlp_rule_mark_cell_schema(const struct mlp_rule *rule, const struct mlp_column_view *v,
                          struct mlp_rule_state *state, struct mlp_err *e)
{
    size_t failed = 0;
    if (!state->json && mlp_json_check_new(&state->json, e) != MLP_OK)
        return 0;
    for (size_t r = 0; r < v->n; r++) {
        v->fails[r] = v->state[r] == MLP_CELL_FITS &&
                      !holds(rule, mlp_cell_str(&v->cell[r]), state->json);
        failed += v->fails[r];
    }
    return failed;
}
