#include "text/doc_internal.h"
#include "text/json.h"
#include "text/num.h"

#include <math.h>

/* From tokens to a tree. Places are counted along, so that a tree costs one pass. */
struct reader {
    struct mlp_doc *d;
    struct mlp_str text;
    struct mlp_json json;
    struct mlp_json_token token;
    struct mlp_buf scratch;       /* for texts with escapes */
    struct mlp_node *stack[MLP_JSON_MAX_DEPTH];
    size_t depth;
    size_t seen, line_start;      /* offsets */
    uint32_t line;
};

/* Moves the line on to the token; line feeds stand only between tokens. */
static uint32_t column_of(struct reader *r)
{
    const char *feed;
    while (r->seen < r->token.offset &&
           (feed = memchr(r->text.p + r->seen, '\n', r->token.offset - r->seen))) {
        r->seen = r->line_start = (size_t)(feed - r->text.p) + 1;
        r->line++;
    }
    r->seen = r->token.offset;
    return (uint32_t)(r->token.offset - r->line_start + 1);
}

/* The token's text in the arena; p is NULL when it is full. */
static struct mlp_str text_of(struct reader *r)
{
    if (!r->token.escaped)
        return mlp_arena_str(&r->d->arena, r->token.raw);
    mlp_buf_reset(&r->scratch);
    mlp_json_unescape(r->token.raw, &r->scratch);
    if (r->scratch.failed)
        return (struct mlp_str){NULL, 0};
    return mlp_arena_str(&r->d->arena, mlp_buf_str(&r->scratch));
}

static bool is_integral(struct mlp_str number)
{
    for (size_t i = 0; i < number.n; i++)
        if (number.p[i] == '.' || (number.p[i] | 0x20) == 'e')
            return false;
    return true;
}

static enum mlp_code fill(struct reader *r, struct mlp_node *n, struct mlp_err *e)
{
    switch (r->token.type) {
    case MLP_JSON_OBJECT:
    case MLP_JSON_ARRAY:
        n->type = r->token.type == MLP_JSON_OBJECT ? MLP_DOC_MAP : MLP_DOC_LIST;
        r->stack[r->depth++] = n;
        return MLP_OK;
    case MLP_JSON_STRING:
    case MLP_JSON_NUMBER:
        n->type = MLP_DOC_TEXT;
        n->text = text_of(r);
        if (!n->text.p)
            return mlp_doc_full(r->d, r->token.raw.n + 1, e);
        if (r->token.type == MLP_JSON_NUMBER && r->json.allow_nonfinite &&
            mlp_num_f64(n->text, &n->u.real) && !isfinite(n->u.real)) {
            n->type = MLP_DOC_REAL;
            return MLP_OK;
        }
        if (r->token.type == MLP_JSON_NUMBER)
            return mlp_doc_number(r->d, n, is_integral(n->text), e);
        return MLP_OK;
    case MLP_JSON_TRUE:
    case MLP_JSON_FALSE:
        n->type = MLP_DOC_BOOL;
        n->u.boolean = r->token.type == MLP_JSON_TRUE;
        return MLP_OK;
    default:
        return MLP_OK;
    }
}

/* A value, after its name when it has one, goes to the open map or list, or is the root. */
static enum mlp_code add_value(struct reader *r, struct mlp_err *e)
{
    uint32_t column = column_of(r);
    struct mlp_node *n = mlp_doc_node(r->d, MLP_DOC_NULL, r->line, column, e);
    if (!n)
        return e->code;
    if (r->token.type == MLP_JSON_KEY) {
        n->key = text_of(r);
        if (!n->key.p)
            return mlp_doc_full(r->d, r->token.raw.n + 1, e);
        enum mlp_code code = mlp_json_next(&r->json, &r->token, e);
        if (code != MLP_OK)
            return code;
    }
    if (r->depth)
        mlp_node_append(r->stack[r->depth - 1], n);
    else
        r->d->root = n;
    return fill(r, n, e);
}

static enum mlp_code read_tokens(struct reader *r, struct mlp_err *e)
{
    for (;;) {
        enum mlp_code code = mlp_json_next(&r->json, &r->token, e);
        if (code != MLP_OK || r->token.type == MLP_JSON_END)
            return code;
        if (r->token.type == MLP_JSON_ARRAY_END)
            r->depth--;
        else if (r->token.type == MLP_JSON_OBJECT_END)
            code = mlp_doc_unique(r->d, r->stack[--r->depth], e);
        else
            code = add_value(r, e);
        if (code != MLP_OK)
            return code;
    }
}

static enum mlp_code parse(struct mlp_doc *d, struct mlp_str text, bool nonfinite,
                           struct mlp_err *e)
{
    struct mlp_err own;
    struct reader r = {.d = d, .text = text, .line = 1};
    if (!e) {
        mlp_err_init(&own);
        e = &own;
    }
    mlp_json_init(&r.json, text, MLP_JSON_MAX_DEPTH);
    r.json.allow_nonfinite = nonfinite;
    mlp_buf_init(&r.scratch, text.n);
    enum mlp_code code = read_tokens(&r, e);
    mlp_buf_fini(&r.scratch);
    if (code != MLP_OK) {
        d->root = NULL;
        mlp_err_at(e, d->source, 0, 0);
    }
    return code;
}

enum mlp_code mlp_doc_parse_json(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e)
{
    return parse(d, text, false, e);
}

enum mlp_code mlp_doc_parse_json_python(struct mlp_doc *d, struct mlp_str text, struct mlp_err *e)
{
    return parse(d, text, true, e);
}
