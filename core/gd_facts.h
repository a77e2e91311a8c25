/* gd_facts: what is known of a fit once it has been made: its certificate and its standard errors.
 * Both begin with the same step of Newton's method, for which the rows are passed over once. */
#ifndef GD_FACTS_H
#define GD_FACTS_H

#include "gd_certificate.h"
#include "gd_inference.h"

/* As gd_certificate_find and gd_inference_new say, to a rounding. weights: of the rows as they were
 * given, for the standard errors. On error *inference is NULL, and the certificate nothing. */
gd_status gd_facts_find(gd_certificate *certificate, gd_inference **inference, const gd_fit *fit,
                        const double *weights, double level, double work,
                        const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

#endif
