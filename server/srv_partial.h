/* srv_partial: resumable uploads: bytes on their way to uploads/<id> in the data directory.
 *
 * DESIGN
 * What was received of an upload is what the database says (`received`), which grows only after the
 * bytes were synced; what the file has beyond it is cut off when writing goes on. So an offset that a
 * client was told holds through any crash. The bytes are synced and counted every few MiB, at the
 * end of a request, and when its connection is lost.
 * One request writes to an upload at a time. A second one takes over: the first is most often what
 * a lost connection left behind. Counting (sync, then database) happens under the writer's lock,
 * and so does taking over, so what was taken over counts nothing any more.
 * Uploads that nobody went on with for a time (--upload-expiry) are removed by a thread of its own.
 * Lock order: the list's, then a writer's, then the store.
 */
#ifndef SRV_PARTIAL_H
#define SRV_PARTIAL_H

#include "srv_app.h"

typedef struct srv_partial srv_partial; /* a request that writes */

/* NULL with the reason in p. */
srv_partials *srv_partials_start(srv_app *app, api_problem *p);
void srv_partials_stop(srv_partials *ps); /* ends the thread and frees; NULL is fine */

/* Becomes the writer of the upload, whose received bytes must be `offset` many: else API_CONFLICT,
 * with their number in *received. length: how many there will be in all; UINT64_MAX: nobody knows.
 * NULL with the reason in p. */
srv_partial *srv_partial_open(srv_partials *ps, const char *id, uint64_t offset, uint64_t *received,
                              uint64_t *length, api_problem *p);

/* Appends. False with the reason in p, such as that another took over. */
bool srv_partial_write(srv_partial *w, const char *bytes, size_t n, api_problem *p);

/* Syncs and counts what was written; *received is then what may be told. */
bool srv_partial_count(srv_partial *w, uint64_t *received, api_problem *p);

/* Counts what was not counted yet, and ends writing. NULL is fine. */
void srv_partial_close(srv_partial *w);

/* Does a request write to it now? */
bool srv_partials_busy(srv_partials *ps, const char *id);

/* Ends whoever writes, and removes the file. The upload's row is gone or done with. */
void srv_partials_remove(srv_partials *ps, const char *id);

/* The path of the bytes received. Returns path. */
const char *srv_partial_path(const char *dir, const char *id, char path[SRV_FILE_PATH]);

/* Seconds since the epoch when an upload expires that was gone on with just now. */
int64_t srv_partial_expiry(const srv_app *app);

#endif
