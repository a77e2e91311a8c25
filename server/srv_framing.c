/* srv_framing: looking at each byte of a request's head. */
#include "srv_framing.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

/* From this version on libmicrohttpd is strict itself, and its buffer may lie otherwise. */
#define OWN_READING (MHD_VERSION < 0x00097701)

/* Of these, too, two readers could take either. */
static const char *const once[] = {"Authorization", "Content-Type",  "Content-Encoding",
                                   "Upload-Offset", "Upload-Length", "Origin"};
enum { ONCE = sizeof once / sizeof once[0] };

typedef struct seen {
    const char *next; /* where the next header must begin; NULL: something was skipped */
    const char *host, *length, *coding;
    bool bad_name, bad_value, several;
    const char *once[ONCE];
} seen;

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *s)
{
    for (const char *c = s; *c; c++)
        if (!is_alphanumeric(*c) && !strchr("!#$%&'*+-.^_`|~", *c))
            return false;
    return *s != '\0';
}

static bool is_text(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

bool srv_framing_host(const char *host)
{
    const char *c = host;
    if (*c == '[') {
        size_t n = strspn(++c, "0123456789abcdefABCDEF:.");
        if (n < 2 || c[n] != ']')
            return false;
        c += n + 1;
    } else {
        while (is_alphanumeric(*c) || *c == '-' || *c == '.' || *c == '_' || *c == '~')
            c++;
        if (c == host)
            return false;
    }
    if (*c != ':')
        return *c == '\0';
    size_t digits = strspn(++c, "0123456789");
    return digits <= 5 && c[digits] == '\0';
}

static void keep(const char **one, const char *value, seen *s)
{
    s->several = s->several || *one;
    *one = value ? value : "";
}

/* White space behind a value is none of it (RFC 9110, 5.5). It lies in the buffer that libmicrohttpd cut
 * into strings, and hands out as constants; lengths and codings it has read for itself, as they are. */
static void take_off_blanks(const char *value)
{
    size_t n = strlen(value), kept = n;
    while (kept > 0 && (value[kept - 1] == ' ' || value[kept - 1] == '\t'))
        kept--;
    if (kept < n)
        ((char *)value)[kept] = '\0';
}

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    seen *s = cls;
    s->bad_name = s->bad_name || !is_token(name);
    s->bad_value = s->bad_value || (value && !is_text(value));
    const char *text = name + strlen(name) + 1;
    text += strspn(text, " \t");
    s->next = value && name == s->next && text == value ? value + strlen(value) + 2 : NULL;
    bool own = strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
    if (value && !own)
        take_off_blanks(value);
    if (strcasecmp(name, "Host") == 0)
        keep(&s->host, value, s);
    else if (strcasecmp(name, "Content-Length") == 0)
        keep(&s->length, value, s);
    else if (strcasecmp(name, "Transfer-Encoding") == 0)
        keep(&s->coding, value, s);
    for (size_t i = 0; i < ONCE; i++)
        if (strcasecmp(name, once[i]) == 0)
            keep(&s->once[i], value, s);
    return MHD_YES;
}

static bool is_whole(struct MHD_Connection *connection, const srv_framing_line *line, const seen *s)
{
    const char *method = line->method;
    const union MHD_ConnectionInfo *head =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return !OWN_READING ||
           (line->url == method + strlen(method) + 1 && line->version == line->target_end + 1 &&
            s->next && head && s->next + 2 == method + head->header_size);
}

static bool check_lengths(const seen *s, const char *version, api_problem *p)
{
    if (s->several || (s->length && s->coding))
        return api_problem_set(p, API_BAD_REQUEST,
                               "a request has one Host and one Content-Length or one "
                               "Transfer-Encoding, not several, and one of each header that says "
                               "what it is");
    if (s->length && (!*s->length || strspn(s->length, "0123456789") != strlen(s->length)))
        return api_problem_set(p, API_BAD_REQUEST, "Content-Length is not a whole number");
    if (s->coding && (strcasecmp(s->coding, "chunked") != 0 || strcmp(version, "HTTP/1.0") == 0))
        return api_problem_set(p, API_BAD_REQUEST,
                               "the only Transfer-Encoding is chunked, in HTTP/1.1");
    return true;
}

bool srv_framing_check(struct MHD_Connection *connection, const srv_framing_line *line,
                       api_problem *p)
{
    const char *version = line->version;
    bool old = strcmp(version, "HTTP/1.0") == 0;
    seen s = {.next = version + strlen(version) + 2};
    if (!old && strcmp(version, "HTTP/1.1") != 0)
        return api_problem_set(p, API_BAD_REQUEST, "HTTP/1.1 and HTTP/1.0 are spoken here");
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &s);
    if (!check_lengths(&s, version, p))
        return false;
    if (!is_token(line->method))
        return api_problem_set(p, API_BAD_REQUEST, "the method is not a token");
    if (s.bad_name)
        return api_problem_set(p, API_BAD_REQUEST, "a header's name is not a token");
    if (s.bad_value)
        return api_problem_set(p, API_BAD_REQUEST, "a header's value has a control character");
    if (s.host ? !srv_framing_host(s.host) : !old)
        return api_problem_set(p, API_BAD_REQUEST,
                               "a request has exactly one Host header: host or host:port");
    if (!is_whole(connection, line, &s))
        return api_problem_set(p, API_BAD_REQUEST,
                               "the head has a NUL, a folded line, a line that does not end in "
                               "CRLF or more than one space between two words");
    return true;
}

/* The character at *c, its escape resolved; *c moves behind it. 0 for one that is none. */
static unsigned char character(const char **c)
{
    const char *at = *c;
    if (*at != '%') {
        *c = at + 1;
        return (unsigned char)*at;
    }
    if (!is_hex(at[1]) || !is_hex(at[2]))
        return 0;
    unsigned v = 0;
    for (int i = 1; i <= 2; i++)
        v = 16 * v + (unsigned)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    *c = at + 3;
    return (unsigned char)v;
}

bool srv_framing_target(const char *target)
{
    bool query = false;
    size_t dots = 0, others = 0; /* in this segment of the path */
    if (*target != '/')
        return false;
    for (const char *c = target; *c;) {
        bool escaped = *c == '%';
        unsigned char v = character(&c);
        if (v == 0 || (!escaped && (v <= 0x20 || v == 0x7f || v == '#')))
            return false;
        query = query || (v == '?' && !escaped);
        if (query)
            continue;
        if (v == '\\' || (escaped && (v == '/' || v < 0x20 || v == 0x7f)))
            return false;
        if (v == '/' && others == 0 && (dots == 1 || dots == 2))
            return false;
        dots = v == '/' ? 0 : dots + (v == '.');
        others = v == '/' ? 0 : others + (v != '.');
    }
    return others > 0 || dots == 0 || dots > 2;
}
