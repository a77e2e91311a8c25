/* srv_probe: the beginning of a run of training, measured and thrown away.
 *
 * Of large data evenly spread rows are trained on, so many that a pass is short and yet too large
 * for the nearest caches; times are then those of all rows, in proportion.
 */
#ifndef SRV_PROBE_H
#define SRV_PROBE_H

#include "api_problem.h"
#include "gd_train.h"
#include "srv_sparse.h"

typedef struct srv_probe {
    gd_spec spec;
    gd_data data; /* all rows, or some */
    double scale; /* rows there are for each that is trained on: 1 where all are */
    gd_train *train;
    bool ended;                       /* within the time */
    double preparation, an_epoch;     /* seconds; an_epoch NaN when there was none */
    double *X, *y, *weights, *offset; /* of some rows; owned */
    float *X32;                       /* in place of X */
    srv_sparse sparse;                /* in place of both */
} srv_probe;

/* Begins a run. data, initial (may be NULL): borrowed until srv_probe_free. On error p says why,
 * as the run itself would. */
bool srv_probe_begin(srv_probe *b, const gd_data *data, const gd_spec *spec, const double *initial,
                     api_problem *p);

/* Trains until the run ends or a third of a second is over, but an epoch at least. */
void srv_probe_run(srv_probe *b);

/* The largest stable rate of the run, and one that is safe, by its curvature; false where there is
 * none, or it is not found in a tenth of a second. */
bool srv_probe_rates(const srv_probe *b, const double *initial, double *max_stable, double *safe);

void srv_probe_free(srv_probe *b); /* a zeroed one is fine */

#endif
