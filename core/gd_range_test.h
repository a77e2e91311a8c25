/* gd_range_test: which learning rate a range test speaks for (Smith, 2017): the one at which the
 * cost falls most steeply, per factor of the rate, as fastai's lr_find suggests. */
#ifndef GD_RANGE_TEST_H
#define GD_RANGE_TEST_H

#include <stddef.h>

typedef struct gd_range_point {
    double learning_rate; /* > 0, rising from point to point */
    double cost;          /* after the epoch at that rate */
} gd_range_point;

/* points: an epoch each, in order; those from the first cost on that is not finite or is more than
 * four times the lowest before it are left out. The slope of the cost by log(rate) is that of the
 * line fitted to a point and its neighbours (half_window on either side, fewer at the ends), which
 * takes noise out without shifting what it is taken out of. Returns the rate of the point with the
 * steepest fall; NaN if the cost falls nowhere or there are fewer than three points. */
double gd_range_test_suggest(const gd_range_point *points, size_t count);

/* Points on either side that the slope is fitted over: a fortieth of them, at least 1. */
size_t gd_range_test_half_window(size_t count);

#endif
