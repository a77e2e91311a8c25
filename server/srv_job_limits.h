/* srv_job_limits: how much one job may take here; asked before anything of it is stored. */
#ifndef SRV_JOB_LIMITS_H
#define SRV_JOB_LIMITS_H

#include "api_job.h"
#include "srv_config.h"

/* The job trains on so many rows of so many features, with so many classes (0: none); sparse rows
 * take next to no memory, and prepared ones are copied into so many features. A job that may take as long as it likes is given the time that there is
 * (its max_seconds). False with the fields in p, which say what was estimated and what is
 * allowed. */
bool srv_job_limits_check(api_job *job, uint64_t rows, size_t features, size_t classes, bool sparse,
                          bool prepared,
                          const srv_config *config, api_problem *p);

/* Rows x epochs alone, for a job whose epochs are changed. */
bool srv_job_limits_work(const api_job *job, uint64_t rows, const srv_config *config,
                         api_problem *p);

#endif
