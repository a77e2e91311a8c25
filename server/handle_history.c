/* handle_history: the cost history of a job, whole, thinned, by pages, or its newest end. */
#include "api_job.h"
#include "srv_routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PAGE 10000

typedef struct history {
    srv_request *rq;
    uint64_t points;      /* thin to so many; 0: don't */
    uint64_t limit, last; /* last: only so many of the newest; 0: from the oldest */
    int64_t after;        /* only epochs above */
    bool csv;
    api_text text;
    char state[16];
    int64_t job, recorded;
    bool found, parts;
    char *changes; /* JSON, as the job's document shows them; owned; NULL for none */
    int64_t next; /* the next page's after_epoch, or -1 */
} history;

static bool number(srv_db *db, srv_sql sql, const history *h, int64_t *out, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, sql, p, "ii", h->job, h->after);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW) {
        *out = srv_integer(rows, 0);
        srv_db_done(rows);
    }
    return step != SRV_FAILED;
}

static bool find_job(srv_db *db, history *h, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_JOB_GET, p, "t", h->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    h->found = true;
    snprintf(h->state, sizeof h->state, "%s", srv_text(rows, 3));
    h->job = srv_integer(rows, 20);
    h->parts = srv_integer(rows, 23) > 1;
    const char *changes = srv_text(rows, 27);
    h->changes = changes ? strdup(changes) : NULL;
    bool copied = h->changes || !changes;
    srv_db_done(rows);
    if (!copied)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the answer");
    rows = srv_db_query(db, SQL_POINT_COUNT, p, "i", h->job);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    h->recorded = srv_integer(rows, 0);
    srv_db_done(rows);
    return true;
}

/* Which rows of `count` are sent when they are thinned: `grid` of them evenly, the first and
 * the last among them, and the two extremes. */
typedef struct thinning {
    int64_t count, grid, next; /* next: of the grid */
    int64_t lowest, highest;   /* epochs */
} thinning;

static bool plan_thinning(srv_db *db, const history *h, thinning *t, api_problem *p)
{
    *t = (thinning){.lowest = -1, .highest = -1};
    if (h->points == 0)
        return true;
    if (!number(db, SQL_POINT_COUNT_AFTER, h, &t->count, p) ||
        !number(db, SQL_POINT_LOWEST, h, &t->lowest, p) ||
        !number(db, SQL_POINT_HIGHEST, h, &t->highest, p))
        return false;
    t->grid = t->count > (int64_t)h->points ? (int64_t)h->points - 2 : t->count;
    return true;
}

static bool wanted(thinning *t, int64_t row, int64_t epoch)
{
    /* place i of the grid is row i (count - 1) / (grid - 1); rows come in order */
    if (t->grid < 2 || row == t->next * (t->count - 1) / (t->grid - 1)) {
        t->next++;
        return true;
    }
    return epoch == t->lowest || epoch == t->highest;
}

static bool read_history(srv_db *db, void *arg, api_problem *p)
{
    history *h = arg;
    thinning t;
    if (!find_job(db, h, p) || !h->found)
        return p->code == API_NO_PROBLEM;
    if (!plan_thinning(db, h, &t, p))
        return false;
    int64_t most = h->last ? (int64_t)h->last : h->points ? INT64_MAX : (int64_t)h->limit + 1;
    srv_rows *rows = srv_db_query(db, h->last ? SQL_POINT_LAST : SQL_POINT_LIST, p, "iii", h->job,
                                  h->after, most);
    uint64_t sent = 0;
    int64_t row = 0, epoch = -1;
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        if (!h->last && !h->points && sent == h->limit) {
            h->next = epoch;
            srv_db_done(rows);
            return true;
        }
        epoch = srv_integer(rows, 0);
        if (h->points && !wanted(&t, row++, epoch))
            continue;
        api_point point = {.epoch = (uint64_t)epoch,
                           .cost = srv_real(rows, 1),
                           .gradient_norm = srv_real(rows, 2),
                           .learning_rate = srv_real(rows, 3),
                           .seconds = srv_real(rows, 4),
                           .validation_cost = srv_real(rows, 5),
                           .part = (uint64_t)srv_integer(rows, 6)};
        if (h->csv)
            api_point_csv(&h->text, &point);
        else
            api_point_json(&h->text, &point, h->parts, sent == 0);
        sent++;
    }
    return step == SRV_END;
}

static bool read_query(srv_request *rq, history *h)
{
    uint64_t after = 0;
    bool has_after = srv_request_query(rq, "after_epoch") != NULL;
    if (!srv_request_number(rq, "points", 4, API_MAX_HISTORY_PAGE, &h->points) ||
        !srv_request_number(rq, "limit", 1, API_MAX_HISTORY_PAGE, &h->limit) ||
        !srv_request_number(rq, "last", 1, API_MAX_HISTORY_PAGE, &h->last) ||
        !srv_request_number(rq, "after_epoch", 0, INT64_MAX - 1, &after))
        return false;
    h->after = has_after ? (int64_t)after : -1;
    bool limited = srv_request_query(rq, "limit") != NULL;
    if ((h->points && h->last) || (limited && (h->points || h->last))) {
        api_problem_set(&rq->problem, API_BAD_QUERY,
                        "points, last and limit can't be given together");
        return api_problem_field(&rq->problem, limited ? "limit" : "last",
                                 "can't be given together with %s", h->points ? "points" : "last");
    }
    double json = srv_request_accepts(rq, "application/json");
    double csv = srv_request_accepts(rq, "text/csv");
    h->csv = csv > json;
    if (json == 0 && csv == 0)
        return api_problem_set(&rq->problem, API_NOT_ACCEPTABLE,
                               "a history is sent as application/json or text/csv");
    return true;
}

static void reply_json(srv_request *rq, history *h)
{
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "job_id", rq->id);
    api_doc_string(o, "state", h->state);
    api_doc_number(o, "recorded", (double)h->recorded);
    if (h->next >= 0)
        api_doc_number(o, "next_after_epoch", (double)h->next);
    else
        api_doc_null(o, "next_after_epoch");
    api_text_puts(&h->text, "]");
    api_doc_raw(o, "history", h->text.failed ? NULL : h->text.data);
    api_doc_embed(o, "changes", h->changes ? h->changes : "[]");
    srv_reply_doc(rq, 200, o);
}

void srv_get_history(srv_request *rq)
{
    history h = {.rq = rq, .limit = DEFAULT_PAGE, .next = -1};
    if (!read_query(rq, &h))
        return;
    api_text_puts(&h.text, h.csv ? api_point_csv_header : "[");
    bool ok = srv_store_read(rq->app->store, read_history, &h, &rq->problem);
    if (ok && !h.found)
        srv_no_such(rq, "job");
    if (!ok || !h.found)
        goto end;
    if (h.next >= 0) /* CSV has no place of its own for it */
        snprintf(rq->next, sizeof rq->next, "/v1/jobs/%s/history?after_epoch=%lld&limit=%llu",
                 rq->id, (long long)h.next, (unsigned long long)h.limit);
    if (h.csv)
        srv_reply_text(rq, 200, "text/csv; charset=utf-8", api_text_take(&h.text));
    else
        reply_json(rq, &h);
end:
    api_text_free(&h.text);
    free(h.changes);
}
