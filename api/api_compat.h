/* api_compat: other libraries' names, translated.
 *
 * A job may say what it wants in the words of a library that its writer knows: {"library":
 * "scikit-learn", "estimator": "Ridge", "alpha": 1}. Each of those words has a row in
 * compats/, which turns it into fields of a job, by the scale of that library's own
 * objective, and says why. The library's defaults hold for what is not given.
 */
#ifndef API_COMPAT_H
#define API_COMPAT_H

#include "api_doc.h"

#include <stdint.h>

/* compat: the object, borrowed. train_rows: rows that are trained on, 0 when it is not known
 * (what needs them is refused then). The caller owns both results:
 *   *fields: fields of a job (model, cost, l2, ...), to be read by api_job like any others;
 *   *echo:   {"library", "estimator", "translation": [{"from", "value", "default", "to",
 *            "becomes", "because"}, ...], "notes": [...]}; "from" is null for what the estimator
 *            is by itself, "to" for what has no effect here.
 * False with the fields named in p ("compat.alpha"); both are NULL then. */
bool api_compat_translate(const cJSON *compat, uint64_t train_rows, cJSON **fields, cJSON **echo,
                          api_problem *p);

/* Adds to `list` an object a library: {"name", "help", "estimators": [{"name", "help",
 * "parameters": [{"name", "type", "range", "default", "help"}, ...]}, ...]}. */
void api_compat_catalog(cJSON *list);

#endif
