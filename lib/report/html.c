/* One self-contained page: no script, no request, light and dark, prints. */
#include "report/internal.h"

#include "base/opt.h"
#include "base/time.h"
#include "text/html.h"
#include "text/num.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--fg:#1a1a1a;--bg:#fff;--soft:#667;--line:#ddd;--pass:#176f3d;"
    "--warn:#8a5a00;--fail:#b3261e;--fill:#f6f6f8}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e8e8e8;--bg:#16171a;--soft:#9aa;--line:#333;"
    "--pass:#6fcf97;--warn:#e0b050;--fail:#ff8a80;--fill:#1f2126}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:70rem;"
    "margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.5rem;margin:0 0 .3rem}\n.verdict{font-size:1.15rem;margin:.2rem 0 1rem}\n"
    ".pass{color:var(--pass)}.warn{color:var(--warn)}.fail{color:var(--fail)}\n"
    ".soft{color:var(--soft)}\n"
    "dl{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin:0 0 1.2rem}dl div{min-width:6rem}\n"
    "dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-variant-numeric:tabular-nums}\n"
    "table{border-collapse:collapse;width:100%}th{text-align:left;color:var(--soft);"
    "font-weight:500;font-size:.85rem}\n"
    "td,th{border-top:1px solid var(--line);padding:.35rem .6rem .35rem 0;vertical-align:top}\n"
    "code{font:13px ui-monospace,monospace;background:var(--fill);padding:0 .25rem;"
    "border-radius:3px;overflow-wrap:anywhere}\n"
    ".plots{display:flex;flex-wrap:wrap;gap:1rem 2rem;margin:0 0 1.2rem}figure{margin:0;"
    "max-width:340px}figcaption{font-size:.85rem}svg{max-width:100%;height:auto}\n"
    "svg text{font:11px system-ui,sans-serif;fill:var(--fg)}svg .grid{stroke:var(--line);fill:none}"
    "svg .line{stroke:var(--pass);stroke-width:2;fill:none}svg .guide{stroke:var(--soft);"
    "stroke-dasharray:2 3}svg .line.second{stroke:var(--warn);stroke-dasharray:6 3}"
    "svg .dot{fill:var(--pass);fill-opacity:.5}svg .right{fill:var(--pass)}"
    "svg .wrong{fill:var(--fail)}\n"
    "details{margin:.2rem 0}summary{cursor:pointer;color:var(--soft)}ul{margin:.2rem 0}\n"
    "</style>\n";

static void add_escaped_fact(struct mlp_buf *b, const char *name, struct mlp_str value)
{
    mlp_buf_addf(b, "<div><dt>%s</dt><dd>", name);
    mlp_html_add(b, value);
    mlp_buf_adds(b, "</dd></div>\n");
}

static void add_facts(struct mlp_buf *b, const struct mlp_report *r)
{
    char time[32];
    mlp_buf_adds(b, "<dl>\n");
    for (const struct mlp_measure *m = r->summary; m; m = m->next) {
        mlp_buf_adds(b, "<div><dt>");
        mlp_html_add(b, m->name);
        mlp_buf_adds(b, "</dt><dd>");
        mlp_num_add_json(b, m->value);
        mlp_buf_adds(b, "</dd></div>\n");
    }
    if (r->digest.n)
        add_escaped_fact(b, "digest", r->digest);
    if (r->created) {
        mlp_time_format(r->created, time);
        add_escaped_fact(b, "made", mlp_str_from(time));
    }
    mlp_buf_adds(b, "</dl>\n");
}

static void add_details(struct mlp_buf *b, const struct mlp_check *c)
{
    if (c->message.n) {
        mlp_buf_adds(b, "<br>");
        mlp_html_add(b, c->message);
    }
    if (c->examples) {
        mlp_buf_adds(b, "<details><summary>examples</summary><ul>\n");
        for (const struct mlp_example_row *x = c->examples; x; x = x->next) {
            mlp_buf_adds(b, "<li>");
            if (x->line)
                mlp_buf_addf(b, "line %llu: ", (unsigned long long)x->line);
            mlp_buf_adds(b, "<code>");
            mlp_html_add(b, x->value);
            mlp_buf_adds(b, "</code></li>\n");
        }
        mlp_buf_adds(b, "</ul></details>\n");
    }
    if (!c->measures)
        return;
    mlp_buf_adds(b, "<details><summary>numbers</summary><ul>\n");
    for (const struct mlp_measure *m = c->measures; m; m = m->next) {
        mlp_buf_adds(b, "<li>");
        mlp_html_add(b, m->name);
        mlp_buf_adds(b, ": ");
        mlp_num_add_json(b, m->value);
        mlp_buf_adds(b, "</li>\n");
    }
    mlp_buf_adds(b, "</ul></details>\n");
}

static void add_row(struct mlp_buf *b, const struct mlp_check *c)
{
    const char *word = c->severity == MLP_SEV_INFO ? "info" : mlp_outcome_name(c->outcome);
    const char *class = c->outcome == MLP_FAIL && c->severity != MLP_SEV_ERROR
                            ? "warn" : mlp_outcome_name(c->outcome);
    mlp_buf_addf(b, "<tr><td class=\"%s\">%s</td><td><code>", class, word);
    mlp_html_add(b, c->id);
    mlp_buf_adds(b, "</code>");
    if (c->slice.n) {
        mlp_buf_adds(b, "<br><span class=\"soft\">");
        mlp_html_add(b, c->slice);
        mlp_buf_adds(b, "</span>");
    }
    mlp_buf_adds(b, "</td><td>");
    mlp_html_add(b, c->observed);
    add_details(b, c);
    mlp_buf_adds(b, "</td><td>");
    mlp_html_add(b, c->expected);
    mlp_buf_adds(b, "</td></tr>\n");
}

static void add_table(struct mlp_buf *b, const struct mlp_report *r)
{
    mlp_buf_adds(b, "<table><thead><tr><th>outcome</th><th>check</th><th>observed</th>"
                    "<th>expected</th></tr></thead><tbody>\n");
    for (int outcome = MLP_FAIL; outcome >= MLP_PASS; outcome--)
        for (const struct mlp_check *c = r->checks; c; c = c->next)
            if ((int)c->outcome == outcome)
                add_row(b, c);
    mlp_buf_adds(b, "</tbody></table>\n");
}

static void add_verdict(struct mlp_buf *b, const struct mlp_report *r)
{
    size_t counts[3];
    mlp_report_counts(r, counts);
    mlp_buf_addf(b, "<p class=\"verdict %s\">", mlp_outcome_name(r->outcome));
    if (r->title.n) {
        mlp_html_add(b, r->title);
        mlp_buf_addc(b, ' ');
    }
    mlp_buf_addf(b, "%zu passed, %zu warned, %zu failed.</p>\n", counts[MLP_PASS],
                 counts[MLP_WARNED], counts[MLP_FAIL]);
}

void mlp_render_html(const struct mlp_report *r, struct mlp_buf *b)
{
    mlp_buf_adds(b, head);
    mlp_buf_adds(b, "<title>");
    mlp_html_add(b, mlp_report_uri(r));
    mlp_buf_addf(b, ": %s</title>\n", mlp_outcome_name(r->outcome));
    mlp_buf_adds(b, style);
    mlp_buf_adds(b, "</head><body>\n<h1>");
    mlp_html_add(b, mlp_report_uri(r));
    mlp_buf_adds(b, "</h1>\n");
    add_verdict(b, r);
    add_facts(b, r);
    mlp_buf_addstr(b, r->extra_html);
    add_table(b, r);
    mlp_buf_addf(b, "<p class=\"soft\">%.*s %s</p>\n</body></html>\n", MLP_STR_ARG(r->tool),
                 mlp_version());
}
