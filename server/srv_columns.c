/* srv_columns: names looked up one by one, since they are few or all. */
#include "srv_columns.h"

#include "api_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(srv_request *rq)
{
    return api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory");
}

static bool all_columns(srv_request *rq, size_t count, srv_columns *out)
{
    out->index = malloc(count * sizeof *out->index);
    if (!out->index)
        return no_memory(rq);
    for (size_t i = 0; i < count; i++)
        out->index[i] = i;
    out->count = count;
    return true;
}

static bool unknown(srv_request *rq, const char *name, const char *const *names, size_t count,
                    const char *target)
{
    const char *near = api_nearest(name, names, count);
    near = near ? near : api_nearest(name, &target, 1);
    return api_problem_query(&rq->problem, "columns",
                             "the dataset has no column \"%.80s\"%s%.80s%s", name,
                             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool find(srv_request *rq, const api_names *wanted, const char *const *names,
                 size_t features, const char *target, srv_columns *out)
{
    /* by the dataset's columns, which may be many, so that each is looked at once */
    size_t found = 0;
    for (size_t i = 0; i < wanted->count; i++)
        out->index[i] = SIZE_MAX;
    for (size_t j = 0; j <= features; j++) {
        size_t at = api_names_find(wanted, j < features ? names[j] : target);
        if (at != SIZE_MAX && out->index[at] == SIZE_MAX) {
            out->index[at] = j;
            found++;
        }
    }
    for (size_t i = 0; found < wanted->count && i < wanted->count; i++)
        if (out->index[i] == SIZE_MAX)
            return unknown(rq, wanted->list[i], names, features, target);
    return true;
}

static bool split(srv_request *rq, char *list, api_names *wanted)
{
    for (char *name = list; name;) {
        char *comma = strchr(name, ',');
        if (comma)
            *comma++ = '\0';
        switch (api_names_add(wanted, name)) {
        case API_NAMES_NO_MEMORY:
            return no_memory(rq);
        case API_NAMES_TWICE:
            return api_problem_query(&rq->problem, "columns", "has \"%.80s\" twice", name);
        case API_NAMES_NEW:
            break;
        }
        name = comma;
    }
    return true;
}

bool srv_columns_choose(srv_request *rq, const char *const *names, size_t features,
                        const char *target, srv_columns *out)
{
    const char *text = srv_request_query(rq, "columns");
    api_names wanted = {0};
    *out = (srv_columns){0};
    if (!text)
        return all_columns(rq, features + 1, out);
    char *list = strdup(text);
    bool ok = list ? split(rq, list, &wanted) : no_memory(rq);
    if (ok) {
        out->count = wanted.count;
        out->index = malloc(wanted.count * sizeof *out->index);
        ok = out->index ? find(rq, &wanted, names, features, target, out) : no_memory(rq);
    }
    if (!ok)
        srv_columns_free(out);
    api_names_free(&wanted);
    free(list);
    return ok;
}

void srv_columns_free(srv_columns *c)
{
    free(c->index);
    *c = (srv_columns){0};
}
