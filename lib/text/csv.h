/* csv.h: splitting delimited text (RFC 4180) into fields, fast.
 *
 * Two stages, as simdjson does for JSON (Langdale and Lemire, "Parsing Gigabytes of JSON per
 * Second", 2019): 64 bytes at a time become bit masks of quotes, delimiters and line feeds; the
 * prefix xor of the quote mask tells what is quoted; the positions of the separators that count
 * go to an array. Fields are then the gaps between positions. AVX2 or SSE2 where the compiler
 * offers them, portable C elsewhere; all give the same positions. */
#ifndef MLP_TEXT_CSV_H
#define MLP_TEXT_CSV_H

#include "base/buf.h"

/* Bytes that must be readable after the end of a block handed to mlp_csv_index. */
#define MLP_CSV_PAD 64

struct mlp_csv_dialect {
    char delimiter;  /* ',' '\t' ';' '|' ... */
    char quote;      /* '"', or 0: quotes are plain bytes (TSV as IANA has it) */
};

/* Writes to out the offsets of every delimiter and line feed of p[0..n) that is not inside quotes,
 * n < 2^32. out must have room for n + 64 entries. *in_quotes is the state before and after the
 * block. Returns the number of offsets. */
size_t mlp_csv_index(const struct mlp_csv_dialect *d, const char *p, size_t n, uint32_t *out,
                     bool *in_quotes);

/* The value of a raw field: surrounding quotes off, doubled quotes halved into scratch (which is
 * reset first) only when there are any. The view points into raw or scratch. */
struct mlp_str mlp_csv_unquote(const struct mlp_csv_dialect *d, struct mlp_str raw,
                               struct mlp_buf *scratch);

/* What is wrong with a raw field, or NULL: a quote inside an unquoted field, text after the
 * closing quote. */
const char *mlp_csv_fault(const struct mlp_csv_dialect *d, struct mlp_str raw);

/* Appends a value as a field: quoted only when it holds the delimiter, a quote, CR or LF, or is
 * empty and `quote_empty`. */
void mlp_csv_add(const struct mlp_csv_dialect *d, struct mlp_buf *b, struct mlp_str value,
                 bool quote_empty);

/* Line feeds in p[0..n). */
size_t mlp_csv_lines(const char *p, size_t n);

#endif
