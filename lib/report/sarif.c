/* SARIF 2.1.0 (OASIS), within what GitHub code scanning accepts: one result a check that did not
 * pass, at most 100 locations a result. */
#include "report/internal.h"

#include "base/opt.h"
#include "text/json.h"

#define MOST_LOCATIONS 100
#define MOST_RESULTS 5000

static void message(struct mlp_json_out *o, struct mlp_str text)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "text");
    mlp_json_str(o, text);
    mlp_json_close(o, '}');
}

static void add_rule(struct mlp_json_out *o, const struct mlp_check *c)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "id");
    mlp_json_str(o, c->id);
    mlp_json_key(o, "shortDescription");
    message(o, c->expected.n ? c->expected : c->id);
    mlp_json_close(o, '}');
}

/* A file name as a URI reference (RFC 3986): what a path may hold stands for itself. */
static void uri_member(struct mlp_json_out *o, struct mlp_str path)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 1 << 14);
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~/@", c);
        if (c && plain)
            mlp_buf_addc(&b, (char)c);
        else
            mlp_buf_addf(&b, "%%%02X", (unsigned)c);
    }
    mlp_json_key(o, "uri");
    mlp_json_str(o, mlp_buf_str(&b));
    mlp_buf_fini(&b);
}

static void add_location(struct mlp_json_out *o, struct mlp_str uri, uint64_t line)
{
    mlp_json_open(o, '{');
    mlp_json_key(o, "physicalLocation");
    mlp_json_open(o, '{');
    mlp_json_key(o, "artifactLocation");
    mlp_json_open(o, '{');
    uri_member(o, uri);
    mlp_json_close(o, '}');
    mlp_json_key(o, "region");
    mlp_json_open(o, '{');
    mlp_json_key(o, "startLine");
    mlp_json_u64(o, line ? line : 1);
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
}

static void add_result(struct mlp_json_out *o, const struct mlp_report *r,
                       const struct mlp_check *c)
{
    struct mlp_buf words;
    size_t n = 0;
    mlp_buf_init(&words, 1 << 16);
    mlp_check_words(c, &words);
    mlp_json_open(o, '{');
    mlp_json_key(o, "ruleId");
    mlp_json_str(o, c->id);
    mlp_json_key(o, "level");
    bool fails = c->outcome == MLP_FAIL && c->severity == MLP_SEV_ERROR;
    mlp_json_text(o, fails ? "error" : c->severity == MLP_SEV_INFO ? "note" : "warning");
    mlp_json_key(o, "message");
    message(o, words.n ? mlp_buf_str(&words) : c->id);
    mlp_json_key(o, "locations");
    mlp_json_open(o, '[');
    for (const struct mlp_example_row *x = c->examples; x && n < MOST_LOCATIONS; x = x->next, n++)
        add_location(o, mlp_report_uri(r), x->line);
    if (n == 0)
        add_location(o, mlp_report_uri(r), 1);
    mlp_json_close(o, ']');
    mlp_json_close(o, '}');
    mlp_buf_fini(&words);
}

static void add_driver(struct mlp_json_out *o, const struct mlp_report *r)
{
    size_t n = 0;
    mlp_json_key(o, "tool");
    mlp_json_open(o, '{');
    mlp_json_key(o, "driver");
    mlp_json_open(o, '{');
    mlp_json_key(o, "name");
    mlp_json_str(o, r->tool);
    mlp_json_key(o, "version");
    mlp_json_text(o, mlp_version());
    mlp_json_key(o, "rules");
    mlp_json_open(o, '[');
    for (const struct mlp_check *c = r->checks; c && n < MOST_RESULTS; c = c->next) {
        if (c->outcome == MLP_PASS)
            continue;
        add_rule(o, c);
        n++;
    }
    mlp_json_close(o, ']');
    mlp_json_close(o, '}');
    mlp_json_close(o, '}');
}

void mlp_render_sarif(const struct mlp_report *r, struct mlp_buf *out)
{
    struct mlp_json_out o;
    size_t n = 0;
    mlp_json_out_init(&o, out, 1);
    mlp_json_open(&o, '{');
    mlp_json_key(&o, "$schema");
    mlp_json_text(&o, "https://json.schemastore.org/sarif-2.1.0.json");
    mlp_json_key(&o, "version");
    mlp_json_text(&o, "2.1.0");
    mlp_json_key(&o, "runs");
    mlp_json_open(&o, '[');
    mlp_json_open(&o, '{');
    add_driver(&o, r);
    mlp_json_key(&o, "results");
    mlp_json_open(&o, '[');
    for (const struct mlp_check *c = r->checks; c && n < MOST_RESULTS; c = c->next) {
        if (c->outcome == MLP_PASS)
            continue;
        add_result(&o, r, c);
        n++;
    }
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
    mlp_json_close(&o, ']');
    mlp_json_close(&o, '}');
    mlp_buf_addc(out, '\n');
}
