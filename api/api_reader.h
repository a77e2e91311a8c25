/* api_reader: uploads in any format become rows of numbers.
 *
 * A reader is fed bytes as they arrive and hands numbers on to a sink; it keeps names and
 * the row at hand, never the data. One file in formats/ and one row in formats/list.h
 * make a format.
 *
 * What reaches the sink is a stream of rows of `stored` values, and, in formats that give
 * targets apart, a stream of targets. Which stored columns are features, in which order,
 * and which is the target may be known at the end only (JSON members come in any order):
 * the result says so in `features` and `target_at`.
 *
 * A text reaches the sink as the index of its level, or as what else its column's type makes of it
 * (api_types.h), a missing cell as a NaN; the result tells types and levels in `kinds`.
 *
 * Of sparse formats the rows are a stream of entries and one of where each row of them ends.
 */
#ifndef API_READER_H
#define API_READER_H

#include "api_encoding.h"
#include "api_types.h"

#include <stdint.h>

typedef struct api_sink {
    void *ctx; /* handed to both; borrowed */
    /* n values of rows, in order; a call need not end at a row's end. False stops the
     * reader, with the reason in p. */
    bool (*values)(void *ctx, const double *v, size_t n, api_problem *p);
    bool (*targets)(void *ctx, const double *v, size_t n, api_problem *p);
    /* Of sparse rows, in place of values: n of their entries, row after row, each row's by ascending
     * column; and how many entries there are up to the end of each of n rows. */
    bool (*entries)(void *ctx, const uint32_t *columns, const double *v, size_t n, api_problem *p);
    bool (*ends)(void *ctx, const uint64_t *ends, size_t n, api_problem *p);
    /* How many values each row has, from a reader that knows before the end; or NULL. */
    void (*width)(void *ctx, size_t stored);
    /* The values of this stored column are indices of levels, now that one is known to be a text; behind
     * the width, and before values of it that are not missing. Or NULL. */
    void (*texts)(void *ctx, size_t column);
    /* Where the next values may be written before they are handed on, so that they need not be copied;
     * *n: how many, at least one. Until values are handed on. Or NULL. */
    double *(*room)(void *ctx, size_t *n);
} api_sink;

/* Tells the sink which of the columns are texts, as far as the cells know by now. Column `skip` is not
 * among the sink's rows; SIZE_MAX: all are. True: there is nothing more to tell, ever. */
bool api_sink_texts(const api_sink *s, const api_cells *cells, size_t count, size_t skip);

/* Does a table's first line name the columns? */
typedef enum api_header {
    API_HEADER_LOOK, /* the line itself tells */
    API_HEADER_THERE,
    API_HEADER_NONE
} api_header;

/* What features are stored in. */
typedef enum api_dtype { API_DTYPE_UNSAID, API_FLOAT64, API_FLOAT32 } api_dtype;

typedef struct api_read_options {
    bool labelled;              /* a target is needed (training), or none is read (prediction) */
    const char *name;           /* from the query, or NULL; borrowed, as are the others */
    const char *target;         /* the target's column, or NULL */
    const char *const *columns; /* the features wanted, in order, or NULL for all */
    size_t columns_count;
    bool in_order;       /* `columns` are those of a model: X may come without names, by place */
    uint64_t max_values; /* values in all rows together; 0 for no such limit */
    uint64_t max_bytes;  /* of what a format itself unpacks; 0 for no such limit */
    const char *rows;    /* of an archive: the array that has the rows, or NULL for X */
    char delimiter;      /* of a table, or 0: what the format has, or the first line shows */
    api_header header;
    size_t width;      /* columns of sparse rows, or 0 for as many as they turn out to have */
    const char *added_to; /* "of dataset ds_1": what is stored that the rows are added to, sparse ones if
                             its columns are `numbered`; NULL: nothing */
    bool index_from_0; /* their first column is 0, not 1 */
    bool numbered;     /* `columns` are the numbers from first_number on */
    size_t first_number;
    api_dtype dtype; /* from the query: for who stores what is read; API_DTYPE_UNSAID is float64 */
    const api_types *types; /* of columns, from the query or a model; NULL: none is given */
    const char *const *others; /* names, then NULL, of members of a JSON document that are read
                                  elsewhere; NULL: there are none */
} api_read_options;

typedef struct api_dataset {
    char *name;     /* "" when none was given */
    char **columns; /* names of the features */
    size_t cols;
    char *target;  /* name, NULL when not labelled */
    char **labels; /* texts of the targets, which are indices into it; NULL for numbers */
    size_t labels_count;
    uint64_t rows;
    size_t stored;    /* values a row in the sink's stream */
    size_t *features; /* cols indices into a stored row */
    size_t target_at; /* index into a stored row, or API_APART */
    bool by_columns;  /* the stream of rows is one of columns: all values of the first, then those
                         of the next */
    api_dtype dtype;  /* as the document says, if it does */
    api_kind *kinds;  /* of each feature, then of the target where there is one: labelled + cols of
                         them, owned; NULL: all are numbers, and none is missing. The levels of a
                         target are its labels */
    bool sparse;      /* the rows are entries; `columns` (where NULL), `features` and `stored` are not
                         written: columns are numbers from first_number on */
    size_t first_number;
    uint64_t entries;
} api_dataset;

#define API_APART SIZE_MAX /* the targets came as a stream of their own (or there are none) */

/* Frees what *d owns and empties it. */
void api_dataset_free(api_dataset *d);

/* Does any feature or target have cells that are missing, or another type than numbers? If not, kinds
 * are not needed, and are dropped. */
void api_dataset_settle_kinds(api_dataset *d);

/* Moves a target's levels to d->labels; those of a boolean are "false" and "true". False: out of
 * memory. */
bool api_target_labels(api_kind *kind, api_dataset *d);

/* The target was handed on apart, though it was this column of the rows; SIZE_MAX: none was. */
void api_dataset_split(api_dataset *d, size_t column);

/* "float64" or "float32". What else it is, is said in p for `field`. */
api_dtype api_dtype_read(const char *text, const char *field, api_problem *p);

/* Are the stored rows the feature rows as they are to be? */
bool api_dataset_plain(const api_dataset *d);

typedef struct api_format {
    const char *name;
    const char *media_type;
    bool sparse; /* rows come as entries: `columns` of the options are not read */
    const char *suffixes; /* of files' names, with a blank between; NULL for none */
    const char *own;      /* query parameters that not all formats take, likewise */
    /* options and sink: borrowed until close. NULL when out of memory. */
    void *(*open)(const api_read_options *options, const api_sink *sink);
    /* Both return false with the reason in p, and only close may follow then. */
    bool (*feed)(void *reader, const char *bytes, size_t n, api_problem *p);
    /* *out is written on success; the caller frees it with api_dataset_free. */
    bool (*finish)(void *reader, api_dataset *out, api_problem *p);
    void (*close)(void *reader); /* NULL is fine */
} api_format;

extern const api_format *const api_formats[];
extern const size_t api_formats_count;

/* By the Content-Type header; parameters (charset) are ignored. JSON when it is NULL.
 * NULL, with the known ones in p, when there is none. */
const api_format *api_format_find(const char *content_type, api_problem *p);

/* Of a file in a form, by its type if that is one of a format's, else by the end of its name; both may
 * be NULL. *packed: what it is packed in by its name, or NULL. NULL, with what would do in p, when
 * neither says. */
const api_format *api_format_of_file(const char *content_type, const char *name,
                                     const api_encoding **packed, api_problem *p);

#endif
