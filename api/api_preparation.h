/* api_preparation: what was found out about columns from the rows trained on, by their names:
 * levels, what stands for missing cells, products. It is stored with a model, so that further rows
 * are prepared alike. The numbers are gd_prepare's. */
#ifndef API_PREPARATION_H
#define API_PREPARATION_H

#include "api_job.h"
#include "api_types.h"
#include "gd_prepare.h"

/* The job's `features`. */
typedef struct api_products {
    uint64_t degree; /* 1: none */
    bool interactions_only;
} api_products;

/* False with the fields in p. */
bool api_products_read(const api_job *job, api_products *out, api_problem *p);

/* The level of a categorical column that the job leaves without a column, by its place among
 * `levels`; GD_NO_LEVEL: none. False with the field in p. */
bool api_reference_read(const api_job *job, const char *column, char *const *levels, size_t count,
                        size_t *out, api_problem *p);

/* Names in the job's reference_level must be among the columns that are categorical. */
bool api_reference_check(const api_job *job, const char *const *names, const api_kind *kinds,
                         size_t count, api_problem *p);

typedef struct api_prepared {
    char *name;
    api_type type;
    char **levels; /* of a categorical column, by the order of their bytes */
    size_t levels_count;
    size_t reference; /* or GD_NO_LEVEL */
    double fill; /* a number, or the place of a level; NAN: nothing stands for a missing cell */
    bool indicated;
} api_prepared;

/* Zeroed it is empty. */
typedef struct api_preparation {
    api_prepared *columns; /* cols of them; owned, as is all that they point to */
    size_t cols;
    api_missing missing;
    bool ignore_unknown;
    api_products products;
    gd_prepare *core; /* made of them */
} api_preparation;

/* Makes `core` of the rest. False with the field in p. */
bool api_preparation_settle(api_preparation *a, api_problem *p);
void api_preparation_free(api_preparation *a); /* leaves it empty */

/* {"columns": [{"name", "type", "levels", "reference_level", "fill", "missing_indicator"}],
 * "missing", "unknown_levels", "features"}; the caller owns it. */
cJSON *api_preparation_encode(const api_preparation *a);

/* Reads the stored form. False with the reason in p; the caller frees *out after an error too. */
bool api_preparation_decode(const char *json, api_preparation *out, api_problem *p);

/* The name of a column that comes out: "rooms", "city=Rome", "missing(rooms)", "rooms^2*area". The
 * caller frees it; NULL when out of memory. */
char *api_preparation_name(const api_preparation *a, size_t output);

/* The place of a text among a column's levels, or GD_UNKNOWN_LEVEL. */
double api_prepared_level(const api_prepared *c, const char *text);

/* Says which cell of row `row` (from 1) it was that gd_prepare_row found at fault. */
bool api_preparation_fault(const api_preparation *a, gd_prepare_fault fault, size_t at,
                           const char *text, size_t row, const char *field, api_problem *p);

#endif
