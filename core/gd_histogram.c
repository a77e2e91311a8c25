/* gd_histogram: bins of a power of two, and those that are shown. */
#include "gd_histogram.h"

#include <math.h>
#include <string.h>

/* Bins of doubles next to each other are no use; and 2^-exponent must be a normal number. */
enum { LEAST_EXPONENT = -1022, DIGITS = 53 };

void gd_histogram_begin(gd_histogram *h, uint32_t *counts, size_t bins)
{
    *h = (gd_histogram){counts, bins, LEAST_EXPONENT, 0, INFINITY, -INFINITY};
    memset(counts, 0, (bins + 1) * sizeof *counts);
}

/* The bin of v, and the first one above all that is less than v. The quotient is exact, but where it
 * is too small for a double: then all that counts is its sign. */
static double bin_of(double v, int exponent)
{
    double at = v * ldexp(1, -exponent);
    return at == 0 && v < 0 ? -1 : floor(at);
}

static double bin_above(double v, int exponent)
{
    double at = v * ldexp(1, -exponent);
    return at == 0 && v > 0 ? 1 : ceil(at);
}

/* Of 0 the least there is, as of all that is next to it. */
static int exponent_of(double v)
{
    int e = LEAST_EXPONENT;
    if (v != 0)
        frexp(v, &e);
    return e;
}

/* The narrowest bins that hold both ends: the same for a part of the values or narrower. */
static int fit(const gd_histogram *h, double min, double max)
{
    int e = exponent_of(fmax(fabs(min), fabs(max))) - DIGITS;
    double half = max / 2 - min / 2; /* the whole may be too large for a double */
    int least = exponent_of(half) - exponent_of((double)h->bins) - 1;
    if (half > 0 && e < least)
        e = least;
    if (e < LEAST_EXPONENT)
        e = LEAST_EXPONENT;
    while (bin_above(max, e) - bin_of(min, e) > (double)h->bins)
        e++;
    return e;
}

/* floor(v / 2^shift) */
static int64_t shifted(int64_t v, int shift)
{
    int s = shift < 63 ? shift : 63;
    return v < 0 ? ~(~v >> s) : v >> s;
}

/* Makes the range min .. max, of which the present one is a part. */
static void widen(gd_histogram *h, double min, double max)
{
    bool empty = h->min > h->max;
    int e = fit(h, min, max), shift = e - h->exponent;
    int64_t first = (int64_t)bin_of(min, e);
    size_t last = h->bins + 1;
    if (!empty && (shift > 0 || first != h->first)) {
        uint32_t *c = h->counts;
        for (size_t i = 0; shift > 0 && i < last; i++) {
            size_t to = (size_t)(shifted(h->first + (int64_t)i, shift) - shifted(h->first, shift));
            uint32_t n = c[i];
            c[i] = 0;
            c[to] += n;
        }
        size_t up = (size_t)(shifted(h->first, shift) - first);
        if (up > 0) {
            memmove(c + up, c, (last - up) * sizeof *c);
            memset(c, 0, up * sizeof *c);
        }
    }
    h->exponent = e;
    h->first = first;
    h->min = min;
    h->max = max;
}

static void reach(gd_histogram *h, double min, double max)
{
    if (min < h->min || max > h->max)
        widen(h, min < h->min ? min : h->min, max > h->max ? max : h->max);
}

void gd_histogram_add(gd_histogram *h, const double *x, size_t n, double min, double max)
{
    reach(h, min, max);
    uint32_t *counts = h->counts;
    const double scale = ldexp(1, -h->exponent);
    const int64_t first = h->first;
    for (size_t i = 0; i < n; i++) {
        double at = x[i] * scale;
        int64_t k = (int64_t)at;
        k -= ((double)k > at) | ((at == 0) & (x[i] < 0)); /* as bin_of, without branches */
        counts[k - first]++;
    }
}

void gd_histogram_reach(gd_histogram *h, double min, double max, double *scale, double *first)
{
    reach(h, min, max);
    *scale = ldexp(1, -h->exponent);
    *first = (double)h->first;
}

void gd_histogram_count(gd_histogram *h, const uint32_t *bins, size_t n, size_t stride)
{
    uint32_t *counts = h->counts;
    for (size_t i = 0; i < n; i++)
        counts[bins[i * stride]]++;
}

void gd_histogram_add_same(gd_histogram *h, double x, uint64_t n)
{
    reach(h, x, x);
    h->counts[(int64_t)bin_of(x, h->exponent) - h->first] += (uint32_t)n;
}

void gd_histogram_merge(gd_histogram *h, const gd_histogram *from)
{
    if (from->min > from->max)
        return;
    reach(h, from->min, from->max);
    int shift = h->exponent - from->exponent;
    for (size_t i = 0; i <= from->bins; i++)
        if (from->counts[i])
            h->counts[shifted(from->first + (int64_t)i, shift) - h->first] += from->counts[i];
}

/* Around the one value there is. */
static void show_constant(const gd_histogram *h, gd_bins *out)
{
    enum { MIDDLE = GD_HISTOGRAM_SHOWN / 2 };
    int e = exponent_of(h->min) - DIGITS + 6; /* ends are multiples of some units in the last place */
    if (e < -5)
        e = -5; /* half to each side */
    out->width = ldexp(1, e);
    out->low = (bin_of(h->min, e) - MIDDLE) * out->width;
    for (size_t i = 0; i <= h->bins; i++)
        out->counts[MIDDLE] += h->counts[i];
}

bool gd_histogram_show(const gd_histogram *h, gd_bins *out)
{
    *out = (gd_bins){0};
    if (h->min > h->max)
        return false;
    if (h->min == h->max) {
        show_constant(h, out);
        return isfinite(out->low);
    }
    size_t used = (size_t)(bin_above(h->max, h->exponent) - (double)h->first);
    size_t together = (used + GD_HISTOGRAM_SHOWN - 1) / GD_HISTOGRAM_SHOWN;
    out->width = ldexp((double)together, h->exponent);
    out->low = ldexp((double)h->first, h->exponent);
    for (size_t i = 0; i <= h->bins; i++) {
        size_t at = i / together;
        out->counts[at < GD_HISTOGRAM_SHOWN ? at : GD_HISTOGRAM_SHOWN - 1] += h->counts[i];
    }
    return isfinite(out->low);
}
