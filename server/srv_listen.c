/* srv_listen: sockets of our own, for listening and for the health check. */
#include "srv_listen.h"

#include "srv_clock.h"
#include "srv_tls.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    HEALTH_SECONDS = 3,
    /* Bytes that wait in the system for who does not read its answer, instead of megabytes for each. What is
     * on its way to who does is not limited by it. */
    UNSENT = 256 << 10
};

bool srv_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0;
}

/* getaddrinfo takes 70000 for 4464. */
static bool is_port(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= 5 && strspn(text, "0123456789") == n && atoi(text) <= 65535;
}

/* "host:port" or "[host]:port" in two. */
static bool split(const char *address, char *host, size_t host_size, const char **port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || !is_port(colon + 1))
        return false;
    size_t n = (size_t)(colon - address);
    if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    }
    if (n == 0 || n >= host_size || memchr(address, '[', n))
        return false;
    memcpy(host, address, n);
    host[n] = '\0';
    *port = colon + 1;
    return true;
}

static struct addrinfo *resolve(const char *address, int flags, api_problem *p)
{
    char host[256];
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV},
                    *list = NULL;
    if (!split(address, host, sizeof host, &port)) {
        api_problem_set(p, API_BAD_REQUEST, "--listen must be HOST:PORT, got \"%.80s\"", address);
        return NULL;
    }
    int code = getaddrinfo(host, port, &hints, &list);
    if (code != 0)
        api_problem_set(p, API_BAD_REQUEST, "--listen \"%.80s\": %s", address, gai_strerror(code));
    return code == 0 ? list : NULL;
}

static void write_bound(int fd, char *bound, size_t size)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    bound[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
        getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(bound, size, a.ss_family == AF_INET6 ? "[%.200s]:%s" : "%.200s:%s", host, port);
}

int srv_listen(const char *address, char *bound, size_t bound_size, api_problem *p)
{
    struct addrinfo *a = resolve(address, AI_PASSIVE, p);
    if (!a)
        return -1;
    int on = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0;
    if (ok) {
        int unsent = UNSENT;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* those it accepts inherit them */
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
        write_bound(fd, bound, bound_size);
    } else {
        api_problem_set(p, API_INTERNAL, "can't listen on %.80s: %s", address, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(a);
    return fd;
}

/* The first n bytes, within HEALTH_SECONDS in all, however slowly they come. */
static bool read_start(int fd, char *to, size_t n)
{
    double end = srv_monotonic() + HEALTH_SECONDS;
    size_t have = 0;
    while (have < n) {
        int left = (int)((end - srv_monotonic()) * 1000);
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&wait, 1, left) <= 0)
            return false;
        ssize_t got = recv(fd, to + have, n - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

bool srv_healthy(const char *address, bool tls)
{
    static const char request[] =
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char reply[16] = "";
    api_problem ignored = {0};
    struct addrinfo *a = resolve(address, 0, &ignored);
    if (!a)
        return false;
    /* The wildcard addresses connect to this host. */
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = HEALTH_SECONDS};
    bool ok =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, a->ai_addr, a->ai_addrlen) == 0 &&
        (tls ? srv_tls_ask(fd, request, reply, 12)
             : send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof request - 1) &&
                   read_start(fd, reply, 12)) &&
        strcmp(reply, "HTTP/1.1 200") == 0;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(a);
    return ok;
}
