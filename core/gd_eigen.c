/* gd_eigen: see gd_eigen.h. */
#include "gd_eigen.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define SWEEPS 40 /* quadratic at the end: ten are many */

/* Rows p and q of m, each of n values a `step` apart, turned by the angle of (c, s). */
static void turn(double *p, double *q, size_t n, size_t step, double c, double s)
{
    for (size_t k = 0; k < n * step; k += step) {
        double a = p[k], b = q[k];
        p[k] = c * a - s * b;
        q[k] = s * a + c * b;
    }
}

/* Turns rows and columns p and q so that a[p][q] becomes 0. False where it is small enough. */
static bool rotate(double *a, size_t n, size_t p, size_t q, double *vectors)
{
    double off = a[p * n + q], dp = a[p * n + p], dq = a[q * n + q];
    if (off == 0 || fabs(off) <= 0.5 * DBL_EPSILON * sqrt(fabs(dp)) * sqrt(fabs(dq)))
        return false;
    double tau = (dq - dp) / (2 * off);
    double t = copysign(1, tau) / (fabs(tau) + hypot(1, tau));
    double c = 1 / hypot(1, t), s = t * c;
    turn(a + p, a + q, n, n, c, s);
    turn(a + p * n, a + q * n, n, 1, c, s);
    a[p * n + q] = a[q * n + p] = 0;
    if (vectors)
        turn(vectors + p * n, vectors + q * n, n, 1, c, s);
    return true;
}

static void swap_vectors(double *vectors, size_t n, size_t i, size_t j)
{
    for (size_t k = 0; vectors && k < n; k++) {
        double v = vectors[i * n + k];
        vectors[i * n + k] = vectors[j * n + k];
        vectors[j * n + k] = v;
    }
}

void gd_eigen_symmetric(double *a, size_t n, double *values, double *vectors)
{
    bool finite = true, moved = true;
    for (size_t i = 0; i < n * n; i++) {
        finite = finite && isfinite(a[i]);
        if (vectors)
            vectors[i] = i % (n + 1) == 0;
    }
    for (int sweep = 0; finite && moved && sweep < SWEEPS; sweep++) {
        moved = false;
        for (size_t p = 0; p < n; p++)
            for (size_t q = p + 1; q < n; q++)
                moved = rotate(a, n, p, q, vectors) || moved;
    }
    for (size_t i = 0; i < n; i++)
        values[i] = finite ? a[i * n + i] : NAN;
    for (size_t i = 0; finite && i < n; i++)
        for (size_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double v = values[j];
            values[j] = values[j - 1];
            values[j - 1] = v;
            swap_vectors(vectors, n, j, j - 1);
        }
}
