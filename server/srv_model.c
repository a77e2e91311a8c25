/* srv_model: from a row of the table to numbers. */
#include "srv_model.h"

#include "api_numbered.h"
#include "srv_texts.h"

#include <stdlib.h>
#include <string.h>

/* The job of the spec within the `training` member; the caller frees it. */
static bool read_spec(const char *training, api_job *job, api_problem *p)
{
    cJSON *doc = cJSON_Parse(training);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(doc, "spec");
    char *text = member ? api_doc_text(member) : NULL;
    bool ok = text ? api_job_decode(text, strlen(text), job, p)
                   : api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the model");
    free(text);
    cJSON_Delete(doc);
    return ok;
}

/* Has the row as many numbers as a model of that shape? What a damaged one claims is not believed. */
static bool is_whole(srv_rows *rows, const gd_model *model, const gd_shape *s)
{
    if (s->cols - 1 >= GD_MAX_SPARSE_COLUMNS || s->outputs - 1 >= API_MAX_LABELS)
        return false;
    const size_t values[] = {model->params_len(s), model->params_len(s), s->cols, s->cols};
    bool scaled = !srv_is_null(rows, 9), whole = true;
    for (int i = 0; i < 4; i++) {
        size_t len = 0;
        bool is = srv_blob(rows, 8 + i, &len) != NULL;
        whole = whole && is == (i == 0 || scaled) && (!is || len == values[i] * sizeof(double));
    }
    return whole;
}

bool srv_model_shape(srv_rows *rows, const gd_model **model, gd_shape *shape, api_problem *p)
{
    size_t cols = (size_t)srv_integer(rows, 4), outputs = (size_t)srv_integer(rows, 16);
    *model = gd_model_find(srv_text(rows, 3));
    if (!*model)
        return api_problem_set(p, API_INTERNAL, "the model \"%s\" is not known here",
                               srv_text(rows, 3));
    *shape = (gd_shape){.cols = cols, .intercept = srv_integer(rows, 5) != 0, .outputs = outputs};
    if ((*model)->params_count > 0) {
        api_job job = {0};
        bool ok = read_spec(srv_text(rows, 13), &job, p);
        if (ok) /* as many as classes, where that matters */
            *shape = gd_spec_shape(&job.spec, cols, outputs);
        api_job_free(&job);
        if (!ok)
            return false;
    }
    if (!is_whole(rows, *model, shape))
        return api_problem_set(p, API_INTERNAL, "the model's parameters are not of its shape");
    shape->decided = !srv_is_null(rows, 20);
    shape->threshold = shape->decided ? srv_real(rows, 20) : 0;
    return true;
}

const char **srv_model_names(const char *json, cJSON **names)
{
    size_t first, count;
    if (api_numbered_read(json, &first, &count)) {
        *names = cJSON_Parse(json);
        return api_numbered_names(first, count);
    }
    *names = srv_texts_parse(json);
    return *names ? srv_texts_list(*names) : NULL;
}

static bool copy_text(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

/* Column `column`, whose length was looked at, as doubles; NULL for null. */
static bool copy_values(srv_rows *rows, int column, double **to, api_problem *p)
{
    size_t len;
    const void *from = srv_blob(rows, column, &len);
    if (!from)
        return true;
    *to = malloc(len);
    if (*to)
        memcpy(*to, from, len);
    return *to || api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the model");
}

/* The penalty of a path's model is the one that was chosen, which its objective tells. */
static void resolve_path(const char *details, gd_spec *spec)
{
    cJSON *doc = details ? cJSON_Parse(details) : NULL;
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(doc, "objective");
    const cJSON *l1 = cJSON_GetObjectItemCaseSensitive(o, "l1"),
                *l2 = cJSON_GetObjectItemCaseSensitive(o, "l2");
    if (spec->l1 == GD_PATH && cJSON_IsNumber(l1))
        spec->l1 = l1->valuedouble;
    if (spec->l2 == GD_PATH && cJSON_IsNumber(l2))
        spec->l2 = l2->valuedouble;
    cJSON_Delete(doc);
}

static bool copy_row(srv_rows *rows, srv_model *m, api_problem *p)
{
    size_t cols = m->shape.cols;
    if (!copy_values(rows, 8, &m->theta, p) || !copy_values(rows, 9, &m->scaled, p) ||
        !copy_values(rows, 10, &m->center, p) || !copy_values(rows, 11, &m->scale, p))
        return false;
    m->version = srv_integer(rows, 21);
    resolve_path(srv_text(rows, 19), &m->job.spec);
    m->columns = srv_model_names(srv_text(rows, 6), &m->names);
    m->numbered = api_numbered_read(srv_text(rows, 6), &m->first_number, &m->columns_count);
    if (!m->numbered)
        m->columns_count = (size_t)cJSON_GetArraySize(m->names);
    cJSON *labels = srv_text(rows, 15) ? cJSON_Parse(srv_text(rows, 15)) : NULL;
    m->classes_count = (size_t)cJSON_GetArraySize(labels);
    cJSON_Delete(labels);
    bool ok = m->theta && m->columns && m->names && m->columns_count >= cols &&
              copy_text(&m->classes, srv_text(rows, 15)) &&
              copy_text(&m->target, srv_text(rows, 7)) &&
              copy_text(&m->metrics, srv_text(rows, 12)) &&
              copy_text(&m->validation_metrics, srv_text(rows, 18));
    return ok || api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the model");
}

/* What its rows have as they come. */
static bool load_inputs(srv_rows *rows, srv_model *m, api_problem *p)
{
    const char *json = srv_text(rows, 23);
    size_t n = m->shape.cols;
    if (json && !api_preparation_decode(json, &m->preparation, p))
        return false;
    m->prepared = json != NULL;
    m->inputs = m->columns;
    m->inputs_count = m->columns_count;
    if (!json)
        return true;
    if (gd_prepare_outputs(m->preparation.core) != n)
        return api_problem_set(p, API_INTERNAL, "the model's columns are not those of its parameters");
    n = m->preparation.cols;
    m->inputs_count = n + srv_model_has_offset(m);
    m->inputs = calloc(m->inputs_count, sizeof *m->inputs);
    for (size_t j = 0; m->inputs && j < n; j++)
        m->inputs[j] = m->preparation.columns[j].name;
    if (m->inputs && srv_model_has_offset(m))
        m->inputs[n] = m->columns[m->columns_count - 1];
    return m->inputs || api_problem_set(p, API_UNAVAILABLE, "not enough memory to load the model");
}

bool srv_model_load(srv_db *db, const char *id, srv_model *m, api_problem *p)
{
    *m = (srv_model){0};
    srv_rows *rows = srv_db_query(db, SQL_MODEL_GET, p, "t", id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    bool ok = srv_model_shape(rows, &m->model, &m->shape, p) &&
              read_spec(srv_text(rows, 13), &m->job, p) && copy_row(rows, m, p) &&
              load_inputs(rows, m, p);
    srv_db_done(rows);
    return ok;
}

void srv_model_free(srv_model *m)
{
    api_job_free(&m->job);
    free(m->theta);
    free(m->scaled);
    free(m->center);
    free(m->scale);
    free(m->target);
    free(m->metrics);
    free(m->validation_metrics);
    free(m->classes);
    if (m->prepared)
        free(m->inputs);
    free(m->columns);
    api_preparation_free(&m->preparation);
    cJSON_Delete(m->names);
    *m = (srv_model){0};
}

bool srv_model_has_offset(const srv_model *m)
{
    return m->columns_count > m->shape.cols;
}
