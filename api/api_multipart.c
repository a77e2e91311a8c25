/* api_multipart: a machine over boundaries. A delimiter begins with a CR and has no other, so where
 * it does not go on, what matched of it is data, and a new one can begin at the present byte alone.
 */
#include "api_multipart.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BOUNDARY = 70, /* bytes, at most (RFC 2046, 5.1.1) */
    HEADERS = 8192,
    PARAMETER = 1024
};

typedef enum state {
    PREAMBLE,  /* before the first delimiter: passed over */
    DELIMITER, /* behind its boundary: a line end, or -- */
    LAST_DASH, /* behind one - */
    PADDING,   /* blanks before the line end */
    LINE_END,  /* behind the CR */
    HEADER,
    BODY,
    EPILOGUE /* passed over */
} state;

struct api_multipart {
    api_part_taker to;
    char delimiter[4 + BOUNDARY + 1]; /* CR LF - - boundary */
    size_t delimiter_len, matched;
    state state;
    uint64_t at; /* bytes so far */
    size_t len;
    char headers[HEADERS + 1]; /* of the part at hand */
    char name[PARAMETER];      /* of the part at hand, for messages */
};

/* ---- parameters of a header ---- */

/* The value at s, up to a semicolon; *end is where it ends. False: no room. */
static bool read_value(const char *s, const char **end, char *buf, size_t size)
{
    bool quoted = *s == '"';
    size_t n = 0;
    for (s += quoted; *s && (quoted ? *s != '"' : !strchr("; \t", *s)); s++) {
        s += quoted && *s == '\\' && (s[1] == '"' || s[1] == '\\');
        if (n + 1 >= size)
            return false;
        buf[n++] = *s;
    }
    buf[n] = '\0';
    if (quoted && *s != '"')
        return false; /* no end of the quotes */
    *end = s + strcspn(s + quoted, ";") + quoted;
    return true;
}

bool api_header_parameter(const char *value, const char *name, char *buf, size_t size)
{
    const char *s = value + strcspn(value, ";");
    while (*s == ';') {
        char ignored[PARAMETER];
        s += 1 + strspn(s + 1, " \t");
        size_t n = strcspn(s, "= \t;");
        bool found = n == strlen(name) && strncasecmp(s, name, n) == 0;
        s += n + strspn(s + n, " \t");
        if (*s != '=')
            continue;
        s += 1 + strspn(s + 1, " \t");
        bool read =
            found ? read_value(s, &s, buf, size) : read_value(s, &s, ignored, sizeof ignored);
        if (found || !read)
            return read;
    }
    return false;
}

/* ---- the form ---- */

bool api_multipart_is(const char *content_type)
{
    static const char form[] = "multipart/form-data";
    return content_type && strcspn(content_type, "; \t") == sizeof form - 1 &&
           strncasecmp(content_type, form, sizeof form - 1) == 0;
}

api_multipart *api_multipart_new(const char *content_type, api_part_taker to, api_problem *p)
{
    char boundary[BOUNDARY + 1];
    if (!api_header_parameter(content_type, "boundary", boundary, sizeof boundary) || !*boundary) {
        api_problem_set(p, API_BAD_REQUEST,
                        "the Content-Type of a form must have a boundary of 1 to %d bytes",
                        BOUNDARY);
        return NULL;
    }
    api_multipart *m = calloc(1, sizeof *m);
    if (!m) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for the form");
        return NULL;
    }
    m->to = to;
    snprintf(m->delimiter, sizeof m->delimiter, "\r\n--%s", boundary);
    m->delimiter_len = strlen(m->delimiter);
    m->matched = 2; /* the first one needs no line end before it */
    return m;
}

void api_multipart_free(api_multipart *m)
{
    free(m);
}

static bool broken(const api_multipart *m, const char *what, api_problem *p)
{
    return api_problem_set(p, API_BAD_REQUEST, "the form is broken at byte %llu: %s",
                           (unsigned long long)m->at, what);
}

/* ---- headers of a part ---- */

/* The value of a header in the block of lines that end in NUL; NULL when it is not there. */
static const char *header(const api_multipart *m, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = m->headers; *line; line += strlen(line) + 1)
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            return line + n + 1 + strspn(line + n + 1, " \t");
    return NULL;
}

/* Turns line ends, and blanks before them, into NULs; the block ends in an empty line. */
static void cut_lines(api_multipart *m)
{
    char *to = m->headers, *line = to;
    for (const char *from = m->headers; *from; from++) {
        bool end = from[0] == '\r' && from[1] == '\n';
        while (end && to > line + 1 && (to[-1] == ' ' || to[-1] == '\t'))
            to--;
        *to++ = end ? '\0' : *from;
        line = end ? to : line;
        from += end;
    }
    *to = '\0';
}

static bool begin_part(api_multipart *m, api_problem *p)
{
    char filename[PARAMETER];
    m->headers[m->len - 2] = '\0'; /* the last, empty line */
    cut_lines(m);
    const char *disposition = header(m, "Content-Disposition"),
               *encoding = header(m, "Content-Transfer-Encoding");
    if (!disposition || strncasecmp(disposition, "form-data", 9) != 0 ||
        !api_header_parameter(disposition, "name", m->name, sizeof m->name))
        return broken(m, "a part needs a Content-Disposition of form-data with a name", p);
    if (encoding && strcasecmp(encoding, "binary") != 0 && strcasecmp(encoding, "8bit") != 0 &&
        strcasecmp(encoding, "7bit") != 0)
        return api_problem_set(p, API_UNSUPPORTED_MEDIA,
                               "Content-Transfer-Encoding \"%.40s\" of part \"%.64s\" is not read "
                               "here; send the part as it is",
                               encoding, m->name);
    bool file = api_header_parameter(disposition, "filename", filename, sizeof filename) ||
                api_header_parameter(disposition, "filename*", filename, sizeof filename);
    const api_part part = {m->name, file ? filename : NULL, header(m, "Content-Type"),
                           header(m, "Content-Encoding")};
    m->len = 0;
    m->state = BODY;
    return m->to.begin(m->to.ctx, &part, p);
}

static bool header_byte(api_multipart *m, char c, api_problem *p)
{
    if (c == '\0')
        return broken(m, "a NUL byte in the headers of a part", p);
    if (m->len == HEADERS)
        return broken(m, "the headers of a part are longer than 8192 bytes", p);
    m->headers[m->len++] = c;
    m->headers[m->len] = '\0';
    bool empty = m->len == 2 || (m->len > 3 && memcmp(m->headers + m->len - 4, "\r\n", 2) == 0);
    return c != '\n' || m->len < 2 || m->headers[m->len - 2] != '\r' || !empty || begin_part(m, p);
}

/* ---- bytes ---- */

/* Up to the next delimiter. What is data is handed on, of a part. */
static bool search(api_multipart *m, const char **at, const char *end, api_problem *p)
{
    const char *s = *at, *data = s; /* where data begins that is not handed on */
    bool body = m->state == BODY;
    while (s < end) {
        if (m->matched == 0) {
            const char *cr = memchr(s, '\r', (size_t)(end - s));
            s = cr ? cr + 1 : end;
            m->matched = cr != NULL;
        } else if (*s == m->delimiter[m->matched]) {
            s++;
            m->matched++;
        } else {
            /* what matched in the pieces before this one is data too */
            size_t before =
                m->matched - (size_t)(s - data < (long)m->matched ? s - data : (long)m->matched);
            m->matched = 0;
            if (body && before && !m->to.bytes(m->to.ctx, m->delimiter, before, p))
                return false;
        }
        if (m->matched == m->delimiter_len)
            break;
    }
    /* all but what matches so far */
    size_t n = (size_t)(s - data);
    n -= m->matched < n ? m->matched : n;
    m->at += (uint64_t)(s - *at);
    *at = s;
    if (body && n && !m->to.bytes(m->to.ctx, data, n, p))
        return false;
    if (m->matched < m->delimiter_len)
        return true;
    m->matched = 0;
    m->state = DELIMITER;
    return !body || m->to.end(m->to.ctx, p);
}

static bool byte(api_multipart *m, char c, api_problem *p)
{
    switch (m->state) {
    case DELIMITER:
        if (c == '-') {
            m->state = LAST_DASH;
            return true;
        }
        /* fall through */
    case PADDING:
        m->state = c == '\r' ? LINE_END : PADDING;
        return c == '\r' || c == ' ' || c == '\t' || broken(m, "a boundary must end its line", p);
    case LINE_END:
        m->state = HEADER;
        return c == '\n' || broken(m, "a boundary must end its line", p);
    case LAST_DASH:
        m->state = EPILOGUE;
        return c == '-' || broken(m, "a boundary must end its line", p);
    case HEADER:
        return header_byte(m, c, p);
    case PREAMBLE:
    case BODY:
    case EPILOGUE:
        break;
    }
    return true;
}

bool api_multipart_feed(api_multipart *m, const char *bytes, size_t n, api_problem *p)
{
    const char *s = bytes, *end = bytes + n;
    while (s < end) {
        if (m->state == EPILOGUE)
            return true;
        if (m->state == PREAMBLE || m->state == BODY) {
            if (!search(m, &s, end, p))
                return false;
        } else {
            if (!byte(m, *s++, p))
                return false;
            m->at++;
        }
    }
    return true;
}

bool api_multipart_finish(api_multipart *m, api_problem *p)
{
    if (m->state == EPILOGUE)
        return true;
    if (m->state == PREAMBLE)
        return broken(m, "it ends without its boundary; is it that of the Content-Type?", p);
    return broken(
        m, m->state == BODY ? "it ends inside a part" : "it ends without the last boundary", p);
}
