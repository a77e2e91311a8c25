/* Kills at random moments, under a mixed load: uploads, jobs of every optimizer, sweeps, deletes.
 *
 * Every third end is a SIGTERM, under the same load. After each the database is sound; after each start everything that was acknowledged is
 * there, once, and nothing that was acknowledged as deleted is. In the end no stray file is left,
 * and every job has ended as one that nothing interrupted. DESCENTD_KILLS sets how many (30); the
 * seed is printed, DESCENTD_SEED sets it.
 */
#define _GNU_SOURCE
#include "twins.h"

#include <pthread.h>

enum { CLIENTS = 3, MOST = 20000 };

/* Long enough to be met in the middle, some by mini-batches; on rows of 3 features, or the sparse ones of two
 * classes. */
static const struct {
    bool sparse;
    const char *text;
} specs[] = {
    {false, "\"optimizer\": \"gd\", \"cost\": \"huber\", \"epochs\": 400, \"learning_rate\": 0.01"},
    {false, "\"optimizer\": \"gd\", \"epochs\": 30, \"batch_size\": 1, \"learning_rate\": 0.0001"},
    {false, "\"optimizer\": \"momentum\", \"cost\": \"log_cosh\", \"epochs\": 100, \"learning_rate\": "
    "0.001"},
    {false, "\"optimizer\": \"nesterov\", \"epochs\": 60, \"batch_size\": 16, \"learning_rate\": 0.0001, "
    "\"average\": true"},
    {false, "\"optimizer\": \"adagrad\", \"epochs\": 60, \"batch_size\": 64"},
    {false, "\"optimizer\": \"rmsprop\", \"epochs\": 60, \"batch_size\": 64, \"l2\": 0.01"},
    {false, "\"optimizer\": \"adadelta\", \"cost\": \"huber\", \"epochs\": 300"},
    {false, "\"optimizer\": \"adam\", \"epochs\": 60, \"batch_size\": 64, \"validation_fraction\": 0.2"},
    {false, "\"optimizer\": \"adamw\", \"epochs\": 60, \"batch_size\": 100, \"record_parameters\": 10"},
    {false, "\"optimizer\": \"nadam\", \"cost\": \"huber\", \"epochs\": 200"},
    {false, "\"optimizer\": \"amsgrad\", \"epochs\": 60, \"batch_size\": 64, \"cross_validation\": 3"},
    {false, "\"optimizer\": \"lion\", \"epochs\": 60, \"batch_size\": 64"},
    {false, "\"optimizer\": \"lbfgs\", \"cost\": \"log_cosh\", \"epochs\": 50"},
    {false, "\"optimizer\": \"adam\", \"model\": {\"name\": \"mlp\", \"hidden_layers\": [8]}, "
    "\"epochs\": 4, \"batch_size\": 32"},
    {false, "\"optimizer\": \"momentum\", \"schedule\": {\"name\": \"one_cycle\"}, \"learning_rate\": 0.001, "
            "\"epochs\": 60, \"batch_size\": 64, \"clip_norm\": 1"},
    {false, "\"optimizer\": \"adam\", \"schedule\": \"reduce_on_plateau\", \"epochs\": 200, \"batch_size\": 64, "
            "\"validation_fraction\": 0.2, \"patience\": 20"},
    {false, "\"optimizer\": \"gd\", \"cost\": \"huber\", \"l1\": 0.01, \"non_negative\": true, \"epochs\": 300, "
            "\"learning_rate\": 0.01"},
    {false, "\"optimizer\": \"adam\", \"model\": {\"name\": \"mlp\", \"hidden_layers\": [8]}, "
            "\"dtype\": \"float32\", \"epochs\": 4, \"batch_size\": 32"},
    {true, "\"model\": \"logistic_regression\", \"epochs\": 60, \"batch_size\": 1, \"l2\": 0.001"},
    {true, "\"model\": \"logistic_regression\", \"optimizer\": \"adagrad\", \"epochs\": 40, \"batch_size\": 64"},
};
enum { SPECS = sizeof specs / sizeof specs[0] };

#define SWEPT "\"epochs\": 50, \"tol\": 0, \"cost\": \"huber\""

/* What was asked for; id is empty until it was acknowledged. */
typedef enum kind { DATASET, JOB, SWEEP } kind;
static const char *const lists[] = {"datasets", "jobs", "sweeps"};

typedef struct thing {
    kind kind;
    int spec; /* of a job */
    char id[32];
    bool asked_to_go, gone; /* asked: nobody knows, unless it was acknowledged */
} thing;

typedef struct client {
    const e2e_server *s;
    pthread_t thread;
    const char *dataset, *sparse, *csv;
    int number, serial, jobs, odd;
    unsigned long long seed;
    thing *things;    /* MOST of them */
    int count, known; /* known: were there after an earlier kill */
} client;

static e2e_reply ask(client *c, const char *method, const char *path, const char *type,
                     const char *body)
{
    const char *const headers[] = {type, NULL};
    return e2e_try(c->s, NULL, method, path, type ? headers : NULL, body, body ? strlen(body) : 0);
}

/* False when nobody answers any more. */
static bool make(client *c, kind what)
{
    char body[1024], path[128];
    int spec = (int)(draw(&c->seed) * SPECS);
    e2e_reply r;
    snprintf(path, sizeof path, "/v1/%s", lists[what]);
    if (what == DATASET) {
        snprintf(path, sizeof path, "/v1/datasets?target=y&name=k%d-%d", c->number, c->serial++);
        r = ask(c, "POST", path, "Content-Type: text/csv", c->csv);
    } else if (what == JOB) {
        snprintf(body, sizeof body,
                 "{\"dataset_id\": \"%s\", \"name\": \"k%d-%d\", \"tol\": 0, \"seed\": 7, %s}",
                 specs[spec].sparse ? c->sparse : c->dataset, c->number, c->serial++,
                 specs[spec].text);
        r = ask(c, "POST", path, "Content-Type: application/json", body);
    } else {
        snprintf(body, sizeof body,
                 "{\"name\": \"k%d-%d\", \"job\": {\"dataset_id\": \"%s\", " SWEPT
                 "}, \"grid\": {\"learning_rate\": [0.01, 0.1]}}",
                 c->number, c->serial++, c->dataset);
        r = ask(c, "POST", path, "Content-Type: application/json", body);
    }
    long status = r.status;
    if (status == (what == DATASET ? 201 : 202) && r.json && c->count < MOST) {
        thing *t = &c->things[c->count++];
        *t = (thing){.kind = what, .spec = spec};
        snprintf(t->id, sizeof t->id, "%s", e2e_string(r.json, "id"));
        c->jobs += what == JOB;
    } else if (status != 0) {
        printf("unexpected: %ld %s\n", status, r.body);
        fflush(stdout);
        c->odd++;
    }
    e2e_reply_free(&r);
    return status != 0;
}

/* Deletes one of its things; a job may be too busy for that. */
static bool unmake(client *c)
{
    char path[96];
    if (c->count == 0)
        return true;
    thing *t = &c->things[(int)(draw(&c->seed) * c->count)];
    if (t->gone || t->kind == JOB) /* jobs are to be compared in the end */
        return true;
    bool again = t->asked_to_go;
    t->asked_to_go = true;
    snprintf(path, sizeof path, "/v1/%s/%s", lists[t->kind], t->id);
    e2e_reply r = ask(c, "DELETE", path, NULL, NULL);
    long status = r.status;
    t->gone = status == 204 || (again && status == 404);
    if (status == 409) { /* its jobs have not ended: it stays */
        t->asked_to_go = again;
    } else if (status != 0 && !t->gone) {
        printf("unexpected: %ld %s\n", status, r.body);
        fflush(stdout);
        c->odd++;
    }
    e2e_reply_free(&r);
    return status != 0;
}

static void *keep_busy(void *arg)
{
    client *c = arg;
    bool answered = true;
    c->jobs = 0;
    while (answered) {
        double what = draw(&c->seed);
        if (what < 0.2 && c->jobs < 2)
            answered = make(c, JOB);
        else if (what < 0.4)
            answered = make(c, DATASET);
        else if (what < 0.45 && c->jobs < 2)
            answered = make(c, SWEEP), c->jobs++;
        else if (what < 0.6)
            answered = unmake(c);
        else {
            e2e_reply r = ask(c, "GET", "/v1/jobs?limit=20", NULL, NULL);
            answered = r.status != 0;
            e2e_reply_free(&r);
            rest(0.005);
        }
    }
    return NULL;
}

static void assert_kept(const e2e_server *s, thing *t)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/%s/%s", lists[t->kind], t->id);
    e2e_reply r = e2e_get(s, path);
    if (r.status != 200 && r.status != 404)
        ck_abort_msg("GET %s: %ld %s", path, r.status, r.body);
    if (t->gone ? r.status != 404 : r.status != 200 && !t->asked_to_go)
        ck_abort_msg("%s was acknowledged as %s, and is answered with %ld", path,
                     t->gone ? "deleted" : "made", r.status);
    t->gone = t->asked_to_go = r.status == 404; /* now it is known */
    e2e_reply_free(&r);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names are given once, so none is there twice. */
static void assert_once(const e2e_server *s, const char *list)
{
    char **names = calloc(4 * MOST, sizeof *names), path[96];
    size_t n = 0;
    for (double before = 9e15; before > 0;) {
        snprintf(path, sizeof path, "/v1/%s?limit=1000&before=%.0f", list, before);
        e2e_reply r = e2e_get(s, path);
        const cJSON *item, *next = e2e_at(r.json, "next");
        cJSON_ArrayForEach (item, e2e_at(r.json, list))
            if (e2e_string(item, "name")[0] == 'k' && n < 4 * MOST)
                names[n++] = strdup(e2e_string(item, "name"));
        before = cJSON_IsNumber(next) ? next->valuedouble : 0;
        e2e_reply_free(&r);
    }
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 0; i + 1 < n; i++)
        if (strcmp(names[i], names[i + 1]) == 0)
            ck_abort_msg("%s is there twice among the %s", names[i], list);
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* What the last kill may have met, or all that there ever was. */
static void assert_all_kept(const e2e_server *s, client *clients, bool ever)
{
    for (int i = 0; i < CLIENTS; i++) {
        client *c = &clients[i];
        for (int k = 0; k < c->count; k++)
            if (ever || k >= c->known || (c->things[k].asked_to_go && !c->things[k].gone))
                assert_kept(s, &c->things[k]);
        c->known = c->count;
    }
}

static void one_kill(e2e_server *s, client *clients, double seconds, bool hard)
{
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, keep_busy, &clients[i]), 0);
    rest(seconds * SLOWER); /* the random moment, not a wait for anything */
    if (hard)
        kill_hard(s);
    else
        end_cleanly(s, SIGTERM, 20);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    assert_database_sound(s);
    e2e_restart(s, NULL);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(clients[i].odd, 0);
    assert_all_kept(s, clients, false);
}

/* The two jobs of a sweep, by their numbers. */
static void children_of(const e2e_server *s, const char *sweep, char ids[2][32])
{
    e2e_reply r = e2e_getf(s, "/v1/sweeps/%s", sweep);
    const cJSON *child;
    ck_assert_int_eq(r.status, 200);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "jobs")), 2);
    cJSON_ArrayForEach (child, e2e_at(r.json, "jobs"))
        snprintf(ids[e2e_number(child, "number") == 2], 32, "%s", e2e_string(child, "job_id"));
    e2e_reply_free(&r);
}

START_TEST(killed_at_random_moments_it_loses_nothing)
{
    unsigned long long seed = seed_of_the_day("killed_at_random_moments");
    const char *asked = getenv("DESCENTD_KILLS");
    int kills = asked ? atoi(asked) : 30 / SLOWER, again = 0, compared = 0, things = 0;
    static client clients[CLIENTS];
    char ds[32], sparse[32], twins[SPECS][32] = {{0}}, twin_sweep[2][32] = {{0}};
    char *rows = make_csv(8000 / SLOWER, 3, 11), *upload = make_csv(300, 2, 12);
    e2e_server *s = e2e_start(NULL);
    upload_csv(s, rows, ds);
    upload_sparse(s, 4000 / SLOWER, sparse);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = (client){.s = s,
                              .dataset = ds,
                              .sparse = sparse,
                              .csv = upload,
                              .number = i,
                              .seed = seed + 77u * (unsigned)i,
                              .things = calloc(MOST, sizeof(thing))};
    for (int k = 0; k < kills; k++) {
        one_kill(s, clients, 0.02 + 0.3 * draw(&seed), k % 3 != 2);
        again += taken_up(s);
    }
    assert_all_kept(s, clients, true);
    WAIT_UNTIL(count_of(s, "jobs", "&state=queued") + count_of(s, "jobs", "&state=running") == 0,
               300);
    for (int l = 0; l < 3; l++)
        assert_once(s, lists[l]);
    for (int i = 0; i < CLIENTS; i++)
        for (int k = 0; k < clients[i].count; k++) {
            thing *t = &clients[i].things[k];
            things++;
            if (t->gone || t->kind == DATASET)
                continue;
            char ids[2][32];
            compared++;
            if (t->kind == JOB) {
                char(*twin)[32] = &twins[t->spec];
                if (!**twin) {
                    char whole[600];
                    snprintf(whole, sizeof whole, "\"tol\": 0, \"seed\": 7, %s", specs[t->spec].text);
                    post_job(s, specs[t->spec].sparse ? sparse : ds, whole, *twin);
                    wait_for_end(s, *twin, "succeeded");
                }
                assert_twins(s, *twin, t->id);
                continue;
            }
            children_of(s, t->id, ids);
            for (int c = 0; c < 2; c++) {
                if (!*twin_sweep[c]) {
                    char whole[300];
                    snprintf(whole, sizeof whole, SWEPT ", \"learning_rate\": %s",
                             c ? "0.1" : "0.01");
                    post_job(s, ds, whole, twin_sweep[c]);
                    wait_for_end(s, twin_sweep[c], "succeeded");
                }
                assert_twins(s, twin_sweep[c], ids[c]);
            }
        }
    printf("%d kills, %d things acknowledged, jobs taken up again %d times, %d compared\n", kills,
           things, again, compared);
    ck_assert_int_ge(again, kills / 10);
    finish(s);
    for (int i = 0; i < CLIENTS; i++)
        free(clients[i].things);
    free(rows);
    free(upload);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kills");
    TCase *tc = tcase_create("kills");
    tcase_set_timeout(tc, 3000);
    tcase_add_test(tc, killed_at_random_moments_it_loses_nothing);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
