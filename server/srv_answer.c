/* srv_answer: the status, the headers and the body that a request is answered with. */
#include "srv_answer.h"

#include "srv_audit.h"
#include "srv_cors.h"
#include "srv_guard.h"
#include "srv_tls.h"

#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { STREAM_BLOCK = 64 << 10 };

static void describe_problem(srv_request *rq)
{
    free(rq->reply);
    rq->shared = NULL;
    rq->status = api_problem_status(rq->problem.code);
    rq->content_type = "application/problem+json";
    rq->reply = api_problem_encode(&rq->problem);
    rq->reply_len = rq->reply ? strlen(rq->reply) : 0;
}

typedef struct piece {
    const srv_stream *s;
    char *to;
    size_t max;
    ptrdiff_t n;
} piece;

static void read_piece(void *arg)
{
    piece *p = arg;
    p->n = p->s->read(p->s->ctx, p->to, p->max);
}

static ssize_t read_stream(void *cls, uint64_t at, char *to, size_t max)
{
    piece p = {cls, to, max, -1};
    (void)at;
    ptrdiff_t n = srv_guard_run(read_piece, &p) ? p.n : -1;
    return n > 0    ? n
           : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                    : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stream(void *cls)
{
    srv_stream *s = cls;
    s->free(s->ctx);
    free(s);
}

void srv_answer_drop(srv_request *rq)
{
    if (rq->stream.free)
        rq->stream.free(rq->stream.ctx);
    rq->stream = (srv_stream){0};
}

/* libmicrohttpd frees the text, or the stream, with the response. */
static struct MHD_Response *make_response(srv_request *rq)
{
    struct MHD_Response *response;
    if (!rq->stream.free) {
        response = MHD_create_response_from_buffer(
            rq->reply_len, rq->reply ? rq->reply : (char *)rq->shared,
            rq->reply ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
        rq->reply = response ? NULL : rq->reply;
        return response;
    }
    srv_stream *s = malloc(sizeof *s);
    if (!s)
        return NULL;
    *s = rq->stream;
    response = MHD_create_response_from_callback(
        s->size == SRV_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN : s->size, STREAM_BLOCK, read_stream, s,
        free_stream);
    if (!response) {
        free(s);
        return NULL;
    }
    rq->stream = (srv_stream){0};
    /* libmicrohttpd (0.9.75) ends what is chunked even where only its head is asked for */
    if (strcmp(rq->method, "HEAD") == 0)
        MHD_set_response_options(response, MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END);
    return response;
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

/* Of every answer. */
static const char *const always[][2] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"Strict-Transport-Security", "max-age=31536000"}}; /* the last: over TLS (RFC 6797, 7.2) */

static size_t always_count(const srv_request *rq)
{
    size_t n = sizeof always / sizeof always[0];
    return *rq->app->config.tls_cert ? n : n - 1;
}

/* What a browser has to know. */
static void add_for_browsers(const srv_request *rq, struct MHD_Response *response)
{
    const char *list = rq->app->config.cors_origins, *origin = srv_request_header(rq, "Origin");
    for (size_t i = 0; i < always_count(rq); i++)
        add(response, always[i][0], always[i][1]);
    if (strcmp(list, "none") == 0)
        return;
    add(response, "Vary", "Origin");
    if (!srv_cors_allows(list, origin))
        return;
    add(response, "Access-Control-Allow-Origin", origin);
    add(response, "Access-Control-Expose-Headers", SRV_CORS_EXPOSED);
    if (rq->preflight) {
        add(response, "Access-Control-Allow-Methods", rq->allow);
        add(response, "Access-Control-Allow-Headers", SRV_CORS_HEADERS);
        add(response, "Access-Control-Max-Age", SRV_CORS_SECONDS);
    }
}

/* A browser asks what a page may send there: that is what 405 says, put otherwise. */
static void look_for_preflight(srv_request *rq)
{
    rq->preflight = rq->problem.code == API_METHOD_NOT_ALLOWED &&
                    strcmp(rq->method, "OPTIONS") == 0 &&
                    srv_request_header(rq, "Access-Control-Request-Method") &&
                    srv_cors_allows(rq->app->config.cors_origins, srv_request_header(rq, "Origin"));
    if (rq->preflight) {
        rq->problem.code = API_NO_PROBLEM;
        rq->status = MHD_HTTP_NO_CONTENT;
    }
}

/* The address of who asks, as text. */
static const char *client_of(const srv_request *rq, char text[64])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    socklen_t len = a && a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                  : sizeof(struct sockaddr_in);
    if (!a || getnameinfo(a, len, text, 64, NULL, 0, NI_NUMERICHOST) != 0)
        text[0] = '\0';
    return text;
}

bool srv_answer(srv_request *rq)
{
    char client[64];
    look_for_preflight(rq);
    if (rq->problem.code != API_NO_PROBLEM) {
        srv_answer_drop(rq);
        describe_problem(rq);
    }
    if (rq->app->audit)
        srv_audit_write(rq->app->audit, rq, client_of(rq, client));
    struct MHD_Response *response = make_response(rq);
    if (!response)
        return false;
    if (rq->content_type)
        add(response, MHD_HTTP_HEADER_CONTENT_TYPE, rq->content_type);
    if (rq->disposition)
        add(response, "Content-Disposition", rq->disposition);
    if (rq->close)
        add(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (*rq->location)
        add(response, MHD_HTTP_HEADER_LOCATION, rq->location);
    if (*rq->next) {
        char link[160];
        snprintf(link, sizeof link, "<%s>; rel=\"next\"", rq->next);
        add(response, "Link", link);
    }
    for (size_t i = 0; i < sizeof rq->bytes / sizeof rq->bytes[0] && rq->bytes[i].name; i++) {
        char number[24];
        snprintf(number, sizeof number, "%llu", (unsigned long long)rq->bytes[i].value);
        MHD_add_response_header(response, rq->bytes[i].name, number);
    }
    if (rq->status == 401)
        add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"descentd\"");
    if (*rq->allow)
        add(response, MHD_HTTP_HEADER_ALLOW, rq->allow);
    char encodings[80];
    if (rq->bad_encoding || rq->packed_piece) /* RFC 9110, 15.5.16 */
        add(response, MHD_HTTP_HEADER_ACCEPT_ENCODING,
            rq->packed_piece ? "identity" : api_encodings_list(encodings, sizeof encodings));
    if (rq->status == 429 || rq->status == 503)
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    add_for_browsers(rq, response);
    enum MHD_Result result = MHD_queue_response(rq->connection, (unsigned)rq->status, response);
    srv_connections_set(rq->app->connections, rq->guest, SRV_GUEST_ANSWERED);
    MHD_destroy_response(response);
    return result == MHD_YES;
}

/* The whole of an answer as text. */
static void write_answer(const srv_request *rq, api_text *text)
{
    api_text_printf(text, "HTTP/1.1 %d %s\r\n", rq->status,
                    MHD_get_reason_phrase_for((unsigned)rq->status));
    for (size_t i = 0; i < always_count(rq); i++)
        api_text_printf(text, "%s: %s\r\n", always[i][0], always[i][1]);
    api_text_printf(text, "Connection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                    rq->content_type, rq->reply_len);
    api_text_add(text, rq->reply, rq->reply_len);
}

void srv_answer_half_way(srv_request *rq)
{
    const union MHD_ConnectionInfo
        *info = MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CONNECTION_FD),
        *secure = MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    api_text text = {0};
    describe_problem(rq);
    if (info && rq->reply)
        write_answer(rq, &text);
    /* a few hundred bytes: what does not fit the socket's buffer is not waited for */
    if (text.len > 0 && !text.failed && secure)
        srv_tls_end(secure->tls_session, text.data, text.len);
    else if (text.len > 0 && !text.failed)
        send(info->connect_fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    api_text_free(&text);
    if (info)
        shutdown(info->connect_fd, SHUT_WR);
}
