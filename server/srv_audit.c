/* srv_audit: lines that are appended whole. */
#include "srv_audit.h"

#include "srv_log.h"
#include "srv_routes.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct srv_audit {
    char *path;
    pthread_mutex_t lock; /* guards fd */
    int fd;
};

static int open_file(const char *path, api_problem *p)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        api_problem_set(p, API_INTERNAL, "can't open the audit log %s: %s", path, strerror(errno));
    return fd;
}

srv_audit *srv_audit_open(const char *path, api_problem *p)
{
    srv_audit *a = calloc(1, sizeof *a);
    if (!a || !(a->path = strdup(path))) {
        free(a);
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        return NULL;
    }
    a->fd = open_file(path, p);
    if (a->fd < 0) {
        free(a->path);
        free(a);
        return NULL;
    }
    pthread_mutex_init(&a->lock, NULL);
    return a;
}

void srv_audit_close(srv_audit *a)
{
    if (!a)
        return;
    close(a->fd);
    pthread_mutex_destroy(&a->lock);
    free(a->path);
    free(a);
}

bool srv_audit_reopen(srv_audit *a, api_problem *p)
{
    int fd = open_file(a->path, p);
    if (fd < 0)
        return false;
    pthread_mutex_lock(&a->lock);
    close(a->fd);
    a->fd = fd;
    pthread_mutex_unlock(&a->lock);
    return true;
}

void srv_audit_write(srv_audit *a, const srv_request *rq, const char *client)
{
    bool looks = rq->route && (rq->route->looks || strcmp(rq->route->method, "GET") == 0);
    if (!a || (looks && rq->status != 401 && rq->status != 403))
        return;
    char now[SRV_TIME_SIZE];
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "time", srv_time_text(now));
    api_doc_string(o, "token", rq->token.id);
    api_doc_string(o, "tenant", rq->token.tenant);
    api_doc_string(o, "client", client);
    api_doc_string(o, "method", rq->method);
    api_doc_string(o, "path", rq->path);
    api_doc_number(o, "status", rq->status);
    if (*rq->location)
        api_doc_string(o, "made", rq->location);
    char *line = cJSON_PrintUnformatted(o);
    size_t n = line ? strlen(line) : 0;
    cJSON_Delete(o);
    if (line)
        line[n] = '\n'; /* in place of the end: one write, so that lines stay whole */
    pthread_mutex_lock(&a->lock);
    bool written = line && write(a->fd, line, n + 1) == (ssize_t)(n + 1);
    pthread_mutex_unlock(&a->lock);
    if (!written)
        srv_log("audit log not written", srv_s("path", a->path), srv_s("why", strerror(errno)));
    free(line);
}
