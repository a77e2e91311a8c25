/* gd_param: hyperparameters as data.
 *
 * One row a hyperparameter: where it lives in its struct, its default, its range and
 * a line of help. The validator, the defaults, the error texts, the OpenAPI
 * description and the stored record all read the same rows, so none can drift.
 */
#ifndef GD_PARAM_H
#define GD_PARAM_H

#include "gd_error.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum gd_kind {
    GD_NUMBER,  /* the member is a double; any finite value within the range */
    GD_INTEGER, /* the member is a uint64_t; whole numbers up to 2^53 */
    GD_BOOLEAN  /* the member is a bool; 0 or 1 */
} gd_kind;

typedef struct gd_param {
    const char *name;
    gd_kind kind;
    size_t offset;           /* offsetof the member in its struct */
    double def;              /* the default */
    double min, max;         /* the range; not read for booleans */
    bool min_open, max_open; /* true: the end itself is not allowed */
    const char *word;        /* a word that stands for a value ("auto"), or NULL */
    double word_value;       /* the value that the word stands for, outside the range */
    const char *doc;         /* one line of help */
} gd_param;

/* Writes every default into the struct at `base`. */
void gd_param_defaults(void *base, const gd_param *params, size_t n);

/* Reads one member back as a double. */
double gd_param_get(const void *base, const gd_param *p);

/* Checks `value` against the row and stores it. On error *base is unchanged and *err
 * names the field and its range. The word's own value is accepted. */
gd_status gd_param_set(void *base, const gd_param *p, double value, gd_error *err)
    __attribute__((warn_unused_result));

/* "must be a finite number greater than 0" or the like, into buf. Returns buf. */
const char *gd_param_rule(const gd_param *p, char *buf, size_t size);

#endif
