/* srv_update: a stored model takes in further rows, in one pass over them. */
#ifndef SRV_UPDATE_H
#define SRV_UPDATE_H

#include "api_update.h"
#include "srv_input.h"

/* A model as it is loaded to be updated; all owned. */
typedef struct srv_update {
    srv_model model;
    char *optimizer; /* what the stored state is of (api_update_optimizer), or NULL */
    double *state;   /* state_len doubles, or NULL */
    size_t state_len;
    /* of the pass */
    double cost_before, cost_after; /* mean over the rows, as srv_mean_cost */
    double learning_rate;
    uint64_t steps;
} srv_update;

/* Rows times parameters in one request: some seconds of work. */
#define SRV_UPDATE_WORK 2e9

/* u->model.model is NULL when there is no such model. False with the reason in p. The caller frees
 * *u with srv_update_free, after an error too. */
bool srv_update_load(srv_db *db, const char *id, srv_update *u, api_problem *p);

/* Moves the parameters of u->model. False with the reason in p; they are as before then. */
bool srv_update_pass(srv_update *u, const api_update *how, const gd_data *rows, api_problem *p);

/* Writes it as the version after the one that was loaded; *found says whether that one was still
 * there. */
bool srv_update_write(srv_db *db, const srv_update *u, const char *id, const char *now, bool *found,
                      api_problem *p);

void srv_update_free(srv_update *u);

#endif
