#include "base/file.h"

#include <stdlib.h>

#define OUT_BUFFER ((size_t)64 * 1024)
#define READ_STEP ((size_t)256 * 1024)

const char *mlp_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

static enum mlp_code open_input(const char *path, int *fd, struct mlp_stat *st, struct mlp_err *e)
{
    *fd = 0;
    if (strcmp(path, "-") != 0 && mlp_os_open(path, MLP_OPEN_READ, fd, e) != MLP_OK) {
        if (e && e->code == MLP_ENOTFOUND)
            mlp_err_hint(e, "check the name; paths are relative to the current folder");
        return e ? e->code : MLP_EIO;
    }
    enum mlp_code code = mlp_os_fstat(*fd, st, e);
    if (code == MLP_OK && st->is_dir) {
        mlp_err_set(e, MLP_EINPUT, "is a folder, expected a file");
        code = mlp_err_at(e, path, 0, 0);
    }
    return code;
}

/* Reads to the end, or to one byte past the maximum, which tells that there is more. */
static enum mlp_code read_rest(int fd, struct mlp_buf *b, struct mlp_err *e)
{
    for (;;) {
        size_t room = b->max - b->n < READ_STEP ? b->max - b->n : READ_STEP;
        char probe;
        char *to = room ? mlp_buf_reserve(b, room) : &probe;
        size_t got = 0;
        if (!to)
            return mlp_err_nomem(e);
        enum mlp_code code = mlp_os_read(fd, to, room ? room : 1, &got, e);
        if (code != MLP_OK || got == 0)
            return code;
        if (room == 0)
            return mlp_err_set(e, MLP_EINPUT, "larger than the limit of %zu bytes", b->max);
        b->n += got;
        b->p[b->n] = '\0';
    }
}

/* At once, and for the step that finds the end. */
static void make_room(struct mlp_buf *b, size_t n)
{
    char *p = mlp_buf_reserve(b, n);
    if (p)
        mlp_os_large_pages(p, n);
}

enum mlp_code mlp_file_read(const char *path, struct mlp_buf *b, struct mlp_err *e)
{
    int fd = -1;
    struct mlp_stat st;
    enum mlp_code code = open_input(path, &fd, &st, e);
    if (code == MLP_OK && st.is_file && st.size + READ_STEP <= b->max)
        make_room(b, (size_t)st.size + READ_STEP);
    if (code == MLP_OK && !b->failed)
        code = read_rest(fd, b, e);
    if (code == MLP_OK)
        code = mlp_buf_check(b, e);
    if (code == MLP_OK)
        mlp_buf_add(b, "", 0);
    if (fd > 0)
        mlp_os_close(fd, NULL);
    if (code != MLP_OK)
        mlp_err_at(e, mlp_file_name(path), 0, 0);
    return code;
}

/* Only the first error of an output counts. */
static enum mlp_code keep(struct mlp_out *o, struct mlp_err *e)
{
    if (o->failed.code != MLP_OK && e && e->code == MLP_OK)
        *e = o->failed;
    return o->failed.code;
}

static void name_failure(struct mlp_out *o)
{
    mlp_err_at(&o->failed, o->is_stdout ? "<stdout>" : o->path, 0, 0);
}

/* Makes the temporary beside the final name: rename works only within a file system. */
static enum mlp_code open_temp(struct mlp_out *o, struct mlp_err *e)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        uint32_t random = 0;
        enum mlp_code code = mlp_os_random(&random, sizeof random, e);
        if (code != MLP_OK)
            return code;
        snprintf(o->temp, sizeof o->temp, "%s.%08x.tmp", o->path, random);
        struct mlp_err local;
        mlp_err_init(&local);
        code = mlp_os_open(o->temp, MLP_OPEN_CREATE_NEW, &o->fd, &local);
        if (code == MLP_OK)
            return MLP_OK;
        if (local.sys_errno != 0) {
            o->temp[0] = '\0';
            return mlp_err_set(e, local.code, "%s", local.message);
        }
    }
    return mlp_err_set(e, MLP_EIO, "cannot make a temporary file beside %s", o->path);
}

static enum mlp_code open_path(struct mlp_out *o, const char *path, struct mlp_err *e)
{
    struct mlp_stat st;
    if (!mlp_str_copy(mlp_str_from(path), o->path, sizeof o->path))
        return mlp_err_set(e, MLP_EINPUT, "path is too long: %.80s...", path);
    enum mlp_code code = mlp_os_stat(path, false, &st, e);
    if (code != MLP_OK)
        return code;
    if (st.is_dir)
        return mlp_err_set(e, MLP_EIO, "%s is a folder, expected a file name", path);
    o->direct = st.exists && !st.is_file;
    if (o->direct)
        return mlp_os_open(path, MLP_OPEN_RDWR, &o->fd, e);
    return open_temp(o, e);
}

enum mlp_code mlp_out_open(struct mlp_out *o, const char *path, struct mlp_err *e)
{
    memset(o, 0, sizeof *o);
    mlp_err_init(&o->failed);
    o->fd = -1;
    o->mem = malloc(OUT_BUFFER);
    if (!o->mem)
        return mlp_err_nomem(e);
    o->cap = OUT_BUFFER;
    enum mlp_code code = MLP_OK;
    if (strcmp(path, "-") == 0) {
        o->is_stdout = true;
        o->fd = 1;
    } else {
        code = open_path(o, path, e);
    }
    if (code != MLP_OK)
        mlp_out_abort(o);
    return code;
}

static void send(struct mlp_out *o, const void *p, size_t n)
{
    if (o->failed.code == MLP_OK && n && mlp_os_write(o->fd, p, n, &o->failed) != MLP_OK)
        name_failure(o);
}

enum mlp_code mlp_out_write(struct mlp_out *o, const void *p, size_t n)
{
    o->written += n;
    if (n >= o->cap - o->n) {
        send(o, o->mem, o->n);
        o->n = 0;
        if (n >= o->cap) {
            send(o, p, n);
            return o->failed.code;
        }
    }
    if (n)
        memcpy(o->mem + o->n, p, n);
    o->n += n;
    return o->failed.code;
}

enum mlp_code mlp_out_str(struct mlp_out *o, struct mlp_str s)
{
    return mlp_out_write(o, s.p, s.n);
}

enum mlp_code mlp_out_flush(struct mlp_out *o, struct mlp_err *e)
{
    send(o, o->mem, o->n);
    o->n = 0;
    return keep(o, e);
}

enum mlp_code mlp_out_commit(struct mlp_out *o, struct mlp_err *e)
{
    mlp_out_flush(o, NULL);
    bool is_file = !o->is_stdout && !o->direct;
    if (is_file && o->failed.code == MLP_OK && mlp_os_fsync(o->fd, &o->failed) != MLP_OK)
        name_failure(o);
    /* A closed stdout is told by write, but only close tells of a failing network file. */
    if (!o->is_stdout) {
        if (mlp_os_close(o->fd, &o->failed) != MLP_OK)
            name_failure(o);
        o->fd = -1;
    }
    if (is_file && o->failed.code == MLP_OK &&
        mlp_os_rename(o->temp, o->path, &o->failed) == MLP_OK) {
        o->temp[0] = '\0';
        mlp_os_fsync_parent(o->path, &o->failed);
    }
    enum mlp_code code = keep(o, e);
    mlp_out_abort(o);
    return code;
}

void mlp_out_abort(struct mlp_out *o)
{
    if (o->fd > 2)
        mlp_os_close(o->fd, NULL);
    o->fd = -1;
    if (o->temp[0])
        mlp_os_unlink(o->temp, NULL);
    o->temp[0] = '\0';
    free(o->mem);
    o->mem = NULL;
    o->n = o->cap = 0;
}

enum mlp_code mlp_file_write(const char *path, struct mlp_str bytes, uint32_t mode,
                             struct mlp_err *e)
{
    struct mlp_out o;
    enum mlp_code code = mlp_out_open(&o, path, e);
    if (code != MLP_OK)
        return code;
    if (mode && o.temp[0])
        code = mlp_os_chmod(o.temp, mode, e);
    if (code == MLP_OK)
        mlp_out_str(&o, bytes);
    if (code == MLP_OK)
        return mlp_out_commit(&o, e);
    mlp_out_abort(&o);
    return code;
}

enum mlp_code mlp_file_scratch(int *fd, struct mlp_err *e)
{
    char path[512];
    uint64_t random = 0;
    const char *folder = mlp_os_env("TMPDIR");
    enum mlp_code code = mlp_os_random(&random, sizeof random, e);
    *fd = -1;
    snprintf(path, sizeof path, "%s/mlp-%016llx", folder && folder[0] ? folder : "/tmp",
             (unsigned long long)random);
    if (code == MLP_OK)
        code = mlp_os_open(path, MLP_OPEN_CREATE_NEW, fd, e);
    if (code == MLP_OK && (code = mlp_os_chmod(path, 0600, e)) == MLP_OK)
        code = mlp_os_unlink(path, e);
    return code;
}
