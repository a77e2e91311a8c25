/* HTTPS: the certificate and its reload, versions, what is sent in clear, handshakes and bodies that drip, and
 * that data arrives as it was sent.
 */
#define _GNU_SOURCE
#include "tokens.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

/* A server with the first certificate; the files are its own, to be changed. */
typedef struct secure {
    e2e_server *s;
    char certificate[320], key[320];
    const char *options[12];
} secure;

static void copy_file(const char *from, const char *to)
{
    char line[700];
    snprintf(line, sizeof line, "cp %s %s.new && mv %s.new %s", from, to, to, to);
    ck_assert_int_eq(system(line), 0);
}

static void use_pair(const secure *t, const char *certificate, const char *key)
{
    copy_file(certificate, t->certificate);
    copy_file(key, t->key);
}

#define FIRST TEST_DATA "/tls/first.pem", TEST_DATA "/tls/first.key"
#define SECOND TEST_DATA "/tls/second.pem", TEST_DATA "/tls/second.key"

static void start_secure(secure *t, const char *const *more)
{
    *t = (secure){.s = e2e_start(NULL)};
    end_cleanly(t->s, SIGTERM, 5);
    snprintf(t->certificate, sizeof t->certificate, "%s.pem", t->s->dir);
    snprintf(t->key, sizeof t->key, "%s.key", t->s->dir);
    const char *const pair[] = {"--tls-cert", t->certificate, "--tls-key", t->key};
    memcpy(t->options, pair, sizeof pair);
    for (size_t i = 4; more && *more && i < 11; i++)
        t->options[i] = *more++;
    use_pair(t, FIRST);
    e2e_restart(t->s, t->options);
}

static void stop_secure(secure *t)
{
    end_cleanly(t->s, SIGTERM, 5);
    assert_database_sound(t->s);
    remove(t->certificate);
    remove(t->key);
    e2e_discard(t->s);
}

/* ---- a client ---- */

typedef struct client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
} client;

static void hang_up(client *c)
{
    gnutls_deinit(c->session);
    gnutls_certificate_free_credentials(c->credentials);
    close(c->fd);
}

/* With these priorities (NULL: any); false when they don't come to terms. */
static bool shake_hands(client *c, const e2e_server *s, const char *priorities)
{
    int code;
    c->fd = e2e_connect(s);
    gnutls_init(&c->session, GNUTLS_CLIENT);
    gnutls_certificate_allocate_credentials(&c->credentials);
    gnutls_priority_set_direct(c->session, priorities ? priorities : "NORMAL", NULL);
    gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials);
    gnutls_transport_set_int(c->session, c->fd);
    gnutls_handshake_set_timeout(c->session, (unsigned)(20000 * SLOWER));
    do
        code = gnutls_handshake(c->session);
    while (code < 0 && !gnutls_error_is_fatal(code));
    return code == 0;
}

static void say(client *c, const char *bytes, size_t n)
{
    for (ssize_t sent; n > 0; bytes += sent, n -= (size_t)sent) {
        sent = gnutls_record_send(c->session, bytes, n);
        ck_assert_int_gt(sent, 0);
    }
}

/* All that comes until it closes, NUL-terminated, the caller's. *ended: did it say that it ends? */
static char *hear(client *c, size_t *n, bool *ended)
{
    size_t room = 1 << 16, len = 0;
    char *text = malloc(room);
    ssize_t got;
    gnutls_record_set_timeout(c->session, (unsigned)(60000 * SLOWER));
    while ((got = gnutls_record_recv(c->session, text + len, room - 1 - len)) > 0) {
        len += (size_t)got;
        if (room - len < room / 2)
            text = realloc(text, room *= 2);
    }
    text[len] = '\0';
    *ended = got == 0;
    if (n)
        *n = len;
    return text;
}

/* The answer to one request on a connection of its own. */
static char *ask_secure(const e2e_server *s, const char *request, size_t size, size_t *n)
{
    client c;
    bool ended;
    ck_assert(shake_hands(&c, s, NULL));
    say(&c, request, size);
    char *answer = hear(&c, n, &ended);
    hang_up(&c);
    return answer;
}

#define HEALTH "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void assert_serves(const e2e_server *s)
{
    char *answer = ask_secure(s, HEALTH, strlen(HEALTH), NULL);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "%s", answer);
    free(answer);
}

/* Is the certificate that it shows for this name? */
static bool is_named(const e2e_server *s, const char *want)
{
    client c;
    char name[64] = "";
    size_t size = sizeof name;
    gnutls_x509_crt_t crt;
    ck_assert(shake_hands(&c, s, NULL));
    const gnutls_datum_t *shown = gnutls_certificate_get_peers(c.session, NULL);
    ck_assert_ptr_nonnull(shown);
    gnutls_x509_crt_init(&crt);
    ck_assert_int_eq(gnutls_x509_crt_import(crt, shown, GNUTLS_X509_FMT_DER), 0);
    gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size);
    gnutls_x509_crt_deinit(crt);
    hang_up(&c);
    return strcmp(name, want) == 0;
}

/* ---- the certificate ---- */

/* By SIGHUP. What can't be used is said, and what was there stays. */
static void refuses_pair(const secure *t, const char *certificate, const char *key, const char *why)
{
    int before = log_says(t->s, why, "");
    if (certificate)
        use_pair(t, certificate, key);
    else
        remove(t->certificate);
    kill(t->s->pid, SIGHUP);
    WAIT_UNTIL(log_says(t->s, why, "") > before, 20);
    ck_assert(is_named(t->s, "second.test"));
}

/* And none starts with it. */
static void starts_not(secure *t, const char *why)
{
    int status = 0;
    end_cleanly(t->s, SIGTERM, 5);
    e2e_launch(t->s, t->options);
    WAIT_UNTIL(waitpid(t->s->pid, &status, WNOHANG) == t->s->pid, 20);
    t->s->pid = 0;
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    ck_assert_int_gt(log_says(t->s, why, ""), 0); /* in the log of this start */
}

START_TEST(a_certificate_is_read_again_and_stays_where_the_new_one_is_none)
{
    secure t;
    client open;
    char said[2048];
    bool ended;
    start_secure(&t, NULL);
    ck_assert(is_named(t.s, "first.test"));
    ck_assert_int_eq(COMMAND(t.s, said, "--health", "--listen", t.s->address, "--tls-cert",
                             t.certificate, "--tls-key", t.key),
                     0);
    ck_assert(shake_hands(&open, t.s, NULL));
    use_pair(&t, SECOND);
    kill(t.s->pid, SIGHUP);
    WAIT_UNTIL(is_named(t.s, "second.test"), 20);
    say(&open, HEALTH, strlen(HEALTH)); /* who was there before goes on */
    char *answer = hear(&open, NULL, &ended);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "%s", answer);
    free(answer);
    hang_up(&open);
    refuses_pair(&t, TEST_DATA "/tls/second.pem", TEST_DATA "/tls/first.key", "is not the key of");
    refuses_pair(&t, TEST_DATA "/norris.csv", TEST_DATA "/tls/first.key", ".pem as a certificate");
    refuses_pair(&t, TEST_DATA "/tls/first.pem", TEST_DATA "/norris.csv", "as the key of");
    refuses_pair(&t, NULL, NULL, ".pem as a certificate");
    use_pair(&t, FIRST);
    kill(t.s->pid, SIGHUP);
    WAIT_UNTIL(is_named(t.s, "first.test"), 20);
    use_pair(&t, TEST_DATA "/tls/second.pem", TEST_DATA "/tls/first.key");
    starts_not(&t, "is not the key of");
    use_pair(&t, FIRST);
    e2e_restart(t.s, t.options);
    stop_secure(&t);
}
END_TEST

/* ---- versions, and what is sent in clear ---- */

START_TEST(old_versions_are_refused)
{
    static const struct {
        const char *priorities;
        bool served;
    } versions[] = {{"NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT", false},
                    {"NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT", false},
                    {"NORMAL:-VERS-ALL:+VERS-TLS1.2", true},
                    {"NORMAL:-VERS-ALL:+VERS-TLS1.3", true}};
    secure t;
    start_secure(&t, NULL);
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        client c;
        bool served = shake_hands(&c, t.s, versions[i].priorities);
        ck_assert_msg(served == versions[i].served, "%s", versions[i].priorities);
        hang_up(&c);
    }
    stop_secure(&t);
}
END_TEST

/* Who speaks HTTP, or nothing that is known, is let go without an answer. */
START_TEST(nothing_is_said_in_clear)
{
    secure t;
    start_secure(&t, NULL);
    char *answer = e2e_raw(t.s, HEALTH, strlen(HEALTH), 20 * SLOWER);
    ck_assert_ptr_null(strstr(answer, "HTTP"));
    free(answer);
    answer = ask_secure(t.s, HEALTH, strlen(HEALTH), NULL);
    ck_assert_ptr_nonnull(strstr(answer, "\r\nStrict-Transport-Security: max-age=31536000\r\n"));
    free(answer);
    end_cleanly(t.s, SIGTERM, 5);
    e2e_restart(t.s, NULL); /* which would be no use without TLS (RFC 6797, 7.2) */
    answer = e2e_raw(t.s, HEALTH, strlen(HEALTH), 20 * SLOWER);
    ck_assert_ptr_nonnull(strstr(answer, "HTTP/1.1 200 "));
    ck_assert_ptr_null(strstr(answer, "Strict-Transport-Security"));
    free(answer);
    stop_secure(&t);
}
END_TEST

/* ---- slow ones ---- */

/* Its answer comes half-way, past libmicrohttpd: as TLS all the same. */
START_TEST(a_body_that_trickles_is_answered_under_tls)
{
    static const char head[] = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{";
    static const char *const slow[] = {"--idle-seconds", "2", "--min-rate", "1k", NULL};
    secure t;
    client c;
    bool ended;
    start_secure(&t, slow);
    /* 1.3 would send tickets behind the handshake */
    ck_assert(shake_hands(&c, t.s, "NORMAL:-VERS-ALL:+VERS-TLS1.2"));
    say(&c, head, sizeof head - 1);
    for (double end = e2e_now() + 60 * SLOWER; e2e_now() < end;) {
        struct pollfd p = {c.fd, POLLIN, 0};
        if (poll(&p, 1, 200) != 0 || gnutls_record_send(c.session, " ", 1) < 0)
            break;
    }
    char *answer = hear(&c, NULL, &ended);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 408 ", 13) == 0 && strstr(answer, "too-slow") &&
                      strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"),
                  "%s", answer);
    ck_assert(ended);
    free(answer);
    hang_up(&c);
    assert_serves(t.s);
    stop_secure(&t);
}
END_TEST

static bool is_closed(int fd)
{
    char buf[512];
    ssize_t got;
    while ((got = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
        ;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* A record's header that promises 256 bytes, then a byte of a handshake now and then. */
START_TEST(handshakes_that_drip_are_cut_off_and_hold_up_nobody)
{
    enum { SLOW = 400 };
    static const char *const short_[] = {"--idle-seconds", "3", NULL};
    static const char hello[] = "\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03";
    secure t;
    int fds[SLOW], closed = 0;
    start_secure(&t, short_);
    for (int i = 0; i < SLOW; i++)
        fds[i] = e2e_connect(t.s);
    double began = e2e_now();
    for (size_t n = 0; closed < SLOW; n++) {
        ck_assert_double_lt(e2e_now() - began, 60 * SLOWER);
        closed = 0;
        for (int i = 0; i < SLOW; i++) {
            if (i % 4) /* the others say nothing at all */
                send(fds[i], n < sizeof hello - 1 ? &hello[n] : "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
            closed += is_closed(fds[i]);
        }
        assert_serves(t.s);
        rest(0.1);
    }
    ck_assert_double_gt(e2e_now() - began, 2);
    for (int i = 0; i < SLOW; i++)
        close(fds[i]);
    assert_serves(t.s);
    stop_secure(&t);
}
END_TEST

/* ---- data ---- */

typedef struct sender {
    pthread_t thread;
    const e2e_server *s;
    const char *csv;
    int number;
} sender;

static char *body_of(char *answer)
{
    char *body = strstr(answer, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    return body + 4;
}

/* Up as CSV, back as NPY: the same rows, whoever else is at it. */
static void *send_and_fetch(void *arg)
{
    sender *a = arg;
    size_t length = strlen(a->csv), n;
    char *request = malloc(length + 300), path[200], id[32];
    int head = sprintf(request,
                       "POST /v1/datasets?target=y&name=%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Type: text/csv\r\nContent-Length: %zu\r\n\r\n",
                       a->number, length);
    memcpy(request + head, a->csv, length);
    char *answer = ask_secure(a->s, request, (size_t)head + length, NULL);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 201 ", 13) == 0, "%s", answer);
    cJSON *made = cJSON_Parse(body_of(answer));
    snprintf(id, sizeof id, "%s", e2e_string(made, "id"));
    cJSON_Delete(made);
    free(answer);
    snprintf(path, sizeof path,
             "GET /v1/datasets/%s/export?format=csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", id);
    answer = ask_secure(a->s, path, strlen(path), &n);
    ck_assert_msg(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "%.300s", answer);
    ck_assert_uint_gt(n, length / 2);
    ck_assert_ptr_nonnull(strstr(answer + n - 8, "\r\n0\r\n\r\n")); /* whole, by its last chunk */
    free(answer);
    free(request);
    return NULL;
}

START_TEST(data_comes_as_it_was_sent)
{
    enum { SENDERS = 4 };
    secure t;
    sender senders[SENDERS];
    char first[80] = "", *csv = make_csv(60000 / SLOWER, 4, 3);
    start_secure(&t, NULL);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (sender){.s = t.s, .csv = csv, .number = i};
        ck_assert_int_eq(pthread_create(&senders[i].thread, NULL, send_and_fetch, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    end_cleanly(t.s, SIGTERM, 5);
    e2e_restart(t.s, NULL);
    e2e_reply r = e2e_post_csv(t.s, "/v1/datasets?target=y", csv); /* without TLS */
    snprintf(first, sizeof first, "%s", e2e_string(r.json, "sha256"));
    e2e_reply_free(&r);
    r = e2e_get(t.s, "/v1/datasets");
    const cJSON *d;
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(r.json, "datasets")), SENDERS + 1);
    cJSON_ArrayForEach (d, e2e_at(r.json, "datasets"))
        ck_assert_str_eq(e2e_string(d, "sha256"), first);
    e2e_reply_free(&r);
    free(csv);
    stop_secure(&t);
}
END_TEST

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* a server that closed first is no error here */
    Suite *suite = suite_create("tls");
    TCase *tc = tcase_create("tls");
    tcase_set_timeout(tc, 180 * SLOWER);
    tcase_add_test(tc, a_certificate_is_read_again_and_stays_where_the_new_one_is_none);
    tcase_add_test(tc, old_versions_are_refused);
    tcase_add_test(tc, nothing_is_said_in_clear);
    tcase_add_test(tc, a_body_that_trickles_is_answered_under_tls);
    tcase_add_test(tc, handshakes_that_drip_are_cut_off_and_hold_up_nobody);
    tcase_add_test(tc, data_comes_as_it_was_sent);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
