/* e2e: process handling and libcurl, once for all end-to-end tests. */
#include "e2e.h"

#include <arpa/inet.h>
#include <check.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* DESCENTD: path of the binary, from CMake. */

enum { ARGUMENTS = 32 };

/* What starts it in its place, from the environment (tests/valgrind.sh); NULL: nothing. */
static const char *starter(void)
{
    return getenv("DESCENTD_STARTER");
}

/* Deadlines are multiplied by this. */
static int patience(void)
{
    return starter() ? 20 : 1;
}

double e2e_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void nap(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

/* ---- the process ---- */

/* The address in the log line that says it listens; false until it is there. */
static bool find_address(e2e_server *s)
{
    char line[512];
    bool found = false;
    FILE *f = fopen(s->log, "r");
    while (f && fgets(line, sizeof line, f)) {
        /* address=127.0.0.1:1 in text, "address":"127.0.0.1:1" in JSON */
        const char *at = strstr(line, "address");
        if (strstr(line, "listening") && at && strchr(line, '\n')) {
            at += 7 + strspn(at + 7, "=\":");
            snprintf(s->address, sizeof s->address, "%.*s", (int)strcspn(at, " \",\n"), at);
            found = true;
        }
    }
    if (f)
        fclose(f);
    snprintf(s->url, sizeof s->url, "http://%s", s->address);
    return found;
}

void e2e_launch(e2e_server *s, const char *const *extra)
{
    const char *argv[ARGUMENTS] = {DESCENTD, "--listen", "127.0.0.1:0", "--data-dir", s->dir};
    size_t n = 5;
    for (; extra && *extra && n + 1 < ARGUMENTS; extra++)
        argv[n++] = *extra;
    unlink(s->log); /* what an earlier process said is not this one's address */
    /* Check handles these signals by killing the whole group: not in the child, please. */
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, &before);
    s->pid = fork();
    ck_assert_int_ge(s->pid, 0);
    if (s->pid == 0) {
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no server behind */
        int log = open(s->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execv(starter() ? starter() : DESCENTD, (char *const *)argv);
        _exit(127);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void run(e2e_server *s, const char *const *extra)
{
    e2e_launch(s, extra);
    for (double end = e2e_now() + 30 * patience(); e2e_now() < end; nap(0.005)) {
        if (find_address(s))
            return;
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
            break;
    }
    ck_abort_msg("the server did not start; see %s", s->log);
}

e2e_server *e2e_start(const char *const *extra)
{
    e2e_server *s = calloc(1, sizeof *s);
    char base[200];
    const char *tmp = getenv("TMPDIR");
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted, and safe before any thread */
    snprintf(base, sizeof base, "%s/descentd-e2e-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(s->dir, sizeof s->dir, "%s/data", base);
    snprintf(s->log, sizeof s->log, "%s/log", base);
    run(s, extra);
    return s;
}

void e2e_restart(e2e_server *s, const char *const *extra)
{
    ck_assert_int_eq(s->pid, 0);
    run(s, extra);
}

int e2e_end(e2e_server *s, int signal)
{
    int status = 0;
    kill(s->pid, signal);
    for (double end = e2e_now() + 20 * patience(); e2e_now() < end; nap(0.005))
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = 0;
            return status;
        }
    ck_abort_msg("the server did not end within %d seconds of signal %d", 20 * patience(), signal);
    return -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int e2e_files_in(const e2e_server *s, const char *folder)
{
    char path[400];
    int n = 0;
    snprintf(path, sizeof path, "%s/%s", s->dir, folder);
    DIR *d = opendir(path);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

void e2e_discard(e2e_server *s)
{
    if (s->pid)
        e2e_end(s, SIGKILL);
    *strrchr(s->dir, '/') = '\0';
    nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(s);
}

void e2e_print_log(const e2e_server *s)
{
    char line[512];
    FILE *f = fopen(s->log, "r");
    while (f && fgets(line, sizeof line, f))
        fputs(line, stderr);
    if (f)
        fclose(f);
}

void e2e_stop(e2e_server *s)
{
    if (s->pid) {
        int status = e2e_end(s, SIGTERM);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            e2e_print_log(s);
            ck_abort_msg("the server ended with status %#x", (unsigned)status);
        }
    }
    e2e_discard(s);
}

/* ---- requests ---- */

typedef struct text {
    char *data;
    size_t len;
} text;

static size_t append(char *bytes, size_t size, size_t n, void *to)
{
    text *t = to;
    t->data = realloc(t->data, t->len + n * size + 1);
    memcpy(t->data + t->len, bytes, n * size);
    t->len += n * size;
    t->data[t->len] = '\0';
    return n * size;
}

e2e_reply e2e_try(const e2e_server *s, void *curl, const char *method, const char *path,
                  const char *const *headers, const char *body, size_t len)
{
    e2e_reply r = {0};
    text out = {calloc(1, 1), 0}, head = {calloc(1, 1), 0};
    struct curl_slist *list = NULL;
    char url[2048], type[128];
    CURL *c = curl ? curl : curl_easy_init();
    curl_easy_reset(c);
    snprintf(url, sizeof url, "%s%s", s->url, path);
    /* no waiting for "100 Continue", no Content-Type that was not asked for */
    list = curl_slist_append(list, "Expect:");
    for (; headers && *headers; headers++)
        list = curl_slist_append(list, *headers);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 150L * patience());
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &out);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, append);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &head);
    if (body) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    }
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    CURLcode code = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &r.status);
    curl_slist_free_all(list);
    if (!curl)
        curl_easy_cleanup(c);
    if (r.status == 0) {
        const char *why = curl_easy_strerror(code);
        append((char *)why, 1, strlen(why), &out);
    }
    r.body = out.data;
    r.len = out.len;
    r.headers = head.data;
    if (strstr(e2e_header(&r, "Content-Type", type, sizeof type), "json"))
        r.json = cJSON_Parse(r.body);
    return r;
}

e2e_reply e2e_request(const e2e_server *s, const char *method, const char *path,
                      const char *const *headers, const char *body, size_t len)
{
    e2e_reply r = e2e_try(s, NULL, method, path, headers, body, len);
    if (r.status == 0)
        ck_abort_msg("%s %s: %s", method, path, r.body);
    return r;
}

e2e_reply e2e_get(const e2e_server *s, const char *path)
{
    return e2e_request(s, "GET", path, NULL, NULL, 0);
}

e2e_reply e2e_post(const e2e_server *s, const char *path, const char *json)
{
    const char *const headers[] = {"Content-Type: application/json", NULL};
    return e2e_request(s, "POST", path, headers, json, strlen(json));
}

e2e_reply e2e_post_csv(const e2e_server *s, const char *path, const char *csv)
{
    const char *const headers[] = {"Content-Type: text/csv", NULL};
    return e2e_request(s, "POST", path, headers, csv, strlen(csv));
}

e2e_reply e2e_delete(const e2e_server *s, const char *path)
{
    return e2e_request(s, "DELETE", path, NULL, NULL, 0);
}

void e2e_reply_free(e2e_reply *r)
{
    free(r->body);
    free(r->headers);
    cJSON_Delete(r->json);
    *r = (e2e_reply){0};
}

const char *e2e_header(const e2e_reply *r, const char *name, char *buf, size_t size)
{
    size_t n = strlen(name);
    buf[0] = '\0';
    for (const char *line = r->headers; line && *line; line = strchr(line, '\n'), line += !!line)
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            line += n + 1;
            line += strspn(line, " ");
            snprintf(buf, size, "%.*s", (int)strcspn(line, "\r\n"), line);
        }
    return buf;
}

/* ---- documents ---- */

const cJSON *e2e_at(const cJSON *json, const char *path)
{
    char copy[256], *rest = NULL;
    const cJSON *at = json;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strtok_r(copy, ".", &rest); part; part = strtok_r(NULL, ".", &rest)) {
        at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, atoi(part))
                               : cJSON_GetObjectItemCaseSensitive(at, part);
        if (!at) {
            char *print = json ? cJSON_Print(json) : NULL;
            ck_abort_msg("there is no %s in %s", path, print ? print : "a reply that is not JSON");
        }
    }
    return at;
}

double e2e_number(const cJSON *json, const char *path)
{
    const cJSON *item = e2e_at(json, path);
    if (!cJSON_IsNumber(item))
        ck_abort_msg("%s is not a number", path);
    return item->valuedouble;
}

const char *e2e_string(const cJSON *json, const char *path)
{
    const cJSON *item = e2e_at(json, path);
    if (!cJSON_IsString(item))
        ck_abort_msg("%s is not a string", path);
    return item->valuestring;
}

static void create(const e2e_server *s, const char *path, long status, const char *json, char *id)
{
    e2e_reply r = e2e_post(s, path, json);
    if (r.status != status)
        ck_abort_msg("POST %s: %ld %s", path, r.status, r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

void e2e_dataset(const e2e_server *s, const char *json, char *id)
{
    create(s, "/v1/datasets", 201, json, id);
}

const char *e2e_dataset_file(const e2e_server *s, const char *id, char path[400])
{
    e2e_reply r = e2e_getf(s, "/v1/datasets/%s", id);
    ck_assert_int_eq(r.status, 200);
    snprintf(path, 400, "%s/datasets/%s", s->dir, e2e_string(r.json, "sha256"));
    e2e_reply_free(&r);
    return path;
}

void e2e_job(const e2e_server *s, const char *json, char *id)
{
    create(s, "/v1/jobs", 202, json, id);
}

e2e_reply e2e_wait(const e2e_server *s, const char *job_id)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/jobs/%s?wait=10", job_id);
    for (double end = e2e_now() + 120 * patience(); e2e_now() < end;) {
        e2e_reply r = e2e_get(s, path);
        ck_assert_int_eq(r.status, 200);
        const char *state = e2e_string(r.json, "state");
        if (strcmp(state, "queued") != 0 && strcmp(state, "running") != 0)
            return r;
        e2e_reply_free(&r);
    }
    ck_abort_msg("job %s did not end within %d seconds", job_id, 120 * patience());
    return (e2e_reply){0};
}

e2e_reply e2e_getf(const e2e_server *s, const char *fmt, ...)
{
    char path[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    return e2e_get(s, path);
}

void e2e_problem(const e2e_reply *r, long status, const char *slug)
{
    char type[128], want[128];
    if (r->status != status)
        ck_abort_msg("status %ld, not %ld: %s", r->status, status, r->body);
    ck_assert_str_eq(e2e_header(r, "Content-Type", type, sizeof type), "application/problem+json");
    snprintf(want, sizeof want, "urn:descentd:problem:%s", slug);
    ck_assert_str_eq(e2e_string(r->json, "type"), want);
    ck_assert_int_eq((long)e2e_number(r->json, "status"), status);
    ck_assert_uint_gt(strlen(e2e_string(r->json, "title")), 0);
    ck_assert_uint_gt(strlen(e2e_string(r->json, "detail")), 0);
}

const char *e2e_field_error(const e2e_reply *r, const char *field)
{
    const cJSON *item, *list = cJSON_GetObjectItemCaseSensitive(r->json, "errors");
    cJSON_ArrayForEach (item, list)
        if (strcmp(e2e_string(item, "field"), field) == 0)
            return e2e_string(item, "message");
    ck_abort_msg("no error names the field %s: %s", field, r->body);
    return "";
}

/* ---- raw bytes ---- */

int e2e_connect(const e2e_server *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strrchr(s->address, ':') + 1))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

char *e2e_raw(const e2e_server *s, const char *bytes, size_t len, double seconds)
{
    int fd = e2e_connect(s);
    text t = {calloc(1, 1), 0};
    size_t sent = 0;
    for (double end = e2e_now() + seconds; e2e_now() < end;) {
        struct pollfd p = {fd, (short)(POLLIN | (sent < len ? POLLOUT : 0)), 0};
        poll(&p, 1, 50);
        if (p.revents & POLLOUT) {
            ssize_t n = send(fd, bytes + sent, len - sent, MSG_NOSIGNAL);
            if (n < 0)
                break;
            sent += (size_t)n;
        }
        if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
            char buf[4096];
            ssize_t n = recv(fd, buf, sizeof buf, 0);
            if (n <= 0)
                break;
            append(buf, 1, (size_t)n, &t);
        }
    }
    close(fd);
    return t.data;
}
