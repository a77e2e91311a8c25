/* gd_online: a model that is there learns from further rows: one pass over them, in the order in
 * which they lie. For streams, whose rows come a few at a time and are not kept.
 *
 * What an optimizer remembers from step to step goes in and out, so that rows in two calls move
 * a model as the same rows in one would (batches that end with a call apart).
 */
#ifndef GD_ONLINE_H
#define GD_ONLINE_H

#include "gd_data.h"
#include "gd_exec.h"
#include "gd_spec.h"

typedef struct gd_online {
    const double *center, *scale; /* cols values each: what the model was trained with; NULL for one
                                     whose features were not scaled */
    double *theta;                /* params_len values, as trained: moved */
    double *own;                  /* the same in the data's units, written */
    double *state;                /* gd_online_state_len values: written; read if `resumes` */
    bool resumes;                 /* state is what an earlier call left */
    double learning_rate;         /* written: the one of the last step */
    uint64_t steps;               /* written: in this call */
    const char *const *names;     /* of the columns, for errors; or NULL */
} gd_online;

/* Doubles: the steps so far, then what the optimizer keeps for n parameters. */
size_t gd_online_state_len(const gd_spec *spec, size_t n);

/* One pass by the model, cost, optimizer, learning_rate, batch_size, penalties, bounds and clipping
 * of the spec; whatever else it says is not looked at. learning_rate GD_AUTO is found on these rows
 * (gd_curvature.h). data->weights count as they are, whatever their mean. On error, GD_OVERFLOW
 * when the numbers ran away, nothing has changed and *err names the field. executor: borrowed, NULL
 * for serial. */
gd_status gd_online_pass(gd_online *o, const gd_data *data, const gd_spec *spec,
                         const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

#endif
