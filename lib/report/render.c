/* What the renderers share, and the choice among them. */
#include "report/internal.h"

#include "base/file.h"

#define RENDER_MAX ((size_t)256 << 20)

static const struct {
    const char *name, *ending;
} formats[] = {
    [MLP_REPORT_TEXT] = {"text", ".txt"},   [MLP_REPORT_JSON] = {"json", ".json"},
    [MLP_REPORT_JUNIT] = {"junit", ".xml"}, [MLP_REPORT_SARIF] = {"sarif", ".sarif"},
    [MLP_REPORT_GITHUB] = {"github", NULL}, [MLP_REPORT_HTML] = {"html", ".html"},
    [MLP_REPORT_PROM] = {"prom", ".prom"},
};
#define NFORMATS (sizeof formats / sizeof *formats)

bool mlp_report_format_parse(struct mlp_str name, enum mlp_report_format *format)
{
    for (size_t i = 0; i < NFORMATS; i++) {
        if (mlp_str_is(name, formats[i].name)) {
            *format = (enum mlp_report_format)i;
            return true;
        }
    }
    return false;
}

const char *mlp_severity_name(enum mlp_severity s)
{
    static const char *const names[] = {"error", "warn", "info"};
    return names[s];
}

void mlp_report_counts(const struct mlp_report *r, size_t counts[3])
{
    counts[0] = counts[1] = counts[2] = 0;
    for (const struct mlp_check *c = r->checks; c; c = c->next) {
        bool warns = c->outcome == MLP_FAIL && c->severity != MLP_SEV_ERROR;
        counts[warns ? MLP_WARNED : c->outcome]++;
    }
}

struct mlp_str mlp_report_uri(const struct mlp_report *r)
{
    return r->subject.n ? r->subject : r->tool;
}

void mlp_check_words(const struct mlp_check *c, struct mlp_buf *out)
{
    if (c->message.n) {
        mlp_buf_addstr(out, c->message);
        return;
    }
    if (c->column.n)
        mlp_buf_addf(out, "%.*s: ", MLP_STR_ARG(c->column));
    mlp_buf_addf(out, "%.*s", MLP_STR_ARG(c->observed));
    if (c->expected.n)
        mlp_buf_addf(out, ", expected %.*s", MLP_STR_ARG(c->expected));
    if (c->slice.n)
        mlp_buf_addf(out, " (%.*s)", MLP_STR_ARG(c->slice));
}

void mlp_report_render(const struct mlp_report *r, enum mlp_report_format format, bool colour,
                       struct mlp_buf *out)
{
    out->failed = out->failed || r->failed;
    switch (format) {
    case MLP_REPORT_TEXT: mlp_render_text(r, colour, out); break;
    case MLP_REPORT_JSON: mlp_render_json(r, out); break;
    case MLP_REPORT_JUNIT: mlp_render_junit(r, out); break;
    case MLP_REPORT_SARIF: mlp_render_sarif(r, out); break;
    case MLP_REPORT_GITHUB: mlp_render_github(r, out); break;
    case MLP_REPORT_HTML: mlp_render_html(r, out); break;
    case MLP_REPORT_PROM: mlp_render_prom(r, out); break;
    }
}

/* "FORMAT:FILE" or "FILE"; a word before the colon that names no format belongs to the file. */
static const char *split_spec(const char *spec, enum mlp_report_format *format)
{
    const char *colon = strchr(spec, ':');
    if (colon && mlp_report_format_parse((struct mlp_str){spec, (size_t)(colon - spec)}, format))
        return colon + 1;
    *format = MLP_REPORT_TEXT;
    for (size_t i = 0; i < NFORMATS; i++)
        if (formats[i].ending && mlp_str_ends(mlp_str_from(spec), formats[i].ending))
            *format = (enum mlp_report_format)i;
    return spec;
}

enum mlp_code mlp_report_save(const struct mlp_report *r, const char *spec, struct mlp_err *e)
{
    enum mlp_report_format format;
    const char *path = split_spec(spec, &format);
    struct mlp_buf b;
    mlp_buf_init(&b, RENDER_MAX);
    bool colour = format == MLP_REPORT_TEXT && strcmp(path, "-") == 0 && mlp_os_isatty(1);
    mlp_report_render(r, format, colour, &b);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_file_write(path, mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    return code;
}
