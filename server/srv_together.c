/* srv_together: see srv_together.h. */
#include "srv_together.h"

#include "gd_limits.h"
#include "srv_clock.h"
#include "srv_guard.h"

#include <stdlib.h>
#include <string.h>

/* Seconds that a pass is held up at most, and at least, for those who are about to come. */
#define GATHER 0.02
#define GATHER_LEAST 0.001
/* How often a partner that waits looks whether it is asked to leave. */
#define LOOK 0.01

struct srv_group {
    srv_group *next;
    srv_partner *partners; /* in the order in which they came last */
    srv_partner *host;     /* the one whose objective has room for many; NULL: none yet */
    size_t params_len;
    bool curved; /* its curvature is known; else whoever is about to find it: NULL: nobody */
    double curvature;
    srv_partner *finder;
    bool passing;                      /* a pass is under way */
    double ended, took;                /* the last one */
    srv_partner *taken[GD_MAX_THETAS]; /* whom it serves; NULL: gone meanwhile */
    double costs[GD_MAX_THETAS];
    double *thetas, *gradients; /* GD_MAX_THETAS x params_len each */
};

struct srv_together {
    pthread_mutex_t lock; /* guards all of it, and partners but for what they are set to */
    pthread_condattr_t monotonic;
    srv_group *groups;
    srv_together_counts counts;
};

srv_together *srv_together_new(void)
{
    srv_together *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&t->monotonic);
    pthread_condattr_setclock(&t->monotonic, CLOCK_MONOTONIC);
    return t;
}

void srv_together_free(srv_together *t)
{
    if (!t)
        return;
    pthread_condattr_destroy(&t->monotonic);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

srv_together_counts srv_together_count(srv_together *t)
{
    pthread_mutex_lock(&t->lock);
    srv_together_counts counts = t->counts;
    for (const srv_group *g = t->groups; g; g = g->next)
        for (const srv_partner *p = g->partners; p; p = p->next)
            counts.waiting += p->state == SRV_PARTNER_WAITS;
    pthread_mutex_unlock(&t->lock);
    return counts;
}

/* ---- groups; the lock is held ---- */

static void take_out(srv_group *g, const srv_partner *p)
{
    srv_partner **at = &g->partners;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
}

static void put_last(srv_group *g, srv_partner *p)
{
    srv_partner **at = &g->partners;
    while (*at)
        at = &(*at)->next;
    *at = p;
    p->next = NULL;
}

static srv_group *new_group(srv_together *t, size_t params_len)
{
    srv_group *g = calloc(1, sizeof *g);
    double *values = calloc(2 * GD_MAX_THETAS * params_len, sizeof *values);
    if (!g || !values) {
        free(g);
        free(values);
        return NULL;
    }
    g->params_len = params_len;
    g->thetas = values;
    g->gradients = values + GD_MAX_THETAS * params_len;
    g->next = t->groups;
    t->groups = g;
    return g;
}

static void free_group(srv_together *t, srv_group *g)
{
    srv_group **at = &t->groups;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    free(g->thetas);
    free(g);
}

/* False when out of memory. */
static bool join(srv_partner *p, gd_objective *o)
{
    srv_together *t = p->meeting;
    srv_group *g = t->groups;
    while (g && !gd_objective_same(g->partners->objective, o))
        g = g->next;
    if (!g && !(g = new_group(t, gd_objective_params_len(o))))
        return false;
    p->objective = o;
    p->group = g;
    p->state = SRV_PARTNER_BUSY;
    pthread_cond_init(&p->news, &t->monotonic);
    put_last(g, p);
    return true;
}

static void wake_all(const srv_group *g)
{
    for (srv_partner *p = g->partners; p; p = p->next)
        pthread_cond_signal(&p->news);
}

/* ---- when a pass begins, and for whom; the lock is held ---- */

static bool alike(const srv_partner *a, const srv_partner *b)
{
    return a->rows.first == b->rows.first && a->rows.count == b->rows.count &&
           !a->gradient == !b->gradient;
}

static srv_partner *first_waiting(const srv_group *g)
{
    srv_partner *p = g->partners;
    while (p && p->state != SRV_PARTNER_WAITS)
        p = p->next;
    return p;
}

/* Who runs the next pass: the one that has waited longest, or the host if it wants the same. */
static srv_partner *leader(const srv_group *g)
{
    srv_partner *first = first_waiting(g), *host = g->host;
    return first && host && host->state == SRV_PARTNER_WAITS && alike(host, first) ? host : first;
}

/* Is nobody left who is about to come, or no room for them? */
static bool complete(const srv_group *g)
{
    const srv_partner *first = first_waiting(g);
    size_t busy = 0, with_first = 0;
    for (const srv_partner *p = g->partners; p; p = p->next) {
        busy += p->state == SRV_PARTNER_BUSY || p->state == SRV_PARTNER_SERVED;
        with_first += p->state == SRV_PARTNER_WAITS && alike(p, first);
    }
    return first && (busy == 0 || with_first >= GD_MAX_THETAS);
}

/* When the next pass is held up no longer. */
static double latest_begin(const srv_group *g)
{
    const srv_partner *first = first_waiting(g);
    double gather = g->took / 2, since = first->since > g->ended ? first->since : g->ended;
    gather = gather > GATHER ? GATHER : gather < GATHER_LEAST ? GATHER_LEAST : gather;
    return since + gather;
}

static bool may_begin(const srv_partner *p, double now)
{
    const srv_group *g = p->group;
    return !g->passing && leader(g) == p && (complete(g) || now >= latest_begin(g));
}

/* Somebody has come, or gone. */
static void call_leader(const srv_group *g)
{
    srv_partner *next = g->passing ? NULL : leader(g);
    if (next && complete(g))
        pthread_cond_signal(&next->news);
}

static void take(srv_partner *p, size_t place)
{
    srv_group *g = p->group;
    memcpy(g->thetas + place * g->params_len, p->theta, g->params_len * sizeof *p->theta);
    p->state = SRV_PARTNER_TAKEN;
    p->place = place;
    g->taken[place] = p;
}

/* p and those who wait for the same. Returns how many they are. */
static size_t take_all(srv_partner *p)
{
    size_t count = 1;
    take(p, 0);
    for (srv_partner *q = p->group->partners; q && count < GD_MAX_THETAS; q = q->next)
        if (q->state == SRV_PARTNER_WAITS && alike(q, p))
            take(q, count++);
    return count;
}

/* Results to those who are still there; of a pass that was broken off there are none. */
static void serve(srv_group *g, size_t count, bool broken)
{
    for (size_t i = 0; i < count; i++) {
        srv_partner *q = g->taken[i];
        if (!q)
            continue;
        q->state = broken ? SRV_PARTNER_WAITS : SRV_PARTNER_SERVED;
        if (broken)
            continue;
        *q->cost = g->costs[i];
        if (q->gradient)
            memcpy(q->gradient, g->gradients + i * g->params_len,
                   g->params_len * sizeof *q->gradient);
    }
}

typedef struct reading {
    srv_partner *p;
    size_t count;
} reading;

static void read_rows(void *arg)
{
    const reading *r = arg;
    srv_partner *p = r->p;
    srv_group *g = p->group;
    gd_objective_eval_many(p->objective, g->thetas, r->count, &p->rows, g->costs,
                           p->gradient ? g->gradients : NULL);
}

/* Runs a pass for all who wait for the same. p holds its lane, if it had one. */
static void lead(srv_partner *p)
{
    srv_together *t = p->meeting;
    srv_group *g = p->group;
    size_t count = take_all(p), partners = 0;
    for (const srv_partner *q = g->partners; q; q = q->next)
        partners++;
    g->passing = true;
    g->host = p;
    pthread_mutex_unlock(&t->lock);
    double began = srv_monotonic();
    gd_error ignored; /* without room for all, it takes more readings */
    (void)!gd_objective_reserve(p->objective, partners, &ignored);
    reading r = {p, count};
    if (!srv_guard_run(read_rows, &r))
        p->member->broken = true;
    bool broken = p->member->broken || gd_objective_interrupted(p->objective);
    double ended = srv_monotonic();
    pthread_mutex_lock(&t->lock);
    serve(g, count, broken);
    t->counts.passes++;
    g->passing = false;
    g->ended = ended;
    g->took = ended - began;
    wake_all(g);
}

/* ---- partners ---- */

/* The lock is held. */
static void leave(srv_partner *p)
{
    srv_group *g = p->group;
    if (p->state == SRV_PARTNER_TAKEN)
        g->taken[p->place] = NULL;
    take_out(g, p);
    pthread_cond_destroy(&p->news);
    p->group = NULL;
    if (g->host == p)
        g->host = NULL;
    if (g->finder == p) {
        g->finder = NULL;
        wake_all(g);
    }
    if (!g->partners)
        free_group(p->meeting, g);
    else
        call_leader(g);
}

/* Sleeps until there may be news, or it is time. The lock is held, and again on return. */
static void sleep_until(srv_partner *p, double until)
{
    struct timespec at = {.tv_sec = (time_t)until};
    at.tv_nsec = (long)((until - (double)at.tv_sec) * 1e9);
    pthread_cond_timedwait(&p->news, &p->meeting->lock, &at);
}

static void sleep_on(srv_partner *p, double now)
{
    double until = now + LOOK;
    const srv_group *g = p->group;
    if (!g->passing && leader(g) == p && latest_begin(g) < until)
        until = latest_begin(g);
    sleep_until(p, until);
}

/* Waits until p is served, leading a pass if it is its turn. False: it was asked to leave, and has
 * left the group. The lock is held, and again on return. */
static bool be_served(srv_partner *p, bool has_lane)
{
    srv_together *t = p->meeting;
    while (p->state != SRV_PARTNER_SERVED) {
        double now = srv_monotonic();
        bool begins = p->state == SRV_PARTNER_WAITS && may_begin(p, now);
        bool holds = p->member->holds;
        if (begins && (holds || !has_lane)) {
            lead(p);
            if (!p->member->broken && !gd_objective_interrupted(p->objective))
                continue;
            leave(p);
            return false;
        }
        if (begins || holds) { /* lanes are waited for, and handed over, without the lock */
            pthread_mutex_unlock(&t->lock);
            if (begins)
                srv_team_enter(p->member);
            else
                srv_team_leave(p->member);
            pthread_mutex_lock(&t->lock);
        } else if (p->interrupted && p->interrupted(p->ctx)) {
            leave(p);
            return false;
        } else {
            sleep_on(p, now);
        }
    }
    return true;
}

bool srv_together_eval(srv_partner *p, gd_objective *o, const double *theta, const gd_rows *rows,
                       double *cost, double *gradient)
{
    srv_together *t = p->meeting;
    bool has_lane = p->member->holds, served = false;
    pthread_mutex_lock(&t->lock);
    if (p->group || join(p, o)) {
        p->theta = theta;
        p->rows = *rows;
        p->cost = cost;
        p->gradient = gradient;
        p->since = srv_monotonic();
        p->state = SRV_PARTNER_WAITS;
        take_out(p->group, p);
        put_last(p->group, p);
        t->counts.wanted++;
        call_leader(p->group);
        served = be_served(p, has_lane);
        if (served)
            p->state = SRV_PARTNER_BUSY;
    }
    pthread_mutex_unlock(&t->lock);
    if (has_lane && !p->member->holds)
        srv_team_enter(p->member);
    return served;
}

/* Waits while another is about to find it. The lock is held, and again on return. */
static void wait_for_finder(srv_partner *p)
{
    const srv_group *g = p->group;
    while (g->finder) {
        if (p->member->holds) { /* a lane, which the finder may want; who holds one and is asked may
                                 * hand it over, which is not for under the lock */
            pthread_mutex_unlock(&p->meeting->lock);
            srv_team_leave(p->member);
            pthread_mutex_lock(&p->meeting->lock);
        } else if (p->interrupted && p->interrupted(p->ctx)) {
            return;
        } else {
            sleep_until(p, srv_monotonic() + LOOK);
        }
    }
}

bool srv_together_recall(srv_partner *p, gd_objective *o, double *curvature)
{
    srv_together *t = p->meeting;
    bool has_lane = p->member->holds, known = false;
    pthread_mutex_lock(&t->lock);
    if (p->group || join(p, o)) {
        srv_group *g = p->group;
        p->state = SRV_PARTNER_AWAY;
        call_leader(g);
        wait_for_finder(p);
        known = g->curved;
        if (known)
            *curvature = g->curvature;
        else if (!g->finder)
            g->finder = p;
    }
    pthread_mutex_unlock(&t->lock);
    if (has_lane && !p->member->holds)
        srv_team_enter(p->member);
    return known;
}

void srv_together_keep(srv_partner *p, double curvature)
{
    srv_together *t = p->meeting;
    pthread_mutex_lock(&t->lock);
    srv_group *g = p->group;
    if (g && g->finder == p) {
        g->curved = true;
        g->curvature = curvature;
        g->finder = NULL;
        wake_all(g);
    }
    pthread_mutex_unlock(&t->lock);
}

void srv_together_away(srv_partner *p)
{
    if (!p->group)
        return;
    pthread_mutex_lock(&p->meeting->lock);
    p->state = SRV_PARTNER_AWAY;
    call_leader(p->group);
    pthread_mutex_unlock(&p->meeting->lock);
}

void srv_together_leave(srv_partner *p)
{
    if (!p->group)
        return;
    pthread_mutex_lock(&p->meeting->lock);
    leave(p);
    pthread_mutex_unlock(&p->meeting->lock);
}
