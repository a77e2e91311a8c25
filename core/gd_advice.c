/* gd_advice: the learning rate is what users get wrong; here they are told which way. */
#include "gd_advice.h"

#include "gd_train_private.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define OUTWEIGHED 1e-4 /* share of the penalty's curvature that the data's must have */

static void __attribute__((format(printf, 2, 3))) say(gd_advice *out, const char *fmt, ...)
{
    if (out->count == GD_ADVICE_MAX)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(out->text[out->count++], sizeof out->text[0], fmt, ap);
    va_end(ap);
}

static void on_rate(const gd_spec *spec, const gd_state *s, gd_advice *out)
{
    /* a schedule lowers the rate on purpose */
    if (spec->schedule == gd_schedules[0] && s->safe_rate > 0 &&
        s->learning_rate < 0.1 * s->safe_rate)
        say(out,
            "learning_rate %.3g crawls: %.3g is safe on this data and %.3g times faster; set it, "
            "or "
            "\"auto\"",
            s->learning_rate, s->safe_rate, s->safe_rate / s->learning_rate);
}

/* One step at 1/L lowers the cost by at least |gradient|^2 / (2L). */
static void on_rest(const gd_train *t, const gd_spec *spec, gd_advice *out)
{
    const gd_state *s = gd_train_state(t);
    if (s->curvature <= 0)
        return;
    double fall = s->gradient_norm * s->gradient_norm / (2 * s->curvature);
    double floor = DBL_EPSILON * t->reference; /* what rounding leaves of a perfect fit stays */
    if (s->stop == GD_STOP_CONVERGED && fall > spec->tol * fmax(s->cost, floor))
        say(out,
            "stopped by tol, not at the minimum: a single step at the rate %.3g would still lower "
            "the cost by %.3g; set a lower tol or a higher learning_rate",
            s->safe_rate, fall);
}

/* Could the optimizer that looks for its steps be used in place of this one? */
static bool lbfgs_would_do(const gd_spec *spec)
{
    return !spec->optimizer->descend && spec->batch_size == GD_FULL_BATCH && spec->cost->smooth &&
           spec->l1 == 0 && !spec->non_negative && !spec->lower;
}

/* The weights are as good as 0 then, and what is not penalised has hardly begun to move. */
static void on_penalty(const gd_spec *spec, const gd_state *s, gd_advice *out)
{
    if (s->curvature > 0 && s->curvature - spec->l2 < OUTWEIGHED * spec->l2)
        say(out,
            "l2 %.3g outweighs the data: it holds the weights at 0, and a rate that is low enough for it, "
            "%.3g, hardly moves anything else, so that tol may end the run anywhere; set it lower",
            spec->l2, s->safe_rate);
}

static void on_epochs(const gd_spec *spec, const gd_state *s, gd_advice *out)
{
    if (s->stop == GD_STOP_MAX_EPOCHS && spec->tol > 0)
        say(out,
            "the cost was still changing by more than tol when epochs ran out: raise epochs%s%s",
            spec->standardize ? "" : ", or set standardize to true, which usually needs far fewer",
            lbfgs_would_do(spec) ? ", or set optimizer to \"lbfgs\", which needs far fewer" : "");
    if (isnan(s->validation_cost) && s->best_epoch < s->epoch &&
        s->cost > s->best_cost * (1 + 1e-3) && s->best_cost > 0)
        say(out,
            "the cost was lower, %.6g, at epoch %llu: the learning_rate is too high to settle; "
            "lower "
            "it%s",
            s->best_cost, (unsigned long long)s->best_epoch,
            spec->batch_size == GD_FULL_BATCH ? "" : ", or use larger batches");
}

static void on_columns(const gd_train *t, const char *const *names, gd_advice *out)
{
    const gd_column *columns = gd_train_columns(t);
    size_t constant = 0, which = 0;
    for (size_t j = 0; columns && j < gd_train_shape(t)->cols; j++)
        if (columns[j].min == columns[j].max && constant++ == 0)
            which = j;
    if (constant == 0 || !gd_train_shape(t)->intercept)
        return;
    char number[32];
    snprintf(number, sizeof number, "%zu", which + 1);
    say(out, "column \"%s\"%s never changes: its coefficient can't be told from the intercept",
        names ? names[which] : number, constant > 1 ? " (and others)" : "");
}

void gd_train_advice_on_run(const gd_train *t, gd_advice *out)
{
    const gd_state *s = gd_train_state(t);
    const gd_spec *spec = gd_train_spec(t);
    out->count = 0;
    if (s->stop == GD_STOP_DIVERGED || spec->schedule->explores || isnan(s->cost))
        return;
    on_rate(spec, s, out);
    on_rest(t, spec, out);
    on_penalty(spec, s, out);
    on_epochs(spec, s, out);
}

void gd_train_advice(const gd_train *t, const char *const *names, gd_advice *out)
{
    const gd_state *s = gd_train_state(t);
    gd_train_advice_on_run(t, out);
    /* of a run that was broken off before its first cost the columns may not be known */
    if (s->stop != GD_STOP_DIVERGED && !gd_train_spec(t)->schedule->explores && !isnan(s->cost))
        on_columns(t, names, out);
}
