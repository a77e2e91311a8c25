/* gd_range_test: least-squares slopes over a window. */
#include "gd_range_test.h"

#include <math.h>

/* fastai ends its test where the loss is four times the lowest. */
#define BLOWN_UP 4

size_t gd_range_test_half_window(size_t count)
{
    return count < 80 ? 1 : count / 40;
}

static size_t before_the_blow_up(const gd_range_point *points, size_t count)
{
    double lowest = INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(points[i].cost) || points[i].cost > BLOWN_UP * lowest)
            return i;
        lowest = fmin(lowest, points[i].cost);
    }
    return count;
}

/* d cost / d log(rate) of the line fitted to the points first .. last. */
static double slope(const gd_range_point *points, size_t first, size_t last)
{
    double n = (double)(last - first + 1), x = 0, y = 0, xy = 0, xx = 0;
    for (size_t i = first; i <= last; i++) {
        x += log(points[i].learning_rate) / n;
        y += points[i].cost / n;
    }
    for (size_t i = first; i <= last; i++) {
        double dx = log(points[i].learning_rate) - x;
        xy += dx * (points[i].cost - y);
        xx += dx * dx;
    }
    return xy / xx;
}

double gd_range_test_suggest(const gd_range_point *points, size_t count)
{
    size_t used = before_the_blow_up(points, count), half = gd_range_test_half_window(used);
    double steepest = 0, rate = NAN;
    for (size_t i = 0; used >= 3 && i < used; i++) {
        size_t first = i < half ? 0 : i - half, last = i + half < used ? i + half : used - 1;
        double s = slope(points, first, last);
        if (s < steepest) {
            steepest = s;
            rate = points[i].learning_rate;
        }
    }
    return rate;
}
