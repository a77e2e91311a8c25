/* Linear regression: z = X w + b. theta is w (cols values), then b if there is one.
 * For dz = d cost / d z the gradient is X^T dz, and the sum of dz for b. */
#include "gd_cost.h"
#include "gd_kernels.h"
#include "gd_model.h"

#include <string.h>

static size_t params_len(const gd_shape *s)
{
    return s->cols + s->intercept;
}

static size_t layout(const gd_shape *s, gd_part *parts)
{
    parts[0] = (gd_part){.name = "coefficients", .offset = 0, .count = s->cols};
    if (!s->intercept)
        return 1;
    parts[1] =
        (gd_part){.name = "intercept", .offset = s->cols, .count = 1, .bias = true, .scalar = true};
    return 2;
}

static void init(const gd_shape *s, double *theta)
{
    memset(theta, 0, params_len(s) * sizeof *theta);
}

static void forward(const gd_shape *s, const double *theta, const double *X, size_t rows, double *z)
{
    double b = s->intercept ? theta[s->cols] : 0;
    for (size_t i = 0; i < rows; i++)
        z[i] = gd_dot(X + i * s->cols, theta, s->cols) + b;
}

static void backward(const gd_shape *s, const double *theta, const double *X, size_t rows,
                     const double *dz, double *gradient)
{
    (void)theta;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        gd_axpy(dz[i], X + i * s->cols, gradient, s->cols);
        sum += dz[i];
    }
    if (s->intercept)
        gradient[s->cols] += sum;
}

/* w' . (x - center) / scale + b'  =  (w' / scale) . x + (b' - sum w' center / scale) */
static void unscale(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to)
{
    double b = s->intercept ? from[s->cols] : 0;
    for (size_t j = 0; j < s->cols; j++) {
        to[j] = from[j] / scale[j];
        b -= to[j] * center[j];
    }
    if (s->intercept)
        to[s->cols] = b;
}

static void rescale(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to)
{
    double b = s->intercept ? from[s->cols] : 0;
    for (size_t j = 0; j < s->cols; j++) {
        b += from[j] * center[j];
        to[j] = from[j] * scale[j];
    }
    if (s->intercept)
        to[s->cols] = b;
}

const gd_model gd_model_linear_regression = {
    .name = "linear_regression",
    .doc = "a weighted sum of the features plus an intercept",
    .formula = "z = X w + b",
    .tasks = GD_REGRESSION,
    .default_cost = "mse",
    .linear = true,
    .params_len = params_len,
    .layout = layout,
    .init = init,
    .forward = forward,
    .backward = backward,
    .unscale = unscale,
    .rescale = rescale,
};
