/* stochastic: the stopping rules and schedules that SGD* and MLP* share. */
#ifndef API_SKLEARN_STOCHASTIC_H
#define API_SKLEARN_STOCHASTIC_H

#include "rows.h"

void api_sklearn_put_stochastic_tol(api_compat_run *r, const api_compat_param *p,
                                    const cJSON *value);
void api_sklearn_put_no_change(api_compat_run *r, const api_compat_param *p, const cJSON *value);
void api_sklearn_put_early_stopping(api_compat_run *r, const api_compat_param *p,
                                    const cJSON *value);
void api_sklearn_put_fraction(api_compat_run *r, const api_compat_param *p, const cJSON *value);
/* learning_rate "adaptive": a fifth after `patience` + 1 epochs without improvement. */
void api_sklearn_plateau(api_compat_run *r, const api_compat_param *p, double patience);
/* learning_rate "invscaling": from `base` by the power of the samples seen, n an epoch. */
void api_sklearn_invscaling(api_compat_run *r, const api_compat_param *p, double base, double n);
/* A parameter that another row reads. */
void api_sklearn_put_used(api_compat_run *r, const api_compat_param *p, const cJSON *value);

#define API_SKLEARN_STOPPING(no_change)                                                            \
    API_SKLEARN_TOL("1e-4", API_COMPAT_NULL, api_sklearn_put_stochastic_tol),                      \
        API_SKLEARN_COUNT("n_iter_no_change", no_change, "epochs in a row that tol must hold for", \
                          api_sklearn_put_no_change),                                              \
        {API_COMPAT_SWITCH("early_stopping", "false", "stop by a validation split"),               \
         .put = api_sklearn_put_early_stopping},                                                   \
        {.name = "validation_fraction",                                                            \
         .forms = API_COMPAT_NUMBER,                                                               \
         .min_open = true,                                                                         \
         .max = 1,                                                                                 \
         .max_open = true,                                                                         \
         .def = "0.1",                                                                             \
         .doc = "share of the rows set aside by early_stopping",                                   \
         .put = api_sklearn_put_fraction},                                                         \
    {                                                                                              \
        API_COMPAT_SWITCH("shuffle", "true", "visit the rows in a new order each epoch"),          \
            .to = "shuffle", .because = "the same switch"                                          \
    }

#endif
