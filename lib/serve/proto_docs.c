/* GET /docs: a page that tells what serves and has a form for each route. It holds no script and
 * no style itself, and asks nobody but this server: its policy (CSP 3) forbids all else. */
#include "serve/routes.h"
#include "text/html.h"

static const char script[] =
    "\"use strict\";\n"
    "function value(input) {\n"
    "  if (input.value === \"\") return null;\n"
    "  return input.dataset.type === \"number\" ? Number(input.value) : input.value;\n"
    "}\n"
    "async function ask(form, path) {\n"
    "  const row = {}, out = form.querySelector(\"output\");\n"
    "  for (const input of form.querySelectorAll(\"input\")) row[input.name] = value(input);\n"
    "  out.textContent = \"...\";\n"
    "  try {\n"
    "    const answer = await fetch(path, {method: \"POST\", body: JSON.stringify(row),\n"
    "      headers: {\"Content-Type\": \"application/json\"}});\n"
    "    out.textContent = JSON.stringify(await answer.json(), null, 2);\n"
    "    out.className = answer.ok ? \"good\" : \"bad\";\n"
    "  } catch (e) {\n"
    "    out.textContent = String(e);\n"
    "    out.className = \"bad\";\n"
    "  }\n"
    "}\n"
    "for (const form of document.querySelectorAll(\"form\"))\n"
    "  form.addEventListener(\"submit\", (event) => {\n"
    "    event.preventDefault();\n"
    "    ask(form, event.submitter && event.submitter.dataset.path || form.dataset.path);\n"
    "  });\n";

static const char style[] =
    ":root{color-scheme:light dark}\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}\n"
    "code,output,td{font-family:ui-monospace,monospace;font-size:.9em}\n"
    "label{display:grid;grid-template-columns:14rem 1fr;gap:1rem;margin:.25rem 0}\n"
    "input,button{font:inherit;padding:.2rem .5rem}\n"
    "output{display:block;white-space:pre-wrap;padding:.5rem 0;min-height:1.5em}\n"
    "output.bad{color:#b00020}\n"
    "td{padding-right:2rem;vertical-align:top;overflow-wrap:anywhere}\n"
    "td:nth-child(-n+2){white-space:nowrap;overflow-wrap:normal}\n";

static void html(struct mlp_asking *q)
{
    q->response->status = 200;
    q->response->content_type = "text/html; charset=utf-8";
    mlp_buf_adds(&q->response->extra,
                 "Content-Security-Policy: default-src 'none'; script-src 'self'; "
                 "style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                 "frame-ancestors 'none'\r\n"
                 "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
}

static void add_path(struct mlp_buf *b, const char *attribute, const char *prefix,
                     const struct mlp_lanes *route)
{
    mlp_buf_addf(b, " %s=\"%s/", attribute, prefix);
    mlp_html_add(b, mlp_str_from(route->name));
    mlp_buf_addc(b, '"');
}

static void add_input(const struct mlp_input *in, struct mlp_buf *b)
{
    const char *type = in->type == MLP_INPUT_TEXT ? "text" : "number";
    mlp_buf_adds(b, "<label><span>");
    mlp_html_add(b, in->name);
    mlp_buf_addf(b, "</span><input data-type=\"%s\" type=\"%s\"%s placeholder=\"missing\" name=\"",
                 type, type, in->type == MLP_INPUT_TEXT ? "" : " step=\"any\"");
    mlp_html_add(b, in->name);
    mlp_buf_adds(b, "\"></label>\n");
}

static void add_form(const struct mlp_lanes *route, bool explain, struct mlp_buf *b)
{
    const struct mlp_model_info *info = route->lane[0].served->info;
    mlp_buf_adds(b, "<form");
    add_path(b, "data-path", "/predict", route);
    mlp_buf_adds(b, ">\n");
    for (size_t i = 0; i < info->ninputs; i++)
        add_input(&info->inputs[i], b);
    mlp_buf_adds(b, "<button>Predict</button>\n");
    if (explain) {
        mlp_buf_adds(b, "<button");
        add_path(b, "data-path", "/explain", route);
        mlp_buf_adds(b, ">Explain</button>\n");
    }
    mlp_buf_adds(b, "<output></output>\n</form>\n");
}

static void add_route(const struct mlp_lanes *route, bool explain, struct mlp_buf *b)
{
    mlp_buf_adds(b, "<h2>");
    mlp_html_add(b, mlp_str_from(route->name));
    mlp_buf_adds(b, "</h2>\n<table>\n");
    for (size_t i = 0; i < route->n; i++) {
        const struct mlp_served *s = route->lane[i].served;
        mlp_buf_addf(b, "<tr><td>%s</td><td>%u %%</td><td>", mlp_arm_name(route->lane[i].role),
                     route->lane[i].weight);
        mlp_html_add(b, s->info->estimator);
        mlp_buf_adds(b, "</td><td>");
        mlp_html_add(b, mlp_str_from(s->digest));
        mlp_buf_adds(b, "</td></tr>\n");
    }
    mlp_buf_adds(b, "</table>\n");
    add_form(route, explain, b);
}

void mlp_on_docs(struct mlp_asking *q)
{
    struct mlp_buf *b = &q->response->body;
    html(q);
    mlp_buf_adds(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width\">\n"
                    "<title>mlp-serve</title>\n<link rel=\"stylesheet\" href=\"/docs/style.css\">\n"
                    "<script src=\"/docs/try.js\" defer></script>\n</head>\n<body>\n"
                    "<h1>Predictions</h1>\n<p>An empty field is a missing value. Programs send "
                    "<code>POST /predict</code> with an object of features or a list of them; all "
                    "routes are in <a href=\"/openapi.json\">openapi.json</a>, the models in "
                    "<a href=\"/model\">/model</a>.</p>\n");
    for (size_t i = 0; i < q->set->nroutes; i++)
        add_route(&q->set->routes[i], q->serve->config.explain, b);
    mlp_buf_adds(b, "</body>\n</html>\n");
}

void mlp_on_docs_script(struct mlp_asking *q)
{
    html(q);
    q->response->content_type = "text/javascript; charset=utf-8";
    mlp_buf_adds(&q->response->body, script);
}

void mlp_on_docs_style(struct mlp_asking *q)
{
    html(q);
    q->response->content_type = "text/css; charset=utf-8";
    mlp_buf_adds(&q->response->body, style);
}
