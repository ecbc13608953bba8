#include "table/flatbuf.h"

static bool inside(struct mlp_flat *f, size_t at, size_t n)
{
    bool good = at <= f->n && n <= f->n - at;
    f->bad = f->bad || !good;
    return good;
}

int64_t mlp_flat_int(struct mlp_flat *f, size_t at, unsigned bytes)
{
    uint64_t v = 0;
    if (!inside(f, at, bytes))
        return 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)f->p[at + i] << 8 * i;
    unsigned unused = 64 - 8 * bytes;
    return unused ? (int64_t)(v << unused) >> unused : (int64_t)v;
}

/* Where the offset that stands at `at` points to, or 0. */
static size_t follow(struct mlp_flat *f, size_t at)
{
    uint32_t distance = (uint32_t)mlp_flat_int(f, at, 4);
    return inside(f, at, (size_t)distance + 4) && distance ? at + distance : 0;
}

size_t mlp_flat_root(struct mlp_flat *f)
{
    return follow(f, 0);
}

/* Position of a field, or 0: the table's first word leads back to its list of places. */
static size_t place(struct mlp_flat *f, size_t table, unsigned field)
{
    if (!table)
        return 0;
    int64_t back = mlp_flat_int(f, table, 4), at = (int64_t)table - back;
    if (at < 0 || !inside(f, (size_t)at, 4)) {
        f->bad = true;
        return 0;
    }
    size_t size = (size_t)(uint16_t)mlp_flat_int(f, (size_t)at, 2), slot = 4 + 2 * (size_t)field;
    if (slot + 2 > size)
        return 0;
    size_t offset = (size_t)(uint16_t)mlp_flat_int(f, (size_t)at + slot, 2);
    return offset ? table + offset : 0;
}

int64_t mlp_flat_number(struct mlp_flat *f, size_t table, unsigned field, unsigned bytes,
                        int64_t dflt)
{
    size_t at = place(f, table, field);
    return at ? mlp_flat_int(f, at, bytes) : dflt;
}

size_t mlp_flat_table(struct mlp_flat *f, size_t table, unsigned field)
{
    size_t at = place(f, table, field);
    return at ? follow(f, at) : 0;
}

size_t mlp_flat_vector(struct mlp_flat *f, size_t table, unsigned field, size_t size, size_t *n)
{
    size_t at = mlp_flat_table(f, table, field);
    *n = at ? (size_t)(uint32_t)mlp_flat_int(f, at, 4) : 0;
    if (at == 0 || *n > f->n / size || !inside(f, at + 4, *n * size)) {
        f->bad = f->bad || at;
        *n = 0;
        return 0;
    }
    return at + 4;
}

struct mlp_str mlp_flat_text(struct mlp_flat *f, size_t table, unsigned field)
{
    size_t n, at = mlp_flat_vector(f, table, field, 1, &n);
    return (struct mlp_str){at ? (const char *)f->p + at : "", n};
}

size_t mlp_flat_item(struct mlp_flat *f, size_t vector, size_t i)
{
    return vector ? follow(f, vector + 4 * i) : 0;
}
