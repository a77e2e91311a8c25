/* srv_join: rows that were read, put behind those of a stored dataset, in a file of both.
 *
 * What lies in the stored file is copied by the system from file to file. Levels and labels of the rows
 * that were read get the numbers that they have among all; the entries of sparse rows are counted on
 * from those before.
 */
#ifndef SRV_JOIN_H
#define SRV_JOIN_H

#include "srv_file.h"
#include "srv_out.h"

/* The rows before, in their file. */
struct srv_before {
    int fd;
    srv_file_header header;
    double **maps;  /* of each column: what the value i of the rows read becomes; NULL: it stays, and
                       in place of the list: all do */
    double *labels; /* the same of the targets */
};

/* Files of what was read, settled: values from byte SRV_ALIGN on, targets; and of sparse rows the
 * columns of their entries (none where there is no entry), and a 0 and where each row ends. */
typedef struct srv_arranged {
    const srv_out *values, *targets, *columns, *starts;
} srv_arranged;

/* Fills `to`, a new file, with all but the header. h: what the header of all rows will be. */
bool srv_join(srv_out *to, const srv_files *files, const struct srv_before *before,
              const srv_arranged *read, const srv_file_header *h, api_problem *p);

#endif
