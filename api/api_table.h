/* api_table: rows of a dataset written down, as JSON, CSV or an array of NumPy.
 *
 * A stored row is numbers; what its cells are by their columns' types is written: a level's text,
 * true or false, a date. What is missing is null, or an empty field; a text that reads like one, NA, is in
 * quotes. Numbers read back exactly. */
#ifndef API_TABLE_H
#define API_TABLE_H

#include "api_text.h"
#include "api_types.h"

typedef struct api_table_column {
    const char *name;
    api_type type;
    const char *const *levels; /* texts that its numbers stand for, NULL: none */
    size_t levels_count;
} api_table_column;

/* [1, "Rome", null]. values: of `count` columns. */
void api_table_array(api_text *t, const api_table_column *columns, size_t count,
                     const double *values);
/* {"rooms": 1, "city": "Rome", "lift": null} */
void api_table_record(api_text *t, const api_table_column *columns, size_t count,
                      const double *values);

/* Lines of CSV by RFC 4180, each ended by CRLF; fields are in quotes where they must be. */
void api_table_csv_header(api_text *t, const api_table_column *columns, size_t count);
void api_table_csv_row(api_text *t, const api_table_column *columns, size_t count,
                       const double *values);

/* A line of LIBSVM: the target, then number:value of n entries. numbers: from `first` on; values32 in
 * place of values where that is NULL. */
void api_table_libsvm_row(api_text *t, const api_table_column *target, double y,
                          const uint32_t *numbers, size_t first, const double *values,
                          const float *values32, size_t n);

/* What stands before the numbers of a .npy file of rows x cols in C order, little-endian, of doubles
 * or (single) floats: format version 1.0, numpy.lib.format. */
void api_table_npy_header(api_text *t, uint64_t rows, size_t cols, bool single);

/* The value of Content-Disposition (RFC 6266) for a file of this name, which may be any text, and
 * ending (".csv"). */
void api_table_disposition(api_text *t, const char *name, const char *ending);

#endif
