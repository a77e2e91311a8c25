/* srv_request: what handlers do with a request, apart from the connection itself. */
#include "srv_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool srv_request_number(srv_request *rq, const char *name, uint64_t min, uint64_t max,
                        uint64_t *out)
{
    const char *text = srv_request_query(rq, name);
    if (!text)
        return true;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && errno == 0 && v >= min && v <= max) {
        *out = v;
        return true;
    }
    api_problem_set(&rq->problem, API_BAD_QUERY, "the query parameter %s is invalid", name);
    return api_problem_field(&rq->problem, name,
                             "must be a whole number in [%llu, %llu], got \"%.40s\"",
                             (unsigned long long)min, (unsigned long long)max, text);
}

void srv_reply_text(srv_request *rq, int status, const char *content_type, char *text)
{
    if (!text) {
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the answer");
        return;
    }
    rq->status = status;
    rq->content_type = content_type;
    rq->reply = text;
    rq->reply_len = strlen(text);
}

void srv_reply_doc(srv_request *rq, int status, cJSON *doc)
{
    srv_reply_text(rq, status, "application/json", api_doc_print(doc));
}

void srv_reply_empty(srv_request *rq, int status)
{
    rq->status = status;
}

/* One element of an Accept header, without its parameters: is it `type`, or a range of it? */
static bool covers(const char *element, size_t n, const char *type, bool exactly)
{
    if (strlen(type) == n && strncasecmp(element, type, n) == 0)
        return true;
    if (exactly)
        return false;
    size_t family = (size_t)(strchr(type, '/') - type) + 1;
    return (n == 3 && strncmp(element, "*/*", 3) == 0) ||
           (n == family + 1 && element[family] == '*' && strncasecmp(element, type, family) == 0);
}

static bool in_accept(const srv_request *rq, const char *type, bool exactly)
{
    const char *accept = srv_request_header(rq, "Accept");
    if (!accept)
        return !exactly;
    while (*accept) {
        accept += strspn(accept, ", \t");
        size_t n = strcspn(accept, ",; \t");
        if (n && covers(accept, n, type, exactly))
            return true;
        accept += strcspn(accept, ",");
    }
    return false;
}

bool srv_request_accepts(const srv_request *rq, const char *type)
{
    return in_accept(rq, type, false);
}

bool srv_request_prefers(const srv_request *rq, const char *type)
{
    return in_accept(rq, type, true);
}

void srv_no_such(srv_request *rq, const char *what)
{
    api_problem_set(&rq->problem, API_NOT_FOUND, "there is no %s with id \"%s\"", what, rq->id);
}
