/* srv_kept: from a job's settings. */
#include "srv_kept.h"

#include "gd_optimizer.h"

#include <math.h>
#include <string.h>

/* Values a parameter that a checkpoint has beside the optimizer's. */
#define SAVED_VALUES 9

/* Of what is said of a part. */
#define PART_BYTES 1000

int64_t srv_kept_at_most(const api_job *job, const gd_shape *shape)
{
    const gd_spec *s = &job->spec;
    const double word = sizeof(double), epochs = (double)s->epochs + 1;
    size_t n = s->model->params_len(shape);
    double parameters = (double)n, cols = (double)shape->cols,
           parts = job->cross_validation != API_NO_FOLDS ? (double)job->cross_validation + 1
                   : api_job_is_path(job)                ? (double)job->path_points + 1
                                                         : 1;
    double points = parts * epochs;
    if (job->history_points != API_ALL_POINTS)
        points = fmin(points, (double)job->history_points);
    double bytes = SRV_POINT_BYTES * points;
    if (job->record_parameters != API_NO_RECORD)
        bytes += word * parameters * ceil(points / (double)job->record_parameters);
    if (parts > 1)
        bytes += parts * (PART_BYTES + word * parameters);
    bytes += word *
             (SAVED_VALUES * parameters + (double)s->optimizer->state_len(n, &s->optimizer_hyper));
    bytes += SRV_MODEL_BYTES + word * (2 * parameters + 2 * cols) +
             (s->model->linear ? SRV_PARAMETER_BYTES * parameters : 0);
    return (int64_t)fmin(bytes, 1e18);
}

int64_t srv_kept_text(const char *text)
{
    return text ? (int64_t)strlen(text) : 0;
}
