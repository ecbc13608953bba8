#include "text/json.h"
#include "text/num.h"

void mlp_json_quote(struct mlp_buf *b, struct mlp_str s)
{
    mlp_buf_addquoted(b, s);
}

void mlp_json_out_init(struct mlp_json_out *o, struct mlp_buf *b, unsigned indent)
{
    *o = (struct mlp_json_out){.b = b, .indent = indent, .first = true};
}

static void break_line(struct mlp_json_out *o)
{
    static const char spaces[] = "                                ";
    if (!o->indent)
        return;
    mlp_buf_addc(o->b, '\n');
    size_t left = (size_t)o->indent * o->depth;
    while (left) {
        size_t n = left < sizeof spaces - 1 ? left : sizeof spaces - 1;
        mlp_buf_add(o->b, spaces, n);
        left -= n;
    }
}

/* What stands before a value or a name: nothing after a name, else a comma and a new line. */
static void separate(struct mlp_json_out *o)
{
    if (o->after_key) {
        o->after_key = false;
        return;
    }
    if (!o->first)
        mlp_buf_addc(o->b, ',');
    if (o->depth)
        break_line(o);
    o->first = false;
}

void mlp_json_open(struct mlp_json_out *o, char bracket)
{
    separate(o);
    mlp_buf_addc(o->b, bracket);
    o->depth++;
    o->first = true;
}

void mlp_json_close(struct mlp_json_out *o, char bracket)
{
    o->depth--;
    if (!o->first)
        break_line(o);
    mlp_buf_addc(o->b, bracket);
    o->first = false;
}

void mlp_json_key_str(struct mlp_json_out *o, struct mlp_str key)
{
    separate(o);
    mlp_buf_addquoted(o->b, key);
    mlp_buf_addc(o->b, ':');
    if (o->indent)
        mlp_buf_addc(o->b, ' ');
    o->after_key = true;
}

void mlp_json_key(struct mlp_json_out *o, const char *key)
{
    mlp_json_key_str(o, mlp_str_from(key));
}

void mlp_json_str(struct mlp_json_out *o, struct mlp_str s)
{
    separate(o);
    mlp_buf_addquoted(o->b, s);
}

void mlp_json_text(struct mlp_json_out *o, const char *z)
{
    if (z)
        mlp_json_str(o, mlp_str_from(z));
    else
        mlp_json_null(o);
}

void mlp_json_i64(struct mlp_json_out *o, int64_t v)
{
    separate(o);
    mlp_buf_addi64(o->b, v);
}

void mlp_json_u64(struct mlp_json_out *o, uint64_t v)
{
    separate(o);
    mlp_buf_addu64(o->b, v);
}

void mlp_json_f64(struct mlp_json_out *o, double v)
{
    separate(o);
    if (o->nonfinite && v - v != 0)
        mlp_buf_adds(o->b, v > 0 ? "Infinity" : v < 0 ? "-Infinity" : "NaN");
    else
        mlp_num_add_json(o->b, v);
}

void mlp_json_bool(struct mlp_json_out *o, bool v)
{
    separate(o);
    mlp_buf_adds(o->b, v ? "true" : "false");
}

void mlp_json_null(struct mlp_json_out *o)
{
    separate(o);
    mlp_buf_adds(o->b, "null");
}

void mlp_json_raw(struct mlp_json_out *o, struct mlp_str json)
{
    separate(o);
    mlp_buf_addstr(o->b, json);
}
