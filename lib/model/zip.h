/* zip.h: a strict reader of zip archives in memory.
 *
 * Python's zipfile writes skops and NumPy .npz files; two readers of one archive must never see two
 * different contents, so that what is no plain archive is refused: bytes before, between or after
 * the entries, two entries of one name, local headers that contradict the directory, comments,
 * data descriptors, encryption, several disks. (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.) */
#ifndef MLP_MODEL_ZIP_H
#define MLP_MODEL_ZIP_H

#include "base/arena.h"
#include "base/err.h"

/* One file: data is a view of its bytes in the archive, deflated or not. */
struct mlp_zip_entry {
    struct mlp_str name;
    struct mlp_str data;
    uint64_t offset;             /* of the local header */
    uint32_t crc;
    uint32_t size;               /* of the content */
    bool deflated;
};

/* Entries in the order of their names; arena and bytes are borrowed. */
struct mlp_zip {
    struct mlp_arena *arena;
    const struct mlp_zip_entry *entries;
    size_t n;
};

/* Checks the whole structure and lists the entries; contents are not read yet. bytes must outlive
 * z. Refused too: contents that sum up to more than 64 MiB and 200 times the archive. MLP_EINPUT
 * with the entry and what is wrong. */
enum mlp_code mlp_zip_open(struct mlp_zip *z, struct mlp_arena *a, struct mlp_str bytes,
                           struct mlp_err *e);

/* The entry of that name, or NULL. */
const struct mlp_zip_entry *mlp_zip_find(const struct mlp_zip *z, struct mlp_str name);

/* The content of an entry, its CRC checked: a view of the archive when it is stored, else in the
 * arena. MLP_EINPUT for damage. */
enum mlp_code mlp_zip_read(const struct mlp_zip *z, const struct mlp_zip_entry *entry,
                           struct mlp_str *out, struct mlp_err *e);

#endif
