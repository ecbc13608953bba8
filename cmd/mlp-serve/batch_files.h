/* batch_files.h: many tables, and parts of them: which (batch_list.c), and predicting them
 * (batch_files.c). */
#ifndef MLP_SERVE_BATCH_FILES_H
#define MLP_SERVE_BATCH_FILES_H

#include "batch.h"

#include "base/map.h"
#include "base/os.h"
#include "base/vec.h"

/* A file in the row of all: its bytes are [start, start + size). */
struct file {
    const char *path;            /* in the arena */
    uint64_t start, size;
    int64_t mtime_s;
    uint32_t mtime_ns;
    uint64_t inode;
    bool divides;                /* it is larger than a part, and may be cut */
};

struct files {
    struct batch *b;
    struct mlp_arena arena;      /* paths */
    struct mlp_vec list;         /* of struct file */
    struct mlp_map outputs;      /* paths of what was written */
    uint64_t part, parts, total;
    uint64_t from, to;           /* bytes of all files that are this part's */
    const char *into;            /* or NULL */
    struct mlp_stat model;
    uint64_t there;              /* files that had their predictions */
};

/* batch_list.c: reads --part and the operands into list, part, parts, total. MLP_EUSAGE when they
 * cannot be meant, MLP_ENOTFOUND for a file or pattern without any. */
enum mlp_code batch_list(struct files *f, struct mlp_err *e);

/* Where the last name of a path begins. */
size_t batch_name_at(const char *path);

#endif
