/* gd_minibatch: an epoch of updates, batch after batch, in an order of its own. */
#include "gd_rng.h"
#include "gd_train_private.h"

void gd_minibatches(gd_train *t)
{
    if (t->order) {
        gd_rng r = gd_rng_seed(t->spec.seed, t->state.epoch);
        gd_rng_permutation(&r, t->order, t->rows.count);
        for (size_t i = 0; t->split && i < t->rows.count; i++)
            t->order[i] = t->split[t->order[i]];
    }
    for (size_t first = 0; first < t->rows.count; first += t->batch) {
        size_t left = t->rows.count - first;
        gd_rows rows = {t->order ? t->order : t->split, first, left < t->batch ? left : t->batch};
        gd_objective_eval(t->objective, t->theta, &rows, t->gradient);
        if (gd_train_interrupted(t))
            return;
        gd_train_penalise(t, t->theta, t->gradient);
        gd_train_update(t);
    }
}
