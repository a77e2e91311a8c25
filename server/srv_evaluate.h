/* srv_evaluate: a stored model held against rows: its metrics and its cost. */
#ifndef SRV_EVALUATE_H
#define SRV_EVALUATE_H

#include "srv_input.h"

typedef struct srv_evaluation {
    double cost;      /* mean over the rows, by the cost that the model was trained with */
    double objective; /* the same with the penalty of the parameters as trained */
    char *metrics;    /* JSON; owned */
} srv_evaluation;

/* Rows times parameters in one request: some seconds of work. */
#define SRV_EVALUATE_WORK 1e10

/* False with the reason in p. */
bool srv_evaluate(const srv_model *m, const gd_data *data, srv_evaluation *out, api_problem *p);

/* The mean over the rows, each counted once, of the cost that the model was trained with. */
gd_status srv_mean_cost(const srv_model *m, const gd_data *data, double *out, gd_error *err);

#endif
