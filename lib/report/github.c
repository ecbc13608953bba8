/* Workflow commands that GitHub Actions turns into annotations: one a check that did not pass,
 * at its first place; GitHub shows few a step, so that a command a row would hide the rest. */
#include "report/internal.h"

/* Data and properties escape differently: properties also their separators. */
static void add_escaped(struct mlp_buf *b, struct mlp_str s, bool property)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
        if (special)
            mlp_buf_addf(b, "%%%02X", (unsigned)c);
        else
            mlp_buf_addc(b, c);
    }
}

void mlp_render_github(const struct mlp_report *r, struct mlp_buf *b)
{
    for (const struct mlp_check *c = r->checks; c; c = c->next) {
        if (c->outcome == MLP_PASS)
            continue;
        struct mlp_buf words;
        mlp_buf_init(&words, 1 << 16);
        mlp_check_words(c, &words);
        bool fails = c->outcome == MLP_FAIL && c->severity == MLP_SEV_ERROR;
        mlp_buf_addf(b, "::%s file=",
                     fails ? "error" : c->severity == MLP_SEV_INFO ? "notice" : "warning");
        add_escaped(b, mlp_report_uri(r), true);
        if (c->examples && c->examples->line)
            mlp_buf_addf(b, ",line=%llu", (unsigned long long)c->examples->line);
        mlp_buf_adds(b, ",title=");
        add_escaped(b, c->id, true);
        mlp_buf_adds(b, "::");
        add_escaped(b, mlp_buf_str(&words), false);
        mlp_buf_addc(b, '\n');
        mlp_buf_fini(&words);
    }
    mlp_buf_addf(b, "::notice title=%.*s::", MLP_STR_ARG(r->tool));
    add_escaped(b, mlp_report_uri(r), false);
    mlp_buf_addf(b, ": %s\n", mlp_outcome_name(r->outcome));
}
