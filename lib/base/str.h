/* str.h: a view of bytes, not NUL-terminated, never owned. */
#ifndef MLP_BASE_STR_H
#define MLP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* p may be NULL only when n is 0. The bytes belong to somebody else and must outlive the view. */
struct mlp_str {
    const char *p;
    size_t n;
};

/* A view of a string literal, and of a NUL-terminated string (NULL gives the empty view). */
#define MLP_STR(literal) ((struct mlp_str){(literal), sizeof(literal) - 1})
static inline struct mlp_str mlp_str_from(const char *z)
{
    return (struct mlp_str){z, z ? strlen(z) : 0};
}

/* The arguments of printf's "%.*s". */
#define MLP_STR_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

/* Byte equality; and byte equality with a NUL-terminated string. */
static inline bool mlp_str_eq(struct mlp_str a, struct mlp_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool mlp_str_is(struct mlp_str a, const char *z)
{
    return mlp_str_eq(a, mlp_str_from(z));
}

/* Byte order, shorter first among equals: <0, 0, >0. */
int mlp_str_cmp(struct mlp_str a, struct mlp_str b);

bool mlp_str_starts(struct mlp_str s, const char *prefix);
bool mlp_str_ends(struct mlp_str s, const char *suffix);

/* Without ASCII space, tab, CR and LF at both ends. */
struct mlp_str mlp_str_trim(struct mlp_str s);

/* Offset of the first byte c, or s.n when there is none. */
size_t mlp_str_find(struct mlp_str s, char c);

/* Cuts *rest at the first separator: returns the part before it and leaves the part after it in
 * *rest; false when *rest was exhausted (p == NULL). "a,,b" gives "a", "", "b". */
bool mlp_str_split(struct mlp_str *rest, char separator, struct mlp_str *part);

/* Whether all of s fits the pattern, in which * is any text and ? any byte. */
bool mlp_str_fits(struct mlp_str s, struct mlp_str pattern);

/* Copies into a fixed buffer, NUL-terminated, cut when too long. Returns false when cut. */
bool mlp_str_copy(struct mlp_str s, char *out, size_t size);

/* Parses all of s as a decimal integer; false on anything else or overflow. */
bool mlp_str_i64(struct mlp_str s, int64_t *out);
bool mlp_str_u64(struct mlp_str s, uint64_t *out);

/* True when s is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool mlp_str_utf8(struct mlp_str s);

/* Bytes of the well-formed multi-byte sequence that s starts with; 0 when it starts with none. */
size_t mlp_utf8_sequence(struct mlp_str s);

/* Levenshtein distance, for did-you-mean; texts over 64 bytes count as far (64). */
unsigned mlp_str_distance(struct mlp_str a, struct mlp_str b);

/* Index of the closest candidate within a third of its length, or -1. Candidates end with NULL. */
int mlp_str_closest(struct mlp_str s, const char *const *candidates);

#endif
