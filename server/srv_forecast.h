/* srv_forecast: what would become of a job: its data is opened as for a run, a run of it begins and
 * is measured for a fraction of a second, and is thrown away.
 *
 * Of large data evenly spread rows are trained on, and the time is that of all in proportion. A run
 * on all rows that ends within the time has foretold its end exactly.
 */
#ifndef SRV_FORECAST_H
#define SRV_FORECAST_H

#include "api_forecast.h"
#include "gd_diagnose.h"
#include "srv_run.h"

typedef struct srv_forecast {
    api_forecast shown; /* spec, objective, dataset_id and dataset are the caller's to set */
    gd_diagnosis said;
    const char *warnings[GD_MAX_WARNINGS];
    char *error; /* owned */
} srv_forecast;

/* w: with its app, its row's spec (and initial parameters) and its dataset set; opened here. False
 * with the problem in p where the server is at fault; what the job would fail for is no fault. */
bool srv_forecast_make(srv_forecast *f, srv_run *w, api_problem *p);
void srv_forecast_free(srv_forecast *f); /* a zeroed one is fine */

#endif
