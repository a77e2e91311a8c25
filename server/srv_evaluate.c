/* srv_evaluate: one pass for the cost, one for the metrics. */
#include "srv_evaluate.h"

#include "api_model.h"
#include "gd_objective.h"
#include "gd_sparse.h"

#include <math.h>
#include <stdlib.h>

/* l1 |w|_1 + l2/2 |w|^2 of the parameters as trained, biases left out. */
static double penalty(const srv_model *m, const double *theta)
{
    gd_part parts[GD_MAX_PARTS];
    size_t count = m->model->layout(&m->shape, parts);
    double l1 = 0, l2 = 0;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; !parts[k].bias && i < parts[k].count; i++) {
            double w = theta[parts[k].offset + i];
            l1 += fabs(w);
            l2 += w * w;
        }
    const gd_spec *s = &m->job.spec;
    return s->l1 == GD_PATH || s->l2 == GD_PATH ? NAN : s->l1 * l1 + s->l2 * l2 / 2;
}

gd_status srv_mean_cost(const srv_model *m, const gd_data *data, double *out, gd_error *err)
{
    gd_objective *o;
    const gd_spec *s = &m->job.spec;
    gd_data alike = *data;
    const gd_rows all = {.count = data->rows};
    alike.weights = NULL;
    gd_status status = gd_objective_new(&o, &alike, m->model, &m->shape, s->cost, &s->cost_hyper,
                                        NULL, err);
    if (status == GD_OK)
        *out = gd_objective_eval(o, m->theta, &all, NULL);
    gd_objective_free(o);
    return status;
}

bool srv_evaluate(const srv_model *m, const gd_data *data, srv_evaluation *out, api_problem *p)
{
    gd_error err;
    gd_metric list[GD_MAX_METRICS];
    size_t count = 0, classes = m->classes_count;
    *out = (srv_evaluation){0};
    double work = (double)data->rows * (double)m->model->params_len(&m->shape);
    if (gd_data_sparse(data) && m->model->linear)
        work = (double)gd_sparse_entries(data) * (double)m->shape.outputs;
    if (work > SRV_EVALUATE_WORK)
        return api_problem_field(p, "dataset_id",
                                 "has %zu rows for %zu parameters: at most %.0f rows are measured "
                                 "in one request",
                                 data->rows, m->model->params_len(&m->shape),
                                 SRV_EVALUATE_WORK / (double)m->model->params_len(&m->shape));
    const gd_rows all = {.count = data->rows};
    double *confusion = classes ? calloc(classes * classes, sizeof *confusion) : NULL;
    bool ok = (confusion || !classes) ||
              api_problem_set(p, API_UNAVAILABLE, "not enough memory for the metrics");
    if (ok && (srv_mean_cost(m, data, &out->cost, &err) != GD_OK ||
               gd_metrics(m->model, &m->shape, m->theta, data, &all, NULL, list, &count,
                          confusion, &err) != GD_OK))
        ok = api_problem_set(p, API_UNAVAILABLE, "%s", err.message);
    if (ok) {
        out->objective = out->cost + penalty(m, m->scaled ? m->scaled : m->theta);
        out->metrics = api_doc_take_text(api_metrics_encode(list, count, confusion, classes));
        ok = out->metrics ||
             api_problem_set(p, API_UNAVAILABLE, "not enough memory for the metrics");
    }
    free(confusion);
    return ok;
}
