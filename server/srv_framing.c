/* srv_framing: counting and looking at headers. */
#include "srv_framing.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

typedef struct seen {
    unsigned hosts, lengths, codings;
    bool bad_name, bad_value, bad_length;
} seen;

/* RFC 9110, 5.6.2. */
static bool is_token(const char *s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (const char *c = s; *c; c++) {
        bool alphanumeric =
            (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!alphanumeric && !strchr(others, *c))
            return false;
    }
    return *s != '\0';
}

static bool is_text(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    seen *s = cls;
    s->bad_name = s->bad_name || !is_token(name);
    s->bad_value = s->bad_value || (value && !is_text(value));
    s->hosts += strcasecmp(name, "Host") == 0;
    s->codings += strcasecmp(name, "Transfer-Encoding") == 0;
    if (strcasecmp(name, "Content-Length") == 0) {
        s->lengths++;
        s->bad_length = !value || !*value || strspn(value, "0123456789") != strlen(value);
    }
    return MHD_YES;
}

bool srv_framing_check(struct MHD_Connection *connection, const char *version, api_problem *p)
{
    seen s = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &s);
    if (s.lengths + s.codings > 1)
        return api_problem_set(
            p, API_BAD_REQUEST,
            "a request has one Content-Length or one Transfer-Encoding, not several");
    if (s.bad_length)
        return api_problem_set(p, API_BAD_REQUEST, "Content-Length is not a whole number");
    if (s.bad_name)
        return api_problem_set(p, API_BAD_REQUEST, "a header's name is not a token");
    if (s.bad_value)
        return api_problem_set(p, API_BAD_REQUEST, "a header's value has a control character");
    bool needed = version && strcmp(version, "HTTP/1.0") != 0;
    if (s.hosts > 1 || (needed && s.hosts == 0))
        return api_problem_set(p, API_BAD_REQUEST, "a request has exactly one Host header");
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool srv_framing_target(const char *target)
{
    if (*target != '/')
        return false;
    for (const char *c = target; *c; c++) {
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            return false;
        if (*c == '%' && (!is_hex(c[1]) || !is_hex(c[2]) || (c[1] == '0' && c[2] == '0')))
            return false;
    }
    return true;
}
