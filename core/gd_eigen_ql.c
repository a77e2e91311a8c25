/* gd_eigen_ql: eigenvectors by rows, so that every rotation and reflection runs along memory. */
#include "gd_eigen.h"

#include "gd_kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ITERATIONS 50 /* an eigenvalue; two or three are usual */

/* The reflection I - scale v v' that turns x (m values) into a multiple of the first unit vector,
 * which is returned; v replaces x. */
static double reflection(double *x, size_t m, double *scale)
{
    double rest = gd_norm(x + 1, m - 1), first = x[0];
    *scale = 0;
    if (rest == 0)
        return first;
    double length = -copysign(hypot(first, rest), first);
    x[0] = first - length;
    double norm = hypot(x[0], rest);
    for (size_t i = 0; i < m; i++)
        x[i] /= norm;
    *scale = 2;
    return length;
}

/* a becomes tridiagonal: diagonal and beside it; row k of a keeps the k-th reflection right of the
 * diagonal, scale[k] its factor. p: n values of scratch, which may be `beside` from k on. */
static void tridiagonalise(double *a, size_t n, double *diagonal, double *beside, double *scale,
                           double *p)
{
    for (size_t k = 0; k + 1 < n; k++) {
        double *v = a + k * n + k + 1;
        size_t m = n - k - 1;
        beside[k] = reflection(v, m, &scale[k]);
        diagonal[k] = a[k * n + k];
        if (scale[k] == 0)
            continue;
        for (size_t i = 0; i < m; i++)
            p[i] = scale[k] * gd_dot(a + (k + 1 + i) * n + k + 1, v, m);
        gd_axpy(-0.5 * scale[k] * gd_dot(p, v, m), v, p, m);
        for (size_t i = 0; i < m; i++) {
            double *row = a + (k + 1 + i) * n + k + 1;
            gd_axpy(-v[i], p, row, m);
            gd_axpy(-p[i], v, row, m);
        }
    }
    diagonal[n - 1] = a[n * n - 1];
    beside[n - 1] = 0;
}

/* The transposed product of the reflections, by rows. */
static void accumulate(const double *a, size_t n, const double *scale, double *vectors)
{
    for (size_t i = 0; i < n * n; i++)
        vectors[i] = i % (n + 1) == 0;
    for (size_t k = n - 1; k-- > 0;) {
        const double *v = a + k * n + k + 1;
        size_t m = n - k - 1;
        for (size_t i = k + 1; scale[k] != 0 && i < n; i++) {
            double *row = vectors + i * n + k + 1;
            gd_axpy(-scale[k] * gd_dot(row, v, m), v, row, m);
        }
    }
}

static void turn(double *restrict p, double *restrict q, size_t n, double c, double s)
{
    for (size_t k = 0; k < n; k++) {
        double a = p[k], b = q[k];
        p[k] = c * a - s * b;
        q[k] = s * a + c * b;
    }
}

/* One implicit QL step on l .. m, whose shift is near the eigenvalue that l will hold. */
static void sweep(double *d, double *e, size_t l, size_t m, size_t n, double *vectors)
{
    double g = (d[l + 1] - d[l]) / (2 * e[l]);
    g = d[m] - d[l] + e[l] / (g + copysign(hypot(g, 1), g));
    double s = 1, c = 1, p = 0;
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i], r = hypot(f, g);
        e[i + 1] = r;
        if (r == 0) { /* it falls apart here */
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        turn(vectors + i * n, vectors + (i + 1) * n, n, c, s);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

static bool solve(double *d, double *e, size_t n, double *vectors)
{
    double size = 0;
    for (size_t l = 0; l < n; l++) {
        size = fmax(size, fabs(d[l]) + fabs(e[l]));
        for (int k = 0;; k++) {
            size_t m = l;
            while (m + 1 < n && !(fabs(e[m]) <= DBL_EPSILON * size))
                m++;
            if (m == l)
                break;
            if (k == ITERATIONS)
                return false;
            sweep(d, e, l, m, n, vectors);
        }
        e[l] = 0;
    }
    return true;
}

bool gd_eigen_ql(double *a, size_t n, double *values, double *vectors, double *work)
{
    double *beside = work, *scale = work + n;
    /* `vectors` is scratch until its own turn */
    tridiagonalise(a, n, values, beside, scale, vectors);
    accumulate(a, n, scale, vectors);
    return solve(values, beside, n, vectors);
}
