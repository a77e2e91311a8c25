/* handle_uploads: resumable uploads: made, sent in pieces, asked after, finished, given up. */
#include "api_upload.h"
#include "srv_describe.h"
#include "srv_list.h"
#include "srv_partial.h"
#include "srv_quota.h"
#include "srv_routes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_AT_ONCE = 1000 };

#define UNKNOWN UINT64_MAX /* length */

/* A header that is a number of bytes. False, with the problem set, when it is none, or when there
 * is none and `needed`. */
static bool read_bytes(srv_request *rq, const char *name, bool needed, uint64_t *out)
{
    const char *text = srv_request_header(rq, name);
    if (!text && !needed)
        return true;
    char *end = NULL;
    errno = 0;
    unsigned long long v = text ? strtoull(text, &end, 10) : 0;
    if (text && *text >= '0' && *text <= '9' && !*end && errno == 0 && v < INT64_MAX) {
        *out = v;
        return true;
    }
    return api_problem_set(&rq->problem, API_BAD_REQUEST,
                           "the header %s must be a whole number of bytes%s%.40s%s", name,
                           text ? ", got \"" : ", and there is none", text ? text : "",
                           text ? "\"" : "");
}

/* ---- POST /v1/uploads ---- */

/* What says how the bytes are to be read, as it is found in rq->recalled later. */
static char *remember(srv_request *rq)
{
    static const char *const headers[] = {"Content-Type", "Content-Encoding"};
    cJSON *o = cJSON_CreateObject();
    cJSON *query = api_doc_add_object(o, "query"), *head = api_doc_add_object(o, "headers");
    char names[256], *rest = NULL;
    snprintf(names, sizeof names, "%s", rq->route->query);
    for (char *n = strtok_r(names, " ", &rest); n; n = strtok_r(NULL, " ", &rest))
        if (strcmp(n, "sha256") != 0 && srv_request_query(rq, n))
            api_doc_string(query, n, srv_request_query(rq, n));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (srv_request_header(rq, headers[i]))
            api_doc_string(head, headers[i], srv_request_header(rq, headers[i]));
    return api_doc_take_text(o);
}

typedef struct creation {
    srv_app *app;
    char id[SRV_ID_SIZE], created_at[SRV_TIME_SIZE];
    char *request; /* owned */
    const char *sha256, *tenant;
    uint64_t length;
    int64_t expires;
} creation;

static bool insert(srv_db *db, void *arg, api_problem *p)
{
    creation *c = arg;
    srv_rows *rows = srv_db_query(db, SQL_UPLOAD_COUNT, p, "");
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return false;
    bool full = srv_integer(rows, 0) >= OPEN_AT_ONCE;
    srv_db_done(rows);
    if (full)
        return api_problem_set(p, API_UNAVAILABLE,
                               "%d uploads are open already; finish or delete some, or wait for "
                               "them to expire",
                               OPEN_AT_ONCE);
    bool ok = srv_db_run(db, SQL_UPLOAD_INSERT, p, "ttttit", c->id, c->request, c->sha256,
                         c->created_at, c->expires, srv_tenant_name(c->tenant));
    return ok &&
           (c->length == UNKNOWN ||
            srv_db_run(db, SQL_UPLOAD_LENGTH, p, "it", (int64_t)c->length, c->id)) &&
           srv_quota_check(db, &c->app->config, srv_tenant_name(c->tenant),
                           SRV_OF(SRV_QUOTA_UPLOADS), p);
}

static bool check_sha256(srv_request *rq, const char *sha256)
{
    if (!sha256 || (strlen(sha256) == SRV_SHA256_SIZE - 1 &&
                    strspn(sha256, "0123456789abcdef") == SRV_SHA256_SIZE - 1))
        return true;
    return api_problem_query(&rq->problem, "sha256",
                             "must be 64 hexadecimal digits in lower case, got \"%.80s\"", sha256);
}

static bool fits(srv_request *rq, uint64_t length)
{
    uint64_t most = rq->app->config.max_body;
    return length <= most || api_problem_set(&rq->problem, API_TOO_LARGE,
                                             "an upload may have at most %llu bytes here",
                                             (unsigned long long)most);
}

static void reply_upload(srv_request *rq, int status);

void srv_post_upload(srv_request *rq)
{
    creation c = {.app = rq->app, .tenant = rq->token.tenant, .length = UNKNOWN, .sha256 = srv_request_query(rq, "sha256")};
    if (!read_bytes(rq, "Upload-Length", false, &c.length) || !check_sha256(rq, c.sha256) ||
        (c.length != UNKNOWN && !fits(rq, c.length)))
        return;
    const api_encoding *encoding;
    rq->bad_encoding =
        !api_encoding_find(srv_request_header(rq, "Content-Encoding"), &encoding, &rq->problem);
    if (rq->bad_encoding || !srv_open_dataset(rq)) /* would the bytes be read? */
        return;
    srv_read_free(rq->read);
    rq->read = NULL;
    rq->form = NULL;
    if (c.length != UNKNOWN && !srv_quota_room(rq->app->store, &rq->app->config,
                                               srv_tenant_name(c.tenant), c.length, &rq->problem))
        return;
    srv_id_new(c.id, "upl_");
    srv_time_text(c.created_at);
    c.expires = srv_partial_expiry(rq->app);
    c.request = remember(rq);
    if (!c.request)
        api_problem_set(&rq->problem, API_UNAVAILABLE, "not enough memory for an upload");
    else if (srv_store_write(rq->app->store, insert, &c, &rq->problem)) {
        snprintf(rq->location, sizeof rq->location, "/v1/uploads/%s", c.id);
        snprintf(rq->id, sizeof rq->id, "%s", c.id);
        reply_upload(rq, 201);
    }
    free(c.request);
}

/* ---- GET, HEAD ---- */

static api_upload_view view_of(srv_rows *rows)
{
    return (api_upload_view){.id = srv_text(rows, 0),
                             .state = srv_text(rows, 1),
                             .content_type = srv_text(rows, 2),
                             .received = (uint64_t)srv_integer(rows, 3),
                             .length = srv_is_null(rows, 4) ? API_UNKNOWN_LENGTH
                                                            : (uint64_t)srv_integer(rows, 4),
                             .sha256 = srv_text(rows, 5),
                             .dataset_id = srv_text(rows, 6),
                             .created_at = srv_text(rows, 7),
                             .expires_at = srv_text(rows, 8)};
}

static void encode(cJSON *o, srv_rows *rows)
{
    api_upload_view v = view_of(rows);
    api_upload_encode(o, &v);
}

void srv_list_uploads(srv_request *rq)
{
    srv_list(rq, &(srv_listing){
                     .sql = SQL_UPLOAD_LIST, .seq = 9, .member = "uploads", .encode = encode});
}

typedef struct shown {
    srv_request *rq;
    cJSON *doc;
} shown;

static bool read_upload(srv_db *db, void *arg, api_problem *p)
{
    shown *s = arg;
    srv_rows *rows = srv_db_query(db, SQL_UPLOAD_GET, p, "t", s->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        srv_no_such(s->rq, "upload");
    if (step != SRV_ROW)
        return false;
    api_upload_view v = view_of(rows);
    api_upload_encode(s->doc, &v);
    srv_reply_bytes(s->rq, "Upload-Offset", v.received);
    if (v.length != API_UNKNOWN_LENGTH)
        srv_reply_bytes(s->rq, "Upload-Length", v.length);
    srv_db_done(rows);
    return true;
}

static void reply_upload(srv_request *rq, int status)
{
    shown s = {rq, cJSON_CreateObject()};
    if (srv_store_read(rq->app->store, read_upload, &s, &rq->problem))
        srv_reply_doc(rq, status, s.doc);
    else
        cJSON_Delete(s.doc);
}

void srv_get_upload(srv_request *rq)
{
    reply_upload(rq, 200);
}

/* ---- PATCH ---- */

static bool too_long(srv_request *rq)
{
    return api_problem_set(&rq->problem, API_TOO_LARGE,
                           "the upload was announced with %llu bytes, and these are more",
                           (unsigned long long)rq->partial_room);
}

bool srv_open_patch(srv_request *rq)
{
    uint64_t offset = 0, announced = 0, received = UNKNOWN, length = UNKNOWN;
    if (!read_bytes(rq, "Upload-Offset", true, &offset) ||
        !read_bytes(rq, "Content-Length", false, &announced))
        return false;
    rq->partial = srv_partial_open(rq->app->partials, rq->id, offset, &received, &length, &rq->problem);
    if (received != UNKNOWN)
        srv_reply_bytes(rq, "Upload-Offset", received);
    if (!rq->partial)
        return false;
    uint64_t most = rq->app->config.max_body;
    rq->partial_room = length == UNKNOWN ? most : length;
    if (announced > rq->partial_room - offset)
        return length == UNKNOWN ? fits(rq, most + 1) : too_long(rq);
    rq->partial_room -= offset;
    return srv_files_room(rq->app->files, announced, &rq->problem) &&
           srv_quota_room(rq->app->store, &rq->app->config, srv_tenant_name(rq->token.tenant),
                          announced, &rq->problem);
}

bool srv_feed_patch(srv_request *rq, const char *bytes, size_t n)
{
    if (n > rq->partial_room)
        return too_long(rq);
    rq->partial_room -= n;
    return srv_partial_write(rq->partial, bytes, n, &rq->problem);
}

void srv_patch_upload(srv_request *rq)
{
    uint64_t received;
    if (srv_partial_count(rq->partial, &received, &rq->problem))
        srv_reply_empty(rq, 204);
    srv_reply_bytes(rq, "Upload-Offset", received);
    srv_partial_close(rq->partial);
    rq->partial = NULL;
}

/* ---- POST .../finish ---- */

typedef struct finishing {
    srv_request *rq;
    bool finished;
    char dataset_id[SRV_ID_SIZE], sha256[SRV_SHA256_SIZE];
    uint64_t received, length;
    cJSON *request; /* owned */
} finishing;

static bool read_finishing(srv_db *db, void *arg, api_problem *p)
{
    finishing *f = arg;
    srv_rows *rows = srv_db_query(db, SQL_UPLOAD_READ, p, "t", f->rq->id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        srv_no_such(f->rq, "upload");
    if (step != SRV_ROW)
        return false;
    f->finished = srv_text(rows, 1) != NULL;
    snprintf(f->dataset_id, sizeof f->dataset_id, "%s", f->finished ? srv_text(rows, 1) : "");
    snprintf(f->sha256, sizeof f->sha256, "%s", srv_is_null(rows, 4) ? "" : srv_text(rows, 4));
    f->received = (uint64_t)srv_integer(rows, 2);
    f->length = srv_is_null(rows, 3) ? UNKNOWN : (uint64_t)srv_integer(rows, 3);
    f->request = cJSON_Parse(srv_text(rows, 0));
    srv_db_done(rows);
    return f->request || api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
}

/* What is asked for now goes before what was when the upload was made. */
static void override_query(srv_request *rq, cJSON *request)
{
    cJSON *query = cJSON_GetObjectItemCaseSensitive(request, "query");
    char names[256], *rest = NULL;
    snprintf(names, sizeof names, "%s", rq->route->query);
    for (char *n = strtok_r(names, " ", &rest); n; n = strtok_r(NULL, " ", &rest)) {
        const char *value = srv_request_query(rq, n);
        if (!value)
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(query, n);
        api_doc_string(query, n, value);
    }
}

static bool deliver(void *rq, const char *bytes, size_t n, api_problem *p)
{
    (void)p; /* the request's own */
    return srv_feed_dataset(rq, bytes, n);
}

/* The decoder that the bytes need, or NULL. */
static bool find_decoder(srv_request *rq, api_decoder **out, api_problem *p)
{
    const api_encoding *encoding;
    if (!api_encoding_find(srv_request_header(rq, "Content-Encoding"), &encoding, p))
        return false;
    *out = encoding ? api_decoder_new(encoding, rq->app->config.max_body, (api_bytes){rq, deliver})
                    : NULL;
    return !encoding || *out ||
           api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
}

/* The bytes can't be opened: the upload was deleted meanwhile, or the disk fails. */
static bool lost(srv_request *rq)
{
    if (errno != ENOENT)
        return srv_disk_problem(&rq->problem, "open");
    srv_no_such(rq, "upload");
    return false;
}

/* Feeds the bytes received to the reader that rq->recalled asks for. */
static bool feed_all(srv_request *rq, const finishing *f)
{
    enum { PIECE = 256 << 10 };
    char path[SRV_FILE_PATH], hex[SRV_SHA256_SIZE], *piece = malloc(PIECE);
    api_problem *p = &rq->problem;
    api_decoder *decoder = NULL;
    srv_sum sum;
    srv_sum_begin(&sum);
    int fd = open(srv_partial_path(rq->app->config.data_dir, rq->id, path), O_RDONLY | O_CLOEXEC);
    bool ok = piece || api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    ok = ok && find_decoder(rq, &decoder, p) && (fd >= 0 || f->received == 0 || lost(rq));
    for (uint64_t at = 0; ok && at < f->received;) {
        size_t n = f->received - at < PIECE ? (size_t)(f->received - at) : PIECE;
        if (!srv_read_all(fd, piece, n, at)) {
            ok = srv_disk_problem(p, "read");
            break;
        }
        if (*f->sha256)
            srv_sum_add(&sum, piece, n);
        ok = decoder ? api_decoder_feed(decoder, piece, n, p) : srv_feed_dataset(rq, piece, n);
        at += n;
    }
    if (fd >= 0)
        close(fd);
    free(piece);
    ok = ok && (!decoder || api_decoder_finish(decoder, p));
    api_decoder_free(decoder);
    if (ok && *f->sha256 && strcmp(srv_sum_end(&sum, hex), f->sha256) != 0)
        ok = api_problem_field(p, "sha256", "the bytes received have the SHA-256 %s, not %s: "
                                            "delete the upload and send them again",
                               hex, f->sha256);
    return ok;
}

/* The dataset that it became, whatever this request's query says of its own. */
static void reply_finished(srv_request *rq, const finishing *f)
{
    snprintf(rq->id, sizeof rq->id, "%s", f->dataset_id);
    rq->recalled = cJSON_CreateObject();
    srv_get_dataset(rq);
    cJSON_Delete(rq->recalled);
    rq->recalled = NULL;
    if (rq->problem.code == API_NOT_FOUND) {
        rq->problem = (api_problem){0};
        api_problem_set(&rq->problem, API_CONFLICT,
                        "the upload was finished into dataset %s, which has been deleted since",
                        f->dataset_id);
    }
}

/* Makes a dataset of what was received. */
static void make_dataset(srv_request *rq, finishing *f)
{
    api_problem *p = &rq->problem;
    override_query(rq, f->request);
    rq->recalled = f->request;
    f->request = NULL;
    if (srv_partials_busy(rq->app->partials, rq->id))
        api_problem_set(p, API_CONFLICT, "a request still sends bytes of this upload");
    else if (f->length != UNKNOWN && f->received < f->length)
        api_problem_set(p, API_CONFLICT, "%llu of %llu bytes have arrived: send the rest first",
                        (unsigned long long)f->received, (unsigned long long)f->length);
    else if (srv_open_dataset(rq) && feed_all(rq, f))
        srv_post_dataset(rq);
    /* the answer goes by the headers of this request again */
    srv_read_free(rq->read);
    rq->read = NULL;
    rq->form = NULL;
    cJSON_Delete(rq->recalled);
    rq->recalled = NULL;
}

void srv_finish_upload(srv_request *rq)
{
    finishing f = {.rq = rq}, now = {.rq = rq};
    api_problem *p = &rq->problem, ignored = {0};
    if (!srv_store_read(rq->app->store, read_finishing, &f, p))
        goto end;
    if (f.finished) { /* the answer may have been lost */
        reply_finished(rq, &f);
        goto end;
    }
    make_dataset(rq, &f);
    if (p->code == API_NO_PROBLEM) {
        srv_partials_remove(rq->app->partials, rq->id);
    } else if (srv_store_read(rq->app->store, read_finishing, &now, &ignored) && now.finished) {
        *p = (api_problem){0}; /* another request did it meanwhile: both get the same */
        reply_finished(rq, &now);
    }
end:
    cJSON_Delete(f.request);
    cJSON_Delete(now.request);
}

/* ---- DELETE ---- */

static bool delete_upload(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = arg;
    if (!srv_db_run(db, SQL_UPLOAD_DELETE, p, "t", rq->id))
        return false;
    if (srv_db_changes(db) == 0)
        srv_no_such(rq, "upload");
    return p->code == API_NO_PROBLEM;
}

void srv_delete_upload(srv_request *rq)
{
    if (!srv_store_write(rq->app->store, delete_upload, rq, &rq->problem))
        return;
    srv_partials_remove(rq->app->partials, rq->id);
    srv_reply_empty(rq, 204);
}
