/* same_rows.h: a table read with blocks of different sizes must say the same, for the fuzzers of
 * CSV and NDJSON.
 *
 * Everything that a reader can see is written to a text: names, cells, lines, raw rows, faults and
 * the error at the end. Two texts are compared byte by byte. */
#ifndef TESTS_FUZZ_SAME_ROWS_H
#define TESTS_FUZZ_SAME_ROWS_H

#include "table/table.h"

#include <stdlib.h>

#define SHOWN_MAX ((size_t)64 << 20)

static inline void show_text(struct mlp_buf *out, struct mlp_str s)
{
    mlp_buf_addf(out, "%zu ", s.n);
    mlp_buf_addstr(out, s);
}

static inline void show_row(struct mlp_buf *out, const struct mlp_batch *b, size_t r)
{
    mlp_buf_addf(out, "\nrow %llu line %llu ", (unsigned long long)(b->first_row + r),
                 (unsigned long long)b->line[r]);
    show_text(out, b->raw[r]);
    for (size_t c = 0; c < b->ncols; c++) {
        const struct mlp_cell *cell = mlp_cell_at(b, r, c);
        if (!cell->p && cell->n)
            abort();
        mlp_buf_adds(out, cell->quoted ? " q" : cell->p ? " p" : " -");
        show_text(out, mlp_cell_str(cell));
    }
    mlp_buf_adds(out, b->bad[r] ? b->bad[r] : "");
}

/* Writes what `text` reads as; each_row, which may be NULL, sees every row too. */
static inline void show_table(struct mlp_buf *out, struct mlp_str text,
                              const struct mlp_table_options *options,
                              void (*each_row)(const struct mlp_table *t,
                                               const struct mlp_batch *b, size_t r))
{
    struct mlp_table *t;
    struct mlp_batch *b = NULL;
    struct mlp_err e;
    mlp_err_init(&e);
    enum mlp_code code = mlp_table_open_mem(text, "fuzz", options, &t, &e);
    if (code == MLP_OK)
        show_text(out, mlp_table_header(t));
    for (size_t i = 0; code == MLP_OK && i < mlp_table_ncols(t); i++)
        show_text(out, mlp_table_name(t, i));
    while (code == MLP_OK && (code = mlp_table_next(t, &b, &e)) == MLP_OK && b) {
        for (size_t r = 0; r < b->nrows; r++) {
            show_row(out, b, r);
            if (each_row)
                each_row(t, b, r);
        }
    }
    if (code != e.code || (code != MLP_OK && (!e.source[0] || !e.message[0])))
        abort();
    mlp_buf_addf(out, "\nend %d %llu:%llu %s", (int)code, (unsigned long long)e.line,
                 (unsigned long long)e.column, e.message);
    mlp_table_close(t);
}

/* Aborts unless blocks of all sizes give the same. */
static inline void expect_same_rows(struct mlp_str text, struct mlp_table_options options,
                                    void (*each_row)(const struct mlp_table *t,
                                                     const struct mlp_batch *b, size_t r))
{
    static const size_t sizes[] = {16, 61, 128, 1000};
    struct mlp_buf whole, parts;
    mlp_buf_init(&whole, SHOWN_MAX);
    mlp_buf_init(&parts, SHOWN_MAX);
    options.block_bytes = 0;
    show_table(&whole, text, &options, each_row);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !whole.failed; i++) {
        options.block_bytes = sizes[i];
        mlp_buf_reset(&parts);
        show_table(&parts, text, &options, NULL);
        if (!mlp_str_eq(mlp_buf_str(&whole), mlp_buf_str(&parts))) {
            fprintf(stderr, "%s\nblocks of %zu:\n%s\n", whole.p, sizes[i], parts.p);
            abort();
        }
    }
    mlp_buf_fini(&whole);
    mlp_buf_fini(&parts);
}

#endif
