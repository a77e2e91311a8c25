/* gd_quadratic_epoch: epochs without a pass over the rows. */
#include "gd_train_private.h"

#include "gd_kernels.h"

#include <math.h>
#include <string.h>

/* A validation cost that is so small a share of its terms has lost digits: an exact pass finds it. */
#define CANCELLED 1e-5

/* Squares within these neither overflow nor vanish. */
#define LEAST_SQUARE 1e-200
#define MOST_SQUARE 1e200

#define SWEEP 64

/* Values that the work of an epoch has beside its arrays. */
#define OVERHEAD 32

/* Two values at a time, on any processor. */
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

bool gd_quadratic_on(const gd_train *t)
{
    return t->quadratic && t->quadratic->on;
}

bool gd_quadratic_spectral(const gd_train *t)
{
    return gd_quadratic_on(t) && t->quadratic->spectral;
}

uint64_t gd_quadratic_epochs(const gd_train *t)
{
    gd_rows aside;
    if (!gd_quadratic_on(t))
        return 1;
    bool flat = t->quadratic->spectral && !gd_train_validation_rows(t, &aside) &&
                t->spec.tol_on != GD_TOL_PARAMETERS;
    return GD_STEP_WORK / (OVERHEAD + (flat ? t->n : 2 * t->n * t->n));
}

void gd_quadratic_product(void *q_, const double *v, double *hv)
{
    const gd_quadratic *q = q_;
    for (size_t i = 0; i < q->n; i++)
        hv[i] = gd_dot(q->hessian + i * q->n, v, q->n);
}

double gd_quadratic_eval(gd_train *t, const double *theta, double *gradient)
{
    gd_quadratic *q = t->quadratic;
    size_t n = q->n;
    double *away = q->work, *g = gradient ? gradient : q->work + n;
    for (size_t i = 0; i < n; i++)
        away[i] = theta[i] - q->optimum[i];
    gd_quadratic_product(q, away, g);
    for (size_t i = 0; i < n; i++)
        g[i] += t->spec.l2 * t->weight[i] * away[i];
    return q->least + 0.5 * gd_dot(g, away, n);
}

/* Exactly, l2 included, as the quadratic has it. */
static double pass_aside(gd_train *t, const double *theta)
{
    gd_rows rows;
    double l2 = 0;
    gd_train_validation_rows(t, &rows);
    for (size_t i = 0; i < t->n; i++)
        l2 += t->spec.l2 * t->weight[i] * theta[i] * theta[i];
    return gd_objective_eval(t->objective, theta, &rows, NULL) / t->aside_weight + 0.5 * l2;
}

double gd_quadratic_aside(gd_train *t, const double *theta)
{
    gd_quadratic *q = t->quadratic;
    size_t n = q->n;
    double *away = q->work, bend = 0;
    for (size_t i = 0; i < n; i++)
        away[i] = theta[i] - q->optimum[i];
    for (size_t i = 0; i < n; i++)
        bend += away[i] * gd_dot(q->aside + i * n, away, n);
    double slope = gd_dot(q->aside_slope, away, n), cost = q->aside_least + slope + 0.5 * bend;
    if (cost < CANCELLED * (q->aside_least + fabs(slope) + 0.5 * bend))
        return pass_aside(t, theta);
    return cost;
}

/* ---- in the eigenbasis ---- */

/* A column that never changes keeps its parameter, to the last bit. */
static bool stays(const gd_train *t, size_t i)
{
    const gd_quadratic *q = t->quadratic;
    return q->hessian[i * q->n + i] == 0 && (t->spec.l2 == 0 || q->start[i] == 0);
}

static void materialise(const gd_train *t, const double *at, double *theta)
{
    const gd_quadratic *q = t->quadratic;
    bool moved = memcmp(at, q->first, q->n * sizeof *at) != 0;
    memcpy(theta, moved ? q->optimum : q->start, q->n * sizeof *theta);
    if (!moved)
        return;
    for (size_t k = 0; k < q->n; k++)
        gd_axpy(at[k], q->vectors + k * q->n, theta, q->n);
    for (size_t i = 0; i < q->n; i++)
        if (stays(t, i))
            theta[i] = q->start[i];
}

static void rotate_back(const gd_quadratic *q, const double *along, double *v)
{
    memset(v, 0, q->n * sizeof *v);
    for (size_t k = 0; k < q->n; k++)
        gd_axpy(along[k], q->vectors + k * q->n, v, q->n);
}

/* Coordinates that have vanished become 0. Every so many epochs, by their number alone. */
static void sweep(gd_quadratic *q, uint64_t epoch)
{
    bool moves = false;
    if (epoch % SWEEP != 0)
        return;
    for (size_t k = 0; k < q->n; k++) {
        q->at[k] = fabs(q->at[k]) < q->nothing ? 0 : q->at[k];
        q->velocity[k] = fabs(q->velocity[k]) < q->still ? 0 : q->velocity[k];
        moves = moves || q->at[k] != 0 || q->velocity[k] != 0;
    }
    q->at_rest = !moves;
}

/* The gradient where `at` is, what the cost is above the least, and the gradient's length. */
static double evaluate(gd_quadratic *q, double *norm)
{
    pair costs[2] = {{0}}, squares[2] = {{0}};
    for (size_t i = 0; i < q->room; i += 4)
        for (size_t k = 0; k < 2; k++) {
            pair x = *(const pair *)(q->at + i + 2 * k);
            pair g = *(const pair *)(q->values + i + 2 * k) * x;
            *(pair *)(q->gradient + i + 2 * k) = g;
            costs[k] += g * x;
            squares[k] += g * g;
        }
    costs[0] += costs[1];
    squares[0] += squares[1];
    double cost = costs[0][0] + costs[0][1], square = squares[0][0] + squares[0][1];
    *norm = square > LEAST_SQUARE && square < MOST_SQUARE ? sqrt(square)
                                                          : gd_norm(q->gradient, q->n);
    return 0.5 * cost;
}

/* How far the parameters have come since the epoch before, which t->finite holds. */
static double relative_change(gd_train *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->v[i] = t->theta[i] - t->finite[i];
    double change = gd_norm(t->v, t->n);
    return change == 0 ? 0 : change / gd_norm(t->theta, t->n);
}

static void update(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    gd_state *s = &t->state;
    t->updates++;
    if (q->at_rest) {
        s->cost = q->least;
        s->gradient_norm = 0;
        return;
    }
    t->spec.optimizer->step(&(gd_update){
        .theta = q->at,
        .gradient = q->gradient,
        .weight = t->weight,
        .n = q->n,
        .end = q->n,
        .learning_rate = s->learning_rate,
        .t = t->updates,
        .state = q->velocity,
        .hyper = &t->spec.optimizer_hyper,
    });
    sweep(q, s->epoch);
    s->cost = q->least + evaluate(q, &s->gradient_norm);
}

void gd_quadratic_epoch(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    gd_state *s = &t->state;
    bool follows = t->spec.tol_on == GD_TOL_PARAMETERS, validates = t->rows.count < t->data.rows;
    update(t);
    if (follows || validates)
        materialise(t, q->at, t->theta);
    s->validation_cost = validates ? gd_quadratic_aside(t, t->theta) : NAN;
    t->change = INFINITY;
    if (!isfinite(s->cost) || !isfinite(s->gradient_norm))
        return;
    if (follows) {
        t->change = relative_change(t);
        memcpy(t->finite, t->theta, t->n * sizeof *t->theta);
    }
    memcpy(q->finite, q->at, q->room * sizeof *q->at);
    s->finite_epoch = s->epoch;
}

void gd_quadratic_keep_best(gd_train *t)
{
    memcpy(t->quadratic->best, t->quadratic->finite, t->quadratic->room * sizeof(double));
}

void gd_quadratic_show(gd_train *t)
{
    gd_quadratic *q = t->quadratic;
    const gd_state *s = &t->state;
    if (!gd_quadratic_spectral(t) || s->epoch == 0)
        return;
    materialise(t, q->at, t->theta);
    rotate_back(q, q->gradient, t->gradient);
    if (t->spec.optimizer->state_len(t->n, &t->spec.optimizer_hyper) == t->n)
        rotate_back(q, q->velocity, t->optimizer_state);
    if (s->finite_epoch == s->epoch)
        memcpy(t->finite, t->theta, t->n * sizeof *t->theta);
    else if (s->finite_epoch > 0)
        materialise(t, q->finite, t->finite);
    if (s->best_epoch == s->finite_epoch)
        memcpy(t->best, t->finite, t->n * sizeof *t->best);
    else if (s->best_epoch > 0)
        materialise(t, q->best, t->best);
}
