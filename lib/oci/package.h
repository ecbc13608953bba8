/* package.h: one model with its evidence as a deterministic OCI image-layout archive
 * (mlp-package(5)), following the CNCF ModelPack media types.
 *
 * Archive NAME.mlp: an uncompressed pax tar, entries sorted by bytes, mode 0644/0755, owner 0:0,
 * mtime SOURCE_DATE_EPOCH or 0: oci-layout, index.json, blobs/sha256/HEX. The manifest's digest is
 * the package's identity. Evidence that comes later (signature bundles, reports, approvals) is
 * more manifests in index.json whose `subject` is the package (OCI 1.1 referrers). */
#ifndef MLP_OCI_PACKAGE_H
#define MLP_OCI_PACKAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "crypt/crypt.h"
#include "text/doc.h"

/* Roles of the files of a package, kept in the layer annotation "org.mlp.role". */
enum mlp_role { MLP_ROLE_MODEL, MLP_ROLE_SCHEMA, MLP_ROLE_PROFILE, MLP_ROLE_REPORT, MLP_ROLE_GOLDEN,
                MLP_ROLE_CARD, MLP_ROLE_SBOM, MLP_ROLE_RULES, MLP_ROLE_CODE, MLP_ROLE_DATASET };
const char *mlp_role_name(enum mlp_role role);

/* A file to put in: path on disk, and the name inside (NULL: the path's last part). */
struct mlp_package_file {
    enum mlp_role role;
    const char *path;
    const char *name;
    struct mlp_str bytes; /* used instead of path when p is not NULL */
    const uint8_t *sum;   /* its SHA-256 when that is known with the size, else NULL */
    uint64_t size;        /* is not hashed before, only while it is written */
};

/* What a package is made of. Annotations are name, value pairs ending with NULL. */
struct mlp_package_spec {
    const char *name;             /* model name: [a-z0-9][a-z0-9._-]{0,127} */
    const struct mlp_package_file *files;
    size_t nfiles;
    const char *const *annotations;
    struct mlp_str config_json;   /* the config's "config" object as JSON; may be empty. ModelPack
                                     knows architecture, format, paramSize, precision there */
    const struct mlp_key *key;    /* signs as mlp_package_sign does, in one pass; may be NULL */
};

/* Writes the archive at path by way of a temporary file. digest gets the manifest's digest. The
 * same spec gives the same bytes everywhere. */
enum mlp_code mlp_package_create(const struct mlp_package_spec *spec, const char *path,
                                 char digest[MLP_DIGEST_TEXT], struct mlp_err *e);

/* A blob of a package or layout. */
struct mlp_blob {
    struct mlp_str digest;       /* "sha256:..." */
    struct mlp_str media_type;
    struct mlp_str name;         /* org.cncf.model.filepath, or empty */
    struct mlp_str role;         /* org.mlp.role, or empty */
    uint64_t size;
};

/* An opened package: an archive file, an OCI layout directory, or a registry with a digest.
 * Read-only. Every digest on the path from index.json to what is read is checked as it is read. */
struct mlp_package;
enum mlp_code mlp_package_open(const char *path, struct mlp_package **p, struct mlp_err *e);
/* One package of a layout directory that holds many (the registry). */
enum mlp_code mlp_package_open_digest(const char *layout_dir, struct mlp_str digest,
                                      struct mlp_package **p, struct mlp_err *e);
void mlp_package_close(struct mlp_package *p);

struct mlp_str mlp_package_name(const struct mlp_package *p);
struct mlp_str mlp_package_digest(const struct mlp_package *p);
const struct mlp_node *mlp_package_manifest(const struct mlp_package *p); /* parsed */
const struct mlp_node *mlp_package_config(const struct mlp_package *p);
size_t mlp_package_nlayers(const struct mlp_package *p);
const struct mlp_blob *mlp_package_layer(const struct mlp_package *p, size_t i);
/* First layer of a role, or NULL. */
const struct mlp_blob *mlp_package_find(const struct mlp_package *p, enum mlp_role role);

/* Appends a blob's bytes after checking its digest; MLP_ETRUST when it does not hold. */
enum mlp_code mlp_package_read(struct mlp_package *p, struct mlp_str digest, struct mlp_buf *out,
                               struct mlp_err *e);

/* Referrers: evidence attached to the package. */
struct mlp_referrer {
    struct mlp_str digest;        /* of the referring manifest */
    struct mlp_str artifact_type; /* media type of the evidence */
    struct mlp_str blob;          /* digest of its one layer */
    uint64_t size;
};
size_t mlp_package_nreferrers(const struct mlp_package *p);
const struct mlp_referrer *mlp_package_referrer(const struct mlp_package *p, size_t i);

#define MLP_TYPE_BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define MLP_TYPE_REPORT "application/vnd.mlp.report.v1+json"
#define MLP_TYPE_MODEL "application/vnd.cncf.model.manifest.v1+json"
#define MLP_NOTE_SUBJECT "org.mlp.subject" /* in index.json: spares reading every manifest */
#define MLP_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"

/* Adds evidence to an archive (rewritten atomically) or layout directory. referrer gets the digest
 * of the new manifest. Attaching the same evidence twice changes nothing. Several processes may
 * attach at once. */
enum mlp_code mlp_package_attach(const char *path, struct mlp_str subject_digest,
                                 const char *artifact_type, struct mlp_str evidence,
                                 char referrer[MLP_DIGEST_TEXT], struct mlp_err *e);

/* The in-toto statement of OpenSSF model-signing (predicate https://model_signing/signature/v1.0)
 * over the package's files; the manifest digest is among the subjects' annotations. */
enum mlp_code mlp_package_statement(struct mlp_package *p, struct mlp_buf *out, struct mlp_err *e);

/* Signs: statement, bundle, attach. */
enum mlp_code mlp_package_sign(const char *path, const struct mlp_key *k, struct mlp_err *e);

/* Checks every digest, and that some attached bundle is a statement about exactly these files
 * signed by k. k NULL checks digests only. MLP_ETRUST with what does not hold. */
enum mlp_code mlp_package_verify(struct mlp_package *p, const struct mlp_key *k,
                                 struct mlp_err *e);

/* The parts of verify, for callers that tell each of them. check_digests reads every blob;
 * check_signature reads the bundles. check_archive wants the archive byte for byte as
 * mlp_package_create and _attach write it, so that a changed padding byte or header is found too
 * (MLP_ETRUST with its offset); a layout directory passes. */
enum mlp_code mlp_package_check_digests(struct mlp_package *p, struct mlp_err *e);
enum mlp_code mlp_package_check_signature(struct mlp_package *p, const struct mlp_key *k,
                                          struct mlp_err *e);
enum mlp_code mlp_package_check_archive(struct mlp_package *p, struct mlp_err *e);

/* Copies manifest, config, layers and referrers into a layout directory (blobs by temp, fsync,
 * rename), without touching its index.json. Blobs that are there are not written again. */
enum mlp_code mlp_package_copy(struct mlp_package *p, const char *layout_dir, struct mlp_err *e);

/* Writes the package as an archive again, with its referrers: the same digest, and for a package
 * that was not changed since it was made, the same bytes. "-" is stdout. */
enum mlp_code mlp_package_export(struct mlp_package *p, const char *path, struct mlp_err *e);

/* Writes the files of the package into a new directory under their names (no "..", no absolute
 * names). MLP_ENOTFOUND when a file exists and force is false. */
enum mlp_code mlp_package_unpack(struct mlp_package *p, const char *dir, bool force,
                                 struct mlp_err *e);

#endif
