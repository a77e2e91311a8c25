/* srv_guard: the handler of SIGBUS, the regions that it knows, and the guards of each thread. */
#include "srv_guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

/* The handler looks through the list while others change it: regions are never freed, and one that
 * is free has no size. */
struct srv_region {
    atomic_uintptr_t start;
    atomic_size_t size;
    atomic_bool failed;
    bool used; /* the lock's */
    struct srv_region *next;
};

static _Atomic(srv_region *) regions;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of who adds and removes */

typedef struct guard {
    sigjmp_buf place;
    struct guard *outer;
} guard;

static _Thread_local guard *innermost;

static srv_region *region_at(uintptr_t at)
{
    srv_region *r = atomic_load(&regions);
    while (r && at - atomic_load(&r->start) >= atomic_load(&r->size))
        r = r->next;
    return r;
}

/* The fault is the thread's own, in the midst of a read: nothing is half done but by who is broken
 * off. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    const ucontext_t *before = context;
    srv_region *r = region_at((uintptr_t)info->si_addr);
    if (r && innermost) {
        atomic_store(&r->failed, true);
        /* what was blocked for the handler's sake stays so when it is left by a jump */
        pthread_sigmask(SIG_SETMASK, &before->uc_sigmask, NULL);
        siglongjmp(innermost->place, 1);
    }
    signal(number, SIG_DFL); /* the read is tried again, and ends the process */
}

void srv_guard_start(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

/* One that is free, or a new one. Under the lock. */
static srv_region *take_region(void)
{
    srv_region *r = atomic_load(&regions);
    while (r && r->used)
        r = r->next;
    if (r || !(r = calloc(1, sizeof *r)))
        return r;
    r->next = atomic_load(&regions);
    atomic_store(&regions, r);
    return r;
}

srv_region *srv_region_add(const void *map, size_t size)
{
    pthread_mutex_lock(&lock);
    srv_region *r = take_region();
    if (r) {
        r->used = true;
        atomic_store(&r->failed, false);
        atomic_store(&r->start, (uintptr_t)map);
        atomic_store(&r->size, size);
    }
    pthread_mutex_unlock(&lock);
    return r;
}

void srv_region_remove(srv_region *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&lock);
    atomic_store(&r->size, 0);
    r->used = false;
    pthread_mutex_unlock(&lock);
}

bool srv_region_failed(const srv_region *r)
{
    return r && atomic_load(&r->failed);
}

bool srv_guard_run(void (*fn)(void *ctx), void *ctx)
{
    guard g = {.outer = innermost};
    if (sigsetjmp(g.place, 0) != 0) {
        innermost = g.outer;
        return false;
    }
    innermost = &g;
    fn(ctx);
    innermost = g.outer;
    return true;
}

bool srv_guard_problem(api_problem *p)
{
    *p = (api_problem){0}; /* whatever else was found out on the way */
    return api_problem_set(p, API_INTERNAL,
                           "the file of a dataset can't be read any more: it is shorter than it "
                           "was, or its disk fails; upload the data again");
}

typedef struct task {
    bool (*work)(void *ctx, api_problem *p);
    void *ctx;
    api_problem *p;
    bool ok;
} task;

static void do_task(void *arg)
{
    task *t = arg;
    t->ok = t->work(t->ctx, t->p);
}

bool srv_guard_try(bool (*work)(void *ctx, api_problem *p), void *ctx, bool *ok, api_problem *p)
{
    task t = {work, ctx, p, false};
    bool whole = srv_guard_run(do_task, &t);
    *ok = whole ? t.ok : srv_guard_problem(p);
    return whole;
}

bool srv_guarded(bool (*work)(void *ctx, api_problem *p), void *ctx, api_problem *p)
{
    bool ok;
    srv_guard_try(work, ctx, &ok, p);
    return ok;
}
