/* api_npy: an array as NumPy saves it (.npy, versions 1.0 to 3.0; its format is described in
 * numpy.lib.format), read as it comes: what its header says, then its numbers as doubles, in the
 * order of the file. Floats of 2, 4 and 8 bytes, integers of 1 to 8, and booleans, of either byte
 * order.
 */
#ifndef API_NPY_H
#define API_NPY_H

#include "api_problem.h"

#include <stdint.h>

typedef struct api_npy_shape {
    uint64_t rows, cols; /* of one dimension: a column */
    bool flat;           /* it has one dimension */
    bool by_columns;     /* all values of the first column come first (Fortran's order) */
} api_npy_shape;

enum { API_NPY_NAME = 300 };

/* Gets the array. False stops the reading, with the reason in p. */
typedef struct api_npy_taker {
    void *ctx; /* borrowed */
    /* The header is there. *wanted: set to cols flags, or left NULL for all columns; values of
     * others may be anything. */
    bool (*begin)(void *ctx, const api_npy_shape *shape, const bool **wanted, api_problem *p);
    /* One of the next values is missing: a NaN, in this column. */
    void (*missing)(void *ctx, size_t column);
    /* The next values; the taker may change them where they are. */
    bool (*values)(void *ctx, double *v, size_t n, api_problem *p);
    /* An element of an array of texts ("<U8", "|S8"), as UTF-8 with a NUL behind it; NULL: such an
     * array is refused. */
    bool (*text)(void *ctx, const char *text, size_t n, api_problem *p);
    /* A column's name for a message, from 0, into buf, which is returned. */
    const char *(*name)(void *ctx, size_t column, char buf[API_NPY_NAME]);
} api_npy_taker;

typedef struct api_npy api_npy;

/* label: of the array in messages, "the array" or "array \"y\""; borrowed. NULL: out of memory. */
api_npy *api_npy_new(api_npy_taker to, const char *label);
/* Both false with the reason in p; only free may follow then. */
bool api_npy_feed(api_npy *r, const char *bytes, size_t n, api_problem *p);
bool api_npy_finish(api_npy *r, api_problem *p);
void api_npy_free(api_npy *r); /* NULL is fine */

/* ---- between its files ---- */

/* A type of elements: one row of the table in api_npy_type.c. */
typedef struct api_npy_type {
    char kind; /* as in NumPy's descr: f, i, u, b */
    size_t size;
    /* n elements in this machine's order, anywhere in memory, as doubles. */
    void (*read)(const char *from, size_t n, double *to);
    /* The index of the first of them that no double is equal to, n for none; NULL: there can't be
     * one. */
    size_t (*inexact)(const char *from, size_t n);
} api_npy_type;

/* The bytes of an element of texts, NULs behind it left off, as UTF-8 with a NUL behind it into buf
 * of API_NPY_TEXT; returns their number. kind: U, code points of 32 bits, or S, bytes. What is no
 * code point is none of UTF-8 either. */
enum { API_NPY_ELEMENT = 4096, API_NPY_TEXT = API_NPY_ELEMENT + 1 };
size_t api_npy_text(const char *from, size_t size, char kind, bool swapped, char buf[API_NPY_TEXT]);

/* "<U8", "|S8": its kind, or NUL where the type is no text of 1 to API_NPY_ELEMENT bytes. */
char api_npy_text_type(const char *descr, size_t *size, bool *swapped);

/* "<f8" and its kin; *swapped: its bytes come the other way round. NULL, with the known ones in p.
 */
const api_npy_type *api_npy_type_find(const char *descr, bool *swapped, const char *label,
                                      api_problem *p);

/* The dictionary in a header, text that ends in NUL; descr: what it says of the elements. */
enum { API_NPY_DESCR = 64 };
bool api_npy_header(const char *text, const char *label, api_npy_shape *shape,
                    char descr[API_NPY_DESCR], api_problem *p);

#endif
