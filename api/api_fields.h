/* api_fields: JSON values into structs, by the parameter tables of core. */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include "api_doc.h"
#include "gd_param.h"

/* Stores a JSON value by its row. `prefix` goes before the field's name in errors ("" or
 * "optimizer."). Returns false, with the field added to p, when it does not fit. */
bool api_field_set(void *base, const gd_param *param, const cJSON *value, const char *prefix,
                   api_problem *p);

/* Adds each member of the struct at base to o, words as words. */
void api_fields_encode(cJSON *o, const void *base, const gd_param *params, size_t count);

/* Adds the default of a row to o, as a request would have it. */
void api_field_default(cJSON *o, const gd_param *param);

/* What was sent, for an error: "\"fast\"", "1.5", "null", "an array". Returns buf. */
const char *api_value_text(const cJSON *value, char *buf, size_t size);

/* A string member that is a name (api_name_check); NULL with the field added to p when it
 * is something else. The string belongs to value. */
const char *api_field_name(const cJSON *value, const char *field, api_problem *p);

#endif
