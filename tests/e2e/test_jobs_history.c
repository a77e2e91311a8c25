/* The history of a job: which points are kept, how it is thinned and paged, as JSON and as CSV. */
#include "line.h"

START_TEST(short_job_records_every_epoch_as_gradient_descent_has_it)
{
    char id[32];
    e2e_reply r =
        run_well("\"epochs\": 50, \"tol\": 0, \"standardize\": false, \"learning_rate\": 0.02", id);
    size_t n;
    point *p = get_points(id, "", &n);
    ck_assert_uint_eq(n, 51);
    for (size_t i = 0; i < n; i++) {
        double mb[2] = {0, 0};
        ck_assert_double_eq(p[i].epoch, (double)i);
        ck_assert_double_eq(p[i].rate, 0.02);
        close_to(p[i].cost, descend(0.02, (int)i, mb), 1e-12);
    }
    ck_assert_double_eq(e2e_number(r.json, "cost"), p[n - 1].cost);
    ck_assert_double_eq(e2e_number(r.json, "gradient_norm"), p[n - 1].norm);
    double mb[2] = {0, 0}, gm = 0, gb = 0; /* the gradient at the start */
    for (int i = 0; i < ROWS; i++) {
        gm -= 2 * YS[i] * XS[i] / ROWS;
        gb -= 2 * YS[i] / ROWS;
    }
    close_to(p[0].norm, hypot(gm, gb), 1e-13);
    descend(0.02, 50, mb);
    e2e_reply m = e2e_getf(s, "/v1/models/%s", e2e_string(r.json, "model_id"));
    close_to(e2e_number(m.json, "parameters.m"), mb[0], 1e-12);
    close_to(e2e_number(m.json, "parameters.b"), mb[1], 1e-12);
    e2e_reply_free(&m);
    e2e_reply_free(&r);
    free(p);
}
END_TEST

/* Single-row updates at a high rate: the cost goes up and down, its lowest is no end. */
#define NOISY                                                                                      \
    "\"epochs\": 5000, \"tol\": 0, \"batch_size\": 1, \"learning_rate\": 0.2, \"seed\": 7, "       \
    "\"history_points\": "

/* All points of a noisy run, and the id of a run that was the same but kept `kept`. */
static point *noisy(const char *kept, char id[32], size_t *n)
{
    char members[256], whole[32];
    snprintf(members, sizeof members, NOISY "%s", kept);
    e2e_reply r = run_well(members, id);
    e2e_reply_free(&r);
    r = run_well(NOISY "\"all\"", whole);
    ck_assert_double_eq(e2e_number(r.json, "epoch"), 5000);
    e2e_reply_free(&r);
    point *p = get_points(whole, "?limit=100000", n);
    ck_assert_uint_eq(*n, 5001);
    ck_assert_double_eq(p[5000].epoch, 5000);
    return p;
}

static bool same_step(const point *a, const point *b)
{
    return a->epoch == b->epoch && a->cost == b->cost && a->norm == b->norm && a->rate == b->rate;
}

START_TEST(at_most_history_points_are_kept_with_first_last_and_best)
{
    static const char *const limits[] = {"10", "100", "1000"};
    for (int k = 0; k < 3; k++) {
        char id[32];
        size_t n, kept;
        point *all = noisy(limits[k], id, &n), *p = get_points(id, "", &kept);
        ck_assert_uint_le(kept, strtoul(limits[k], NULL, 10));
        ck_assert_uint_ge(kept, strtoul(limits[k], NULL, 10) / 2 - 1); /* not too few either */
        const point *best = extreme(all, n, 1);
        ck_assert(best->epoch > 0 && best->epoch < 5000);
        bool has_best = false;
        for (size_t i = 0; i < kept; i++) {
            ck_assert(same_step(&p[i], &all[(size_t)p[i].epoch]));
            has_best = has_best || same_step(&p[i], best);
        }
        ck_assert(has_best);
        ck_assert_double_eq(p[0].epoch, 0);
        ck_assert_double_eq(p[kept - 1].epoch, 5000);
        free(p);
        free(all);
    }
}
END_TEST

START_TEST(points_thin_further_and_keep_first_last_and_extremes)
{
    static const size_t points[] = {4, 5, 6, 7, 10, 50, 200, 999, 4999, 5000, 5001, 100000};
    char id[32], query[64];
    size_t n, kept;
    point *all = noisy("\"all\"", id, &n);
    free(all);
    all = get_points(id, "?limit=100000", &n);
    for (size_t k = 0; k < sizeof points / sizeof points[0]; k++) {
        snprintf(query, sizeof query, "?points=%zu", points[k]);
        point *p = get_points(id, query, &kept);
        ck_assert_uint_le(kept, points[k]);
        ck_assert_uint_ge(kept, points[k] < n ? points[k] / 2 : n);
        ck_assert(holds(p, kept, &all[0]));
        ck_assert(holds(p, kept, &all[n - 1]));
        ck_assert(holds(p, kept, extreme(all, n, 1)));
        ck_assert(holds(p, kept, extreme(all, n, -1)));
        for (size_t i = 0; i < kept; i++)
            ck_assert(holds(&all[(size_t)p[i].epoch], 1, &p[i]));
        free(p);
    }
    /* after an epoch: first, last and extremes of what is left */
    point *p = get_points(id, "?points=20&after_epoch=3000", &kept);
    ck_assert_uint_le(kept, 20);
    ck_assert_double_eq(p[0].epoch, 3001);
    ck_assert_double_eq(p[kept - 1].epoch, 5000);
    ck_assert(holds(p, kept, extreme(all + 3001, n - 3001, 1)));
    ck_assert(holds(p, kept, extreme(all + 3001, n - 3001, -1)));
    free(p);
    free(all);
}
END_TEST

START_TEST(pages_put_together_are_the_whole)
{
    char id[32], path[64] = "?limit=7";
    e2e_reply r = run_well("\"epochs\": 100, \"tol\": 0, \"history_points\": \"all\"", id);
    e2e_reply_free(&r);
    size_t n, at = 0;
    point *all = get_points(id, "", &n);
    ck_assert_uint_eq(n, 101);
    for (bool more = true; more;) {
        r = act("GET", id, "/history");
        e2e_reply_free(&r);
        r = e2e_getf(s, "/v1/jobs/%s/history%s", id, path);
        size_t here;
        point *p = read_points(r.json, &here);
        ck_assert_double_eq(e2e_number(r.json, "recorded"), 101);
        ck_assert_uint_le(here, 7);
        ck_assert_mem_eq(p, all + at, here * sizeof *p);
        at += here;
        const cJSON *next = e2e_at(r.json, "next_after_epoch");
        more = !cJSON_IsNull(next);
        if (more)
            ck_assert_double_eq(next->valuedouble, p[here - 1].epoch);
        snprintf(path, sizeof path, "?limit=7&after_epoch=%.0f", next->valuedouble);
        free(p);
        e2e_reply_free(&r);
    }
    ck_assert_uint_eq(at, n);
    /* what a client that polls asks for: all after the newest it has */
    point *p = get_points(id, "?after_epoch=99", &at);
    ck_assert_uint_eq(at, 1);
    ck_assert(holds(p, 1, &all[100]));
    free(p);
    free(get_points(id, "?after_epoch=100", &at));
    ck_assert_uint_eq(at, 0);
    free(all);
}
END_TEST

START_TEST(last_gives_the_newest_in_order)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 100, \"tol\": 0", id);
    e2e_reply_free(&r);
    size_t n, some;
    point *all = get_points(id, "", &n), *p = get_points(id, "?last=1", &some);
    ck_assert_uint_eq(some, 1);
    ck_assert(holds(p, 1, &all[n - 1]));
    free(p);
    p = get_points(id, "?last=5", &some);
    ck_assert_uint_eq(some, 5);
    ck_assert_mem_eq(p, all + n - 5, 5 * sizeof *p);
    free(p);
    free(get_points(id, "?last=100000", &some));
    ck_assert_uint_eq(some, n);
    free(get_points(id, "?last=5&after_epoch=97", &some));
    ck_assert_uint_eq(some, 3);
    free(all);
}
END_TEST

START_TEST(csv_has_the_numbers_of_json_to_the_last_bit)
{
    char id[32], type[64];
    e2e_reply r = run_well("\"epochs\": 300, \"tol\": 0, \"batch_size\": 2", id);
    e2e_reply_free(&r);
    size_t n;
    point *all = get_points(id, "", &n);
    r = history_as(id, "text/csv");
    ck_assert_int_eq(r.status, 200);
    e2e_header(&r, "Content-Type", type, sizeof type);
    ck_assert_int_eq(strncmp(type, "text/csv", 8), 0);
    const char *at = r.body;
    static const char header[] =
        "epoch,cost,validation_cost,gradient_norm,learning_rate,seconds,finite,part\r\n";
    ck_assert_int_eq(strncmp(at, header, strlen(header)), 0);
    at += strlen(header);
    for (size_t i = 0; i < n; i++) {
        double v[5];
        for (int j = 0; j < 5; j++) {
            char *end;
            v[j] = strtod(at, &end);
            ck_assert_int_eq(*end, ',');
            at = end + 1;
            if (j == 1) { /* no validation: an empty field */
                ck_assert_int_eq(*at, ',');
                at++;
            }
        }
        ck_assert_mem_eq(v, &all[i], sizeof v);
        ck_assert_int_eq(strncmp(at, "true,1\r\n", 8), 0);
        at += 8;
    }
    ck_assert_int_eq(*at, '\0');
    e2e_reply_free(&r);
    free(all);
}
END_TEST

static void check_form(const char *id, const char *accept, const char *want)
{
    char type[64];
    e2e_reply r = history_as(id, accept);
    ck_assert_int_eq(r.status, 200);
    e2e_header(&r, "Content-Type", type, sizeof type);
    ck_assert_msg(strncmp(type, want, strlen(want)) == 0, "Accept: %s is answered with %s", accept,
                  type);
    e2e_reply_free(&r);
}

START_TEST(accept_chooses_the_form_of_a_history)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 3", id);
    e2e_reply_free(&r);
    check_form(id, "*/*", "application/json");
    check_form(id, "application/*", "application/json");
    check_form(id, "text/*", "text/csv");
    check_form(id, "Text/CSV; charset=utf-8", "text/csv");
    check_form(id, "image/png, text/csv", "text/csv");
    r = history_as(id, "image/png");
    e2e_problem(&r, 406, "not-acceptable");
    e2e_reply_free(&r);
    r = history_as(id, "application/xml;q=1, text/html");
    e2e_problem(&r, 406, "not-acceptable");
    e2e_reply_free(&r);
}
END_TEST

/* RFC 9110, 12.5.1: q weighs, and q=0 means "not this". */
START_TEST(quality_in_accept_is_heeded)
{
    char id[32];
    e2e_reply r = run_well("\"epochs\": 3", id);
    e2e_reply_free(&r);
    check_form(id, "application/json, text/csv;q=0", "application/json");
    check_form(id, "text/csv;q=0.1, application/json", "application/json");
    check_form(id, "text/csv, application/json;q=0.5", "text/csv");
    r = history_as(id, "text/csv;q=0");
    e2e_problem(&r, 406, "not-acceptable");
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("jobs");
    tcase_add_test(tc, short_job_records_every_epoch_as_gradient_descent_has_it);
    tcase_add_test(tc, at_most_history_points_are_kept_with_first_last_and_best);
    tcase_add_test(tc, points_thin_further_and_keep_first_last_and_extremes);
    tcase_add_test(tc, pages_put_together_are_the_whole);
    tcase_add_test(tc, last_gives_the_newest_in_order);
    tcase_add_test(tc, csv_has_the_numbers_of_json_to_the_last_bit);
    tcase_add_test(tc, accept_chooses_the_form_of_a_history);
    tcase_add_test(tc, quality_in_accept_is_heeded);
    return run_cases(tc, NULL);
}
