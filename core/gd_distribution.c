/* gd_distribution: see gd_distribution.h. */
#include "gd_distribution.h"

#include <float.h>
#include <math.h>

#define SQRT_HALF 0.70710678118654752440
#define SQRT_PI 1.77245385090551602730

double gd_normal_cdf(double z)
{
    return 0.5 * erfc(-z * SQRT_HALF);
}

double gd_normal_two_sided(double z)
{
    return erfc(fabs(z) * SQRT_HALF);
}

/* gamma(x + 1/2) / gamma(x): as it is, or by its series in 1/x (Tricomi, Erdelyi, 1951). */
static double gamma_ratio(double x)
{
    if (x < 100)
        return tgamma(x + 0.5) / tgamma(x);
    double r = 1 / x;
    return sqrt(x) *
           (1 + r * (-1. / 8 +
                     r * (1. / 128 + r * (5. / 1024 + r * (-21. / 32768 + r * (-399. / 262144))))));
}

/* I_x(a, b) over x^a y^b / B(a, b), y = 1 - x: the continued fraction of DiDonato and Morris (1992,
 * equation 9) by the modified Lentz method. That y is handed in keeps digits where x is near 1. */
static double beta_fraction(double a, double b, double x, double y)
{
    const double tiny = 1e-300;
    double f = a * (a * y - b * x + 1) / (a + 1);
    f = fabs(f) < tiny ? tiny : f;
    double c = f, d = 0;
    for (double m = 1; m < 1e6; m++) {
        double below = a + 2 * m - 1;
        double over = (a + m - 1) / below * (a + b + m - 1) / below * m * (b - m) * x * x;
        double beside = m + m * (b - m) * x / below +
                        (a + m) * (a * y - b * x + 1 + m * (1 + y)) / (a + 2 * m + 1);
        d = beside + over * d;
        c = beside + over / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        f *= c * d;
        if (fabs(c * d - 1) <= DBL_EPSILON)
            break;
    }
    return 1 / f;
}

/* I_x(df/2, 1/2) at x = df / (df + t^2). Both x and 1 - x are had without subtraction. */
double gd_student_two_sided(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return NAN;
    if (isinf(df))
        return gd_normal_two_sided(t);
    double u = fabs(t) / sqrt(df), square = u * u;
    if (u == 0)
        return 1;
    if (isinf(u))
        return 0;
    double a = df / 2, x, rest; /* rest = 1 - x */
    double power;               /* x^a, that is (1 + u^2)^-a */
    if (u < 1e8) {
        x = 1 / (1 + square);
        rest = square / (1 + square);
        power = exp(-a * log1p(square));
    } else {
        x = 1 / u / u;
        rest = 1;
        power = exp(-2 * a * log(u));
    }
    double front = power * sqrt(rest) * gamma_ratio(a) / SQRT_PI; /* / B(a, 1/2) */
    if (a * rest >= 0.5 * x)                                      /* x is below the mean */
        return fmin(1, front * beta_fraction(a, 0.5, x, rest));
    return fmax(0, 1 - front * beta_fraction(0.5, a, rest, x));
}

double gd_student_cdf(double t, double df)
{
    double p = gd_student_two_sided(t, df);
    return t > 0 ? 1 - 0.5 * p : 0.5 * p;
}

/* Doubling, then halving. */
double gd_student_critical(double p, double df)
{
    if (!(p >= 0 && p <= 1) || !(df > 0))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? INFINITY : 0;
    double low = 0, high = 1;
    while (gd_student_two_sided(high, df) > p && high < 1e300) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 1100; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high || (low > 0 && high - low <= 2 * DBL_EPSILON * low))
            break;
        if (gd_student_two_sided(middle, df) > p)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

double gd_student_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1) || !(df > 0))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    if (p == 0.5)
        return 0;
    return p < 0.5 ? -gd_student_critical(2 * p, df) : gd_student_critical(2 * (1 - p), df);
}

double gd_normal_quantile(double p)
{
    return gd_student_quantile(p, INFINITY);
}
