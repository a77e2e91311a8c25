/* srv_connections: guests in lists by what they are about, and the thread that shows them out. */
#include "srv_connections.h"

#include "srv_clock.h"

#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define UNWELCOME_SECONDS 3.0 /* to send its first request */
#define BODY_GRACE 1.0        /* seconds before a body is slow */
#define ANSWER_GRACE 10.0     /* and before the taking of an answer is */
#define HURRY_GRACE 5.0       /* and before a body has to have come at HURRY_RATE where others want its place */
#define HURRY_RATE 16384.0    /* bytes a second */

#define LOOK_EVERY 1.0 /* seconds between looks for those who hung up */

enum { BUCKETS = 1024, OTHER_FILES = 512 }; /* descriptors of everything else: the database, data */

/* An address with guests. */
typedef struct client {
    uint8_t key[16];
    uint64_t guests;
    struct client *next; /* in its bucket */
} client;

struct srv_guest {
    int fd;
    srv_guest_state state;
    bool of_its_address; /* of one that is unwelcome */
    bool hung_up;        /* at the last look, since when it is in this state */
    bool uploads;        /* this request does */
    double since;
    atomic_uint_fast64_t received;
    client *client;
    srv_guest *previous, *next; /* in the list of its state, the earliest first */
};

typedef struct list {
    srv_guest *first, *last;
    uint64_t count;
} list;

struct srv_connections {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below, and the guests */
    pthread_cond_t changed;
    list lists[SRV_GUEST_STATES];
    client *buckets[BUCKETS];
    uint64_t most, most_each, shed, turned_away;
    double idle_seconds;
    double wakes; /* when the thread looks next by itself; INFINITY: when it is told to */
    bool stopping;
};

uint64_t srv_connections_fit(uint64_t wanted)
{
    struct rlimit l;
    rlim_t needed = (rlim_t)wanted + SRV_MORE_CONNECTIONS + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == RLIM_INFINITY || l.rlim_cur >= needed)
        return wanted;
    l.rlim_cur = l.rlim_max == RLIM_INFINITY || l.rlim_max > needed ? needed : l.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &l) != 0)
        getrlimit(RLIMIT_NOFILE, &l);
    if (l.rlim_cur >= needed)
        return wanted;
    /* at worst half of them for connections, and those that are turned away beside them */
    rlim_t half = l.rlim_cur / 2,
           most = l.rlim_cur > needed - wanted ? l.rlim_cur - (needed - wanted) : 0;
    most = most > half ? most : half;
    return most < wanted ? (most ? (uint64_t)most : 1) : wanted;
}

/* ---- lists ---- */

static void unlink_guest(srv_connections *c, srv_guest *g)
{
    list *l = &c->lists[g->state];
    *(g->previous ? &g->previous->next : &l->first) = g->next;
    *(g->next ? &g->next->previous : &l->last) = g->previous;
    l->count--;
}

static void append_guest(srv_connections *c, srv_guest *g, srv_guest_state state)
{
    list *l = &c->lists[state];
    g->state = state;
    g->hung_up = false;
    g->since = srv_monotonic();
    g->previous = l->last;
    g->next = NULL;
    *(l->last ? &l->last->next : &l->first) = g;
    l->last = g;
    l->count++;
    /* the thread looks at these lists; it is woken only if it would come too late */
    if ((state == SRV_GUEST_IDLE || state == SRV_GUEST_SENDING || state == SRV_GUEST_UNWELCOME) &&
        g->since + fmin(LOOK_EVERY, c->idle_seconds) < c->wakes)
        pthread_cond_signal(&c->changed);
}

static void move_guest(srv_connections *c, srv_guest *g, srv_guest_state state)
{
    unlink_guest(c, g);
    append_guest(c, g, state);
}

static void show_out(srv_connections *c, srv_guest *g)
{
    move_guest(c, g, SRV_GUEST_LEAVING);
    shutdown(g->fd, SHUT_RDWR);
}

static uint64_t guests(const srv_connections *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < SRV_GUEST_UNWELCOME; i++)
        n += c->lists[i].count;
    return n;
}

/* ---- addresses ---- */

static void write_key(uint8_t key[16], const struct sockaddr *address)
{
    memset(key, 0, 16);
    if (address && address->sa_family == AF_INET6) {
        struct sockaddr_in6 a;
        memcpy(&a, address, sizeof a);
        bool mapped = IN6_IS_ADDR_V4MAPPED(&a.sin6_addr);
        memcpy(key, &a.sin6_addr, mapped ? 16 : 8);
    } else if (address && address->sa_family == AF_INET) {
        struct sockaddr_in a;
        memcpy(&a, address, sizeof a);
        key[10] = key[11] = 0xff;
        memcpy(key + 12, &a.sin_addr, 4);
    }
}

static client **bucket_of(srv_connections *c, const uint8_t key[16])
{
    uint32_t h = 2166136261u;
    for (int i = 0; i < 16; i++)
        h = (h ^ key[i]) * 16777619u;
    return &c->buckets[(h ^ h >> 16) % BUCKETS];
}

static client *find_client(srv_connections *c, const uint8_t key[16])
{
    client **bucket = bucket_of(c, key), *found = *bucket;
    while (found && memcmp(found->key, key, 16) != 0)
        found = found->next;
    if (!found && (found = calloc(1, sizeof *found))) {
        memcpy(found->key, key, 16);
        found->next = *bucket;
        *bucket = found;
    }
    return found;
}

static void leave_client(srv_connections *c, client *k)
{
    client **at = bucket_of(c, k->key);
    if (k->guests > 0)
        return;
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    free(k);
}

/* How many places the address takes that are not about to be free. */
static uint64_t places(const srv_connections *c, const client *k)
{
    uint64_t n = k->guests;
    for (size_t i = SRV_GUEST_UNWELCOME; i < SRV_GUEST_STATES; i++)
        for (const srv_guest *g = c->lists[i].first; g; g = g->next)
            n -= g->client == k;
    return n;
}

/* ---- shedding ---- */

static double rate_of(const srv_guest *g, double now)
{
    return (double)atomic_load(&g->received) / (now - g->since);
}

/* The one to be shed first, of this address (NULL: of any); NULL when all are dealt with. */
static srv_guest *in_the_way(const srv_connections *c, const client *k)
{
    double now = srv_monotonic(), slowest = INFINITY;
    srv_guest *found = NULL, *g;
    for (g = c->lists[SRV_GUEST_IDLE].first; g; g = g->next)
        if (!k || g->client == k)
            return g;
    for (g = c->lists[SRV_GUEST_SENDING].first; g && now - g->since > BODY_GRACE; g = g->next) {
        double rate = rate_of(g, now);
        if ((!k || g->client == k) && rate < slowest) {
            slowest = rate;
            found = g;
        }
    }
    for (g = c->lists[SRV_GUEST_ANSWERED].first; !found && g && now - g->since > ANSWER_GRACE;
         g = g->next)
        if (!k || g->client == k)
            found = g;
    return found;
}

/* Of the slow ones: the slowest upload, or the largest of the bodies that are held in memory. */
static srv_guest *lingers(const srv_connections *c, bool uploads, const srv_guest *self)
{
    double now = srv_monotonic(), best = -INFINITY;
    srv_guest *found = NULL;
    for (srv_guest *g = c->lists[SRV_GUEST_SENDING].first; g && now - g->since > HURRY_GRACE;
         g = g->next) {
        double rate = rate_of(g, now), score = uploads ? -rate : (double)atomic_load(&g->received);
        if (g != self && g->uploads == uploads && rate < HURRY_RATE && score > best) {
            best = score;
            found = g;
        }
    }
    return found;
}

bool srv_connections_hurry(srv_connections *c, bool uploads, const srv_guest *self)
{
    pthread_mutex_lock(&c->lock);
    srv_guest *g = lingers(c, uploads, self);
    if (g) {
        c->shed++;
        show_out(c, g);
    }
    pthread_mutex_unlock(&c->lock);
    return g != NULL;
}

/* Makes a place for one more of this address (NULL: of any). False: there is none. */
static bool make_place(srv_connections *c, const client *k)
{
    srv_guest *g = in_the_way(c, k);
    if (!g)
        return false;
    c->shed++;
    show_out(c, g);
    return true;
}

static srv_guest_state welcome(srv_connections *c, srv_guest *g)
{
    g->of_its_address = g->client->guests >= c->most_each && places(c, g->client) >= c->most_each &&
                        !make_place(c, g->client);
    bool full = !g->of_its_address && guests(c) >= c->most && !make_place(c, NULL);
    if (!full && !g->of_its_address)
        return SRV_GUEST_IDLE;
    c->turned_away++;
    return SRV_GUEST_UNWELCOME;
}

/* ---- the table ---- */

srv_guest *srv_connections_add(srv_connections *c, int fd, const struct sockaddr *address)
{
    uint8_t key[16];
    srv_guest *g = calloc(1, sizeof *g);
    write_key(key, address);
    pthread_mutex_lock(&c->lock);
    client *k = g ? find_client(c, key) : NULL;
    if (k) {
        g->fd = fd;
        g->client = k;
        append_guest(c, g, welcome(c, g));
        k->guests++;
    }
    pthread_mutex_unlock(&c->lock);
    if (k)
        return g;
    free(g);
    shutdown(fd, SHUT_RDWR);
    return NULL;
}

void srv_connections_remove(srv_connections *c, srv_guest *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&c->lock);
    unlink_guest(c, g);
    g->client->guests--;
    leave_client(c, g->client);
    pthread_mutex_unlock(&c->lock);
    free(g);
}

void srv_connections_set(srv_connections *c, srv_guest *g, srv_guest_state state)
{
    if (!g)
        return;
    pthread_mutex_lock(&c->lock);
    if (g->state < SRV_GUEST_UNWELCOME && g->state != state) {
        move_guest(c, g, state);
        atomic_store(&g->received, 0);
        g->uploads = g->uploads && state != SRV_GUEST_IDLE;
    }
    pthread_mutex_unlock(&c->lock);
}

void srv_connections_uploads(srv_connections *c, srv_guest *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&c->lock);
    g->uploads = true;
    pthread_mutex_unlock(&c->lock);
}

void srv_connections_received(srv_guest *g, uint64_t bytes)
{
    if (g)
        atomic_store(&g->received, bytes);
}

bool srv_connections_unwelcome(srv_connections *c, const srv_guest *g, bool *of_its_address)
{
    if (!g)
        return false;
    pthread_mutex_lock(&c->lock);
    bool unwelcome = g->state == SRV_GUEST_UNWELCOME;
    *of_its_address = g->of_its_address;
    pthread_mutex_unlock(&c->lock);
    return unwelcome;
}

void srv_connections_counts(srv_connections *c, uint64_t *now, uint64_t *shed,
                            uint64_t *turned_away)
{
    pthread_mutex_lock(&c->lock);
    *now = guests(c);
    *shed = c->shed;
    *turned_away = c->turned_away;
    pthread_mutex_unlock(&c->lock);
}

/* ---- the thread ---- */

/* Its client has sent its last, and all of that is read. */
static bool has_hung_up(const srv_guest *g)
{
    struct pollfd fd = {.fd = g->fd, .events = POLLRDHUP};
    int unread = 0;
    return poll(&fd, 1, 0) > 0 && ioctl(g->fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* Shows out those of a list who had hung up a look ago, and did not get any further since: whose
 * request has come to its end is in another state by then. */
static void end_gone_ones(srv_connections *c, srv_guest_state state)
{
    for (srv_guest *g = c->lists[state].first, *next; g; g = next) {
        next = g->next;
        bool gone = has_hung_up(g);
        if (gone && g->hung_up)
            show_out(c, g);
        else
            g->hung_up = gone;
    }
}

/* Shows out those of a list who were in it for so long; the moment when the next one will be. */
static double end_late_ones(srv_connections *c, srv_guest_state state, double seconds)
{
    srv_guest *g;
    while ((g = c->lists[state].first) && g->since + seconds <= srv_monotonic())
        show_out(c, g);
    return g ? g->since + seconds : INFINITY;
}

static void *connections_main(void *arg)
{
    srv_connections *c = arg;
    double look = 0;
    bool idle = false; /* there was nobody to look at the last time */
    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        double next = fmin(end_late_ones(c, SRV_GUEST_IDLE, c->idle_seconds),
                           end_late_ones(c, SRV_GUEST_UNWELCOME, UNWELCOME_SECONDS));
        if (c->lists[SRV_GUEST_IDLE].first || c->lists[SRV_GUEST_SENDING].first) {
            if (look <= srv_monotonic()) {
                end_gone_ones(c, SRV_GUEST_IDLE);
                end_gone_ones(c, SRV_GUEST_SENDING);
                look = srv_monotonic() + LOOK_EVERY;
            }
            next = fmin(next, look);
        }
        /* it looks once more before it sleeps: requests that follow each other wake nobody */
        bool sleeps = isinf(next) && idle;
        idle = isinf(next);
        c->wakes = idle && !sleeps ? srv_monotonic() + LOOK_EVERY : next;
        if (sleeps) {
            pthread_cond_wait(&c->changed, &c->lock);
            continue;
        }
        next = c->wakes;
        struct timespec until = {.tv_sec = (time_t)next,
                                 .tv_nsec = (long)((next - floor(next)) * 1e9)};
        pthread_cond_timedwait(&c->changed, &c->lock, &until);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

srv_connections *srv_connections_start(uint64_t most, uint64_t most_each, double idle_seconds)
{
    srv_connections *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->most = most;
    c->most_each = most_each;
    c->idle_seconds = idle_seconds;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&c->lock, NULL);
    if (pthread_create(&c->thread, NULL, connections_main, c) == 0)
        return c;
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

void srv_connections_stop(srv_connections *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
