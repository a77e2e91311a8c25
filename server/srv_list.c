/* srv_list: reading pages and single rows. */
#include "srv_list.h"

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 1000

typedef struct page {
    const srv_listing *listing;
    const char *tenant;
    uint64_t limit, before;
    cJSON *doc, *list;
    uint64_t n, last; /* rows so far, and the number of the last */
} page;

static bool read_page(srv_db *db, void *arg, api_problem *p)
{
    page *g = arg;
    const srv_listing *l = g->listing;
    int64_t before = (int64_t)g->before,
            limit =
                (int64_t)(g->limit - g->n) + 1; /* one more tells whether there is a next page */
    srv_sql sql = *g->tenant ? l->sql + 1 : l->sql; /* SRV_PAGES */
    srv_rows *rows =
        srv_db_query(db, sql, p, "iittt", limit, before, l->filters[0], l->filters[1], g->tenant);
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW) {
        if (g->n++ == g->limit) {
            srv_db_done(rows);
            api_doc_number(g->doc, "next", (double)g->last);
            return true;
        }
        g->last = (uint64_t)srv_integer(rows, l->seq);
        l->encode(api_doc_append_object(g->list), rows);
    }
    api_doc_null(g->doc, "next");
    return step == SRV_END;
}

void srv_list(srv_request *rq, const srv_listing *listing)
{
    page g = {.listing = listing,
              .tenant = rq->token.tenant,
              .limit = DEFAULT_LIMIT,
              .before = INT64_MAX};
    if (!srv_request_number(rq, "limit", 1, MAX_LIMIT, &g.limit) ||
        !srv_request_number(rq, "before", 1, INT64_MAX, &g.before))
        return;
    g.doc = cJSON_CreateObject();
    g.list = api_doc_add_array(g.doc, listing->member);
    if (listing->first)
        g.n = listing->first(rq, g.list, g.limit, g.before, &g.last);
    if (g.n > g.limit) { /* the page is full, and there are more of these */
        api_doc_number(g.doc, "next", (double)g.last);
        srv_reply_doc(rq, 200, g.doc);
    } else if (srv_store_read(rq->app->store, read_page, &g, &rq->problem))
        srv_reply_doc(rq, 200, g.doc);
    else
        cJSON_Delete(g.doc);
}

typedef struct one {
    srv_request *rq;
    srv_sql sql;
    srv_encode_row *encode;
    cJSON *doc;
    bool found;
} one;

static bool read_one(srv_db *db, void *arg, api_problem *p)
{
    one *o = arg;
    srv_rows *rows = srv_db_query(db, o->sql, p, "t", o->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    o->found = true;
    o->encode(o->doc, rows);
    srv_db_done(rows);
    return true;
}

void srv_get_one(srv_request *rq, srv_sql sql, const char *what, srv_encode_row *encode)
{
    one o = {rq, sql, encode, cJSON_CreateObject(), false};
    if (srv_store_read(rq->app->store, read_one, &o, &rq->problem) && o.found) {
        srv_reply_doc(rq, 200, o.doc);
        return;
    }
    cJSON_Delete(o.doc);
    srv_no_such(rq, what);
}
