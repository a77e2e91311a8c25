/* gd_net_ops: the work of a network on a few rows, once for each kind of number and processor.
 *
 * gd_net_kernels.h is the one source of them all; gd_net_portable.c, gd_net_avx2.c and gd_net_avx512.c
 * compile it for vectors of 16, 32 and 64 bytes. All matrices are row-major, and their rows are
 * padded to whole vectors; what is in the padding is finite, and zero in weights.
 *
 * Here "real" is float or double. All memory is borrowed from gd_net, and aligned to 64 bytes.
 */
#ifndef GD_NET_OPS_H
#define GD_NET_OPS_H

#include "gd_limits.h"
#include "gd_model.h"

/* Bytes that every row of a matrix begins at a multiple of. */
#define GD_NET_ALIGN ((size_t)64)

/* A layer, and where things of it are: reals from the beginning of their array. */
typedef struct gd_net_layer {
    gd_layer shape;
    size_t in, out;     /* row lengths of what comes in and goes out, padded */
    size_t forward;     /* weights by which sums are made: panels of units, inputs x panel each */
    size_t backward;    /* and by which slopes go back: panels of inputs, units x panel each */
    size_t biases;      /* in the weights too */
    size_t gradient;    /* units x in, then `out` of biases */
    size_t activations; /* in the scratch: rows x out */
    size_t slopes;      /* of an activation whose slope does not follow from its value */
} gd_net_layer;

typedef struct gd_net_plan {
    size_t count; /* layers, the output among them */
    gd_net_layer layer[GD_MAX_LIST + 1];
    gd_activation activation; /* of all but the output */
    size_t rows;              /* at most, at once */
    size_t weights, gradient; /* reals in such an array */
    size_t scratch;           /* reals, all of these: */
    size_t input;             /* rows x layer[0].in */
    size_t delta[2];          /* slopes by the sums of this layer and of the one before */
    size_t packed;            /* rows x panel */
} gd_net_plan;

/* Some units of a layer. */
typedef struct gd_net_chunk {
    size_t layer, first, count;
} gd_net_chunk;

typedef struct gd_net_ops {
    const char *name;  /* of the instructions */
    size_t real_bytes; /* of a number */
    size_t lanes;      /* numbers in a vector */
    size_t panel;      /* columns that are worked on at once: a few vectors */
    /* from: cols values of a row. to: as (x - center) * inverse_scale, or as they are where center
     * is NULL. */
    void (*load_row)(const double *from, size_t cols, const double *center,
                     const double *inverse_scale, void *to);
    /* Some of theta into the weights. */
    void (*load_weights)(const gd_net_plan *p, const gd_net_chunk *c, const double *theta,
                         void *weights);
    /* X: rows x layer[0].in. z: rows x outputs scores, written. */
    void (*forward)(const gd_net_plan *p, const void *weights, const void *X, size_t rows,
                    void *scratch, double *z);
    /* After forward of the same rows. dz: rows x outputs. gradient: written, or added to. */
    void (*backward)(const gd_net_plan *p, const void *weights, const void *X, size_t rows,
                     const double *dz, void *scratch, void *gradient, bool add);
    /* Some of the sum, in order, of `count` such gradients one after the other, as theta has it:
     * written to out, or added to it, and divided by the divisor. */
    void (*reduce)(const gd_net_plan *p, const gd_net_chunk *c, const void *gradients, size_t count,
                   double *out, bool add, double divisor);
} gd_net_ops;

/* Those of gd_kernels' tables: of doubles and of floats. */
extern const gd_net_ops gd_net_portable_f64, gd_net_portable_f32;
extern const gd_net_ops gd_net_avx2_f64, gd_net_avx2_f32; /* on x86-64 alone, as these: */
extern const gd_net_ops gd_net_avx512_f64, gd_net_avx512_f32;

#endif
