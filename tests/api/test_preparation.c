/* How columns are prepared, as it is stored with a model: what was written reads back as the same,
 * what was never written is told as damaged, and what comes out has names. */
#include "api_preparation.h"
#include "api_tests.h"

#define CITY                                                                                       \
    "{\"name\": \"city\", \"type\": \"categorical\", \"levels\": [\"Oslo\", \"Rome\"], "           \
    "\"reference_level\": \"Oslo\", \"fill\": \"Rome\", \"missing_indicator\": true}"
#define ROOMS "{\"name\": \"rooms\", \"type\": \"numeric\", \"fill\": 2.5}"
#define REST                                                                                       \
    "\"missing\": \"median\", \"unknown_levels\": \"ignore\", "                                    \
    "\"features\": {\"polynomial\": 2, \"interactions_only\": false}"
#define STORED "{\"columns\": [" CITY ", " ROOMS "], " REST "}"

START_TEST(what_was_written_reads_back_as_the_same)
{
    api_preparation a, b;
    api_problem p = {0};
    ck_assert(api_preparation_decode(STORED, &a, &p));
    ck_assert_uint_eq(a.cols, 2);
    ck_assert_int_eq(a.missing, 3); /* median */
    ck_assert(a.ignore_unknown && a.products.degree == 2 && !a.products.interactions_only);
    ck_assert_uint_eq(a.columns[0].reference, 0);
    ck_assert(a.columns[0].fill == 1 && a.columns[0].indicated);
    ck_assert(a.columns[1].fill == 2.5 && !a.columns[1].indicated);
    char *once = api_doc_take_text(api_preparation_encode(&a));
    ck_assert(api_preparation_decode(once, &b, &p));
    char *twice = api_doc_take_text(api_preparation_encode(&b));
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
    api_preparation_free(&a);
    api_preparation_free(&b);
}
END_TEST

START_TEST(columns_that_come_out_are_named_by_those_that_went_in)
{
    static const char *const names[] = {"city=Rome", "rooms", "missing(city)", "rooms^2"};
    api_preparation a;
    api_problem p = {0};
    ck_assert(api_preparation_decode(STORED, &a, &p));
    size_t seen = 0, count = gd_prepare_outputs(a.core);
    for (size_t i = 0; i < count; i++) {
        char *name = api_preparation_name(&a, i);
        for (size_t k = 0; k < COUNT(names); k++)
            seen += strcmp(name, names[k]) == 0;
        free(name);
    }
    ck_assert_uint_eq(seen, COUNT(names));
    ck_assert(api_prepared_level(&a.columns[0], "Oslo") == 0);
    ck_assert(api_prepared_level(&a.columns[0], "Rome") == 1);
    ck_assert(api_prepared_level(&a.columns[0], "Bern") == GD_UNKNOWN_LEVEL);
    api_preparation_free(&a);
}
END_TEST

/* In a list of columns, where the rest is sound. */
static const char *const damaged[] = {
    "{}",
    "7",
    "{\"name\": 7, \"type\": \"numeric\"}",
    "{\"name\": \"x\", \"type\": 7}",
    "{\"name\": \"x\", \"type\": \"complex\"}",
    "{\"name\": \"x\"}",
    "{\"type\": \"numeric\"}",
    "{\"name\": \"x\", \"type\": \"numeric\", \"levels\": [\"a\"]}",
    "{\"name\": \"x\", \"type\": \"categorical\"}",
    "{\"name\": \"x\", \"type\": \"categorical\", \"levels\": [1, \"a\"]}",
    "{\"name\": \"x\", \"type\": \"categorical\", \"levels\": [\"a\"], \"fill\": \"b\"}",
    "{\"name\": \"x\", \"type\": \"categorical\", \"levels\": [\"a\"], \"fill\": 3}",
    "{\"name\": \"x\", \"type\": \"categorical\", \"levels\": [\"a\"], \"reference_level\": \"b\"}",
    "{\"name\": \"x\", \"type\": \"numeric\", \"fill\": \"a\"}",
    "{\"name\": \"x\", \"type\": \"numeric\", \"fill\": 1e999}",
    "{\"name\": \"x\", \"type\": \"numeric\", \"reference_level\": \"a\"}",
};

START_TEST(what_was_never_written_is_told_as_damaged)
{
    char json[500];
    api_preparation a;
    api_problem p = {0};
    snprintf(json, sizeof json, "{\"columns\": [" ROOMS ", %s], " REST "}", damaged[_i]);
    ck_assert(!api_preparation_decode(json, &a, &p));
    ck_assert_int_eq(p.code, API_INTERNAL);
    ck_assert_ptr_nonnull(strstr(p.detail, "damaged"));
    api_preparation_free(&a);
}
END_TEST

START_TEST(a_degree_that_was_never_written_is_told_as_damaged)
{
    static const char *const degrees[] = {"0", "6", "-1", "1e300"};
    for (size_t i = 0; i < COUNT(degrees); i++) {
        char json[300];
        api_preparation a;
        api_problem p = {0};
        snprintf(json, sizeof json,
                 "{\"columns\": [" ROOMS "], \"features\": {\"polynomial\": %s}}", degrees[i]);
        ck_assert(!api_preparation_decode(json, &a, &p));
        ck_assert_int_eq(p.code, API_INTERNAL);
        api_preparation_free(&a);
    }
}
END_TEST

START_TEST(a_cell_at_fault_is_named_with_its_column_and_row)
{
    api_preparation a;
    api_problem p = {0};
    double row[8];
    size_t at = 99;
    ck_assert(api_preparation_decode("{\"columns\": [" ROOMS
                                     ", {\"name\": \"age\", \"type\": \"numeric\"}, "
                                     "{\"name\": \"kind\", \"type\": \"categorical\", "
                                     "\"levels\": [\"a\", \"b\"]}]}",
                                     &a, &p));
    static const double good[] = {NAN, 2, 1}, missing[] = {1, NAN, 1}, unknown[] = {1, 2, -1};
    gd_prepare_fault fault = gd_prepare_row(a.core, good, row, &at);
    ck_assert(fault == GD_PREPARED && row[0] == 2.5);
    ck_assert(api_preparation_fault(&a, fault, at, NULL, 7, "X", &p) && p.code == API_NO_PROBLEM);
    fault = gd_prepare_row(a.core, missing, row, &at);
    ck_assert(!api_preparation_fault(&a, fault, at, NULL, 7, "X", &p));
    ck_assert_ptr_nonnull(strstr(p.errors[0].message, "\"age\" in row 7"));
    p = (api_problem){0};
    fault = gd_prepare_row(a.core, unknown, row, &at);
    ck_assert(!api_preparation_fault(&a, fault, at, "c", 8, "X", &p));
    ck_assert_ptr_nonnull(strstr(p.errors[0].message, "\"c\" for \"kind\" in row 8"));
    api_preparation_free(&a);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("preparation");
    tcase_add_test(tc, what_was_written_reads_back_as_the_same);
    tcase_add_test(tc, columns_that_come_out_are_named_by_those_that_went_in);
    tcase_add_loop_test(tc, what_was_never_written_is_told_as_damaged, 0, COUNT(damaged));
    tcase_add_test(tc, a_degree_that_was_never_written_is_told_as_damaged);
    tcase_add_test(tc, a_cell_at_fault_is_named_with_its_column_and_row);
    return run_tests(tc, "preparation");
}
