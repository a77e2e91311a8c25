/* srv_store: writers that take turns, and the readers' connections. */
#include "srv_store.h"

#include "srv_folder.h"
#include "srv_migrate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Milliseconds that one write waits for another process that holds the database; those after it, as
 * long as it does, wait no more. */
enum { PATIENCE = 250 };

/* More readers than this wait: there are only so many processors. */
enum { READERS = 8 };

typedef struct item {
    srv_work *work;
    void *arg;
    api_problem *p;
    bool ok, done;
    pthread_cond_t turn; /* it is done, or its owner is to write */
    struct item *next;
} item;

struct srv_store {
    char path[1100];
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t reader_free;
    item *first, **last;
    bool writing; /* somebody has the writer's connection */
    srv_db *readers[READERS]; /* those at hand */
    unsigned readers_idle, readers_open;
    srv_db *writer; /* of who is writing, as is: */
    bool held;      /* another process had the database when it was last tried */
};

static bool run(srv_db *db, srv_sql sql, api_problem *p)
{
    return srv_db_run(db, sql, p, "");
}

static void undo(srv_db *db, srv_sql sql)
{
    api_problem ignored = {0};
    run(db, sql, &ignored);
}

/* A transaction that writes. False when it can't begin, as when another process is at it. */
static bool begin(srv_store *s, api_problem *p)
{
    bool begun = run(s->writer, SQL_WRITE, p), held = !begun && srv_db_held(s->writer);
    if (held != s->held)
        srv_db_patience(s->writer, held ? 0 : PATIENCE);
    s->held = held;
    return begun;
}

/* One piece in a transaction of its own. */
static void write_alone(srv_store *s, item *i)
{
    srv_db *db = s->writer;
    *i->p = (api_problem){0};
    i->ok = begin(s, i->p) && i->work(db, i->arg, i->p);
    srv_db_reset(db);
    i->ok = i->ok && run(db, SQL_COMMIT, i->p);
    if (!i->ok)
        undo(db, SQL_ROLLBACK);
}

/* Everything in the list, in one transaction. False when that came to nothing: it could not be
 * committed, a piece could not be undone, or SQLite itself undid all, as it does when the disk is
 * full. */
static bool write_together(srv_db *db, item *items)
{
    api_problem ignored = {0};
    bool ok = true;
    for (item *i = items; ok && i; i = i->next) {
        i->ok = run(db, SQL_PIECE, i->p) && i->work(db, i->arg, i->p);
        srv_db_reset(db);
        ok = srv_db_in_transaction(db);
        ok = ok && (i->ok || run(db, SQL_PIECE_UNDO, &ignored)) &&
             run(db, SQL_PIECE_END, &ignored);
    }
    ok = ok && run(db, SQL_COMMIT, &ignored);
    if (!ok)
        undo(db, SQL_ROLLBACK);
    return ok;
}

/* Each piece is told what became of it, whatever became of the others; but when another process
 * holds the database, all have waited for it long enough. */
static void write_batch(srv_store *s, item *items)
{
    if (items->next) {
        api_problem p = {0};
        bool begun = begin(s, &p);
        if (begun && write_together(s->writer, items))
            return;
        for (item *i = items; !begun && i; i = i->next) {
            i->ok = false;
            *i->p = p;
        }
        if (!begun)
            return;
    }
    for (item *i = items; i; i = i->next)
        write_alone(s, i);
}

srv_store *srv_store_open(const char *dir, api_problem *p)
{
    srv_store *s = calloc(1, sizeof *s);
    if (!s) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory");
        return NULL;
    }
    snprintf(s->path, sizeof s->path, "%s/descentd.db", dir);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    s->last = &s->first;
    s->writer = srv_db_open(s->path, true, p);
    if (s->writer && srv_migrate(s->writer, p)) {
        srv_db_compact(s->writer);
        srv_db_patience(s->writer, PATIENCE);
        return s;
    }
    srv_store_close(s);
    return NULL;
}

/* A server that runs is not to find another schema than it made. */
static bool migrate_alone(srv_db *db, const char *dir, api_problem *p)
{
    int lock = -1;
    api_problem used = {0};
    if (!srv_folder_lock(dir, &lock, &used))
        return api_problem_set(p, API_CONFLICT,
                               "the descentd that uses %s is of another version than this one: stop "
                               "it, and start this one there first",
                               dir);
    bool ok = srv_migrate(db, p);
    close(lock);
    return ok;
}

srv_db *srv_store_connect(const char *dir, api_problem *p)
{
    char path[SRV_PATH_SIZE];
    snprintf(path, sizeof path, "%s/descentd.db", dir);
    bool whole = srv_folder_make(dir, p) && srv_folder_whole(dir, p);
    srv_db *db = whole ? srv_db_open(path, true, p) : NULL;
    bool ok = db && (srv_migrated(db) || migrate_alone(db, dir, p));
    if (ok)
        return db;
    srv_db_close(db);
    return NULL;
}

void srv_store_close(srv_store *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->readers_idle; i++)
        srv_db_close(s->readers[i]);
    srv_db_close(s->writer);
    pthread_cond_destroy(&s->reader_free);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Writes all that waits, the caller's own piece among it. The lock is held, and again on return. */
static void write_all(srv_store *s, const item *own)
{
    item *batch = s->first;
    s->first = NULL;
    s->last = &s->first;
    s->writing = true;
    pthread_mutex_unlock(&s->lock);
    write_batch(s, batch);
    pthread_mutex_lock(&s->lock);
    s->writing = false;
    while (batch) {
        item *next = batch->next; /* the item is gone once its owner has woken */
        batch->done = true;
        if (batch != own)
            pthread_cond_signal(&batch->turn);
        batch = next;
    }
    if (s->first) /* those who came meanwhile: one of them is next */
        pthread_cond_signal(&s->first->turn);
}

bool srv_store_write(srv_store *s, srv_work *work, void *arg, api_problem *p)
{
    item i = {.work = work, .arg = arg, .p = p};
    pthread_cond_init(&i.turn, NULL);
    pthread_mutex_lock(&s->lock);
    *s->last = &i;
    /* cppcheck-suppress autoVariables ; it is off the list before this returns */
    s->last = &i.next;
    while (!i.done && s->writing)
        pthread_cond_wait(&i.turn, &s->lock);
    if (!i.done)
        write_all(s, &i);
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&i.turn);
    return i.ok;
}

static srv_db *borrow_reader(srv_store *s, api_problem *p)
{
    pthread_mutex_lock(&s->lock);
    while (s->readers_idle == 0 && s->readers_open == READERS)
        pthread_cond_wait(&s->reader_free, &s->lock);
    if (s->readers_idle) {
        srv_db *db = s->readers[--s->readers_idle];
        pthread_mutex_unlock(&s->lock);
        return db;
    }
    s->readers_open++;
    pthread_mutex_unlock(&s->lock);
    srv_db *db = srv_db_open(s->path, false, p);
    if (!db) {
        pthread_mutex_lock(&s->lock);
        s->readers_open--;
        pthread_cond_signal(&s->reader_free);
        pthread_mutex_unlock(&s->lock);
    } else {
        srv_db_patience(db, PATIENCE);
    }
    return db;
}

static void return_reader(srv_store *s, srv_db *db)
{
    pthread_mutex_lock(&s->lock);
    s->readers[s->readers_idle++] = db;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->lock);
}

bool srv_store_read(srv_store *s, srv_work *work, void *arg, api_problem *p)
{
    srv_db *db = borrow_reader(s, p);
    if (!db)
        return false;
    bool ok = run(db, SQL_READ, p);
    ok = ok && work(db, arg, p);
    srv_db_reset(db);
    undo(db, SQL_ROLLBACK);
    return_reader(s, db);
    return ok;
}
