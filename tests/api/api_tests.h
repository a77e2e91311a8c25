/* api_tests: what the tests of api share: how a case is run, random bits, and how numbers,
 * problems and documents are compared. */
#ifndef API_TESTS_H
#define API_TESTS_H

#include "api_json.h"
#include "api_problem.h"
#include "quick.h"

#include <cjson/cJSON.h>
#include <check.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Runs one case's tests and says how main should exit. */
static inline int run_tests(TCase *tc, const char *name)
{
    Suite *suite = suite_create(name);
    tcase_set_timeout(tc, 240);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The next 64 random bits (splitmix64). */
static inline uint64_t random_bits(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static inline double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The same double: not merely equal, so 0 is not -0. */
#define assert_same_double(got, want)                                                              \
    do {                                                                                           \
        double got_ = (got), want_ = (want);                                                       \
        ck_assert_msg(bits_of(got_) == bits_of(want_), "%s is %.17g (%a), not %.17g (%a)", #got,   \
                      got_, got_, want_, want_);                                                   \
    } while (0)

/* A problem that nothing can be read from by chance. */
static inline api_problem no_problem(void)
{
    api_problem p;
    memset(&p, 0, sizeof p);
    return p;
}

/* The problem on one line, for messages. */
static inline const char *problem_text(const api_problem *p)
{
    static char text[16384];
    size_t at = (size_t)snprintf(text, sizeof text, "code %d \"%s\"", (int)p->code, p->detail);
    for (size_t i = 0; i < p->errors_count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "; %s: %s", p->errors[i].field,
                               p->errors[i].message);
    return text;
}

static inline bool same_problem(const api_problem *a, const api_problem *b)
{
    bool same = a->code == b->code && strcmp(a->detail, b->detail) == 0 &&
                a->errors_count == b->errors_count && a->errors_more == b->errors_more;
    for (size_t i = 0; same && i < a->errors_count; i++)
        same = strcmp(a->errors[i].field, b->errors[i].field) == 0 &&
               strcmp(a->errors[i].message, b->errors[i].message) == 0;
    return same;
}

/* Is one of p's errors for `field`, with `part` in its message? An empty field stands for
 * the problem's own detail. */
static inline bool says(const api_problem *p, const char *field, const char *part)
{
    if (!*field)
        return strstr(p->detail, part) != NULL;
    for (size_t i = 0; i < p->errors_count; i++)
        if (strcmp(p->errors[i].field, field) == 0 && strstr(p->errors[i].message, part))
            return true;
    return false;
}

#define assert_says(p, field, part)                                                                \
    ck_assert_msg(says(p, field, part), "nothing says \"%s\" of \"%s\": %s", part, field,          \
                  problem_text(p))

/* text is JSON by our strict reader and by cJSON; the caller deletes the tree. */
static inline cJSON *read_back(const char *text)
{
    api_problem p = no_problem();
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(api_json_check(text, strlen(text), &p), "%s in %s", p.detail, text);
    cJSON *doc = cJSON_Parse(text);
    ck_assert_msg(doc != NULL, "cJSON does not read %s", text);
    return doc;
}

/* The member of an object that must be there. */
static inline cJSON *member_of(const cJSON *object, const char *name)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    ck_assert_msg(item != NULL, "there is no member \"%s\"", name);
    return item;
}

static inline double number_of(const cJSON *object, const char *name)
{
    cJSON *item = member_of(object, name);
    ck_assert_msg(cJSON_IsNumber(item), "\"%s\" is not a number", name);
    return item->valuedouble;
}

static inline const char *string_of(const cJSON *object, const char *name)
{
    cJSON *item = member_of(object, name);
    ck_assert_msg(cJSON_IsString(item), "\"%s\" is not a string", name);
    return item->valuestring;
}

static inline bool is_null(const cJSON *object, const char *name)
{
    return cJSON_IsNull(member_of(object, name));
}

static inline bool is_true(const cJSON *object, const char *name)
{
    cJSON *item = member_of(object, name);
    ck_assert_msg(cJSON_IsBool(item), "\"%s\" is not true or false", name);
    return cJSON_IsTrue(item);
}

#endif
