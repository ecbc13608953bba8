#include "oci/tar.h"

#include "base/os.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#define BLOCK ((size_t)64 * 1024)
#define TAR_BLOCK 512u
#define NAME_SHOWN 120

/* The file as libarchive reads it. */
struct source {
    int fd;
    uint64_t at, bytes;
    char *block;
    struct mlp_err *e;
};

static la_ssize_t read_block(struct archive *a, void *ctx, const void **out)
{
    struct source *s = ctx;
    size_t got = 0;
    *out = s->block;
    if (mlp_os_pread(s->fd, s->block, BLOCK, s->at, &got, s->e) != MLP_OK) {
        archive_set_error(a, EIO, "cannot read");
        return ARCHIVE_FATAL;
    }
    s->at += got;
    return (la_ssize_t)got;
}

static la_int64_t skip_bytes(struct archive *a, void *ctx, la_int64_t n)
{
    struct source *s = ctx;
    (void)a;
    uint64_t left = s->at < s->bytes ? s->bytes - s->at : 0;
    uint64_t step = n > 0 && (uint64_t)n < left ? (uint64_t)n : n > 0 ? left : 0;
    s->at += step;
    return (la_int64_t)step;
}

static enum mlp_code refuse(struct mlp_err *e, const char *name, const char *why)
{
    return mlp_err_set(e, MLP_EINPUT, "archive entry \"%.*s\" %s", NAME_SHOWN, name ? name : "?",
                       why);
}

static enum mlp_code check_kind(struct archive_entry *entry, const char *name, struct mlp_err *e)
{
    unsigned type = archive_entry_filetype(entry);
    if (archive_entry_hardlink(entry) || archive_entry_symlink(entry))
        return refuse(e, name, "is a link; a package holds plain files only");
    if (type != AE_IFREG && type != AE_IFDIR)
        return refuse(e, name, "is a device or another special file");
    if (archive_entry_sparse_count(entry) > 0)
        return refuse(e, name, "is a sparse file");
    if (archive_entry_size(entry) < 0)
        return refuse(e, name, "has a negative size");
    return MLP_OK;
}

/* Names are compared in one form: "./index.json" and "index.json" are the same file. */
static struct mlp_str plain_name(const char *name)
{
    struct mlp_str s = mlp_str_from(name);
    if (mlp_str_starts(s, "./"))
        s = (struct mlp_str){s.p + 2, s.n - 2};
    if (s.n > 0 && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

struct walk {
    struct archive *a;
    struct source source;
    size_t max_entries;
    enum mlp_code (*visit)(void *ctx, const struct mlp_tar_entry *entry, struct mlp_err *e);
    void *ctx;
    struct mlp_err *e;
};

static enum mlp_code archive_failure(struct walk *w)
{
    const char *why = archive_error_string(w->a);
    uint64_t at = (uint64_t)archive_read_header_position(w->a);
    mlp_err_set(w->e, MLP_EINPUT, "not a readable tar archive: %s", why ? why : "no reason given");
    mlp_err_at_byte(w->e, at);
    return mlp_err_hint(w->e, "a package is an uncompressed tar made by mlp-package create");
}

/* The data of the entry ends, padded, where the next header starts; so the caller passes over
 * it first and looks where it stands. */
static enum mlp_code visit_entry(struct walk *w, struct archive_entry *entry, int *next)
{
    char name[512];
    const char *given = archive_entry_pathname(entry);
    enum mlp_code code = check_kind(entry, given, w->e);
    if (code != MLP_OK)
        return code;
    if (!given || !mlp_str_copy(plain_name(given), name, sizeof name))
        return refuse(w->e, given, "has a name that is too long or unreadable");
    uint64_t size = (uint64_t)archive_entry_size(entry);
    struct mlp_tar_entry out = {.name = mlp_str_from(name), .size = size,
                                .is_dir = archive_entry_filetype(entry) == AE_IFDIR,
                                .mtime = archive_entry_mtime(entry)};
    *next = archive_read_next_header(w->a, &entry);
    uint64_t end = (uint64_t)archive_read_header_position(w->a);
    uint64_t padded = (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    if (padded < size || end < padded || end - padded + size > w->source.bytes)
        return refuse(w->e, name, "says it is larger than the archive");
    out.offset = end - padded;
    return w->visit(w->ctx, &out, w->e);
}

static enum mlp_code walk_entries(struct walk *w)
{
    struct archive_entry *entry = NULL;
    int status = archive_read_next_header(w->a, &entry);
    for (size_t n = 0; status == ARCHIVE_OK; n++) {
        if (n == w->max_entries)
            return mlp_err_set(w->e, MLP_EINPUT, "more than %zu archive entries", w->max_entries);
        int next = ARCHIVE_EOF;
        enum mlp_code code = visit_entry(w, entry, &next);
        if (code != MLP_OK)
            return code;
        status = next;
    }
    return status == ARCHIVE_EOF ? MLP_OK : archive_failure(w);
}

enum mlp_code mlp_tar_list(int fd, uint64_t bytes, size_t max_entries,
                           enum mlp_code (*visit)(void *ctx, const struct mlp_tar_entry *entry,
                                                  struct mlp_err *e),
                           void *ctx, struct mlp_err *e)
{
    struct walk w = {.a = archive_read_new(), .max_entries = max_entries, .visit = visit,
                     .ctx = ctx, .e = e};
    w.source = (struct source){.fd = fd, .bytes = bytes, .block = malloc(BLOCK), .e = e};
    enum mlp_code code;
    if (!w.a || !w.source.block)
        code = mlp_err_nomem(e);
    else if (archive_read_support_format_tar(w.a) != ARCHIVE_OK ||
             archive_read_open2(w.a, &w.source, NULL, read_block, skip_bytes, NULL) != ARCHIVE_OK)
        code = archive_failure(&w);
    else
        code = walk_entries(&w);
    archive_read_free(w.a);
    free(w.source.block);
    return code;
}

struct mlp_tar {
    struct archive *a;
    struct archive_entry *entry; /* one, reused */
    struct mlp_sink to;
    struct mlp_err *e;           /* of the call that is running */
    enum mlp_code failed;
    bool ended;                  /* the sink may be gone */
    int64_t mtime;
};

/* libarchive 3.6 leaks its client when writing to it fails: it never learns of a failure, what
 * follows one goes nowhere, and each call below asks here. */
static la_ssize_t write_block(struct archive *a, void *ctx, const void *p, size_t n)
{
    struct mlp_tar *t = ctx;
    (void)a;
    if (!t->ended && t->failed == MLP_OK)
        t->failed = t->to.write(t->to.ctx, p, n, t->e);
    return (la_ssize_t)n;
}

static enum mlp_code result(struct mlp_tar *t, bool done, struct mlp_err *e)
{
    if (t->failed != MLP_OK || done)
        return t->failed;
    const char *why = archive_error_string(t->a);
    return mlp_err_set(e, MLP_EIO, "cannot write the archive: %s", why ? why : "no reason given");
}

enum mlp_code mlp_tar_new(const struct mlp_sink *to, int64_t mtime, struct mlp_tar **out,
                          struct mlp_err *e)
{
    *out = NULL;
    struct mlp_tar *t = calloc(1, sizeof *t);
    if (!t)
        return mlp_err_nomem(e);
    *t = (struct mlp_tar){.a = archive_write_new(), .entry = archive_entry_new(), .to = *to,
                          .e = e, .mtime = mtime};
    if (!t->a || !t->entry) {
        mlp_tar_free(t);
        return mlp_err_nomem(e);
    }
    if (archive_write_set_format_pax_restricted(t->a) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(t->a, 0) != ARCHIVE_OK ||
        archive_write_open(t->a, t, NULL, write_block, NULL) != ARCHIVE_OK) {
        enum mlp_code code = result(t, false, e);
        mlp_tar_free(t);
        return code;
    }
    *out = t;
    return MLP_OK;
}

/* Nothing of the running machine gets in: no stat, no owner names, no attributes. */
static enum mlp_code add(struct mlp_tar *t, const char *name, bool is_dir, uint64_t size,
                         struct mlp_err *e)
{
    t->e = e;
    archive_entry_clear(t->entry);
    archive_entry_set_pathname(t->entry, name);
    archive_entry_set_filetype(t->entry, is_dir ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(t->entry, is_dir ? 0755 : 0644);
    archive_entry_set_size(t->entry, (la_int64_t)size);
    archive_entry_set_mtime(t->entry, t->mtime, 0);
    archive_entry_set_uid(t->entry, 0);
    archive_entry_set_gid(t->entry, 0);
    return result(t, archive_write_header(t->a, t->entry) == ARCHIVE_OK, e);
}

enum mlp_code mlp_tar_add_dir(struct mlp_tar *t, const char *name, struct mlp_err *e)
{
    return add(t, name, true, 0, e);
}

enum mlp_code mlp_tar_add_file(struct mlp_tar *t, const char *name, uint64_t size,
                               struct mlp_err *e)
{
    return add(t, name, false, size, e);
}

enum mlp_code mlp_tar_data(struct mlp_tar *t, const void *p, size_t n, struct mlp_err *e)
{
    t->e = e;
    la_ssize_t wrote = n ? archive_write_data(t->a, p, n) : 0;
    if (wrote >= 0 && (size_t)wrote != n)
        return mlp_err_set(e, MLP_EBUG, "an archive entry got more bytes than it announced");
    return result(t, wrote >= 0, e);
}

enum mlp_code mlp_tar_finish(struct mlp_tar *t, struct mlp_err *e)
{
    t->e = e;
    return result(t, archive_write_close(t->a) == ARCHIVE_OK, e);
}

void mlp_tar_free(struct mlp_tar *t)
{
    if (!t)
        return;
    /* Freeing an archive that is open closes it, which writes its end. */
    t->ended = true;
    archive_write_free(t->a);
    archive_entry_free(t->entry);
    free(t);
}
