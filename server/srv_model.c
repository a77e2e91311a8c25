/* srv_model: from a row of the table to numbers. */
#include "srv_model.h"

#include "api_job.h"

#include <stdlib.h>
#include <string.h>

/* The model's hyperparameters, of the spec within the `training` member. */
static bool read_spec(const char *training, gd_spec *spec, api_problem *p)
{
    api_job job = {0};
    cJSON *doc = cJSON_Parse(training);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(doc, "spec");
    char *text = member ? api_doc_text(member) : NULL;
    bool ok = text ? api_job_decode(text, strlen(text), &job, p)
                   : api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the model");
    if (ok)
        *spec = job.spec;
    api_job_free(&job);
    free(text);
    cJSON_Delete(doc);
    return ok;
}

bool srv_model_shape(srv_rows *rows, const gd_model **model, gd_shape *shape, api_problem *p)
{
    gd_spec spec;
    size_t cols = (size_t)srv_integer(rows, 4), outputs = (size_t)srv_integer(rows, 16);
    *model = gd_model_find(srv_text(rows, 3));
    if (!*model)
        return api_problem_set(p, API_INTERNAL, "the model \"%s\" is not known here",
                               srv_text(rows, 3));
    *shape = (gd_shape){.cols = cols, .intercept = srv_integer(rows, 5) != 0, .outputs = outputs};
    if ((*model)->params_count == 0)
        return true;
    if (!read_spec(srv_text(rows, 13), &spec, p))
        return false;
    *shape = gd_spec_shape(&spec, cols, outputs); /* as many as classes, where that matters */
    return true;
}

const char **srv_model_names(const char *json, cJSON **names)
{
    *names = cJSON_Parse(json);
    size_t n = (size_t)cJSON_GetArraySize(*names), i = 0;
    const char **list = calloc(n ? n : 1, sizeof *list);
    const cJSON *item;
    if (list)
        cJSON_ArrayForEach (item, *names)
            list[i++] = item->valuestring;
    return list;
}

static bool copy_row(srv_rows *rows, srv_model *m, api_problem *p)
{
    size_t len, want = m->model->params_len(&m->shape) * sizeof *m->theta;
    const void *theta = srv_blob(rows, 8, &len);
    const char *classes = srv_text(rows, 15);
    if (len != want)
        return api_problem_set(p, API_INTERNAL, "the model's parameters are not of its shape");
    m->theta = malloc(want);
    m->columns = srv_model_names(srv_text(rows, 6), &m->names);
    m->classes = classes ? strdup(classes) : NULL;
    if (!m->theta || !m->columns || !m->names || (classes && !m->classes))
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the model");
    memcpy(m->theta, theta, want);
    return true;
}

bool srv_model_load(srv_db *db, const char *id, srv_model *m, api_problem *p)
{
    *m = (srv_model){0};
    srv_rows *rows = srv_db_query(db, SQL_MODEL_GET, p, "t", id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    bool ok = srv_model_shape(rows, &m->model, &m->shape, p) && copy_row(rows, m, p);
    srv_db_done(rows);
    return ok;
}

void srv_model_free(srv_model *m)
{
    free(m->theta);
    free(m->classes);
    free(m->columns);
    cJSON_Delete(m->names);
    *m = (srv_model){0};
}
