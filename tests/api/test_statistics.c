/* api_statistics: what is written of a column, and a few columns read back from among many. */
#include "api_statistics.h"

#include "api_tests.h"

#include <math.h>

static cJSON *member(const cJSON *o, const char *name)
{
    cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);
    ck_assert_msg(m != NULL, "%s is missing", name);
    return m;
}

static double number(const cJSON *o, const char *name)
{
    ck_assert_msg(cJSON_IsNumber(member(o, name)), "%s is no number", name);
    return member(o, name)->valuedouble;
}

static const gd_summary plain = {.count = 7,
                                 .missing = 2,
                                 .min = 0.1,
                                 .max = 1.0 / 3,
                                 .mean = 0.2,
                                 .std = 5e-324,
                                 .distinct = 6,
                                 .has_bins = true,
                                 .bins = {.low = -0.5, .width = 0.03125, .counts = {3, [31] = 4}}};

/* The array of one column, parsed. */
static cJSON *written(const api_column_facts *c)
{
    api_text t = {0};
    api_statistics_add(&t, c);
    api_text_puts(&t, "]");
    cJSON *list = cJSON_Parse(t.data);
    ck_assert_msg(cJSON_GetArraySize(list) == 1, "%s", t.data);
    api_text_free(&t);
    return list;
}

START_TEST(a_column_of_numbers_is_written_exactly)
{
    cJSON *list = written(&(api_column_facts){.name = "a \"b\",\n", .summary = &plain}),
          *o = cJSON_GetArrayItem(list, 0), *bins = member(o, "histogram");
    ck_assert_str_eq(member(o, "name")->valuestring, "a \"b\",\n");
    ck_assert_str_eq(member(o, "role")->valuestring, "feature");
    ck_assert_str_eq(member(o, "type")->valuestring, "numeric");
    assert_same_double(number(o, "count"), 7);
    assert_same_double(number(o, "missing"), 2);
    assert_same_double(number(o, "min"), 0.1);
    assert_same_double(number(o, "max"), 1.0 / 3);
    assert_same_double(number(o, "mean"), 0.2);
    assert_same_double(number(o, "std"), 5e-324);
    assert_same_double(number(member(o, "distinct"), "count"), 6);
    ck_assert(cJSON_IsTrue(member(member(o, "distinct"), "exact")));
    assert_same_double(number(member(o, "distinct"), "error"), 0);
    assert_same_double(number(bins, "low"), -0.5);
    assert_same_double(number(bins, "width"), 0.03125);
    ck_assert_int_eq(cJSON_GetArraySize(member(bins, "counts")), 32);
    ck_assert_int_eq(cJSON_GetArrayItem(member(bins, "counts"), 0)->valueint, 3);
    ck_assert_int_eq(cJSON_GetArrayItem(member(bins, "counts"), 31)->valueint, 4);
    ck_assert(is_null(o, "top"));
    cJSON_Delete(list);
}
END_TEST

START_TEST(what_is_not_finite_is_null_and_an_estimate_says_so)
{
    const gd_summary s = {.count = 3,
                          .min = -1e308,
                          .max = 1e308,
                          .mean = INFINITY,
                          .std = NAN,
                          .distinct = 123456789,
                          .distinct_error = 0.01625};
    cJSON *list = written(&(api_column_facts){.name = "x", .target = true, .summary = &s}),
          *o = cJSON_GetArrayItem(list, 0);
    ck_assert_str_eq(member(o, "role")->valuestring, "target");
    assert_same_double(number(o, "max"), 1e308);
    ck_assert(is_null(o, "mean") && is_null(o, "std") && is_null(o, "histogram"));
    ck_assert(cJSON_IsFalse(member(member(o, "distinct"), "exact")));
    assert_same_double(number(member(o, "distinct"), "count"), 123456789);
    assert_same_double(number(member(o, "distinct"), "error"), 0.01625);
    cJSON_Delete(list);
}
END_TEST

START_TEST(the_most_frequent_levels_are_shown_of_equals_the_earlier)
{
    static const char *const few[] = {"one", "t\"wo", "three", "none"};
    static const uint32_t counts[] = {2, 5, 5, 0};
    const gd_summary s = {.count = 12};
    cJSON *list = written(&(api_column_facts){.name = "kind",
                                              .target = true,
                                              .summary = &s,
                                              .levels = few,
                                              .counts = counts,
                                              .levels_count = 4}),
          *o = cJSON_GetArrayItem(list, 0), *levels = member(o, "top");
    static const char *const order[] = {"t\"wo", "three", "one"};
    static const double times[] = {5, 5, 2};
    ck_assert_str_eq(member(o, "type")->valuestring, "categorical");
    ck_assert(is_null(o, "min") && is_null(o, "max") && is_null(o, "mean") && is_null(o, "std"));
    assert_same_double(number(member(o, "distinct"), "count"), 3);
    ck_assert_int_eq(cJSON_GetArraySize(levels), 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(member(cJSON_GetArrayItem(levels, i), "value")->valuestring, order[i]);
        assert_same_double(number(cJSON_GetArrayItem(levels, i), "count"), times[i]);
    }
    cJSON_Delete(list);
}
END_TEST

START_TEST(of_many_levels_twenty_are_shown)
{
    enum { MANY = 500 };
    static char texts[MANY][8];
    const char *names[MANY];
    uint32_t counts[MANY];
    for (int k = 0; k < MANY; k++) {
        snprintf(texts[k], sizeof texts[k], "l%d", k);
        names[k] = texts[k];
        counts[k] = 1 + (uint32_t)((k * 211) % MANY); /* each of 1 .. 500 once */
    }
    const gd_summary s = {.count = 1};
    cJSON *list = written(&(api_column_facts){.name = "k",
                                              .summary = &s,
                                              .levels = names,
                                              .counts = counts,
                                              .levels_count = MANY}),
          *levels = member(cJSON_GetArrayItem(list, 0), "top");
    ck_assert_int_eq(cJSON_GetArraySize(levels), API_LEVELS_SHOWN);
    for (int i = 0; i < API_LEVELS_SHOWN; i++)
        assert_same_double(number(cJSON_GetArrayItem(levels, i), "count"), MANY - i);
    cJSON_Delete(list);
}
END_TEST

static void check_picked(const char *text, const size_t *index, size_t n, const char *const *want)
{
    cJSON *list = cJSON_CreateArray();
    ck_assert(api_statistics_pick(list, text, index, n, 9, true));
    ck_assert_int_eq(cJSON_GetArraySize(list), (int)n);
    for (size_t i = 0; i < n; i++)
        ck_assert_str_eq(member(cJSON_GetArrayItem(list, (int)i), "name")->valuestring, want[i]);
    cJSON_Delete(list);
}

START_TEST(columns_are_picked_from_among_many)
{
    /* brackets and quotes in names are no brackets and quotes */
    static const char *const names[] = {"a}", "{b", "c\"}", "\\", "d\\\"{", "e"};
    api_text t = {0};
    for (size_t i = 0; i < COUNT(names); i++)
        api_statistics_add(&t, &(api_column_facts){.name = names[i], .summary = &plain});
    api_text_puts(&t, "]");
    check_picked(t.data, (const size_t[]){0, 1, 2, 3, 4, 5}, 6, names);
    check_picked(t.data, (const size_t[]){5, 0, 3}, 3, (const char *const[]){"e", "a}", "\\"});
    api_text_free(&t);
}
END_TEST

START_TEST(what_an_earlier_version_stored_is_filled_up)
{
    static const char text[] = "[{\"name\": \"x\", \"role\": \"feature\", \"min\": 1, \"max\": 2, "
                               "\"mean\": 1.5, \"std\": 0.5}, {\"name\": \"y\", \"role\": "
                               "\"target\", \"min\": null, \"max\": null, \"mean\": null, "
                               "\"std\": null}]";
    cJSON *list = cJSON_CreateArray();
    ck_assert(api_statistics_pick(list, text, (const size_t[]){0, 1}, 2, 9, true));
    const cJSON *x = cJSON_GetArrayItem(list, 0), *y = cJSON_GetArrayItem(list, 1);
    assert_same_double(number(x, "max"), 2);
    ck_assert_str_eq(member(x, "type")->valuestring, "numeric");
    ck_assert_str_eq(member(y, "type")->valuestring, "categorical");
    assert_same_double(number(x, "count"), 9);
    assert_same_double(number(x, "missing"), 0);
    ck_assert(is_null(x, "distinct") && is_null(x, "histogram") && is_null(x, "top"));
    cJSON_Delete(list);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("statistics");
    tcase_add_test(tc, a_column_of_numbers_is_written_exactly);
    tcase_add_test(tc, what_is_not_finite_is_null_and_an_estimate_says_so);
    tcase_add_test(tc, the_most_frequent_levels_are_shown_of_equals_the_earlier);
    tcase_add_test(tc, of_many_levels_twenty_are_shown);
    tcase_add_test(tc, columns_are_picked_from_among_many);
    tcase_add_test(tc, what_an_earlier_version_stored_is_filled_up);
    return run_tests(tc, "statistics");
}
