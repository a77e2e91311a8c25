/* gd_fit_pass: see gd_fit_pass.h. A pass is done in rounds, in each of which every group takes up
 * its next block: so many groups as memory allows, and none is long without a pause. */
#include "gd_fit_pass.h"

#include "gd_gram.h"
#include "gd_kernels.h"
#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values in the sums of all groups (32 MiB); but there are a few groups at least. */
#define SUMS ((size_t)1 << 22)
#define GROUPS ((size_t)4)
/* Products of sums and rows in a block, of which there are fewer rows where sums are large. */
#define BLOCK_WORK ((size_t)1 << 26)

struct gd_fit_pass {
    gd_fit fit;
    const gd_executor *executor;
    const gd_gram_kernels *kernels;
    size_t cols, width, block_rows, most, len, spare;
    double total;
    size_t counted;
    double *inverse; /* cols: 1 / scale */
    double *sums;    /* most x len */
    double *tiles;   /* a slot: a tile and what is beside it */
    bool *skipped;   /* a slot: has it left out a block? */
    bool interrupted;
    gd_fit_visitor *visit; /* of the pass at hand: */
    void *arg;
    size_t groups, blocks, round, stride;
};

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Values a slot: A, y, weights, offsets, spare. */
static size_t slot_len(const gd_fit_pass *p)
{
    return GD_FIT_TILE_ROWS * (p->width + 3) + p->spare;
}

gd_status gd_fit_pass_new(gd_fit_pass **out, const gd_fit *fit, size_t sums, size_t spare,
                          const gd_executor *executor, gd_error *err)
{
    *out = NULL;
    gd_fit_pass *p = calloc(1, sizeof *p);
    if (!p)
        goto fail;
    size_t lanes = GD_GRAM_LANES, columns = gd_fit_columns(fit);
    p->fit = *fit;
    p->executor = executor ? executor : &gd_executor_serial;
    p->kernels = gd_executor_kernels(executor)->gram;
    p->cols = fit->shape.cols;
    p->width = (columns + lanes - 1) / lanes * lanes;
    p->len = sums;
    p->spare = spare;
    size_t rows = BLOCK_WORK / sums / GD_FIT_TILE_ROWS * GD_FIT_TILE_ROWS;
    p->block_rows = most_of(GD_FIT_TILE_ROWS, least_of(rows, GD_BLOCK_ROWS));
    p->blocks = (fit->rows.count + p->block_rows - 1) / p->block_rows;
    p->most = least_of(p->blocks, most_of(GROUPS, SUMS / sums));
    p->inverse = calloc(p->cols, sizeof(double));
    p->sums = calloc(p->most * sums, sizeof(double));
    p->tiles = calloc(p->executor->slots * slot_len(p), sizeof(double));
    p->skipped = calloc(p->executor->slots, sizeof *p->skipped);
    if (!p->inverse || !p->sums || !p->tiles || !p->skipped)
        goto fail;
    for (size_t j = 0; j < p->cols; j++)
        p->inverse[j] = fit->scale ? 1 / fit->scale[j] : 1;
    if (!fit->weights) {
        p->counted = fit->rows.count;
        p->total = (double)p->counted;
    }
    for (size_t i = 0; fit->weights && i < fit->rows.count; i++) {
        double weight = gd_fit_weight(fit, i);
        p->total += weight;
        p->counted += weight > 0;
    }
    *out = p;
    return GD_OK;
fail:
    gd_fit_pass_free(p);
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to look at the rows again");
}

void gd_fit_pass_free(gd_fit_pass *p)
{
    if (!p)
        return;
    free(p->inverse);
    free(p->sums);
    free(p->tiles);
    free(p->skipped);
    free(p);
}

/* The rows at .. end of the fit, up to a tile of those whose weight is above 0. Returns the first
 * that is left. */
static size_t load(const gd_fit_pass *p, size_t at, size_t end, double *slot, gd_fit_tile *tile)
{
    const gd_fit *f = &p->fit;
    size_t cols = p->cols, n = 0;
    double *A = slot, *y = slot + GD_FIT_TILE_ROWS * p->width, *weight = y + GD_FIT_TILE_ROWS,
           *offset = weight + GD_FIT_TILE_ROWS;
    for (; at < end && n < GD_FIT_TILE_ROWS; at++) {
        size_t row = gd_fit_row(f, at);
        double w = f->weights ? f->weights[row] : 1;
        if (!(w > 0))
            continue;
        double *a = A + n * p->width;
        const double *x = gd_data_row(f->data, row, a);
        if (f->scale)
            p->kernels->scale(x, cols, f->center, p->inverse, a);
        else if (x != a)
            memcpy(a, x, cols * sizeof *a);
        if (f->shape.intercept)
            a[cols] = 1;
        y[n] = f->data->y[row];
        weight[n] = w / p->total;
        offset[n] = f->offset ? f->offset[row] : 0;
        n++;
    }
    *tile = (gd_fit_tile){n, p->width, A, y, weight, offset, offset + GD_FIT_TILE_ROWS};
    return at;
}

static bool asked_to_leave(const gd_fit_pass *p)
{
    return p->executor->interrupted && p->executor->interrupted(p->executor->ctx);
}

/* The block of a group that is due in this round. */
static void visit_block(void *arg, size_t group, size_t slot)
{
    gd_fit_pass *p = arg;
    size_t begin = group * p->blocks / p->groups, end = (group + 1) * p->blocks / p->groups;
    size_t block = begin + p->round;
    if (block >= end)
        return;
    if (p->skipped[slot] || asked_to_leave(p)) {
        p->skipped[slot] = true;
        return;
    }
    double *sums = p->sums + group * p->stride, *tiles = p->tiles + slot * slot_len(p);
    if (p->round == 0) {
        memset(sums, 0, p->stride * sizeof *sums);
        sums[0] = INFINITY;
    }
    size_t at = block * p->block_rows, last = least_of(at + p->block_rows, p->fit.rows.count);
    while (at < last) {
        gd_fit_tile tile;
        at = load(p, at, last, tiles, &tile);
        if (tile.n > 0)
            p->visit(p->arg, &tile, group, sums);
    }
}

const double *gd_fit_pass_run(gd_fit_pass *p, gd_fit_visitor *visit, void *arg, size_t len,
                              size_t groups)
{
    p->visit = visit;
    p->arg = arg;
    p->stride = len;
    p->groups = groups > 0 ? least_of(groups, p->most) : p->most;
    size_t rounds = (p->blocks + p->groups - 1) / p->groups;
    for (p->round = 0; p->round < rounds && !p->interrupted; p->round++) {
        if (p->groups == 1)
            visit_block(p, 0, 0);
        else
            p->executor->run(p->executor->ctx, visit_block, p, p->groups);
        for (size_t i = 0; i < p->executor->slots; i++)
            p->interrupted = p->interrupted || p->skipped[i];
    }
    if (p->interrupted)
        return NULL;
    double least = INFINITY;
    for (size_t k = 0; k < p->groups; k++) {
        least = fmin(least, p->sums[k * len]);
        p->sums[k * len] = 0;
    }
    gd_sum_tree(p->sums, p->groups, len);
    p->sums[0] = least;
    return p->sums;
}

double gd_fit_pass_weights(const gd_fit_pass *p)
{
    return p->total;
}

size_t gd_fit_pass_counted(const gd_fit_pass *p)
{
    return p->counted;
}
