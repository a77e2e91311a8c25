/* gd_train_curvature: how a run finds its curvature: by the second moments of its rows, which are
 * one pass, where that is less than the passes that the search takes; and once for all runs whose
 * objectives are the same, where the executor remembers it. */
#include "gd_train_private.h"

#include "gd_kernels.h"

#include <stdlib.h>

static size_t parameters(const gd_shape *s)
{
    return s->cols + s->intercept; /* of one output */
}

/* rows: all of them, also those validated on */
static bool by_moments(const gd_data *d, const gd_spec *spec, const gd_shape *s)
{
    return !gd_data_sparse(d) && spec->model->linear && spec->cost->curvature > 0 &&
           spec->gram != GD_GRAM_NEVER && parameters(s) <= GD_MAX_GRAM &&
           gd_gram_curves((double)d->rows, (double)parameters(s));
}

/* Of the Hessian, the slope that comes with it, and center and scale of columns. */
static size_t hessian_len(size_t n)
{
    return n * n + n;
}

double gd_train_curvature_bytes(const gd_data *data, const gd_spec *spec)
{
    gd_shape shape = gd_spec_shape(spec, data->cols, data->classes);
    if (gd_quadratic_bytes(data, spec) > 0 || !by_moments(data, spec, &shape))
        return 0;
    return gd_gram_bytes(data) + (double)(hessian_len(parameters(&shape)) * sizeof(double));
}

gd_status gd_train_curvature_new(gd_train *t, gd_error *err)
{
    size_t n = parameters(&t->shape), len = gd_curvature_len(n);
    bool moments = !t->quadratic && by_moments(&t->data, &t->spec, &t->shape);
    if (!gd_explained_by_curvature(t))
        return GD_OK;
    t->basis = calloc(len + (moments ? hessian_len(n) : 0), sizeof *t->basis);
    if (!t->basis)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to train %zu parameters", t->n);
    return moments ? gd_gram_new(&t->moments, &t->data, t->executor, err) : GD_OK;
}

void gd_begin_curvature(gd_train *t)
{
    gd_curvature_begin(&t->curvature, t->basis, parameters(&t->shape), t->batch, t->rows.count);
}

/* The Hessian of the squares is 2 / N sum w a a'. */
static void product(void *train, const double *v, double *hv)
{
    const gd_train *t = train;
    size_t n = parameters(&t->shape);
    const double *hessian = t->basis + gd_curvature_len(n);
    for (size_t i = 0; i < n; i++)
        hv[i] = 0.5 * t->spec.cost->curvature * gd_dot(hessian + i * n, v, n);
}

/* A step by moments, which are found before the first one. */
static bool step_by_moments(gd_train *t)
{
    size_t n = parameters(&t->shape);
    double *hessian = t->basis + gd_curvature_len(n);
    if (t->curvature.k == 0) {
        if (!gd_gram_pass(t->moments, &t->rows)) {
            (void)gd_objective_asks(t->objective); /* so that it knows too */
            return false;
        }
        gd_gram_normal(t->moments, t->shape.intercept, t->center, t->scale, hessian,
                       hessian + n * n);
    }
    while (!gd_curvature_step_by(&t->curvature, product, t))
        ;
    return true;
}

static bool search(gd_train *t)
{
    if (gd_quadratic_on(t))
        return gd_curvature_step_by(&t->curvature, gd_quadratic_product, t->quadratic);
    if (!t->moments)
        return gd_curvature_step(&t->curvature, t->objective);
    return gd_curvature_rows(&t->curvature, t->objective) && step_by_moments(t);
}

bool gd_train_curvature_step(gd_train *t)
{
    const gd_executor *e = t->executor;
    bool shares = e->recall && gd_full_batch(t) && !gd_quadratic_on(t);
    double largest;
    if (shares && t->curvature.k == 0 && e->recall(e->ctx, t->objective, &largest)) {
        gd_curvature_take(&t->curvature, largest);
        return true;
    }
    if (!search(t) || gd_train_interrupted(t))
        return false;
    if (shares)
        e->keep(e->ctx, t->objective, t->curvature.largest);
    return true;
}
