/* gd_model: the function that is fitted, from rows to scores.
 *
 * A model owns no memory: its parameters are one array theta whose layout it names, and
 * it works on a tile of rows at a time. One file in models/ and one row in
 * models/list.h make a model.
 */
#ifndef GD_MODEL_H
#define GD_MODEL_H

#include "gd_param.h"

/* What the layout of theta depends on. */
typedef struct gd_shape {
    size_t cols;    /* features */
    bool intercept; /* whether there is a constant term */
} gd_shape;

/* A named part of theta, as it is shown to users. */
typedef struct gd_part {
    const char *name;
    size_t offset, count; /* the values theta[offset .. offset + count) */
    bool bias;            /* an intercept: it is never penalised and never decays */
    bool scalar;          /* shown as a number, not as an array of one */
} gd_part;

#define GD_MAX_PARTS 8

typedef struct gd_model {
    const char *name;
    const char *alias; /* another name for it, or NULL */
    const char *doc;
    const char *formula;
    unsigned tasks;           /* gd_task flags (gd_cost.h) */
    const char *default_cost; /* name of a cost */
    const gd_param *params;
    size_t params_count;
    /* Scores are linear in theta: the objective's curvature then comes from the data
     * alone, which makes learning_rate "auto" possible. */
    bool linear;
    size_t (*params_len)(const gd_shape *s); /* values in theta */
    /* parts: room for GD_MAX_PARTS, written; returns how many there are. */
    size_t (*layout)(const gd_shape *s, gd_part *parts);
    /* theta: params_len values, written with the starting point. */
    void (*init)(const gd_shape *s, double *theta);
    /* X: rows x cols. z: rows scores, written. */
    void (*forward)(const gd_shape *s, const double *theta, const double *X, size_t rows,
                    double *z);
    /* dz: d cost / d score of each row. gradient: params_len values, added to. */
    void (*backward)(const gd_shape *s, const double *theta, const double *X, size_t rows,
                     const double *dz, double *gradient);
    /* Parameters for rows scaled as x' = (x - center) / scale, in terms of x, and the
     * other way round. center, scale: cols values. from and to may be the same array. */
    void (*unscale)(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to);
    void (*rescale)(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to);
} gd_model;

extern const gd_model *const gd_models[];
extern const size_t gd_models_count;

/* By name or alias. NULL when there is none. */
const gd_model *gd_model_find(const char *name);

#endif
