/* NDJSON: a table is the same for every block size; a good row is a JSON object, and a cell that
 * was no string is JSON by itself. The first byte of the input chooses the options. */
#include "same_rows.h"
#include "text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether the text is one JSON value; its type goes to *type. */
static bool is_json(struct mlp_str text, enum mlp_json_type *type)
{
    struct mlp_json j;
    struct mlp_json_token t;
    mlp_json_init(&j, text, MLP_JSON_MAX_DEPTH);
    if (mlp_json_next(&j, &t, NULL) != MLP_OK)
        return false;
    *type = t.type;
    return mlp_json_skip(&j, &t, NULL) == MLP_OK && mlp_json_next(&j, &t, NULL) == MLP_OK &&
           t.type == MLP_JSON_END;
}

static void check_row(const struct mlp_table *t, const struct mlp_batch *b, size_t r)
{
    enum mlp_json_type type;
    if (mlp_table_format_of(t) != MLP_TABLE_NDJSON || b->bad[r])
        return;
    if (!is_json(b->raw[r], &type) || type != MLP_JSON_OBJECT)
        abort();
    for (size_t c = 0; c < b->ncols; c++) {
        const struct mlp_cell *cell = mlp_cell_at(b, r, c);
        if (cell->quoted ? !mlp_str_utf8(mlp_cell_str(cell))
                         : cell->p && !is_json(mlp_cell_str(cell), &type))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct mlp_str text = {(const char *)data + 1, size - 1};
    struct mlp_table_options options = {
        .format = data[0] & 1 ? MLP_TABLE_AUTO : MLP_TABLE_NDJSON,
        .max_row_bytes = data[0] & 2 ? 60 : 0,
        .max_columns = data[0] & 4 ? 3 : 0,
    };
    expect_same_rows(text, options, check_row);
    return 0;
}
