/* Cross-entropy of the softmax: log sum exp(z) - z_y, with the largest score taken out so that
 * nothing overflows. The Hessian by z is at most 1/2 (Boehning, 1992). */
#include "gd_cost.h"

#include <math.h>

static double eval(const double *z, const double *y, size_t rows, size_t outputs, double *dz,
                   const void *hyper)
{
    (void)hyper;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        const double *score = z + i * outputs;
        size_t class = (size_t)y[i];
        double top = score[0], total = 0, own = score[class];
        for (size_t k = 1; k < outputs; k++)
            top = fmax(top, score[k]);
        for (size_t k = 0; k < outputs; k++)
            total += exp(score[k] - top);
        /* cppcheck-suppress invalidFunctionArg ; one of the outputs added exp(0) */
        sum += log(total) + (top - own);
        for (size_t k = 0; dz && k < outputs; k++)
            dz[i * outputs + k] = exp(score[k] - top) / total - (k == class);
    }
    return sum;
}

const gd_cost gd_cost_softmax = {
    .name = "softmax",
    .doc = "minus the log of the probability of the class that came",
    .formula = "J = 1/N sum (log sum exp(z) - z_y)",
    .tasks = GD_MULTICLASS,
    .curvature = 0.5,
    .smooth = true,
    .eval = eval,
    .fast = GD_FAST_SOFTMAX,
};
