/* gd_gram: see gd_gram.h. A pass is cut into groups of blocks, a group into tiles: rows from which
 * the shift is taken, side by side in cache, whose inner product is added to the group's sums. */
#include "gd_gram.h"

#include "gd_kernels.h"
#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sums are kept a group of blocks, which is a block alone while all of them are within so many values
 * (32 MiB); there are so many groups at least. */
#define SUMS ((size_t)1 << 22)
#define GROUPS ((size_t)16)

/* Rows a tile: with 20 features they and the tile stay in the first-level cache. */
#define TILE_ROWS ((size_t)64)

/* Rows that the first shift is the mean of, and how many deviations off it may turn out to be; but
 * an error of rounding is none. */
#define SAMPLE ((size_t)256)
#define FAR 8.0
#define ROUNDING 1e-13

/* What work takes, in nanoseconds or so: to read a value; to multiply two in a tile; to turn
 * eigenvectors, a parameter^3; for an epoch alone. */
#define READ 0.4
#define PRODUCT 0.04
#define TURN 3.0
#define EPOCH 300.0
#define COORDINATE 1.0

struct gd_gram {
    gd_data data;
    const gd_executor *executor;
    const gd_gram_kernels *kernels;
    gd_rows rows;
    size_t cols, width; /* width: of a row of a tile: features, target, 1, and padding */
    size_t slot_len;    /* values that a slot has in `tiles` */
    size_t blocks, groups;
    double *shift;  /* cols + 1 */
    double *sums;   /* a group: width x width */
    double *ranges; /* a group: the least values of cols columns, then the largest */
    double *tiles;  /* a slot: TILE_ROWS x width, and of single precision rows x cols behind it */
    bool *skipped;  /* a slot: has it left out a block? */
};

bool gd_gram_pays(double rows, double parameters, double epochs, bool spectral)
{
    double n = parameters, pass = rows * n * READ;
    double setup = 2 * pass + rows * n * n * PRODUCT + n * n * n * TURN;
    double epoch = EPOCH / 2 + (spectral ? n : n * n) * COORDINATE;
    return setup + epochs * epoch < epochs * (EPOCH + pass);
}

/* So many passes the search takes at most, of what has many parameters. */
#define SEARCH 20.0
/* Values below which a pass takes no time to speak of, and memory for moments is not worth it. */
#define FEW 65536.0

bool gd_gram_curves(double rows, double parameters)
{
    double n = parameters, pass = rows * n * READ;
    return rows * n >= FEW && pass + rows * n * n * PRODUCT < fmin(n, SEARCH) * pass;
}

static size_t groups_of(size_t rows, size_t width)
{
    size_t blocks = (rows + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS, most = SUMS / (width * width);
    if (most < GROUPS)
        most = GROUPS;
    return blocks < most ? blocks : most;
}

static size_t width_of(size_t cols)
{
    return (cols + 2 + GD_GRAM_LANES - 1) / GD_GRAM_LANES * GD_GRAM_LANES;
}

double gd_gram_bytes(const gd_data *data)
{
    size_t cols = data->cols, width = width_of(cols), groups = groups_of(data->rows, width);
    size_t values = cols + 1 + groups * (width * width + 2 * cols);
    values += TILE_ROWS * (width + (data->X32 ? cols : 0));
    return (double)(values * sizeof(double));
}

gd_status gd_gram_new(gd_gram **out, const gd_data *data, const gd_executor *executor,
                      gd_error *err)
{
    *out = NULL;
    gd_gram *g = calloc(1, sizeof *g);
    if (!g)
        goto fail;
    g->data = *data;
    g->executor = executor ? executor : &gd_executor_serial;
    g->kernels = gd_executor_kernels(executor)->gram;
    g->cols = data->cols;
    g->width = width_of(data->cols);
    size_t groups = groups_of(data->rows, g->width), slots = g->executor->slots;
    g->shift = calloc(g->cols + 1, sizeof(double));
    g->sums = calloc(groups * g->width * g->width, sizeof(double));
    g->ranges = calloc(groups * 2 * g->cols, sizeof(double));
    g->slot_len = TILE_ROWS * (g->width + (data->X ? 0 : data->cols));
    g->tiles = calloc(slots * g->slot_len, sizeof(double));
    g->skipped = calloc(slots, sizeof *g->skipped);
    if (!g->shift || !g->sums || !g->ranges || !g->tiles || !g->skipped)
        goto fail;
    *out = g;
    return GD_OK;
fail:
    gd_gram_free(g);
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the moments of %zu columns",
                   data->cols);
}

void gd_gram_free(gd_gram *g)
{
    if (!g)
        return;
    free(g->shift);
    free(g->sums);
    free(g->ranges);
    free(g->tiles);
    free(g->skipped);
    free(g);
}

static size_t row_number(const gd_gram *g, size_t i)
{
    size_t at = g->rows.first + i;
    return g->rows.index ? g->rows.index[at] : at;
}

static double target_of(const gd_gram *g, size_t row)
{
    return g->data.y[row] - (g->data.offset ? g->data.offset[row] : 0);
}

/* The mean of some rows from all over the data. */
static void sample_shift(gd_gram *g)
{
    size_t n = g->rows.count < SAMPLE ? g->rows.count : SAMPLE;
    memset(g->shift, 0, (g->cols + 1) * sizeof *g->shift);
    for (size_t k = 0; k < n; k++) {
        size_t row = row_number(g, k * g->rows.count / n);
        for (size_t j = 0; j < g->cols; j++)
            g->shift[j] += gd_data_at(&g->data, row, j) / (double)n;
        g->shift[g->cols] += target_of(g, row) / (double)n;
    }
}

static void load_tile(const gd_gram *g, size_t first, size_t n, double *tile, double *ranges)
{
    size_t cols = g->cols, width = g->width;
    const double *rows[TILE_ROWS] = {NULL}, *weights = g->data.weights;
    for (size_t i = 0; i < n; i++) {
        size_t row = row_number(g, first + i);
        double *to = tile + i * width;
        rows[i] = gd_data_row(&g->data, row, tile + TILE_ROWS * width + i * cols);
        to[cols] = target_of(g, row) - g->shift[cols];
        to[cols + 1] = 1;
    }
    g->kernels->load(rows, n, cols, g->shift, tile, width, ranges, ranges + cols);
    for (size_t i = 0; weights && i < n; i++) {
        double root = sqrt(weights[row_number(g, first + i)]);
        for (size_t j = 0; j < cols + 2; j++)
            tile[i * width + j] *= root;
    }
}

static bool asked_to_leave(const gd_gram *g)
{
    return g->executor->interrupted && g->executor->interrupted(g->executor->ctx);
}

static void visit_group(void *arg, size_t group, size_t slot)
{
    gd_gram *g = arg;
    size_t begin = group * g->blocks / g->groups, end = (group + 1) * g->blocks / g->groups;
    double *sums = g->sums + group * g->width * g->width;
    double *ranges = g->ranges + group * 2 * g->cols, *tile = g->tiles + slot * g->slot_len;
    memset(sums, 0, g->width * g->width * sizeof *sums);
    for (size_t j = 0; j < g->cols; j++) {
        ranges[j] = INFINITY;
        ranges[g->cols + j] = -INFINITY;
    }
    for (size_t block = begin; block < end; block++) {
        size_t at = block * GD_BLOCK_ROWS, last = at + GD_BLOCK_ROWS;
        if (last > g->rows.count)
            last = g->rows.count;
        if (g->skipped[slot] || asked_to_leave(g)) {
            g->skipped[slot] = true;
            return;
        }
        for (; at < last; at += TILE_ROWS) {
            size_t n = last - at < TILE_ROWS ? last - at : TILE_ROWS;
            load_tile(g, at, n, tile, ranges);
            size_t left = last - at - n, next = left < TILE_ROWS ? left : TILE_ROWS;
            bool fetch = g->data.X && !g->rows.index;
            const double *follows = fetch ? g->data.X + (g->rows.first + at + n) * g->cols : tile;
            g->kernels->add(tile, n, g->width, sums, follows, fetch ? next * g->cols : 0);
        }
    }
}

static void run(gd_gram *g)
{
    if (g->groups == 1)
        visit_group(g, 0, 0);
    else
        g->executor->run(g->executor->ctx, visit_group, g, g->groups);
    gd_sum_tree(g->sums, g->groups, g->width * g->width);
    for (size_t k = 1; k < g->groups; k++)
        for (size_t j = 0; j < g->cols; j++) {
            const double *other = g->ranges + k * 2 * g->cols;
            g->ranges[j] = fmin(g->ranges[j], other[j]);
            g->ranges[g->cols + j] = fmax(g->ranges[g->cols + j], other[g->cols + j]);
        }
}

/* Moves the shift to the means where it is far from them, for such a column loses digits. */
static bool recentre(gd_gram *g)
{
    const double *ones = g->sums + g->cols + 1; /* the column of sums */
    double weight = ones[(g->cols + 1) * g->width];
    bool far = false;
    for (size_t j = 0; j <= g->cols; j++) {
        double off = ones[j * g->width] / weight;
        double square = g->sums[j * g->width + j] / weight;
        far = far || (fabs(off) > ROUNDING * fabs(g->shift[j]) &&
                      off * off > FAR * FAR * (square - off * off));
    }
    for (size_t j = 0; far && j <= g->cols; j++)
        g->shift[j] += ones[j * g->width] / weight;
    return far;
}

bool gd_gram_pass(gd_gram *g, const gd_rows *rows)
{
    g->rows = *rows;
    g->blocks = (rows->count + GD_BLOCK_ROWS - 1) / GD_BLOCK_ROWS;
    g->groups = groups_of(rows->count, g->width);
    sample_shift(g);
    for (int pass = 0; pass < 2; pass++) {
        run(g);
        for (size_t i = 0; i < g->executor->slots; i++)
            if (g->skipped[i])
                return false;
        if (!recentre(g))
            break;
    }
    return true;
}

void gd_gram_columns(const gd_gram *g, gd_column *out)
{
    double n = (double)g->rows.count;
    for (size_t j = 0; j < g->cols; j++) {
        double off = g->sums[j * g->width + g->cols + 1] / n;
        double variance = g->sums[j * g->width + j] / n - off * off;
        out[j] = (gd_column){.min = g->ranges[j],
                             .max = g->ranges[g->cols + j],
                             .mean = g->shift[j] + off,
                             .std = variance > 0 ? sqrt(variance) : variance == variance ? 0 : NAN};
        if (out[j].min == out[j].max) {
            out[j].mean = out[j].min;
            out[j].std = 0;
        }
    }
}

/* sum w (x_j - center_j) (x_k - center_k), where a = shift - center of each. */
static double moment(const gd_gram *g, size_t j, double a, size_t k, double b)
{
    const double *sums = g->sums;
    size_t low = j < k ? j : k, high = j < k ? k : j, one = g->cols + 1;
    double weight = sums[one * g->width + one];
    return sums[low * g->width + high] + a * sums[k * g->width + one] +
           b * (sums[j * g->width + one] + a * weight);
}

/* Scaled to zeros by what never changes: exact zeros. */
static bool vanishes(const gd_gram *g, const double *center, size_t j)
{
    return g->ranges[j] == g->ranges[g->cols + j] && center[j] == g->ranges[j];
}

void gd_gram_normal(const gd_gram *g, bool intercept, const double *center, const double *scale,
                    double *hessian, double *slope)
{
    size_t cols = g->cols, n = cols + intercept, one = cols + 1;
    double share = 2 / (double)g->rows.count, weight = g->sums[one * g->width + one];
    for (size_t j = 0; j < cols; j++) {
        double a = g->shift[j] - center[j];
        bool zero = vanishes(g, center, j);
        for (size_t k = 0; k <= j; k++) {
            double m = moment(g, j, a, k, g->shift[k] - center[k]) / scale[j] / scale[k];
            hessian[j * n + k] = hessian[k * n + j] =
                zero || vanishes(g, center, k) ? 0 : share * m;
        }
        double sum = (g->sums[j * g->width + one] + a * weight) / scale[j];
        if (intercept)
            hessian[j * n + cols] = hessian[cols * n + j] = zero ? 0 : share * sum;
        slope[j] = zero ? 0 : share * moment(g, j, a, cols, g->shift[cols]) / scale[j];
    }
    if (!intercept)
        return;
    hessian[cols * n + cols] = share * weight;
    slope[cols] = share * (g->sums[cols * g->width + one] + g->shift[cols] * weight);
}
