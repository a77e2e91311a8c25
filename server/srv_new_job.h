/* srv_new_job: a job on its way from a request to its row: checked against its data, its spec
 * settled, stored, queued. For single jobs, replays and the children of sweeps alike.
 */
#ifndef SRV_NEW_JOB_H
#define SRV_NEW_JOB_H

#include "srv_app.h"
#include "srv_clock.h"
#include "srv_ingest.h"
#include "srv_view.h"

typedef struct srv_new_job {
    api_job job;            /* as decoded; owned */
    const char *tenant;     /* who asks; borrowed; what is named must be theirs */
    srv_ingest *ingest;     /* of an inline dataset that is recorded with the job, or NULL */
    srv_dataset dataset;    /* owned */
    double *initial;        /* the parameters of the model it starts from, or NULL; owned */
    size_t initial_len;     /* values */
    char *initial_columns;  /* JSON: that model's columns; owned */
    char *spec, *objective; /* JSON, resolved; owned; set by check */
    const char *replay_of;  /* id of a job, or NULL; borrowed, as is the next */
    const char *expected;   /* of a replay: the proof of that job; borrowed */
    const char *sweep_id;   /* of the sweep that it belongs to, or NULL */
    const char *trial;      /* JSON: its number and settings in that sweep, or NULL */
    char id[SRV_ID_SIZE], created_at[SRV_TIME_SIZE]; /* set by srv_new_job_name */
    int64_t kept; /* that it may keep in the database, at most; set by check */
    int64_t seq; /* of its row; set by srv_new_jobs_record */
} srv_new_job;

/* Takes the dataset from n->ingest, which has finished. */
bool srv_new_job_ingested(srv_new_job *n, api_problem *p);

/* Everything that is checked before anything is stored: the dataset is there and has the columns
 * that are named, the model fits its target, the one to start from fits too. Settles what follows
 * from the data, and writes the spec. False with the fields in p. */
bool srv_new_job_check(srv_new_job *n, srv_app *app, api_problem *p);

/* Gives it its id and the time. */
void srv_new_job_name(srv_new_job *n);

/* Writes rows of `count` jobs that were given their names, and those of inline datasets, for work in
 * a transaction; all of one tenant, whose quotas must allow for them. */
bool srv_new_jobs_record(srv_db *db, srv_new_job *jobs, size_t count, const srv_config *config,
                         api_problem *p);

/* Names and stores `count` jobs in one transaction, with what `also` (may be NULL) writes before them. All
 * or none; false with the reason in p. */
bool srv_new_jobs_store(srv_new_job *jobs, size_t count, srv_work *also, void *arg, srv_app *app,
                        api_problem *p);

/* Queues them, once stored. */
void srv_new_jobs_start(const srv_new_job *jobs, size_t count, srv_app *app);

void srv_new_job_free(srv_new_job *n); /* a zeroed one is fine */

#endif
