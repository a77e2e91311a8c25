/* gd_stream: a pass of a linear model over its rows by kernels (gd_kernels.h): scores, costs and
 * gradients of a tile while it is in cache, so that the rows are read from memory once. For one
 * vector of parameters, or for several at once. Rows are scaled on the way: the center is taken
 * off each of them, and what the scale divides by goes into the weights, and later out of the
 * gradient. Of sparse rows (gd_sparse.h) the center goes into the biases instead, and the products
 * are not the kernels'. */
#ifndef GD_STREAM_H
#define GD_STREAM_H

#include "gd_cost.h"
#include "gd_data.h"
#include "gd_model.h"

typedef enum gd_stream_kind {
    GD_STREAM_COST,
    GD_STREAM_GRADIENT, /* and cost */
    GD_STREAM_HESSIAN   /* times a vector */
} gd_stream_kind;

/* All borrowed. */
typedef struct gd_stream {
    const gd_kernels *kernels;
    const gd_data *data;
    const gd_cost *cost;
    const void *cost_hyper;
    size_t outputs;
    bool intercept;
    size_t tile_rows;            /* gd_stream_tile */
    const double *center;        /* gd_pitch(cols) values; NULL: none */
    const double *inverse_scale; /* cols values; NULL: ones */
    /* of the pass */
    gd_stream_kind kind;
    gd_rows rows;
    size_t thetas;   /* vectors of parameters */
    double *weights; /* thetas x outputs x gd_pitch(cols): gd_stream_fold */
    double *biases;  /* thetas x outputs */
} gd_stream;

/* Can the kernels do it? */
bool gd_stream_fits(const gd_kernels *k, const gd_model *m, const gd_shape *s, const gd_cost *c);

/* Rows a tile. It depends on the shape of the data and on `outputs` alone, since sums follow it. */
size_t gd_stream_tile(const gd_data *d, size_t outputs);

/* doubles of weights, then biases, with room for s->thetas vectors of parameters */
size_t gd_stream_weights(const gd_stream *s);

/* doubles of scratch that a block needs */
size_t gd_stream_scratch(const gd_stream *s);

/* theta number k, outputs x (cols + intercept) values, into weights and biases. */
void gd_stream_fold(gd_stream *s, size_t k, const double *theta);

/* The rows first .. first + count of the pass. sums: thetas x (1 + values in theta), written: for
 * each the cost and its gradient. Of GD_STREAM_COST the costs alone: thetas values. */
void gd_stream_block(const gd_stream *s, size_t first, size_t count, double *scratch, double *sums);

#endif
