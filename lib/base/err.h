/* err.h: one error type for the whole suite.
 *
 * Every fallible function returns an enum mlp_code and fills a struct mlp_err that the caller
 * owns. The struct holds its text inline, so that reporting an error never allocates. The first
 * error wins: setting an error that is already set changes nothing, and callers add context with
 * mlp_err_wrap(). The codes are the exit statuses of the programs, the same in all of them. */
#ifndef MLP_BASE_ERR_H
#define MLP_BASE_ERR_H

#include <stdint.h>
#include <stdio.h>

enum mlp_code {
    MLP_OK = 0,         /* pass, done */
    MLP_FINDING = 1,    /* rows rejected, drift, gate closed: the tool worked */
    MLP_EUSAGE = 2,     /* wrong options or arguments */
    MLP_EINPUT = 3,     /* input that cannot be read as what it should be, or over a limit */
    MLP_EIO = 4,        /* I/O error, full disk, out of memory */
    MLP_ENOTFOUND = 5,  /* not found, or a conflict with what is there */
    MLP_ETRUST = 6,     /* signature or digest does not hold */
    MLP_EREMOTE = 7,    /* a remote failed or timed out */
    MLP_EBUG = 70       /* ours: please report */
};

/* Where and what. line, column (1-based) and offset (bytes, 0-based) are 0 / UINT64_MAX when they
 * do not apply. source is a file name or "<stdin>". All strings are NUL-terminated, cut if long. */
struct mlp_err {
    enum mlp_code code;
    int sys_errno;
    uint64_t line;
    uint64_t column;
    uint64_t offset;
    char source[256];
    char message[640];
    char hint[256];
};

#define MLP_NO_OFFSET UINT64_MAX

#if defined(__GNUC__)
#define MLP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define MLP_MUST_CHECK __attribute__((warn_unused_result))
#else
#define MLP_PRINTF(f, a)
#define MLP_MUST_CHECK
#endif

/* Makes *e hold no error. */
void mlp_err_init(struct mlp_err *e);

/* Sets code and message unless an error is set already; returns the code that *e now holds.
 * e may be NULL: the code is returned and the words are lost. */
enum mlp_code mlp_err_set(struct mlp_err *e, enum mlp_code code, const char *fmt, ...)
    MLP_PRINTF(3, 4);

/* As mlp_err_set with MLP_EIO (MLP_ENOTFOUND for ENOENT), the text of errno value `number`
 * appended after ": ". */
enum mlp_code mlp_err_sys(struct mlp_err *e, int number, const char *fmt, ...) MLP_PRINTF(3, 4);

/* The one message for a failed allocation; MLP_EIO. */
enum mlp_code mlp_err_nomem(struct mlp_err *e);

/* Adds the place to an error that is set and has none yet. source may be NULL; line and column
 * may be 0. Returns e->code, so that `return mlp_err_at(e, path, line, 0);` reads well. */
enum mlp_code mlp_err_at(struct mlp_err *e, const char *source, uint64_t line, uint64_t column);

/* Adds the byte offset to an error that is set and has none yet. Returns e->code. */
enum mlp_code mlp_err_at_byte(struct mlp_err *e, uint64_t offset);

/* Puts "context: " before the message of an error that is set. Returns e->code. */
enum mlp_code mlp_err_wrap(struct mlp_err *e, const char *fmt, ...) MLP_PRINTF(2, 3);

/* Sets the next thing to try, when none is set. Returns e->code. */
enum mlp_code mlp_err_hint(struct mlp_err *e, const char *fmt, ...) MLP_PRINTF(2, 3);

/* Writes "source:line:column: message" with the parts that are known, without a newline, as
 * snprintf does. */
void mlp_err_format(const struct mlp_err *e, char *out, size_t size);

/* Writes "tool: source:line:column: message\n" and, if set, "tool: hint: ...\n" to f. */
void mlp_err_print(const struct mlp_err *e, const char *tool, FILE *f);

/* A short stable word for a code: "ok", "finding", "usage", "input", "io", ... */
const char *mlp_code_name(enum mlp_code code);

#endif
