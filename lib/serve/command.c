/* command.c: the queue before a command, and its thread (command.h). */
#include "serve/command.h"

#include "base/thread.h"
#include "base/vec.h"
#include "serve/command_forms.h"
#include "text/json.h"

#include <stdlib.h>

#define MOST_ROWS_AT_ONCE 256u
#define BODY_MAX ((size_t)256 << 20)

struct mlp_command {
    struct mlp_child_config config;
    mlp_job_done *done;
    struct mlp_monitor *monitor;
    struct mlp_thread *thread;
    struct mlp_job *first, *last; /* guarded, as the next two */
    size_t waiting;              /* rows */
    bool stop;
    struct mlp_child *child;     /* of the thread */
};

/* --- requests --- */

static enum mlp_code bad_shape(struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "a body is an object of features or a list of rows");
    return mlp_err_hint(e, "{\"a\": 1} or [{\"a\": 1}, ...] or {\"instances\": [...]}");
}

static enum mlp_code push_row(struct mlp_vec *rows, const char *p, size_t n, struct mlp_err *e)
{
    struct mlp_str *row = mlp_vec_push(rows);
    if (!row)
        return mlp_err_nomem(e);
    *row = (struct mlp_str){p, n};
    return MLP_OK;
}

/* The rows of a list whose bracket has been read. */
static enum mlp_code read_list(struct mlp_json *j, struct mlp_vec *rows, struct mlp_err *e)
{
    struct mlp_json_token t;
    for (;;) {
        if (mlp_json_next(j, &t, e))
            return e->code;
        if (t.type == MLP_JSON_ARRAY_END)
            return MLP_OK;
        if (t.type != MLP_JSON_OBJECT && t.type != MLP_JSON_ARRAY)
            return bad_shape(e);
        if (mlp_json_skip(j, &t, e))
            return e->code;
        if (push_row(rows, j->text + t.offset, (size_t)(j->p - j->text) - t.offset, e))
            return e->code;
    }
}

/* What the first member of an object says that the whole of it is. */
enum form { FORM_ROW, FORM_LIST, FORM_COLUMNS, FORM_SPLIT };

/* *j goes behind the bracket of the member's value, unless the object is a row. */
static enum form form_of(struct mlp_json *j)
{
    struct mlp_json look = *j;
    struct mlp_json_token key, value;
    struct mlp_err ignored;
    mlp_err_init(&ignored);
    if (mlp_json_next(&look, &key, &ignored) || key.type != MLP_JSON_KEY ||
        mlp_json_next(&look, &value, &ignored))
        return FORM_ROW;
    bool inputs = mlp_str_is(key.raw, "inputs"), list = value.type == MLP_JSON_ARRAY;
    bool map = value.type == MLP_JSON_OBJECT;
    enum form form = FORM_ROW;
    if (list && (inputs || mlp_str_is(key.raw, "instances") ||
                 mlp_str_is(key.raw, "dataframe_records")))
        form = FORM_LIST;
    else if (map && inputs)
        form = FORM_COLUMNS;
    else if (map && mlp_str_is(key.raw, "dataframe_split"))
        form = FORM_SPLIT;
    if (form != FORM_ROW)
        *j = look;
    return form;
}

/* Other members of an object, such as "params", are passed over. */
static enum mlp_code end_object(struct mlp_json *j, struct mlp_err *e)
{
    struct mlp_json_token t;
    for (;;) {
        if (mlp_json_next(j, &t, e))
            return e->code;
        if (t.type == MLP_JSON_OBJECT_END)
            return MLP_OK;
        if (mlp_json_next(j, &t, e) || mlp_json_skip(j, &t, e))
            return e->code;
    }
}

/* The lines that a form became, instead of the body that it came in. */
static enum mlp_code take_lines(struct mlp_job *job, struct mlp_buf *lines, struct mlp_vec *rows,
                                struct mlp_err *e)
{
    struct mlp_str rest, line;
    mlp_buf_fini(&job->body);
    job->body = *lines;
    rest = mlp_buf_str(&job->body);
    while (rest.n && mlp_str_split(&rest, '\n', &line))
        if (push_row(rows, line.p, line.n, e))
            return e->code;
    return MLP_OK;
}

/* An object is a row, unless its first member is that of a form of MLflow or TF Serving: rows, or
 * lines that are made of columns. */
static enum mlp_code read_object(struct mlp_json *j, const struct mlp_json_token *open,
                                 bool *single, struct mlp_vec *rows, struct mlp_buf *lines,
                                 struct mlp_err *e)
{
    enum mlp_code code;
    switch (form_of(j)) {
    case FORM_LIST: code = read_list(j, rows, e); break;
    case FORM_SPLIT: code = mlp_forms_split(j, lines, e); break;
    case FORM_COLUMNS: code = mlp_forms_columns(j, lines, e); break;
    default:
        *single = true;
        code = mlp_json_skip(j, open, e);
        return code ? code : push_row(rows, j->text + open->offset,
                                      (size_t)(j->p - j->text) - open->offset, e);
    }
    return code ? code : end_object(j, e);
}

static enum mlp_code read_body(struct mlp_job *job, struct mlp_vec *rows, struct mlp_err *e)
{
    struct mlp_json j;
    struct mlp_json_token t;
    struct mlp_buf lines;
    mlp_buf_init(&lines, BODY_MAX);
    mlp_json_init(&j, mlp_buf_str(&job->body), 64);
    if (mlp_json_next(&j, &t, e))
        return e->code;
    enum mlp_code code = t.type == MLP_JSON_OBJECT
                             ? read_object(&j, &t, &job->single, rows, &lines, e)
                         : t.type == MLP_JSON_ARRAY ? read_list(&j, rows, e)
                                                    : bad_shape(e);
    if (!code)
        code = mlp_json_next(&j, &t, e);
    if (!code && lines.n)
        return take_lines(job, &lines, rows, e);
    mlp_buf_fini(&lines);
    return code;
}

/* Line breaks in JSON are white space: within texts they are escaped. */
static void join_lines(struct mlp_buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->p[i] == '\n' || b->p[i] == '\r')
            b->p[i] = ' ';
}

enum mlp_code mlp_job_new(struct mlp_str body, struct mlp_job **out, struct mlp_err *e)
{
    struct mlp_job *job = *out = calloc(1, sizeof *job);
    struct mlp_vec rows;
    if (!job)
        return mlp_err_nomem(e);
    mlp_buf_init(&job->body, BODY_MAX);
    mlp_buf_addstr(&job->body, body);
    mlp_vec_init(&rows, sizeof(struct mlp_str));
    enum mlp_code code = mlp_buf_check(&job->body, e);
    join_lines(&job->body);
    if (!code)
        code = read_body(job, &rows, e);
    job->rows = rows.p;
    job->n = rows.n;
    return code;
}

void mlp_job_free(struct mlp_job *job)
{
    if (!job)
        return;
    mlp_buf_fini(&job->body);
    mlp_buf_fini(&job->names.model);
    mlp_buf_fini(&job->names.id);
    free(job->rows);
    free(job);
}

/* --- answers --- */

static int error_answer(struct mlp_buf *out, const struct mlp_job *job, size_t row, bool failed,
                        const char *text)
{
    struct mlp_buf message;
    mlp_buf_init(&message, 1024);
    if (!job->single)
        mlp_buf_addf(&message, "row %zu: ", row + 1);
    mlp_buf_adds(&message, text);
    mlp_buf_reset(out);
    if (job->plain) {
        mlp_buf_addstr(out, mlp_buf_str(&message));
    } else {
        mlp_buf_adds(out, "{\"error\":");
        mlp_buf_addquoted(out, mlp_buf_str(&message));
        mlp_buf_adds(out, "}\n");
    }
    mlp_buf_fini(&message);
    return failed ? 503 : 400;
}

static int single_answer(const struct mlp_job *job, const struct mlp_reply *r, struct mlp_buf *out)
{
    mlp_buf_adds(out, "{\"prediction\":");
    mlp_buf_addstr(out, r->prediction);
    if (r->probabilities.n && job->probabilities) {
        mlp_buf_adds(out, ",\"probabilities\":");
        mlp_buf_addstr(out, r->probabilities);
    }
    mlp_buf_adds(out, "}\n");
    return 200;
}

/* One of the two lists of a list's answer. */
static void add_list(const struct mlp_answer *answers, size_t n, bool probabilities,
                     struct mlp_buf *out)
{
    struct mlp_reply r;
    for (size_t i = 0; i < n; i++) {
        mlp_reply_read(&answers[i], &r);
        struct mlp_str part = probabilities ? r.probabilities : r.prediction;
        mlp_buf_addc(out, i ? ',' : '[');
        mlp_buf_addstr(out, part.n ? part : MLP_STR("null"));
    }
    mlp_buf_adds(out, n ? "]" : "[]");
}

/* Answers to all rows of a job as one body; its status. */
static int whole_answer(const struct mlp_job *job, const struct mlp_answer *answers,
                        struct mlp_buf *out)
{
    struct mlp_reply r;
    for (size_t i = 0; i < job->n; i++)
        if (!mlp_reply_read(&answers[i], &r))
            return error_answer(out, job, i, answers[i].failed, r.error);
    if (job->write)
        return job->write(job, answers, out);
    if (job->single)
        return single_answer(job, &r, out);
    mlp_buf_adds(out, "{\"predictions\":");
    add_list(answers, job->n, false, out);
    if (job->probabilities) {
        mlp_buf_adds(out, ",\"probabilities\":");
        add_list(answers, job->n, true, out);
    }
    mlp_buf_adds(out, "}\n");
    return 200;
}

/* --- the thread --- */

/* Jobs that go together: as many as fit, at least one. NULL: stop. */
static struct mlp_job *take(struct mlp_command *c, size_t *rows)
{
    struct mlp_job *first, **end = &c->first;
    *rows = 0;
    mlp_monitor_enter(c->monitor);
    while (!c->first && !c->stop)
        mlp_monitor_wait(c->monitor);
    first = c->first;
    while (*end && (*rows == 0 || *rows + (*end)->n <= MOST_ROWS_AT_ONCE)) {
        *rows += (*end)->n;
        end = &(*end)->next;
    }
    c->first = *end;
    *end = NULL;
    c->waiting -= *rows;
    mlp_monitor_leave(c->monitor);
    return first;
}

static void answer(struct mlp_command *c, const struct mlp_job *job,
                   const struct mlp_answer *answers, const struct mlp_err *e)
{
    struct mlp_buf out;
    mlp_buf_init(&out, BODY_MAX);
    int status = answers ? whole_answer(job, answers, &out)
                         : error_answer(&out, job, 0, true, e->message);
    if (job->wrap)
        status = job->wrap(job, status, &out);
    c->done(job, status, &out);
    mlp_buf_fini(&out);
}

/* After what a command did wrong, or too often, the next job gets a new one. */
static bool ensure_child(struct mlp_command *c, struct mlp_err *e)
{
    if (!c->child && mlp_child_open(&c->config, &c->child, e)) {
        mlp_child_close(c->child);
        c->child = NULL;
    }
    return c->child != NULL;
}

static void run_jobs(struct mlp_command *c, struct mlp_job *first, size_t n)
{
    struct mlp_str *rows = calloc(n + 1, sizeof *rows);
    struct mlp_answer *answers = calloc(n + 1, sizeof *answers);
    struct mlp_err e;
    size_t at = 0, done = 0;
    mlp_err_init(&e);
    for (struct mlp_job *job = first; rows && job; at += job->n, job = job->next)
        if (job->n)
            memcpy(rows + at, job->rows, job->n * sizeof *rows);
    bool good = rows && answers && ensure_child(c, &e);
    if (good && mlp_child_ask(c->child, rows, n, answers, &done, &e)) {
        for (size_t i = done; i < n; i++)
            answers[i] = (struct mlp_answer){mlp_str_from(e.message), true, 0};
        good = done > 0 || n == 0;
    }
    at = 0;
    for (struct mlp_job *job = first, *next; job; job = next) {
        next = job->next;
        answer(c, job, good ? answers + at : NULL, &e);
        at += job->n;
        mlp_job_free(job);
    }
    if (e.code) {
        mlp_child_close(c->child);
        c->child = NULL;
    }
    free(rows);
    free(answers);
}

static void run(void *command)
{
    struct mlp_command *c = command;
    struct mlp_job *jobs;
    struct mlp_err ignored;
    size_t rows;
    mlp_err_init(&ignored);
    ensure_child(c, &ignored);
    while ((jobs = take(c, &rows)))
        run_jobs(c, jobs, rows);
    mlp_child_close(c->child);
    c->child = NULL;
}

bool mlp_command_push(struct mlp_command *c, struct mlp_job *job)
{
    mlp_monitor_enter(c->monitor);
    bool room = !c->waiting || c->waiting + job->n <= MLP_COMMAND_QUEUE;
    if (room) {
        *(c->first ? &c->last->next : &c->first) = job;
        c->last = job;
        c->waiting += job->n;
        mlp_monitor_notify(c->monitor);
    }
    mlp_monitor_leave(c->monitor);
    return room;
}

enum mlp_code mlp_command_new(const struct mlp_child_config *config, mlp_job_done *done,
                              struct mlp_command **out, struct mlp_err *e)
{
    struct mlp_command *c = *out = calloc(1, sizeof *c);
    if (!c)
        return mlp_err_nomem(e);
    c->config = *config;
    c->done = done;
    enum mlp_code code = mlp_monitor_new(&c->monitor, e);
    return code ? code : mlp_thread_start(&c->thread, run, c, e);
}

void mlp_command_free(struct mlp_command *c)
{
    if (!c)
        return;
    if (c->monitor) {
        mlp_monitor_enter(c->monitor);
        c->stop = true;
        mlp_monitor_notify(c->monitor);
        mlp_monitor_leave(c->monitor);
    }
    mlp_thread_join(c->thread);
    mlp_monitor_free(c->monitor);
    free(c);
}
