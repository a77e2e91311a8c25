/* gd_advice: what a finished run says about its settings, in plain words. */
#ifndef GD_ADVICE_H
#define GD_ADVICE_H

#include "gd_train.h"

#define GD_ADVICE_MAX 6

typedef struct gd_advice {
    size_t count;
    char text[GD_ADVICE_MAX][320];
} gd_advice;

/* Fills *out, which may end up empty, for a run that has ended without diverging. names:
 * the data's column names, borrowed for the call, or NULL for column numbers. */
void gd_train_advice(const gd_train *t, const char *const *names, gd_advice *out);

/* The same without what it says of columns. */
void gd_train_advice_on_run(const gd_train *t, gd_advice *out);

#endif
