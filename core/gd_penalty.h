/* gd_penalty: what a single weight costs: R(w) = l1 |w| + l2/2 w^2 within [low, high], infinite
 * outside; and its convex conjugate R*(u) = sup over w of u w - R(w). */
#ifndef GD_PENALTY_H
#define GD_PENALTY_H

typedef struct gd_penalty {
    double l1, l2, low, high; /* low <= high; +-INFINITY for none */
} gd_penalty;

double gd_penalty_cost(const gd_penalty *p, double w);

/* R(w) + R*(u) - u w >= 0, 0 where u is a slope of R at w; for w within the bounds. INFINITY where
 * R* is: without l2 and a bound |u| must be at most l1. */
double gd_penalty_gap(const gd_penalty *p, double w, double u);

/* The w that is least for R(w) + h/2 (w - c)^2, h > 0. */
double gd_penalty_nearest(const gd_penalty *p, double c, double h);

/* The part of the slope g + R'(w) that can't be balanced: what is left at a minimum is 0. */
double gd_penalty_slope(const gd_penalty *p, double w, double g);

#endif
