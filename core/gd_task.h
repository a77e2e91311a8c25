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

#define GD_CLASSES (GD_BINARY | GD_MULTICLASS) /* y is the number of a class */

#endif
