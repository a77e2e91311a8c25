/* quick: assertions that hold cost nothing. Check writes each of them to a file, so that it can say
 * how far a test came that crashed; where millions of numbers are compared, that takes longer than
 * all the rest. To be included behind check.h.
 */
#ifndef QUICK_H
#define QUICK_H

#include <check.h>

#undef ck_assert_msg
#define ck_assert_msg(expr, ...)                                                                   \
    ((expr) ? (void)0                                                                              \
            : _ck_assert_failed(__FILE__, __LINE__, "Assertion '" #expr "' failed", ##__VA_ARGS__))

#endif
