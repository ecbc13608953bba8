/* CSV: every way of indexing finds the same positions from every state; a table is the same for
 * every block size; good rows are written and read back as the same cells. The first byte of the
 * input chooses the options. */
#include "same_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char delimiters[] = {0, ',', ';', '\t'};

static void same_positions(const struct mlp_csv_dialect *d, struct mlp_str text,
                           enum mlp_csv_at at)
{
    char *block = malloc(text.n + MLP_CSV_PAD);
    uint32_t *want = malloc((text.n + 64) * sizeof *want);
    uint32_t *got = malloc((text.n + 64) * sizeof *got);
    if (!block || !want || !got)
        abort();
    if (text.n)
        memcpy(block, text.p, text.n);
    struct mlp_str b = {block, text.n};
    struct mlp_csv_scan first = {.at = at};
    size_t n = mlp_csv_index_isa(MLP_CSV_PORTABLE, d, b, want, &first);
    for (int isa = MLP_CSV_SSE2; isa <= (int)mlp_csv_best_isa(); isa++) {
        struct mlp_csv_scan s = {.at = at};
        if (mlp_csv_index_isa((enum mlp_csv_isa)isa, d, b, got, &s) != n ||
            (n && memcmp(got, want, n * sizeof *got) != 0))
            abort();
        if (s.at != first.at || s.rows != first.rows || s.feeds != first.feeds ||
            s.stray != first.stray)
            abort();
    }
    free(block);
    free(want);
    free(got);
}

/* A good row's raw bytes hold its cells: writing them as fields gives a row of the same cells. */
static void rewrite(const struct mlp_table *t, const struct mlp_batch *b, size_t r)
{
    struct mlp_buf text, scratch;
    if (b->bad[r])
        return;
    mlp_buf_init(&text, SHOWN_MAX);
    mlp_buf_init(&scratch, SHOWN_MAX);
    for (size_t c = 0; c < b->ncols; c++) {
        struct mlp_str v = mlp_cell_str(mlp_cell_at(b, r, c));
        mlp_buf_reset(&text);
        mlp_csv_add(mlp_table_dialect(t), &text, v, true);
        struct mlp_str raw = mlp_buf_str(&text);
        if (mlp_csv_fault(mlp_table_dialect(t), raw))
            abort();
        if (!mlp_str_eq(mlp_csv_unquote(mlp_table_dialect(t), raw, &scratch), v))
            abort();
    }
    mlp_buf_fini(&text);
    mlp_buf_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const nulls[] = {"NA", "null", NULL};
    if (size == 0)
        return 0;
    struct mlp_str text = {(const char *)data + 1, size - 1};
    struct mlp_table_options options = {
        .format = data[0] & 4 ? MLP_TABLE_CSV : MLP_TABLE_AUTO,
        .delimiter = delimiters[data[0] & 3],
        .no_header = data[0] & 8,
        .nulls = data[0] & 16 ? nulls : NULL,
        .max_row_bytes = data[0] & 32 ? 40 : 0,
    };
    const struct mlp_csv_dialect d = {options.delimiter ? options.delimiter : '|',
                                      data[0] & 64 ? 0 : '"'};
    for (int at = MLP_CSV_START; at <= MLP_CSV_CLOSED; at++)
        same_positions(&d, text, (enum mlp_csv_at)at);
    expect_same_rows(text, options, rewrite);
    return 0;
}
