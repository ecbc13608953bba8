/* inside.h: what the files of lib/oci share: an opened package, index.json, archives as a list of
 * parts. Internal. */
#ifndef MLP_OCI_INSIDE_H
#define MLP_OCI_INSIDE_H

#include "oci/package.h"
#include "oci/store.h"
#include "text/json.h"

#define MLP_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define MLP_TYPE_EMPTY "application/vnd.oci.empty.v1+json"
#define MLP_TYPE_CONFIG "application/vnd.cncf.model.config.v1+json"
#define MLP_NOTE_FILEPATH "org.cncf.model.filepath"
#define MLP_NOTE_ROLE "org.mlp.role"
#define MLP_NOTE_MANIFEST "org.mlp.manifest"
#define MLP_NOTE_REF "org.opencontainers.image.ref.name"
#define MLP_LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

/* A manifest as index.json lists it (OCI image index, descriptors). notes is a JSON object. */
struct mlp_listed {
    struct mlp_str digest, artifact_type, notes;
    uint64_t size;
};

/* A referrer with its place in the index. `pub` is what the public functions show. */
struct mlp_referring {
    struct mlp_referrer pub;
    struct mlp_listed listed;
    struct mlp_str config; /* digest of the manifest's config blob */
};

struct mlp_package {
    struct mlp_store store;
    struct mlp_doc manifest, config;
    struct mlp_arena arena;       /* texts of referrers and of `self` */
    char digest[MLP_DIGEST_TEXT];
    struct mlp_str name, config_digest;
    struct mlp_listed self;
    struct mlp_vec layers;        /* struct mlp_blob, in the manifest's order */
    struct mlp_vec referrers;     /* struct mlp_referring, sorted by digest */
};

/* Reads a referring manifest into r, its texts into p's arena. *refers is false when its subject
 * is another. The digest is checked. */
enum mlp_code mlp_referring_load(struct mlp_package *p, struct mlp_str digest,
                                 struct mlp_referring *r, bool *refers, struct mlp_err *e);

/* Orders referrers by digest: index.json must not depend on the order of attaching. */
void mlp_package_sort_referrers(struct mlp_package *p);

/* True for a name that a package may have: [a-z0-9][a-z0-9._-]{0,127}. */
bool mlp_package_name_ok(struct mlp_str name);

/* Order by path component ("a/z" before "a-b" before "a.txt"), as OpenSSF model-signing orders. */
int mlp_file_name_cmp(struct mlp_str a, struct mlp_str b);

/* MLP_EINPUT unless a file name is relative UTF-8 without "..", ".", empty parts, backslashes and
 * control characters. */
enum mlp_code mlp_file_name_check(struct mlp_str name, struct mlp_err *e);

/* Appends {"mediaType":...,"digest":...} as index.json holds it. */
void mlp_listed_add(struct mlp_json_out *o, const struct mlp_listed *listed);

/* Appends a whole index.json: the package, then its referrers. */
void mlp_package_index(const struct mlp_package *p, struct mlp_buf *out);

/* One blob of an archive to be written, from the first of store, path and bytes that is set. */
struct mlp_part {
    uint8_t digest[MLP_SHA256_BYTES];
    uint64_t size;
    const struct mlp_store *store;
    const char *path;
    struct mlp_str bytes;
};

/* Adds the part of a text or of a stored blob; the digest comes out when `digest` is not NULL. */
enum mlp_code mlp_part_text(struct mlp_vec *parts, struct mlp_str bytes,
                            char digest[MLP_DIGEST_TEXT], struct mlp_err *e);
enum mlp_code mlp_part_stored(struct mlp_vec *parts, const struct mlp_store *store,
                              struct mlp_str digest, struct mlp_err *e);
/* Adds every blob that a package and its referrers are made of. */
enum mlp_code mlp_part_package(struct mlp_vec *parts, const struct mlp_package *p,
                               struct mlp_err *e);

/* Evidence on its way into a package: the texts of its three blobs (evidence, empty config,
 * manifest) as parts that live as long as this. Embedded; bytes stay the caller's. */
struct mlp_evidence {
    const char *type;
    struct mlp_str bytes;
    struct mlp_buf manifest;
    char blob[MLP_DIGEST_TEXT], empty[MLP_DIGEST_TEXT], digest[MLP_DIGEST_TEXT];
    struct mlp_vec parts;
};
void mlp_evidence_init(struct mlp_evidence *v, const char *type);
void mlp_evidence_fini(struct mlp_evidence *v);

/* Writes the manifest that refers to p; then lists it among p's referrers, unsorted (the views
 * are v's). Of p only name, digest, self and arena are used. */
enum mlp_code mlp_evidence_make(struct mlp_evidence *v, const struct mlp_package *p,
                                struct mlp_str bytes, struct mlp_err *e);
enum mlp_code mlp_evidence_refer(struct mlp_package *p, const struct mlp_evidence *v,
                                 struct mlp_err *e);

/* Writes the archive of `parts` (of struct mlp_part; sorted and freed from doubles here) with
 * this index.json. Every part is hashed again on its way: MLP_ETRUST or MLP_EINPUT when a file
 * changed since it was added. */
enum mlp_code mlp_archive_write(struct mlp_vec *parts, struct mlp_str index, int64_t mtime,
                                const struct mlp_sink *to, struct mlp_err *e);

/* The same into a file, at once or not at all ("-" is stdout), with the index.json of p, whose
 * referrers are sorted here. The time is SOURCE_DATE_EPOCH or that of p's own archive. */
enum mlp_code mlp_package_save(struct mlp_package *p, struct mlp_vec *parts, const char *path,
                               struct mlp_err *e);

#endif
