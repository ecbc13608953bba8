/* import_mlflow.c: the signature of an MLmodel file as native rules. */
#include "rule/import_mlflow.h"

#include "rule/compile.h"

struct reader {
    const struct mlp_doc *in;
    struct mlp_doc *out;
    const struct mlp_node *place; /* of the inputs in the file: what is in a text has no other */
    struct mlp_err *e;
};

bool mlp_import_is_mlflow(const struct mlp_node *root)
{
    const struct mlp_node *signature = mlp_node_get(root, "signature");
    return (signature && signature->type == MLP_DOC_MAP) ||
           (mlp_node_get(root, "flavors") && (mlp_node_get(root, "mlflow_version") ||
                                              mlp_node_get(root, "run_id") ||
                                              mlp_node_get(root, "utc_time_created")));
}

static void put_text(struct reader *r, struct mlp_node *column, const char *key, const char *text)
{
    mlp_import_put(r->out, column, key, mlp_doc_new_text(r->out, text), r->place);
}

static void put_int(struct reader *r, struct mlp_node *column, const char *key, int64_t v)
{
    mlp_import_put(r->out, column, key, mlp_import_num(r->out, (double)v), r->place);
}

static void put_true(struct reader *r, struct mlp_node *column, const char *key)
{
    mlp_import_put(r->out, column, key, mlp_doc_new_bool(r->out, true), r->place);
}

/* The native type of a type, and what there is besides. Numbers without a fraction and booleans
 * cannot be missing in a column that is required: NumPy has no such value. */
static void put_type(struct reader *r, struct mlp_node *column, struct mlp_str type, bool required)
{
    static const struct {
        const char *name, *native;
        bool whole;
    } types[] = {
        {"boolean", "bool", true}, {"integer", "int", true},    {"long", "int", true},
        {"float", "float", false}, {"double", "float", false},  {"string", "string", false},
        {"binary", "string", false}, {"datetime", "string", false},
    };
    size_t i = 0, n = sizeof types / sizeof *types;
    while (i < n && !mlp_str_is(type, types[i].name))
        i++;
    if (i == n) {
        mlp_node_error(r->in, r->place, r->e,
                       "inputs: a column of type \"%.*s\" cannot be checked in a table; expected "
                       "boolean, integer, long, float, double, string, binary or datetime",
                       MLP_STR_ARG(type));
        return;
    }
    put_text(r, column, "type", types[i].native);
    if (types[i].whole && required)
        put_true(r, column, "required");
    if (mlp_str_is(type, "integer")) {
        put_int(r, column, "min", INT32_MIN);
        put_int(r, column, "max", INT32_MAX);
    } else if (mlp_str_is(type, "datetime")) {
        put_text(r, column, "format", "dateutil");
    } else if (mlp_str_is(type, "binary")) {
        put_text(r, column, "match",
                 "\\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\\z");
    }
}

static void read_input(struct reader *r, const struct mlp_node *n)
{
    const struct mlp_node *name = mlp_node_get(n, "name"), *optional = mlp_node_get(n, "optional");
    struct mlp_str type = mlp_node_str(mlp_node_get(n, "type"), "");
    bool required = mlp_node_bool(mlp_node_get(n, "required"), !mlp_node_bool(optional, false));
    if (mlp_str_is(type, "tensor")) {
        mlp_node_error(r->in, r->place, r->e,
                       "inputs: a tensor has no columns that a table could be held to");
        return;
    }
    if (!name || name->type != MLP_DOC_TEXT) {
        mlp_node_error(r->in, r->place, r->e, "inputs: expected columns with names");
        return;
    }
    struct mlp_node *column = mlp_import_column(r->out, name->text, r->place);
    if (column && column->child) {
        mlp_node_error(r->in, r->place, r->e, "inputs: the column \"%.*s\" comes twice",
                       MLP_STR_ARG(name->text));
        return;
    }
    if (!required)
        put_true(r, column, "optional");
    put_type(r, column, type, required);
}

static void read_inputs(struct reader *r, const struct mlp_node *list)
{
    if (!list || list->type != MLP_DOC_LIST || !list->child) {
        mlp_node_error(r->in, r->place, r->e, "inputs: expected a list of columns");
        return;
    }
    for (const struct mlp_node *n = list->child; n && r->e->code == MLP_OK; n = n->next)
        read_input(r, n);
}

/* The list is a JSON text within the YAML; people who write it by hand leave the quotes away. */
static void read_text(struct reader *r)
{
    struct mlp_doc inner;
    struct mlp_err fault;
    mlp_err_init(&fault);
    mlp_doc_init(&inner, r->in->source, MLP_RULES_BYTES);
    if (mlp_doc_parse_json(&inner, r->place->text, &fault) == MLP_OK)
        read_inputs(r, inner.root);
    else
        mlp_node_error(r->in, r->place, r->e, "inputs: %s", fault.message);
    mlp_doc_fini(&inner);
}

enum mlp_code mlp_import_mlflow(const struct mlp_doc *in, struct mlp_doc *out,
                                struct mlp_import_notes *notes, struct mlp_err *e)
{
    const struct mlp_node *signature = mlp_node_get(in->root, "signature");
    const struct mlp_node *inputs = mlp_node_get(signature, "inputs");
    struct reader r = {in, out, inputs, e};
    if (!inputs || inputs->type == MLP_DOC_NULL)
        return mlp_node_error(in, signature ? signature : in->root, e,
                              "the model has no signature with inputs; log it with one "
                              "(mlflow.models.infer_signature)");
    mlp_import_start(out);
    for (const struct mlp_node *n = signature->child; n; n = n->next)
        if (!mlp_str_is(n->key, "inputs") && n->type != MLP_DOC_NULL)
            mlp_import_note(notes, n, "signature.%.*s is not used: rules are for the inputs",
                            MLP_STR_ARG(n->key));
    if (inputs->type == MLP_DOC_TEXT)
        read_text(&r);
    else
        read_inputs(&r, inputs);
    return e->code == MLP_OK ? mlp_import_done(out, e) : e->code;
}
