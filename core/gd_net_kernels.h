/* gd_net_kernels: gd_net_ops for one kind of number and one length of vectors. Not a header of
 * its own: gd_net_portable.c and the others include it once for floats and once for doubles, with
 *
 *     REAL, SINGLE     the number, and whether it is float
 *     VECTOR_BYTES     16, 32 or 64
 *     TILE             rows of a tile of sums that stays in registers; it is PANEL columns wide
 *     NAME(f)          what f is called there
 *
 * Vectors are those of GCC and Clang, so the compiler picks the instructions, and a sum of
 * products is contracted to multiply-adds where the processor has them. */

enum { NAME(LANES) = VECTOR_BYTES / sizeof(REAL), NAME(PANEL) = 2 * NAME(LANES) };

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));

#define LANES NAME(LANES)
#define PANEL NAME(PANEL)
#define VEC NAME(vector)

/* Terms of a sum that are added at once: so many rows of a panel stay in the second-level cache,
 * next to much else. */
#define DEPTH ((size_t)(65536 / (PANEL * sizeof(REAL))))

/* ---- products ----
 *
 * c (m x n) = a (m x k) b (k x n), where element (i, p) of a is at a[i * row + p * step], and b
 * lies in panels: columns PANEL j .. PANEL (j + 1) begin at b + j * panel_step, with rows b_row
 * apart. */

typedef struct NAME(product) {
    size_t m, n, k;
    const REAL *a;
    size_t row, step;
    const REAL *b;
    size_t panel_step, b_row;
    REAL *c;
    size_t c_row;
    const REAL *start; /* n values that each row's sums begin at; NULL: 0 */
    bool add;          /* begin with what is in c */
} NAME(product);

#define PRODUCT NAME(product)

/* m rows and `wide` vectors of columns; both constant where it is called. */
static inline __attribute__((always_inline)) void NAME(tile)(const PRODUCT *q, size_t m,
                                                             size_t wide, size_t k, const REAL *a,
                                                             const REAL *b, REAL *c,
                                                             const REAL *start, bool add)
{
    VEC sum[TILE][2];
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++)
#pragma GCC unroll 2
        for (size_t j = 0; j < wide; j++)
            sum[i][j] = add     ? *(const VEC *)(c + i * q->c_row + j * LANES)
                        : start ? *(const VEC *)(start + j * LANES)
                                : (VEC){0};
    size_t row = q->row, step = q->step, b_row = q->b_row;
    for (size_t p = 0; p < k; p++) {
        VEC x[2];
#pragma GCC unroll 2
        for (size_t j = 0; j < wide; j++)
            x[j] = *(const VEC *)(b + j * LANES);
#pragma GCC unroll 16
        for (size_t i = 0; i < m; i++)
#pragma GCC unroll 2
            for (size_t j = 0; j < wide; j++)
                sum[i][j] += x[j] * a[i * row];
        a += step;
        b += b_row;
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < m; i++)
#pragma GCC unroll 2
        for (size_t j = 0; j < wide; j++)
            *(VEC *)(c + i * q->c_row + j * LANES) = sum[i][j];
}

static void NAME(column)(const PRODUCT *q, size_t wide, size_t k, const REAL *a, const REAL *b,
                         REAL *c, const REAL *start, bool add)
{
    size_t i = 0;
    if (wide == 2)
        for (; i + TILE <= q->m; i += TILE)
            NAME(tile)(q, TILE, 2, k, a + i * q->row, b, c + i * q->c_row, start, add);
    else
        for (; i + TILE <= q->m; i += TILE)
            NAME(tile)(q, TILE, 1, k, a + i * q->row, b, c + i * q->c_row, start, add);
    for (; i + 2 <= q->m; i += 2)
        if (wide == 2)
            NAME(tile)(q, 2, 2, k, a + i * q->row, b, c + i * q->c_row, start, add);
        else
            NAME(tile)(q, 2, 1, k, a + i * q->row, b, c + i * q->c_row, start, add);
    for (; i < q->m; i++)
        if (wide == 2)
            NAME(tile)(q, 1, 2, k, a + i * q->row, b, c + i * q->c_row, start, add);
        else
            NAME(tile)(q, 1, 1, k, a + i * q->row, b, c + i * q->c_row, start, add);
}

static void NAME(multiply)(const PRODUCT *q)
{
    for (size_t p = 0; p < q->k; p += DEPTH) {
        size_t k = q->k - p < DEPTH ? q->k - p : DEPTH;
        bool add = q->add || p > 0;
        for (size_t j = 0; j * PANEL < q->n; j++)
            NAME(column)
        (q, q->n - j * PANEL > LANES ? 2 : 1, k, q->a + p * q->step,
         q->b + j * q->panel_step + p * q->b_row, q->c + j * PANEL,
         q->start ? q->start + j * PANEL : NULL, add);
    }
}

/* Layers of so few units are sums along the inputs, for which a panel would be empty but for them.
 */
#define FEW ((size_t)2)

/* Vectors in 64 bytes: in so many lanes all processors sum. */
#define PARTS (64 / VECTOR_BYTES)

static inline REAL NAME(sum_lanes)(const VEC *s)
{
    _Alignas(VECTOR_BYTES) REAL t[PARTS * LANES];
    for (size_t j = 0; j < PARTS; j++)
        *(VEC *)(t + j * LANES) = s[j];
    for (size_t w = PARTS * LANES / 2; w > 0; w /= 2)
        for (size_t i = 0; i < w; i++)
            t[i] += t[i + w];
    return t[0];
}

/* As multiply, for n of at most FEW; b: rows of columns, in panels of k. */
static void NAME(multiply_few)(const PRODUCT *q)
{
    for (size_t i = 0; i < q->m; i++)
        for (size_t u = 0; u < q->n; u++) {
            const REAL *a = q->a + i * q->row, *b = q->b + u * PANEL;
            VEC sum[PARTS] = {{0}};
            for (size_t p = 0; p < q->k; p += PARTS * LANES)
                for (size_t j = 0; j < PARTS; j++) {
                    size_t at = p + j * LANES;
                    sum[j] += *(const VEC *)(a + at) *
                              *(const VEC *)(b + at / PANEL * q->panel_step + at % PANEL);
                }
            q->c[i * q->c_row + u] = q->start[u] + NAME(sum_lanes)(sum);
        }
}

/* ---- what goes in ---- */

static void NAME(load_row)(const double *restrict from, size_t cols, const double *restrict center,
                           const double *restrict inverse_scale, void *to)
{
    REAL *restrict x = to;
    if (center)
        for (size_t j = 0; j < cols; j++)
            x[j] = (REAL)((from[j] - center[j]) * inverse_scale[j]);
    else
        for (size_t j = 0; j < cols; j++)
            x[j] = (REAL)from[j];
}

static void NAME(load_weights)(const gd_net_plan *p, const gd_net_chunk *c, const double *theta,
                               void *weights)
{
    const gd_net_layer *l = &p->layer[c->layer];
    size_t inputs = l->shape.inputs, units = l->shape.units;
    const double *W = theta + l->shape.theta, *biases = W + inputs * units;
    REAL *forward = (REAL *)weights + l->forward, *backward = (REAL *)weights + l->backward;
    REAL *b = (REAL *)weights + l->biases;
    for (size_t u = c->first; u < c->first + c->count; u++) {
        const double *from = W + u * inputs;
        REAL *restrict to = forward + u / PANEL * inputs * PANEL + u % PANEL;
        for (size_t k = 0; k < inputs; k++)
            to[k * PANEL] = (REAL)from[k];
        for (size_t k = 0; c->layer > 0 && k < inputs; k += PANEL) {
            REAL *restrict row = backward + k * units + u * PANEL;
            size_t n = inputs - k < PANEL ? inputs - k : PANEL;
            for (size_t j = 0; j < n; j++)
                row[j] = (REAL)from[k + j];
        }
        if (l->shape.biases)
            b[u] = (REAL)biases[u];
    }
}

/* ---- activations ---- */

#if SINGLE
#define EXP expf
#define TANH tanhf
#define ERFC erfcf
#else
#define EXP exp
#define TANH tanh
#define ERFC erfc
#endif

static REAL NAME(sigmoid)(REAL z)
{
    return z > 0 ? 1 / (1 + EXP(-z)) : EXP(z) / (1 + EXP(z));
}

/* a: n sums, which become activations; slopes: written for gelu, whose slope does not follow from
 * the activation. */
static void NAME(activate)(gd_activation kind, REAL *restrict a, REAL *restrict slopes, size_t n)
{
    const REAL half = (REAL)0.5, one = 1;
    switch (kind) {
    case GD_RELU:
        for (size_t i = 0; i < n; i++)
            a[i] = a[i] < 0 ? 0 : a[i]; /* NaN stays NaN */
        break;
    case GD_TANH:
        for (size_t i = 0; i < n; i++)
            a[i] = TANH(a[i]);
        break;
    case GD_SIGMOID:
        for (size_t i = 0; i < n; i++)
            a[i] = NAME(sigmoid)(a[i]);
        break;
    case GD_GELU:
        for (size_t i = 0; i < n; i++) {
            REAL z = a[i], cdf = half * ERFC(-z * (REAL)0.70710678118654752440);
            slopes[i] = cdf + z * EXP(-half * z * z) / (REAL)2.50662827463100050242;
            a[i] = one * z * cdf;
        }
        break;
    case GD_NO_ACTIVATION:
        break;
    }
}

/* d: n slopes by activations, which become those by sums. Of relu the slope is 0 at 0. */
static void NAME(differentiate)(gd_activation kind, REAL *restrict d, const REAL *restrict a,
                                const REAL *restrict slopes, size_t n)
{
    switch (kind) {
    case GD_RELU:
        for (size_t i = 0; i < n; i++)
            d[i] = a[i] > 0 ? d[i] : 0;
        break;
    case GD_TANH:
        for (size_t i = 0; i < n; i++)
            d[i] *= 1 - a[i] * a[i];
        break;
    case GD_SIGMOID:
        for (size_t i = 0; i < n; i++)
            d[i] *= a[i] * (1 - a[i]);
        break;
    case GD_GELU:
        for (size_t i = 0; i < n; i++)
            d[i] *= slopes[i];
        break;
    case GD_NO_ACTIVATION:
        break;
    }
}

/* ---- passes ---- */

static void NAME(forward)(const gd_net_plan *p, const void *weights, const void *X, size_t rows,
                          void *scratch, double *z)
{
    const REAL *w = weights, *in = X;
    size_t last = p->count - 1, outputs = p->layer[last].shape.units;
    REAL *out = scratch;
    for (size_t l = 0; l <= last; l++) {
        const gd_net_layer *at = &p->layer[l];
        out = (REAL *)scratch + at->activations;
        PRODUCT q = {.m = rows,
                     .n = at->shape.units,
                     .k = at->shape.inputs,
                     .a = in,
                     .row = at->in,
                     .step = 1,
                     .b = w + at->forward,
                     .panel_step = at->shape.inputs * PANEL,
                     .b_row = PANEL,
                     .c = out,
                     .c_row = at->out,
                     .start = w + at->biases};
        if (l > 0 && q.n <= FEW) {
            q.b = w + at->backward;
            q.panel_step = q.n * PANEL;
            NAME(multiply_few)(&q);
        } else {
            NAME(multiply)(&q);
        }
        if (l < last)
            NAME(activate)(p->activation, out, (REAL *)scratch + at->slopes, rows * at->out);
        in = out;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < outputs; k++)
            z[i * outputs + k] = out[i * p->layer[last].out + k];
}

/* The gradient of a layer's weights, d^T x: d is rows x out, x rows x in. */
static void NAME(outer)(const gd_net_plan *p, const gd_net_layer *at, const REAL *d, const REAL *x,
                        size_t rows, REAL *packed, REAL *gradient, bool add)
{
    PRODUCT q = {.m = at->shape.units,
                 .k = rows,
                 .a = d,
                 .row = 1,
                 .step = at->out,
                 .b_row = at->in,
                 .c_row = at->in,
                 .add = add};
    size_t inputs = at->shape.inputs;
    (void)p;
    for (size_t j = 0; j < inputs; j += PANEL) {
        q.n = inputs - j < PANEL ? inputs - j : PANEL;
        q.b = x + j;
        q.c = gradient + at->gradient + j;
        if (at->in > 8 * PANEL) { /* rows that are far apart: once together, then many times read */
            size_t n = q.n > LANES ? PANEL : LANES;
            for (size_t i = 0; i < rows; i++)
                memcpy(packed + i * PANEL, q.b + i * at->in, n * sizeof(REAL));
            q.b = packed;
            q.b_row = PANEL;
        }
        NAME(multiply)(&q);
    }
    REAL *restrict biases = gradient + at->gradient + at->shape.units * at->in;
    if (!add)
        memset(biases, 0, at->out * sizeof *biases);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < at->out; k++)
            biases[k] += d[i * at->out + k];
}

static void NAME(backward)(const gd_net_plan *p, const void *weights, const void *X, size_t rows,
                           const double *dz, void *scratch, void *gradient, bool add)
{
    const REAL *w = weights;
    REAL *s = scratch, *packed = s + p->packed;
    size_t last = p->count - 1, outputs = p->layer[last].shape.units, row = p->layer[last].out;
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < outputs; k++)
            s[p->delta[last % 2] + i * row + k] = (REAL)dz[i * outputs + k];
    for (size_t l = last; l > 0; l--) {
        const gd_net_layer *at = &p->layer[l], *before = at - 1;
        const REAL *d = s + p->delta[l % 2], *a = s + before->activations;
        REAL *to = s + p->delta[(l - 1) % 2];
        NAME(outer)(p, at, d, a, rows, packed, gradient, add);
        NAME(multiply)
        (&(PRODUCT){.m = rows,
                    .n = at->shape.inputs,
                    .k = at->shape.units,
                    .a = d,
                    .row = at->out,
                    .step = 1,
                    .b = w + at->backward,
                    .panel_step = at->shape.units * PANEL,
                    .b_row = PANEL,
                    .c = to,
                    .c_row = before->out});
        NAME(differentiate)(p->activation, to, a, s + before->slopes, rows * before->out);
    }
    NAME(outer)(p, &p->layer[0], s + p->delta[0], X, rows, packed, gradient, add);
}

/* One gradient after the other: the order depends on their number alone. */
static void NAME(add_up)(const REAL *restrict from, size_t stride, size_t count,
                         double *restrict to, size_t n, bool add, double divisor)
{
    if (!add)
        for (size_t i = 0; i < n; i++)
            to[i] = (double)from[i];
    for (size_t b = add ? 0 : 1; b < count; b++)
        for (size_t i = 0; i < n; i++)
            to[i] += (double)from[b * stride + i];
    if (divisor != 1)
        for (size_t i = 0; i < n; i++)
            to[i] /= divisor;
}

static void NAME(reduce)(const gd_net_plan *p, const gd_net_chunk *c, const void *gradients,
                         size_t count, double *out, bool add, double divisor)
{
    const gd_net_layer *l = &p->layer[c->layer];
    size_t inputs = l->shape.inputs, units = l->shape.units;
    const REAL *from = (const REAL *)gradients + l->gradient;
    double *to = out + l->shape.theta;
    for (size_t u = c->first; u < c->first + c->count; u++)
        NAME(add_up)(from + u * l->in, p->gradient, count, to + u * inputs, inputs, add, divisor);
    if (l->shape.biases)
        NAME(add_up)
    (from + units * l->in + c->first, p->gradient, count, to + units * inputs + c->first, c->count,
     add, divisor);
}

const gd_net_ops NAME(gd_net) = {
    .name = VECTOR_NAME,
    .real_bytes = sizeof(REAL),
    .lanes = LANES,
    .panel = PANEL,
    .load_row = NAME(load_row),
    .load_weights = NAME(load_weights),
    .forward = NAME(forward),
    .backward = NAME(backward),
    .reduce = NAME(reduce),
};

#undef LANES
#undef PANEL
#undef VEC
#undef DEPTH
#undef FEW
#undef PARTS
#undef PRODUCT
#undef EXP
#undef TANH
#undef ERFC
#undef REAL
#undef SINGLE
#undef NAME
