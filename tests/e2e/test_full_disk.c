/* A full disk: what can't be stored is refused with 507 and leaves nothing, what was accepted is
 * kept and goes on when there is room again. The disk is a small tmpfs over a directory of the
 * test's own, in a mount namespace of its own, which takes root: elsewhere the tests say so and
 * pass.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

static char disk[64];

static bool small_disk(void)
{
    snprintf(disk, sizeof disk, "/tmp/descentd-disk-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(disk));
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", disk, "tmpfs", 0, "size=6m") == 0) {
        setenv("TMPDIR", disk, 1); /* where e2e puts its servers */
        return true;
    }
    rmdir(disk);
    printf("skipped: a full disk needs root and a tmpfs mount\n");
    fflush(stdout);
    return false;
}

static void end_small_disk(void)
{
    ck_assert_int_eq(umount(disk), 0);
    rmdir(disk);
}

static const char *filler(void)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/filler", disk);
    return path;
}

/* Leaves nothing of it, or room for about so many bytes. */
static void fill_disk(long room)
{
    static const char block[1024] = {1};
    FILE *f = fopen(filler(), "a");
    setvbuf(f, NULL, _IONBF, 0);
    while (fwrite(block, 1, sizeof block, f) == sizeof block)
        ;
    long size = ftell(f);
    fclose(f);
    if (room)
        ck_assert_int_eq(truncate(filler(), size > room ? size - room : 0), 0);
}

static unsigned long room_left(void)
{
    struct statvfs v;
    ck_assert_int_eq(statvfs(disk, &v), 0);
    return v.f_bavail * v.f_bsize;
}

/* The answer's status; anything but `status` and 507 fails. */
static long try_post(const e2e_server *s, const char *path, const char *body, long status,
                     char id[32])
{
    e2e_reply r = e2e_post(s, path, body);
    if (r.status != status && r.status != 507)
        ck_abort_msg("POST %s: %ld %s", path, r.status, r.body);
    if (r.status == 507 && !strstr(e2e_string(r.json, "type"), "no-space"))
        ck_abort_msg("%s", r.body);
    if (r.status == status)
        snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    long got = r.status;
    e2e_reply_free(&r);
    return got;
}

static void assert_reads_work(const e2e_server *s, const char *job)
{
    char path[96];
    static const char *const paths[] = {"/healthz", "/readyz", "/v1/datasets", "/v1/jobs",
                                        "/v1/models"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        e2e_reply r = e2e_get(s, paths[i]);
        if (r.status != 200)
            ck_abort_msg("GET %s: %ld %s", paths[i], r.status, r.body);
        e2e_reply_free(&r);
    }
    snprintf(path, sizeof path, "/v1/jobs/%s/history", job);
    e2e_reply r = e2e_get(s, path);
    ck_assert_int_eq(r.status, 200);
    e2e_reply_free(&r);
}

START_TEST(an_upload_that_does_not_fit_is_refused_and_leaves_nothing)
{
    char id[32];
    if (!small_disk())
        return;
    e2e_server *s = e2e_start(NULL);
    char *csv = make_csv(200000, 4, 3); /* 6.4 MB as numbers */
    e2e_reply r = e2e_post_csv(s, "/v1/datasets?target=y", csv);
    if (r.status != 507)
        ck_abort_msg("%ld %s", r.status, r.body);
    e2e_reply_free(&r);
    free(csv);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 5);
    ck_assert_int_eq(e2e_files_in(s, "datasets"), 0);
    csv = make_csv(1000, 4, 3);
    upload_csv(s, csv, id);
    free(csv);
    finish(s);
    end_small_disk();
}
END_TEST

START_TEST(what_was_accepted_goes_on_when_there_is_room_again)
{
    static const char *const one[] = {"--workers", "1", NULL};
    enum { TRIES = 400 };
    static char jobs[TRIES][32];
    char ds[32], slow[32], body[160], id[32];
    int accepted = 0, refused = 0;
    if (!small_disk())
        return;
    e2e_server *s = e2e_start(one);
    char *csv = make_csv(300, 2, 3);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, slow);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"epochs\": 40}", ds);
    for (int i = 0; i < TRIES && refused < 10; i++) {
        fill_disk(0);
        if (try_post(s, "/v1/jobs", body, 202, jobs[accepted]) == 202)
            accepted++;
        else
            refused++;
    }
    ck_assert_int_ge(refused, 10);
    ck_assert_int_eq(try_post(s, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 3]}", 201, id), 507);
    assert_reads_work(s, slow);
    ck_assert(in_state(s, slow, "running"));

    ck_assert_int_eq(unlink(filler()), 0);
    char late[32];
    ck_assert_int_eq(try_post(s, "/v1/jobs", body, 202, late), 202);
    cancel(s, slow);
    wait_for_end(s, slow, "cancelled");
    for (int i = 0; i < accepted; i++)
        wait_for_end(s, jobs[i], "succeeded");
    wait_for_end(s, late, "succeeded");
    ck_assert_int_eq(count_of(s, "jobs", ""), accepted + 2); /* none of the refused ones */
    finish(s);
    end_small_disk();
}
END_TEST

START_TEST(a_job_that_ends_on_a_full_disk_keeps_its_result_until_there_is_room)
{
    static const char *const one[] = {"--workers", "1", NULL};
    char ds[32], slow[32], job[32];
    if (!small_disk())
        return;
    e2e_server *s = e2e_start(one);
    char *csv = make_csv(300, 2, 3);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, slow);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    /* its history of 20,000 points needs more than is left then */
    post_job(s, ds, "\"epochs\": 20000, \"tol\": 0, \"history_points\": \"all\"", job);
    fill_disk(200 << 10);
    cancel(s, slow);
    WAIT_UNTIL(room_left() < 8192, 20); /* it has tried to write, until nothing went any more */
    ck_assert(!in_state(s, job, "succeeded"));
    assert_reads_work(s, job);
    ck_assert_int_eq(unlink(filler()), 0);
    wait_for_end(s, slow, "cancelled");
    wait_for_end(s, job, "succeeded");
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s/history?last=1", job);
    e2e_reply r = e2e_get(s, path);
    ck_assert_double_eq(e2e_number(r.json, "recorded"), 20001);
    e2e_reply_free(&r);
    finish(s);
    end_small_disk();
}
END_TEST

/* A cancel that could not be stored is refused; then the job is as it was: it runs in its turn,
 * or can be cancelled once more. */
START_TEST(a_queued_job_whose_cancel_was_refused_is_not_lost)
{
    static const char *const one[] = {"--workers", "1", NULL};
    enum { QUEUED = 20 };
    static char queued[QUEUED][32];
    char ds[32], slow[32], path[96];
    int refused = 0, first = -1;
    if (!small_disk())
        return;
    e2e_server *s = e2e_start(one);
    char *csv = make_csv(300, 2, 3);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, slow);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    for (int i = 0; i < QUEUED; i++)
        post_job(s, ds, "\"epochs\": 5", queued[i]);
    int i = 0;
    for (; i < QUEUED && refused < 3; i++) {
        fill_disk(0);
        snprintf(path, sizeof path, "/v1/jobs/%.31s/cancel", queued[i]);
        e2e_reply r = e2e_request(s, "POST", path, NULL, NULL, 0);
        if (r.status != 202 && r.status != 507)
            ck_abort_msg("%ld %s", r.status, r.body);
        if (r.status == 507 && refused++ == 0)
            first = i;
        e2e_reply_free(&r);
    }
    ck_assert_int_eq(unlink(filler()), 0);
    if (refused == 0)
        ck_abort_msg("no cancel was refused: the disk was not full");
    ck_assert(in_state(s, queued[first], "queued"));
    cancel(s, slow);
    e2e_reply r = e2e_wait(s, queued[QUEUED - 1]); /* the last one has run ... */
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    e2e_reply_free(&r);
    if (in_state(s, queued[first], "queued")) /* ... but this one, before it, has not */
        ck_abort_msg("job %s was to be cancelled, which was refused with 507; since then it is "
                     "queued, but never runs",
                     queued[first]);
    wait_for_end(s, queued[first], "succeeded");
    finish(s);
    end_small_disk();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("full_disk");
    TCase *tc = tcase_create("full_disk");
    tcase_set_timeout(tc, 60 * SLOWER);
    tcase_add_test(tc, an_upload_that_does_not_fit_is_refused_and_leaves_nothing);
    tcase_add_test(tc, what_was_accepted_goes_on_when_there_is_room_again);
    tcase_add_test(tc, a_job_that_ends_on_a_full_disk_keeps_its_result_until_there_is_room);
    tcase_add_test(tc, a_queued_job_whose_cancel_was_refused_is_not_lost);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
