/* e2e: the real binary, started in a directory of its own, and a real HTTP client.
 *
 *     e2e_server *s = e2e_start(NULL);
 *     e2e_reply r = e2e_post(s, "/v1/jobs", "{...}");
 *     ck_assert_int_eq(r.status, 202);
 *     ... cJSON in r.json ...
 *     e2e_reply_free(&r);
 *     e2e_stop(s);
 *
 * Every function fails the test (ck_abort_msg) when the server can't be reached, so callers
 * check only what they test. Tests touch no process but those they started.
 */
#ifndef E2E_H
#define E2E_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct e2e_server {
    pid_t pid;        /* 0 when it has ended */
    char url[64];     /* "http://127.0.0.1:43121" */
    char address[48]; /* "127.0.0.1:43121" */
    char dir[256];    /* its data directory, inside a temporary one */
    char log[280];    /* its standard error */
} e2e_server;

/* Starts on a free port with a fresh data directory. extra: NULL-terminated further arguments,
 * or NULL. Returns when it listens. */
e2e_server *e2e_start(const char *const *extra);

/* Starts it again on the same data directory (the port may change). */
void e2e_restart(e2e_server *s, const char *const *extra);

/* As e2e_restart, but returns at once: it may not listen yet. For tests of the start itself. */
void e2e_launch(e2e_server *s, const char *const *extra);

/* Sends a signal and waits for the end; returns the wait status. Fails after 20 seconds. */
int e2e_end(e2e_server *s, int signal);

/* Its log so far to standard error, with what a sanitizer said. */
void e2e_print_log(const e2e_server *s);

/* SIGTERM if it still runs (which must end it with code 0), then removes its files. */
void e2e_stop(e2e_server *s);

/* Same, but keeps quiet about how it ended; for after a kill. */
void e2e_discard(e2e_server *s);

/* Files in a folder of its data directory: "datasets", "tmp". */
int e2e_files_in(const e2e_server *s, const char *folder);

typedef struct e2e_reply {
    long status;
    char *body;    /* NUL-terminated */
    size_t len;
    char *headers; /* as received, all lines */
    cJSON *json;   /* the body parsed, when its type is JSON; else NULL */
} e2e_reply;

/* headers: NULL-terminated list of "Name: value", or NULL. body: NULL for none. May be called
 * from several threads. */
e2e_reply e2e_request(const e2e_server *s, const char *method, const char *path,
                      const char *const *headers, const char *body, size_t len);
/* Same, but a server that does not answer gives status 0, and why in
 * the body, instead of failing the test.
 * curl: a CURL * of the calling thread, whose connection is kept and used again; or NULL. */
e2e_reply e2e_try(const e2e_server *s, void *curl, const char *method, const char *path,
                  const char *const *headers, const char *body, size_t len);
e2e_reply e2e_get(const e2e_server *s, const char *path);
e2e_reply e2e_post(const e2e_server *s, const char *path, const char *json);
e2e_reply e2e_post_csv(const e2e_server *s, const char *path, const char *csv);
e2e_reply e2e_delete(const e2e_server *s, const char *path);
void e2e_reply_free(e2e_reply *r);

/* A header's value into buf; "" when absent. Returns buf. */
const char *e2e_header(const e2e_reply *r, const char *name, char *buf, size_t size);

/* A member by path ("error.last_finite.epoch", "errors.0.field"); fails when it is missing. */
const cJSON *e2e_at(const cJSON *json, const char *path);
double e2e_number(const cJSON *json, const char *path);
const char *e2e_string(const cJSON *json, const char *path);

/* Posts a dataset (JSON) and returns its id in id (32 bytes). */
void e2e_dataset(const e2e_server *s, const char *json, char *id);
/* The path of the file that holds a dataset's numbers. Returns path. */
const char *e2e_dataset_file(const e2e_server *s, const char *id, char path[400]);
/* Posts a job and returns its id in id (32 bytes). */
void e2e_job(const e2e_server *s, const char *json, char *id);
/* Waits until the job has ended (120 seconds at most), then returns it. */
e2e_reply e2e_wait(const e2e_server *s, const char *job_id);

/* e2e_get with a path made like printf's. */
e2e_reply e2e_getf(const e2e_server *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Fails unless the reply is problem details of this status and type ("not-found"). */
void e2e_problem(const e2e_reply *r, long status, const char *slug);
/* What a problem says of a field; fails when it doesn't name it. */
const char *e2e_field_error(const e2e_reply *r, const char *field);

/* Seconds on the monotonic clock. */
double e2e_now(void);

/* A fresh connection for bytes of the caller's own; the caller closes it. */
int e2e_connect(const e2e_server *s);

/* Sends bytes on a fresh connection as they are and reads until the server closes or
 * `seconds` pass. The caller frees the answer (NUL-terminated). */
char *e2e_raw(const e2e_server *s, const char *bytes, size_t len, double seconds);

#endif
