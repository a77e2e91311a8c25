/* gd_adam: the moments. */
#include "gd_adam.h"

#include <math.h>

void gd_adam_moments(const gd_update *u, const gd_adam *h)
{
    double *m = u->state, *v = u->state + u->n;
    for (size_t i = u->first; i < u->end; i++) {
        double g = u->gradient[i];
        m[i] = h->beta1 * m[i] + (1 - h->beta1) * g;
        v[i] = h->beta2 * v[i] + (1 - h->beta2) * (g * g);
    }
}

double gd_adam_bias(double beta, uint64_t t)
{
    /* beta^t < exp(-40), which is nothing beside 1 */
    return (1 - beta) * (double)t > 40 ? 1 : 1 - pow(beta, (double)t);
}
