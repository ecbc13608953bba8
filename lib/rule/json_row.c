/* json_row.c: a row becomes an object and meets its schema. */
#include "rule/json_row.h"

#include "rule/compile.h"
#include "text/num.h"

#include <math.h>
#include <stdlib.h>

#define ROW_BYTES ((size_t)64 << 20)
#define MOST_FAULTS 16

/* What a cell may be cast to. */
enum cast { CAST_TEXT, CAST_INTEGER, CAST_NUMBER, CAST_BOOL, CAST_JSON };
#define MOST_CASTS 4

struct column {
    struct mlp_str name;
    enum cast casts[MOST_CASTS];
    size_t n;
};

struct mlp_json_row {
    const struct mlp_rule *rule;
    struct mlp_json_check *check;
    struct column *columns;
    size_t n;
    bool whole;                   /* rows are JSON already */
    struct mlp_doc doc;           /* of the row at hand */
};

/* ---- casts */

static void add_cast(struct column *c, enum cast cast)
{
    if (c->n < MOST_CASTS)
        c->casts[c->n++] = cast;
}

static void add_type(struct column *c, struct mlp_str name)
{
    if (mlp_str_is(name, "integer"))
        add_cast(c, CAST_INTEGER);
    else if (mlp_str_is(name, "number"))
        add_cast(c, CAST_NUMBER);
    else if (mlp_str_is(name, "boolean"))
        add_cast(c, CAST_BOOL);
    else if (mlp_str_is(name, "array") || mlp_str_is(name, "object"))
        add_cast(c, CAST_JSON);
    else if (mlp_str_is(name, "string"))
        add_cast(c, CAST_TEXT);
}

/* The local schema that a property refers to: "#/$defs/name"; others are left as they are. */
static const struct mlp_node *target(const struct mlp_node *root, const struct mlp_node *n)
{
    for (int depth = 0; depth < 8; depth++) {
        struct mlp_str ref = mlp_node_str(mlp_node_get(n, "$ref"), ""), token;
        if (!mlp_str_starts(ref, "#/") || mlp_node_get(n, "type"))
            return n;
        ref = (struct mlp_str){ref.p + 2, ref.n - 2};
        n = root;
        while (n && ref.p && mlp_str_split(&ref, '/', &token))
            n = mlp_node_get_str(n, token);
    }
    return n;
}

static void add_value(struct column *c, const struct mlp_node *v)
{
    if (v && mlp_node_is_num(v))
        add_cast(c, CAST_NUMBER);
    else if (v && v->type == MLP_DOC_BOOL)
        add_cast(c, CAST_BOOL);
    else if (v && (v->type == MLP_DOC_LIST || v->type == MLP_DOC_MAP))
        add_cast(c, CAST_JSON);
}

static void find_casts(struct column *c, const struct mlp_node *root, const struct mlp_node *schema)
{
    static const char *const bounds[] = {"minimum", "maximum", "exclusiveMinimum",
                                         "exclusiveMaximum", "multipleOf"};
    const struct mlp_node *n = target(root, schema), *type = mlp_node_get(n, "type");
    if (type && type->type == MLP_DOC_TEXT)
        add_type(c, type->text);
    for (const struct mlp_node *x = type ? type->child : NULL; x; x = x->next)
        add_type(c, x->text);
    if (type)
        return;
    add_value(c, mlp_node_get(n, "const"));
    for (const struct mlp_node *x = n ? mlp_node_get(n, "enum") : NULL; x; x = NULL)
        for (const struct mlp_node *v = x->child; v; v = v->next)
            add_value(c, v);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (mlp_node_get(n, bounds[i]))
            add_value(c, mlp_node_get(n, bounds[i]));
}

/* A number's text keeps what a double would round. */
static bool cast_number(struct mlp_str text, bool whole, struct mlp_node *out)
{
    double v;
    if (!mlp_num_f64(text, &v) || !isfinite(v) || (whole && v != trunc(v)))
        return false;
    out->type = MLP_DOC_REAL;
    out->u.real = v;
    if (mlp_str_i64(text, &out->u.integer))
        out->type = MLP_DOC_INT;
    else if (mlp_str_u64(text, &out->u.unsigned_integer))
        out->type = MLP_DOC_UINT;
    else
        out->u.real = v;
    return true;
}

static bool cast_bool(struct mlp_str text, struct mlp_node *out)
{
    double v;
    if (!mlp_value_parse(MLP_TYPE_BOOL, text, &v))
        return false;
    out->type = MLP_DOC_BOOL;
    out->u.boolean = v != 0;
    return true;
}

/* Fills *out, whose text is the cell's, with what the cell may be. */
static bool cast_cell(struct mlp_json_row *row, enum cast cast, struct mlp_node *out)
{
    struct mlp_doc inner;
    switch (cast) {
    case CAST_TEXT: return true;
    case CAST_INTEGER: return cast_number(out->text, true, out);
    case CAST_NUMBER: return cast_number(out->text, false, out);
    case CAST_BOOL: return cast_bool(out->text, out);
    case CAST_JSON: break;
    }
    inner = row->doc;
    inner.root = NULL;
    bool ok = mlp_doc_parse_json(&inner, out->text, NULL) == MLP_OK && inner.root;
    row->doc.arena = inner.arena;
    if (ok) {
        struct mlp_str key = out->key;
        *out = *inner.root;
        out->key = key;
    }
    return ok;
}

static enum mlp_code object_of(struct mlp_json_row *row, const struct mlp_batch *b, size_t r,
                               struct mlp_err *e)
{
    struct mlp_node *nodes = mlp_arena_array(&row->doc.arena, row->n + 1, sizeof *nodes);
    if (!nodes)
        return mlp_err_nomem(e);
    nodes[0] = (struct mlp_node){.type = MLP_DOC_MAP, .u.count = row->n};
    for (size_t i = 0; i < row->n; i++) {
        const struct mlp_cell *cell = mlp_cell_at(b, r, i);
        struct mlp_node *x = &nodes[i + 1];
        *x = (struct mlp_node){.type = cell->p ? MLP_DOC_TEXT : MLP_DOC_NULL,
                               .key = row->columns[i].name, .text = mlp_cell_str(cell)};
        for (size_t k = 0; cell->p && k < row->columns[i].n; k++)
            if (cast_cell(row, row->columns[i].casts[k], x))
                break;
        x->next = i + 1 < row->n ? x + 1 : NULL;
    }
    nodes[0].child = row->n ? &nodes[1] : NULL;
    nodes[0].last = row->n ? &nodes[row->n] : NULL;
    row->doc.root = nodes;
    return MLP_OK;
}

/* ---- rows */

enum mlp_code mlp_json_row_new(const struct mlp_rule *rule, const struct mlp_table *t,
                               struct mlp_json_row **out, struct mlp_err *e)
{
    struct mlp_json_row *row = calloc(1, sizeof *row);
    *out = NULL;
    if (!row)
        return mlp_err_nomem(e);
    row->rule = rule;
    row->n = mlp_table_ncols(t);
    row->whole = mlp_table_format_of(t) == MLP_TABLE_NDJSON;
    row->columns = calloc(row->n + 1, sizeof *row->columns);
    mlp_doc_init(&row->doc, mlp_table_source(t), ROW_BYTES);
    enum mlp_code code = row->columns ? mlp_json_check_new(&row->check, e) : mlp_err_nomem(e);
    if (code != MLP_OK) {
        mlp_json_row_free(row);
        return code;
    }
    const struct mlp_node *properties = mlp_node_get(rule->node, "properties");
    for (size_t i = 0; i < row->n; i++) {
        row->columns[i].name = mlp_table_name(t, i);
        find_casts(&row->columns[i], rule->node,
                   mlp_node_get_str(properties, row->columns[i].name));
    }
    *out = row;
    return MLP_OK;
}

void mlp_json_row_free(struct mlp_json_row *row)
{
    if (!row)
        return;
    mlp_json_check_free(row->check);
    mlp_doc_fini(&row->doc);
    free(row->columns);
    free(row);
}

enum mlp_code mlp_json_row_judge(struct mlp_json_row *row, const struct mlp_batch *b, size_t r,
                                 const struct mlp_json_fault **faults, size_t *n,
                                 struct mlp_err *e)
{
    bool valid = true;
    mlp_arena_reset(&row->doc.arena);
    row->doc.root = NULL;
    enum mlp_code code = row->whole ? mlp_doc_parse_json(&row->doc, b->raw[r], e)
                                    : object_of(row, b, r, e);
    if (code == MLP_OK)
        code = mlp_json_check_value(row->check, row->rule->schema, row->doc.root, MOST_FAULTS,
                                    &valid, e);
    *faults = mlp_json_check_faults(row->check, n);
    if (code != MLP_OK)
        mlp_err_wrap(e, "line %llu", (unsigned long long)b->line[r]);
    if (valid)
        *n = 0;
    return code;
}

int mlp_json_row_column(const struct mlp_json_row *row, const struct mlp_json_fault *fault)
{
    struct mlp_str rest = fault->at, name;
    if (!rest.n)
        return -1;
    mlp_str_split(&rest, '/', &name);
    for (size_t i = 0; i < row->n; i++) {
        struct mlp_str column = row->columns[i].name, tail = rest;
        if (tail.n >= column.n && memcmp(tail.p, column.p, column.n) == 0 &&
            (tail.n == column.n || tail.p[column.n] == '/'))
            return (int)i;
    }
    return -1;
}

void mlp_make_json_schema(struct mlp_maker *m, const struct mlp_node *n)
{
    struct mlp_json_schema_options options = {MLP_JSON_DRAFT_2020, true};
    if (!n || mlp_make_failed(m))
        return;
    struct mlp_rule *r = mlp_make_rule(m, MLP_RULE_JSON, n);
    if (!r)
        return;
    r->expected = MLP_STR("rows that are valid against the schema");
    mlp_json_schema_new(&m->rules->doc, n, &options, &r->schema, m->e);
}
