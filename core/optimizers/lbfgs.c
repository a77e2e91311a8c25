/* L-BFGS (Nocedal, 1980; Liu, Nocedal, 1989), as algorithms 7.4 and 7.5 of Nocedal, Wright,
 * Numerical Optimization, 2nd ed., 2006: the inverse Hessian is known by the last steps and how
 * the gradient changed over them, and each epoch goes along -H g as far as a line search finds
 * best. */
#include "gd_kernels.h"
#include "gd_line_search.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ARMIJO 1e-4 /* c1 */

typedef struct hyper {
    uint64_t history_size, max_line_search;
    double c2;
} hyper;

static const gd_param params[] = {
    {.name = "history_size",
     .kind = GD_INTEGER,
     .offset = offsetof(hyper, history_size),
     .def = 10,
     .min = 1,
     .max = 100,
     .doc = "steps that the curvature is known by"},
    {.name = "max_line_search",
     .kind = GD_INTEGER,
     .offset = offsetof(hyper, max_line_search),
     .def = 25,
     .min = 1,
     .max = 1000,
     .doc = "passes over the data that an epoch may take, at most, to find its step"},
    {.name = "c2",
     .kind = GD_NUMBER,
     .offset = offsetof(hyper, c2),
     .def = 0.9,
     .min = 1e-3,
     .max = 1,
     .max_open = true,
     .doc = "how flat a step must end, as a share of the slope that it began on; lower ones take "
            "longer to find"},
};

/* The state: how many pairs there are and where the next one goes; of each pair 1 / (s . y), s and
 * y; then room to work. */
typedef struct memory {
    double *count, *next, *rho, *s, *y;
    double *direction, *from, *gradient, *alpha;
    size_t n, most;
} memory;

static size_t state_len(size_t n, const void *hyper_)
{
    const hyper *h = hyper_;
    size_t m = (size_t)h->history_size;
    return 2 + 2 * m + 2 * m * n + 3 * n;
}

static void init(double *state, size_t n, const void *hyper_)
{
    memset(state, 0, state_len(n, hyper_) * sizeof *state);
}

/* That the pairs are within the memory. */
static bool sound(const double *state, size_t n, const void *hyper_)
{
    double most = (double)((const hyper *)hyper_)->history_size, count = state[0], next = state[1];
    (void)n;
    return count >= 0 && count <= most && count == floor(count) && next >= 0 && next < most &&
           next == floor(next);
}

static memory memory_of(const gd_descent *d)
{
    size_t m = (size_t)((const hyper *)d->hyper)->history_size;
    memory w = {.count = d->state, .next = d->state + 1, .n = d->n, .most = m};
    w.rho = w.next + 1;
    w.alpha = w.rho + m;
    w.s = w.alpha + m;
    w.y = w.s + m * d->n;
    w.direction = w.y + m * d->n;
    w.from = w.direction + d->n;
    w.gradient = w.from + d->n;
    return w;
}

/* The pair that is `age` steps old, 1 the newest. */
static size_t pair(const memory *w, size_t age)
{
    return ((size_t)*w->next + w->most - age) % w->most;
}

/* direction = -H g, by two loops over the pairs; H begins as a multiple of the identity. */
static void find_direction(memory *w)
{
    double *q = w->direction;
    size_t n = w->n, count = (size_t)*w->count;
    for (size_t i = 0; i < n; i++)
        q[i] = -w->gradient[i];
    if (count == 0) { /* a first step no longer than 1 */
        double norm = gd_norm(w->gradient, n);
        for (size_t i = 0; i < n; i++)
            q[i] /= fmax(1, norm);
        return;
    }
    for (size_t age = 1; age <= count; age++) {
        size_t k = pair(w, age);
        w->alpha[k] = w->rho[k] * gd_dot(w->s + k * n, q, n);
        gd_axpy(-w->alpha[k], w->y + k * n, q, n);
    }
    const double *y = w->y + pair(w, 1) * n;
    double gamma = 1 / (w->rho[pair(w, 1)] * gd_dot(y, y, n));
    for (size_t i = 0; i < n; i++)
        q[i] *= gamma;
    for (size_t age = count; age > 0; age--) {
        size_t k = pair(w, age);
        double beta = w->rho[k] * gd_dot(w->y + k * n, q, n);
        gd_axpy(w->alpha[k] - beta, w->s + k * n, q, n);
    }
}

/* Remembers the step that was made, unless it shows no curvature. */
static void remember(memory *w, const gd_descent *d)
{
    size_t k = (size_t)*w->next, n = w->n;
    double *s = w->s + k * n, *y = w->y + k * n;
    for (size_t i = 0; i < n; i++) {
        s[i] = d->theta[i] - w->from[i];
        y[i] = d->gradient[i] - w->gradient[i];
    }
    double sy = gd_dot(s, y, n);
    if (!(sy > DBL_EPSILON * gd_norm(s, n) * gd_norm(y, n)) || !isfinite(1 / sy))
        return;
    w->rho[k] = 1 / sy;
    *w->next = (double)((k + 1) % w->most);
    *w->count = fmin(*w->count + 1, (double)w->most);
}

/* Along the direction; the step is 0 when nothing there is lower. */
static double search(gd_descent *d, memory *w, double cost)
{
    const hyper *h = d->hyper;
    double norm = gd_norm(w->gradient, w->n), lower = 0;
    gd_line line = {.d = d,
                    .from = w->from,
                    .direction = w->direction,
                    .cost = cost,
                    .slope = gd_dot(w->gradient, w->direction, w->n),
                    .norm = norm,
                    .c1 = ARMIJO,
                    .c2 = h->c2,
                    .most = h->max_line_search};
    if (!(line.slope < -DBL_EPSILON * norm * gd_norm(w->direction, w->n)) || !isfinite(line.slope))
        return 0; /* it does not lead down */
    double step = gd_line_search(&line, 1, &lower);
    if (step == 0 && lower > 0) {
        gd_line_at(&line, lower);
        step = lower;
    }
    return step;
}

static void descend(gd_descent *d)
{
    memory w = memory_of(d);
    double cost = d->cost, step;
    memcpy(w.from, d->theta, d->n * sizeof *w.from);
    memcpy(w.gradient, d->gradient, d->n * sizeof *w.gradient);
    find_direction(&w);
    step = search(d, &w, cost);
    if (step == 0 && *w.count > 0) { /* what is remembered misleads: begin anew, steepest down */
        *w.count = 0;
        find_direction(&w);
        step = search(d, &w, cost);
    }
    d->step_length = step;
    if (step > 0) {
        remember(&w, d);
        return;
    }
    memcpy(d->theta, w.from, d->n * sizeof *w.from);
    memcpy(d->gradient, w.gradient, d->n * sizeof *w.gradient);
    d->cost = cost;
}

const gd_optimizer gd_optimizer_lbfgs = {
    .name = "lbfgs",
    .alias = "l-bfgs",
    .doc = "a quasi-Newton method with a line search, for full batches: far fewer epochs, of a few "
           "passes each",
    .source = "theta <- theta - a H g, H by the last history_size steps, a by the strong Wolfe "
              "conditions (Liu, Nocedal, 1989)",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .state_len = state_len,
    .init = init,
    .sound = sound,
    .descend = descend,
};
