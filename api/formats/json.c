/* JSON datasets, in two shapes, with members in any order:
 *
 *     {"name": "...", "columns": ["radio"], "X": [[37.8], [39.3]], "y": [22.1, 10.4]}
 *     {"data": [{"radio": 37.8, "sales": 22.1}, ...], "target": "sales"}
 *
 * A flat X means one feature. In records the first one names the columns; values that no
 * feature or target wants may be anything.
 */
#include "api_json.h"
#include "api_names.h"
#include "api_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum member { NAME, COLUMNS, X, Y, DATA, TARGET, MEMBERS, UNKNOWN } member;

static const char *const member_names[MEMBERS] = {"name", "columns", "X", "y", "data", "target"};

/* The first value of a record column that is not a number. */
typedef struct misfit {
    bool found, overflow;
    uint64_t row;
    api_json_type type;
} misfit;

typedef struct buffer {
    double v[1024];
    size_t n;
} buffer;

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    api_json *json;
    member at;
    bool seen[MEMBERS];
    api_problem soft; /* bad fields that don't stop the reading */
    char *name, *target;
    api_names columns;
    size_t columns_at;   /* elements of "columns" so far */
    bool columns_listed; /* "columns" is an array */
    /* X and y */
    bool flat, in_row;
    size_t cols, row_len;
    uint64_t rows, targets;
    api_names labels; /* of y, where it is texts */
    /* data */
    api_names keys;
    misfit *misfits;  /* a key each, as are the next three */
    api_names *texts; /* the texts of a column that begins with one: it may be the target */
    double *record;
    uint64_t *filled; /* the record (from 1) that last had this key */
    size_t keys_cap, key_at, key, keys_filled;
    uint64_t records, values;
    buffer out, out_y;
} reader;

/* ---- towards the sink ---- */

static bool flush(reader *r, api_problem *p)
{
    const api_sink *s = r->sink;
    bool ok = (r->out.n == 0 || s->values(s->ctx, r->out.v, r->out.n, p)) &&
              (r->out_y.n == 0 || s->targets(s->ctx, r->out_y.v, r->out_y.n, p));
    r->out.n = r->out_y.n = 0;
    return ok;
}

static bool put(reader *r, buffer *b, double v, api_problem *p)
{
    if (r->options->max_values && ++r->values > r->options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)r->options->max_values);
    b->v[b->n++] = v;
    return b->n < sizeof b->v / sizeof b->v[0] || flush(r, p);
}

/* ---- X and y ---- */

static bool not_a_number(const char *field, const api_json_event *e, api_problem *p)
{
    if (e->overflow)
        return api_problem_field(p, field, "%.*s is beyond the range of double precision",
                                 (int)(e->len < 40 ? e->len : 40), e->text);
    return api_problem_field(p, field, "must be a finite number, got %s",
                             api_json_type_name(e->type));
}

static bool row_ended(reader *r, api_problem *p)
{
    char field[40];
    snprintf(field, sizeof field, "X[%llu]", (unsigned long long)r->rows);
    if (r->row_len == 0)
        return api_problem_field(p, field, "must have at least one value");
    if (r->rows == 0)
        r->cols = r->row_len;
    if (r->row_len != r->cols)
        return api_problem_field(p, field, "has %zu value%s, but X[0] has %zu", r->row_len,
                                 r->row_len == 1 ? "" : "s", r->cols);
    if (++r->rows > GD_MAX_ROWS)
        return api_problem_field(p, "X", "has more than %zu rows", GD_MAX_ROWS);
    return true;
}

static bool read_x(reader *r, const api_json_event *e, api_problem *p)
{
    char field[64];
    bool number = e->type == API_JSON_NUMBER && !e->overflow;
    if (e->depth == 1)
        return e->type == API_JSON_ARRAY_BEGIN || e->type == API_JSON_ARRAY_END ||
               api_problem_field(p, "X", "must be an array of rows, got %s",
                                 api_json_type_name(e->type));
    if (e->depth == 2 && e->type == API_JSON_ARRAY_BEGIN) {
        snprintf(field, sizeof field, "X[%llu]", (unsigned long long)r->rows);
        if (r->flat)
            return api_problem_field(p, field, "must be a number like X[0], got an array");
        r->row_len = 0;
        return true;
    }
    if (e->depth == 2 && e->type == API_JSON_ARRAY_END)
        return row_ended(r, p);
    if (e->depth == 2) {
        snprintf(field, sizeof field, "X[%llu]", (unsigned long long)r->rows);
        if (!number)
            return not_a_number(field, e, p);
        if (r->rows > 0 && !r->flat)
            return api_problem_field(
                p, field, "must be an array of %zu numbers like X[0], got a number", r->cols);
        r->flat = true;
        r->row_len = 1;
        return put(r, &r->out, e->number, p) && row_ended(r, p);
    }
    snprintf(field, sizeof field, "X[%llu][%zu]", (unsigned long long)r->rows, r->row_len);
    if (!number)
        return not_a_number(field, e, p);
    if (++r->row_len > GD_MAX_COLUMNS)
        return api_problem_field(p, "X", "has more than %zu columns", GD_MAX_COLUMNS);
    return put(r, &r->out, e->number, p);
}

static bool read_y(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth == 1)
        return e->type == API_JSON_ARRAY_BEGIN || e->type == API_JSON_ARRAY_END ||
               api_problem_field(p, "y", "must be an array of numbers, got %s",
                                 api_json_type_name(e->type));
    char field[40];
    snprintf(field, sizeof field, "y[%llu]", (unsigned long long)r->targets);
    bool texts = r->labels.count > 0 || (r->targets == 0 && e->type == API_JSON_STRING);
    size_t label = 0;
    if (texts && e->type != API_JSON_STRING)
        return api_problem_field(p, field, "must be a string like y[0], got %s",
                                 api_json_type_name(e->type));
    if (!texts && (e->type != API_JSON_NUMBER || e->overflow))
        return not_a_number(field, e, p);
    if (texts && (label = api_names_label(&r->labels, e->text, field, p)) == SIZE_MAX)
        return false;
    if (++r->targets > GD_MAX_ROWS)
        return api_problem_field(p, "y", "has more than %zu values", GD_MAX_ROWS);
    return put(r, &r->out_y, texts ? (double)label : e->number, p);
}

/* ---- records ---- */

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

static bool grow_keys(reader *r)
{
    size_t cap = r->keys_cap ? 2 * r->keys_cap : 16;
    misfit *misfits = realloc(r->misfits, cap * sizeof *misfits);
    if (misfits)
        r->misfits = misfits;
    api_names *texts = realloc(r->texts, cap * sizeof *texts);
    if (texts)
        r->texts = texts;
    double *record = realloc(r->record, cap * sizeof *record);
    if (record)
        r->record = record;
    uint64_t *filled = realloc(r->filled, cap * sizeof *filled);
    if (filled)
        r->filled = filled;
    if (!misfits || !texts || !record || !filled)
        return false;
    memset(texts + r->keys_cap, 0, (cap - r->keys_cap) * sizeof *texts);
    memset(misfits + r->keys_cap, 0, (cap - r->keys_cap) * sizeof *misfits);
    memset(filled + r->keys_cap, 0, (cap - r->keys_cap) * sizeof *filled);
    r->keys_cap = cap;
    return true;
}

static bool first_record_key(reader *r, const api_json_event *e, api_problem *p)
{
    /* one column more for the target */
    if (r->keys.count == GD_MAX_COLUMNS + r->options->labelled)
        return api_problem_field(p, "data[0]", "has more than %zu columns", GD_MAX_COLUMNS);
    if (r->keys.count == r->keys_cap && !grow_keys(r))
        return no_memory(p);
    switch (api_names_add(&r->keys, e->text)) {
    case API_NAMES_TWICE:
        return api_problem_field(p, "data[0]", "the name \"%.64s\" is given twice", e->text);
    case API_NAMES_NO_MEMORY:
        return no_memory(p);
    case API_NAMES_NEW:
        break;
    }
    r->key = r->keys.count - 1;
    return true;
}

static bool record_key(reader *r, const api_json_event *e, api_problem *p)
{
    char field[40];
    if (r->records == 0) {
        if (!first_record_key(r, e, p))
            return false;
    } else if (r->key_at < r->keys.count && strcmp(r->keys.list[r->key_at], e->text) == 0) {
        r->key = r->key_at; /* the usual case: the order of the first record */
    } else {
        r->key = api_names_find(&r->keys, e->text);
    }
    snprintf(field, sizeof field, "data[%llu]", (unsigned long long)r->records);
    if (r->key == SIZE_MAX)
        return api_problem_field(p, field, "has the name \"%.64s\", which data[0] has not",
                                 e->text);
    if (r->filled[r->key] == r->records + 1)
        return api_problem_field(p, field, "the name \"%.64s\" is given twice", e->text);
    r->filled[r->key] = r->records + 1;
    r->key_at = r->key + 1;
    r->keys_filled++;
    return true;
}

static bool record_ended(reader *r, api_problem *p)
{
    char field[40];
    snprintf(field, sizeof field, "data[%llu]", (unsigned long long)r->records);
    if (r->keys.count == 0)
        return api_problem_field(p, field, "must have at least one member");
    for (size_t i = 0; r->keys_filled < r->keys.count && i < r->keys.count; i++)
        if (r->filled[i] != r->records + 1)
            return api_problem_field(p, field, "lacks \"%.64s\", which data[0] has",
                                     r->keys.list[i]);
    if (++r->records > GD_MAX_ROWS)
        return api_problem_field(p, "data", "has more than %zu rows", GD_MAX_ROWS);
    for (size_t i = 0; i < r->keys.count; i++)
        if (!put(r, &r->out, r->record[i], p))
            return false;
    return true;
}

static bool read_data(reader *r, const api_json_event *e, api_problem *p)
{
    if (e->depth == 1)
        return e->type == API_JSON_ARRAY_BEGIN || e->type == API_JSON_ARRAY_END ||
               api_problem_field(p, "data", "must be an array of objects, got %s",
                                 api_json_type_name(e->type));
    if (e->depth == 2) {
        char field[40];
        snprintf(field, sizeof field, "data[%llu]", (unsigned long long)r->records);
        if (e->type == API_JSON_OBJECT_END)
            return record_ended(r, p);
        if (e->type != API_JSON_OBJECT_BEGIN)
            return api_problem_field(p, field, "must be an object, got %s",
                                     api_json_type_name(e->type));
        r->key_at = r->keys_filled = 0;
        return true;
    }
    if (e->depth > 3)
        return true; /* inside a value that is not a number, and noted as such */
    if (e->type == API_JSON_KEY)
        return record_key(r, e, p);
    bool number = e->type == API_JSON_NUMBER && !e->overflow;
    misfit *m = &r->misfits[r->key];
    r->record[r->key] = number ? e->number : NAN;
    if (e->type == API_JSON_STRING && !m->found &&
        (r->records == 0 || r->texts[r->key].count > 0)) {
        /* what it may not be as a target is said only if it is the target */
        api_problem ignored = {0};
        size_t label = api_names_label(&r->texts[r->key], e->text, "", &ignored);
        number = label != SIZE_MAX;
        r->record[r->key] = number ? (double)label : NAN;
        if (ignored.code == API_UNAVAILABLE)
            return no_memory(p);
    }
    if ((!number || (e->type == API_JSON_NUMBER && r->texts[r->key].count > 0)) && !m->found)
        *m = (misfit){true, e->overflow, r->records, e->type};
    return true;
}

/* ---- names ---- */

static bool read_word(reader *r, const api_json_event *e, const char *field, char **to,
                      api_problem *p)
{
    if (e->depth > 1)
        return true;
    if (e->type != API_JSON_STRING) {
        if (e->type != API_JSON_OBJECT_END && e->type != API_JSON_ARRAY_END)
            api_problem_field(&r->soft, field, "must be a string, got %s",
                              api_json_type_name(e->type));
        return true;
    }
    if (!api_name_check(e->text, field, &r->soft))
        return true;
    free(*to);
    *to = strdup(e->text);
    return *to || no_memory(p);
}

static bool read_columns(reader *r, const api_json_event *e, api_problem *p)
{
    char field[40];
    bool begins = e->type != API_JSON_OBJECT_END && e->type != API_JSON_ARRAY_END;
    if (e->depth == 1 && begins)
        r->columns_listed = e->type == API_JSON_ARRAY_BEGIN;
    if (e->depth == 1 && begins && !r->columns_listed)
        api_problem_field(&r->soft, "columns", "must be an array of names, got %s",
                          api_json_type_name(e->type));
    if (e->depth != 2 || !begins || !r->columns_listed)
        return true;
    snprintf(field, sizeof field, "columns[%zu]", r->columns_at++);
    if (e->type != API_JSON_STRING) {
        api_problem_field(&r->soft, field, "must be a string, got %s", api_json_type_name(e->type));
        return true;
    }
    if (r->columns.count == GD_MAX_COLUMNS)
        return api_problem_field(p, "columns", "names more than %zu columns", GD_MAX_COLUMNS);
    api_name_check(e->text, field, &r->soft);
    switch (api_names_add(&r->columns, e->text)) {
    case API_NAMES_TWICE:
        api_problem_field(&r->soft, field, "\"%.64s\" is given twice", e->text);
        break;
    case API_NAMES_NO_MEMORY:
        return no_memory(p);
    case API_NAMES_NEW:
        break;
    }
    return true;
}

/* ---- the document ---- */

static bool known(const reader *r, member m)
{
    return r->options->labelled || m == X || m == DATA;
}

static bool begin_member(reader *r, const api_json_event *e, api_problem *p)
{
    enum { MOST_OTHERS = 16 };
    const char *names[MEMBERS + MOST_OTHERS], *const *others = r->options->others;
    size_t count = 0;
    r->at = UNKNOWN;
    for (size_t i = 0; others && others[i] && i < MOST_OTHERS; i++) {
        names[count++] = others[i];
        if (strcmp(e->text, others[i]) == 0)
            return true;
    }
    for (member m = 0; m < MEMBERS; m++) {
        if (!known(r, m))
            continue;
        names[count++] = member_names[m];
        if (strcmp(e->text, member_names[m]) == 0)
            r->at = m;
    }
    if (r->at == UNKNOWN) {
        api_problem_unknown(&r->soft, e->text, names, count);
        return true;
    }
    if (r->seen[r->at])
        return api_problem_set(p, API_BAD_JSON, "the name \"%s\" is given twice", e->text);
    r->seen[r->at] = true;
    return true;
}

static bool on_event(void *ctx, const api_json_event *e, api_problem *p)
{
    reader *r = ctx;
    if (e->depth == 0)
        return e->type == API_JSON_OBJECT_BEGIN || e->type == API_JSON_OBJECT_END ||
               api_problem_set(p, API_BAD_JSON, "the body must be a JSON object: {...}, not %s",
                               api_json_type_name(e->type));
    if (e->depth == 1 && e->type == API_JSON_KEY)
        return begin_member(r, e, p);
    switch (r->at) {
    case NAME:
        return read_word(r, e, "name", &r->name, p);
    case TARGET:
        return read_word(r, e, "target", &r->target, p);
    case COLUMNS:
        return read_columns(r, e, p);
    case X:
        return read_x(r, e, p);
    case Y:
        return read_y(r, e, p);
    case DATA:
        return read_data(r, e, p);
    case MEMBERS:
    case UNKNOWN:
        break;
    }
    return true;
}

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->at = UNKNOWN;
    r->json = api_json_new(on_event, r);
    if (!r->json) {
        free(r);
        return NULL;
    }
    return r;
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    reader *r = reader_;
    return api_json_feed(r->json, bytes, n, p);
}

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (!r)
        return;
    api_json_free(r->json);
    api_names_free(&r->columns);
    for (size_t i = 0; i < r->keys.count && r->texts; i++)
        api_names_free(&r->texts[i]);
    free(r->texts);
    api_names_free(&r->labels);
    api_names_free(&r->keys);
    free(r->name);
    free(r->target);
    free(r->misfits);
    free(r->record);
    free(r->filled);
    free(r);
}

/* ---- what it all was ---- */

static bool take_columns(api_dataset *out, size_t cols, api_problem *p)
{
    out->cols = cols;
    out->columns = calloc(cols, sizeof *out->columns);
    out->features = calloc(cols, sizeof *out->features);
    return (out->columns && out->features) || no_memory(p);
}

enum { MADE_NAME = 32 };

/* Columns without names are x, or x1, x2, ... */
static const char *make_name(const reader *r, size_t i, char name[MADE_NAME])
{
    if (r->cols > 1)
        snprintf(name, MADE_NAME, "x%zu", i + 1);
    else
        snprintf(name, MADE_NAME, "x");
    return name;
}

static bool has_column(const reader *r, bool named, const char *name)
{
    char made[MADE_NAME];
    bool has = named && api_names_find(&r->columns, name) != SIZE_MAX;
    for (size_t i = 0; !named && i < r->cols; i++)
        has = has || strcmp(make_name(r, i, made), name) == 0;
    return has;
}

static bool finish_matrix(reader *r, api_dataset *out, api_problem *p)
{
    api_problem *soft = &r->soft;
    bool named = r->seen[COLUMNS];
    const char *asked = r->options->target, *target = r->target ? r->target : asked ? asked : "y";
    if (r->rows == 0)
        api_problem_field(soft, "X", "must have at least one row");
    if (r->options->labelled && !r->seen[Y])
        api_problem_field(soft, "y", "is missing: the target of each row of X");
    else if (r->options->labelled && r->targets != r->rows)
        api_problem_field(soft, "y", "has %llu values, but X has %llu rows",
                          (unsigned long long)r->targets, (unsigned long long)r->rows);
    if (named && r->columns_listed && r->rows > 0 && r->columns_at != r->cols)
        api_problem_field(soft, "columns", "names %zu columns, but the rows of X have %zu values",
                          r->columns_at, r->cols);
    if (r->options->labelled && r->options->columns && !r->options->in_order)
        api_problem_field(soft, "columns",
                          "in the query chooses among named columns: of CSV or records");
    if (r->options->labelled && has_column(r, named, target))
        api_problem_field(soft, "target", "\"%s\" is the name of a column of X too", target);
    if (soft->code != API_NO_PROBLEM)
        return true;
    if (!take_columns(out, r->cols, p))
        return false;
    for (size_t i = 0; i < r->cols; i++) {
        char made[MADE_NAME];
        out->columns[i] = strdup(named ? r->columns.list[i] : make_name(r, i, made));
        out->features[i] = i;
        if (!out->columns[i])
            return no_memory(p);
    }
    out->rows = r->rows;
    out->stored = r->cols;
    out->target_at = API_APART;
    if (r->options->labelled && !(out->target = strdup(target)))
        return no_memory(p);
    if (r->labels.count)
        out->labels = api_names_take(&r->labels, &out->labels_count);
    return true;
}

/* The key that holds `column`; says what is wrong with it. */
static size_t wanted_key(reader *r, const char *column, const char *field, bool target)
{
    size_t key = api_names_find(&r->keys, column);
    if (key == SIZE_MAX) {
        const char *near = api_nearest(column, (const char *const *)r->keys.list, r->keys.count);
        api_problem_field(&r->soft, field, "the records have no column \"%.64s\"%s%s%s", column,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        return key;
    }
    const misfit *m = &r->misfits[key];
    char place[96];
    bool text_feature = r->texts[key].count > 0 && !target; /* from its first row on */
    snprintf(place, sizeof place, "data[%llu].%.64s", text_feature ? 0 : (unsigned long long)m->row,
             column);
    if (text_feature)
        api_problem_field(&r->soft, place, "must be a finite number, got a string");
    else if (r->texts[key].count > 0 && m->found)
        api_problem_field(&r->soft, place,
                          "must be one of at most %zu class labels of 1 to %zu bytes, got %s",
                          API_MAX_LABELS, API_MAX_NAME, api_json_type_name(m->type));
    else if (m->found && m->overflow)
        api_problem_field(&r->soft, place, "is beyond the range of double precision");
    else if (m->found)
        api_problem_field(&r->soft, place, "must be a finite number, got %s",
                          api_json_type_name(m->type));
    api_name_check(column, place, &r->soft);
    return key;
}

static bool finish_records(reader *r, api_dataset *out, api_problem *p)
{
    api_problem *soft = &r->soft;
    const char *const *wanted = (const char *const *)r->columns.list;
    size_t wanted_count = r->columns.count;
    bool chosen = r->seen[COLUMNS];
    if (!chosen && r->options->columns) {
        wanted = r->options->columns;
        wanted_count = r->options->columns_count;
        chosen = true;
    }
    const char *target = r->target ? r->target : r->options->target;
    if (r->records == 0)
        return api_problem_field(soft, "data", "must have at least one record"), true;
    out->rows = r->records;
    out->stored = r->keys.count;
    out->target_at = API_APART;
    if (r->options->labelled && !target)
        api_problem_field(soft, "target", "is missing: the column to predict");
    else if (r->options->labelled)
        out->target_at = wanted_key(r, target, "target", true);
    if (!take_columns(out, chosen ? wanted_count : r->keys.count, p))
        return false;
    size_t cols = 0;
    for (size_t i = 0; i < out->cols; i++) {
        const char *column = chosen ? wanted[i] : r->keys.list[i];
        char field[40];
        snprintf(field, sizeof field, "columns[%zu]", i);
        if (r->options->labelled && target && strcmp(column, target) == 0) {
            if (chosen)
                api_problem_field(soft, field, "\"%.64s\" is the target too", column);
            continue;
        }
        out->features[cols] = wanted_key(r, column, field, false);
        if (!(out->columns[cols++] = strdup(column)))
            return no_memory(p);
    }
    out->cols = cols;
    if (cols == 0)
        api_problem_field(soft, "columns", "must leave at least one feature beside the target");
    if (r->options->labelled && target && !(out->target = strdup(target)))
        return no_memory(p);
    if (soft->code == API_NO_PROBLEM && out->target_at != API_APART &&
        r->texts[out->target_at].count)
        out->labels = api_names_take(&r->texts[out->target_at], &out->labels_count);
    return true;
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    api_dataset made = {0};
    bool ok = api_json_finish(r->json, p) && flush(r, p);
    if (!ok)
        goto fail;
    if (r->seen[X] && r->seen[DATA])
        api_problem_field(&r->soft, "data", "can't be given together with X");
    else if (r->seen[DATA] && r->seen[Y])
        api_problem_field(&r->soft, "y", "belongs to X; records name their target by \"target\"");
    else if (r->seen[DATA])
        ok = finish_records(r, &made, p);
    else if (r->seen[X])
        ok = finish_matrix(r, &made, p);
    else
        api_problem_field(&r->soft, "X", "is missing: give X%s, or records in data",
                          r->options->labelled ? " and y" : "");
    if (ok && r->soft.code != API_NO_PROBLEM) {
        *p = r->soft;
        ok = false;
    }
    const char *name = r->name ? r->name : r->options->name ? r->options->name : "";
    if (ok && !(made.name = strdup(name)))
        ok = no_memory(p);
    if (!ok)
        goto fail;
    *out = made;
    return true;
fail:
    api_dataset_free(&made);
    return false;
}

const api_format api_format_json = {
    .name = "json",
    .media_type = "application/json",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
