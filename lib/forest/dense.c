/* dense.c: small trees and first levels of deep ones answered whole, many rows at once
 * (internal.h). */
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

/* Marks the inner nodes of a tree's first levels, from the last level to be marked upwards: a
 * parent's number is below its children's. */
static void mark_levels(const struct mlp_node16 *nodes, uint32_t i, unsigned levels, bool *pick)
{
    if (levels == 0 || nodes[i].child == i)
        return;
    pick[i] = true;
    mark_levels(nodes, nodes[i].child, levels - 1, pick);
    mark_levels(nodes, nodes[i].child + 1, levels - 1, pick);
}

void mlp_forest_first_levels(const struct mlp_forest *f, const struct mlp_node16 *nodes, bool *pick)
{
    for (size_t t = 0; t < f->ntrees; t++)
        mark_levels(nodes, f->root[t], DENSE_LEVELS, pick);
}

/* A tree being written as operations. */
struct writer {
    const struct node_list *list;
    size_t width;
    struct dense_op *op;         /* the next one */
    double *value;               /* of the tree's next leaf, one of these three */
    float *value32;
    uint32_t *entry;
};

/* Where answering ends. */
static bool is_end(const struct node_list *list, uint32_t i)
{
    return list->nodes[i].child == i || (list->pick && !list->pick[i]);
}

/* The nodes below root, parents first, in a walk that takes left children first. */
static size_t list_nodes(const struct writer *w, uint32_t root, uint32_t *order)
{
    uint32_t stack[2 * DENSE_LEAVES];
    size_t n = 0, waiting = 0;
    stack[waiting++] = root;
    while (waiting) {
        uint32_t i = stack[--waiting];
        order[n++] = i;
        if (is_end(w->list, i))
            continue;
        stack[waiting++] = w->list->nodes[i].child + 1;
        stack[waiting++] = w->list->nodes[i].child;
    }
    return n;
}

static void write_leaf(struct writer *w, uint32_t node)
{
    const double *v = w->list->values + node * w->width;
    if (w->entry) {
        *w->entry++ = node;
        return;
    }
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
        if (is_end(w->list, i)) {
            write_leaf(w, i);
            stack[top++] = leaf++;
            continue;
        }
        const struct node_code *code = &w->list->codes[i];
        uint8_t left = stack[top - 1], right = stack[top - 2];
        inner -= (size_t)(left >= DENSE_LEAVES) + (right >= DENSE_LEAVES);
        uint8_t to = (uint8_t)(DENSE_LEAVES + inner++);
        *w->op++ = (struct dense_op){(uint16_t)code->column, (int8_t)((int)code->rank - 128), to,
                                     left, right};
        top -= 2;
        stack[top++] = to;
    }
    t->nops = (uint32_t)(w->op - first);
    t->nleaves = leaf;
}

/* How many nodes are answered. */
static size_t count_ops(const struct mlp_forest *f, const struct node_list *list)
{
    size_t n = 0;
    for (uint32_t i = 0; i < f->nnodes; i++)
        n += !is_end(list, i);
    return n;
}

static enum mlp_code take_room(struct mlp_forest *f, struct writer *w, size_t ops,
                               struct mlp_arena *arena, struct mlp_err *e)
{
    bool narrow = f->spec.sum_float32, cut = w->list->pick;
    size_t leaves = ops + f->ntrees, values = leaves * w->width + DENSE_PAD;
    w->op = mlp_arena_array(arena, ops + 1, sizeof *w->op);
    if (cut)
        w->entry = mlp_arena_array(arena, leaves, sizeof *w->entry);
    else if (narrow)
        w->value32 = mlp_arena_array(arena, values, sizeof *w->value32);
    else
        w->value = mlp_arena_array(arena, values, sizeof *w->value);
    bool all = w->op && (w->entry || w->value || w->value32);
    return all ? MLP_OK : mlp_err_nomem(e);
}

enum mlp_code mlp_forest_densify(struct mlp_forest *f, const struct node_list *list,
                                 struct mlp_arena *arena, struct mlp_err *e)
{
    struct writer w = {.list = list, .width = f->spec.value_width};
    struct mlp_forest_dense *dense = mlp_arena_alloc(arena, sizeof *dense);
    struct dense_tree *trees = mlp_arena_array(arena, f->ntrees, sizeof *trees);
    if (!dense || !trees)
        return mlp_err_nomem(e);
    if (take_room(f, &w, count_ops(f, list), arena, e))
        return e->code;
    *dense = (struct mlp_forest_dense){w.op, trees, w.value, w.value32, w.entry};
    uint32_t leaf = 0;
    for (size_t t = 0; t < f->ntrees; t++) {
        trees[t].op = (uint32_t)(w.op - dense->op);
        trees[t].leaf = leaf;
        write_tree(&w, f->root[t], &trees[t]);
        leaf += trees[t].nleaves;
    }
    f->dense = dense;
    return MLP_OK;
}

/* --- running --- */

/* What DENSE_ROWS rows work in. Slots and values serve all rows of a call in turn. */
struct room {
    uint8_t *slots;
    double *values;
    double *sum;                 /* noutputs * DENSE_ROWS, or */
    float *sum32;
    float *x;                    /* of deep trees: what nodes look at, DENSE_ROWS each */
    bool *nan;                   /* x has missing values */
    int8_t *codes;               /* ncolumns * DENSE_ROWS */
};

/* Chunks take no more than this, but for one. */
#define CHUNKS_BYTES ((size_t)1 << 20)

/* Columns that the nodes of deep trees look at. */
static size_t walked_columns(const struct mlp_forest *f)
{
    return !f->dense->entry ? 0 : f->coded ? f->ncolumns : f->nused;
}

static size_t shared_bytes(void)
{
    return DENSE_ROWS * (DENSE_SLOTS + sizeof(double));
}

static size_t chunk_bytes(const struct mlp_forest *f)
{
    return 64 + DENSE_ROWS * (f->spec.noutputs * sizeof(double) +
                              walked_columns(f) * sizeof(float) + f->ncolumns);
}

/* A deep tree is used for many rows while it is in the cache; of small ones all are. Nor may the
 * rows drive it out. */
static size_t chunks_of(const struct mlp_forest *f, size_t rows)
{
    size_t n = (rows + DENSE_ROWS - 1) / DENSE_ROWS, most = CHUNKS_BYTES / chunk_bytes(f);
    n = n < DENSE_CHUNKS ? n : DENSE_CHUNKS;
    return !f->dense->entry || most < 1 ? 1 : n < most ? n : most;
}

static struct room lay_room(const struct mlp_forest *f, void *p, size_t chunk)
{
    struct room r;
    char *at = p;
    r.slots = (uint8_t *)p;
    r.values = (double *)(void *)(at + DENSE_ROWS * DENSE_SLOTS);
    at += shared_bytes() + chunk * chunk_bytes(f);
    r.nan = (bool *)at;
    at += 64;
    r.sum = (double *)(void *)at;
    r.sum32 = (float *)(void *)at;
    at += f->spec.noutputs * DENSE_ROWS * sizeof(double);
    r.x = (float *)(void *)at;
    at += walked_columns(f) * DENSE_ROWS * sizeof(float);
    r.codes = (int8_t *)at;
    return r;
}

size_t mlp_forest_dense_room(const struct mlp_forest *f, size_t rows)
{
    return shared_bytes() + chunks_of(f, rows) * chunk_bytes(f);
}

size_t mlp_forest_dense_start(const struct mlp_forest *f, size_t rows, void *p)
{
    struct room r = lay_room(f, p, 0);
    uint32_t most = 0;
    for (size_t t = 0; t < f->ntrees; t++)
        most = f->dense->tree[t].nleaves > most ? f->dense->tree[t].nleaves : most;
    for (uint32_t leaf = 0; leaf < most; leaf++)
        memset(r.slots + leaf * DENSE_ROWS, (int)leaf, DENSE_ROWS);
    memset(r.nan, 0, chunks_of(f, rows) * chunk_bytes(f));
    return chunks_of(f, rows) * DENSE_ROWS;
}

/* The rows of one chunk: [first, first + n) of the call. */
struct chunk {
    const struct mlp_forest_call *c;
    size_t first, n;
};

static void start_sums(const struct mlp_forest *f, const struct chunk *k, const struct room *room)
{
    const struct mlp_forest_call *c = k->c;
    for (size_t j = 0; j < f->spec.noutputs; j++)
        for (size_t r = 0; r < DENSE_ROWS; r++) {
            double v = c->base_in && r < k->n ? c->base_in[(k->first + r) * c->ldbase + j]
                                              : f->base[j];
            if (f->spec.sum_float32)
                room->sum32[j * DENSE_ROWS + r] = (float)v;
            else
                room->sum[j * DENSE_ROWS + r] = v;
        }
}

static void take_sums(const struct mlp_forest *f, const struct chunk *k, const struct room *room)
{
    for (size_t r = 0; r < k->n; r++)
        for (size_t j = 0; j < f->spec.noutputs; j++)
            k->c->out[(k->first + r) * k->c->ldout + j] =
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

static void add_small(const struct mlp_forest *f, const struct forest_kernels *k, size_t tree,
                      const uint8_t *leaf, const struct room *room)
{
    const struct dense_tree *t = &f->dense->tree[tree];
    size_t at = f->output[tree] * DENSE_ROWS;
    if (f->spec.value_width > 1)
        add_rows(f, t, leaf, room);
    else if (f->spec.sum_float32)
        k->add32(f->dense->value32 + t->leaf, t->nleaves, leaf, room->sum32 + at);
    else
        k->add64(f->dense->value + t->leaf, t->nleaves, leaf, room->sum + at);
}

/* Values of leaves by their nodes. */
static void add_leaves(const struct mlp_forest *f, size_t output, const uint32_t *at,
                       const struct room *room)
{
    size_t w = f->spec.value_width, first = w == 1 ? output : 0;
    for (size_t r = 0; r < DENSE_ROWS; r++) {
        size_t from = (f->code ? f->code[at[r]] : at[r]) * w;
        for (size_t j = 0; j < w; j++)
            if (f->value32)
                room->sum32[(first + j) * DENSE_ROWS + r] += f->value32[from + j];
            else
                room->sum[(first + j) * DENSE_ROWS + r] += f->value[from + j];
    }
}

static void add_tree(const struct mlp_forest *f, const struct forest_kernels *k, size_t tree,
                     const struct room *room)
{
    const struct dense_tree *t = &f->dense->tree[tree];
    const uint8_t *leaf = room->slots + (t->nops ? DENSE_LEAVES * DENSE_ROWS : 0);
    uint32_t at[DENSE_ROWS];
    k->answer(f->dense->op + t->op, t->nops, room->codes, room->slots);
    if (!f->dense->entry) {
        add_small(f, k, tree, leaf, room);
        return;
    }
    for (size_t r = 0; r < DENSE_ROWS; r++)
        at[r] = f->dense->entry[t->leaf + leaf[r]];
    mlp_forest_descend(f, room->x, *room->nan, at);
    add_leaves(f, f->output[tree], at, room);
}

/* What walking nodes look at, by columns. */
static void take_columns(const struct mlp_forest *f, const struct chunk *k, const struct room *room)
{
    size_t columns = walked_columns(f);
    *room->nan = false;
    for (size_t i = 0; i < columns; i++) {
        float *to = room->x + i * DENSE_ROWS;
        const int8_t *codes = room->codes + i * DENSE_ROWS;
        for (size_t r = 0; r < k->n && f->coded; r++)
            to[r] = (float)(codes[r] + 128);
        const double *x = f->coded ? NULL : k->c->x + k->first * k->c->ldx + f->used[i];
        for (size_t r = 0; r < k->n && x; r++) {
            to[r] = (float)x[r * k->c->ldx];
            *room->nan |= isnan(to[r]);
        }
    }
}

static struct chunk chunk_at(const struct mlp_forest_call *c, size_t first)
{
    size_t left = c->rows - first;
    return (struct chunk){c, first, left < DENSE_ROWS ? left : DENSE_ROWS};
}

/* Brings a piece of a deep tree into the cache, while the one before is at work. */
static void fetch(const struct mlp_forest *f, size_t tree, size_t piece, size_t pieces)
{
    if (!f->dense->entry || tree >= f->ntrees)
        return;
    size_t first = f->root[tree], n = f->root[tree + 1] - first;
    size_t from = first + n * piece / pieces, to = first + n * (piece + 1) / pieces;
    for (size_t i = from; i < to; i += 64 / sizeof *f->n8)
        __builtin_prefetch(&f->n8[i], 0, 2);
    for (size_t i = from; i < to && f->code; i += 64 / sizeof *f->code)
        __builtin_prefetch(&f->code[i], 0, 2);
}

void mlp_forest_dense_rows(const struct mlp_forest *f, const struct forest_kernels *kernels,
                           const struct mlp_forest_call *c, size_t first, void *p)
{
    struct room room[DENSE_CHUNKS];
    size_t n = chunks_of(f, c->rows - first);
    for (size_t i = 0; i < n; i++) {
        struct chunk k = chunk_at(c, first + i * DENSE_ROWS);
        room[i] = lay_room(f, p, i);
        struct code_call rows = {c->x + k.first * c->ldx, c->ldx, k.n, room[i].values,
                                 room[i].codes, DENSE_ROWS};
        mlp_forest_code_rows(f, kernels, &rows);
        take_columns(f, &k, &room[i]);
        start_sums(f, &k, &room[i]);
    }
    for (size_t t = 0; t < f->ntrees; t++)
        for (size_t i = 0; i < n; i++) {
            fetch(f, t + 1, i, n);
            add_tree(f, kernels, t, &room[i]);
        }
    for (size_t i = 0; i < n; i++) {
        struct chunk k = chunk_at(c, first + i * DENSE_ROWS);
        take_sums(f, &k, &room[i]);
    }
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

const struct forest_kernels mlp_forest_portable = {NULL, NULL, count_portable, answer_portable,
                                                   add64_portable, add32_portable};
