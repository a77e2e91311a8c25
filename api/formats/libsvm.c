/* LIBSVM, or SVMlight: sparse rows, a line each.
 *
 *     +1 qid:3 1:0.5 17:2 4096:-1.5   # what is left out is 0
 *
 * A target (a number, or a class label), then the features that are not 0 as index:value, by
 * ascending index from 1 on (from 0 with ?index_base=0). The first target tells whether they are
 * numbers or labels, unless its type is given. Rows to predict for may leave the target out. Queries (qid) and comments are passed over. There are as many columns as ?columns= says, or
 * as the largest index; they have no names but their indices. */
#include "api_decimal.h"
#include "api_limits.h"
#include "api_names.h"
#include "api_number.h"
#include "api_reader.h"
#include "api_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROOM = 2048, PLACE = 64 };

typedef enum state { BETWEEN, TOKEN, COMMENT } state;

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    state state;
    api_text token; /* what has come of the one at hand */
    size_t tokens;  /* of the line so far */
    uint64_t rows, line, offset, token_at;
    size_t base, given;  /* given: columns, or 0 for as many as there turn out to be */
    uint64_t next, wide; /* the least index (from 0) that may follow; columns so far */
    uint64_t entries;
    bool types_taken;
    api_type target; /* what targets are, once it is known */
    api_names labels;
    uint32_t columns[ROOM];
    double values[ROOM], targets[ROOM];
    uint64_t ends[ROOM];
    size_t held, rows_held;
} reader;

static const char *target_name(const api_read_options *o)
{
    return o->target ? o->target : "y";
}

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

/* ---- towards the sink ---- */

static bool hand_on_entries(reader *r, api_problem *p)
{
    size_t n = r->held;
    r->held = 0;
    if (r->options->max_values && r->entries > r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    return n == 0 || r->sink->entries(r->sink->ctx, r->columns, r->values, n, p);
}

static bool hand_on_rows(reader *r, api_problem *p)
{
    size_t n = r->rows_held;
    r->rows_held = 0;
    return n == 0 || (r->sink->ends(r->sink->ctx, r->ends, n, p) &&
                      (!r->options->labelled || r->sink->targets(r->sink->ctx, r->targets, n, p)));
}

/* An entry of the row at hand; column: from 0. Zeros say nothing but how many columns there are. */
static bool put(reader *r, uint64_t column, double v, api_problem *p)
{
    r->next = column + 1;
    r->wide = r->next > r->wide ? r->next : r->wide;
    if (v == 0)
        return true;
    if (r->entries == GD_MAX_ENTRIES)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values that are not 0",
                               (unsigned long long)GD_MAX_ENTRIES);
    r->columns[r->held] = (uint32_t)column;
    r->values[r->held++] = v;
    r->entries++;
    return r->held < ROOM || hand_on_entries(r, p);
}

static bool row_ended(reader *r, api_problem *p)
{
    r->tokens = 0;
    r->next = 0;
    if (++r->rows > GD_MAX_ROWS)
        return api_problem_field(p, "rows", "are more than %zu", GD_MAX_ROWS);
    r->ends[r->rows_held++] = r->entries;
    return r->rows_held < ROOM || hand_on_rows(r, p);
}

/* ---- what is wrong ---- */

static bool bad(const reader *r, const char *index, size_t n, const char *why, api_problem *p)
{
    char place[PLACE];
    const char *text = r->token.data;
    int len = (int)(r->token.len < 60 ? r->token.len : 60);
    if (index)
        snprintf(place, sizeof place, "row %llu, column \"%.*s\"", (unsigned long long)r->rows + 1,
                 (int)(n < 20 ? n : 20), index);
    else
        snprintf(place, sizeof place, "row %llu", (unsigned long long)r->rows + 1);
    return api_problem_field(p, place, "\"%.*s\" %s (line %llu, byte %llu)", len, text, why,
                             (unsigned long long)r->line, (unsigned long long)r->token_at);
}

static bool read_number(const reader *r, const char *index, size_t index_len, const char *s,
                        size_t n, double *to, api_problem *p)
{
    switch (api_number_parse(s, n, to)) {
    case API_NUMBER_OK:
        return true;
    case API_NUMBER_OVERFLOW:
        return bad(r, index, index_len, "is beyond the range of double precision", p);
    case API_NUMBER_LONG:
        return bad(r, index, index_len, "has too many digits", p);
    case API_NUMBER_SYNTAX:
        break;
    }
    size_t sign = n > 0 && (*s == '-' || *s == '+');
    bool none = strncasecmp(s + sign, "nan", 3) == 0 || strncasecmp(s + sign, "inf", 3) == 0;
    return bad(r, index, index_len, none ? "is not a finite number" : "is not a number", p);
}

/* ---- tokens ---- */

/* The first target tells whether they are numbers or labels. */
static bool read_target(reader *r, api_problem *p)
{
    const char *s = r->token.data;
    double *to = &r->targets[r->rows_held];
    bool numeric =
        strchr("+-.0123456789", *s) || strcasecmp(s, "nan") == 0 || strcasecmp(s, "inf") == 0;
    if (!r->options->labelled)
        return true;
    if (strchr(s, ','))
        return bad(r, NULL, 0, "is several targets; one is needed", p);
    if (r->target == API_TYPE_UNKNOWN)
        r->target = numeric ? API_NUMERIC : API_CATEGORICAL;
    if (r->target == API_NUMERIC)
        return read_number(r, NULL, 0, s, r->token.len, to, p);
    char place[PLACE];
    snprintf(place, sizeof place, "row %llu", (unsigned long long)r->rows + 1);
    size_t label = api_names_label(&r->labels, s, place, p);
    *to = (double)label;
    return label != SIZE_MAX;
}

static bool read_pair(reader *r, api_problem *p)
{
    const char *s = r->token.data, *colon = strchr(s, ':');
    size_t n = colon ? (size_t)(colon - s) : 0, digits = strspn(s, "0123456789");
    uint64_t index = 0;
    double v = 0;
    if (n == 3 && r->tokens == 1 && strncmp(s, "qid", 3) == 0)
        return strspn(s + 4, "0123456789") == r->token.len - 4 ||
               bad(r, NULL, 0, "is not the number of a query", p);
    if (!colon || n == 0 || digits != n)
        return bad(r, NULL, 0, "is not a feature like 3:1.5", p);
    for (size_t i = 0; i < n && index <= GD_MAX_SPARSE_COLUMNS; i++)
        index = index * 10 + (uint64_t)(s[i] - '0');
    if (index < r->base)
        return bad(r, s, n,
                   r->options->in_order
                       ? "has an index below 1, which is the first column"
                       : "has an index below 1; say ?index_base=0 where they begin at 0",
                   p);
    uint64_t column = index - r->base, most = r->given ? r->given : GD_MAX_SPARSE_COLUMNS;
    if (column >= most) {
        const char *whose = r->options->added_to;
        char why[160];
        snprintf(why, sizeof why, "is beyond the %zu columns %s%s", (size_t)most,
                 whose      ? whose
                 : r->given ? "that the query gives"
                            : "there may be",
                 whose ? "; ?columns= gives it more" : "");
        return bad(r, s, n, why, p);
    }
    if (column < r->next)
        return bad(r, s, n,
                   column + 1 == r->next ? "has the index of the one before"
                                         : "has a lower index than the one before: they "
                                           "must ascend",
                   p);
    return read_number(r, s, n, colon + 1, r->token.len - n - 1, &v, p) && put(r, column, v, p);
}

static bool token_ended(reader *r, api_problem *p)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (r->token.failed)
        return no_memory(p);
    if (r->token_at == 0 && r->token.len >= 3 && memcmp(r->token.data, mark, 3) == 0) {
        r->token.len -= 3; /* of the encoding */
        memmove(r->token.data, r->token.data + 3, r->token.len + 1);
    }
    bool first = r->tokens == 0, pair = strchr(r->token.data, ':') != NULL;
    r->state = BETWEEN;
    if (r->token.len == 0)
        return true;
    if (first && pair && r->options->labelled)
        return bad(r, NULL, 0, "stands where the row's target should be", p);
    r->tokens += first && pair; /* the target is left out */
    bool ok = first && !pair ? read_target(r, p) : read_pair(r, p);
    r->tokens++;
    r->token.len = 0;
    return ok;
}

static bool line_ended(reader *r, api_problem *p)
{
    r->state = BETWEEN;
    r->line++;
    return r->tokens == 0 || row_ended(r, p);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool byte(reader *r, char c, api_problem *p)
{
    if (c == '\0')
        return api_problem_set(p, API_INVALID, "a NUL byte in the text (line %llu)",
                               (unsigned long long)r->line);
    if (r->state == TOKEN && (blank(c) || c == '#') && !token_ended(r, p))
        return false;
    if (c == '\n')
        return line_ended(r, p);
    if (r->state == COMMENT || blank(c))
        return true;
    if (c == '#') {
        r->state = COMMENT;
        return true;
    }
    if (r->state == BETWEEN)
        r->token_at = r->offset;
    r->state = TOKEN;
    api_text_add(&r->token, &c, 1);
    return r->token.len <= API_MAX_TOKEN ||
           api_problem_set(p, API_INVALID, "a value has more than %zu bytes (line %llu)",
                           API_MAX_TOKEN, (unsigned long long)r->line);
}

/* ---- lines as they mostly are ---- */

/* "index:value" at s. Returns where it ends; NULL for anything else, which `byte` looks at. */
static const char *usual_pair(const reader *r, const char *s, uint64_t *column, double *v)
{
    uint64_t index = 0;
    unsigned digits = 0;
    for (unsigned d; (d = (unsigned)(unsigned char)*s - '0') <= 9 && digits < 8; digits++, s++)
        index = index * 10 + d;
    if (digits == 0 || *s != ':' || index < r->base)
        return NULL;
    *column = index - r->base;
    if (*column < r->next || *column >= (r->given ? r->given : GD_MAX_SPARSE_COLUMNS))
        return NULL;
    if (s[2] == ' ' || s[2] == '\n') {
        unsigned d = (unsigned)(unsigned char)s[1] - '0';
        *v = d;
        return d <= 9 ? s + 2 : NULL;
    }
    return api_decimal_read(s + 1, v);
}

/* Reads on while tokens are whole, valid and followed by a blank or a line's end. */
static bool run_tokens(reader *r, const char **at, const char *end, api_problem *p)
{
    const char *s = *at, *last = end - 2 * API_DECIMAL_AHEAD;
    bool ok = true;
    while (ok && s < last) {
        const char *behind;
        uint64_t column;
        double v;
        if (*s == ' ') {
            s++;
            continue;
        }
        if (*s == '\n') {
            s++;
            ok = line_ended(r, p);
            continue;
        }
        if (r->tokens == 0) {
            if (!r->options->labelled || r->target != API_NUMERIC)
                break;
            behind = api_decimal_read(s + (*s == '+'), &v);
            if (!behind || (*s == '+' && s[1] == '-') || (*behind != ' ' && *behind != '\n'))
                break;
            r->targets[r->rows_held] = v;
        } else {
            behind = usual_pair(r, s, &column, &v);
            if (!behind || (*behind != ' ' && *behind != '\n'))
                break;
            ok = put(r, column, v, p);
        }
        r->tokens++;
        s = behind;
    }
    r->offset += (uint64_t)(s - *at);
    *at = s;
    return ok;
}

/* Columns are numbers; what is given can but say that the targets are labels, or are not. */
static bool take_types(reader *r, api_problem *p)
{
    const api_types *types = r->options->types;
    for (size_t i = 0; types && !r->types_taken && i < types->names.count; i++) {
        const char *name = types->names.list[i];
        bool target = strcmp(name, target_name(r->options)) == 0;
        if (target)
            r->target = types->list[i];
        if (types->list[i] == API_NUMERIC || (target && types->list[i] == API_CATEGORICAL))
            continue;
        api_problem_field(p, "types",
                          target ? "\"%.64s\" of sparse rows is numeric or categorical"
                                 : "\"%.64s\" can't be so: the columns of sparse rows are numeric",
                          name);
    }
    r->types_taken = true;
    return p->code == API_NO_PROBLEM;
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    reader *r = reader_;
    if (!take_types(r, p))
        return false;
    const char *s = bytes, *end = bytes + n;
    while (s < end) {
        if (r->state == BETWEEN && end - s > 2 * API_DECIMAL_AHEAD && !run_tokens(r, &s, end, p))
            return false;
        if (!byte(r, *s, p))
            return false;
        s++;
        r->offset++;
    }
    return true;
}

/* ---- beginning and end ---- */

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->line = 1;
    r->base = options->index_from_0 ? 0 : 1;
    r->given = options->width;
    return r;
}

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (!r)
        return;
    api_text_free(&r->token);
    api_names_free(&r->labels);
    free(r);
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    const api_read_options *o = r->options;
    api_dataset made = {.sparse = true, .first_number = r->base, .target_at = API_APART};
    if ((r->state == TOKEN && !token_ended(r, p)) || (r->tokens > 0 && !row_ended(r, p)) ||
        !hand_on_entries(r, p) || !hand_on_rows(r, p))
        return false;
    if (r->rows == 0)
        return api_problem_set(p, API_INVALID, "the body is empty: a row a line is needed");
    made.rows = r->rows;
    made.entries = r->entries;
    made.cols = r->given ? r->given : (size_t)r->wide;
    if (made.cols == 0 && o->labelled)
        return api_problem_field(p, "rows", "have no feature, like 3:1.5, at all");
    made.name = strdup(o->name ? o->name : "");
    made.target = o->labelled ? strdup(target_name(o)) : NULL;
    if (!made.name || (o->labelled && !made.target)) {
        api_dataset_free(&made);
        return no_memory(p);
    }
    if (r->labels.count)
        made.labels = api_names_take(&r->labels, &made.labels_count);
    *out = made;
    return true;
}

const api_format api_format_libsvm = {
    .name = "libsvm",
    .media_type = "text/x-libsvm",
    .own = "index_base",
    .sparse = true,
    .suffixes = ".libsvm .svmlight .svm",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
