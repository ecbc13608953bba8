/* Lines of the prediction log, put together on the thread that predicted. */
#include "serve/inside.h"

#include "base/map.h"
#include "base/os.h"
#include "base/time.h"
#include "crypt/crypt.h"
#include "text/num.h"

#define LINES_FLUSH ((size_t)768 << 10)
#define ID_MAX 128

bool mlp_record_chosen(const struct mlp_serve *s, struct mlp_str id)
{
    double share = s->config.log_share;
    if (!s->predlog)
        return false;
    return share <= 0 || share >= 1 || (double)mlp_hash64(id.p, id.n, 0) * 0x1p-64 < share;
}

void mlp_record_id(struct mlp_asking *q)
{
    q->id = mlp_http_get(q->request, "x-request-id");
    if (!q->id.n || q->id.n > ID_MAX) {
        int n = snprintf(q->made, sizeof q->made, "%08x-%x-%llx", q->serve->salt, q->thread,
                         (unsigned long long)++q->agent->ids);
        q->id = (struct mlp_str){q->made, (size_t)n};
    }
    q->logged = mlp_record_chosen(q->serve, q->id);
}

/* A JSON text on one line: line ends stand between its tokens only. */
static void add_one_line(struct mlp_buf *b, struct mlp_str json)
{
    char *p = mlp_buf_reserve(b, json.n);
    if (!p)
        return;
    for (size_t i = 0; i < json.n; i++)
        p[i] = json.p[i] == '\n' || json.p[i] == '\r' ? ' ' : json.p[i];
    b->n += json.n;
    p[json.n] = '\0';
}

/* The features by name, from the columns: for rows that came as arrays. */
static void add_features(const struct mlp_served *s, const struct mlp_scratch *w, size_t row,
                         struct mlp_buf *b)
{
    for (size_t i = 0; i < s->info->ninputs; i++) {
        mlp_buf_addc(b, i ? ',' : '{');
        mlp_buf_addquoted(b, s->info->inputs[i].name);
        mlp_buf_addc(b, ':');
        if (w->numbers[i])
            mlp_num_add_json(b, w->numbers[i][row]);
        else if (w->texts[i][row].p)
            mlp_buf_addquoted(b, w->texts[i][row]);
        else
            mlp_buf_adds(b, "null");
    }
    mlp_buf_adds(b, s->info->ninputs ? "}" : "{}");
}

static void add_id(const struct mlp_asking *q, bool list, struct mlp_buf *b)
{
    char id[ID_MAX + 32];
    int n = list ? snprintf(id, sizeof id, "%.*s/%llu", MLP_STR_ARG(q->id),
                            (unsigned long long)q->row)
                 : snprintf(id, sizeof id, "%.*s", MLP_STR_ARG(q->id));
    mlp_buf_adds(b, "{\"id\":");
    mlp_buf_addquoted(b, (struct mlp_str){id, (size_t)n});
}

static void add_model(const struct mlp_served *s, enum mlp_arm arm, struct mlp_buf *b)
{
    mlp_buf_adds(b, "\",\"model\":");
    mlp_buf_addquoted(b, mlp_str_from(s->name));
    if (s->version) {
        mlp_buf_adds(b, ",\"version\":");
        mlp_buf_addu64(b, s->version);
    }
    mlp_buf_adds(b, ",\"digest\":\"");
    mlp_buf_adds(b, s->digest);
    mlp_buf_adds(b, "\",\"arm\":\"");
    mlp_buf_adds(b, mlp_arm_name(arm));
    mlp_buf_addc(b, '"');
}

static void add_line(struct mlp_asking *q, const struct mlp_served *s, const struct mlp_scratch *w,
                     size_t row, const char *time, double ms)
{
    struct mlp_buf *b = &q->agent->lines;
    struct mlp_str raw = w->rows[row];
    bool list = raw.p != mlp_str_trim(q->body).p;
    add_id(q, list, b);
    mlp_buf_adds(b, ",\"time\":\"");
    mlp_buf_adds(b, time);
    add_model(s, q->arm, b);
    mlp_buf_adds(b, ",\"features\":");
    if (raw.p[0] == '{')
        add_one_line(b, raw);
    else
        add_features(s, w, row, b);
    mlp_buf_adds(b, ",\"output\":{");
    mlp_predict_output(s, w, row, true, b);
    mlp_buf_adds(b, "},\"latency_ms\":");
    mlp_buf_addf(b, "%.4g", ms);
    if (q->trace.known) {
        mlp_buf_adds(b, ",\"trace_id\":\"");
        mlp_hex_add(b, q->trace.trace, sizeof q->trace.trace);
        mlp_buf_addc(b, '"');
    }
    mlp_buf_adds(b, "}\n");
    q->agent->nlines++;
    q->row++;
}

/* Rows of the live profile: features and answers in one flat object. */
static void add_live(const struct mlp_served *s, const struct mlp_scratch *w, size_t n)
{
    size_t i, step;
    struct mlp_buf *b = mlp_live_begin(s->live, n, &i, &step);
    if (!b)
        return;
    for (; i < n; i += step) {
        size_t before = b->n;
        add_features(s, w, i, b);
        b->n -= !b->failed; /* the brace: what follows belongs to the same object */
        mlp_predict_flat(s, w, i, b);
        mlp_buf_adds(b, "}\n");
        if (b->failed) {
            b->n = before;
            b->failed = false;
            break;
        }
    }
    mlp_live_end(s->live);
}

static void add_replay(struct mlp_asking *q, const struct mlp_served *s,
                       const struct mlp_scratch *w, size_t n)
{
    struct mlp_buf *b = &q->agent->replay;
    for (size_t i = 0; i < n; i++) {
        mlp_buf_addc(b, b->n ? ',' : '[');
        add_features(s, w, i, b);
    }
}

void mlp_record_rows(void *asking, const struct mlp_served *s, const struct mlp_scratch *w,
                     size_t n)
{
    struct mlp_asking *q = asking;
    char time[32];
    if (q->foreign)
        add_replay(q, s, w, n);
    if (s->live && s->info->ninputs)
        add_live(s, w, n);
    if (!q->logged)
        return;
    mlp_time_format_ms(mlp_os_now_ns(), time);
    double ms = (double)(mlp_os_monotonic_ns() - q->start_ns) / 1e6;
    for (size_t i = 0; i < n; i++) {
        add_line(q, s, w, i, time, ms);
        if (q->agent->lines.n > LINES_FLUSH)
            mlp_record_commit(q, true);
    }
}

void mlp_record_commit(struct mlp_asking *q, bool keep)
{
    struct mlp_agent *a = q->agent;
    if (keep && a->lines.failed)
        mlp_predlog_drop(q->serve->predlog, q->thread, a->nlines);
    else if (keep && a->lines.n)
        mlp_predlog_add(q->serve->predlog, q->thread, mlp_buf_str(&a->lines), a->nlines);
    mlp_buf_reset(&a->lines);
    a->nlines = 0;
}
