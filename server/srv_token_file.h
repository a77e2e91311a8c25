/* srv_token_file: tokens that a file lists, for those whose configuration is one (--token-file).
 *
 * A line is "ID TENANT SCOPE SHA-256 [NAME]": the id that a token begins with, and the SHA-256 of its
 * secret part, as `descentd token line` prints them. Empty lines and those that begin with # are
 * passed over. The file holds beside the tokens of the database, and goes before them. It is taken
 * whole or not at all: a line that is wrong, or a file that others may write to, is an error. Any
 * thread may look while it is read again.
 */
#ifndef SRV_TOKEN_FILE_H
#define SRV_TOKEN_FILE_H

#include "api_token.h"
#include "srv_sha256.h"
#include "srv_token.h"

/* path: borrowed. NULL with the reason in p. */
srv_token_file *srv_token_file_open(const char *path, api_problem *p);
void srv_token_file_close(srv_token_file *f); /* NULL is fine */

/* Reads it again. False with the reason in p, and then what was there stays. */
bool srv_token_file_reload(srv_token_file *f, api_problem *p);

/* Looks for the token with out->id; sets its tenant and scope, and the hash that it has to fit. */
bool srv_token_file_find(srv_token_file *f, srv_token *out, char hash[SRV_SHA256_SIZE]);

/* Is it a token of that tenant's? f: NULL is fine. */
bool srv_token_file_has(srv_token_file *f, const char *id, const char *tenant);

/* Documents of the tenant's tokens, added to list: of those that have numbers below `below`, from 0 on,
 * the highest first, at most `most`. Returns how many have; *last: the number of the last one added.
 * f: NULL is fine. */
uint64_t srv_token_file_list(srv_token_file *f, const char *tenant, uint64_t below, uint64_t most,
                             uint64_t *last, cJSON *list);

#endif
