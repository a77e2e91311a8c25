/* srv_settle: small files of datasets, on their way to the disk.
 *
 * DESIGN
 * A dataset is acknowledged once its file is on disk, which takes three syncs: of the file, of its
 * folder, of the database. A small file's contents are written to the database instead, in the
 * transaction that records the dataset, so that one sync does for all. The file has its place by
 * then, but may be lost, or be of zeros, when the machine fails. Soon after, a thread here syncs
 * the files of many at once, and their folder, and then removes their contents from the database.
 * What it had not come to is looked at by the next start, which writes the files that are not as
 * they should be. So at any time a content that a dataset has is in its synced file or in the table
 * `contents`.
 *
 * A row stands for the file as it was when the row was written: whoever puts a new file in its place,
 * which is done whether it was there or not, writes the row anew, under a new number, and rows are
 * removed by their numbers.
 */
#ifndef SRV_SETTLE_H
#define SRV_SETTLE_H

#include "srv_store.h"

typedef struct srv_settle srv_settle;

/* At a start, before files that nobody needs are removed: writes the files that were lost. */
bool srv_settle_restore(srv_store *store, const char *dir, api_problem *p);

/* Both are borrowed. Begins with what the last process left. NULL with the reason in p. */
srv_settle *srv_settle_start(srv_store *store, const char *dir, api_problem *p);
void srv_settle_stop(srv_settle *s); /* NULL is fine */

/* There are contents of one more file. */
void srv_settle_tell(srv_settle *s);

#endif
