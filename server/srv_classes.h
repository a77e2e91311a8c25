/* srv_classes: a target as classes. Whatever the labels are, texts or integers, classes are
 * numbered from 0 in the labels' order (texts by their bytes), as in scikit-learn. */
#ifndef SRV_CLASSES_H
#define SRV_CLASSES_H

#include "api_problem.h"
#include "gd_data.h"

typedef struct srv_classes {
    size_t count;
    double *y;  /* the rows' class numbers; owned */
    char *json; /* the labels in the order of the classes, as a JSON array; owned */
} srv_classes;

/* labels: JSON array of the texts that data's targets are indices into, or NULL when targets
 * are integers. False with the field in p; *c is empty then. */
bool srv_classes_find(srv_classes *c, const gd_data *data, const char *labels, api_problem *p);

/* The class of each target of other data, into y (data->rows values), by its label. classes: JSON
 * array of the labels; labels: as above, of `data`. False, with `field` in p, for a label that is
 * no class. */
bool srv_classes_map(const char *classes, const gd_data *data, const char *labels, double *y,
                     const char *field, api_problem *p);

void srv_classes_free(srv_classes *c);

#endif
