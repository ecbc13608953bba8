/* buf.h: a growing byte buffer that cannot be made without a maximum.
 *
 * Failure is sticky: an append that would pass the maximum or finds no memory sets `failed`, and
 * later appends do nothing, so that a writer checks once at the end. The bytes are always
 * followed by a NUL that does not count, so p may be used as a C string. */
#ifndef MLP_BASE_BUF_H
#define MLP_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct mlp_buf {
    char *p;      /* owned; NULL until the first append */
    size_t n;     /* bytes in use */
    size_t cap;   /* bytes allocated */
    size_t max;   /* most bytes that n may reach */
    bool failed;
};

/* An empty buffer that may hold at most max bytes. Allocates nothing. */
void mlp_buf_init(struct mlp_buf *b, size_t max);

/* Frees the bytes; the buffer is as after init. */
void mlp_buf_fini(struct mlp_buf *b);

/* Forgets the bytes and the failure, keeps the memory. */
void mlp_buf_reset(struct mlp_buf *b);

void mlp_buf_add(struct mlp_buf *b, const void *p, size_t n);
void mlp_buf_adds(struct mlp_buf *b, const char *z);
void mlp_buf_addc(struct mlp_buf *b, char c);
void mlp_buf_addstr(struct mlp_buf *b, struct mlp_str s);
void mlp_buf_addf(struct mlp_buf *b, const char *fmt, ...) MLP_PRINTF(2, 3);
void mlp_buf_addu64(struct mlp_buf *b, uint64_t v);
void mlp_buf_addi64(struct mlp_buf *b, int64_t v);

/* Appends s as a JSON string with its quotes (RFC 8259). Bytes that are not UTF-8 become U+FFFD. */
void mlp_buf_addquoted(struct mlp_buf *b, struct mlp_str s);

/* Makes room for n more bytes and returns where they go, or NULL (failed is set). The caller
 * writes them and adds what it wrote to b->n. */
char *mlp_buf_reserve(struct mlp_buf *b, size_t n);

/* The bytes as a view, good until the next append. */
static inline struct mlp_str mlp_buf_str(const struct mlp_buf *b)
{
    return (struct mlp_str){b->p ? b->p : "", b->n};
}

/* Hands the NUL-terminated bytes to the caller, who frees them; the buffer is empty after.
 * NULL when the buffer failed or there is no memory. */
char *mlp_buf_take(struct mlp_buf *b);

/* MLP_OK, or the error that a failed buffer means (over the maximum, or no memory). */
enum mlp_code mlp_buf_check(const struct mlp_buf *b, struct mlp_err *e);

#endif
