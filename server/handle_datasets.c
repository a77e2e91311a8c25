/* handle_datasets: uploads, listings, deletion. */
#include "api_dataset.h"
#include "api_multipart.h"
#include "api_names.h"
#include "gd_limits.h"
#include "srv_append.h"
#include "srv_form.h"
#include "srv_ingest.h"
#include "srv_list.h"
#include "srv_routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- POST: the body is read as it comes ---- */

struct srv_read {
    srv_ingest ingest;
    srv_form *form;     /* NULL: the body is the file */
    char *columns;      /* the query's list, cut at its commas */
    const char **names; /* into columns */
    api_types types;    /* of the query */
    srv_append append;  /* the dataset that rows are added to, if it is asked for */
};

void srv_read_free(srv_read *read)
{
    if (!read)
        return;
    srv_form_free(read->form);
    srv_ingest_free(&read->ingest);
    free(read->columns);
    free(read->names);
    api_types_free(&read->types);
    srv_append_free(&read->append);
    free(read);
}

/* "?columns=a,b" as a list. */
static bool split_columns(srv_read *r, const char *text, api_read_options *o, api_problem *p)
{
    if (!text)
        return true;
    size_t count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    r->columns = strdup(text);
    r->names = calloc(count, sizeof *r->names);
    if (!r->columns || !r->names)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    char *at = r->columns;
    for (size_t i = 0; i < count; i++) {
        r->names[i] = at;
        at += strcspn(at, ",");
        *at++ = '\0';
    }
    o->columns = r->names;
    o->columns_count = count;
    return true;
}

/* "?delimiter=" and "?header=" of tables. */
static void read_layout(srv_request *rq, api_read_options *o)
{
    const char *delimiter = srv_request_query(rq, "delimiter");
    bool header = false;
    if (delimiter && strcmp(delimiter, "tab") == 0)
        o->delimiter = '\t';
    else if (delimiter && strlen(delimiter) == 1 && strchr(",;|\t", *delimiter))
        o->delimiter = *delimiter;
    else if (delimiter)
        api_problem_query(&rq->problem, "delimiter",
                          "must be a comma, a semicolon, a bar or a tab (\"tab\"), got \"%.20s\"",
                          delimiter);
    if (srv_request_query(rq, "header") && srv_request_bool(rq, "header", &header))
        o->header = header ? API_HEADER_THERE : API_HEADER_NONE;
}

/* "?dtype=", of any format; a document's own goes before it. */
static void read_dtype(srv_request *rq, api_read_options *o)
{
    const char *dtype = srv_request_query(rq, "dtype");
    api_problem bad = {0};
    if (!dtype || (o->dtype = api_dtype_read(dtype, "dtype", &bad)) != API_DTYPE_UNSAID)
        return;
    api_problem_query(&rq->problem, "dtype", "%s", bad.errors[0].message);
}

/* "?types=city:categorical,when:datetime", of any format; a document's own go before it. */
static void read_types(srv_request *rq, api_types *types, api_read_options *o)
{
    const char *text = srv_request_query(rq, "types");
    api_problem bad = {0};
    if (!text)
        return;
    o->types = types;
    if (api_types_read(types, text, &bad))
        return;
    api_problem_query(&rq->problem, "types", "%s",
                      bad.errors_count ? bad.errors[0].message : bad.detail);
}

/* Is there a parameter that says nothing to this format? */
static bool all_apply(srv_request *rq, const api_format *format)
{
    static const char *const some[] = {"delimiter", "header", "X", "index_base"};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        if (!srv_request_query(rq, some[i]) || (format->own && strstr(format->own, some[i])))
            continue;
        return api_problem_query(&rq->problem, some[i], "says nothing of a dataset in %s",
                                 format->media_type);
    }
    return true;
}

/* Of sparse formats: "?columns=" is how many there are, "?index_base=" what the first is called. */
static void read_numbering(srv_request *rq, api_read_options *o)
{
    uint64_t base = 1, columns = 0;
    if (srv_request_query(rq, "columns") &&
        srv_request_number(rq, "columns", 1, GD_MAX_SPARSE_COLUMNS, &columns))
        o->width = (size_t)columns;
    if (srv_request_number(rq, "index_base", 0, 1, &base))
        o->index_from_0 = base == 0;
}

/* ---- rows that are added ---- */

/* The dataset that "?append_to=" of an upload names, if it does. */
static bool open_append(srv_request *rq)
{
    const char *id = srv_request_query(rq, "append_to");
    api_problem p = {0};
    if (!id || srv_append_open(&rq->read->append, rq->app, rq->token.tenant, id, &p))
        return true;
    if (p.code != API_NOT_FOUND) {
        rq->problem = p;
        return false;
    }
    return api_problem_query(&rq->problem, "append_to", "%s", p.detail);
}

/* What the dataset says of its columns can't be said anew, but that sparse ones are more. */
static bool only_more(srv_request *rq)
{
    static const char *const fixed[] = {"target", "types", "dtype", "index_base", "columns"};
    size_t count = sizeof fixed / sizeof fixed[0] - rq->read->append.base.sparse;
    for (size_t i = 0; i < count; i++) {
        if (!srv_request_query(rq, fixed[i]))
            continue;
        return api_problem_query(&rq->problem, fixed[i],
                                 "is that of dataset %s, to which rows are added: leave it out",
                                 rq->read->append.base.id);
    }
    return true;
}

/* Begins with the file, in this format. */
static bool open_file(srv_request *rq, const api_format *format)
{
    api_problem *p = &rq->problem;
    api_read_options o = {.labelled = true,
                          .name = srv_request_query(rq, "name"),
                          .target = srv_request_query(rq, "target"),
                          .rows = srv_request_query(rq, "X"),
                          .max_bytes = rq->app->config.max_body,
                          .max_values = rq->app->config.max_cells};
    if (!all_apply(rq, format) || !open_append(rq))
        return false;
    srv_append *append = rq->read->append.base.id ? &rq->read->append : NULL;
    if (append && !only_more(rq))
        return false;
    if (append ? append->base.sparse : format->sparse)
        read_numbering(rq, &o);
    else if (!split_columns(rq->read, srv_request_query(rq, "columns"), &o, p))
        return false;
    read_layout(rq, &o);
    read_dtype(rq, &o);
    read_types(rq, &rq->read->types, &o);
    if (o.name)
        api_name_check(o.name, "name", p);
    if (o.target)
        api_name_check(o.target, "target", p);
    if (o.rows)
        api_name_check(o.rows, "X", p);
    for (size_t i = 0; i < o.columns_count; i++)
        api_name_check(o.columns[i], "columns", p);
    if (p->code != API_NO_PROBLEM || (append && !srv_append_options(append, format, &o, p)))
        return false;
    if (!srv_ingest_begin(&rq->read->ingest, rq->app, rq->token.tenant, format, &o, p))
        return false;
    srv_connections_uploads(rq->app->connections, rq->guest);
    rq->read->ingest.append = append;
    return true;
}

static bool feed_file(srv_request *rq, const char *bytes, size_t n)
{
    return srv_ingest_feed(&rq->read->ingest, bytes, n, &rq->problem);
}

static bool open_body(srv_request *rq)
{
    api_problem *p = &rq->problem;
    const char *type = srv_request_header(rq, "Content-Type");
    bool form = api_multipart_is(type);
    const api_format *format = form ? NULL : api_format_find(type, p);
    if (!form && !format)
        return false;
    if (!form)
        return open_file(rq, format);
    rq->form = rq->read->form = srv_form_new(rq, type, (srv_form_file){open_file, feed_file});
    return rq->form != NULL;
}

static bool new_read(srv_request *rq)
{
    rq->read = calloc(1, sizeof *rq->read);
    return rq->read || api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory");
}

bool srv_open_dataset(srv_request *rq)
{
    return new_read(rq) && open_body(rq);
}

bool srv_open_rows(srv_request *rq)
{
    return new_read(rq) &&
           srv_append_open(&rq->read->append, rq->app, rq->token.tenant, rq->id, &rq->problem) &&
           open_body(rq);
}

bool srv_feed_dataset(srv_request *rq, const char *bytes, size_t n)
{
    return rq->form ? srv_form_feed(rq->form, bytes, n) : feed_file(rq, bytes, n);
}

/* With the end of the upload that it comes from, if it came in pieces. */
static bool record(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    srv_ingest *g = &rq->read->ingest;
    if (rq->recalled && !srv_db_run(db, SQL_UPLOAD_FINISH, p, "tt", g->id, rq->id))
        return false;
    if (rq->recalled && srv_db_changes(db) != 1)
        return api_problem_set(p, API_CONFLICT, "another request finished or deleted this upload");
    return srv_ingest_record(db, g, p); /* whose bytes take the place of the upload's */
}

void srv_post_dataset(srv_request *rq)
{
    srv_ingest *g = &rq->read->ingest;
    if ((rq->form && !srv_form_finish(rq->form)) || !srv_ingest_finish(g, &rq->problem))
        return;
    if (!srv_store_write(rq->app->store, record, rq, &rq->problem))
        return;
    const api_dataset *d = &g->dataset;
    api_dataset_view v = {.id = g->id,
                          .name = *d->name ? d->name : g->id,
                          .target = d->target,
                          .sha256 = g->stored.sha256,
                          .created_at = g->created_at,
                          .rows = d->rows,
                          .version = g->version,
                          .previous = g->append ? g->append->base.id : NULL,
                          .bytes = g->stored.bytes,
                          .single = d->dtype == API_FLOAT32,
                          .sparse = d->sparse,
                          .nonzeros = d->entries,
                          .cols = d->cols,
                          .columns = g->columns,
                          .kinds = g->kinds,
                          .labels = g->labels};
    cJSON *o = cJSON_CreateObject();
    api_dataset_encode(o, &v);
    snprintf(rq->location, sizeof rq->location, "/v1/datasets/%s", g->id);
    srv_reply_doc(rq, 201, o);
    srv_ingest_free(g); /* what is temporary goes before the answer */
}

/* ---- GET ---- */

static api_dataset_view view_of(srv_rows *rows)
{
    return (api_dataset_view){.id = srv_text(rows, 0),
                              .name = srv_text(rows, 1),
                              .rows = (uint64_t)srv_integer(rows, 2),
                              .columns = srv_text(rows, 3),
                              .target = srv_text(rows, 4),
                              .bytes = (uint64_t)srv_integer(rows, 5),
                              .sha256 = srv_text(rows, 6),
                              .created_at = srv_text(rows, 8),
                              .labels = srv_text(rows, 10),
                              .kinds = srv_text(rows, 12),
                              .single = strcmp(srv_text(rows, 11), "float32") == 0,
                              .sparse = !srv_is_null(rows, 13),
                              .nonzeros = (uint64_t)srv_integer(rows, 13),
                              .version = (uint64_t)srv_integer(rows, 15),
                              .previous = srv_text(rows, 16),
                              .cols = (uint64_t)srv_integer(rows, 14)};
}

void srv_encode_dataset(cJSON *o, srv_rows *rows)
{
    api_dataset_view v = view_of(rows);
    api_dataset_encode(o, &v);
}

void srv_list_datasets(srv_request *rq)
{
    srv_list(rq,
             &(srv_listing){
                 .sql = SQL_DATASET_LIST, .seq = 9, .member = "datasets", .encode = srv_encode_dataset});
}

typedef struct presence {
    srv_request *rq;
    char sha256[SRV_SHA256_SIZE];
} presence;

static bool find_content(srv_db *db, void *arg, api_problem *p)
{
    presence *d = arg;
    srv_rows *rows = srv_db_query(db, SQL_DATASET_SHA256, p, "t", d->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        snprintf(d->sha256, sizeof d->sha256, "%s", srv_text(rows, 0));
        srv_db_done(rows);
    } else if (step == SRV_END) {
        srv_no_such(d->rq, "dataset");
    }
    return step == SRV_ROW;
}

void srv_list_versions(srv_request *rq)
{
    presence there = {.rq = rq};
    if (srv_store_read(rq->app->store, find_content, &there, &rq->problem))
        srv_list(rq, &(srv_listing){.sql = SQL_DATASET_VERSIONS,
                                    .seq = 9,
                                    .member = "datasets",
                                    .filters = {rq->id, NULL},
                                    .encode = srv_encode_dataset});
}

/* ---- DELETE ---- */

static bool delete_unused(srv_db *db, void *arg, api_problem *p)
{
    presence *d = arg;
    if (!find_content(db, d, p))
        return false;
    srv_rows *rows = srv_db_query(db, SQL_DATASET_IN_USE, p, "t", d->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        api_problem_set(p, API_CONFLICT,
                        "job %s still needs this dataset; wait for it or cancel it",
                        srv_text(rows, 0));
        srv_db_done(rows);
        return false;
    }
    return step == SRV_END && srv_db_run(db, SQL_DATASET_DELETE, p, "t", d->rq->id);
}

void srv_delete_dataset(srv_request *rq)
{
    presence d = {.rq = rq};
    if (!srv_store_write(rq->app->store, delete_unused, &d, &rq->problem))
        return;
    srv_cache_forget(rq->app->cache, d.sha256);
    srv_files_drop(rq->app->files, d.sha256);
    srv_reply_empty(rq, 204);
}
