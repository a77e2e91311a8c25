/* srv_probe: some rows, and a clock beside the loop. */
#include "srv_probe.h"

#include "gd_sparse.h"
#include "srv_clock.h"
#include "srv_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RUN_SECONDS 0.3
#define RATE_SECONDS 0.1

/* Rows that are trained on, at most: a pass over them takes milliseconds, also where rows are
 * visited one by one. */
#define VALUES 1e6 /* rows times columns or parameters, whichever are more */
#define ROWS 2e5

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for a dry run");
}

/* ---- rows ---- */

/* Rows `from` .. `from + count`, `n` of them, evenly spread. */
static void spread(uint32_t *index, size_t n, size_t from, size_t count)
{
    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)(from + (size_t)((double)i * (double)count / (double)n));
}

/* bytes: of a row. */
static void *take(const void *from, const uint32_t *index, size_t n, size_t bytes)
{
    char *to = from ? malloc(n * bytes) : NULL;
    for (size_t i = 0; to && i < n; i++)
        memcpy(to + i * bytes, (const char *)from + (size_t)index[i] * bytes, bytes);
    return to;
}

/* Of each part of a split in proportion, and at least one. */
static bool take_some(srv_probe *b, const gd_data *d, size_t most, api_problem *p)
{
    size_t first = d->train_rows ? d->train_rows : d->rows, rest = d->rows - first,
           some = (size_t)ceil((double)most * (double)first / (double)d->rows),
           others = (size_t)ceil((double)most * (double)rest / (double)d->rows), n = some + others;
    uint32_t *index = malloc(n * sizeof *index);
    if (!index)
        return no_memory(p);
    spread(index, some, 0, first);
    spread(index + some, others, first, rest);
    for (size_t i = 0; d->index && i < n; i++)
        index[i] = d->index[index[i]];
    b->data.index = NULL; /* they lie in this order */
    b->X = take(d->X, index, n, d->cols * sizeof *b->X);
    b->X32 = take(d->X32, index, n, d->cols * sizeof *b->X32);
    b->y = take(d->y, index, n, sizeof *b->y);
    b->weights = take(d->weights, index, n, sizeof *b->weights);
    b->offset = take(d->offset, index, n, sizeof *b->offset);
    bool taken = gd_data_sparse(d) ? srv_sparse_take(&b->sparse, d, index, n)
                 : d->X            ? b->X != NULL
                                   : b->X32 != NULL;
    free(index);
    if (!taken || !b->y || !b->weights != !d->weights ||
        !b->offset != !d->offset)
        return no_memory(p);
    b->data.rows = n;
    b->data.train_rows = d->train_rows ? some : 0;
    b->data.X = b->X;
    b->data.X32 = b->X32;
    b->data.sparse = srv_sparse_view(&b->sparse);
    b->data.y = b->y;
    b->data.weights = b->weights;
    b->data.offset = b->offset;
    b->scale = (double)d->rows / (double)n;
    return true;
}

static bool choose_rows(srv_probe *b, const gd_data *d, api_problem *p)
{
    gd_shape shape = gd_spec_shape(&b->spec, d->cols, d->classes);
    double wide = fmax((double)d->cols, (double)b->spec.model->params_len(&shape));
    if (gd_data_sparse(d) && b->spec.model->linear) /* that are there */
        wide = (double)gd_sparse_entries(d) / (double)d->rows + 1;
    double most = fmin(ROWS, VALUES / wide);
    most = fmax(most, (double)SRV_SAMPLE_LEAST);
    b->data = *d;
    b->scale = 1;
    return (double)d->rows <= most || take_some(b, d, (size_t)most, p);
}

/* ---- training ---- */

bool srv_probe_begin(srv_probe *b, const gd_data *data, const gd_spec *spec, const double *initial,
                     api_problem *p)
{
    gd_error err;
    *b = (srv_probe){.spec = *spec, .an_epoch = NAN};
    if (!choose_rows(b, data, p))
        return false;
    if (gd_train_new(&b->train, &b->data, spec, initial, NULL, &err) == GD_OK)
        return true;
    if (b->scale == 1 || err.status == GD_NO_MEMORY)
        return api_problem_core(p, &err);
    /* the fault may be that of the choice of rows: a class that is not among them */
    b->data = *data;
    b->scale = 1;
    return gd_train_new(&b->train, data, spec, initial, NULL, &err) == GD_OK ||
           api_problem_core(p, &err);
}

void srv_probe_run(srv_probe *b)
{
    const gd_state *s = gd_train_state(b->train);
    double began = srv_monotonic(), started = began, now = began, spent = srv_processor_seconds();
    gd_step step = GD_STEP_WORKING;
    bool any = false;
    /* what has ended is still looked at, for what there is to say of it */
    while (step != GD_STEP_DONE &&
           (s->epoch == 0 || s->stop != GD_STOP_NONE || now < began + RUN_SECONDS)) {
        step = gd_train_step(b->train);
        if (step == GD_STEP_EPOCH && any)
            b->an_epoch = b->scale * (srv_monotonic() - started) / (double)s->epoch;
        now = srv_monotonic();
        if (step == GD_STEP_EPOCH && !any) {
            any = true;
            started = now;
        }
    }
    b->preparation = b->scale * (started - began);
    /* what a processor of its own would take: others may have had this one meanwhile */
    double share = (srv_processor_seconds() - spent) / (srv_monotonic() - began);
    if (share > 0 && share < 1) {
        b->preparation *= share;
        b->an_epoch *= share;
    }
    b->ended = step == GD_STEP_DONE;
}

bool srv_probe_rates(const srv_probe *b, const double *initial, double *max_stable, double *safe)
{
    gd_spec s = b->spec;
    gd_train *t;
    s.learning_rate = GD_AUTO;
    if (gd_train_new(&t, &b->data, &s, initial, NULL, NULL) != GD_OK)
        return false;
    double until = srv_monotonic() + RATE_SECONDS;
    gd_step step = GD_STEP_WORKING;
    while (step == GD_STEP_WORKING && srv_monotonic() < until)
        step = gd_train_step(t);
    *max_stable = gd_train_state(t)->max_stable_rate;
    *safe = gd_train_state(t)->safe_rate;
    gd_train_free(t);
    return *max_stable > 0;
}

void srv_probe_free(srv_probe *b)
{
    gd_train_free(b->train);
    free(b->X);
    free(b->X32);
    srv_sparse_free(&b->sparse);
    free(b->y);
    free(b->weights);
    free(b->offset);
    *b = (srv_probe){0};
}
