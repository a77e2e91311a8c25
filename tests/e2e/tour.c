/* tour: how a tour asks, and holds what it is answered against the document. */
#include "tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The response objects of operations that were seen. */
static const cJSON *answered[512];
static size_t answered_count;

bool was_answered(const cJSON *response)
{
    for (size_t i = 0; i < answered_count; i++)
        if (answered[i] == response)
            return true;
    return false;
}

const char *bearer;

e2e_reply ask(const char *method, const char *pattern, const char *id, const char *query,
              const char *header, const char *body, long status)
{
    char path[512], type[64], key[8];
    const char *hole = strstr(pattern, "{id}");
    snprintf(path, sizeof path, "%.*s%s%s%s", hole ? (int)(hole - pattern) : (int)strlen(pattern),
             pattern, hole ? id : "", hole ? hole + 4 : "", query);
    const char *const headers[] = {header ? header : bearer, header ? bearer : NULL, NULL};
    e2e_reply r = e2e_request(server, method, path, headers, body, body ? strlen(body) : 0);
    ck_assert_msg(r.status == status, "%s %s: %ld, not %ld: %s", method, path, r.status, status,
                  r.body);
    const cJSON *op = operation(method, pattern);
    ck_assert_msg(op != NULL, "%s %s is not documented", method, pattern);
    snprintf(key, sizeof key, "%ld", r.status);
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(member(op, "responses"), key),
                *response = schema_resolve(checker, own);
    ck_assert_msg(response != NULL, "%s %s may not answer %s: %s", method, pattern, key, r.body);
    check_headers(&r, response);
    if (!was_answered(own) && answered_count < COUNT(answered))
        answered[answered_count++] = own;
    const cJSON *contents = member(response, "content");
    e2e_header(&r, "Content-Type", type, sizeof type);
    type[strcspn(type, ";")] = '\0';
    if (!contents) {
        ck_assert_uint_eq(r.len, 0);
        return r;
    }
    const cJSON *content = member(contents, type), *value = r.json;
    ck_assert_msg(content != NULL, "%s %s: %s is answered with %s", method, pattern, key, type);
    cJSON *text = value ? NULL : cJSON_CreateString(r.body);
    ck_assert_msg(schema_check(checker, member(content, "schema"), value ? value : text),
                  "%s %s: %s: %s: %.2000s", method, pattern, key, schema_why(checker), r.body);
    cJSON_Delete(text);
    return r;
}

void see(const char *method, const char *pattern, const char *id, const char *query,
         const char *header, const char *body, long status)
{
    e2e_reply r = ask(method, pattern, id, query, header, body, status);
    e2e_reply_free(&r);
}

void keep(e2e_reply r, const char *path, char id[32])
{
    snprintf(id, 32, "%s", e2e_string(r.json, path));
    e2e_reply_free(&r);
}

e2e_reply watch(const char *job)
{
    for (double end = e2e_now() + 60; e2e_now() < end;) {
        e2e_reply r = ask("GET", "/v1/jobs/{id}", job, "?wait=10", NULL, NULL, 200);
        if (!cJSON_IsNull(e2e_at(r.json, "finished_at")))
            return r;
        e2e_reply_free(&r);
    }
    ck_abort_msg("the job does not end");
    return (e2e_reply){0};
}

void train(const char *body, char job[32], char model[32])
{
    keep(ask("POST", "/v1/jobs", "", "", JSON_TYPE, body, 202), "id", job);
    e2e_reply r = watch(job);
    const cJSON *id = e2e_at(r.json, "model_id");
    snprintf(model, 32, "%s", cJSON_IsString(id) ? id->valuestring : "");
    e2e_reply_free(&r);
}

char *large_body(void)
{
    char *body = malloc(80001);
    memset(body, ' ', 80000);
    memcpy(body, "{\"X\": [1], \"y\": [1]", 19);
    body[79999] = '}';
    body[80000] = '\0';
    return body;
}

