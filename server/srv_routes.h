/* srv_routes: THE table of routes. One more endpoint is one row here and one handler. */
#ifndef SRV_ROUTES_H
#define SRV_ROUTES_H

#include "srv_request.h"

typedef enum srv_body {
    SRV_NO_BODY,  /* one that is sent all the same is refused, but for {}; of a GET it means nothing */
    SRV_GATHERED, /* at most `limit` bytes, in rq->body */
    SRV_STREAMED  /* open and feed take it as it comes, up to --max-body */
} srv_body;

struct srv_route {
    const char *method;
    const char *pattern; /* "{id}" stands for one path segment */
    void (*handle)(srv_request *rq);
    const char *summary; /* as in the OpenAPI document */
    const char *query;   /* names of the parameters it knows, with a space between */
    srv_body body;
    size_t limit;
    bool unpacked;    /* a body that is packed is refused, since its bytes are a part of something */
    bool open_to_all; /* without a token */
    bool admin;       /* for tokens of that scope alone */
    bool looks;       /* changes nothing, though it is no GET */
    bool desk;        /* may take long: dealt with at the desk (srv_desk.h), */
    size_t desk_from; /* for a body of at least so many bytes */
    bool (*open)(srv_request *rq);                              /* false: the problem is set */
    bool (*feed)(srv_request *rq, const char *bytes, size_t n); /* likewise */
};

extern const srv_route srv_routes[];
extern const size_t srv_routes_count;

/* The route for a method and path, its id written to rq->id. NULL with the problem set. */
const srv_route *srv_route_find(srv_request *rq);

/* handle_system.c */
void srv_get_health(srv_request *rq);
void srv_get_ready(srv_request *rq);
void srv_get_root(srv_request *rq);
void srv_get_capabilities(srv_request *rq);
void srv_get_openapi(srv_request *rq);

/* handle_tokens.c */
void srv_post_token(srv_request *rq);
void srv_list_tokens(srv_request *rq);
void srv_delete_token(srv_request *rq);

/* handle_usage.c */
void srv_get_usage(srv_request *rq);

/* handle_datasets.c */
void srv_post_dataset(srv_request *rq);
void srv_list_datasets(srv_request *rq);
void srv_delete_dataset(srv_request *rq);
void srv_list_versions(srv_request *rq);
bool srv_open_dataset(srv_request *rq);
bool srv_open_rows(srv_request *rq);
bool srv_feed_dataset(srv_request *rq, const char *bytes, size_t n);
void srv_read_free(srv_read *read); /* NULL is fine */
/* Adds what SQL_DATASET_GET has found. */
void srv_encode_dataset(cJSON *o, srv_rows *rows);

/* handle_dataset.c */
void srv_get_dataset(srv_request *rq);

/* handle_uploads.c */
void srv_post_upload(srv_request *rq);
void srv_list_uploads(srv_request *rq);
void srv_get_upload(srv_request *rq);
bool srv_open_patch(srv_request *rq);
bool srv_feed_patch(srv_request *rq, const char *bytes, size_t n);
void srv_patch_upload(srv_request *rq);
void srv_finish_upload(srv_request *rq);
void srv_delete_upload(srv_request *rq);

/* handle_rows.c, handle_export.c */
void srv_get_rows(srv_request *rq);
void srv_get_export(srv_request *rq);

/* handle_diagnostics.c */
void srv_get_diagnostics(srv_request *rq);

/* handle_jobs.c */
void srv_post_job(srv_request *rq);
void srv_list_jobs(srv_request *rq);
void srv_get_job(srv_request *rq);
void srv_cancel_job(srv_request *rq);
void srv_stop_job(srv_request *rq);
void srv_delete_job(srv_request *rq);
/* For what asks something of a job: its document as the reply, and its state ("paused" for a
 * queued one that is). False, with the problem set, when there is no such job. */
void srv_reply_job(srv_request *rq, int status);
bool srv_job_state(srv_db *db, srv_request *rq, char state[16], api_problem *p);

/* Reads the job that the body asks for into n, its inline dataset by way of ingest, which the caller
 * frees. False with the problem set. */
struct srv_new_job;
struct srv_ingest;
bool srv_job_read(srv_request *rq, struct srv_new_job *n, struct srv_ingest *ingest);

/* handle_dry_run.c */
void srv_post_dry_run(srv_request *rq);

/* handle_steering.c */
void srv_pause_job(srv_request *rq);
void srv_resume_job(srv_request *rq);
void srv_patch_job(srv_request *rq);

/* handle_replay.c */
void srv_post_replay(srv_request *rq);

/* handle_check.c */
void srv_post_gradient_check(srv_request *rq);

/* handle_sweeps.c */
void srv_post_sweep(srv_request *rq);
void srv_list_sweeps(srv_request *rq);
void srv_get_sweep(srv_request *rq);
void srv_cancel_sweep(srv_request *rq);
void srv_delete_sweep(srv_request *rq);

/* handle_history.c */
void srv_get_history(srv_request *rq);

/* handle_parameters.c */
void srv_get_parameters(srv_request *rq);

/* handle_models.c */
void srv_list_models(srv_request *rq);
void srv_get_model(srv_request *rq);
void srv_delete_model(srv_request *rq);
void srv_post_predictions(srv_request *rq);

/* handle_evaluations.c */
void srv_post_evaluation(srv_request *rq);

/* handle_updates.c */
void srv_post_update(srv_request *rq);

#endif
