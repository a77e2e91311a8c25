/* gd_minibatch_rows: the loops over the rows of mini-batches. A file for each instruction set
 * includes it, having said what TARGET and WIDTH are: the attribute of what is compiled for it, and
 * doubles a vector. Vectors are those of GCC and Clang. */
#ifndef GD_MINIBATCH_ROWS_H
#define GD_MINIBATCH_ROWS_H

#include "gd_minibatch.h"
#include "gd_slope.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Eight values, in as many vectors of the processor's as it takes: WIDTH values each. */
typedef double part __attribute__((vector_size(WIDTH * sizeof(double))));
typedef double part_in_memory
    __attribute__((vector_size(WIDTH * sizeof(double)), aligned(8), may_alias));
enum { PARTS = GD_LANES / WIDTH };
typedef float singles_in_memory
    __attribute__((vector_size(WIDTH * sizeof(float)), aligned(4), may_alias));
typedef struct lanes {
    part p[PARTS];
} lanes;
/* A row, of doubles or of single precision: `single` says which. */
typedef const void *row_values;
/* Into the second-level cache: it takes more at a time than the first, whose misses are few. */
#define FETCH(address) __builtin_prefetch((address), 0, 2)
#define EACH_PART(k) _Pragma("GCC unroll 4") for (size_t k = 0; k < PARTS; k++)
#define EACH_VECTOR(v) _Pragma("GCC unroll 4") for (size_t v = 0; v < vectors; v++)

enum {
    NARROW = 4,     /* vectors a row that stay in registers */
    AHEAD = 32,     /* rows between where we are and what is fetched */
    MOST_LINES = 8, /* of a row that are asked for: of longer ones the processor guesses the rest */
    LINE = 64
};

/* Where vector v of a row (or of theta) begins. */
ALWAYS_INLINE size_t begins(size_t cols, size_t v)
{
    return (v + 1) * GD_LANES <= cols ? v * GD_LANES : cols - GD_LANES;
}

ALWAYS_INLINE void read_lanes(const double *from, lanes *to)
{
    EACH_PART(k) to->p[k] = *(const part_in_memory *)(from + k * WIDTH);
}

ALWAYS_INLINE void load(const double *from, size_t cols, size_t v, lanes *to)
{
    if (cols >= GD_LANES) {
        read_lanes(from + begins(cols, v), to);
        return;
    }
    double staged[GD_LANES] = {0};
    for (size_t j = 0; j < cols; j++)
        staged[j] = from[j];
    read_lanes(staged, to);
}

/* The same of single precision. */
ALWAYS_INLINE void load_single(const float *from, size_t cols, size_t v, lanes *to)
{
    if (cols >= GD_LANES) {
        const float *at = from + begins(cols, v);
        EACH_PART(k)
        to->p[k] = __builtin_convertvector(*(const singles_in_memory *)(at + k * WIDTH), part);
        return;
    }
    double staged[GD_LANES] = {0};
    for (size_t j = 0; j < cols; j++)
        staged[j] = (double)from[j];
    read_lanes(staged, to);
}

/* From the last vector to the first, for what they have in common is the first one's. */
ALWAYS_INLINE void store(const lanes *from, size_t cols, size_t v, double *to)
{
    if (cols >= GD_LANES) {
        double *at = to + begins(cols, v);
        EACH_PART(k) * (part_in_memory *)(at + k * WIDTH) = from->p[k];
        return;
    }
    double staged[GD_LANES] = {0};
    EACH_PART(k) * (part_in_memory *)(staged + k * WIDTH) = from->p[k];
    for (size_t j = 0; j < cols; j++)
        to[j] = staged[j];
}

/* sum += a b */
ALWAYS_INLINE void add_product(const lanes *a, const lanes *b, lanes *sum)
{
    EACH_PART(k) sum->p[k] += a->p[k] * b->p[k];
}

/* sum += a x */
ALWAYS_INLINE void add_times(double a, const lanes *x, lanes *sum)
{
    EACH_PART(k) sum->p[k] += a * x->p[k];
}

/* w = keep w - step x */
ALWAYS_INLINE void move(double keep, double step, const lanes *x, lanes *w)
{
    EACH_PART(k) w->p[k] = keep * w->p[k] - step * x->p[k];
}

/* In the order of gd_dot: halves are added until one value is left. */
ALWAYS_INLINE double sum_of(const lanes *a)
{
#if WIDTH == 8
    typedef double half __attribute__((vector_size(4 * sizeof(double))));
    half h = __builtin_shufflevector(a->p[0], a->p[0], 0, 1, 2, 3) +
             __builtin_shufflevector(a->p[0], a->p[0], 4, 5, 6, 7);
#elif WIDTH == 4
    part h = a->p[0] + a->p[1];
#endif
#if WIDTH == 2
    part q = (a->p[0] + a->p[2]) + (a->p[1] + a->p[3]);
#else
    typedef double quarter __attribute__((vector_size(2 * sizeof(double))));
    quarter q = __builtin_shufflevector(h, h, 0, 1) + __builtin_shufflevector(h, h, 2, 3);
#endif
    return q[0] + q[1];
}

ALWAYS_INLINE size_t row_at(const gd_minibatch_rows *r, size_t i)
{
    return r->order ? r->order[i] : i;
}

ALWAYS_INLINE row_values values_at(const gd_minibatch_rows *r, bool single, size_t row)
{
    size_t at = row * r->data.cols;
    return single ? (row_values)(r->data.X32 + at) : (row_values)(r->data.X + at);
}

ALWAYS_INLINE void fetch_ahead(const gd_minibatch_rows *r, bool single, size_t i)
{
    if (!r->order || i + AHEAD >= r->known)
        return;
    size_t row = r->order[i + AHEAD];
    size_t bytes = r->data.cols * (single ? sizeof(float) : sizeof(double));
    const char *x = values_at(r, single, row);
    const char *line = x - (uintptr_t)x % LINE, *end = x + bytes;
    for (size_t k = 0; k < MOST_LINES && line < end; k++, line += LINE)
        FETCH(line);
    FETCH(r->data.y + row);
    if (r->data.weights)
        FETCH(r->data.weights + row);
    if (r->data.offset)
        FETCH(r->data.offset + row);
}

/* Vector v of the row x, as it is trained on. */
ALWAYS_INLINE void load_scaled(const gd_minibatch_rows *r, bool single, row_values x, size_t v,
                               lanes *to)
{
    lanes center, inverse;
    if (single)
        load_single(x, r->data.cols, v, to);
    else
        load(x, r->data.cols, v, to);
    read_lanes(r->center + v * GD_LANES, &center);
    read_lanes(r->inverse + v * GD_LANES, &inverse);
    EACH_PART(k) to->p[k] = (to->p[k] - center.p[k]) * inverse.p[k];
}

/* Of the row's cost by its score, times the row's weight. A row of weight 0 is as good as not
 * there. */
ALWAYS_INLINE double slope_at(const gd_minibatch_rows *r, gd_slope_kind kind, double z, size_t row)
{
    double weight = r->data.weights ? r->data.weights[row] : 1, y = r->data.y[row];
    double slope = kind == GD_SLOPE_MSE        ? gd_slope_mse(z, y)
                   : kind == GD_SLOPE_LOGISTIC ? gd_slope_logistic(z, y)
                                               : r->cost->derivative(z, y, r->cost_hyper);
    return weight == 0 ? 0 : weight * slope;
}

ALWAYS_INLINE double offset_of(const gd_minibatch_rows *r, size_t row)
{
    return r->data.offset ? r->data.offset[row] : 0;
}

/* The next row's score waits for this one's slope. What can be had without it is had before: with
 * w' = (1 - rate l2) w - rate slope x, the next one's score is made of its products with w and with
 * x. */
ALWAYS_INLINE void descend(const gd_minibatch_rows *r, bool single, size_t vectors,
                           gd_slope_kind kind)
{
    size_t cols = r->data.cols;
    lanes w[NARROW], x[NARROW], next[NARROW], sum = {0};
    const lanes zero = {0};
    const double keep = 1 - r->rate * r->l2;
    double b = r->intercept ? r->theta[cols] : 0;
    size_t row = row_at(r, r->first);
    EACH_VECTOR(v)
    {
        load(r->theta, cols, v, &w[v]);
        load_scaled(r, single, values_at(r, single, row), v, &x[v]);
        add_product(&x[v], &w[v], &sum);
    }
    double z = sum_of(&sum) + b + offset_of(r, row);
    for (size_t i = r->first; i < r->end; i++) {
        size_t following = row_at(r, i + 1 < r->end ? i + 1 : i);
        lanes by_w = zero, by_x = zero;
        fetch_ahead(r, single, i);
        EACH_VECTOR(v)
        {
            load_scaled(r, single, values_at(r, single, following), v, &next[v]);
            add_product(&next[v], &w[v], &by_w);
            add_product(&next[v], &x[v], &by_x);
        }
        double along_w = keep * sum_of(&by_w) + offset_of(r, following), along_x = sum_of(&by_x);
        double step = r->rate * slope_at(r, kind, z, row);
        if (r->intercept)
            b -= step;
        EACH_VECTOR(v)
        {
            move(keep, step, &x[v], &w[v]);
            x[v] = next[v];
        }
        z = (along_w + b) - step * along_x;
        row = following;
    }
    EACH_VECTOR(v) store(&w[vectors - 1 - v], cols, vectors - 1 - v, r->theta);
    if (r->intercept)
        r->theta[cols] = b;
}

/* The score of a row that does not fit into registers. */
ALWAYS_INLINE double score_wide(const gd_minibatch_rows *r, bool single, size_t row, size_t vectors)
{
    size_t cols = r->data.cols;
    row_values from = values_at(r, single, row);
    lanes even = {0}, odd = {0}, x, w;
    for (size_t v = 0; v < vectors; v++) {
        load_scaled(r, single, from, v, &x);
        load(r->theta, cols, v, &w);
        add_product(&x, &w, v % 2 ? &odd : &even);
    }
    EACH_PART(k) even.p[k] += odd.p[k];
    return sum_of(&even) + (r->intercept ? r->theta[cols] : 0) + offset_of(r, row);
}

/* Theta stays in memory, and a row is read twice. */
ALWAYS_INLINE void descend_wide(const gd_minibatch_rows *r, bool single, size_t vectors)
{
    size_t cols = r->data.cols, last = vectors - 1;
    const double keep = 1 - r->rate * r->l2;
    for (size_t i = r->first; i < r->end; i++) {
        size_t row = row_at(r, i);
        row_values from = values_at(r, single, row);
        lanes x, w, end_x, end_w;
        fetch_ahead(r, single, i);
        double step =
            r->rate * slope_at(r, r->cost->slope_kind, score_wide(r, single, row, vectors), row);
        if (r->intercept)
            r->theta[cols] -= step;
        load_scaled(r, single, from, last, &end_x);
        load(r->theta, cols, last, &end_w);
        for (size_t v = 0; v < last; v++) {
            load_scaled(r, single, from, v, &x);
            load(r->theta, cols, v, &w);
            if (v == last - 1) { /* what they have in common is moved by the one before the last */
                move(keep, step, &end_x, &end_w);
                store(&end_w, cols, last, r->theta);
            }
            move(keep, step, &x, &w);
            store(&w, cols, v, r->theta);
        }
    }
}

ALWAYS_INLINE void finish_gradient(const gd_minibatch_rows *r, double intercept, double rows)
{
    for (size_t j = 0; j < r->data.cols; j++)
        r->gradient[j] /= rows;
    if (r->intercept)
        r->gradient[r->data.cols] = intercept / rows;
}

ALWAYS_INLINE void gradient(const gd_minibatch_rows *r, bool single, size_t vectors,
                            gd_slope_kind kind)
{
    size_t cols = r->data.cols;
    lanes w[NARROW], g[NARROW], x[NARROW];
    const lanes zero = {0};
    double b = r->intercept ? r->theta[cols] : 0, sum = 0;
    EACH_VECTOR(v)
    {
        load(r->theta, cols, v, &w[v]);
        g[v] = zero;
    }
    for (size_t i = r->first; i < r->end; i++) {
        size_t row = row_at(r, i);
        lanes by_w = zero;
        fetch_ahead(r, single, i);
        EACH_VECTOR(v)
        {
            load_scaled(r, single, values_at(r, single, row), v, &x[v]);
            add_product(&x[v], &w[v], &by_w);
        }
        double slope = slope_at(r, kind, sum_of(&by_w) + b + offset_of(r, row), row);
        sum += slope;
        EACH_VECTOR(v) add_times(slope, &x[v], &g[v]);
    }
    EACH_VECTOR(v) store(&g[vectors - 1 - v], cols, vectors - 1 - v, r->gradient);
    finish_gradient(r, sum, (double)(r->end - r->first));
}

ALWAYS_INLINE void gradient_wide(const gd_minibatch_rows *r, bool single, size_t vectors)
{
    size_t cols = r->data.cols, last = vectors - 1;
    double sum = 0;
    lanes end = {0}, x, g; /* end: the last vector, whose memory is also that of the one before */
    memset(r->gradient, 0, cols * sizeof *r->gradient);
    for (size_t i = r->first; i < r->end; i++) {
        size_t row = row_at(r, i);
        row_values from = values_at(r, single, row);
        fetch_ahead(r, single, i);
        double slope = slope_at(r, r->cost->slope_kind, score_wide(r, single, row, vectors), row);
        sum += slope;
        for (size_t v = 0; v < last; v++) {
            load_scaled(r, single, from, v, &x);
            load(r->gradient, cols, v, &g);
            add_times(slope, &x, &g);
            store(&g, cols, v, r->gradient);
        }
        load_scaled(r, single, from, last, &x);
        add_times(slope, &x, &end);
    }
    load(r->gradient, cols, last, &g);
    EACH_PART(k) g.p[k] += end.p[k];
    store(&g, cols, last, r->gradient);
    finish_gradient(r, sum, (double)(r->end - r->first));
}

/* One function for each number of vectors and each slope. */
#define BY_SLOPE(function, single, vectors)                                                        \
    switch (r->cost->slope_kind) {                                                                 \
    case GD_SLOPE_MSE:                                                                             \
        function(r, single, vectors, GD_SLOPE_MSE);                                                \
        return;                                                                                    \
    case GD_SLOPE_LOGISTIC:                                                                        \
        function(r, single, vectors, GD_SLOPE_LOGISTIC);                                           \
        return;                                                                                    \
    case GD_SLOPE_OTHER:                                                                           \
        break;                                                                                     \
    }                                                                                              \
    function(r, single, vectors, GD_SLOPE_OTHER)

#define BY_WIDTH(function, single)                                                                 \
    size_t vectors = gd_minibatch_lanes(r->data.cols) / GD_LANES;                                  \
    switch (vectors) {                                                                             \
    case 1:                                                                                        \
        BY_SLOPE(function, single, 1);                                                             \
        return;                                                                                    \
    case 2:                                                                                        \
        BY_SLOPE(function, single, 2);                                                             \
        return;                                                                                    \
    case 3:                                                                                        \
        BY_SLOPE(function, single, 3);                                                             \
        return;                                                                                    \
    case 4:                                                                                        \
        BY_SLOPE(function, single, 4);                                                             \
        return;                                                                                    \
    default:                                                                                       \
        function##_wide(r, single, vectors);                                                       \
        return;                                                                                    \
    }

TARGET static void descend_doubles(const gd_minibatch_rows *r){BY_WIDTH(descend, false)}

TARGET static void descend_singles(const gd_minibatch_rows *r){BY_WIDTH(descend, true)}

TARGET static void gradient_of_doubles(const gd_minibatch_rows *r){BY_WIDTH(gradient, false)}

TARGET static void gradient_of_singles(const gd_minibatch_rows *r)
{
    BY_WIDTH(gradient, true)
}

static void descend_rows(const gd_minibatch_rows *r)
{
    (r->data.X32 ? descend_singles : descend_doubles)(r);
}

static void gradient_rows(const gd_minibatch_rows *r)
{
    (r->data.X32 ? gradient_of_singles : gradient_of_doubles)(r);
}

#endif
