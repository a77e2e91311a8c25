/* gd_spec: the table of a run's hyperparameters. */
#include "gd_spec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define AT(member) .name = #member, .offset = offsetof(gd_spec, member)

static const char *const tol_on_words[] = {"cost", "gradient", "parameters", NULL};
static const char *const dtype_words[] = {"float64", "float32", NULL};

const gd_param gd_spec_params[] = {
    {AT(learning_rate), .kind = GD_NUMBER, .def = GD_AUTO, .min = 0, .min_open = true,
     .max = INFINITY, .word = "auto", .word_value = GD_AUTO,
     .doc = "the step length; \"auto\" is 1/L, L the largest curvature of the objective, or the "
            "optimizer's customary rate, or (lbfgs) found by a search in each epoch"},
    {AT(epochs), .kind = GD_INTEGER, .def = 1000, .min = 1, .max = 1e9,
     .doc = "passes over the data, at most"},
    {AT(batch_size), .kind = GD_INTEGER, .def = GD_FULL_BATCH, .min = 1, .max = (double)GD_MAX_ROWS,
     .word = "full", .word_value = GD_FULL_BATCH,
     .doc = "rows an update: \"full\" for all of them, 1 for single-sample updates"},
    {AT(tol), .kind = GD_NUMBER, .def = 1e-6, .min = 0, .max = 1, .max_open = true,
     .doc =
         "stop when the full objective improves by less, relative to itself (or what tol_on says "
         "is as small); 0 never stops"},
    {AT(tol_on), .kind = GD_CHOICE, .def = GD_TOL_COST, .choices = tol_on_words,
     .doc =
         "what tol is held against: the relative change of the cost, the norm of the gradient, or "
         "the relative change of the parameters"},
    {AT(n_iter_no_change), .kind = GD_INTEGER, .def = GD_AUTO, .min = 1, .max = 1e9, .word = "auto",
     .word_value = GD_AUTO,
     .doc = "epochs in a row that tol must hold for; \"auto\" is 1 for gd with full batches, for "
            "lbfgs and for gradients, else 5"},
    {AT(validation_fraction), .kind = GD_NUMBER, .def = GD_NO_VALIDATION, .min = 0,
     .min_open = true, .max = 1, .max_open = true, .word = "none", .word_value = GD_NO_VALIDATION,
     .doc = "share of the rows (of each class) that is set aside at random to validate on"},
    {AT(patience), .kind = GD_INTEGER, .def = GD_NO_PATIENCE, .min = 1, .max = 1e9, .word = "none",
     .word_value = GD_NO_PATIENCE,
     .doc = "epochs without a lower validation cost before training stops early and gives back the "
            "best parameters"},
    {AT(seed), .kind = GD_INTEGER, .def = 0, .min = 0, .max = GD_MAX_EXACT_INTEGER,
     .doc = "seed of all that is random: shuffle, rows set aside, where an mlp starts; the same seed "
            "gives the same parameters, bit for bit"},
    {AT(l1), .kind = GD_NUMBER, .def = 0, .min = 0, .max = INFINITY, .word = "path",
     .word_value = GD_PATH,
     .doc = "adds l1 |w|_1 to the cost: weights that matter little become exactly 0; "
            "\"path\" for one fit after the other, from the largest l1 down"},
    {AT(l2), .kind = GD_NUMBER, .def = 0, .min = 0, .max = INFINITY, .word = "path",
     .word_value = GD_PATH,
     .doc = "adds l2/2 |w|^2 to the cost: large weights shrink; \"path\" for one fit after the "
            "other, from the largest l2 down"},
    {AT(clip_norm), .kind = GD_NUMBER, .def = GD_NO_CLIP, .min = 0, .min_open = true,
     .max = INFINITY, .word = "none", .word_value = GD_NO_CLIP,
     .doc = "gradients longer than this are shortened to it"},
    {AT(clip_value), .kind = GD_NUMBER, .def = GD_NO_CLIP, .min = 0, .min_open = true,
     .max = INFINITY, .word = "none", .word_value = GD_NO_CLIP,
     .doc = "each part of a gradient is kept within plus and minus this"},
    {AT(average), .kind = GD_BOOLEAN, .def = 0, .max = 1,
     .doc = "report the mean of the parameters over the updates from the second epoch on; for "
            "mini-batches"},
    {AT(shuffle), .kind = GD_BOOLEAN, .def = 1, .max = 1,
     .doc =
         "visit the rows in a new random order each epoch, when batches are smaller than the data"},
    {AT(intercept), .kind = GD_BOOLEAN, .def = 1, .max = 1, .doc = "fit a constant term"},
    {AT(standardize), .kind = GD_BOOLEAN, .def = 1, .max = 1,
     .doc = "scale features inside; parameters are reported in your units and scaled"},
    {AT(non_negative), .kind = GD_BOOLEAN, .def = 0, .max = 1,
     .doc = "keep every coefficient at 0 or above; the intercept is free"},
    {AT(dtype), .kind = GD_CHOICE, .def = GD_FLOAT64, .choices = dtype_words,
     .doc = "the numbers that a network multiplies; \"float32\" takes half the bytes and about half "
            "the time, with costs, sums over many rows and parameters in float64; other models "
            "compute in float64 on what the dataset holds, which has a dtype of its own"},
};

const size_t gd_spec_params_count = sizeof gd_spec_params / sizeof gd_spec_params[0];

/* ---- the task, of a model for several ---- */

/* In the order of gd_task_choices. */
static const gd_task tasks[] = {0, GD_REGRESSION, GD_BINARY, GD_MULTICLASS};

/* The row of the model's hyperparameter "task"; NULL of a model for one task. */
static const gd_param *task_row(const gd_model *m)
{
    for (size_t i = 0; gd_model_several(m) && i < m->params_count; i++)
        if (strcmp(m->params[i].name, "task") == 0)
            return &m->params[i];
    return NULL;
}

/* What is asked for: one task, or the flags of all that it may be. */
static unsigned asked_tasks(const gd_spec *s)
{
    const gd_param *row = task_row(s->model);
    gd_task asked = row ? tasks[(size_t)gd_param_get(&s->model_hyper, row)] : 0;
    return asked ? asked : s->model->task;
}

gd_task gd_spec_task(const gd_spec *s, size_t classes)
{
    unsigned asked = asked_tasks(s);
    if (!task_row(s->model) || asked != s->model->task)
        return (gd_task)asked;
    return classes == 0 ? GD_REGRESSION : classes <= 2 ? GD_BINARY : GD_MULTICLASS;
}

void gd_spec_settle(gd_spec *s, size_t classes, bool cost_given)
{
    const gd_param *row = task_row(s->model);
    gd_task task = gd_spec_task(s, classes);
    gd_error ignored;
    for (size_t i = 1; row && i < sizeof tasks / sizeof tasks[0]; i++)
        if (tasks[i] == task && gd_param_set(&s->model_hyper, row, (double)i, &ignored) != GD_OK)
            return; /* does not happen: the row has these choices */
    if (row && !cost_given)
        gd_spec_default_cost(s);
}

static const gd_cost *default_cost(const gd_spec *s)
{
    size_t i = 0;
    if (!task_row(s->model))
        return gd_cost_find(s->model->default_cost);
    while (!(gd_costs[i]->tasks & asked_tasks(s)))
        i++;
    return gd_costs[i];
}

void gd_spec_default_cost(gd_spec *s)
{
    s->cost = default_cost(s);
    gd_param_defaults(&s->cost_hyper, s->cost->params, s->cost->params_count);
}

void gd_spec_defaults(gd_spec *s)
{
    memset(s, 0, sizeof *s);
    s->model = gd_models[0];
    gd_spec_default_cost(s);
    s->optimizer = gd_optimizers[0];
    s->schedule = gd_schedules[0];
    gd_param_defaults(&s->model_hyper, s->model->params, s->model->params_count);
    gd_param_defaults(&s->optimizer_hyper, s->optimizer->params, s->optimizer->params_count);
    gd_param_defaults(&s->schedule_hyper, s->schedule->params, s->schedule->params_count);
    gd_param_defaults(s, gd_spec_params, gd_spec_params_count);
}

gd_shape gd_spec_shape(const gd_spec *s, size_t cols, size_t classes)
{
    gd_task task = gd_spec_task(s, classes);
    return (gd_shape){.cols = cols,
                      .intercept = s->intercept,
                      .outputs = task == GD_MULTICLASS ? classes : 1,
                      .task = task,
                      .hyper = s->model_hyper,
                      .single = s->dtype == GD_FLOAT32};
}

gd_status gd_spec_check_shape(const gd_spec *s, size_t cols, size_t classes, gd_error *err)
{
    gd_shape shape = gd_spec_shape(s, cols, classes);
    if (!s->model->linear && cols > GD_MAX_COLUMNS)
        return gd_fail(err, GD_INVALID, "model",
                       "\"%s\" takes at most %zu columns, since it fills in the rows of a batch; "
                       "the dataset has %zu: take a linear model",
                       s->model->name, GD_MAX_COLUMNS, cols);
    return s->model->check ? s->model->check(&shape, err) : GD_OK;
}

bool gd_spec_backtracks(const gd_spec *s)
{
    return s->learning_rate == GD_AUTO && !s->optimizer->customary_rate && s->cost->smooth &&
           !s->optimizer->descend && !(s->model->linear && s->cost->curvature > 0);
}

bool gd_spec_bounded(const gd_spec *s)
{
    return s->lower || s->upper || s->non_negative;
}

static const char *bounds_field(const gd_spec *s)
{
    return s->lower || s->upper ? "bounds" : "non_negative";
}

static gd_status check_bounds(const gd_spec *s, gd_error *err)
{
    if (!gd_spec_bounded(s) || (s->model->linear && s->model->task != GD_MULTICLASS))
        return GD_OK;
    return gd_fail(err, GD_INVALID, bounds_field(s),
                   "bounds are for models of one coefficient a column, such as "
                   "\"linear_regression\", \"logistic_regression\" and \"poisson_regression\"; "
                   "\"%s\" has more: leave them out",
                   s->model->name);
}

/* Rules that look for their steps go by the full objective and its slope alone. */
static gd_status check_descent(const gd_spec *s, gd_error *err)
{
    const char *name = s->optimizer->name;
    if (!s->optimizer->descend)
        return GD_OK;
    if (s->batch_size != GD_FULL_BATCH)
        return gd_fail(err, GD_INVALID, "batch_size",
                       "\"%s\" needs full batches: set it to \"full\", or use an optimizer like "
                       "\"adam\"",
                       name);
    if (s->learning_rate != GD_AUTO)
        return gd_fail(err, GD_INVALID, "learning_rate",
                       "\"%s\" finds the length of each step: set it to \"auto\", or use \"gd\" or "
                       "\"momentum\"",
                       name);
    if (s->schedule != gd_schedules[0])
        return gd_fail(err, GD_INVALID, "schedule",
                       "\"%s\" finds the length of each step: use \"constant\", or \"gd\" or "
                       "\"momentum\" with a schedule",
                       name);
    if (s->clip_norm != GD_NO_CLIP || s->clip_value != GD_NO_CLIP)
        return gd_fail(err, GD_INVALID, s->clip_norm != GD_NO_CLIP ? "clip_norm" : "clip_value",
                       "is for optimizers that take one step an epoch or batch; \"%s\" bounds its "
                       "steps itself: set it to \"none\"",
                       name);
    if (s->l1 != 0)
        return gd_fail(
            err, GD_INVALID, "l1",
            "needs the proximal step of gd, momentum or nesterov: \"%s\" has none; use l2 "
            "with it, or one of those",
            name);
    if (gd_spec_bounded(s))
        return gd_fail(err, GD_INVALID, bounds_field(s),
                       "needs an optimizer with projected steps: \"%s\" has none; use \"gd\" or "
                       "\"momentum\"",
                       name);
    if (!s->cost->smooth)
        return gd_fail(err, GD_INVALID, "optimizer",
                       "\"%s\" needs a cost whose slope does not jump, such as \"huber\"; with "
                       "\"%s\" use an optimizer like \"adam\"",
                       name, s->cost->name);
    return GD_OK;
}

/* Why the curvature has no bound: what "auto" has to look for its rate with. */
static const char *unbounded(const gd_spec *s, char name[96])
{
    if (s->model->linear)
        snprintf(name, 96, "cost \"%s\"", s->cost->name);
    else
        snprintf(name, 96, "model \"%s\"", s->model->name);
    return name;
}

static gd_status check_cost(const gd_spec *s, gd_error *err)
{
    unsigned asked = asked_tasks(s);
    if (asked & s->cost->tasks)
        return GD_OK;
    char names[200] = "", task[64] = "";
    for (size_t i = 0, at = 0; i < gd_costs_count && at < sizeof names; i++)
        if (gd_costs[i]->tasks & asked)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s\"%s\"", at ? ", " : "",
                                   gd_costs[i]->name);
    for (size_t i = 1; gd_model_several(s->model) && i < sizeof tasks / sizeof tasks[0]; i++)
        if (tasks[i] == asked)
            snprintf(task, sizeof task, " with task \"%s\"", gd_task_choices[i]);
    return gd_fail(err, GD_INVALID, "cost", "\"%s\" does not fit model \"%s\"%s; use one of %s%s",
                   s->cost->name, s->model->name, task, names,
                   *task ? ", or set model.task" : "");
}

gd_status gd_spec_check(const gd_spec *s, gd_error *err)
{
    char name[96];
    gd_status status = check_cost(s, err); /* first: the others speak of the cost */
    if (status == GD_OK)
        status = check_bounds(s, err);
    if (status == GD_OK)
        status = check_descent(s, err);
    if (status != GD_OK)
        return status;
    if (s->dtype == GD_FLOAT32 && !s->model->single)
        return gd_fail(err, GD_INVALID, "dtype",
                       "\"float32\" is for models with a path in single precision, such as "
                       "\"mlp\"; \"%s\" computes in \"float64\" on what the dataset holds: leave "
                       "it at that, and upload the dataset with \"dtype\": \"float32\" to read "
                       "half the bytes",
                       s->model->name);
    if (s->patience != GD_NO_PATIENCE && s->validation_fraction == GD_NO_VALIDATION && !s->split)
        return gd_fail(
            err, GD_INVALID, "patience",
            "watches the validation cost: set validation_fraction, or patience to \"none\"");
    if (s->average && s->batch_size == GD_FULL_BATCH)
        return gd_fail(err, GD_INVALID, "average",
                       "is for mini-batches: set batch_size, or average to false");
    if (s->l1 != 0 && !s->optimizer->gain)
        return gd_fail(err, GD_INVALID, "l1",
                       "needs the proximal step of gd, momentum or nesterov; \"%s\" has none",
                       s->optimizer->name);
    if (s->learning_rate == GD_AUTO && !s->optimizer->customary_rate && !s->cost->smooth)
        return gd_fail(err, GD_INVALID, "learning_rate",
                       "\"auto\" needs a cost whose slope does not jump, such as \"huber\"; with "
                       "\"%s\" give a number, or use an optimizer like \"adam\"",
                       s->cost->name);
    if (gd_spec_backtracks(s) && s->schedule != gd_schedules[0])
        return gd_fail(err, GD_INVALID, "schedule",
                       "needs a number for learning_rate: with %s, \"auto\" looks for the rate of each "
                       "epoch",
                       unbounded(s, name));
    if (gd_spec_backtracks(s) &&
        (s->optimizer != gd_optimizers[0] || s->batch_size != GD_FULL_BATCH))
        return gd_fail(
            err, GD_INVALID, "learning_rate",
            "\"auto\" with %s needs gd and full batches; give a number, or use an optimizer like "
            "\"adam\"",
            unbounded(s, name));
    return GD_OK;
}
