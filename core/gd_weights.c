/* gd_weights: checks, classes, then the scale. */
#include "gd_weights.h"

#include <math.h>
#include <stdlib.h>

static size_t row_at(const gd_rows *rows, size_t i)
{
    return rows->index ? rows->index[rows->first + i] : rows->first + i;
}

double gd_weights_sum(const double *weights, const gd_rows *rows)
{
    double sum = 0;
    for (size_t i = 0; i < rows->count; i++)
        sum += weights[row_at(rows, i)];
    return sum;
}

/* The rows' own weights as shares of the largest one, whose sums can't overflow. */
static gd_status take_shares(const gd_data *d, double *out, gd_error *err)
{
    double largest = 0;
    for (size_t i = 0; d->weights && i < d->rows; i++) {
        double w = d->weights[i];
        if (!(w >= 0 && isfinite(w)))
            return gd_fail(err, GD_INVALID, "weights",
                           "must be finite numbers of at least 0, row %zu has %g", i + 1, w);
        largest = fmax(largest, w);
    }
    for (size_t i = 0; i < d->rows; i++)
        out[i] = !d->weights ? 1 : largest > 0 ? d->weights[i] / largest : 0;
    return GD_OK;
}

static gd_status balance(const gd_data *d, const gd_rows *train, double *out, gd_error *err)
{
    if (!d->classes)
        return gd_fail(err, GD_INVALID, "class_weight",
                       "\"balanced\" needs a target of classes; weigh rows of numbers by a column "
                       "of weights");
    double *members = calloc(d->classes, sizeof *members);
    if (!members)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the weights of %zu classes",
                       d->classes);
    for (size_t i = 0; i < train->count; i++)
        members[(size_t)d->y[row_at(train, i)]]++;
    /* a class that is only validated on weighs as if it had one row to train on */
    for (size_t i = 0; i < d->rows; i++)
        out[i] *= (double)train->count / ((double)d->classes * fmax(members[(size_t)d->y[i]], 1));
    free(members);
    return GD_OK;
}

gd_status gd_weights_find(const gd_data *data, const gd_rows *train, bool balanced, double *out,
                          gd_error *err)
{
    gd_status status = take_shares(data, out, err);
    if (status == GD_OK && balanced)
        status = balance(data, train, out, err);
    if (status != GD_OK)
        return status;
    double sum = gd_weights_sum(out, train);
    if (sum == 0)
        return gd_fail(err, GD_INVALID, "weights", "are 0 for every row that is trained on");
    double scale = (double)train->count / sum;
    for (size_t i = 0; i < data->rows; i++)
        out[i] *= scale;
    return GD_OK;
}
