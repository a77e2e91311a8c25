/* linear: scores of rows, and gradients from the slopes of their costs.
 *
 * A row is read where it lies, eight values at a time, beyond its end where the data go on;
 * weights and centers are 0 there. Only the last rows of the data are read value by value.
 */
/* Rows whose scores are brought together at once. They are read one after the other: that is what
 * processors foresee. */
#define GD_ROWS_AT_ONCE 4

#if GD_WIDTH > 2
typedef double four __attribute__((vector_size(32)));
typedef double loose_four __attribute__((vector_size(32), aligned(8), may_alias));
#endif

/* Vectors of columns whose gradient is in registers while the rows go by. */
#define GD_COLUMNS_AT_ONCE 4

GD_INLINE size_t padded(size_t n)
{
    return (n + GD_LANES - 1) / GD_LANES * GD_LANES;
}

/* A row, of doubles or of single precision: `single` says which, and is known when this is
 * compiled. */
typedef const void *row_of;

GD_INLINE row_of row_at(const gd_tile *t, bool single, size_t value)
{
    return single ? (row_of)(t->X32 + value) : (row_of)(t->X + value);
}

/* Where rows begin that can be read in eights, at the latest: the last eight values of the data. */
GD_INLINE row_of last_inside(const gd_tile *t, bool single)
{
    size_t all = t->rows_of_data * t->cols, pitch = padded(t->cols);
    return all < pitch ? NULL : row_at(t, single, all - pitch);
}

/* Rows i .. i + count of a tile, the last one again beyond its end. Can all of them be read in
 * eights? */
GD_INLINE bool find_rows(const gd_tile *t, bool single, size_t i, size_t count, row_of last,
                         row_of *x)
{
    bool inside = last != NULL;
    for (size_t r = 0; r < count; r++) {
        size_t at = t->first + (i + r < t->count ? i + r : t->count - 1);
        x[r] = row_at(t, single, (t->index ? t->index[at] : at) * t->cols);
        inside = inside && x[r] <= last;
    }
    return inside;
}

/* How many rows, from the tile's first one on, lie one after the other and can be read in eights. */
GD_INLINE size_t plain_rows(const gd_tile *t)
{
    size_t all = t->rows_of_data * t->cols, pitch = padded(t->cols), first = t->first * t->cols;
    if (t->index || all < pitch || first > all - pitch)
        return 0;
    size_t count = (all - pitch - first) / t->cols + 1;
    return count < t->count ? count : t->count;
}

/* `count` rows from row i of the tile on; plain: plain_rows of it. Can all of them be read in eights? */
GD_INLINE bool next_rows(const gd_tile *t, bool single, size_t i, size_t count, size_t plain,
                         row_of last, row_of *x)
{
    if (i + count > plain)
        return find_rows(t, single, i, count, last, x);
    size_t at = (t->first + i) * t->cols;
#pragma GCC unroll 8
    for (size_t r = 0; r < count; r++)
        x[r] = row_at(t, single, at + r * t->cols);
    return true;
}

GD_INLINE vec load_first(row_of x, bool single, size_t j, size_t n)
{
    double some[GD_WIDTH];
    if (!single)
        return load_some((const double *)x + j, n);
    for (size_t i = 0; i < n; i++)
        some[i] = (double)((const float *)x)[j + i];
    return load_some(some, n);
}

/* Values j .. j + GD_WIDTH of a row, as they are centred. */
GD_INLINE vec centred(const gd_tile *t, bool single, row_of x, size_t j, bool inside)
{
    vec v = all_of(0);
    if (inside || j + GD_WIDTH <= t->cols)
        v = single ? load_single((const float *)x + j) : load((const double *)x + j);
    else if (j < t->cols)
        v = load_first(x, single, j, t->cols - j);
    return t->center ? v - load(t->center + j) : v;
}

/* The sums of lanes of so many rows, plus b. */
GD_INLINE void store_scores(vec (*sums)[GD_PARTS], double b, double *z)
{
#if GD_WIDTH == 2
#pragma GCC unroll 2
    for (size_t r = 0; r < GD_ROWS_AT_ONCE; r += 2) {
        vec first = sums[r][0] + sums[r][2] + (sums[r][1] + sums[r][3]);
        vec second = sums[r + 1][0] + sums[r + 1][2] + (sums[r + 1][1] + sums[r + 1][3]);
        vec even = __builtin_shufflevector(first, second, 0, 2);
        vec odd = __builtin_shufflevector(first, second, 1, 3);
        store(z + r, (even + odd) + b);
    }
#else
    four half[GD_ROWS_AT_ONCE];
#pragma GCC unroll 4
    for (size_t r = 0; r < GD_ROWS_AT_ONCE; r++) {
#if GD_WIDTH == 4
        half[r] = sums[r][0] + sums[r][1];
#else
        vec s = sums[r][0];
        half[r] = __builtin_shufflevector(s, s, 0, 1, 2, 3) +
                  __builtin_shufflevector(s, s, 4, 5, 6, 7);
#endif
    }
    four ab = __builtin_shufflevector(half[0], half[1], 0, 1, 4, 5) +
              __builtin_shufflevector(half[0], half[1], 2, 3, 6, 7);
    four cd = __builtin_shufflevector(half[2], half[3], 0, 1, 4, 5) +
              __builtin_shufflevector(half[2], half[3], 2, 3, 6, 7);
    four acbd = __builtin_shufflevector(ab, cd, 0, 4, 2, 6) +
                __builtin_shufflevector(ab, cd, 1, 5, 3, 7);
    *(loose_four *)z = __builtin_shufflevector(acbd, acbd, 0, 2, 1, 3) + b;
#endif
}

/* Products of a row with w, of the eight columns from `from` on, of part p. */
GD_INLINE vec products(const gd_tile *t, bool single, row_of x, bool inside, const double *w,
                       size_t from, size_t p)
{
    size_t j = from + p * GD_WIDTH;
    return centred(t, single, x, j, inside) * load(w + j);
}

/* Products of a row with w, summed up over the columns in eight lanes: first those of every fourth
 * vector of eight, then these four. eights: so many vectors there are. */
GD_INLINE void sum_products(const gd_tile *t, bool single, row_of x, bool inside, const double *w,
                            size_t eights, vec *out)
{
#pragma GCC unroll 4
    for (size_t p = 0; p < GD_PARTS; p++) {
        vec a = products(t, single, x, inside, w, 0, p), b = {0}, c = {0}, d = {0};
        if (eights > 1)
            b = products(t, single, x, inside, w, 8, p);
        if (eights > 2)
            c = products(t, single, x, inside, w, 16, p);
        if (eights > 3)
            d = products(t, single, x, inside, w, 24, p);
        size_t at = 4;
        for (; at + 4 <= eights; at += 4) {
            a += products(t, single, x, inside, w, at * 8, p);
            b += products(t, single, x, inside, w, at * 8 + 8, p);
            c += products(t, single, x, inside, w, at * 8 + 16, p);
            d += products(t, single, x, inside, w, at * 8 + 24, p);
        }
        if (at < eights)
            a += products(t, single, x, inside, w, at * 8, p);
        if (at + 1 < eights)
            b += products(t, single, x, inside, w, at * 8 + 8, p);
        if (at + 2 < eights)
            c += products(t, single, x, inside, w, at * 8 + 16, p);
        out[p] = eights == 1   ? a
                 : eights == 2 ? a + b
                 : eights == 3 ? (a + b) + c
                               : (a + b) + (c + d);
    }
}

/* Scores of GD_ROWS_AT_ONCE rows. */
GD_INLINE void score_rows(const gd_tile *t, bool single, const row_of *x, bool inside,
                          const double *w, size_t eights, size_t models, const double *b, double *z,
                          size_t stride)
{
    for (size_t k = 0; k < models; k++, w += padded(t->cols), z += stride) {
        vec sums[GD_ROWS_AT_ONCE][GD_PARTS];
#pragma GCC unroll 4
        for (size_t r = 0; r < GD_ROWS_AT_ONCE; r++)
            sum_products(t, single, x[r], inside, w, eights, sums[r]);
        store_scores(sums, b ? b[k] : 0, z);
    }
}

/* The same at the end of the data. */
static __attribute__((noinline)) void score_last_rows(const gd_tile *t, bool single,
                                                      const row_of *x, const double *w,
                                                      size_t models, const double *b, double *z,
                                                      size_t stride)
{
    score_rows(t, single, x, false, w, padded(t->cols) / GD_LANES, models, b, z, stride);
}

GD_INLINE void score_tile(const gd_tile *t, bool single, const double *w, size_t eights,
                          const double *b, size_t models, double *z, size_t stride)
{
    row_of last = last_inside(t, single), x[GD_ROWS_AT_ONCE];
    size_t plain = plain_rows(t);
    for (size_t i = 0; i < t->count; i += GD_ROWS_AT_ONCE)
        if (next_rows(t, single, i, GD_ROWS_AT_ONCE, plain, last, x))
            score_rows(t, single, x, true, w, eights, models, b, z + i, stride);
        else
            score_last_rows(t, single, x, w, models, b, z + i, stride);
}

/* By how many columns there are. */
GD_INLINE void score_some(const gd_tile *t, bool single, const double *w, const double *b,
                          size_t models, double *z, size_t stride)
{
    size_t eights = padded(t->cols) / GD_LANES;
    if (eights == 1)
        score_tile(t, single, w, 1, b, models, z, stride);
    else if (eights == 2)
        score_tile(t, single, w, 2, b, models, z, stride);
    else if (eights == 3)
        score_tile(t, single, w, 3, b, models, z, stride);
    else if (eights == 4)
        score_tile(t, single, w, 4, b, models, z, stride);
    else
        score_tile(t, single, w, eights, b, models, z, stride);
}

/* Whether the rows are centred, and how wide their values are, is found out once a tile. */
#define BY_KIND(function, ...)                                                                     \
    do {                                                                                           \
        gd_tile as_it_lies = *t;                                                                   \
        as_it_lies.center = NULL;                                                                  \
        if (t->center && t->X32)                                                                   \
            function(t, true, __VA_ARGS__);                                                        \
        else if (t->center)                                                                        \
            function(t, false, __VA_ARGS__);                                                       \
        else if (t->X32)                                                                           \
            function(&as_it_lies, true, __VA_ARGS__);                                              \
        else                                                                                       \
            function(&as_it_lies, false, __VA_ARGS__);                                             \
    } while (0)

static void scores(const gd_tile *t, const double *w, const double *b, size_t models, double *z,
                   size_t stride)
{
    BY_KIND(score_some, w, b, models, z, stride);
}

/* Adds four rows, each times its slope, to `count` vectors of a gradient. */
GD_INLINE void add_four(const gd_tile *t, bool single, const row_of *x, bool inside, size_t j,
                        size_t count, const double *dz, vec *g)
{
    vec d0 = all_of(dz[0]), d1 = all_of(dz[1]), d2 = all_of(dz[2]), d3 = all_of(dz[3]);
#pragma GCC unroll 4
    for (size_t v = 0; v < count; v++) {
        size_t at = j + v * GD_WIDTH;
        g[v] +=
            (d0 * centred(t, single, x[0], at, inside) +
             d1 * centred(t, single, x[1], at, inside)) +
            (d2 * centred(t, single, x[2], at, inside) + d3 * centred(t, single, x[3], at, inside));
    }
}

static __attribute__((noinline)) void add_last_four(const gd_tile *t, bool single, const row_of *x,
                                                    size_t j, size_t count, const double *dz,
                                                    double *g)
{
    for (size_t v = 0; v < count; v++, j += GD_WIDTH) {
        vec sum = load(g + v * GD_WIDTH);
        add_four(t, single, x, false, j, 1, dz, &sum);
        store(g + v * GD_WIDTH, sum);
    }
}

/* `count` vectors of columns of one gradient, from column j on. */
GD_INLINE void add_columns(const gd_tile *t, bool single, size_t j, size_t count, const double *dz,
                           double *g)
{
    vec sums[GD_COLUMNS_AT_ONCE];
    row_of last = last_inside(t, single), x[4];
#pragma GCC unroll 4
    for (size_t v = 0; v < count; v++)
        sums[v] = load(g + j + v * GD_WIDTH);
    size_t i = 0, plain = plain_rows(t);
    for (; i < t->count && next_rows(t, single, i, 4, plain, last, x); i += 4)
        add_four(t, single, x, true, j, count, dz + i, sums);
#pragma GCC unroll 4
    for (size_t v = 0; v < count; v++)
        store(g + j + v * GD_WIDTH, sums[v]);
    for (; i < t->count; i += 4) { /* rows that are scattered and at the end of the data, too */
        find_rows(t, single, i, 4, last, x);
        add_last_four(t, single, x, j, count, dz + i, g + j);
    }
}

GD_INLINE void gradient_of_tile(const gd_tile *t, bool single, const double *dz, size_t stride,
                                size_t models, double *g)
{
    size_t vectors = (t->cols + GD_WIDTH - 1) / GD_WIDTH, pitch = padded(t->cols);
    for (size_t k = 0; k < models; k++, dz += stride, g += pitch) {
        size_t v = 0;
        for (; v + 4 <= vectors; v += 4)
            add_columns(t, single, v * GD_WIDTH, 4, dz, g);
        if (vectors - v == 3)
            add_columns(t, single, v * GD_WIDTH, 3, dz, g);
        else if (vectors - v == 2)
            add_columns(t, single, v * GD_WIDTH, 2, dz, g);
        else if (vectors - v == 1)
            add_columns(t, single, v * GD_WIDTH, 1, dz, g);
    }
}

/* The sums of slopes. */
static void sum_slopes(size_t count, const double *dz, size_t stride, size_t models, double *sums)
{
    for (size_t k = 0; k < models; k++) {
        vec s[GD_PARTS] = {{0}};
        for (size_t i = 0; i < count; i += GD_LANES)
#pragma GCC unroll 8
            for (size_t p = 0; p < GD_PARTS; p++)
                s[p] += load(dz + k * stride + i + p * GD_WIDTH);
        sums[k] += sum_parts(s);
    }
}

static void gradient(const gd_tile *t, const double *dz, size_t stride, size_t models, double *g,
                     double *sums)
{
    BY_KIND(gradient_of_tile, dz, stride, models, g);
    sum_slopes(t->count, dz, stride, models, sums);
}
