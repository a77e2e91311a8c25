/* srv_upload: an upload on its way into a dataset file.
 *
 * Numbers stream to a temporary file as they are read; memory stays the same however long
 * the body is. Rows that are many are written by a thread beside the one that reads them, which hashes
 * them and finds their statistics as it goes (srv_look.h), and the disk begins with them meanwhile. What
 * comes column by column, or has to be arranged anew, passes through a file that is removed: two threads
 * share making its rows. Only a
 * whole, synced file, or one whose contents go into the database, gets its name, by rename; what failed is removed.
 */
#ifndef SRV_UPLOAD_H
#define SRV_UPLOAD_H

#include "api_reader.h"
#include "srv_file.h"
#include "srv_files.h"

typedef struct srv_upload srv_upload;
typedef struct srv_before srv_before; /* srv_join.h */

/* files: where it is to be stored; borrowed. single: in single precision, as far as is known before the
 * data. NULL with the reason in p. */
srv_upload *srv_upload_new(srv_files *files, bool single, api_problem *p);

/* Where a reader puts what it reads; valid as long as the upload. */
const api_sink *srv_upload_sink(srv_upload *u);

typedef struct srv_stored {
    uint64_t bytes;
    char sha256[SRV_SHA256_SIZE];
    char *statistics; /* JSON, owned by the caller */
    void *contents;   /* of a small file, all of it, owned by the caller; else NULL */
} srv_stored;

/* Makes a dataset's file of what was read, behind the rows before (or NULL), by which d->rows and
 * d->entries grow. On success the file is in its place, and held; it is synced, or so small that its
 * contents are to be recorded with its dataset (srv_settle.h):
 * the caller lets go of it (srv_files_release) once the dataset is recorded or given up. */
bool srv_upload_finish(srv_upload *u, api_dataset *d, const srv_before *before, srv_stored *out,
                       api_problem *p);

/* Removes temporary files. NULL is fine. */
void srv_upload_free(srv_upload *u);

#endif
