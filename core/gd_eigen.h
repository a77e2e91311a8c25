/* gd_eigen: eigenvalues and eigenvectors of a symmetric matrix. */
#ifndef GD_EIGEN_H
#define GD_EIGEN_H

#include <stdbool.h>
#include <stddef.h>

/* a: n x n symmetric values, n at most GD_MAX_EIGEN by convention of its callers; destroyed.
 * values: n, written in ascending order. vectors: n x n, written, row k belongs to values[k];
 * may be NULL. Jacobi's cyclic method (Golub, Van Loan, 8.5), which gives small
 * eigenvalues to the precision of the entries (Demmel, Veselic, 1992). All NaN for a matrix that
 * is not finite. */
void gd_eigen_symmetric(double *a, size_t n, double *values, double *vectors);

/* a: n x n symmetric and finite, destroyed. values: n, written, in no order. vectors: n x n,
 * written, row k belongs to values[k]; orthonormal to rounding. work: 2 n values. False when it did not
 * settle. A tridiagonal form by Householder's reflections, then the implicit QL method (Golub, Van
 * Loan, 8.3): several times faster than the one above, with errors of rounding of the largest
 * value. */
bool gd_eigen_ql(double *a, size_t n, double *values, double *vectors, double *work)
    __attribute__((warn_unused_result));

#endif
