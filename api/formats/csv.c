/* CSV (RFC 4180): a header row, then numbers. Fields may be quoted, lines may end in CRLF or
 * LF. The query names the target, and the features if not all other columns are wanted;
 * what no feature or target wants may be anything. */
#include "api_names.h"
#include "api_number.h"
#include "api_reader.h"
#include "api_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum state {
    FIELD_START,
    PLAIN,
    QUOTED,
    QUOTE_IN_QUOTED, /* the end of the field, or the first of a doubled quote */
    CR_AFTER_QUOTED  /* only a line feed may follow */
} state;

enum { UNWANTED = -1, IS_TARGET = -2 };

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    state state;
    bool started; /* past a byte order mark */
    api_text field;
    bool field_quoted;
    api_names header;
    long *role; /* of a column: its place among the features, or UNWANTED, IS_TARGET */
    size_t cols;
    double *row; /* cols features */
    double target;
    api_names labels; /* of the target, where it is texts */
    size_t column;    /* the field being read */
    uint64_t rows, line, row_line, values;
    bool has_header;
} reader;

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->line = r->row_line = 1;
    return r;
}

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (!r)
        return;
    api_text_free(&r->field);
    api_names_free(&r->header);
    api_names_free(&r->labels);
    free(r->role);
    free(r->row);
    free(r);
}

/* ---- the header ---- */

static size_t find_column(reader *r, const char *name, const char *parameter, api_problem *p)
{
    size_t at = api_names_find(&r->header, name);
    if (at == SIZE_MAX) {
        const char *near = api_nearest(name, (const char *const *)r->header.list, r->header.count);
        api_problem_field(p, parameter, "the header has no column \"%.64s\"%s%s%s", name,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return at;
}

static void find_target(reader *r, api_problem *p)
{
    if (!r->options->labelled)
        return;
    if (!r->options->target) {
        char names[240] = "";
        for (size_t i = 0, at = 0; i < r->header.count && at < sizeof names; i++)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "",
                                   r->header.list[i]);
        api_problem_field(p, "target", "is missing: say ?target= with one of the columns %s",
                          names);
        return;
    }
    size_t at = find_column(r, r->options->target, "target", p);
    if (at != SIZE_MAX)
        r->role[at] = IS_TARGET;
}

static void choose_columns(reader *r, api_problem *p)
{
    for (size_t i = 0; i < r->options->columns_count; i++) {
        const char *name = r->options->columns[i];
        size_t at = find_column(r, name, "columns", p);
        if (at == SIZE_MAX)
            continue;
        if (r->role[at] == IS_TARGET)
            api_problem_field(p, "columns", "\"%.64s\" is the target too", name);
        else if (r->role[at] != UNWANTED)
            api_problem_field(p, "columns", "\"%.64s\" is given twice", name);
        else
            r->role[at] = (long)r->cols++;
    }
}

static void all_columns(reader *r, api_problem *p)
{
    for (size_t i = 0; i < r->header.count; i++) {
        if (r->role[i] == IS_TARGET)
            continue;
        char field[40];
        snprintf(field, sizeof field, "columns[%zu]", i);
        if (!*r->header.list[i])
            api_problem_field(p, field,
                              "column %zu has no name: name it in the header, or choose features "
                              "with ?columns=",
                              i + 1);
        else
            api_name_check(r->header.list[i], field, p);
        r->role[i] = (long)r->cols++;
    }
}

static bool header_ended(reader *r, api_problem *p)
{
    r->has_header = true;
    r->role = calloc(r->header.count, sizeof *r->role);
    if (!r->role)
        return no_memory(p);
    for (size_t i = 0; i < r->header.count; i++)
        r->role[i] = UNWANTED;
    find_target(r, p);
    if (r->options->columns)
        choose_columns(r, p);
    else
        all_columns(r, p);
    if (p->code == API_NO_PROBLEM && r->cols == 0)
        api_problem_field(p, "columns", "must leave at least one feature beside the target");
    if (r->cols > GD_MAX_COLUMNS)
        api_problem_field(p, "columns", "are more than %zu", GD_MAX_COLUMNS);
    if (p->code != API_NO_PROBLEM)
        return false;
    r->row = calloc(r->cols, sizeof *r->row);
    return r->row || no_memory(p);
}

static bool header_field(reader *r, api_problem *p)
{
    if (r->header.count > GD_MAX_COLUMNS)
        return api_problem_field(p, "columns", "are more than %zu", GD_MAX_COLUMNS);
    switch (api_names_add(&r->header, r->field.data)) {
    case API_NAMES_TWICE:
        return api_problem_field(p, "columns", "the header has \"%.64s\" twice", r->field.data);
    case API_NAMES_NO_MEMORY:
        return no_memory(p);
    case API_NAMES_NEW:
        break;
    }
    return true;
}

/* ---- rows ---- */

enum { PLACE = 160 };

static const char *place_of(const reader *r, char place[PLACE])
{
    snprintf(place, PLACE, "row %llu, column \"%.64s\"", (unsigned long long)r->rows + 1,
             r->header.list[r->column]);
    return place;
}

static bool bad_field(const reader *r, const char *why, api_problem *p)
{
    char place[PLACE];
    place_of(r, place);
    return api_problem_field(p, place, "\"%.60s\" %s (line %llu)", r->field.data, why,
                             (unsigned long long)r->row_line);
}

static bool number_field(reader *r, double *to, api_problem *p)
{
    const char *s = r->field.data, *end = s + r->field.len;
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (s == end)
        return bad_field(r, "is empty; a number is needed", p);
    switch (api_number_parse(s, (size_t)(end - s), to)) {
    case API_NUMBER_OK:
        break;
    case API_NUMBER_OVERFLOW:
        return bad_field(r, "is beyond the range of double precision", p);
    case API_NUMBER_LONG:
        return bad_field(r, "has too many digits", p);
    case API_NUMBER_SYNTAX:
        return bad_field(r, "is not a finite number", p);
    }
    return true;
}

/* Meant as a number, though it is none: "1,5", "nan", " 3 ", or a number that is missing. */
static bool looks_numeric(const char *s)
{
    static const char *const missing[] = {"NA", "N/A", "null", "none", "?", "-"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        if (strcasecmp(s, missing[i]) == 0)
            return true;
    s += strspn(s, " \t+-$");
    return *s == '\0' || (*s >= '0' && *s <= '9') || *s == '.' || strncasecmp(s, "nan", 3) == 0 ||
           strncasecmp(s, "inf", 3) == 0;
}

static bool label_field(reader *r, api_problem *p)
{
    char place[PLACE];
    size_t label = api_names_label(&r->labels, r->field.data, place_of(r, place), p);
    r->target = (double)label;
    return label != SIZE_MAX;
}

/* The first row tells whether targets are numbers or class labels. */
static bool target_field(reader *r, api_problem *p)
{
    double ignored;
    if (r->rows == 0 && r->field.len > 0 &&
        api_number_parse(r->field.data, r->field.len, &ignored) == API_NUMBER_SYNTAX &&
        !looks_numeric(r->field.data)) {
        return label_field(r, p);
    }
    if (r->labels.count == 0)
        return number_field(r, &r->target, p);
    if (r->field.len == 0)
        return bad_field(r, "is empty; a class label is needed", p);
    return label_field(r, p);
}

static bool field_ended(reader *r, api_problem *p)
{
    api_text_add(&r->field, "", 0);
    if (r->field.failed)
        return no_memory(p);
    bool ok = true;
    if (!r->has_header)
        ok = header_field(r, p);
    else if (r->column < r->header.count && r->role[r->column] == IS_TARGET)
        ok = target_field(r, p);
    else if (r->column < r->header.count && r->role[r->column] != UNWANTED)
        ok = number_field(r, &r->row[r->role[r->column]], p);
    r->column++;
    r->field.len = 0;
    r->field_quoted = false;
    r->state = FIELD_START;
    return ok;
}

static bool row_ended(reader *r, api_problem *p)
{
    bool blank = r->column == 0 && r->field.len == 0 && !r->field_quoted;
    if (blank && !r->field.failed)
        return true;
    if (!field_ended(r, p))
        return false;
    size_t fields = r->column;
    r->column = 0;
    if (!r->has_header)
        return header_ended(r, p);
    char place[40];
    snprintf(place, sizeof place, "row %llu", (unsigned long long)r->rows + 1);
    if (fields != r->header.count)
        return api_problem_field(p, place, "has %zu field%s, but the header has %zu (line %llu)",
                                 fields, fields == 1 ? "" : "s", r->header.count,
                                 (unsigned long long)r->row_line);
    if (++r->rows > GD_MAX_ROWS)
        return api_problem_field(p, "rows", "are more than %zu", GD_MAX_ROWS);
    r->values += r->cols;
    if (r->options->max_values && r->values > r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    const api_sink *s = r->sink;
    return s->values(s->ctx, r->row, r->cols, p) &&
           (!r->options->labelled || s->targets(s->ctx, &r->target, 1, p));
}

static bool line_ended(reader *r, api_problem *p)
{
    /* the CR of a CRLF is not part of the last field */
    if (!r->field_quoted && r->field.len && r->field.data[r->field.len - 1] == '\r')
        r->field.data[--r->field.len] = '\0';
    bool ok = row_ended(r, p);
    r->row_line = ++r->line;
    return ok;
}

static bool quote_error(const reader *r, api_problem *p)
{
    return api_problem_set(
        p, API_INVALID,
        "a quoted field is followed by something else than a comma or a line end (line %llu)",
        (unsigned long long)r->line);
}

static bool byte(reader *r, char c, api_problem *p)
{
    if (r->field.len > API_MAX_TOKEN)
        return api_problem_set(p, API_INVALID, "a field has more than %zu bytes (line %llu)",
                               API_MAX_TOKEN, (unsigned long long)r->line);
    if (c == '\0')
        return api_problem_set(p, API_INVALID, "a NUL byte in CSV text (line %llu)",
                               (unsigned long long)r->line);
    switch (r->state) {
    case FIELD_START:
        if (c == '"') {
            r->state = QUOTED;
            r->field_quoted = true;
            return true;
        }
        r->state = PLAIN;
        /* fall through */
    case PLAIN:
        if (c == ',')
            return field_ended(r, p);
        if (c == '\n')
            return line_ended(r, p);
        api_text_add(&r->field, &c, 1);
        return true;
    case QUOTED:
        if (c == '"') {
            r->state = QUOTE_IN_QUOTED;
            return true;
        }
        r->line += c == '\n';
        api_text_add(&r->field, &c, 1);
        return true;
    case QUOTE_IN_QUOTED:
        if (c == '"') {
            r->state = QUOTED;
            api_text_add(&r->field, &c, 1);
            return true;
        }
        if (c == ',')
            return field_ended(r, p);
        if (c == '\n')
            return line_ended(r, p);
        if (c == '\r') {
            r->state = CR_AFTER_QUOTED;
            return true;
        }
        return quote_error(r, p);
    case CR_AFTER_QUOTED:
        return c == '\n' ? line_ended(r, p) : quote_error(r, p);
    }
    return false;
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    static const char mark[] = "\xef\xbb\xbf";
    reader *r = reader_;
    for (size_t i = 0; i < n; i++) {
        if (!r->started) {
            /* a byte order mark may come in pieces: it gathers like a field */
            size_t seen = r->field.len;
            if (seen < 3 && bytes[i] == mark[seen]) {
                api_text_add(&r->field, &bytes[i], 1);
                if (seen + 1 == 3) {
                    r->field.len = 0;
                    r->started = true;
                }
                continue;
            }
            r->started = true;
            r->state = seen ? PLAIN : FIELD_START;
        }
        if (!byte(r, bytes[i], p))
            return false;
    }
    return true;
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    api_dataset made = {0};
    if (r->state == QUOTED)
        return api_problem_set(p, API_INVALID, "the text ends inside a quoted field");
    if ((r->column || r->field.len || r->field_quoted || r->field.failed) && !line_ended(r, p))
        return false;
    if (!r->has_header)
        return api_problem_set(p, API_INVALID,
                               "the body is empty: a header row and rows of numbers are needed");
    if (r->rows == 0)
        return api_problem_set(p, API_INVALID, "there is a header but no row of numbers");
    made.rows = r->rows;
    made.stored = made.cols = r->cols;
    made.target_at = API_APART;
    made.columns = calloc(r->cols, sizeof *made.columns);
    made.features = calloc(r->cols, sizeof *made.features);
    made.name = strdup(r->options->name ? r->options->name : "");
    if (r->options->labelled)
        made.target = strdup(r->options->target);
    if (!made.columns || !made.features || !made.name || (r->options->labelled && !made.target))
        goto fail;
    for (size_t i = 0; i < r->header.count; i++)
        if (r->role[i] >= 0 && !(made.columns[r->role[i]] = strdup(r->header.list[i])))
            goto fail;
    for (size_t i = 0; i < r->cols; i++)
        made.features[i] = i;
    if (r->labels.count)
        made.labels = api_names_take(&r->labels, &made.labels_count);
    *out = made;
    return true;
fail:
    api_dataset_free(&made);
    return no_memory(p);
}

const api_format api_format_csv = {
    .name = "csv",
    .media_type = "text/csv",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
