/* Settings: defaults, environment, flags, and the sentence that says what is wrong. */
#define _GNU_SOURCE
#include "scratch.h"
#include "srv_config.h"

static const char *const variables[] = {"DESCENTD_LISTEN",   "DESCENTD_DATA_DIR",
                                        "DESCENTD_WORKERS",  "DESCENTD_MAX_BODY",
                                        "DESCENTD_MAX_QUEUE", "DESCENTD_LOG_FORMAT",
                                        "DESCENTD_KERNELS"};

static srv_config config;
static char why[300];

static void setup(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    memset(&config, 0xa5, sizeof config); /* nothing may be left as it was */
    memset(why, 0, sizeof why);
}

/* Reads a command line given as words; the last argument is NULL. */
static bool read_words(const char *const *words)
{
    char *argv[20] = {(char *)"descentd"};
    int argc = 1;
    for (; *words; words++)
        argv[argc++] = (char *)*words;
    return srv_config_read(&config, argc, argv, why, sizeof why);
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__, NULL})

static void assert_why_says(const char *what)
{
    if (!strstr(why, what))
        ck_abort_msg("\"%s\" does not say %s", why, what);
}

START_TEST(commands_take_their_words)
{
    ck_assert(READ("backup", "a.tar", "--data-dir", "/data"));
    ck_assert_int_eq(config.action, SRV_COMMAND);
    ck_assert_str_eq(config.word, "backup");
    ck_assert_str_eq(config.operands[0], "a.tar");
    ck_assert_str_eq(config.data_dir, "/data");
    ck_assert(READ("--data-dir", "/data", "token", "create", "acme", "read"));
    ck_assert_int_eq(config.operands_count, 2);
    ck_assert_str_eq(config.operands[1], "read");
    ck_assert(!READ("backup"));
    assert_why_says("backup needs FILE");
    ck_assert(!READ("restore", "--data-dir", "/data"));
    assert_why_says("restore needs FILE");
    ck_assert(!READ("restore", "a", "b"));
    assert_why_says("b is one word too many");
    ck_assert(!READ("token", "--data-dir", "/data"));
    assert_why_says("token needs a further word");
}
END_TEST

START_TEST(without_arguments_the_defaults_hold)
{
    ck_assert(read_words((const char *const[]){NULL}));
    ck_assert_int_eq(config.action, SRV_RUN);
    ck_assert_str_eq(config.listen, "127.0.0.1:8080");
    ck_assert_str_eq(config.data_dir, "./descentd-data");
    ck_assert_uint_eq(config.threads, 0);
    ck_assert_uint_eq(config.workers, 64);
    ck_assert_uint_eq(config.max_body, 1u << 30);
    ck_assert_uint_eq(config.max_queue, 10000);
    ck_assert(!config.log_json);
    ck_assert_ptr_eq(config.kernels, gd_kernels_best());
}
END_TEST

START_TEST(each_flag_sets_its_own_member)
{
    ck_assert(READ("--listen", "[::1]:9", "--data-dir", "/var/lib/d", "--workers", "3",
                   "--threads", "2", "--max-body", "5000", "--max-queue", "17", "--log-format", "json",
                   "--kernels", "portable"));
    ck_assert_int_eq(config.action, SRV_RUN);
    ck_assert_str_eq(config.listen, "[::1]:9");
    ck_assert_str_eq(config.data_dir, "/var/lib/d");
    ck_assert_uint_eq(config.threads, 2);
    ck_assert_uint_eq(config.workers, 3);
    ck_assert_uint_eq(config.max_body, 5000);
    ck_assert_uint_eq(config.max_queue, 17);
    ck_assert(config.log_json);
    ck_assert_str_eq(config.kernels->name, "portable");
}
END_TEST

START_TEST(a_flag_may_have_its_value_behind_an_equals_sign)
{
    ck_assert(READ("--listen=0.0.0.0:0", "--data-dir=a=b", "--workers=1024", "--log-format=text"));
    ck_assert_str_eq(config.listen, "0.0.0.0:0");
    ck_assert_str_eq(config.data_dir, "a=b");
    ck_assert_uint_eq(config.workers, 1024);
    ck_assert(!config.log_json);
}
END_TEST

START_TEST(each_variable_sets_its_own_member)
{
    static const char *const values[] = {"localhost:1", "/data", "7", "2m", "5", "json", "plain"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        setenv(variables[i], values[i], 1);
    ck_assert(read_words((const char *const[]){NULL}));
    ck_assert_str_eq(config.listen, "localhost:1");
    ck_assert_str_eq(config.data_dir, "/data");
    ck_assert_uint_eq(config.workers, 7);
    ck_assert_uint_eq(config.max_body, 2u << 20);
    ck_assert_uint_eq(config.max_queue, 5);
    ck_assert(config.log_json);
    ck_assert_str_eq(config.kernels->name, "plain");
}
END_TEST

START_TEST(a_flag_beats_the_variable_and_the_last_flag_beats_the_first)
{
    setenv("DESCENTD_WORKERS", "7", 1);
    setenv("DESCENTD_MAX_QUEUE", "9", 1);
    ck_assert(READ("--workers", "2", "--workers", "4"));
    ck_assert_uint_eq(config.workers, 4);
    ck_assert_uint_eq(config.max_queue, 9);
}
END_TEST

START_TEST(sizes_have_units)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {{"1024", 1024},          {"1k", 1024},
                 {"3K", 3 << 10},         {"64m", 64 << 20},
                 {"1M", 1 << 20},         {"4g", UINT64_C(4) << 30},
                 {"1024G", UINT64_C(1) << 40}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (!READ("--max-body", sizes[i].text))
            ck_abort_msg("%s: %s", sizes[i].text, why);
        ck_assert_uint_eq(config.max_body, sizes[i].bytes);
    }
}
END_TEST

START_TEST(what_is_no_number_is_refused_with_its_name_and_its_text)
{
    static const char *const bad[] = {"",     "x",    "1.5", " 5",  "5 ",  "-1",
                                      "+5",   "0x10", "5kk", "1k",  "1e3", "1025",
                                      "0",
                                      "99999999999999999999", "18446744073709551617"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (READ("--workers", bad[i]))
            ck_abort_msg("--workers \"%s\" was taken as %llu", bad[i],
                         (unsigned long long)config.workers);
        assert_why_says("--workers");
        assert_why_says(bad[i]);
        assert_why_says("[1, 1024]");
    }
}
END_TEST

START_TEST(what_is_no_size_is_refused)
{
    static const char *const bad[] = {"",   "k",   "1kk", "1kb", "1t", "m5", "1023", "0",
                                      "-1k", "1 k", "1025g", "18446744073709551615g",
                                      "17179869185g" /* its bytes would wrap around to 1g */};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (READ("--max-body", bad[i]))
            ck_abort_msg("--max-body \"%s\" was taken as %llu", bad[i],
                         (unsigned long long)config.max_body);
        assert_why_says("--max-body");
    }
}
END_TEST

START_TEST(a_bad_variable_is_named_as_the_variable)
{
    setenv("DESCENTD_MAX_QUEUE", "many", 1);
    ck_assert(!READ("--workers", "1"));
    assert_why_says("DESCENTD_MAX_QUEUE");
    assert_why_says("many");
}
END_TEST

START_TEST(texts_have_to_fit)
{
    char text[2000];
    memset(text, 'a', sizeof text);
    text[255] = '\0'; /* the longest that fits */
    ck_assert(READ("--listen", text));
    ck_assert_str_eq(config.listen, text);
    text[255] = 'a';
    text[256] = '\0';
    ck_assert(!READ("--listen", text));
    assert_why_says("--listen");
    text[256] = 'a';
    text[sizeof text - 1] = '\0';
    ck_assert(!READ("--data-dir", text));
    assert_why_says("--data-dir");
    ck_assert(!READ("--data-dir", ""));
    ck_assert(!READ("--data-dir="));
}
END_TEST

START_TEST(an_unknown_option_is_named)
{
    static const char *const bad[] = {"--port", "--worker", "--workersx", "workers", "--", "-x",
                                      "--help=1", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (READ(bad[i], "3"))
            ck_abort_msg("%s was accepted", bad[i]);
        assert_why_says(bad[i]);
    }
}
END_TEST

START_TEST(a_flag_without_a_value_says_so)
{
    ck_assert(!READ("--listen", "127.0.0.1:1", "--workers"));
    assert_why_says("--workers");
    assert_why_says("value");
}
END_TEST

START_TEST(the_log_format_is_one_of_two)
{
    ck_assert(!READ("--log-format", "yaml"));
    assert_why_says("--log-format");
    assert_why_says("yaml");
    ck_assert(!READ("--log-format", "JSON"));
}
END_TEST

START_TEST(the_kernels_are_those_of_this_processor)
{
    ck_assert(!READ("--kernels", "mmx"));
    assert_why_says("--kernels must be auto or plain or portable");
    assert_why_says("\"mmx\"");
    for (size_t i = 0; i < gd_kernels_count; i++)
        ck_assert(READ("--kernels", gd_kernels_all[i]->name) == gd_kernels_usable(gd_kernels_all[i]));
    ck_assert(READ("--kernels", "auto"));
    ck_assert_ptr_eq(config.kernels, gd_kernels_best());
}
END_TEST

START_TEST(actions_are_told_apart)
{
    ck_assert(READ("--help"));
    ck_assert_int_eq(config.action, SRV_HELP);
    ck_assert(READ("-h"));
    ck_assert_int_eq(config.action, SRV_HELP);
    ck_assert(READ("--version"));
    ck_assert_int_eq(config.action, SRV_VERSION);
    ck_assert(READ("--health", "--listen", "127.0.0.1:9"));
    ck_assert_int_eq(config.action, SRV_HEALTH);
    ck_assert_str_eq(config.listen, "127.0.0.1:9");
}
END_TEST

START_TEST(why_is_cut_to_its_room)
{
    char *argv[] = {(char *)"descentd", (char *)"--workers", (char *)"a very long text indeed"};
    char small[16];
    memset(small, 'z', sizeof small);
    ck_assert(!srv_config_read(&config, 3, argv, small, 8));
    ck_assert_uint_eq(strnlen(small, 8), 7);
    ck_assert_int_eq(small[8], 'z');
}
END_TEST

START_TEST(the_help_names_every_setting_its_variable_and_its_default)
{
    static const char *const all[] = {
        "--listen", "--data-dir", "--threads", "--workers", "--max-body", "--max-queue", "--log-format",
        "--kernels", "--health", "--help", "--version", "127.0.0.1:8080", "./descentd-data", "10000"};
    char dir[256], path[300], text[8192];
    scratch_make(dir);
    snprintf(path, sizeof path, "%s/help", dir);
    ck_assert_ptr_nonnull(freopen(path, "w", stdout));
    srv_config_help();
    fflush(stdout);
    FILE *f = fopen(path, "r");
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    scratch_remove(dir);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!strstr(text, all[i]))
            ck_abort_msg("the help does not mention %s", all[i]);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (!strstr(text, variables[i]))
            ck_abort_msg("the help does not mention %s", variables[i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("config");
    TCase *tc = tcase_create("config");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, commands_take_their_words);
    tcase_add_test(tc, without_arguments_the_defaults_hold);
    tcase_add_test(tc, each_flag_sets_its_own_member);
    tcase_add_test(tc, a_flag_may_have_its_value_behind_an_equals_sign);
    tcase_add_test(tc, each_variable_sets_its_own_member);
    tcase_add_test(tc, a_flag_beats_the_variable_and_the_last_flag_beats_the_first);
    tcase_add_test(tc, sizes_have_units);
    tcase_add_test(tc, what_is_no_number_is_refused_with_its_name_and_its_text);
    tcase_add_test(tc, what_is_no_size_is_refused);
    tcase_add_test(tc, a_bad_variable_is_named_as_the_variable);
    tcase_add_test(tc, texts_have_to_fit);
    tcase_add_test(tc, an_unknown_option_is_named);
    tcase_add_test(tc, a_flag_without_a_value_says_so);
    tcase_add_test(tc, the_log_format_is_one_of_two);
    tcase_add_test(tc, the_kernels_are_those_of_this_processor);
    tcase_add_test(tc, actions_are_told_apart);
    tcase_add_test(tc, why_is_cut_to_its_room);
    tcase_add_test(tc, the_help_names_every_setting_its_variable_and_its_default);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
