/* srv_db: one SQLite connection with its prepared statements; the one door to SQLite.
 *
 * A connection is used by one thread at a time. Every failure becomes a problem that says
 * whether the disk is full, the database is locked by somebody else, or worse.
 */
#ifndef SRV_DB_H
#define SRV_DB_H

#include "api_problem.h"
#include "srv_sql.h"

#include <stddef.h>
#include <stdint.h>

typedef enum srv_sql {
#define X(name, sql) name,
    SRV_SQL_LIST(X)
#undef X
        SRV_SQL_COUNT
} srv_sql;

typedef struct srv_db srv_db;
typedef struct sqlite3_stmt srv_rows;

typedef enum srv_step { SRV_ROW, SRV_END, SRV_FAILED } srv_step;

/* path: of the database file, made if missing. NULL with the reason in p. */
srv_db *srv_db_open(const char *path, bool writer, api_problem *p);
void srv_db_close(srv_db *db); /* NULL is fine */

/* How long it waits for another process that holds the database: 5 seconds unless told otherwise. */
void srv_db_patience(srv_db *db, int milliseconds);
/* Did it fail last because another process holds it? */
bool srv_db_held(srv_db *db);

/* All of one into another, which may be new: as of one moment, whoever writes meanwhile. */
bool srv_db_copy(srv_db *from, srv_db *to, api_problem *p);

/* Runs statements that give no rows. */
bool srv_db_exec(srv_db *db, const char *sql, api_problem *p);
int64_t srv_db_user_version(srv_db *db);

/* Gives the disk back what deletions have left in the file: used again, in general, but where it is most
 * of the file and what remains is little, that is written anew. For the start: everybody waits
 * meanwhile. What can't be done now is left as it is. */
void srv_db_compact(srv_db *db);
int64_t srv_db_changes(srv_db *db); /* rows changed by the last statement */
int64_t srv_db_inserted(srv_db *db); /* the number of the row that was inserted last */

/* Is a transaction open? SQLite undoes one by itself when the disk is full or fails. */
bool srv_db_in_transaction(srv_db *db);

/* Ends every statement that work left at a row: it would hold on to its snapshot. */
void srv_db_reset(srv_db *db);

/* A statement ready to run with values bound by `types`, one letter a value: t text (may be
 * NULL), i int64_t, d double (null when not finite), b const void * and size_t. Text and
 * blobs are borrowed until srv_db_done. NULL with the reason in p. */
srv_rows *srv_db_query(srv_db *db, srv_sql which, api_problem *p, const char *types, ...);

/* Binds further values, the first of them at place `at` (from 1 on). */
bool srv_db_bind(srv_db *db, srv_rows *rows, api_problem *p, int at, const char *types, ...);

/* The next row. The statement is reset at the end and on failure. */
srv_step srv_db_step(srv_db *db, srv_rows *rows, api_problem *p);

/* Ends a statement before its last row; strings from it are invalid then. */
void srv_db_done(srv_rows *rows);

/* Runs a statement that gives no rows. */
bool srv_db_run(srv_db *db, srv_sql which, api_problem *p, const char *types, ...);

/* Columns of the row at hand; strings and blobs are valid until the next step. */
const char *srv_text(srv_rows *rows, int column); /* NULL for null */
int64_t srv_integer(srv_rows *rows, int column);
double srv_real(srv_rows *rows, int column); /* NaN for null */
const void *srv_blob(srv_rows *rows, int column, size_t *len);
bool srv_is_null(srv_rows *rows, int column);

#endif
