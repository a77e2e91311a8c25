/* Bytes on their way to a reader: all of them, in order, whoever reads; until some can't be read.
 */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_feed.h"

#include <pthread.h>

/* What reads: byte i of the stream is i * 7 / 3, its last bits. */
typedef struct reading {
    uint64_t at, fails_at; /* bytes */
    pthread_t first, last; /* threads that it was called on */
    bool called;
} reading;

static unsigned char byte_at(uint64_t i)
{
    return (unsigned char)(i * 7 / 3);
}

static bool take(void *ctx, const void *bytes, size_t n, api_problem *p)
{
    reading *r = ctx;
    const unsigned char *b = bytes;
    if (!r->called)
        r->first = pthread_self();
    r->called = true;
    r->last = pthread_self();
    for (size_t i = 0; i < n; i++, r->at++) {
        if (r->at == r->fails_at)
            return api_problem_set(p, API_BAD_JSON, "byte %u is bad", (unsigned)r->at);
        if (b[i] != byte_at(r->at))
            return api_problem_set(p, API_INTERNAL, "byte %u is another", (unsigned)r->at);
    }
    return true;
}

/* Feeds bytes from *at up to `end`, in pieces of this size. */
static bool apart = true;

static bool feed(srv_feed *f, uint64_t *at, uint64_t end, size_t piece, api_problem *p)
{
    char *bytes = malloc(piece);
    bool ok = true;
    while (ok && *at < end) {
        size_t n = end - *at < piece ? (size_t)(end - *at) : piece;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)byte_at(*at + i);
        *at += n;
        ok = srv_feed_bytes(f, apart, bytes, n, p);
        memset(bytes, 0xee, n); /* they are the caller's again */
    }
    free(bytes);
    return ok;
}

static const size_t pieces[] = {
    1, 777, 65398, 65536, SRV_FEED_PIECE - 1, SRV_FEED_PIECE, SRV_FEED_PIECE + 1, 1 << 20};
enum { PIECES = sizeof pieces / sizeof pieces[0], MANY = 3000001 };

START_TEST(all_bytes_are_read_in_order)
{
    static const uint64_t ends[] = {0, 1, SRV_FEED_PIECE, 4 * SRV_FEED_PIECE, MANY};
    for (size_t e = 0; e < sizeof ends / sizeof ends[0]; e++) {
        reading r = {.fails_at = UINT64_MAX};
        srv_feed f;
        api_problem p = {0};
        uint64_t at = 0;
        srv_feed_begin(&f, take, &r);
        ck_assert(feed(&f, &at, ends[e], pieces[_i], &p));
        ck_assert_msg(srv_feed_end(&f, &p), "%s", p.detail);
        ck_assert_uint_eq(r.at, ends[e]);
        srv_feed_free(&f);
    }
}
END_TEST

START_TEST(what_is_little_is_read_by_who_receives_it_and_what_is_much_by_another)
{
    reading r = {.fails_at = UINT64_MAX};
    srv_feed f;
    api_problem p = {0};
    uint64_t at = 0;
    srv_feed_begin(&f, take, &r);
    ck_assert(feed(&f, &at, 100000, 65536, &p));
    ck_assert_uint_eq(r.at, 100000); /* at once */
    ck_assert(pthread_equal(r.first, pthread_self()) && pthread_equal(r.last, pthread_self()));
    ck_assert(feed(&f, &at, MANY, 65536, &p));
    ck_assert(srv_feed_end(&f, &p));
    ck_assert(!pthread_equal(r.last, pthread_self()));
}
END_TEST

START_TEST(where_there_is_no_processor_to_spare_no_thread_begins)
{
    reading r = {.fails_at = UINT64_MAX};
    srv_feed f;
    api_problem p = {0};
    uint64_t at = 0;
    apart = false;
    srv_feed_begin(&f, take, &r);
    ck_assert(feed(&f, &at, MANY / 2, 65536, &p));
    ck_assert_uint_eq(r.at, MANY / 2); /* at once */
    ck_assert(pthread_equal(r.last, pthread_self()));
    apart = true; /* there is one since */
    ck_assert(feed(&f, &at, MANY, 65536, &p));
    ck_assert(srv_feed_end(&f, &p));
    ck_assert_uint_eq(r.at, MANY);
    ck_assert(!pthread_equal(r.last, pthread_self()));
}
END_TEST

START_TEST(what_cant_be_read_is_said)
{
    static const uint64_t bad[] = {0, 5000, 262144, 500000, MANY - 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        reading r = {.fails_at = bad[i]};
        srv_feed f;
        char wanted[40];
        api_problem p = {0};
        uint64_t at = 0;
        srv_feed_begin(&f, take, &r);
        ck_assert(!feed(&f, &at, MANY, pieces[_i], &p) || !srv_feed_end(&f, &p));
        ck_assert_int_eq(p.code, API_BAD_JSON);
        snprintf(wanted, sizeof wanted, "byte %u is bad", (unsigned)bad[i]);
        ck_assert_str_eq(p.detail, wanted);
        srv_feed_free(&f);
        ck_assert_uint_eq(r.at, bad[i]); /* nothing behind it was read */
        /* and is said soon: not more came than lay between the two, and the piece at hand */
        ck_assert_uint_le(at, bad[i] + 6 * SRV_FEED_PIECE + 2 * pieces[_i]);
    }
}
END_TEST

START_TEST(it_may_end_half_way)
{
    for (uint64_t end = 0; end < MANY; end += 177777) {
        reading r = {.fails_at = UINT64_MAX};
        srv_feed f;
        api_problem p = {0};
        uint64_t at = 0;
        srv_feed_begin(&f, take, &r);
        ck_assert(feed(&f, &at, end, 65398, &p));
        srv_feed_free(&f);
        ck_assert_uint_le(r.at, end);
    }
    srv_feed none = {0};
    srv_feed_free(&none);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("feed");
    TCase *tc = tcase_create("feed");
    tcase_set_timeout(tc, 60 * SLOWER);
    tcase_add_loop_test(tc, all_bytes_are_read_in_order, 0, PIECES);
    tcase_add_test(tc, what_is_little_is_read_by_who_receives_it_and_what_is_much_by_another);
    tcase_add_test(tc, where_there_is_no_processor_to_spare_no_thread_begins);
    tcase_add_loop_test(tc, what_cant_be_read_is_said, 0, PIECES);
    tcase_add_test(tc, it_may_end_half_way);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
