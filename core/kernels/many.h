/* many: scores and gradients of several models, of a tile that was copied for them: row by row, the
 * center taken off, and column by column.
 *
 * What is summed, and in which order, is that of linear.h to the bit. But there lanes are columns,
 * and each score is brought together from eight of them; here, where rows are few columns wide,
 * lanes are rows: what is read serves several models, and nothing has to be brought together. Zeros
 * beyond a row's end are left out.
 */
/* Models, and vectors of rows, whose scores are in registers at once; vectors of columns that the
 * gradients of as many models are in registers of. */
#if GD_WIDTH == 8
#define GD_SIDE_MODELS 4
#define GD_SIDE_ROWS 2
#define GD_SIDE_COLUMNS 3
#else
#define GD_SIDE_MODELS 2
#define GD_SIDE_ROWS 2
#define GD_SIDE_COLUMNS 3
#endif
#define GD_SIDE (GD_SIDE_ROWS * GD_SIDE_MODELS)

/* Rows that are as wide at most have lanes of rows: no more than four products a lane. */
#define GD_MANY_NARROW 32

/* ---- the copy ---- */

#if GD_WIDTH > 2
typedef double loose_two __attribute__((vector_size(16), aligned(8), may_alias));
#define PAIRS(a, b)                                                                                \
    __builtin_shufflevector(*(const loose_two *)(a), *(const loose_two *)(b), 0, 1, 2, 3)

/* Four rows of two values each, as two columns of four. */
GD_INLINE void turn(const double *x, size_t pitch, double *out, size_t out_pitch)
{
    four even = PAIRS(x, x + 2 * pitch), odd = PAIRS(x + pitch, x + 3 * pitch);
    *(loose_four *)out = __builtin_shufflevector(even, odd, 0, 4, 2, 6);
    *(loose_four *)(out + out_pitch) = __builtin_shufflevector(even, odd, 1, 5, 3, 7);
}
#define GD_TURNED 4
#else
GD_INLINE void turn(const double *x, size_t pitch, double *out, size_t out_pitch)
{
    vec first = load(x), second = load(x + pitch);
    store(out, __builtin_shufflevector(first, second, 0, 2));
    store(out + out_pitch, __builtin_shufflevector(first, second, 1, 3));
}
#define GD_TURNED 2
#endif

GD_INLINE void pack_tile(const gd_tile *t, bool single, double *rows, double *columns)
{
    size_t pitch = padded(t->cols),
           height = (t->count + GD_MANY_ROWS - 1) / GD_MANY_ROWS * GD_MANY_ROWS;
    row_of last = last_inside(t, single), x[GD_LANES];
    for (size_t i = 0; i < height; i += GD_LANES) {
        bool inside = find_rows(t, single, i, GD_LANES, last, x);
        for (size_t r = 0; r < GD_LANES; r++)
            for (size_t j = 0; j < t->cols; j += GD_WIDTH)
                store(rows + (i + r) * pitch + j, centred(t, single, x[r], j, inside));
    }
    for (size_t i = 0; columns && i < height; i += GD_TURNED)
        for (size_t j = 0; j < t->cols; j += 2)
            turn(rows + i * pitch + j, pitch, columns + j * height + i, height);
}

static void pack(const gd_tile *t, double *rows, double *columns)
{
    BY_KIND(pack_tile, rows, t->cols <= GD_MANY_NARROW ? columns : NULL);
}

/* ---- what is read next ---- */

/* A few cache lines at a time, between other work: many at once would not all be taken. */
typedef struct fetching {
    const char *at, *end;
    size_t step;
} fetching;

GD_INLINE fetching fetch_in(const gd_ahead *a, size_t times)
{
    return (fetching){a->at, a->at + a->bytes, (a->bytes / 64 + times) / times * 64};
}

GD_INLINE void fetch_some(fetching *f)
{
    const char *to = f->at + f->step < f->end ? f->at + f->step : f->end;
    for (; f->at < to; f->at += 64)
        __builtin_prefetch(f->at);
}

/* ---- scores ---- */

/* Sums of products of some rows and models: of the columns lane, lane + 8, ..., n of them, of which
 * there are `height` values each. pitch: from one model's weights to the next. */
GD_INLINE void sum_lane(const double *x, size_t height, const double *w, size_t pitch, size_t n,
                        vec *out)
{
    vec p[4][GD_SIDE];
#pragma GCC unroll 4
    for (size_t e = 0; e < n; e++, x += GD_LANES * height, w += GD_LANES)
#pragma GCC unroll 8
        for (size_t i = 0; i < GD_SIDE; i++)
            p[e][i] =
                load(x + i / GD_SIDE_MODELS * GD_WIDTH) * all_of(w[i % GD_SIDE_MODELS * pitch]);
#pragma GCC unroll 8
    for (size_t i = 0; i < GD_SIDE; i++)
        out[i] = n == 4   ? (p[0][i] + p[1][i]) + (p[2][i] + p[3][i])
                 : n == 3 ? (p[0][i] + p[1][i]) + p[2][i]
                 : n == 2 ? p[0][i] + p[1][i]
                 : n == 1 ? p[0][i]
                          : all_of(0);
}

/* eights: as many as there are, the last one filled or not; full: it has this lane */
GD_INLINE void sum_some_lane(const double *x, size_t height, const double *w, size_t eights,
                             bool full, vec *out)
{
    if (full)
        sum_lane(x, height, w, eights * GD_LANES, eights, out);
    else
        sum_lane(x, height, w, eights * GD_LANES, eights - 1, out);
}

/* a += b */
GD_INLINE void add_to(vec *a, const vec *b)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < GD_SIDE; i++)
        a[i] += b[i];
}

/* The sums of lanes `lane`, + 4, + 2 and + 6, in this order, brought together. */
GD_INLINE void sum_half(const gd_packed *p, size_t eights, const double *x, size_t height,
                        const double *w, size_t lane, vec *out)
{
    vec second[GD_SIDE], other[GD_SIDE];
    size_t last = p->cols - (eights - 1) * GD_LANES; /* lanes that the last eight has */
    x += lane * height;
    w += lane;
    sum_some_lane(x, height, w, eights, lane < last, out);
    sum_some_lane(x + 4 * height, height, w + 4, eights, lane + 4 < last, other);
    add_to(out, other);
    sum_some_lane(x + 2 * height, height, w + 2, eights, lane + 2 < last, second);
    sum_some_lane(x + 6 * height, height, w + 6, eights, lane + 6 < last, other);
    add_to(second, other);
    add_to(out, second);
}

GD_INLINE void score_narrow(const gd_packed *p, size_t eights, const double *w, const double *b,
                            size_t models, double *z, size_t stride)
{
    size_t height = (p->count + GD_MANY_ROWS - 1) / GD_MANY_ROWS * GD_MANY_ROWS;
    fetching next = fetch_in(&p->ahead, ((models + GD_SIDE_MODELS - 1) / GD_SIDE_MODELS) *
                                            (height / (GD_SIDE_ROWS * GD_WIDTH)));
    for (size_t k = 0; k < models; k += GD_SIDE_MODELS, w += GD_SIDE_MODELS * eights * GD_LANES)
        for (size_t i = 0; i < height; i += GD_SIDE_ROWS * GD_WIDTH) {
            vec halves[2][GD_SIDE];
            fetch_some(&next);
#pragma GCC unroll 1
            for (size_t h = 0; h < 2; h++)
                sum_half(p, eights, p->columns + i, height, w, h, halves[h]);
#pragma GCC unroll 8
            for (size_t n = 0; n < GD_SIDE; n++) {
                size_t m = k + n % GD_SIDE_MODELS;
                store(z + m * stride + i + n / GD_SIDE_MODELS * GD_WIDTH,
                      (halves[0][n] + halves[1][n]) + b[m]);
            }
        }
}

/* Lanes are columns. Sums of products of some rows and models, of part p of eight lanes; there are
 * more than four eights. */
GD_INLINE void sum_wide(const double *x, const double *w, size_t pitch, size_t eights, size_t p,
                        vec (*out)[2])
{
    vec sums[4][2][2];
#pragma GCC unroll 4
    for (size_t q = 0; q < 4; q++)
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++) {
            size_t j = q * GD_LANES + p * GD_WIDTH;
            sums[q][i / 2][i % 2] = load(x + i / 2 * pitch + j) * load(w + i % 2 * pitch + j);
        }
    for (size_t at = 4; at < eights; at += 4)
#pragma GCC unroll 4
        for (size_t q = 0; q < 4; q++) {
            if (at + q >= eights)
                break;
            size_t j = (at + q) * GD_LANES + p * GD_WIDTH;
#pragma GCC unroll 4
            for (size_t i = 0; i < 4; i++)
                sums[q][i / 2][i % 2] += load(x + i / 2 * pitch + j) * load(w + i % 2 * pitch + j);
        }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        out[i / 2][i % 2] = (sums[0][i / 2][i % 2] + sums[1][i / 2][i % 2]) +
                            (sums[2][i / 2][i % 2] + sums[3][i / 2][i % 2]);
}

GD_INLINE void score_wide(const gd_packed *t, const double *w, const double *b, size_t models,
                          double *z, size_t stride)
{
    size_t pitch = padded(t->cols), eights = pitch / GD_LANES;
    fetching next = fetch_in(&t->ahead, (t->count + GD_ROWS_AT_ONCE - 1) / GD_ROWS_AT_ONCE *
                                            ((models + 1) / 2));
    for (size_t i = 0; i < t->count; i += GD_ROWS_AT_ONCE)
        for (size_t k = 0; k < models; k += 2) {
            fetch_some(&next);
            vec sums[2][GD_ROWS_AT_ONCE][GD_PARTS];
            for (size_t r = 0; r < GD_ROWS_AT_ONCE; r += 2)
#pragma GCC unroll 4
                for (size_t p = 0; p < GD_PARTS; p++) {
                    vec of[2][2];
                    sum_wide(t->rows + (i + r) * pitch, w + k * pitch, pitch, eights, p, of);
#pragma GCC unroll 4
                    for (size_t at = 0; at < 4; at++)
                        sums[at % 2][r + at / 2][p] = of[at / 2][at % 2];
                }
            store_scores(sums[0], b[k], z + k * stride + i);
            store_scores(sums[1], b[k + 1], z + (k + 1) * stride + i);
        }
}

static void scores_of_many(const gd_packed *p, const double *w, const double *b, size_t models,
                           double *z, size_t stride)
{
    size_t eights = padded(p->cols) / GD_LANES;
    if (p->cols > GD_MANY_NARROW)
        score_wide(p, w, b, models, z, stride);
    else if (eights == 1)
        score_narrow(p, 1, w, b, models, z, stride);
    else if (eights == 2)
        score_narrow(p, 2, w, b, models, z, stride);
    else if (eights == 3)
        score_narrow(p, 3, w, b, models, z, stride);
    else
        score_narrow(p, 4, w, b, models, z, stride);
}

/* ---- gradients ---- */

/* Some columns of the gradients of some models: in registers while the rows go by. */
GD_INLINE void add_side(const gd_packed *p, size_t j, size_t vectors, const double *dz,
                        size_t stride, double *g)
{
    size_t pitch = padded(p->cols);
    const double *x = p->rows + j;
    vec sums[GD_SIDE_MODELS][GD_SIDE_COLUMNS];
    g += j;
#pragma GCC unroll 4
    for (size_t k = 0; k < GD_SIDE_MODELS; k++)
#pragma GCC unroll 4
        for (size_t v = 0; v < vectors; v++)
            sums[k][v] = load(g + k * pitch + v * GD_WIDTH);
    for (size_t i = 0; i < p->count; i += 4, x += 4 * pitch)
#pragma GCC unroll 4
        for (size_t k = 0; k < GD_SIDE_MODELS; k++) {
            const double *d = dz + k * stride + i;
            vec d0 = all_of(d[0]), d1 = all_of(d[1]), d2 = all_of(d[2]), d3 = all_of(d[3]);
#pragma GCC unroll 4
            for (size_t v = 0; v < vectors; v++) {
                const double *at = x + v * GD_WIDTH;
                sums[k][v] += (d0 * load(at) + d1 * load(at + pitch)) +
                              (d2 * load(at + 2 * pitch) + d3 * load(at + 3 * pitch));
            }
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < GD_SIDE_MODELS; k++)
#pragma GCC unroll 4
        for (size_t v = 0; v < vectors; v++)
            store(g + k * pitch + v * GD_WIDTH, sums[k][v]);
}

static void gradient_of_many(const gd_packed *p, const double *dz, size_t stride, size_t models,
                             double *g, double *sums)
{
    size_t pitch = padded(p->cols), step = GD_SIDE_COLUMNS * GD_WIDTH;
    for (size_t k = 0; k < models; k += GD_SIDE_MODELS) {
        const double *of = dz + k * stride;
        size_t j = 0;
        for (; j + 2 * GD_WIDTH < p->cols; j += step)
            add_side(p, j, GD_SIDE_COLUMNS, of, stride, g + k * pitch);
        if (j + GD_WIDTH < p->cols)
            add_side(p, j, 2, of, stride, g + k * pitch);
        else if (j < p->cols)
            add_side(p, j, 1, of, stride, g + k * pitch);
    }
    sum_slopes(p->count, dz, stride, models, sums);
}
