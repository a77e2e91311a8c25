/* srv_sparse: sparse rows that are owned, not mapped: put together of others, or taken out of them.
 */
#ifndef SRV_SPARSE_H
#define SRV_SPARSE_H

#include "api_problem.h"
#include "gd_data.h"

/* As in gd_sparse; all owned. */
typedef struct srv_sparse {
    uint64_t *starts;
    uint32_t *columns;
    double *values;
    float *values32; /* in place of values */
} srv_sparse;

void srv_sparse_free(srv_sparse *s); /* a zeroed one is fine */

gd_sparse srv_sparse_view(const srv_sparse *s);

/* A copy of the rows of `count` sparse datasets, one below the other, with column j of the k-th as
 * column j + shifts[k]; those that are not below cols then are left out. In single precision where
 * all of them are. False when out of memory. */
bool srv_sparse_stack(srv_sparse *s, const gd_data *const *parts, const int64_t *shifts,
                      size_t count, size_t cols);

/* A copy of the rows index[0 .. n). False when out of memory. */
bool srv_sparse_take(srv_sparse *s, const gd_data *from, const uint32_t *index, size_t n);

/* Says that one dataset is sparse and the other is not. Returns false. */
bool srv_layouts_differ(const char *field, bool sparse, api_problem *p);

#endif
