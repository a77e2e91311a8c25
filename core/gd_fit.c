/* gd_fit: see gd_fit.h. */
#include "gd_fit.h"

#include "gd_kernels.h"

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
