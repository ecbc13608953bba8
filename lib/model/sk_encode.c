/* sk_encode.c: encoders of categories: OneHotEncoder, OrdinalEncoder, TargetEncoder.
 *
 * A value becomes its code (index in categories_) first, then a table turns the code into what the
 * encoder makes of it; index 0 of every table is the unknown value. A blank cell is whichever
 * missing category the model has: NaN, None or the empty text. */
#include "model/dict.h"
#include "model/sk_readers.h"
#include <math.h>

struct column {
    struct mlp_dict *dict;
    size_t n;                    /* categories */
    bool is_text;
    int32_t missing;             /* code of NaN or None, or -1 */
    bool none;                   /* it is None, which OrdinalEncoder takes for a category */
};

static bool is_none(const struct mlp_nd *nd, size_t i)
{
    return nd->objects && nd->objects[i]->type == MLP_VALUE_NONE;
}

/* One category: text, number, or missing. */
static enum mlp_code read_category(struct mlp_sk *s, const struct mlp_nd *nd, size_t i,
                                   struct column *c, struct mlp_str *text, double *number)
{
    struct mlp_str t = mlp_nd_text(nd, i, s->keep);
    bool ok;
    if (t.p) {
        *text = mlp_arena_str(s->keep, t);
        c->is_text = true;
        return text->p ? MLP_OK : mlp_err_nomem(s->e);
    }
    *number = mlp_nd_f64(nd, i, &ok);
    if ((ok && isnan(*number)) || is_none(nd, i)) {
        bool first = c->missing < 0 || !is_none(nd, i);
        c->missing = first ? (int32_t)i : c->missing;
        c->none = first ? is_none(nd, i) : c->none;
    } else if (!ok)
        return mlp_sk_bad(s, "a category is neither text nor number");
    return MLP_OK;
}

/* Blank cells of a model without a missing category but with an empty text mean that text. */
static int32_t blank_code(const struct column *c, const struct mlp_str *text)
{
    for (size_t i = 0; c->missing < 0 && i < c->n; i++)
        if (text[i].p && text[i].n == 0)
            return (int32_t)i;
    return c->missing;
}

static enum mlp_code read_column(struct mlp_sk *s, const struct mlp_value *v, struct column *c)
{
    struct mlp_nd nd;
    *c = (struct column){.missing = -1};
    if (mlp_nd_read(v, s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "categories_");
    struct mlp_str *text = mlp_arena_array(s->keep, nd.count, sizeof *text);
    double *number = mlp_arena_array(s->keep, nd.count, sizeof *number);
    if (!text || !number)
        return mlp_err_nomem(s->e);
    c->n = nd.count;
    for (size_t i = 0; i < nd.count; i++) {
        number[i] = NAN;
        if (read_category(s, &nd, i, c, &text[i], &number[i]))
            return s->e->code;
    }
    for (size_t i = 0; c->is_text && i < nd.count; i++)
        if (!text[i].p && !isnan(number[i]))
            return mlp_sk_bad(s, "categories mix texts and numbers");
    c->dict = c->is_text ? mlp_dict_texts(s->keep, text, c->n, blank_code(c, text))
                         : mlp_dict_numbers(s->keep, number, c->n, c->missing);
    return c->dict ? MLP_OK : mlp_err_nomem(s->e);
}

/* The columns of one kind as one node; places its codes among all. */
static enum mlp_code encode_kind(struct mlp_sk *s, struct mlp_cols x, const struct column *c,
                                 struct mlp_encode p, bool text, struct mlp_cols *codes)
{
    struct mlp_dict *dict = mlp_arena_array(s->keep, x.n, sizeof *dict);
    struct mlp_cols in = {mlp_arena_array(s->keep, x.n, sizeof *in.p), 0}, made;
    if (!dict || !in.p)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n; i++)
        if (c[i].is_text == text) {
            dict[in.n] = *c[i].dict;
            in.p[in.n++] = x.p[i];
        }
    if (!in.n)
        return MLP_OK;
    p.dict = dict;
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!params || (text ? mlp_sk_texts(s, &mlp_op_encode_text, params, in, MLP_WIRE_NUM, &made)
                         : mlp_sk_node(s, &mlp_op_encode, params, in, in.n, &made)))
        return s->e->code;
    for (size_t i = 0, k = 0; i < x.n; i++)
        if (c[i].is_text == text)
            codes->p[i] = made.p[k++];
    return MLP_OK;
}

/* categories_ and a code for every column of x. */
static enum mlp_code encode(struct mlp_sk *s, struct mlp_cols x, bool refuse, struct column **out,
                            struct mlp_cols *codes)
{
    const struct mlp_value *categories = mlp_sk_attr(s, "categories_");
    struct column *c = mlp_arena_array(s->keep, x.n, sizeof *c);
    *codes = (struct mlp_cols){mlp_arena_array(s->keep, x.n, sizeof *codes->p), x.n};
    *out = c;
    if (!c || !codes->p)
        return mlp_err_nomem(s->e);
    if (mlp_value_count(categories) != x.n)
        return mlp_sk_bad(s, "categories_ of %zu columns, %zu flow in",
                          mlp_value_count(categories), x.n);
    for (size_t i = 0; i < x.n; i++)
        if (read_column(s, mlp_value_at(categories, i), &c[i]))
            return s->e->code;
    struct mlp_encode p = {.refuse = refuse};
    if (encode_kind(s, x, c, p, false, codes) || encode_kind(s, x, c, p, true, codes))
        return s->e->code;
    return MLP_OK;
}

static int64_t group_of(const struct mlp_nd *map, size_t i)
{
    return i < map->count ? mlp_nd_i64(map, i, NULL) : 0;
}

/* Codes to groups where rare categories share one: _default_to_infrequent_mappings[column], or
 * the identity. *groups is their number, *rare says that there is a shared one (the last). */
static enum mlp_code read_groups(struct mlp_sk *s, size_t column, size_t n, int32_t **map,
                                 size_t *groups, bool *rare)
{
    const struct mlp_value *all = mlp_sk_attr(s, "_default_to_infrequent_mappings");
    const struct mlp_value *one =
        mlp_sk_flag(s, "_infrequent_enabled", false) ? mlp_value_at(all, column) : NULL;
    struct mlp_nd nd;
    *map = mlp_arena_array(s->keep, n + 1, sizeof **map);
    *rare = !mlp_value_is_none(one);
    *groups = *rare ? 0 : n;
    if (!*map)
        return mlp_err_nomem(s->e);
    if (*rare && mlp_nd_read(one, s->tmp, &nd, s->e))
        return mlp_err_wrap(s->e, "_default_to_infrequent_mappings");
    /* OrdinalEncoder leaves a missing category, which is the last, out of the mapping. */
    if (*rare && nd.count != n && nd.count + 1 != n)
        return mlp_sk_bad(s, "_default_to_infrequent_mappings does not fit categories_");
    for (size_t i = 0; i < n; i++) {
        int64_t g = *rare ? group_of(&nd, i) : (int64_t)i;
        if (g < 0 || g >= (int64_t)n)
            return mlp_sk_bad(s, "_default_to_infrequent_mappings is out of range");
        (*map)[i] = (int32_t)g;
        *groups = (size_t)g + 1 > *groups ? (size_t)g + 1 : *groups;
    }
    return MLP_OK;
}

/* Group that `drop` leaves out, or -1. */
static int64_t dropped(struct mlp_sk *s, size_t column)
{
    const char *name = mlp_sk_has(s, "_drop_idx_after_grouping") ? "_drop_idx_after_grouping"
                                                                  : "drop_idx_";
    struct mlp_nd nd;
    bool ok;
    if (!mlp_sk_has(s, name) || mlp_sk_array(s, name, &nd) || column >= nd.count)
        return -1;
    int64_t d = mlp_nd_i64(&nd, column, &ok);
    return ok ? d : -1;
}

/* Output column of every code of one input column; *width is advanced. */
static enum mlp_code one_hot_map(struct mlp_sk *s, size_t column, size_t n, bool to_rare,
                                 const int32_t **out, size_t *width)
{
    int32_t *group, *map = mlp_arena_array(s->keep, n + 1, sizeof *map);
    size_t groups;
    bool rare;
    if (!map)
        return mlp_err_nomem(s->e);
    if (read_groups(s, column, n, &group, &groups, &rare))
        return s->e->code;
    int64_t drop = dropped(s, column);
    for (size_t i = 0; i <= n; i++) {
        int64_t g = i ? group[i - 1] : rare && to_rare ? (int64_t)groups - 1 : -1;
        bool none = g < 0 || g == drop;
        map[i] = none ? -1 : (int32_t)(*width + (size_t)(g - (drop >= 0 && g > drop)));
    }
    *width += groups - (drop >= 0);
    *out = map;
    return MLP_OK;
}

enum mlp_code mlp_read_one_hot(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct column *c;
    struct mlp_cols codes;
    bool refuse = mlp_sk_is(s, "handle_unknown", "error");
    bool to_rare = mlp_sk_is(s, "handle_unknown", "infrequent_if_exist") ||
                   (mlp_sk_is(s, "handle_unknown", "warn") &&
                    mlp_sk_version(s) >= 1008000);
    const int32_t **map = mlp_arena_array(s->keep, x.n, sizeof *map);
    size_t width = 0, *end = mlp_arena_array(s->keep, x.n, sizeof *end);
    if (!map || !end)
        return mlp_err_nomem(s->e);
    if (encode(s, x, refuse, &c, &codes))
        return s->e->code;
    for (size_t i = 0; i < x.n; end[i++] = width)
        if (one_hot_map(s, i, c[i].n, to_rare, &map[i], &width))
            return s->e->code;
    struct mlp_expand p = {map, end};
    void *params = mlp_sk_params(s, &p, sizeof p);
    out->is_transform = true;
    return params ? mlp_sk_node(s, &mlp_op_expand, params, codes, width, &out->transform)
                  : s->e->code;
}

static enum mlp_code add_lookup(struct mlp_sk *s, const double *const *table, struct mlp_cols codes,
                                struct mlp_pred *out)
{
    struct mlp_lookup p = {table};
    void *params = mlp_sk_params(s, &p, sizeof p);
    out->is_transform = true;
    return params ? mlp_sk_node(s, &mlp_op_lookup, params, codes, codes.n, &out->transform)
                  : s->e->code;
}

static enum mlp_code ordinal_table(struct mlp_sk *s, size_t column, const struct column *c,
                                   const double **out)
{
    double *table = mlp_arena_array(s->keep, c->n + 1, sizeof *table);
    int32_t *group;
    size_t groups;
    bool rare;
    if (!table)
        return mlp_err_nomem(s->e);
    if (read_groups(s, column, c->n, &group, &groups, &rare))
        return s->e->code;
    table[0] = mlp_sk_num(s, "unknown_value", NAN);
    for (size_t i = 0; i < c->n; i++) {
        bool missing = (int32_t)i == c->missing && !c->none;
        table[i + 1] = missing ? mlp_sk_num(s, "encoded_missing_value", NAN) : group[i];
    }
    *out = table;
    return MLP_OK;
}

enum mlp_code mlp_read_ordinal(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct column *c;
    struct mlp_cols codes;
    const double **table = mlp_arena_array(s->keep, x.n, sizeof *table);
    if (!table)
        return mlp_err_nomem(s->e);
    if (encode(s, x, !mlp_sk_is(s, "handle_unknown", "use_encoded_value"), &c, &codes))
        return s->e->code;
    for (size_t i = 0; i < x.n; i++)
        if (ordinal_table(s, i, &c[i], &table[i]))
            return s->e->code;
    return add_lookup(s, table, codes, out);
}

/* The mean target of every category of a column, for one class. */
static enum mlp_code target_table(struct mlp_sk *s, const struct mlp_value *v, double mean,
                                  const struct column *c, const double **out)
{
    struct mlp_nd nd;
    double *table = mlp_arena_array(s->keep, c->n + 1, sizeof *table);
    if (!table)
        return mlp_err_nomem(s->e);
    if (!v || mlp_nd_read(v, s->tmp, &nd, s->e) || nd.count != c->n)
        return mlp_sk_bad(s, "encodings_ does not fit categories_");
    table[0] = mean;
    for (size_t i = 0; i < c->n; i++)
        table[i + 1] = mlp_nd_f64(&nd, i, NULL);
    *out = table;
    return MLP_OK;
}

enum mlp_code mlp_read_target_encoder(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    const struct mlp_value *encodings = mlp_sk_attr(s, "encodings_");
    struct column *c;
    struct mlp_cols codes, wide = {NULL, 0};
    const double *mean;
    size_t k;
    if (mlp_sk_doubles(s, "target_mean_", 0, &mean, &k) || encode(s, x, false, &c, &codes))
        return s->e->code;
    k = mlp_sk_is(s, "target_type_", "multiclass") ? k : 1;
    wide.p = mlp_arena_array(s->keep, x.n * k, sizeof *wide.p);
    const double **table = mlp_arena_array(s->keep, x.n * k, sizeof *table);
    if (!table || !wide.p)
        return mlp_err_nomem(s->e);
    for (size_t i = 0; i < x.n * k; i++) {
        wide.p[wide.n++] = codes.p[i / k];
        if (target_table(s, mlp_value_at(encodings, i), mean[i % k], &c[i / k], &table[i]))
            return s->e->code;
    }
    return add_lookup(s, table, wide, out);
}

/* --- labels --- */

/* A code for the one column of labels; what is none of classes_ is refused, or -1. */
static enum mlp_code encode_labels(struct mlp_sk *s, struct mlp_cols x, bool refuse,
                                   struct column *c, struct mlp_cols *code)
{
    *code = (struct mlp_cols){mlp_arena_array(s->keep, 1, sizeof *code->p), 1};
    if (!code->p)
        return mlp_err_nomem(s->e);
    if (x.n != 1 || !mlp_sk_has(s, "classes_"))
        return mlp_sk_bad(s, "it takes one column of labels and needs classes_");
    struct mlp_encode p = {.refuse = refuse};
    if (read_column(s, mlp_sk_attr(s, "classes_"), c))
        return s->e->code;
    return encode_kind(s, x, c, p, c->is_text, code);
}

enum mlp_code mlp_read_label_encoder(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct column c;
    out->is_transform = true;
    return encode_labels(s, x, true, &c, &out->transform);
}

/* LabelBinarizer: pos_label in the label's column, neg_label elsewhere; of two classes one column,
 * of one class none but the negative. */
enum mlp_code mlp_read_label_binarizer(struct mlp_sk *s, struct mlp_cols x, struct mlp_pred *out)
{
    struct column c;
    struct mlp_cols code, one;
    double low = mlp_sk_num(s, "neg_label", 0), high = mlp_sk_num(s, "pos_label", 1);
    const int32_t **map = mlp_arena_array(s->keep, 1, sizeof *map);
    if (!map)
        return mlp_err_nomem(s->e);
    if (encode_labels(s, x, false, &c, &code))
        return s->e->code;
    int32_t *to = mlp_arena_array(s->keep, c.n + 1, sizeof *to);
    size_t *end = mlp_arena_array(s->keep, 1, sizeof *end);
    struct mlp_expand p = {map, end};
    void *params = mlp_sk_params(s, &p, sizeof p);
    if (!to || !end || !params)
        return mlp_err_nomem(s->e);
    map[0] = to;
    end[0] = c.n > 2 ? c.n : 1;
    for (size_t i = 0; i <= c.n; i++)
        to[i] = c.n > 2 ? (int32_t)i - 1 : i == 2 ? 0 : -1;
    out->is_transform = true;
    return mlp_sk_node(s, &mlp_op_expand, params, code, c.n > 2 ? c.n : 1, &one)
               ? s->e->code
               : mlp_sk_affine(s, one, high - low, low, &out->transform);
}
