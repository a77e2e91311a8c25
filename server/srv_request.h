/* srv_request: one HTTP request, as a handler sees it.
 *
 * A handler reads the request, and either fills `problem` or calls one of the reply
 * functions. libmicrohttpd stays behind srv_http.c and srv_answer.c.
 */
#ifndef SRV_REQUEST_H
#define SRV_REQUEST_H

#include "api_doc.h"
#include "api_encoding.h"
#include "api_text.h"
#include "srv_app.h"
#include "srv_clock.h"
#include "srv_token.h"

typedef struct srv_route srv_route;
typedef struct srv_form srv_form;
typedef struct srv_read srv_read; /* an upload being read, handle_datasets.c */
typedef struct srv_partial srv_partial;

/* An answer that is made while it is sent. */
typedef struct srv_stream {
    void *ctx;
    uint64_t size; /* bytes in all, or SRV_SIZE_UNKNOWN */
    /* At most max further bytes; 0: that was all; below 0: it can't go on, and the connection is cut,
     * so that the client sees it is not whole. Called by one of the threads that listen. */
    ptrdiff_t (*read)(void *ctx, char *to, size_t max);
    void (*free)(void *ctx); /* NULL: there is no stream */
} srv_stream;

#define SRV_SIZE_UNKNOWN UINT64_MAX

typedef struct srv_request {
    srv_app *app;
    void *connection; /* libmicrohttpd's */
    srv_guest *guest; /* the connection's; NULL when there was no memory */
    const srv_route *route;
    char method[16];
    srv_token token;      /* who asks; zero where access control is off */
    bool theirs;          /* what `id` names belongs to the token's tenant */
    char *path;           /* as asked for, without the query; owned */
    char id[SRV_ID_SIZE]; /* what stands for {id} in the route */
    const char *target_end; /* as it came (srv_framing.h) */
    bool bad_target;
    bool refused;         /* at its head: its body is not read */
    bool close;           /* end the connection with the answer */
    uint64_t window;      /* bytes of it since window_began: is it too slow? */
    double window_began;
    uint64_t received;    /* bytes of the body so far, as they come */
    api_decoder *decoder; /* of a body that comes packed; owned */
    bool bad_encoding;    /* in one that is not known */
    bool packed_piece;    /* or in any, of what must come as it is */
    api_text body;        /* of routes that gather it */
    size_t braces;        /* of those that read none: how much of "{}" came */
    srv_form *form;       /* a body that is one, owned by `read` */
    srv_read *read;       /* of routes that read it as it comes */
    srv_partial *partial; /* of those that store it as it comes */
    uint64_t partial_room;
    cJSON *recalled; /* {"query": {...}, "headers": {...}} of an earlier request, which this one
                        reads in place of its own; owned */
    double began;
    bool handled; /* at the desk: the answer is ready */

    api_problem problem;
    int status;
    char *reply; /* owned; NULL for none */
    const char *shared; /* in its place: a text that outlives all answers */
    size_t reply_len;
    srv_stream stream;   /* in place of reply */
    char *disposition;   /* Content-Disposition; owned; NULL for none */
    const char *content_type;
    char location[64];
    char next[128]; /* the next page, for a Link header */
    struct {
        const char *name; /* static */
        uint64_t value;
    } bytes[2]; /* further headers: numbers of bytes */
    char allow[64];
    bool preflight; /* srv_cors.h */

    /* a long-poll: see srv_waiters.h */
    double deadline;
    bool waited;
    char awaited[SRV_ID_SIZE]; /* the job whose end it waits for */
    struct srv_request *next_waiting;
} srv_request;

/* Implemented in srv_http.c. Strings live as long as the request; NULL when absent. */
const char *srv_request_header(const srv_request *rq, const char *name);
/* A query parameter, or the field of a form that stands for it. */
const char *srv_request_query(const srv_request *rq, const char *name);
void srv_request_suspend(srv_request *rq);
void srv_request_resume(srv_request *rq);
bool srv_request_gone(const srv_request *rq); /* has the client hung up? */

/* Does the route know a query parameter of this name? If not, the problem says so of `what` it is. */
bool srv_request_knows(srv_request *rq, const char *name, const char *what);

/* A whole number from the query; *out keeps its value when there is none. False with the
 * problem set when it is no such number. */
bool srv_request_number(srv_request *rq, const char *name, uint64_t min, uint64_t max,
                        uint64_t *out);

/* A number, and true or false; as above. */
bool srv_request_real(srv_request *rq, const char *name, double *out);
bool srv_request_bool(srv_request *rq, const char *name, bool *out);

/* Is the body JSON, by its Content-Type? False with the problem set. */
bool srv_json_body(srv_request *rq);

/* Ends the handling with a document; takes it over. */
void srv_reply_doc(srv_request *rq, int status, cJSON *doc);
/* Ends the handling with text, which is taken over; NULL: out of memory. */
void srv_reply_text(srv_request *rq, int status, const char *content_type, char *text);
/* JSON that lives as long as the listener. */
void srv_reply_shared(srv_request *rq, int status, const char *text);
void srv_reply_empty(srv_request *rq, int status);

/* Adds a header, of an answer or a problem; of the same name the last one holds. */
void srv_reply_bytes(srv_request *rq, const char *name, uint64_t value);

/* How welcome this type is by the Accept header (RFC 9110, 12.5.1); 0: not at all. */
double srv_request_accepts(const srv_request *rq, const char *type);

/* Sets `problem` to not-found: "there is no job with id ...". */
void srv_no_such(srv_request *rq, const char *what);

#endif
