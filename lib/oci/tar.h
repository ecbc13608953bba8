/* tar.h: tar archives without surprises (POSIX.1-2001, pax interchange format). Internal to
 * lib/oci.
 *
 * Written by hand, since the bytes of a package must be the same whatever library a system has,
 * and read by hand, since archives come from anywhere: there is no code here for links, devices,
 * sparse files and compression, and nothing to allocate. */
#ifndef MLP_OCI_TAR_H
#define MLP_OCI_TAR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Takes n bytes in order; what it returns ends the writing when it is not MLP_OK. */
struct mlp_sink {
    enum mlp_code (*write)(void *ctx, const void *p, size_t n, struct mlp_err *e);
    void *ctx;
};

/* One entry of an archive that is read. name is without "./" in front and "/" at the end; offset
 * is where its bytes start in the file. */
struct mlp_tar_entry {
    struct mlp_str name; /* good during the call only */
    bool is_dir;
    uint64_t offset, size;
    int64_t mtime;       /* seconds since 1970 */
};

/* Calls visit for every entry of the uncompressed tar in fd, which has `bytes` bytes; stops at
 * the first call that does not return MLP_OK. Data is passed over, never read. Entries that are
 * neither plain files nor directories, that extended headers rename or make sparse, that reach
 * beyond the file, wrong checksums, more than max_entries: MLP_EINPUT with the byte offset. fd
 * stays open and its position is not used. */
enum mlp_code mlp_tar_list(int fd, uint64_t bytes, size_t max_entries,
                           enum mlp_code (*visit)(void *ctx, const struct mlp_tar_entry *entry,
                                                  struct mlp_err *e),
                           void *ctx, struct mlp_err *e);

/* An archive being written into a sink, all entries owned by 0:0, with modes 0644 and 0755 and the
 * same mtime. Embedded; nothing to free. Names are ASCII of at most 100 bytes. */
struct mlp_tar {
    struct mlp_sink to;
    int64_t mtime;
    uint64_t left;    /* bytes of the file started last that are still to come */
    uint64_t padding; /* zeros after them */
};
void mlp_tar_init(struct mlp_tar *t, const struct mlp_sink *to, int64_t mtime);

/* Starts a directory (no data follows) or a file of exactly `size` bytes. MLP_EBUG when the file
 * before is not complete. */
enum mlp_code mlp_tar_add_dir(struct mlp_tar *t, const char *name, struct mlp_err *e);
enum mlp_code mlp_tar_add_file(struct mlp_tar *t, const char *name, uint64_t size,
                               struct mlp_err *e);
/* Bytes of the file started last; more than its size is MLP_EBUG. */
enum mlp_code mlp_tar_data(struct mlp_tar *t, const void *p, size_t n, struct mlp_err *e);
/* Writes the end of the archive: two blocks of zeros and no more. */
enum mlp_code mlp_tar_finish(struct mlp_tar *t, struct mlp_err *e);

#endif
