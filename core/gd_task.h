/* gd_task: what kind of target a model predicts and a cost measures; they fit when they share
 * a task. */
#ifndef GD_TASK_H
#define GD_TASK_H

#include "gd_param.h"

typedef enum gd_task {
    GD_REGRESSION = 1, /* y: any number */
    GD_COUNT = 2,      /* y: 0 or more */
    GD_BINARY = 4,     /* y: class 0 or 1 */
    GD_MULTICLASS = 8  /* y: class 0 .. outputs - 1 */
} gd_task;

/* The choices of a hyperparameter "task": "auto" is found from the target (gd_spec_shape). */
extern const char *const gd_task_choices[];

#define GD_CLASSES (GD_BINARY | GD_MULTICLASS) /* y is the number of a class */

#endif
