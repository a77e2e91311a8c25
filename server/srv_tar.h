/* srv_tar: archives as POSIX.1-1988 has them (ustar), written and read file by file.
 *
 * Only what a backup needs: regular files with short names. Sizes beyond 8 GiB are binary, as GNU
 * tar writes them, so `tar xf` unpacks what this writes.
 */
#ifndef SRV_TAR_H
#define SRV_TAR_H

#include "api_problem.h"
#include "srv_sha256.h"

#include <stdint.h>

#define SRV_TAR_NAME 100

/* Appends the file that `from` is open at (from its beginning) to the archive. sum: SHA-256 of
 * its bytes, written. False with the reason in p. */
bool srv_tar_add(int archive, const char *name, int from, char sum[SRV_SHA256_SIZE],
                 api_problem *p);
/* The mark without which an archive counts as cut off. */
bool srv_tar_end(int archive, api_problem *p);

typedef enum srv_tar_step { SRV_TAR_FILE, SRV_TAR_END, SRV_TAR_FAILED } srv_tar_step;

/* The next file's name and size; its bytes are next to be taken. */
srv_tar_step srv_tar_next(int archive, char name[SRV_TAR_NAME], uint64_t *size, api_problem *p);
/* Those bytes, all of them, into the file that `to` is open at. */
bool srv_tar_take(int archive, uint64_t size, int to, char sum[SRV_SHA256_SIZE], api_problem *p);

#endif
