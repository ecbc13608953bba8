/* store.h: where a package's blobs lie: an archive file or an OCI layout directory (OCI image
 * layout 1.0). Internal to lib/oci.
 *
 * An archive is never unpacked: opening it lists (digest, offset, size) of every blob, and blobs
 * are read in place. Every byte that leaves a store has been hashed against its digest. */
#ifndef MLP_OCI_STORE_H
#define MLP_OCI_STORE_H

#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "crypt/crypt.h"
#include "oci/tar.h"

#define MLP_JSON_BLOB_MAX ((size_t)16 * 1024 * 1024) /* manifests, configs */
#define MLP_INDEX_MAX ((size_t)256 * 1024 * 1024)    /* index.json: a registry may list many */
#define MLP_EVIDENCE_MAX ((size_t)64 * 1024 * 1024)  /* one referrer's evidence */

/* A blob of an archive. */
struct mlp_store_blob {
    uint8_t digest[MLP_SHA256_BYTES];
    uint64_t offset, size;
};

/* Embedded; zeroed before open. Several readers may share one store: it holds no position. */
struct mlp_store {
    char path[4096];
    bool is_dir;
    int fd;                     /* of the archive; -1 for a directory */
    uint64_t bytes;             /* size of the archive */
    int64_t mtime;              /* of the archive's first entry */
    struct mlp_vec blobs;       /* struct mlp_store_blob, sorted by digest; archives only */
    struct mlp_tar_entry index; /* where index.json lies; size 0 when there is none */
    bool has_layout;            /* oci-layout was there */
};

/* Opens a file or directory and lists the archive. MLP_EINPUT for what is neither a tar with
 * exactly the entries of a layout nor a folder with index.json; MLP_ENOTFOUND without path. */
enum mlp_code mlp_store_open(struct mlp_store *s, const char *path, struct mlp_err *e);
void mlp_store_close(struct mlp_store *s);

/* Appends the bytes of index.json, at most MLP_INDEX_MAX. */
enum mlp_code mlp_store_index(const struct mlp_store *s, struct mlp_buf *out, struct mlp_err *e);

/* Size of a blob, and whether there is one: MLP_ENOTFOUND names the digest. */
enum mlp_code mlp_store_size(const struct mlp_store *s, struct mlp_str digest, uint64_t *size,
                             struct mlp_err *e);

/* Sends a blob to `to` in blocks (to NULL: only checks it). MLP_ETRUST when the bytes are not
 * those of the digest: the sink has then seen bytes that must not be used. */
enum mlp_code mlp_store_send(const struct mlp_store *s, struct mlp_str digest,
                             const struct mlp_sink *to, struct mlp_err *e);

/* Appends a blob of at most out->max bytes; out is as before when it fails. */
enum mlp_code mlp_store_read(const struct mlp_store *s, struct mlp_str digest,
                             struct mlp_buf *out, struct mlp_err *e);

/* "DIR/blobs/sha256/HEX" of a digest that is well-formed; false when it does not fit. */
bool mlp_store_blob_path(const char *dir, struct mlp_str digest, char *out, size_t size);

/* Sinks that append to a buffer and write to an output. */
struct mlp_sink mlp_sink_buf(struct mlp_buf *b);
struct mlp_sink mlp_sink_out(struct mlp_out *o);

/* Sends `bytes` bytes of fd from `offset` on to `to` and, when h is not NULL, into h. Fewer are
 * MLP_EINPUT "ends early". */
enum mlp_code mlp_send_range(int fd, uint64_t offset, uint64_t bytes, struct mlp_sha256 *h,
                             const struct mlp_sink *to, struct mlp_err *e);

#endif
