/* faults: switches that a test and the library preloaded into its server share (faults.c).
 *
 * They lie in a small file that both map, named by DESCENTD_FAULTS: what the test stores there
 * holds from the server's next call on.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdatomic.h>
#include <stdint.h>

/* Calls that can fail. */
enum {
    FAULT_WRITE = 1,   /* write, pwrite, copy_file_range */
    FAULT_SYNC = 2,    /* fsync, fdatasync */
    FAULT_OPEN = 4,    /* open */
    FAULT_CREATE = 8,  /* open for writing */
    FAULT_RENAME = 16, /* of either name */
    FAULT_TRUNCATE = 32,
    FAULT_MMAP = 64,
    FAULT_READ = 128, /* read, pread */
    FAULT_PAGES = 256 /* reads of a file through memory, behind its first half: SIGBUS, as of a disk that
                         fails; also those that were mapped before, soon */
};

typedef struct faults {
    atomic_uint calls;       /* those that fail: set last. 0: none */
    _Atomic int64_t skip;    /* so many go well first */
    _Atomic int64_t left;    /* then so many fail */
    atomic_int error;        /* with this errno */
    char path[200];          /* on files whose path has this in it */
    _Atomic int64_t hits;    /* calls that failed */
    _Atomic int64_t jump;    /* seconds that the clock of the day is off */
    _Atomic int64_t fail_at; /* the allocation that fails, counted from 1 on; 0: none */
    _Atomic int64_t fail_to; /* the last one that does */
    _Atomic int64_t asked;   /* allocations since the test set this to 0 */
} faults;

#endif
