/* srv_new_sweep: a sweep on its way from a request to its rows: each child is checked like a job of
 * its own, then all are stored in one transaction, with the sweep and an inline dataset. */
#ifndef SRV_NEW_SWEEP_H
#define SRV_NEW_SWEEP_H

#include "api_sweep.h"
#include "srv_new_job.h"

typedef struct srv_new_sweep {
    const char *tenant;  /* who asks; borrowed */
    api_sweep sweep;
    srv_ingest ingest;   /* of an inline dataset */
    srv_dataset dataset; /* that all children train on; they borrow it */
    srv_new_job *jobs;   /* jobs_count of them; owned, as are their trials */
    char **trials;       /* JSON, one a job */
    size_t jobs_count;
    cJSON *skipped; /* combinations left out, and why */
    char *spec;     /* JSON */
    char id[SRV_ID_SIZE];
} srv_new_sweep;

/* Reads the request and checks every child. False with the reason in p; srv_new_sweep_free cleans
 * up. */
bool srv_new_sweep_read(srv_new_sweep *n, srv_app *app, const char *body, size_t len,
                        api_problem *p);

/* Stores it and its jobs, all or none. An inline dataset that is not stored is discarded. */
bool srv_new_sweep_store(srv_new_sweep *n, srv_app *app, api_problem *p);

/* Queues its jobs, once stored. */
void srv_new_sweep_start(srv_new_sweep *n, srv_app *app);

void srv_new_sweep_free(srv_new_sweep *n); /* a zeroed one is fine */

#endif
