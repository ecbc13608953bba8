/* mlp-serve top: what a server does right now, for people. */
#include "verbs.h"

#include "base/file.h"
#include "base/os.h"
#include "base/term.h"
#include "http/client.h"
#include "top.h"

#include <stdio.h>
#include <string.h>

#define FETCH_MS 5000u

enum { ONCE, INTERVAL, HEADER, CA };

static const struct mlp_opt options[] = {
    [ONCE] = {"once", '1', MLP_OPT_FLAG, NULL, "print one table after one interval, and end", NULL,
              NULL, false},
    [INTERVAL] = {"interval", 'i', MLP_OPT_SECONDS, "TIME", "between two looks", NULL, "1s", false},
    [HEADER] = {"header", 0, MLP_OPT_TEXT, "LINE",
                "a field of each request, such as \"Authorization: Bearer ...\"", NULL, NULL, true},
    [CA] = {"ca", 0, MLP_OPT_FILE, "FILE", "the authorities of the server's certificate (PEM)",
            NULL, NULL, false},
    {0},
};

/* What is asked, and the last two answers. */
struct watch {
    struct mlp_client *client;
    const char *shown;           /* as the user wrote it */
    char url[1024];
    struct mlp_buf headers;
    struct top_page pages[2];
    struct top_page *before, *now;
};

static bool take_body(void *ctx, const void *p, size_t n)
{
    struct mlp_buf *b = ctx;
    mlp_buf_add(b, p, n);
    return !b->failed;
}

/* Another look: `now` becomes `before`, unless there is no answer. */
static enum mlp_code look(struct watch *w, struct mlp_err *e)
{
    struct top_page *next = w->before;
    int status = 0;
    mlp_buf_reset(&next->text);
    next->at_ns = 0;
    const struct mlp_fetch f = {.url = w->url, .headers = w->headers.n ? w->headers.p : NULL,
                                .max_bytes = next->text.max, .body = take_body,
                                .ctx = &next->text};
    enum mlp_code code = mlp_client_fetch(w->client, &f, &status, e);
    if (code == MLP_OK && status != 200)
        code = mlp_err_set(e, MLP_EREMOTE, "%s answers %d", w->url, status);
    if (code == MLP_OK)
        code = top_page_read(next, e);
    if (code != MLP_OK)
        return code;
    next->at_ns = mlp_os_monotonic_ns();
    w->before = w->now;
    w->now = next;
    return MLP_OK;
}

static struct top_span span_of(const struct watch *w)
{
    struct top_span s = {w->before, w->now, 0};
    if (s.before->at_ns && s.now->at_ns)
        s.seconds = (double)(s.now->at_ns - s.before->at_ns) * 1e-9;
    return s;
}

static enum mlp_code show(const struct watch *w, const char *trouble,
                          const struct top_style *style, struct mlp_err *e)
{
    struct mlp_buf b;
    const struct top_span s = span_of(w);
    mlp_buf_init(&b, 1 << 20);
    if (style->rows)
        mlp_buf_adds(&b, "\x1b[H");
    top_paint(&s, w->shown, trouble, style, &b);
    if (style->rows)
        mlp_buf_adds(&b, "\x1b[J");
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = mlp_file_write("-", mlp_buf_str(&b), 0, e);
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code print_once(struct watch *w, unsigned ms, struct mlp_err *e)
{
    const struct top_style style = {.end = "\n"};
    enum mlp_code code = look(w, e);
    if (code == MLP_OK) {
        mlp_os_sleep_ms(ms);
        code = look(w, e);
    }
    return code == MLP_OK ? show(w, NULL, &style, e) : code;
}

/* The alternate screen, without a cursor; and back. */
static enum mlp_code switch_screen(bool on, struct mlp_err *e)
{
    struct mlp_str text = on ? MLP_STR("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J")
                             : MLP_STR("\x1b[?25h\x1b[?1049l");
    return mlp_file_write("-", text, 0, e);
}

/* Waits until the next look is due; paints again when the size changes. False: it is to end. */
static bool pause_until(const struct watch *w, uint64_t due_ns, const char *trouble,
                        struct top_style *style)
{
    for (;;) {
        uint64_t now = mlp_os_monotonic_ns();
        enum mlp_term_event event = mlp_term_wait(
            now < due_ns ? (unsigned)((due_ns - now) / 1000000) + 1 : 0);
        if (event != MLP_TERM_RESIZED)
            return event == MLP_TERM_TIME;
        mlp_term_size(1, &style->rows, &style->columns);
        if (show(w, trouble, style, NULL) != MLP_OK)
            return false;
    }
}

static enum mlp_code watch_on(struct watch *w, unsigned ms, struct mlp_err *e)
{
    struct top_style style = {24, 80, mlp_colour(1), "\x1b[K\n"};
    struct mlp_err why;
    bool on = true;
    mlp_term_size(1, &style.rows, &style.columns);
    mlp_term_hold();
    enum mlp_code code = switch_screen(true, e);
    while (on && code == MLP_OK) {
        uint64_t due = mlp_os_monotonic_ns() + ms * 1000000ull;
        mlp_err_init(&why);
        const char *trouble = look(w, &why) == MLP_OK ? NULL : why.message;
        code = show(w, trouble, &style, e);
        on = code == MLP_OK && pause_until(w, due, trouble, &style);
    }
    enum mlp_code back = switch_screen(false, code == MLP_OK ? e : NULL);
    return code == MLP_OK ? back : code;
}

/* "http://host" and "unix:/socket" mean their /metrics. */
static enum mlp_code set_url(struct watch *w, const char *text, struct mlp_err *e)
{
    struct mlp_str s = mlp_str_from(text);
    bool local = mlp_str_starts(s, "unix:");
    const char *scheme = local || strstr(text, "://") ? "" : "http://";
    size_t skip = local ? 5 : strlen(scheme) ? 0 : (size_t)(strstr(text, "://") - text) + 3;
    const char *target = strchr(text + skip, local ? ':' : '/');
    const char *path = target && target[1] ? "" : local ? ":/metrics" : "/metrics";
    int n = (int)(target && !target[1] ? s.n - 1 : s.n);
    w->shown = text;
    int most = snprintf(w->url, sizeof w->url, "%s%.*s%s", scheme, n, text, path);
    return most > 0 && (size_t)most < sizeof w->url
               ? MLP_OK
               : mlp_err_set(e, MLP_EUSAGE, "the URL is too long");
}

static enum mlp_code begin(struct watch *w, const struct mlp_cmd *cmd, struct mlp_err *e)
{
    const struct mlp_client_config config = {.timeout_ms = FETCH_MS, .ca = mlp_opt_text(cmd, CA)};
    mlp_buf_init(&w->headers, 1 << 16);
    for (size_t i = 0; i < 2; i++)
        top_page_init(&w->pages[i]);
    w->before = &w->pages[0];
    w->now = &w->pages[1];
    for (size_t i = 0; mlp_opt_nth(cmd, HEADER, i); i++)
        mlp_buf_addf(&w->headers, "%s\r\n", mlp_opt_nth(cmd, HEADER, i));
    enum mlp_code code = set_url(w, mlp_operand(cmd, 0, "http://127.0.0.1:8080"), e);
    if (code == MLP_OK)
        code = mlp_buf_check(&w->headers, e);
    return code == MLP_OK ? mlp_client_new(&config, &w->client, e) : code;
}

static enum mlp_code run(struct mlp_cmd *cmd, struct mlp_err *e)
{
    struct watch w = {0};
    double seconds = mlp_opt_number(cmd, INTERVAL, 1);
    if (!(seconds >= 0.1 && seconds <= 3600))
        return mlp_err_set(e, MLP_EUSAGE, "--interval is 0.1 s to 1 h");
    unsigned ms = (unsigned)(seconds * 1000);
    enum mlp_code code = begin(&w, cmd, e);
    if (code == MLP_OK)
        code = mlp_opt_flag(cmd, ONCE) || !mlp_os_isatty(1) ? print_once(&w, ms, e)
                                                            : watch_on(&w, ms, e);
    mlp_client_free(w.client);
    for (size_t i = 0; i < 2; i++)
        top_page_fini(&w.pages[i]);
    mlp_buf_fini(&w.headers);
    return code;
}

static const struct mlp_example examples[] = {
    {"The figures of five seconds, once; without --once until Ctrl-C.",
     "mlp-serve model.joblib & sleep 1; mlp-serve top --once -i 5s http://127.0.0.1:8080; kill $!"},
    {0},
};

const struct mlp_verb verb_top = {
    .name = "top",
    .summary = "what a server does right now, for people",
    .operands = "[URL|unix:PATH]",
    .max_operands = 1,
    .about = "Reads the server's /metrics again and again and shows what lies between: requests,\n"
             "errors by status, latencies as estimated from the histogram, connections, memory\n"
             "and CPU, then a line for each arm of each route with its share and its rows, how\n"
             "often a shadow says something else, and the features that drift most. On a\n"
             "terminal it goes on until Ctrl-C; else, or with --once, it prints one table and\n"
             "ends. A server that does not answer is asked again.",
    .opts = options,
    .examples = examples,
    .run = run,
};
