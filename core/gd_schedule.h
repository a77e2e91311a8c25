/* gd_schedule: how the learning rate changes from epoch to epoch. One file in schedules/ and
 * one row in schedules/list.h make a schedule. */
#ifndef GD_SCHEDULE_H
#define GD_SCHEDULE_H

#include "gd_param.h"

#include <stdint.h>

/* State that a schedule may keep between epochs; all zero at first. */
#define GD_SCHEDULE_STATE 4

typedef struct gd_schedule {
    const char *name;
    const char *alias;  /* another name for it, or NULL */
    const char *doc;    /* one line */
    const char *source; /* the paper or formula */
    const gd_param *params;
    size_t params_count;
    bool explores; /* all its epochs are wanted: neither tol ends it, nor is it advised on */
    /* The rate of epoch `epoch` (from 1) of at most `epochs`; base > 0 is the learning_rate.
     * state: GD_SCHEDULE_STATE doubles. Positive. */
    double (*rate)(const void *hyper, double base, uint64_t epoch, uint64_t epochs,
                   const double *state);
    /* Told the cost after each epoch; NULL for schedules that don't look. */
    void (*observe)(const void *hyper, double cost, double *state);
} gd_schedule;

/* The lowest rate, as a share of base: rates fall but never vanish. */
#define GD_RATE_FLOOR 1e-12

extern const gd_schedule *const gd_schedules[];
extern const size_t gd_schedules_count;

/* By name or alias. NULL when there is none. */
const gd_schedule *gd_schedule_find(const char *name);

#endif
