/* gd_train_bytes: what a run takes of memory, told before there is one. It follows what
 * gd_train_new and gd_objective_new ask for; small things are left out. */
#include "gd_train_private.h"

#include "gd_curvature.h"
#include "gd_sparse.h"

#include <math.h>

double gd_train_bytes(const gd_data *data, const gd_spec *spec)
{
    gd_shape shape = gd_spec_shape(spec, data->cols, data->classes);
    const gd_model *m = spec->model;
    double rows = (double)data->rows, cols = (double)data->cols, n = (double)m->params_len(&shape),
           block = (double)gd_data_block_rows(data), blocks = ceil(rows / block);
    bool explained = m->linear && spec->cost->curvature > 0 && spec->optimizer->stable,
         batches = spec->batch_size != GD_FULL_BATCH && spec->batch_size < data->rows,
         bounded = gd_spec_bounded(spec);
    /* parameters and what belongs to each; a pass's sums; a tile of rows, with its scores */
    double values = 7 * n;
    values += (double)spec->optimizer->state_len(m->params_len(&shape), &spec->optimizer_hyper);
    values += (bounded ? 4 * n : 0) + blocks * (1 + n) + 8 * cols;
    values += (double)gd_shape_tile(m, &shape) *
              (cols + (double)shape.outputs + 3 + (double)gd_shape_work(m, &shape));
    if (explained)
        values += (double)gd_curvature_len(data->cols + shape.intercept);
    if (data->weights || spec->balanced)
        values += rows;
    double numbers = (spec->validation_fraction != GD_NO_VALIDATION ? rows : 0) +
                     (batches && spec->shuffle ? rows : 0);
    return gd_quadratic_bytes(data, spec) + (explained ? gd_train_curvature_bytes(data, spec) : 0) +
           values * (double)sizeof(double) + numbers * (double)sizeof(uint32_t);
}
