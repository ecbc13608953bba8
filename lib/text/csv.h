/* csv.h: splitting delimited text (RFC 4180) into fields, fast.
 *
 * Two stages, as simdjson does for JSON (Langdale and Lemire, "Parsing Gigabytes of JSON per
 * Second", 2019): 64 bytes at a time become bit masks of quotes, delimiters and line feeds; the
 * prefix xor of the quote mask tells what is quoted; the positions of the separators that count
 * go to an array. Fields are then the gaps between positions.
 *
 * A quote opens a quoted field only where a field starts; anywhere else in an unquoted field it
 * is a plain byte, and a fault of that one field. A block that holds such a stray quote is read
 * again byte by byte, so that the quote cannot turn the rest of the file inside out. */
#ifndef MLP_TEXT_CSV_H
#define MLP_TEXT_CSV_H

#include "base/buf.h"

/* Bytes that must be readable after the end of a block handed to mlp_csv_index. */
#define MLP_CSV_PAD 64

struct mlp_csv_dialect {
    char delimiter;  /* ',' '\t' ';' '|' ... */
    char quote;      /* '"', or 0: quotes are plain bytes (TSV as IANA has it) */
};

/* Where in a field the next byte stands. */
enum mlp_csv_at {
    MLP_CSV_START,   /* at its first byte */
    MLP_CSV_PLAIN,   /* in unquoted text */
    MLP_CSV_QUOTED,  /* inside quotes */
    MLP_CSV_CLOSED   /* after a quote that closed the field, or is the first of two */
};

/* What a scan is told and tells. All zero is the start of a row. */
struct mlp_csv_scan {
    enum mlp_csv_at at;  /* before the block, and after it */
    size_t rows;         /* out: line feeds that end rows */
    size_t feeds;        /* out: all line feeds, those inside quotes too */
    bool stray;          /* out: a quote stands in unquoted text: ask mlp_csv_fault */
};

/* The ways to look at 64 bytes. All give the same positions. */
enum mlp_csv_isa { MLP_CSV_PORTABLE, MLP_CSV_SSE2, MLP_CSV_AVX2 };

/* The fastest way that this processor has. */
enum mlp_csv_isa mlp_csv_best_isa(void);

/* Writes to out the offsets of every delimiter and line feed of p[0..n) that is not inside quotes,
 * n < 2^32 - 64; returns how many. out must have room for n + 64 entries, or is NULL when only the
 * scan is wanted. The delimiter is not a quote, CR or LF. */
size_t mlp_csv_index(const struct mlp_csv_dialect *d, const char *p, size_t n, uint32_t *out,
                     struct mlp_csv_scan *s);

/* The same in a given way, which this processor must have: for tests. */
size_t mlp_csv_index_isa(enum mlp_csv_isa isa, const struct mlp_csv_dialect *d,
                         struct mlp_str block, uint32_t *out, struct mlp_csv_scan *s);

/* The value of a raw field: surrounding quotes off, doubled quotes halved into scratch (which is
 * reset first) only when there are any. The view points into raw or scratch. A raw field with a
 * fault is returned as it is. */
struct mlp_str mlp_csv_unquote(const struct mlp_csv_dialect *d, struct mlp_str raw,
                               struct mlp_buf *scratch);

/* What is wrong with a raw field, or NULL: a quote inside an unquoted field, text after the
 * closing quote, a quote that is not closed. The words are static. */
const char *mlp_csv_fault(const struct mlp_csv_dialect *d, struct mlp_str raw);

/* Appends a value as a field: quoted only when it holds the delimiter, a quote, CR or LF, or is
 * empty and `quote_empty`. */
void mlp_csv_add(const struct mlp_csv_dialect *d, struct mlp_buf *b, struct mlp_str value,
                 bool quote_empty);

/* Line feeds in p[0..n). */
size_t mlp_csv_lines(const char *p, size_t n);

#endif
