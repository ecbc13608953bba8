/* mlp-report(5): writing and reading. */
#include "report/internal.h"

#include "base/file.h"
#include "base/time.h"
#include "text/doc.h"
#include "text/json.h"

#define REPORT_BYTES ((size_t)256 << 20)

static void text_member(struct mlp_json_out *o, const char *name, struct mlp_str s)
{
    if (s.n == 0)
        return;
    mlp_json_key(o, name);
    mlp_json_str(o, s);
}

static void measures_member(struct mlp_json_out *o, const char *name, const struct mlp_measure *m)
{
    if (!m)
        return;
    mlp_json_key(o, name);
    mlp_json_open(o, '{');
    for (; m; m = m->next) {
        mlp_json_key_str(o, m->name);
        mlp_json_f64(o, m->value);
    }
    mlp_json_close(o, '}');
}

static void examples_member(struct mlp_json_out *o, const struct mlp_example_row *x)
{
    if (!x)
        return;
    mlp_json_key(o, "examples");
    mlp_json_open(o, '[');
    for (; x; x = x->next) {
        mlp_json_open(o, '{');
        if (x->line) {
            mlp_json_key(o, "line");
            mlp_json_u64(o, x->line);
        }
        if (x->row) {
            mlp_json_key(o, "row");
            mlp_json_u64(o, x->row);
        }
        mlp_json_key(o, "value");
        mlp_json_str(o, x->value);
        mlp_json_close(o, '}');
    }
    mlp_json_close(o, ']');
}

static void write_check(struct mlp_json_out *o, const struct mlp_check *c)
{
    mlp_json_open(o, '{');
    text_member(o, "id", c->id);
    text_member(o, "type", c->type);
    text_member(o, "column", c->column);
    text_member(o, "slice", c->slice);
    mlp_json_key(o, "severity");
    mlp_json_text(o, mlp_severity_name(c->severity));
    mlp_json_key(o, "outcome");
    mlp_json_text(o, mlp_outcome_name(c->outcome));
    text_member(o, "observed", c->observed);
    text_member(o, "expected", c->expected);
    text_member(o, "message", c->message);
    if (c->total) {
        mlp_json_key(o, "failed");
        mlp_json_u64(o, c->failed);
        mlp_json_key(o, "total");
        mlp_json_u64(o, c->total);
    }
    measures_member(o, "measures", c->measures);
    examples_member(o, c->examples);
    mlp_json_close(o, '}');
}

void mlp_render_json(const struct mlp_report *r, struct mlp_buf *out)
{
    struct mlp_json_out o;
    char time[32];
    mlp_json_out_init(&o, out, 2);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "format");
    mlp_json_text(&o, "mlp-report/1");
    text_member(&o, "tool", r->tool);
    text_member(&o, "kind", r->kind);
    text_member(&o, "subject", r->subject);
    text_member(&o, "digest", r->digest);
    if (r->created) {
        mlp_time_format(r->created, time);
        text_member(&o, "created", mlp_str_from(time));
    }
    mlp_json_key(&o, "outcome");
    mlp_json_text(&o, mlp_outcome_name(r->outcome));
    text_member(&o, "title", r->title);
    measures_member(&o, "summary", r->summary);
    mlp_json_key(&o, "checks");
    mlp_json_open(&o, '[');
    for (const struct mlp_check *c = r->checks; c; c = c->next)
        write_check(&o, c);
    mlp_json_close(&o, ']');
    if (r->extra_json.n) {
        mlp_json_key(&o, "detail");
        mlp_json_raw(&o, r->extra_json);
    }
    mlp_json_close(&o, '}');
    mlp_buf_addc(out, '\n');
}

/* ---- reading */

static bool word_index(struct mlp_str word, const char *const *names, size_t n, int *index)
{
    for (size_t i = 0; i < n; i++) {
        if (mlp_str_is(word, names[i])) {
            *index = (int)i;
            return true;
        }
    }
    return false;
}

static enum mlp_code read_words(const struct mlp_doc *d, const struct mlp_node *n,
                                struct mlp_check *c, struct mlp_err *e)
{
    static const char *const outcomes[] = {"pass", "warn", "fail"};
    static const char *const severities[] = {"error", "warn", "info"};
    int outcome, severity;
    if (!word_index(mlp_node_str(mlp_node_get(n, "outcome"), ""), outcomes, 3, &outcome))
        return mlp_node_error(d, n, e, "a check's outcome must be pass, warn or fail");
    if (!word_index(mlp_node_str(mlp_node_get(n, "severity"), "error"), severities, 3, &severity))
        return mlp_node_error(d, n, e, "a check's severity must be error, warn or info");
    c->outcome = (enum mlp_outcome)outcome;
    c->severity = (enum mlp_severity)severity;
    return MLP_OK;
}

static struct mlp_str member_text(const struct mlp_node *n, const char *name)
{
    return mlp_node_str(mlp_node_get(n, name), "");
}

static uint64_t member_count(const struct mlp_node *n, const char *name)
{
    int64_t v = mlp_node_int(mlp_node_get(n, name), 0);
    return v > 0 ? (uint64_t)v : 0;
}

static void read_parts(struct mlp_report *r, struct mlp_check *c, const struct mlp_node *n)
{
    const struct mlp_node *measures = mlp_node_get(n, "measures");
    const struct mlp_node *examples = mlp_node_get(n, "examples");
    char name[128];
    for (const struct mlp_node *m = measures ? measures->child : NULL; m; m = m->next)
        if (mlp_str_copy(m->key, name, sizeof name) && mlp_node_is_num(m))
            mlp_report_measure(r, c, name, mlp_node_num(m, 0));
    for (const struct mlp_node *x = examples ? examples->child : NULL; x; x = x->next)
        mlp_report_example(r, c, member_count(x, "line"), member_count(x, "row"),
                           member_text(x, "value"));
}

static enum mlp_code read_check(struct mlp_report *r, const struct mlp_doc *d,
                                const struct mlp_node *n, struct mlp_err *e)
{
    struct mlp_check c = {
        .id = member_text(n, "id"),
        .type = member_text(n, "type"),
        .column = member_text(n, "column"),
        .slice = member_text(n, "slice"),
        .observed = member_text(n, "observed"),
        .expected = member_text(n, "expected"),
        .message = member_text(n, "message"),
        .failed = member_count(n, "failed"),
        .total = member_count(n, "total"),
    };
    enum mlp_code code = read_words(d, n, &c, e);
    if (code != MLP_OK)
        return code;
    struct mlp_check *added = mlp_report_add(r, &c);
    if (!added)
        return mlp_err_nomem(e);
    read_parts(r, added, n);
    return MLP_OK;
}

static enum mlp_code read_report(struct mlp_report *r, const struct mlp_doc *d, struct mlp_err *e)
{
    const struct mlp_node *root = d->root, *checks = mlp_node_get(root, "checks");
    uint32_t nano;
    char name[128];
    if (!mlp_str_is(member_text(root, "format"), "mlp-report/1"))
        return mlp_node_error(d, root, e, "not a report: \"format\" is not \"mlp-report/1\"");
    if (!checks || checks->type != MLP_DOC_LIST)
        return mlp_node_error(d, root, e, "a report has a list of \"checks\"");
    r->tool = mlp_report_text(r, "%.*s", MLP_STR_ARG(member_text(root, "tool")));
    r->kind = mlp_report_text(r, "%.*s", MLP_STR_ARG(member_text(root, "kind")));
    r->subject = mlp_report_text(r, "%.*s", MLP_STR_ARG(member_text(root, "subject")));
    r->digest = mlp_report_text(r, "%.*s", MLP_STR_ARG(member_text(root, "digest")));
    r->title = mlp_report_text(r, "%.*s", MLP_STR_ARG(member_text(root, "title")));
    mlp_time_parse(member_text(root, "created"), &r->created, &nano);
    const struct mlp_node *summary = mlp_node_get(root, "summary");
    for (const struct mlp_node *m = summary ? summary->child : NULL; m; m = m->next)
        if (mlp_str_copy(m->key, name, sizeof name) && mlp_node_is_num(m))
            mlp_report_summary(r, name, mlp_node_num(m, 0));
    enum mlp_code code = MLP_OK;
    for (const struct mlp_node *n = checks->child; n && code == MLP_OK; n = n->next)
        code = read_check(r, d, n, e);
    /* The outcome is derived; one that says otherwise was tampered with or is not ours. */
    if (code == MLP_OK &&
        !mlp_str_is(member_text(root, "outcome"), mlp_outcome_name(r->outcome)))
        code = mlp_node_error(d, root, e, "the outcome is not that of the checks");
    return code;
}

enum mlp_code mlp_report_parse(struct mlp_report *r, struct mlp_str json, const char *source,
                               struct mlp_err *e)
{
    struct mlp_doc d;
    mlp_doc_init(&d, source, REPORT_BYTES * 4);
    enum mlp_code code = mlp_doc_parse_json(&d, json, e);
    if (code == MLP_OK)
        code = read_report(r, &d, e);
    mlp_doc_fini(&d);
    return code;
}

enum mlp_code mlp_report_load(struct mlp_report *r, const char *path, struct mlp_err *e)
{
    struct mlp_buf b;
    mlp_buf_init(&b, REPORT_BYTES);
    enum mlp_code code = mlp_file_read(path, &b, e);
    if (code == MLP_OK)
        code = mlp_report_parse(r, mlp_buf_str(&b), mlp_file_name(path), e);
    mlp_buf_fini(&b);
    return code;
}
