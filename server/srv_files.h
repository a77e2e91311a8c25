/* srv_files: the files of datasets, one for each content: datasets/<SHA-256> in the data directory.
 *
 * DESIGN
 * Equal data is stored once, however many datasets have it; the database says which contents are
 * needed. A file gets its place before its dataset is recorded and goes after the last dataset that
 * has it was deleted, and both may happen at once for the same content. So whoever puts a file
 * holds it until its dataset is recorded or given up, and a file is removed only when nobody holds
 * it and the database, asked under the lock, does not need it. A kill leaves a file too many at
 * most, never one too few; the next start removes it (srv_tidy.h).
 * Lock order: the lock is held while the database is read, and while nothing else is locked.
 */
#ifndef SRV_FILES_H
#define SRV_FILES_H

#include "api_problem.h"
#include "srv_sha256.h"

typedef struct srv_files srv_files;

/* Does a dataset have this content? In doubt: yes. */
typedef bool srv_needed(void *ctx, const char *sha256);

/* dir: the data directory; it and ctx are borrowed. reserve: bytes of the disk that are left free.
 * NULL when out of memory. */
srv_files *srv_files_new(const char *dir, uint64_t reserve, srv_needed *needed, void *ctx);
void srv_files_free(srv_files *f); /* NULL is fine */

const char *srv_files_dir(const srv_files *f);

/* Is there room for `more` bytes beside the reserve, which is a twentieth of the disk at most? If not,
 * says so. What is about to write a lot asks now and then: the database has to have room too. */
bool srv_files_room(const srv_files *f, uint64_t more, api_problem *p);

/* Moves a whole file from `path` (on the same disk) to its place, and holds it. Takes the place of one
 * that is there: that has the same content, unless it was damaged. synced: it is, and its folder is to
 * be, too; else its contents are recorded with its dataset (srv_settle.h). On error the file is where
 * it was. */
bool srv_files_put(srv_files *f, const char *path, const char *sha256, bool synced, api_problem *p);

/* Its dataset was recorded or given up: lets go of it. */
void srv_files_release(srv_files *f, const char *sha256);

/* A dataset that had it was deleted. */
void srv_files_drop(srv_files *f, const char *sha256);

/* The path of a content's file. Returns path. */
#define SRV_FILE_PATH 1200
const char *srv_file_path(const char *dir, const char *sha256, char path[SRV_FILE_PATH]);

/* What errno says of opening the file of dataset `id`, as a problem; false. */
bool srv_open_problem(api_problem *p, const char *id);
/* What errno says of the disk that holds the datasets; what: "write". Returns false. */
bool srv_disk_problem(api_problem *p, const char *what);

#endif
