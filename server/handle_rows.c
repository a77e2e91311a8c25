/* handle_rows: the rows of a dataset, page by page. */
#include "srv_guard.h"
#include "srv_routes.h"
#include "srv_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 10000
/* Cells after which a page ends, in bytes of text: a reply is held in memory. */
#define MAX_PAGE ((size_t)8 << 20)

typedef struct page {
    srv_request *rq;
    srv_table *table;
    uint64_t offset, limit, next; /* next: the row behind the last one shown */
    bool csv, records;
    const api_table_column *columns;
    size_t count;
    api_text text;
} page;

static bool read_query(srv_request *rq, page *g)
{
    const char *shape = srv_request_query(rq, "shape");
    if (!srv_request_number(rq, "offset", 0, INT64_MAX, &g->offset) ||
        !srv_request_number(rq, "limit", 1, MAX_LIMIT, &g->limit))
        return false;
    g->records = shape && strcmp(shape, "records") == 0;
    if (shape && !g->records && strcmp(shape, "arrays") != 0) {
        return api_problem_query(&rq->problem, "shape",
                                 "must be \"arrays\" or \"records\", got \"%.40s\"", shape);
    }
    double json = srv_request_accepts(rq, "application/json");
    double csv = srv_request_accepts(rq, "text/csv");
    g->csv = csv > json;
    return json > 0 || csv > 0 ||
           api_problem_set(&rq->problem, API_NOT_ACCEPTABLE,
                           "rows are sent as application/json or text/csv");
}

static void add_row(page *g, const double *values)
{
    if (g->csv) {
        api_table_csv_row(&g->text, g->columns, g->count, values);
        return;
    }
    api_text_puts(&g->text, g->next > g->offset ? ",\n    " : "\n    ");
    if (g->records)
        api_table_record(&g->text, g->columns, g->count, values);
    else
        api_table_array(&g->text, g->columns, g->count, values);
}

static bool add_rows(void *arg, api_problem *p)
{
    page *g = arg;
    srv_table *t = g->table;
    uint64_t rows = srv_table_rows(t);
    for (g->next = g->offset; g->next < rows && g->next - g->offset < g->limit; g->next++) {
        const double *values = srv_table_row(t, g->next, p);
        if (!values)
            return false;
        add_row(g, values);
        if (g->text.len >= MAX_PAGE) {
            g->next++;
            break;
        }
    }
    return true;
}

static void reply_json(page *g, uint64_t total)
{
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "dataset_id", g->rq->id);
    api_doc_number(o, "total", (double)total);
    api_doc_number(o, "offset", (double)g->offset);
    cJSON *names = api_doc_add_array(o, "columns");
    for (size_t i = 0; i < g->count; i++)
        api_doc_append_string(names, g->columns[i].name);
    api_text_puts(&g->text, g->next > g->offset ? "\n  ]" : "]");
    api_doc_raw(o, "rows", g->text.failed ? NULL : g->text.data);
    api_doc_number(o, "next_offset", g->next < total ? (double)g->next : NAN);
    srv_reply_doc(g->rq, 200, o);
}

void srv_get_rows(srv_request *rq)
{
    page g = {.rq = rq, .limit = DEFAULT_LIMIT};
    if (!read_query(rq, &g))
        return;
    srv_table *t = srv_table_open(rq);
    if (!t)
        return;
    g.table = t;
    uint64_t total = srv_table_rows(t);
    g.columns = srv_table_columns(t, &g.count);
    if (g.csv)
        api_table_csv_header(&g.text, g.columns, g.count);
    else
        api_text_puts(&g.text, "[");
    if (!srv_guarded(add_rows, &g, &rq->problem))
        goto end;
    if (g.next < total && !srv_request_query(rq, "columns"))
        snprintf(rq->next, sizeof rq->next, "/v1/datasets/%s/rows?offset=%llu&limit=%llu%s", rq->id,
                 (unsigned long long)g.next, (unsigned long long)g.limit,
                 g.records ? "&shape=records" : "");
    if (g.csv)
        srv_reply_text(rq, 200, "text/csv; charset=utf-8", api_text_take(&g.text));
    else
        reply_json(&g, total);
end:
    api_text_free(&g.text);
    srv_table_close(t);
}
