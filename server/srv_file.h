/* srv_file: the layout of a dataset's file, datasets/<SHA-256> in the data directory.
 *
 * A page that begins with SRV_FILE_MAGIC, zeros behind it; then the rows (row-major) as doubles, or
 * floats, and the targets as doubles of this machine (x86-64 and arm64: IEEE 754, little-endian), each
 * on a boundary of SRV_ALIGN bytes, so that a job trains on the mapped file as it is. Of sparse rows the
 * values of their entries are in place of the rows, and behind them the entries' columns and where each
 * row's entries begin (gd_data.h). The last bytes of the file are its header: nothing that is known at
 * the end alone stands before the rows, so they are hashed while they are written. Files never change
 * once they have their name, which is the SHA-256 of the whole file: see srv_files.h.
 *
 * In files of the first releases the header is what they begin with (SRV_FILE_MAGIC_FIRST), and the
 * targets are the last; they are read as ever.
 */
#ifndef SRV_FILE_H
#define SRV_FILE_H

#include "srv_sha256.h"

#include <stdbool.h>
#include <stddef.h>

#define SRV_ALIGN 4096
#define SRV_FILE_MAGIC "GDDATA2\n"
#define SRV_FILE_MAGIC_FIRST "GDDATA\r\n"

/* Bytes up to which a file is small: they go through the database first (srv_settle.h). */
#define SRV_SMALL_FILE 32768

typedef struct srv_file_header {
    char magic[8];
    uint64_t rows, cols;
    uint64_t x_at, y_at; /* byte offsets */
    uint64_t single;     /* 1: rows are floats; 0: doubles */
    uint64_t sparse;     /* 1: rows are entries; then: */
    uint64_t entries;
    uint64_t columns_at, starts_at; /* entries of 32 bits, rows + 1 of 64 bits */
} srv_file_header;

/* The header of an open file. False, with errno set, when it can't be read: EBADMSG if that is because
 * it is none, or speaks of more than the file has. */
bool srv_file_read(int fd, srv_file_header *h);

/* The same of a file in memory. */
bool srv_file_find(const void *bytes, size_t size, srv_file_header *h);

#endif
