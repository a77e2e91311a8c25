/* stochastic: stopping rules and schedules by the epoch. */
#include "stochastic.h"

void api_sklearn_put_used(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    (void)value;
    api_compat_idle(r, p, "is part of what other rows of this translation became");
}

void api_sklearn_put_stochastic_tol(api_compat_run *r, const api_compat_param *p,
                                    const cJSON *value)
{
    if (cJSON_IsNull(value))
        api_compat_put_number(r, p, "tol", 0, "null: only max_iter ends the training");
    else if (api_compat_flag(r, "early_stopping"))
        api_compat_put_number(r, p, "tol", 0,
                              "early_stopping looks at the validation rows instead");
    else
        api_compat_put_number(r, p, "tol", value->valuedouble,
                              "the improvement that counts: of the mean cost there, relative to it "
                              "here");
}

void api_sklearn_put_no_change(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (!cJSON_IsNumber(value))
        return;
    bool early = api_compat_flag(r, "early_stopping");
    api_compat_put_number(r, p, early ? "patience" : "n_iter_no_change", value->valuedouble,
                          early ? "epochs without a better validation cost" : "the same count");
}

void api_sklearn_put_early_stopping(api_compat_run *r, const api_compat_param *p,
                                    const cJSON *value)
{
    if (cJSON_IsTrue(value))
        api_compat_note(r, "early_stopping watches the validation score in scikit-learn, the "
                           "validation cost here, and here the best parameters come back");
    else
        api_compat_idle(r, p, "training stops by tol");
}

void api_sklearn_put_fraction(api_compat_run *r, const api_compat_param *p, const cJSON *value)
{
    if (api_compat_flag(r, "early_stopping"))
        api_compat_put_number(r, p, "validation_fraction", value->valuedouble, "the same share");
    else
        api_compat_idle(r, p, "counts only with early_stopping");
}

void api_sklearn_plateau(api_compat_run *r, const api_compat_param *p, double patience)
{
    double tol = api_compat_number(r, "tol");
    api_compat_put_word(r, p, "schedule.name", "reduce_on_plateau", "what \"adaptive\" is");
    api_compat_put_number(r, p, "schedule.factor", 0.2, "rates are divided by 5");
    api_compat_put_number(r, p, "schedule.patience", isnan(patience) ? 0 : fmax(patience, 0),
                          "epochs without improvement that are tolerated, by n_iter_no_change");
    api_compat_put_number(r, p, "schedule.threshold", isnan(tol) ? 0 : tol,
                          "tol: of the cost there, relative to it here");
}

void api_sklearn_invscaling(api_compat_run *r, const api_compat_param *p, double base, double n)
{
    double power = api_compat_number(r, "power_t");
    api_compat_put_number(r, p, "learning_rate", base / pow(n, power),
                          "rates fall by samples there, by epochs here: eta / (N epoch)^power_t, "
                          "N = %.0f (the same at the end of each epoch)",
                          n);
    api_compat_put_word(r, p, "schedule.name", "inverse_scaling", "what \"invscaling\" is");
    api_compat_put_number(r, p, "schedule.power", power, "power_t");
}
