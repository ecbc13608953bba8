#include "base/map.h"

#include <stdlib.h>

/* Folded 64 x 64 -> 128 bit multiplication, as wyhash and its kin mix. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide r = (wide)a * b;
    return (uint64_t)r ^ (uint64_t)(r >> 64);
}

/* Little-endian whatever the machine, since profiles store hashes. Loads of a fixed size, which may
 * overlap, instead of a loop or a call. */
static uint64_t load_bytes(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static inline uint64_t load8(const unsigned char *p)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
#else
    return load_bytes(p, 8);
#endif
}

/* 1 to 7 bytes. */
static inline uint64_t load_short(const unsigned char *p, size_t n)
{
    if (n >= 4)
        return load_bytes(p, 4) | load_bytes(p + n - 4, 4) << (8 * (n - 4));
    return p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) | (uint64_t)p[n - 1] << (8 * (n - 1));
}

#define K0 0x9E3779B97F4A7C15ull
#define K1 0xE7037ED1A0B428DBull
#define K2 0xA0761D6478BD642Full

uint64_t mlp_hash64(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t h = seed ^ K0 ^ (uint64_t)n * K2;
    size_t left = n;
    for (; left > 16; left -= 16, p += 16)
        h = fold(load8(p) ^ h, load8(p + 8) ^ K1);
    uint64_t a = 0, b = 0;
    if (left >= 8) {
        a = load8(p);
        b = load8(p + left - 8);
    } else if (left) {
        a = load_short(p, left);
    }
    h = fold(a ^ h ^ K2, b ^ K1 ^ (uint64_t)n);
    return h ^ h >> 29;
}

void mlp_map_init(struct mlp_map *m, uint64_t seed, size_t max_key_bytes)
{
    *m = (struct mlp_map){.seed = seed};
    mlp_arena_init(&m->keys, max_key_bytes);
}

void mlp_map_fini(struct mlp_map *m)
{
    free(m->entries);
    free(m->slots);
    mlp_arena_fini(&m->keys);
    mlp_map_init(m, m->seed, m->keys.max);
}

/* The slot of key, or the free slot where it would go. nslots is a power of two. */
static size_t find_slot(const struct mlp_map *m, struct mlp_str key, uint64_t hash)
{
    size_t mask = m->nslots - 1;
    size_t i = (size_t)hash & mask;
    while (m->slots[i]) {
        const struct mlp_map_entry *entry = &m->entries[m->slots[i] - 1];
        if (entry->hash == hash && mlp_str_eq(entry->key, key))
            break;
        i = (i + 1) & mask;
    }
    return i;
}

uint64_t *mlp_map_get(const struct mlp_map *m, struct mlp_str key)
{
    if (m->n == 0)
        return NULL;
    size_t i = find_slot(m, key, mlp_hash64(key.p, key.n, m->seed));
    return m->slots[i] ? &m->entries[m->slots[i] - 1].value : NULL;
}

/* Doubles the slots and the room for entries: at most half of the slots are in use. */
static bool grow(struct mlp_map *m)
{
    size_t nslots = m->nslots ? m->nslots * 2 : 16;
    if (nslots / 2 >= UINT32_MAX)
        return false;
    struct mlp_map_entry *entries = realloc(m->entries, nslots / 2 * sizeof *entries);
    if (!entries)
        return false;
    m->entries = entries;
    uint32_t *slots = calloc(nslots, sizeof *slots);
    if (!slots)
        return false;
    free(m->slots);
    m->slots = slots;
    m->nslots = nslots;
    m->cap = nslots / 2;
    for (size_t e = 0; e < m->n; e++) {
        size_t i = (size_t)m->entries[e].hash & (nslots - 1);
        while (slots[i])
            i = (i + 1) & (nslots - 1);
        slots[i] = (uint32_t)e + 1;
    }
    return true;
}

uint64_t *mlp_map_put(struct mlp_map *m, struct mlp_str key, bool *fresh)
{
    uint64_t hash = mlp_hash64(key.p, key.n, m->seed);
    if (m->n == m->cap && !grow(m))
        return NULL;
    size_t i = find_slot(m, key, hash);
    if (fresh)
        *fresh = m->slots[i] == 0;
    if (m->slots[i] == 0) {
        struct mlp_str copy = mlp_arena_str(&m->keys, key);
        if (!copy.p)
            return NULL;
        m->entries[m->n] = (struct mlp_map_entry){copy, hash, 0};
        m->slots[i] = (uint32_t)++m->n;
    }
    return &m->entries[m->slots[i] - 1].value;
}
