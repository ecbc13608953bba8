/* keys_field.c: the keys `reads` and `missing_values` of a column. */
#include "rule/compile.h"
#include "rule/field.h"

#include <math.h>

static bool type_of(const struct mlp_node *n, enum mlp_field_type *out)
{
    for (int i = 0; mlp_field_type_names[i]; i++) {
        if (mlp_str_is(mlp_node_str(n, ""), mlp_field_type_names[i])) {
            *out = (enum mlp_field_type)i;
            return true;
        }
    }
    return false;
}

static char one_char(struct mlp_maker *m, const struct mlp_node *n, char otherwise)
{
    if (!n)
        return otherwise;
    if (n->text.n > 1)
        mlp_make_fault(m, n, "one character");
    return n->text.n ? n->text.p[0] : '\0';
}

static const struct mlp_node *words_of(struct mlp_maker *m, const struct mlp_node *n)
{
    if (n && n->type != MLP_DOC_LIST)
        mlp_make_fault(m, n, "a list");
    return n;
}

/* As the column writes its values; of XML Schema's also as they are without a format. */
static bool read_bound(const struct mlp_field *f, struct mlp_str text, double *out)
{
    struct mlp_xsd plain = {f->datatype.base, {"", 0}, '.', '\0'};
    return mlp_field_read(f, text, out) ||
           (f->type == MLP_FIELD_XSD && mlp_xsd_read(&plain, text, out));
}

static void read_end(struct mlp_maker *m, const struct mlp_node *n, const struct mlp_field *f,
                     double *out)
{
    if (n && (!read_bound(f, n->text, out) || isnan(*out)))
        mlp_make_fault(m, n, "a bound that is written as a value of the column");
}

static void read_bounds(struct mlp_maker *m, const struct mlp_node *map, struct mlp_field *f)
{
    const struct mlp_node *above = mlp_node_get(map, "above"), *below = mlp_node_get(map, "below");
    read_end(m, above ? above : mlp_node_get(map, "min"), f, &f->lo);
    read_end(m, below ? below : mlp_node_get(map, "max"), f, &f->hi);
    f->open_lo = above != NULL;
    f->open_hi = below != NULL;
    f->in = words_of(m, mlp_node_get(map, "in"));
    f->bounds_only = mlp_node_bool(mlp_node_get(map, "bounds_only"), false);
}

static void read_details(struct mlp_maker *m, const struct mlp_node *map, struct mlp_field *f)
{
    f->format = mlp_node_str(mlp_node_get(map, "format"), "");
    if (mlp_str_is(f->format, "default"))
        f->format = (struct mlp_str){"", 0};
    f->decimal = one_char(m, mlp_node_get(map, "decimal"), '.');
    f->group = one_char(m, mlp_node_get(map, "group"), '\0');
    f->bare = mlp_node_bool(mlp_node_get(map, "bare"), true);
    f->trues = words_of(m, mlp_node_get(map, "true"));
    f->falses = words_of(m, mlp_node_get(map, "false"));
    f->separator = mlp_node_str(mlp_node_get(map, "separator"), ",");
    f->item = MLP_FIELD_STRING;
    const struct mlp_node *item = mlp_node_get(map, "item");
    if (item && (!type_of(item, &f->item) || f->item == MLP_FIELD_XSD))
        mlp_make_fault(m, item, "a type of Table Schema");
}

/* base: decimal, length: {min: 1, max: 9}. */
static void read_datatype(struct mlp_maker *m, const struct mlp_node *map, struct mlp_field *f)
{
    const struct mlp_node *base = mlp_node_get(map, "base"), *length = mlp_node_get(map, "length");
    const struct mlp_node *most = mlp_node_get(length, "max");
    f->datatype = (struct mlp_xsd){mlp_xsd_find(mlp_node_str(base, "string")), f->format,
                                        f->decimal, f->group};
    f->separator = mlp_node_str(mlp_node_get(map, "separator"), "");
    f->least = (uint64_t)mlp_node_int(mlp_node_get(length, "min"), 0);
    f->most = most ? (uint64_t)mlp_node_int(most, 0) : UINT64_MAX;
    if (!f->datatype.base)
        mlp_make_fault(m, base, "a datatype of XML Schema");
    else if (f->format.n && !mlp_xsd_takes(&f->datatype))
        mlp_make_fault(m, mlp_node_get(map, "format"), "a format of the datatype");
}

void mlp_make_reads(struct mlp_maker *m, const struct mlp_node *map)
{
    static const char *const known[] = {"as", "format", "decimal", "group", "bare", "true", "false",
                                        "separator", "item", "base", "length", "min", "max",
                                        "above", "below", "in",
                                        "bounds_only", NULL};
    struct mlp_rule *r = NULL;
    struct mlp_field *f = mlp_arena_alloc(&m->rules->arena, sizeof *f);
    if (!f) {
        mlp_err_nomem(m->e);
        return;
    }
    if (map->type != MLP_DOC_MAP)
        mlp_make_fault(m, map, "a map such as {as: number, decimal: \",\"}");
    else if (mlp_node_known(&m->rules->doc, map, known, m->e) == MLP_OK)
        r = mlp_make_rule(m, MLP_RULE_READS, map);
    if (!r)
        return;
    const struct mlp_node *as = mlp_node_get(map, "as");
    *f = (struct mlp_field){.lo = NAN, .hi = NAN};
    if (!as || !type_of(as, &f->type)) {
        mlp_make_fault(m, as ? as : map, "as: with a type of Table Schema, such as number, or xsd");
        return;
    }
    read_details(m, map, f);
    if (f->type == MLP_FIELD_XSD && !mlp_make_failed(m))
        read_datatype(m, map, f);
    if (!mlp_make_failed(m))
        read_bounds(m, map, f);
    r->field = f;
    r->expected = mlp_make_words(m, f->bounds_only ? "within bounds, as " : "text that reads as ",
                                 f->type == MLP_FIELD_XSD ? mlp_node_str(mlp_node_get(map, "base"),
                                                                         "string") : as->text);
}
