/* gd_facts: see gd_facts.h. */
#include "gd_facts.h"

#include "gd_newton.h"

gd_status gd_facts_find(gd_certificate *certificate, gd_inference **inference, const gd_fit *fit,
                        const double *weights, double level, double work,
                        const gd_executor *executor, gd_error *err)
{
    gd_first_step first = {0};
    gd_fit given = *fit;
    given.weights = weights;
    /* standard errors first: the search for a certificate moves on from the step */
    gd_status status = gd_inference_from(inference, &given, level, work, &first, executor, err);
    if (status == GD_OK)
        status = gd_certificate_from(certificate, fit, work, &first, executor, err);
    gd_first_step_free(&first);
    if (status != GD_OK) {
        gd_inference_free(*inference);
        *inference = NULL;
    }
    return status;
}
