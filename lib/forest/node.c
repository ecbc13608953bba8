/* node.c: what a packed node asks (forest.h). */
#include "forest/internal.h"

struct mlp_forest_node mlp_forest_node(const struct mlp_forest *f, uint32_t i)
{
    if (f->n16) {
        const struct mlp_node16 *n = &f->n16[i];
        return (struct mlp_forest_node){n->child == i, n->child, n->packed >> 8, n->packed & 255,
                                        n->threshold};
    }
    const struct mlp_node8 *n = &f->n8[i];
    uint32_t child = n->packed >> (f->feature_bits + 1);
    uint32_t place = n->packed & ((1u << f->feature_bits) - 1);
    uint32_t left = n->packed >> f->feature_bits & 1 ? MLP_SPLIT_DEFAULT_LEFT : 0;
    if (child == i)
        return (struct mlp_forest_node){true, child, 0, left, (double)n->threshold};
    if (!f->coded)
        return (struct mlp_forest_node){false, child, place, left, (double)n->threshold};
    const struct mlp_forest_column *c = &f->columns[place];
    bool set = c->flags & MLP_SPLIT_CATEGORIES;
    return (struct mlp_forest_node){false, child, c->feature, c->flags,
                                    set ? (double)c->set : c->threshold[(size_t)n->threshold]};
}
