/* gd_train_check: the gradient check of a run's own objective, penalties and weights included. */
#include "gd_train_private.h"

#include "gd_check.h"

#include <stdlib.h>
#include <string.h>

gd_status gd_train_check(gd_train *t, const double *theta, size_t most_rows, gd_check *out,
                         gd_error *err)
{
    while (t->phase < GD_START && gd_train_step(t) != GD_STEP_DONE)
        ;
    if (t->state.stop == GD_STOP_DIVERGED) {
        *err = t->error;
        return err->status;
    }
    gd_rows rows = t->rows;
    if (rows.count > most_rows)
        rows.count = most_rows;
    double *at = malloc(t->n * sizeof *at);
    if (!at)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to check %zu parameters", t->n);
    if (theta)
        t->spec.model->rescale(&t->shape, t->center, t->scale, theta, at);
    else
        memcpy(at, t->theta, t->n * sizeof *at);
    gd_status status = gd_check_gradient(out, t->objective, at, t->n, &rows, t->weight, t->spec.l1,
                                         t->spec.l2, t->spec.seed, err);
    free(at);
    return status;
}
