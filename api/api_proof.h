/* api_proof: what is known about a result beside its numbers, written down: its certificate, its
 * standard errors, the check of its gradient, its decision threshold; and a dataset's diagnostics.
 * Numbers that are not known are null, and a sentence beside them says why. */
#ifndef API_PROOF_H
#define API_PROOF_H

#include "api_doc.h"
#include "gd_certificate.h"
#include "gd_check.h"
#include "gd_diagnose.h"
#include "gd_inference.h"
#include "gd_threshold.h"

/* Members of o (NULL: nothing happens); all pointers borrowed.
 * {"cost", "gradient_norm", "gap", "gap_kind", "relative_gap", "reason"} */
void api_certificate_encode(cJSON *o, const gd_certificate *c);

/* columns: names, as many as the data has. classes: JSON array of labels, or NULL for none; a term
 * of softmax carries its class. {"valid", "reason", "distribution", "level", "sigma", "df",
 * "coefficients": [{"column", "class", "estimate", "std_error", "statistic", "p_value", "low",
 * "high", "vif"}]}; the column of the intercept is null. */
void api_inference_encode(cJSON *o, const gd_inference *r, const char *const *columns, size_t cols,
                          const char *classes);

/* model, shape: for the name of the worst parameter. */
void api_check_encode(cJSON *o, const gd_check *c, const gd_model *model, const gd_shape *shape);

void api_threshold_encode(cJSON *o, const gd_threshold *t, gd_criterion criterion,
                          double parameter);

/* learning_rate: NaN, or one that epochs to `tolerance` are asked for; standardize: for which of
 * the two scalings. */
void api_diagnosis_encode(cJSON *o, const gd_diagnosis *d, double learning_rate, double tolerance,
                          bool standardize);

#endif
