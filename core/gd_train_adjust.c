/* gd_train_adjust: settings of a run that change while it runs. */
#include "gd_train_private.h"

#include <math.h>
#include <string.h>

static gd_status set(gd_spec *s, const char *name, double value, gd_error *err)
{
    for (size_t i = 0; i < gd_spec_params_count; i++)
        if (strcmp(gd_spec_params[i].name, name) == 0)
            return gd_param_set(s, &gd_spec_params[i], value, err);
    return gd_fail(err, GD_INVALID, name, "is no setting");
}

static gd_status check_rate(const gd_train *t, double rate, gd_error *err)
{
    if (t->spec.optimizer->descend)
        return gd_fail(err, GD_INVALID, "learning_rate", "\"%s\" finds the length of each step",
                       t->spec.optimizer->name);
    if (rate == GD_AUTO)
        return gd_fail(err, GD_INVALID, "learning_rate", "must be a number greater than 0, got 0");
    return GD_OK;
}

static gd_status check_epochs(const gd_train *t, uint64_t epochs, gd_error *err)
{
    if (epochs > 0 && epochs <= t->state.epoch)
        return gd_fail(err, GD_INVALID, "epochs",
                       "must be more than the %llu that have run, got %llu; to end the run now, "
                       "stop it",
                       (unsigned long long)t->state.epoch, (unsigned long long)epochs);
    return GD_OK;
}

gd_status gd_train_adjust(gd_train *t, double learning_rate, double tol, uint64_t epochs,
                          gd_error *err)
{
    gd_spec changed = t->spec;
    if (t->phase > GD_EPOCHS)
        return gd_fail(err, GD_INVALID, "", "the run has ended");
    gd_status status = check_epochs(t, epochs, err);
    if (status == GD_OK && !isnan(learning_rate))
        status = check_rate(t, learning_rate, err);
    if (status == GD_OK && !isnan(learning_rate))
        status = set(&changed, "learning_rate", learning_rate, err);
    if (status == GD_OK && !isnan(tol))
        status = set(&changed, "tol", tol, err);
    if (status == GD_OK && epochs > 0)
        status = set(&changed, "epochs", (double)epochs, err);
    if (status != GD_OK)
        return status;
    t->spec = changed;
    if (!isnan(learning_rate)) {
        t->base_rate = learning_rate;
        if (t->phase == GD_CURVATURE) /* nothing to look for any more */
            t->phase = GD_START;
        if (t->phase < GD_EPOCHS)
            t->state.learning_rate = learning_rate;
    }
    return GD_OK;
}
