/* tour: requests to every route, each reply held against the document. What was answered is kept in
 * mind, so that in the end it is known what was not. */
#ifndef TOUR_H
#define TOUR_H

#include "documented.h"

#define JSON_TYPE "Content-Type: application/json"
#define CSV_TYPE "Content-Type: text/csv"

#define DATA "{\"X\": [1, 2, 3, 4], \"y\": [1, 3, 4, 8], \"name\": \"data\"}"
#define FOR_EVER "{\"dataset\": " DATA ", \"epochs\": 1000000000, \"tol\": 0}"

extern const char *bearer; /* a header, where access control is on */

/* Asks as documented and holds the answer against the document. The caller frees it. */
e2e_reply ask(const char *method, const char *pattern, const char *id, const char *query,
              const char *header, const char *body, long status);
/* The same, for its own sake. */
void see(const char *method, const char *pattern, const char *id, const char *query,
         const char *header, const char *body, long status);
/* Has this response of an operation been seen? */
bool was_answered(const cJSON *response);

/* Keeps the id at this path of the reply, and frees it. */
void keep(e2e_reply r, const char *path, char id[32]);
/* To the job's end; the caller frees its document. */
e2e_reply watch(const char *job);
/* Posts this job and watches it; model is "" where it has none. */
void train(const char *body, char job[32], char model[32]);
/* More than a small server takes; the caller frees it. */
char *large_body(void);

/* The parts of the tour. All but tour_sweeps are of a small server. */
void tour_system(void);
void tour_tokens(void);
void tour_datasets(void);
void tour_sparse(void);
void tour_versions(void);
void tour_uploads(void);
void tour_diagnostics(void);
void tour_jobs(void);
void tour_history(void);
void tour_models(void);
void tour_tasks(void);
void tour_members(void);
void tour_columns(void);
void tour_check(void);
void tour_dry_run(void);
void tour_steering(void);
void tour_changes(void);
void tour_parameters(void);
void tour_full_queue(void);
void tour_sweeps(void);

#endif
