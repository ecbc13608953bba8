/* bits.c: small trees for one row: all nodes of a tree compared at once (internal.h). */
#include "forest/internal.h"
#include <math.h>

/* --- making --- */

/* Leaves below node i; more than BITS_LEAVES is told as that and one. */
static size_t count_leaves(const struct mlp_node16 *nodes, uint32_t i)
{
    uint32_t stack[2 * BITS_LEAVES + 4];
    size_t leaves = 0, waiting = 0;
    stack[waiting++] = i;
    while (waiting && leaves + waiting <= BITS_LEAVES) {
        i = stack[--waiting];
        if (nodes[i].child == i) {
            leaves++;
            continue;
        }
        stack[waiting++] = nodes[i].child;
        stack[waiting++] = nodes[i].child + 1;
    }
    return leaves + waiting;
}

/* How many parts hold the tree: one, two when its halves fit, 0 when they do not. */
static unsigned parts_of(const struct mlp_node16 *nodes, uint32_t root)
{
    uint32_t child = nodes[root].child;
    if (count_leaves(nodes, root) <= BITS_LEAVES)
        return 1;
    bool fit = count_leaves(nodes, child) <= BITS_LEAVES &&
               count_leaves(nodes, child + 1) <= BITS_LEAVES;
    return fit ? 2 : 0;
}

/* Fills a part with the inner nodes below root; returns how many leaves there are. The leftmost has
 * the lowest bit, so that bits without a leaf are behind those of all leaves. */
static uint32_t fill_part(const struct node_list *list, uint32_t root, struct bits_part *part)
{
    uint32_t order[2 * BITS_LEAVES], stack[2 * BITS_LEAVES], below[2 * BITS_LEAVES];
    size_t n = 0, waiting = 0, inner = 0, top = 0;
    stack[waiting++] = root;
    while (waiting) {
        uint32_t i = order[n++] = stack[--waiting];
        if (list->nodes[i].child == i)
            continue;
        stack[waiting++] = list->nodes[i].child + 1;
        stack[waiting++] = list->nodes[i].child;
    }
    uint32_t leaves = (uint32_t)(n + 1) / 2, bit = UINT32_C(1) << (leaves - 1);
    while (n-- > 0) {
        uint32_t i = order[n];
        if (list->nodes[i].child == i) {
            below[top++] = bit;
            bit >>= 1;
            continue;
        }
        part->column[inner] = (uint8_t)list->codes[i].column;
        part->threshold[inner] = (int8_t)((int)list->codes[i].rank - 128);
        part->keep[inner++] = ~below[top - 1];
        below[top - 2] |= below[top - 1];
        top--;
    }
    return leaves;
}

static void fill_tree(const struct node_list *list, uint32_t root, struct bits_tree *tree,
                      struct mlp_forest_bits *b, uint32_t *leaf)
{
    const struct mlp_node16 *node = &list->nodes[root];
    struct bits_part *part = &b->part[tree->part];
    uint32_t *last = &b->last[tree->part];
    if (parts_of(list->nodes, root) == 2) {
        tree->column = (uint8_t)list->codes[root].column;
        tree->threshold = (int8_t)((int)list->codes[root].rank - 128);
        *leaf += fill_part(list, node->child + 1, part + 1);
        last[1] = *leaf - 1;
        root = node->child;
    }
    *leaf += fill_part(list, root, part);
    last[0] = *leaf - 1;
}

/* Padding never goes right, and keeps all leaves. */
static void blank_part(struct bits_part *p)
{
    memset(p->column, 0, sizeof p->column);
    memset(p->threshold, 127, sizeof p->threshold);
    memset(p->keep, 0xFF, sizeof p->keep);
}

enum mlp_code mlp_forest_bits(struct mlp_forest *f, const struct node_list *list,
                              struct mlp_arena *arena, struct mlp_err *e)
{
    size_t parts = 0, padded = (f->ntrees + BITS_TREES - 1) / BITS_TREES * BITS_TREES;
    if (f->ncolumns > BITS_COLUMNS)
        return MLP_OK;
    for (size_t t = 0; t < f->ntrees; t++) {
        unsigned n = parts_of(list->nodes, f->root[t]);
        if (n == 0)
            return MLP_OK;
        parts += n;
    }
    struct mlp_forest_bits *b = mlp_arena_alloc(arena, sizeof *b);
    struct bits_tree *tree = mlp_arena_array(arena, padded, sizeof *tree);
    struct bits_part *part = mlp_arena_array64(arena, parts, sizeof *part);
    uint32_t *last = mlp_arena_array(arena, parts, sizeof *last), leaf = 0, next = 0;
    if (!b || !tree || !part || !last)
        return mlp_err_nomem(e);
    *b = (struct mlp_forest_bits){tree, part, last, padded, f->ncolumns};
    for (size_t p = 0; p < parts; p++)
        blank_part(&part[p]);
    for (size_t t = 0; t < padded; t++)
        tree[t] = (struct bits_tree){.threshold = 127};
    for (size_t t = 0; t < f->ntrees; t++) {
        tree[t].part = next;
        next += parts_of(list->nodes, f->root[t]);
        fill_tree(list, f->root[t], &tree[t], b, &leaf);
    }
    f->bits = b;
    return MLP_OK;
}

/* --- running --- */

size_t mlp_forest_bits_room(const struct mlp_forest *f)
{
    return f->bits ? BITS_COLUMNS + f->bits->ntrees * sizeof(uint32_t) : 0;
}

static void add_double(const struct mlp_forest *f, const uint32_t *at, double *out)
{
    const double *value = f->dense->value;
    size_t w = f->spec.value_width;
    double sum = out[0];
    if (f->spec.noutputs == 1) {
        for (size_t t = 0; t < f->ntrees; t++)
            sum += value[at[t]];
        out[0] = sum;
        return;
    }
    for (size_t t = 0; t < f->ntrees; t++)
        for (size_t j = 0; j < w; j++)
            out[w == 1 ? f->output[t] : j] += value[at[t] * w + j];
}

static void add_float(const struct mlp_forest *f, const uint32_t *at, double *out)
{
    const float *value = f->dense->value32;
    size_t w = f->spec.value_width;
    for (size_t j = 0; j < f->spec.noutputs; j++) {
        float sum = (float)out[j];
        for (size_t t = 0; t < f->ntrees; t++)
            if (w > 1 || f->output[t] == j)
                sum += value[at[t] * w + (w > 1 ? j : 0)];
        out[j] = (double)sum;
    }
}

void mlp_forest_bits_row(const struct mlp_forest *f, const struct forest_kernels *k,
                         const struct mlp_forest_call *c, size_t row)
{
    int8_t *codes = c->scratch;
    uint32_t *at = (void *)((char *)c->scratch + BITS_COLUMNS);
    const double *base = c->base_in ? c->base_in + row * c->ldbase : f->base;
    double *out = c->out + row * c->ldout;
    k->code_row(f, c->x + row * c->ldx, codes);
    k->find(f->bits, codes, at);
    for (size_t j = 0; j < f->spec.noutputs; j++)
        out[j] = base[j];
    if (f->spec.sum_float32)
        add_float(f, at, out);
    else
        add_double(f, at, out);
}
