/* srv_access: tokens, scopes, owners. */
#include "srv_access.h"

#include "srv_routes.h"
#include "srv_token_file.h"

#include <string.h>

static bool look(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    rq->theirs = srv_owned(db, rq->id, rq->token.tenant, p) ||
                 srv_token_file_has(rq->app->token_file, rq->id, rq->token.tenant);
    return p->code == API_NO_PROBLEM;
}

/* "dataset" of /v1/datasets/{id}. */
static bool is_not_there(srv_request *rq)
{
    char what[32];
    const char *list = rq->path + strlen("/v1/");
    snprintf(what, sizeof what, "%.*s", (int)strcspn(list, "/"), list);
    what[strlen(what) - 1] = '\0';
    srv_no_such(rq, what);
    return false;
}

bool srv_access_check(srv_request *rq)
{
    const srv_route *route = rq->route;
    if (!rq->app->auth || route->open_to_all)
        return true;
    bool looks = route->looks || strcmp(route->method, "GET") == 0;
    if (!srv_token_check(rq->app->store, rq->app->token_file, srv_request_header(rq, "Authorization"), &rq->token,
                         &rq->problem))
        return false;
    if (route->admin && rq->token.scope < SRV_ADMIN)
        return api_problem_set(&rq->problem, API_FORBIDDEN,
                               "the token's scope is %s: tokens are for those of scope admin",
                               srv_scope_name(rq->token.scope));
    if (rq->token.scope < (looks ? SRV_READ : SRV_WRITE))
        return api_problem_set(&rq->problem, API_FORBIDDEN,
                               "the token's scope is read: it can look, predict and measure, and "
                               "change nothing");
    if (!*rq->id)
        return true;
    return srv_store_read(rq->app->store, look, rq, &rq->problem) &&
           (rq->theirs || is_not_there(rq));
}
