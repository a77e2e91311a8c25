/* srv_worker: the loop over a run's steps. */
#include "srv_worker.h"

#include "srv_guard.h"
#include "srv_log.h"
#include "srv_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Seconds between writes of a running job; the first comes sooner, so that short jobs are
 * seen running. A write that takes long is repeated less often. */
#define FLUSH_FIRST 0.02
#define FLUSH_EVERY 0.25
#define FLUSH_SHARE 20.0 /* at most one part in so many of the time is spent writing */

/* A job that can't begin for want of memory or descriptors is tried again after so many seconds,
 * and fails after so many. */
#define RETRY_AFTER 1.0
#define RETRY_FOR 30.0

/* Was it asked for this before the server ended? */
static bool asked_for(const srv_run *w, const char *what)
{
    return w->row.asked && strcmp(w->row.asked, what) == 0;
}

/* What the signals ask for, before the next step. True when the run is over. */
static bool heed(srv_run *w)
{
    if (w->member.broken) {
        api_problem p;
        srv_guard_problem(&p);
        srv_run_fail(w, &p);
        return true;
    }
    if (atomic_load(&w->signals->cancel) || asked_for(w, "cancel")) {
        srv_run_cancelled(w);
        return true;
    }
    bool paused = atomic_load(&w->signals->pause);
    if (paused || atomic_load(w->signals->stop)) {
        /* of a pass that was broken off nothing is kept: the job is as of its last checkpoint,
         * unless it has ended, and what follows is all that is to be done again */
        if (!paused &&
            (!gd_train_interrupted(w->train) || gd_train_state(w->train)->stop != GD_STOP_NONE))
            srv_run_flush(w);
        srv_log(paused ? "job paused" : "job set aside", srv_s("id", w->id),
                srv_n("epoch", (double)gd_train_state(w->train)->epoch));
        return true;
    }
    if (srv_run_replayed(w)) {
        srv_run_apply_changes(w); /* the last ones it was given */
        gd_train_finish(w->train, GD_STOP_REQUESTED);
    }
    bool late = w->job.max_seconds != API_NO_LIMIT && srv_run_seconds(w) >= w->job.max_seconds;
    if (atomic_load(&w->signals->finish) || asked_for(w, "stop") || late)
        gd_train_finish(w->train, late ? GD_STOP_MAX_SECONDS : GD_STOP_REQUESTED);
    return false;
}

static void train(srv_run *w)
{
    bool saved = true; /* the last write was */
    double flush_at = w->began + (w->seconds_before > 0 ? FLUSH_EVERY : FLUSH_FIRST);
    while (!heed(w)) {
        if (srv_run_apply_changes(w))
            saved = srv_run_flush(w);
        srv_team_enter(&w->member);
        gd_step step;
        bool read = srv_run_step(w, &step);
        srv_team_leave(&w->member);
        if (!read)
            continue;
        if (gd_train_state(w->train)->stop != GD_STOP_NONE)
            srv_together_away(&w->partner); /* no more passes */
        if (step == GD_STEP_DONE) {
            srv_together_leave(&w->partner); /* what is left to do is its own */
            if (gd_train_interrupted(w->train) && heed(w))
                return;
            if (srv_run_conclude(w) == SRV_RUN_OVER)
                return;
            continue;
        }
        if (step == GD_STEP_EPOCH && !srv_run_record(w)) {
            api_problem p = {0};
            api_problem_set(&p, API_UNAVAILABLE, "not enough memory for the history");
            srv_run_fail(w, &p);
            return;
        }
        double now = srv_monotonic();
        if (now >= flush_at || (saved && srv_run_much_waits(w))) {
            srv_together_away(&w->partner);
            saved = srv_run_flush(w);
            double took = srv_monotonic() - now;
            flush_at = now + took + fmax(FLUSH_EVERY, FLUSH_SHARE * took);
        }
    }
}

/* Waits a little before a job is prepared again. False when it is no longer to be. */
static bool wait_to_retry(const srv_signals *signals)
{
    for (double until = srv_monotonic() + RETRY_AFTER; srv_monotonic() < until;) {
        if (atomic_load(signals->stop) || atomic_load(&signals->pause))
            return false;
        if (atomic_load(&signals->cancel))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return true;
}

/* The run from its beginning. False when what it needs can't be had now, and it is not the last
 * time that it is tried: nothing was done. */
static bool work(void *ctx, const char *id, const srv_signals *signals, bool last)
{
    srv_run w = {0};
    srv_run_init(&w, ctx, id, signals);
    api_problem p = {0};
    bool again = false, ok = srv_run_load(&w, &p);
    /* deleted or cancelled while it was on its way here */
    bool waits = ok && w.row.found &&
                 (strcmp(w.row.state, "queued") == 0 || strcmp(w.row.state, "running") == 0);
    if (ok && !waits)
        goto end;
    if (ok && w.row.started_at)
        snprintf(w.started_at, sizeof w.started_at, "%s", w.row.started_at);
    else
        srv_time_text(w.started_at);
    if (!w.row.damaged)
        srv_log(w.row.checkpoint ? "job taken up again" : "job started", srv_s("id", id));
    ok = ok && srv_run_prepare(&w, &p);
    bool anew = w.row.damaged && srv_run_anew(&w, &p);
    again = anew || (!ok && !last && p.code == API_UNAVAILABLE);
    if (ok)
        train(&w);
    else if (anew)
        srv_log("job begins anew: what was stored of its progress is no good", srv_s("id", id));
    else if (again)
        srv_log("job can't begin yet", srv_s("id", id), srv_s("why", p.detail));
    else if (atomic_load(&signals->cancel))
        srv_run_cancelled(&w);
    else
        srv_run_fail(&w, &p);
end:
    srv_run_free(&w);
    return !again;
}

void srv_worker_run(void *ctx, const char *id, const srv_signals *signals)
{
    double end = srv_monotonic() + RETRY_FOR;
    while (!work(ctx, id, signals, atomic_load(&signals->cancel) || srv_monotonic() >= end) &&
           wait_to_retry(signals))
        ;
}
