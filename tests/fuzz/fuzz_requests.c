/* fuzz_requests: sound requests of any content, sent to a whole server that asks for tokens: paths,
 * query strings, tokens, the headers of resumable uploads and bodies, as handlers see them.
 *
 * An input is a request as one would write it down:
 *
 *     PATCH /v1/uploads/{upload}?x=1
 *     Upload-Offset: 0
 *
 *     the body
 *
 * {dataset}, {job}, {model}, {sweep} and {upload} stand for the id of one that is there; the token
 * too is added, unless the input has an Authorization of its own.
 *
 * The rules: every request has one answer, whole, in time, and no status 500; documents are JSON,
 * and problems have the status that was sent; without the token nothing but what is open to all is
 * had. What is here changes with the requests, so after some of them all of it is made anew.
 */
#include "serving.h"

#include "srv_routes.h"
#include "srv_token.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <strings.h>
#include <time.h>

enum { MOST = 1 << 21, ANSWER_MS = 20000, RENEW_AFTER = 500 };

static char answer[MOST], token[128];

static struct {
    const char *name;
    char id[SRV_ID_SIZE];
} things[] = {{"{dataset}", ""}, {"{job}", ""}, {"{model}", ""}, {"{sweep}", ""}, {"{upload}", ""}};

enum { DATASET, JOB, MODEL, SWEEP, UPLOAD, THINGS };

/* ---- what is there ---- */

static void take_token(void)
{
    FILE *f = fmemopen(token, sizeof token, "w");
    api_problem p = {0};
    RULE(f && srv_token_create(serving.dir, "default", "write", "fuzz", f, &p));
    fclose(f);
    token[strcspn(token, "\n")] = '\0';
}

/* The text of a member, by its first mention. False: it is null, or there is none. */
static bool find_text(const char *member, char *out, size_t size)
{
    char pattern[40];
    snprintf(pattern, sizeof pattern, "\"%s\": \"", member);
    const char *at = strstr(answer, pattern);
    if (at)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(pattern), "\""), at + strlen(pattern));
    return at != NULL;
}

static void ask(const char *line, const char *type, const char *body)
{
    char request[2000];
    int n = snprintf(request, sizeof request,
                     "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     line, token, type, strlen(body), body);
    serving_converse(request, (size_t)n, answer, sizeof answer, ANSWER_MS);
}

static void make(int thing, const char *line, const char *type, const char *format)
{
    char body[500];
    snprintf(body, sizeof body, format, things[DATASET].id);
    ask(line, type, body);
    RULE(find_text("id", things[thing].id, SRV_ID_SIZE));
}

static void begin(void)
{
    char line[100];
    serving_begin();
    take_token();
    serving_start("on");
    make(DATASET, "POST /v1/datasets", "application/json",
         "{\"X\": [[1, 2], [3, 1], [2, 2], [5, 1]], \"y\": [1, 2, 3, 5]}%.0s");
    make(JOB, "POST /v1/jobs", "application/json", "{\"dataset_id\": \"%s\", \"epochs\": 3}");
    snprintf(line, sizeof line, "GET /v1/jobs/%s", things[JOB].id);
    for (int i = 0; !find_text("model_id", things[MODEL].id, SRV_ID_SIZE); i++) {
        RULE(i < ANSWER_MS);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        ask(line, "application/json", "");
    }
    make(SWEEP, "POST /v1/sweeps", "application/json",
         "{\"job\": {\"dataset_id\": \"%s\", \"epochs\": 2}, \"grid\": {\"l2\": [0, 1]}}");
    make(UPLOAD, "POST /v1/uploads?target=y", "text/csv", "%.0s");
}

/* ---- from the input to a request ---- */

typedef struct request {
    api_text text; /* up to Content-Length */
    api_text body;
    char method[20], path[200];
    bool own_token;
} request;

/* Bytes that a target may not have are written as escapes: a handler sees any. */
static void add_target(request *r, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            api_text_printf(&r->text, "%%%02X", c);
        else
            api_text_add(&r->text, s + i, 1);
    }
}

/* Lines that say how the request is framed are fuzz_http's. */
static bool is_framing(const char *s, size_t name)
{
    static const char *const others[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Host", "Expect", "Upgrade"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strlen(others[i]) == name && strncasecmp(s, others[i], name) == 0)
            return true;
    return false;
}

static void add_header(request *r, const char *s, size_t n)
{
    const char *colon = memchr(s, ':', n);
    size_t name = colon ? (size_t)(colon - s) : 0;
    for (size_t i = 0; i < name; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '-')
            return;
    if (name == 0 || is_framing(s, name))
        return;
    for (size_t i = name; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return;
    r->own_token |= name == 13 && strncasecmp(s, "Authorization", name) == 0;
    api_text_add(&r->text, s, n);
    api_text_puts(&r->text, "\r\n");
}

/* The input with ids in it. */
static void fill_in(const uint8_t *data, size_t n, api_text *out)
{
    for (size_t i = 0; i < n;) {
        size_t t = 0, len = 0;
        for (; data[i] == '{' && t < THINGS; t++) {
            len = strlen(things[t].name);
            if (len <= n - i && memcmp(data + i, things[t].name, len) == 0)
                break;
        }
        bool named = data[i] == '{' && t < THINGS;
        if (named)
            api_text_puts(out, things[t].id);
        else
            api_text_add(out, (const char *)data + i, 1);
        i += named ? len : 1;
    }
}

/* False: it has no method and path; a line without a method is closed without an answer. */
static bool compose(request *r, const char *s, size_t n)
{
    const char *end = s + n, *line = memchr(s, '\n', n);
    const char *space = memchr(s, ' ', (size_t)((line ? line : end) - s));
    size_t method = space ? (size_t)(space - s) : 0;
    if (method == 0 || space + 1 == end || space[1] != '/' || method >= sizeof r->method)
        return false;
    for (size_t i = 0; i < method; i++)
        if (!isupper((unsigned char)s[i]))
            return false;
    snprintf(r->method, sizeof r->method, "%.*s", (int)method, s);
    snprintf(r->path, sizeof r->path, "%.*s", (int)strcspn(space + 1, "?\n"), space + 1);
    api_text_printf(&r->text, "%s ", r->method);
    add_target(r, space + 1, (size_t)((line ? line : end) - space - 1));
    api_text_puts(&r->text, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    while (line && line + 1 < end) {
        s = line + 1;
        line = memchr(s, '\n', (size_t)(end - s));
        size_t len = (size_t)((line ? line : end) - s);
        if (len == 0) {
            api_text_add(&r->body, s + 1, (size_t)(end - s - 1));
            break;
        }
        add_header(r, s, len);
    }
    if (!r->own_token)
        api_text_printf(&r->text, "Authorization: Bearer %s\r\n", token);
    if (r->body.len || strcmp(r->method, "GET") != 0)
        api_text_printf(&r->text, "Content-Length: %zu\r\n", r->body.len);
    api_text_puts(&r->text, "\r\n");
    api_text_add(&r->text, r->body.data ? r->body.data : "", r->body.len);
    return r->text.len > 0;
}

/* ---- the answer ---- */

static bool open_to_all(const request *r)
{
    for (size_t i = 0; i < srv_routes_count; i++)
        if (srv_routes[i].open_to_all && strcmp(srv_routes[i].pattern, r->path) == 0)
            return true;
    return false;
}

static void check_document(const char *body, bool problem, int status)
{
    cJSON *doc = cJSON_ParseWithOpts(body, NULL, true);
    RULE(doc != NULL);
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(doc, "status");
    RULE(!problem || (cJSON_IsNumber(said) && said->valueint == status));
    RULE(!problem || cJSON_IsString(cJSON_GetObjectItemCaseSensitive(doc, "type")));
    cJSON_Delete(doc);
}

/* Its status. */
static int check_answer(const request *r, size_t n)
{
    int status = 0;
    RULE(sscanf(answer, "HTTP/1.1 %3d ", &status) == 1 && status >= 200);
    char *body = strstr(answer, "\r\n\r\n");
    RULE(body != NULL);
    *body = '\0';
    body += 4;
    RULE(status != 500 && status != 501);
    const char *length = strcasestr(answer, "\r\nContent-Length: ");
    bool head = strcmp(r->method, "HEAD") == 0;
    size_t len = n - (size_t)(body - answer);
    RULE(!length || head || strtoul(length + 18, NULL, 10) == len);
    bool problem = strcasestr(answer, "\r\nContent-Type: application/problem+json") != NULL;
    RULE(head || problem == (status >= 400));
    if (!head && length && (problem || strcasestr(answer, "\r\nContent-Type: application/json")))
        check_document(body, problem, status);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int since;
    if (since++ % RENEW_AFTER == 0) {
        serving_stop();
        begin();
    }
    request r = {0};
    api_text input = {0};
    fill_in(data, n, &input);
    if (compose(&r, input.data ? input.data : "", input.len)) {
        size_t got = serving_converse(r.text.data, r.text.len, answer, sizeof answer, ANSWER_MS);
        int status = check_answer(&r, got);
        RULE(!r.own_token || status >= 400 || open_to_all(&r));
        if (strcmp(r.method, "DELETE") == 0 && status < 300)
            since = 0;
    }
    api_text_free(&r.text);
    api_text_free(&r.body);
    api_text_free(&input);
    return 0;
}
