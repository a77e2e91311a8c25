/* srv_routes: the table and the look-up. */
#include "srv_routes.h"

#include <stdio.h>
#include <string.h>

/* An inline dataset comes with the job's document, in memory. */
#define MAX_JOB ((size_t)16 << 20)
#define MAX_CHANGE ((size_t)64 << 10)
#define MAX_PREDICTIONS ((size_t)32 << 20)

/* Less is dealt with sooner than handed over. */
#define LONG ((size_t)64 << 10)

/* How the bytes of a dataset are to be read. */
#define READING "name target columns delimiter header index_base dtype types X"

const srv_route srv_routes[] = {
    {"GET", "/healthz", srv_get_health, "Is the process alive?", .query = "", .open_to_all = true},
    {"GET", "/readyz", srv_get_ready, "Is it ready for work?", .query = "", .open_to_all = true},
    {"GET", "/v1", srv_get_root, "What this is and where things are", .query = "", .open_to_all = true},
    {"GET", "/v1/capabilities", srv_get_capabilities, "What can be trained, and with what settings",
     .query = "", .open_to_all = true},
    {"GET", "/openapi.json", srv_get_openapi, "This description", .query = "", .open_to_all = true},

    {"GET", "/v1/usage", srv_get_usage, "What the tenant has, and may have", .query = ""},

    {"POST", "/v1/tokens", srv_post_token, "Make a token for the tenant", .query = "",
     .body = SRV_GATHERED, .limit = MAX_CHANGE, .admin = true},
    {"GET", "/v1/tokens", srv_list_tokens, "List the tenant's tokens", .query = "limit before",
     .admin = true},
    {"DELETE", "/v1/tokens/{id}", srv_delete_token, "Revoke a token", .query = "", .admin = true},

    {"POST", "/v1/datasets", srv_post_dataset, "Store a dataset", .query = READING,
     .body = SRV_STREAMED, .open = srv_open_dataset, .feed = srv_feed_dataset, .desk = true,
     .desk_from = LONG},
    {"GET", "/v1/datasets", srv_list_datasets, "List datasets", .query = "limit before"},
    {"GET", "/v1/datasets/{id}", srv_get_dataset, "One dataset with its statistics",
     .query = "columns offset limit"},
    {"GET", "/v1/datasets/{id}/rows", srv_get_rows, "Rows of a dataset, page by page",
     .query = "offset limit columns shape", .desk = true},
    {"GET", "/v1/datasets/{id}/export", srv_get_export, "A dataset as a file: CSV, .npy or LIBSVM",
     .query = "format columns dtype"},
    {"GET", "/v1/datasets/{id}/diagnostics", srv_get_diagnostics,
     "How it would train: curvature, learning rates, warnings",
     .query = "model cost l2 intercept standardize learning_rate tol missing", .desk = true},
    {"POST", "/v1/datasets/{id}/rows", srv_post_dataset, "Add rows: a new version of a dataset",
     .query = "name columns delimiter header X", .body = SRV_STREAMED, .open = srv_open_rows,
     .feed = srv_feed_dataset, .desk = true},
    {"GET", "/v1/datasets/{id}/versions", srv_list_versions, "The versions of a dataset",
     .query = "limit before"},
    {"DELETE", "/v1/datasets/{id}", srv_delete_dataset, "Delete a dataset", .query = ""},

    {"POST", "/v1/uploads", srv_post_upload, "Begin a resumable upload of a dataset",
     .query = READING " append_to sha256"},
    {"GET", "/v1/uploads", srv_list_uploads, "List resumable uploads", .query = "limit before"},
    {"GET", "/v1/uploads/{id}", srv_get_upload, "How far an upload is", .query = ""},
    {"PATCH", "/v1/uploads/{id}", srv_patch_upload, "Send the next bytes of an upload", .query = "",
     .body = SRV_STREAMED, .unpacked = true, .open = srv_open_patch, .feed = srv_feed_patch,
     .desk = true, .desk_from = LONG},
    {"POST", "/v1/uploads/{id}/finish", srv_finish_upload, "Make a dataset of an upload",
     .query = READING " append_to", .desk = true},
    {"DELETE", "/v1/uploads/{id}", srv_delete_upload, "Give an upload up", .query = ""},

    {"POST", "/v1/jobs", srv_post_job, "Train: queue a job", .query = "", .body = SRV_GATHERED,
     .limit = MAX_JOB, .desk = true, .desk_from = LONG},
    {"POST", "/v1/jobs:dry_run", srv_post_dry_run,
     "What would become of a job: time, bytes, warnings", .looks = true, .query = "", .body = SRV_GATHERED,
     .limit = MAX_JOB, .desk = true},
    {"GET", "/v1/jobs", srv_list_jobs, "List jobs", .query = "limit before state sweep"},
    {"GET", "/v1/jobs/{id}", srv_get_job, "One job; ?wait holds the answer until it ends",
     .query = "wait"},
    {"POST", "/v1/jobs/{id}/cancel", srv_cancel_job, "Cancel a job", .query = ""},
    {"POST", "/v1/jobs/{id}/stop", srv_stop_job, "Stop a job now and keep its best parameters",
     .query = ""},
    {"POST", "/v1/jobs/{id}/pause", srv_pause_job, "Set a job aside until it is resumed",
     .query = ""},
    {"POST", "/v1/jobs/{id}/resume", srv_resume_job, "Queue a paused job again", .query = ""},
    {"POST", "/v1/jobs/{id}/gradient_check", srv_post_gradient_check,
     "Compare the gradient with finite differences", .looks = true, .query = "", .desk = true},
    {"POST", "/v1/jobs/{id}/replay", srv_post_replay,
     "Run a job again and see whether it comes out the same", .query = ""},
    {"PATCH", "/v1/jobs/{id}", srv_patch_job, "Change settings of a job while it waits or runs",
     .query = "", .body = SRV_GATHERED, .limit = MAX_CHANGE},
    {"DELETE", "/v1/jobs/{id}", srv_delete_job, "Delete a job and its history", .query = ""},
    {"GET", "/v1/jobs/{id}/history", srv_get_history, "The cost history of a job",
     .query = "points after_epoch limit last"},
    {"GET", "/v1/jobs/{id}/parameters", srv_get_parameters, "The parameters recorded on the way",
     .query = "epoch after_epoch limit"},

    {"POST", "/v1/sweeps", srv_post_sweep, "Train many: a grid or a random search", .query = "",
     .body = SRV_GATHERED, .limit = MAX_JOB, .desk = true},
    {"GET", "/v1/sweeps", srv_list_sweeps, "List sweeps", .query = "limit before"},
    {"GET", "/v1/sweeps/{id}", srv_get_sweep, "One sweep with its jobs, the best first",
     .query = "wait"},
    {"POST", "/v1/sweeps/{id}/cancel", srv_cancel_sweep, "Cancel the jobs of a sweep", .query = ""},
    {"DELETE", "/v1/sweeps/{id}", srv_delete_sweep, "Delete a sweep and its jobs", .query = ""},

    {"GET", "/v1/models", srv_list_models, "List models", .query = "limit before"},
    {"GET", "/v1/models/{id}", srv_get_model, "One model: its parameters and metrics", .query = ""},
    {"DELETE", "/v1/models/{id}", srv_delete_model, "Delete a model", .query = ""},
    {"POST", "/v1/models/{id}/predictions", srv_post_predictions, "Predict with a model",
     .looks = true, .query = "epoch", .body = SRV_GATHERED, .limit = MAX_PREDICTIONS, .desk = true,
     .desk_from = LONG},
    {"POST", "/v1/models/{id}/evaluations", srv_post_evaluation, "Measure a model on data",
     .looks = true, .query = "", .body = SRV_GATHERED, .limit = MAX_PREDICTIONS, .desk = true},
    {"POST", "/v1/models/{id}/updates", srv_post_update,
     "Let a model learn from further rows, in one pass",
     .query = "learning_rate batch_size l1 l2 optimizer version target", .body = SRV_GATHERED,
     .limit = MAX_PREDICTIONS, .desk = true},
};

const size_t srv_routes_count = sizeof srv_routes / sizeof srv_routes[0];

/* Does the path fit the pattern? The id, if any, is copied out. */
static bool fits(const char *pattern, const char *path, char id[SRV_ID_SIZE])
{
    static const char ID[] = "{id}";
    id[0] = '\0';
    while (*pattern && *path) {
        if (strncmp(pattern, ID, sizeof ID - 1) == 0) {
            size_t n = strcspn(path, "/");
            if (n == 0 || n >= SRV_ID_SIZE)
                return false;
            memcpy(id, path, n);
            id[n] = '\0';
            pattern += sizeof ID - 1;
            path += n;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == *path;
}

const srv_route *srv_route_find(srv_request *rq)
{
    bool head = strcmp(rq->method, "HEAD") == 0, any = false;
    size_t at = 0;
    for (size_t i = 0; i < srv_routes_count; i++) {
        const srv_route *r = &srv_routes[i];
        if (!fits(r->pattern, rq->path, rq->id))
            continue;
        if (strcmp(head ? "GET" : rq->method, r->method) == 0) {
            rq->allow[0] = '\0';
            return r;
        }
        any = true;
        at += (size_t)snprintf(rq->allow + at, sizeof rq->allow - at, "%s%s%s", at ? ", " : "",
                               r->method, strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
    }
    if (any)
        api_problem_set(&rq->problem, API_METHOD_NOT_ALLOWED,
                        "%s is not allowed on %.200s; allowed: %s", rq->method, rq->path,
                        rq->allow);
    else
        api_problem_set(&rq->problem, API_NOT_FOUND,
                        "there is no route %.200s; GET /v1 lists them all", rq->path);
    return NULL;
}
