/* Blocks handed from thread to thread: all of them, in order, until one can't be taken. */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_writer.h"

enum { BLOCK = 64, MANY = 2000 };

typedef struct taker {
    uint64_t taken, bytes;
    uint64_t fails_at; /* number of the block that can't be taken */
} taker;

static bool take(void *ctx, const void *block, size_t bytes, api_problem *p)
{
    taker *t = ctx;
    const unsigned char *b = block;
    uint64_t number;
    memcpy(&number, b, sizeof number);
    if (number == t->fails_at)
        return api_problem_set(p, API_NO_SPACE, "no room for block %u", (unsigned)number);
    if (number != t->taken)
        return api_problem_set(p, API_INTERNAL, "block %u came as number %u", (unsigned)number,
                               (unsigned)t->taken);
    for (size_t i = sizeof number; i < bytes; i++)
        if (b[i] != (unsigned char)(number + i))
            return api_problem_set(p, API_INTERNAL, "a byte of block %u differs", (unsigned)number);
    t->taken++;
    t->bytes += bytes;
    return true;
}

/* Fills and hands on `blocks` of them, or until one is refused; *bytes: so many. */
static bool put_blocks(srv_writer *w, uint64_t blocks, uint64_t *bytes, api_problem *p)
{
    unsigned char *b = srv_writer_block(w);
    *bytes = 0;
    for (uint64_t k = 0; b && k < blocks; k++) {
        size_t n = sizeof k + k % (BLOCK - sizeof k + 1);
        memcpy(b, &k, sizeof k);
        for (size_t i = sizeof k; i < n; i++)
            b[i] = (unsigned char)(k + i);
        *bytes += n;
        b = srv_writer_put(w, n, p);
    }
    return b != NULL;
}

START_TEST(all_blocks_are_taken_in_order)
{
    taker t = {.fails_at = UINT64_MAX};
    api_problem p = {0};
    uint64_t bytes;
    srv_writer *w = srv_writer_new(BLOCK, take, &t);
    ck_assert_ptr_nonnull(w);
    ck_assert(srv_writer_wait(w, &p)); /* none yet */
    ck_assert(put_blocks(w, MANY, &bytes, &p) && srv_writer_wait(w, &p));
    ck_assert_uint_eq(t.taken, MANY);
    ck_assert_uint_eq(t.bytes, bytes);
    srv_writer_free(w);
    srv_writer_free(NULL);
}
END_TEST

START_TEST(a_block_that_cant_be_taken_ends_it)
{
    taker t = {.fails_at = 100};
    api_problem p = {0}, again = {0};
    uint64_t bytes;
    srv_writer *w = srv_writer_new(BLOCK, take, &t);
    ck_assert(!put_blocks(w, MANY, &bytes, &p));
    ck_assert_int_eq(p.code, API_NO_SPACE);
    ck_assert_str_eq(p.detail, "no room for block 100");
    ck_assert(!srv_writer_wait(w, &again));
    ck_assert_str_eq(again.detail, p.detail);
    ck_assert_uint_eq(t.taken, 100);
    srv_writer_free(w);
}
END_TEST

START_TEST(the_last_block_may_be_the_one)
{
    taker t = {.fails_at = 1};
    api_problem p = {0};
    uint64_t bytes;
    srv_writer *w = srv_writer_new(BLOCK, take, &t);
    ck_assert(!put_blocks(w, 2, &bytes, &p) || !srv_writer_wait(w, &p));
    ck_assert_int_eq(p.code, API_NO_SPACE);
    srv_writer_free(w);
}
END_TEST

START_TEST(it_may_end_with_blocks_left)
{
    for (int i = 0; i < 200; i++) {
        taker t = {.fails_at = UINT64_MAX};
        api_problem p = {0};
        uint64_t bytes;
        srv_writer *w = srv_writer_new(BLOCK, take, &t);
        ck_assert(put_blocks(w, (uint64_t)i % 7, &bytes, &p));
        srv_writer_free(w);
        ck_assert_uint_le(t.taken, (uint64_t)i % 7);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("writer");
    TCase *tc = tcase_create("writer");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, all_blocks_are_taken_in_order);
    tcase_add_test(tc, a_block_that_cant_be_taken_ends_it);
    tcase_add_test(tc, the_last_block_may_be_the_one);
    tcase_add_test(tc, it_may_end_with_blocks_left);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
