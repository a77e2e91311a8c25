/* gd_slope: d cost / d score of one row, for loops that have no time for a call: the costs whose
 * updates are the most common ones. Their files in costs/ give these functions as `derivative`. */
#ifndef GD_SLOPE_H
#define GD_SLOPE_H

#include "gd_exp.h"

/* (y - z)^2 */
static inline double gd_slope_mse(double z, double y)
{
    return -2 * (y - z);
}

/* log(1 + exp(-s z)), s = +1 for y of 1 and -1 for 0. Beyond +-700 the slope is 0 or 1 to all
 * digits that count; NaN stays NaN. */
static inline double gd_slope_logistic(double z, double y)
{
    double s = y > 0.5 ? 1 : -1, m = s * z;
    m = m > 700 ? 700 : m < -700 ? -700 : m;
    return -s / (1 + gd_exp(m));
}

#endif
