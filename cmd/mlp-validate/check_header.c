/* Where a table begins that nobody has described: notes may stand before its header. */
#include "check.h"

#define SAMPLE 100

static unsigned fields_of(const struct mlp_table *t, struct mlp_str row)
{
    const struct mlp_csv_dialect *dialect = mlp_table_dialect(t);
    unsigned n = 1;
    bool quoted = false;
    for (size_t i = 0; i < row.n; i++) {
        quoted ^= row.p[i] == dialect->quote;
        n += !quoted && row.p[i] == dialect->delimiter;
    }
    return n;
}

static enum mlp_code sample_widths(struct mlp_table *t, unsigned widths[SAMPLE], size_t *n,
                                   struct mlp_err *e)
{
    struct mlp_batch *b;
    enum mlp_code code = MLP_OK;
    while (*n < SAMPLE && (code = mlp_table_next(t, &b, e)) == MLP_OK && b)
        for (size_t r = 0; r < b->nrows && *n < SAMPLE; r++)
            widths[(*n)++] = fields_of(t, b->raw[r]);
    return code;
}

/* The first row that is about as wide as rows are on average, as frictionless-py has it
 * (Detector.detect_dialect): a tenth less or more, or one field. */
static size_t first_usual(const unsigned *widths, size_t n)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += widths[i];
    unsigned long usual = n ? (2 * sum + n) / (2 * n) : 0, drift = (usual + 5) / 10;
    drift = drift ? drift : 1;
    for (size_t i = 0; i < n; i++)
        if (widths[i] + drift >= usual && widths[i] <= usual + drift)
            return i;
    return 0;
}

enum mlp_code check_header_row(const struct check_run *run, size_t *skip, struct mlp_err *e)
{
    const char *path = mlp_operand(run->cmd, 0, "-");
    struct mlp_input in;
    struct mlp_table *t = NULL;
    struct mlp_err ignored;
    struct mlp_stat st;
    unsigned widths[SAMPLE];
    size_t n = 0;
    enum mlp_code code = mlp_input_init(&in, run->cmd, MLP_INPUT_INDICES, e);
    if (code == MLP_OK)
        code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK || in.table.no_header || !st.is_file)
        return code;
    in.table.no_header = true;
    mlp_err_init(&ignored);
    /* What cannot be read is told when it is checked. */
    if (mlp_table_open(path, &in.table, &t, &ignored) == MLP_OK &&
        mlp_table_format_of(t) != MLP_TABLE_NDJSON &&
        sample_widths(t, widths, &n, &ignored) == MLP_OK)
        *skip = first_usual(widths, n);
    mlp_table_close(t);
    return MLP_OK;
}
