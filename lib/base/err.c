#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void mlp_err_init(struct mlp_err *e)
{
    memset(e, 0, sizeof *e);
    e->offset = MLP_NO_OFFSET;
}

/* Writes the message; the caller has checked that no error is set. */
static void set_message(struct mlp_err *e, enum mlp_code code, const char *fmt, va_list ap)
    MLP_PRINTF(3, 0);
static void set_message(struct mlp_err *e, enum mlp_code code, const char *fmt, va_list ap)
{
    mlp_err_init(e);
    e->code = code;
    vsnprintf(e->message, sizeof e->message, fmt, ap);
}

enum mlp_code mlp_err_set(struct mlp_err *e, enum mlp_code code, const char *fmt, ...)
{
    if (!e)
        return code;
    if (e->code != MLP_OK)
        return e->code;
    va_list ap;
    va_start(ap, fmt);
    set_message(e, code, fmt, ap);
    va_end(ap);
    return code;
}

/* strerror is not thread-safe; the GNU strerror_r returns the text, in `local` or constant. */
static void errno_text(int number, char *out, size_t size)
{
    char local[128];
    const char *text = strerror_r(number, local, sizeof local);
    snprintf(out, size, "%s", text);
}

enum mlp_code mlp_err_sys(struct mlp_err *e, int number, const char *fmt, ...)
{
    enum mlp_code code = number == ENOENT ? MLP_ENOTFOUND : MLP_EIO;
    if (!e)
        return code;
    if (e->code != MLP_OK)
        return e->code;
    va_list ap;
    va_start(ap, fmt);
    set_message(e, code, fmt, ap);
    va_end(ap);
    e->sys_errno = number;
    char text[128];
    errno_text(number, text, sizeof text);
    size_t n = strlen(e->message);
    snprintf(e->message + n, sizeof e->message - n, ": %s", text);
    if (number == ENOSPC)
        mlp_err_hint(e, "free space on that file system, then run the same command again");
    return code;
}

enum mlp_code mlp_err_nomem(struct mlp_err *e)
{
    mlp_err_set(e, MLP_EIO, "out of memory");
    if (e && e->code == MLP_EIO)
        e->sys_errno = ENOMEM;
    return e ? e->code : MLP_EIO;
}

enum mlp_code mlp_err_at(struct mlp_err *e, const char *source, uint64_t line, uint64_t column)
{
    if (!e)
        return MLP_EIO;
    if (e->code == MLP_OK)
        return MLP_OK;
    if (source && !e->source[0])
        snprintf(e->source, sizeof e->source, "%s", source);
    if (line && !e->line) {
        e->line = line;
        e->column = column;
    }
    return e->code;
}

enum mlp_code mlp_err_at_byte(struct mlp_err *e, uint64_t offset)
{
    if (!e)
        return MLP_EIO;
    if (e->code != MLP_OK && e->offset == MLP_NO_OFFSET)
        e->offset = offset;
    return e->code;
}

enum mlp_code mlp_err_wrap(struct mlp_err *e, const char *fmt, ...)
{
    if (!e)
        return MLP_EIO;
    if (e->code == MLP_OK)
        return MLP_OK;
    char old[sizeof e->message];
    memcpy(old, e->message, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->message, sizeof e->message, fmt, ap);
    va_end(ap);
    size_t n = strlen(e->message);
    snprintf(e->message + n, sizeof e->message - n, ": %s", old);
    return e->code;
}

enum mlp_code mlp_err_hint(struct mlp_err *e, const char *fmt, ...)
{
    if (!e)
        return MLP_EIO;
    if (e->code != MLP_OK && !e->hint[0]) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(e->hint, sizeof e->hint, fmt, ap);
        va_end(ap);
    }
    return e->code;
}

void mlp_err_format(const struct mlp_err *e, char *out, size_t size)
{
    char place[sizeof e->source + 64] = "";
    size_t n = 0;
    if (e->source[0])
        n += (size_t)snprintf(place, sizeof place, "%s:", e->source);
    if (e->line)
        n += (size_t)snprintf(place + n, sizeof place - n, "%llu:", (unsigned long long)e->line);
    if (e->line && e->column)
        n += (size_t)snprintf(place + n, sizeof place - n, "%llu:", (unsigned long long)e->column);
    if (!e->line && e->offset != MLP_NO_OFFSET)
        snprintf(place + n, sizeof place - n, "byte %llu:", (unsigned long long)e->offset);
    snprintf(out, size, "%s%s%s", place, place[0] ? " " : "", e->message);
}

void mlp_err_print(const struct mlp_err *e, const char *tool, FILE *f)
{
    char text[sizeof e->source + sizeof e->message + 64];
    mlp_err_format(e, text, sizeof text);
    fprintf(f, "%s: %s\n", tool, text);
    if (e->hint[0])
        fprintf(f, "%s: hint: %s\n", tool, e->hint);
}

const char *mlp_code_name(enum mlp_code code)
{
    switch (code) {
    case MLP_OK: return "ok";
    case MLP_FINDING: return "finding";
    case MLP_EUSAGE: return "usage";
    case MLP_EINPUT: return "input";
    case MLP_EIO: return "io";
    case MLP_ENOTFOUND: return "not-found";
    case MLP_ETRUST: return "trust";
    case MLP_EREMOTE: return "remote";
    case MLP_EBUG: break;
    }
    return "bug";
}
