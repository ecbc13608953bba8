/* What the files that make an evaluation share. */
#ifndef MLP_VALIDATE_MODEL_INSIDE_H
#define MLP_VALIDATE_MODEL_INSIDE_H

#include "model.h"

/* Classes in order: numbers by value, else names by their bytes, as scikit-learn sorts them. */
struct order {
    size_t n, nlabels;
    bool numeric;                  /* every label is a number */
    double number[MOST_CLASSES];
    uint32_t rank[MOST_CLASSES];
};

void order_classes(struct order *o, const struct classes *c, const struct predictions *p);

/* at[i]: the champion's row of our row i, by order or by key. Labels that differ show that rows do
 * not match, and are an error. */
enum mlp_code match_rows(const struct predictions *p, const struct predictions *champion,
                         size_t *at, struct mlp_err *e);

#endif
