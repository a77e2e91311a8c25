/* The store: the schema from nothing, what a batch promises each piece of work, readers and
 * writers at once, a full disk, and what is left after a kill.
 *
 * Work that waits together is one batch. The tests make one on purpose: the first piece holds
 * the writer while the others queue behind it, each seen asleep before the next is sent.
 */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_store.h"

#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* ---- a store in a directory of its own ---- */

static char dir[256];

static srv_store *open_store(void)
{
    api_problem p = {0};
    srv_store *s = srv_store_open(dir, &p);
    if (!s)
        ck_abort_msg("%s", p.detail);
    return s;
}

static void setup(void)
{
    scratch_make(dir);
}

static void teardown(void)
{
    scratch_remove(dir);
}

/* Looks at the file with a connection of the test's own; the one value that sql gives. */
static long long ask(const char *sql)
{
    char path[300];
    sqlite3 *db;
    sqlite3_stmt *s = NULL;
    long long value = -1;
    snprintf(path, sizeof path, "%s/descentd.db", dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        value = sqlite3_column_int64(s, 0);
    else if (code != SQLITE_DONE)
        ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_finalize(s);
    sqlite3_close(db);
    return value;
}

/* ---- pieces of work ---- */

static bool insert_dataset(srv_db *db, const char *id, const char *name, api_problem *p)
{
    return srv_db_run(db, SQL_DATASET_INSERT, p, "ttiittitttttttti", id, name, (int64_t)3, (int64_t)1,
                      "[\"x\"]", "y", (int64_t)8216, "sha", "[]", "2026-11-24T09:41:07.123Z",
                      (const char *)NULL, "float64", (const char *)NULL, (const char *)NULL,
                      "default", (int64_t)0);
}

static bool insert_job(srv_db *db, const char *id, const char *dataset_id, api_problem *p)
{
    return srv_db_run(db, SQL_JOB_INSERT, p, "tttittttttttti", id, "", dataset_id, (int64_t)10,
                      "{}", "{}", "2026-11-24T09:41:07.123Z", NULL, NULL, NULL,
                      NULL, NULL, "default", (int64_t)0);
}

static bool add_dataset(srv_db *db, void *arg, api_problem *p)
{
    return insert_dataset(db, arg, "small", p);
}

static bool add_job(srv_db *db, void *arg, api_problem *p)
{
    return insert_job(db, arg, "ds_1", p);
}

/* Runs the statements in arg. */
static bool run_sql(srv_db *db, void *arg, api_problem *p)
{
    return srv_db_exec(db, arg, p);
}

/* arg: an id; sets its first byte to '\0' when there is no such dataset. */
static bool find_dataset(srv_db *db, void *arg, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_DATASET_GET, p, "t", arg);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW)
        srv_db_done(rows);
    else if (step == SRV_END)
        *(char *)arg = '\0';
    return step != SRV_FAILED;
}

static bool has_dataset(srv_store *s, const char *id)
{
    char copy[64];
    api_problem p = {0};
    snprintf(copy, sizeof copy, "%s", id);
    if (!srv_store_read(s, find_dataset, copy, &p))
        ck_abort_msg("reading failed: %s", p.detail);
    return *copy != '\0';
}

static void write_or_fail(srv_store *s, srv_work *work, const char *arg)
{
    api_problem p = {0};
    if (!srv_store_write(s, work, (void *)arg, &p))
        ck_abort_msg("%s: %s", arg, p.detail);
}

/* ---- the schema ---- */

START_TEST(an_empty_directory_gets_the_whole_schema)
{
    srv_store_close(open_store());
    ck_assert_int_ge(ask("PRAGMA user_version"), 1);
    ck_assert_int_eq(ask("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
                         "('datasets', 'jobs', 'models', 'history')"),
                     4);
    ck_assert_int_eq(ask("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
}
END_TEST

static bool prepare_all(srv_db *db, void *arg, api_problem *p)
{
    (void)arg;
    for (int i = 0; i < SRV_SQL_COUNT; i++)
        if (!srv_db_query(db, (srv_sql)i, p, ""))
            return false;
    return true;
}

START_TEST(every_statement_fits_the_schema)
{
    srv_store *s = open_store();
    write_or_fail(s, prepare_all, "");
    srv_store_close(s);
}
END_TEST

START_TEST(what_was_written_is_there_after_opening_again)
{
    srv_store *s = open_store();
    write_or_fail(s, add_dataset, "ds_1");
    srv_store_close(s);
    long long version = ask("PRAGMA user_version");
    s = open_store();
    ck_assert(has_dataset(s, "ds_1"));
    ck_assert(!has_dataset(s, "ds_2"));
    srv_store_close(s);
    ck_assert_int_eq(ask("PRAGMA user_version"), version); /* no step is taken twice */
}
END_TEST

START_TEST(a_database_of_a_newer_version_is_refused_and_left_alone)
{
    api_problem p = {0};
    srv_store *s = open_store();
    write_or_fail(s, add_dataset, "ds_1");
    srv_store_close(s);
    ask("PRAGMA user_version = 4711");
    ck_assert_ptr_null(srv_store_open(dir, &p));
    ck_assert_int_ne(p.code, API_NO_PROBLEM);
    ck_assert_ptr_nonnull(strstr(p.detail, "4711"));
    ck_assert_int_eq(ask("PRAGMA user_version"), 4711);
    ck_assert_int_eq(ask("SELECT count(*) FROM datasets"), 1);
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused_and_left_alone)
{
    static const char text[] = "this was never a database, whatever its name says\n";
    char path[300], back[sizeof text] = "";
    api_problem p = {0};
    snprintf(path, sizeof path, "%s/descentd.db", dir);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    ck_assert_ptr_null(srv_store_open(dir, &p));
    ck_assert_int_ne(p.code, API_NO_PROBLEM);
    ck_assert_uint_ne(strlen(p.detail), 0);
    f = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(back, sizeof back, f));
    fclose(f);
    ck_assert_str_eq(back, text);
}
END_TEST

START_TEST(a_directory_that_is_missing_is_a_problem)
{
    api_problem p = {0};
    ck_assert_ptr_null(srv_store_open("/nonexistent/descentd", &p));
    ck_assert_int_ne(p.code, API_NO_PROBLEM);
    srv_store_close(NULL);
}
END_TEST

START_TEST(foreign_keys_are_kept)
{
    srv_store *s = open_store();
    api_problem p = {0};
    ck_assert(!srv_store_write(s, add_job, "job_1", &p)); /* there is no ds_1 yet */
    ck_assert_int_ne(p.code, API_NO_PROBLEM);
    write_or_fail(s, add_dataset, "ds_1");
    write_or_fail(s, add_job, "job_1");
    write_or_fail(s, run_sql, "INSERT INTO history (job, epoch) SELECT seq, 7 FROM jobs");
    ck_assert_int_eq(ask("SELECT count(*) FROM history"), 1);
    write_or_fail(s, run_sql, "DELETE FROM datasets");
    ck_assert_int_eq(ask("SELECT count(*) FROM jobs WHERE dataset_id IS NULL"), 1);
    write_or_fail(s, run_sql, "DELETE FROM jobs");
    ck_assert_int_eq(ask("SELECT count(*) FROM history"), 0);
    srv_store_close(s);
}
END_TEST

/* ---- batches ---- */

/* Holds the writer until the gate opens. */
static bool wait_at_gate(srv_db *db, void *arg, api_problem *p)
{
    (void)db, (void)p;
    atomic_int *gate = arg;
    atomic_store(gate, 1); /* the writer is here */
    while (atomic_load(gate) != 2)
        sched_yield();
    return true;
}

typedef struct piece {
    srv_store *store;
    srv_work *work;
    void *arg;
    api_problem p;
    bool ok;
    atomic_int tid;
    pthread_t thread;
} piece;

static void *send_piece(void *arg)
{
    piece *c = arg;
    atomic_store(&c->tid, (int)gettid());
    c->ok = srv_store_write(c->store, c->work, c->arg, &c->p);
    return NULL;
}

/* A thread of this process that waits for something is in the state S. */
static bool asleep(int tid)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    const char *name_end = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    fclose(f);
    return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

static void send_and_see_it_wait(piece *c)
{
    ck_assert_int_eq(pthread_create(&c->thread, NULL, send_piece, c), 0);
    WAIT_UNTIL(atomic_load(&c->tid) != 0 && asleep(atomic_load(&c->tid)));
}

/* Runs the pieces as one batch, in their order. */
static void run_batch(srv_store *s, piece *pieces, size_t n)
{
    atomic_int gate = 0;
    piece first = {.store = s, .work = wait_at_gate, .arg = &gate};
    ck_assert_int_eq(pthread_create(&first.thread, NULL, send_piece, &first), 0);
    WAIT_UNTIL(atomic_load(&gate) == 1);
    for (size_t i = 0; i < n; i++) {
        pieces[i].store = s;
        send_and_see_it_wait(&pieces[i]);
    }
    atomic_store(&gate, 2);
    for (size_t i = 0; i < n; i++)
        pthread_join(pieces[i].thread, NULL);
    pthread_join(first.thread, NULL);
    ck_assert(first.ok);
}

static srv_store *seen_from_inside;

/* Sees the neighbour's row, which no reader sees yet: it is one transaction. */
static bool look_around(srv_db *db, void *arg, api_problem *p)
{
    char id[] = "ds_first";
    bool *shared = arg;
    if (!find_dataset(db, id, p))
        return false;
    *shared = *id && !has_dataset(seen_from_inside, "ds_first");
    return true;
}

START_TEST(work_that_waits_together_is_one_transaction)
{
    srv_store *s = seen_from_inside = open_store();
    bool shared = false;
    piece pieces[] = {{.work = add_dataset, .arg = "ds_first"},
                      {.work = look_around, .arg = &shared}};
    run_batch(s, pieces, 2);
    ck_assert(pieces[0].ok && pieces[1].ok);
    ck_assert(shared);
    ck_assert(has_dataset(s, "ds_first"));
    srv_store_close(s);
}
END_TEST

/* Writes, then finds that it must not. */
static bool add_and_refuse(srv_db *db, void *arg, api_problem *p)
{
    return insert_dataset(db, arg, "small", p) && insert_dataset(db, "ds_more", "small", p) &&
           api_problem_set(p, API_CONFLICT, "refused after writing");
}

/* The same id twice: the database refuses the second. */
static bool add_twice(srv_db *db, void *arg, api_problem *p)
{
    return insert_dataset(db, arg, "small", p) && insert_dataset(db, arg, "small", p);
}

/* Leaves a statement at a row, and fails. */
static bool stop_half_way(srv_db *db, void *arg, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_DATASET_GET, p, "t", arg);
    return rows && srv_db_step(db, rows, p) == SRV_ROW &&
           api_problem_set(p, API_CONFLICT, "stopped half-way");
}

START_TEST(a_piece_that_fails_leaves_its_neighbours_alone)
{
    srv_store *s = open_store();
    write_or_fail(s, add_dataset, "ds_1");
    piece pieces[] = {
        {.work = add_dataset, .arg = "ds_a"},      {.work = add_and_refuse, .arg = "ds_refused"},
        {.work = add_dataset, .arg = "ds_b"},      {.work = add_twice, .arg = "ds_twice"},
        {.work = stop_half_way, .arg = "ds_1"},    {.work = run_sql, .arg = "SELECT nonsense"},
        {.work = stop_half_way, .arg = "ds_1"},    {.work = add_job, .arg = "job_a"},
        {.work = add_dataset, .arg = "ds_a"},      {.work = add_dataset, .arg = "ds_c"},
    };
    static const bool good[] = {true,  false, true, false, false,
                                false, false, true, false, true};
    enum { N = sizeof pieces / sizeof pieces[0] };
    run_batch(s, pieces, N);
    for (size_t i = 0; i < N; i++) {
        if (pieces[i].ok != good[i])
            ck_abort_msg("piece %zu: %s", i, pieces[i].ok ? "went through" : pieces[i].p.detail);
        ck_assert(pieces[i].ok == (pieces[i].p.code == API_NO_PROBLEM));
    }
    ck_assert_int_eq(pieces[1].p.code, API_CONFLICT);
    ck_assert_int_eq(pieces[4].p.code, API_CONFLICT);
    ck_assert_int_eq(pieces[6].p.code, API_CONFLICT);
    ck_assert(has_dataset(s, "ds_a") && has_dataset(s, "ds_b") && has_dataset(s, "ds_c"));
    ck_assert(!has_dataset(s, "ds_refused") && !has_dataset(s, "ds_more") &&
              !has_dataset(s, "ds_twice"));
    ck_assert_int_eq(ask("SELECT count(*) FROM datasets"), 4);
    ck_assert_int_eq(ask("SELECT count(*) FROM jobs"), 1);
    srv_store_close(s);
}
END_TEST

/* ---- a full disk ---- */

/* As many pages as the file has now, and no more; arg gives pages to add. */
static bool limit_pages(srv_db *db, void *arg, api_problem *p)
{
    char sql[80];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", *(int *)arg);
    return srv_db_exec(db, sql, p);
}

static void set_limit(srv_store *s, int pages)
{
    api_problem p = {0};
    if (!srv_store_write(s, limit_pages, &pages, &p))
        ck_abort_msg("%s", p.detail);
}

enum { PLENTY = 1000000 };

static char large[400001]; /* about 100 pages */

static bool add_large(srv_db *db, void *arg, api_problem *p)
{
    return insert_dataset(db, arg, large, p);
}

START_TEST(a_full_disk_is_said_to_be_full_and_is_no_lasting_harm)
{
    srv_store *s = open_store();
    api_problem p = {0};
    memset(large, 'x', sizeof large - 1);
    write_or_fail(s, add_dataset, "ds_1");
    set_limit(s, (int)ask("PRAGMA page_count") + 2);
    ck_assert(!srv_store_write(s, add_large, "ds_large", &p));
    ck_assert_int_eq(p.code, API_NO_SPACE);
    ck_assert(!has_dataset(s, "ds_large"));
    ck_assert(has_dataset(s, "ds_1")); /* reading goes on */
    write_or_fail(s, add_dataset, "ds_2"); /* and what fits is written */
    for (int i = 0; i < 50; i++) {
        p = (api_problem){0};
        ck_assert(!srv_store_write(s, add_large, "ds_large", &p));
        ck_assert_int_eq(p.code, API_NO_SPACE);
    }
    set_limit(s, PLENTY);
    write_or_fail(s, add_large, "ds_large");
    ck_assert(has_dataset(s, "ds_large") && has_dataset(s, "ds_2"));
    srv_store_close(s);
    ck_assert_int_eq(ask("SELECT count(*) FROM datasets"), 3);
    ck_assert_int_eq(ask("SELECT count(*) FROM pragma_integrity_check "
                         "WHERE integrity_check = 'ok'"),
                     1);
}
END_TEST

/* SQLite may undo the whole transaction when the disk is full, not only the statement. Then
 * each piece must still be told the truth: what was acknowledged is there, what was refused is
 * not. */
START_TEST(in_a_batch_that_fills_the_disk_every_piece_is_told_the_truth)
{
    srv_store *s = open_store();
    memset(large, 'x', sizeof large - 1);
    write_or_fail(s, add_dataset, "ds_1");
    set_limit(s, (int)ask("PRAGMA page_count") + 2);
    piece pieces[] = {{.work = add_dataset, .arg = "ds_before"},
                      {.work = add_large, .arg = "ds_large"},
                      {.work = add_dataset, .arg = "ds_after"},
                      {.work = add_job, .arg = "job_after"}};
    run_batch(s, pieces, 4);
    ck_assert(!pieces[1].ok);
    ck_assert_int_eq(pieces[1].p.code, API_NO_SPACE);
    ck_assert(!has_dataset(s, "ds_large"));
    for (size_t i = 0; i < 4; i++) {
        long long jobs = ask("SELECT count(*) FROM jobs");
        bool there = i == 3 ? jobs == 1 : has_dataset(s, pieces[i].arg);
        if (pieces[i].ok != there)
            ck_abort_msg("piece %zu (%s) was told \"%s\", but its row is %s", i,
                         (const char *)pieces[i].arg, pieces[i].ok ? "ok" : pieces[i].p.detail,
                         there ? "there" : "missing");
    }
    for (size_t i = 0; i < 4; i++)
        if (!pieces[i].ok && pieces[i].p.code != API_NO_SPACE)
            ck_abort_msg("piece %zu (%s) fell to a full disk but was told \"%s\"", i,
                         (const char *)pieces[i].arg, pieces[i].p.detail);
    set_limit(s, PLENTY);
    write_or_fail(s, add_large, "ds_large");
    srv_store_close(s);
}
END_TEST

/* ---- many at once ---- */

typedef struct client {
    srv_store *store;
    unsigned number, rounds;
    pthread_t thread;
} client;

static void *write_and_read(void *arg)
{
    client *c = arg;
    char id[64];
    for (unsigned i = 0; i < c->rounds; i++) {
        api_problem p = {0};
        snprintf(id, sizeof id, "ds_%u_%u", c->number, i);
        if (!srv_store_write(c->store, add_dataset, id, &p))
            ck_abort_msg("writing %s failed: %s", id, p.detail);
        if (!has_dataset(c->store, id)) /* what was acknowledged is seen at once */
            ck_abort_msg("%s is not there", id);
    }
    return NULL;
}

START_TEST(sixty_four_threads_write_and_read_and_none_fails)
{
    enum { CLIENTS = 64, ROUNDS = 40 / SLOWER };
    srv_store *s = open_store();
    client clients[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (client){.store = s, .number = i, .rounds = ROUNDS};
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, write_and_read, &clients[i]), 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    srv_store_close(s);
    ck_assert_int_eq(ask("SELECT count(*) FROM datasets"), CLIENTS * ROUNDS);
    ck_assert_int_eq(ask("SELECT count(*) FROM pragma_integrity_check "
                         "WHERE integrity_check = 'ok'"),
                     1);
}
END_TEST

static bool read_twice(srv_db *db, void *arg, api_problem *p)
{
    srv_store *s = arg;
    char id[] = "ds_late", again[] = "ds_late";
    if (!find_dataset(db, id, p))
        return false;
    write_or_fail(s, add_dataset, "ds_late"); /* a reader does not hold up a writer */
    return find_dataset(db, again, p) &&
           (*id || *again ? api_problem_set(p, API_CONFLICT, "the snapshot changed") : true);
}

START_TEST(a_reader_sees_one_moment_and_holds_up_nobody)
{
    srv_store *s = open_store();
    api_problem p = {0};
    if (!srv_store_read(s, read_twice, s, &p))
        ck_abort_msg("%s", p.detail);
    ck_assert(has_dataset(s, "ds_late"));
    srv_store_close(s);
}
END_TEST

/* A statement left at a row keeps its snapshot; whoever borrows that connection next must not
 * read from it. */
START_TEST(reading_work_that_fails_half_way_leaves_no_old_snapshot_behind)
{
    srv_store *s = open_store();
    api_problem p = {0};
    write_or_fail(s, add_dataset, "ds_1");
    ck_assert(!srv_store_read(s, stop_half_way, "ds_1", &p));
    ck_assert_int_eq(p.code, API_CONFLICT);
    write_or_fail(s, add_dataset, "ds_2");
    ck_assert(has_dataset(s, "ds_2"));
    srv_store_close(s);
}
END_TEST

START_TEST(a_reader_can_not_write)
{
    srv_store *s = open_store();
    api_problem p = {0};
    ck_assert(!srv_store_read(s, add_dataset, "ds_1", &p));
    ck_assert_int_ne(p.code, API_NO_PROBLEM);
    ck_assert(!has_dataset(s, "ds_1"));
    write_or_fail(s, add_dataset, "ds_1");
    srv_store_close(s);
}
END_TEST

/* ---- what a kill leaves ---- */

START_TEST(what_was_acknowledged_survives_a_kill)
{
    enum { ROWS = 50 };
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        api_problem p = {0};
        char id[64];
        srv_store *s = srv_store_open(dir, &p);
        for (int i = 0; s && i < ROWS; i++) {
            snprintf(id, sizeof id, "ds_%d", i);
            if (!srv_store_write(s, add_dataset, id, &p))
                _exit(3);
        }
        kill(getpid(), SIGKILL); /* nothing is closed */
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    srv_store *s = open_store();
    for (int i = 0; i < ROWS; i++) {
        char id[64];
        snprintf(id, sizeof id, "ds_%d", i);
        if (!has_dataset(s, id))
            ck_abort_msg("%s was acknowledged and is gone", id);
    }
    srv_store_close(s);
}
END_TEST

/* ---- a tenant's lists ---- */

static const struct {
    const char *name, *sql;
} statements[] = {
#define X(name, sql) {#name, sql},
    SRV_SQL_LIST(X)
#undef X
};

static const char *statement(const char *name)
{
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (strcmp(statements[i].name, name) == 0)
            return statements[i].sql;
    ck_abort_msg("there is no statement %s", name);
    return NULL;
}

/* Does the plan of the statement say this? */
static bool is_planned(sqlite3 *db, const char *sql, const char *step)
{
    sqlite3_stmt *s = NULL;
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    bool found = false;
    if (sqlite3_prepare_v2(db, explain, -1, &s, NULL) != SQLITE_OK)
        ck_abort_msg("%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(s) == SQLITE_ROW)
        found = found || strstr((const char *)sqlite3_column_text(s, 3), step);
    sqlite3_finalize(s);
    sqlite3_free(explain);
    return found;
}

START_TEST(a_tenants_lists_read_no_rows_of_others)
{
    static const char *const lists[][2] = {{"SQL_DATASET_LIST_OF", "datasets"},
                                           {"SQL_JOB_LIST_OF", "jobs"},
                                           {"SQL_MODEL_LIST_OF", "models"},
                                           {"SQL_SWEEP_LIST_OF", "sweeps"},
                                           {"SQL_UPLOAD_LIST_OF", "uploads"}};
    char path[300], step[120];
    sqlite3 *db;
    srv_store_close(open_store());
    snprintf(path, sizeof path, "%s/descentd.db", dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const char *table = lists[i][1], *sql = statement(lists[i][0]);
        snprintf(step, sizeof step, "SEARCH %s USING INDEX %s_by_tenant (tenant=? AND rowid<?)",
                 table, table);
        ck_assert_msg(is_planned(db, sql, step), "%s: not by \"%s\"", lists[i][0], step);
    }
    static const char *const uses[][2] = {
        {"SQL_USE_BYTES", "SEARCH datasets USING COVERING INDEX datasets_by_content (tenant=?)"},
        {"SQL_USE_DATASETS", "SEARCH datasets USING COVERING INDEX"},
        {"SQL_USE_MODELS", "SEARCH jobs USING INDEX jobs_under_way (tenant=?)"},
        {"SQL_USE_JOBS", "SEARCH jobs USING COVERING INDEX"},
        {"SQL_USE_RESULTS", "SEARCH jobs USING COVERING INDEX jobs_by_kept (tenant=?)"},
        {"SQL_USE_RESULTS", "SEARCH models USING COVERING INDEX models_by_bytes (tenant=?)"},
        {"SQL_USE_ACTIVE", "USING INDEX jobs_under_way (tenant=? AND paused=?)"},
        {"SQL_USE_UPLOADS", "SEARCH uploads USING INDEX uploads_by_tenant (tenant=?)"}};
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        ck_assert_msg(is_planned(db, statement(uses[i][0]), uses[i][1]), "%s: not by \"%s\"",
                      uses[i][0], uses[i][1]);
    sqlite3_close(db);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("store");
    TCase *tc = tcase_create("store");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_empty_directory_gets_the_whole_schema);
    tcase_add_test(tc, every_statement_fits_the_schema);
    tcase_add_test(tc, what_was_written_is_there_after_opening_again);
    tcase_add_test(tc, a_database_of_a_newer_version_is_refused_and_left_alone);
    tcase_add_test(tc, a_file_that_is_no_database_is_refused_and_left_alone);
    tcase_add_test(tc, a_directory_that_is_missing_is_a_problem);
    tcase_add_test(tc, foreign_keys_are_kept);
    tcase_add_test(tc, work_that_waits_together_is_one_transaction);
    tcase_add_test(tc, a_piece_that_fails_leaves_its_neighbours_alone);
    tcase_add_test(tc, a_full_disk_is_said_to_be_full_and_is_no_lasting_harm);
    tcase_add_test(tc, in_a_batch_that_fills_the_disk_every_piece_is_told_the_truth);
    tcase_add_test(tc, sixty_four_threads_write_and_read_and_none_fails);
    tcase_add_test(tc, a_reader_sees_one_moment_and_holds_up_nobody);
    tcase_add_test(tc, reading_work_that_fails_half_way_leaves_no_old_snapshot_behind);
    tcase_add_test(tc, a_reader_can_not_write);
    tcase_add_test(tc, what_was_acknowledged_survives_a_kill);
    tcase_add_test(tc, a_tenants_lists_read_no_rows_of_others);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
