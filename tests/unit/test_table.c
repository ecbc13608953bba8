/* The table stream. What a text reads as is written as one line a row, "LINE:cell|cell", where ~
 * is missing, 'x' was quoted and "!why" is a bad row; it must be the same for every block size. */
#include "suites.h"

#include "base/file.h"
#include "base/rng.h"
#include "table/ahead.h"
#include "table/stream.h"
#include "text/num.h"

#include <stdlib.h>
#include <unistd.h>

static const size_t blocks[] = {1, 17, 64, 100, 4096, 0};
#define BLOCKS (sizeof blocks / sizeof *blocks)

static struct mlp_err err;

static void show_cell(struct mlp_buf *out, const struct mlp_cell *c)
{
    ck_assert(c->p || c->n == 0);
    mlp_buf_adds(out, c->quoted ? "'" : "");
    mlp_buf_addstr(out, c->p ? mlp_cell_str(c) : MLP_STR("~"));
    mlp_buf_adds(out, c->quoted ? "'" : "");
}

static void show_batch(struct mlp_buf *out, const struct mlp_batch *b)
{
    for (size_t r = 0; r < b->nrows; r++) {
        mlp_buf_addu64(out, b->line[r]);
        for (size_t c = 0; c < b->ncols; c++) {
            mlp_buf_addc(out, c ? '|' : ':');
            show_cell(out, mlp_cell_at(b, r, c));
        }
        if (b->bad[r])
            mlp_buf_addf(out, "!%s", b->bad[r]);
        mlp_buf_addc(out, '\n');
    }
}

/* Reads all of a table into `out`; the raw bytes of its rows into `raw`, when not NULL. */
static enum mlp_code show_rows(struct mlp_table *t, struct mlp_buf *out, struct mlp_buf *raw)
{
    struct mlp_batch *b;
    enum mlp_code code;
    uint64_t rows = 0;
    while ((code = mlp_table_next(t, &b, &err)) == MLP_OK && b) {
        ck_assert_uint_eq(b->first_row, rows);
        ck_assert_uint_gt(b->nrows, 0);
        rows += b->nrows;
        show_batch(out, b);
        for (size_t r = 0; raw && r < b->nrows; r++) {
            mlp_buf_addstr(raw, b->raw[r]);
            mlp_buf_addstr(raw, mlp_table_eol(t));
        }
    }
    return code;
}

static void show_names(struct mlp_buf *out, const struct mlp_table *t)
{
    for (size_t i = 0; i < mlp_table_ncols(t); i++) {
        mlp_buf_addc(out, i ? '|' : '=');
        mlp_buf_addstr(out, mlp_table_name(t, i));
        ck_assert_int_eq(mlp_table_find(t, mlp_table_name(t, i)), (int)i);
    }
    mlp_buf_addc(out, '\n');
}

/* `text` reads as `want` with blocks of each size, then ends in `end`. */
static enum mlp_code read_sized(struct mlp_str text, const struct mlp_table_options *options,
                                size_t block, struct mlp_buf *out)
{
    struct mlp_table_options o = options ? *options : (struct mlp_table_options){0};
    struct mlp_table *t;
    o.block_bytes = block;
    mlp_err_init(&err);
    enum mlp_code code = mlp_table_open_mem(text, "memory", &o, &t, &err);
    if (code == MLP_OK) {
        show_names(out, t);
        code = show_rows(t, out, NULL);
    } else {
        ck_assert_ptr_null(t);
    }
    mlp_table_close(t);
    return code;
}

static void reads_with(struct mlp_str text, const struct mlp_table_options *options,
                       const char *want)
{
    struct mlp_buf out;
    mlp_buf_init(&out, (size_t)1 << 24);
    for (size_t i = 0; i < BLOCKS; i++) {
        mlp_buf_reset(&out);
        enum mlp_code code = read_sized(text, options, blocks[i], &out);
        ck_assert_msg(code == MLP_OK, "%s, line %u", err.message, (unsigned)err.line);
        ck_assert_msg(strcmp(out.p, want) == 0, "block %zu:\n%swanted:\n%s", blocks[i], out.p,
                      want);
    }
    mlp_buf_fini(&out);
}

static void reads(const char *text, const char *want)
{
    reads_with(mlp_str_from(text), NULL, want);
}

/* The text is refused at a line and column, with a message that holds `why`, after the rows in
 * `before` were read. */
static void refused_with(struct mlp_str text, const struct mlp_table_options *options,
                         const char *before, const char *place, const char *why)
{
    struct mlp_buf out;
    mlp_buf_init(&out, (size_t)1 << 24);
    for (size_t i = 0; i < BLOCKS; i++) {
        char at[64];
        mlp_buf_reset(&out);
        mlp_buf_adds(&out, "");
        enum mlp_code code = read_sized(text, options, blocks[i], &out);
        ck_assert_int_eq(code, MLP_EINPUT);
        snprintf(at, sizeof at, "%u:%u", (unsigned)err.line, (unsigned)err.column);
        ck_assert_msg(strcmp(at, place) == 0, "block %zu: %s at %s, not %s", blocks[i],
                      err.message, at, place);
        ck_assert_msg(strstr(err.message, why), "%s: %s", err.message, why);
        ck_assert_str_eq(err.source, "memory");
        ck_assert_msg(strcmp(out.n ? out.p : "", before) == 0, "block %zu: before: %s", blocks[i],
                      out.p);
    }
    mlp_buf_fini(&out);
}

static void refused(const char *text, const char *before, const char *place, const char *why)
{
    refused_with(mlp_str_from(text), NULL, before, place, why);
}

START_TEST(plain_rows_are_cells_with_lines)
{
    reads("a,b\n1,2\n3,4\n", "=a|b\n2:1|2\n3:3|4\n");
    reads("a,b\n1,2\n3,4", "=a|b\n2:1|2\n3:3|4\n");
    reads("a,b\r\n1,2\r\n3,4\r\n", "=a|b\n2:1|2\n3:3|4\n");
    reads("a,b\r\n1,2\r\n3,4\r", "=a|b\n2:1|2\n3:3|4\n");
    reads("a,b\n1,\n,2\n,\n", "=a|b\n2:1|~\n3:~|2\n4:~|~\n");
    reads("\xEF\xBB\xBF" "a,b\n1,2\n", "=a|b\n2:1|2\n");
    reads("a\r,b\n1\r,\r2\n", "=a\r|b\n2:1\r|\r2\n");
    reads("a,b\n", "=a|b\n");
    reads("a,b", "=a|b\n");
    reads("a", "=a\n");
    reads("name\n\xC3\xA4\xC3\xB6\n\xFF\xFE\n", "=name\n2:\xC3\xA4\xC3\xB6\n"
          "3:\xFF\xFE!not UTF-8 (--encoding says what else it is)\n");
}
END_TEST

START_TEST(quotes_hold_anything)
{
    reads("a,b\n\"1,5\",\"x\"\"y\"\n", "=a|b\n2:'1,5'|'x\"y'\n");
    reads("a,b\n\"1\n2\",3\n4,\"5\r\n\n6\"\r\n7,8\n", "=a|b\n2:'1\n2'|3\n4:4|'5\r\n\n6'\n7:7|8\n");
    reads("a,b\n\"\",\"\"\"\"\n", "=a|b\n2:'~'|'\"'\n");
    reads("\"a\nb\",\"c\"\"\"\n1,2\n", "=a\nb|c\"\n3:1|2\n");
    reads("a,b\n1,\"end\"", "=a|b\n2:1|'end'\n");
    reads("a\n\"1\"\r\n\"\"\n", "=a\n2:'1'\n3:'~'\n");
    reads("a,b\n\"\"\"\",\"\"\"x\"\"\"\n", "=a|b\n2:'\"'|'\"x\"'\n");
}
END_TEST

/* A stray quote harms its own row and no other. */
START_TEST(stray_quotes_are_faults_of_one_row)
{
    reads("a,b\n1,5\" disk\n2,\"x\"\n3,6\"\n",
          "=a|b\n2:1|5\" disk!field 2: a quote inside an unquoted field\n3:2|'x'\n"
          "4:3|6\"!field 2: a quote inside an unquoted field\n");
    reads("a,b\n\"1\"2,3\n4,5\n",
          "=a|b\n2:\"1\"2|3!field 1: text after a closing quote\n3:4|5\n");
    reads("a,b\n\"1\n2\"x,\"3\"\"\"\n4,5\n",
          "=a|b\n2:\"1\n2\"x|'3\"'!field 1: text after a closing quote\n4:4|5\n");
    reads("a,b\n\"1\"2\"3\",4\n",
          "=a|b\n2:\"1\"2\"3\"|4!field 1: text after a closing quote\n");
    reads("a,b\n1, \"2\"\n", "=a|b\n2:1| \"2\"!field 2: a quote inside an unquoted field\n");
}
END_TEST

START_TEST(ragged_rows_are_bad_and_blank_lines_none)
{
    reads("a,b\n1\n1,2,3\n1,2\n",
          "=a|b\n2:1|~!1 fields, expected 2\n3:1|2!3 fields, expected 2\n4:1|2\n");
    reads("a,b\n\n1,2\n\r\n\n3,4\n\n", "=a|b\n3:1|2\n6:3|4\n");
    reads("\n\r\na,b\n1,2\n", "=a|b\n4:1|2\n");
    reads("a\n1\n\n2\n", "=a\n2:1\n3:~\n4:2\n");
    reads("a\n1\n\n", "=a\n2:1\n3:~\n");
    reads("a,b\n\"\"\n", "=a|b\n2:'~'|~!1 fields, expected 2\n");
    reads("a,b\n1,2,\"3\n4\"\n5,6\n", "=a|b\n2:1|2!3 fields, expected 2\n4:5|6\n");
}
END_TEST

START_TEST(nulls_are_missing)
{
    static const char *const nulls[] = {"NA", "null", "-", NULL};
    struct mlp_table_options o = {.nulls = nulls};
    reads_with(MLP_STR("a,b\nNA,1\n\"null\",NAN\n,-\nNA\n"), &o,
               "=a|b\n2:~|1\n3:'~'|NAN\n4:~|~\n5:~|~!1 fields, expected 2\n");
    reads_with(MLP_STR("{\"a\":\"NA\",\"b\":1}\n{\"a\":null,\"b\":\"null\"}\n"), &o,
               "=a|b\n1:'~'|1\n2:~|'~'\n");
}
END_TEST

START_TEST(nul_bytes_are_kept)
{
    struct mlp_table *t;
    struct mlp_batch *b;
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_table_open_mem(MLP_STR("a,b\n1\0002,\0\n"), "m", NULL, &t, &err), MLP_OK);
    ck_assert_int_eq(mlp_table_next(t, &b, &err), MLP_OK);
    ck_assert(mlp_str_eq(mlp_cell_str(mlp_cell_at(b, 0, 0)), MLP_STR("1\0002")));
    ck_assert(mlp_str_eq(mlp_cell_str(mlp_cell_at(b, 0, 1)), MLP_STR("\0")));
    ck_assert_ptr_null(b->bad[0]);
    mlp_table_close(t);
}
END_TEST

START_TEST(what_is_no_table_is_refused)
{
    refused("", "", "0:0", "is empty");
    refused("\xEF\xBB\xBF", "", "0:0", "is empty");
    refused("\n\r\n\n", "", "0:0", "blank lines only");
    refused_with(MLP_STR("a\0b,c\n1,2\n"), NULL, "", "1:0", "not text in UTF-8");
    refused_with(MLP_STR("\x7F" "ELF\x02\x01\xFF\0\0\n"), NULL, "", "1:0", "not text in UTF-8");
    refused("a,b,a\n1,2,3\n", "", "1:0", "two columns are named \"a\"");
    refused("a,,c\n1,2,3\n", "", "1:0", "column 2 has no name");
    refused("a,\"\"\n1,2\n", "", "1:0", "column 2 has no name");
    refused("\na,a\n", "", "2:0", "two columns");
    refused("a,b\"c\n1,2\n", "", "1:0", "header, field 2: a quote inside");
    struct mlp_table_options few = {.max_columns = 2};
    refused_with(MLP_STR("a,b,c\n"), &few, "", "1:0", "more than 2 columns");
}
END_TEST

START_TEST(a_quote_left_open_is_told_where_it_opened)
{
    refused("a,b\n1,\"x\n2,y\n", "=a|b\n", "2:3", "not closed");
    refused("a,b\n1,2\n\"p\nq\",\"x\n2,y\n", "=a|b\n2:1|2\n", "4:4", "not closed");
    refused("a,b\n1,\"x\"\"", "=a|b\n", "2:3", "not closed");
    refused("\"a,b\n1,2\n", "", "1:1", "not closed");
}
END_TEST

START_TEST(a_row_over_the_limit_is_told_by_its_line)
{
    struct mlp_table_options o = {.max_row_bytes = 50};
    char text[2000];
    memset(text, 'x', sizeof text);
    memcpy(text, "a,b\n1,2\n\"p\n", 11);
    refused_with((struct mlp_str){text, sizeof text}, &o, "=a|b\n2:1|2\n", "3:0", "over 50 bytes");
    memcpy(text, "a,b\n1,2\nppp", 11);
    text[sizeof text - 1] = '\n';
    refused_with((struct mlp_str){text, sizeof text}, &o, "=a|b\n2:1|2\n", "3:0", "over 50 bytes");
    memcpy(text, "aaaaaaaa", 8);
    refused_with((struct mlp_str){text + 9, 1000}, &o, "", "1:0", "over 50 bytes");
    memcpy(text, "{\"a\":1}\n   ", 11);
    refused_with((struct mlp_str){text, sizeof text}, &o, "=a\n1:1\n", "2:0", "over 50 bytes");
    /* Exactly at the limit is well. */
    memset(text, 'x', sizeof text);
    memcpy(text, "a\n", 2);
    text[52] = '\n';
    struct mlp_buf want;
    mlp_buf_init(&want, 1000);
    mlp_buf_addf(&want, "=a\n2:%.50s\n", text + 2);
    reads_with((struct mlp_str){text, 53}, &o, want.p);
    mlp_buf_fini(&want);
}
END_TEST

START_TEST(formats_are_found_by_content_or_told)
{
    reads("a;b;c,d\n1;2;3\n", "=a|b|c,d\n2:1|2|3\n");
    reads("a\tb\n1\t2\n", "=a|b\n2:1|2\n");
    reads("a|b\n1|2\n", "=a|b\n2:1|2\n");
    reads("\"a;b;c\",d\n1,2\n", "=a;b;c|d\n2:1|2\n");
    struct mlp_table_options o = {.delimiter = ','};
    reads_with(MLP_STR("a;b\n1;2\n"), &o, "=a;b\n2:1;2\n");
    o = (struct mlp_table_options){.format = MLP_TABLE_TSV};
    reads_with(MLP_STR("a,b\tc\n1\t2\n"), &o, "=a,b|c\n2:1|2\n");
    o = (struct mlp_table_options){.no_header = true};
    reads_with(MLP_STR("1,2\n3,4\n"), &o, "=c1|c2\n1:1|2\n2:3|4\n");
    reads_with(MLP_STR("\n1,\"a\nb\"\n3,4\n"), &o, "=c1|c2\n2:1|'a\nb'\n4:3|4\n");
    o = (struct mlp_table_options){.delimiter = '"'};
    struct mlp_table *t;
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_table_open_mem(MLP_STR("a\n"), "m", &o, &t, &err), MLP_EUSAGE);
}
END_TEST

START_TEST(json_lines_are_rows)
{
    reads("{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":-2.50}\n",
          "=a|b\n1:1|'x'\n2:-2.50|'y'\n");
    reads("{\"a\":true,\"b\":null,\"c\":\"\"}\n{}\n{\"c\":false}",
          "=a|b|c\n1:true|~|'~'\n2:~|~|~\n3:~|~|false\n");
    reads("\n{\"a\":[1, {\"b\":2}],\"c\":{\"d\":[]}}\r\n\n  \n{\"c\":3}\n",
          "=a|c\n2:[1, {\"b\":2}]|{\"d\":[]}\n5:~|3\n");
    reads("{\"a\\u0062\":\"x\\ny\\u00e4\\\"\"}\n{\"ab\":\"\\\\\"}\n",
          "=ab\n1:'x\ny\xC3\xA4\"'\n2:'\\'\n");
}
END_TEST

START_TEST(bad_json_lines_are_bad_rows)
{
    reads("{\"a\":1}\n{\"a\":2,\"b\":3}\n{\"a\":4,\"a\":5}\n[6]\n{\"a\":7\n{\"a\":8}\n",
          "=a\n1:1\n2:2!a key that the first row does not have\n"
          "3:5!a key that is there twice\n4:~!expected a JSON object on each line\n"
          "5:~!column 7: expected ',' or '}', but the text ends here\n6:8\n");
}
END_TEST

START_TEST(json_headers_are_checked)
{
    struct mlp_table_options o = {.format = MLP_TABLE_NDJSON};
    refused_with(MLP_STR("[1]\n"), &o, "", "1:0", "expected a JSON object");
    refused_with(MLP_STR("\n\n{\"a\":1,}\n"), &o, "", "3:8", "");
    refused_with(MLP_STR("\n \n"), &o, "", "0:0", "blank lines only");
    refused_with(MLP_STR("{}\n"), &o, "", "1:0", "no keys");
    refused_with(MLP_STR("{\"a\":1,\"a\":2}\n"), &o, "", "1:0", "two columns");
}
END_TEST

/* ---- bytes and numbers */

START_TEST(good_rows_are_the_bytes_that_were_read)
{
    static const char *const texts[] = {"a,b\n1,\"x\ny\"\n\"\",\n", "a,b\r\n1,\"x\ny\"\r\n,2\r\n"};
    struct mlp_buf out, raw;
    mlp_buf_init(&out, 1000);
    mlp_buf_init(&raw, 1000);
    for (size_t i = 0; i < 2; i++) {
        struct mlp_table *t;
        mlp_buf_reset(&raw);
        mlp_err_init(&err);
        ck_assert_int_eq(mlp_table_open_mem(mlp_str_from(texts[i]), "m", NULL, &t, &err), MLP_OK);
        mlp_buf_addstr(&raw, mlp_table_header(t));
        mlp_buf_addstr(&raw, mlp_table_eol(t));
        ck_assert_int_eq(show_rows(t, &out, &raw), MLP_OK);
        ck_assert_str_eq(raw.p, texts[i]);
        mlp_table_close(t);
    }
    mlp_buf_fini(&out);
    mlp_buf_fini(&raw);
}
END_TEST

START_TEST(a_column_becomes_numbers)
{
    struct mlp_table *t;
    struct mlp_batch *b;
    double v[4];
    uint8_t ok[4];
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_table_open_mem(MLP_STR("a,b\n1.5,x\n,x\nten,x\n\"-2\",x\n"), "m", NULL,
                                        &t, &err), MLP_OK);
    ck_assert_int_eq(mlp_table_next(t, &b, &err), MLP_OK);
    ck_assert_uint_eq(b->nrows, 4);
    ck_assert_uint_eq(mlp_batch_f64(b, 0, v, ok), 1);
    ck_assert(v[0] == 1.5 && v[1] != v[1] && v[2] != v[2] && v[3] == -2);
    ck_assert(ok[0] == 1 && ok[1] == 1 && ok[2] == 0 && ok[3] == 1);
    ck_assert_uint_eq(mlp_batch_f64(b, 1, v, ok), 4);
    ck_assert_int_eq(mlp_table_find(t, MLP_STR("b")), 1);
    ck_assert_int_eq(mlp_table_find(t, MLP_STR("B")), -1);
    mlp_table_close(t);
}
END_TEST

/* ---- files */

static char folder[64], path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/mlp-table-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/t", folder);
    mlp_err_init(&err);
}

static void remove_folder(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void put(struct mlp_str bytes)
{
    ck_assert_int_eq(mlp_file_write(path, bytes, 0, &err), MLP_OK);
}

/* The file reads as `want`, or ends in an error after the rows of it. */
static enum mlp_code file_reads(const struct mlp_table_options *options, const char *want)
{
    struct mlp_table *t;
    struct mlp_buf out;
    mlp_buf_init(&out, (size_t)1 << 24);
    mlp_buf_adds(&out, "");
    enum mlp_code code = mlp_table_open(path, options, &t, &err);
    if (code == MLP_OK)
        code = show_rows(t, &out, NULL);
    ck_assert_str_eq(mlp_buf_str(&out).p, want);
    mlp_table_close(t);
    mlp_buf_fini(&out);
    return code;
}

#define GZIP_1 "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xd4\x49\xe2\x32\xd4\x31\xe2\x02" \
    "\x00\x7b\x07\x97\x0a\x08\x00\x00\x00" /* a,b and 1,2 */
#define GZIP_2 "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x33\xd6\x31\xe1\x02\x00\x3e\x2d\x72" \
    "\xa9\x04\x00\x00\x00" /* 3,4 */
#define ZSTD_1 "\x28\xb5\x2f\xfd\x04\x58\x41\x00\x00" "a,b\n1,2\n\x35\xe7\xca\xce"
#define ZSTD_2 "\x28\xb5\x2f\xfd\x04\x58\x21\x00\x00" "3,4\n\xaf\x86\x7e\xe4"
#define ZSTD_SKIP "\x50\x2a\x4d\x18\x02\x00\x00\x00\xff\xff"

START_TEST(compressed_files_are_read_member_by_member)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *want;
    } cases[] = {
        {GZIP_1, sizeof GZIP_1 - 1, "2:1|2\n"},
        {GZIP_1 GZIP_2, sizeof GZIP_1 + sizeof GZIP_2 - 2, "2:1|2\n3:3|4\n"},
        {ZSTD_1, sizeof ZSTD_1 - 1, "2:1|2\n"},
        {ZSTD_1 ZSTD_2, sizeof ZSTD_1 + sizeof ZSTD_2 - 2, "2:1|2\n3:3|4\n"},
        {ZSTD_SKIP ZSTD_1, sizeof ZSTD_SKIP + sizeof ZSTD_1 - 2, "2:1|2\n"},
    };
    make_folder();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put((struct mlp_str){cases[i].bytes, cases[i].n});
        ck_assert_msg(file_reads(NULL, cases[i].want) == MLP_OK, "%zu: %s", i, err.message);
    }
    remove_folder();
}
END_TEST

/* Every proper prefix is an error with the place, except where it ends with a member. */
static void truncated(struct mlp_str bytes, size_t whole)
{
    for (size_t n = 4; n < bytes.n; n++) {
        struct mlp_stream *s;
        char text[64];
        size_t got = 1;
        put((struct mlp_str){bytes.p, n});
        mlp_err_init(&err);
        ck_assert_int_eq(mlp_stream_open(path, &s, &err), MLP_OK);
        ck_assert(mlp_stream_compressed(s));
        enum mlp_code code = MLP_OK;
        while (code == MLP_OK && got)
            code = mlp_stream_read(s, text, sizeof text, &got, &err);
        ck_assert_int_eq(code, n == whole ? MLP_OK : MLP_EINPUT);
        if (n != whole) {
            ck_assert_uint_eq(err.offset, n);
            ck_assert_str_eq(err.source, path);
        }
        mlp_stream_close(s);
    }
}

START_TEST(truncated_or_damaged_files_are_told_with_the_place)
{
    make_folder();
    truncated(MLP_STR(GZIP_1 GZIP_2), sizeof GZIP_1 - 1);
    truncated(MLP_STR(ZSTD_1 ZSTD_2), sizeof ZSTD_1 - 1);
    char bytes[] = GZIP_1;
    bytes[20] ^= 1; /* of the check sum */
    put((struct mlp_str){bytes, sizeof bytes - 1});
    mlp_err_init(&err);
    ck_assert_int_eq(file_reads(NULL, ""), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.message, "damaged"));
    remove_folder();
}
END_TEST

START_TEST(what_is_no_file_is_told)
{
    struct mlp_table *t;
    make_folder();
    ck_assert_int_eq(mlp_table_open(path, NULL, &t, &err), MLP_ENOTFOUND);
    ck_assert(err.hint[0]);
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_table_open(folder, NULL, &t, &err), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.message, "folder"));
    ck_assert_ptr_null(t);
    remove_folder();
}
END_TEST

/* ---- shares of a file */

#define MOST_PARTS 9

/* Appends the rows of all parts of the file, cut at equal marks. */
static enum mlp_code show_parts(const struct mlp_table_options *options, unsigned parts,
                                struct mlp_buf *out)
{
    struct mlp_stat st;
    struct mlp_batch *b;
    enum mlp_code code = mlp_os_stat(path, false, &st, &err);
    for (unsigned i = 0; i < parts && code == MLP_OK; i++) {
        struct mlp_table *t;
        code = mlp_table_open_part(path, options, st.size * i / parts, st.size * (i + 1) / parts,
                                   &t, &err);
        while (code == MLP_OK && (code = mlp_table_next(t, &b, &err)) == MLP_OK && b)
            show_batch(out, b);
        mlp_table_close(t);
    }
    return code;
}

/* All shares one after the other are what a serial reading gives. */
static void same_in_parts(const struct mlp_table_options *options)
{
    struct mlp_buf want;
    struct mlp_table *t;
    mlp_buf_init(&want, (size_t)1 << 24);
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_table_open(path, options, &t, &err), MLP_OK);
    ck_assert_int_eq(show_rows(t, &want, NULL), MLP_OK);
    mlp_table_close(t);
    for (unsigned parts = 1; parts <= MOST_PARTS; parts++) {
        struct mlp_buf all;
        mlp_buf_init(&all, (size_t)1 << 24);
        enum mlp_code code = show_parts(options, parts, &all);
        ck_assert_msg(code == MLP_OK, "%u parts: %s", parts, err.message);
        ck_assert_msg(mlp_str_eq(mlp_buf_str(&all), mlp_buf_str(&want)), "%u parts", parts);
        mlp_buf_fini(&all);
    }
    mlp_buf_fini(&want);
}

/* A file of fields that are mostly quotes, delimiters and line feeds. */
static void put_random(struct mlp_rng *rng, bool stray)
{
    struct mlp_buf b;
    mlp_buf_init(&b, (size_t)1 << 20);
    mlp_buf_adds(&b, mlp_rng_below(rng, 2) ? "\n\"a\n\",b,c\r\n" : "\xEF\xBB\xBF" "a,b,c\n");
    size_t rows = (size_t)mlp_rng_below(rng, 200);
    for (size_t i = 0; i < rows * 3; i++) {
        char value[40];
        size_t n = (size_t)mlp_rng_below(rng, sizeof value);
        for (size_t k = 0; k < n; k++)
            value[k] = "x,\n\"\n,"[mlp_rng_below(rng, 6)];
        static const struct mlp_csv_dialect csv = {',', '"'};
        mlp_csv_add(&csv, &b, (struct mlp_str){value, n}, false);
        if (stray && mlp_rng_below(rng, 8) == 0)
            mlp_buf_adds(&b, "5\" ");
        mlp_buf_adds(&b, i % 3 < 2 ? "," : mlp_rng_below(rng, 30) ? "\n" : "\r\n\n");
    }
    put(mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

START_TEST(shares_are_the_whole_file)
{
    struct mlp_rng rng;
    struct mlp_table_options small = {.block_bytes = 50};
    mlp_rng_init(&rng, 7);
    make_folder();
    for (int round = 0; round < 40; round++) {
        put_random(&rng, round % 2);
        same_in_parts(round % 4 ? NULL : &small);
    }
    put(MLP_STR("a,b\n1,2"));
    same_in_parts(NULL);
    put(MLP_STR("a,b\n"));
    same_in_parts(NULL);
    put(MLP_STR("{\"a\":1}\n{\"a\":\"5\\\" disk\"}\n\n{\"a\":3}\n"));
    same_in_parts(NULL);
    remove_folder();
}
END_TEST

START_TEST(shares_tell_the_line_of_an_error)
{
    struct mlp_buf b, out;
    struct mlp_table *t;
    mlp_buf_init(&b, 100000);
    mlp_buf_init(&out, (size_t)1 << 20);
    mlp_buf_adds(&b, "a,b\n");
    for (int i = 0; i < 500; i++)
        mlp_buf_adds(&b, "1,\"2\n\"\n");
    mlp_buf_adds(&b, "1,\"2\n");
    make_folder();
    put(mlp_buf_str(&b));
    ck_assert_int_eq(show_parts(NULL, 4, &out), MLP_EINPUT);
    ck_assert_uint_eq(err.line, 1002);
    ck_assert_uint_eq(err.column, 3);
    ck_assert_str_eq(err.source, path);
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_table_open_part("-", NULL, 0, 9, &t, &err), MLP_EUSAGE);
    put(MLP_STR(GZIP_1));
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_table_open_part(path, NULL, 0, 9, &t, &err), MLP_EUSAGE);
    ck_assert_ptr_null(t);
    mlp_buf_fini(&b);
    mlp_buf_fini(&out);
    remove_folder();
}
END_TEST

/* A pipe that stops in the middle of a row, then goes on. */
START_TEST(a_pipe_gives_rows_as_they_come)
{
    int ends[2], saved = dup(0);
    struct mlp_table *t;
    struct mlp_batch *b;
    mlp_err_init(&err);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[0], 0), 0);
    ck_assert_int_eq(write(ends[1], "a,b\n1,2\n", 8), 8);
    ck_assert_int_eq(mlp_table_open("-", NULL, &t, &err), MLP_OK);
    ck_assert_int_eq(mlp_table_next(t, &b, &err), MLP_OK);
    ck_assert(b && b->nrows == 1 && b->line[0] == 2);
    ck_assert_int_eq(write(ends[1], "3,\"4\n5\"\n", 8), 8);
    ck_assert_int_eq(mlp_table_next(t, &b, &err), MLP_OK);
    ck_assert(b && b->nrows == 1 && b->line[0] == 3);
    ck_assert(mlp_str_eq(mlp_cell_str(mlp_cell_at(b, 0, 1)), MLP_STR("4\n5")));
    close(ends[1]);
    ck_assert_int_eq(mlp_table_next(t, &b, &err), MLP_OK);
    ck_assert_ptr_null(b);
    ck_assert_str_eq(mlp_table_source(t), "<stdin>");
    mlp_table_close(t);
    dup2(saved, 0);
    close(saved);
    close(ends[0]);
}
END_TEST

/* The cells of a batch, one after the other. */
static void add_cells(struct mlp_buf *out, const struct mlp_batch *b)
{
    for (size_t r = 0; b && r < b->nrows; r++) {
        mlp_buf_addf(out, "%llu:", (unsigned long long)b->line[r]);
        for (size_t c = 0; c < b->ncols; c++)
            mlp_buf_addf(out, "[%.*s]", MLP_STR_ARG(mlp_cell_str(mlp_cell_at(b, r, c))));
    }
}

/* Reads ahead of itself, and looks at each batch only when the one behind it is there too. */
static void cells_ahead(struct mlp_table *t, struct mlp_buf *out)
{
    struct mlp_ahead *a;
    struct mlp_batch *b = NULL, *before = NULL;
    ck_assert_int_eq(mlp_ahead_new(t, &a, &err), MLP_OK);
    do {
        before = b;
        ck_assert_int_eq(mlp_ahead_next(a, &b, &err), MLP_OK);
        add_cells(out, before);
    } while (b);
    ck_assert(mlp_ahead_ready(a));
    ck_assert_uint_eq(mlp_ahead_bytes(a), mlp_table_bytes(t));
    mlp_ahead_free(a);
}

START_TEST(a_table_is_read_ahead)
{
    struct mlp_buf text, wanted, got;
    mlp_buf_init(&text, 1 << 20);
    mlp_buf_init(&wanted, 1 << 20);
    mlp_buf_init(&got, 1 << 20);
    mlp_buf_adds(&text, "a,b\n");
    for (unsigned i = 0; i < 3000; i++)
        mlp_buf_addf(&text, i % 7 ? "%u,x\n" : "%u,\"y\n \"\"z\"\n", i);
    for (size_t k = 0; k < 2 * sizeof blocks / sizeof *blocks; k++) {
        struct mlp_table_options o = {.block_bytes = blocks[k / 2],
                                      .kept = k % 2 ? MLP_AHEAD_KEPT : 0};
        struct mlp_table *t;
        struct mlp_batch *b;
        mlp_err_init(&err);
        mlp_buf_reset(k % 2 ? &got : &wanted);
        ck_assert_int_eq(mlp_table_open_mem(mlp_buf_str(&text), "x.csv", &o, &t, &err), MLP_OK);
        if (k % 2)
            cells_ahead(t, &got);
        else
            while (mlp_table_next(t, &b, &err) == MLP_OK && b)
                add_cells(&wanted, b);
        mlp_table_close(t);
        if (k % 2)
            ck_assert(mlp_str_eq(mlp_buf_str(&got), mlp_buf_str(&wanted)));
    }
    mlp_buf_fini(&text);
    mlp_buf_fini(&wanted);
    mlp_buf_fini(&got);
}
END_TEST

START_TEST(a_pipe_that_gives_nothing_is_left)
{
    int ends[2], saved = dup(0);
    struct mlp_table_options o = {.kept = MLP_AHEAD_KEPT};
    struct mlp_table *t;
    struct mlp_ahead *a;
    struct mlp_batch *b;
    mlp_err_init(&err);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[0], 0), 0);
    ck_assert_int_eq(write(ends[1], "a,b\n1,2\n", 8), 8);
    ck_assert_int_eq(mlp_table_open("-", &o, &t, &err), MLP_OK);
    ck_assert_int_eq(mlp_ahead_new(t, &a, &err), MLP_OK);
    ck_assert_int_eq(mlp_ahead_next(a, &b, &err), MLP_OK);
    ck_assert(b && b->nrows == 1 && b->line[0] == 2);
    ck_assert(!mlp_ahead_ready(a));
    mlp_ahead_free(a);
    mlp_table_close(t);
    dup2(saved, 0);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static TCase *text_cases(void)
{
    TCase *c = tcase_create("texts");
    tcase_add_test(c, plain_rows_are_cells_with_lines);
    tcase_add_test(c, quotes_hold_anything);
    tcase_add_test(c, stray_quotes_are_faults_of_one_row);
    tcase_add_test(c, ragged_rows_are_bad_and_blank_lines_none);
    tcase_add_test(c, nulls_are_missing);
    tcase_add_test(c, nul_bytes_are_kept);
    tcase_add_test(c, what_is_no_table_is_refused);
    tcase_add_test(c, a_quote_left_open_is_told_where_it_opened);
    tcase_add_test(c, a_row_over_the_limit_is_told_by_its_line);
    tcase_add_test(c, formats_are_found_by_content_or_told);
    tcase_add_test(c, json_lines_are_rows);
    tcase_add_test(c, bad_json_lines_are_bad_rows);
    tcase_add_test(c, json_headers_are_checked);
    tcase_add_test(c, good_rows_are_the_bytes_that_were_read);
    tcase_add_test(c, a_column_becomes_numbers);
    return c;
}

Suite *suite_table(void)
{
    Suite *s = suite_create("table");
    TCase *files = tcase_create("files");
    tcase_add_test(files, compressed_files_are_read_member_by_member);
    tcase_add_test(files, truncated_or_damaged_files_are_told_with_the_place);
    tcase_add_test(files, what_is_no_file_is_told);
    tcase_add_test(files, shares_are_the_whole_file);
    tcase_add_test(files, shares_tell_the_line_of_an_error);
    tcase_add_test(files, a_pipe_gives_rows_as_they_come);
    tcase_add_test(files, a_table_is_read_ahead);
    tcase_add_test(files, a_pipe_that_gives_nothing_is_left);
    suite_add_tcase(s, text_cases());
    suite_add_tcase(s, files);
    return s;
}
