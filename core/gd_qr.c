/* gd_qr: see gd_qr.h. The tile lies column by column, so that the inner loops run along it. */
#include "gd_qr.h"

#include "gd_kernels.h"
#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TILE_ROWS 128

struct gd_qr {
    size_t n, width; /* width: n and the right-hand sides */
    size_t filled;   /* rows that wait in the tile */
    size_t rank;
    double *R;      /* width x width, upper triangle, row-major */
    double *tile;   /* width columns of TILE_ROWS values */
    double *final;  /* width columns of `width` values: R, columns of A in the order of `place` */
    size_t *place;  /* n */
    double *column; /* width */
};

gd_status gd_qr_new(gd_qr **out, size_t n, size_t extra, gd_error *err)
{
    *out = NULL;
    if (n > GD_MAX_QR_COLUMNS)
        return gd_fail(err, GD_INVALID, "columns", "must be at most %zu here, got %zu",
                       GD_MAX_QR_COLUMNS, n);
    gd_qr *q = calloc(1, sizeof *q);
    if (!q)
        goto fail;
    size_t w = n + extra;
    q->n = n;
    q->width = w;
    q->R = calloc(w * w + w * TILE_ROWS + w * w + w + 1, sizeof *q->R);
    q->place = calloc(n + 1, sizeof *q->place);
    if (!q->R || !q->place)
        goto fail;
    q->tile = q->R + w * w;
    q->final = q->tile + w * TILE_ROWS;
    q->column = q->final + w * w;
    *out = q;
    return GD_OK;
fail:
    gd_qr_free(q);
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to factor %zu columns", n);
}

void gd_qr_free(gd_qr *q)
{
    if (!q)
        return;
    free(q->R);
    free(q->place);
    free(q);
}

void gd_qr_clear(gd_qr *q)
{
    q->filled = q->rank = 0;
    memset(q->R, 0, q->width * q->width * sizeof *q->R);
}

/* The reflection that maps (head, tail) to (beta, 0): I - tau (1, u)(1, u)'. tail becomes u.
 * Returns tau, 0 where nothing is to be done. */
static double reflector(double *head, double *tail, size_t n)
{
    double length = gd_norm(tail, n);
    if (length == 0)
        return 0;
    double beta = -copysign(hypot(*head, length), *head), tau = (beta - *head) / beta;
    double divisor = *head - beta; /* of one sign: nothing cancels */
    for (size_t i = 0; i < n; i++)
        tail[i] /= divisor;
    *head = beta;
    return tau;
}

static void reflect(double tau, const double *u, double *head, double *tail, size_t n)
{
    double s = tau * (*head + gd_dot(u, tail, n));
    *head -= s;
    gd_axpy(-s, u, tail, n);
}

static void fold(gd_qr *q)
{
    size_t w = q->width, m = q->filled;
    for (size_t k = 0; k < w; k++) {
        double *u = q->tile + k * TILE_ROWS, *row = q->R + k * w;
        double tau = reflector(&row[k], u, m);
        for (size_t j = k + 1; tau != 0 && j < w; j++)
            reflect(tau, u, &row[j], q->tile + j * TILE_ROWS, m);
    }
    q->filled = 0;
}

void gd_qr_add(gd_qr *q, const double *row, double factor)
{
    for (size_t j = 0; j < q->width; j++)
        q->tile[j * TILE_ROWS + q->filled] = factor * row[j];
    if (++q->filled == TILE_ROWS)
        fold(q);
}

void gd_qr_merge(gd_qr *q, gd_qr *other)
{
    fold(other);
    for (size_t i = 0; i < other->width; i++)
        gd_qr_add(q, other->R + i * other->width, 1);
}

/* ---- from moments ---- */

/* R, row by row (Golub, Van Loan, 4.2.5), and in `column` what makes its columns as long as 1. */
static bool cholesky(gd_qr *q, const double *moments)
{
    size_t n = q->n;
    for (size_t k = 0; k < n; k++)
        memcpy(q->R + k * n + k, moments + k * n + k, (n - k) * sizeof *q->R);
    for (size_t k = 0; k < n; k++) {
        double *row = q->R + k * n, rest = row[k], all = moments[k * n + k];
        q->column[k] = all > 0 ? 1 / sqrt(all) : 0;
        if (all == 0) {
            memset(row + k, 0, (n - k) * sizeof *row);
            continue;
        }
        if (!(rest > 0) || !isfinite(rest))
            return false;
        for (size_t j = k; j < n; j++)
            row[j] /= sqrt(rest);
        for (size_t i = k + 1; i < n; i++)
            if (row[i] != 0)
                gd_axpy(-row[i], row + i, q->R + i * n + i, n - i);
    }
    return true;
}

/* x = S^-T x or S^-1 x, where S is R with its columns scaled to 1; left at 0 for columns of zeros.
 */
static void solve_scaled(const gd_qr *q, double *x, bool transposed)
{
    size_t n = q->n;
    for (size_t i = 0; i < n; i++) {
        size_t k = transposed ? i : n - 1 - i;
        const double *row = q->R + k * n;
        if (q->column[k] == 0) {
            x[k] = 0;
            continue;
        }
        if (transposed) {
            x[k] /= row[k] * q->column[k];
            for (size_t j = k + 1; j < n; j++)
                x[j] -= row[j] * q->column[j] * x[k];
        } else {
            for (size_t j = k + 1; j < n; j++)
                x[k] -= row[j] * q->column[j] * x[j];
            x[k] /= row[k] * q->column[k];
        }
    }
}

/* 1 over the least eigenvalue of S'S, whose largest is between 1 and n. */
static double condition(const gd_qr *q, double *x)
{
    size_t n = q->n;
    double grown = 1;
    memset(x, 0, n * sizeof *x);
    for (size_t k = 0; k < n; k++) { /* S'x = +-1, of signs that let x grow */
        const double *row = q->R + k * n;
        if (q->column[k] == 0)
            continue;
        x[k] = (x[k] > 0 ? x[k] + 1 : x[k] - 1) / (row[k] * q->column[k]);
        for (size_t j = k + 1; j < n; j++)
            x[j] -= row[j] * q->column[j] * x[k];
    }
    solve_scaled(q, x, false);
    for (int i = 0; i < 6; i++) {
        double length = gd_norm(x, n);
        if (!(length > 0) || !isfinite(length))
            return length == 0 ? 1 : INFINITY;
        for (size_t k = 0; k < n; k++)
            x[k] /= length;
        solve_scaled(q, x, true);
        solve_scaled(q, x, false);
        grown = gd_norm(x, n);
    }
    return grown;
}

bool gd_qr_take_moments(gd_qr *q, const double *moments, double most)
{
    gd_qr_clear(q);
    if (cholesky(q, moments) && condition(q, q->tile) <= most)
        return true;
    gd_qr_clear(q);
    return false;
}

/* ---- the end ---- */

/* Columns in their order, those aside that the ones before explain (as LINPACK's dqrdc2 of R):
 * where none is, R is as it should be already and nothing is reflected. */
void gd_qr_finish(gd_qr *q)
{
    size_t w = q->width, n = q->n, aside = n;
    fold(q);
    for (size_t j = 0; j < w; j++)
        for (size_t i = 0; i < w; i++)
            q->final[j * w + i] = i <= j ? q->R[i * w + j] : 0;
    q->rank = 0;
    for (size_t j = 0; j < n; j++) {
        double *c = q->final + j * w, *rest = c + q->rank;
        double all = gd_norm(c, n);
        if (!(gd_norm(rest, n - q->rank) > GD_RANK_TOLERANCE * all)) {
            q->place[--aside] = j;
            continue;
        }
        size_t below = n - q->rank - 1;
        double tau = reflector(rest, rest + 1, below);
        for (size_t k = j + 1; tau != 0 && k < w; k++) {
            double *other = q->final + k * w + q->rank;
            reflect(tau, rest + 1, other, other + 1, below);
        }
        q->place[q->rank++] = j;
    }
}

size_t gd_qr_rank(const gd_qr *q)
{
    return q->rank;
}

size_t gd_qr_column(const gd_qr *q, size_t k)
{
    return q->place[k];
}

double gd_qr_at(const gd_qr *q, size_t i, size_t k)
{
    return i < q->rank && (k >= q->rank || i <= k) ? q->final[q->place[k] * q->width + i] : 0;
}

/* x = R^-1 x in place */
static void solve_upper(const gd_qr *q, double *x)
{
    for (size_t k = q->rank; k-- > 0;) {
        const double *c = q->final + q->place[k] * q->width;
        x[k] /= c[k];
        for (size_t i = 0; i < k; i++)
            x[i] -= c[i] * x[k];
    }
}

void gd_qr_explain(const gd_qr *q, size_t k, double *share)
{
    for (size_t i = 0; i < q->rank; i++)
        share[i] = gd_qr_at(q, i, k);
    solve_upper(q, share);
}

void gd_qr_half_solve(const gd_qr *q, const double *g, double *h)
{
    for (size_t k = 0; k < q->rank; k++) {
        const double *c = q->final + q->place[k] * q->width;
        h[k] = (g[q->place[k]] - gd_dot(c, h, k)) / c[k];
    }
}

static void spread(const gd_qr *q, double *x)
{
    for (size_t j = 0; j < q->n; j++)
        x[j] = 0;
    for (size_t k = 0; k < q->rank; k++)
        x[q->place[k]] = q->column[k];
}

void gd_qr_back_solve(const gd_qr *q, const double *h, double *x)
{
    for (size_t k = 0; k < q->rank; k++)
        q->column[k] = h[k];
    solve_upper(q, q->column);
    spread(q, x);
}

void gd_qr_least_squares(const gd_qr *q, size_t e, double *x)
{
    gd_qr_back_solve(q, q->final + (q->n + e) * q->width, x);
}

double gd_qr_residual(const gd_qr *q, size_t e)
{
    size_t end = q->n + e + 1;
    return gd_norm(q->final + (q->n + e) * q->width + q->rank, end - q->rank);
}
