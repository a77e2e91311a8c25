/* gd_curvature: power iteration, a pass at a time. */
#include "gd_curvature.h"

#include "gd_kernels.h"
#include "gd_limits.h"
#include "gd_rng.h"

#include <math.h>

/* The estimate |H v| grows towards the eigenvalue; this is the growth that is ignored. */
#define SETTLED 1e-9

void gd_curvature_begin(gd_curvature *c, double *v, double *hv, size_t n, size_t batch, size_t rows)
{
    *c = (gd_curvature){.v = v, .hv = hv, .n = n, .batch = batch, .rows = rows};
    /* A random start is orthogonal to the wanted eigenvector with probability 0. */
    gd_rng r = gd_rng_seed(0, 0);
    for (size_t i = 0; i < n; i++)
        v[i] = 0.5 + gd_rng_uniform(&r);
    double norm = gd_norm(v, n);
    for (size_t i = 0; i < n; i++)
        v[i] /= norm;
}

static bool finish(gd_curvature *c)
{
    double b = (double)c->batch, n = (double)c->rows;
    c->smoothness = c->largest;
    if (c->batch < c->rows)
        c->smoothness = (n * (b - 1) * c->largest + (n - b) * c->row_curvature) / (b * (n - 1));
    return true;
}

bool gd_curvature_step(gd_curvature *c, gd_objective *o)
{
    if (c->batch < c->rows && c->row_curvature == 0) {
        c->row_curvature = gd_objective_row_curvature(o);
        if (c->row_curvature > 0)
            return false;
    }
    gd_objective_hessian_product(o, c->v, c->hv);
    double norm = gd_norm(c->hv, c->n), before = c->largest;
    c->largest = norm;
    c->passes++;
    if (norm == 0 || !isfinite(norm))
        return finish(c);
    for (size_t i = 0; i < c->n; i++)
        c->v[i] = c->hv[i] / norm;
    if (fabs(norm - before) <= SETTLED * norm || c->passes == GD_CURVATURE_MAX_PASSES)
        return finish(c);
    return false;
}
