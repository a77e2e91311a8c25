/* srv_request: what handlers do with a request, apart from the connection itself. */
#include "srv_request.h"

#include "api_number.h"
#include "api_reader.h"
#include "srv_routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KNOWN = 16 }; /* query parameters of a route, at most */

bool srv_request_knows(srv_request *rq, const char *name, const char *what)
{
    const char *known[KNOWN];
    size_t count = 0;
    char names[256];
    snprintf(names, sizeof names, "%s", rq->route->query);
    char *rest = NULL;
    for (char *n = strtok_r(names, " ", &rest); n && count < KNOWN; n = strtok_r(NULL, " ", &rest))
        known[count++] = n;
    for (size_t i = 0; i < count; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    api_problem own = {0};
    if (count)
        api_problem_unknown(&own, name, known, count);
    const char *why = count ? own.errors[0].message : "this route takes no query parameters";
    api_problem_set(&rq->problem, API_BAD_QUERY, "the %s %.64s is not known here: %s", what, name,
                    why);
    return api_problem_field(&rq->problem, name, "%s", why);
}

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
    return api_problem_query(&rq->problem, name,
                             "must be a whole number in [%llu, %llu], got \"%.40s\"",
                             (unsigned long long)min, (unsigned long long)max, text);
}

static bool bad_query(srv_request *rq, const char *name, const char *expected, const char *text)
{
    return api_problem_query(&rq->problem, name, "must be %s, got \"%.40s\"", expected, text);
}

bool srv_request_real(srv_request *rq, const char *name, double *out)
{
    const char *text = srv_request_query(rq, name);
    return !text || api_number_parse(text, strlen(text), out) == API_NUMBER_OK ||
           bad_query(rq, name, "a number", text);
}

bool srv_request_bool(srv_request *rq, const char *name, bool *out)
{
    const char *text = srv_request_query(rq, name);
    if (!text)
        return true;
    *out = strcmp(text, "true") == 0;
    return *out || strcmp(text, "false") == 0 || bad_query(rq, name, "true or false", text);
}

bool srv_json_body(srv_request *rq)
{
    const char *type = srv_request_header(rq, "Content-Type");
    const api_format *format = api_format_find(type, &rq->problem);
    if (format && format != api_formats[0])
        api_problem_set(&rq->problem, API_UNSUPPORTED_MEDIA,
                        "Content-Type \"%.80s\" is not read here; send application/json", type);
    return rq->problem.code == API_NO_PROBLEM;
}

/* False, with the problem set, when there was no memory for it. */
static bool describe(srv_request *rq, int status, const char *content_type, const char *text)
{
    if (!text)
        return api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for the answer");
    rq->status = status;
    rq->content_type = content_type;
    rq->reply_len = strlen(text);
    return true;
}

void srv_reply_text(srv_request *rq, int status, const char *content_type, char *text)
{
    if (describe(rq, status, content_type, text))
        rq->reply = text;
}

void srv_reply_shared(srv_request *rq, int status, const char *text)
{
    if (describe(rq, status, "application/json", text))
        rq->shared = text;
}

void srv_reply_doc(srv_request *rq, int status, cJSON *doc)
{
    srv_reply_text(rq, status, "application/json", api_doc_print(doc));
}

void srv_reply_empty(srv_request *rq, int status)
{
    rq->status = status;
}

void srv_reply_bytes(srv_request *rq, const char *name, uint64_t value)
{
    size_t i = 0, most = sizeof rq->bytes / sizeof rq->bytes[0];
    while (i < most - 1 && rq->bytes[i].name && strcmp(rq->bytes[i].name, name) != 0)
        i++;
    rq->bytes[i].name = name;
    rq->bytes[i].value = value;
}

/* How exactly one element of an Accept header, without its parameters, speaks of `type`: 3 by
 * name, 2 as a family, 1 as anything, 0 not at all. */
static int covers(const char *element, size_t n, const char *type)
{
    size_t family = (size_t)(strchr(type, '/') - type) + 1;
    if (strlen(type) == n && strncasecmp(element, type, n) == 0)
        return 3;
    if (n == family + 1 && element[family] == '*' && strncasecmp(element, type, family) == 0)
        return 2;
    return n == 3 && strncmp(element, "*/*", 3) == 0;
}

/* The q parameter of an element that goes up to the next comma; 1 when there is none. */
static double weight(const char *element)
{
    size_t n = strcspn(element, ",");
    for (const char *at = element; (at = memchr(at, ';', n - (size_t)(at - element))); at++) {
        const char *name = at + 1 + strspn(at + 1, " \t");
        if ((*name == 'q' || *name == 'Q') && name[1] == '=')
            return strtod(name + 2, NULL);
    }
    return 1;
}

double srv_request_accepts(const srv_request *rq, const char *type)
{
    const char *accept = srv_request_header(rq, "Accept");
    double q = 0;
    int best = 0;
    if (!accept)
        return 0.001; /* all is welcome, nothing is asked for */
    while (*accept) {
        accept += strspn(accept, ", \t");
        int exactness = covers(accept, strcspn(accept, ",; \t"), type);
        if (exactness > best) {
            best = exactness;
            q = weight(accept);
        }
        accept += strcspn(accept, ",");
    }
    /* of two that are equally welcome, the one that was named more exactly */
    return q > 0 ? q + 0.0001 * best : 0;
}

void srv_no_such(srv_request *rq, const char *what)
{
    api_problem_set(&rq->problem, API_NOT_FOUND, "there is no %s with id \"%s\"", what, rq->id);
}
