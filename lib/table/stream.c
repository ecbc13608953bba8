#include "table/stream.h"

#include "base/file.h"
#include "base/os.h"
#include "table/columnar.h"

#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define IN_BYTES ((size_t)256 * 1024)
#define STOP_MS 50u /* how soon a pipe is left that shall be */

#define SPOOL_BYTES ((size_t)1 << 30)
#define XZ_MEMORY ((uint64_t)256 << 20) /* of a decoder: xz -9 asks for 65 MiB */

enum kind { PLAIN, GZIP, ZSTD, XZ, COLUMNAR };

struct mlp_stream {
    int fd;
    enum kind kind;
    char source[256];
    uint64_t consumed, size;
    unsigned char *in;       /* IN_BYTES: what was read and not yet used is in[at..n) */
    size_t at, n;
    bool file_end;
    const atomic_bool *stop; /* or NULL */
    bool in_member;          /* inside a gzip member or zstd frame */
    z_stream z;
    bool z_live;
    ZSTD_DStream *zstd;
    lzma_stream xz;
    struct mlp_columnar *columnar;
    struct mlp_buf spool;    /* a columnar file that came through a pipe */
};

/* Waits until a pipe has something, or somebody stops it. */
static enum mlp_code wait_input(struct mlp_stream *s, struct mlp_err *e)
{
    struct mlp_ready r = {.fd = s->fd};
    enum mlp_code code = MLP_OK;
    while (code == MLP_OK && !r.ready && !s->file_end &&
           !(s->file_end = atomic_load(s->stop)))
        code = mlp_os_poll(&r, 1, STOP_MS, e);
    return code;
}

void mlp_stream_stop_when(struct mlp_stream *s, const atomic_bool *stop)
{
    s->stop = s->size ? NULL : stop;
}

/* Reads more input; at the end of the file n stays 0. */
static enum mlp_code refill(struct mlp_stream *s, struct mlp_err *e)
{
    s->at = s->n = 0;
    enum mlp_code code = s->stop ? wait_input(s, e) : MLP_OK;
    if (code != MLP_OK || s->file_end)
        return code == MLP_OK ? code : mlp_err_at(e, s->source, 0, 0);
    code = mlp_os_read(s->fd, s->in, IN_BYTES, &s->n, e);
    s->consumed += s->n;
    s->file_end = code != MLP_OK || s->n == 0;
    return code == MLP_OK ? MLP_OK : mlp_err_at(e, s->source, 0, 0);
}

/* A skippable frame (RFC 8878, 3.1.2) may stand before the first frame of data. */
static enum kind sniff(const unsigned char *p, size_t n)
{
    static const unsigned char frame[] = {0x28, 0xB5, 0x2F, 0xFD}, skippable[] = {0x2A, 0x4D, 0x18};
    static const unsigned char xz[] = {0xFD, '7', 'z', 'X', 'Z', 0};
    if (mlp_columnar_sniff(p, n))
        return COLUMNAR;
    if (n >= sizeof xz && memcmp(p, xz, sizeof xz) == 0)
        return XZ;
    if (n >= 2 && p[0] == 0x1F && p[1] == 0x8B)
        return GZIP;
    if (n < 4)
        return PLAIN;
    bool skip = p[0] >> 4 == 5 && memcmp(p + 1, skippable, sizeof skippable) == 0;
    return skip || memcmp(p, frame, sizeof frame) == 0 ? ZSTD : PLAIN;
}

/* The bytes of a columnar file are looked at in any order: those of a pipe are kept. */
static enum mlp_code open_columnar(struct mlp_stream *s, struct mlp_err *e)
{
    struct mlp_bytes bytes = {s->fd, NULL, s->size};
    const struct mlp_columnar_ops *ops = mlp_columnar_sniff(s->in, s->n);
    enum mlp_code code = MLP_OK;
    if (s->size == 0) {
        mlp_buf_add(&s->spool, s->in, s->n);
        while (code == MLP_OK && !s->file_end && !s->spool.failed) {
            code = refill(s, e);
            mlp_buf_add(&s->spool, s->in, s->n);
        }
        if (code == MLP_OK && s->spool.failed) {
            mlp_err_set(e, MLP_EINPUT, "a Parquet or Arrow file from a pipe is over 1 GiB");
            mlp_err_hint(e, "give the name of the file instead");
            code = e->code;
        }
        bytes = (struct mlp_bytes){-1, s->spool.p, s->spool.n};
    }
    s->at = s->n = 0;
    return code == MLP_OK ? mlp_columnar_open(ops, &bytes, &s->columnar, e) : code;
}

static enum mlp_code start_decoder(struct mlp_stream *s, struct mlp_err *e)
{
    bool good = true;
    if (s->kind == GZIP) /* 16: gzip header and check sum only */
        good = s->z_live = inflateInit2(&s->z, 16 + MAX_WBITS) == Z_OK;
    else if (s->kind == ZSTD)
        good = (s->zstd = ZSTD_createDStream()) != NULL;
    else if (s->kind == XZ)
        good = lzma_stream_decoder(&s->xz, XZ_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
    else if (s->kind == COLUMNAR)
        return open_columnar(s, e);
    return good ? MLP_OK : mlp_err_nomem(e);
}

static enum mlp_code start(struct mlp_stream *s, struct mlp_err *e)
{
    enum mlp_code code = refill(s, e);
    /* A pipe may hand over one byte: the magic numbers need up to six. */
    while (code == MLP_OK && s->n < 6 && !s->file_end) {
        size_t got = 0;
        code = mlp_os_read(s->fd, s->in + s->n, IN_BYTES - s->n, &got, e);
        s->n += got;
        s->consumed += got;
        s->file_end = got == 0;
    }
    s->kind = sniff(s->in, s->n);
    if (code == MLP_OK)
        code = start_decoder(s, e);
    return code == MLP_OK ? code : mlp_err_at(e, s->source, 0, 0);
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
    mlp_buf_init(&s->spool, SPOOL_BYTES);
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
    lzma_end(&s->xz);
    mlp_columnar_close(s->columnar);
    mlp_buf_fini(&s->spool);
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
    enum mlp_code code = s->stop ? wait_input(s, e) : MLP_OK;
    if (code != MLP_OK || s->file_end)
        return code == MLP_OK ? code : mlp_err_at(e, s->source, 0, 0);
    /* Past the first bytes there is no copy: straight into the caller's memory. */
    code = mlp_os_read(s->fd, p, n, got, e);
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

static enum mlp_code step_xz(struct mlp_stream *s, void *p, size_t n, size_t *got,
                             struct mlp_err *e)
{
    s->xz.next_in = s->in + s->at;
    s->xz.avail_in = s->n - s->at;
    s->xz.next_out = p;
    s->xz.avail_out = n;
    lzma_ret r = lzma_code(&s->xz, s->file_end ? LZMA_FINISH : LZMA_RUN);
    s->at = s->n - s->xz.avail_in;
    *got = n - s->xz.avail_out;
    s->in_member = r != LZMA_STREAM_END;
    if (r == LZMA_MEMLIMIT_ERROR)
        return damaged(s, "decompressing asks for more than 256 MiB", e);
    return r == LZMA_OK || r == LZMA_STREAM_END || r == LZMA_BUF_ERROR
               ? MLP_OK
               : damaged(s, "not what xz writes", e);
}

static enum mlp_code step(struct mlp_stream *s, void *p, size_t n, size_t *got, struct mlp_err *e)
{
    if (s->kind == XZ)
        return step_xz(s, p, n, got, e);
    return s->kind == GZIP ? step_gzip(s, p, n, got, e) : step_zstd(s, p, n, got, e);
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
        code = step(s, p, n, got, e);
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
    if (s->kind == PLAIN)
        return read_plain(s, p, n, got, e);
    if (s->kind != COLUMNAR)
        return read_packed(s, p, n, got, e);
    enum mlp_code code = mlp_columnar_read(s->columnar, p, n, got, e);
    return code == MLP_OK ? code : mlp_err_at(e, s->source, 0, 0);
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

bool mlp_stream_columnar(const struct mlp_stream *s)
{
    return s->kind == COLUMNAR;
}
