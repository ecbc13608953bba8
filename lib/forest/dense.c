/* dense.c: small trees answered whole, many rows at once (internal.h). */
#include "forest/internal.h"
#include <math.h>
#include <stdlib.h>

/* --- making --- */

static size_t tree_leaves(const struct mlp_forest *f, size_t t)
{
    return (f->root[t + 1] - f->root[t] + 1) / 2;
}

bool mlp_forest_is_small(const struct mlp_forest *f)
{
    for (size_t t = 0; t < f->ntrees; t++)
        if (tree_leaves(f, t) > DENSE_LEAVES)
            return false;
    return f->ntrees > 0;
}

/* A tree being written as operations. */
struct writer {
    const struct mlp_node16 *nodes;
    const struct node_code *codes;
    const double *values;
    size_t width;
    struct dense_op *op;         /* the next one */
    struct mlp_forest_dense *dense;
    double *value;               /* of the tree's next leaf, one of these two */
    float *value32;
};

/* The nodes below root, parents first, in a walk that takes left children first. */
static size_t list_nodes(const struct writer *w, uint32_t root, uint32_t *order)
{
    uint32_t stack[2 * DENSE_LEAVES];
    size_t n = 0, waiting = 0;
    stack[waiting++] = root;
    while (waiting) {
        uint32_t i = stack[--waiting];
        order[n++] = i;
        if (w->nodes[i].child == i)
            continue;
        stack[waiting++] = w->nodes[i].child + 1;
        stack[waiting++] = w->nodes[i].child;
    }
    return n;
}

static void write_leaf(struct writer *w, uint32_t node)
{
    const double *v = w->values + node * w->width;
    for (size_t j = 0; j < w->width; j++)
        if (w->value32)
            *w->value32++ = (float)v[j];
        else
            *w->value++ = v[j];
}

/* The list backwards has children before parents, so that answers stack: an inner node finds its
 * left child's on top and its right child's below. */
static void write_tree(struct writer *w, uint32_t root, struct dense_tree *t)
{
    uint32_t order[2 * DENSE_LEAVES];
    uint8_t stack[2 * DENSE_LEAVES];
    size_t n = list_nodes(w, root, order), top = 0, inner = 0;
    uint8_t leaf = 0;
    struct dense_op *first = w->op;
    for (size_t k = n; k-- > 0;) {
        uint32_t i = order[k];
        if (w->nodes[i].child == i) {
            write_leaf(w, i);
            stack[top++] = leaf++;
            continue;
        }
        uint8_t left = stack[top - 1], right = stack[top - 2];
        inner -= (size_t)(left >= DENSE_LEAVES) + (right >= DENSE_LEAVES);
        uint8_t to = (uint8_t)(DENSE_LEAVES + inner++);
        *w->op++ = (struct dense_op){(uint16_t)w->codes[i].column,
                                     (int8_t)((int)w->codes[i].rank - 128), to, left, right};
        top -= 2;
        stack[top++] = to;
    }
    t->nops = (uint32_t)(w->op - first);
    t->nleaves = leaf;
}

static enum mlp_code take_room(struct mlp_forest *f, struct writer *w, struct mlp_arena *arena,
                               struct dense_tree **trees, struct mlp_err *e)
{
    size_t leaves = 0, n = f->nnodes;
    for (size_t t = 0; t < f->ntrees; t++)
        leaves += tree_leaves(f, t);
    size_t values = leaves * w->width + DENSE_PAD;
    w->dense = mlp_arena_alloc(arena, sizeof *w->dense);
    w->op = mlp_arena_array(arena, n - leaves + 1, sizeof *w->op);
    *trees = mlp_arena_array(arena, f->ntrees, sizeof **trees);
    w->value = f->spec.sum_float32 ? NULL : mlp_arena_array64(arena, values, sizeof(double));
    w->value32 = f->spec.sum_float32 ? mlp_arena_array64(arena, values, sizeof(float)) : NULL;
    if (!w->dense || !w->op || !*trees || (!w->value && !w->value32))
        return mlp_err_nomem(e);
    for (size_t i = leaves * w->width; i < values; i++)
        if (w->value)
            w->value[i] = 0;
        else
            w->value32[i] = 0;
    *w->dense = (struct mlp_forest_dense){w->op, *trees, w->value, w->value32};
    return MLP_OK;
}

enum mlp_code mlp_forest_densify(struct mlp_forest *f, const struct mlp_node16 *nodes,
                                 const double *values, const struct node_code *codes,
                                 struct mlp_arena *arena, struct mlp_err *e)
{
    struct writer w = {.nodes = nodes, .codes = codes, .values = values,
                       .width = f->spec.value_width};
    struct dense_tree *trees;
    if (take_room(f, &w, arena, &trees, e))
        return e->code;
    const struct dense_op *start = w.op;
    uint32_t leaf = 0;
    for (size_t t = 0; t < f->ntrees; t++) {
        trees[t].op = (uint32_t)(w.op - start);
        trees[t].leaf = leaf;
        write_tree(&w, f->root[t], &trees[t]);
        leaf += trees[t].nleaves;
    }
    f->dense = w.dense;
    return MLP_OK;
}

/* --- running --- */

/* What a run of DENSE_ROWS rows works in. */
struct room {
    uint8_t *slots;
    double *values;
    double *sum;                 /* noutputs * DENSE_ROWS, or */
    float *sum32;
    int8_t *codes;               /* ncolumns * DENSE_ROWS */
};

static struct room lay_room(const struct mlp_forest *f, void *p)
{
    struct room r;
    char *at = p;
    r.slots = (uint8_t *)p;
    at += DENSE_SLOTS * DENSE_ROWS;
    r.values = (double *)(void *)at;
    at += DENSE_ROWS * sizeof(double);
    r.sum = (double *)(void *)at;
    r.sum32 = (float *)(void *)at;
    at += f->spec.noutputs * DENSE_ROWS * sizeof(double);
    r.codes = (int8_t *)at;
    return r;
}

size_t mlp_forest_dense_room(const struct mlp_forest *f)
{
    return DENSE_ROWS * (DENSE_SLOTS + sizeof(double) + f->spec.noutputs * sizeof(double) +
                         f->ncolumns);
}

void mlp_forest_dense_start(const struct mlp_forest *f, void *room)
{
    struct room r = lay_room(f, room);
    uint32_t most = 0;
    for (size_t t = 0; t < f->ntrees; t++)
        most = f->dense->tree[t].nleaves > most ? f->dense->tree[t].nleaves : most;
    for (uint32_t leaf = 0; leaf < most; leaf++)
        memset(r.slots + leaf * DENSE_ROWS, (int)leaf, DENSE_ROWS);
    memset(r.codes, 0, f->ncolumns * DENSE_ROWS);
}

static void start_sums(const struct mlp_forest *f, const struct mlp_forest_call *c, size_t first,
                       size_t n, const struct room *room)
{
    for (size_t j = 0; j < f->spec.noutputs; j++)
        for (size_t r = 0; r < DENSE_ROWS; r++) {
            double v = c->base_in && r < n ? c->base_in[(first + r) * c->ldbase + j] : f->base[j];
            if (f->spec.sum_float32)
                room->sum32[j * DENSE_ROWS + r] = (float)v;
            else
                room->sum[j * DENSE_ROWS + r] = v;
        }
}

static void take_sums(const struct mlp_forest *f, const struct mlp_forest_call *c, size_t first,
                      size_t n, const struct room *room)
{
    for (size_t r = 0; r < n; r++)
        for (size_t j = 0; j < f->spec.noutputs; j++)
            c->out[(first + r) * c->ldout + j] =
                f->spec.sum_float32 ? (double)room->sum32[j * DENSE_ROWS + r]
                                    : room->sum[j * DENSE_ROWS + r];
}

/* Every leaf adds a row of values. */
static void add_rows(const struct mlp_forest *f, const struct dense_tree *t, const uint8_t *leaf,
                     const struct room *room)
{
    size_t w = f->spec.value_width, from = t->leaf * w;
    for (size_t j = 0; j < w; j++)
        for (size_t r = 0; r < DENSE_ROWS; r++) {
            size_t at = from + leaf[r] * w + j;
            if (f->spec.sum_float32)
                room->sum32[j * DENSE_ROWS + r] += f->dense->value32[at];
            else
                room->sum[j * DENSE_ROWS + r] += f->dense->value[at];
        }
}

static void add_tree(const struct mlp_forest *f, const struct forest_kernels *k, size_t tree,
                     const struct room *room)
{
    const struct dense_tree *t = &f->dense->tree[tree];
    const uint8_t *leaf = room->slots + (t->nops ? DENSE_LEAVES * DENSE_ROWS : 0);
    size_t at = f->output[tree] * DENSE_ROWS;
    k->answer(f->dense->op + t->op, t->nops, room->codes, room->slots);
    if (f->spec.value_width > 1)
        add_rows(f, t, leaf, room);
    else if (f->spec.sum_float32)
        k->add32(f->dense->value32 + t->leaf, t->nleaves, leaf, room->sum32 + at);
    else
        k->add64(f->dense->value + t->leaf, t->nleaves, leaf, room->sum + at);
}

void mlp_forest_dense_rows(const struct mlp_forest *f, const struct forest_kernels *k,
                           const struct mlp_forest_call *c, size_t first, void *p)
{
    struct room room = lay_room(f, p);
    size_t n = c->rows - first < DENSE_ROWS ? c->rows - first : DENSE_ROWS;
    struct code_call rows = {c->x + first * c->ldx, c->ldx, n, room.values, room.codes,
                             DENSE_ROWS};
    mlp_forest_code_rows(f, k, &rows);
    start_sums(f, c, first, n, &room);
    for (size_t t = 0; t < f->ntrees; t++)
        add_tree(f, k, t, &room);
    take_sums(f, c, first, n, &room);
}

/* --- portable kernels --- */

/* Branch-free binary search: the step is taken or not. */
static void count_portable(const struct mlp_forest_column *c, const double *x, size_t n,
                           int8_t *codes)
{
    for (size_t r = 0; r < n; r++) {
        uint32_t at = 0;
        for (uint32_t step = CODE_THRESHOLDS / 2; step; step /= 2)
            at += c->threshold[at + step - 1] < x[r] ? step : 0;
        codes[r] = (int8_t)((int)at - 128);
    }
}

/* Vectors of the compiler's, which it makes of what the processor has. */
typedef int8_t lanes __attribute__((vector_size(16), may_alias));

static void answer_portable(const struct dense_op *op, size_t nops, const int8_t *codes,
                            uint8_t *slots)
{
    for (const struct dense_op *end = op + nops; op < end; op++) {
        const lanes *x = (const void *)(codes + (size_t)op->column * DENSE_ROWS);
        const lanes *left = (const void *)(slots + (size_t)op->left * DENSE_ROWS);
        const lanes *right = (const void *)(slots + (size_t)op->right * DENSE_ROWS);
        lanes *to = (void *)(slots + (size_t)op->to * DENSE_ROWS);
        lanes threshold = (lanes){0} + op->threshold;
        for (size_t i = 0; i < DENSE_ROWS / sizeof(lanes); i++) {
            lanes goes_right = x[i] > threshold;
            to[i] = (goes_right & right[i]) | (~goes_right & left[i]);
        }
    }
}

static void add64_portable(const double *value, uint32_t nleaves, const uint8_t *leaf, double *sum)
{
    (void)nleaves;
    for (size_t r = 0; r < DENSE_ROWS; r++)
        sum[r] += value[leaf[r]];
}

static void add32_portable(const float *value, uint32_t nleaves, const uint8_t *leaf, float *sum)
{
    (void)nleaves;
    for (size_t r = 0; r < DENSE_ROWS; r++)
        sum[r] += value[leaf[r]];
}

const struct forest_kernels mlp_forest_portable = {count_portable, answer_portable,
                                                   add64_portable, add32_portable};
