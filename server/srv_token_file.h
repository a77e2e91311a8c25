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

#include "srv_sha256.h"
#include "srv_token.h"

/* path: borrowed. NULL with the reason in p. */
srv_token_file *srv_token_file_open(const char *path, api_problem *p);
void srv_token_file_close(srv_token_file *f); /* NULL is fine */

/* Reads it again. False with the reason in p, and then what was there stays. */
bool srv_token_file_reload(srv_token_file *f, api_problem *p);

/* Looks for the token with out->id; sets its tenant and scope, and the hash that it has to fit. */
bool srv_token_file_find(srv_token_file *f, srv_token *out, char hash[SRV_SHA256_SIZE]);

#endif
