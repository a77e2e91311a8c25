/* api_csv: tables of separated values (RFC 4180), for CSV, TSV and their kin.
 *
 * Fields may be quoted, lines may end in CRLF or LF, a byte order mark may come first. The query
 * names the target, and the features if not all other columns are wanted; what no feature or
 * target wants may be anything. Cells that are empty, or NA, N/A, NaN, null or ?, are missing (in a
 * column of texts those words in quotes are texts, as PostgreSQL has it); what the others are, the
 * first of them tells, unless the query does. Where the query does not say, the first line tells which of , ; |
 * and tab separates fields (the most frequent one outside of quotes), and whether it is a header:
 * it is none if all its fields are numbers, and none of them is a name that the query uses.
 * Columns without a header are x1, x2, ..., or x.
 */
#ifndef API_CSV_H
#define API_CSV_H

#include "api_names.h"
#include "api_reader.h"
#include "api_text.h"

enum { API_CSV_UNWANTED = -1, API_CSV_TARGET = -2 };

typedef enum api_csv_state {
    FIELD_START,
    PLAIN,
    QUOTED,
    QUOTE_IN_QUOTED, /* the end of the field, or the first of a doubled quote */
    CR_AFTER_QUOTED  /* only a line feed may follow */
} api_csv_state;

typedef struct api_csv {
    const api_read_options *options;
    const api_sink *sink;
    char delimiter; /* 0: not known yet */
    bool begun;     /* past the first line's look-ahead */
    bool open_quote, line_blank; /* of the look-ahead */
    api_text ahead;              /* the first line, until the delimiter is known */
    api_csv_state state;
    api_text field;
    bool field_quoted;
    struct {
        char *text;
        bool quoted;
    } *first; /* the fields of the first row */
    size_t first_count, first_cap;
    bool has_columns; /* the first row is done with */
    bool told;        /* the sink knows which columns are texts */
    bool headless;
    api_names header;
    long *role; /* of a column: its place among the features, or API_CSV_UNWANTED, API_CSV_TARGET */
    size_t cols;
    double *rows_room; /* whole rows of cols features, then the present one: rows_own, or the sink's */
    double *rows_own;
    size_t rows_own_for;
    double *targets_room;
    size_t rows_held, rows_room_for;
    api_cells *cells; /* a column each */
    size_t level_bytes, known_bytes;
    size_t column;    /* the field being read */
    uint64_t rows, line, row_line, values;
    uint64_t offset, field_at, field_line; /* bytes before what is read now; where the field begins */
} api_csv;

/* delimiter: or 0, to look for it. NULL when out of memory. */
api_csv *api_csv_open(const api_read_options *options, const api_sink *sink, char delimiter);
bool api_csv_feed(void *reader, const char *bytes, size_t n, api_problem *p);
bool api_csv_finish(void *reader, api_dataset *out, api_problem *p);
void api_csv_close(void *reader);

/* ---- between its files ---- */

/* The first line: what separates its fields. */
char api_csv_delimiter(const char *line, size_t n);
/* Keeps a field of the first row. */
bool api_csv_first_field(api_csv *r, api_problem *p);
/* The first row is whole: names and roles of the columns. *is_row: it is a row of values. */
bool api_csv_columns(api_csv *r, bool *is_row, api_problem *p);
bool api_csv_no_memory(api_problem *p);
/* What comes next is written behind what was handed on. */
void api_csv_room(api_csv *r);
/* The field at hand, `column`, as a value of its column; of a target its label. */
bool api_csv_value(api_csv *r, api_problem *p);

#endif
