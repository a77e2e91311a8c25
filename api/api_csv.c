/* api_csv: the machine over bytes, and before it the loop that reads whole fields of numbers where
 * they stand. Whatever that one does not know, the machine reads, field by field. */
#include "api_csv.h"

#include "api_decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes looked at for the delimiter, at most. */
#define AHEAD API_MAX_TOKEN

api_csv *api_csv_open(const api_read_options *options, const api_sink *sink, char delimiter)
{
    api_csv *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->delimiter = options->delimiter ? options->delimiter : delimiter;
    r->line = r->row_line = 1;
    r->line_blank = true;
    return r;
}

void api_csv_close(void *reader)
{
    api_csv *r = reader;
    if (!r)
        return;
    api_text_free(&r->ahead);
    api_text_free(&r->field);
    for (size_t i = 0; r->cells && i < r->header.count; i++)
        api_cells_free(&r->cells[i]);
    free(r->cells);
    for (size_t i = 0; i < r->first_count; i++)
        free(r->first[i].text);
    free(r->first);
    free(r->role);
    api_names_free(&r->header);
    free(r->rows_own);
    free(r->targets_room);
    free(r);
}

/* ---- rows ---- */

/* Rows are written where the sink wants them, if there is room for one. */
void api_csv_room(api_csv *r)
{
    size_t n = 0;
    double *room = r->sink->room ? r->sink->room(r->sink->ctx, &n) : NULL;
    r->rows_room = n >= r->cols ? room : r->rows_own;
    r->rows_room_for = n >= r->cols && n / r->cols < r->rows_own_for ? n / r->cols : r->rows_own_for;
}

/* Tells the sink which columns are texts, as far as that is known. */
static void tell_texts(api_csv *r)
{
    r->told = true;
    for (size_t i = 0; r->sink->texts && i < r->header.count; i++) {
        if (r->role[i] == API_CSV_UNWANTED)
            continue;
        if (r->role[i] >= 0 && r->cells[i].type == API_CATEGORICAL)
            r->sink->texts(r->sink->ctx, (size_t)r->role[i]);
        r->told = r->told && r->cells[i].type != API_TYPE_UNKNOWN;
    }
}

static bool hand_on(api_csv *r, api_problem *p)
{
    const api_sink *s = r->sink;
    size_t n = r->rows_held;
    r->rows_held = 0;
    if (!r->told)
        tell_texts(r);
    bool ok = n == 0 || (s->values(s->ctx, r->rows_room, n * r->cols, p) &&
                         (!r->options->labelled || s->targets(s->ctx, r->targets_room, n, p)));
    api_csv_room(r);
    return ok;
}

/* The values of a row are all there. */
static bool row_done(api_csv *r, api_problem *p)
{
    if (++r->rows > GD_MAX_ROWS)
        return api_problem_field(p, "rows", "are more than %zu", GD_MAX_ROWS);
    r->values += r->cols;
    if (r->options->max_values && r->values > r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    return ++r->rows_held < r->rows_room_for || hand_on(r, p);
}

static bool first_row_ended(api_csv *r, api_problem *p)
{
    bool is_row;
    if (!api_csv_columns(r, &is_row, p))
        return false;
    for (r->column = 0; is_row && r->column < r->first_count; r->column++) {
        r->field.len = 0;
        r->field_quoted = r->first[r->column].quoted;
        api_text_puts(&r->field, r->first[r->column].text);
        if (r->field.failed)
            return api_csv_no_memory(p);
        if (!api_csv_value(r, p))
            return false;
    }
    r->field.len = 0;
    r->field_quoted = false;
    r->column = 0;
    return !is_row || row_done(r, p);
}

static bool field_ended(api_csv *r, api_problem *p)
{
    api_text_add(&r->field, "", 0);
    if (r->field.failed)
        return api_csv_no_memory(p);
    bool ok = r->has_columns ? api_csv_value(r, p) : api_csv_first_field(r, p);
    r->column++;
    r->field.len = 0;
    r->field_quoted = false;
    r->state = FIELD_START;
    return ok;
}

static bool row_ended(api_csv *r, api_problem *p)
{
    bool blank = r->column == 0 && r->field.len == 0 && !r->field_quoted;
    if (blank && !r->field.failed) {
        r->state = FIELD_START;
        return true;
    }
    if (!field_ended(r, p))
        return false;
    size_t fields = r->column;
    r->column = 0;
    if (!r->has_columns)
        return first_row_ended(r, p);
    if (fields == r->header.count)
        return row_done(r, p);
    char place[40];
    snprintf(place, sizeof place, "row %llu", (unsigned long long)r->rows + 1);
    return api_problem_field(p, place, "has %zu field%s, but the %s has %zu (line %llu)", fields,
                             fields == 1 ? "" : "s", r->headless ? "first row" : "header",
                             r->header.count, (unsigned long long)r->row_line);
}

static bool line_ended(api_csv *r, api_problem *p)
{
    /* the CR of a CRLF is not part of the last field */
    if (!r->field_quoted && r->field.len && r->field.data[r->field.len - 1] == '\r')
        r->field.data[--r->field.len] = '\0';
    bool ok = row_ended(r, p);
    r->row_line = ++r->line;
    return ok;
}

/* ---- numbers where they stand ---- */

/* A field that nothing wants: its end, or NULL where the machine has to look. */
static const char *skip_field(const char *s, const char *last, char delimiter)
{
    const char *begin = s;
    if (*s == '"')
        return NULL;
    while (s < last && *s != delimiter && *s != '\n' && *s != '\0')
        s++;
    return s < last && *s != '\0' && s - begin <= (long)API_MAX_TOKEN ? s : NULL;
}

/* A field of text, with quotes around it or without, but none inside: its end, or NULL where the machine
 * has to look. *from and *n: its bytes. */
static const char *text_field(const api_csv *r, const char *s, const char *last, size_t column,
                              const char **from, size_t *n)
{
    bool quoted = *s == '"';
    char until = quoted ? '"' : r->delimiter;
    const char *begin = s + quoted, *end = begin;
    while (end < last && *end != '\n' && *end != '\0' && *end != until)
        end++;
    if (end >= last || *end == '\0' || end - s > (long)API_MAX_TOKEN || (quoted && *end != '"'))
        return NULL;
    const char *behind = end + quoted; /* last is well before the end of the bytes */
    if (!quoted && *end == '\n' && end > begin && end[-1] == '\r')
        behind = --end;
    *from = begin;
    *n = (size_t)(end - begin);
    if (*n == 0 && column == 0) /* of a line that is blank, perhaps */
        return NULL;
    const char *line_end = behind + (*behind == '\r');
    return *behind == r->delimiter || (*line_end == '\n' && column + 1 == r->header.count) ? behind
                                                                                          : NULL;
}

/* Reads such a field as a value of its column. */
static bool take_text(api_csv *r, const char *from, size_t n, bool quoted, size_t column,
                      uint64_t at, api_problem *p)
{
    r->field.len = 0;
    r->field_quoted = quoted;
    api_text_add(&r->field, from, n);
    if (r->field.failed)
        return api_csv_no_memory(p);
    r->column = column;
    r->field_at = at;
    bool ok = api_csv_value(r, p);
    r->field.len = 0;
    r->field_quoted = false;
    return ok;
}

/* A short text of a column that had it before: its end, or NULL. */
static const char *known_text(const api_csv *r, const char *s, size_t column, double *value)
{
    uint64_t words[2];
    const api_cells *c = &r->cells[column];
    if (c->type != API_CATEGORICAL)
        return NULL;
    size_t n = api_known_end(s, r->delimiter);
    if (n == API_KNOWN_BYTES || s[n] == '\0')
        return NULL;
    if (n > 0 && s[n] == '\n' && s[n - 1] == '\r')
        n--;
    if (n == 0)
        return NULL;
    api_known_words(s, n, words);
    return api_known_find(&c->known, words, n, value) ? s + n : NULL;
}

/* The next time it will be known. */
static void remember(api_csv *r, const char *from, size_t n, size_t column, double value)
{
    uint64_t words[2];
    api_cells *c = &r->cells[column];
    if (c->type != API_CATEGORICAL || n == 0 || n >= API_KNOWN_BYTES || isnan(value))
        return;
    api_known_words(from, n, words);
    api_known_add(&c->known, words, n, value, c->levels.count, &r->known_bytes);
}

/* Reads on from the start of a field, by whole fields. *at is moved on. */
static bool run_fields(api_csv *r, const char **at, const char *end, api_problem *p)
{
    const char *s = *at, *last = end - API_DECIMAL_AHEAD, delimiter = r->delimiter;
    const long *role = r->role;
    const api_cells *cells = r->cells;
    size_t column = r->column, count = r->header.count;
    double *row = r->rows_room + r->rows_held * r->cols;
    bool ok = true;
    while (s < last && column < count) {
        double v;
        const char *behind;
        if (role[column] == API_CSV_UNWANTED) {
            behind = skip_field(s, last, delimiter);
        } else if (cells[column].type != API_NUMERIC) {
            const char *from;
            size_t n;
            double *to = role[column] >= 0 ? &row[role[column]] : &r->targets_room[r->rows_held];
            behind = known_text(r, s, column, &v);
            if (behind) {
                *to = v;
            } else {
                behind = text_field(r, s, last, column, &from, &n);
                ok = !behind || take_text(r, from, n, *s == '"', column,
                                          r->offset + (uint64_t)(s - *at), p);
                if (!ok)
                    break;
                if (behind && *s != '"')
                    remember(r, from, n, column, *to);
            }
        } else if (role[column] >= 0) {
            behind = api_decimal_read(s + (*s == ' '), &v);
            row[role[column]] = behind ? v : 0;
        } else {
            behind = api_decimal_read(s + (*s == ' '), &v);
            r->targets_room[r->rows_held] = behind ? v : 0;
        }
        if (!behind)
            break;
        if (*behind == delimiter) {
            s = behind + 1;
            column++;
            continue;
        }
        behind += *behind == '\r';
        if (*behind != '\n' || column + 1 != count)
            break;
        s = behind + 1;
        column = 0;
        r->row_line = ++r->line;
        ok = row_done(r, p);
        if (!ok)
            break;
        row = r->rows_room + r->rows_held * r->cols;
    }
    r->column = column;
    r->offset += (uint64_t)(s - *at);
    *at = s;
    return ok;
}

/* ---- the machine ---- */

static bool quote_error(const api_csv *r, api_problem *p)
{
    return api_problem_set(
        p, API_INVALID,
        "a quoted field is followed by something else than a %s or a line end (line %llu, byte %llu)",
        r->delimiter == ','    ? "comma"
        : r->delimiter == '\t' ? "tab"
        : r->delimiter == ';'  ? "semicolon"
                               : "bar",
        (unsigned long long)r->line, (unsigned long long)r->offset);
}

static bool after_quote(api_csv *r, char c, api_problem *p)
{
    if (c == '"') {
        r->state = QUOTED;
        api_text_add(&r->field, &c, 1);
        return true;
    }
    if (c == r->delimiter)
        return field_ended(r, p);
    if (c == '\n')
        return line_ended(r, p);
    if (c == '\r') {
        r->state = CR_AFTER_QUOTED;
        return true;
    }
    return quote_error(r, p);
}

static bool byte(api_csv *r, char c, api_problem *p)
{
    if (r->field.len > API_MAX_TOKEN)
        return api_problem_set(p, API_INVALID, "a field has more than %zu bytes (line %llu, byte %llu)%s",
                               API_MAX_TOKEN, (unsigned long long)r->field_line,
                               (unsigned long long)r->field_at,
                               r->field_quoted ? ": do its quotes have no end?" : "");
    if (c == '\0')
        return api_problem_set(p, API_INVALID, "a NUL byte in %s text (line %llu, byte %llu)",
                               r->delimiter == '\t' ? "TSV" : "CSV", (unsigned long long)r->line,
                               (unsigned long long)r->offset);
    switch (r->state) {
    case FIELD_START:
        r->field_at = r->offset;
        r->field_line = r->line;
        if (c == '"') {
            r->state = QUOTED;
            r->field_quoted = true;
            return true;
        }
        r->state = PLAIN;
        /* fall through */
    case PLAIN:
        if (c == r->delimiter)
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
        return after_quote(r, c, p);
    case CR_AFTER_QUOTED:
        return c == '\n' ? line_ended(r, p) : quote_error(r, p);
    }
    return false;
}

static bool read_bytes(api_csv *r, const char *s, const char *end, api_problem *p)
{
    while (s < end) {
        if (r->state == FIELD_START && r->has_columns && end - s > API_DECIMAL_AHEAD &&
            !run_fields(r, &s, end, p))
            return false;
        if (!byte(r, *s, p))
            return false;
        s++;
        r->offset++;
    }
    return true;
}

/* The first line is there, or enough of it, or all. */
static bool begin(api_csv *r, api_problem *p)
{
    static const char mark[] = "\xef\xbb\xbf";
    const char *s = r->ahead.data;
    size_t n = r->ahead.len, skip = n >= 3 && memcmp(s, mark, 3) == 0 ? 3 : 0;
    r->begun = true;
    if (!r->delimiter)
        r->delimiter = api_csv_delimiter(s, n);
    r->offset = skip;
    bool ok = read_bytes(r, s + skip, s + n, p);
    api_text_free(&r->ahead);
    return ok;
}

/* Takes bytes of the first line that is not blank; true once it is whole. */
static bool look_ahead(api_csv *r, const char **s, const char *end)
{
    const char *from = *s;
    bool whole = false;
    while (*s < end && !whole) {
        char c = *(*s)++;
        r->open_quote ^= c == '"';
        size_t len = r->ahead.len + (size_t)(*s - from);
        bool blank = r->line_blank && (c == '\n' || c == '\r');
        r->line_blank = blank;
        whole = (c == '\n' && !blank && !r->open_quote) || len >= AHEAD;
    }
    api_text_add(&r->ahead, from, (size_t)(*s - from));
    return whole;
}

bool api_csv_feed(void *reader, const char *bytes, size_t n, api_problem *p)
{
    api_csv *r = reader;
    const char *s = bytes, *end = bytes + n;
    if (!r->begun) {
        bool whole = look_ahead(r, &s, end);
        if (r->ahead.failed)
            return api_csv_no_memory(p);
        if (!whole)
            return true;
        if (!begin(r, p))
            return false;
    }
    return read_bytes(r, s, end, p);
}

/* ---- the end ---- */

static bool describe(api_csv *r, api_dataset *made)
{
    made->rows = r->rows;
    made->stored = made->cols = r->cols;
    made->target_at = API_APART;
    made->columns = calloc(r->cols, sizeof *made->columns);
    made->features = calloc(r->cols, sizeof *made->features);
    made->name = strdup(r->options->name ? r->options->name : "");
    if (r->options->labelled)
        made->target = strdup(r->options->target);
    if (!made->columns || !made->features || !made->name || (r->options->labelled && !made->target))
        return false;
    for (size_t i = 0; i < r->header.count; i++)
        if (r->role[i] >= 0 && !(made->columns[r->role[i]] = strdup(r->header.list[i])))
            return false;
    for (size_t i = 0; i < r->cols; i++)
        made->features[i] = i;
    made->kinds = calloc(r->cols + 1, sizeof *made->kinds);
    if (!made->kinds)
        return false;
    for (size_t i = 0; i < r->header.count; i++)
        if (r->role[i] >= 0)
            made->kinds[r->role[i]] = api_cells_take(&r->cells[i]);
        else if (r->role[i] == API_CSV_TARGET)
            made->kinds[r->cols] = api_cells_take(&r->cells[i]);
    if (r->options->labelled && !api_target_labels(&made->kinds[r->cols], made))
        return false;
    api_dataset_settle_kinds(made);
    return true;
}

bool api_csv_finish(void *reader, api_dataset *out, api_problem *p)
{
    api_csv *r = reader;
    if (!r->begun && r->ahead.len && !begin(r, p))
        return false;
    if (r->state == QUOTED)
        return api_problem_set(p, API_INVALID,
                               "the text ends inside a quoted field, which begins at line %llu, byte %llu",
                               (unsigned long long)r->field_line, (unsigned long long)r->field_at);
    if ((r->column || r->field.len || r->field_quoted || r->field.failed) && !line_ended(r, p))
        return false;
    if (!r->has_columns)
        return api_problem_set(p, API_INVALID,
                               "the body is empty: a header row and rows of numbers are needed");
    if (r->rows == 0)
        return api_problem_set(p, API_INVALID, "there is a header but no row of numbers");
    if (!hand_on(r, p))
        return false;
    api_dataset made = {0};
    if (!describe(r, &made)) {
        api_dataset_free(&made);
        return api_csv_no_memory(p);
    }
    *out = made;
    return true;
}
