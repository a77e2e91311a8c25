/* gd_linear: scores that are linear in theta, shared by the models of that family:
 * z_k = w_k . x + b_k for each output k. theta is the weights, outputs x cols, row-major, then
 * the intercepts, outputs values, if there are any. */
#ifndef GD_LINEAR_H
#define GD_LINEAR_H

#include "gd_model.h"

size_t gd_linear_params_len(const gd_shape *s);
size_t gd_linear_layout(const gd_shape *s, gd_part *parts);
/* zeros: the objective is convex */
void gd_linear_init(const gd_shape *s, uint64_t seed, double *theta);
void gd_linear_forward(const gd_shape *s, const double *theta, const double *X, size_t rows,
                       double *z, double *work);
void gd_linear_backward(const gd_shape *s, const double *theta, const double *X, size_t rows,
                        const double *dz, double *gradient, double *work);
/* dx: rows x cols, written with d cost / d X. */
void gd_linear_backward_input(const gd_shape *s, const double *theta, size_t rows, const double *dz,
                              double *dx);
void gd_linear_unscale(const gd_shape *s, const double *center, const double *scale,
                       const double *from, double *to);
void gd_linear_rescale(const gd_shape *s, const double *center, const double *scale,
                       const double *from, double *to);

/* The members of a descriptor that they all share. */
#define GD_LINEAR_FUNCTIONS                                                                        \
    .linear = true, .params_len = gd_linear_params_len, .layout = gd_linear_layout,                \
    .init = gd_linear_init, .forward = gd_linear_forward, .backward = gd_linear_backward,          \
    .unscale = gd_linear_unscale, .rescale = gd_linear_rescale

#endif
