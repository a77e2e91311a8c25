/* srv_describe: what is said of a dataset's file once it is whole: its hash and its statistics. */
#ifndef SRV_DESCRIBE_H
#define SRV_DESCRIBE_H

#include "gd_summary.h"
#include "srv_upload.h"

/* Reads the file from its begin to its end once, in windows. Fills to->sha256 and to->statistics,
 * which the caller frees; to->bytes is known. seen: what is known of the rows already, none of which
 * stand for texts, made for d->cols + 1 columns, the last for the targets; borrowed. Or NULL. False with the
 * reason in p. */
bool srv_describe(int fd, const api_dataset *d, const srv_file_header *h, gd_summaries *seen,
                  srv_stored *to, api_problem *p);

/* Rows that are looked at together. */
size_t srv_describe_rows(size_t cols);

/* n bytes from `at` on. False when they can't be read, as errno says. */
bool srv_read_all(int fd, void *bytes, size_t n, uint64_t at);

#endif
