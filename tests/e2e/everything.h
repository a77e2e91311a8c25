/* everything: a server filled with one thing of each kind, and all that it says of them as one text,
 * so that before and after can be compared.
 */
#ifndef EVERYTHING_H
#define EVERYTHING_H

#include "jobs.h"

typedef struct text {
    char *data;
    size_t len;
} text;

static UNUSED void add(text *t, const char *s)
{
    size_t n = strlen(s);
    t->data = realloc(t->data, t->len + n + 1);
    memcpy(t->data + t->len, s, n + 1);
    t->len += n;
}

static UNUSED void add_reply(text *t, const e2e_server *s, const char *path, const char *accept)
{
    char header[64], line[160];
    const char *const headers[] = {header, NULL};
    snprintf(header, sizeof header, "Accept: %s", accept);
    e2e_reply r = e2e_request(s, "GET", path, headers, NULL, 0);
    ck_assert_int_eq(r.status, 200);
    snprintf(line, sizeof line, "---- GET %s (%s)\n", path, accept);
    add(t, line);
    add(t, r.body);
    add(t, "\n");
    e2e_reply_free(&r);
}

static UNUSED void add_predictions(text *t, const e2e_server *s, const char *id)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/models/%s", id);
    e2e_reply m = e2e_get(s, path);
    text body = {0};
    add(&body, "{\"X\": [[");
    for (int i = 0; i < cJSON_GetArraySize(e2e_at(m.json, "columns")); i++) {
        char number[32];
        snprintf(number, sizeof number, "%s%g", i ? ", " : "", 1.25 * i - 0.3);
        add(&body, number);
    }
    add(&body, "]]}");
    e2e_reply_free(&m);
    snprintf(path, sizeof path, "/v1/models/%s/predictions", id);
    e2e_reply r = e2e_post(s, path, body.data);
    ck_assert_int_eq(r.status, 200);
    add(t, r.body);
    e2e_reply_free(&r);
    free(body.data);
}

/* Every listing, every document, every history in its forms, predictions of every model. */
static UNUSED char *everything(const e2e_server *s)
{
    static const char *const lists[] = {"datasets", "jobs", "models"};
    static const char *const views[] = {"", "?points=20", "?last=3", "?after_epoch=7&limit=5"};
    text t = {0};
    for (size_t l = 0; l < 3; l++) {
        char path[128];
        snprintf(path, sizeof path, "/v1/%s?limit=1000", lists[l]);
        add_reply(&t, s, path, "application/json");
        e2e_reply r = e2e_get(s, path);
        const cJSON *item;
        cJSON_ArrayForEach (item, e2e_at(r.json, lists[l])) {
            const char *id = e2e_string(item, "id");
            snprintf(path, sizeof path, "/v1/%s/%s", lists[l], id);
            add_reply(&t, s, path, "application/json");
            for (size_t v = 0; l == 1 && v < sizeof views / sizeof views[0]; v++) {
                snprintf(path, sizeof path, "/v1/jobs/%s/history%s", id, views[v]);
                add_reply(&t, s, path, "application/json");
                add_reply(&t, s, path, "text/csv");
            }
            if (l == 2)
                add_predictions(&t, s, id);
        }
        e2e_reply_free(&r);
    }
    return t.data;
}

/* Fails at the first line that differs. */
static UNUSED void assert_same_text(const char *was, const char *is, const char *after)
{
    const char *a = was, *b = is;
    while (*a || *b) {
        size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
        if (n != m || memcmp(a, b, n) != 0)
            ck_abort_msg("after %s: \"%.*s\" became \"%.*s\"", after, (int)n, a, (int)m, b);
        a += n + (a[n] != '\0');
        b += m + (b[m] != '\0');
    }
}

static UNUSED void delete_item(const e2e_server *s, const char *list, const char *id)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/%s/%s", list, id);
    e2e_reply r = e2e_delete(s, path);
    ck_assert_int_eq(r.status, 204);
    e2e_reply_free(&r);
}

/* One of each kind: datasets in each format, jobs that ended in each way, deleted things. */
static UNUSED void fill(const e2e_server *s)
{
    char ds[32], other[32], doomed[32], id[32], slow[32];
    char *csv = make_csv(400, 3, 5);
    upload_csv(s, csv, ds);
    free(csv);
    e2e_dataset(
        s,
        "{\"name\": \"caf\\u00e9 \\ud83d\\ude00 \\\"q\\\"\", \"X\": [1e-300, 2, 3.5, 1e300],"
        " \"y\": [0.1, 0.2, 0.30000000000000004, 5e-324]}",
        other);
    e2e_dataset(
        s,
        "{\"data\": [{\"radio\": 37.8, \"sales\": 22.1}, {\"radio\": 39.3, \"sales\": 10.4},"
        " {\"radio\": 45.9, \"sales\": 9.3}], \"target\": \"sales\"}",
        doomed);
    static const char *const succeed[] = {
        "", "\"name\": \"all of it\", \"history_points\": \"all\", \"epochs\": 300, \"tol\": 0",
        "\"batch_size\": 16, \"seed\": 9, \"epochs\": 40, \"learning_rate\": 0.01",
        "\"epochs\": 5000, \"tol\": 0, \"history_points\": 10, \"learning_rate\": 0.001",
        "\"intercept\": false, \"standardize\": false, \"shuffle\": false, \"batch_size\": 1, "
        "\"epochs\": 3, \"learning_rate\": 0.001"};
    for (size_t i = 0; i < sizeof succeed / sizeof succeed[0]; i++) {
        post_job(s, ds, succeed[i], id);
        wait_for_end(s, id, "succeeded");
    }
    post_job(s, ds, "\"learning_rate\": 50, \"standardize\": false, \"epochs\": 500", id);
    wait_for_end(s, id, "failed");
    e2e_job(s, "{\"dataset\": {\"X\": [1, 2, 4], \"y\": [2, 4.5, 7.25]}, \"name\": \"inline\"}",
            id);
    wait_for_end(s, id, "succeeded");
    post_job(s, doomed, "", id);
    wait_for_end(s, id, "succeeded");
    delete_item(s, "datasets", doomed); /* its job and model stay */
    post_job(s, ds, "\"name\": \"without its model\"", id);
    e2e_reply r = e2e_wait(s, id);
    delete_item(s, "models", e2e_string(r.json, "model_id"));
    e2e_reply_free(&r);
    post_job(s, ds, "\"name\": \"model without its job\"", id);
    wait_for_end(s, id, "succeeded");
    delete_item(s, "jobs", id);
    post_job(s, ds, ENDLESS, slow);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    cancel(s, slow);
    wait_for_end(s, slow, "cancelled");
}

#endif
