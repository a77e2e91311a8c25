/* gd_kernels: the inner loops. Shapes first; all pointers are borrowed, none may
 * overlap, all sums run in one fixed order.
 *
 * The functions are the plain, readable path. Beside it stands a table of functions for each
 * instruction set (kernels/), by which linear models stream over their rows: the same source,
 * compiled for registers of several widths, and chosen when the program runs. Every sum is kept in
 * eight lanes, none of it is fused, and nothing of it is of libm, so all of the tables give the
 * same bits on any machine; tests hold them to that, and to the plain path within rounding.
 */
#ifndef GD_KERNELS_H
#define GD_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a, b: n values. Returns sum a_i b_i, in eight interleaved partial sums. */
double gd_dot(const double *a, const double *b, size_t n);

/* y: n values, y += alpha * x. */
void gd_axpy(double alpha, const double *x, double *y, size_t n);

/* Euclidean norm of n values; safe against overflow and underflow of the squares. */
double gd_norm(const double *x, size_t n);

/* v: count rows of `len` values each. Adds them up pairwise by row number, in place;
 * the sum is left in row 0. The order depends on count alone. */
void gd_sum_tree(double *v, size_t count, size_t len);

/* Some rows that are visited at once. */
typedef struct gd_tile {
    const double *X; /* rows_of_data x cols, row-major: all that there are */
    const float *X32; /* in place of X, which is NULL then: read as doubles */
    size_t rows_of_data, cols;
    const uint32_t *index; /* the rows are index[first] .. index[first + count - 1]; NULL: first .. */
    size_t first, count;   /* count: 1 .. GD_TILE_MAX_ROWS */
    const double *center;  /* taken off each row: cols values, then zeros up to gd_pitch(cols) */
} gd_tile;                 /* NULL: nothing is */

/* What is to be read next: whoever has work to do asks for it on the way. */
typedef struct gd_ahead {
    const char *at;
    size_t bytes;
} gd_ahead;

/* A copy of a tile for several models to visit; rows of it, and models, are worked on so many at a
 * time, and arrays are padded to a multiple of that. */
#define GD_MANY_ROWS ((size_t)16)
#define GD_MANY_MODELS ((size_t)4)
typedef struct gd_packed {
    size_t count, cols;
    double *rows;    /* padded rows x gd_pitch(cols): what is beyond count and cols is finite */
    double *columns; /* gd_pitch(cols) x padded rows */
    gd_ahead ahead;
} gd_packed;

/* Lanes of a sum. Arrays that kernels write are padded to a multiple of it. */
#define GD_PITCH ((size_t)8)

/* n, padded */
size_t gd_pitch(size_t n) __attribute__((const));

/* The costs that tables have (costs/), of one score a row, and softmax. */
typedef enum gd_fast_cost {
    GD_FAST_NONE, /* the plain path */
    GD_FAST_MSE,
    GD_FAST_MAE,
    GD_FAST_HUBER,
    GD_FAST_QUANTILE,
    GD_FAST_LOG_COSH,
    GD_FAST_EPSILON_INSENSITIVE,
    GD_FAST_LOGISTIC,
    GD_FAST_POISSON,
    GD_FAST_HINGE,
    GD_FAST_SQUARED_HINGE,
    GD_FAST_COSTS,
    GD_FAST_SOFTMAX
} gd_fast_cost;

/* Values that costs are added up in. */
#define GD_COST_SUMS (2 * GD_PITCH)

struct gd_minibatch_kernels;
struct gd_gram_kernels;
struct gd_net_ops;

typedef struct gd_kernels {
    const char *name;
    /* Those of mini-batches (gd_minibatch.h), second moments (gd_gram.h), and networks in double and
     * in single precision (gd_net_ops.h), which are none of the passes below. */
    const struct gd_minibatch_kernels *minibatch;
    const struct gd_gram_kernels *gram;
    const struct gd_net_ops *net[2];
    /* z_k = (x - center) . w_k + b_k for each row x and each of `models` vectors. w: models x
     * gd_pitch(cols) values, zeros beyond cols. b: models values; NULL: zeros. z: models x stride
     * values, stride >= gd_pitch(count), the scores of a model side by side; those of the padding
     * are written too. A model's scores have the same bits whatever others are beside it. NULL:
     * the rest of the table is empty, and passes take the plain path. */
    void (*scores)(const gd_tile *t, const double *w, const double *b, size_t models, double *z,
                   size_t stride);
    /* g_k += sum dz_k (x - center), sums_k += sum dz_k, for each model. dz: models x stride values,
     * zeros in the padding. g: models x gd_pitch(cols) values; what is beyond cols means nothing. */
    void (*gradient)(const gd_tile *t, const double *dz, size_t stride, size_t models, double *g,
                     double *sums);
    /* Copies a tile, as it is centred: rows and, where scores_of_many wants them, columns. */
    void (*pack)(const gd_tile *t, double *rows, double *columns);
    /* What `scores` and `gradient` do, to the bit, of a copy, for padded models: each array has room
     * for them, stride is that of padded rows, and b is given. */
    void (*scores_of_many)(const gd_packed *p, const double *w, const double *b, size_t models,
                           double *z, size_t stride);
    void (*gradient_of_many)(const gd_packed *p, const double *dz, size_t stride, size_t models,
                             double *g, double *sums);
    /* Adds w c(z, y) of n <= GD_TILE_MAX_ROWS rows to sums and writes w c'(z, y) into dz, which may
     * be z: gd_pitch(n) values, zeros in the padding. weights: n values, or NULL for ones; rows of
     * weight 0 are not there, whatever they cost. hyper: the cost's hyperparameter, a double, of
     * those that have one. sums: GD_COST_SUMS values, zeros before the first rows. */
    void (*cost[GD_FAST_COSTS])(const double *z, const double *y, const double *weights, size_t n,
                                double *dz, const void *hyper, double *sums);
    /* The same of softmax, in place. z: outputs x stride values. */
    void (*softmax)(double *z, size_t stride, size_t outputs, const double *y,
                    const double *weights, size_t n, double *sums);
    /* What was added up of at most GD_TILE_MAX_ROWS rows; leaves zeros. */
    double (*total)(double *sums);
    /* Slopes by the score and their derivatives, as a cost's `slope` (gd_cost.h) gives them; and
     * what its `gap` gives, for |z| <= 700. All arrays have gd_pitch(n) values, of which those
     * beyond n may be any. NULL: by the cost's own functions, which are fast enough. */
    void (*bends[GD_FAST_COSTS])(const double *z, const double *y, size_t n, double *slope,
                                 double *bend);
    void (*gap[GD_FAST_COSTS])(const double *z, const double *y, const double *alpha, size_t n,
                               double *out);
    /* n values each; out may be x. Errors are below 1.5 units in the last place. exp and log: of
     * any number; expm1 of x <= 0; log1p of x >= 0. */
    void (*exp)(const double *x, double *out, size_t n);
    void (*expm1)(const double *x, double *out, size_t n);
    void (*log)(const double *x, double *out, size_t n);
    void (*log1p)(const double *x, double *out, size_t n);
    /* Of summaries (gd_summary.h): n > 0 rows of eight columns, each `pitch` values behind the one
     * before. A column's values come in the order of its rows. NULL: there are none of the four.
     * Sums of v * share, the mean where share is 1 / n, and the range; NaN is the mean of a column that
     * has one, whose range means nothing. Eight values each. */
    void (*strip_moments)(const double *v, size_t pitch, size_t n, double share, double *mean,
                          double *min, double *max);
    /* Sums of squared deviations from the mean, and of the deviations. Eight values each. */
    void (*strip_squares)(const double *v, size_t pitch, size_t n, const double *mean,
                          double *squares, double *rest);
    /* bins: n x 8: floor(v * scale) - first; of a product too small for a double, its sign's. What is
     * no number is taken for 0. */
    void (*strip_bins)(const double *v, size_t pitch, size_t n, const double *scale,
                       const double *first, uint32_t *bins);
    /* n x 8 each: the hashes of gd_distinct; and which of the 2^bits registers they count in, times 256,
     * and the run of zeros behind that, plus one. */
    void (*strip_hashes)(const double *v, size_t pitch, size_t n, int bits, uint64_t *hashes,
                         uint32_t *registers);
} gd_kernels;

/* "plain", whose passes are not by kernels; then the instruction sets, the best ones last. */
extern const gd_kernels *const gd_kernels_all[];
extern const size_t gd_kernels_count;

/* Does this processor have its instructions? */
bool gd_kernels_usable(const gd_kernels *k);

/* The best of those that are usable. */
const gd_kernels *gd_kernels_best(void);

/* By name. NULL when there is none. */
const gd_kernels *gd_kernels_find(const char *name);

#endif
