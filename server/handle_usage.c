/* handle_usage: what the tenant that asks has, and may have. */
#include "srv_quota.h"
#include "srv_routes.h"

#include <math.h>

typedef struct usage {
    const srv_request *rq;
    const char *tenant;
    cJSON *quotas;
} usage;

static bool read_usage(srv_db *db, void *arg, api_problem *p)
{
    usage *u = arg;
    for (int q = 0; q < SRV_QUOTAS; q++) {
        srv_use use;
        if (!srv_quota_use(db, &u->rq->app->config, u->tenant, (srv_quota)q, &use, p))
            return false;
        cJSON *o = api_doc_add_object(u->quotas, srv_quota_name((srv_quota)q));
        api_doc_number(o, "used", (double)use.used);
        api_doc_number(o, "limit", use.most ? (double)use.most : NAN);
    }
    return true;
}

void srv_get_usage(srv_request *rq)
{
    cJSON *o = cJSON_CreateObject();
    usage u = {.rq = rq, .tenant = srv_tenant_name(rq->token.tenant)};
    api_doc_string(o, "tenant", u.tenant);
    u.quotas = api_doc_add_object(o, "quotas");
    if (srv_store_read(rq->app->store, read_usage, &u, &rq->problem))
        srv_reply_doc(rq, 200, o);
    else
        cJSON_Delete(o);
}
