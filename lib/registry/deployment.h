/* deployment.h: which digests serve which route with which weights (mlp-deployment(5)).
 *
 * mlp-promote replaces this file atomically; every mlp-serve that watches it follows. No program
 * calls another: they meet here.
 *
 *   version: 1
 *   registry: ../registry            # optional, relative to this file
 *   routes:
 *     - name: flights
 *       targets:
 *         - {role: stable, model: flights, version: 3, digest: "sha256:...", weight: 95}
 *         - {role: canary, model: flights, version: 4, digest: "sha256:...", weight: 5}
 *         - {role: shadow, model: flights, version: 5, digest: "sha256:..."}
 */
#ifndef MLP_REGISTRY_DEPLOYMENT_H
#define MLP_REGISTRY_DEPLOYMENT_H

#include "base/arena.h"
#include "base/buf.h"

enum mlp_arm { MLP_ARM_STABLE, MLP_ARM_CANARY, MLP_ARM_SHADOW };

struct mlp_target {
    enum mlp_arm role;
    struct mlp_str model;
    uint64_t version;
    struct mlp_str digest;
    struct mlp_str path;      /* a package or model file instead of a digest; may be empty */
    unsigned weight;          /* 0 to 100; shadow has none */
};

#define MLP_DEPLOYMENT_TARGETS 8
struct mlp_route {
    struct mlp_str name;
    size_t ntargets;
    struct mlp_target targets[MLP_DEPLOYMENT_TARGETS];
};

#define MLP_DEPLOYMENT_ROUTES 64
struct mlp_deployment {
    struct mlp_arena arena;
    char registry[4096];      /* as written: relative to the file; empty: the default one */
    size_t nroutes;
    struct mlp_route routes[MLP_DEPLOYMENT_ROUTES];
};

/* Reads and checks: known keys, weights of stable and canary add up to 100 (a single target may
 * leave its weight out), digests well-formed. Errors name file, line and column. d must be zeroed;
 * it is empty after an error. */
enum mlp_code mlp_deployment_load(struct mlp_deployment *d, const char *path, struct mlp_err *e);
void mlp_deployment_fini(struct mlp_deployment *d);

/* The route of that name, borrowed from d, or NULL. */
struct mlp_route *mlp_deployment_route(struct mlp_deployment *d, struct mlp_str name);

/* The path that a text of the file means: seen from the file's folder unless it is absolute. False
 * when out is too small. */
bool mlp_deployment_resolve(const char *file, struct mlp_str path, char *out, size_t size);

/* "stable", "canary" or "shadow". */
const char *mlp_arm_name(enum mlp_arm arm);

/* Writes atomically, in the form above; comments of an earlier file are not kept. */
enum mlp_code mlp_deployment_save(const struct mlp_deployment *d, const char *path,
                                  struct mlp_err *e);

#endif
