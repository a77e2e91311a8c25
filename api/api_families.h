/* api_families: core's families under one roof, so that reading, writing, OpenAPI and the
 * catalog treat them alike: a member is asked for by name, or by an object of its name and its
 * hyperparameters. One more family is one more row here. */
#ifndef API_FAMILIES_H
#define API_FAMILIES_H

#include "api_doc.h"
#include "gd_spec.h"

typedef struct api_member {
    const char *name, *alias, *doc, *formula;
    const gd_param *params;
    size_t params_count;
} api_member;

typedef struct api_family {
    const char *field;  /* of a job: "optimizer" */
    const char *plural; /* in the catalog */
    const char *doc;
    const size_t *members_count;
    size_t chosen, hyper; /* offsets in gd_spec: the pointer to the member, its gd_hyper */
    api_member (*at)(size_t i);
    const void *(*object)(size_t i); /* what the pointer is set to */
} api_family;

extern const api_family api_families[];
extern const size_t api_families_count;

/* The member that the spec has chosen. */
api_member api_family_chosen(const api_family *f, const gd_spec *spec);

/* Reads "gd" or {"name": "gd", ...} into the spec. False with the fields in p. */
bool api_family_decode(const api_family *f, const cJSON *value, gd_spec *spec, api_problem *p);

/* Adds the choice to o: its name, or with hyperparameters the object. */
void api_family_encode(cJSON *o, const api_family *f, const gd_spec *spec);

#endif
