/* gd_online: a run of a single epoch that begins in the middle: with the scaling, the parameters
 * and the optimizer's state of the model at hand. */
#include "gd_online.h"

#include "gd_train_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t gd_online_state_len(const gd_spec *spec, size_t n)
{
    return 1 + spec->optimizer->state_len(n, &spec->optimizer_hyper);
}

/* What only makes sense for many passes is set aside. */
static gd_spec spec_of_pass(const gd_spec *given, const gd_online *o)
{
    gd_spec s = *given;
    s.schedule = gd_schedules[0];
    gd_param_defaults(&s.schedule_hyper, s.schedule->params, s.schedule->params_count);
    s.epochs = 1;
    s.tol = 0;
    s.validation_fraction = GD_NO_VALIDATION;
    s.patience = GD_NO_PATIENCE;
    s.average = s.shuffle = s.balanced = s.split = false;
    s.standardize = o->scale != NULL;
    return s;
}

/* Could an earlier pass have left this state? */
static bool sound(const gd_spec *s, const gd_online *o, size_t n)
{
    const gd_optimizer *rule = s->optimizer;
    double updates = o->state[0];
    return updates >= 0 && updates <= GD_MAX_EXACT_INTEGER && updates == floor(updates) &&
           (!rule->sound || rule->sound(o->state + 1, n, &s->optimizer_hyper));
}

/* Puts the run where the model is, in place of where its data says. */
static void begin(gd_train *t, const gd_online *o, const double *weights)
{
    if (o->scale) {
        memcpy(t->center, o->center, t->data.cols * sizeof *t->center);
        memcpy(t->scale, o->scale, t->data.cols * sizeof *t->scale);
        gd_objective_scale(t->objective, t->center, t->scale);
        gd_bounds_scale(t);
    }
    memcpy(t->theta, o->theta, t->n * sizeof *t->theta);
    if (weights)
        memcpy(t->row_weights, weights, t->data.rows * sizeof *weights);
    if (o->resumes) {
        t->updates = (uint64_t)o->state[0];
        memcpy(t->optimizer_state, o->state + 1,
               (gd_online_state_len(&t->spec, t->n) - 1) * sizeof *o->state);
    }
    gd_train_begin(t);
}

/* Rows that cost nothing yet cost much more than nothing after a step that serves others, so a
 * higher cost is no failure here; numbers that are none are. */
static bool ran_away(const gd_train *t)
{
    return !gd_train_finite(t) || !gd_all_finite(t->theta, t->n);
}

static gd_status pass(gd_train *t, gd_online *o, gd_error *err)
{
    uint64_t before = t->updates;
    while (t->phase < GD_EPOCHS && gd_train_step(t) != GD_STEP_DONE)
        continue;
    if (t->phase == GD_EPOCHS)
        gd_train_epoch(t);
    if (gd_train_interrupted(t))
        return gd_fail(err, GD_INVALID, "", "the pass was interrupted");
    if (t->phase == GD_EPOCHS && ran_away(t))
        gd_train_explain(t);
    if (t->error.status == GD_OK) {
        gd_train_params_unscaled(t, o->own);
        if (!gd_all_finite(o->own, t->n))
            gd_fail(&t->error, GD_OVERFLOW, "dataset",
                    "the parameters leave the range of double precision in the data's units");
    }
    if (t->error.status != GD_OK) {
        *err = *gd_train_error_named(t, o->names);
        return err->status;
    }
    memcpy(o->theta, t->theta, t->n * sizeof *t->theta);
    o->state[0] = (double)t->updates;
    memcpy(o->state + 1, t->optimizer_state,
           (gd_online_state_len(&t->spec, t->n) - 1) * sizeof *o->state);
    o->learning_rate = t->state.learning_rate;
    o->steps = t->updates - before;
    return GD_OK;
}

gd_status gd_online_pass(gd_online *o, const gd_data *data, const gd_spec *spec,
                         const gd_executor *executor, gd_error *err)
{
    gd_train *t;
    gd_error own;
    gd_spec s = spec_of_pass(spec, o);
    gd_status status = gd_train_new(&t, data, &s, NULL, executor, err ? err : &own);
    if (status != GD_OK)
        return status;
    if (o->resumes && !sound(&t->spec, o, t->n)) {
        status = gd_fail(err, GD_INVALID, "", "the stored state of the optimizer is damaged");
    } else {
        begin(t, o, data->weights);
        status = pass(t, o, err ? err : &own);
    }
    gd_train_free(t);
    return status;
}
