/* file.h: whole files in, whole files out, never half a file.
 *
 * Reading takes a limit. Writing goes to a temporary file in the same folder, then fsync, rename,
 * fsync of the folder; until the commit nothing of it is seen. "-" means stdin or stdout. */
#ifndef MLP_BASE_FILE_H
#define MLP_BASE_FILE_H

#include "base/buf.h"
#include "base/os.h"

/* Reads path ("-" is stdin) whole into b, which must be initialised; more than b->max bytes is
 * MLP_EINPUT. A folder is an error that says so. */
enum mlp_code mlp_file_read(const char *path, struct mlp_buf *b, struct mlp_err *e);

/* "<stdin>" for "-", the path otherwise: the source name of errors. */
const char *mlp_file_name(const char *path);

/* An output that is buffered (64 KiB), then atomic for files and checked for stdout. */
struct mlp_out {
    int fd;             /* -1 when closed */
    bool is_stdout;
    bool direct;        /* a device or a pipe named by path: written in place */
    char path[4096];    /* final name */
    char temp[4128];    /* name until the commit */
    char *mem;          /* owned buffer */
    size_t n, cap;
    uint64_t written;   /* bytes accepted so far */
    struct mlp_err failed; /* first write error: sticky */
};

/* Starts an output: "-" is stdout; a path that names a device, fifo or /dev/stdout is written in
 * place. */
enum mlp_code mlp_out_open(struct mlp_out *o, const char *path, struct mlp_err *e);

/* Accepts bytes; errors are sticky and told by flush or commit (and returned here, to stop
 * early). */
enum mlp_code mlp_out_write(struct mlp_out *o, const void *p, size_t n);
enum mlp_code mlp_out_str(struct mlp_out *o, struct mlp_str s);

/* Sends what is buffered, for streams that people or pipes wait on. */
enum mlp_code mlp_out_flush(struct mlp_out *o, struct mlp_err *e);

/* Makes the output real: flush, fsync, rename, fsync of the folder. For stdout: flush, and a
 * failing flush is the error. The output is closed either way. */
enum mlp_code mlp_out_commit(struct mlp_out *o, struct mlp_err *e);

/* Removes what was written (nothing to undo on stdout). Safe after commit and on a zeroed struct
 * with fd -1. */
void mlp_out_abort(struct mlp_out *o);

/* Opens a file without a name, readable by us alone, in TMPDIR (else /tmp): it is gone when it is
 * closed. */
enum mlp_code mlp_file_scratch(int *fd, struct mlp_err *e);

/* open + write + commit. mode 0 leaves 0644 less the umask; 0600 for secrets. */
enum mlp_code mlp_file_write(const char *path, struct mlp_str bytes, uint32_t mode,
                             struct mlp_err *e);

#endif
