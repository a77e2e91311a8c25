/* srv_describe: what is said of a dataset's file once it is whole: its statistics, and its hash where
 * that was not found while it was written. */
#ifndef SRV_DESCRIBE_H
#define SRV_DESCRIBE_H

#include "srv_look.h"
#include "srv_upload.h"

/* Reads what has to be read of the file once, in windows. Fills to->statistics, which the caller frees,
 * and to->sha256 if that is empty; to->bytes is known. look: what is known of the rows already, made
 * for d->cols columns; borrowed. Or NULL. False with the reason in p. */
bool srv_describe(int fd, const api_dataset *d, const srv_file_header *h, srv_look *look,
                  srv_stored *to, api_problem *p);

/* Rows that are looked at together. */
size_t srv_describe_rows(size_t cols);

/* n bytes from `at` on. False when they can't be read, as errno says. */
bool srv_read_all(int fd, void *bytes, size_t n, uint64_t at);

#endif
