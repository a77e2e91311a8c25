/* SHA-256 against the examples of FIPS 180-4 (NIST, "SHA-256 test vectors"). */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_sha256.h"

#include <string.h>

START_TEST(examples_of_the_standard)
{
    static const char *const cases[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    char hex[SRV_SHA256_SIZE];
    for (size_t i = 0; i < 3; i++) {
        srv_sha256(cases[i][0], strlen(cases[i][0]), hex);
        ck_assert_str_eq(hex, cases[i][1]);
        srv_sum s;
        srv_sum_begin(&s);
        for (const char *at = cases[i][0]; *at; at++)
            srv_sum_add(&s, at, 1);
        ck_assert_str_eq(srv_sum_end(&s, hex), cases[i][1]);
    }
}
END_TEST

/* 1.0 is 3ff0000000000000, little end first: hashed as bytes by hand. */
START_TEST(doubles_are_hashed_little_end_first)
{
    const double one = 1;
    const unsigned char bytes[8] = {0, 0, 0, 0, 0, 0, 0xf0, 0x3f};
    char by_value[SRV_SHA256_SIZE], by_hand[SRV_SHA256_SIZE];
    srv_sum s;
    srv_sum_begin(&s);
    srv_sum_doubles(&s, &one, 1);
    srv_sum_end(&s, by_value);
    srv_sha256(bytes, sizeof bytes, by_hand);
    ck_assert_str_eq(by_value, by_hand);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sha256");
    TCase *tc = tcase_create("sha256");
    tcase_add_test(tc, examples_of_the_standard);
    tcase_add_test(tc, doubles_are_hashed_little_end_first);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
