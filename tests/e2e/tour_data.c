/* The tour of datasets, their rows, versions and diagnostics, and of uploads. */
#include "tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than the server takes in one dataset, though the body is not too large. */
static char *many_cells(void)
{
    enum { ROWS = 3, COLS = 5000 };
    char *body = malloc(ROWS * (2 * COLS + 2) + 32), *at = body + sprintf(body, "{\"X\": [");
    for (int i = 0; i < ROWS * COLS; i++)
        at += sprintf(at, "%s1%s", i % COLS ? "," : "[", (i + 1) % COLS ? "" : i + 1 < ROWS * COLS ? "]," : "]");
    sprintf(at, "], \"y\": [1, 2, 3]}");
    return body;
}

/* id: of two rows with a missing cell. */
static void tour_rows(const char *id)
{
    static const char rows[] = "/v1/datasets/{id}/rows", export[] = "/v1/datasets/{id}/export";
    see("GET", rows, id, "", NULL, NULL, 200);
    see("GET", rows, id, "?limit=1&shape=records", NULL, NULL, 200);
    see("GET", rows, id, "?offset=1&columns=y,a", "Accept: text/csv", NULL, 200);
    see("GET", rows, id, "?limit=0", NULL, NULL, 400);
    see("GET", rows, "ds_nothing", "", NULL, NULL, 404);
    see("GET", rows, id, "", "Accept: image/png", NULL, 406);
    see("GET", export, id, "", NULL, NULL, 200);
    see("GET", export, id, "?columns=b", "Accept: application/x-npy", NULL, 200);
    see("GET", export, id, "?format=npy&dtype=float32", NULL, NULL, 200);
    see("GET", export, id, "?format=xls", NULL, NULL, 400);
    see("GET", export, "ds_nothing", "", NULL, NULL, 404);
    see("GET", export, id, "", "Accept: image/png", NULL, 406);
}

void tour_datasets(void)
{
    char first[32], second[32], *large = large_body();
    static const char path[] = "/v1/datasets", one[] = "/v1/datasets/{id}";
    keep(ask("POST", path, "", "", JSON_TYPE, DATA, 201), "id", first);
    keep(
        ask("POST", path, "", "?target=c&columns=a&name=n&dtype=float32", CSV_TYPE, "a,b,c\n1,2,3\n4,5,7\n", 201),
        "id", second);
    see("POST", path, "", "", JSON_TYPE, "{\"X\": [1]}", 422);
    see("POST", path, "", "", "Content-Type: image/png", "x", 415);
    char sparse[32];
    keep(ask("POST", path, "", "?columns=20000&index_base=0", "Content-Type: text/x-libsvm",
             "1 0:2 7:3\n2 1:1\n0\n", 201),
         "id", sparse);
    see("GET", one, sparse, "", NULL, NULL, 200);
    see("POST", path, "", "?index_base=2", "Content-Type: text/x-libsvm", "1 0:2\n", 400);
    see("POST", path, "", "", JSON_TYPE, large, 413);
    see("GET", path, "", "", NULL, NULL, 200);
    e2e_reply r = ask("GET", path, "", "?limit=1", NULL, NULL, 200);
    char query[64];
    snprintf(query, sizeof query, "?limit=1&before=%.0f", e2e_number(r.json, "next"));
    e2e_reply_free(&r);
    see("GET", path, "", query, NULL, NULL, 200);
    see("GET", one, first, "", NULL, NULL, 200);
    see("DELETE", one, second, "", NULL, NULL, 204);
    keep(ask("POST", path, "", "?target=y&types=a:categorical", CSV_TYPE, "a,b,y\n1,,3\n2,5,\n",
             201),
         "id", second);
    see("GET", one, second, "", NULL, NULL, 200);
    tour_rows(second);
    see("DELETE", one, second, "", NULL, NULL, 204);
    see("GET", one, second, "", NULL, NULL, 404);
    see("DELETE", one, second, "", NULL, NULL, 404);
    free(large);
}

/* Features that are named by their numbers. */
void tour_sparse(void)
{
    char id[32], job[32], model[32], body[96];
    keep(ask("POST", "/v1/datasets", "", "", "Content-Type: text/x-libsvm",
             "a 1:2 7:3\nb 2:1\na 1:1\nb\n", 201),
         "id", id);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"model\": \"logistic_regression\"}", id);
    train(body, job, model);
    see("GET", "/v1/models/{id}", model, "", NULL, NULL, 200);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE,
        "{\"sparse_X\": [{\"7\": 1}, {}]}", 200);
    see("POST", "/v1/models/{id}/predictions", model, "", JSON_TYPE, "{\"sparse_X\": [{\"8\": 1}]}",
        422);
}

void tour_versions(void)
{
    static const char path[] = "/v1/datasets/{id}/rows", list[] = "/v1/datasets/{id}/versions",
                      none[] = "ds_00000000000000000000";
    char id[32], sparse[32], *large = large_body();
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", id);
    keep(ask("POST", "/v1/datasets", "", "", "Content-Type: text/x-libsvm", "1 1:2\n", 201), "id",
         sparse);
    keep(ask("POST", path, id, "?name=more", JSON_TYPE, "{\"X\": [5], \"y\": [6]}", 201), "id", id);
    see("POST", path, id, "", JSON_TYPE, "{\"X\": [5]}", 422);
    see("POST", path, id, "", "Content-Type: image/png", "x", 415);
    see("POST", path, id, "", JSON_TYPE, large, 413);
    see("POST", path, sparse, "?columns=4", "Content-Type: text/x-libsvm", "1 1:2 4:1\n", 201);
    see("POST", path, sparse, "", CSV_TYPE, "1,y\n2,3\n", 409);
    see("POST", path, sparse, "", JSON_TYPE, "{\"sparse_X\": [{\"1\": 1}], \"y\": [2], \"name\": \"n\"}", 201);
    see("POST", path, none, "", JSON_TYPE, "{\"X\": [5], \"y\": [6]}", 404);
    see("GET", list, id, "", NULL, NULL, 200);
    see("GET", list, id, "?limit=1", NULL, NULL, 200);
    see("GET", list, none, "", NULL, NULL, 404);
    see("GET", "/v1/datasets/{id}", id, "", NULL, NULL, 200);
    free(large);
}

/* A piece of a resumable upload. */
static void send_piece(const char *id, const char *offset, const char *bytes, long status)
{
    char header[64];
    snprintf(header, sizeof header, "Upload-Offset: %s", offset);
    see("PATCH", "/v1/uploads/{id}", id, "", header, bytes, status);
}

/* Rows of a next version; and what is too large, or of no known kind, only once it is unpacked. */
static void tour_appending_upload(void)
{
    static const char path[] = "/v1/uploads", end[] = "/v1/uploads/{id}/finish",
                      form[] = "Content-Type: multipart/form-data; boundary=x";
    char id[32], dataset[32], query[64], gone[] = "?append_to=ds_00000000000000000000";
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", dataset);
    snprintf(query, sizeof query, "?append_to=%s", dataset);
    see("POST", path, "", gone, JSON_TYPE, NULL, 400);
    keep(ask("POST", path, "", query, JSON_TYPE, NULL, 201), "id", id);
    send_piece(id, "0", "{\"X\": [7], \"y\": [8]}", 204);
    see("POST", end, id, gone, NULL, NULL, 400);
    see("POST", end, id, "", NULL, NULL, 201);
    keep(ask("POST", path, "", "", form, NULL, 201), "id", id);
    send_piece(id, "0",
               "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n1\r\n--x--\r\n",
               204);
    see("POST", end, id, "", NULL, NULL, 415);
    keep(ask("POST", path, "", "", JSON_TYPE, NULL, 201), "id", id);
    char *many = many_cells();
    send_piece(id, "0", many, 204);
    see("POST", end, id, "", NULL, NULL, 413);
    free(many);
}

void tour_uploads(void)
{
    static const char path[] = "/v1/uploads", one[] = "/v1/uploads/{id}",
                      end[] = "/v1/uploads/{id}/finish", none[] = "upl_00000000000000000000",
                      hash[] = "?target=b&sha256="
                               "2f1d6da06ccd3e6e3a5a4d8b6f3a3a3d6f8b8f7b7c9c8d1e5f4a3b2c1d0e9f8a";
    char id[32], other[32], *large = large_body();
    see("POST", path, "", "", "Content-Type: image/png", NULL, 415);
    see("POST", path, "", "", "Upload-Length: 65537", NULL, 413);
    see("POST", path, "", "?name=", JSON_TYPE, NULL, 422);
    keep(ask("POST", path, "", hash, CSV_TYPE, NULL, 201), "id", other);
    keep(ask("POST", path, "", "", "Upload-Length: 26", NULL, 201), "id", id);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1", NULL, NULL, 200);
    send_piece(id, "0", "{\"X\": [1, 2], ", 204);
    send_piece(id, "5", "\"y\": [1, 2]}", 409);
    send_piece(id, "x", "\"y\": [1, 2]}", 400);
    send_piece(id, "14", large, 413);
    see("GET", one, id, "", NULL, NULL, 200);
    see("POST", end, id, "", NULL, NULL, 409);
    send_piece(id, "14", "\"y\": [1, 2]}", 204);
    see("POST", end, id, "?name=pieces", NULL, NULL, 201);
    see("POST", end, id, "", NULL, NULL, 200);
    see("GET", one, id, "", NULL, NULL, 200);
    see("PATCH", one, other, "", "Content-Encoding: gzip", "x", 415);
    send_piece(other, "0", "a,b\n1,2\n3,4\n", 204);
    see("POST", end, other, "", NULL, NULL, 422); /* another hash */
    see("DELETE", one, other, "", NULL, NULL, 204);
    see("DELETE", one, none, "", NULL, NULL, 404);
    see("GET", one, none, "", NULL, NULL, 404);
    see("POST", end, none, "", NULL, NULL, 404);
    tour_appending_upload();
    send_piece(none, "0", "x", 404);
    free(large);
}

void tour_diagnostics(void)
{
    static const char path[] = "/v1/datasets/{id}/diagnostics";
    char line[32], other[32];
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE, DATA, 201), "id", line);
    see("GET", path, line, "", NULL, NULL, 200);
    see("GET", path, line, "?model=linear_regression&learning_rate=0.1&tol=0.01", NULL, NULL, 200);
    see("GET", path, line, "?cost=mae", NULL, NULL, 200);
    see("GET", path, line, "?model=softmax", NULL, NULL, 400);
    see("GET", path, "ds_00000000000000000000", "", NULL, NULL, 404);
    keep(ask("POST", "/v1/datasets", "", "", JSON_TYPE,
             "{\"X\": [[1, 2], [2, 4], [3, 6]], \"y\": [\"a\", \"b\", \"c\"]}", 201),
         "id", other);
    see("GET", path, other, "?standardize=false&learning_rate=9&l2=0&intercept=false", NULL, NULL,
        200);
}
