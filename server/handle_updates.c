/* handle_updates: a model learns from rows as they come. Updates of a model happen one after the
 * other: each begins with what the one before has stored, so none is lost. Whoever reads a model
 * meanwhile sees it as it was before or as it is after. */
#include "srv_routes.h"
#include "srv_update.h"

#include <stdio.h>
#include <string.h>

typedef struct change {
    const char *id;
    srv_update update;
    char now[SRV_TIME_SIZE];
    bool found;
} change;

static bool load(srv_db *db, void *arg, api_problem *p)
{
    change *c = arg;
    return srv_update_load(db, c->id, &c->update, p);
}

static bool write(srv_db *db, void *arg, api_problem *p)
{
    change *c = arg;
    return srv_update_write(db, &c->update, c->id, c->now, &c->found, p);
}

/* Models share a few locks. */
static pthread_mutex_t *lock_of(srv_request *rq)
{
    unsigned sum = 0;
    for (const char *at = rq->id; *at; at++)
        sum = 31 * sum + (unsigned char)*at;
    return &rq->app->updating[sum % SRV_UPDATE_LOCKS];
}

/* Settings in the body, where it is JSON, and in the query. */
static bool read_settings(srv_request *rq, const api_format *format, const srv_model *m,
                          api_update *how)
{
    api_problem *p = &rq->problem;
    const char *body = rq->body.data ? rq->body.data : "";
    cJSON *settings = format == api_formats[0] ? api_update_extract(body, rq->body.len, p)
                                               : cJSON_CreateObject();
    for (size_t i = 0; settings && api_update_settings[i]; i++) {
        const char *text = srv_request_query(rq, api_update_settings[i]);
        if (text)
            api_update_add(settings, api_update_settings[i], text, p);
    }
    bool ok = settings ? api_update_decode(settings, &m->job, how, p)
                       : api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    cJSON_Delete(settings);
    return ok;
}

static bool check_version(srv_request *rq, const api_update *how, const srv_model *m)
{
    return how->version == API_ANY_VERSION || how->version == (uint64_t)m->version ||
           api_problem_set(&rq->problem, API_CONFLICT,
                           "the model has version %lld, not %llu: it was updated meanwhile",
                           (long long)m->version, (unsigned long long)how->version);
}

static void reply(srv_request *rq, const change *c, uint64_t rows)
{
    cJSON *o = cJSON_CreateObject();
    const api_update_view view = {.model_id = rq->id,
                                  .updated_at = c->now,
                                  .version = (uint64_t)c->update.model.version + 1,
                                  .rows = rows,
                                  .steps = c->update.steps,
                                  .learning_rate = c->update.learning_rate,
                                  .cost_before = c->update.cost_before,
                                  .cost_after = c->update.cost_after};
    api_update_encode(o, &view);
    srv_reply_doc(rq, 200, o);
}

static void update(srv_request *rq, const api_format *format)
{
    api_problem *p = &rq->problem;
    change c = {.id = rq->id};
    api_update how = {0};
    srv_input in = {0};
    srv_input_options options = {.format = format,
                                 .labelled = true,
                                 .target = srv_request_query(rq, "target"),
                                 .others = api_update_settings};
    if (!srv_store_read(rq->app->store, load, &c, p))
        goto end;
    if (!c.update.model.model) {
        srv_no_such(rq, "model");
        goto end;
    }
    if (!read_settings(rq, format, &c.update.model, &how) ||
        !check_version(rq, &how, &c.update.model) ||
        !srv_input_read(&in, &c.update.model, &options, rq->body.data, rq->body.len, p) ||
        !srv_update_pass(&c.update, &how, &in.data, p))
        goto end;
    srv_time_text(c.now);
    if (!srv_store_write(rq->app->store, write, &c, p))
        goto end;
    if (c.found)
        reply(rq, &c, in.data.rows);
    else
        srv_no_such(rq, "model"); /* deleted meanwhile */
end:
    srv_input_free(&in);
    api_update_free(&how);
    srv_update_free(&c.update);
}

void srv_post_update(srv_request *rq)
{
    const api_format *format =
        api_format_find(srv_request_header(rq, "Content-Type"), &rq->problem);
    if (!format)
        return;
    pthread_mutex_t *lock = lock_of(rq);
    pthread_mutex_lock(lock);
    update(rq, format);
    pthread_mutex_unlock(lock);
}
