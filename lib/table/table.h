/* table.h: the table stream: CSV, TSV or NDJSON (plain, .gz, .zst, .xz) read once, in bounded
 * memory, as batches of rows whose cells are views into the bytes that were read. Parquet and Arrow
 * files are read as the CSV that they say (columnar.h).
 *
 * The raw bytes of each row stay at hand, so that a row that passes is copied, never rewritten.
 * Line numbers are physical lines of the file (quoted line feeds count), 1-based. */
#ifndef MLP_TABLE_TABLE_H
#define MLP_TABLE_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "text/csv.h"

enum mlp_table_format { MLP_TABLE_AUTO, MLP_TABLE_CSV, MLP_TABLE_TSV, MLP_TABLE_NDJSON };

/* AUTO: UTF-16 where a byte order mark says so, else UTF-8. */
enum mlp_table_encoding { MLP_ENCODING_AUTO, MLP_ENCODING_UTF8, MLP_ENCODING_UTF16,
                          MLP_ENCODING_LATIN1, MLP_ENCODING_WINDOWS1252 };

#define MLP_TABLE_KEPT 3u

/* All zero is the default of everything. */
struct mlp_table_options {
    enum mlp_table_format format; /* AUTO: by name (.csv .tsv .ndjson .jsonl), else by content */
    char delimiter;               /* 0: tab for TSV, else what line 1 has most of: , ; tab | */
    bool no_header;               /* columns are then named c1, c2, ... */
    const char *const *names;     /* what the first of them are named instead, ends with NULL; NULL:
                                     none */
    size_t skip_rows;             /* of CSV: rows that are no blank lines, before the header */
    char comment;                 /* of CSV: rows before the header that begin with it are passed
                                     over too; 0: there are none */
    enum mlp_table_encoding encoding;
    bool name_unnamed;            /* columns without a name are "Unnamed: 0", as pandas has it, by
                                     their place; else they are an error */
    size_t block_bytes;           /* 0: 256 KiB; what is read never depends on it */
    size_t max_row_bytes;         /* 0: 16 MiB; at most 1 GiB; a longer row is an error */
    size_t max_columns;           /* 0: 65,536 */
    unsigned kept;                /* batches before the newest that stay good, up to
                                     MLP_TABLE_KEPT; each costs the memory of one */
    const char *const *nulls;     /* texts that mean missing, ends with NULL; NULL: only empty.
                                     A quoted empty field is missing too; JSON null always is. */
    bool empty;                   /* an input without a byte is a table without columns and rows;
                                     else it is an error */
    bool blank_rows;              /* a blank line, or one without a value, is a `bad` row */
};

/* One cell. p == NULL is missing. quoted: it was written in quotes (CSV) or is a JSON string. The
 * bytes are the value (unquoted); they live until the next mlp_table_next. */
struct mlp_cell {
    const char *p;
    uint32_t n;
    bool quoted;
};

/* A batch of rows. cells is row-major: cells[r * ncols + c]. Rows whose field count is wrong, with
 * a misplaced quote, that are not UTF-8 or no JSON object are in the batch with `bad[r]` telling
 * why, their missing cells NULL. A blank line is no row, but for an empty value in a CSV of one
 * column. Of a JSON array the elements are the lines. */
struct mlp_batch {
    size_t nrows, ncols;
    struct mlp_cell *cells;
    struct mlp_str *raw;          /* the row's bytes without its line end, which follows them in
                                     memory */
    bool open_end;                /* the input ends in the last row: no line end follows it */
    uint64_t *line;               /* physical line where the row starts */
    const char **bad;             /* NULL, or "9 fields, expected 12", "field 3: text after ..." */
    uint64_t first_row;           /* record number of row 0, 0-based, over the stream or share */
    struct mlp_arena *arena;      /* the batch's own memory: users may take scratch from it */
};

static inline const struct mlp_cell *mlp_cell_at(const struct mlp_batch *b, size_t r, size_t c)
{
    return &b->cells[r * b->ncols + c];
}
static inline struct mlp_str mlp_cell_str(const struct mlp_cell *c)
{
    return (struct mlp_str){c->p, c->n};
}

struct mlp_table;

/* Opens path ("-" is stdin), reads the header; the caller closes *t, which is NULL on failure. An
 * empty file is MLP_EINPUT; a header with an empty or repeated name, or a name that is not UTF-8,
 * too. Blank lines before the header and a byte order mark are passed over. options may be NULL;
 * its `nulls` are borrowed until the close. */
enum mlp_code mlp_table_open(const char *path, const struct mlp_table_options *options,
                             struct mlp_table **t, struct mlp_err *e);

/* Reads from memory that outlives the table (request bodies, tests). */
enum mlp_code mlp_table_open_mem(struct mlp_str bytes, const char *source,
                                 const struct mlp_table_options *options, struct mlp_table **t,
                                 struct mlp_err *e);
/* NULL is fine. */
void mlp_table_close(struct mlp_table *t);

/* The next batch, or *batch == NULL at the end. The batch belongs to the table and is good until
 * the next call, or for options.kept calls more. A row over max_row_bytes and a quote that is
 * still open at the end are MLP_EINPUT with the place, after the rows before were handed out. For
 * NDJSON the columns are the keys of the first row; later rows may omit keys (missing); a new or
 * repeated key is `bad`. A pipe is not waited on when what it gave ends with a row. */
enum mlp_code mlp_table_next(struct mlp_table *t, struct mlp_batch **batch, struct mlp_err *e);

size_t mlp_table_ncols(const struct mlp_table *t);
struct mlp_str mlp_table_name(const struct mlp_table *t, size_t column);
/* Index of a column, or -1. */
int mlp_table_find(const struct mlp_table *t, struct mlp_str name);
/* The header's bytes as they were read, without line end; empty for NDJSON or without header. */
struct mlp_str mlp_table_header(const struct mlp_table *t);
/* "\n" or "\r\n", as the header's line ends. */
struct mlp_str mlp_table_eol(const struct mlp_table *t);
const char *mlp_table_source(const struct mlp_table *t);
enum mlp_table_format mlp_table_format_of(const struct mlp_table *t);
const struct mlp_csv_dialect *mlp_table_dialect(const struct mlp_table *t);
/* Bytes of input consumed so far (compressed bytes for compressed input) and its size, 0 if
 * unknown. */
uint64_t mlp_table_bytes(const struct mlp_table *t);
uint64_t mlp_table_size(const struct mlp_table *t);

/* Numbers of one column of a batch: out[r] for every row; missing is NaN with ok[r] = 1 and text
 * that is no number is NaN with ok[r] = 0. Returns how many are not ok. */
size_t mlp_batch_f64(const struct mlp_batch *b, size_t column, double *out, uint8_t *ok);

/* Whether parts of the table's file can be opened: a file, neither compressed, recoded nor
 * columnar. */
bool mlp_table_divides(const struct mlp_table *t);

/* Opens those rows of a file that start behind byte `from` (or at it, where the file's rows begin)
 * up to byte `to`: parts whose ends are the next one's starts, from 0 to the file's size, are the
 * rows of the file, each once. The part is a table of its own with the columns of the file and
 * right line numbers. Where rows start depends on all quotes before, so the file is read up to `to`
 * on all processors. MLP_EUSAGE for "-" and what does not divide. The caller closes *t, NULL on
 * failure. */
enum mlp_code mlp_table_open_part(const char *path, const struct mlp_table_options *options,
                                  uint64_t from, uint64_t to, struct mlp_table **t,
                                  struct mlp_err *e);

#endif
