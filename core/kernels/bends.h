/* bends: what Newton's method and certificates ask of rows beside their costs (gd_newton.h): slopes
 * and second derivatives by the score, and gaps, of the costs that need an exponential or a
 * logarithm for them. The formulas are those of costs/.
 */
GD_INLINE void logistic_bend(vec z, vec y, vec *slope, vec *bend)
{
    ivec second = y > 0.5;
    vec m = negated_where(~second, z), e = exp_of_negative(-absolute(z)), share = 1 / (1 + e);
    *bend = e * share * share;
    *slope = negated_where(second, choose(m > 0, e * share, share));
}

GD_INLINE void poisson_bend(vec z, vec y, vec *slope, vec *bend)
{
    *bend = exp_of(z);
    *slope = *bend - y;
}

/* x log(x / y) - x + y, as gd_relative_entropy has it: near 0 by y u^2 times a series, u = x / y
 * - 1. The series is of the same terms. */
GD_INLINE vec relative_entropy(vec x, vec y)
{
    vec u = (x - y) / y, sum = all_of(0);
#pragma GCC unroll 16
    for (int k = 14; k >= 2; k--)
        sum = 1. / (k * (k - 1)) - u * sum;
    vec near = y * u * u * sum, far = x * log_of(x / y) - x + y;
    return choose(x == 0, y, choose(absolute(u) < 0.05, near, far));
}

GD_INLINE vec logistic_gap_of(vec z, vec y, vec alpha)
{
    ivec second = y > 0.5;
    vec m = negated_where(~second, z), p = negated_where(second, alpha);
    vec e = exp_of_negative(-absolute(z)), more = 1 / (1 + e), less = e * more;
    ivec right = m > 0;
    vec gap = relative_entropy(p, choose(right, less, more)) +
              relative_entropy(1 - p, choose(right, more, less));
    return choose((p >= 0) & (p <= 1), gap, all_of(INFINITY));
}

GD_INLINE vec poisson_gap_of(vec z, vec y, vec alpha)
{
    vec m = alpha + y;
    return choose(m >= 0, relative_entropy(m, exp_of(z)), all_of(INFINITY));
}

/* n rows, padded: what is behind them is read and written along. */
#define GD_BENDS(name)                                                                             \
    static void name##_bends(const double *z, const double *y, size_t n, double *slope,            \
                             double *bend)                                                         \
    {                                                                                              \
        for (size_t i = 0; i < n; i += GD_WIDTH) {                                                 \
            vec s, b;                                                                              \
            name##_bend(load(z + i), load(y + i), &s, &b);                                         \
            store(slope + i, s);                                                                   \
            store(bend + i, b);                                                                    \
        }                                                                                          \
    }                                                                                              \
    static void name##_gap(const double *z, const double *y, const double *alpha, size_t n,        \
                           double *out)                                                            \
    {                                                                                              \
        for (size_t i = 0; i < n; i += GD_WIDTH)                                                   \
            store(out + i, name##_gap_of(load(z + i), load(y + i), load(alpha + i)));              \
    }
GD_BENDS(logistic)
GD_BENDS(poisson)
#undef GD_BENDS
