/* srv_append: rows that are added to a stored dataset make another dataset, its next version.
 *
 * The file of the version before is not changed: jobs that train on it go on doing so. It is checked
 * against its hash, copied by the system from file to file (which shares the blocks where the file
 * system can), and the new rows go behind it. They have the columns and types of the dataset; its
 * levels and labels keep their numbers, and new ones come after them. A sparse dataset may be told to
 * become wider: the rows that there are have 0 in the columns that come to it.
 */
#ifndef SRV_APPEND_H
#define SRV_APPEND_H

#include "srv_app.h"
#include "srv_join.h"
#include "srv_upload.h"
#include "srv_view.h"

typedef struct srv_append {
    srv_dataset base;
    srv_before before;
    srv_app *app;
    size_t first_number; /* of its columns, if it is sparse */
    const char **wider;  /* their names, if they are to be more; or NULL */
    char whose[64];      /* whose columns they are, for messages */
    api_types types;
    api_names labels; /* of the dataset */
} srv_append;

/* Opens the dataset, which takes no time however long it is; one that is not there, or another tenant's
 * (srv_token.h), is not found. False with the reason in p; srv_append_free cleans up. */
bool srv_append_open(srv_append *a, srv_app *app, const char *tenant, const char *id, api_problem *p);

/* How its further rows are to be read, which are of this format; o->width: how many columns a sparse
 * dataset is to have, or 0. Strings are borrowed from a. False with the reason in p. */
bool srv_append_options(srv_append *a, const api_format *format, api_read_options *o,
                        api_problem *p);

/* d: what was read. Its kinds and labels become those of all rows, those of the dataset first. The
 * rows before are checked against their hash. */
bool srv_append_settle(srv_append *a, api_dataset *d, api_problem *p);

/* Records that the dataset `id` is the next version. */
bool srv_append_record(srv_db *db, const srv_append *a, const char *id, uint64_t *version,
                       api_problem *p);

void srv_append_free(srv_append *a); /* a zeroed one is fine */

#endif
