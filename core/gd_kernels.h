/* gd_kernels: the inner loops. Shapes first; all pointers are borrowed, none may
 * overlap, all sums run in one fixed order. This is the plain, readable path. */
#ifndef GD_KERNELS_H
#define GD_KERNELS_H

#include <stddef.h>

/* a, b: n values. Returns sum a_i b_i, in eight interleaved partial sums. */
double gd_dot(const double *a, const double *b, size_t n);

/* y: n values, y += alpha * x. */
void gd_axpy(double alpha, const double *x, double *y, size_t n);

/* Euclidean norm of n values; safe against overflow and underflow of the squares. */
double gd_norm(const double *x, size_t n);

/* v: count rows of `len` values each. Adds them up pairwise by row number, in place;
 * the sum is left in row 0. The order depends on count alone. */
void gd_sum_tree(double *v, size_t count, size_t len);

#endif
