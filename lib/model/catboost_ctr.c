/* catboost_ctr.c: CatBoost's categories: hashes and statistics (catboost.h). */
#include "model/catboost.h"
#include <math.h>

/* --- CityHash64, version 1.0 (Pike, Alakuijala: city.cc of 2011), little-endian --- */

#define K0 UINT64_C(0xc3a5c85c97cb3127)
#define K1 UINT64_C(0xb492b66fbe98f273)
#define K2 UINT64_C(0x9ae16a3b2f90404f)
#define K3 UINT64_C(0xc949d7c7509e6557)

struct pair {
    uint64_t first, second;
};

static uint64_t load(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static uint64_t load64(const char *p)
{
    return load(p, 8);
}

static uint64_t turn(uint64_t v, unsigned n)
{
    return n == 0 ? v : v >> n | v << (64 - n);
}

static uint64_t mix(uint64_t v)
{
    return v ^ v >> 47;
}

/* 128 bits to 64, after Murmur. */
static uint64_t join(uint64_t low, uint64_t high)
{
    const uint64_t k = UINT64_C(0x9ddfea08eb382d69);
    uint64_t a = mix((low ^ high) * k);
    return mix((high ^ a) * k) * k;
}

static uint64_t hash_short(const char *s, size_t n)
{
    if (n > 8) {
        uint64_t a = load64(s), b = load64(s + n - 8);
        return join(a, turn(b + n, (unsigned)n)) ^ b;
    }
    if (n >= 4)
        return join(n + (load(s, 4) << 3), load(s + n - 4, 4));
    if (n == 0)
        return K2;
    uint32_t y = (uint32_t)(load(s, 1) + (load(s + (n >> 1), 1) << 8));
    uint32_t z = (uint32_t)(n + (load(s + n - 1, 1) << 2));
    return mix(y * K2 ^ z * K3) * K2;
}

static uint64_t hash_to_32(const char *s, size_t n)
{
    uint64_t a = load64(s) * K1, b = load64(s + 8);
    uint64_t c = load64(s + n - 8) * K2, d = load64(s + n - 16) * K0;
    return join(turn(a - b, 43) + turn(c, 30) + d, a + turn(b ^ K3, 20) - c + n);
}

static uint64_t hash_to_64(const char *s, size_t n)
{
    uint64_t z = load64(s + 24), a = load64(s) + (n + load64(s + n - 16)) * K0;
    uint64_t b = turn(a + z, 52), c = turn(a, 37);
    a += load64(s + 8);
    c += turn(a, 7);
    a += load64(s + 16);
    uint64_t vf = a + z, vs = b + turn(a, 31) + c;
    a = load64(s + 16) + load64(s + n - 32);
    z = load64(s + n - 8);
    b = turn(a + z, 52);
    c = turn(a, 37);
    a += load64(s + n - 24);
    c += turn(a, 7);
    a += load64(s + n - 16);
    uint64_t wf = a + z, ws = b + turn(a, 31) + c;
    return mix(mix((vf + ws) * K2 + (wf + vs) * K0) * K0 + vs) * K2;
}

/* 32 bytes and two seeds. */
static struct pair weak(const char *s, uint64_t a, uint64_t b)
{
    uint64_t w = load64(s), z = load64(s + 24);
    a += w;
    b = turn(b + a + z, 21);
    uint64_t c = a;
    a += load64(s + 8) + load64(s + 16);
    b += turn(a, 44);
    return (struct pair){a + z, b + c};
}

static uint64_t hash_long(const char *s, size_t n)
{
    uint64_t x = load64(s), y = load64(s + n - 16) ^ K1, z = load64(s + n - 56) ^ K0;
    struct pair v = weak(s + n - 64, n, y), w = weak(s + n - 32, n * K1, K0);
    z += mix(v.second) * K1;
    x = turn(z + x, 39) * K1;
    y = turn(y, 33) * K1;
    for (n = (n - 1) & ~(size_t)63; n; n -= 64, s += 64) {
        x = turn(x + y + v.first + load64(s + 16), 37) * K1;
        y = turn(y + v.second + load64(s + 48), 42) * K1;
        x ^= w.second;
        y ^= v.first;
        z = turn(z ^ w.first, 33);
        v = weak(s, v.second * K1, x + w.first);
        w = weak(s + 32, z + w.second, y);
        uint64_t swap = z;
        z = x;
        x = swap;
    }
    return join(join(v.first, w.first) + mix(y) * K1 + z, join(v.second, w.second) + x);
}

int32_t mlp_catboost_hash(struct mlp_str t)
{
    uint64_t h = t.n <= 16 ? hash_short(t.p, t.n)
                 : t.n <= 32 ? hash_to_32(t.p, t.n)
                 : t.n <= 64 ? hash_to_64(t.p, t.n)
                             : hash_long(t.p, t.n);
    return (int32_t)(uint32_t)h;
}

static enum mlp_code run_hash(const struct mlp_gnode *n, struct mlp_call *c)
{
    for (size_t r = 0; r < c->rows; r++)
        for (size_t i = 0; i < n->in.n; i++)
            c->y[r * c->ldy + i] = (double)mlp_catboost_hash(c->t[r * c->ldx + i]);
    return MLP_OK;
}

const struct mlp_op mlp_op_catboost_hash = {"category hash", run_hash, NULL};

/* --- statistics --- */

static int32_t as_hash(double v)
{
    return v >= INT32_MIN && v <= INT32_MAX ? (int32_t)v : 0;
}

/* catboost/libs/model/hash.h: CalcHash. */
static uint64_t chain(uint64_t a, uint64_t b)
{
    const uint64_t k = UINT64_C(0x4906ba494954cb65);
    return k * (a + k * b);
}

static uint64_t element_value(const struct mlp_ctr_element *e, const double *x)
{
    double v = x[e->column];
    if (e->kind == MLP_CTR_CATEGORY)
        return (uint64_t)(int64_t)as_hash(v);
    if (e->kind == MLP_CTR_EQUAL)
        return as_hash(v) == e->value;
    return isnan(v) ? e->nan_above : (float)v > e->border;
}

static const double *find_bucket(const struct mlp_ctr *c, uint64_t hash)
{
    size_t lo = 0, hi = c->nbuckets;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->bucket[mid].hash == hash)
            return c->values + c->bucket[mid].first;
        if (c->bucket[mid].hash < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* catboost/libs/model/static_ctr_provider.cpp: CalcCtrs. */
static void count(const struct mlp_ctr *c, const double *v, float *good, float *total)
{
    double g = 0, t = 0;
    *good = *total = 0;
    if (c->type == MLP_CTR_COUNTER) {
        *good = v ? (float)v[0] : 0;
        *total = c->denominator;
        return;
    }
    if (!v)
        return;
    if (c->type == MLP_CTR_MEAN) {
        *good = (float)v[0];
        *total = (float)v[1];
        return;
    }
    for (size_t i = 0; i < c->nvalues; i++) {
        t += v[i];
        g += c->type == MLP_CTR_BUCKETS ? (i == c->border ? v[i] : 0)
                                        : (i > (c->nvalues > 2 ? c->border : 0) ? v[i] : 0);
    }
    *good = (float)g;
    *total = (float)t;
}

static double derive(const struct mlp_ctr *c, const double *x)
{
    float good, total;
    uint64_t hash = 0;
    if (c->is_mark)
        return (double)element_value(c->element, x);
    for (size_t i = 0; i < c->nelements; i++)
        hash = chain(hash, element_value(&c->element[i], x));
    count(c, find_bucket(c, hash), &good, &total);
    float ratio = (good + c->prior) / (total + c->prior_total);
    return (double)((ratio + c->shift) * c->scale);
}

static enum mlp_code run_catboost(const struct mlp_gnode *n, struct mlp_call *c)
{
    const struct mlp_catboost *p = n->params;
    for (size_t r = 0; r < c->rows; r++)
        for (size_t k = 0; k < n->out_width; k++)
            c->y[r * c->ldy + k] = derive(&p->ctr[k], c->x + r * c->ldx);
    return MLP_OK;
}

const struct mlp_op mlp_op_catboost = {"category statistics", run_catboost, NULL};
