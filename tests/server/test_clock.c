/* Clocks and ids. */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_clock.h"

#include <pthread.h>

START_TEST(monotonic_time_goes_on_and_measures_seconds)
{
    double first = srv_monotonic(), at = first;
    double began = scratch_now();
    while (scratch_now() - began < 0.05) {
        double next = srv_monotonic();
        if (next < at)
            ck_abort_msg("the clock went back from %.9f to %.9f", at, next);
        at = next;
    }
    double took = srv_monotonic() - first, also = scratch_now() - began;
    ck_assert_double_ge(took, 0.05);
    ck_assert_double_le(took, also + 0.5);
}
END_TEST

/* Milliseconds since 1970. */
static long long milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

START_TEST(the_time_is_written_as_rfc_3339_in_utc_with_milliseconds)
{
    char text[SRV_TIME_SIZE];
    setenv("TZ", "America/St_Johns", 1); /* it is UTC wherever we are */
    tzset();
    for (double stop = scratch_now() + 0.2; scratch_now() < stop;) {
        long long before = milliseconds();
        if (srv_time_text(text) != text)
            ck_abort_msg("it does not return its buffer");
        long long after = milliseconds();
        struct tm tm = {0};
        int ms = -1, end = 0;
        if (strlen(text) != strlen("2026-11-24T09:41:07.123Z") ||
            sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &end) != 7 ||
            text[end] != '\0')
            ck_abort_msg("%s is not of the form 2026-11-24T09:41:07.123Z", text);
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        long long said = timegm(&tm) * 1000LL + ms;
        if (said < before || said > after)
            ck_abort_msg("%s is not between %lld and %lld ms", text, before, after);
    }
}
END_TEST

/* Text sorts as time does, so that lists may be ordered by it. */
START_TEST(later_times_are_not_smaller_texts)
{
    char before[SRV_TIME_SIZE], now[SRV_TIME_SIZE];
    srv_time_text(before);
    for (double end = scratch_now() + 0.05; scratch_now() < end;) {
        srv_time_text(now);
        if (strcmp(now, before) < 0)
            ck_abort_msg("%s came after %s", now, before);
        memcpy(before, now, sizeof now);
    }
}
END_TEST

START_TEST(an_id_is_its_prefix_and_twenty_letters_that_can_not_be_misread)
{
    static const char *const prefixes[] = {"job_", "ds_", "mdl_", "up_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        char id[SRV_ID_SIZE];
        size_t n = strlen(prefixes[i]);
        memset(id, 'z', sizeof id);
        ck_assert_ptr_eq(srv_id_new(id, prefixes[i]), id);
        ck_assert_uint_eq(strlen(id), n + 20);
        ck_assert_int_eq(strncmp(id, prefixes[i], n), 0);
        ck_assert_uint_eq(strspn(id + n, "0123456789abcdefghjkmnpqrstvwxyz"), 20);
    }
}
END_TEST

enum { THREADS = 4, EACH = 50000 / SLOWER };
static char ids[THREADS * EACH][SRV_ID_SIZE];

static void *draw(void *arg)
{
    char(*to)[SRV_ID_SIZE] = arg;
    for (int i = 0; i < EACH; i++)
        srv_id_new(to[i], "job_");
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

START_TEST(ids_drawn_by_many_threads_are_all_distinct_and_evenly_spread)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, draw, ids[i * EACH]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    /* each of the 32 letters about equally often at each place: chi-squared with 31 degrees of
     * freedom stays below 100 but once in 10^9 */
    for (int at = 4; at < 24; at++) {
        double count[128] = {0}, mean = THREADS * EACH / 32.0, chi = 0;
        for (int i = 0; i < THREADS * EACH; i++)
            count[(unsigned char)ids[i][at]]++;
        for (const char *c = "0123456789abcdefghjkmnpqrstvwxyz"; *c; c++)
            chi += (count[(int)*c] - mean) * (count[(int)*c] - mean) / mean;
        ck_assert_double_lt(chi, 100);
    }
    qsort(ids, THREADS * EACH, SRV_ID_SIZE, by_text);
    for (int i = 1; i < THREADS * EACH; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            ck_abort_msg("%s was drawn twice", ids[i]);
}
END_TEST

/* A forked process must not draw what its parent draws. */
START_TEST(no_two_processes_draw_the_same_id)
{
    char mine[SRV_ID_SIZE], theirs[SRV_ID_SIZE];
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    srv_id_new(mine, "job_");
    if (child == 0)
        _exit(write(ends[1], mine, sizeof mine) == sizeof mine ? 0 : 1);
    ck_assert_int_eq(read(ends[0], theirs, sizeof theirs), (int)sizeof theirs);
    ck_assert_str_ne(mine, theirs);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clock");
    TCase *tc = tcase_create("clock");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, monotonic_time_goes_on_and_measures_seconds);
    tcase_add_test(tc, the_time_is_written_as_rfc_3339_in_utc_with_milliseconds);
    tcase_add_test(tc, later_times_are_not_smaller_texts);
    tcase_add_test(tc, an_id_is_its_prefix_and_twenty_letters_that_can_not_be_misread);
    tcase_add_test(tc, ids_drawn_by_many_threads_are_all_distinct_and_evenly_spread);
    tcase_add_test(tc, no_two_processes_draw_the_same_id);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
