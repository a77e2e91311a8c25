/* srv_update: see srv_update.h. */
#include "srv_update.h"

#include "api_columns.h"
#include "gd_online.h"
#include "srv_evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to update the model");
}

/* ---- rows of the table ---- */

static bool load_state(srv_db *db, const char *id, srv_update *u, api_problem *p)
{
    size_t len = 0;
    srv_rows *rows = srv_db_query(db, SQL_MODEL_OPTIMIZER, p, "t", id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return p->code == API_NO_PROBLEM;
    const char *optimizer = srv_text(rows, 0);
    const void *state = srv_blob(rows, 1, &len);
    bool ok = true;
    if (optimizer && state) {
        u->optimizer = strdup(optimizer);
        u->state = malloc(len);
        u->state_len = len / sizeof *u->state;
        ok = (u->optimizer && u->state) || no_memory(p);
        if (ok)
            memcpy(u->state, state, len);
    }
    srv_db_done(rows);
    return ok;
}

bool srv_update_load(srv_db *db, const char *id, srv_update *u, api_problem *p)
{
    *u = (srv_update){0};
    return srv_model_load(db, id, &u->model, p) && (!u->model.model || load_state(db, id, u, p));
}

bool srv_update_write(srv_db *db, const srv_update *u, const char *id, const char *now, bool *found,
                      api_problem *p)
{
    const srv_model *m = &u->model;
    size_t bytes = m->model->params_len(&m->shape) * sizeof *m->theta;
    if (!srv_db_run(db, SQL_MODEL_UPDATE, p, "bbttbti", (const void *)m->theta, bytes,
                    (const void *)m->scaled, m->scaled ? bytes : (size_t)0, now, u->optimizer,
                    (const void *)u->state, u->state_len * sizeof *u->state, id, m->version))
        return false;
    *found = srv_db_changes(db) > 0;
    return true;
}

void srv_update_free(srv_update *u)
{
    srv_model_free(&u->model);
    free(u->optimizer);
    free(u->state);
    *u = (srv_update){0};
}

/* ---- the pass ---- */

/* What each row weighs: its own weight times that of its class. NULL: all alike. */
static bool weigh(const srv_model *m, const api_update *how, const gd_data *rows, double **out,
                  api_problem *p)
{
    double *own, *of_class = NULL;
    bool ok = api_sample_weights(&how->job, rows->rows, &own, p) &&
              (!m->classes || api_class_weights(&how->job, m->classes, &of_class, p));
    *out = own;
    if (ok && of_class && !own) {
        *out = own = malloc(rows->rows * sizeof *own);
        ok = own || no_memory(p);
        for (size_t i = 0; ok && i < rows->rows; i++)
            own[i] = 1;
    }
    for (size_t i = 0; ok && of_class && i < rows->rows; i++)
        own[i] *= of_class[(size_t)rows->y[i]];
    free(of_class);
    return ok;
}

/* The state that is handed in and out: the stored one where it is of the same optimizer. */
static bool make_state(srv_update *u, const api_update *how, gd_online *o, api_problem *p)
{
    size_t n = u->model.model->params_len(&u->model.shape),
           len = gd_online_state_len(&how->job.spec, n);
    char *optimizer = api_update_optimizer(how);
    o->resumes = optimizer && u->optimizer && u->state_len == len &&
                 strcmp(optimizer, u->optimizer) == 0;
    free(u->optimizer);
    u->optimizer = optimizer;
    if (!o->resumes) {
        free(u->state);
        u->state = calloc(len, sizeof *u->state);
        u->state_len = len;
    }
    o->state = u->state;
    return (u->optimizer && u->state) || no_memory(p);
}

static bool failed(const gd_error *err, api_problem *p)
{
    if (err->status == GD_OVERFLOW)
        return api_problem_set(p, API_DIVERGED, "%s; the model is as it was", err->message);
    return api_problem_core(p, err);
}

static bool descend(srv_update *u, const api_update *how, const gd_data *rows, double *bounds,
                    api_problem *p)
{
    gd_error err;
    srv_model *m = &u->model;
    gd_spec spec = how->job.spec;
    spec.lower = bounds;
    spec.upper = bounds ? bounds + m->shape.cols : NULL;
    gd_online o = {.center = m->center,
                   .scale = m->scale,
                   .names = m->columns,
                   .theta = m->scaled ? m->scaled : m->theta,
                   .own = malloc(m->model->params_len(&m->shape) * sizeof(double))};
    bool ok = (o.own || no_memory(p)) && make_state(u, how, &o, p);
    if (ok && (srv_mean_cost(m, rows, &u->cost_before, &err) != GD_OK ||
               gd_online_pass(&o, rows, &spec, NULL, &err) != GD_OK))
        ok = failed(&err, p);
    if (ok) {
        memcpy(m->theta, o.own, m->model->params_len(&m->shape) * sizeof *o.own);
        u->learning_rate = o.learning_rate;
        u->steps = o.steps;
        if (srv_mean_cost(m, rows, &u->cost_after, &err) != GD_OK)
            ok = failed(&err, p);
    }
    free(o.own);
    return ok;
}

bool srv_update_pass(srv_update *u, const api_update *how, const gd_data *rows, api_problem *p)
{
    const srv_model *m = &u->model;
    double n = (double)m->model->params_len(&m->shape), *bounds = NULL, *weights = NULL;
    if ((double)rows->rows * n > SRV_UPDATE_WORK)
        return api_problem_field(p, "X",
                                 "has %zu rows for %.0f parameters: at most %.0f rows are taken in "
                                 "one request",
                                 rows->rows, n, SRV_UPDATE_WORK / n);
    gd_data data = *rows;
    bool ok = weigh(m, how, rows, &weights, p) &&
              api_bounds(&m->job, m->columns, m->shape.cols, &bounds, p);
    data.weights = weights;
    ok = ok && descend(u, how, &data, bounds, p);
    free(weights);
    free(bounds);
    return ok;
}
