/* api_dataset: what the server says of a stored dataset. */
#ifndef API_DATASET_H
#define API_DATASET_H

#include "api_doc.h"
#include "gd_data.h"

#include <stdint.h>

/* All borrowed. */
typedef struct api_dataset_view {
    const char *id, *name, *target, *sha256, *created_at;
    uint64_t rows, bytes;
    bool single;            /* features are stored in single precision */
    const char *labels;     /* JSON array of the target's class labels, or NULL: it is numbers */
    const char *columns;    /* JSON array of the features' names, as stored */
    const char *statistics; /* JSON, as api_statistics_encode made it; NULL to leave it out */
} api_dataset_view;

void api_dataset_encode(cJSON *o, const api_dataset_view *v);

/* [{"name", "role": "feature" or "target", "min", "max", "mean", "std"}, ...]: cols features
 * and the target (y: NULL where it is class labels). Values that are not finite are null. The
 * caller owns it. */
cJSON *api_statistics_encode(const char *const *names, const gd_column *features, size_t cols,
                             const char *target, const gd_column *y);

#endif
