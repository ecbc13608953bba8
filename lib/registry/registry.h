/* registry.h: versions, aliases, tags and the audit log of models (mlp-log(5)).
 *
 * A registry is a directory: an OCI image layout (oci-layout, index.json, blobs/sha256) and
 * log.ndjson, an append-only hash-chained list of events, which is the truth. index.json is
 * derived from it and carries the hash of the last event that it knows; it is rebuilt whenever
 * that differs. One writer at a time holds a lock on the file `lock`; readers take none. An event
 * is acknowledged when its line is fsynced; a last line without its line feed was never
 * acknowledged and is cut by the next writer. */
#ifndef MLP_REGISTRY_REGISTRY_H
#define MLP_REGISTRY_REGISTRY_H

#include "base/map.h"
#include "base/vec.h"
#include "crypt/crypt.h"
#include "oci/package.h"

/* One line of the log. seq counts from 1. prev is the hash of the line before ("" for the first).
 * hash comes last in the line and is the hex SHA-256 of the line with `,"hash":"..."` left out, so
 * that sed and sha256sum can check it. */
struct mlp_event {
    uint64_t seq;
    struct mlp_str time;      /* RFC 3339 */
    struct mlp_str actor;     /* user@host, or --actor */
    struct mlp_str type;      /* "init" "add" "alias" "tag" "attach" "promote" "approve" ... */
    struct mlp_str model;     /* may be empty */
    uint64_t version;         /* 0 when none */
    struct mlp_str digest;    /* may be empty */
    struct mlp_str line;      /* the whole line, without its line feed */
};

struct mlp_version {
    struct mlp_str model;
    uint64_t version;         /* 1, 2, 3 ... per model */
    struct mlp_str digest;
    struct mlp_str created, actor;
    struct mlp_vec tags;      /* of struct mlp_pair, in order of first setting */
    struct mlp_vec referrers; /* of struct mlp_str: digests of the evidence's manifests */
};
struct mlp_pair {
    struct mlp_str key, value; /* value empty: removed */
};
struct mlp_alias {
    struct mlp_str model, name;
    uint64_t version, previous; /* previous: 0 when none */
    uint64_t seq;               /* event that set it: give it to compare-and-set */
};

struct mlp_registry;

/* The directory to use: `given`, else $MLP_REGISTRY, else ~/.local/share/mlp/registry. */
enum mlp_code mlp_registry_path(const char *given, char *out, size_t size, struct mlp_err *e);
enum mlp_code mlp_registry_init(const char *dir, const char *actor, struct mlp_err *e);
/* Opens and replays the log; checks the chain (MLP_ETRUST at the line that breaks it). */
enum mlp_code mlp_registry_open(const char *dir, struct mlp_registry **r, struct mlp_err *e);
void mlp_registry_close(struct mlp_registry *r);
/* Who acts, for the events to come; NULL gives user@host. */
void mlp_registry_actor(struct mlp_registry *r, const char *actor);
const char *mlp_registry_actor_name(const struct mlp_registry *r);

/* Registers a package file: blobs first, then the event. The same digest again under the same name
 * gives the version it has. *version is the new (or old) number. key may be NULL (signature not
 * asked for). */
enum mlp_code mlp_registry_add(struct mlp_registry *r, const char *package_path,
                               const char *name, const struct mlp_key *key, uint64_t *version,
                               struct mlp_err *e);

size_t mlp_registry_nversions(const struct mlp_registry *r);
const struct mlp_version *mlp_registry_version(const struct mlp_registry *r, size_t i);
size_t mlp_registry_naliases(const struct mlp_registry *r);
const struct mlp_alias *mlp_registry_alias_at(const struct mlp_registry *r, size_t i);
const struct mlp_alias *mlp_registry_alias(const struct mlp_registry *r, struct mlp_str model,
                                           struct mlp_str alias);

/* Resolves "name@3", "name@production" (alias), "name" (newest) or "sha256:..." (a digest). */
enum mlp_code mlp_registry_resolve(const struct mlp_registry *r, const char *ref,
                                   const struct mlp_version **v, struct mlp_err *e);

/* Moves an alias by compare-and-set: MLP_ENOTFOUND "changed by ..." when expect_seq is not the
 * event that set it (0: it must not exist; MLP_ANY_SEQ: whatever). */
#define MLP_ANY_SEQ UINT64_MAX
struct mlp_alias_change {
    struct mlp_str model;
    const char *alias;
    uint64_t version;         /* 0 deletes */
    uint64_t expect_seq;
    const char *reason;       /* may be NULL */
};
enum mlp_code mlp_registry_set_alias(struct mlp_registry *r, const struct mlp_alias_change *change,
                                     struct mlp_err *e);
/* value NULL removes. */
enum mlp_code mlp_registry_set_tag(struct mlp_registry *r, const struct mlp_version *v,
                                   const char *key, const char *value, struct mlp_err *e);

/* Attaches evidence to a version (blobs, then an "attach" event). */
enum mlp_code mlp_registry_attach(struct mlp_registry *r, const struct mlp_version *v,
                                  const char *artifact_type, struct mlp_str evidence,
                                  struct mlp_err *e);
/* Appends an event of any type with extra members (a JSON object's text without its braces, may be
 * empty) for a model's version. For promote's request, approve, verdict. */
enum mlp_code mlp_registry_note(struct mlp_registry *r, const char *type,
                                const struct mlp_version *v, struct mlp_str extra_members,
                                struct mlp_err *e);

/* Events in order. */
size_t mlp_registry_nevents(const struct mlp_registry *r);
const struct mlp_event *mlp_registry_event(const struct mlp_registry *r, size_t i);

/* Rebuilds index.json when it is behind the log, if this process may write there. */
void mlp_registry_mend(struct mlp_registry *r);

/* Opens the package of a version. */
enum mlp_code mlp_registry_package(struct mlp_registry *r, const struct mlp_version *v,
                                   struct mlp_package **p, struct mlp_err *e);

/* Member of an event's line as text (numbers as written); empty with p NULL when absent. Escapes
 * are resolved into memory of the registry. */
struct mlp_str mlp_registry_member(struct mlp_registry *r, const struct mlp_event *event,
                                   const char *name);

/* Checks everything: the chain, every blob's digest, every reference, index.json and oci-layout
 * against what they must be. MLP_ETRUST with the first fault. */
struct mlp_registry_sums {
    uint64_t events, blobs, bytes;
    uint64_t unreferenced;    /* blobs that no event names: a writer was killed before its event */
};
enum mlp_code mlp_registry_verify(struct mlp_registry *r, struct mlp_registry_sums *sums,
                                  struct mlp_err *e);

const char *mlp_registry_dir(const struct mlp_registry *r);

#endif
