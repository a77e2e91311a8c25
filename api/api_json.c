/* api_json: a state machine over bytes. Whatever a token's bytes are split into, the
 * result is the same: a token that is not whole in one piece is gathered first. */
#include "api_json_private.h"

#include "api_number.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WORD = 64 };

const char *api_json_type_name(api_json_type type)
{
    switch (type) {
    case API_JSON_OBJECT_BEGIN:
    case API_JSON_OBJECT_END:
        return "an object";
    case API_JSON_ARRAY_BEGIN:
    case API_JSON_ARRAY_END:
        return "an array";
    case API_JSON_KEY:
        return "a name";
    case API_JSON_STRING:
        return "a string";
    case API_JSON_NUMBER:
        return "a number";
    case API_JSON_TRUE:
        return "true";
    case API_JSON_FALSE:
        return "false";
    case API_JSON_NULL:
        return "null";
    }
    return "";
}

api_json *api_json_new(api_json_handler *handler, void *ctx)
{
    api_json *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    j->handler = handler;
    j->ctx = ctx;
    j->line = 1;
    return j;
}

void api_json_free(api_json *j)
{
    if (!j)
        return;
    api_text_free(&j->token);
    free(j);
}

void api_json_lines(api_json *j)
{
    j->lines = true;
}

void api_json_bulk_begin(api_json *j, api_json_bulk *b)
{
    j->bulk = b;
    j->bulk_depth = j->lines ? 0 : j->depth + 1; /* its array is not counted yet */
}

static bool fail(const api_json *j, api_problem *p, const char *what)
{
    return api_problem_set(p, API_BAD_JSON, "%s at line %llu, column %llu (byte %llu)", what,
                           (unsigned long long)j->line,
                           (unsigned long long)(j->offset - j->line_start + 1),
                           (unsigned long long)j->offset);
}

/* How much of the n bytes still fits a token of at most `most`; moves on to the first byte that
 * does not, so that the place of the error does not depend on the pieces. */
static bool fits(api_json *j, size_t n, size_t most)
{
    size_t room = j->token.len < most ? most - j->token.len : 0;
    j->offset += n < room ? n : room;
    return n <= room && j->token.len <= most;
}

static bool emit(api_json *j, api_json_event *e, api_problem *p)
{
    e->depth = j->depth;
    e->line = j->line;
    return j->handler(j->ctx, e, p);
}

static void value_ended(api_json *j)
{
    j->state = j->depth ? AFTER_VALUE : AFTER_DOCUMENT;
}

static bool open_container(api_json *j, bool object, api_problem *p)
{
    if (j->depth == API_MAX_DEPTH)
        return api_problem_set(
            p, API_BAD_JSON, "nested more than %d levels deep at line %llu (byte %llu)",
            API_MAX_DEPTH, (unsigned long long)j->line, (unsigned long long)j->offset);
    api_json_event e = {.type = object ? API_JSON_OBJECT_BEGIN : API_JSON_ARRAY_BEGIN,
                        .start = j->offset,
                        .end = j->offset + 1};
    if (!emit(j, &e, p))
        return false;
    j->objects = j->objects << 1 | object;
    j->depth++;
    j->state = object ? BEFORE_FIRST_KEY : BEFORE_FIRST_ELEMENT;
    return true;
}

static bool close_container(api_json *j, bool object, api_problem *p)
{
    if ((j->objects & 1) != object)
        return fail(j, p, object ? "expected ',' or ']', got '}'" : "expected ',' or '}', got ']'");
    j->objects >>= 1;
    if (j->depth-- == j->bulk_depth)
        j->bulk = NULL;
    api_json_event e = {.type = object ? API_JSON_OBJECT_END : API_JSON_ARRAY_END,
                        .start = j->offset,
                        .end = j->offset + 1};
    value_ended(j);
    return emit(j, &e, p);
}

/* ---- strings ---- */

static void add_code_point(api_text *t, unsigned c)
{
    char b[4];
    size_t n = 0;
    if (c < 0x80) {
        b[n++] = (char)c;
    } else if (c < 0x800) {
        b[n++] = (char)(0xc0 | c >> 6);
        b[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        b[n++] = (char)(0xe0 | c >> 12);
        b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        b[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        b[n++] = (char)(0xf0 | c >> 18);
        b[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        b[n++] = (char)(0x80 | (c & 0x3f));
    }
    api_text_add(t, b, n);
}

/* The four digits of a \u are there: a code point, or half of one. */
static bool unicode_escape(api_json *j, api_problem *p)
{
    unsigned c = j->escape_value, high = j->surrogate;
    j->state = IN_STRING;
    j->surrogate = 0;
    if (high) {
        if (c < 0xdc00 || c > 0xdfff)
            return fail(j, p, "a \\u high surrogate is not followed by a low one");
        c = 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00);
    } else if (c >= 0xd800 && c <= 0xdbff) {
        j->surrogate = c;
        return true;
    } else if (c >= 0xdc00 && c <= 0xdfff) {
        return fail(j, p, "a \\u low surrogate stands alone");
    } else if (c == 0) {
        return fail(j, p, "a string may not contain U+0000");
    }
    add_code_point(&j->token, c);
    return true;
}

static bool escape(api_json *j, char c, api_problem *p)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (j->escape_len == 0) {
        if (c == 'u') {
            j->escape_len = 1;
            j->escape_value = 0;
            return true;
        }
        const char *at = c ? strchr(from, c) : NULL;
        if (!at)
            return fail(j, p, "an unknown escape in a string");
        if (j->surrogate)
            return fail(j, p, "a \\u high surrogate is not followed by a low one");
        api_text_add(&j->token, &to[at - from], 1);
        j->state = IN_STRING;
        return true;
    }
    unsigned digit;
    if (c >= '0' && c <= '9')
        digit = (unsigned)(c - '0');
    else if (c >= 'a' && c <= 'f')
        digit = (unsigned)(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
        digit = (unsigned)(c - 'A') + 10;
    else
        return fail(j, p, "\\u needs four hexadecimal digits");
    j->escape_value = j->escape_value << 4 | digit;
    return j->escape_len++ < 4 || unicode_escape(j, p);
}

static bool string_ended(api_json *j, api_problem *p)
{
    api_text_add(&j->token, "", 0);
    if (j->token.failed)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    if (!api_utf8(j->token.data, j->token.len))
        return fail(j, p, "a string is not valid UTF-8");
    api_json_event e = {.type = j->key ? API_JSON_KEY : API_JSON_STRING,
                        .text = j->token.data,
                        .len = j->token.len,
                        .start = j->token_start,
                        .end = j->offset + 1};
    if (j->key)
        j->state = BEFORE_COLON;
    else
        value_ended(j);
    bool ok = emit(j, &e, p);
    j->token.len = 0;
    return ok;
}

/* Reads on in a string; returns how many bytes were taken, 0 on error. */
static size_t string_bytes(api_json *j, const char *s, size_t n, api_problem *p)
{
    size_t i = 0;
    while (i < n && s[i] != '"' && s[i] != '\\' && (unsigned char)s[i] >= 0x20)
        i++;
    if (i > 0 && j->surrogate)
        return fail(j, p, "a \\u high surrogate is not followed by a low one");
    if (!fits(j, i, API_MAX_TOKEN))
        return fail(j, p, "a string is too long");
    api_text_add(&j->token, s, i);
    if (i == n)
        return i;
    if ((unsigned char)s[i] < 0x20)
        return fail(j, p, "a control character in a string must be escaped");
    if (s[i] == '\\') {
        j->state = IN_ESCAPE;
        j->escape_len = 0;
    } else if (j->surrogate) {
        return fail(j, p, "a \\u high surrogate is not followed by a low one");
    } else if (!string_ended(j, p)) {
        return 0;
    }
    j->offset++;
    return i + 1;
}

/* ---- numbers and words ---- */

/* number = [ "-" ] int [ frac ] [ exp ]; int without leading zeros (RFC 8259, 6). */
static bool number_grammar(const char *s, size_t n)
{
    const char *end = s + n;
    if (s < end && *s == '-')
        s++;
    if (s == end || *s < '0' || *s > '9')
        return false;
    if (*s++ != '0')
        while (s < end && *s >= '0' && *s <= '9')
            s++;
    if (s < end && *s == '.') {
        const char *digits = ++s;
        while (s < end && *s >= '0' && *s <= '9')
            s++;
        if (s == digits)
            return false;
    }
    if (s < end && (*s == 'e' || *s == 'E')) {
        s++;
        if (s < end && (*s == '-' || *s == '+'))
            s++;
        const char *digits = s;
        while (s < end && *s >= '0' && *s <= '9')
            s++;
        if (s == digits)
            return false;
    }
    return s == end;
}

static bool number_ended(api_json *j, const char *s, size_t n, api_problem *p)
{
    api_json_event e = {.type = API_JSON_NUMBER,
                        .text = s,
                        .len = n,
                        .start = j->token_start,
                        .end = j->token_start + n};
    if (!number_grammar(s, n))
        return api_problem_set(p, API_BAD_JSON,
                               "\"%.*s\" is not a JSON number, at line %llu (byte %llu)",
                               (int)(n < 40 ? n : 40), s, (unsigned long long)j->line,
                               (unsigned long long)j->token_start);
    switch (api_number_parse(s, n, &e.number)) {
    case API_NUMBER_OVERFLOW:
        e.overflow = true;
        break;
    case API_NUMBER_LONG:
    case API_NUMBER_SYNTAX:
        return fail(j, p, "a number has too many digits");
    case API_NUMBER_OK:
        break;
    }
    value_ended(j);
    return emit(j, &e, p);
}

static bool in_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Is the number so far, with n more bytes of s, a minus sign alone? */
static bool is_minus(const api_json *j, const char *s, size_t n)
{
    return j->token.len + n == 1 && (n ? s[0] : j->token.data[0]) == '-';
}

/* A number that lies whole in this piece is read where it is; else it is gathered.
 * Returns how many bytes were taken, or SIZE_MAX on error. */
static size_t number_bytes(api_json *j, const char *s, size_t n, api_problem *p)
{
    size_t i = 0;
    while (i < n && in_number(s[i]))
        i++;
    if (!fits(j, i, API_MAX_NUMBER))
        return fail(j, p, "a number has too many digits"), SIZE_MAX;
    if (i < n && in_word(s[i]) && is_minus(j, s, i)) {
        /* -Infinity: a word, which is none of JSON's */
        if (j->token.len == 0)
            api_text_add(&j->token, "-", 1);
        j->state = IN_WORD;
        return i;
    }
    if (i < n && j->token.len == 0)
        return number_ended(j, s, i, p) ? i : SIZE_MAX;
    api_text_add(&j->token, s, i);
    if (j->token.failed)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory"), SIZE_MAX;
    if (i == n)
        return i;
    size_t len = j->token.len;
    j->token.len = 0;
    return number_ended(j, j->token.data, len, p) ? i : SIZE_MAX;
}

static bool word_ended(api_json *j, api_problem *p)
{
    static const struct {
        const char *word;
        api_json_type type;
    } words[] = {{"true", API_JSON_TRUE}, {"false", API_JSON_FALSE}, {"null", API_JSON_NULL}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].word) == j->token.len &&
            memcmp(words[i].word, j->token.data, j->token.len) == 0) {
            api_json_event e = {.type = words[i].type,
                                .start = j->token_start,
                                .end = j->token_start + j->token.len};
            j->token.len = 0;
            value_ended(j);
            return emit(j, &e, p);
        }
    const char *hint = "", *word = j->token.data + (*j->token.data == '-');
    if (strncmp(word, "NaN", 3) == 0 || strncmp(word, "Inf", 3) == 0)
        hint = " (JSON has no NaN or Infinity, and training needs finite numbers)";
    return api_problem_set(
        p, API_BAD_JSON, "\"%.40s\" is not a JSON value%s, at line %llu (byte %llu)", j->token.data,
        hint, (unsigned long long)j->line, (unsigned long long)j->token_start);
}

static size_t word_bytes(api_json *j, const char *s, size_t n, api_problem *p)
{
    size_t i = 0;
    while (i < n && in_word(s[i]))
        i++;
    if (!fits(j, i, MAX_WORD))
        return fail(j, p, "a word is not a JSON value"), SIZE_MAX;
    api_text_add(&j->token, s, i);
    if (j->token.failed)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory"), SIZE_MAX;
    if (i == n)
        return i;
    return word_ended(j, p) ? i : SIZE_MAX;
}

/* ---- between tokens ---- */

static bool begin_value(api_json *j, char c, api_problem *p)
{
    j->token_start = j->offset;
    if (c == '{' || c == '[')
        return open_container(j, c == '{', p);
    if (c == '"') {
        j->key = false;
        j->state = IN_STRING;
        return true;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        j->state = IN_NUMBER;
        return true;
    }
    if (in_word(c)) {
        j->state = IN_WORD;
        return true;
    }
    return fail(j, p, "expected a value");
}

static bool begin_key(api_json *j, char c, api_problem *p)
{
    if (c != '"')
        return fail(j, p, "expected a name in double quotes");
    j->token_start = j->offset;
    j->key = true;
    j->state = IN_STRING;
    return true;
}

/* One byte that is neither white space nor inside a token. */
static bool punctuation(api_json *j, char c, api_problem *p)
{
    switch (j->state) {
    case BEFORE_FIRST_ELEMENT:
        return c == ']' ? close_container(j, false, p) : begin_value(j, c, p);
    case BEFORE_VALUE:
        return begin_value(j, c, p);
    case BEFORE_FIRST_KEY:
        return c == '}' ? close_container(j, true, p) : begin_key(j, c, p);
    case BEFORE_KEY:
        return begin_key(j, c, p);
    case BEFORE_COLON:
        if (c != ':')
            return fail(j, p, "expected ':' after a name");
        j->state = BEFORE_VALUE;
        return true;
    case AFTER_VALUE:
        if (c == ',') {
            j->state = j->objects & 1 ? BEFORE_KEY : BEFORE_VALUE;
            return true;
        }
        if (c == ']' || c == '}')
            return close_container(j, c == '}', p);
        return fail(j, p, j->objects & 1 ? "expected ',' or '}'" : "expected ',' or ']'");
    case AFTER_DOCUMENT:
        return fail(j, p, "something follows the document");
    case IN_STRING:
    case IN_ESCAPE:
    case IN_NUMBER:
    case IN_WORD:
        break;
    }
    return fail(j, p, "the reader lost its way");
}

static bool line_ended(api_json *j, api_problem *p)
{
    if (j->lines && j->depth)
        return fail(j, p, "the line ends inside a value: a line holds a whole one");
    if (j->state == AFTER_DOCUMENT && j->lines)
        j->state = BEFORE_VALUE;
    j->line++;
    j->line_start = j->offset + 1;
    return true;
}

bool api_json_feed(api_json *j, const char *bytes, size_t n, api_problem *p)
{
    const char *s = bytes, *end = bytes + n;
    size_t taken;
    while (s < end) {
        switch (j->state) {
        case IN_STRING:
            taken = string_bytes(j, s, (size_t)(end - s), p);
            if (taken == 0)
                return false;
            s += taken;
            break;
        case IN_ESCAPE:
            if (!escape(j, *s, p))
                return false;
            s++;
            j->offset++;
            break;
        case IN_NUMBER:
        case IN_WORD:
            taken = (j->state == IN_NUMBER ? number_bytes : word_bytes)(j, s, (size_t)(end - s), p);
            if (taken == SIZE_MAX)
                return false;
            s += taken;
            break;
        default:
            if (j->bulk && !api_json_run(j, &s, end, p))
                return false;
            if (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n') {
                if (*s == '\n' && !line_ended(j, p))
                    return false;
            } else {
                if (!punctuation(j, *s, p))
                    return false;
                if (j->state == IN_NUMBER || j->state == IN_WORD)
                    break; /* its first byte belongs to the token */
            }
            s++;
            j->offset++;
        }
    }
    return true;
}

bool api_json_finish(api_json *j, api_problem *p)
{
    /* A number or word at the very end is ended by the end. */
    if (j->state == IN_NUMBER || j->state == IN_WORD) {
        if (!api_json_feed(j, " ", 1, p))
            return false;
        j->offset--; /* the blank is not the document's */
    }
    if (j->state == AFTER_DOCUMENT || (j->lines && j->depth == 0 && j->state == BEFORE_VALUE))
        return true;
    if (j->offset == 0)
        return api_problem_set(p, API_BAD_JSON, "the body is empty");
    return fail(j, p, "the document ends too early");
}

static bool read_whole(api_json_handler *handler, void *ctx, const char *bytes, size_t n,
                       api_problem *p)
{
    api_json *j = api_json_new(handler, ctx);
    if (!j)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory");
    bool ok = api_json_feed(j, bytes, n, p) && api_json_finish(j, p);
    api_json_free(j);
    return ok;
}

static bool in_range(void *ctx, const api_json_event *e, api_problem *p)
{
    (void)ctx;
    if (e->type == API_JSON_NUMBER && (e->overflow || e->len >= 60))
        return api_problem_set(p, API_BAD_JSON, "the number %.*s is %s, at line %llu (byte %llu)",
                               (int)(e->len < 40 ? e->len : 40), e->text,
                               e->overflow ? "beyond the range of double precision" : "too long",
                               (unsigned long long)e->line, (unsigned long long)e->start);
    return true;
}

bool api_json_check(const char *bytes, size_t n, api_problem *p)
{
    return read_whole(in_range, NULL, bytes, n, p);
}

typedef struct member_search {
    const char *name;
    bool here; /* the next event at depth 1 is its value */
    size_t start, end;
} member_search;

static bool find_member(void *ctx, const api_json_event *e, api_problem *p)
{
    (void)p;
    member_search *m = ctx;
    bool ends = e->type == API_JSON_OBJECT_END || e->type == API_JSON_ARRAY_END;
    if (e->depth != 1)
        return true;
    if (e->type == API_JSON_KEY) {
        m->here = e->text && strcmp(e->text, m->name) == 0;
    } else if (m->here) {
        if (!ends)
            m->start = (size_t)e->start;
        m->end = (size_t)e->end;
    }
    return true;
}

bool api_json_member(const char *bytes, size_t n, const char *name, size_t *start, size_t *end,
                     api_problem *p)
{
    member_search m = {.name = name};
    bool ok = read_whole(find_member, &m, bytes, n, p);
    *start = ok ? m.start : 0;
    *end = ok ? m.end : 0;
    return ok;
}
