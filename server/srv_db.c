/* srv_db: the one file that knows sqlite3.h. */
#include "srv_db.h"

#include "srv_log.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct srv_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[SRV_SQL_COUNT];
};

static const char *const sql_texts[] = {
#define X(name, sql) sql,
    SRV_SQL_LIST(X)
#undef X
};

/* Prepared when the connection opens: what ends a transaction must not lack the memory to. */
static const srv_sql endings[] = {SQL_ROLLBACK, SQL_PIECE_UNDO, SQL_PIECE_END};

/* How long to wait for another process that holds the database. */
enum { BUSY_MS = 5000 };

/* Bytes of empty pages that are worth a second at the start, and of others that take no more. */
enum { MUCH = 64 << 20, LITTLE = 256 << 20 };

/* A call of the system that failed under SQLite. sqlite3_system_errno knows nothing of those of a
 * commit: errno does, which was 0 before. */
static bool fail_system(srv_db *db, api_problem *p, const char *what, int code, int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return api_problem_set(p, API_NO_SPACE, "the disk that holds the database is full");
    case EROFS:
        return api_problem_set(p, API_UNAVAILABLE, "the disk that holds the database is read-only");
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return api_problem_set(p, API_UNAVAILABLE, "the database can't %s now: %s", what,
                               strerror(error));
    default:
        return api_problem_set(p, API_INTERNAL, "the database failed to %s: %s (%d)", what,
                               sqlite3_errmsg(db->handle), code);
    }
}

static bool fail(srv_db *db, api_problem *p, const char *what)
{
    int error = errno;
    int code = db->handle ? sqlite3_extended_errcode(db->handle) : SQLITE_NOMEM;
    if (code == SQLITE_IOERR_NOMEM)
        code = SQLITE_NOMEM;
    switch (code & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return fail_system(db, p, what, code, error);
    case SQLITE_READONLY:
        return api_problem_set(p, API_UNAVAILABLE, "the disk that holds the database is read-only");
    case SQLITE_FULL:
        return api_problem_set(p, API_NO_SPACE, "the disk that holds the database is full");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return api_problem_set(p, API_UNAVAILABLE, "the database is held by another process");
    case SQLITE_NOMEM:
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the database");
    default:
        return api_problem_set(p, API_INTERNAL, "the database failed to %s: %s (%d)", what,
                               sqlite3_errmsg(db->handle), code);
    }
}

static sqlite3_stmt *prepare(srv_db *db, srv_sql which, api_problem *p)
{
    sqlite3_stmt **s = &db->statements[which];
    errno = 0;
    if (!*s && sqlite3_prepare_v3(db->handle, sql_texts[which], -1, SQLITE_PREPARE_PERSISTENT, s,
                                  NULL) != SQLITE_OK)
        fail(db, p, "prepare");
    return *s;
}

srv_db *srv_db_open(const char *path, bool writer, api_problem *p)
{
    srv_db *db = calloc(1, sizeof *db);
    if (!db) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for the database");
        return NULL;
    }
    int flags = SQLITE_OPEN_NOMUTEX |
                (writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    errno = 0;
    bool ok = sqlite3_open_v2(path, &db->handle, flags, NULL) == SQLITE_OK || fail(db, p, "open");
    if (ok) {
        sqlite3_extended_result_codes(db->handle, 1);
        sqlite3_busy_timeout(db->handle, BUSY_MS);
    }
    /* FULL: a commit that was answered is on disk. */
    ok = ok && (!writer || (srv_db_exec(db, "PRAGMA journal_mode = WAL", p) &&
                            srv_db_exec(db, "PRAGMA synchronous = FULL", p)));
    /* KiB: what changes goes through the cache, what is read lies in the system's */
    ok = ok && srv_db_exec(db, writer ? "PRAGMA cache_size = -400" : "PRAGMA cache_size = -100", p);
    ok = ok && srv_db_exec(db, "PRAGMA foreign_keys = ON", p);
    for (size_t i = 0; ok && i < sizeof endings / sizeof endings[0]; i++)
        ok = prepare(db, endings[i], p) != NULL;
    if (ok)
        return db;
    srv_db_close(db);
    return NULL;
}

void srv_db_close(srv_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < SRV_SQL_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    free(db);
}

void srv_db_patience(srv_db *db, int milliseconds)
{
    sqlite3_busy_timeout(db->handle, milliseconds);
}

bool srv_db_held(srv_db *db)
{
    return sqlite3_errcode(db->handle) == SQLITE_BUSY;
}

bool srv_db_copy(srv_db *from, srv_db *to, api_problem *p)
{
    sqlite3_backup *b = sqlite3_backup_init(to->handle, "main", from->handle, "main");
    if (!b)
        return fail(to, p, "be copied");
    sqlite3_backup_step(b, -1);
    return sqlite3_backup_finish(b) == SQLITE_OK || fail(to, p, "be copied");
}

bool srv_db_exec(srv_db *db, const char *sql, api_problem *p)
{
    errno = 0;
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, p, "work");
}

/* The number that a pragma tells; -1 when it can't. */
static int64_t told_by(srv_db *db, const char *pragma)
{
    sqlite3_stmt *s = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db->handle, pragma, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

int64_t srv_db_user_version(srv_db *db)
{
    return told_by(db, "PRAGMA user_version");
}

void srv_db_compact(srv_db *db)
{
    int64_t page = told_by(db, "PRAGMA page_size"), pages = told_by(db, "PRAGMA page_count"),
            empty = told_by(db, "PRAGMA freelist_count"), used = pages - empty;
    if (page > 0 && empty * page > MUCH && used < empty / 4 && used * page < LITTLE &&
        sqlite3_exec(db->handle, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK)
        srv_log("database made small", srv_n("bytes_before", (double)(pages * page)),
                srv_n("bytes", (double)(used * page)));
}

int64_t srv_db_inserted(srv_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t srv_db_changes(srv_db *db)
{
    return sqlite3_changes(db->handle);
}

bool srv_db_in_transaction(srv_db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

void srv_db_reset(srv_db *db)
{
    for (size_t i = 0; i < SRV_SQL_COUNT; i++)
        sqlite3_reset(db->statements[i]);
}

static int bind_next(sqlite3_stmt *s, int at, char type, va_list *ap)
{
    switch (type) {
    case 't': {
        const char *text = va_arg(*ap, const char *);
        return text ? sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC) : sqlite3_bind_null(s, at);
    }
    case 'i':
        return sqlite3_bind_int64(s, at, va_arg(*ap, int64_t));
    case 'd': {
        double v = va_arg(*ap, double);
        return isfinite(v) ? sqlite3_bind_double(s, at, v) : sqlite3_bind_null(s, at);
    }
    case 'b': {
        const void *blob = va_arg(*ap, const void *);
        size_t len = va_arg(*ap, size_t);
        return blob ? sqlite3_bind_blob64(s, at, blob, len, SQLITE_STATIC)
                    : sqlite3_bind_null(s, at);
    }
    default:
        return SQLITE_MISUSE;
    }
}

/* Ends the statement where it fails. */
static bool bind(srv_db *db, sqlite3_stmt *s, api_problem *p, int at, const char *types,
                 va_list *ap)
{
    for (int i = 0; types[i]; i++)
        if (bind_next(s, at + i, types[i], ap) != SQLITE_OK) {
            fail(db, p, "bind");
            srv_db_done(s);
            return false;
        }
    return true;
}

bool srv_db_bind(srv_db *db, srv_rows *rows, api_problem *p, int at, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    bool ok = bind(db, rows, p, at, types, &ap);
    va_end(ap);
    return ok;
}

static sqlite3_stmt *query(srv_db *db, srv_sql which, api_problem *p, const char *types,
                           va_list *ap)
{
    sqlite3_stmt *s = prepare(db, which, p);
    if (!s)
        return NULL;
    sqlite3_reset(s); /* work that failed may have left it at a row */
    return bind(db, s, p, 1, types, ap) ? s : NULL;
}

srv_rows *srv_db_query(srv_db *db, srv_sql which, api_problem *p, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *s = query(db, which, p, types, &ap);
    va_end(ap);
    return s;
}

void srv_db_done(srv_rows *rows)
{
    sqlite3_reset(rows);
    sqlite3_clear_bindings(rows);
}

/* Are all texts of the row there? One that lies apart in the file is copied when it is asked for, and
 * without memory is taken for a null. */
static bool has_texts(srv_rows *rows)
{
    for (int i = 0, n = sqlite3_data_count(rows); i < n; i++)
        if (sqlite3_column_type(rows, i) == SQLITE_TEXT && !sqlite3_column_text(rows, i))
            return false;
    return true;
}

srv_step srv_db_step(srv_db *db, srv_rows *rows, api_problem *p)
{
    errno = 0;
    int code = sqlite3_step(rows);
    if (code == SQLITE_ROW && has_texts(rows))
        return SRV_ROW;
    if (code == SQLITE_ROW)
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for the database");
    else if (code != SQLITE_DONE)
        fail(db, p, "work");
    srv_db_done(rows);
    return code == SQLITE_DONE ? SRV_END : SRV_FAILED;
}

bool srv_db_run(srv_db *db, srv_sql which, api_problem *p, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *s = query(db, which, p, types, &ap);
    va_end(ap);
    return s && srv_db_step(db, s, p) == SRV_END;
}

const char *srv_text(srv_rows *rows, int column)
{
    return (const char *)sqlite3_column_text(rows, column);
}

int64_t srv_integer(srv_rows *rows, int column)
{
    return sqlite3_column_int64(rows, column);
}

double srv_real(srv_rows *rows, int column)
{
    return srv_is_null(rows, column) ? NAN : sqlite3_column_double(rows, column);
}

const void *srv_blob(srv_rows *rows, int column, size_t *len)
{
    const void *blob = sqlite3_column_blob(rows, column);
    *len = (size_t)sqlite3_column_bytes(rows, column);
    return blob;
}

bool srv_is_null(srv_rows *rows, int column)
{
    return sqlite3_column_type(rows, column) == SQLITE_NULL;
}
