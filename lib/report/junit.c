/* JUnit XML, as Jenkins, GitLab and GitHub actions read it: one testcase a check. */
#include "report/internal.h"

#include "text/html.h"

static void attribute(struct mlp_buf *b, const char *name, struct mlp_str value)
{
    mlp_buf_addf(b, " %s=\"", name);
    mlp_html_add(b, value);
    mlp_buf_addc(b, '"');
}

static void add_failure(struct mlp_buf *b, const struct mlp_check *c)
{
    struct mlp_buf words;
    mlp_buf_init(&words, 1 << 16);
    mlp_check_words(c, &words);
    mlp_buf_adds(b, "      <failure");
    attribute(b, "message", mlp_buf_str(&words));
    attribute(b, "type", c->type);
    mlp_buf_adds(b, ">");
    mlp_html_add(b, mlp_buf_str(&words));
    for (const struct mlp_example_row *x = c->examples; x; x = x->next) {
        mlp_buf_addc(b, '\n');
        if (x->line)
            mlp_buf_addf(b, "line %llu: ", (unsigned long long)x->line);
        mlp_html_add(b, x->value);
    }
    mlp_buf_adds(b, "</failure>\n");
    mlp_buf_fini(&words);
}

/* A warning is not a failure, so it is output of a test that passed. */
static void add_case(struct mlp_buf *b, const struct mlp_report *r, const struct mlp_check *c)
{
    bool fails = c->outcome == MLP_FAIL && c->severity == MLP_SEV_ERROR;
    mlp_buf_adds(b, "    <testcase");
    attribute(b, "classname", r->kind.n ? r->kind : r->tool);
    attribute(b, "name", c->id);
    if (c->outcome == MLP_PASS) {
        mlp_buf_adds(b, "/>\n");
        return;
    }
    mlp_buf_adds(b, ">\n");
    if (fails) {
        add_failure(b, c);
    } else {
        mlp_buf_adds(b, "      <system-out>");
        struct mlp_buf words;
        mlp_buf_init(&words, 1 << 16);
        mlp_check_words(c, &words);
        mlp_html_add(b, mlp_buf_str(&words));
        mlp_buf_fini(&words);
        mlp_buf_adds(b, "</system-out>\n");
    }
    mlp_buf_adds(b, "    </testcase>\n");
}

void mlp_render_junit(const struct mlp_report *r, struct mlp_buf *b)
{
    size_t failures = 0;
    for (const struct mlp_check *c = r->checks; c; c = c->next)
        failures += c->outcome == MLP_FAIL && c->severity == MLP_SEV_ERROR;
    mlp_buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
    attribute(b, "name", mlp_report_uri(r));
    mlp_buf_addf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n", r->nchecks,
                 failures);
    for (const struct mlp_check *c = r->checks; c; c = c->next)
        add_case(b, r, c);
    mlp_buf_adds(b, "  </testsuite>\n</testsuites>\n");
}
