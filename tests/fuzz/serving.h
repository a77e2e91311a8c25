/* serving: a whole server in the fuzz target's own process, for those who send it bytes over the
 * loopback. Its data is in a directory of its own, which goes with the process.
 */
#ifndef FUZZ_SERVING_H
#define FUZZ_SERVING_H

#include "fuzz.h"
#include "srv_app.h"
#include "srv_log.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* The log would be all that is seen. */
void srv_log_format(bool json)
{
    (void)json;
}
void srv_log_fields(const char *event, const srv_field *fields)
{
    (void)event, (void)fields;
}

static struct {
    srv_app app;
    char dir[200];
    int port; /* 0: it does not run */
} serving;

static int unlink_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline void serving_stop(void)
{
    if (serving.port)
        srv_app_stop(&serving.app);
    serving.port = 0;
    if (*serving.dir)
        nftw(serving.dir, unlink_entry, 8, FTW_DEPTH | FTW_PHYS);
    *serving.dir = '\0';
}

/* The directory that it will have. */
static inline const char *serving_begin(void)
{
    static bool once;
    const char *in = getenv("TMPDIR");
    if (!once) {
        signal(SIGPIPE, SIG_IGN);
        atexit(serving_stop);
    }
    once = true;
    snprintf(serving.dir, sizeof serving.dir, "%s/descentd-fuzz-XXXXXX", in && *in ? in : "/tmp");
    RULE(mkdtemp(serving.dir));
    return serving.dir;
}

/* auth: "on" or "off". It has little room, and no job may take long. */
static inline void serving_start(const char *auth)
{
    char *arguments[] = {"descentd",
                         "--listen",
                         "127.0.0.1:0",
                         "--data-dir",
                         serving.dir,
                         "--threads",
                         "1",
                         "--workers",
                         "1",
                         "--max-queue",
                         "4",
                         "--max-body",
                         "64k",
                         "--max-job-work",
                         "1000",
                         "--max-waiting",
                         "0",
                         "--auth",
                         (char *)(uintptr_t)auth};
    srv_config config;
    api_problem p = {0};
    char why[300];
    if (!srv_config_read(&config, sizeof arguments / sizeof arguments[0], arguments, why,
                         sizeof why) ||
        !srv_app_start(&serving.app, &config, &p))
        abort();
    serving.port = atoi(strrchr(serving.app.address, ':') + 1);
}

/* Sends n bytes, and takes what comes back, until it is closed or quiet for so long. Its length;
 * answer is ended by a NUL. */
static inline size_t serving_converse(const void *bytes, size_t n, char *answer, size_t room,
                                      int quiet_ms)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)serving.port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct linger reset = {1, 0}; /* no port is left waiting */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t have = 0;
    ssize_t got;
    RULE(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    for (size_t sent = 0; sent < n; sent += (size_t)got)
        if ((got = send(fd, (const char *)bytes + sent, n - sent, MSG_NOSIGNAL)) <= 0)
            break; /* it was refused, and closed */
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (have + 1 < room && poll(&p, 1, quiet_ms) > 0 &&
           (got = recv(fd, answer + have, room - 1 - have, 0)) > 0)
        have += (size_t)got;
    close(fd);
    answer[have] = '\0';
    return have;
}

#endif
