/* The verbs of mlp-register: one file each; and what they share. */
#ifndef MLP_REGISTER_VERBS_H
#define MLP_REGISTER_VERBS_H

#include "base/opt.h"
#include "registry/registry.h"

extern const struct mlp_verb verb_init, verb_add, verb_list, verb_show, verb_get, verb_tag,
    verb_alias, verb_attach, verb_log, verb_verify;

/* Every verb's table begins with these two rows. */
enum { OPT_REGISTRY, OPT_ACTOR, OPT_FIRST_OWN };
#define COMMON_OPTIONS \
    [OPT_REGISTRY] = {"registry", 'r', MLP_OPT_DIR, "DIR", \
                      "the registry (default $MLP_REGISTRY, else ~/.local/share/mlp/registry)", \
                      NULL, NULL, false}, \
    [OPT_ACTOR] = {"actor", 0, MLP_OPT_TEXT, "NAME", \
                   "who acts, for the log (default user@host)", NULL, NULL, false}

/* Opens the registry that the options name. */
enum mlp_code open_registry(const struct mlp_cmd *cmd, struct mlp_registry **r, struct mlp_err *e);

/* Opens it and resolves operand `i`. v is good until the registry is written to. */
enum mlp_code open_version(const struct mlp_cmd *cmd, int i, struct mlp_registry **r,
                           const struct mlp_version **v, struct mlp_err *e);

/* Appends the names of a version's aliases, joined by `joint`. */
void add_alias_names(const struct mlp_registry *r, const struct mlp_version *v, const char *joint,
                     struct mlp_buf *b);
/* Appends "key=value" of the tags that are set, joined by `joint`. */
void add_tags(const struct mlp_version *v, const char *joint, struct mlp_buf *b);

/* Writes a text to stdout; checks it. */
enum mlp_code print_buf(struct mlp_buf *b, struct mlp_err *e);

#endif
