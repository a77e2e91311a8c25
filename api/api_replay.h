/* api_replay: what a result was made of, so that it can be made again, and whether it came out the
 * same: hashes written down and compared. */
#ifndef API_REPLAY_H
#define API_REPLAY_H

#include "api_doc.h"

#include <stdint.h>

/* What a result is a function of. Hashes are SHA-256 in hex; all borrowed. */
typedef struct api_inputs {
    const char *data;       /* of the dataset's file */
    const char *validation; /* of that of the dataset to validate on, or NULL */
    const char *start;      /* of the parameters of the model it starts from, or NULL */
    const char *spec;       /* of api_canonical_spec */
    uint64_t seed;
    double stopped_after; /* the epoch that a run which was told to end stood at; NaN: it ended by
                             itself */
} api_inputs;

/* The settings that a result depends on, as compact JSON with sorted members: those of `spec` (as
 * stored) without names and ids, max_seconds and compat; with changes, an array of those that took
 * effect on the way (NULL: none), and stopped_after. The caller frees it; NULL when out of
 * memory. */
char *api_canonical_spec(const char *spec, const cJSON *changes, double stopped_after);

/* Members of a proof, but for its hashes of what came out; build: handed over. */
void api_inputs_encode(cJSON *o, const api_inputs *in, cJSON *build);

/* Where a proof, as stored, says that its run was told to end. False: it ended by itself. */
bool api_stopped_after(const char *proof, uint64_t *epoch);

/* The member `replay`: {"of", "equal", "inputs_equal", "parameters_equal", "history_equal"}. of: id
 * of a job, NULL for one that is no replay; expected, proof: JSON, of the job and its replay; NULL
 * while one is not known, and then nothing is said. */
void api_replay_encode(cJSON *o, const char *of, const char *expected, const char *proof);

#endif
