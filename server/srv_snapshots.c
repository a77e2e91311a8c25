/* srv_snapshots: an array that waits for the next flush, and rows. */
#include "srv_snapshots.h"

#include "api_job.h"

#include <stdlib.h>
#include <string.h>

void srv_snapshots_init(srv_snapshots *s, uint64_t every, size_t len)
{
    *s = (srv_snapshots){.every = every, .len = len};
}

void srv_snapshots_free(srv_snapshots *s)
{
    free(s->epochs);
    free(s->values);
    *s = (srv_snapshots){0};
}

bool srv_snapshots_due(const srv_snapshots *s, uint64_t stride, uint64_t epoch)
{
    return s->every != API_NO_RECORD && epoch % (stride * s->every) == 0;
}

static bool grow(srv_snapshots *s)
{
    size_t cap = s->cap ? 2 * s->cap : 4;
    uint64_t *epochs = realloc(s->epochs, cap * sizeof *epochs);
    if (!epochs)
        return false;
    s->epochs = epochs;
    double *values = realloc(s->values, cap * s->len * sizeof *values);
    if (!values)
        return false;
    s->values = values;
    s->cap = cap;
    return true;
}

double *srv_snapshots_add(srv_snapshots *s, uint64_t epoch)
{
    if (s->count == s->cap && !grow(s))
        return NULL;
    s->epochs[s->count] = epoch;
    return s->values + s->len * s->count++;
}

void srv_snapshots_thin(srv_snapshots *s, uint64_t stride)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!srv_snapshots_due(s, stride, s->epochs[i]))
            continue;
        s->epochs[n] = s->epochs[i];
        memmove(s->values + n++ * s->len, s->values + i * s->len, s->len * sizeof *s->values);
    }
    s->count = n;
}

bool srv_snapshots_write(srv_db *db, const srv_snapshots *s, int64_t job, uint64_t stride,
                         bool thinned, size_t cols, size_t outputs, api_problem *p)
{
    if (s->every == API_NO_RECORD)
        return true;
    if (thinned && !srv_db_run(db, SQL_SNAPSHOT_THIN, p, "ii", job, (int64_t)(stride * s->every)))
        return false;
    for (size_t i = 0; i < s->count; i++)
        if (!srv_db_run(db, SQL_SNAPSHOT_INSERT, p, "iiiib", job, (int64_t)s->epochs[i],
                        (int64_t)cols, (int64_t)outputs, (const void *)(s->values + i * s->len),
                        s->len * sizeof *s->values))
            return false;
    return true;
}

void srv_snapshots_written(srv_snapshots *s)
{
    s->count = 0;
}

/* ---- stored ones ---- */

bool srv_no_snapshot(srv_db *db, int64_t job, uint64_t epoch, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_SNAPSHOT_NEAR, p, "ii", job, (int64_t)epoch);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    bool before = !srv_is_null(rows, 0), after = !srv_is_null(rows, 1);
    unsigned long long low = (unsigned long long)srv_integer(rows, 0),
                       high = (unsigned long long)srv_integer(rows, 1), at = epoch;
    srv_db_done(rows);
    if (before && after)
        return api_problem_set(p, API_NOT_FOUND,
                               "the parameters of epoch %llu were not recorded; the nearest that "
                               "were are those of %llu and %llu",
                               at, low, high);
    if (before || after)
        return api_problem_set(p, API_NOT_FOUND,
                               "the parameters of epoch %llu were not recorded; the nearest that "
                               "were are those of %llu",
                               at, before ? low : high);
    return api_problem_set(p, API_NOT_FOUND,
                           "no parameters of this job were recorded on its way: post it with "
                           "record_parameters");
}

/* The number of the job that a model came from. */
static bool job_of(srv_db *db, const char *model_id, int64_t *job, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_MODEL_JOB, p, "t", model_id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    bool there = !srv_is_null(rows, 0);
    *job = srv_integer(rows, 0);
    srv_db_done(rows);
    return there || api_problem_set(p, API_NOT_FOUND,
                                    "the job that trained the model was deleted, and with it the "
                                    "parameters that were recorded on the way");
}

bool srv_snapshot_of_model(srv_db *db, const char *model_id, uint64_t epoch, double *theta,
                           size_t len, api_problem *p)
{
    int64_t job;
    if (!job_of(db, model_id, &job, p))
        return false;
    srv_rows *rows = srv_db_query(db, SQL_SNAPSHOT_GET, p, "ii", job, (int64_t)epoch);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        return srv_no_snapshot(db, job, epoch, p);
    if (step == SRV_FAILED)
        return false;
    size_t bytes;
    const void *blob = srv_blob(rows, 0, &bytes);
    bool fits = bytes == len * sizeof *theta;
    if (fits)
        memcpy(theta, blob, bytes);
    srv_db_done(rows);
    return fits ||
           api_problem_set(p, API_INTERNAL, "the recorded parameters are not of the model's shape");
}
