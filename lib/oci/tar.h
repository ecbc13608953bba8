/* tar.h: tar archives without surprises: the only user of libarchive. Internal to lib/oci.
 *
 * Written archives depend on nothing but names, bytes and one time: pax_restricted (POSIX.1-2001
 * pax with extended headers only where ustar cannot say it), owner 0:0, modes 0644 and 0755, no
 * padding beyond the two zero blocks. Read archives are taken as hostile: only plain files and
 * directories pass, whose data lies inside the file. */
#ifndef MLP_OCI_TAR_H
#define MLP_OCI_TAR_H

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
 * neither plain files nor directories, sparse files, more than max_entries, and everything that
 * libarchive finds wrong are MLP_EINPUT. fd stays open and its position is not used. */
enum mlp_code mlp_tar_list(int fd, uint64_t bytes, size_t max_entries,
                           enum mlp_code (*visit)(void *ctx, const struct mlp_tar_entry *entry,
                                                  struct mlp_err *e),
                           void *ctx, struct mlp_err *e);

/* An archive being written into a sink, all entries with the same mtime. On failure the out
 * pointer is NULL. Entries must be given in byte order of their names, for the format's sake. */
struct mlp_tar;
enum mlp_code mlp_tar_new(const struct mlp_sink *to, int64_t mtime, struct mlp_tar **t,
                          struct mlp_err *e);
/* Starts a directory (no data follows) or a file of exactly `size` bytes. */
enum mlp_code mlp_tar_add_dir(struct mlp_tar *t, const char *name, struct mlp_err *e);
enum mlp_code mlp_tar_add_file(struct mlp_tar *t, const char *name, uint64_t size,
                               struct mlp_err *e);
/* Bytes of the file started last; more than its size is MLP_EBUG. */
enum mlp_code mlp_tar_data(struct mlp_tar *t, const void *p, size_t n, struct mlp_err *e);
/* Writes the end of the archive. free also ends one that failed; NULL is fine. */
enum mlp_code mlp_tar_finish(struct mlp_tar *t, struct mlp_err *e);
void mlp_tar_free(struct mlp_tar *t);

#endif
