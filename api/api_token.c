/* api_token: two members read, some more written. */
#include "api_token.h"

#include <stdio.h>
#include <string.h>

static const char *const members[] = {"scope", "name"};
static const char *const scopes[] = {"read", "write", "admin"};

static void decode_member(const cJSON *item, api_token_request *out, api_problem *p)
{
    const char *text = cJSON_GetStringValue(item);
    if (strcmp(item->string, "scope") == 0) {
        for (size_t i = 0; text && i < sizeof scopes / sizeof scopes[0]; i++)
            if (strcmp(text, scopes[i]) == 0)
                snprintf(out->scope, sizeof out->scope, "%s", text);
        if (!*out->scope)
            api_problem_field(p, "scope", "must be \"read\", \"write\" or \"admin\"");
    } else if (strcmp(item->string, "name") == 0) {
        if (text && strlen(text) <= API_TOKEN_NAME)
            snprintf(out->name, sizeof out->name, "%s", text);
        else
            api_problem_field(p, "name", "must be a string of at most %d bytes", API_TOKEN_NAME);
    } else {
        api_problem_unknown(p, item->string, members, sizeof members / sizeof members[0]);
    }
}

bool api_token_decode(const char *bytes, size_t n, api_token_request *out, api_problem *p)
{
    *out = (api_token_request){.scope = ""};
    cJSON *doc = api_doc_parse(bytes, n, p);
    if (!doc)
        return false;
    const cJSON *item;
    if (!cJSON_GetObjectItemCaseSensitive(doc, "scope"))
        api_problem_field(p, "scope", "is missing: it is \"read\", \"write\" or \"admin\"");
    cJSON_ArrayForEach (item, doc)
        decode_member(item, out, p);
    cJSON_Delete(doc);
    return p->code == API_NO_PROBLEM;
}

void api_token_encode(cJSON *o, const api_token_view *v)
{
    api_doc_string(o, "id", v->id);
    api_doc_string(o, "name", v->name);
    api_doc_string(o, "scope", v->scope);
    api_doc_string(o, "created_at", v->created_at);
    if (v->token) {
        api_doc_string(o, "token", v->token);
        return;
    }
    api_doc_string(o, "revoked_at", v->revoked_at);
    api_doc_string(o, "source", v->of_file ? "file" : "database");
}
