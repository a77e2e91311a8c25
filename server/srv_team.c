/* srv_team: see srv_team.h. */
#include "srv_team.h"

#include "srv_clock.h"
#include "srv_guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Seconds that a member may hold a lane while others wait who have had their share. */
#define SLICE 0.002
/* A member is new until it has used so much. */
#define NEW 0.01
/* Those who are not new wait no longer than this behind new ones. */
#define PATIENCE 0.02
/* Seconds that a pass must take one thread for helpers to be worth it: they take some microseconds to
 * come, and to be waited for. */
#define WORTH_SHARING 0.00005
/* How long helpers look for the next pass, and members for the last helper, before they sleep. */
#define SPIN 0.0001

/* A member that waits for a lane, on its own stack. */
typedef struct waiter {
    struct waiter *next;
    pthread_cond_t granted;
    bool has; /* it was given a lane */
    double since;
} waiter;

typedef struct queue {
    waiter *first, **last;
} queue;

/* Blocks that are to be done, on the stack of the member whose they are. */
typedef struct pass {
    struct pass *next;
    gd_block_fn *fn;
    void *arg;
    size_t blocks;
    atomic_size_t taken;  /* blocks given out so far, and tries to get one */
    atomic_bool broken;   /* a block could not read its rows */
    atomic_size_t helped; /* helpers at work on it; the last thing of it that one touches */
    bool slots[SRV_MAX_LANES + 1]; /* is it in use? 0 is the member's */
} pass;

struct srv_team {
    size_t lanes;
    pthread_t *helpers;
    size_t helpers_count;
    atomic_bool stop;
    atomic_uint waiting, urgent; /* members that wait; those of them who are new */
    atomic_uint published;       /* passes so far */
    pthread_mutex_t lock;        /* guards what follows, and the slots of passes */
    pthread_cond_t work;         /* helpers sleep here */
    pthread_cond_t helped;       /* members wait here for their last helpers */
    size_t busy;                 /* lanes that are held */
    size_t asleep;               /* helpers */
    queue fresh, others;
    pass *passes;
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* ---- lanes ---- */

static void push(queue *q, waiter *w)
{
    *q->last = w;
    q->last = &w->next;
}

static waiter *pop(queue *q)
{
    waiter *w = q->first;
    q->first = w->next;
    if (!q->first)
        q->last = &q->first;
    return w;
}

/* Gives the lane that the caller holds to whoever is next, or back. The lock is held. */
static void hand_over(srv_team *t)
{
    bool long_due = t->others.first && srv_monotonic() - t->others.first->since > PATIENCE;
    if (!t->fresh.first && !t->others.first) {
        t->busy--;
        if (t->passes && t->asleep > 0)
            pthread_cond_signal(&t->work);
        return;
    }
    bool fresh = t->fresh.first && !long_due;
    waiter *w = pop(fresh ? &t->fresh : &t->others);
    atomic_fetch_sub(&t->waiting, 1);
    if (fresh)
        atomic_fetch_sub(&t->urgent, 1);
    w->has = true;
    pthread_cond_signal(&w->granted);
}

/* The lock is held, and again on return. */
static void wait_for_lane(srv_member *m)
{
    srv_team *t = m->team;
    bool fresh = m->used < NEW;
    waiter w = {.since = srv_monotonic()};
    pthread_cond_init(&w.granted, NULL);
    push(fresh ? &t->fresh : &t->others, &w);
    atomic_fetch_add(&t->waiting, 1);
    if (fresh)
        atomic_fetch_add(&t->urgent, 1);
    while (!w.has)
        pthread_cond_wait(&w.granted, &t->lock);
    pthread_cond_destroy(&w.granted);
}

static void account(srv_member *m)
{
    double now = srv_monotonic();
    m->used += now - m->since;
    m->since = now;
}

void srv_team_enter(srv_member *m)
{
    srv_team *t = m->team;
    pthread_mutex_lock(&t->lock);
    if (t->busy < t->lanes)
        t->busy++;
    else
        wait_for_lane(m);
    pthread_mutex_unlock(&t->lock);
    m->since = srv_monotonic();
    m->holds = true;
}

void srv_team_leave(srv_member *m)
{
    account(m);
    m->holds = false;
    pthread_mutex_lock(&m->team->lock);
    hand_over(m->team);
    pthread_mutex_unlock(&m->team->lock);
}

void srv_team_yield(srv_member *m)
{
    srv_team *t = m->team;
    if (!m->holds || atomic_load_explicit(&t->waiting, memory_order_relaxed) == 0)
        return;
    if (atomic_load(&t->urgent) == 0 && srv_monotonic() - m->since < SLICE)
        return;
    account(m);
    pthread_mutex_lock(&t->lock);
    if (atomic_load(&t->waiting) > 0) {
        hand_over(t);
        wait_for_lane(m);
    }
    pthread_mutex_unlock(&t->lock);
    m->since = srv_monotonic();
}

/* ---- passes ---- */

size_t srv_team_slots(const srv_team *t)
{
    return t->lanes == 1 ? 1 : t->lanes + 1;
}

unsigned srv_team_waiting(const srv_team *t)
{
    return atomic_load(&t->waiting);
}

/* A slot of p that is free, or 0. The lock is held. */
static size_t free_slot(const srv_team *t, const pass *p)
{
    for (size_t i = 1; i < srv_team_slots(t); i++)
        if (!p->slots[i])
            return i;
    return 0;
}

/* A pass that has blocks left, with a lane and a slot to do them in. The lock is held. */
static pass *join(srv_team *t, size_t *slot)
{
    if (t->busy >= t->lanes || atomic_load(&t->waiting) > 0)
        return NULL;
    for (pass *p = t->passes; p; p = p->next)
        if (atomic_load(&p->taken) < p->blocks && (*slot = free_slot(t, p)) > 0) {
            p->slots[*slot] = true;
            atomic_fetch_add(&p->helped, 1);
            t->busy++;
            return p;
        }
    return NULL;
}

typedef struct one_block {
    gd_block_fn *fn;
    void *arg;
    size_t block, slot;
} one_block;

static void do_block(void *ctx)
{
    const one_block *b = ctx;
    b->fn(b->arg, b->block, b->slot);
}

/* One that is broken off leaves what it was to give undefined, and the pass broken. */
static void run_block(pass *p, size_t block, size_t slot)
{
    one_block b = {p->fn, p->arg, block, slot};
    if (!srv_guard_run(do_block, &b))
        atomic_store(&p->broken, true);
}

/* Does blocks of p until none is left, or a member waits for the lane. The lock is not held. */
static void help(srv_team *t, pass *p, size_t slot)
{
    size_t block;
    while (atomic_load_explicit(&t->waiting, memory_order_relaxed) == 0 &&
           (block = atomic_fetch_add(&p->taken, 1)) < p->blocks)
        run_block(p, block, slot);
    pthread_mutex_lock(&t->lock);
    p->slots[slot] = false;
    hand_over(t);
    if (atomic_fetch_sub(&p->helped, 1) == 1)
        pthread_cond_broadcast(&t->helped);
    pthread_mutex_unlock(&t->lock);
}

/* Waits a little while for a pass beyond those that were `seen`. The lock is not held. */
static void spin(const srv_team *t, unsigned seen)
{
    double until = srv_monotonic() + SPIN;
    while (atomic_load_explicit(&t->published, memory_order_relaxed) == seen &&
           !atomic_load_explicit(&t->stop, memory_order_relaxed) && srv_monotonic() < until)
        for (int i = 0; i < 20; i++)
            relax();
}

static void *helper_main(void *arg)
{
    srv_team *t = arg;
    size_t slot;
    bool spun = true; /* since it last had work */
    pthread_mutex_lock(&t->lock);
    while (!atomic_load(&t->stop)) {
        pass *p = join(t, &slot);
        unsigned seen = atomic_load(&t->published);
        if (!p && spun) {
            t->asleep++;
            pthread_cond_wait(&t->work, &t->lock);
            t->asleep--;
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        if (p)
            help(t, p, slot);
        else
            spin(t, seen);
        spun = !p;
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void publish(srv_team *t, pass *p)
{
    pthread_mutex_lock(&t->lock);
    p->next = t->passes;
    t->passes = p;
    atomic_fetch_add(&t->published, 1);
    if (t->asleep > 0 && t->busy < t->lanes)
        pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
}

/* Nobody joins any more; waits for those who have. */
static void retract(srv_team *t, pass *p)
{
    pthread_mutex_lock(&t->lock);
    pass **at = &t->passes;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    pthread_mutex_unlock(&t->lock);
    double until = srv_monotonic() + SPIN;
    while (atomic_load(&p->helped) > 0 && srv_monotonic() < until)
        for (int i = 0; i < 20; i++)
            relax();
    if (atomic_load(&p->helped) == 0)
        return;
    pthread_mutex_lock(&t->lock);
    while (atomic_load(&p->helped) > 0)
        pthread_cond_wait(&t->helped, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* What a block of this kind took; a kind that is new is at 0. */
static double *time_of(srv_member *m, gd_block_fn *fn)
{
    for (unsigned i = 0; i < SRV_KINDS; i++)
        if (m->known[i].fn == fn)
            return &m->known[i].seconds;
    unsigned i = m->next_known++ % SRV_KINDS;
    m->known[i].fn = fn;
    m->known[i].seconds = 0;
    return &m->known[i].seconds;
}

void srv_team_run(srv_member *m, gd_block_fn *fn, void *arg, size_t blocks)
{
    srv_team *t = m->team;
    pass p = {.fn = fn, .arg = arg, .blocks = blocks};
    double *each = time_of(m, fn), began = srv_monotonic();
    bool quick = *each > 0 && *each * (double)blocks < WORTH_SHARING;
    bool shared = m->holds && t->lanes > 1 && blocks > 1 && !quick;
    size_t block, done = 0;
    m->in_pass = true;
    if (shared)
        publish(t, &p);
    while ((block = atomic_fetch_add(&p.taken, 1)) < blocks) {
        run_block(&p, block, 0);
        done++;
        if (block + 1 < blocks)
            srv_team_yield(m);
    }
    if (done > 0)
        *each = (srv_monotonic() - began) / (double)done;
    if (shared)
        retract(t, &p);
    m->broken = m->broken || atomic_load(&p.broken);
    m->in_pass = false;
}

/* ---- starting and stopping ---- */

srv_team *srv_team_start(uint64_t lanes, api_problem *p)
{
    srv_team *t = calloc(1, sizeof *t);
    pthread_t *helpers = calloc((size_t)lanes, sizeof *helpers);
    if (!t || !helpers) {
        free(t);
        free(helpers);
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        return NULL;
    }
    t->lanes = (size_t)lanes;
    t->helpers = helpers;
    t->fresh.last = &t->fresh.first;
    t->others.last = &t->others.first;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->helped, NULL);
    /* the member whose pass it is does its share */
    for (; t->helpers_count + 1 < t->lanes; t->helpers_count++)
        if (pthread_create(&helpers[t->helpers_count], NULL, helper_main, t) != 0) {
            api_problem_set(p, API_UNAVAILABLE, "thread %zu of %zu can't be started",
                            t->helpers_count + 2, t->lanes);
            srv_team_stop(t);
            return NULL;
        }
    return t;
}

void srv_team_stop(srv_team *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->stop, true);
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->helpers_count; i++)
        pthread_join(t->helpers[i], NULL);
    pthread_cond_destroy(&t->helped);
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
    free(t->helpers);
    free(t);
}
