/* gd_error: filling the error object, and the sentence of each status. */
#include "gd_error.h"
#include "gd_train.h"
#include "problems.h"

#include <stdlib.h>
#include <string.h>

START_TEST(fail_fills_the_error_and_returns_its_status)
{
    gd_error err = {0};
    ck_assert_int_eq(gd_fail(&err, GD_OVERFLOW, "rows", "got %d of %s", 7, "these"), GD_OVERFLOW);
    ck_assert_int_eq(err.status, GD_OVERFLOW);
    ck_assert_str_eq(err.field, "rows");
    ck_assert_str_eq(err.message, "got 7 of these");
}
END_TEST

START_TEST(nobody_need_listen)
{
    ck_assert_int_eq(gd_fail(NULL, GD_INVALID, "rows", "got %d", 7), GD_INVALID);
}
END_TEST

START_TEST(no_field_is_an_empty_field)
{
    gd_error err = {.field = "old"};
    ck_assert_int_eq(gd_fail(&err, GD_NO_MEMORY, NULL, "so"), GD_NO_MEMORY);
    ck_assert_str_eq(err.field, "");
}
END_TEST

START_TEST(texts_longer_than_their_room_are_cut_and_still_end)
{
    char huge[2000];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    struct {
        gd_error err;
        char guard[16];
    } box;
    memset(&box, 'g', sizeof box);
    ck_assert_int_eq(gd_fail(&box.err, GD_INVALID, huge, "%s", huge), GD_INVALID);
    ck_assert_uint_eq(strlen(box.err.field), sizeof box.err.field - 1);
    ck_assert_uint_eq(strlen(box.err.message), sizeof box.err.message - 1);
    ck_assert_mem_eq(box.guard, "gggggggggggggggg", sizeof box.guard);
}
END_TEST

START_TEST(every_status_has_a_sentence_and_none_is_shared)
{
    const gd_status all[] = {
#define X(name, sentence) name,
        GD_STATUS_LIST(X)
#undef X
    };
    size_t n = sizeof all / sizeof all[0];
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_gt(strlen(gd_status_text(all[i])), 3);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(gd_status_text(all[i]), gd_status_text(all[j]));
    }
    ck_assert_ptr_nonnull(gd_status_text((gd_status)99));
}
END_TEST

START_TEST(every_way_to_stop_has_its_name)
{
    ck_assert_str_eq(gd_stop_name(GD_STOP_NONE), "");
    ck_assert_str_eq(gd_stop_name(GD_STOP_MAX_EPOCHS), "max_epochs");
    ck_assert_str_eq(gd_stop_name(GD_STOP_CONVERGED), "converged");
    ck_assert_str_eq(gd_stop_name(GD_STOP_DIVERGED), "diverged");
    ck_assert_str_eq(gd_stop_name((gd_stop)99), "");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("error");
    tcase_add_test(tc, fail_fills_the_error_and_returns_its_status);
    tcase_add_test(tc, nobody_need_listen);
    tcase_add_test(tc, no_field_is_an_empty_field);
    tcase_add_test(tc, texts_longer_than_their_room_are_cut_and_still_end);
    tcase_add_test(tc, every_status_has_a_sentence_and_none_is_shared);
    tcase_add_test(tc, every_way_to_stop_has_its_name);
    return run_case(tc, "error");
}
