/* uploads: what the tests of resumable uploads share: pieces, offsets, the finish, and whether the
 * dataset is the right one. That is told by one that was uploaded as a whole: equal numbers have an
 * equal hash. */
#ifndef UPLOADS_H
#define UPLOADS_H

#include "jobs.h"

#include <pthread.h>
#include <sys/stat.h>

static UNUSED void make(const e2e_server *s, const char *query, const char *const *headers, char id[32])
{
    char path[256];
    snprintf(path, sizeof path, "/v1/uploads%s", query);
    e2e_reply r = e2e_request(s, "POST", path, headers, NULL, 0);
    if (r.status != 201)
        ck_abort_msg("POST %s: %ld %s", path, r.status, r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

static UNUSED void make_csv_upload(const e2e_server *s, char id[32])
{
    static const char *const csv[] = {"Content-Type: text/csv", NULL};
    make(s, "?target=y", csv, id);
}

static UNUSED e2e_reply patch(const e2e_server *s, const char *id, size_t offset, const char *bytes,
                              size_t n)
{
    char path[96], at[64];
    snprintf(path, sizeof path, "/v1/uploads/%s", id);
    snprintf(at, sizeof at, "Upload-Offset: %zu", offset);
    return e2e_request(s, "PATCH", path, (const char *const[]){at, NULL}, bytes, n);
}

static UNUSED size_t header_number(const e2e_reply *r, const char *name)
{
    char value[64];
    e2e_header(r, name, value, sizeof value);
    if (!*value)
        ck_abort_msg("there is no %s: %s", name, r->headers);
    return strtoull(value, NULL, 10);
}

static UNUSED void send_piece(const e2e_server *s, const char *id, size_t offset, const char *bytes, size_t n)
{
    e2e_reply r = patch(s, id, offset, bytes, n);
    if (r.status != 204)
        ck_abort_msg("PATCH: %ld %s", r.status, r.body);
    ck_assert_uint_eq(header_number(&r, "Upload-Offset"), offset + n);
    e2e_reply_free(&r);
}

/* What HEAD says, which must be what GET says. */
static UNUSED size_t offset_of(const e2e_server *s, const char *id)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/uploads/%s", id);
    e2e_reply head = e2e_request(s, "HEAD", path, NULL, NULL, 0);
    ck_assert_int_eq(head.status, 200);
    size_t offset = header_number(&head, "Upload-Offset");
    e2e_reply_free(&head);
    return offset;
}

static UNUSED e2e_reply finish_upload(const e2e_server *s, const char *id, const char *query)
{
    char path[256];
    snprintf(path, sizeof path, "/v1/uploads/%s/finish%s", id, query);
    return e2e_request(s, "POST", path, NULL, NULL, 0);
}

static UNUSED void delete_of(const e2e_server *s, const char *list, const char *id)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/%s/%s", list, id);
    e2e_reply r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
}

/* The dataset made of it has the rows of the CSV uploaded as a whole. */
static UNUSED void assert_same_as_whole(const e2e_server *s, const e2e_reply *finished, const char *csv)
{
    if (finished->status != 201)
        ck_abort_msg("finish: %ld %s", finished->status, finished->body);
    e2e_reply whole = e2e_post_csv(s, "/v1/datasets?target=y", csv);
    ck_assert_int_eq(whole.status, 201);
    ck_assert_str_eq(e2e_string(finished->json, "sha256"), e2e_string(whole.json, "sha256"));
    e2e_reply_free(&whole);
}

static UNUSED void assert_no_bytes_left(const e2e_server *s)
{
    WAIT_UNTIL(e2e_files_in(s, "uploads") == 0, 5);
    WAIT_UNTIL(e2e_files_in(s, "tmp") == 0, 5);
}

/* Begins a PATCH of n bytes and sends only some of them. */
static UNUSED int begin_patch(const e2e_server *s, const char *id, size_t offset, size_t announced,
                              const char *bytes, size_t n)
{
    char head[200];
    int fd = e2e_connect(s);
    snprintf(head, sizeof head,
             "PATCH /v1/uploads/%s HTTP/1.1\r\nHost: x\r\nUpload-Offset: %zu\r\n"
             "Content-Length: %zu\r\n\r\n",
             id, offset, announced);
    send_all(fd, head, strlen(head));
    send_all(fd, bytes, n);
    return fd;
}

static UNUSED size_t size_on_disk(const e2e_server *s, const char *id)
{
    char path[400];
    struct stat st;
    snprintf(path, sizeof path, "%s/uploads/%s", s->dir, id);
    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

#endif
