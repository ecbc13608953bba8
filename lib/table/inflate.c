/* inflate.c: zlib and gzip data in memory (inflate.h). */
#include "table/inflate.h"
#include <zlib.h>

/* zlib counts in unsigned int: larger inputs and outputs go in steps. */
#define STEP (1u << 20)

static int step(z_stream *z, struct mlp_str *in, struct mlp_buf *out)
{
    size_t take = in->n < STEP ? in->n : STEP;
    char *room = mlp_buf_reserve(out, STEP);
    if (!room)
        return Z_MEM_ERROR;
    z->next_in = (Bytef *)(uintptr_t)in->p;
    z->avail_in = (uInt)take;
    z->next_out = (Bytef *)room;
    z->avail_out = STEP;
    int r = inflate(z, Z_NO_FLUSH);
    size_t used = take - z->avail_in;
    out->n += STEP - z->avail_out;
    in->p += used;
    in->n -= used;
    return r;
}

static enum mlp_code run(struct mlp_str in, int window, struct mlp_buf *out, struct mlp_err *e)
{
    z_stream z = {0};
    int r = inflateInit2(&z, window);
    if (r != Z_OK)
        return mlp_err_nomem(e);
    while (r == Z_OK)
        r = step(&z, &in, out);
    inflateEnd(&z);
    if (out->failed)
        return mlp_err_set(e, MLP_EINPUT, "the data decompresses to more than %zu bytes", out->max);
    if (r == Z_BUF_ERROR)
        return mlp_err_set(e, MLP_EINPUT, "the compressed data ends early (truncated?)");
    if (r != Z_STREAM_END)
        return mlp_err_set(e, MLP_EINPUT, "the compressed data is damaged");
    if (in.n)
        return mlp_err_set(e, MLP_EINPUT, "%zu bytes after the end of the compressed data", in.n);
    return MLP_OK;
}

enum mlp_code mlp_inflate(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    return run(in, 15 + 32, out, e);
}

enum mlp_code mlp_inflate_raw(struct mlp_str in, struct mlp_buf *out, struct mlp_err *e)
{
    return run(in, -15, out, e);
}
