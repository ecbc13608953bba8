/* How the columns are distributed, drawn into the page of a report. */
#include "check.h"

#include "report/plot.h"

#define MOST_DRAWN 200
#define PAGE_BYTES ((size_t)32 << 20)

static bool is_page(const char *spec)
{
    struct mlp_str s = mlp_str_from(spec);
    return mlp_str_starts(s, "html:") || mlp_str_ends(s, ".html");
}

enum mlp_code check_draw_start(struct check_run *run, struct mlp_err *e)
{
    const char *spec;
    bool wanted = false;
    for (size_t i = 0; (spec = mlp_opt_nth(run->cmd, OPT_REPORT, i)) != NULL; i++)
        wanted = wanted || is_page(spec);
    mlp_profiler_free(run->drawn);
    run->drawn = NULL;
    return wanted ? mlp_profiler_new(NULL, &run->drawn, e) : MLP_OK;
}

static void draw(struct mlp_buf *b, const struct mlp_profile *p)
{
    mlp_buf_adds(b, "<div class=\"plots\">\n");
    for (size_t i = 0; i < p->ncols && i < MOST_DRAWN; i++)
        mlp_plot_column(b, &p->cols[i]);
    mlp_buf_adds(b, "</div>\n");
    if (p->ncols > MOST_DRAWN)
        mlp_buf_addf(b, "<p class=\"soft\">and %zu columns more</p>\n", p->ncols - MOST_DRAWN);
}

enum mlp_code check_draw(struct check_run *run, struct mlp_report *report, struct mlp_err *e)
{
    struct mlp_profile p = {0};
    struct mlp_buf b;
    if (!run->drawn)
        return MLP_OK;
    mlp_buf_init(&b, PAGE_BYTES);
    enum mlp_code code = mlp_profiler_finish(run->drawn, &p, e);
    mlp_profiler_free(run->drawn);
    run->drawn = NULL;
    if (code == MLP_OK) {
        draw(&b, &p);
        code = mlp_buf_check(&b, e);
    }
    if (code == MLP_OK) {
        report->extra_html = mlp_arena_str(&report->arena, mlp_buf_str(&b));
        code = report->extra_html.p ? MLP_OK : mlp_err_nomem(e);
    }
    mlp_profile_fini(&p);
    mlp_buf_fini(&b);
    return code;
}
