/* internal.h: the registry's state, shared by the files of this module. */
#ifndef MLP_REGISTRY_INTERNAL_H
#define MLP_REGISTRY_INTERNAL_H

#include "registry/registry.h"

#define MLP_LOG_MAX ((size_t)1 << 30)
#define MLP_HASH_HEX 64

struct mlp_registry {
    char dir[4096];
    char actor[300];
    struct mlp_arena arena;    /* lines and texts of events */
    struct mlp_vec events;     /* of struct mlp_event */
    struct mlp_vec versions;   /* of struct mlp_version */
    struct mlp_vec aliases;    /* of struct mlp_alias; version 0 is deleted */
    struct mlp_sha256 *sha;
    char head[MLP_HASH_HEX + 1]; /* hash of the last event, "" before the first */
    uint64_t log_bytes;        /* length of the log that has been replayed */
    bool torn;                 /* bytes without a line feed follow it */
    int lock_fd, log_fd;       /* -1 unless writing */
};

/* ---- log.c */

/* A path below the registry: "DIR/name". */
enum mlp_code mlp_registry_file(const struct mlp_registry *r, const char *name, char *out,
                                size_t size, struct mlp_err *e);

/* Replays what the log holds beyond log_bytes. MLP_ETRUST at the line that breaks the chain. */
enum mlp_code mlp_log_replay(struct mlp_registry *r, struct mlp_err *e);

/* Takes the lock, replays what others wrote, cuts a torn tail. */
enum mlp_code mlp_log_begin(struct mlp_registry *r, struct mlp_err *e);

/* Writes one event (members: JSON members after the common ones, without braces, may be empty)
 * and applies it. After MLP_OK it is on the disk. */
struct mlp_log_entry {
    const char *type;
    struct mlp_str model;
    uint64_t version;
    struct mlp_str digest;
    struct mlp_str members;
};
enum mlp_code mlp_log_append(struct mlp_registry *r, const struct mlp_log_entry *entry,
                             struct mlp_err *e);

/* Writes index.json when it is behind, gives the lock back. */
void mlp_log_end(struct mlp_registry *r);

/* ---- state.c: what the events mean */
enum mlp_code mlp_state_apply(struct mlp_registry *r, const struct mlp_event *event,
                              struct mlp_err *e);

/* ---- index.c: the OCI index derived from the state */
enum mlp_code mlp_index_make(const struct mlp_registry *r, struct mlp_buf *out, struct mlp_err *e);
/* index.json carries the hash of an event: of the last one (current), of an earlier one or it is
 * not there (stale: a writer was killed between event and index), or of none (wrong). */
enum mlp_index_state { MLP_INDEX_CURRENT, MLP_INDEX_STALE, MLP_INDEX_WRONG };
enum mlp_index_state mlp_index_look(const struct mlp_registry *r);
enum mlp_code mlp_index_write(const struct mlp_registry *r, struct mlp_err *e);
#define MLP_OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

#endif
