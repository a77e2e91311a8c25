/* api_token: tokens as they are asked for and shown over HTTP.
 */
#ifndef API_TOKEN_H
#define API_TOKEN_H

#include "api_doc.h"

enum { API_TOKEN_NAME = 200 }; /* characters of a name, at most */

typedef struct api_token_request {
    char scope[8]; /* "read", "write" or "admin" */
    char name[API_TOKEN_NAME + 1];
} api_token_request;

/* Reads {"scope", "name"}, the scope is needed. False with every bad field in p. */
bool api_token_decode(const char *bytes, size_t n, api_token_request *out, api_problem *p);

/* All borrowed. */
typedef struct api_token_view {
    const char *id, *name, *scope;
    const char *created_at; /* NULL: not known */
    const char *revoked_at; /* or NULL */
    bool of_file;           /* a line of the server's --token-file */
    const char *token;      /* as it is sent, known when it is made; else NULL */
} api_token_view;

void api_token_encode(cJSON *o, const api_token_view *v);

#endif
