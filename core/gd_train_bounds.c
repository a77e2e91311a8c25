/* gd_train_bounds: coefficients that must stay between two numbers. Every step is followed by a
 * projection onto the box (Goldstein, 1964; Levitin, Polyak, 1966), which is exact beside a
 * proximal step of l1, since both work on each coefficient alone. */
#include "gd_train_private.h"

#include <math.h>
#include <stdlib.h>

/* A NaN stays one: a run that has gone wrong must show it. A coefficient at its bound is the bound
 * itself, never a zero of the other sign. */
static double within(double x, double lower, double upper)
{
    return x <= lower ? lower : x >= upper ? upper : x;
}

static double lower_of(const gd_spec *s, size_t j)
{
    double lower = s->lower ? s->lower[j] : -INFINITY;
    return s->non_negative && lower < 0 ? 0 : lower;
}

static double upper_of(const gd_spec *s, size_t j)
{
    return s->upper ? s->upper[j] : INFINITY;
}

gd_status gd_bounds_check(const gd_spec *s, size_t cols, gd_error *err)
{
    for (size_t j = 0; j < cols && gd_spec_bounded(s); j++) {
        if (s->lower && !(s->lower[j] < INFINITY))
            return gd_fail(err, GD_INVALID, "bounds",
                           "must be numbers, or minus infinity for none; column %zu has %g", j + 1,
                           s->lower[j]);
        if (s->upper && !(s->upper[j] > -INFINITY))
            return gd_fail(err, GD_INVALID, "bounds",
                           "must be numbers, or infinity for none; column %zu has %g", j + 1,
                           s->upper[j]);
        if (lower_of(s, j) > upper_of(s, j))
            return gd_fail(err, GD_INVALID, "bounds",
                           "must not be below the lower bound: column %zu has %g below %g", j + 1,
                           upper_of(s, j), lower_of(s, j));
    }
    return GD_OK;
}

gd_status gd_bounds_new(gd_train *t, gd_error *err)
{
    if (!gd_spec_bounded(&t->spec))
        return GD_OK;
    t->own_lower = calloc(4 * t->n, sizeof *t->own_lower);
    if (!t->own_lower)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the bounds of %zu parameters",
                       t->n);
    t->own_upper = t->own_lower + t->n;
    t->lower = t->own_upper + t->n;
    t->upper = t->lower + t->n;
    for (size_t i = 0; i < t->n; i++) {
        bool coefficient = i < t->data.cols; /* one output: then comes the intercept */
        t->own_lower[i] = coefficient ? lower_of(&t->spec, i) : -INFINITY;
        t->own_upper[i] = coefficient ? upper_of(&t->spec, i) : INFINITY;
    }
    gd_bounds_scale(t);
    return GD_OK;
}

/* w . x = (w scale) . (x / scale) */
void gd_bounds_scale(gd_train *t)
{
    for (size_t i = 0; t->lower && i < t->n; i++) {
        double scale = i < t->data.cols ? t->scale[i] : 1;
        t->lower[i] = t->own_lower[i] * scale;
        t->upper[i] = t->own_upper[i] * scale;
    }
}

void gd_bounds_project(const gd_train *t, double *theta)
{
    for (size_t i = 0; t->lower && i < t->n; i++)
        theta[i] = within(theta[i], t->lower[i], t->upper[i]);
}

void gd_bounds_project_own(const gd_train *t, const double *scaled, double *theta)
{
    for (size_t i = 0; t->lower && i < t->n; i++)
        theta[i] = scaled[i] <= t->lower[i]   ? t->own_lower[i]
                   : scaled[i] >= t->upper[i] ? t->own_upper[i]
                                              : within(theta[i], t->own_lower[i], t->own_upper[i]);
}
