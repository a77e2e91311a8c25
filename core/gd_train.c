/* gd_train: making a run, freeing it, and looking in. */
#include "gd_train_private.h"

#include "gd_minibatch.h"
#include "gd_sparse.h"
#include "gd_split.h"
#include "gd_weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *gd_stop_name(gd_stop stop)
{
    switch (stop) {
#define X(name, text)                                                                              \
    case name:                                                                                     \
        return text;
        GD_STOP_LIST(X)
#undef X
    }
    return "";
}

bool gd_all_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

bool gd_full_batch(const gd_train *t)
{
    return t->batch == t->rows.count;
}

bool gd_explained_by_curvature(const gd_train *t)
{
    return t->spec.model->linear && t->spec.cost->curvature > 0 && t->spec.optimizer->stable;
}

bool gd_train_moments_tell(const gd_train *t)
{
    return t->quadratic && !t->data.weights;
}

/* ---- making and freeing ---- */

/* Is y what the model's task takes? */
static gd_status check_targets(const gd_data *d, const gd_model *model, gd_task task, gd_error *err)
{
    bool binary = task == GD_BINARY;
    if ((binary && d->classes != 2) || (task == GD_MULTICLASS && d->classes < 2))
        return gd_fail(err, GD_INVALID, "model", "\"%s\" needs %s classes in the target, got %zu",
                       model->name, binary ? "exactly 2" : "at least 2", d->classes);
    for (size_t i = 0; (task & GD_CLASSES) && i < d->rows; i++)
        if (!(d->y[i] >= 0 && d->y[i] < (double)d->classes && d->y[i] == floor(d->y[i])))
            return gd_fail(err, GD_INVALID, "y", "row %zu: %g is not the number of a class", i + 1,
                           d->y[i]);
    for (size_t i = 0; task == GD_COUNT && i < d->rows; i++)
        if (d->y[i] < 0)
            return gd_fail(err, GD_INVALID, "model",
                           "\"%s\" needs targets of 0 or more, row %zu has %g", model->name, i + 1,
                           d->y[i]);
    return GD_OK;
}

/* A split that the caller has made. */
static gd_status check_split(const gd_data *d, const gd_spec *spec, gd_error *err)
{
    if (d->train_rows == 0)
        return GD_OK;
    if (d->train_rows > d->rows)
        return gd_fail(err, GD_INVALID, "train_rows", "must be in [1, %zu], got %zu", d->rows,
                       d->train_rows);
    if (spec->validation_fraction != GD_NO_VALIDATION)
        return gd_fail(err, GD_INVALID, "validation_fraction",
                       "sets rows aside where others are given to validate on: set it to \"none\"");
    for (size_t i = 0; d->index && i < d->rows; i++)
        if (d->index[i] >= d->rows ||
            (i > 0 && i != d->train_rows && d->index[i] <= d->index[i - 1]))
            return gd_fail(err, GD_INVALID, "index",
                           "must be row numbers, ascending in each part: entry %zu is %lu", i + 1,
                           (unsigned long)d->index[i]);
    return GD_OK;
}

static gd_status check_offset(const gd_data *d, const gd_spec *spec, gd_error *err)
{
    if (d->offset && gd_spec_task(spec, d->classes) == GD_MULTICLASS)
        return gd_fail(err, GD_INVALID, "offset",
                       "is added to the score of every class alike, which changes nothing in "
                       "\"%s\": leave it out",
                       spec->model->name);
    for (size_t i = 0; d->offset && i < d->rows; i++)
        if (!isfinite(d->offset[i]))
            return gd_fail(err, GD_INVALID, "offset", "must be finite numbers, row %zu has %g",
                           i + 1, d->offset[i]);
    return GD_OK;
}

/* A pass keeps the gradient of each block of rows. */
static gd_status check_sums(const gd_data *d, const gd_spec *spec, gd_error *err)
{
    gd_shape shape = gd_spec_shape(spec, d->cols, d->classes);
    size_t block_rows = gd_data_block_rows(d), blocks = (d->rows + block_rows - 1) / block_rows,
           n = spec->model->params_len(&shape);
    if (n <= GD_MAX_SUMS / blocks)
        return GD_OK;
    return gd_fail(
        err, GD_INVALID, "model",
        "has %zu parameters, but with %zu rows at most %zu can be trained: take a smaller "
        "model, or fewer rows",
        n, d->rows, GD_MAX_SUMS / blocks);
}

static gd_status check(const gd_data *d, const gd_spec *spec, const double *initial, gd_error *err)
{
    if (d->rows < 1 || d->rows > GD_MAX_ROWS)
        return gd_fail(err, GD_INVALID, "rows", "must be in [1, %zu], got %zu", GD_MAX_ROWS,
                       d->rows);
    size_t most = gd_data_sparse(d) ? GD_MAX_SPARSE_COLUMNS : GD_MAX_COLUMNS;
    if (d->cols < 1 || d->cols > most)
        return gd_fail(err, GD_INVALID, "columns", "must be in [1, %zu], got %zu", most, d->cols);
    if (!d->y)
        return gd_fail(err, GD_INVALID, "y", "training needs targets");
    gd_shape shape = gd_spec_shape(spec, d->cols, d->classes);
    if (initial && !gd_all_finite(initial, spec->model->params_len(&shape)))
        return gd_fail(err, GD_INVALID, "initial_parameters", "must be finite numbers");
    if (spec->l1 == GD_PATH || spec->l2 == GD_PATH)
        return gd_fail(err, GD_INVALID, spec->l1 == GD_PATH ? "l1" : "l2",
                       "\"path\" stands for a series of runs, each of which needs a number");
    gd_status status = check_targets(d, spec->model, gd_spec_task(spec, d->classes), err);
    if (status == GD_OK)
        status = gd_spec_check_shape(spec, d->cols, d->classes, err);
    if (status == GD_OK)
        status = check_sums(d, spec, err);
    if (status == GD_OK)
        status = check_split(d, spec, err);
    if (status == GD_OK)
        status = check_offset(d, spec, err);
    if (status == GD_OK)
        status = gd_bounds_check(spec, d->cols, err);
    if (status != GD_OK)
        return status;
    gd_spec given = *spec;
    gd_spec_settle(&given, d->classes, true);
    given.split = d->train_rows > 0 && d->train_rows < d->rows;
    return gd_spec_check(&given, err);
}

static void mark_weights(gd_train *t)
{
    gd_part parts[GD_MAX_PARTS];
    size_t count = t->spec.model->layout(&t->shape, parts);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < parts[k].count; i++)
            t->weight[parts[k].offset + i] = !parts[k].bias;
}

void gd_unit_scaling(gd_train *t)
{
    for (size_t j = 0; j < t->data.cols; j++) {
        t->center[j] = 0;
        t->scale[j] = 1;
    }
}

static gd_status set_aside(gd_train *t, gd_error *err)
{
    t->rows = (gd_rows){.count = t->data.rows};
    if (t->data.train_rows) {
        t->split = t->data.index;
        t->rows = (gd_rows){.index = t->split, .count = t->data.train_rows};
    }
    if (t->spec.validation_fraction == GD_NO_VALIDATION)
        return GD_OK;
    t->index = calloc(t->data.rows, sizeof *t->index);
    if (!t->index)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to split the rows");
    size_t train = gd_split(&t->data, t->spec.validation_fraction, t->spec.seed, t->index, err);
    t->split = t->index;
    t->rows = (gd_rows){.index = t->split, .count = train};
    return train ? GD_OK : err ? err->status : GD_INVALID;
}

static gd_status weigh(gd_train *t, gd_error *err)
{
    gd_rows aside;
    t->aside_weight = 1;
    if (!t->data.weights && !t->spec.balanced)
        return GD_OK;
    t->row_weights = calloc(t->data.rows, sizeof *t->row_weights);
    if (!t->row_weights)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for the weights of %zu rows",
                       t->data.rows);
    gd_status status = gd_weights_find(&t->data, &t->rows, t->spec.balanced, t->row_weights, err);
    t->data.weights = t->row_weights;
    if (status != GD_OK || !gd_train_validation_rows(t, &aside))
        return status;
    t->aside_weight = gd_weights_sum(t->row_weights, &aside) / (double)aside.count;
    if (t->aside_weight == 0)
        return gd_fail(err, GD_INVALID, "weights", "are 0 for every row that is validated on");
    return GD_OK;
}

gd_status gd_train_new(gd_train **out, const gd_data *data, const gd_spec *spec,
                       const double *initial, const gd_executor *executor, gd_error *err)
{
    *out = NULL;
    gd_status status = check(data, spec, initial, err);
    if (status != GD_OK)
        return status;
    gd_train *t = calloc(1, sizeof *t);
    if (!t)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory for a run of training");
    t->data = *data;
    t->executor = executor ? executor : &gd_executor_serial;
    t->spec = *spec;
    t->shape = gd_spec_shape(spec, data->cols, data->classes);
    t->n = spec->model->params_len(&t->shape);
    status = set_aside(t, err);
    if (status == GD_OK)
        status = weigh(t, err);
    if (status != GD_OK)
        goto fail;
    t->batch = t->rows.count;
    if (spec->batch_size != GD_FULL_BATCH && spec->batch_size < t->batch)
        t->batch = (size_t)spec->batch_size;
    status = gd_objective_new(&t->objective, &t->data, spec->model, &t->shape, spec->cost,
                              &t->spec.cost_hyper, executor, err);
    if (status != GD_OK)
        goto fail;
    gd_objective_over(t->objective, &t->rows);
    status = gd_quadratic_new(t, executor, err);
    if (status != GD_OK)
        goto fail;
    size_t cols = data->cols, state_len = spec->optimizer->state_len(t->n, &spec->optimizer_hyper);
    size_t lanes = gd_minibatch_room(t);
    t->theta = calloc(7 * t->n + 2 * cols + lanes + state_len, sizeof(double));
    t->columns = calloc(cols, sizeof *t->columns);
    bool looks = spec->standardize && !gd_train_moments_tell(t);
    if (looks)
        t->scratch = calloc(gd_columns_scratch(t->executor, &t->data, &t->rows), sizeof *t->scratch);
    status = gd_train_curvature_new(t, err);
    if (status != GD_OK)
        goto fail;
    bool shuffled = spec->shuffle && t->batch < t->rows.count;
    if (shuffled)
        t->order = calloc(t->rows.count, sizeof *t->order);
    if (!t->theta || !t->columns || (looks && !t->scratch) || (shuffled && !t->order)) {
        status = gd_fail(err, GD_NO_MEMORY, "", "not enough memory to train %zu parameters", t->n);
        goto fail;
    }
    t->finite = t->theta + t->n;
    t->gradient = t->finite + t->n;
    t->mean = t->gradient + t->n;
    t->best = t->mean + t->n;
    t->v = t->best + t->n;
    t->weight = t->v + t->n;
    t->center = t->weight + t->n;
    t->scale = t->center + cols;
    t->optimizer_state = t->scale + cols;
    t->lanes = t->optimizer_state + state_len;
    gd_unit_scaling(t);
    t->spec.model->init(&t->shape, t->spec.seed, t->theta);
    t->moved = initial != NULL;
    if (initial)
        memcpy(t->theta, initial, t->n * sizeof *initial);
    status = gd_bounds_new(t, err);
    if (status != GD_OK)
        goto fail;
    gd_bounds_project(t, t->theta);
    memcpy(t->finite, t->theta, t->n * sizeof *t->theta);
    t->spec.optimizer->init(t->optimizer_state, t->n, &t->spec.optimizer_hyper);
    t->base_rate = t->spec.learning_rate;
    if (t->base_rate == GD_AUTO)
        t->base_rate = t->spec.optimizer->customary_rate; /* 0: found from the curvature */
    t->state.learning_rate = t->base_rate;
    mark_weights(t);
    *out = t;
    return GD_OK;
fail:
    gd_train_free(t);
    return status;
}

void gd_train_free(gd_train *t)
{
    if (!t)
        return;
    gd_objective_free(t->objective);
    gd_quadratic_free(t->quadratic);
    free(t->theta);
    free(t->basis);
    gd_gram_free(t->moments);
    free(t->columns);
    free(t->scratch);
    free(t->order);
    free(t->index);
    free(t->row_weights);
    free(t->own_lower);
    free(t);
}

/* ---- looking in ---- */

const gd_state *gd_train_state(const gd_train *t)
{
    return &t->state;
}

const gd_point *gd_train_best(const gd_train *t)
{
    return &t->best_point;
}

bool gd_train_quadratic(const gd_train *t)
{
    return gd_quadratic_on(t) && t->phase > GD_START;
}

const char *gd_train_epochs_by(const gd_train *t)
{
    if (t->phase <= GD_START)
        return "";
    return gd_quadratic_on(t) ? "moments" : gd_full_batch(t) ? "passes" : "batches";
}

void gd_train_rows(const gd_train *t, gd_rows *train)
{
    *train = t->rows;
}

bool gd_train_validation_rows(const gd_train *t, gd_rows *validation)
{
    *validation = (gd_rows){t->split, t->rows.count, t->data.rows - t->rows.count};
    return validation->count > 0;
}

const gd_error *gd_train_error(const gd_train *t)
{
    return &t->error;
}

bool gd_train_interrupted(const gd_train *t)
{
    return gd_objective_interrupted(t->objective) || (t->quadratic && t->quadratic->interrupted);
}

const gd_data *gd_train_data(const gd_train *t)
{
    return &t->data;
}

const gd_spec *gd_train_spec(const gd_train *t)
{
    return &t->spec;
}

const gd_column *gd_train_columns(const gd_train *t)
{
    return t->spec.standardize && t->phase > GD_SCALING ? t->columns : NULL;
}

const gd_column *gd_train_columns_known(const gd_train *t)
{
    return t->measured ? t->columns : NULL;
}

size_t gd_train_params_len(const gd_train *t)
{
    return t->n;
}

const gd_shape *gd_train_shape(const gd_train *t)
{
    return &t->shape;
}

const double *gd_train_params(const gd_train *t)
{
    return t->finite;
}

const double *gd_train_gradient(const gd_train *t)
{
    return t->gradient;
}

void gd_train_params_unscaled(const gd_train *t, double *out)
{
    t->spec.model->unscale(&t->shape, t->center, t->scale, t->finite, out);
    gd_bounds_project_own(t, t->finite, out);
}

const double *gd_train_center(const gd_train *t)
{
    return t->center;
}

const double *gd_train_scale(const gd_train *t)
{
    return t->scale;
}
