/* arena.h: memory that is freed all at once, made with a maximum.
 *
 * One arena per batch, request, document or loaded model. Not thread-safe: one owner at a time. */
#ifndef MLP_BASE_ARENA_H
#define MLP_BASE_ARENA_H

#include "base/str.h"

struct mlp_arena_block;
struct mlp_arena {
    struct mlp_arena_block *head; /* newest block */
    size_t used;                  /* bytes handed out, padding included */
    size_t max;                   /* most bytes that may be held in blocks */
    size_t held;                  /* bytes held in blocks */
};

/* An empty arena that may hold at most max bytes. Allocates nothing. */
void mlp_arena_init(struct mlp_arena *a, size_t max);

/* Frees everything; the arena is as after init. */
void mlp_arena_fini(struct mlp_arena *a);

/* Forgets everything but keeps the largest block for reuse, so that a warm loop never allocates. */
void mlp_arena_reset(struct mlp_arena *a);

/* n bytes, zeroed, aligned for any type (16). NULL when out of memory or over the maximum; n may
 * be 0. */
void *mlp_arena_alloc(struct mlp_arena *a, size_t n);

/* count * size bytes, zeroed; NULL also when the product overflows. */
void *mlp_arena_array(struct mlp_arena *a, size_t count, size_t size);

/* As mlp_arena_array, 64-byte aligned and not zeroed: for numeric kernels. */
void *mlp_arena_array64(struct mlp_arena *a, size_t count, size_t size);

/* A NUL-terminated copy of s; p is NULL on failure. */
struct mlp_str mlp_arena_str(struct mlp_arena *a, struct mlp_str s);
char *mlp_arena_strz(struct mlp_arena *a, struct mlp_str s);

#endif
