/* Every reply of a tour of all routes is as documented, and every documented property and status
 * occurs on it. The tour's parts are in tour_*.c. */
#include "tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Properties that no reply of the tour has, and why. */
static bool can_not_be_seen(const char *path)
{
    /* hyperparameters: they are made from the tables, one for each member of each family, and
     * every one is set and echoed in the tests of api */
    static const char *const families[] = {"spec.model.", "spec.cost.", "spec.optimizer.",
                                           "spec.schedule."};
    for (size_t i = 0; i < COUNT(families); i++)
        if (strstr(path, families[i]))
            return true;
    /* said of a job whose progress is damaged in the database (test_checkpoints.c) */
    const char *last = strrchr(path, '.');
    return last && strcmp(last, ".note") == 0;
}

static int unseen;

static void check_property(void *ctx, const char *path, const cJSON *property)
{
    (void)ctx;
    bool not_null = schema_nullable(checker, property);
    bool was = schema_seen(checker, property, not_null);
    if (was || can_not_be_seen(path))
        return;
    fprintf(stderr, "%s was %s\n", path, not_null ? "never seen but null" : "never seen");
    unseen++;
}

/* Every response that is documented, but not one of the server's own troubles. */
static void check_operation(const cJSON *path, const cJSON *op)
{
    const cJSON *response, *content;
    cJSON_ArrayForEach (response, member(op, "responses")) {
        int status = atoi(response->string);
        if (status >= 500)
            continue;
        if (!was_answered(response)) {
            fprintf(stderr, "%s %s never answered %d\n", op->string, path->string, status);
            unseen++;
        }
        cJSON_ArrayForEach (content, member(schema_resolve(checker, response), "content"))
            schema_each_property(checker, cJSON_GetObjectItemCaseSensitive(content, "schema"),
                                 op->string, check_property, NULL);
    }
}

START_TEST(every_reply_is_as_documented_and_all_that_is_documented_occurs)
{
    tour_system();
    tour_tokens();
    tour_datasets();
    tour_sparse();
    tour_versions();
    tour_uploads();
    tour_diagnostics();
    tour_jobs();
    tour_history();
    tour_models();
    tour_tasks();
    tour_members();
    tour_columns();
    tour_check();
    tour_dry_run();
    tour_steering();
    tour_changes();
    tour_parameters();
    tour_full_queue();
    e2e_server *small = server;
    server = e2e_start(NULL); /* whose queue has room for sweeps */
    tour_sweeps();
    e2e_stop(server);
    server = small;
    const cJSON *path, *op;
    cJSON_ArrayForEach (path, e2e_at(api, "paths"))
        cJSON_ArrayForEach (op, path)
            if (is_method(op->string))
                check_operation(path, op);
    ck_assert_msg(unseen == 0, "%d documented properties or statuses were not seen (see above)",
                  unseen);
}

int main(void)
{
    TCase *tc = tcase_create("replies");
    tcase_add_test(tc, every_reply_is_as_documented_and_all_that_is_documented_occurs);
    return run_documented_small(tc);
}
