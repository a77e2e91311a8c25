/* api_json_bulk: numbers straight from the text into the buffer they are wanted in.
 *
 * The loops here know what nearly all bytes of a dataset are: numbers, commas and brackets, and the
 * names of records in their usual order. They stop before anything else, and before a token that
 * the piece may cut; the machine takes that one, or says what is wrong with it, and the loops go on
 * behind it. */
#include "api_json_private.h"

#include "api_decimal.h"

typedef struct place {
    const char *s;
    const char *last; /* a number may be read that begins before it */
    api_json *j;
    const char *begin; /* where j->offset is */
} place;

static inline bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Lines are counted; one that ends a document is left alone. */
static inline void skip_blanks(place *at)
{
    at->s += *at->s == ' '; /* the usual one */
    if (__builtin_expect(!blank(*at->s), 1))
        return;
    for (; at->s < at->last && blank(*at->s); at->s++)
        if (*at->s == '\n') {
            if (at->j->lines)
                return;
            at->j->line++;
            at->j->line_start = at->j->offset + (uint64_t)(at->s - at->begin) + 1;
        }
}

/* In an array or object: the comma before its next element, from behind the one before. False
 * where there is none. */
static inline bool take_comma(place *at, api_json_state next)
{
    skip_blanks(at);
    if (at->s >= at->last || *at->s != ',')
        return false;
    at->s++;
    at->j->state = next;
    return true;
}

/* Numbers with commas between them, until `last` of them are there; from before a value. Stops
 * after a value, or before one that it can't read: j->state says which. */
static bool run_numbers(place *at, api_json_bulk *b, uint64_t last, api_problem *p)
{
    api_json *j = at->j;
    while (at->s < at->last && b->at < last) {
        skip_blanks(at);
        const char *s = at->s, *end = at->last, *behind = NULL;
        uint64_t room = b->cap - b->n, left = last - b->at;
        double *v = b->v + b->n, *begin = v, *full = v + (room < left ? room : left);
        bool comma = false;
        while (s < end) {
            behind = api_decimal_read(s, v);
            if (!behind || !(*behind == ',' || *behind == ']' || blank(*behind)))
                break;
            s = behind;
            v++;
            /* the usual way on, but not beyond what is allowed */
            comma = *s == ',' && v < full;
            if (!comma)
                break;
            s++;
            if (*s == ' ')
                s++;
            else if (blank(*s))
                break;
        }
        if (v == begin)
            return true;
        at->s = s;
        b->n += (size_t)(v - begin);
        b->at += (uint64_t)(v - begin);
        j->state = comma ? BEFORE_VALUE : AFTER_VALUE;
        if (b->n == b->cap && !b->full(j->ctx, p))
            return false;
        if (!comma && (b->at == last || !take_comma(at, BEFORE_VALUE)))
            return true;
    }
    return true;
}

static bool run_flat(place *at, api_json_bulk *b, api_problem *p)
{
    api_json *j = at->j;
    if (j->depth != j->bulk_depth || (j->state == AFTER_VALUE && !take_comma(at, BEFORE_VALUE)))
        return true;
    return run_numbers(at, b, b->most, p);
}

/* Between rows or records: what separates them, and the bracket that opens the next. */
static bool open_next(place *at, api_json_bulk *b, char bracket)
{
    api_json *j = at->j;
    if (j->state == AFTER_DOCUMENT) {
        skip_blanks(at);
        if (at->s >= at->last || *at->s != '\n')
            return false;
        at->s++;
        j->line++;
        j->line_start = j->offset + (uint64_t)(at->s - at->begin);
        j->state = BEFORE_VALUE;
    } else if (j->state == AFTER_VALUE && !take_comma(at, BEFORE_VALUE)) {
        return false;
    }
    skip_blanks(at);
    if (at->s >= at->last || *at->s != bracket)
        return false;
    at->s++;
    b->at = 0;
    j->depth++;
    j->objects = j->objects << 1 | (bracket == '{');
    j->state = bracket == '{' ? BEFORE_FIRST_KEY : BEFORE_FIRST_ELEMENT;
    return true;
}

/* Behind a value: the bracket that closes a whole row or record. */
static bool close_row(place *at, api_json_bulk *b, char bracket)
{
    api_json *j = at->j;
    skip_blanks(at);
    if (at->s >= at->last || *at->s != bracket || b->at != b->width || b->rows >= b->most)
        return false;
    at->s++;
    b->rows++;
    j->depth--;
    j->objects >>= 1;
    j->state = j->depth ? AFTER_VALUE : AFTER_DOCUMENT;
    return true;
}

static bool run_rows(place *at, api_json_bulk *b, api_problem *p)
{
    api_json *j = at->j;
    while (at->s < at->last) {
        if (j->depth == j->bulk_depth && !open_next(at, b, '['))
            return true;
        if (j->state == AFTER_VALUE && b->at < b->width && !take_comma(at, BEFORE_VALUE))
            return true;
        if (j->state != AFTER_VALUE && !run_numbers(at, b, b->width, p))
            return false;
        if (j->state != AFTER_VALUE || !close_row(at, b, ']'))
            return true;
    }
    return true;
}

/* Do n bytes at s, of which 8 more may be read, equal those of `text`, of which as many may? */
static inline bool same_bytes(const char *s, const char *text, size_t n)
{
    for (; n > 8; n -= 8, s += 8, text += 8)
        if (api_decimal_word(s) != api_decimal_word(text))
            return false;
    return (api_decimal_word(s) ^ api_decimal_word(text)) << (64 - 8 * n) == 0;
}

/* Members of a record, whole ones, with the names that are due and their numbers; from before a
 * name. Stops after a value or before a name: j->state says which. False: there was none. */
static bool take_members(place *at, api_json_bulk *b)
{
    skip_blanks(at);
    const char *s = at->s, *end = at->last;
    size_t i = (size_t)b->at, width = b->width;
    double *row = b->v + b->n;
    bool comma = false;
    while (i < width && s < end) {
        const api_json_key *key = &b->keys[i];
        if (!key->text || (size_t)(end - s) <= key->len || !same_bytes(s, key->text, key->len))
            break;
        const char *value = s + key->len;
        if (*value++ != ':')
            break;
        if (*value == ' ')
            value++;
        value = api_decimal_read(value, &row[i]);
        if (!value || !(*value == ',' || *value == '}' || blank(*value)))
            break;
        s = value;
        i++;
        comma = *s == ',' && i < width;
        if (!comma)
            break;
        s++;
        if (*s == ' ')
            s++;
        else if (blank(*s))
            break;
    }
    if (i == b->at)
        return false;
    at->s = s;
    b->at = i;
    at->j->state = comma ? BEFORE_KEY : AFTER_VALUE;
    return true;
}

static bool run_records(place *at, api_json_bulk *b, api_problem *p)
{
    api_json *j = at->j;
    while (at->s < at->last) {
        if (j->depth == j->bulk_depth && !open_next(at, b, '{'))
            return true;
        if (j->state == AFTER_VALUE && b->at < b->width && !take_comma(at, BEFORE_KEY))
            return true;
        if (j->state != AFTER_VALUE &&
            ((j->state != BEFORE_KEY && j->state != BEFORE_FIRST_KEY) || !take_members(at, b)))
            return true;
        if (b->at < b->width)
            continue;
        if (!close_row(at, b, '}'))
            return true;
        b->n += b->width;
        if (b->n + b->width > b->cap && !b->full(j->ctx, p))
            return false;
    }
    return true;
}

bool api_json_run(api_json *j, const char **s, const char *end, api_problem *p)
{
    api_json_bulk *b = j->bulk;
    if (b->paused || end - *s <= API_DECIMAL_AHEAD || j->depth < j->bulk_depth ||
        j->depth > j->bulk_depth + (b->width > 0))
        return true;
    place at = {*s, end - API_DECIMAL_AHEAD, j, *s};
    bool ok = (b->keys ? run_records : b->width ? run_rows : run_flat)(&at, b, p);
    j->offset += (uint64_t)(at.s - *s);
    *s = at.s;
    return ok;
}
