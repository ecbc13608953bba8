/* parquet.h: inside of the Parquet reader: what the footer says, and the pages of a column.
 *
 * Source: Apache Parquet format 2.11 (parquet.thrift, Encodings.md, LogicalTypes.md). Read is what
 * pandas, Spark and DuckDB write of flat tables: data pages 1 and 2; PLAIN, dictionary, RLE, delta
 * and byte-stream-split encodings; no compression, Snappy, gzip, Zstandard or LZ4. */
#ifndef MLP_TABLE_PARQUET_H
#define MLP_TABLE_PARQUET_H

#include "base/vec.h"
#include "table/columnar.h"
#include "table/thrift.h"

enum mlp_parquet_physical {
    MLP_PQ_BOOLEAN, MLP_PQ_INT32, MLP_PQ_INT64, MLP_PQ_INT96, MLP_PQ_FLOAT, MLP_PQ_DOUBLE,
    MLP_PQ_BYTE_ARRAY, MLP_PQ_FIXED
};
enum mlp_parquet_codec {
    MLP_PQ_PLAIN_BYTES = 0, MLP_PQ_SNAPPY = 1, MLP_PQ_GZIP = 2, MLP_PQ_ZSTD = 6, MLP_PQ_LZ4 = 7
};
enum mlp_parquet_encoding {
    MLP_PQ_PLAIN = 0, MLP_PQ_PLAIN_DICTIONARY = 2, MLP_PQ_RLE = 3, MLP_PQ_DELTA = 5,
    MLP_PQ_DELTA_LENGTH = 6, MLP_PQ_DELTA_BYTES = 7, MLP_PQ_DICTIONARY = 8, MLP_PQ_SPLIT = 9
};

/* A leaf of the schema. */
struct mlp_parquet_leaf {
    enum mlp_parquet_physical physical;
    size_t width;                /* bytes of a FIXED value */
    unsigned levels;             /* highest definition level: below it the value is missing */
    bool unsigned_int;
    struct mlp_cell_type type;
};

/* Where the values of a column lie in one row group. */
struct mlp_parquet_chunk {
    int64_t codec, values, data_at, dictionary_at, bytes;
};

/* Runs of one value and packed values of `width` bits, mixed (Encodings.md, RLE = 3). */
struct mlp_parquet_hybrid {
    const unsigned char *p, *end;
    unsigned width;
    size_t run, packed;          /* values left: of a run of `value`; of packed bits at p */
    size_t bit;                  /* of the packed ones, from p on */
    uint64_t value;
};
void mlp_parquet_hybrid_init(struct mlp_parquet_hybrid *h, const unsigned char *p, size_t n,
                             unsigned width);
/* The next value; false past the end. */
bool mlp_parquet_hybrid_next(struct mlp_parquet_hybrid *h, uint64_t *v);

/* Differences, packed in blocks (Encodings.md, DELTA_BINARY_PACKED = 5). */
struct mlp_parquet_delta {
    const unsigned char *p, *end;
    uint64_t per_mini, minis, left; /* values of a miniblock; miniblocks of a block; values left */
    uint64_t in_mini, mini;         /* values left of the miniblock; its number in the block */
    const unsigned char *widths, *bits;
    size_t bit;
    uint64_t least, value;
    bool first;
};
/* False when the head is damaged. */
bool mlp_parquet_delta_init(struct mlp_parquet_delta *d, const unsigned char *p, size_t n);
bool mlp_parquet_delta_next(struct mlp_parquet_delta *d, int64_t *v);
/* Where the data behind the last value begins; only after all of them were taken. */
const unsigned char *mlp_parquet_delta_end(const struct mlp_parquet_delta *d);

/* A column while it is read. */
struct mlp_parquet_column {
    const struct mlp_parquet_leaf *leaf;
    struct mlp_str name;
    struct mlp_parquet_chunk chunk;
    uint64_t at;                 /* of the next page */
    int64_t left;                /* values of the chunk that no page has given yet */
    size_t in_page;              /* values of the page at hand that are left */
    enum mlp_parquet_encoding encoding;
    struct mlp_parquet_hybrid levels, codes; /* codes: of the dictionary, or truth values */
    struct mlp_parquet_delta delta, prefix;
    const unsigned char *p, *end; /* values of the page */
    size_t index, present;       /* the next value of SPLIT; how many there are at most */
    struct mlp_buf *packed;      /* where compressed pages are read into: shared, borrowed */
    struct mlp_buf page, before; /* before: the value before, of DELTA_BYTES */
    struct mlp_buf dictionary_page;
    struct mlp_arena texts;      /* of DELTA_BYTES, as long as the page */
    struct mlp_scalar *dictionary; /* in `words` */
    size_t nwords;
    struct mlp_arena words;
};

/* parquet_page.c: makes sure that values are at hand, reading the next page where none are left.
 * in_page stays 0 at the end of the chunk. */
enum mlp_code mlp_parquet_load(struct mlp_parquet_column *c, const struct mlp_bytes *b,
                               struct mlp_err *e);

/* parquet_value.c: readies the values of a page (p, end, encoding, present) for taking; the
 * dictionary's, from its page; and takes one. Damage is MLP_EINPUT that names the column. */
enum mlp_code mlp_parquet_values(struct mlp_parquet_column *c, struct mlp_err *e);
enum mlp_code mlp_parquet_dictionary(struct mlp_parquet_column *c, size_t n, struct mlp_err *e);
enum mlp_code mlp_parquet_take(struct mlp_parquet_column *c, struct mlp_scalar *v,
                               struct mlp_err *e);

/* parquet_page.c: MLP_EINPUT with the column's name. */
enum mlp_code mlp_parquet_bad(const struct mlp_parquet_column *c, struct mlp_err *e,
                              const char *why);

#endif
