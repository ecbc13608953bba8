/* POST /feedback: what came true, for predictions that were logged. {"id": ID, "label": VALUE}, a
 * list of them, or one a line; each becomes a line of a file beside the log, to be joined by id:
 * {"id":"...","time":"...","label":...}. All of a request or none of it is taken. */
#include "base/os.h"
#include "base/time.h"
#include "serve/routes.h"
#include "text/doc.h"

#define TREE_MAX ((size_t)64 << 20)
#define ID_MOST 300

static bool is_scalar(const struct mlp_node *n)
{
    return n && n->type != MLP_DOC_NULL && n->type != MLP_DOC_LIST && n->type != MLP_DOC_MAP;
}

static enum mlp_code take(struct mlp_asking *q, const struct mlp_doc *d, const struct mlp_node *n,
                          const char *time, struct mlp_err *e)
{
    static const char *const known[] = {"id", "label", NULL};
    const struct mlp_node *id = mlp_node_get(n, "id"), *label = mlp_node_get(n, "label");
    struct mlp_buf *b = &q->agent->lines;
    if (n->type != MLP_DOC_MAP || !id || id->type != MLP_DOC_TEXT || !is_scalar(label))
        return mlp_node_error(d, n, e, "expected {\"id\": TEXT, \"label\": VALUE}");
    if (id->text.n == 0 || id->text.n > ID_MOST)
        return mlp_node_error(d, id, e, "an id has 1 to %d bytes", ID_MOST);
    if (mlp_node_known(d, n, known, e) != MLP_OK)
        return e->code;
    mlp_buf_adds(b, "{\"id\":");
    mlp_buf_addquoted(b, id->text);
    mlp_buf_addf(b, ",\"time\":\"%s\",\"label\":", time);
    mlp_node_write_json(label, b, 0, false);
    mlp_buf_adds(b, "}\n");
    q->agent->nlines++;
    return MLP_OK;
}

/* One JSON text: an object, or a list of them. */
static enum mlp_code take_text(struct mlp_asking *q, struct mlp_str text, const char *time,
                               struct mlp_err *e)
{
    struct mlp_doc d;
    mlp_doc_init(&d, "body", TREE_MAX);
    enum mlp_code code = mlp_doc_parse_json(&d, text, e);
    if (code == MLP_OK && d.root->type == MLP_DOC_LIST) {
        for (const struct mlp_node *n = d.root->child; n && code == MLP_OK; n = n->next)
            code = take(q, &d, n, time, e);
    } else if (code == MLP_OK) {
        code = take(q, &d, d.root, time, e);
    }
    mlp_doc_fini(&d);
    return code;
}

/* As it is, or line by line where the media type says so. */
static enum mlp_code take_body(struct mlp_asking *q, const char *time, struct mlp_err *e)
{
    struct mlp_str type = mlp_http_get(q->request, "content-type"), left = q->body;
    if (!mlp_str_starts(type, "application/x-ndjson") &&
        !mlp_str_starts(type, "application/jsonlines"))
        return take_text(q, left, time, e);
    enum mlp_code code = MLP_OK;
    while (left.n && code == MLP_OK) {
        size_t end = mlp_str_find(left, '\n');
        struct mlp_str line = mlp_str_trim((struct mlp_str){left.p, end});
        size_t used = end < left.n ? end + 1 : end;
        left = (struct mlp_str){left.p + used, left.n - used};
        if (line.n)
            code = take_text(q, line, time, e);
    }
    return code;
}

void mlp_on_feedback(struct mlp_asking *q)
{
    struct mlp_err e;
    char time[32];
    mlp_err_init(&e);
    struct mlp_buf *lines = &q->agent->lines;
    if (!q->serve->feedback) {
        mlp_answer_error(q, 404, "labels are not taken here", "start mlp-serve with --feedback");
        return;
    }
    mlp_time_format_ms(mlp_os_now_ns(), time);
    enum mlp_code code = take_body(q, time, &e);
    uint64_t n = q->agent->nlines;
    if (code == MLP_OK && lines->failed)
        code = mlp_err_set(&e, MLP_EINPUT, "more than one request may hold: send fewer at once");
    if (code == MLP_OK && n)
        mlp_predlog_add(q->serve->feedback, q->thread, mlp_buf_str(lines), n);
    mlp_buf_reset(lines);
    q->agent->nlines = 0;
    if (code != MLP_OK) {
        mlp_answer_failure(q, &e);
        return;
    }
    mlp_answer_json(q, 200);
    mlp_buf_addf(&q->response->body, "{\"accepted\":%llu}\n", (unsigned long long)n);
}
