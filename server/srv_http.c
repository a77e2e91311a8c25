/* srv_http: from libmicrohttpd's callbacks to handlers and back. */
#include "srv_http.h"

#include "srv_access.h"
#include "srv_answer.h"
#include "srv_body.h"
#include "srv_desk.h"
#include "srv_form.h"
#include "srv_framing.h"
#include "srv_listen.h"
#include "srv_log.h"
#include "srv_partial.h"
#include "srv_routes.h"
#include "srv_tls.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS = 4,
    CONNECTION_MEMORY = 128 << 10, /* request line and headers must fit; a body is received by half of
                                      it: by 32 KiB at a time an upload took a tenth longer */
    LAST_ANSWERS_MS = 2000        /* wait for answers under way at a stop, at most */
};

/* From this version on it can be strict itself; before, srv_framing has to be. */
#if MHD_VERSION >= 0x00097701
#define STRICT MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#else
#define STRICT
#endif

struct srv_http {
    srv_app *app;
    struct MHD_Daemon *daemon;
    MHD_socket listening; /* the daemon's to close, once it runs */
    atomic_bool stopping; /* no new connections */
};

/* ---- what handlers may ask (srv_request.h) ---- */

/* What an earlier request said. */
static const char *recall(const srv_request *rq, const char *part, const char *name)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(rq->recalled, part);
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(all, name));
}

const char *srv_request_header(const srv_request *rq, const char *name)
{
    if (rq->recalled)
        return recall(rq, "headers", name);
    return MHD_lookup_connection_value(rq->connection, MHD_HEADER_KIND, name);
}

const char *srv_request_query(const srv_request *rq, const char *name)
{
    const char *value =
        rq->recalled ? recall(rq, "query", name)
                     : MHD_lookup_connection_value(rq->connection, MHD_GET_ARGUMENT_KIND, name);
    return value ? value : srv_form_field(rq->form, name);
}

void srv_request_suspend(srv_request *rq)
{
    MHD_suspend_connection(rq->connection);
}

void srv_request_resume(srv_request *rq)
{
    MHD_resume_connection(rq->connection);
}

bool srv_request_gone(const srv_request *rq)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!info)
        return true;
    struct pollfd fd = {.fd = info->connect_fd, .events = POLLRDHUP};
    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* ---- the request ---- */

static srv_guest *guest_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* Is there a place for this connection? */
static bool is_welcome(srv_request *rq)
{
    const srv_config *c = &rq->app->config;
    bool of_its_address;
    if (!srv_connections_unwelcome(rq->app->connections, rq->guest, &of_its_address))
        return true;
    if (of_its_address)
        return api_problem_set(&rq->problem, API_TOO_MANY,
                               "your address has as many connections as one may have, %llu; use "
                               "them again for further requests",
                               (unsigned long long)c->max_client_connections);
    return api_problem_set(&rq->problem, API_UNAVAILABLE,
                           "all %llu connections are taken; try again later",
                           (unsigned long long)c->max_connections);
}

/* Is every query parameter one that the route knows, given once and with a value? */
static enum MHD_Result check_parameter(void *cls, enum MHD_ValueKind kind, const char *name,
                                       const char *value)
{
    (void)kind;
    srv_request *rq = cls;
    /* the lookup finds the first of that name */
    if (!srv_request_knows(rq, name, "query parameter") ||
        (srv_request_query(rq, name) == value && value))
        return MHD_YES;
    api_problem_query(&rq->problem, name, value ? "is given twice" : "must have a value");
    return MHD_YES;
}

/* The first callback: the head is there. */
static bool begin(srv_request *rq, struct MHD_Connection *connection, const char *url,
                  const char *method, const char *version)
{
    srv_app *app = rq->app;
    rq->connection = connection;
    snprintf(rq->method, sizeof rq->method, "%s", method);
    rq->path = strdup(url);
    if (!rq->path)
        return false;
    atomic_fetch_add(&app->requests, 1);
    rq->guest = guest_of(connection);
    bool welcome = is_welcome(rq);
    if (rq->bad_target)
        api_problem_set(&rq->problem, API_BAD_REQUEST,
                        "the target is not a path of printable characters with valid %%XX escapes "
                        "and no dot segments");
    const srv_framing_line line = {method, url, version, rq->target_end};
    rq->refused = !srv_framing_check(connection, &line, &rq->problem) || rq->bad_target || !welcome;
    /* how it reads chunks nobody vouches for: what follows them is not read (srv_framing.h) */
    rq->close = rq->refused || srv_request_header(rq, "Transfer-Encoding");
    rq->route = srv_route_find(rq);
    if (rq->route && rq->problem.code == API_NO_PROBLEM && !srv_access_check(rq))
        rq->refused = rq->close = rq->problem.code == API_UNAUTHORIZED || rq->close;
    if (rq->route && rq->problem.code == API_NO_PROBLEM)
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, check_parameter, rq);
    srv_body_check(rq);
    if (rq->problem.code == API_NO_PROBLEM && rq->route->open)
        rq->route->open(rq);
    srv_connections_set(app->connections, rq->guest, SRV_GUEST_SENDING);
    return true;
}

/* The target as it came; the first callback sees no more than the path, its escapes resolved. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    (void)connection;
    srv_request *rq = calloc(1, sizeof *rq);
    if (!rq)
        return NULL;
    rq->app = cls;
    rq->began = srv_monotonic();
    rq->bad_target = !srv_framing_target(target);
    rq->target_end = target + strlen(target);
    return rq;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **con_cls)
{
    (void)cls;
    srv_request *rq = *con_cls;
    if (!rq)
        return MHD_NO; /* there was no memory for it */
    if (!rq->path) {
        if (!begin(rq, connection, url, method, version))
            return MHD_NO;
        /* A large body that is refused anyway is not waited for: the answer closes. */
        bool asks = srv_request_header(rq, MHD_HTTP_HEADER_EXPECT) != NULL; /* before it sends it */
        bool refuse_now = rq->problem.code == API_TOO_LARGE || rq->refused ||
                          (asks && rq->problem.code != API_NO_PROBLEM);
        rq->close = rq->close || refuse_now; /* what of it is on its way is not read */
        return !refuse_now || srv_answer(rq) ? MHD_YES : MHD_NO;
    }
    if (*upload_data_size) {
        size_t n = *upload_data_size;
        *upload_data_size = 0;
        enum MHD_Result going_on = srv_body_take(rq, upload_data, n) ? MHD_YES : MHD_NO;
        srv_connections_received(rq->guest, rq->received);
        if (going_on == MHD_NO && rq->problem.code == API_TOO_SLOW)
            srv_answer_half_way(rq);
        return going_on;
    }
    const srv_route *route = rq->route;
    srv_body_end(rq);
    srv_connections_set(rq->app->connections, rq->guest, SRV_GUEST_SERVED);
    if (rq->problem.code == API_NO_PROBLEM && !rq->handled) {
        bool desk = route->desk && rq->received >= route->desk_from;
        if (desk && srv_desk_take(rq->app->desk, rq, route->handle))
            return MHD_YES; /* another thread's now; called again once it is handled */
        if (!desk)
            route->handle(rq);
    }
    if (rq->status == 0 && rq->problem.code == API_NO_PROBLEM)
        return MHD_YES; /* held: called again once resumed */
    return srv_answer(rq) ? MHD_YES : MHD_NO;
}

static void log_request(const srv_request *rq)
{
    srv_log("request", srv_s("method", rq->method), srv_s("path", rq->path),
            srv_n("status", rq->status),
            srv_n("ms", (double)(long)((srv_monotonic() - rq->began) * 1e6) / 1e3));
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection, (void)code;
    srv_request *rq = *con_cls;
    if (!rq)
        return;
    if (rq->path) {
        log_request(rq);
        atomic_fetch_sub(&rq->app->requests, 1);
        srv_connections_set(rq->app->connections, rq->guest, SRV_GUEST_IDLE);
    }
    srv_heap *heap = rq->app->heap;
    bool much = rq->handled || rq->reply_len >= SRV_HEAP_MUCH; /* what is handled at the desk takes more */
    srv_read_free(rq->read);
    srv_body_free(rq);
    srv_partial_close(rq->partial);
    cJSON_Delete(rq->recalled);
    srv_answer_drop(rq);
    free(rq->reply);
    free(rq->disposition);
    free(rq->path);
    free(rq);
    *con_cls = NULL;
    if (much)
        srv_heap_freed(heap);
}

/* A connection begins, or is about to be closed. */
static void on_guest(void *cls, struct MHD_Connection *connection, void **guest,
                     enum MHD_ConnectionNotificationCode code)
{
    srv_app *app = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        srv_connections_remove(app->connections, *guest);
        return;
    }
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection,
                                                                 MHD_CONNECTION_INFO_CONNECTION_FD),
                                   *address = MHD_get_connection_info(
                                       connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *guest = srv_connections_add(app->connections, fd->connect_fd,
                                 address ? address->client_addr : NULL);
}

static void __attribute__((format(printf, 2, 0))) on_error(void *cls, const char *fmt, va_list ap)
{
    (void)cls;
    char line[400];
    vsnprintf(line, sizeof line, fmt, ap);
    line[strcspn(line, "\n")] = '\0';
    srv_log("http", srv_s("message", line));
}

/* MHD_quiesce_daemon would do this, but it races with the threads of a pool (a fatal error in
 * libmicrohttpd 0.9.75: "Failed to remove listen FD from epoll set"). */
static enum MHD_Result on_connection(void *cls, const struct sockaddr *address, socklen_t len)
{
    (void)address, (void)len;
    srv_http *h = cls;
    return atomic_load(&h->stopping) ? MHD_NO : MHD_YES;
}

srv_http *srv_http_start(srv_app *app, api_problem *p)
{
    srv_http *h = calloc(1, sizeof *h);
    if (!h) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        return NULL;
    }
    h->app = app;
    h->listening = srv_listen(app->config.listen, app->address, sizeof app->address, p);
    if (h->listening < 0)
        goto fail;
    app->auth = app->config.auth == SRV_AUTH_ON ||
                (app->config.auth == SRV_AUTH_AUTO && !srv_is_loopback(app->address));
    bool tls = *app->config.tls_cert;
    struct MHD_OptionItem secure[] = {
        {tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, tls ? srv_tls_callback() : NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, SRV_TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            (tls ? MHD_USE_TLS : 0), 0,
        on_connection, h, on_request, app, MHD_OPTION_EXTERNAL_LOGGER, on_error, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_LISTEN_SOCKET, h->listening,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(app->config.max_connections + SRV_MORE_CONNECTIONS),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)app->config.idle_seconds,
        MHD_OPTION_NOTIFY_CONNECTION, on_guest, app, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_target, app,
        STRICT MHD_OPTION_ARRAY, secure, MHD_OPTION_END);
    if (h->daemon)
        return h;
    api_problem_set(p, API_INTERNAL, "the HTTP listener can't be started");
    close(h->listening);
fail:
    free(h);
    return NULL;
}

void srv_http_quiesce(srv_http *h)
{
    if (h)
        atomic_store(&h->stopping, true);
}

void srv_http_stop(srv_http *h)
{
    if (!h)
        return;
    /* Answers under way get a moment to leave, those of long-polls that were just resumed too. */
    for (int i = 0; i < LAST_ANSWERS_MS && atomic_load(&h->app->requests) > 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    MHD_stop_daemon(h->daemon); /* closes the listening socket too */
    free(h);
}
