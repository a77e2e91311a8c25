/* gd_qr: the triangular factor R of a tall matrix A = Q R, a row at a time.
 *
 * Rows are gathered into tiles and each tile is folded into R by Householder reflections of
 * (R above the tile): the sequential form of TSQR (Golub, Van Loan, Matrix Computations, 4th
 * ed., 5.2 and 6.5.3; Demmel et al., 2012). A'A is never formed, so a condition number
 * is not squared: what is solved with R has about 16 - log10(cond A) digits. Columns of very
 * different size do no harm; columns that depend on those before them are found at the end, and
 * left out of what is solved.
 */
#ifndef GD_QR_H
#define GD_QR_H

#include "gd_error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct gd_qr gd_qr;

/* A column whose part that the columns before it do not explain is below this share of its
 * length depends on them. R's lm takes 1e-7; centred columns allow more. */
#define GD_RANK_TOLERANCE 1e-10

/* n: columns of A, at most GD_MAX_QR_COLUMNS. extra: right-hand sides, columns that are reflected
 * with the others but are no part of A. On error *out is NULL. */
gd_status gd_qr_new(gd_qr **out, size_t n, size_t extra, gd_error *err)
    __attribute__((warn_unused_result));
void gd_qr_free(gd_qr *q); /* NULL is fine */

/* Forgets all rows. */
void gd_qr_clear(gd_qr *q);

/* Adds factor * row; row: n + extra values. Order matters to the last bits alone. */
void gd_qr_add(gd_qr *q, const double *row, double factor);

/* Adds the rows that `other`, of the same shape, was given. */
void gd_qr_merge(gd_qr *q, gd_qr *other);

/* A'A in place of all rows: moments: n x n values, of which those on and above the diagonal count.
 * R is its Cholesky factor, which has the digits of rows while the condition number of A'A, its
 * columns scaled to a length of 1, is small: what is solved with it has about 16 - log10(cond A'A).
 * Columns of zeros are dependent ones. False where that number is above `most` (an estimate, from
 * below, by inverse iteration; Golub, Van Loan, 3.5.4): then all rows are forgotten, and to be
 * added. For a factor without right-hand sides. */
bool gd_qr_take_moments(gd_qr *q, const double *moments, double most);

/* Once, after the last row and before what follows. */
void gd_qr_finish(gd_qr *q);

size_t gd_qr_rank(const gd_qr *q);

/* Which column of A stands at place k: the first `rank` are independent, in their order; the
 * others depend on them. */
size_t gd_qr_column(const gd_qr *q, size_t k);

/* How much of column k (as above) each independent column explains: rank values, written. */
void gd_qr_explain(const gd_qr *q, size_t k, double *share);

/* R[i][k], k a place as above. */
double gd_qr_at(const gd_qr *q, size_t i, size_t k);

/* h = R^-T g: g: n values; h: rank values, written. |h|^2 is g' (A'A)^+ g for a g in the range
 * of A', and for a unit vector the diagonal of the inverse of A'A. */
void gd_qr_half_solve(const gd_qr *q, const double *g, double *h);

/* x = R^-1 h: h: rank values; x: n values, written, 0 for columns that depend on others. */
void gd_qr_back_solve(const gd_qr *q, const double *h, double *x);

/* The least squares solution for right-hand side `e`: x: n values, written. */
void gd_qr_least_squares(const gd_qr *q, size_t e, double *x);

/* The length of what least squares leaves of right-hand side `e`. */
double gd_qr_residual(const gd_qr *q, size_t e);

#endif
