/* internal.h: a table being read, shared by the files of this module. */
#ifndef MLP_TABLE_INTERNAL_H
#define MLP_TABLE_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "table/recode.h"
#include "table/stream.h"
#include "table/table.h"

#include <stdatomic.h>

#define MLP_BLOCK_BYTES ((size_t)256 * 1024)
#define MLP_LEAST_BLOCK_BYTES ((size_t)16)
#define MLP_ROW_BYTES ((size_t)16 << 20)
#define MLP_MOST_ROW_BYTES ((size_t)1 << 30) /* positions have 32 bits */
#define MLP_MOST_COLUMNS ((size_t)65536)
#define MLP_BATCH_CELLS ((size_t)1 << 18) /* bounds a batch of many short rows */
#define MLP_BATCH_MEMORY ((size_t)1 << 30)

/* Where bytes come from: a stream, memory, or a part of a file. */
struct mlp_source {
    struct mlp_stream *stream;  /* NULL for the other two */
    struct mlp_str memory;      /* what is left of it */
    int fd;                     /* of a part of a file, else -1 */
    uint64_t at, end;
};

/* Batches take turns, and so do the blocks that they look into, as far as options.kept asks. */
struct mlp_turn {
    struct mlp_arena arena;
    struct mlp_batch batch;
};
struct mlp_block {
    char *p;
    size_t cap;
};

struct mlp_table {
    struct mlp_source from;
    struct mlp_recode recode[2]; /* what the bytes go through, in order */
    unsigned nrecodes;
    char source[256];
    struct mlp_table_options options;
    enum mlp_table_format format;
    struct mlp_csv_dialect dialect;
    struct mlp_turn *turn;      /* of turns */
    unsigned at_turn, at_block; /* their places */
    bool moves_on;              /* the block still holds rows of a batch before */
    struct mlp_block resting[MLP_TABLE_KEPT + 1];
    struct mlp_turn turns[MLP_TABLE_KEPT + 1];
    char *block;                /* bytes not yet handed out are block[start..have) */
    size_t cap, start, have;
    bool at_end;                /* the source has no more */
    struct mlp_err failed;      /* reading failed behind what the block has */
    uint32_t *pos;              /* separators in the block, relative to pos_base */
    size_t pos_cap, pos_n, pos_i, pos_base;
    size_t rows_left;           /* rows in pos[pos_i..pos_n) */
    struct mlp_csv_scan scan;   /* of the block */
    bool no_memory;             /* for a cell */
    bool utf8;                  /* the block is nothing else */
    bool empty_is_text;         /* "" in quotes is no missing value */
    uint64_t null_starts[4];    /* bit c: a null text starts with the byte c */
    uint64_t line, row;         /* physical line and record of the next row */
    uint64_t taken;             /* bytes put into the block so far */
    struct mlp_arena names_arena;
    struct mlp_vec names;       /* of struct mlp_str */
    struct mlp_map by_name;     /* name to index */
    struct mlp_str header;
    struct mlp_str eol;
    struct mlp_buf scratch;
};

/* table.c: fills the block up to `want` bytes beyond start, or to the end of the source; a pipe
 * only up to a line feed that ends what it has. At least one byte more, or at_end is set. */
enum mlp_code mlp_table_fill(struct mlp_table *t, size_t want, struct mlp_err *e);

/* table.c: a pipe that gives nothing is left, as if it ended, soon after *stop; NULL: never. */
void mlp_table_stop_when(struct mlp_table *t, const atomic_bool *stop);

/* table.c: takes the names of the columns; empty or repeated ones are MLP_EINPUT. */
enum mlp_code mlp_table_take_name(struct mlp_table *t, struct mlp_str name, struct mlp_err *e);

/* rows_csv.c, rows_ndjson.c: the header, and the next batch of rows (nrows 0: the end). */
enum mlp_code mlp_csv_header(struct mlp_table *t, struct mlp_err *e);
enum mlp_code mlp_csv_batch(struct mlp_table *t, struct mlp_err *e);
enum mlp_code mlp_ndjson_header(struct mlp_table *t, struct mlp_err *e);
enum mlp_code mlp_ndjson_batch(struct mlp_table *t, struct mlp_err *e);

/* table.c: an empty table, NULL without memory; room for a batch of `rows` rows; the error that a
 * row over the limit is. */
struct mlp_table *mlp_table_new(const char *source, const struct mlp_table_options *options);
enum mlp_code mlp_batch_reserve(struct mlp_table *t, size_t rows, struct mlp_err *e);
enum mlp_code mlp_row_too_long(struct mlp_table *t, struct mlp_err *e);
/* True when the text, which is not empty, means missing. Most texts' first byte tells. */
bool mlp_is_null_text(const struct mlp_table *t, struct mlp_str s);
static inline bool mlp_is_null(const struct mlp_table *t, struct mlp_str s)
{
    unsigned char c = (unsigned char)s.p[0];
    return (t->null_starts[c / 64] >> c % 64 & 1) && mlp_is_null_text(t, s);
}
size_t mlp_row_limit(const struct mlp_table *t);
size_t mlp_block_bytes(const struct mlp_table *t);

#endif
