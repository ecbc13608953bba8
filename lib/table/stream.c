#include "table/stream.h"

#include "base/file.h"
#include "base/os.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define IN_BYTES ((size_t)256 * 1024)

enum kind { PLAIN, GZIP, ZSTD };

struct mlp_stream {
    int fd;
    enum kind kind;
    char source[256];
    uint64_t consumed, size;
    unsigned char *in;       /* IN_BYTES: what was read and not yet used is in[at..n) */
    size_t at, n;
    bool file_end;
    bool in_member;          /* inside a gzip member or zstd frame */
    z_stream z;
    bool z_live;
    ZSTD_DStream *zstd;
};

/* Reads more input; at the end of the file n stays 0. */
static enum mlp_code refill(struct mlp_stream *s, struct mlp_err *e)
{
    s->at = s->n = 0;
    if (s->file_end)
        return MLP_OK;
    enum mlp_code code = mlp_os_read(s->fd, s->in, IN_BYTES, &s->n, e);
    s->consumed += s->n;
    s->file_end = code != MLP_OK || s->n == 0;
    return code == MLP_OK ? MLP_OK : mlp_err_at(e, s->source, 0, 0);
}

/* A skippable frame (RFC 8878, 3.1.2) may stand before the first frame of data. */
static enum kind sniff(const unsigned char *p, size_t n)
{
    static const unsigned char frame[] = {0x28, 0xB5, 0x2F, 0xFD}, skippable[] = {0x2A, 0x4D, 0x18};
    if (n >= 2 && p[0] == 0x1F && p[1] == 0x8B)
        return GZIP;
    if (n < 4)
        return PLAIN;
    bool skip = p[0] >> 4 == 5 && memcmp(p + 1, skippable, sizeof skippable) == 0;
    return skip || memcmp(p, frame, sizeof frame) == 0 ? ZSTD : PLAIN;
}

static enum mlp_code start(struct mlp_stream *s, struct mlp_err *e)
{
    enum mlp_code code = refill(s, e);
    /* A pipe may hand over one byte: the magic numbers need four. */
    while (code == MLP_OK && s->n < 4 && !s->file_end) {
        size_t got = 0;
        code = mlp_os_read(s->fd, s->in + s->n, IN_BYTES - s->n, &got, e);
        s->n += got;
        s->consumed += got;
        s->file_end = got == 0;
    }
    s->kind = sniff(s->in, s->n);
    if (code == MLP_OK && s->kind == GZIP) {
        /* 16: gzip header and check sum only. */
        s->z_live = inflateInit2(&s->z, 16 + MAX_WBITS) == Z_OK;
        if (!s->z_live)
            code = mlp_err_nomem(e);
    }
    if (code == MLP_OK && s->kind == ZSTD) {
        s->zstd = ZSTD_createDStream();
        if (!s->zstd)
            code = mlp_err_nomem(e);
    }
    return code;
}

static enum mlp_code open_fd(struct mlp_stream *s, const char *path, struct mlp_err *e)
{
    struct mlp_stat st;
    enum mlp_code code = MLP_OK;
    if (strcmp(path, "-") != 0)
        code = mlp_os_open(path, MLP_OPEN_READ, &s->fd, e);
    if (code == MLP_ENOTFOUND)
        mlp_err_hint(e, "check the name; paths are relative to the current folder");
    if (code == MLP_OK)
        code = mlp_os_fstat(s->fd, &st, e);
    if (code == MLP_OK && st.is_dir) {
        mlp_err_set(e, MLP_EINPUT, "is a folder, expected a file");
        code = mlp_err_at(e, s->source, 0, 0);
    }
    if (code == MLP_OK)
        s->size = st.is_file ? st.size : 0;
    return code;
}

enum mlp_code mlp_stream_open(const char *path, struct mlp_stream **out, struct mlp_err *e)
{
    struct mlp_stream *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return mlp_err_nomem(e);
    mlp_str_copy(mlp_str_from(mlp_file_name(path)), s->source, sizeof s->source);
    s->in = malloc(IN_BYTES);
    enum mlp_code code = s->in ? open_fd(s, path, e) : mlp_err_nomem(e);
    if (code == MLP_OK)
        code = start(s, e);
    if (code == MLP_OK)
        *out = s;
    else
        mlp_stream_close(s);
    return code;
}

void mlp_stream_close(struct mlp_stream *s)
{
    if (!s)
        return;
    if (s->z_live)
        inflateEnd(&s->z);
    ZSTD_freeDStream(s->zstd);
    if (s->fd > 0)
        mlp_os_close(s->fd, NULL);
    free(s->in);
    free(s);
}

static enum mlp_code damaged(struct mlp_stream *s, const char *why, struct mlp_err *e)
{
    mlp_err_set(e, MLP_EINPUT, "compressed data is damaged: %s", why);
    mlp_err_at(e, s->source, 0, 0);
    return mlp_err_at_byte(e, s->consumed - (s->n - s->at));
}

static enum mlp_code read_plain(struct mlp_stream *s, void *p, size_t n, size_t *got,
                                struct mlp_err *e)
{
    if (s->at < s->n) {
        *got = s->n - s->at < n ? s->n - s->at : n;
        memcpy(p, s->in + s->at, *got);
        s->at += *got;
        return MLP_OK;
    }
    if (s->file_end)
        return MLP_OK;
    /* Past the first bytes there is no copy: straight into the caller's memory. */
    enum mlp_code code = mlp_os_read(s->fd, p, n, got, e);
    s->consumed += *got;
    s->file_end = *got == 0;
    return code == MLP_OK ? MLP_OK : mlp_err_at(e, s->source, 0, 0);
}

/* One step of inflate; several members follow each other as one text (RFC 1952, 2.2). */
static enum mlp_code step_gzip(struct mlp_stream *s, void *p, size_t n, size_t *got,
                               struct mlp_err *e)
{
    s->z.next_in = s->in + s->at;
    s->z.avail_in = (uInt)(s->n - s->at);
    s->z.next_out = p;
    s->z.avail_out = (uInt)n;
    int r = inflate(&s->z, Z_NO_FLUSH);
    s->at = s->n - s->z.avail_in;
    *got = n - s->z.avail_out;
    s->in_member = true;
    if (r == Z_STREAM_END) {
        s->in_member = false;
        inflateReset(&s->z);
    } else if (r != Z_OK && r != Z_BUF_ERROR) {
        return damaged(s, s->z.msg ? s->z.msg : "inflate failed", e);
    }
    return MLP_OK;
}

static enum mlp_code step_zstd(struct mlp_stream *s, void *p, size_t n, size_t *got,
                               struct mlp_err *e)
{
    ZSTD_inBuffer in = {s->in, s->n, s->at};
    ZSTD_outBuffer out = {p, n, 0};
    size_t r = ZSTD_decompressStream(s->zstd, &out, &in);
    s->at = in.pos;
    *got = out.pos;
    if (ZSTD_isError(r))
        return damaged(s, ZSTD_getErrorName(r), e);
    s->in_member = r != 0;
    return MLP_OK;
}

static enum mlp_code read_packed(struct mlp_stream *s, void *p, size_t n, size_t *got,
                                 struct mlp_err *e)
{
    if (n > (size_t)1 << 30)
        n = (size_t)1 << 30;
    while (*got == 0) {
        enum mlp_code code = s->at == s->n ? refill(s, e) : MLP_OK;
        if (code != MLP_OK)
            return code;
        bool dry = s->n == 0;
        if (dry && !s->in_member)
            return MLP_OK;
        code = s->kind == GZIP ? step_gzip(s, p, n, got, e) : step_zstd(s, p, n, got, e);
        if (code != MLP_OK)
            return code;
        if (dry && *got == 0 && s->in_member) {
            damaged(s, "it ends too early", e);
            return mlp_err_hint(e, "was it copied whole?");
        }
    }
    return MLP_OK;
}

enum mlp_code mlp_stream_read(struct mlp_stream *s, void *p, size_t n, size_t *got,
                              struct mlp_err *e)
{
    *got = 0;
    return s->kind == PLAIN ? read_plain(s, p, n, got, e) : read_packed(s, p, n, got, e);
}

uint64_t mlp_stream_consumed(const struct mlp_stream *s)
{
    return s->consumed;
}

uint64_t mlp_stream_size(const struct mlp_stream *s)
{
    return s->size;
}

bool mlp_stream_compressed(const struct mlp_stream *s)
{
    return s->kind != PLAIN;
}
