/* srv_body: limits, and the way through the decoder. */
#include "srv_body.h"

#include "srv_routes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is still read of a body that was refused already. */
#define DRAINED ((uint64_t)8 << 20)

/* Of bytes as they come and of bytes unpacked. */
static uint64_t limit_of(const srv_request *rq)
{
    uint64_t max = rq->app->config.max_body;
    return rq->route->body == SRV_GATHERED && rq->route->limit < max ? rq->route->limit : max;
}

static void too_large(srv_request *rq)
{
    api_problem_set(&rq->problem, API_TOO_LARGE, "the body may have at most %llu bytes here",
                    (unsigned long long)limit_of(rq));
}

/* ---- where it goes ---- */

static void drop_gathered(srv_request *rq)
{
    size_t n = rq->body.len;
    atomic_fetch_sub(&rq->app->gathered, n);
    api_text_free(&rq->body);
    if (n >= SRV_HEAP_MUCH)
        srv_heap_freed(rq->app->heap);
}

static bool gather(srv_request *rq, const char *bytes, size_t n, api_problem *p)
{
    if (atomic_fetch_add(&rq->app->gathered, n) + n > rq->app->config.max_bodies) {
        atomic_fetch_sub(&rq->app->gathered, n);
        srv_connections_hurry(rq->app->connections, false, rq->guest); /* for the next */
        return api_problem_set(p, API_UNAVAILABLE,
                               "too many large requests are under way; try again later");
    }
    size_t before = rq->body.len;
    api_text_add(&rq->body, bytes, n);
    if (rq->body.len == before) {
        atomic_fetch_sub(&rq->app->gathered, n);
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the body");
    }
    return true;
}

static bool deliver(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    srv_request *rq = ctx;
    return rq->route->body == SRV_STREAMED ? rq->route->feed(rq, bytes, n)
                                           : gather(rq, bytes, n, p);
}

/* ---- how it comes ---- */

void srv_body_check(srv_request *rq)
{
    api_problem *p = &rq->problem;
    if (!rq->route || p->code != API_NO_PROBLEM || rq->route->body == SRV_NO_BODY)
        return;
    const char *length = srv_request_header(rq, "Content-Length");
    const char *coding = srv_request_header(rq, "Content-Encoding");
    const api_encoding *encoding;
    rq->packed_piece = rq->route->unpacked && coding && strcasecmp(coding, "identity") != 0;
    if (rq->packed_piece)
        api_problem_set(p, API_UNSUPPORTED_MEDIA,
                        "the header Content-Encoding can't be given for a piece of an upload: give it "
                        "to POST /v1/uploads where all bytes together are packed, and send pieces as "
                        "they are");
    else if (!api_encoding_find(coding, &encoding, p))
        rq->bad_encoding = true;
    else if ((length ? strtoull(length, NULL, 10) : 0) > limit_of(rq))
        too_large(rq);
    else if (encoding &&
             !(rq->decoder = api_decoder_new(encoding, limit_of(rq), (api_bytes){rq, deliver})))
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for the body");
}

/* Of a route that reads none: nothing, or {}, which many clients send then. What else somebody says is
 * not to be passed over. */
static bool no_body(srv_request *rq)
{
    return api_problem_set(&rq->problem, API_BAD_REQUEST,
                           "%s %s reads no body, so there must be none, or {}: what it may be asked "
                           "is said in the query",
                           rq->method, rq->route->pattern);
}

static void look_at_none(srv_request *rq, const char *bytes, size_t n)
{
    static const char empty[] = "{}";
    for (size_t i = 0; i < n && rq->problem.code == API_NO_PROBLEM; i++) {
        if (strchr(" \t\r\n", bytes[i]) && bytes[i])
            continue;
        if (rq->braces == 2 || bytes[i] != empty[rq->braces++])
            no_body(rq);
    }
}

/* Does it come at less than --min-rate, over --idle-seconds? It would hold a place for ever. */
static bool too_slow(srv_request *rq, size_t n)
{
    const srv_config *c = &rq->app->config;
    double now = srv_monotonic();
    if (rq->window_began == 0)
        rq->window_began = now;
    rq->window += n;
    double seconds = now - rq->window_began;
    if (seconds < (double)c->idle_seconds)
        return false;
    bool slow = (double)rq->window < (double)c->min_rate * seconds;
    rq->window = 0;
    rq->window_began = now;
    return slow && !api_problem_set(&rq->problem, API_TOO_SLOW,
                                    "fewer than %llu bytes a second came over %.0f seconds: send the "
                                    "rest of a large body in pieces, by POST /v1/uploads",
                                    (unsigned long long)c->min_rate, seconds);
}

bool srv_body_take(srv_request *rq, const char *bytes, size_t n)
{
    api_problem *p = &rq->problem;
    rq->received += n;
    if (too_slow(rq, n)) {
        drop_gathered(rq);
        return false;
    }
    if (p->code == API_NO_PROBLEM && rq->route->body == SRV_NO_BODY &&
        strcmp(rq->route->method, "GET") != 0)
        look_at_none(rq, bytes, n);
    if (p->code != API_NO_PROBLEM || rq->route->body == SRV_NO_BODY)
        return rq->received <= DRAINED + (rq->route ? limit_of(rq) : 0);
    if (rq->received > limit_of(rq))
        too_large(rq);
    else if (rq->decoder)
        api_decoder_feed(rq->decoder, bytes, n, p);
    else
        deliver(rq, bytes, n, p);
    if (p->code != API_NO_PROBLEM)
        drop_gathered(rq);
    return true;
}

void srv_body_end(srv_request *rq)
{
    if (rq->braces == 1 && rq->problem.code == API_NO_PROBLEM)
        no_body(rq);
    if (rq->decoder && rq->problem.code == API_NO_PROBLEM)
        api_decoder_finish(rq->decoder, &rq->problem);
    api_decoder_free(rq->decoder);
    rq->decoder = NULL;
}

void srv_body_free(srv_request *rq)
{
    api_decoder_free(rq->decoder);
    drop_gathered(rq);
}
