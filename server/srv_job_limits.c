/* srv_job_limits: estimates beside settings. */
#include "srv_job_limits.h"

#include "gd_train.h"

#include <unistd.h>

#define MIB 1048576.0

/* What the machine has, where nothing else is set. */
static double memory_limit(const srv_config *c)
{
    if (c->max_job_memory)
        return (double)c->max_job_memory;
    return (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

/* Fits one after the other: of folds, or of penalties on a path. */
static double fits_of(const api_job *job)
{
    return job->cross_validation != API_NO_FOLDS ? (double)job->cross_validation
           : api_job_is_path(job)                ? (double)job->path_points
                                                 : 1;
}

bool srv_job_limits_work(const api_job *job, uint64_t rows, const srv_config *config,
                         api_problem *p)
{
    uint64_t most = config->max_job_work;
    double each = (double)rows * fits_of(job), work = each * (double)job->spec.epochs;
    if (most == 0 || work <= (double)most)
        return true;
    return api_problem_field(p, "epochs",
                             "%llu of %.15g rows are %.3g rows x epochs, but a job may have %.3g "
                             "here (--max-job-work): ask for %.0f epochs at most, or fewer rows",
                             (unsigned long long)job->spec.epochs, each, work, (double)most,
                             (double)most / each);
}

static bool check_memory(const api_job *job, const gd_data *data, bool prepared, double most,
                         api_problem *p)
{
    double bytes = gd_train_bytes(data, &job->spec);
    if (prepared)
        bytes += (double)data->rows * (double)data->cols * sizeof(double);
    return bytes <= most ||
           api_problem_field(p, "model",
                             "training takes about %.0f MiB of memory beside the data, but a job "
                             "may take %.0f MiB here (--max-job-memory): use fewer columns or a "
                             "smaller model",
                             bytes / MIB, most / MIB);
}

static bool check_time(api_job *job, uint64_t most, api_problem *p)
{
    if (most == 0)
        return true;
    if (job->max_seconds == API_NO_LIMIT)
        job->max_seconds = (double)most;
    return job->max_seconds <= (double)most ||
           api_problem_field(p, "max_seconds",
                             "must be at most %llu here (--max-job-seconds), got %.15g",
                             (unsigned long long)most, job->max_seconds);
}

bool srv_job_limits_check(api_job *job, uint64_t rows, size_t features, size_t classes, bool sparse,
                          bool prepared,
                          const srv_config *config, api_problem *p)
{
    const gd_data data = {.rows = (size_t)rows, .cols = features, .classes = classes};
    bool ok = srv_job_limits_work(job, rows, config, p);
    ok = (sparse || check_memory(job, &data, prepared, memory_limit(config), p)) && ok;
    return check_time(job, config->max_job_seconds, p) && ok;
}
