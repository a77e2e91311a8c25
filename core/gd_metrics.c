/* gd_metrics: sums over predictions. */
#include "gd_metrics.h"

#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>

void gd_predict(const gd_model *model, const gd_shape *shape, const double *theta, const double *X,
                size_t rows, double *z)
{
    model->forward(shape, theta, X, rows, z);
}

gd_status gd_metrics_regression(const gd_model *model, const gd_shape *shape, const double *theta,
                                const gd_data *data, gd_regression_metrics *out, gd_error *err)
{
    size_t room = data->rows < GD_BLOCK_ROWS ? data->rows : GD_BLOCK_ROWS;
    double *z = calloc(room, sizeof *z);
    if (!z)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the metrics");
    gd_column y;
    gd_columns(data->y, data->rows, 1, &y);
    double squares = 0, absolutes = 0, total = 0, n = (double)data->rows;
    for (size_t first = 0; first < data->rows; first += room) {
        size_t rows = data->rows - first < room ? data->rows - first : room;
        const double *target = data->y + first;
        gd_predict(model, shape, theta, data->X + first * data->cols, rows, z);
        double block_squares = 0, block_absolutes = 0, block_total = 0;
        for (size_t i = 0; i < rows; i++) {
            double r = target[i] - z[i], d = target[i] - y.mean;
            block_squares += r * r;
            block_absolutes += fabs(r);
            block_total += d * d;
        }
        squares += block_squares;
        absolutes += block_absolutes;
        total += block_total;
    }
    free(z);
    out->mse = squares / n;
    out->rmse = sqrt(out->mse);
    out->mae = absolutes / n;
    out->r2 = y.min == y.max ? NAN : 1 - squares / total;
    return GD_OK;
}
