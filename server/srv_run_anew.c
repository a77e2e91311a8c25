/* srv_run_anew: a job whose stored progress is damaged.
 *
 * It is not trained on. The job's data has a checksum of its own and its spec says all else, so
 * that it can begin anew, and ends with the same parameters and history as if nothing had happened,
 * only later: which is more use to whoever waits for it than a failure. A note on the job says so.
 * What it had on the way goes in the transaction that puts it back. But models of groups that have
 * ended may be in use by now: such a job fails, and they stay. */
#include "srv_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *srv_run_sum_part(const char *result, const void *theta, size_t bytes,
                             char sum[SRV_SHA256_SIZE])
{
    srv_sum s;
    srv_sum_begin(&s);
    srv_sum_add(&s, theta, bytes);
    srv_sum_add(&s, result, strlen(result));
    return srv_sum_end(&s, sum);
}

/* One row of SQL_PART_LIST. Those of an earlier release have no sum. */
static bool part_is_whole(srv_rows *rows)
{
    size_t len;
    char sum[SRV_SHA256_SIZE];
    const char *result = srv_text(rows, 0), *expected = srv_text(rows, 2);
    const void *theta = srv_blob(rows, 1, &len);
    return result && theta && len % sizeof(double) == 0 &&
           (!expected || strcmp(srv_run_sum_part(result, theta, len, sum), expected) == 0);
}

bool srv_run_look_at_progress(srv_db *db, srv_run *w, const char *checkpoint_sha256, api_problem *p)
{
    srv_run_row *r = &w->row;
    char sum[SRV_SHA256_SIZE];
    /* what is gone does not have it either */
    srv_sha256(r->checkpoint, r->checkpoint_len * sizeof *r->checkpoint, sum);
    r->damaged = checkpoint_sha256 && strcmp(sum, checkpoint_sha256) != 0;
    srv_rows *rows = srv_db_query(db, SQL_PART_LIST, p, "i", r->seq);
    srv_step step = SRV_FAILED;
    while (rows && (step = srv_db_step(db, rows, p)) == SRV_ROW)
        r->damaged = r->damaged || !part_is_whole(rows);
    return step == SRV_END;
}

static bool has_made_models(srv_db *db, const char *id, bool *has, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_JOB_MADE_MODELS, p, "t", id);
    if (!rows || srv_db_step(db, rows, p) != SRV_ROW)
        return false;
    *has = srv_integer(rows, 0) != 0;
    srv_db_done(rows);
    return true;
}

static bool put_back(srv_db *db, void *arg, api_problem *p)
{
    const srv_run *w = arg;
    char note[160], now[SRV_TIME_SIZE];
    bool has;
    if (!has_made_models(db, w->id, &has, p))
        return false;
    if (has)
        return api_problem_set(p, API_INTERNAL,
                               "what is stored of the job's progress is damaged; the models of the "
                               "groups that had ended stay: post it again for the others");
    snprintf(
        note, sizeof note,
        "what was stored of its progress was damaged, or of another release, so it began anew at "
        "%s",
        srv_time_text(now));
    return srv_db_run(db, SQL_JOB_ANEW, p, "tt", note, w->id) &&
           srv_db_run(db, SQL_PARTS_FORGET, p, "i", w->row.seq) &&
           srv_db_run(db, SQL_POINTS_FORGET, p, "i", w->row.seq) &&
           srv_db_run(db, SQL_SNAPSHOTS_FORGET, p, "i", w->row.seq);
}

bool srv_run_anew(srv_run *w, api_problem *p)
{
    *p = (api_problem){0};
    return srv_store_write(w->app->store, put_back, w, p);
}
