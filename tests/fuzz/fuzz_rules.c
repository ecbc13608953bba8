/* Rules from anywhere, over a table: what stands before the first line "---" is the rules file,
 * the rest the table, or a fixed table when there is none. The file is native or one of a format
 * that import.h knows; what was read is written in all formats, too. A fault has a place; what is
 * checked comes to the same whatever the size of the blocks. */
#include "rule/import.h"
#include "rule/rule.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char table[] =
    "id,n,x,day,flag,text\n"
    "1,5,0.5,2013-01-31,true,abc\n"
    "2,-5,nan,2013-02-30,no,\n"
    "2,,1e308,2013-01-31T00:00:00Z,0,\"a\nb\"\n"
    "4,007,-inf,,1\n"
    "5,99999999999999999999,x,1970-01-01,false,\xFF\xC3\xA9\n";

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static struct mlp_rules *read_rules(struct mlp_str text)
{
    struct mlp_doc d;
    struct mlp_err e;
    struct mlp_rules *rules = NULL;
    struct mlp_import_notes notes;
    mlp_err_init(&e);
    mlp_import_notes_init(&notes);
    if (mlp_rules_import_text(text, "fuzz", NULL, &d, &notes, &e) != MLP_OK)
        mlp_doc_fini(&d);
    else
        mlp_rules_parse(&d, &rules, &e);
    mlp_import_notes_fini(&notes);
    expect(rules || (e.code != MLP_OK && e.message[0] && (e.code != MLP_EINPUT || e.source[0])));
    return rules;
}

/* Every reason belongs to a row that is bad, in order of rows; every bad row has a reason. */
static void judge(const struct mlp_checker *c, const struct mlp_batch *b, const uint8_t *good)
{
    size_t n, bad = 0, told = 0;
    const struct mlp_reject *x = mlp_checker_rejects(c, &n);
    for (size_t r = 0; r < b->nrows; r++) {
        expect(good[r] <= 1);
        bad += !good[r];
    }
    for (size_t i = 0; i < n; i++) {
        expect(x[i].batch_row < b->nrows && !good[x[i].batch_row]);
        expect(x[i].line == b->line[x[i].batch_row]);
        expect(i == 0 || x[i - 1].batch_row <= x[i].batch_row);
        told += i == 0 || x[i - 1].batch_row != x[i].batch_row;
    }
    expect(told == bad);
}

static void survey(const struct mlp_rules *rules, struct mlp_checker *c, struct mlp_table *t)
{
    struct mlp_batch *b;
    while (mlp_rules_look_twice(rules) && mlp_table_next(t, &b, NULL) == MLP_OK && b)
        if (mlp_checker_survey(c, b, NULL) != MLP_OK)
            return;
}

static bool run(struct mlp_checker *c, struct mlp_table *t)
{
    struct mlp_batch *b;
    enum mlp_code code;
    while ((code = mlp_table_next(t, &b, NULL)) == MLP_OK && b) {
        uint8_t *good = malloc(b->nrows + 1);
        expect(good != NULL);
        code = mlp_checker_batch(c, b, good, NULL);
        if (code == MLP_OK)
            judge(c, b, good);
        free(good);
        if (code != MLP_OK)
            return false;
    }
    return code == MLP_OK;
}

/* The report on a table read in such blocks, as JSON; empty when there is none. */
static void report_on(const struct mlp_rules *rules, struct mlp_str rows, size_t block,
                      struct mlp_buf *out)
{
    struct mlp_table_options o = {.block_bytes = block, .max_columns = 1000};
    struct mlp_table *t, *first;
    struct mlp_checker *c = NULL;
    struct mlp_report r;
    mlp_report_init(&r, "fuzz", "data");
    mlp_rules_input(rules, &o);
    if (mlp_table_open_mem(rows, "fuzz.csv", &o, &t, NULL) == MLP_OK) {
        bool made = mlp_checker_new(rules, t, &c, NULL) == MLP_OK;
        if (made && mlp_table_open_mem(rows, "fuzz.csv", &o, &first, NULL) == MLP_OK) {
            mlp_checker_keep(c, 10);
            survey(rules, c, first);
            mlp_table_close(first);
        }
        if (made && run(c, t) && mlp_checker_finish(c, &r, NULL) == MLP_OK) {
            mlp_report_render(&r, MLP_REPORT_JSON, false, out);
            expect(mlp_checker_gx(c, out, NULL) == MLP_OK);
        }
        mlp_checker_free(c);
        mlp_table_close(t);
    }
    mlp_report_fini(&r);
}

static void write_all(const struct mlp_rules *rules)
{
    for (const struct mlp_rules_format *f = mlp_rules_formats; f->name; f++) {
        struct mlp_buf out;
        mlp_buf_init(&out, (size_t)1 << 24);
        if (f->write)
            f->write(mlp_rules_doc(rules), &out, NULL, NULL);
        mlp_buf_fini(&out);
    }
}

static void check(const struct mlp_rules *rules, struct mlp_str rows)
{
    struct mlp_buf whole, parts;
    mlp_buf_init(&whole, (size_t)1 << 24);
    mlp_buf_init(&parts, (size_t)1 << 24);
    report_on(rules, rows, 0, &whole);
    report_on(rules, rows, 32, &parts);
    expect(mlp_str_eq(mlp_buf_str(&whole), mlp_buf_str(&parts)));
    mlp_buf_reset(&parts);
    mlp_rules_describe(rules, &parts);
    mlp_buf_fini(&whole);
    mlp_buf_fini(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlp_str text = {(const char *)data, size}, rows = {table, sizeof table - 1};
    const char *cut = memmem(data, size, "\n---\n", 5);
    if (cut) {
        rows = (struct mlp_str){cut + 5, size - (size_t)(cut + 5 - text.p)};
        text.n = (size_t)(cut - text.p) + 1;
    }
    struct mlp_rules *rules = read_rules(text);
    if (rules) {
        write_all(rules);
        check(rules, rows);
    }
    mlp_rules_free(rules);
    return 0;
}
