#include "base/arena.h"

#include <stdlib.h>

/* Blocks are chained newest first; the payload follows the header, 64-byte aligned. */
struct mlp_arena_block {
    struct mlp_arena_block *next;
    size_t size, used; /* of the payload */
    size_t pad;
};

#define FIRST_BLOCK 4096
#define LARGEST_STEP ((size_t)1 << 20)
#define ALIGN 64

_Static_assert(sizeof(struct mlp_arena_block) <= ALIGN, "the payload starts at ALIGN");

void mlp_arena_init(struct mlp_arena *a, size_t max)
{
    *a = (struct mlp_arena){.max = max};
}

void mlp_arena_fini(struct mlp_arena *a)
{
    struct mlp_arena_block *b = a->head;
    while (b) {
        struct mlp_arena_block *next = b->next;
        free(b);
        b = next;
    }
    mlp_arena_init(a, a->max);
}

void mlp_arena_reset(struct mlp_arena *a)
{
    struct mlp_arena_block *keep = a->head;
    for (struct mlp_arena_block *b = a->head; b; b = b->next)
        if (b->size > keep->size)
            keep = b;
    struct mlp_arena_block *b = a->head;
    while (b) {
        struct mlp_arena_block *next = b->next;
        if (b != keep)
            free(b);
        b = next;
    }
    a->head = keep;
    a->used = 0;
    a->held = 0;
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
        a->held = keep->size;
    }
}

static char *payload(struct mlp_arena_block *b)
{
    return (char *)b + ALIGN;
}

/* Blocks double up to 1 MiB, so that small arenas stay small and large ones rarely allocate. */
static struct mlp_arena_block *new_block(struct mlp_arena *a, size_t n)
{
    size_t size = a->held < FIRST_BLOCK ? FIRST_BLOCK : a->held;
    if (size > LARGEST_STEP)
        size = LARGEST_STEP;
    if (size < n)
        size = n;
    if (a->held > a->max || n > a->max - a->held)
        return NULL;
    if (size > a->max - a->held)
        size = a->max - a->held;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct mlp_arena_block *b = aligned_alloc(ALIGN, ALIGN + size);
    if (!b)
        return NULL;
    *b = (struct mlp_arena_block){.next = a->head, .size = size};
    a->head = b;
    a->held += size;
    return b;
}

static void *take(struct mlp_arena *a, size_t n, size_t align)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    struct mlp_arena_block *b = a->head;
    size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;
    if (!b || at > b->size || n > b->size - at) {
        b = new_block(a, n);
        if (!b)
            return NULL;
        at = 0;
    }
    a->used += at - b->used + n;
    b->used = at + n;
    return payload(b) + at;
}

void *mlp_arena_alloc(struct mlp_arena *a, size_t n)
{
    void *p = take(a, n, 16);
    if (p)
        memset(p, 0, n);
    return p;
}

void *mlp_arena_array(struct mlp_arena *a, size_t count, size_t size)
{
    return size && count > SIZE_MAX / 2 / size ? NULL : mlp_arena_alloc(a, count * size);
}

void *mlp_arena_array64(struct mlp_arena *a, size_t count, size_t size)
{
    return size && count > SIZE_MAX / 2 / size ? NULL : take(a, count * size, ALIGN);
}

char *mlp_arena_strz(struct mlp_arena *a, struct mlp_str s)
{
    char *p = take(a, s.n + 1, 1);
    if (!p)
        return NULL;
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

struct mlp_str mlp_arena_str(struct mlp_arena *a, struct mlp_str s)
{
    char *p = mlp_arena_strz(a, s);
    return (struct mlp_str){p, p ? s.n : 0};
}
