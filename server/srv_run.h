/* srv_run: one job while it runs: what its worker knows of it. For the files srv_run_*.c and
 * srv_worker.c alone.
 *
 * DESIGN
 * A job is one or more parts, each a run of training of its own (srv_plan.h). The worker owns the
 * loop over gd_train_step. Every so often it writes the new points of the history, the job's
 * progress and a checkpoint in one transaction, so that these three always agree: a job that is
 * taken up again goes on from there and ends with bitwise the same parameters and history as
 * one that was never interrupted.
 */
#ifndef SRV_RUN_H
#define SRV_RUN_H

#include "api_change.h"
#include "api_job.h"
#include "gd_fit.h"
#include "gd_train.h"
#include "srv_app.h"
#include "srv_clock.h"
#include "srv_plan.h"
#include "srv_recorder.h"
#include "srv_sha256.h"
#include "srv_snapshots.h"
#include "srv_view.h"

/* What the job's row and its dataset's row say; all owned. */
typedef struct srv_run_row {
    bool found;
    int64_t seq;
    char *state, *spec, *started_at, *name;
    char *dataset_id;
    char *asked;    /* "stop" or "cancel" before the server ended, else NULL */
    char *expected; /* of a replay: the proof of the job that it replays, else NULL */
    double *checkpoint; /* checkpoint_len doubles */
    size_t checkpoint_len;
    bool damaged;    /* what is stored of its progress can't be gone on from */
    double *initial; /* initial_len doubles: the parameters of the model it starts from, or NULL */
    size_t initial_len;
    char *initial_columns; /* JSON: that model's columns, if either was prepared; or NULL */
} srv_run_row;

typedef struct srv_run_change {
    int64_t seq, epoch; /* epoch: after which it takes, or took, effect; -1: as soon as can be */
    api_change change;
    bool done, unwritten;
    char refused[512]; /* why it could not; "" if it did */
} srv_run_change;

typedef struct srv_run {
    srv_app *app;
    const char *id;
    struct srv_new_job *fresh; /* of a job that is stored with its end alone (srv_brief.h), or NULL */
    double give_up_at;         /* of such a one: when it is to be left to a worker; else 0 */
    const srv_signals *signals;
    srv_member member;    /* of the team */
    srv_partner partner;  /* of the jobs that pass over the same rows */
    gd_executor executor; /* the team's; looks at the signals before each block of rows */
    gd_executor ending;   /* the same for what follows training: a stop does not break it off */
    srv_run_row row;
    api_job job;
    srv_dataset dataset, validation; /* the latter empty where there is none */
    srv_view view;                   /* their rows, targets and weights */
    srv_plan plan;
    size_t part;         /* the one that trains */
    uint64_t epoch_base; /* epochs of the parts before it: the history counts on */
    double *initial;     /* where the part begins; NULL for the model's own start */
    gd_data data;        /* what the part trains on */
    gd_train *train;     /* of the part */
    srv_recorder recorder;
    srv_snapshots snapshots;
    double *checkpoint; /* checkpoint_len doubles: a head, then the run's own */
    size_t checkpoint_len;
    char checkpoint_sha256[SRV_SHA256_SIZE];
    srv_run_change *changes; /* changes_count of them, in order; owned */
    size_t changes_count;
    unsigned changes_seen; /* of the signals' count */
    bool taken_up;         /* from a checkpoint */
    bool stops;            /* of a replay: the job was told to end ... */
    uint64_t stops_after;  /* ... after this epoch, counted over all parts */
    char started_at[SRV_TIME_SIZE];
    char model_id[SRV_ID_SIZE];   /* of the job's (first) model; "" before there is one */
    double began, seconds_before; /* of this process; of earlier ones */
    bool gone;                    /* the row no longer waits for this run */
} srv_run;

/* The head of a checkpoint: the recorder's, then these. A head alone: the part has not begun. */
enum { SRV_RUN_SECONDS = SRV_RECORDER_SAVED, SRV_RUN_BASE, SRV_RUN_PART, SRV_RUN_HEAD };

/* ---- srv_run_load.c: from rows to a run ---- */

/* Names of what a row of the part at hand has, as it is trained on; JSON. */
const char *srv_run_columns(const srv_run *w);

/* The first thing. w is zeroed; all three are borrowed. */
void srv_run_init(srv_run *w, srv_app *app, const char *id, const srv_signals *signals);
/* Reads the rows. False with the reason in p; w->row.found is false when there is no such job. */
bool srv_run_load(srv_run *w, api_problem *p);
/* Opens its data and finds where it begins. */
bool srv_run_open(srv_run *w, api_problem *p);
/* Does work that reads the job's rows. When they can't be read (srv_guard.h) it is broken off, and
 * so is the job: from then on w->member.broken is set. */
bool srv_run_read(srv_run *w, bool (*work)(void *ctx, api_problem *p), void *ctx, api_problem *p);
/* One step of training, the same way; *out is set unless it is broken off. */
bool srv_run_step(srv_run *w, gd_step *out);
/* Opens it and makes all that the job needs, as of its checkpoint if it has one; w->row.damaged is
 * set where that is no good. */
bool srv_run_prepare(srv_run *w, api_problem *p);
/* A gd_executor's, whose ctx is the srv_run. Is anything asked for that breaks training off? If
 * not, others may have their turn first. */
bool srv_run_interrupted(void *run);
/* The same for what follows training: anything that breaks the job itself off? */
bool srv_run_broken_off(void *run);
void srv_run_blocks(void *run, gd_block_fn *fn, void *arg, size_t blocks);
/* And its `share`, of full batches that are worth it. */
bool srv_run_share(void *run, gd_objective *o, const double *theta, const gd_rows *rows,
                   double *cost, double *gradient);
/* And its `recall` and `keep`, of the same. */
bool srv_run_recall(void *run, gd_objective *o, double *curvature);
void srv_run_keep(void *run, gd_objective *o, double curvature);
/* Begins part w->part, in place of the one before. */
bool srv_run_begin_part(srv_run *w, api_problem *p);
void srv_run_free(srv_run *w);

/* ---- srv_run_anew.c: progress that is damaged ---- */

/* A part that has ended, as it is stored. */
const char *srv_run_sum_part(const char *result, const void *theta, size_t bytes,
                             char sum[SRV_SHA256_SIZE]);
/* Is what the row, and the parts, say of the job's progress what was once written? In a read. */
bool srv_run_look_at_progress(srv_db *db, srv_run *w, const char *checkpoint_sha256,
                              api_problem *p);
/* Puts the job back to where it has not begun. False with the reason in p, and then nothing was
 * changed. */
bool srv_run_anew(srv_run *w, api_problem *p);

/* ---- srv_run_write.c: writing while it runs ---- */

double srv_run_seconds(const srv_run *w); /* of training, earlier processes included */
bool srv_run_record(srv_run *w);          /* the state is a new point; false: out of memory */
/* The next epoch, of the part, that must be seen. */
uint64_t srv_run_due(const srv_run *w);
/* Does so much wait to be written that memory, or a later write, would be long? */
bool srv_run_much_waits(const srv_run *w);
void srv_run_take_checkpoint(srv_run *w);
void srv_run_seal_checkpoint(srv_run *w); /* once it has been changed by hand */
/* All that was new is stored. */
void srv_run_written(srv_run *w);
/* Writes what is new. False when it could not: the points stay pending. */
bool srv_run_flush(srv_run *w);
/* For work in a transaction of its own: progress and points; sets w->gone. */
bool srv_run_write_progress(srv_db *db, srv_run *w, api_problem *p);
/* Bytes of what the job keeps in the database by now, its row's results apart (srv_kept.h); -1 when
 * that is not known here. */
int64_t srv_run_kept(const srv_run *w);
/* The best and the last point, which may be off the grid. */
bool srv_run_write_ends(srv_db *db, srv_run *w, api_problem *p);

/* ---- srv_run_change.c: settings that change ---- */

bool srv_run_load_changes(srv_run *w, api_problem *p);
/* Between two epochs: takes up what is due. True when something was: it is to be flushed. */
bool srv_run_apply_changes(srv_run *w);
bool srv_run_write_changes(srv_db *db, srv_run *w, api_problem *p); /* in a transaction */
/* The next epoch of the part after which a change is due; UINT64_MAX: none is. */
uint64_t srv_run_change_due(const srv_run *w);
/* Adds a member `changes` to o, of those that took effect, if any did. */
void srv_run_describe_changes(const srv_run *w, cJSON *o);

/* ---- srv_run_facts.c: what is known of a fit ---- */

/* What a run has fitted to what; all borrowed from it. */
gd_fit srv_fit_of(const gd_train *t, const api_job *job);

/* The certificate, as JSON that the caller frees, and members of `details`, which the model's
 * document shows. part: what is kept of the part at hand, JSON, or NULL. False with the reason in
 * p. */
bool srv_run_facts(srv_run *w, const char *part, char **certificate, cJSON *details,
                   api_problem *p);

/* ---- srv_run_decide.c: the decision between two classes ---- */

/* Sets the shape's threshold, if the job has one for theta (in the data's units), and what is to be
 * said of it: *said is the caller's, NULL for none. False with the reason in p. */
bool srv_run_decide(const srv_run *w, const double *theta, gd_shape *shape, cJSON **said,
                    api_problem *p);

/* ---- srv_run_proof.c: what went in and what came out ---- */

/* The proof of a model whose parameters are theta (in the data's units); the caller owns it. NULL
 * when out of memory. */
cJSON *srv_run_prove_model(const srv_run *w, const double *theta);
/* That of the job, which ends with the part at hand and these parameters of it: *out is JSON that
 * the caller frees. False with the reason in p. */
bool srv_run_prove(const srv_run *w, const double *theta, char **out, api_problem *p);
/* Is it a replay that has come to where the job was told to end? */
bool srv_run_replayed(const srv_run *w);

/* ---- srv_run_end.c: what becomes of it ---- */

typedef enum srv_conclusion {
    SRV_RUN_OVER,    /* so is the job */
    SRV_RUN_GOES_ON, /* with the next part */
    SRV_RUN_WAITS    /* nothing is written: a signal broke it off, which is to be heeded, or
                        it is a fresh one, which is left to a worker */
} srv_conclusion;

/* The part has ended by itself: finds out what can be said of it, by all lanes, and writes that. */
srv_conclusion srv_run_conclude(srv_run *w);
void srv_run_cancelled(srv_run *w);
/* The server's own failure to run the job: a problem without fields. */
void srv_run_fail(srv_run *w, const api_problem *p);

#endif
