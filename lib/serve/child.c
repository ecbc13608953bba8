/* child.c: the life of a command and its rows in flight (child.h). */
#include "serve/child.h"

#include "base/os.h"

#include <stdarg.h>
#include <stdlib.h>

#define USUAL_TIMEOUT 30000u
#define USUAL_STARTS 5u
#define USUAL_WINDOW 256u
#define USUAL_LINE ((size_t)1 << 20)
#define READ_BYTES ((size_t)64 << 10)
#define FIRST_DELAY 100u
#define LONGEST_DELAY 5000u
#define GRACE 2000u
#define ANSWERS_MAX ((size_t)1 << 30)

struct mlp_child {
    struct mlp_child_config config;
    struct mlp_process process;  /* pid 0: not running */
    unsigned starts;             /* since the last answer */
    uint64_t restarts;
    struct mlp_buf in;           /* read, without the lines that were taken */
    struct mlp_buf err;          /* of stderr, not logged yet */
    struct mlp_buf text;         /* of the answers of one ask */
    bool deaf;                   /* it closed its stdin */
    char why[160];               /* the last end */
};

/* Rows on their way: [answered, sent) are in flight, of row `sent` offset bytes are written. */
struct flight {
    const struct mlp_str *rows;
    struct mlp_answer *answers;
    size_t n, answered, sent, offset;
    uint64_t deadline;
};

/* --- the log --- */

static void tell(const struct mlp_child *c, enum mlp_level level, const char *event,
                 const char *text)
{
    const struct mlp_log_field fields[] = {
        {"command", c->config.command, 0}, {"text", text, 0}, {0}};
    if (c->config.log)
        mlp_log_line(c->config.log, level, event, fields);
}

/* Whole lines of stderr; all that is left when `rest`. */
static void log_lines(struct mlp_child *c, bool rest)
{
    struct mlp_str left = mlp_buf_str(&c->err);
    char line[1000];
    for (;;) {
        size_t n = mlp_str_find(left, '\n');
        if (left.n == 0 || (n == left.n && !rest && n < sizeof line - 1))
            break;
        mlp_str_copy((struct mlp_str){left.p, n}, line, sizeof line);
        tell(c, MLP_INFO, "child", line);
        n += n < left.n;
        left = (struct mlp_str){left.p + n, left.n - n};
    }
    memmove(c->err.p ? c->err.p : line, left.p, left.n);
    c->err.n = left.n;
}

static void read_stderr(struct mlp_child *c)
{
    size_t got;
    bool end;
    char *p = mlp_buf_reserve(&c->err, READ_BYTES);
    if (!p || mlp_os_read_now(c->process.err, p, READ_BYTES, &got, &end, NULL))
        return;
    c->err.n += got;
    log_lines(c, end);
    if (end) {
        mlp_os_close(c->process.err, NULL);
        c->process.err = -1;
    }
}

/* --- starting and ending --- */

static void start_delay(const struct mlp_child *c)
{
    unsigned ms = FIRST_DELAY;
    for (unsigned i = 1; i < c->starts && ms < LONGEST_DELAY; i++)
        ms *= 2;
    if (c->starts)
        mlp_os_sleep_ms(ms < LONGEST_DELAY ? ms : LONGEST_DELAY);
}

static enum mlp_code start(struct mlp_child *c, struct mlp_err *e)
{
    if (c->starts >= c->config.starts) {
        mlp_err_set(e, MLP_EREMOTE, "%s: started %u times without an answer; the last time it %s",
                    c->config.command, c->starts, c->why);
        return mlp_err_hint(e, "run it by hand with one row of JSON on its stdin; it must write "
                               "one line of JSON for each, and flush it");
    }
    start_delay(c);
    c->starts++;
    mlp_buf_reset(&c->in);
    c->deaf = false;
    return mlp_os_spawn(c->config.command, c->config.log != NULL, &c->process, e);
}

static void say_end(struct mlp_child *c, const char *why, int status)
{
    if (why)
        snprintf(c->why, sizeof c->why, "%s", why);
    else if (status > 128)
        snprintf(c->why, sizeof c->why, "was killed by signal %d", status - 128);
    else
        snprintf(c->why, sizeof c->why, "ended with status %d", status);
}

/* Kills it for `why`; NULL: it ended by itself, and its status tells. */
static void stop(struct mlp_child *c, const char *why)
{
    int status = 0;
    if (c->process.err >= 0)
        read_stderr(c);
    log_lines(c, true);
    if (!mlp_os_end(&c->process, why ? 0 : 200, &status) && !why)
        why = "closed its stdout";
    say_end(c, why, status);
    c->restarts++;
    tell(c, MLP_WARN, "child_ended", c->why);
}

/* --- rows and answers --- */

static void keep_answer(struct mlp_child *c, struct flight *f, struct mlp_str line, bool failed)
{
    f->answers[f->answered++] = (struct mlp_answer){{NULL, line.n}, failed, c->text.n};
    mlp_buf_addstr(&c->text, line);
    f->deadline = mlp_os_monotonic_ns() + (uint64_t)c->config.timeout_ms * 1000000u;
}

/* The oldest row in flight gets the reason; the others go to the next start. */
static void fail(struct mlp_child *c, struct flight *f, const char *why)
{
    char text[240];
    stop(c, why);
    snprintf(text, sizeof text, "the model %s", c->why);
    if (f->sent > f->answered || f->offset)
        keep_answer(c, f, mlp_str_from(text), true);
    f->sent = f->answered;
    f->offset = 0;
}

/* Takes the whole lines that were read. False when the command broke the contract. */
static bool take_lines(struct mlp_child *c, struct flight *f, const char **why)
{
    struct mlp_str left = mlp_buf_str(&c->in);
    *why = NULL;
    for (size_t n; (n = mlp_str_find(left, '\n')) < left.n;) {
        if (f->answered == f->sent || n > c->config.line_bytes)
            break;
        keep_answer(c, f, (struct mlp_str){left.p, n - (n && left.p[n - 1] == '\r')}, false);
        left = (struct mlp_str){left.p + n + 1, left.n - n - 1};
        c->starts = 0;
    }
    if (left.n > c->config.line_bytes && f->answered < f->sent)
        *why = "wrote a line that is too long";
    if (left.n)
        memmove(c->in.p, left.p, left.n);
    c->in.n = left.n;
    return !*why;
}

static enum mlp_code too_many(const struct mlp_child *c, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EREMOTE, "%s wrote more lines than it got rows: its answers may belong to "
                                "other rows", c->config.command);
    return mlp_err_hint(e, "write one line for each row, and everything else to stderr");
}

static enum mlp_code receive(struct mlp_child *c, struct flight *f, struct mlp_err *e)
{
    size_t got = 0;
    bool end = false;
    const char *why = "could not be read";
    char *p = mlp_buf_reserve(&c->in, READ_BYTES);
    bool good = p && !mlp_os_read_now(c->process.out, p, READ_BYTES, &got, &end, NULL);
    c->in.n += got;
    good = good && take_lines(c, f, &why);
    bool extra = good && f->answered == f->sent && c->in.n;
    if (extra)
        stop(c, "wrote a line that answers no row");
    else if (!good || end)
        fail(c, f, good ? NULL : why);
    return extra ? too_many(c, e) : MLP_OK;
}

static void send_rows(struct mlp_child *c, struct flight *f)
{
    while (f->sent < f->n && f->sent - f->answered < c->config.window) {
        struct mlp_str row = f->rows[f->sent];
        bool line_end = f->offset == row.n;
        size_t done = 0;
        /* A command that closed its stdin is told by its stdout, or by the time. */
        c->deaf = mlp_os_write_now(c->process.in, line_end ? "\n" : row.p + f->offset,
                                   line_end ? 1 : row.n - f->offset, &done, NULL) != MLP_OK;
        if (!done)
            return;
        f->offset = line_end ? 0 : f->offset + done;
        f->sent += line_end;
    }
}

static unsigned time_left(const struct flight *f)
{
    uint64_t now = mlp_os_monotonic_ns();
    return now >= f->deadline ? 0 : (unsigned)((f->deadline - now) / 1000000u) + 1;
}

static enum mlp_code step(struct mlp_child *c, struct flight *f, struct mlp_err *e)
{
    bool more = !c->deaf && f->sent < f->n && f->sent - f->answered < c->config.window;
    struct mlp_ready r[] = {{c->process.out, false, false}, {c->process.err, false, false},
                            {more ? c->process.in : -1, true, false}};
    unsigned left = time_left(f);
    char why[80];
    if (mlp_os_poll(r, sizeof r / sizeof r[0], left, e))
        return e->code;
    if (r[1].ready)
        read_stderr(c);
    if (r[2].ready)
        send_rows(c, f);
    if (r[0].ready && receive(c, f, e))
        return e->code;
    if (left || r[0].ready)
        return MLP_OK;
    snprintf(why, sizeof why, "gave no answer within %g s", c->config.timeout_ms / 1000.0);
    fail(c, f, why);
    return MLP_OK;
}

enum mlp_code mlp_child_ask(struct mlp_child *c, const struct mlp_str *rows, size_t n,
                            struct mlp_answer *answers, size_t *done, struct mlp_err *e)
{
    struct flight f = {.rows = rows, .answers = answers, .n = n};
    enum mlp_code code = MLP_OK;
    mlp_buf_reset(&c->text);
    while (!code && f.answered < n) {
        bool fresh = !c->process.pid;
        code = fresh ? start(c, e) : MLP_OK;
        if (fresh || !f.deadline)
            f.deadline = mlp_os_monotonic_ns() + (uint64_t)c->config.timeout_ms * 1000000u;
        if (!code)
            code = step(c, &f, e);
    }
    for (size_t i = 0; i < f.answered; i++)
        answers[i].line.p = mlp_buf_str(&c->text).p + answers[i].at;
    *done = f.answered;
    return code ? code : mlp_buf_check(&c->text, e);
}

void mlp_child_idle(struct mlp_child *c, unsigned timeout_ms)
{
    struct mlp_ready r = {c->process.err, false, false};
    if (!mlp_os_poll(&r, 1, timeout_ms, NULL) && r.ready)
        read_stderr(c);
}

enum mlp_code mlp_child_finish(struct mlp_child *c, struct mlp_err *e)
{
    uint64_t end = mlp_os_monotonic_ns() + (uint64_t)GRACE * 1000000u;
    bool over = !c->process.pid;
    if (over)
        return MLP_OK;
    mlp_os_close(c->process.in, NULL);
    c->process.in = -1;
    while (!over && c->in.n == 0 && mlp_os_monotonic_ns() < end) {
        struct mlp_ready r[] = {{c->process.out, false, false}, {c->process.err, false, false}};
        size_t got = 0;
        char *p = mlp_buf_reserve(&c->in, READ_BYTES);
        if (!p || mlp_os_poll(r, 2, 50, e))
            return mlp_err_nomem(e);
        if (r[1].ready)
            read_stderr(c);
        if (r[0].ready && mlp_os_read_now(c->process.out, p, READ_BYTES, &got, &over, NULL))
            over = true;
        c->in.n += got;
    }
    return c->in.n ? too_many(c, e) : MLP_OK;
}

/* --- life --- */

enum mlp_code mlp_child_open(const struct mlp_child_config *config, struct mlp_child **out,
                             struct mlp_err *e)
{
    struct mlp_child *c = calloc(1, sizeof *c);
    *out = c;
    if (!c)
        return mlp_err_nomem(e);
    struct mlp_child_config *to = &c->config;
    *to = *config;
    to->timeout_ms = to->timeout_ms ? to->timeout_ms : USUAL_TIMEOUT;
    to->starts = to->starts ? to->starts : USUAL_STARTS;
    to->window = to->window ? to->window : USUAL_WINDOW;
    to->line_bytes = to->line_bytes ? to->line_bytes : USUAL_LINE;
    c->process = (struct mlp_process){0, -1, -1, -1};
    mlp_buf_init(&c->in, to->line_bytes + 2 * READ_BYTES);
    mlp_buf_init(&c->err, 4 * READ_BYTES);
    mlp_buf_init(&c->text, ANSWERS_MAX);
    return start(c, e);
}

uint64_t mlp_child_restarts(const struct mlp_child *c)
{
    return c->restarts;
}

void mlp_child_close(struct mlp_child *c)
{
    if (!c)
        return;
    bool told = c->process.in < 0;
    if (c->process.in >= 0) {
        mlp_os_close(c->process.in, NULL);
        c->process.in = -1;
    }
    log_lines(c, true);
    mlp_os_end(&c->process, told ? 100 : GRACE, NULL);
    mlp_buf_fini(&c->in);
    mlp_buf_fini(&c->err);
    mlp_buf_fini(&c->text);
    free(c);
}
