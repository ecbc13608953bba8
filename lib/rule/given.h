/* given.h: what the command line gives to a rules file: values of its parameters, and the
 * environment that its rules are for. */
#ifndef MLP_RULE_GIVEN_H
#define MLP_RULE_GIVEN_H

#include "rule/compile.h"

/* Puts values where texts of the document say $(name): those of `given` ("name=value", the value
 * being YAML), else the defaults under "parameters". A text that is nothing but $(name) becomes the
 * value with its type. A file without that section, and without values given, is left as it is.
 * MLP_EINPUT at a parameter that has no value or is not declared, MLP_EUSAGE for a value of a
 * parameter that the file has not. given may be NULL. */
enum mlp_code mlp_given_fill(struct mlp_doc *d, const struct mlp_rules_given *given,
                             struct mlp_err *e);

/* The section "environments", a list of names; n may be NULL. */
void mlp_given_environments(struct mlp_maker *m, const struct mlp_node *n);

/* Whether the rules of a map (a column, a check) are for the environment at hand, by its members
 * "env" and "not_env", each a name or a list; true where none is given; and by "only_env", which
 * asks for an environment. */
bool mlp_given_here(struct mlp_maker *m, const struct mlp_node *map);

/* After all rules: MLP_EUSAGE when an environment is given that none of them names. */
void mlp_given_check(struct mlp_maker *m);

#endif
