/* documented: how the document is asked for and searched. */
#include "documented.h"

#include "suite.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

e2e_server *server;
static e2e_reply document;
const cJSON *api;
schema *checker;

static void start_with(const char *const *options)
{
    server = e2e_start(options);
    document = e2e_get(server, "/openapi.json");
    ck_assert_int_eq(document.status, 200);
    api = document.json;
    checker = schema_new(api);
}

static void start(void)
{
    start_with(NULL);
}

static void start_small(void)
{
    start_with(
        (const char *const[]){"--workers", "1", "--max-queue", "1", "--max-body", "64k", "--max-cells",
                              "12000", "--tenant-jobs", "1000000", NULL});
}

static void stop(void)
{
    schema_free(checker);
    e2e_reply_free(&document);
    e2e_stop(server);
}

const cJSON *member(const cJSON *o, const char *name)
{
    return schema_resolve(checker, cJSON_GetObjectItemCaseSensitive(o, name));
}

const cJSON *schema_of(const char *name)
{
    const cJSON *found = member(e2e_at(api, "components.schemas"), name);
    ck_assert_msg(found != NULL, "there is no schema %s", name);
    return found;
}

const cJSON *operation(const char *method, const char *path)
{
    char lower[16];
    size_t n = strlen(method);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)method[i]);
    return member(member(e2e_at(api, "paths"), path), lower);
}

bool is_method(const char *name)
{
    return strcmp(name, "get") == 0 || strcmp(name, "post") == 0 || strcmp(name, "delete") == 0 ||
           strcmp(name, "put") == 0 || strcmp(name, "patch") == 0;
}

void check_headers(const e2e_reply *r, const cJSON *response)
{
    const cJSON *header;
    char value[256];
    cJSON_ArrayForEach (header, member(response, "headers")) {
        const cJSON *h = schema_resolve(checker, header);
        e2e_header(r, header->string, value, sizeof value);
        ck_assert_msg(*value || !cJSON_IsTrue(member(h, "required")), "%s is missing",
                      header->string);
    }
}

void train_line(char dataset_id[32], char model_id[32])
{
    char body[96], job[32];
    e2e_dataset(server, "{\"X\": [1, 2, 3], \"y\": [1, 3, 5]}", dataset_id);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset_id);
    e2e_job(server, body, job);
    e2e_reply r = e2e_wait(server, job);
    snprintf(model_id, 32, "%s", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
}

static int run_with(TCase *tc, void (*begin)(void))
{
    Suite *suite = suite_create("openapi");
    tcase_add_checked_fixture(tc, begin, stop);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}

int run_documented(TCase *tc)
{
    return run_with(tc, start);
}

int run_documented_small(TCase *tc)
{
    return run_with(tc, start_small);
}
