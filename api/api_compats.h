/* api_compats: the shape of the tables in compats/, and what their rows write with.
 *
 * One file in compats/ and one row in compats/list.h make a library; a library is a list of
 * estimators, an estimator a table of parameters. Values are checked by their rows, all of
 * them, before the first is translated, so a translation may look at any of them.
 */
#ifndef API_COMPATS_H
#define API_COMPATS_H

#include "api_doc.h"

#include <stdint.h>

/* What a value may be; a set of them. */
typedef enum api_compat_form {
    API_COMPAT_NUMBER = 1,    /* within the range */
    API_COMPAT_INTEGER = 2,   /* a whole number within the range */
    API_COMPAT_BOOLEAN = 4,   /* true or false */
    API_COMPAT_WORD = 8,      /* one of `words` */
    API_COMPAT_NULL = 16,     /* null */
    API_COMPAT_INTEGERS = 32, /* an array of whole numbers, each within the range */
    API_COMPAT_WEIGHTS = 64,  /* an object of class labels and their weights, 0 or more */
    API_COMPAT_NAME = 128     /* the name of a column */
} api_compat_form;

typedef struct api_compat_run api_compat_run;
typedef struct api_compat_param api_compat_param;

struct api_compat_param {
    const char *name;
    unsigned forms;
    double min, max; /* of numbers */
    bool min_open, max_open;
    const char *const *words; /* NULL-terminated */
    const char *def;          /* the library's default, as JSON; NULL: nothing unless given */
    bool required;
    const char *doc; /* one line of help */
    /* Translates it; NULL for a row whose value goes to the field `to` as it is, or has no
     * effect when that is NULL too. */
    void (*put)(api_compat_run *r, const api_compat_param *p, const cJSON *value);
    const char *to;
    const char *because;
};

typedef struct api_compat_estimator {
    const char *name, *doc;
    const api_compat_param *params;
    size_t params_count;
    /* What the estimator is, before and after its parameters; NULL for nothing. */
    void (*begin)(api_compat_run *r);
    void (*end)(api_compat_run *r);
} api_compat_estimator;

typedef struct api_compat_library {
    const char *name, *doc;
    const api_compat_estimator *const *estimators;
    size_t estimators_count;
} api_compat_library;

extern const api_compat_library *const api_compat_libraries[];
extern const size_t api_compat_libraries_count;

/* ---- for the rows: what was asked for ---- */

/* The value of a parameter, the library's default where none was given; NULL when there is
 * neither, or the estimator has no such parameter. Borrowed. */
const cJSON *api_compat_value(const api_compat_run *r, const char *name);
bool api_compat_given(const api_compat_run *r, const char *name);
/* Values of one form, for those that are of another: NaN, NULL, false. */
double api_compat_number(const api_compat_run *r, const char *name);
const char *api_compat_word(const api_compat_run *r, const char *name);
bool api_compat_is(const api_compat_run *r, const char *name, const char *word);
bool api_compat_flag(const api_compat_run *r, const char *name);

/* The rows trained on, needed for the parameter `name`. NaN, with the field in the problem,
 * when that is not known. */
double api_compat_rows(api_compat_run *r, const char *name);

/* ---- for the rows: what becomes of it ---- */

/* The field `to` ("l2", "optimizer.momentum"; NULL: none) becomes `becomes` (handed over; NULL
 * where memory ran out), from p, or with p == NULL from the estimator itself. */
void api_compat_put(api_compat_run *r, const api_compat_param *p, const char *to, cJSON *becomes,
                    const char *because, ...) __attribute__((format(printf, 5, 6)));
void api_compat_put_number(api_compat_run *r, const api_compat_param *p, const char *to,
                           double becomes, const char *because, ...)
    __attribute__((format(printf, 5, 6)));
void api_compat_put_word(api_compat_run *r, const api_compat_param *p, const char *to,
                         const char *becomes, const char *because, ...)
    __attribute__((format(printf, 5, 6)));
void api_compat_put_flag(api_compat_run *r, const api_compat_param *p, const char *to, bool becomes,
                         const char *because, ...) __attribute__((format(printf, 5, 6)));
/* It was given but changes nothing here; defaults that do nothing are not worth a line. */
void api_compat_idle(api_compat_run *r, const api_compat_param *p, const char *because);
void api_compat_note(api_compat_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The parameter `name` can't be had; the sentence says what to use instead. */
void api_compat_refuse(api_compat_run *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The field's value so far, a number; 0 when it was not put. */
double api_compat_field(const api_compat_run *r, const char *field);

/* ---- for the rows: what several libraries share ---- */

/* Puts optimizer and standardize as penalties ask for: l-bfgs for smooth objectives, gd with
 * its proximal step for l1, bounds or `jumps` (a cost whose slope does); features are scaled
 * inside only where that moves no minimum. Called last. */
void api_compat_settle(api_compat_run *r, bool standardizes, bool jumps);

/* A table's rows for: a switch, a seed (null, -1: none). */
#define API_COMPAT_SWITCH(name_, def_, doc_)                                                       \
    .name = name_, .forms = API_COMPAT_BOOLEAN, .def = def_, .doc = doc_
#define API_COMPAT_SEED(name_)                                                                     \
    {                                                                                              \
        .name = name_, .forms = API_COMPAT_INTEGER | API_COMPAT_NULL, .min = -1,                   \
        .max = GD_MAX_EXACT_INTEGER, .def = "null", .doc = "seed of what is random",               \
        .put = api_compat_put_seed                                                                 \
    }
void api_compat_put_seed(api_compat_run *r, const api_compat_param *p, const cJSON *value);
/* "balanced", or weights by label, to class_weight; null: nothing. */
void api_compat_put_class_weight(api_compat_run *r, const api_compat_param *p, const cJSON *value);

#define API_COMPAT_COUNT(array) (sizeof(array) / sizeof(array)[0])

#endif
