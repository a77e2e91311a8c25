/* gd_quadratic: see gd_quadratic.h. Here it is made: the moments, the eigenvectors, the optimum, and
 * whether all that can be trusted. */
#include "gd_train_private.h"

#include "gd_eigen.h"
#include "gd_kernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Eigenvalues below the largest by more than this are uncertain in what matters of a history: the
 * rounding of the moments, times this, is to stay below 1e-9. */
#define CONDITION 1e6

/* Below this share of the largest, times n, an eigenvalue is what rounding leaves of 0. */
#define NOTHING (16 * DBL_EPSILON)

/* Exact passes that polish the optimum; a correction by this share of it is rounding; where they
 * no longer get smaller, this share will do. */
#define PASSES 4
#define ROUNDING 1e-13
#define ENOUGH 1e-10

/* A coordinate that has shrunk to this share of the largest is 0: long before, it has ceased to count,
 * and numbers near the smallest double are slow. */
#define VANISHED 1e-100

/* Epochs that a run with a tolerance is expected to take, at most: many end long before. */
#define EXPECTED 100.0

static size_t rounded_up(size_t n)
{
    return (n + 7) / 8 * 8;
}

static bool clipped(const gd_spec *s)
{
    return s->clip_norm != GD_NO_CLIP || s->clip_value != GD_NO_CLIP;
}

static bool rotates(const gd_spec *s)
{
    return s->optimizer->rotates && s->l1 == 0 && !gd_spec_bounded(s) && !clipped(s);
}

/* Sparse rows are passed over: an epoch takes no longer than their entries do. */
static bool possible(const gd_data *d, const gd_spec *s, const gd_shape *shape, size_t n)
{
    return !gd_data_sparse(d) && s->gram != GD_GRAM_NEVER && s->model->linear && shape->outputs == 1 &&
           strcmp(s->cost->name, "mse") == 0 && !s->average && n <= GD_MAX_GRAM;
}

/* rows: all of them, also those validated on, which cost as much either way */
static bool pays(const gd_spec *s, size_t rows, size_t n)
{
    double epochs = (double)s->epochs;
    if (s->tol > 0)
        epochs = fmin(epochs, EXPECTED);
    return s->gram == GD_GRAM_ALWAYS || gd_gram_pays((double)rows, (double)n, epochs, rotates(s));
}

/* Values that a run has beside those of the moments. */
static size_t values_of(size_t n)
{
    return 4 * n * n + 6 * n + 7 * rounded_up(n);
}

double gd_quadratic_bytes(const gd_data *data, const gd_spec *spec)
{
    gd_shape shape = gd_spec_shape(spec, data->cols, data->classes);
    size_t n = spec->model->params_len(&shape);
    bool full = spec->batch_size == GD_FULL_BATCH || spec->batch_size >= data->rows;
    if (!full || !possible(data, spec, &shape, n) || !pays(spec, data->rows, n))
        return 0;
    return gd_gram_bytes(data) + (double)(values_of(n) * sizeof(double));
}

gd_status gd_quadratic_new(gd_train *t, const gd_executor *executor, gd_error *err)
{
    if (!gd_full_batch(t) || !possible(&t->data, &t->spec, &t->shape, t->n) ||
        !pays(&t->spec, t->data.rows, t->n))
        return GD_OK;
    size_t n = t->n, room = rounded_up(n);
    gd_quadratic *q = calloc(1, sizeof *q);
    if (!q)
        goto fail;
    t->quadratic = q;
    q->n = n;
    q->room = room;
    q->spectral = rotates(&t->spec);
    gd_status status = gd_gram_new(&q->gram, &t->data, executor, err);
    if (status != GD_OK)
        return status;
    q->hessian = calloc(values_of(n), sizeof(double));
    if (!q->hessian)
        goto fail;
    q->vectors = q->hessian + n * n;
    q->aside = q->vectors + n * n;
    q->work = q->aside + n * n;
    q->slope = q->work + n * n + 2 * n;
    q->optimum = q->slope + n;
    q->start = q->optimum + n;
    q->aside_slope = q->start + n;
    q->values = q->aside_slope + n;
    q->gradient = q->values + room;
    q->first = q->gradient + room;
    q->at = q->first + room;
    q->finite = q->at + room;
    q->best = q->finite + room;
    q->velocity = q->best + room;
    return GD_OK;
fail:
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to train %zu parameters", n);
}

void gd_quadratic_free(gd_quadratic *q)
{
    if (!q)
        return;
    gd_gram_free(q->gram);
    free(q->hessian);
    free(q);
}

bool gd_quadratic_measure(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    if (q)
        q->interrupted = !gd_gram_pass(q->gram, &t->rows);
    return !q || !q->interrupted;
}

void gd_quadratic_form(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    if (!q)
        return;
    gd_gram_normal(q->gram, t->shape.intercept, t->center, t->scale, q->hessian, q->slope);
    q->on = gd_all_finite(q->hessian, q->n * q->n) && gd_all_finite(q->slope, q->n);
}

/* What l2 adds at theta, to a gradient too unless that is NULL. */
static double ridge(const gd_train *t, const double *theta, double *gradient)
{
    double sum = 0;
    for (size_t i = 0; t->spec.l2 > 0 && i < t->n; i++) {
        double w = t->weight[i] * theta[i];
        sum += w * w;
        if (gradient)
            gradient[i] += t->spec.l2 * w;
    }
    return 0.5 * t->spec.l2 * sum;
}

/* ---- the optimum ---- */

/* False where the eigenvalues spread too widely: neither clearly 0 nor well above it. */
static bool find_basis(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    size_t n = q->n;
    double most = 0;
    memcpy(q->work, q->hessian, n * n * sizeof *q->work);
    for (size_t i = 0; i < n; i++)
        q->work[i * n + i] += t->spec.l2 * t->weight[i];
    if (!gd_eigen_ql(q->work, n, q->values, q->vectors, q->work + n * n))
        return false;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, q->values[k]);
    for (size_t k = 0; k < n; k++) {
        if (fabs(q->values[k]) <= (double)n * NOTHING * most)
            q->values[k] = 0;
        else if (!(q->values[k] * CONDITION >= most))
            return false;
    }
    return most > 0 && isfinite(most);
}

/* Of all optima the one that is nearest to the start, from where descent leads there. */
static void solve(gd_quadratic *q)
{
    memset(q->optimum, 0, q->n * sizeof *q->optimum);
    for (size_t k = 0; k < q->n; k++) {
        const double *v = q->vectors + k * q->n;
        double along = q->values[k] > 0 ? gd_dot(v, q->slope, q->n) / q->values[k]
                                        : gd_dot(v, q->start, q->n);
        gd_axpy(along, v, q->optimum, q->n);
    }
}

/* One exact pass at the optimum, and Newton's step from there. Returns its length; NaN where the
 * data disagrees with the moments. */
static double polish(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    size_t n = q->n;
    double *g = q->work, *step = q->work + n, fall = 0;
    double cost = gd_objective_eval(t->objective, q->optimum, &t->rows, g);
    cost += ridge(t, q->optimum, g);
    double most = ENOUGH * gd_norm(q->slope, n);
    for (size_t k = 0; k < n; k++) {
        double along = gd_dot(q->vectors + k * n, g, n);
        step[k] = q->values[k] > 0 ? along / q->values[k] : 0;
        fall += 0.5 * q->values[k] * step[k] * step[k];
        if (q->values[k] == 0 && !(fabs(along) <= most))
            return NAN;
    }
    for (size_t k = 0; k < n; k++)
        gd_axpy(-step[k], q->vectors + k * n, q->optimum, n);
    q->least = fmax(cost - fall, 0);
    return isfinite(cost) ? gd_norm(step, n) : NAN;
}

static bool find_optimum(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    double before = INFINITY;
    solve(q);
    for (int pass = 0; pass < PASSES; pass++) {
        double step = polish(t), size = gd_norm(q->optimum, q->n);
        if (gd_train_interrupted(t) || !isfinite(step) || !isfinite(size))
            return false;
        if (step <= ROUNDING * size)
            return true;
        if (step > 0.1 * before)
            return step <= ENOUGH * size;
        before = step;
    }
    return before <= ENOUGH * gd_norm(q->optimum, q->n);
}

/* The mean cost of the rows validated on, around the optimum. */
static bool open_aside(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    gd_rows rows;
    size_t n = q->n;
    if (!gd_train_validation_rows(t, &rows))
        return true;
    q->interrupted = !gd_gram_pass(q->gram, &rows);
    if (q->interrupted)
        return false;
    gd_gram_normal(q->gram, t->shape.intercept, t->center, t->scale, q->aside, q->aside_slope);
    q->aside_least = gd_objective_eval(t->objective, q->optimum, &rows, q->aside_slope);
    q->aside_least /= t->aside_weight;
    for (size_t i = 0; i < n; i++)
        q->aside_slope[i] /= t->aside_weight;
    for (size_t i = 0; i < n * n; i++)
        q->aside[i] /= t->aside_weight;
    for (size_t i = 0; i < n; i++)
        q->aside[i * n + i] += t->spec.l2 * t->weight[i];
    q->aside_least += ridge(t, q->optimum, q->aside_slope);
    return gd_all_finite(q->aside, n * n) && isfinite(q->aside_least);
}

static void find_coordinates(const gd_quadratic *q, const double *theta, double *out)
{
    double *away = q->work;
    for (size_t i = 0; i < q->n; i++)
        away[i] = theta[i] - q->optimum[i];
    for (size_t k = 0; k < q->n; k++)
        out[k] = q->values[k] > 0 ? gd_dot(q->vectors + k * q->n, away, q->n) : 0;
}

static void take_gradient(gd_quadratic *q)
{
    for (size_t k = 0; k < q->n; k++)
        q->gradient[k] = q->values[k] * q->at[k];
}

void gd_quadratic_open(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    if (!q || !q->on)
        return;
    memcpy(q->start, t->theta, q->n * sizeof *q->start);
    q->on = find_basis(t) && find_optimum(t) && open_aside(t);
    if (!q->on)
        return;
    find_coordinates(q, q->start, q->at);
    memcpy(q->first, q->at, q->n * sizeof *q->at);
    memcpy(q->finite, q->at, q->n * sizeof *q->at);
    memcpy(q->best, q->at, q->n * sizeof *q->at);
    take_gradient(q);
    q->nothing = q->still = 0;
    for (size_t k = 0; k < q->n; k++) {
        q->nothing = fmax(q->nothing, VANISHED * fabs(q->at[k]));
        q->still = fmax(q->still, VANISHED * fabs(q->gradient[k]));
    }
}

/* ---- checkpoints ---- */

/* The coordinates of theta, unless those that were saved are just that, but for rounding. */
static void check_coordinates(gd_quadratic *q, const double *theta, double *saved)
{
    double *fresh = q->work + q->n, apart = 0, size = gd_norm(theta, q->n);
    find_coordinates(q, theta, fresh);
    for (size_t k = 0; k < q->n; k++)
        apart = fmax(apart, fabs(fresh[k] - saved[k]));
    if (!(apart <= ENOUGH * (size + gd_norm(q->optimum, q->n))))
        memcpy(saved, fresh, q->n * sizeof *saved);
}

void gd_quadratic_restore(gd_train *t, const double *saved, bool was_on, bool was_spectral,
                          bool opened)
{
    gd_quadratic *q = t->quadratic;
    if (!q)
        return;
    q->on = q->on && was_on;
    q->spectral = q->spectral && was_spectral;
    memcpy(q->at, saved, GD_QUADRATIC_SAVED * q->room * sizeof *saved);
    if (!opened || !q->on || !q->spectral)
        return;
    /* another processor may have found other eigenvectors */
    check_coordinates(q, t->theta, q->at);
    check_coordinates(q, t->finite, q->finite);
    check_coordinates(q, t->best, q->best);
    take_gradient(q);
}
