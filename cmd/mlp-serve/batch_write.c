/* Rows of predictions as CSV and NDJSON. */
#include "batch.h"

#include "text/num.h"

#include <math.h>

static const struct mlp_csv_dialect csv = {',', '"'};

void batch_write_header(struct batch *b, struct mlp_buf *to)
{
    bool first = true;
    for (size_t i = 0; i < b->nkeep; i++, first = false) {
        mlp_buf_adds(to, first ? "" : ",");
        mlp_csv_add(&csv, to, mlp_table_name(b->t, b->keep[i]), false);
    }
    for (size_t s = 0; s < b->nsets; s++)
        for (size_t c = 0; c < b->sets[s].o->width; c++, first = false) {
            mlp_buf_adds(to, first ? "" : ",");
            mlp_csv_add(&csv, to, b->sets[s].names[c], false);
        }
    mlp_buf_addc(to, '\n');
}

/* A label may hold commas. */
static void csv_value(const struct mlp_output *o, size_t c, double v, struct mlp_buf *to)
{
    if (o->kind == MLP_OUTPUT_LABEL)
        mlp_csv_add(&csv, to, o->labels[c][(size_t)v], false);
    else
        mlp_output_print(o, c, v, to);
}

void batch_csv_row(const struct share *s, size_t r, struct mlp_buf *to)
{
    bool first = true;
    for (size_t i = 0; i < s->b->nkeep; i++, first = false) {
        const struct mlp_cell *cell = mlp_cell_at(&s->rows, r, s->b->keep[i]);
        mlp_buf_adds(to, first ? "" : ",");
        mlp_csv_add(&csv, to, mlp_cell_str(cell), false);
    }
    for (size_t k = 0; k < s->b->nsets; k++) {
        const struct mlp_output *o = s->b->sets[k].o;
        for (size_t c = 0; c < o->width; c++, first = false) {
            if (!first)
                mlp_buf_addc(to, ',');
            csv_value(o, c, s->values[k][r * o->width + c], to);
        }
    }
    mlp_buf_addc(to, '\n');
}

/* Text that JSON reads as a number: what a CSV cell or a numeric class name holds. */
static bool is_json_number(struct mlp_str s)
{
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_err ignored;
    if (!s.n || s.n > 64)
        return false;
    mlp_err_init(&ignored);
    mlp_json_init(&j, s, 1);
    return !mlp_json_next(&j, &t, &ignored) && t.type == MLP_JSON_NUMBER && t.raw.n == s.n;
}

void batch_json_cell(struct mlp_json_out *o, const struct mlp_cell *cell)
{
    struct mlp_str s = mlp_cell_str(cell);
    if (!s.p)
        mlp_json_null(o);
    else if (!cell->quoted &&
             (is_json_number(s) || mlp_str_is(s, "true") || mlp_str_is(s, "false")))
        mlp_json_raw(o, s);
    else
        mlp_json_str(o, s);
}

static void json_value(struct mlp_json_out *o, const struct mlp_output *out, size_t c, double v,
                       bool text_labels)
{
    char digits[64];
    struct mlp_buf b;
    if (out->kind == MLP_OUTPUT_LABEL) {
        struct mlp_str s = out->labels[c][(size_t)v];
        if (!text_labels && is_json_number(s))
            mlp_json_raw(o, s);
        else if (!text_labels && (mlp_str_is(s, "True") || mlp_str_is(s, "False")))
            mlp_json_bool(o, mlp_str_is(s, "True"));
        else
            mlp_json_str(o, s);
        return;
    }
    if (!isfinite(v)) {
        mlp_json_null(o);
        return;
    }
    mlp_buf_init(&b, sizeof digits);
    mlp_output_print(out, c, v, &b);
    mlp_json_raw(o, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

void batch_json_row(const struct share *s, size_t r, struct mlp_buf *to)
{
    struct mlp_json_out o;
    bool text_labels = mlp_model_info(s->b->m)->classes_are_text;
    mlp_json_out_init(&o, to, 0);
    mlp_json_open(&o, '{');
    for (size_t i = 0; i < s->b->nkeep; i++) {
        mlp_json_key_str(&o, mlp_table_name(s->b->t, s->b->keep[i]));
        batch_json_cell(&o, mlp_cell_at(&s->rows, r, s->b->keep[i]));
    }
    for (size_t k = 0; k < s->b->nsets; k++) {
        const struct column_set *set = &s->b->sets[k];
        for (size_t c = 0; c < set->o->width; c++) {
            mlp_json_key_str(&o, set->names[c]);
            json_value(&o, set->o, c, s->values[k][r * set->o->width + c], text_labels);
        }
    }
    mlp_json_close(&o, '}');
    mlp_buf_addc(to, '\n');
}
