/* srv_kept: what jobs and models take in the database, as quotas count it (srv_quota.h): bytes, to
 * a few in a hundred.
 *
 * A row says it of itself, so that what a tenant has is a sum over an index. A job that has not
 * ended counts for the most that it may come to: what it was let in with it does not outgrow.
 */
#ifndef SRV_KEPT_H
#define SRV_KEPT_H

#include "api_job.h"
#include "gd_model.h"

#define SRV_POINT_BYTES 72   /* of the history; SRV_JOB_KEPT and the schema's steps have it, too */
#define SRV_MODEL_BYTES 4096 /* of a model beside its parameters */
#define SRV_PARAMETER_BYTES 220 /* of what is known of a coefficient, as text */

/* History, recorded parameters, parts, checkpoint and model of such a job, at most; of each group
 * but the first the model is not counted. */
int64_t srv_kept_at_most(const api_job *job, const gd_shape *shape);

/* The length of a text that may be NULL. */
int64_t srv_kept_text(const char *text);

#endif
