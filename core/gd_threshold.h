/* gd_threshold: from which probability (or score) on a row counts as class 1.
 *
 * Chosen on rows whose classes are known, best those validated on, as SageMaker's Linear Learner
 * does by binary_classifier_model_selection_criteria. A row is positive where its score is at least
 * the threshold; thresholds tried are the scores themselves, so rows of one score go together.
 */
#ifndef GD_THRESHOLD_H
#define GD_THRESHOLD_H

#include "gd_error.h"
#include "gd_exec.h"

#include <stddef.h>

/* X(enumerator, word) */
#define GD_CRITERION_LIST(X)                                                                       \
    X(GD_F_BETA, "f_beta")                                                                         \
    X(GD_PRECISION_AT_TARGET_RECALL, "precision_at_target_recall")                                 \
    X(GD_RECALL_AT_TARGET_PRECISION, "recall_at_target_precision")

typedef enum gd_criterion {
#define X(name, word) name,
    GD_CRITERION_LIST(X)
#undef X
} gd_criterion;

const char *gd_criterion_name(gd_criterion criterion);

typedef struct gd_threshold {
    double threshold;
    double precision, recall, f_beta; /* there; precision is NaN where no row is positive */
    double value;                     /* of the criterion */
} gd_threshold;

/* scores, y (0 or 1): n values each; weights: n values, or NULL. parameter: beta > 0, or the
 * target in (0, 1]. Of equal values the higher threshold is taken. recall_at_target_precision
 * fails with GD_INVALID where no threshold reaches the target; so does data with one class only.
 * executor: NULL is the serial one; GD_INTERRUPTED when it broke the work off. */
gd_status gd_threshold_find(gd_threshold *out, gd_criterion criterion, double parameter,
                            const double *scores, const double *y, const double *weights, size_t n,
                            const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

#endif
