/* srv_backup: all that a data directory holds, in one file, and back.
 *
 * DESIGN
 * The file is a tar archive: datasets/<SHA-256> for each content, then descentd.db, a copy of the
 * database as of one moment, and its SHA-256. A server may go on writing meanwhile: dataset files never change, and
 * one that goes while the backup is made was deleted after the copy was, so its dataset is left
 * out. Every file is held against its SHA-256 on the way out and on the way in. Uploads that are
 * not finished are not part of it. The file gets its name when it is whole and synced. A directory
 * that is restored is marked until it is whole: no server starts there, and a restore begins anew.
 */
#ifndef SRV_BACKUP_H
#define SRV_BACKUP_H

#include "api_problem.h"

/* dir: the data directory, of a server that runs or not. Replaces `file`. */
bool srv_backup(const char *dir, const char *file, api_problem *p);

/* dir must hold no database yet. */
bool srv_restore(const char *file, const char *dir, api_problem *p);

#endif
