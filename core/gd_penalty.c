/* gd_penalty: see gd_penalty.h. */
#include "gd_penalty.h"

#include <math.h>

static double clip(const gd_penalty *p, double w)
{
    return fmax(p->low, fmin(w, p->high));
}

static double shrink(double v, double by)
{
    return copysign(fmax(fabs(v) - by, 0), v);
}

double gd_penalty_cost(const gd_penalty *p, double w)
{
    return p->l1 * fabs(w) + 0.5 * p->l2 * w * w;
}

double gd_penalty_nearest(const gd_penalty *p, double c, double h)
{
    return clip(p, shrink(h * c, p->l1) / (h + p->l2));
}

/* With v the place of the supremum, R(w) - R(v) - u (w - v), written as the square of l2 and a rest
 * that is 0 but where a sign or a bound is in the way. */
double gd_penalty_gap(const gd_penalty *p, double w, double u)
{
    double v;
    if (p->l2 > 0)
        v = clip(p, shrink(u, p->l1) / p->l2);
    else if (fabs(u) > p->l1)
        v = u > 0 ? p->high : p->low;
    else
        v = clip(p, 0);
    if (!isfinite(v))
        return INFINITY;
    double rest = u - p->l2 * v;
    double flat = (p->l1 * fabs(w) - rest * w) - (p->l1 * fabs(v) - rest * v);
    return 0.5 * p->l2 * (w - v) * (w - v) + fmax(flat, 0);
}

double gd_penalty_slope(const gd_penalty *p, double w, double g)
{
    double s = g + p->l2 * w;
    s = w == 0 ? shrink(s, p->l1) : s + copysign(p->l1, w);
    if ((w <= p->low && s > 0) || (w >= p->high && s < 0))
        return 0;
    return s;
}
