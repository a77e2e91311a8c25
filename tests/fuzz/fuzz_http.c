/* fuzz_http: bytes sent to a whole server, in this process, over the loopback.
 *
 * The rules: what comes back is answers and nothing else; there are no more of them than the bytes
 * have requests, as RFC 9112 has them; what is none is never answered but with a refusal, and
 * nothing behind it is; what comes in chunks is the last. A NUL before a line feed is left out of
 * this: it is what srv_framing.h says can't be seen.
 *
 * Noted: 33,438 executions in 126 seconds, on two processors with much else to do, broke no rule.
 */
#include "serving.h"

#include <ctype.h>
#include <strings.h>

enum { QUIET_MS = 20, MOST = 1 << 20 };

/* ---- what it should have seen: read again, by another reader ---- */

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

/* A line that ends in CRLF, without it; false: there is none, whole, or it ends otherwise. */
static bool take_line(cursor *c, const char **line, size_t *n)
{
    const uint8_t *lf = memchr(c->at, '\n', (size_t)(c->end - c->at));
    if (!lf || lf == c->at || lf[-1] != '\r')
        return false;
    *line = (const char *)c->at;
    *n = (size_t)(lf - 1 - c->at);
    c->at = lf + 1;
    return true;
}

static bool all_of(const char *s, size_t n, const char *others)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && (!s[i] || !strchr(others, s[i])))
            return false;
    return n > 0;
}

#define TOKEN "!#$%&'*+-.^_`|~"

static bool is_first_line(const char *s, size_t n, bool *old)
{
    const char *a = memchr(s, ' ', n), *b = a ? memchr(a + 1, ' ', (size_t)(s + n - a - 1)) : NULL;
    if (!b || !all_of(s, (size_t)(a - s), TOKEN) || a[1] != '/' || s + n - b != 9)
        return false;
    for (const char *c = a + 1; c < b; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == '#')
            return false;
    *old = memcmp(b + 1, "HTTP/1.0", 8) == 0;
    return *old || memcmp(b + 1, "HTTP/1.1", 8) == 0;
}

typedef struct head {
    int hosts, lengths, codings;
    uint64_t length;
} head;

static bool is_header(const char *s, size_t n, head *h)
{
    const char *colon = memchr(s, ':', n), *v = colon ? colon + 1 : NULL, *end = s + n;
    if (!colon || !all_of(s, (size_t)(colon - s), TOKEN))
        return false;
    while (v < end && (*v == ' ' || *v == '\t'))
        v++;
    for (const char *c = v; c < end; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return false;
    size_t name = (size_t)(colon - s), size = (size_t)(end - v);
    if (name == 4 && strncasecmp(s, "Host", 4) == 0)
        return ++h->hosts == 1 && all_of(v, size, "-._~:[]");
    if (name == 17 && strncasecmp(s, "Transfer-Encoding", 17) == 0)
        return ++h->codings == 1 && size == 7 && strncasecmp(v, "chunked", 7) == 0;
    if (name != 14 || strncasecmp(s, "Content-Length", 14) != 0)
        return true;
    for (const char *c = v; c < end; c++) {
        if (*c < '0' || *c > '9' || h->length > UINT64_MAX / 10 - 9)
            return false;
        h->length = 10 * h->length + (uint64_t)(*c - '0');
    }
    return ++h->lengths == 1 && size > 0;
}

typedef enum verdict { SOUND, LAST, UNSOUND, NONE } verdict;

/* The next request, and what may be answered to it. */
static verdict next_request(cursor *c)
{
    const char *line;
    size_t n;
    head h = {0};
    bool old;
    while (c->at < c->end && (*c->at == '\n' || *c->at == '\0' ||
                              (*c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n'))) {
        const uint8_t *lf = memchr(c->at, '\n', (size_t)(c->end - c->at));
        c->at = lf ? lf + 1 : c->end;
    }
    if (c->at == c->end)
        return NONE;
    if (!take_line(c, &line, &n) || !is_first_line(line, n, &old))
        return UNSOUND;
    while (take_line(c, &line, &n)) {
        if (n > 0) {
            if (!is_header(line, n, &h))
                return UNSOUND;
            continue;
        }
        if (h.lengths + h.codings > 1 || (old ? h.codings : h.hosts == 0))
            return UNSOUND;
        if (h.codings || (uint64_t)(c->end - c->at) < h.length)
            return LAST;
        c->at += h.length;
        return SOUND;
    }
    return UNSOUND;
}

/* ---- the answers ---- */

/* One answer, whole; its status. 0: there is none. */
static int next_answer(char **at, const char *end)
{
    int status = 0;
    if (*at == end)
        return 0;
    RULE(sscanf(*at, "HTTP/1.1 %3d ", &status) == 1);
    char *body = strstr(*at, "\r\n\r\n");
    if (!body) /* too slow to be seen whole */
        return *at = (char *)(uintptr_t)end, status;
    body += 4;
    char *length = strcasestr(*at, "\r\nContent-Length: ");
    bool whole = length && length < body;
    size_t n = whole ? (size_t)strtoul(length + 18, NULL, 10) : 0;
    *at = body;
    /* libmicrohttpd 0.9.75 sends the head of its own refusal of a length twice, and closes */
    if (status >= 400 && strncmp(body, "HTTP/1.1 ", 9) == 0)
        return *at = (char *)(uintptr_t)end, status;
    if (status != 100 && whole)
        *at = n <= (size_t)(end - body) ? body + n : (char *)(uintptr_t)end;
    if (status != 100 && status != 204 && !whole) /* in chunks, to the end */
        *at = (char *)(uintptr_t)end;
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char answer[MOST];
    if (!serving.port) {
        serving_begin();
        serving_start("off");
    }
    for (size_t i = 0; i + 1 < n; i++)
        if (data[i] == '\0' && data[i + 1] == '\n')
            return 0;
    if (memmem(data, n, "HEAD", 4)) /* what follows its head can't be told from a body */
        return 0;
    size_t len = serving_converse(data, n, answer, MOST, QUIET_MS);
    char *at = answer;
    cursor c = {data, data + n};
    verdict v = SOUND;
    for (int status; (status = next_answer(&at, answer + len)) != 0;) {
        if (status == 100)
            continue;
        RULE(v == SOUND); /* nothing is answered behind the last */
        v = next_request(&c);
        RULE(v != NONE && (v != UNSOUND || status >= 400));
    }
    return 0;
}
