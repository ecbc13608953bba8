/* globals.h: which names a pickle may mention.
 *
 * Nothing is ever imported, so a name alone does no harm; but a model that names os.system is no
 * model. Allowed are the names that the libraries' own pickles hold: what is understood, and what
 * is inert (random generators, losses, scorers), which is refused later where prediction would
 * need it. Everything else is refused at once, by name, byte and place. */
#ifndef MLP_MODEL_GLOBALS_H
#define MLP_MODEL_GLOBALS_H

#include "model/pickle.h"

/* MLP_EINPUT for the first global that is not allowed. */
enum mlp_code mlp_globals_check(const struct mlp_pickle *p, struct mlp_err *e);

/* True when the name may appear; called: the pickle asks for a call of it. */
bool mlp_global_allowed(struct mlp_str name, bool called);

/* Writes where `target` sits below root, as "steps[1] 'clf' > base_estimator"; "" when it is not
 * found within the budget of the search. */
void mlp_value_place(const struct mlp_value *root, const struct mlp_value *target, char *out,
                     size_t size);

#endif
