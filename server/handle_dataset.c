/* handle_dataset: one dataset, and what is known of its columns. */
#include "api_dataset.h"
#include "api_statistics.h"
#include "srv_columns.h"
#include "srv_routes.h"
#include "srv_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns in one reply: a hundred are fifty kilobytes. */
#define DEFAULT_LIMIT 100
#define MAX_LIMIT 1000

typedef struct described {
    srv_request *rq;
    srv_dataset dataset; /* its names */
    cJSON *doc;
    char *statistics; /* owned */
} described;

static bool read_dataset(srv_db *db, void *arg, api_problem *p)
{
    described *d = arg;
    if (!srv_dataset_load(db, d->rq->id, &d->dataset, p) || !d->dataset.id)
        return p->code == API_NO_PROBLEM;
    srv_rows *rows = srv_db_query(db, SQL_DATASET_GET, p, "t", d->rq->id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    srv_encode_dataset(d->doc, rows);
    d->statistics = strdup(srv_text(rows, 7));
    srv_db_done(rows);
    return d->statistics || api_problem_set(p, API_UNAVAILABLE, "not enough memory for the answer");
}

/* Of very many sparse columns the target alone is described. */
static void leave_described(const srv_dataset *d, srv_columns *chosen)
{
    size_t kept = 0;
    if (!d->sparse || d->cols <= GD_MAX_COLUMNS)
        return;
    for (size_t i = 0; i < chosen->count; i++)
        if (chosen->index[i] == d->cols)
            chosen->index[kept++] = 0;
    chosen->count = kept;
}

/* The page of the chosen columns. */
static bool add_statistics(described *d, const srv_columns *chosen, size_t offset, size_t limit)
{
    size_t count = offset < chosen->count ? chosen->count - offset : 0;
    size_t shown = count < limit ? count : limit;
    cJSON *list = api_doc_add_array(d->doc, "statistics");
    bool more = count > shown;
    api_doc_number(d->doc, "statistics_next_offset", more ? (double)(offset + shown) : NAN);
    if (more && !srv_request_query(d->rq, "columns"))
        snprintf(d->rq->next, sizeof d->rq->next, "/v1/datasets/%s?offset=%zu&limit=%zu", d->rq->id,
                 offset + shown, limit);
    return list && (shown == 0 ||
                    api_statistics_pick(list, d->statistics, chosen->index + offset, shown,
                                        d->dataset.rows, d->dataset.labels != NULL));
}

void srv_get_dataset(srv_request *rq)
{
    described d = {.rq = rq};
    srv_columns chosen = {0};
    uint64_t offset = 0, limit = DEFAULT_LIMIT;
    if (!srv_request_number(rq, "offset", 0, GD_MAX_COLUMNS, &offset) ||
        !srv_request_number(rq, "limit", 1, MAX_LIMIT, &limit))
        return;
    d.doc = cJSON_CreateObject();
    if (!srv_store_read(rq->app->store, read_dataset, &d, &rq->problem))
        goto end;
    if (!d.dataset.id) {
        srv_no_such(rq, "dataset");
        goto end;
    }
    if (!srv_columns_choose(rq, d.dataset.names, d.dataset.cols, d.dataset.target, &chosen))
        goto end;
    leave_described(&d.dataset, &chosen);
    if (add_statistics(&d, &chosen, (size_t)offset, (size_t)limit)) {
        srv_reply_doc(rq, 200, d.doc);
        d.doc = NULL;
    } else {
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the answer");
    }
end:
    cJSON_Delete(d.doc);
    free(d.statistics);
    srv_columns_free(&chosen);
    srv_dataset_free(&d.dataset);
}
