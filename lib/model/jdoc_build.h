/* jdoc_build.h: how the JSON and UBJSON readers build the tree of jdoc.h. */
#ifndef MLP_MODEL_JDOC_BUILD_H
#define MLP_MODEL_JDOC_BUILD_H

#include "base/vec.h"
#include "model/jdoc.h"

/* Open arrays keep their numbers and items on two stacks. */
struct mlp_jbuild {
    struct mlp_arena *arena;     /* borrowed */
    struct mlp_vec numbers, items;
    struct mlp_err *e;
};

/* Where an array's part of the stacks starts. */
struct mlp_jmark {
    size_t numbers, items;
};

void mlp_jbuild_init(struct mlp_jbuild *b, struct mlp_arena *a, struct mlp_err *e);
void mlp_jbuild_fini(struct mlp_jbuild *b);

/* A value in the arena; NULL (b->e is set) without memory. */
struct mlp_jval *mlp_jbuild_new(struct mlp_jbuild *b, enum mlp_jtype type);

/* Adds to the innermost open array. */
enum mlp_code mlp_jbuild_number(struct mlp_jbuild *b, double v);
enum mlp_code mlp_jbuild_item(struct mlp_jbuild *b, struct mlp_jval *v);

/* Closes it: numbers or other values, not both. */
enum mlp_code mlp_jbuild_array(struct mlp_jbuild *b, struct mlp_jmark from,
                               struct mlp_jval **out);

#endif
