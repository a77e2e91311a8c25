/* gd_param: hyperparameters as data.
 *
 * One row a hyperparameter: where it lives in its struct, its default, its range and
 * a line of help. The validator, the defaults, the error texts, the OpenAPI
 * description and the stored record all read the same rows, so none can drift.
 */
#ifndef GD_PARAM_H
#define GD_PARAM_H

#include "gd_error.h"
#include "gd_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum gd_kind {
    GD_NUMBER,  /* the member is a double; any finite value within the range */
    GD_INTEGER, /* the member is a uint64_t; whole numbers up to 2^53 */
    GD_BOOLEAN, /* the member is a bool; 0 or 1 */
    GD_CHOICE,  /* the member is a uint64_t: the index of one of the row's `choices` */
    GD_LIST     /* the member is a gd_list of whole numbers, each within the range */
} gd_kind;

#define GD_MAX_LIST 8

typedef struct gd_list {
    uint64_t count; /* at most GD_MAX_LIST; 0 for none */
    uint64_t values[GD_MAX_LIST];
} gd_list;

/* Hyperparameters of a family member, laid out by that member's own table. */
typedef struct gd_hyper {
    _Alignas(16) unsigned char bytes[GD_HYPER_BYTES];
} gd_hyper;

typedef struct gd_param {
    const char *name;
    gd_kind kind;
    size_t offset;              /* offsetof the member in its struct */
    double def;                 /* the default; of a choice its index, of a list its only value */
    double min, max;            /* the range; not read for booleans and choices */
    bool min_open, max_open;    /* true: the end itself is not allowed */
    const char *word;           /* a word that stands for a value ("auto"), or NULL */
    double word_value;          /* the value that the word stands for, outside the range */
    const char *const *choices; /* of a choice: its words, then NULL */
    const char *doc;            /* one line of help */
} gd_param;

/* Writes every default into the struct at `base`. */
void gd_param_defaults(void *base, const gd_param *params, size_t n);

/* Reads one member back as a double; of a list its first value, NaN when it is empty. */
double gd_param_get(const void *base, const gd_param *p);

/* Checks `value` against the row and stores it, in a list as its only value. On error *base is
 * unchanged and *err names the field and its range. The word's own value is accepted. */
gd_status gd_param_set(void *base, const gd_param *p, double value, gd_error *err)
    __attribute__((warn_unused_result));

/* The same for a list of `count` values. */
gd_status gd_param_set_list(void *base, const gd_param *p, const uint64_t *values, size_t count,
                            gd_error *err) __attribute__((warn_unused_result));

/* The member of a row of kind GD_LIST. */
gd_list gd_param_list(const void *base, const gd_param *p);

/* How many words a row of kind GD_CHOICE has. */
size_t gd_param_choices(const gd_param *p);

/* The row of a single value of a list: a whole number at offset 0. */
gd_param gd_param_element(const gd_param *list);

/* "must be a finite number greater than 0" or the like, into buf. Returns buf. */
const char *gd_param_rule(const gd_param *p, char *buf, size_t size);

#endif
