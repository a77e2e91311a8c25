/* Many clients at once: each trains on data of its own and checks its own coefficients, others
 * list, cancel and delete meanwhile; many jobs on one dataset agree; the queue's bound holds.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>

/* ---- ids that were given out, to see that none is given twice ---- */

enum { MOST_IDS = 65536 };
static char ids[MOST_IDS][32];
static int ids_count;
static pthread_mutex_t ids_lock = PTHREAD_MUTEX_INITIALIZER;

static void note_id(const char *id)
{
    pthread_mutex_lock(&ids_lock);
    snprintf(ids[ids_count++ % MOST_IDS], 32, "%s", id);
    pthread_mutex_unlock(&ids_lock);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void assert_ids_distinct(int at_least)
{
    ck_assert_int_ge(ids_count, at_least);
    ck_assert_int_lt(ids_count, MOST_IDS);
    qsort(ids, (size_t)ids_count, 32, by_text);
    for (int i = 1; i < ids_count; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            ck_abort_msg("%s was given twice", ids[i]);
}

/* ---- a client: a thread with a connection that it keeps ---- */

typedef struct client {
    const e2e_server *s;
    pthread_t thread;
    int number, rounds;
    CURL *curl;
    unsigned long long seed;
    atomic_bool *stop; /* of those who go on until they are told */
    int done;
    double worst; /* seconds that a request took */
} client;

static e2e_reply ask(client *c, const char *method, const char *path, const char *body)
{
    static const char *const type[] = {"Content-Type: application/json", NULL};
    e2e_reply r =
        e2e_try(c->s, c->curl, method, path, body ? type : NULL, body, body ? strlen(body) : 0);
    if (r.status == 0)
        ck_abort_msg("client %d: %s %s: %s", c->number, method, path, r.body);
    if (r.status >= 500 || (r.body && strstr(r.body, "locked")))
        ck_abort_msg("client %d: %s %s: %ld %s", c->number, method, path, r.status, r.body);
    return r;
}

/* The reply must have this status. */
static e2e_reply must(client *c, long status, const char *method, const char *body,
                      const char *path, ...) __attribute__((format(printf, 5, 6)));

static e2e_reply must(client *c, long status, const char *method, const char *body,
                      const char *path, ...)
{
    char full[192];
    va_list ap;
    va_start(ap, path);
    vsnprintf(full, sizeof full, path, ap);
    va_end(ap);
    e2e_reply r = ask(c, method, full, body);
    if (r.status != status)
        ck_abort_msg("client %d: %s %s: %ld, not %ld: %s", c->number, method, full, r.status,
                     status, r.body);
    return r;
}

static void run_clients(client *clients, int n, void *(*main)(void *))
{
    for (int i = 0; i < n; i++)
        if (pthread_create(&clients[i].thread, NULL, main, &clients[i]) != 0)
            ck_abort_msg("thread %d can't be started", i);
}

static void join_clients(client *clients, int n)
{
    for (int i = 0; i < n; i++)
        pthread_join(clients[i].thread, NULL);
}

/* ---- one round of a client: upload, train, poll, history, model, predictions ---- */

enum { ROWS = 40 };

typedef struct line {
    double x[ROWS], y[ROWS], m, b; /* the closed form */
} line;

static void draw_line(client *c, line *l)
{
    double slope = 20 * draw(&c->seed) - 10, offset = 1000 * c->number + 7;
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < ROWS; i++) {
        l->x[i] = 5 * draw(&c->seed) + 2;
        l->y[i] = slope * l->x[i] + offset + draw(&c->seed);
        sx += l->x[i];
        sy += l->y[i];
    }
    for (int i = 0; i < ROWS; i++) {
        sxx += (l->x[i] - sx / ROWS) * (l->x[i] - sx / ROWS);
        sxy += (l->x[i] - sx / ROWS) * (l->y[i] - sy / ROWS);
    }
    l->m = sxy / sxx;
    l->b = sy / ROWS - l->m * sx / ROWS;
}

static size_t print_numbers(char *to, const char *name, const double *v)
{
    size_t at = (size_t)sprintf(to, "\"%s\": [", name);
    for (int i = 0; i < ROWS; i++)
        at += (size_t)sprintf(to + at, "%s%.17g", i ? ", " : "", v[i]);
    return at + (size_t)sprintf(to + at, "]");
}

static void print_data(char *to, const line *l)
{
    size_t at = (size_t)sprintf(to, "{");
    at += print_numbers(to + at, "X", l->x);
    at += (size_t)sprintf(to + at, ", ");
    at += print_numbers(to + at, "y", l->y);
    sprintf(to + at, "}");
}

static void assert_near(client *c, double got, double want, const char *what)
{
    if (!(fabs(got - want) <= 1e-6 * fmax(1, fabs(want))))
        ck_abort_msg("client %d: %s is %.12g, not %.12g", c->number, what, got, want);
}

/* Follows the job to its end: the epoch only grows. Writes the model's id. */
static void follow(client *c, const char *job, bool hold, char model[32])
{
    double epoch = 0, end = e2e_now() + 120;
    for (;;) {
        e2e_reply r = must(c, 200, "GET", NULL, "/v1/jobs/%s%s", job, hold ? "?wait=20" : "");
        const char *state = e2e_string(r.json, "state");
        if (e2e_number(r.json, "epoch") < epoch)
            ck_abort_msg("client %d: the epoch fell", c->number);
        epoch = e2e_number(r.json, "epoch");
        bool ended = strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
        if (ended && strcmp(state, "succeeded") != 0)
            ck_abort_msg("client %d: %s", c->number, r.body);
        if (ended)
            snprintf(model, 32, "%s", e2e_string(r.json, "model_id"));
        e2e_reply_free(&r);
        if (ended)
            return;
        if (e2e_now() > end)
            ck_abort_msg("client %d: job %s does not end", c->number, job);
    }
}

static void check_history(client *c, const char *job)
{
    e2e_reply r = must(c, 200, "GET", NULL, "/v1/jobs/%s/history", job);
    double epoch = -1, first = e2e_number(r.json, "history.0.cost"), last = first;
    const cJSON *point;
    cJSON_ArrayForEach (point, e2e_at(r.json, "history")) {
        if (e2e_number(point, "epoch") <= epoch)
            ck_abort_msg("client %d: epochs are out of order", c->number);
        epoch = e2e_number(point, "epoch");
        last = e2e_number(point, "cost");
    }
    if (epoch < 1 || !(last < first))
        ck_abort_msg("client %d: after %g epochs the cost went from %g to %g", c->number, epoch,
                     first, last);
    e2e_reply_free(&r);
}

static void check_model(client *c, const char *model, const line *l)
{
    e2e_reply r = must(c, 200, "GET", NULL, "/v1/models/%s", model);
    double m = e2e_number(r.json, "parameters.coefficients.0"),
           b = e2e_number(r.json, "parameters.intercept");
    assert_near(c, m, l->m, "the slope");
    assert_near(c, b, l->b, "the intercept");
    e2e_reply_free(&r);
    r = must(c, 200, "POST", "{\"X\": [0, 1, -2.5]}", "/v1/models/%s/predictions", model);
    assert_near(c, e2e_number(r.json, "predictions.0"), l->b, "the prediction at 0");
    assert_near(c, e2e_number(r.json, "predictions.1"), l->m + l->b, "the prediction at 1");
    assert_near(c, e2e_number(r.json, "predictions.2"), -2.5 * l->m + l->b, "the one at -2.5");
    e2e_reply_free(&r);
}

static void forget(client *c, const char *list, const char *id)
{
    e2e_reply r = must(c, 204, "DELETE", NULL, "/v1/%s/%s", list, id);
    e2e_reply_free(&r);
    r = must(c, 404, "GET", NULL, "/v1/%s/%s", list, id);
    e2e_reply_free(&r);
}

static void round_of(client *c, int round)
{
    line l;
    char data[4096], body[4400], ds[32], job[32], model[32];
    bool inlined = round % 3 == 2;
    draw_line(c, &l);
    print_data(data, &l);
    if (inlined) {
        snprintf(body, sizeof body, "{\"dataset\": %s, \"tol\": 1e-14}", data);
    } else {
        e2e_reply r = must(c, 201, "POST", data, "/v1/datasets");
        snprintf(ds, sizeof ds, "%s", e2e_string(r.json, "id"));
        note_id(ds);
        e2e_reply_free(&r);
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"tol\": 1e-14, \"seed\": %d}", ds,
                 c->number);
    }
    e2e_reply r = must(c, 202, "POST", body, "/v1/jobs");
    snprintf(job, sizeof job, "%s", e2e_string(r.json, "id"));
    snprintf(ds, sizeof ds, "%s", e2e_string(r.json, "dataset_id"));
    note_id(job);
    e2e_reply_free(&r);
    follow(c, job, (c->number + round) % 2, model);
    note_id(model);
    check_history(c, job);
    check_model(c, model, &l);
    if (round % 4 == 1)
        forget(c, "models", model);
    if (round % 4 == 2)
        forget(c, "jobs", job);
    if (round % 4 == 3)
        forget(c, "datasets", ds);
}

static void *train_rounds(void *arg)
{
    client *c = arg;
    c->curl = curl_easy_init();
    for (int i = 0; i < c->rounds; i++) {
        round_of(c, i);
        c->done++;
    }
    curl_easy_cleanup(c->curl);
    return NULL;
}

/* Lists everything, page by page, and looks at what it finds, which may be gone by then. */
static void *list_all(void *arg)
{
    static const char *const lists[] = {"datasets", "jobs", "models"};
    client *c = arg;
    c->curl = curl_easy_init();
    while (!atomic_load(c->stop)) {
        const char *list = lists[c->done++ % 3];
        double before = 9e15;
        for (int page = 0; page < 4 && before > 0; page++) {
            e2e_reply r = must(c, 200, "GET", NULL, "/v1/%s?limit=30&before=%.0f", list, before);
            const cJSON *next = e2e_at(r.json, "next"), *item;
            cJSON_ArrayForEach (item, e2e_at(r.json, list)) {
                char path[96];
                if (draw(&c->seed) > 0.1)
                    continue;
                snprintf(path, sizeof path, "/v1/%s/%s", list, e2e_string(item, "id"));
                e2e_reply one = ask(c, "GET", path, NULL);
                if (one.status != 200 && one.status != 404)
                    ck_abort_msg("GET %s: %ld %s", path, one.status, one.body);
                e2e_reply_free(&one);
            }
            before = cJSON_IsNumber(next) ? next->valuedouble : 0;
            e2e_reply_free(&r);
        }
    }
    curl_easy_cleanup(c->curl);
    return NULL;
}

/* Makes jobs to cancel and delete, at every moment of their lives. */
static void *make_and_break(void *arg)
{
    client *c = arg;
    c->curl = curl_easy_init();
    while (!atomic_load(c->stop)) {
        char job[32], ds[32], path[96];
        e2e_reply r =
            must(c, 202, "POST", "{\"dataset\": {\"X\": [1, 2, 3], \"y\": [1, 2, 4]}, " ENDLESS "}",
                 "/v1/jobs");
        snprintf(job, sizeof job, "%s", e2e_string(r.json, "id"));
        snprintf(ds, sizeof ds, "%s", e2e_string(r.json, "dataset_id"));
        note_id(job);
        note_id(ds);
        e2e_reply_free(&r);
        r = must(c, 409, "DELETE", NULL, "/v1/jobs/%s", job); /* cancel it first */
        e2e_reply_free(&r);
        r = must(c, 409, "DELETE", NULL, "/v1/datasets/%s", ds); /* the job needs it */
        e2e_reply_free(&r);
        r = must(c, 202, "POST", NULL, "/v1/jobs/%s/cancel", job);
        e2e_reply_free(&r);
        for (double end = e2e_now() + 60;;) {
            r = must(c, 200, "GET", NULL, "/v1/jobs/%s?wait=10", job);
            bool cancelled = strcmp(e2e_string(r.json, "state"), "cancelled") == 0;
            e2e_reply_free(&r);
            if (cancelled)
                break;
            if (e2e_now() > end)
                ck_abort_msg("job %s is not cancelled", job);
        }
        forget(c, "jobs", job);
        forget(c, "datasets", ds);
        snprintf(path, sizeof path, "/v1/jobs/%s/cancel", job);
        r = must(c, 404, "POST", NULL, "%s", path);
        e2e_reply_free(&r);
        c->done++;
    }
    curl_easy_cleanup(c->curl);
    return NULL;
}

START_TEST(sixty_four_clients_each_get_their_own_answers)
{
    enum { CLIENTS = 64, LISTERS = 3, BREAKERS = 3, ROUNDS = SLOWER > 1 ? 4 : 10 };
    client clients[CLIENTS] = {0}, listers[LISTERS] = {0}, breakers[BREAKERS] = {0};
    unsigned long long seed = seed_of_the_day("sixty_four_clients");
    atomic_bool stop = false;
    e2e_server *s = e2e_start(NULL);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = (client){.s = s, .number = i, .rounds = ROUNDS, .seed = seed + (unsigned)i};
    for (int i = 0; i < LISTERS; i++)
        listers[i] = (client){.s = s, .number = 100 + i, .stop = &stop, .seed = seed + 100};
    for (int i = 0; i < BREAKERS; i++)
        breakers[i] = (client){.s = s, .number = 200 + i, .stop = &stop};
    run_clients(listers, LISTERS, list_all);
    run_clients(breakers, BREAKERS, make_and_break);
    run_clients(clients, CLIENTS, train_rounds);
    join_clients(clients, CLIENTS);
    atomic_store(&stop, true);
    join_clients(listers, LISTERS);
    join_clients(breakers, BREAKERS);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(clients[i].done, ROUNDS);
    for (int i = 0; i < LISTERS; i++)
        ck_assert_int_ge(listers[i].done, 3);
    for (int i = 0; i < BREAKERS; i++)
        ck_assert_int_ge(breakers[i].done, 1);
    assert_ids_distinct(CLIENTS * ROUNDS * 2);
    /* the job of every model that was deleted is still listed, and so on */
    ck_assert_int_eq(count_of(s, "jobs", ""), CLIENTS * (ROUNDS - ROUNDS / 4 - (ROUNDS % 4 > 2)));
    finish(s);
}
END_TEST

/* ---- uploads as fast as they go, on connections of their own ---- */

static void *upload_only(void *arg)
{
    static const char *const type[] = {"Content-Type: application/json", NULL};
    static const char body[] = "{\"X\": [1, 2, 3], \"y\": [2, 4, 6.5]}";
    client *c = arg;
    for (int i = 0; i < c->rounds; i++) {
        e2e_reply r = e2e_request(c->s, "POST", "/v1/datasets", type, body, sizeof body - 1);
        if (r.status != 201)
            ck_abort_msg("client %d, upload %d: %ld %s", c->number, i, r.status, r.body);
        e2e_reply_free(&r);
    }
    return NULL;
}

START_TEST(sixty_four_clients_upload_one_dataset_after_the_other)
{
    enum { CLIENTS = 64, ROUNDS = 12 };
    client clients[CLIENTS] = {0};
    e2e_server *s = e2e_start(NULL);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = (client){.s = s, .number = i, .rounds = ROUNDS};
    run_clients(clients, CLIENTS, upload_only);
    join_clients(clients, CLIENTS);
    ck_assert_int_eq(count_of(s, "datasets", ""), CLIENTS * ROUNDS);
    finish(s);
}
END_TEST

/* ---- one greedy job ---- */

/* Each on a fresh connection, so that any listener thread may get it. */
static void *upload_until_told(void *arg)
{
    client *c = arg;
    while (!atomic_load(c->stop)) {
        double began = e2e_now();
        e2e_reply r =
            must(c, 201, "POST", "{\"X\": [1, 2, 3], \"y\": [2, 4, 6.5]}", "/v1/datasets");
        e2e_reply_free(&r);
        c->worst = fmax(c->worst, e2e_now() - began);
        c->done++;
    }
    return NULL;
}

/* It records up to a million points: who else writes, or just asks how things are, must not have
 * to wait until all these are written. */
START_TEST(a_job_that_keeps_every_epoch_does_not_hold_up_everybody_else)
{
    enum { CLIENTS = 12 };
    static const char *const one[] = {"--workers", "1", NULL};
    client clients[CLIENTS] = {0};
    atomic_bool stop = false;
    char ds[32], job[32];
    e2e_server *s = e2e_start(one);
    e2e_dataset(s, "{\"X\": [1, 2, 3, 5], \"y\": [2, 4.1, 6, 8]}", ds);
    post_greedy_job(s, ds, job);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = (client){.s = s, .number = i, .stop = &stop};
    run_clients(clients, CLIENTS, upload_until_told);
    double worst = 0, worst_write = 0, end = e2e_now() + 100 * SLOWER;
    for (bool ended = false; !ended && e2e_now() < end; rest(0.01)) {
        double began = e2e_now();
        e2e_reply r = e2e_get(s, "/healthz");
        ck_assert_int_eq(r.status, 200);
        e2e_reply_free(&r);
        ended = in_state(s, job, "succeeded");
        worst = fmax(worst, e2e_now() - began);
    }
    atomic_store(&stop, true);
    join_clients(clients, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        worst_write = fmax(worst_write, clients[i].worst);
    /* a tenth of a second as a rule; under a sanitizer times mean little */
    if (SLOWER == 1 && (worst > 2 || worst_write > 3))
        ck_abort_msg("health check and status took up to %.2f s, an upload %.2f s", worst,
                     worst_write);
    wait_for_end(s, job, "succeeded");
    finish(s);
}
END_TEST

/* ---- one dataset, many jobs ---- */

typedef struct poster {
    client c;
    const char *dataset;
    char job[32];
    long status;
    double retry_after;
    bool inlined;
} poster;

static void *post_one(void *arg)
{
    poster *p = arg;
    char body[512], header[32];
    if (p->inlined)
        snprintf(body, sizeof body,
                 "{\"dataset\": {\"X\": [1, 2, 3], \"y\": [1, 2, 4]}, \"epochs\": 20}");
    else
        snprintf(body, sizeof body,
                 "{\"dataset_id\": \"%s\", \"batch_size\": 64, \"seed\": 5, \"tol\": 0, "
                 "\"learning_rate\": 0.02, \"epochs\": 60, \"history_points\": 40}",
                 p->dataset);
    e2e_reply r = ask(&p->c, "POST", "/v1/jobs", body);
    p->status = r.status;
    if (r.status == 202)
        snprintf(p->job, sizeof p->job, "%s", e2e_string(r.json, "id"));
    p->retry_after = atof(e2e_header(&r, "Retry-After", header, sizeof header));
    if (r.status == 429 && !strstr(e2e_string(r.json, "type"), "queue-full"))
        ck_abort_msg("%s", r.body);
    e2e_reply_free(&r);
    return NULL;
}

static void post_all(poster *posters, int n, const e2e_server *s, const char *dataset)
{
    for (int i = 0; i < n; i++) {
        posters[i].c.s = s;
        posters[i].c.number = i;
        posters[i].dataset = dataset;
        if (pthread_create(&posters[i].c.thread, NULL, post_one, &posters[i]) != 0)
            ck_abort_msg("thread %d can't be started", i);
    }
    for (int i = 0; i < n; i++)
        pthread_join(posters[i].c.thread, NULL);
}

/* The member of the document, printed; freed by the caller. */
static char *printed(const e2e_server *s, const char *path, const char *member)
{
    e2e_reply r = e2e_get(s, path);
    ck_assert_int_eq(r.status, 200);
    char *text = cJSON_PrintUnformatted(e2e_at(r.json, member));
    e2e_reply_free(&r);
    return text;
}

/* What two jobs must have in common: parameters, metrics, and history but for its seconds. */
static char *outcome(const e2e_server *s, const char *job)
{
    char path[128], *model = NULL, *parts[3], *all = NULL;
    snprintf(path, sizeof path, "/v1/jobs/%s", job);
    model = printed(s, path, "model_id");
    model[strlen(model) - 1] = '\0';
    snprintf(path, sizeof path, "/v1/models/%s", model + 1);
    parts[0] = printed(s, path, "parameters");
    parts[1] = printed(s, path, "metrics");
    snprintf(path, sizeof path, "/v1/jobs/%s/history", job);
    e2e_reply r = e2e_get(s, path);
    cJSON *history = (cJSON *)e2e_at(r.json, "history"), *point;
    cJSON_ArrayForEach (point, history)
        cJSON_DeleteItemFromObject(point, "seconds");
    parts[2] = cJSON_PrintUnformatted(history);
    e2e_reply_free(&r);
    if (asprintf(&all, "%s\n%s\n%s", parts[0], parts[1], parts[2]) < 0)
        ck_abort_msg("out of memory");
    for (int i = 0; i < 3; i++)
        free(parts[i]);
    free(model);
    return all;
}

START_TEST(sixty_four_jobs_on_one_dataset_agree_bit_for_bit)
{
    enum { JOBS = 64 };
    static const char *const two[] = {"--workers", "2", NULL};
    poster posters[JOBS] = {0};
    char ds[32], path[96];
    e2e_server *s = e2e_start(two);
    char *csv = make_csv(3000, 4, 21);
    upload_csv(s, csv, ds);
    free(csv);
    post_all(posters, JOBS, s, ds);
    char *first = NULL;
    for (int i = 0; i < JOBS; i++) {
        ck_assert_int_eq(posters[i].status, 202);
        wait_for_end(s, posters[i].job, "succeeded");
        char *other = outcome(s, posters[i].job);
        if (!first)
            first = other;
        else if (strcmp(first, other) != 0)
            ck_abort_msg("job %d differs:\n%s\n%s", i, first, other);
        if (other != first)
            free(other);
        snprintf(path, sizeof path, "/v1/jobs/%s", posters[i].job);
        char *epoch = printed(s, path, "epoch");
        ck_assert_str_eq(epoch, "60");
        free(epoch);
    }
    free(first);
    ck_assert_int_eq(count_of(s, "models", ""), JOBS);
    finish(s);
}
END_TEST

/* ---- the bound of the queue ---- */

START_TEST(a_full_queue_refuses_and_keeps_what_it_has_accepted)
{
    enum { POSTS = 32, BOUND = 4 };
    static const char *const tight[] = {"--workers", "1", "--max-queue", "4", NULL};
    poster posters[POSTS] = {0};
    char ds[32], slow[32];
    int accepted = 0;
    e2e_server *s = e2e_start(tight);
    char *csv = make_csv(300, 2, 2);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, slow);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    for (int i = 0; i < POSTS; i++)
        posters[i].inlined = i % 2;
    post_all(posters, POSTS, s, ds);
    for (int i = 0; i < POSTS; i++) {
        if (posters[i].status != 202 && posters[i].status != 429)
            ck_abort_msg("post %d: %ld", i, posters[i].status);
        if (posters[i].status == 429 && !(posters[i].retry_after >= 1))
            ck_abort_msg("a 429 without Retry-After");
        accepted += posters[i].status == 202;
    }
    ck_assert_int_eq(accepted, BOUND);
    ck_assert_int_eq(count_of(s, "jobs", ""), BOUND + 1); /* what was refused left nothing */
    WAIT_UNTIL(e2e_files_in(s, "datasets") == contents_of(s), 5);
    e2e_reply r = e2e_get(s, "/readyz");
    ck_assert_double_eq(e2e_number(r.json, "queued"), BOUND);
    ck_assert_double_eq(e2e_number(r.json, "running"), 1);
    e2e_reply_free(&r);

    /* after a restart the four are still there, though the bound is smaller now */
    kill_hard(s);
    static const char *const tighter[] = {"--workers", "1", "--max-queue", "2", NULL};
    e2e_restart(s, tighter);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    ck_assert_int_eq(count_of(s, "jobs", "&state=queued"), BOUND);
    poster late = {0};
    post_all(&late, 1, s, ds);
    ck_assert_int_eq(late.status, 429);

    cancel(s, slow);
    for (int i = 0; i < POSTS; i++)
        if (posters[i].status == 202)
            wait_for_end(s, posters[i].job, "succeeded");
    post_all(&late, 1, s, ds); /* and now there is room again */
    ck_assert_int_eq(late.status, 202);
    wait_for_end(s, late.job, "succeeded");
    finish(s);
}
END_TEST

START_TEST(cancelling_a_queued_job_makes_room_for_another)
{
    static const char *const tight[] = {"--workers", "1", "--max-queue", "1", NULL};
    char ds[32], slow[32], waiting[32];
    poster late = {0};
    e2e_server *s = e2e_start(tight);
    char *csv = make_csv(300, 2, 2);
    upload_csv(s, csv, ds);
    free(csv);
    post_job(s, ds, ENDLESS, slow);
    WAIT_UNTIL(in_state(s, slow, "running"), 30);
    for (int i = 0; i < 20; i++) {
        post_job(s, ds, "", waiting);
        post_all(&late, 1, s, ds);
        ck_assert_int_eq(late.status, 429);
        cancel(s, waiting);
        ck_assert(in_state(s, waiting, "cancelled")); /* at once: no worker has it */
    }
    cancel(s, slow);
    wait_for_end(s, slow, "cancelled");
    finish(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clients");
    TCase *tc = tcase_create("clients");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, sixty_four_clients_each_get_their_own_answers);
    tcase_add_test(tc, sixty_four_clients_upload_one_dataset_after_the_other);
    tcase_add_test(tc, a_job_that_keeps_every_epoch_does_not_hold_up_everybody_else);
    tcase_add_test(tc, sixty_four_jobs_on_one_dataset_agree_bit_for_bit);
    tcase_add_test(tc, a_full_queue_refuses_and_keeps_what_it_has_accepted);
    tcase_add_test(tc, cancelling_a_queued_job_makes_room_for_another);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
