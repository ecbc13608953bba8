/* Packed integers of Parquet: least significant bit first. */
#include "table/parquet.h"

/* `width` bits from bit `at` on; reads only bytes below end. */
static uint64_t bits_at(const unsigned char *p, const unsigned char *end, size_t at,
                        unsigned width)
{
    uint64_t v = 0;
    unsigned have = 0;
    const unsigned char *q = p + at / 8;
    unsigned skip = (unsigned)(at % 8);
    while (have < width && q < end) {
        uint64_t byte = (uint64_t)*q++ >> skip;
        v |= byte << have;
        have += 8 - skip;
        skip = 0;
    }
    return width < 64 ? v & (((uint64_t)1 << width) - 1) : v;
}

/* ---- runs and packed values */

void mlp_parquet_hybrid_init(struct mlp_parquet_hybrid *h, const unsigned char *p, size_t n,
                             unsigned width)
{
    *h = (struct mlp_parquet_hybrid){.p = p, .end = p + n, .width = width};
}

static bool next_run(struct mlp_parquet_hybrid *h)
{
    struct mlp_thrift t = {.p = h->p, .end = h->end};
    uint64_t head = mlp_thrift_varint(&t);
    size_t bytes = (h->width + 7) / 8;
    if (t.bad || head >> 1 > UINT32_MAX)
        return false;
    h->p = t.p;
    if (head & 1) {
        h->packed = (size_t)(head >> 1) * 8;
        h->bit = 0;
        return h->packed != 0;
    }
    if ((size_t)(h->end - h->p) < bytes)
        return false;
    h->run = (size_t)(head >> 1);
    h->value = bits_at(h->p, h->end, 0, (unsigned)bytes * 8);
    h->p += bytes;
    return h->run != 0;
}

bool mlp_parquet_hybrid_next(struct mlp_parquet_hybrid *h, uint64_t *v)
{
    if (h->run == 0 && h->packed == 0 && !next_run(h))
        return false;
    if (h->run) {
        h->run--;
        *v = h->value;
        return true;
    }
    /* The last group may be cut short: its missing values are none that anybody takes. */
    if ((h->bit + h->width + 7) / 8 > (size_t)(h->end - h->p))
        return false;
    *v = bits_at(h->p, h->end, h->bit, h->width);
    h->bit += h->width;
    if (--h->packed == 0) {
        size_t bytes = h->bit / 8;
        h->p += bytes;
    }
    return true;
}

/* ---- differences */

#define MOST_BLOCK 65536u

bool mlp_parquet_delta_init(struct mlp_parquet_delta *d, const unsigned char *p, size_t n)
{
    struct mlp_thrift t = {.p = p, .end = p + n};
    uint64_t block = mlp_thrift_varint(&t), minis = mlp_thrift_varint(&t);
    uint64_t count = mlp_thrift_varint(&t);
    int64_t first = mlp_thrift_int(&t);
    *d = (struct mlp_parquet_delta){.p = t.p, .end = t.end, .left = count, .first = true};
    if (t.bad || minis == 0 || block > MOST_BLOCK || minis > block || block % minis != 0 ||
        block / minis % 8 != 0)
        return false;
    d->per_mini = block / minis;
    d->minis = d->mini = minis;
    d->value = (uint64_t)first;
    return true;
}

static bool next_block(struct mlp_parquet_delta *d)
{
    struct mlp_thrift t = {.p = d->p, .end = d->end};
    d->least = (uint64_t)mlp_thrift_int(&t);
    if (t.bad || (uint64_t)(t.end - t.p) < d->minis)
        return false;
    d->widths = t.p;
    d->p = t.p + d->minis;
    d->mini = 0;
    return true;
}

static bool next_mini(struct mlp_parquet_delta *d)
{
    if (d->mini == d->minis && !next_block(d))
        return false;
    size_t bytes = (size_t)d->per_mini / 8 * d->widths[d->mini];
    if (d->widths[d->mini] > 64 || bytes > (size_t)(d->end - d->p))
        return false;
    d->bits = d->p;
    d->bit = 0;
    d->p += bytes;
    d->in_mini = d->per_mini;
    d->mini++;
    return true;
}

bool mlp_parquet_delta_next(struct mlp_parquet_delta *d, int64_t *v)
{
    if (d->left == 0)
        return false;
    if (!d->first) {
        if (d->in_mini == 0 && !next_mini(d))
            return false;
        unsigned width = d->widths[d->mini - 1];
        d->value += d->least + bits_at(d->bits, d->p, d->bit, width);
        d->bit += width;
        d->in_mini--;
    }
    d->first = false;
    d->left--;
    *v = (int64_t)d->value;
    return true;
}

const unsigned char *mlp_parquet_delta_end(const struct mlp_parquet_delta *d)
{
    return d->p;
}
