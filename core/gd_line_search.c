/* gd_line_search: first out until the minimum is bracketed, then zooming in. */
#include "gd_line_search.h"

#include "gd_kernels.h"

#include <float.h>
#include <math.h>

/* Costs nearer to each other than this share are the same, as far as doubles can tell. */
#define ROUNDING (4 * DBL_EPSILON)

/* What is tried keeps this share of the bracket from its ends, so that the bracket shrinks. */
#define MARGIN 0.1

typedef struct point {
    double step, cost, slope;
} point;

double gd_line_at(const gd_line *l, double step)
{
    gd_descent *d = l->d;
    for (size_t i = 0; i < d->n; i++)
        d->theta[i] = l->from[i] + step * l->direction[i];
    d->cost = d->eval(d->ctx, d->theta, d->gradient);
    return gd_dot(d->gradient, l->direction, d->n);
}

static point evaluate(const gd_line *l, double step)
{
    double slope = gd_line_at(l, step);
    return (point){step, l->d->cost, slope};
}

/* Both say no to what is not finite. */
static bool low_enough(const gd_line *l, const point *p)
{
    return p->cost <= l->cost + l->c1 * p->step * l->slope && isfinite(p->slope);
}

static bool flat_enough(const gd_line *l, const point *p)
{
    return fabs(p->slope) <= -l->c2 * l->slope;
}

static bool level(const gd_line *l, const point *p)
{
    return fabs(p->cost - l->cost) <= ROUNDING * fabs(l->cost);
}

/* p is where d stands. Where costs can't tell, gradients must shorten, so that there is an end. */
static bool accepted(const gd_line *l, const point *p)
{
    if (level(l, p))
        return flat_enough(l, p) && gd_norm(l->d->gradient, l->d->n) < l->norm;
    return flat_enough(l, p) && low_enough(l, p);
}

/* Where the cubic through two points and their slopes has its minimum; NaN if nowhere. */
static double cubic(const point *a, const point *b)
{
    double width = b->step - a->step;
    double d1 = a->slope + b->slope - 3 * (b->cost - a->cost) / width;
    double d2 = copysign(sqrt(d1 * d1 - a->slope * b->slope), width);
    return b->step - width * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
}

static double clamp(double x, double low, double high, double otherwise)
{
    return isnan(x) ? otherwise : fmin(fmax(x, low), high);
}

/* Between the ends of a bracket, of which the far one may not even be finite. */
static double between(const point *a, const point *b)
{
    double low = fmin(a->step, b->step), high = fmax(a->step, b->step);
    double margin = MARGIN * (high - low), middle = low + (high - low) / 2;
    double x = isfinite(b->cost) && isfinite(b->slope) ? cubic(a, b) : middle;
    return clamp(x, low + margin, high - margin, middle);
}

/* low: the lowest point so far that is low enough, from which the cost falls towards high. */
static double zoom(const gd_line *l, point low, point high, uint64_t left, double *lower)
{
    for (; left > 0; left--) {
        double step = between(&low, &high);
        if (step == low.step || step == high.step)
            break; /* no double is left between them */
        point p = evaluate(l, step);
        if (accepted(l, &p))
            return p.step;
        if (!low_enough(l, &p) || p.cost >= low.cost) {
            high = p;
            continue;
        }
        if (p.slope * (high.step - low.step) >= 0)
            high = low;
        low = p;
    }
    *lower = level(l, &low) ? 0 : low.step;
    return 0;
}

double gd_line_search(const gd_line *l, double first, double *lower)
{
    point before = {0, l->cost, l->slope};
    double step = first;
    for (uint64_t left = l->most; left > 0; left--) {
        point p = evaluate(l, step);
        if (accepted(l, &p))
            return p.step;
        if (!low_enough(l, &p) || (before.step > 0 && p.cost >= before.cost))
            return zoom(l, before, p, left - 1, lower);
        if (p.slope >= 0)
            return zoom(l, p, before, left - 1, lower);
        double width = p.step - before.step;
        step =
            clamp(cubic(&before, &p), p.step + 1.1 * width, p.step + 4 * width, p.step + 4 * width);
        before = p;
    }
    *lower = level(l, &before) ? 0 : before.step;
    return 0;
}
