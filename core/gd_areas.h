/* gd_areas: how well scores tell two classes apart, whatever the threshold. */
#ifndef GD_AREAS_H
#define GD_AREAS_H

#include "gd_error.h"
#include "gd_exec.h"

typedef struct gd_areas {
    double roc; /* under the ROC curve, by the trapezoidal rule, ties taken together (Fawcett,
                   2006); NaN where there is one class alone */
    double pr;  /* average precision, the sum over thresholds of precision times the gain in recall;
                   NaN where class 1 is missing */
} gd_areas;

/* scores, y: n values each, n at most GD_MAX_ROWS; rows of y == 1 are positive. NaN, which a broken
 * model may score, is below every number. The classes are sorted apart, each by one of the
 * executor's hands (NULL: the serial one); GD_INTERRUPTED when it broke that off. */
gd_status gd_areas_find(gd_areas *out, const double *scores, const double *y, size_t n,
                        const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

#endif
