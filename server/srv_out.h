/* srv_out: a temporary file on its way, with a buffer before it.
 *
 * There is no file before the buffer was full once. It is written where it is filled, or, once
 * srv_out_hand_over was called, on a thread of its own; then all but srv_out_bytes, srv_out_put,
 * srv_out_reserve and srv_out_settle has to wait until it is settled. */
#ifndef SRV_OUT_H
#define SRV_OUT_H

#include "srv_files.h"
#include "srv_writer.h"

#include <pthread.h>
#include <sys/types.h>

enum { SRV_OUT_BUFFER = 16384 }; /* doubles held before a write */

typedef struct srv_out {
    char path[1200];
    int fd;                 /* -1: there is none yet */
    const srv_files *files; /* where there must be room */
    bool hashed;            /* all that is written, from the file's first byte on, is in the sum */
    bool ahead;             /* what is handed over is in it before */
    bool passing;           /* it is read again and removed: the disk need not begin with it */
    srv_sum sum;
    uint64_t at;            /* where what comes next will be: bytes written and held */
    uint64_t written;       /* where what is held will be */
    uint64_t started;       /* bytes that the system was told to write to the disk */
    char *block;            /* what is held: the buffer, or a block of the writer's */
    size_t n, cap;          /* bytes in it, and room */
    srv_writer *writer;     /* NULL: none */
    union {
        double buffer[SRV_OUT_BUFFER];
        float narrow[2 * SRV_OUT_BUFFER];
    };
} srv_out;

/* No file yet: what srv_out_close does nothing to. Its buffer is left as it is. */
void srv_out_none(srv_out *o);

/* For what is to be put from byte `at` on, which is not hashed. */
void srv_out_begin(srv_out *o, const srv_files *files, uint64_t at);

/* The file of a dataset, whose first page is there; what is put comes behind it. */
bool srv_out_create(srv_out *o, const srv_files *files, api_problem *p);

/* From here on blocks of so many bytes, at least those of the buffer, are handed to `take` on
 * another thread, which has them written by srv_out_write. Where there is no thread to be had all
 * stays as it is: false. */
bool srv_out_hand_over(srv_out *o, size_t block, srv_block_taken *take, void *ctx);
bool srv_out_write(srv_out *o, const void *bytes, size_t n, api_problem *p);

bool srv_out_bytes(srv_out *o, const void *bytes, size_t n, api_problem *p);
bool srv_out_put(srv_out *o, const double *v, size_t n, api_problem *p);

/* Where the next bytes will lie, and how many have room there; those that are put from there are not
 * copied. Until anything else is done with it. */
void *srv_out_room(const srv_out *o, size_t *n);

/* Zeros up to byte `to`. */
bool srv_out_pad(srv_out *o, uint64_t to, api_problem *p);

/* Room for n bytes, at most the buffer's, which the caller fills. NULL with the reason in p. */
void *srv_out_reserve(srv_out *o, size_t n, api_problem *p);

/* All that was put is in the file, which there is then, and the buffer is free. */
bool srv_out_settle(srv_out *o, api_problem *p);

/* Removes the file, if it still has its path. Once is enough. */
void srv_out_close(srv_out *o);

/* Puts all that `from`, which began at byte 0, was given: what is in its file and what it holds. */
bool srv_out_append(srv_out *o, const srv_out *from, api_problem *p);

/* ---- files that are settled ---- */

bool srv_write_all(int fd, const void *bytes, size_t n, off_t at, api_problem *p);
bool srv_out_read(int fd, void *bytes, size_t n, uint64_t at, api_problem *p);

/* n bytes from file to file, by the system where it can. */
bool srv_out_copy(srv_out *o, int from, uint64_t at, uint64_t to, uint64_t n, api_problem *p);

/* A sync, on a thread of its own where the file is large. */
typedef struct srv_sync {
    int fd, error;
    bool apart;
    pthread_t thread;
} srv_sync;

void srv_sync_begin(srv_sync *s, int fd, uint64_t bytes);
bool srv_sync_end(srv_sync *s, api_problem *p);

#endif
