/* srv_complete: rows that lack cells: whether a job can do with them, and leaving them out. */
#ifndef SRV_COMPLETE_H
#define SRV_COMPLETE_H

#include "srv_view.h"

/* Can the job use the columns of d that it needs, with what they lack, and are those that weigh or
 * shift rows numbers? False with the fields in p; field: how d is named. */
bool srv_complete_check(const api_job *job, const srv_dataset *d, const api_columns *roles,
                        const char *field, api_problem *p);

/* Leaves out the rows of the view that lack a feature, the target, a weight, an offset or a group.
 * Before targets are classes. False with the field in p. */
bool srv_complete_drop(srv_view *v, api_problem *p);

/* Levels of the dataset to validate on become those of d, by their texts, in its rows of the view's
 * copy; those that d has not come behind its own, in their order. False with the field in p, where
 * a column is of another type, or lacks what the job can't do without. */
bool srv_complete_align(srv_view *v, const api_job *job, const srv_dataset *d,
                        const srv_dataset *validation, api_problem *p);

#endif
