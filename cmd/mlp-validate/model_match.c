/* The order of classes, and which row of a champion is which of ours. */
#include "model_inside.h"

#include <math.h>

static bool before(const struct classes *c, const struct order *o, size_t a, size_t b)
{
    if (!isnan(o->number[a]) && !isnan(o->number[b]))
        return o->number[a] < o->number[b];
    return mlp_str_cmp(c->names.entries[a].key, c->names.entries[b].key) < 0;
}

static void learn_numbers(struct order *o, const struct predictions *p)
{
    for (size_t i = 0; i < p->rows.n; i++) {
        const struct row *row = mlp_vec_at(&p->rows, i);
        if (row->label_class != NO_CLASS)
            o->number[row->label_class] = row->label;
        if (row->pred_class != NO_CLASS)
            o->number[row->pred_class] = row->pred;
    }
}

void order_classes(struct order *o, const struct classes *c, const struct predictions *p)
{
    o->n = c->names.n;
    o->nlabels = 0;
    o->numeric = true;
    for (size_t i = 0; i < o->n; i++)
        o->number[i] = (double)NAN;
    learn_numbers(o, p);
    for (size_t i = 0; i < o->n; i++) {
        bool label = c->names.entries[i].value & 1;
        o->nlabels += label;
        o->numeric = o->numeric && (!label || !isnan(o->number[i]));
        o->rank[i] = 0;
        for (size_t k = 0; k < o->n; k++)
            o->rank[i] += before(c, o, k, i);
    }
}

/* Which row of the champion's is which of ours. Labels that differ show that rows do not match. */
enum mlp_code match_rows(const struct predictions *p, const struct predictions *champion,
                         size_t *at, struct mlp_err *e)
{
    if (champion->rows.n != p->rows.n) {
        mlp_err_set(e, MLP_EINPUT, "%zu rows, but %s has %zu", champion->rows.n, p->source,
                    p->rows.n);
        return mlp_err_at(e, champion->source, 0, 0);
    }
    for (size_t i = 0; i < p->rows.n; i++) {
        const uint64_t *found = p->key < 0 ? NULL : mlp_map_get(&champion->keys,
                                                                p->keys.entries[i].key);
        const struct row *ours = mlp_vec_at(&p->rows, i);
        if (p->key >= 0 && !found) {
            mlp_err_set(e, MLP_EINPUT, "key \"%.*s\" is missing in %s",
                        MLP_STR_ARG(p->keys.entries[i].key), champion->source);
            return mlp_err_at(e, p->source, ours->line, 0);
        }
        at[i] = found ? (size_t)*found : i;
        const struct row *theirs = mlp_vec_at(&champion->rows, at[i]);
        if (ours->label_class == theirs->label_class &&
            (ours->label == theirs->label || isnan(ours->label)))
            continue;
        mlp_err_set(e, MLP_EINPUT, "another label than line %llu of %s",
                    (unsigned long long)ours->line, p->source);
        mlp_err_hint(e, "rows of the champion are matched by order; --key COL matches them by key");
        return mlp_err_at(e, champion->source, theirs->line, 0);
    }
    return MLP_OK;
}
