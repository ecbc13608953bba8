/* Reports: what they come to, and that every form of them is well formed and says the same. */
#include "suites.h"

#include "report/plot.h"
#include "report/report.h"
#include "text/doc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct mlp_err err;

/* Texts that every form has to escape: markup, separators, line ends, control bytes, no UTF-8. */
#define NASTY "a<b>&\"'%:,]]>\r\n\t\x01\xFF\\ \xE2\x82\xAC"

static struct mlp_check *add(struct mlp_report *r, enum mlp_outcome outcome,
                             enum mlp_severity severity)
{
    return mlp_report_add(r, &(struct mlp_check){
                                 .id = MLP_STR("age/min"), .type = MLP_STR("min"),
                                 .column = MLP_STR("age"), .severity = severity,
                                 .outcome = outcome, .observed = MLP_STR("1 of 9"),
                                 .expected = MLP_STR(">= 0"), .failed = 1, .total = 9,
                             });
}

/* A report that has something of everything. */
static void make(struct mlp_report *r)
{
    mlp_report_init(r, "mlp-validate", "data");
    r->subject = mlp_report_text(r, "%s", "raw data.csv" NASTY);
    r->digest = mlp_report_text(r, "sha256:%064d", 7);
    r->title = mlp_report_text(r, "%s", "It failed. " NASTY);
    r->created = 1357000000;
    r->extra_json = MLP_STR("{\"x\":[1,2]}");
    mlp_report_summary(r, "rows", 9);
    mlp_report_summary(r, "share", 0.1);
    struct mlp_check *c = add(r, MLP_FAIL, MLP_SEV_ERROR);
    mlp_report_measure(r, c, "value", 1e-300);
    mlp_report_example(r, c, 3, 2, MLP_STR(NASTY));
    mlp_report_example(r, c, 0, 0, MLP_STR(""));
    add(r, MLP_PASS, MLP_SEV_ERROR);
    add(r, MLP_FAIL, MLP_SEV_WARN);
    add(r, MLP_WARNED, MLP_SEV_INFO);
    mlp_report_add(r, &(struct mlp_check){
                          .id = MLP_STR(NASTY), .type = MLP_STR(NASTY), .column = MLP_STR(NASTY),
                          .slice = MLP_STR(NASTY), .outcome = MLP_FAIL, .observed = MLP_STR(NASTY),
                          .expected = MLP_STR(NASTY), .message = MLP_STR(NASTY),
                      });
}

static struct mlp_str render(const struct mlp_report *r, enum mlp_report_format f,
                             struct mlp_buf *out)
{
    mlp_buf_init(out, (size_t)1 << 24);
    mlp_report_render(r, f, false, out);
    ck_assert_int_eq(mlp_buf_check(out, &err), MLP_OK);
    struct mlp_str s = mlp_buf_str(out);
    ck_assert(mlp_str_utf8(s) || f == MLP_REPORT_GITHUB);
    return s;
}

START_TEST(outcome_is_the_worst_by_severity)
{
    static const struct {
        enum mlp_outcome outcome;
        enum mlp_severity severity;
        enum mlp_outcome want;
    } t[] = {
        {MLP_PASS, MLP_SEV_ERROR, MLP_PASS}, {MLP_WARNED, MLP_SEV_ERROR, MLP_WARNED},
        {MLP_FAIL, MLP_SEV_ERROR, MLP_FAIL}, {MLP_FAIL, MLP_SEV_WARN, MLP_WARNED},
        {MLP_FAIL, MLP_SEV_INFO, MLP_PASS},  {MLP_WARNED, MLP_SEV_INFO, MLP_PASS},
        {MLP_WARNED, MLP_SEV_WARN, MLP_WARNED},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct mlp_report r;
        mlp_report_init(&r, "t", "data");
        ck_assert_int_eq(r.outcome, MLP_PASS);
        add(&r, t[i].outcome, t[i].severity);
        ck_assert_int_eq(r.outcome, t[i].want);
        add(&r, MLP_PASS, MLP_SEV_ERROR);
        ck_assert_int_eq(r.outcome, t[i].want);
        add(&r, MLP_FAIL, MLP_SEV_ERROR);
        ck_assert_int_eq(r.outcome, MLP_FAIL);
        ck_assert_uint_eq(r.nchecks, 3);
        mlp_report_fini(&r);
    }
}
END_TEST

START_TEST(json_reads_back_as_the_same)
{
    struct mlp_report r, again;
    struct mlp_buf first, second;
    make(&r);
    struct mlp_str s = render(&r, MLP_REPORT_JSON, &first);
    mlp_report_init(&again, "", "");
    mlp_err_init(&err);
    ck_assert_msg(mlp_report_parse(&again, s, "r.json", &err) == MLP_OK, "%s", err.message);
    ck_assert_uint_eq(again.nchecks, r.nchecks);
    ck_assert_int_eq(again.outcome, MLP_FAIL);
    ck_assert_int_eq(again.created, r.created);
    ck_assert_uint_eq(again.checks->failed, 1);
    ck_assert_uint_eq(again.checks->examples->line, 3);
    ck_assert_double_eq(again.checks->measures->value, 1e-300);
    again.extra_json = r.extra_json; /* it is for other tools: reading drops it */
    struct mlp_str t = render(&again, MLP_REPORT_JSON, &second);
    ck_assert_msg(mlp_str_eq(s, t), "%.*s\n%.*s", MLP_STR_ARG(s), MLP_STR_ARG(t));
    mlp_report_fini(&again);
    mlp_report_fini(&r);
    mlp_buf_fini(&first);
    mlp_buf_fini(&second);
}
END_TEST

START_TEST(what_is_no_report_is_refused)
{
    static const char *const texts[] = {
        "", "[]", "{}", "{\"format\":\"mlp-report/2\",\"checks\":[]}",
        "{\"format\":\"mlp-report/1\"}", "{\"format\":\"mlp-report/1\",\"checks\":{}}",
        "{\"format\":\"mlp-report/1\",\"checks\":[]}",
        "{\"format\":\"mlp-report/1\",\"outcome\":\"fail\",\"checks\":[]}",
        "{\"format\":\"mlp-report/1\",\"outcome\":\"pass\",\"checks\":[{\"outcome\":\"fail\"}]}",
        "{\"format\":\"mlp-report/1\",\"outcome\":\"pass\",\"checks\":[{\"outcome\":\"ok\"}]}",
        "{\"format\":\"mlp-report/1\",\"outcome\":\"pass\",\"checks\":[3]}",
        "{\"format\":\"mlp-report/1\",\"outcome\":\"pass\",\"checks\":[{\"severity\":\"high\"}]}",
        "{\"format\":\"mlp-report/1\",\"outcome\":\"pass\",\"checks\":[]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct mlp_report r;
        mlp_report_init(&r, "", "");
        mlp_err_init(&err);
        enum mlp_code code = mlp_report_parse(&r, mlp_str_from(texts[i]), "r.json", &err);
        ck_assert_msg(code == MLP_EINPUT, "%s: %d", texts[i], (int)code);
        ck_assert_str_eq(err.source, "r.json");
        mlp_report_fini(&r);
    }
}
END_TEST

/* Elements are nested rightly, attributes quoted, entities known, and no byte is one that XML
 * forbids. Enough of XML for what is written here. */
static const char *xml_tag(const char *p, char stack[][32], size_t *depth)
{
    char name[32] = "";
    bool closes = *p == '/';
    size_t n = strcspn(p += closes, " />");
    ck_assert_uint_lt(n, sizeof name);
    memcpy(name, p, n);
    for (p += n; *p != '>' && *p != '/';) {
        p += strspn(p, " ");
        p += strcspn(p, "=");
        ck_assert_msg(strncmp(p, "=\"", 2) == 0, "attribute at %.40s", p);
        size_t value = strcspn(p + 2, "\"<");
        ck_assert_int_eq(p[2 + value], '"');
        p += value + 3;
    }
    if (closes) {
        ck_assert_uint_gt(*depth, 0);
        ck_assert_str_eq(stack[--*depth], name);
    } else if (*p != '/') {
        ck_assert_uint_lt(*depth, 8);
        memcpy(stack[(*depth)++], name, sizeof name);
    }
    p += *p == '/';
    ck_assert_int_eq(*p, '>');
    return p + 1;
}

static size_t xml_elements(const char *p)
{
    char stack[8][32];
    size_t depth = 0, n = 0;
    ck_assert_int_eq(strncmp(p, "<?xml ", 6), 0);
    p = strchr(p, '>') + 1;
    while (*p) {
        if (*p == '<') {
            p = xml_tag(p + 1, stack, &depth);
            n++;
            continue;
        }
        ck_assert((unsigned char)*p >= 0x20 || strchr("\t\r\n", *p));
        if (*p == '&')
            ck_assert_msg(strspn(p + 1, "abcdefghijklmnopqrstuvwxyz#0123456789") < 8 &&
                              strchr(p, ';') - p < 8,
                          "entity %.10s", p);
        p++;
    }
    ck_assert_uint_eq(depth, 0);
    return n;
}

START_TEST(junit_is_well_formed)
{
    struct mlp_report r;
    struct mlp_buf b;
    make(&r);
    render(&r, MLP_REPORT_JUNIT, &b);
    mlp_buf_addc(&b, '\0');
    ck_assert_uint_gt(xml_elements(b.p), 10);
    ck_assert_ptr_nonnull(strstr(b.p, " tests=\"5\" failures=\"2\" "));
    ck_assert_ptr_null(strstr(b.p, "line 0"));
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

static const struct mlp_node *path(const struct mlp_node *n, const char *dotted)
{
    char key[64];
    while (*dotted && n) {
        size_t k = strcspn(dotted, ".");
        memcpy(key, dotted, k);
        key[k] = '\0';
        n = n->type == MLP_DOC_LIST ? mlp_node_at(n, (size_t)(key[0] - '0'))
                                    : mlp_node_get(n, key);
        dotted += k + (dotted[k] == '.');
    }
    return n;
}

static void is_text(const struct mlp_node *root, const char *dotted, const char *want)
{
    struct mlp_str s = mlp_node_str(path(root, dotted), "absent");
    ck_assert_msg(mlp_str_is(s, want), "%s is %.*s, expected %s", dotted, MLP_STR_ARG(s), want);
}

START_TEST(sarif_is_well_formed)
{
    struct mlp_report r;
    struct mlp_buf b;
    struct mlp_doc d;
    make(&r);
    mlp_doc_init(&d, "r.sarif", (size_t)16 << 20);
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_doc_parse_json(&d, render(&r, MLP_REPORT_SARIF, &b), &err), MLP_OK);
    is_text(d.root, "version", "2.1.0");
    is_text(d.root, "runs.0.tool.driver.name", "mlp-validate");
    is_text(d.root, "runs.0.results.0.ruleId", "age/min");
    is_text(d.root, "runs.0.results.0.level", "error");
    is_text(d.root, "runs.0.results.1.level", "warning");
    is_text(d.root, "runs.0.results.2.level", "note");
    const struct mlp_node *place = path(d.root, "runs.0.results.0.locations.0.physicalLocation");
    ck_assert_int_eq(mlp_node_int(path(place, "region.startLine"), 0), 3);
    struct mlp_str uri = mlp_node_str(path(place, "artifactLocation.uri"), "");
    ck_assert(mlp_str_starts(uri, "raw%20data.csva%3Cb%3E%26%22"));
    ck_assert_uint_eq(path(d.root, "runs.0.results")->u.count, 4);
    mlp_doc_fini(&d);
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(html_shows_texts_as_texts)
{
    struct mlp_report r;
    struct mlp_buf b;
    make(&r);
    render(&r, MLP_REPORT_HTML, &b);
    mlp_buf_addc(&b, '\0');
    ck_assert_ptr_null(strstr(b.p, "a<b>"));
    ck_assert_ptr_null(strstr(b.p, "<script"));
    ck_assert_ptr_null(strstr(b.p, "http"));
    ck_assert_ptr_nonnull(strstr(b.p, "a&lt;b&gt;&amp;&quot;"));
    ck_assert_ptr_nonnull(strstr(b.p, "1 passed, 2 warned, 2 failed."));
    ck_assert_ptr_nonnull(strstr(b.p, "</html>"));
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(github_commands_are_one_line_each)
{
    struct mlp_report r;
    struct mlp_buf b;
    size_t lines = 0;
    make(&r);
    render(&r, MLP_REPORT_GITHUB, &b);
    mlp_buf_addc(&b, '\0');
    for (const char *p = b.p; *p; p = strchr(p, '\n') + 1, lines++)
        ck_assert_msg(strncmp(p, "::", 2) == 0, "%.60s", p);
    ck_assert_uint_eq(lines, 5);
    ck_assert_ptr_nonnull(strstr(b.p, "::error file=raw data.csva<b>&\"'%25%3A%2C"));
    ck_assert_ptr_nonnull(strstr(b.p, ",line=3,title=age/min::age: 1 of 9, expected >= 0\n"));
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(prom_lines_are_samples)
{
    struct mlp_report r;
    struct mlp_buf b;
    make(&r);
    mlp_report_measure(&r, r.checks, "nothing", NAN);
    render(&r, MLP_REPORT_PROM, &b);
    mlp_buf_addc(&b, '\0');
    for (const char *p = b.p; *p; p = strchr(p, '\n') + 1)
        ck_assert_msg(strncmp(p, "# HELP mlp_", 11) == 0 || strncmp(p, "# TYPE mlp_", 11) == 0 ||
                          strncmp(p, "mlp_", 4) == 0,
                      "%.60s", p);
    ck_assert_ptr_nonnull(strstr(b.p, "mlp_report_outcome{kind=\"data\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(b.p, "measure=\"value\"} 1e-300\n"));
    ck_assert_ptr_null(strstr(b.p, "nothing"));
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(slices_are_samples_of_their_own)
{
    struct mlp_report r;
    struct mlp_buf b;
    mlp_report_init(&r, "t", "model");
    add(&r, MLP_PASS, MLP_SEV_ERROR)->slice = MLP_STR("sex=f");
    add(&r, MLP_FAIL, MLP_SEV_ERROR)->slice = MLP_STR("sex=m");
    render(&r, MLP_REPORT_PROM, &b);
    ck_assert_ptr_nonnull(strstr(b.p, "column=\"age\",slice=\"sex=f\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(b.p, "column=\"age\",slice=\"sex=m\"} 2\n"));
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(text_shows_what_failed_first)
{
    struct mlp_report r;
    struct mlp_buf b;
    make(&r);
    struct mlp_str s = render(&r, MLP_REPORT_TEXT, &b);
    ck_assert_int_eq(strncmp(b.p, "FAIL  ", 6), 0);
    ck_assert_ptr_nonnull(strstr(b.p, "\n        line 3: \"a<b>"));
    ck_assert_ptr_nonnull(strstr(b.p, "rows 9, share 0.1\n"));
    ck_assert(mlp_str_ends(s, ": fail: 1 passed, 2 warned, 2 failed\n"));
    ck_assert_ptr_null(strchr(b.p, '\033'));
    mlp_buf_reset(&b);
    mlp_report_render(&r, MLP_REPORT_TEXT, true, &b);
    ck_assert_ptr_nonnull(strstr(b.p, "\033[31mFAIL\033[0m"));
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

/* What stands in data may move no cursor and end no line: C0, DEL, C1 in UTF-8, bytes alone. */
START_TEST(text_commands_no_terminal)
{
    struct mlp_report r;
    struct mlp_buf b;
    mlp_report_init(&r, "t", "data");
    r.subject = r.title = MLP_STR("\033[2J\nx");
    struct mlp_check *c = add(&r, MLP_FAIL, MLP_SEV_ERROR);
    c->id = c->observed = c->expected = c->slice = c->message = MLP_STR("\033]0;x\007\x7F");
    mlp_report_example(&r, c, 1, 1, MLP_STR("\xC2\x9B\xFF\r\xC3\xA9"));
    struct mlp_str s = render(&r, MLP_REPORT_TEXT, &b);
    ck_assert(mlp_str_utf8(s));
    for (size_t i = 0; i < s.n; i++)
        ck_assert(((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7F) || s.p[i] == '\n');
    ck_assert_ptr_nonnull(strstr(b.p, "\"\\x9B\xEF\xBF\xBD\\x0D\xC3\xA9\""));
    ck_assert_ptr_nonnull(strstr(b.p, "\n\\x1B[2J\\nx: fail"));
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(long_texts_show_what_needs_a_look)
{
    struct mlp_report r;
    struct mlp_buf b;
    mlp_report_init(&r, "t", "data");
    for (int i = 0; i < 100; i++)
        add(&r, MLP_PASS, MLP_SEV_ERROR);
    add(&r, MLP_FAIL, MLP_SEV_ERROR);
    render(&r, MLP_REPORT_TEXT, &b);
    const char *want = "FAIL  age/min   1 of 9; expected >= 0\nfail: 100 passed,";
    ck_assert_int_eq(strncmp(b.p, want, strlen(want)), 0);
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

/* spec is [FORMAT:]FILE; what is saved in a scratch folder starts with `start`. */
static void saves(const char *spec, const char *start)
{
    char dir[] = "/tmp/mlp-report-XXXXXX", bytes[64] = "";
    struct mlp_report r;
    const char *colon = strchr(spec, ':'), *file = colon ? colon + 1 : spec;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chdir(dir), 0);
    make(&r);
    ck_assert_int_eq(mlp_report_save(&r, spec, &err), MLP_OK);
    FILE *f = fopen(file, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(fread(bytes, 1, sizeof bytes - 1, f), 0);
    fclose(f);
    unlink(file);
    ck_assert_int_eq(chdir("/"), 0);
    rmdir(dir);
    ck_assert_msg(strncmp(bytes, start, strlen(start)) == 0, "%s: %s", spec, bytes);
    mlp_report_fini(&r);
}

START_TEST(name_tells_the_form_of_a_file)
{
    mlp_err_init(&err);
    saves("r.json", "{\n  \"format\": \"mlp-report/1\"");
    saves("r.xml", "<?xml");
    saves("r.sarif", "{\n \"$schema\"");
    saves("r.html", "<!doctype html>");
    saves("r.prom", "# HELP");
    saves("r.txt", "FAIL");
    saves("r", "FAIL");
    saves("json:r.txt", "{\n  \"format\"");
    saves("github:r.json", "::error file=");
}
END_TEST

START_TEST(nothing_is_rendered_of_a_report_that_lost_something)
{
    struct mlp_report r;
    struct mlp_buf b;
    make(&r);
    r.failed = true;
    mlp_buf_init(&b, 1 << 20);
    mlp_report_render(&r, MLP_REPORT_JSON, false, &b);
    mlp_err_init(&err);
    ck_assert_int_ne(mlp_buf_check(&b, &err), MLP_OK);
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_report_save(&r, "/nowhere/r.json", &err), MLP_EIO);
    mlp_err_init(&err);
    ck_assert_int_eq(mlp_report_load(&r, "/nowhere/r.json", &err), MLP_ENOTFOUND);
    mlp_buf_fini(&b);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(examples_have_a_maximum)
{
    struct mlp_report r;
    size_t n = 0;
    mlp_report_init(&r, "t", "data");
    struct mlp_check *c = add(&r, MLP_FAIL, MLP_SEV_ERROR);
    for (uint64_t i = 1; i <= 100; i++)
        mlp_report_example(&r, c, i, i, MLP_STR("x"));
    for (const struct mlp_example_row *x = c->examples; x; x = x->next)
        ck_assert_uint_eq(x->line, ++n);
    ck_assert_uint_eq(n, MLP_REPORT_EXAMPLES);
    mlp_report_example(&r, NULL, 1, 1, MLP_STR("x"));
    mlp_report_measure(&r, NULL, "x", 1);
    ck_assert(!r.failed);
    mlp_report_fini(&r);
}
END_TEST

START_TEST(formats_have_names)
{
    enum mlp_report_format f;
    ck_assert(mlp_report_format_parse(MLP_STR("sarif"), &f));
    ck_assert_int_eq(f, MLP_REPORT_SARIF);
    ck_assert(!mlp_report_format_parse(MLP_STR("pdf"), &f));
    ck_assert(!mlp_report_format_parse(MLP_STR(""), &f));
}
END_TEST

START_TEST(plots_are_drawn_to_scale_and_escaped)
{
    static const double x[] = {0, 5, 10}, y[] = {0, NAN, 2}, counts[] = {3, 1, 0, 4};
    const struct mlp_str names[] = {MLP_STR("<a>"), MLP_STR("b & c")};
    struct mlp_plot p = {MLP_STR("A \"title\""), MLP_STR("Words"), MLP_STR("x"), MLP_STR("y"),
                         0, 10, 0, 2};
    const struct mlp_plot_series s[] = {{MLP_STR("one"), x, y, 3, MLP_PLOT_LINE, false},
                                        {MLP_STR("two"), x, y, 3, MLP_PLOT_DOTS, true}};
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 16);
    mlp_plot_add(&b, &p, s, 2);
    mlp_plot_matrix(&b, &p, names, counts, 2);
    mlp_buf_addc(&b, '\0');
    ck_assert_int_eq(mlp_buf_check(&b, NULL), MLP_OK);
    /* The frame is 272 by 224 from (52, 26); what is not a number is passed over. */
    ck_assert_ptr_nonnull(strstr(b.p, "d=\"M52.0 250.0L324.0 26.0\""));
    ck_assert_ptr_nonnull(strstr(b.p, "A &quot;title&quot;"));
    ck_assert_ptr_nonnull(strstr(b.p, "&lt;a&gt;"));
    ck_assert_ptr_null(strstr(b.p, "<a>"));
    ck_assert_ptr_null(strstr(b.p, "nan"));
    mlp_buf_fini(&b);
}
END_TEST

Suite *suite_report(void)
{
    Suite *s = suite_create("report");
    TCase *c = tcase_create("report");
    tcase_add_test(c, outcome_is_the_worst_by_severity);
    tcase_add_test(c, plots_are_drawn_to_scale_and_escaped);
    tcase_add_test(c, json_reads_back_as_the_same);
    tcase_add_test(c, what_is_no_report_is_refused);
    tcase_add_test(c, junit_is_well_formed);
    tcase_add_test(c, sarif_is_well_formed);
    tcase_add_test(c, html_shows_texts_as_texts);
    tcase_add_test(c, github_commands_are_one_line_each);
    tcase_add_test(c, prom_lines_are_samples);
    tcase_add_test(c, slices_are_samples_of_their_own);
    tcase_add_test(c, text_shows_what_failed_first);
    tcase_add_test(c, text_commands_no_terminal);
    tcase_add_test(c, long_texts_show_what_needs_a_look);
    tcase_add_test(c, name_tells_the_form_of_a_file);
    tcase_add_test(c, nothing_is_rendered_of_a_report_that_lost_something);
    tcase_add_test(c, examples_have_a_maximum);
    tcase_add_test(c, formats_have_names);
    suite_add_tcase(s, c);
    return s;
}
