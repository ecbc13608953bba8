#include "rule/hashes.h"

#include "rule/hash_runs.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_SLOTS ((size_t)1024)

/* At most half full while it may grow, three quarters when it may not. */
static bool is_full(const struct mlp_hashes *h, bool grows)
{
    return h->n * 4 >= h->cap * (grows ? 2 : 3);
}

static bool may_grow(const struct mlp_hashes *h)
{
    size_t next = (h->cap ? h->cap * 2 : LEAST_SLOTS) * sizeof *h->slots;
    return h->most == 0 || h->cap < LEAST_SLOTS || next <= h->most - h->most / 4;
}

static size_t slot_of(const struct mlp_hashes *h, uint64_t hash)
{
    size_t i = (size_t)hash & (h->cap - 1);
    while (h->slots[i] && h->slots[i] != hash)
        i = (i + 1) & (h->cap - 1);
    return i;
}

static enum mlp_code grow(struct mlp_hashes *h, struct mlp_err *e)
{
    struct mlp_hashes bigger = {.cap = h->cap ? h->cap * 2 : LEAST_SLOTS};
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return mlp_err_nomem(e);
    for (size_t i = 0; i < h->cap; i++)
        if (h->slots[i])
            bigger.slots[slot_of(&bigger, h->slots[i])] = h->slots[i];
    free(h->slots);
    h->slots = bigger.slots;
    h->cap = bigger.cap;
    return MLP_OK;
}

/* The table goes to disk and is empty. */
static enum mlp_code spill(struct mlp_hashes *h, struct mlp_err *e)
{
    size_t n = 0;
    enum mlp_code code = h->runs ? MLP_OK : mlp_hash_runs_new(h->most / 4, &h->runs, e);
    for (size_t i = 0; i < h->cap; i++)
        if (h->slots[i])
            h->slots[n++] = h->slots[i];
    if (code == MLP_OK)
        code = mlp_hash_runs_add(h->runs, h->slots, n, e);
    memset(h->slots, 0, h->cap * sizeof *h->slots);
    h->n = 0;
    return code;
}

static enum mlp_code make_room(struct mlp_hashes *h, struct mlp_err *e)
{
    bool grows = may_grow(h);
    if (h->cap && !is_full(h, grows))
        return MLP_OK;
    return grows ? grow(h, e) : spill(h, e);
}

enum mlp_code mlp_hashes_add(struct mlp_hashes *h, uint64_t hash, bool *fresh, struct mlp_err *e)
{
    if (hash == 0) {
        *fresh = !h->has_zero;
        h->has_zero = true;
        return MLP_OK;
    }
    enum mlp_code code = make_room(h, e);
    if (code != MLP_OK)
        return code;
    size_t i = slot_of(h, hash);
    bool has = h->slots[i] != 0;
    if (!has && h->runs && (code = mlp_hash_runs_has(h->runs, hash, &has, e)) != MLP_OK)
        return code;
    *fresh = !has;
    if (!has) {
        h->slots[i] = hash;
        h->n++;
    }
    return MLP_OK;
}

enum mlp_code mlp_hashes_has(const struct mlp_hashes *h, uint64_t hash, bool *has,
                             struct mlp_err *e)
{
    *has = hash == 0 ? h->has_zero : h->cap && h->slots[slot_of(h, hash)] != 0;
    if (*has || hash == 0 || !h->runs)
        return MLP_OK;
    return mlp_hash_runs_has(h->runs, hash, has, e);
}

uint64_t mlp_hashes_count(const struct mlp_hashes *h)
{
    return h->n + h->has_zero + (h->runs ? mlp_hash_runs_count(h->runs) : 0);
}

uint64_t mlp_hashes_spilled(const struct mlp_hashes *h)
{
    return h->runs ? mlp_hash_runs_count(h->runs) * sizeof *h->slots : 0;
}

void mlp_hashes_fini(struct mlp_hashes *h)
{
    mlp_hash_runs_free(h->runs);
    free(h->slots);
    *h = (struct mlp_hashes){.most = h->most};
}
