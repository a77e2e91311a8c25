/* srv_token: API tokens: who asks, for which tenant, and what they may do.
 *
 * DESIGN
 * A token is "gdt_<20>_<40>" in Crockford's base 32: an id to find it by, and 200 random bits. Of
 * those the database has the SHA-256 alone (they have nothing that a slow hash would protect), and
 * they are compared in constant time. Each request looks in the database, so a token that is
 * revoked is worth nothing from then on. Tokens are made and revoked on the command line, by who
 * can write to the data directory; over HTTP by a tenant's admins for their tenant; or they are
 * lines of a file (srv_token_file.h).
 */
#ifndef SRV_TOKEN_H
#define SRV_TOKEN_H

#include "srv_clock.h"
#include "srv_sha256.h"
#include "srv_store.h"

#include <stdio.h>

#define SRV_TENANT_SIZE 65
#define SRV_EVERYBODY "default" /* the tenant of requests without a token, as the schema has it */

/* Each may do what those before it may. */
typedef enum srv_scope {
    SRV_READ,  /* look, predict, measure: nothing changes */
    SRV_WRITE, /* datasets, jobs and models of the tenant */
    SRV_ADMIN  /* and its tokens */
} srv_scope;

typedef struct srv_token {
    char id[SRV_ID_SIZE];         /* "" for nobody in particular */
    char tenant[SRV_TENANT_SIZE]; /* "" for all of them: access control is off */
    srv_scope scope;
} srv_token;

typedef struct srv_token_file srv_token_file;

/* file: or NULL. authorization: the header's value, or NULL. False with the problem set: 401. */
bool srv_token_check(srv_store *store, srv_token_file *file, const char *authorization,
                     srv_token *out, api_problem *p);

const char *srv_scope_name(srv_scope scope);
bool srv_scope_named(const char *name, srv_scope *out);
bool srv_token_is_id(const char *text);

#define SRV_TOKEN_SIZE 80

typedef struct srv_new_token {
    char id[SRV_ID_SIZE], hash[SRV_SHA256_SIZE], created_at[SRV_TIME_SIZE];
    char token[SRV_TOKEN_SIZE]; /* as it is sent; not stored */
} srv_new_token;

srv_new_token *srv_token_new(srv_new_token *t); /* returns t */
bool srv_token_insert(srv_db *db, const srv_new_token *t, const char *tenant, const char *scope,
                      const char *name, api_problem *p);

/* Tenants are told apart by name; "" stands for all of them, where access control is off. */

/* Whom things belong to that this tenant makes. */
const char *srv_tenant_name(const char *tenant);

/* May a tenant have this name? */
bool srv_tenant_check(const char *tenant, api_problem *p);

/* Whom the thing with this id belongs to. False when that can't be found out, or it is not there. */
bool srv_tenant_of(srv_db *db, const char *id, char tenant[SRV_TENANT_SIZE], api_problem *p);

/* Does the thing with this id belong to the tenant? Of tenant "" everything does. False with a
 * problem when that can't be found out, and without one when it does not, or is not there. */
bool srv_owned(srv_db *db, const char *id, const char *tenant, api_problem *p);

/* For the command line; dir: the data directory, made if missing, of a server that runs or not.
 * The token, which is not seen again, goes to `to`. */
bool srv_token_create(const char *dir, const char *tenant, const char *scope, const char *name,
                      FILE *to, api_problem *p);
/* A token and its line for a file of them; nothing is stored. */
bool srv_token_line(const char *tenant, const char *scope, const char *name, FILE *to,
                    api_problem *p);
bool srv_token_list(const char *dir, FILE *to, api_problem *p);
bool srv_token_revoke(const char *dir, const char *id, api_problem *p);

#endif
