/* api_types: what the columns of a dataset are, and what their cells are as numbers.
 *
 *     numeric       a number
 *     categorical   a text: the index of its level, in the order of their first appearance
 *     boolean       true or false: 1 or 0
 *     datetime      an ISO 8601 date or time: seconds since 1970-01-01T00:00:00Z
 *     ignore        no feature, whatever it is
 *
 * Where the type is not given, the first cell that is not missing tells it, and the others must be
 * of the same. A missing cell is a NaN.
 */
#ifndef API_TYPES_H
#define API_TYPES_H

#include "api_json.h"
#include "api_known.h"
#include "api_names.h"

typedef enum api_type {
    API_TYPE_UNKNOWN, /* not given, and no cell so far tells it */
    API_NUMERIC,
    API_CATEGORICAL,
    API_BOOLEAN,
    API_DATETIME,
    API_IGNORE
} api_type;

/* "numeric", ...; a column that never told is one of numbers. */
const char *api_type_name(api_type type);
/* API_TYPE_UNKNOWN with the field in p where it is none. */
api_type api_type_read(const char *text, const char *field, api_problem *p);

/* Types that were given, by the columns' names. */
typedef struct api_types {
    api_names names;
    api_type *list; /* of each name */
    size_t cap;
} api_types;

/* Adds a column. False with the field in p. */
bool api_types_add(api_types *t, const char *column, api_type type, const char *field,
                   api_problem *p);
/* Adds all columns of a list, which differ, to an empty *t. False: out of memory. */
bool api_types_fill(api_types *t, const char *const *columns, const api_type *types, size_t count);
/* API_TYPE_UNKNOWN where it was not given. t: or NULL. */
api_type api_types_find(const api_types *t, const char *column);
/* "city:categorical,when:datetime". False with the field `types` in p. */
bool api_types_read(api_types *t, const char *text, api_problem *p);
void api_types_free(api_types *t); /* leaves it empty */

/* What is known of a column once it was read. */
typedef struct api_kind {
    api_type type;
    uint64_t missing;
    char **levels; /* of a categorical one; owned */
    size_t levels_count;
} api_kind;

/* ---- cells ---- */

/* Seconds since 1970-01-01T00:00:00Z of n bytes: a date, or date and time (separated by T or a
 * blank; seconds and a fraction of them may follow, which counts to the nanosecond) with Z, an offset
 * like +01:00, or neither: UTC. In UTC it must be in the years 0000 to 9999. */
bool api_datetime_read(const char *text, size_t n, double *seconds);

/* The same the other way: a date, or date and time in UTC, that reads back as these seconds.
 * Returns buf. */
enum { API_DATETIME_SIZE = 64 };
const char *api_datetime_write(double seconds, char buf[API_DATETIME_SIZE]);

/* Does a table leave the cell out: nothing, NA, N/A, NaN, null or ?, in whatever case, and blanks? */
bool api_cell_missing(const char *text, size_t n);

typedef enum api_fault {
    API_CELL_FITS,
    API_CELL_NO_NUMBER,
    API_CELL_NOT_FINITE,
    API_CELL_OVERFLOW,
    API_CELL_LONG_NUMBER,
    API_CELL_NO_DATE,
    API_CELL_NO_BOOLEAN,
    API_CELL_NO_TEXT,
    API_CELL_UNSURE, /* no text, in a column that only words in quotes tell to be one of texts */
    API_CELL_LONG_TEXT,
    API_CELL_NO_UTF8,
    API_CELL_CONTROL,     /* control characters */
    API_CELL_MANY_LEVELS, /* in the column */
    API_CELL_LEVEL_BYTES, /* too many in all columns */
    API_CELL_NO_MEMORY
} api_fault;

/* A column while it is read. */
typedef struct api_cells {
    api_type type;
    bool given; /* the type was */
    bool label; /* its texts are class labels: true and false are texts among others */
    bool unsure; /* all there was so far are words like NA, in quotes */
    uint64_t missing;
    api_names levels;
    api_known known; /* levels that were met unquoted in a table, of late */
    size_t *level_bytes; /* those of all columns; borrowed, set by whoever hands in a cell */
} api_cells;

/* The n bytes of text, a cell of a table (NUL behind them), into *out. quoted: it was told from others
 * by quotes, so in a column of texts it is one even where it reads NA; nothing in quotes is missing
 * still. */
api_fault api_cells_text(api_cells *c, const char *text, size_t n, bool quoted, double *out);
/* The value that a JSON event is, or begins. */
api_fault api_cells_event(api_cells *c, const api_json_event *e, double *out);

/* Must every cell pass through here, since it is no plain number, or none has told yet? */
static inline bool api_cells_are_numbers(const api_cells *c)
{
    return c->type == API_NUMERIC;
}

/* What is wrong with a cell of a table, to follow it ("12,5" is not a number) or to stand alone
 * where it is better not shown (*alone). */
const char *api_fault_text(api_fault fault, const api_cells *c, bool *alone);
/* What a value must be, in a document: "a finite number"; NULL: api_fault_text says it alone. */
const char *api_fault_wanted(api_fault fault);
/* What may be done about it, "; declare it: ...", or "". numeric: the cell is meant as a number,
 * though it is none. Returns buf. */
const char *api_fault_remedy(api_fault fault, const api_cells *c, const char *column, bool numeric,
                             char *buf, size_t size);
/* Is the text meant as a number, though it is none: "1,5", "$3", "-", "inf"? */
bool api_cell_meant_numeric(const char *text);

/* A column of this name, of a type that is given in either, or NULL. */
api_cells api_cells_of(const char *column, const api_types *types, const api_types *others);

/* Hands over what is known. */
api_kind api_cells_take(api_cells *c);
void api_cells_free(api_cells *c);

#endif
