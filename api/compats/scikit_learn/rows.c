/* rows: translations that several of scikit-learn's estimators share. */
#include "rows.h"

#define SWEEP 100      /* epochs of gradient descent for a sweep of coordinate descent */
#define SWEEP_TOL 1e-4 /* and how much smaller its steps are */

void api_sklearn_put_warm_start(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsTrue(value))
        api_compat_refuse(r, p->name,
                          "is not a setting here: give the job start_from, a model's id");
    else
        api_compat_idle(r, p, "every job starts anew");
}

void api_sklearn_put_positive(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsTrue(value))
        api_compat_put_flag(r, p, "non_negative", true, "the same bound");
    else
        api_compat_idle(r, p, "coefficients are free unless asked");
}

void api_sklearn_put_epochs(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsNumber(value))
        api_compat_put_number(r, p, "epochs", value->valuedouble, "iterations are epochs here");
}

void api_sklearn_put_sweeps(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (cJSON_IsNumber(value))
        api_compat_put_number(r, p, "epochs", fmin(SWEEP * value->valuedouble, 1e9),
                              "an epoch of gradient descent goes less far than a sweep of "
                              "coordinate descent: %d epochs for each",
                              SWEEP);
}

void api_sklearn_put_gradient_tol(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (!cJSON_IsNumber(value))
        return;
    api_compat_put_word(r, p, "tol_on", "gradient", "its solver stops by the gradient");
    api_compat_put_number(r, p, "tol", value->valuedouble,
                          "the gradient of the mean objective: its length here, its largest part "
                          "there (before 1.4 that of the sum)");
}

void api_sklearn_put_sweep_tol(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    api_compat_put_word(r, p, "tol_on", "parameters", "its solver stops by its steps");
    api_compat_put_number(r, p, "tol", SWEEP_TOL * value->valuedouble,
                          "a step of gradient descent is far smaller than a sweep of coordinate "
                          "descent: %g of its tolerance",
                          SWEEP_TOL);
}

void api_sklearn_put_solver(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "solvers differ in their way, not in their minimum");
}

void api_sklearn_solve(api_compat_run *r)
{
    if (api_compat_field(r, "tol") > 0)
        return;
    api_compat_put_word(r, NULL, "tol_on", "parameters", "a measure without units");
    api_compat_put_number(r, NULL, "tol", 1e-10, "the answer there is a formula's");
    if (api_compat_field(r, "epochs") == 0)
        api_compat_put_number(r, NULL, "epochs", 10000, "the answer there is a formula's");
}

double api_sklearn_l1_share(const api_compat_run *r, double ratio)
{
    if (api_compat_is(r, "penalty", "l1"))
        return 1;
    if (api_compat_is(r, "penalty", "l2"))
        return 0;
    return api_compat_is(r, "penalty", "elasticnet") ? ratio : NAN;
}
