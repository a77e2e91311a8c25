/* api_objective: what a job minimises, spelled out: as a formula, and in numbers that can't be
 * mixed up with another library's alpha, lambda or C. */
#ifndef API_OBJECTIVE_H
#define API_OBJECTIVE_H

#include "api_doc.h"
#include "gd_spec.h"

#include <stdint.h>

/* {"formula", "cost", "cost_scale", "train_rows", "l1", "l2", "penalised", "equivalents"}.
 * train_rows: rows trained on, 0 when it is not known (null then, and without the equivalents
 * that depend on it). weighted: rows have weights. Equivalents are the parameters that make
 * other libraries minimise the same, on features scaled as here: {"scikit-learn": {"Ridge.alpha":
 * 1.5}, "glmnet": {"lambda", "alpha"}}; empty for models and costs they don't have. The caller
 * owns it. */
cJSON *api_objective_encode(const gd_spec *s, uint64_t train_rows, bool weighted);

#endif
