/* pack.c: the nodes and values of a finished forest (forest.h). */
#include "base/map.h"
#include "forest/internal.h"
#include "forest/shap.h"
#include <math.h>
#include <stdlib.h>

/* Columns that the nodes of a coded forest can name. */
#define MOST_COLUMNS (1u << MLP_MORE_FEATURE_BITS)

static struct mlp_node16 *builder_node(const struct mlp_forest_builder *b, size_t i)
{
    return mlp_vec_at(&b->nodes, i);
}

/* Leaves are told by their child, which is themselves. */
static bool is_packed_leaf(const struct mlp_forest_builder *b, size_t i)
{
    return builder_node(b, i)->child == i;
}

/* Renumbers features to those in use: narrow rows, few bits. */
static enum mlp_code compact_features(struct mlp_forest_builder *b, struct mlp_forest *f,
                                      struct mlp_err *e)
{
    uint32_t *number = mlp_arena_array(b->arena, b->spec.nfeatures + 1, sizeof *number);
    uint32_t *used = mlp_arena_array(b->arena, b->spec.nfeatures + 1, sizeof *used);
    if (!number || !used)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < b->nodes.n; i++)
        if (!is_packed_leaf(b, i))
            number[builder_node(b, i)->packed >> 8] = 1;
    for (uint32_t i = 0; i < b->spec.nfeatures; i++)
        if (number[i]) {
            number[i] = f->nused;
            used[f->nused++] = i;
        }
    for (size_t i = 0; i < b->nodes.n; i++) {
        struct mlp_node16 *n = builder_node(b, i);
        n->packed = number[n->packed >> 8] << 8 | (n->packed & 255);
    }
    f->used = used;
    return MLP_OK;
}

/* Nodes compare features directly: all that coding would change is settled. */
static bool is_direct(const struct mlp_forest *f)
{
    return f->plain_nan && f->spec.float32;
}

/* Some width leaves room for the nodes' numbers. */
static bool fits_packed(struct mlp_forest *f)
{
    uint32_t width = f->coded ? f->ncolumns : f->nused;
    f->feature_bits = width <= 1u << MLP_FEATURE_BITS ? MLP_FEATURE_BITS : MLP_MORE_FEATURE_BITS;
    return (f->coded || is_direct(f)) && width <= 1u << f->feature_bits &&
           (uint64_t)f->nnodes << (f->feature_bits + 1) <= UINT32_MAX;
}

static void pack_node(const struct mlp_forest *f, const struct mlp_node16 *from,
                      const struct node_code *code, struct mlp_node8 *to)
{
    uint32_t left = from->packed & MLP_SPLIT_DEFAULT_LEFT;
    to->threshold = code ? (float)code->rank : (float)from->threshold;
    to->packed = from->child << (f->feature_bits + 1) | left << f->feature_bits |
                 (code ? code->column : from->packed >> 8);
}

static enum mlp_code pack_narrow(struct mlp_forest_builder *b, struct mlp_forest *f,
                                 const struct node_code *codes, struct mlp_err *e)
{
    struct mlp_node8 *p = mlp_arena_array64(b->arena, f->nnodes, sizeof *p);
    if (!p)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < f->nnodes; i++)
        pack_node(f, builder_node(b, i),
                  f->coded && !is_packed_leaf(b, i) ? &codes[i] : NULL, &p[i]);
    f->n8 = p;
    return MLP_OK;
}

static enum mlp_code pack_wide(struct mlp_forest_builder *b, struct mlp_forest *f,
                               struct mlp_err *e)
{
    struct mlp_node16 *p = mlp_arena_array64(b->arena, f->nnodes, sizeof *p);
    if (!p)
        return mlp_err_nomem(e);
    memcpy(p, b->nodes.p, f->nnodes * sizeof *p);
    f->n16 = p;
    return MLP_OK;
}

/* Room for what packing needs to know of each node. */
static enum mlp_code list_nodes(const struct mlp_forest_builder *b, const struct mlp_forest *f,
                                bool **pick, struct node_list *list, struct mlp_err *e)
{
    bool small = mlp_forest_is_small(f);
    *list = (struct node_list){b->nodes.p, b->values.p, NULL, NULL};
    list->codes = malloc((f->nnodes + 1) * sizeof *list->codes);
    *pick = small ? NULL : calloc(f->nnodes + 1, sizeof **pick);
    if (!list->codes || (!small && !*pick))
        return mlp_err_nomem(e);
    if (*pick)
        mlp_forest_first_levels(f, list->nodes, *pick);
    return MLP_OK;
}

/* Coded nodes need codes for all; direct ones for what is answered whole. */
static enum mlp_code pack_listed(struct mlp_forest_builder *b, struct mlp_forest *f,
                                 const bool *pick, struct node_list *list, struct mlp_err *e)
{
    list->pick = is_direct(f) ? pick : NULL;
    if (mlp_forest_columns(f, list, MOST_COLUMNS, b->arena, e))
        return e->code;
    f->coded = !is_direct(f) && f->ncolumns;
    enum mlp_code code = fits_packed(f) ? pack_narrow(b, f, list->codes, e) : pack_wide(b, f, e);
    list->pick = pick;
    if (code || !f->n8 || !f->ncolumns)
        return code;
    code = mlp_forest_densify(f, list, b->arena, e);
    return code || pick ? code : mlp_forest_bits(f, list, b->arena, e);
}

static enum mlp_code pack_nodes(struct mlp_forest_builder *b, struct mlp_forest *f,
                                struct mlp_err *e)
{
    uint32_t all = 0;
    struct node_list list;
    bool *pick;
    for (size_t i = 0; i < f->nnodes; i++)
        all |= builder_node(b, i)->packed & 255;
    f->plain = !(all & ~(uint32_t)(MLP_SPLIT_DEFAULT_LEFT | MLP_SPLIT_NAN_ZERO));
    f->plain_nan = f->plain && !(all & MLP_SPLIT_NAN_ZERO);
    enum mlp_code code = list_nodes(b, f, &pick, &list, e);
    if (!code)
        code = pack_listed(b, f, pick, &list, e);
    free(list.codes);
    free(pick);
    return code;
}

static enum mlp_code copy_values(struct mlp_forest_builder *b, struct mlp_forest *f,
                                 struct mlp_err *e)
{
    size_t n = b->values.n;
    double *wide = b->spec.sum_float32 ? NULL : mlp_arena_array64(b->arena, n, sizeof *wide);
    float *narrow = b->spec.sum_float32 ? mlp_arena_array64(b->arena, n, sizeof *narrow) : NULL;
    if (!wide && !narrow)
        return mlp_err_nomem(e);
    for (size_t i = 0; narrow && i < n; i++)
        narrow[i] = (float)*(double *)mlp_vec_at(&b->values, i);
    if (wide && n)
        memcpy(wide, b->values.p, n * sizeof *wide);
    f->value = wide;
    f->value32 = narrow;
    return MLP_OK;
}

/* Codes for the rows of all nodes in map, UINT16_MAX + 1 of them at most; false when there are
 * more different rows, or no memory. */
static bool code_rows(struct mlp_forest_builder *b, struct mlp_map *map, uint16_t *code)
{
    size_t bytes = b->spec.value_width * sizeof(double);
    for (size_t i = 0; i < b->nodes.n; i++) {
        struct mlp_str row = {mlp_vec_at(&b->values, i * b->spec.value_width), bytes};
        bool fresh;
        uint64_t *at = mlp_map_put(map, row, &fresh);
        if (!at)
            return false;
        *at = fresh ? map->n - 1 : *at;
        if (*at > UINT16_MAX)
            return false;
        code[i] = (uint16_t)*at;
    }
    return true;
}

/* The different rows in the order of their codes. */
static double *take_rows(struct mlp_forest_builder *b, const struct mlp_map *map)
{
    size_t w = b->spec.value_width;
    double *rows = mlp_arena_array64(b->arena, map->n * w, sizeof *rows);
    for (size_t i = 0; rows && i < map->n; i++)
        memcpy(rows + i * w, map->entries[i].key.p, w * sizeof *rows);
    return rows;
}

/* Few different rows, many nodes: the rows are kept once. */
#define ROWS_BYTES ((size_t)16 << 20)

static enum mlp_code pack_values(struct mlp_forest_builder *b, struct mlp_forest *f,
                                 struct mlp_err *e)
{
    struct mlp_map map;
    if (b->spec.value_width < 2 || b->spec.sum_float32)
        return copy_values(b, f, e);
    uint16_t *code = mlp_arena_array64(b->arena, b->nodes.n, sizeof *code);
    mlp_map_init(&map, 0, ROWS_BYTES);
    if (code && code_rows(b, &map, code)) {
        f->value = take_rows(b, &map);
        f->code = f->value ? code : NULL;
    }
    mlp_map_fini(&map);
    return f->value ? MLP_OK : copy_values(b, f, e);
}

static const void *keep(struct mlp_arena *a, const struct mlp_vec *v)
{
    char *p = mlp_arena_alloc(a, v->n * v->item);
    if (p && v->n)
        memcpy(p, v->p, v->n * v->item);
    return p;
}

static enum mlp_code pack(struct mlp_forest_builder *b, const double *base, struct mlp_forest *f,
                          struct mlp_err *e)
{
    f->spec = b->spec;
    f->ntrees = b->roots.n;
    f->nnodes = b->nodes.n;
    double *start = mlp_arena_array(b->arena, b->spec.noutputs, sizeof *start);
    uint32_t *end = mlp_vec_push(&b->roots);
    if (!end)
        return mlp_err_nomem(e);
    *end = (uint32_t)b->nodes.n;
    f->root = keep(b->arena, &b->roots);
    f->output = keep(b->arena, &b->outputs);
    f->depth = keep(b->arena, &b->depths);
    f->sets = keep(b->arena, &b->sets);
    f->leaf_id = b->spec.keep_leaf_ids ? keep(b->arena, &b->leaf_ids) : NULL;
    if (!start || !f->root || !f->output || !f->depth || !f->sets ||
        (b->spec.keep_leaf_ids && !f->leaf_id))
        return mlp_err_nomem(e);
    if (base)
        memcpy(start, base, b->spec.noutputs * sizeof *start);
    f->base = start;
    if (compact_features(b, f, e) || pack_nodes(b, f, e) ||
        (b->spec.explain && mlp_shap_end(&b->shap, b, f, e)))
        return e->code;
    return pack_values(b, f, e);
}

enum mlp_code mlp_forest_end(struct mlp_forest_builder *b, const double *base,
                             struct mlp_forest **out, struct mlp_err *e)
{
    *out = mlp_arena_alloc(b->arena, sizeof **out);
    enum mlp_code code = *out ? pack(b, base, *out, e) : mlp_err_nomem(e);
    mlp_forest_drop(b);
    return code;
}
