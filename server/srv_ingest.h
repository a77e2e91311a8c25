/* srv_ingest: bytes of a dataset in, a recorded dataset out; for uploads and inline data. */
#ifndef SRV_INGEST_H
#define SRV_INGEST_H

#include "api_reader.h"
#include "srv_app.h"
#include "srv_clock.h"
#include "srv_feed.h"
#include "srv_token.h"
#include "srv_upload.h"

typedef struct srv_ingest {
    srv_app *app;
    const char *tenant; /* whom the dataset will belong to; borrowed */
    api_read_options options; /* strings borrowed */
    const api_format *format;
    void *reader;
    srv_feed feed; /* of the reader */
    srv_upload *upload;
    struct srv_append *append; /* the dataset that rows are added to, or NULL; borrowed */
    uint64_t version;          /* of the dataset that was recorded */
    api_dataset dataset; /* set by finish, as are those below */
    srv_stored stored;
    char id[SRV_ID_SIZE];
    char created_at[SRV_TIME_SIZE];
    char *columns; /* JSON array of names */
    char *labels;  /* JSON array, or NULL for a target of numbers */
    char *kinds;   /* of the columns: api_kinds_encode */
} srv_ingest;

/* Begins; tenant and options must outlive it. On error p says why, and srv_ingest_free cleans up. */
bool srv_ingest_begin(srv_ingest *g, srv_app *app, const char *tenant, const api_format *format,
                      const api_read_options *options, api_problem *p);
bool srv_ingest_feed(srv_ingest *g, const char *bytes, size_t n, api_problem *p);

/* All of the three, of JSON that is part of a request: fields are named below `field`. */
bool srv_ingest_inline(srv_ingest *g, srv_app *app, const char *tenant, const char *field, const char *bytes, size_t n,
                       api_problem *p);

/* The file is on disk, or its contents are recorded with it. It stays there if the dataset is recorded (srv_ingest_record, in a write)
 * before srv_ingest_free. */
bool srv_ingest_finish(srv_ingest *g, api_problem *p);
bool srv_ingest_record(srv_db *db, srv_ingest *g, api_problem *p);
/* The name that it is recorded by: its own, or its id. */
const char *srv_ingest_name(const srv_ingest *g);

void srv_ingest_free(srv_ingest *g); /* a zeroed one is fine */

#endif
