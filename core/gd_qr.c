/* gd_qr: see gd_qr.h. The tile lies column by column, so that the inner loops run along it. */
#include "gd_qr.h"

#include "gd_gram.h"
#include "gd_kernels.h"
#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TILE_ROWS 128

/* From so many rows on they are summed up, so many at a time; of a column, this share of its square
 * must not be explained by those before it. */
#define MANY 16384
#define SUM_ROWS 64
#define INDEPENDENT 1e-4

struct gd_qr {
    size_t n, width; /* width: n and the right-hand sides */
    size_t filled;   /* rows that wait in the tile */
    size_t rank;
    bool sums;       /* rows are summed up, as rows of the tile, into `final` */
    size_t padded;   /* width, rounded up */
    const gd_gram_kernels *kernels;
    double *R;      /* width x width, upper triangle, row-major */
    double *tile;   /* width columns of TILE_ROWS values */
    double *final;  /* padded x padded values. Width columns of `width` values: R, columns of A in the order of `place` */
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
    q->padded = (w + GD_GRAM_LANES - 1) / GD_GRAM_LANES * GD_GRAM_LANES;
    q->kernels = gd_gram_kernels_best();
    size_t p = q->padded;
    q->R = calloc(w * w + p * TILE_ROWS + p * p + w + 1, sizeof *q->R);
    q->place = calloc(n + 1, sizeof *q->place);
    if (!q->R || !q->place)
        goto fail;
    q->tile = q->R + w * w;
    q->final = q->tile + p * TILE_ROWS;
    q->column = q->final + p * p;
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
    q->sums = false;
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

/* ---- very many rows ---- */

void gd_qr_expect(gd_qr *q, size_t rows)
{
    if (rows < MANY || rows / 8 < q->width)
        return;
    q->sums = true;
    memset(q->tile, 0, q->padded * TILE_ROWS * sizeof *q->tile);
    memset(q->final, 0, q->padded * q->padded * sizeof *q->final);
}

static void sum_up(gd_qr *q)
{
    q->kernels->add(q->tile, q->filled, q->padded, q->final, q->tile, 0);
    q->filled = 0;
}

static void add_to_sums(gd_qr *q, const double *row, double factor)
{
    double *to = q->tile + q->filled * q->padded;
    for (size_t j = 0; j < q->width; j++)
        to[j] = factor * row[j];
    if (++q->filled == SUM_ROWS)
        sum_up(q);
}

/* R from the sums, which it destroys (Golub, Van Loan, 4.2.5). False where digits are lost. */
static bool cholesky(gd_qr *q)
{
    size_t w = q->width;
    for (size_t k = 0; k < w; k++)
        q->column[k] = q->final[k * q->padded + k];
    for (size_t k = 0; k < w; k++) {
        double *row = q->R + k * w, *sums = q->final + k * q->padded, all = q->column[k];
        double rest = sums[k];
        if (all == 0)
            continue; /* a column of zeros */
        if (!(rest > INDEPENDENT * all) || !isfinite(rest))
            return false;
        for (size_t j = k; j < w; j++)
            row[j] = sums[j] / sqrt(rest);
        for (size_t i = k + 1; i < w; i++)
            gd_axpy(-row[i], row + i, q->final + i * q->padded + i, w - i);
    }
    return true;
}

void gd_qr_add(gd_qr *q, const double *row, double factor)
{
    if (q->sums) {
        add_to_sums(q, row, factor);
        return;
    }
    for (size_t j = 0; j < q->width; j++)
        q->tile[j * TILE_ROWS + q->filled] = factor * row[j];
    if (++q->filled == TILE_ROWS)
        fold(q);
}

/* Columns in their order, those aside that the ones before explain (as LINPACK's dqrdc2 of R):
 * where none is, R is as it should be already and nothing is reflected. */
bool gd_qr_finish(gd_qr *q)
{
    size_t w = q->width, n = q->n, aside = n;
    if (q->sums) {
        sum_up(q);
        q->sums = false;
        if (!cholesky(q)) {
            gd_qr_clear(q);
            return false;
        }
    } else {
        fold(q);
    }
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
    return true;
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
