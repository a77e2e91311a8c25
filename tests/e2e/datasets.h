/* datasets: what the tests of datasets share: a server, and what lies on its disk. The truth comes
 * from outside the server: sha256sum, the stored bytes themselves. */
#ifndef DATASETS_H
#define DATASETS_H

#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <dirent.h>
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static e2e_server *s;

static UNUSED void start(void)
{
    s = e2e_start(NULL);
}

static UNUSED void stop(void)
{
    e2e_stop(s);
}

/* ---- what lies on the disk ---- */

/* What is temporary goes right after the answer. */
static UNUSED bool comes_to(const char *folder, int n)
{
    double end = e2e_now() + 10;
    while (e2e_files_in(s, folder) != n && e2e_now() < end)
        sched_yield();
    return e2e_files_in(s, folder) == n;
}

/* SHA-256 and size of the stored file, found by coreutils. */
static UNUSED void check_file(const cJSON *dataset)
{
    char path[400], command[500], hex[65] = "";
    struct stat st;
    e2e_dataset_file(s, e2e_string(dataset, "id"), path);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_double_eq(e2e_number(dataset, "bytes"), (double)st.st_size);
    snprintf(command, sizeof command, "sha256sum '%s'", path);
    FILE *f = popen(command, "r");
    ck_assert_int_eq(fscanf(f, "%64s", hex), 1);
    pclose(f);
    ck_assert_str_eq(e2e_string(dataset, "sha256"), hex);
}

static UNUSED void close_to(double got, double want, double rel)
{
    ck_assert_msg(fabs(got - want) <= rel * fabs(want), "got %.17g, not %.17g", got, want);
}

/* All tests of a program, each with a server of its own. */
static UNUSED int run_case(TCase *tc)
{
    Suite *suite = suite_create("datasets");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, start, stop);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}

#endif
