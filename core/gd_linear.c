/* gd_linear: for dz = d cost / d z the gradient is dz_k^T X for w_k, and the sum of dz_k for
 * b_k. */
#include "gd_linear.h"

#include "gd_kernels.h"

#include <string.h>

size_t gd_linear_params_len(const gd_shape *s)
{
    return s->outputs * (s->cols + s->intercept);
}

size_t gd_linear_layout(const gd_shape *s, gd_part *parts)
{
    size_t weights = s->outputs * s->cols;
    parts[0] = (gd_part){.name = "coefficients", .count = weights, .rows = s->outputs};
    if (!s->intercept)
        return 1;
    parts[1] = (gd_part){.name = "intercept",
                         .offset = weights,
                         .count = s->outputs,
                         .rows = 1,
                         .bias = true,
                         .scalar = s->outputs == 1};
    return 2;
}

void gd_linear_init(const gd_shape *s, uint64_t seed, double *theta)
{
    (void)seed;
    memset(theta, 0, gd_linear_params_len(s) * sizeof *theta);
}

void gd_linear_forward(const gd_shape *s, const double *theta, const double *X, size_t rows,
                       double *z, double *work)
{
    (void)work;
    const double *b = s->intercept ? theta + s->outputs * s->cols : NULL;
    for (size_t k = 0; k < s->outputs; k++)
        for (size_t i = 0; i < rows; i++)
            z[i * s->outputs + k] =
                gd_dot(X + i * s->cols, theta + k * s->cols, s->cols) + (b ? b[k] : 0);
}

void gd_linear_backward(const gd_shape *s, const double *theta, const double *X, size_t rows,
                        const double *dz, double *gradient, double *work)
{
    (void)theta, (void)work;
    for (size_t k = 0; k < s->outputs; k++) {
        double sum = 0;
        for (size_t i = 0; i < rows; i++) {
            double d = dz[i * s->outputs + k];
            gd_axpy(d, X + i * s->cols, gradient + k * s->cols, s->cols);
            sum += d;
        }
        if (s->intercept)
            gradient[s->outputs * s->cols + k] += sum;
    }
}

void gd_linear_backward_input(const gd_shape *s, const double *theta, size_t rows, const double *dz,
                              double *dx)
{
    memset(dx, 0, rows * s->cols * sizeof *dx);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < s->outputs; k++)
            gd_axpy(dz[i * s->outputs + k], theta + k * s->cols, dx + i * s->cols, s->cols);
}

/* w' . (x - center) / scale + b'  =  (w' / scale) . x + (b' - sum w' center / scale) */
void gd_linear_unscale(const gd_shape *s, const double *center, const double *scale,
                       const double *from, double *to)
{
    size_t biases = s->outputs * s->cols;
    for (size_t k = 0; k < s->outputs; k++) {
        double b = s->intercept ? from[biases + k] : 0;
        for (size_t j = 0, at = k * s->cols; j < s->cols; j++, at++) {
            to[at] = from[at] / scale[j];
            b -= to[at] * center[j];
        }
        if (s->intercept)
            to[biases + k] = b;
    }
}

void gd_linear_rescale(const gd_shape *s, const double *center, const double *scale,
                       const double *from, double *to)
{
    size_t biases = s->outputs * s->cols;
    for (size_t k = 0; k < s->outputs; k++) {
        double b = s->intercept ? from[biases + k] : 0;
        for (size_t j = 0, at = k * s->cols; j < s->cols; j++, at++) {
            b += from[at] * center[j];
            to[at] = from[at] * scale[j];
        }
        if (s->intercept)
            to[biases + k] = b;
    }
}
