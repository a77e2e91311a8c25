/* costs: the costs of costs/, of eight rows at a time.
 *
 * A row's cost is base + log(1 + rest). Without weights the logs of many rows are one, that of the
 * product of (1 + rest), which is kept as 1 + q: q is a sum of values >= 0, so costs that are next
 * to nothing keep their digits. It is taken when the sums are (total_cost).
 */
typedef struct row_cost {
    vec base, rest; /* 0 <= rest <= 1 */
    vec slope;
} row_cost;

GD_INLINE row_cost mse_rows(vec z, vec y, double hyper)
{
    (void)hyper;
    vec r = y - z;
    return (row_cost){.base = r * r, .slope = -2 * r};
}

GD_INLINE row_cost mae_rows(vec z, vec y, double hyper)
{
    (void)hyper;
    vec r = y - z;
    return (row_cost){.base = absolute(r),
                      .slope = choose(r < 0, all_of(1), choose(r > 0, all_of(-1), all_of(0)))};
}

GD_INLINE row_cost huber_rows(vec z, vec y, double delta)
{
    vec r = y - z, a = absolute(r), inside = choose(a > delta, all_of(delta), a);
    return (row_cost){.base = inside * (a - 0.5 * inside), .slope = with_sign(inside, -r)};
}

GD_INLINE row_cost quantile_rows(vec z, vec y, double q)
{
    vec r = y - z, slope = choose(r > 0, all_of(q), all_of(q - 1));
    return (row_cost){.base = slope * r, .slope = choose(r == 0, all_of(0), -slope)};
}

GD_INLINE row_cost epsilon_insensitive_rows(vec z, vec y, double epsilon)
{
    vec r = y - z, beyond = absolute(r) - epsilon;
    return (row_cost){.base = choose(beyond < 0, all_of(0), beyond),
                      .slope = choose(beyond > 0, with_sign(all_of(1), -r), all_of(0))};
}

/* Near 0, where log cosh r = |r| - log 2 + log(1 + exp(-2 |r|)) cancels, it is log(1 + (cosh r -
 * 1)); all of it by t = exp(-|r|) - 1. */
GD_INLINE row_cost log_cosh_rows(vec z, vec y, double hyper)
{
    (void)hyper;
    vec r = y - z, a = absolute(r), t = expm1_of(-a), e = (1 + t) * (1 + t);
    ivec near = a < 0.5;
    return (row_cost){.base = choose(near, all_of(0), a - 0x1.62e42fefa39efp-1),
                      .rest = choose(near, t * t / (2 * (1 + t)), e),
                      .slope = with_sign(-t * (2 + t) / (1 + e), -r)};
}

GD_INLINE row_cost logistic_rows(vec z, vec y, double hyper)
{
    (void)hyper;
    ivec second = y > 0.5;
    vec m = negated_where(~second, z), e = exp_of_negative(-absolute(z));
    vec slope = choose(m > 0, e, all_of(1)) / (1 + e);
    return (row_cost){.base = choose(m < 0, -m, all_of(0)),
                      .rest = e,
                      .slope = negated_where(second, slope)};
}

/* With u = z - log y the cost is y (e^u - 1 - u), which near a perfect fit is y u^2 times a series:
 * it does not cancel, as exp(z) - y z + y log y - y does. */
GD_INLINE row_cost poisson_rows(vec z, vec y, double hyper)
{
    (void)hyper;
    ivec some = y > 0;
    vec u = choose(some, z - log_of(y), z);
    vec k, r = reduce(in_range(u), &k), bend = r * r * beyond_linear(r);
    vec e = times_power_of_two(1 + (r + bend), k);
    ivec near = k == 0;
    vec cost = y * choose(near, bend, (e - 1) - u), slope = y * choose(near, r + bend, e - 1);
    return (row_cost){.base = choose(some, cost, e), .slope = choose(some, slope, e)};
}

GD_INLINE row_cost hinge_rows(vec z, vec y, double hyper)
{
    (void)hyper;
    ivec second = y > 0.5;
    vec short_by = 1 - negated_where(~second, z);
    vec slope = choose(short_by > 0, all_of(1), all_of(0));
    return (row_cost){.base = choose(short_by < 0, all_of(0), short_by),
                      .slope = negated_where(second, slope)};
}

GD_INLINE row_cost squared_hinge_rows(vec z, vec y, double hyper)
{
    (void)hyper;
    ivec second = y > 0.5;
    vec margin = negated_where(~second, z);
    vec short_by = choose(margin > 1, all_of(0), 1 - margin);
    return (row_cost){.base = short_by * short_by,
                      .slope = negated_where(second, 2 * short_by)};
}

typedef row_cost row_cost_fn(vec z, vec y, double hyper);

typedef struct cost_sums {
    vec base[GD_PARTS], q[GD_PARTS];
} cost_sums;

/* What eight rows add. weights: of the rows, or NULL; keep: not 0 for rows that count, or NULL. */
GD_INLINE void add_rows(row_cost_fn *of, bool logs, const double *z, const double *y,
                        const double *weights, const double *keep, double *dz, double hyper,
                        cost_sums *sums)
{
#pragma GCC unroll 8
    for (size_t p = 0; p < GD_PARTS; p++) {
        size_t at = p * GD_WIDTH;
        row_cost c = of(load(z + at), load(y + at), hyper);
        if (weights) {
            vec w = load(weights + at), cost = logs ? c.base + log1p_of(c.rest) : c.base;
            sums->base[p] += choose(w == 0, all_of(0), w * cost);
            c.slope = choose(w == 0, all_of(0), w * c.slope);
        } else {
            if (keep) {
                ivec out = load(keep + at) == 0;
                c.base = choose(out, all_of(0), c.base);
                c.rest = choose(out, all_of(0), c.rest);
                c.slope = choose(out, all_of(0), c.slope);
            }
            sums->base[p] += c.base;
            if (logs)
                sums->q[p] += c.rest + sums->q[p] * c.rest;
        }
        store(dz + at, c.slope);
    }
}

/* log((1 + q_0) ... (1 + q_7)) */
GD_INLINE double log_of_products(double *q)
{
    double one[GD_WIDTH];
    for (size_t half = GD_LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            q[i] += q[i + half] + q[i] * q[i + half];
    store(one, log1p_of(all_of(q[0])));
    return one[0];
}

static double total_cost(double *sums)
{
    double total = sum_lanes(sums) + log_of_products(sums + GD_LANES);
    memset(sums, 0, 2 * GD_LANES * sizeof *sums);
    return total;
}

GD_INLINE void cost_of_rows(row_cost_fn *of, bool logs, const double *z, const double *y,
                            const double *weights, size_t n, double *dz, double hyper, double *to)
{
    cost_sums sums;
    for (size_t p = 0; p < GD_PARTS; p++) {
        sums.base[p] = load(to + p * GD_WIDTH);
        sums.q[p] = load(to + GD_LANES + p * GD_WIDTH);
    }
    size_t i = 0;
    if (weights)
        for (; i + GD_LANES <= n; i += GD_LANES)
            add_rows(of, logs, z + i, y + i, weights + i, NULL, dz + i, hyper, &sums);
    else
        for (; i + GD_LANES <= n; i += GD_LANES)
            add_rows(of, logs, z + i, y + i, NULL, NULL, dz + i, hyper, &sums);
    if (i < n) {
        double last_z[GD_LANES] = {0}, last_y[GD_LANES] = {0}, last_w[GD_LANES] = {0};
        for (size_t k = 0; i + k < n; k++) {
            last_z[k] = z[i + k];
            last_y[k] = y[i + k];
            last_w[k] = weights ? weights[i + k] : 1;
        }
        if (weights)
            add_rows(of, logs, last_z, last_y, last_w, NULL, dz + i, hyper, &sums);
        else
            add_rows(of, logs, last_z, last_y, NULL, last_w, dz + i, hyper, &sums);
    }
    for (size_t p = 0; p < GD_PARTS; p++) {
        store(to + p * GD_WIDTH, sums.base[p]);
        store(to + GD_LANES + p * GD_WIDTH, sums.q[p]);
    }
}

#define GD_ROW_COST(name, logs)                                                                    \
    static void name##_cost(const double *z, const double *y, const double *weights, size_t n,     \
                            double *dz, const void *hyper, double *sums)                           \
    {                                                                                              \
        cost_of_rows(name##_rows, logs, z, y, weights, n, dz,                                      \
                     hyper ? *(const double *)hyper : 0, sums);                                    \
    }
GD_ROW_COST(mse, false)
GD_ROW_COST(mae, false)
GD_ROW_COST(huber, false)
GD_ROW_COST(quantile, false)
GD_ROW_COST(epsilon_insensitive, false)
GD_ROW_COST(log_cosh, true)
GD_ROW_COST(logistic, true)
GD_ROW_COST(poisson, false)
GD_ROW_COST(hinge, false)
GD_ROW_COST(squared_hinge, false)
#undef GD_ROW_COST

/* The same of softmax, whose scores are one output after the other: `stride` values each. */
GD_INLINE vec softmax_rows(double *z, size_t stride, size_t outputs, vec y, vec keep)
{
    vec top = load(z), best = all_of(0), own = top, rest = all_of(0);
    for (size_t k = 1; k < outputs; k++) {
        vec score = load(z + k * stride);
        ivec higher = ~(score <= top); /* NaN is, and stays */
        top = choose(higher, score, top);
        best = choose(higher, all_of((double)k), best);
        own = choose(y == (double)k, score, own);
    }
    for (size_t k = 0; k < outputs; k++) {
        vec e = exp_of(load(z + k * stride) - top);
        store(z + k * stride, e);
        rest += choose(best == (double)k, all_of(0), e);
    }
    vec share = 1 / (1 + rest), cost = log1p_of(rest) + (top - own);
    for (size_t k = 0; k < outputs; k++) {
        vec p = load(z + k * stride) * share;
        p = choose(y == (double)k, p - 1, p);
        store(z + k * stride, choose(keep == 0, all_of(0), keep * p));
    }
    return choose(keep == 0, all_of(0), keep * cost);
}

/* z is padded: its rows beyond n, up to the next multiple of eight, are written with zeros. */
static void softmax_cost(double *z, size_t stride, size_t outputs, const double *y,
                         const double *weights, size_t n, double *to)
{
    vec sums[GD_PARTS];
    for (size_t p = 0; p < GD_PARTS; p++)
        sums[p] = load(to + p * GD_WIDTH);
    for (size_t i = 0; i < n; i += GD_LANES) {
        double of_y[GD_LANES] = {0}, of_w[GD_LANES] = {0};
        size_t left = n - i < GD_LANES ? n - i : GD_LANES;
        for (size_t k = 0; k < left; k++) {
            of_y[k] = y[i + k];
            of_w[k] = weights ? weights[i + k] : 1;
        }
#pragma GCC unroll 8
        for (size_t p = 0; p < GD_PARTS; p++) {
            size_t at = p * GD_WIDTH;
            sums[p] += softmax_rows(z + i + at, stride, outputs, load(of_y + at), load(of_w + at));
        }
    }
    for (size_t p = 0; p < GD_PARTS; p++)
        store(to + p * GD_WIDTH, sums[p]);
}
