/* import_tfdv_inside.h: what the files that read schemas of TensorFlow Data Validation share. */
#ifndef MLP_RULE_IMPORT_TFDV_INSIDE_H
#define MLP_RULE_IMPORT_TFDV_INSIDE_H

#include "rule/import.h"

/* Kinds of columns as bits, in the order of enum mlp_kind. */
enum { TFDV_INT = 2, TFDV_FLOAT = 4, TFDV_TEXT = 8, TFDV_SOME = TFDV_INT | TFDV_FLOAT | TFDV_TEXT };

enum mlp_tfdv_type { TFDV_TYPE_UNKNOWN, TFDV_TYPE_BYTES, TFDV_TYPE_INT, TFDV_TYPE_FLOAT,
                     TFDV_TYPE_STRUCT };

/* The schema, and the feature at hand. */
struct mlp_tfdv {
    const struct mlp_doc *in;
    struct mlp_doc *out;
    struct mlp_import_notes *notes;
    struct mlp_err *e;
    const struct mlp_node *schema, *feature;
    struct mlp_str name;
    enum mlp_tfdv_type type;
};

static inline bool mlp_tfdv_failed(const struct mlp_tfdv *t)
{
    return t->e->code != MLP_OK;
}

/* Fields of a message. All take a NULL message; a field of the wrong type, one that comes twice
 * though it may not, and a message with a field that is not in schema.proto are faults. */
const struct mlp_node *mlp_tfdv_message(struct mlp_tfdv *t, const struct mlp_node *m,
                                        const char *field);
/* All of a repeated field; NULL when there are none. */
const struct mlp_node *mlp_tfdv_messages(struct mlp_tfdv *t, const struct mlp_node *m,
                                         const char *field);
const struct mlp_node *mlp_tfdv_number(struct mlp_tfdv *t, const struct mlp_node *m,
                                       const char *field);
const struct mlp_node *mlp_tfdv_whole(struct mlp_tfdv *t, const struct mlp_node *m,
                                      const char *field);
const struct mlp_node *mlp_tfdv_text(struct mlp_tfdv *t, const struct mlp_node *m,
                                     const char *field);
bool mlp_tfdv_flag(struct mlp_tfdv *t, const struct mlp_node *m, const char *field);
/* The place of an enumeration's value among names (its number, too); 0 when it is absent. */
unsigned mlp_tfdv_choice(struct mlp_tfdv *t, const struct mlp_node *m, const char *field,
                         const char *const *names);
/* The texts of a repeated field; NULL when there are none. */
const struct mlp_node *mlp_tfdv_texts(struct mlp_tfdv *t, const struct mlp_node *m,
                                      const char *field);

/* A new check on the feature's column, which counts for columns of those kinds (0: all). */
struct mlp_node *mlp_tfdv_check(struct mlp_tfdv *t, const char *anomaly, unsigned kinds,
                                const struct mlp_node *from);
/* The same, that always fails, with words. */
void mlp_tfdv_never(struct mlp_tfdv *t, const char *anomaly, unsigned kinds,
                    const struct mlp_node *from, const char *words);
/* The same with one key, {KEY: {min: bound}} or max. */
void mlp_tfdv_bound(struct mlp_tfdv *t, const char *anomaly, unsigned kinds, const char *key,
                    const struct mlp_node *bound, const char *end);
/* For values of a type; those of another are not looked at. */
struct mlp_node *mlp_tfdv_typed(struct mlp_tfdv *t, const char *anomaly, unsigned kinds,
                                const char *type, const struct mlp_node *from);
void mlp_tfdv_put_text(struct mlp_tfdv *t, struct mlp_node *map, const char *key,
                       const char *text, const struct mlp_node *from);
void mlp_tfdv_put_copy(struct mlp_tfdv *t, struct mlp_node *map, const char *key,
                       const struct mlp_node *n);

/* import_tfdv_domain.c: the domain, and what it makes of distribution_constraints. */
void mlp_tfdv_domain(struct mlp_tfdv *t);

#endif
