/* export_walk.h: walking native rules for writers of formats that know columns with constraints,
 * and little else (JSON Schema, Table Schema, pandera). */
#ifndef MLP_RULE_EXPORT_WALK_H
#define MLP_RULE_EXPORT_WALK_H

#include "base/vec.h"
#include "rule/import.h"

struct mlp_export;

/* A writer. It fills d, whose root is a map; notes say what is left out. */
struct mlp_export_to {
    const char *name;            /* for notes: "pandera" */
    /* A column: map holds its type and whether it may be absent and have missing values. What the
     * rules of it go to, in d; NULL without memory. */
    struct mlp_node *(*column)(struct mlp_export *x, struct mlp_str name,
                               const struct mlp_node *map);
    /* One rule of a column: false when the format cannot say it. */
    bool (*rule)(struct mlp_export *x, struct mlp_node *column, const struct mlp_node *key);
    /* `keys: [[a, b]]`: false when the format cannot say it. */
    bool (*key)(struct mlp_export *x, const struct mlp_node *columns);
};

/* One run. */
struct mlp_export {
    const struct mlp_export_to *to;
    struct mlp_doc d;
    struct mlp_import_notes *notes;
    const struct mlp_node *native; /* the root of the rules */
    const struct mlp_node *map;  /* the column or check at hand */
    struct mlp_vec columns;      /* what column() gave, with the names */
};

/* Walks a native document: columns first, then the checks about one column that nothing narrows,
 * then the keys. All else is noted with its place. */
void mlp_export_walk(struct mlp_export *x);

/* The bounds of an interval, as nodes; NULL where it is open. */
struct mlp_export_bounds {
    const struct mlp_node *lo, *hi;
    bool open_lo, open_hi;
};
struct mlp_export_bounds mlp_export_bounds_of(const struct mlp_node *n);

/* Puts a copy of a value, a text, a flag under a key of a node of d. NULL nodes are passed over. */
void mlp_export_put(struct mlp_export *x, struct mlp_node *map, const char *key,
                    const struct mlp_node *value);
void mlp_export_text(struct mlp_export *x, struct mlp_node *map, const char *key,
                     const char *text);
void mlp_export_flag(struct mlp_export *x, struct mlp_node *map, const char *key, bool value);

/* Which columns there may be ("exact", "ordered", ...); "any" when the rules do not say. */
struct mlp_str mlp_export_mode(const struct mlp_export *x);

mlp_export_fn mlp_export_json_schema;
mlp_export_fn mlp_export_table_schema;
mlp_export_fn mlp_export_pandera;

#endif
