#include "oci/tar.h"

#include "base/os.h"
#include <stdlib.h>

#define BLOCK 512u
#define EXTENDED_MAX 65536u /* bytes of one extended header */
#define NAME_SHOWN 120
#define OCTAL_11 ((uint64_t)1 << 33) /* what eleven octal digits cannot say */

/* The ustar header block (POSIX.1-2001, pax, "ustar Interchange Format"): all fields are text. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

static unsigned sum_of(const struct header *h)
{
    const unsigned char *p = (const unsigned char *)h;
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        bool blank = i >= offsetof(struct header, checksum) && i < offsetof(struct header, type);
        sum += blank ? ' ' : p[i];
    }
    return sum;
}

/* What reading one archive carries from header to header. */
struct walk {
    int fd;
    uint64_t at, bytes;
    struct header h;
    bool has_size;      /* an extended header said the size, or the time, of the next entry */
    uint64_t size;
    bool has_mtime;
    int64_t mtime;
};

static enum mlp_code refuse(const struct walk *w, struct mlp_err *e, const char *why)
{
    char name[NAME_SHOWN];
    mlp_str_copy((struct mlp_str){w->h.name, strnlen(w->h.name, sizeof w->h.name)}, name,
                 sizeof name);
    mlp_err_set(e, MLP_EINPUT, "archive entry \"%s\" %s", name, why);
    return mlp_err_at_byte(e, w->at);
}

static enum mlp_code no_tar(const struct walk *w, struct mlp_err *e, const char *why)
{
    mlp_err_set(e, MLP_EINPUT, "not a readable tar archive: %s", why);
    mlp_err_at_byte(e, w->at);
    return mlp_err_hint(e, "a package is an uncompressed tar made by mlp-package create");
}

static enum mlp_code read_at(const struct walk *w, uint64_t at, void *p, size_t n,
                             struct mlp_err *e)
{
    char *to = p;
    while (n) {
        size_t got = 0;
        enum mlp_code code = mlp_os_pread(w->fd, to, n, at, &got, e);
        if (code != MLP_OK)
            return code;
        if (got == 0)
            return no_tar(w, e, "it ends early");
        to += got;
        at += got;
        n -= got;
    }
    return MLP_OK;
}

/* Octal digits with blanks around, or GNU's binary form, whose first bit is set. */
static bool number(const char *field, size_t n, uint64_t *value)
{
    const unsigned char *p = (const unsigned char *)field;
    *value = 0;
    if (p[0] & 0x80) {
        if (p[0] != 0x80)
            return false; /* negative */
        for (size_t i = 1; i < n; i++) {
            if (*value >> 55)
                return false;
            *value = *value << 8 | p[i];
        }
        return true;
    }
    size_t i = 0;
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(p[i] - '0');
    while (i < n && (p[i] == ' ' || p[i] == '\0'))
        i++;
    return i == n;
}

/* One record of an extended header. Those that say what no package needs are refused, those that
 * say nothing of the data (owners, times, comments) are passed over. */
static enum mlp_code take_record(struct walk *w, struct mlp_str key, struct mlp_str value,
                                 struct mlp_err *e)
{
    struct mlp_str whole = value;
    if (mlp_str_is(key, "size")) {
        w->has_size = mlp_str_u64(value, &w->size);
        return w->has_size ? MLP_OK : refuse(w, e, "has an unreadable size");
    }
    if (mlp_str_is(key, "mtime")) {
        mlp_str_split(&value, '.', &whole);
        w->has_mtime = mlp_str_i64(whole, &w->mtime);
        return MLP_OK;
    }
    if (mlp_str_is(key, "path") || mlp_str_is(key, "linkpath"))
        return refuse(w, e, "renames an entry; names in a package are short");
    if (mlp_str_starts(key, "GNU.sparse"))
        return refuse(w, e, "makes a sparse file");
    return MLP_OK;
}

/* Records are "LENGTH KEY=VALUE\n", the length counting itself. */
static enum mlp_code take_records(struct walk *w, struct mlp_str text, struct mlp_err *e)
{
    while (text.n) {
        uint64_t length;
        size_t space = mlp_str_find(text, ' ');
        if (space == text.n || !mlp_str_u64((struct mlp_str){text.p, space}, &length) ||
            length <= space + 1 || length > text.n || text.p[length - 1] != '\n')
            return refuse(w, e, "is a damaged extended header");
        struct mlp_str value = {text.p + space + 1, (size_t)length - space - 2}, key;
        mlp_str_split(&value, '=', &key);
        enum mlp_code code = take_record(w, key, value, e);
        if (code != MLP_OK)
            return code;
        text = (struct mlp_str){text.p + length, text.n - (size_t)length};
    }
    return MLP_OK;
}

static enum mlp_code take_extended(struct walk *w, uint64_t size, struct mlp_err *e)
{
    if (size > EXTENDED_MAX)
        return refuse(w, e, "is an extended header over 64 KiB");
    char *text = malloc(size ? size : 1);
    if (!text)
        return mlp_err_nomem(e);
    enum mlp_code code = read_at(w, w->at + BLOCK, text, (size_t)size, e);
    if (code == MLP_OK)
        code = take_records(w, (struct mlp_str){text, (size_t)size}, e);
    free(text);
    return code;
}

/* Names are compared in one form: "./index.json" and "index.json" are the same file. */
static struct mlp_str plain_name(const struct header *h)
{
    struct mlp_str s = {h->name, strnlen(h->name, sizeof h->name)};
    if (mlp_str_starts(s, "./"))
        s = (struct mlp_str){s.p + 2, s.n - 2};
    if (s.n > 0 && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

static const char *unwanted(const struct header *h)
{
    switch (h->type) {
    case '0':
    case '\0':
    case '5':
    case 'x':
        return h->prefix[0] ? "has a name that is too long" : NULL;
    case '1':
    case '2':
        return "is a link; a package holds plain files only";
    case '3':
    case '4':
    case '6':
        return "is a device or a pipe; a package holds plain files only";
    default:
        return "is of a kind that no package holds";
    }
}

/* Checks the header at w->at and gives the entry's own numbers. */
static enum mlp_code check_header(struct walk *w, struct mlp_tar_entry *entry, struct mlp_err *e)
{
    uint64_t sum, mtime;
    if (!number(w->h.checksum, sizeof w->h.checksum, &sum) || sum != sum_of(&w->h) ||
        memcmp(w->h.magic, "ustar", 5) != 0)
        return no_tar(w, e, "a header is damaged, or there is none");
    const char *why = unwanted(&w->h);
    if (why)
        return refuse(w, e, why);
    if (!number(w->h.size, sizeof w->h.size, &entry->size))
        return refuse(w, e, "has an unreadable size");
    if (w->h.type != 'x' && w->has_size)
        entry->size = w->size;
    entry->mtime = number(w->h.mtime, sizeof w->h.mtime, &mtime) ? (int64_t)mtime : 0;
    if (w->has_mtime)
        entry->mtime = w->mtime;
    entry->is_dir = w->h.type == '5';
    entry->name = plain_name(&w->h);
    entry->offset = w->at + BLOCK;
    if (entry->is_dir && entry->size)
        return refuse(w, e, "is a folder with data");
    if (entry->size > w->bytes - w->at - BLOCK)
        return refuse(w, e, "says it is larger than the archive");
    return MLP_OK;
}

static bool all_zero(const struct header *h)
{
    static const struct header zero;
    return memcmp(h, &zero, sizeof zero) == 0;
}

/* One header and what it announces; *ended at the end of the archive. */
static enum mlp_code step(struct walk *w, struct mlp_tar_entry *entry, bool *ended,
                          struct mlp_err *e)
{
    if (w->bytes < BLOCK || w->at > w->bytes - BLOCK)
        return no_tar(w, e, "it ends early");
    enum mlp_code code = read_at(w, w->at, &w->h, sizeof w->h, e);
    if (code != MLP_OK)
        return code;
    *ended = all_zero(&w->h);
    return *ended ? MLP_OK : check_header(w, entry, e);
}

enum mlp_code mlp_tar_list(int fd, uint64_t bytes, size_t max_entries,
                           enum mlp_code (*visit)(void *ctx, const struct mlp_tar_entry *entry,
                                                  struct mlp_err *e),
                           void *ctx, struct mlp_err *e)
{
    struct walk w = {.fd = fd, .bytes = bytes};
    for (size_t n = 0; n <= max_entries; n++) {
        struct mlp_tar_entry entry;
        bool ended = false;
        enum mlp_code code = step(&w, &entry, &ended, e);
        if (code != MLP_OK || ended)
            return code;
        if (w.h.type == 'x') {
            code = take_extended(&w, entry.size, e);
        } else {
            w.has_size = w.has_mtime = false;
            code = visit(ctx, &entry, e);
        }
        if (code != MLP_OK)
            return code;
        w.at += BLOCK + (entry.size + BLOCK - 1) / BLOCK * BLOCK;
    }
    return mlp_err_set(e, MLP_EINPUT, "more than %zu archive entries", max_entries);
}

void mlp_tar_init(struct mlp_tar *t, const struct mlp_sink *to, int64_t mtime)
{
    *t = (struct mlp_tar){.to = *to, .mtime = mtime};
}

static enum mlp_code send(struct mlp_tar *t, const void *p, size_t n, struct mlp_err *e)
{
    return n ? t->to.write(t->to.ctx, p, n, e) : MLP_OK;
}

static enum mlp_code end_entry(struct mlp_tar *t, struct mlp_err *e)
{
    static const char zeros[BLOCK];
    size_t n = (size_t)t->padding;
    if (t->left)
        return mlp_err_set(e, MLP_EBUG, "an archive entry got fewer bytes than it announced");
    t->padding = 0;
    return send(t, zeros, n, e);
}

static void fill(struct header *h, const char *name, char type, uint64_t size, uint64_t mtime)
{
    memset(h, 0, sizeof *h);
    snprintf(h->name, sizeof h->name, "%s", name);
    snprintf(h->mode, sizeof h->mode, "%07o", type == '5' ? 0755u : 0644u);
    snprintf(h->uid, sizeof h->uid, "%07o", 0u);
    snprintf(h->gid, sizeof h->gid, "%07o", 0u);
    snprintf(h->size, sizeof h->size, "%011llo", (unsigned long long)size);
    snprintf(h->mtime, sizeof h->mtime, "%011llo", (unsigned long long)mtime);
    h->type = type;
    memcpy(h->magic, "ustar", 6);
    memcpy(h->version, "00", 2);
    snprintf(h->major, sizeof h->major, "%07o", 0u);
    snprintf(h->minor, sizeof h->minor, "%07o", 0u);
    snprintf(h->checksum, sizeof h->checksum, "%06o", sum_of(h));
    h->checksum[7] = ' ';
}

/* A record whose length counts its own digits. */
static void add_record(struct mlp_buf *b, const char *key, long long value)
{
    char text[64];
    size_t n = (size_t)snprintf(text, sizeof text, " %s=%lld\n", key, value);
    size_t length = n + (n + 2 < 100 ? 2 : 3);
    mlp_buf_addf(b, "%zu%s", length, text);
}

/* Sizes from 8 GiB and times from the year 2242 (or before 1970) need an extended header. */
static enum mlp_code add_extended(struct mlp_tar *t, bool large, uint64_t size, bool far,
                                  struct mlp_err *e)
{
    struct header h;
    struct mlp_buf b;
    static const char zeros[BLOCK];
    mlp_buf_init(&b, BLOCK);
    if (far)
        add_record(&b, "mtime", t->mtime);
    if (large)
        add_record(&b, "size", (long long)size);
    fill(&h, "PaxHeader", 'x', b.n, 0);
    enum mlp_code code = mlp_buf_check(&b, e);
    if (code == MLP_OK)
        code = send(t, &h, sizeof h, e);
    if (code == MLP_OK)
        code = send(t, b.p, b.n, e);
    if (code == MLP_OK)
        code = send(t, zeros, BLOCK - b.n, e);
    mlp_buf_fini(&b);
    return code;
}

static enum mlp_code add(struct mlp_tar *t, const char *name, char type, uint64_t size,
                         struct mlp_err *e)
{
    struct header h;
    bool large = size >= OCTAL_11, far = t->mtime < 0 || (uint64_t)t->mtime >= OCTAL_11;
    enum mlp_code code = end_entry(t, e);
    if (code == MLP_OK && (large || far))
        code = add_extended(t, large, size, far, e);
    if (code != MLP_OK)
        return code;
    fill(&h, name, type, large ? 0 : size, far ? 0 : (uint64_t)t->mtime);
    t->left = size;
    t->padding = (BLOCK - size % BLOCK) % BLOCK;
    return send(t, &h, sizeof h, e);
}

enum mlp_code mlp_tar_add_dir(struct mlp_tar *t, const char *name, struct mlp_err *e)
{
    char with_slash[sizeof ((struct header *)NULL)->name];
    snprintf(with_slash, sizeof with_slash, "%s/", name);
    return add(t, with_slash, '5', 0, e);
}

enum mlp_code mlp_tar_add_file(struct mlp_tar *t, const char *name, uint64_t size,
                               struct mlp_err *e)
{
    return add(t, name, '0', size, e);
}

enum mlp_code mlp_tar_data(struct mlp_tar *t, const void *p, size_t n, struct mlp_err *e)
{
    if (n > t->left)
        return mlp_err_set(e, MLP_EBUG, "an archive entry got more bytes than it announced");
    t->left -= n;
    return send(t, p, n, e);
}

enum mlp_code mlp_tar_finish(struct mlp_tar *t, struct mlp_err *e)
{
    static const char zeros[2 * BLOCK];
    enum mlp_code code = end_entry(t, e);
    return code == MLP_OK ? send(t, zeros, sizeof zeros, e) : code;
}
