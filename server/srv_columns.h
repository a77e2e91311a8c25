/* srv_columns: which columns of a dataset a request speaks of, by ?columns=a,b. */
#ifndef SRV_COLUMNS_H
#define SRV_COLUMNS_H

#include "srv_request.h"

typedef struct srv_columns {
    size_t *index; /* owned: numbers of columns, features in order, the target last; as asked for */
    size_t count;
} srv_columns;

/* names: features of them, and then the target. All of them where the request does not say.
 * False with the problem set. */
bool srv_columns_choose(srv_request *rq, const char *const *names, size_t features,
                        const char *target, srv_columns *out);
void srv_columns_free(srv_columns *c); /* a zeroed one is fine */

#endif
