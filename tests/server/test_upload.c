/* Uploads: numbers in by a sink, a dataset file out. Checked against the layout in srv_file.h,
 * a hash made here, and plain sums; and what is left behind when something fails.
 */
#define _GNU_SOURCE
#include "samples.h"

#include <sched.h>
#include <sys/mount.h>

static srv_upload *begin(void)
{
    api_problem p = {0};
    srv_upload *u = srv_upload_new(files, false, &p);
    if (!u)
        ck_abort_msg("%s", p.detail);
    return u;
}

static bool stream(srv_upload *u, const sample *s, api_problem *p)
{
    double *values = in_order(s);
    bool ok = stream_values(u, s, values, p);
    free_order(s, values);
    return ok;
}

/* ---- layouts ---- */

/* How the stream is laid out, and what is wanted of it. */
static const struct {
    uint64_t rows;
    size_t stored, cols, features[MOST_COLS], target_at;
} layouts[] = {
    {1, 1, 1, {0}, API_APART},                /* plain */
    {512, 1, 1, {0}, API_APART},              /* plain, rows end on a page's end */
    {4099, 3, 3, {0, 1, 2}, API_APART},       /* plain */
    {16384, 4, 4, {0, 1, 2, 3}, API_APART},   /* plain, the buffer fills to the brim */
    {40000, 5, 5, {0, 1, 2, 3, 4}, API_APART},  /* plain, some blocks */
    {200003, 5, 5, {0, 1, 2, 3, 4}, API_APART}, /* plain, more than go round */
    {90000, 5, 4, {4, 2, 1, 0}, 3},             /* gathered from blocks */
    {1, 2, 1, {1}, 0},                        /* gathered: the target stands first */
    {3001, 3, 2, {2, 0}, 1},                  /* gathered: another order, the target between */
    {20011, 8, 3, {7, 1, 4}, 3},              /* gathered: most columns dropped */
    {777, 4, 2, {3, 1}, API_APART},           /* gathered: the targets apart all the same */
    {5003, 3, 3, {1, 2, 0}, API_APART},       /* gathered: nothing dropped, another order */
};

/* What goes through the database is all of the file, of small ones alone. */
static void assert_small(const srv_stored *stored)
{
    char path[SRV_FILE_PATH];
    bool small = stored->bytes <= SRV_SMALL_FILE;
    ck_assert_int_eq(stored->contents != NULL, small);
    srv_file_path(dir, stored->sha256, path);
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    for (uint64_t i = 0; small && i < stored->bytes; i++)
        if (fgetc(f) != ((const unsigned char *)stored->contents)[i])
            ck_abort_msg("byte %llu differs", (unsigned long long)i);
    fclose(f);
}

START_TEST(what_is_streamed_in_is_in_the_file)
{
    sample s;
    api_problem p = {0};
    srv_stored stored;
    make_sample(&s, layouts[_i].rows, layouts[_i].stored, layouts[_i].features, layouts[_i].cols,
                layouts[_i].target_at);
    srv_upload *u = begin();
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 0);
    ck_assert(stream(u, &s, &p));
    ck_assert(srv_upload_finish(u, &s.d, NULL, &stored, &p));
    ck_assert_int_eq(p.code, API_NO_PROBLEM);
    srv_upload_free(u);
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 1);
    assert_file(&s, &stored);
    assert_statistics(&s, stored.statistics);
    assert_small(&stored);
    free(stored.statistics);
    free(stored.contents);

    srv_files_drop(files, stored.sha256); /* held still */
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 1);
    srv_files_release(files, stored.sha256); /* never recorded */
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 0);
    srv_files_drop(files, stored.sha256); /* gone already: fine */
    free_sample(&s);
}
END_TEST

START_TEST(the_same_data_gives_the_same_file_however_it_was_laid_out)
{
    sample plain, mixed;
    api_problem p = {0};
    srv_stored a, b;
    make_sample(&mixed, 2000, 4, (const size_t[]){2, 0}, 2, 3);
    make_sample(&plain, 2000, 2, (const size_t[]){0, 1}, 2, API_APART);
    for (uint64_t i = 0; i < 2000; i++) {
        plain.values[2 * i] = feature(&mixed, i, 0);
        plain.values[2 * i + 1] = feature(&mixed, i, 1);
        plain.targets[i] = target(&mixed, i);
    }
    srv_upload *u = begin(), *v = begin(); /* two at once */
    ck_assert(stream(u, &plain, &p) && stream(v, &mixed, &p));
    ck_assert(srv_upload_finish(u, &plain.d, NULL, &a, &p));
    ck_assert(srv_upload_finish(v, &mixed.d, NULL, &b, &p));
    ck_assert_str_eq(a.sha256, b.sha256);
    ck_assert_uint_eq(a.bytes, b.bytes);
    /* and is stored once, until the last who has it lets go */
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 1);
    srv_files_release(files, a.sha256);
    assert_file(&mixed, &b);
    recorded = true;
    srv_files_release(files, b.sha256);
    srv_files_drop(files, b.sha256);
    assert_file(&mixed, &b);
    recorded = false;
    srv_files_drop(files, b.sha256);
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 0);
    free(a.statistics);
    free(a.contents);
    free(b.statistics);
    free(b.contents);
    srv_upload_free(u);
    srv_upload_free(v);
    free_sample(&plain);
    free_sample(&mixed);
}
END_TEST

/* Rows that are looked at as they are written are so in the same blocks as those that are read again. */
START_TEST(who_is_told_how_wide_rows_are_says_the_same_of_them)
{
    sample s;
    api_problem p = {0};
    srv_stored told, not;
    make_sample(&s, 100003, 7, (const size_t[]){0, 1, 2, 3, 4, 5, 6}, 7, API_APART);
    for (uint64_t i = 0; i < s.d.rows * s.d.stored; i += 11)
        s.values[i] = i % 3 ? NAN : 0; /* missing, or often the same */
    srv_upload *u = begin(), *v = begin();
    ck_assert(stream(u, &s, &p));
    ck_assert(srv_upload_finish(u, &s.d, NULL, &told, &p));
    untold = true;
    ck_assert(stream(v, &s, &p));
    untold = false;
    ck_assert(srv_upload_finish(v, &s.d, NULL, &not, &p));
    ck_assert_str_eq(told.sha256, not.sha256);
    ck_assert_str_eq(told.statistics, not.statistics);
    srv_files_release(files, told.sha256);
    assert_file(&s, &not);
    srv_files_release(files, not.sha256);
    free(told.statistics);
    free(told.contents);
    free(not.statistics);
    free(not.contents);
    srv_upload_free(u);
    srv_upload_free(v);
    free_sample(&s);
}
END_TEST

/* Texts are counted by their levels, which are known at the end. */
START_TEST(levels_are_counted_though_rows_were_looked_at_before)
{
    enum { ROWS = 50000 };
    sample s;
    api_problem p = {0};
    srv_stored stored;
    char *levels[] = {(char *)"red", (char *)"blue"};
    api_kind kinds[3] = {{.type = API_CATEGORICAL, .levels = levels, .levels_count = 2},
                         {.type = API_NUMERIC},
                         {.type = API_NUMERIC}};
    make_sample(&s, ROWS, 2, (const size_t[]){0, 1}, 2, API_APART);
    for (uint64_t i = 0; i < ROWS; i++)
        s.values[2 * i] = i % 5 == 0;
    s.d.kinds = kinds;
    srv_upload *u = begin();
    ck_assert(stream(u, &s, &p));
    ck_assert(srv_upload_finish(u, &s.d, NULL, &stored, &p));
    cJSON *list = cJSON_Parse(stored.statistics);
    const cJSON *top = cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "top");
    ck_assert_int_eq(cJSON_GetArraySize(top), 2);
    for (int i = 0; i < 2; i++) {
        const cJSON *level = cJSON_GetArrayItem(top, i);
        ck_assert_str_eq(cJSON_GetObjectItem(level, "value")->valuestring, i ? "blue" : "red");
        ck_assert_int_eq(cJSON_GetObjectItem(level, "count")->valueint, i ? ROWS / 5 : ROWS / 5 * 4);
    }
    cJSON_Delete(list);
    srv_files_release(files, stored.sha256);
    free(stored.statistics);
    free(stored.contents);
    srv_upload_free(u);
    free_sample(&s);
}
END_TEST

START_TEST(the_hash_is_sha_256)
{
    static const struct {
        const char *text, *hex;
    } known[] = {/* FIPS 180-4, examples */
                 {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                 {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                 {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char hex[SRV_SHA256_SIZE];
        srv_sha256(known[i].text, strlen(known[i].text), hex);
        ck_assert_str_eq(hex, known[i].hex);
    }
}
END_TEST

/* ---- failures ---- */

START_TEST(an_upload_that_is_given_up_leaves_nothing)
{
    sample s;
    api_problem p = {0};
    make_sample(&s, 30000, 3, (const size_t[]){0, 1, 2}, 3, API_APART);
    srv_upload *u = begin();
    ck_assert(stream(u, &s, &p));
    ck_assert_uint_gt(scratch_count(dir, "tmp"), 0); /* it was on its way */
    srv_upload_free(u);
    ck_assert_uint_eq(scratch_count(dir, "tmp"), 0);
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 0);
    srv_upload_free(NULL);
    free_sample(&s);
}
END_TEST

START_TEST(without_its_folders_an_upload_fails_and_says_so)
{
    sample s;
    char path[300];
    api_problem p = {0};
    srv_stored stored = {0};
    make_sample(&s, 100, 2, (const size_t[]){1}, 1, 0);

    srv_upload *u = begin();
    ck_assert(stream(u, &s, &p));
    snprintf(path, sizeof path, "%s/datasets", dir);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert(!srv_upload_finish(u, &s.d, NULL, &stored, &p));
    ck_assert_int_eq(p.code, API_INTERNAL);
    srv_upload_free(u);
    ck_assert_uint_eq(scratch_count(dir, "tmp"), 0);

    p = (api_problem){0};
    snprintf(path, sizeof path, "%s/tmp", dir);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_ptr_null(srv_upload_new(files, false, &p));
    ck_assert_int_eq(p.code, API_INTERNAL);
    ck_assert_int_eq(mkdir(path, 0700), 0); /* for teardown */
    free_sample(&s);
}
END_TEST

/* A disk of one mebibyte over the data directory, in a namespace of this process alone. False,
 * with a line that says why, where that is not allowed. */
static bool small_disk(void)
{
    char path[300];
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", dir, "tmpfs", 0, "size=1m") == 0) {
        snprintf(path, sizeof path, "%s/datasets", dir);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/tmp", dir);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        return true;
    }
    printf("skipped: a full disk needs root and a tmpfs mount\n");
    fflush(stdout);
    return false;
}

static void end_small_disk(void)
{
    char path[300];
    ck_assert_int_eq(umount(dir), 0); /* not busy: every descriptor and mapping is closed */
    snprintf(path, sizeof path, "%s/tmp", dir);
    ck_assert_int_eq(access(path, F_OK), 0);
}

/* A file that leaves about `bytes` of the small disk. */
static void fill_disk(uint64_t bytes)
{
    char path[300], block[4096] = {1};
    snprintf(path, sizeof path, "%s/filler", dir);
    FILE *f = fopen(path, "w");
    setvbuf(f, NULL, _IONBF, 0);
    for (uint64_t at = 0; at < (1 << 20) - bytes && fwrite(block, 1, sizeof block, f) > 0;)
        at += sizeof block;
    fclose(f);
}

/* Layouts whose end comes at different places: while streaming, when the last buffer is
 * written, while columns are gathered, when the targets are put behind the rows. */
static const struct {
    uint64_t rows;
    size_t stored, cols, features[MOST_COLS], target_at;
    uint64_t room;
} full[] = {
    {100000, 3, 3, {0, 1, 2}, API_APART, 1 << 20},
    {2000, 3, 3, {0, 1, 2}, API_APART, 40000},
    {2000, 3, 3, {0, 1, 2}, API_APART, 56000},
    {2000, 3, 3, {0, 1, 2}, API_APART, 68000},
    {30000, 4, 3, {2, 1, 0}, 3, 1 << 20},
    {2000, 4, 2, {2, 0}, 3, 90000},
};

START_TEST(on_a_full_disk_it_says_so_and_leaves_nothing)
{
    sample s;
    api_problem p = {0};
    srv_stored stored = {0};
    if (!small_disk())
        return;
    fill_disk(full[_i].room);
    make_sample(&s, full[_i].rows, full[_i].stored, full[_i].features, full[_i].cols,
                full[_i].target_at);
    srv_upload *u = begin();
    ck_assert(!stream(u, &s, &p) || !srv_upload_finish(u, &s.d, NULL, &stored, &p));
    ck_assert_int_eq(p.code, API_NO_SPACE);
    ck_assert_ptr_null(stored.statistics);
    srv_upload_free(u);
    ck_assert_uint_eq(scratch_count(dir, "tmp"), 0);
    ck_assert_uint_eq(scratch_count(dir, "datasets"), 0);

    /* once there is room, the next one goes through */
    char path[300];
    snprintf(path, sizeof path, "%s/filler", dir);
    unlink(path);
    p = (api_problem){0};
    free_sample(&s);
    make_sample(&s, 1000, 3, (const size_t[]){0, 1, 2}, 3, API_APART);
    u = begin();
    ck_assert(stream(u, &s, &p) && srv_upload_finish(u, &s.d, NULL, &stored, &p));
    srv_upload_free(u);
    assert_file(&s, &stored);
    free(stored.statistics);
    free(stored.contents);
    free_sample(&s);
    end_small_disk();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("upload");
    TCase *tc = tcase_create("upload");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, what_is_streamed_in_is_in_the_file, 0,
                        sizeof layouts / sizeof layouts[0]);
    tcase_add_test(tc, the_same_data_gives_the_same_file_however_it_was_laid_out);
    tcase_add_test(tc, who_is_told_how_wide_rows_are_says_the_same_of_them);
    tcase_add_test(tc, levels_are_counted_though_rows_were_looked_at_before);
    tcase_add_test(tc, the_hash_is_sha_256);
    tcase_add_test(tc, an_upload_that_is_given_up_leaves_nothing);
    tcase_add_test(tc, without_its_folders_an_upload_fails_and_says_so);
    tcase_add_loop_test(tc, on_a_full_disk_it_says_so_and_leaves_nothing, 0,
                        sizeof full / sizeof full[0]);
    suite_add_tcase(s, tc);
    return scratch_run(s);
}
