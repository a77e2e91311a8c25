/* Tokens: made, listed and revoked by a tenant's admins, and lines of a file. */
#define _GNU_SOURCE
#include "tokens.h"

#include <sys/stat.h>

static const char *const with_auth[] = {"--auth", "on", NULL};

/* ---- tokens of a tenant, by its admins ---- */

/* A token as it came from the server, which said what the request was. */
static token made_token(const e2e_reply *r, const char *scope)
{
    token t;
    ck_assert_msg(r->status == 201, "%s", r->body);
    ck_assert_str_eq(e2e_string(r->json, "scope"), scope);
    snprintf(t.header, sizeof t.header, "Authorization: Bearer %s", e2e_string(r->json, "token"));
    snprintf(t.id, sizeof t.id, "%s", e2e_string(r->json, "id"));
    return t;
}

START_TEST(an_admin_makes_lists_and_revokes_tokens_of_the_tenant)
{
    e2e_server *s = e2e_start(with_auth);
    token admin = make_token(s, "acme", "admin"), writer = make_token(s, "acme", "write"),
          theirs = make_token(s, "other", "admin");
    char path[80], id[32];
    e2e_reply r = ask(s, &admin, "POST", "/v1/tokens", "{\"scope\": \"read\", \"name\": \"board\"}");
    token reader = made_token(&r, "read");
    e2e_reply_free(&r);
    expect(s, &reader, "GET", "/v1/jobs", NULL, 200);
    expect(s, &reader, "POST", "/v1/datasets", "{\"X\": [1], \"y\": [1]}", 403);
    make(s, &writer, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    snprintf(path, sizeof path, "/v1/datasets/%s", id);
    expect(s, &reader, "GET", path, NULL, 200);
    /* it is acme's: no other tenant can see it or take it away */
    snprintf(path, sizeof path, "/v1/tokens/%s", reader.id);
    expect(s, &theirs, "DELETE", path, NULL, 404);
    const struct {
        const token *who;
        int count;
    } lists[] = {{&admin, 3}, {&theirs, 1}};
    for (int i = 0; i < 2; i++) {
        r = ask(s, lists[i].who, "GET", "/v1/tokens", NULL);
        ck_assert_int_eq(r.status, 200);
        ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "tokens")), lists[i].count);
        ck_assert_ptr_null(strstr(r.body, admin.header + strlen("Authorization: Bearer ") + 25));
        ck_assert_ptr_null(strstr(r.body, "hash"));
        if (i == 0)
            ck_assert_str_eq(e2e_string(r.json, "tokens.0.name"), "board");
        e2e_reply_free(&r);
    }
    /* who is no admin has no say */
    const token *const others[] = {&writer, &reader};
    for (int i = 0; i < 2; i++) {
        expect(s, others[i], "POST", "/v1/tokens", "{\"scope\": \"admin\"}", 403);
        expect(s, others[i], "GET", "/v1/tokens", NULL, 403);
        expect(s, others[i], "DELETE", path, NULL, 403);
    }
    expect(s, &reader, "GET", "/v1/jobs", NULL, 200);
    expect(s, &admin, "DELETE", path, NULL, 204);
    expect(s, &reader, "GET", "/v1/jobs", NULL, 401);
    expect(s, &admin, "DELETE", path, NULL, 204); /* as it was */
    snprintf(path, sizeof path, "/v1/tokens/%s", id); /* a dataset */
    expect(s, &admin, "DELETE", path, NULL, 404);
    static const char *const bad[] = {"{}", "{\"scope\": \"all\"}", "{\"scope\": 1}",
                                      "{\"scope\": \"read\", \"name\": 3}",
                                      "{\"scope\": \"read\", \"tenant\": \"other\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(s, &admin, "POST", "/v1/tokens", bad[i], 422);
    r = ask(s, &admin, "GET", "/v1/tokens?limit=2", NULL);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "tokens")), 2);
    ck_assert(cJSON_IsNumber(e2e_at(r.json, "next")));
    ck_assert(cJSON_IsString(e2e_at(r.json, "tokens.0.revoked_at")));
    e2e_reply_free(&r);
    /* without access control nobody makes one for the time when there is some */
    end_cleanly(s, SIGTERM, 5);
    e2e_restart(s, NULL);
    expect(s, NULL, "POST", "/v1/tokens", "{\"scope\": \"admin\"}", 403);
    expect(s, NULL, "GET", "/v1/tokens", NULL, 403);
    snprintf(path, sizeof path, "/v1/tokens/%s", writer.id);
    expect(s, NULL, "DELETE", path, NULL, 403);
    e2e_stop(s);
}
END_TEST

/* Puts so many tokens of the tenant into the database, as of long ago. */
static void add_tokens(const e2e_server *s, int count, bool revoked)
{
    char path[300], sql[600];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/descentd.db", s->dir);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO tokens (id, name, tenant, scope, hash, created_at, revoked_at) SELECT "
             "'gdt_%d' || i, '', 'acme', 'read', '', '2026-01-01T00:00:00.000Z', %s FROM n",
             count, revoked, revoked ? "'2026-01-02T00:00:00.000Z'" : "NULL");
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 20000);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

START_TEST(a_tenants_tokens_are_bounded)
{
    static const char asked[] = "{\"scope\": \"read\"}";
    e2e_server *s = e2e_start(with_auth);
    token admin = make_token(s, "acme", "admin");
    char last[32] = "", path[80];
    add_tokens(s, 1500, true);
    add_tokens(s, 998, false);
    make(s, &admin, "/v1/tokens", asked, last);
    e2e_reply r = ask(s, &admin, "POST", "/v1/tokens", asked); /* there are 1000 that hold */
    e2e_problem(&r, 507, "quota-full");
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/tokens/%s", last);
    expect(s, &admin, "DELETE", path, NULL, 204);
    make(s, &admin, "/v1/tokens", asked, last);
    /* those that were revoked long ago are gone; of the newest 1000 there is one */
    r = ask(s, &admin, "GET", "/v1/tokens?limit=1000", NULL);
    snprintf(path, sizeof path, "/v1/tokens?limit=1000&before=%.0f", e2e_number(r.json, "next"));
    e2e_reply_free(&r);
    r = ask(s, &admin, "GET", path, NULL);
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "tokens")), 1);
    ck_assert(cJSON_IsNull(e2e_at(r.json, "tokens.0.revoked_at")));
    e2e_reply_free(&r);
    expect(s, &admin, "GET", "/v1/jobs", NULL, 200);
    e2e_stop(s);
}
END_TEST

/* ---- tokens of a file ---- */

static void write_file(const char *path, const char *text)
{
    char new[340];
    snprintf(new, sizeof new, "%s.new", path); /* as editors do */
    FILE *f = fopen(new, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    ck_assert_int_eq(chmod(new, 0644), 0);
    ck_assert_int_eq(rename(new, path), 0);
}

/* A token and its line, as the command line prints them. */
static token token_line(const e2e_server *s, const char *tenant, const char *scope, char line[300])
{
    char said[2048], *end;
    token t;
    ck_assert_int_eq(COMMAND(s, said, "token", "line", tenant, scope, "of a file"), 0);
    end = strchr(said, '\n');
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    snprintf(line, 300, "%s", end + 1);
    snprintf(t.header, sizeof t.header, "Authorization: Bearer %s", said);
    snprintf(t.id, sizeof t.id, "%.24s", said);
    ck_assert_ptr_null(strstr(line, said + 25)); /* the secret is not in it */
    return t;
}

START_TEST(tokens_of_a_file_are_read_at_the_start_and_on_sighup)
{
    char file[300], line[300], other_line[300], text[1200], id[32];
    e2e_server *s = e2e_start(NULL);
    snprintf(file, sizeof file, "%s.tokens", s->dir);
    const char *const options[] = {"--auth", "on", "--token-file", file, NULL};
    token writer = token_line(s, "acme", "write", line), stored = make_token(s, "acme", "read"),
          other = token_line(s, "other", "read", other_line), wrong = writer;
    wrong.header[strlen(wrong.header) - 1] ^= 1;
    end_cleanly(s, SIGTERM, 5);
    snprintf(text, sizeof text, "# who may\n\n  %s", line);
    write_file(file, text);
    e2e_restart(s, options);
    make(s, &writer, "/v1/datasets", "{\"X\": [1, 2], \"y\": [1, 2]}", id);
    expect(s, &stored, "GET", "/v1/datasets", NULL, 200); /* both hold */
    expect(s, &wrong, "GET", "/v1/datasets", NULL, 401);
    expect(s, &other, "GET", "/v1/datasets", NULL, 401);
    write_file(file, other_line);
    kill(s->pid, SIGHUP);
    WAIT_UNTIL(log_says(s, "reloaded", "") > 0, 20);
    expect(s, &other, "GET", "/v1/datasets", NULL, 200);
    expect(s, &writer, "GET", "/v1/datasets", NULL, 401);
    /* a file that is wrong is not taken, and what was there stays */
    snprintf(text, sizeof text, "%sgdt_1 acme read\n", line);
    write_file(file, text);
    kill(s->pid, SIGHUP);
    WAIT_UNTIL(log_says(s, "line 2: it has to be", "") > 0, 20);
    expect(s, &other, "GET", "/v1/datasets", NULL, 200);
    expect(s, &writer, "GET", "/v1/datasets", NULL, 401);
    write_file(file, other_line);
    e2e_stop(s);
    remove(file);
}
END_TEST

/* All of the tenant's tokens, by pages of so many; their ids in order, each after a blank. */
static void list_tokens(const e2e_server *s, const token *t, int limit, char ids[800], int *of_file)
{
    double before = 9e15;
    ids[0] = '\0';
    *of_file = 0;
    while (before > 0) {
        char path[80];
        const cJSON *one;
        snprintf(path, sizeof path, "/v1/tokens?limit=%d&before=%.0f", limit, before);
        e2e_reply r = ask(s, t, "GET", path, NULL);
        ck_assert_int_eq(r.status, 200);
        ck_assert_int_le(cJSON_GetArraySize(e2e_at(r.json, "tokens")), limit);
        cJSON_ArrayForEach (one, e2e_at(r.json, "tokens")) {
            bool file = strcmp(e2e_string(one, "source"), "file") == 0;
            *of_file += file;
            ck_assert(cJSON_IsNull(cJSON_GetObjectItem(one, "created_at")) == file);
            ck_assert(file || strcmp(e2e_string(one, "source"), "database") == 0);
            snprintf(ids + strlen(ids), 800 - strlen(ids), " %s", e2e_string(one, "id"));
        }
        const cJSON *next = e2e_at(r.json, "next");
        before = cJSON_IsNumber(next) ? next->valuedouble : 0;
        ck_assert(before == 0 || cJSON_GetArraySize(e2e_at(r.json, "tokens")) == limit);
        e2e_reply_free(&r);
    }
}

START_TEST(tokens_of_a_file_are_listed_and_not_revoked_over_http)
{
    enum { LINES = 3 };
    char file[300], text[1600] = "", line[300], path[80], all[800], ids[800];
    int of_file;
    token own[LINES], stored[2];
    e2e_server *s = e2e_start(NULL);
    end_cleanly(s, SIGTERM, 5);
    snprintf(file, sizeof file, "%s.tokens", s->dir);
    const char *const options[] = {"--auth", "on", "--token-file", file, NULL};
    for (int i = 0; i < LINES; i++) {
        own[i] = token_line(s, "acme", i ? "read" : "admin", line);
        line[strcspn(line, "\n")] = '\0';
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s\n", line,
                 i ? "" : " the second word");
    }
    token other = token_line(s, "other", "admin", line);
    strcat(text, line);
    write_file(file, text);
    for (int i = 0; i < 2; i++)
        stored[i] = make_token(s, "acme", "read");
    e2e_restart(s, options);
    list_tokens(s, &own[0], 100, all, &of_file);
    ck_assert_int_eq(of_file, LINES);
    ck_assert_uint_eq(strlen(all), (LINES + 2) * 25);
    for (int i = 0; i < LINES; i++)
        ck_assert_ptr_nonnull(strstr(all, own[i].id));
    ck_assert_ptr_null(strstr(all, other.id));
    for (int limit = 1; limit <= LINES + 3; limit++) { /* each on one page */
        list_tokens(s, &own[0], limit, ids, &of_file);
        ck_assert_str_eq(ids, all);
    }
    e2e_reply r = ask(s, &own[0], "GET", "/v1/tokens", NULL);
    ck_assert_ptr_nonnull(strstr(r.body, "the second word"));
    e2e_reply_free(&r);
    list_tokens(s, &other, 100, ids, &of_file);
    ck_assert_uint_eq(strlen(ids), 25);

    for (int i = 0; i < LINES; i++) { /* also the one that asks */
        snprintf(path, sizeof path, "/v1/tokens/%s", own[i].id);
        r = ask(s, &own[0], "DELETE", path, NULL);
        e2e_problem(&r, 409, "conflict");
        ck_assert_ptr_nonnull(strstr(r.body, "--token-file"));
        e2e_reply_free(&r);
        expect(s, &other, "DELETE", path, NULL, 404); /* not there for others */
        expect(s, &own[i], "GET", "/v1/datasets", NULL, 200);
    }
    snprintf(path, sizeof path, "/v1/tokens/%s", stored[0].id);
    expect(s, &own[0], "DELETE", path, NULL, 204);
    expect(s, &stored[0], "GET", "/v1/datasets", NULL, 401);
    list_tokens(s, &own[0], 2, ids, &of_file); /* revoked ones stay */
    ck_assert_str_eq(ids, all);
    e2e_stop(s);
    remove(file);
}
END_TEST

START_TEST(a_file_of_tokens_that_is_wrong_starts_no_server)
{
    static const char sum[] = "182b2f15900f16db52b0f44894db07f5122cf297cbf682465d356bd1910d6fee";
    static const struct {
        const char *format, *why; /* %s: a SHA-256 */
    } rows[] = {
        {"gdt_00000000000000000000 acme read\n", "line 1: it has to be ID TENANT SCOPE"},
        {"# \n\ngdt_0000000000000000000 acme read %s\n", "line 3: its first word is no token's id"},
        {"gdt_00000000000000000000_0000000000000000000000000000000000000000 acme read %s\n",
         "(not the whole token)"},
        {"gdt_00000000000000000000 ac/me read %s\n", "line 1: its second word is no tenant"},
        {"gdt_00000000000000000000 acme all %s\n", "line 1: its third word is no scope"},
        {"gdt_00000000000000000000 acme read 12ab\n", "line 1: its fourth word is no SHA-256"},
        {"gdt_00000000000000000001 acme read %1$s a\n\ngdt_00000000000000000000 b read %1$s\n"
         "gdt_00000000000000000001 acme read %1$s\n",
         "line 4: the token gdt_00000000000000000001 is in line 1 too"},
    };
    char file[300], text[600];
    e2e_server *s = e2e_start(NULL);
    end_cleanly(s, SIGTERM, 5);
    snprintf(file, sizeof file, "%s.tokens", s->dir);
    const char *const options[] = {"--token-file", file, NULL};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, rows[i].format, sum);
        write_file(file, text);
        refuses_to_start(s, options, rows[i].why);
    }
    memset(text, '#', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    FILE *f = fopen(file, "w"); /* a line that is too long is none of two */
    fprintf(f, "%s%s\n", text, text);
    fclose(f);
    refuses_to_start(s, options, "line 1: it is longer");
    write_file(file, "# nobody\n");
    ck_assert_int_eq(chmod(file, 0664), 0);
    refuses_to_start(s, options, "others may write to");
    remove(file);
    refuses_to_start(s, options, "can't open");
    e2e_restart(s, NULL);
    e2e_stop(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tokens");
    TCase *tc = tcase_create("tokens");
    tcase_set_timeout(tc, 120 * SLOWER);
    tcase_add_test(tc, an_admin_makes_lists_and_revokes_tokens_of_the_tenant);
    tcase_add_test(tc, a_tenants_tokens_are_bounded);
    tcase_add_test(tc, tokens_of_a_file_are_read_at_the_start_and_on_sighup);
    tcase_add_test(tc, tokens_of_a_file_are_listed_and_not_revoked_over_http);
    tcase_add_test(tc, a_file_of_tokens_that_is_wrong_starts_no_server);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
