/* columnar.h: Parquet and Arrow files as the CSV text that they say, so that everything behind the
 * stream reads one kind of table.
 *
 * Text is quoted where CSV asks for it, and where it is empty, so that an empty text is not taken
 * for a missing one. Dates are 2013-01-31, times of day 23:59:59, points in time
 * 2013-01-31T23:59:59.123Z (the Z where the file says UTC); bytes that are no text are
 * hexadecimal. Columns of lists and maps are refused by name, fields of structs are columns named
 * "struct.field". */
#ifndef MLP_TABLE_COLUMNAR_H
#define MLP_TABLE_COLUMNAR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* A file that is read at any place: a descriptor, or memory when fd is -1. Borrowed. */
struct mlp_bytes {
    int fd;
    const char *p;
    uint64_t size;
};

/* Reads n bytes at `at`; what is not there is MLP_EINPUT ("ends too early"). */
enum mlp_code mlp_bytes_read(const struct mlp_bytes *b, uint64_t at, void *p, size_t n,
                             struct mlp_err *e);

enum mlp_cell_kind {
    MLP_CELL_NULL, MLP_CELL_BOOL, MLP_CELL_INT, MLP_CELL_UINT, MLP_CELL_FLOAT, MLP_CELL_DOUBLE,
    MLP_CELL_TEXT, MLP_CELL_BYTES, MLP_CELL_DATE, MLP_CELL_TIME, MLP_CELL_TIMESTAMP,
    MLP_CELL_DECIMAL, MLP_CELL_UUID
};

/* How the cells of a column are said. */
struct mlp_cell_type {
    enum mlp_cell_kind kind;
    int scale;    /* DECIMAL: digits behind the point; TIME, TIMESTAMP: of a second: 0, 3, 6, 9;
                     DATE: 3 when it counts milliseconds, not days */
    bool utc;     /* TIMESTAMP: the file says that it is UTC */
    bool little;  /* DECIMAL: bytes are little-endian */
};

/* One cell. i: BOOL, INT, DATE (days since 1970), TIME and TIMESTAMP (in units of 10^-scale s);
 * i as its bits: UINT; f: FLOAT, DOUBLE; s: TEXT, BYTES, UUID (16 bytes), DECIMAL (two's
 * complement, at most 32 bytes; where s is empty, i). */
struct mlp_scalar {
    bool null;
    int64_t i;
    double f;
    struct mlp_str s;
};

struct mlp_columnar_field {
    struct mlp_str name;
    struct mlp_cell_type type;
};

/* What a file format offers. Rows come in runs: `ready` says how many cells every column has at
 * hand (0: the end), `take` hands n <= ready of them out for one column; each column is taken once
 * a run, in order, with the same n. Texts are good until the next `ready`. */
struct mlp_columnar_ops {
    enum mlp_code (*open)(const struct mlp_bytes *b, void **self, struct mlp_err *e);
    size_t (*fields)(const void *self, const struct mlp_columnar_field **fields);
    enum mlp_code (*ready)(void *self, size_t *n, struct mlp_err *e);
    enum mlp_code (*take)(void *self, size_t column, size_t n, struct mlp_scalar *out,
                          struct mlp_err *e);
    void (*close)(void *self);
};
extern const struct mlp_columnar_ops mlp_parquet; /* Apache Parquet format 2.11 */
extern const struct mlp_columnar_ops mlp_arrow;   /* Arrow columnar format 1.5: IPC file, stream */

/* The format of a file that starts with these n bytes (8 are enough), or NULL. */
const struct mlp_columnar_ops *mlp_columnar_sniff(const void *p, size_t n);

struct mlp_columnar;

/* Opens a file; b->fd must stay open until the close. The error has no source yet. */
enum mlp_code mlp_columnar_open(const struct mlp_columnar_ops *ops, const struct mlp_bytes *b,
                                struct mlp_columnar **c, struct mlp_err *e);
/* NULL is fine. */
void mlp_columnar_close(struct mlp_columnar *c);

/* Up to n bytes of the text, the header first; *got is 0 only at the end. */
enum mlp_code mlp_columnar_read(struct mlp_columnar *c, void *p, size_t n, size_t *got,
                                struct mlp_err *e);

/* A half-precision number (IEEE 754 binary16). */
double mlp_columnar_half(unsigned bits);

/* Appends a cell as CSV says it. */
void mlp_columnar_print(const struct mlp_cell_type *type, const struct mlp_scalar *v,
                        struct mlp_buf *out);

#endif
