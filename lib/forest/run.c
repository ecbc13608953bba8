/* run.c: walking packed trees (forest.h).
 *
 * Trees walk GROUP at a time over one row: the loads of a step are independent, so the processor
 * overlaps their latencies. A batch runs group by group over all its rows, so that a group's nodes
 * stay in the first cache level. Within a row values are added in tree order. */
#include "forest/internal.h"
#include <math.h>

#define GROUP 16
#define SHALLOW 10
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define INLINE static inline __attribute__((always_inline))

/* Rows as the nodes want them, and where each stands. */
struct prepared {
    float *narrow;        /* rows * nused, for packed nodes */
    double *wide;         /* the same for 16-byte nodes */
    bool *nan;            /* rows: some used feature is missing */
    float *sum32;         /* rows * noutputs */
    int8_t *codes;        /* ncolumns, of the row being coded */
    size_t width;         /* of a row */
};

static size_t up64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Columns that a node may look at: at least the one that every leaf names. */
static size_t row_width(const struct mlp_forest *f)
{
    size_t n = f->coded && f->n8 ? f->ncolumns : f->nused;
    return n ? n : 1;
}

static size_t row_bytes(const struct mlp_forest *f)
{
    return row_width(f) * (f->n8 ? sizeof(float) : sizeof(double));
}

/* What walking takes, without the codes of one row. */
static size_t walk_bytes(const struct mlp_forest *f, size_t rows)
{
    return up64(rows * row_bytes(f)) + up64(rows) + up64(rows * f->spec.noutputs * sizeof(float));
}

size_t mlp_forest_scratch(const struct mlp_forest *f, size_t rows)
{
    size_t dense = f->dense && rows >= DENSE_LEAST ? mlp_forest_dense_room(f, rows) : 0;
    size_t walked = f->dense && rows >= DENSE_LEAST ? DENSE_LEAST - 1 : rows;
    size_t walk = walk_bytes(f, walked) + up64(f->ncolumns) + 64;
    size_t most = walk > dense ? walk : dense, bits = mlp_forest_bits_room(f);
    return most > bits ? most : bits;
}

static struct prepared lay_scratch(const struct mlp_forest *f, size_t rows, void *scratch)
{
    struct prepared p = {.width = row_width(f)};
    char *at = scratch;
    if (f->n8)
        p.narrow = (float *)(void *)at;
    else
        p.wide = (double *)(void *)at;
    at += up64(rows * row_bytes(f));
    p.nan = (bool *)at;
    at += up64(rows);
    p.sum32 = (float *)(void *)at;
    at += up64(rows * f->spec.noutputs * sizeof(float));
    p.codes = (int8_t *)at;
    return p;
}

static bool prepare_narrow(const struct mlp_forest *f, const double *x, float *to)
{
    bool nan = false;
    to[0] = 0;
    for (uint32_t i = 0; i < f->nused; i++) {
        to[i] = (float)x[f->used[i]];
        nan |= isnan(to[i]);
    }
    return nan;
}

static bool prepare_wide(const struct mlp_forest *f, const double *x, double *to)
{
    bool nan = false;
    to[0] = 0;
    for (uint32_t i = 0; i < f->nused; i++) {
        double v = x[f->used[i]];
        to[i] = f->spec.float32 ? (double)(float)v : v;
        nan |= isnan(v);
    }
    return nan;
}

/* Codes settle what missing values do. */
static bool prepare_coded(const struct mlp_forest *f, const double *x, int8_t *codes, float *to)
{
    const struct forest_kernels *k = mlp_forest_kernels(MLP_FOREST_BEST);
    double value;
    struct code_call row = {x, 0, 1, &value, codes, 1};
    if (k->code_row)
        k->code_row(f, x, codes);
    else
        mlp_forest_code_rows(f, k, &row);
    to[0] = 0;
    for (uint32_t i = 0; i < f->ncolumns; i++)
        to[i] = (float)(codes[i] + 128);
    return false;
}

static void prepare(const struct mlp_forest *f, const struct mlp_forest_call *c,
                    struct prepared *p)
{
    for (size_t r = 0; r < c->rows; r++) {
        const double *x = c->x + r * c->ldx;
        if (p->wide)
            p->nan[r] = prepare_wide(f, x, p->wide + r * p->width);
        else if (f->coded)
            p->nan[r] = prepare_coded(f, x, p->codes, p->narrow + r * p->width);
        else
            p->nan[r] = prepare_narrow(f, x, p->narrow + r * p->width);
    }
}

/* Depth of the deepest of k trees whose roots start at root[0]. */
INLINE uint32_t deepest(const struct mlp_forest *f, const uint32_t *root, unsigned k)
{
    const uint32_t *depth = f->depth + (root - f->root);
    uint32_t most = 0;
    for (unsigned t = 0; t < k; t++)
        most = depth[t] > most ? depth[t] : most;
    return most;
}

/* --- packed nodes --- */

INLINE uint32_t step8(const struct mlp_node8 *node, const float *x, unsigned bits, uint32_t i)
{
    struct mlp_node8 n = node[i];
    return (n.packed >> (bits + 1)) + !(x[n.packed & ((1u << bits) - 1)] <= n.threshold);
}

/* k trees from root[0] on, in step; at[] are their leaves. Shallow trees take as many steps as the
 * deepest has: leaves stay where they are, and nobody needs to look. */
INLINE void walk8(const struct mlp_forest *f, const float *x, const uint32_t *root, unsigned k,
                  unsigned bits, uint32_t *at)
{
    const struct mlp_node8 *node = f->n8;
    uint32_t i[GROUP], moved, steps = deepest(f, root, k);
    for (unsigned t = 0; t < k; t++)
        i[t] = root[t];
    for (; steps && steps <= SHALLOW; steps--) {
        UNROLL
        for (unsigned t = 0; t < k; t++)
            i[t] = step8(node, x, bits, i[t]);
    }
    for (moved = steps; moved;) {
        moved = 0;
        UNROLL
        for (unsigned t = 0; t < k; t++) {
            uint32_t next = step8(node, x, bits, i[t]);
            moved |= next ^ i[t];
            i[t] = next;
        }
    }
    for (unsigned t = 0; t < k; t++)
        at[t] = i[t];
}

/* The same for rows with missing values: those go left where the node says so. */
INLINE void walk8_nan(const struct mlp_forest *f, const float *x, const uint32_t *root, unsigned k,
                      unsigned bits, uint32_t *at)
{
    const struct mlp_node8 *node = f->n8;
    uint32_t mask = (1u << bits) - 1, i[GROUP], moved;
    for (unsigned t = 0; t < k; t++)
        i[t] = root[t];
    do {
        moved = 0;
        UNROLL
        for (unsigned t = 0; t < k; t++) {
            struct mlp_node8 n = node[i[t]];
            float v = x[n.packed & mask];
            uint32_t missing_left = (uint32_t)isnan(v) & n.packed >> bits;
            uint32_t right = (uint32_t)!(v <= n.threshold) & ~missing_left;
            uint32_t next = (n.packed >> (bits + 1)) + right;
            moved |= next ^ i[t];
            i[t] = next;
        }
    } while (moved);
    for (unsigned t = 0; t < k; t++)
        at[t] = i[t];
}

/* --- 16-byte nodes --- */

INLINE void walk16(const struct mlp_forest *f, const double *x, const uint32_t *root, unsigned k,
                   uint32_t *at)
{
    const struct mlp_node16 *node = f->n16;
    uint32_t i[GROUP], moved;
    for (unsigned t = 0; t < k; t++)
        i[t] = root[t];
    do {
        moved = 0;
        UNROLL
        for (unsigned t = 0; t < k; t++) {
            const struct mlp_node16 *n = &node[i[t]];
            uint32_t next = n->child + !(x[n->packed >> 8] <= n->threshold);
            moved |= next ^ i[t];
            i[t] = next;
        }
    } while (moved);
    for (unsigned t = 0; t < k; t++)
        at[t] = i[t];
}

INLINE void walk16_nan(const struct mlp_forest *f, const double *x, const uint32_t *root,
                       unsigned k, uint32_t *at)
{
    const struct mlp_node16 *node = f->n16;
    uint32_t i[GROUP], moved;
    for (unsigned t = 0; t < k; t++)
        i[t] = root[t];
    do {
        moved = 0;
        UNROLL
        for (unsigned t = 0; t < k; t++) {
            const struct mlp_node16 *n = &node[i[t]];
            double v = x[n->packed >> 8];
            uint32_t missing_left = (uint32_t)isnan(v) & n->packed;
            uint32_t right = (uint32_t)!(v <= n->threshold) & ~missing_left;
            uint32_t next = n->child + right;
            moved |= next ^ i[t];
            i[t] = next;
        }
    } while (moved);
    for (unsigned t = 0; t < k; t++)
        at[t] = i[t];
}

static bool general_left(const struct mlp_forest *f, const struct mlp_node16 *n, double v)
{
    uint32_t flags = n->packed & 255;
    if (flags & MLP_SPLIT_CATEGORIES)
        return mlp_forest_category_left(f, flags, (uint32_t)n->threshold, v);
    if (isnan(v) && (flags & MLP_SPLIT_NAN_ZERO))
        v = 0;
    bool missing = isnan(v) || ((flags & MLP_SPLIT_ZERO_MISSING) && fabs(v) <= (double)1e-35f);
    return missing ? (flags & MLP_SPLIT_DEFAULT_LEFT) != 0 : v <= n->threshold;
}

/* Trees with categories or rules of their own: one after the other. */
static void walk_general(const struct mlp_forest *f, const double *x, const uint32_t *root,
                         unsigned k, uint32_t *at)
{
    const struct mlp_node16 *node = f->n16;
    for (unsigned t = 0; t < k; t++) {
        uint32_t i = root[t];
        while (node[i].child != i)
            i = node[i].child + !general_left(f, &node[i], x[node[i].packed >> 8]);
        at[t] = i;
    }
}

/* --- a group of trees over a row --- */

/* The shifts are constants: shifting by a register takes three times as long. */
INLINE void walk_packed(const struct mlp_forest *f, const float *x, bool nan, const uint32_t *root,
                        unsigned k, uint32_t *at)
{
    if (nan && f->feature_bits == MLP_FEATURE_BITS)
        walk8_nan(f, x, root, k, MLP_FEATURE_BITS, at);
    else if (nan)
        walk8_nan(f, x, root, k, MLP_MORE_FEATURE_BITS, at);
    else if (f->feature_bits == MLP_FEATURE_BITS)
        walk8(f, x, root, k, MLP_FEATURE_BITS, at);
    else
        walk8(f, x, root, k, MLP_MORE_FEATURE_BITS, at);
}

static void walk_group(const struct mlp_forest *f, const struct prepared *p, size_t row,
                       const uint32_t *root, uint32_t *at)
{
    if (p->narrow)
        walk_packed(f, p->narrow + row * p->width, p->nan[row], root, GROUP, at);
    else if (p->nan[row] ? !f->plain_nan : !f->plain)
        walk_general(f, p->wide + row * p->width, root, GROUP, at);
    else if (!p->nan[row])
        walk16(f, p->wide + row * p->width, root, GROUP, at);
    else
        walk16_nan(f, p->wide + row * p->width, root, GROUP, at);
}

/* The last trees, fewer than a group. */
static void walk_rest(const struct mlp_forest *f, const struct prepared *p, size_t row,
                      const uint32_t *root, unsigned k, uint32_t *at)
{
    if (p->narrow)
        walk_packed(f, p->narrow + row * p->width, true, root, k, at);
    else if (!f->plain_nan)
        walk_general(f, p->wide + row * p->width, root, k, at);
    else
        walk16_nan(f, p->wide + row * p->width, root, k, at);
}

static void add_wide(const struct mlp_forest *f, size_t tree, unsigned k, const uint32_t *at,
                     double *out)
{
    size_t w = f->spec.value_width;
    if (w == 1 && f->spec.noutputs == 1) {
        for (unsigned t = 0; t < k; t++)
            out[0] += f->value[at[t]];
    } else if (w == 1) {
        for (unsigned t = 0; t < k; t++)
            out[f->output[tree + t]] += f->value[at[t]];
    } else {
        for (unsigned t = 0; t < k; t++) {
            const double *row = f->value + (f->code ? f->code[at[t]] : at[t]) * w;
            for (size_t j = 0; j < w; j++)
                out[j] += row[j];
        }
    }
}

static void add_narrow(const struct mlp_forest *f, size_t tree, unsigned k, const uint32_t *at,
                       float *out)
{
    size_t w = f->spec.value_width;
    for (unsigned t = 0; t < k && w == 1; t++)
        out[f->output[tree + t]] += f->value32[at[t]];
    for (unsigned t = 0; t < k && w > 1; t++)
        for (size_t j = 0; j < w; j++)
            out[j] += f->value32[at[t] * w + j];
}

static void run_group(const struct mlp_forest *f, const struct mlp_forest_call *c,
                      const struct prepared *p, size_t tree)
{
    unsigned k = f->ntrees - tree < GROUP ? (unsigned)(f->ntrees - tree) : GROUP;
    uint32_t at[GROUP];
    for (size_t r = 0; r < c->rows; r++) {
        if (k == GROUP)
            walk_group(f, p, r, f->root + tree, at);
        else
            walk_rest(f, p, r, f->root + tree, k, at);
        if (f->spec.sum_float32)
            add_narrow(f, tree, k, at, p->sum32 + r * f->spec.noutputs);
        else
            add_wide(f, tree, k, at, c->out + r * c->ldout);
    }
}

static void start_sums(const struct mlp_forest *f, const struct mlp_forest_call *c,
                       const struct prepared *p)
{
    size_t k = f->spec.noutputs;
    for (size_t r = 0; r < c->rows; r++) {
        const double *base = c->base_in ? c->base_in + r * c->ldbase : f->base;
        for (size_t j = 0; j < k; j++)
            c->out[r * c->ldout + j] = base[j];
        for (size_t j = 0; j < k && f->spec.sum_float32; j++)
            p->sum32[r * k + j] = (float)base[j];
    }
}

static void take_sums(const struct mlp_forest *f, const struct mlp_forest_call *c,
                      const struct prepared *p)
{
    size_t k = f->spec.noutputs;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t j = 0; j < k; j++)
            c->out[r * c->ldout + j] = (double)p->sum32[r * k + j];
}

static void walk_rows(const struct mlp_forest *f, const struct mlp_forest_call *c)
{
    struct prepared p = lay_scratch(f, c->rows, c->scratch);
    prepare(f, c, &p);
    start_sums(f, c, &p);
    for (size_t t = 0; t < f->ntrees; t += GROUP)
        run_group(f, c, &p, t);
    if (f->spec.sum_float32)
        take_sums(f, c, &p);
}

/* --- the lower parts of deep trees --- */

/* Steps between looks at which rows have arrived: paths differ in length, and a group that waited
 * for its longest would take twice the steps. */
#define STEPS 4

/* Rows on their way down a tree: where each stands, and those that have not arrived. */
struct descent {
    const struct mlp_node8 *node;
    const float *x;
    uint32_t *at;
    size_t n;
    uint8_t row[DENSE_ROWS];
};

/* One step of row r; columns lie DENSE_ROWS apart. */
INLINE uint32_t descend_one(const struct mlp_node8 *node, const float *x, unsigned r, unsigned bits,
                            bool nan, uint32_t i)
{
    struct mlp_node8 n = node[i];
    float v = x[(size_t)(n.packed & ((1u << bits) - 1)) * DENSE_ROWS + r];
    uint32_t right = !(v <= n.threshold);
    if (nan)
        right &= ~((uint32_t)isnan(v) & n.packed >> bits);
    return (n.packed >> (bits + 1)) + right;
}

/* A few steps of up to GROUP rows in step, from row[from] on; those that still move stay in the
 * list, which has `left` of them so far. */
INLINE size_t descend_group(struct descent *d, size_t from, size_t left, unsigned bits, bool nan)
{
    uint32_t i[GROUP], r[GROUP];
    size_t k = d->n - from < GROUP ? d->n - from : GROUP;
    for (size_t j = 0; j < GROUP; j++) {
        r[j] = d->row[j < k ? from + j : from];
        i[j] = d->at[r[j]];
    }
    for (unsigned step = 1; step < STEPS; step++) {
        UNROLL
        for (unsigned j = 0; j < GROUP; j++)
            i[j] = descend_one(d->node, d->x, r[j], bits, nan, i[j]);
    }
    for (size_t j = 0; j < k; j++) {
        uint32_t next = descend_one(d->node, d->x, r[j], bits, nan, i[j]);
        d->at[r[j]] = next;
        d->row[left] = (uint8_t)r[j];
        left += next != i[j];
    }
    return left;
}

INLINE void descend(struct descent *d, unsigned bits, bool nan)
{
    while (d->n) {
        size_t left = 0;
        for (size_t from = 0; from < d->n; from += GROUP)
            left = descend_group(d, from, left, bits, nan);
        d->n = left;
    }
}

void mlp_forest_descend(const struct mlp_forest *f, const float *x, bool nan, uint32_t *at)
{
    struct descent d = {.node = f->n8, .x = x, .at = at, .n = DENSE_ROWS};
    for (size_t r = 0; r < DENSE_ROWS; r++)
        d.row[r] = (uint8_t)r;
    if (nan && f->feature_bits == MLP_FEATURE_BITS)
        descend(&d, MLP_FEATURE_BITS, true);
    else if (nan)
        descend(&d, MLP_MORE_FEATURE_BITS, true);
    else if (f->feature_bits == MLP_FEATURE_BITS)
        descend(&d, MLP_FEATURE_BITS, false);
    else
        descend(&d, MLP_MORE_FEATURE_BITS, false);
}

/* --- a call --- */

const struct forest_kernels *mlp_forest_kernels(enum mlp_forest_isa isa)
{
    const struct forest_kernels *k = NULL;
    if (isa == MLP_FOREST_BEST || isa == MLP_FOREST_AVX512)
        k = mlp_forest_avx512();
    if (!k && isa != MLP_FOREST_PORTABLE)
        k = mlp_forest_avx2();
    return k ? k : &mlp_forest_portable;
}

/* Rows that dense trees answer; the rest, too few for that, is left. */
static size_t run_dense(const struct mlp_forest *f, const struct mlp_forest_call *c)
{
    const struct forest_kernels *k = mlp_forest_kernels(c->isa);
    size_t done = 0;
    if (!f->dense || c->rows < DENSE_LEAST)
        return 0;
    size_t step = mlp_forest_dense_start(f, c->rows, c->scratch);
    for (; c->rows - done >= DENSE_LEAST; done += step) {
        mlp_forest_dense_rows(f, k, c, done, c->scratch);
        if (c->rows - done <= step)
            return c->rows;
    }
    return done;
}

void mlp_forest_run(const struct mlp_forest *f, const struct mlp_forest_call *c)
{
    struct mlp_forest_call rest = *c;
    size_t done = run_dense(f, c);
    rest.rows -= done;
    rest.x += done * c->ldx;
    rest.base_in = c->base_in ? c->base_in + done * c->ldbase : NULL;
    rest.out += done * c->ldout;
    const struct forest_kernels *k = mlp_forest_kernels(c->isa);
    bool bits = f->bits && k->find;
    for (size_t r = 0; r < rest.rows && bits; r++)
        mlp_forest_bits_row(f, k, &rest, r);
    if (rest.rows && !bits)
        walk_rows(f, &rest);
    for (size_t r = 0; r < c->rows && f->spec.divide != 0; r++)
        for (size_t j = 0; j < f->spec.noutputs; j++)
            c->out[r * c->ldout + j] /= f->spec.divide;
}

void mlp_forest_leaves(const struct mlp_forest *f, const double *x, void *scratch, uint32_t *ids)
{
    struct prepared p = lay_scratch(f, 1, scratch);
    struct mlp_forest_call c = {.rows = 1, .x = x};
    uint32_t at[GROUP];
    prepare(f, &c, &p);
    for (size_t t = 0; t < f->ntrees; t += GROUP) {
        unsigned k = f->ntrees - t < GROUP ? (unsigned)(f->ntrees - t) : GROUP;
        walk_rest(f, &p, 0, f->root + t, k, at);
        for (unsigned i = 0; i < k; i++)
            ids[t + i] = f->leaf_id ? f->leaf_id[at[i]] : at[i] - f->root[t + i];
    }
}
