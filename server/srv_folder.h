/* srv_folder: the data directory: its folders, and that one process has it. */
#ifndef SRV_FOLDER_H
#define SRV_FOLDER_H

#include "api_problem.h"

#define SRV_PATH_SIZE 1300

/* Makes dir and all folders in it that are missing. */
bool srv_folder_make(const char *dir, api_problem *p);

/* Two servers on one data directory would undo each other's work: takes the lock, which ends with
 * the process or when *fd is closed. False with the reason in p, and then *fd is -1. */
bool srv_folder_lock(const char *dir, int *fd, api_problem *p);

/* A directory that is being restored has a mark until it is whole, and no server starts there. */
bool srv_folder_mark(const char *dir, bool on, api_problem *p);
/* Is there no such mark? If there is, says so. */
bool srv_folder_whole(const char *dir, api_problem *p);

/* What was renamed into dir (or a folder of it, by its path) is there after a loss of power. */
bool srv_folder_sync(const char *dir);

#endif
