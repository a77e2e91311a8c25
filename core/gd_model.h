/* gd_model: the function that is fitted, from rows to scores.
 *
 * A model owns no memory: its parameters are one array theta whose layout it names, and
 * it works on a tile of rows at a time. One file in models/ and one row in
 * models/list.h make a model.
 */
#ifndef GD_MODEL_H
#define GD_MODEL_H

#include "gd_task.h"

/* What the layout of theta, and how it is used, depend on. */
typedef struct gd_shape {
    size_t cols;    /* features */
    bool intercept; /* whether there is a constant term */
    size_t outputs; /* scores a row: 1, or the number of classes */
    gd_task task;   /* of a model for several tasks the one at hand; 0: the model's first */
    gd_hyper hyper; /* the model's hyperparameters */
    /* of two classes: a response of at least `threshold` is class 1; decided false: one above
     * 0.5, or a score above 0 */
    bool decided;
    double threshold;
    bool single; /* rows are visited in single precision (gd_spec's dtype) */
} gd_shape;

/* A named part of theta, as it is shown to users. */
typedef struct gd_part {
    const char *name;
    size_t offset, count; /* the values theta[offset .. offset + count) */
    size_t rows;          /* shown as so many rows of count / rows values; 1 for a vector */
    bool bias;            /* an intercept: it is never penalised and never decays */
    bool scalar;          /* shown as a number, not as an array of one */
    bool matrix;          /* shown as an array of rows, also where there is but one */
} gd_part;

/* Weights and biases of each hidden layer, and of the output. */
#define GD_MAX_PARTS (2 * (GD_MAX_LIST + 1))

/* What a unit makes of its sum. */
typedef enum gd_activation {
    GD_RELU,
    GD_TANH,
    GD_SIGMOID,
    GD_GELU, /* the exact form, by erf */
    GD_NO_ACTIVATION
} gd_activation;

/* A layer of a network. Its parameters are units x inputs of weights, then units of biases. */
typedef struct gd_layer {
    size_t inputs, units;
    bool biases;
    size_t theta; /* where its parameters begin */
} gd_layer;

/* From scores to predictions. */
typedef enum gd_link {
    GD_IDENTITY, /* the score is the prediction; of a class: its sign */
    GD_LOGIT,    /* the probability of class 1 is 1 / (1 + exp(-z)) */
    GD_SOFTMAX,  /* the probability of class k is exp(z_k) / sum exp(z) */
    GD_LOG       /* the mean is exp(z) */
} gd_link;

typedef struct gd_model {
    const char *name;
    const char *alias; /* another name for it, or NULL */
    const char *doc;
    const char *formula;
    gd_task task;             /* what it is for; of a model for several tasks all of their flags,
                                 and it has a hyperparameter "task" (gd_task_choices) */
    gd_link link;             /* what a score means, of a model for one task (gd_shape_link) */
    const char *default_cost; /* name of a cost, of a model for one task; of others the first in the
                                 table that fits */
    const gd_param *params;
    size_t params_count;
    /* Scores are linear in theta: the objective's curvature then comes from the data
     * alone, which makes learning_rate "auto" possible. */
    bool linear;
    /* It can be trained in single precision: gd_spec's dtype "float32". */
    bool single;
    size_t (*params_len)(const gd_shape *s); /* values in theta */
    /* parts: room for GD_MAX_PARTS, written; returns how many there are. */
    size_t (*layout)(const gd_shape *s, gd_part *parts);
    /* Is the shape one that can be trained? NULL: every one is. The error's field is that of a
     * job, such as "model.hidden_layers". */
    gd_status (*check)(const gd_shape *s, gd_error *err);
    /* doubles of scratch a row, for forward and backward; NULL: none */
    size_t (*work_len)(const gd_shape *s);
    /* theta: params_len values, written with the starting point, in the units trained in. */
    void (*init)(const gd_shape *s, uint64_t seed, double *theta);
    /* X: rows x cols. z: rows x outputs scores, written. work: rows x work_len values, written. */
    void (*forward)(const gd_shape *s, const double *theta, const double *X, size_t rows, double *z,
                    double *work);
    /* dz: rows x outputs, d cost / d score. gradient: params_len values, added to. work: as
     * forward left it for these rows; written over. */
    void (*backward)(const gd_shape *s, const double *theta, const double *X, size_t rows,
                     const double *dz, double *gradient, double *work);
    /* Of a network, which then has a path of its own over many rows (gd_net.h) that forward and
     * backward are the reference of; else NULL. list: room for GD_MAX_LIST + 1, written with the
     * layers, the last of which makes the scores; *activation is that of the others. Returns how
     * many there are. */
    size_t (*layers)(const gd_shape *s, gd_layer *list, gd_activation *activation);
    /* Parameters for rows scaled as x' = (x - center) / scale, in terms of x, and the
     * other way round. center, scale: cols values. from and to may be the same array. */
    void (*unscale)(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to);
    void (*rescale)(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to);
} gd_model;

extern const gd_model *const gd_models[];
extern const size_t gd_models_count;

/* The one task of a model in this shape, what its scores mean for it, and doubles of scratch a
 * row. */
gd_task gd_shape_task(const gd_model *m, const gd_shape *s);
gd_link gd_shape_link(const gd_model *m, const gd_shape *s);
size_t gd_shape_work(const gd_model *m, const gd_shape *s);

/* Rows a tile: what forward and backward are given at once. */
size_t gd_shape_tile(const gd_model *m, const gd_shape *s);

/* Is it for several tasks? */
bool gd_model_several(const gd_model *m);

/* By name or alias. NULL when there is none. */
const gd_model *gd_model_find(const char *name);

#endif
