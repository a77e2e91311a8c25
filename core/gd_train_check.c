/* gd_train_check: the gradient check of a run's own objective, penalties and weights included. */
#include "gd_train_private.h"

#include "gd_check.h"

#include <stdlib.h>
#include <string.h>

/* Differences of costs in single precision would say nothing: of them the same objective in double
 * precision is checked. *out is freed by the caller. */
static gd_status in_double(const gd_train *t, gd_objective **out, gd_error *err)
{
    gd_shape shape = t->shape;
    shape.single = false;
    gd_status status = gd_objective_new(out, &t->data, t->spec.model, &shape, t->spec.cost,
                                        &t->spec.cost_hyper, NULL, err);
    if (status == GD_OK)
        gd_objective_scale(*out, t->center, t->scale);
    return status;
}

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
    gd_objective *own = NULL;
    gd_status status = GD_OK;
    double *at = malloc(t->n * sizeof *at);
    if (!at)
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to check %zu parameters", t->n);
    else if (t->shape.single)
        status = in_double(t, &own, err);
    if (status != GD_OK)
        goto end;
    if (theta)
        t->spec.model->rescale(&t->shape, t->center, t->scale, theta, at);
    else
        memcpy(at, t->theta, t->n * sizeof *at);
    status = gd_check_gradient(out, own ? own : t->objective, at, t->n, &rows, t->weight,
                               t->spec.l1, t->spec.l2, t->spec.seed, err);
end:
    free(at);
    gd_objective_free(own);
    return status;
}
