/* recode.h: bytes on their way into a table, from what was written to what is read: other encodings
 * to UTF-8, a JSON array to one element a line. */
#ifndef MLP_TABLE_RECODE_H
#define MLP_TABLE_RECODE_H

#include "base/buf.h"

/* UTF-16 without a byte order mark is little-endian. Windows-1252 as the WHATWG Encoding Standard
 * has it (its five bytes without a character are control characters); ISO 8859-1. */
enum mlp_recode_kind { MLP_RECODE_UTF16, MLP_RECODE_UTF16BE, MLP_RECODE_LATIN1,
                       MLP_RECODE_WINDOWS1252, MLP_RECODE_JSON_ARRAY };

struct mlp_recode {
    enum mlp_recode_kind kind;
    struct mlp_buf out;          /* what was made and not yet taken: out[at..n) */
    size_t at;
    bool ended;                  /* the source has no more */
    bool failed;                 /* what comes behind out is wrong */
    uint64_t taken;              /* bytes of the source, for places */
    unsigned char odd;           /* UTF-16: the first byte of a unit that is not whole */
    bool has_odd, started;
    uint16_t high;               /* UTF-16: the first half of a pair, 0: none */
    unsigned depth;              /* JSON: open brackets, the array's own counted */
    bool in_text, escaped, closed, after;
};

/* Allocates nothing; fini with mlp_recode_fini. */
void mlp_recode_init(struct mlp_recode *r, enum mlp_recode_kind kind);
void mlp_recode_fini(struct mlp_recode *r);

/* Takes the next n bytes of the source; last: there are no more. Half a character and what is no
 * array are MLP_EINPUT with the offset; what came before stays in out. */
enum mlp_code mlp_recode_add(struct mlp_recode *r, const void *p, size_t n, bool last,
                             struct mlp_err *e);

#endif
