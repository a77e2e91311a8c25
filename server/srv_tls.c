/* srv_tls: PEM files to what a handshake needs. */
#include "srv_tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN = 8 }; /* certificates in a file, at most */

typedef struct pair {
    gnutls_pcert_st chain[CHAIN];
    unsigned count;
    gnutls_privkey_t key;
    struct pair *before; /* kept, see the header */
} pair;

static _Atomic(pair *) current;

static bool cant(api_problem *p, const char *path, const char *what, int code)
{
    return api_problem_set(p, API_INTERNAL, "can't use %s as %s: %s", path, what,
                           gnutls_strerror(code));
}

/* Is the key that of the certificate? By their key ids, which are hashes of the public part. */
static bool fits(pair *t)
{
    unsigned char ours[64], theirs[64];
    size_t n = sizeof ours, m = sizeof theirs;
    gnutls_pubkey_t public = NULL;
    bool same = gnutls_pubkey_init(&public) == 0 &&
                gnutls_pubkey_import_privkey(public, t->key, 0, 0) == 0 &&
                gnutls_pubkey_get_key_id(public, 0, ours, &n) == 0 &&
                gnutls_pubkey_get_key_id(t->chain[0].pubkey, 0, theirs, &m) == 0 && n == m &&
                memcmp(ours, theirs, n) == 0;
    gnutls_pubkey_deinit(public);
    return same;
}

bool srv_tls_load(const char *certificate, const char *key, api_problem *p)
{
    pair *t = calloc(1, sizeof *t);
    gnutls_datum_t chain = {0}, secret = {0};
    bool ok = false;
    int code;
    if (!t)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    t->count = CHAIN;
    if ((code = gnutls_load_file(certificate, &chain)) != 0 ||
        (code = gnutls_pcert_list_import_x509_raw(t->chain, &t->count, &chain, GNUTLS_X509_FMT_PEM,
                                                  0)) != 0) {
        t->count = 0;
        cant(p, certificate, "a certificate", code);
    } else if ((code = gnutls_load_file(key, &secret)) != 0 ||
               (code = gnutls_privkey_init(&t->key)) != 0 ||
               (code = gnutls_privkey_import_x509_raw(t->key, &secret, GNUTLS_X509_FMT_PEM, NULL,
                                                      0)) != 0) {
        cant(p, key, "the key of a certificate", code);
    } else if (!fits(t)) {
        api_problem_set(p, API_INTERNAL, "%s is not the key of %s", key, certificate);
    } else {
        ok = true;
    }
    gnutls_free(chain.data);
    if (secret.data)
        memset(secret.data, 0, secret.size);
    gnutls_free(secret.data);
    if (ok) {
        t->before = atomic_load(&current);
        atomic_store(&current, t);
        return true;
    }
    for (unsigned i = 0; i < t->count; i++)
        gnutls_pcert_deinit(&t->chain[i]);
    gnutls_privkey_deinit(t->key);
    free(t);
    return false;
}

static int give(gnutls_session_t session, const gnutls_datum_t *authorities, int authorities_count,
                const gnutls_pk_algorithm_t *algorithms, int algorithms_count,
                gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key)
{
    pair *t = atomic_load(&current);
    (void)session, (void)authorities, (void)authorities_count, (void)algorithms,
        (void)algorithms_count;
    *chain = t->chain;
    *count = t->count;
    *key = t->key;
    return 0;
}

void *srv_tls_callback(void)
{
    union {
        gnutls_certificate_retrieve_function2 *function;
        void *pointer;
    } callback = {give};
    return callback.pointer;
}

void srv_tls_end(void *session, const char *bytes, size_t n)
{
    if (gnutls_record_send(session, bytes, n) == (ssize_t)n)
        gnutls_bye(session, GNUTLS_SHUT_WR);
}

bool srv_tls_ask(int fd, const char *request, char *reply, unsigned n)
{
    gnutls_session_t session = NULL;
    gnutls_certificate_credentials_t credentials = NULL;
    size_t length = strlen(request);
    int code;
    bool ok = gnutls_init(&session, GNUTLS_CLIENT) == 0 &&
              gnutls_certificate_allocate_credentials(&credentials) == 0 &&
              gnutls_set_default_priority(session) == 0 &&
              gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) == 0;
    if (ok) {
        gnutls_transport_set_int(session, fd);
        gnutls_handshake_set_timeout(session, GNUTLS_DEFAULT_HANDSHAKE_TIMEOUT);
        do
            code = gnutls_handshake(session);
        while (code < 0 && !gnutls_error_is_fatal(code) && code != GNUTLS_E_AGAIN);
        ok = code == 0 && gnutls_record_send(session, request, length) == (ssize_t)length;
    }
    for (unsigned have = 0; ok && have < n;) {
        ssize_t got = gnutls_record_recv(session, reply + have, n - have);
        ok = got > 0;
        have += got > 0 ? (unsigned)got : 0;
    }
    if (session)
        gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
    return ok;
}
