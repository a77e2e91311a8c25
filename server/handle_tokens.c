/* handle_tokens: the tokens of a tenant, made, listed and revoked by those of it that may. */
#include "api_token.h"
#include "srv_list.h"
#include "srv_routes.h"
#include "srv_token_file.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 1000 };

/* A token that anybody could make would outlive the time when nobody was asked for one. */
static bool is_controlled(srv_request *rq)
{
    return rq->app->auth ||
           api_problem_set(&rq->problem, API_FORBIDDEN,
                           "access control is off (--auth): tokens are made, listed and revoked on "
                           "the command line, by descentd token");
}

typedef struct making {
    const srv_request *rq;
    const api_token_request *asked;
    srv_new_token made;
} making;

/* With it there are no more than so many that hold, nor many more that were revoked. */
static bool insert(srv_db *db, void *arg, api_problem *p)
{
    making *m = arg;
    const char *tenant = m->rq->token.tenant;
    if (!srv_token_insert(db, &m->made, tenant, m->asked->scope, m->asked->name, p) ||
        !srv_db_run(db, SQL_TOKEN_FORGET, p, "ti", tenant, (int64_t)MOST))
        return false;
    srv_rows *rows = srv_db_query(db, SQL_TOKEN_COUNT, p, "t", tenant);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    int64_t count = srv_integer(rows, 0);
    srv_db_done(rows);
    return count <= MOST ||
           api_problem_set(p, API_QUOTA_FULL,
                           "tenant %s has %d tokens, which is the most that hold at once; revoke "
                           "some first",
                           tenant, MOST);
}

void srv_post_token(srv_request *rq)
{
    api_token_request asked;
    const char *body = rq->body.data ? rq->body.data : "";
    if (!is_controlled(rq) || !srv_json_body(rq) ||
        !api_token_decode(body, rq->body.len, &asked, &rq->problem))
        return;
    making m = {.rq = rq, .asked = &asked};
    srv_token_new(&m.made);
    if (!srv_store_write(rq->app->store, insert, &m, &rq->problem))
        return;
    const api_token_view view = {.id = m.made.id,
                                 .name = asked.name,
                                 .scope = asked.scope,
                                 .created_at = m.made.created_at,
                                 .token = m.made.token};
    cJSON *o = cJSON_CreateObject();
    api_token_encode(o, &view);
    snprintf(rq->location, sizeof rq->location, "/v1/tokens/%s", m.made.id);
    srv_reply_doc(rq, 201, o);
}

static void encode(cJSON *o, srv_rows *rows)
{
    api_token_encode(o, &(api_token_view){.id = srv_text(rows, 0),
                                          .name = srv_text(rows, 1),
                                          .scope = srv_text(rows, 2),
                                          .created_at = srv_text(rows, 3),
                                          .revoked_at = srv_text(rows, 4)});
}

/* Those of the server's file. */
static uint64_t encode_first(const srv_request *rq, cJSON *list, uint64_t most, uint64_t before,
                             uint64_t *last)
{
    if (before <= SRV_FIRST_ROW)
        return 0;
    uint64_t count = srv_token_file_list(rq->app->token_file, rq->token.tenant,
                                         before - SRV_FIRST_ROW, most, last, list);
    *last += SRV_FIRST_ROW;
    return count;
}

void srv_list_tokens(srv_request *rq)
{
    if (is_controlled(rq))
        srv_list(rq, &(srv_listing){.sql = SQL_TENANT_TOKENS,
                                    .seq = 5,
                                    .member = "tokens",
                                    .encode = encode,
                                    .first = encode_first});
}

static bool revoke(srv_db *db, void *arg, api_problem *p)
{
    const srv_request *rq = arg;
    char now[SRV_TIME_SIZE];
    return srv_db_run(db, SQL_TOKEN_REVOKE, p, "tt", srv_time_text(now), rq->id);
}

/* One that was revoked before stays so. What the file has lets in until it is taken out there,
 * whatever the database says. */
void srv_delete_token(srv_request *rq)
{
    if (!is_controlled(rq))
        return;
    if (strncmp(rq->id, "gdt_", 4) != 0) /* another thing of the tenant's */
        srv_no_such(rq, "token");
    else if (srv_token_file_has(rq->app->token_file, rq->id, rq->token.tenant))
        api_problem_set(
            &rq->problem, API_CONFLICT,
            "the token is a line of the server's --token-file: it holds until that line "
            "is taken out and the server told to read the file again (SIGHUP)");
    else if (srv_store_write(rq->app->store, revoke, rq, &rq->problem))
        srv_reply_empty(rq, 204);
}
