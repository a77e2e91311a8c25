/* gd_curvature: Lanczos (1950) with full reorthogonalisation, a pass at a time. It finds the
 * largest eigenvalue exactly after n passes and to many digits after far fewer. Of very many
 * parameters only the last vectors are kept: without reorthogonalisation copies of eigenvalues turn
 * up, but the largest stays what it is (Paige, 1971). */
#include "gd_curvature.h"

#include "gd_kernels.h"
#include "gd_rng.h"

#include <float.h>
#include <math.h>

/* The estimate grows towards the eigenvalue; growth by less than this share ends the search. */
#define SETTLED 1e-10

static size_t steps_for(size_t n)
{
    return n < GD_CURVATURE_STEPS ? n : GD_CURVATURE_STEPS;
}

enum { FEWEST = 3 }; /* vectors in a step of Lanczos' */

static size_t kept_for(size_t n)
{
    size_t all = steps_for(n) + 1;
    return all <= FEWEST || all * n <= GD_CURVATURE_VALUES ? all : FEWEST;
}

size_t gd_curvature_len(size_t n)
{
    return kept_for(n) * n;
}

static double *vector(const gd_curvature *c, size_t k)
{
    return c->basis + k % c->kept * c->n;
}

void gd_curvature_begin(gd_curvature *c, double *basis, size_t n, size_t batch, size_t rows)
{
    *c = (gd_curvature){.basis = basis,
                        .n = n,
                        .steps = steps_for(n),
                        .kept = kept_for(n),
                        .batch = batch,
                        .rows = rows};
    /* A random start is orthogonal to the wanted eigenvector with probability 0. */
    gd_rng r = gd_rng_seed(0, 0);
    for (size_t i = 0; i < n; i++)
        basis[i] = 0.5 + gd_rng_uniform(&r);
    double norm = gd_norm(basis, n);
    for (size_t i = 0; i < n; i++)
        basis[i] /= norm;
}

/* How many eigenvalues of the k x k tridiagonal matrix are below x (Sturm's sequence). */
static size_t below(const gd_curvature *c, size_t k, double x)
{
    size_t count = 0;
    double d = 1;
    for (size_t i = 0; i < k; i++) {
        double square = i ? c->beside[i - 1] * c->beside[i - 1] : 0;
        d = c->diagonal[i] - x - square / d;
        if (d == 0)
            d = DBL_EPSILON * (fabs(x) + DBL_MIN);
        count += d < 0;
    }
    return count;
}

/* The largest eigenvalue of the k x k tridiagonal matrix, by bisection. */
static double largest_eigenvalue(const gd_curvature *c, size_t k)
{
    double low = c->diagonal[0], high = low;
    for (size_t i = 0; i < k; i++) {
        double radius = (i ? c->beside[i - 1] : 0) + (i + 1 < k ? c->beside[i] : 0);
        low = fmax(low, c->diagonal[i]);
        high = fmax(high, c->diagonal[i] + radius);
    }
    for (int i = 0; i < 200 && low < high; i++) {
        double middle = low + (high - low) / 2;
        if (middle == low || middle == high)
            break;
        if (below(c, k, middle) == k)
            high = middle;
        else
            low = middle;
    }
    return high;
}

static bool finish(gd_curvature *c, double largest)
{
    double b = (double)c->batch, n = (double)c->rows;
    c->largest = largest;
    c->smoothness = largest;
    if (c->batch < c->rows)
        c->smoothness = (n * (b - 1) * largest + (n - b) * c->row_curvature) / (b * (n - 1));
    return true;
}

void gd_curvature_take(gd_curvature *c, double largest)
{
    (void)finish(c, largest);
}

/* Takes out of w what the basis already spans; twice, which is enough (Kahan, Parlett). */
static void orthogonalise(gd_curvature *c, double *w)
{
    size_t oldest = c->k + 2 > c->kept ? c->k + 2 - c->kept : 0;
    for (int twice = 0; twice < 2; twice++)
        for (size_t j = oldest; j <= c->k; j++) {
            const double *q = vector(c, j);
            gd_axpy(-gd_dot(q, w, c->n), q, w, c->n);
        }
}

bool gd_curvature_step_by(gd_curvature *c, gd_curvature_product *product, void *ctx)
{
    double *q = vector(c, c->k), *w = vector(c, c->k + 1);
    product(ctx, q, w);
    double size = gd_norm(w, c->n), before = c->largest;
    if (size == 0 || !isfinite(size))
        return finish(c, c->k ? before : size);
    c->diagonal[c->k] = gd_dot(q, w, c->n);
    orthogonalise(c, w);
    double rest = gd_norm(w, c->n);
    c->beside[c->k] = rest;
    c->k++;
    c->largest = largest_eigenvalue(c, c->k);
    if (c->k == c->steps || rest <= DBL_EPSILON * size ||
        c->largest - before <= SETTLED * c->largest)
        return finish(c, c->largest);
    for (size_t i = 0; i < c->n; i++)
        w[i] /= rest;
    return false;
}

static void pass(void *o, const double *v, double *hv)
{
    gd_objective_hessian_product(o, v, hv);
}

bool gd_curvature_rows(gd_curvature *c, gd_objective *o)
{
    bool looks = c->batch < c->rows && c->row_curvature == 0;
    if (looks)
        c->row_curvature = gd_objective_row_curvature(o);
    return !looks || !(c->row_curvature > 0);
}

bool gd_curvature_step(gd_curvature *c, gd_objective *o)
{
    return gd_curvature_rows(c, o) && gd_curvature_step_by(c, pass, o);
}
