/* gd_fit: see gd_fit.h. */
#include "gd_fit.h"

#include "gd_kernels.h"

#include <math.h>
#include <stdlib.h>

size_t gd_fit_row(const gd_fit *f, size_t i)
{
    size_t at = f->rows.first + i;
    return f->rows.index ? f->rows.index[at] : at;
}

size_t gd_fit_columns(const gd_fit *f)
{
    return f->shape.cols + f->shape.intercept;
}

void gd_fit_design(const gd_fit *f, size_t i, double *a)
{
    size_t cols = f->shape.cols;
    const double *x = gd_data_row(f->data, gd_fit_row(f, i), a);
    for (size_t j = 0; j < cols; j++)
        a[j] = f->scale ? (x[j] - f->center[j]) / f->scale[j] : x[j];
    if (f->shape.intercept)
        a[cols] = 1;
}

size_t gd_fit_index(const gd_fit *f, size_t k, size_t j)
{
    size_t cols = f->shape.cols;
    return j < cols ? k * cols + j : f->shape.outputs * cols + k;
}

void gd_fit_scores(const gd_fit *f, size_t i, const double *a, const double *theta, double *z)
{
    size_t cols = f->shape.cols;
    double offset = f->offset ? f->offset[gd_fit_row(f, i)] : 0;
    for (size_t k = 0; k < f->shape.outputs; k++) {
        z[k] = gd_dot(a, theta + k * cols, cols) + offset;
        if (f->shape.intercept)
            z[k] += theta[gd_fit_index(f, k, cols)];
    }
}

double gd_fit_weight(const gd_fit *f, size_t i)
{
    return f->weights ? f->weights[gd_fit_row(f, i)] : 1;
}

double gd_fit_target(const gd_fit *f, size_t i)
{
    return f->data->y[gd_fit_row(f, i)];
}

double gd_fit_weights(const gd_fit *f)
{
    double sum = 0;
    for (size_t i = 0; i < f->rows.count; i++)
        sum += gd_fit_weight(f, i);
    return sum;
}

gd_status gd_fit_scale(gd_fit_scaled *out, const gd_fit *fit, const gd_executor *executor,
                       gd_error *err)
{
    const gd_shape *s = &fit->shape;
    size_t cols = s->cols, n = fit->model->params_len(s);
    *out = (gd_fit_scaled){.fit = *fit, .finite = true};
    if (fit->scale)
        return GD_OK;
    gd_column *columns = calloc(cols, sizeof *columns);
    out->memory = calloc(n + 2 * cols, sizeof(double));
    gd_status status = GD_OK;
    if (!columns || !out->memory)
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to scale %zu columns", cols);
    else if (!fit->columns)
        status = gd_columns_by(executor ? executor : &gd_executor_serial, fit->data, &fit->rows,
                               columns, err);
    if (status == GD_OK) {
        double *center = out->memory + n, *scale = center + cols;
        gd_scaling(fit->columns ? fit->columns : columns, cols, s->intercept, center, scale);
        for (size_t j = 0; j < cols; j++)
            out->finite = out->finite && isfinite(center[j]) && isfinite(scale[j]);
        if (out->finite) {
            fit->model->rescale(s, center, scale, fit->theta, out->memory);
            out->fit.theta = out->memory;
            out->fit.center = center;
            out->fit.scale = scale;
        }
    }
    free(columns);
    if (status != GD_OK)
        gd_fit_scaled_free(out);
    return status;
}

void gd_fit_scaled_free(gd_fit_scaled *s)
{
    free(s->memory);
    s->memory = NULL;
}
