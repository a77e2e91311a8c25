/* srv_ingest: reader and upload, tied together. */
#include "srv_ingest.h"

#include "api_dataset.h"
#include "api_numbered.h"
#include "srv_append.h"
#include "srv_settle.h"
#include "srv_quota.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_bytes(void *ctx, const void *bytes, size_t n, api_problem *p)
{
    srv_ingest *g = ctx;
    return g->format->feed(g->reader, bytes, n, p);
}

bool srv_ingest_begin(srv_ingest *g, srv_app *app, const char *tenant, const api_format *format,
                      const api_read_options *options, api_problem *p)
{
    memset(g, 0, sizeof *g);
    /* each has files and buffers of its own; those of one that is shed are gone in a moment */
    if (atomic_fetch_add(&app->uploads, 1) >= app->config.max_uploads &&
        !srv_connections_hurry(app->connections, true, NULL)) {
        atomic_fetch_sub(&app->uploads, 1);
        return api_problem_set(p, API_UNAVAILABLE,
                               "%llu uploads are under way already; try again later",
                               (unsigned long long)app->config.max_uploads);
    }
    if (!srv_uploads_enter(app->uploaders, app->store, &app->config, srv_tenant_name(tenant), p)) {
        atomic_fetch_sub(&app->uploads, 1);
        return false;
    }
    g->app = app;
    g->tenant = tenant;
    g->options = *options;
    g->format = format;
    srv_feed_begin(&g->feed, read_bytes, g);
    g->upload = srv_upload_new(app->files, options->dtype == API_FLOAT32, p);
    if (!g->upload)
        return false;
    g->reader = format->open(&g->options, srv_upload_sink(g->upload));
    return g->reader || api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
}

bool srv_ingest_feed(srv_ingest *g, const char *bytes, size_t n, api_problem *p)
{
    /* where all processors have work a thread more makes it no less */
    bool spare = 2 * (uint64_t)atomic_load(&g->app->uploads) <= g->app->config.threads;
    return srv_feed_bytes(&g->feed, spare, bytes, n, p);
}

static char *encode_names(char *const *list, size_t count)
{
    cJSON *names = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++)
        api_doc_append_string(names, list[i]);
    return api_doc_take_text(names);
}

/* Seconds since 1970 have more digits than single precision. */
static bool check_single(const api_dataset *d, api_problem *p)
{
    for (size_t i = 0; d->dtype == API_FLOAT32 && d->kinds && i < d->cols; i++)
        if (d->kinds[i].type == API_DATETIME)
            return api_problem_field(p, "dtype",
                                     "\"float32\" can't hold the times of column \"%.80s\" to the "
                                     "second: leave dtype at \"float64\"",
                                     d->columns[i]);
    return true;
}

bool srv_ingest_finish(srv_ingest *g, api_problem *p)
{
    if (!srv_feed_end(&g->feed, p) || !g->format->finish(g->reader, &g->dataset, p))
        return false;
    if (g->dataset.dtype == API_DTYPE_UNSAID)
        g->dataset.dtype = g->options.dtype;
    if (g->append && !srv_append_settle(g->append, &g->dataset, p))
        return false;
    srv_id_new(g->id, "ds_");
    srv_time_text(g->created_at);
    g->columns = g->dataset.sparse ? api_numbered_text(g->dataset.first_number, g->dataset.cols)
                                   : encode_names(g->dataset.columns, g->dataset.cols);
    if (g->dataset.labels)
        g->labels = encode_names(g->dataset.labels, g->dataset.labels_count);
    g->kinds = api_kinds_encode(&g->dataset);
    if (!g->columns || (g->dataset.labels && !g->labels) || (g->dataset.kinds && !g->kinds))
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    return check_single(&g->dataset, p) &&
           srv_upload_finish(g->upload, &g->dataset, g->append ? &g->append->before : NULL,
                             &g->stored, p);
}

bool srv_ingest_inline(srv_ingest *g, srv_app *app, const char *tenant, const char *field, const char *bytes, size_t n,
                       api_problem *p)
{
    static const api_read_options options = {.labelled = true};
    if (*bytes != '{')
        return api_problem_field(p, field,
                                 "must be an object like {\"X\": [...], \"y\": [...]}, got %s",
                                 *bytes == '['   ? "an array"
                                 : *bytes == '"' ? "a string"
                                 : *bytes == 'n' ? "null"
                                 : *bytes == 't' ? "true"
                                 : *bytes == 'f' ? "false"
                                                 : "a number");
    bool ok = srv_ingest_begin(g, app, tenant, api_formats[0], &options, p) &&
              srv_ingest_feed(g, bytes, n, p) && srv_ingest_finish(g, p);
    for (size_t i = 0; i < p->errors_count; i++) {
        char name[sizeof p->errors[i].field + 16];
        snprintf(name, sizeof name, "%s.%s", field, p->errors[i].field);
        snprintf(p->errors[i].field, sizeof p->errors[i].field, "%.*s",
                 (int)sizeof p->errors[i].field - 1, name);
    }
    return ok;
}

const char *srv_ingest_name(const srv_ingest *g)
{
    return *g->dataset.name ? g->dataset.name : g->id;
}

/* Bytes of the texts in its row. */
static int64_t described(const srv_ingest *g)
{
    const char *const texts[] = {g->columns, g->stored.statistics, g->labels, g->kinds};
    size_t n = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        n += texts[i] ? strlen(texts[i]) : 0;
    return (int64_t)n;
}

bool srv_ingest_record(srv_db *db, srv_ingest *g, api_problem *p)
{
    const api_dataset *d = &g->dataset;
    g->version = 1;
    const srv_stored *f = &g->stored;
    bool ok = !f->contents || srv_db_run(db, SQL_CONTENT_INSERT, p, "tb", f->sha256, f->contents,
                                         (size_t)f->bytes);
    ok = ok && srv_db_run(db, SQL_DATASET_INSERT, p, "ttiittittttttdti", g->id, srv_ingest_name(g),
                      (int64_t)d->rows, (int64_t)d->cols, g->columns, d->target,
                      (int64_t)g->stored.bytes, g->stored.sha256, g->stored.statistics,
                      g->created_at, g->labels, d->dtype == API_FLOAT32 ? "float32" : "float64",
                      g->kinds, d->sparse ? (double)d->entries : NAN, srv_tenant_name(g->tenant),
                      described(g));
    return ok && (!g->append || srv_append_record(db, g->append, g->id, &g->version, p)) &&
           srv_quota_check(db, &g->app->config, srv_tenant_name(g->tenant),
                           SRV_OF(SRV_QUOTA_BYTES) | SRV_OF(SRV_QUOTA_DATASETS), p);
}

void srv_ingest_free(srv_ingest *g)
{
    if (!g->app)
        return;
    srv_feed_free(&g->feed);
    if (g->reader)
        g->format->close(g->reader);
    srv_upload_free(g->upload);
    if (g->stored.statistics) /* it was finished */
        srv_files_release(g->app->files, g->stored.sha256);
    if (g->stored.contents)
        srv_settle_tell(g->app->settle);
    api_dataset_free(&g->dataset);
    free(g->stored.statistics);
    free(g->stored.contents);
    free(g->columns);
    free(g->labels);
    free(g->kinds);
    srv_uploads_leave(g->app->uploaders, srv_tenant_name(g->tenant));
    atomic_fetch_sub(&g->app->uploads, 1);
    srv_heap_freed(g->app->heap);
    g->app = NULL;
}
