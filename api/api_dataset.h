/* api_dataset: what the server says of a stored dataset. */
#ifndef API_DATASET_H
#define API_DATASET_H

#include "api_doc.h"
#include "api_reader.h"

#include <stdint.h>

/* All borrowed. */
typedef struct api_dataset_view {
    const char *id, *name, *target, *sha256, *created_at;
    uint64_t rows, bytes, version;
    const char *previous;   /* id of the version before, or NULL */
    bool single;            /* features are stored in single precision */
    bool sparse;            /* and by their entries alone */
    uint64_t nonzeros, cols; /* of sparse features */
    const char *labels;     /* JSON array of the target's class labels, or NULL: it is numbers */
    const char *columns;    /* JSON array of the features' names, as stored, or what api_numbered.h
                               says of those that are numbers */
    const char *kinds;      /* JSON, as api_kinds_encode made it, or NULL: all numbers, all there */
} api_dataset_view;

void api_dataset_encode(cJSON *o, const api_dataset_view *v);

/* What d->kinds says, to be stored: [{"type", "missing", "levels"}, ...], the features' and the
 * target's. NULL where there is nothing to say (kinds is NULL), or out of memory. The caller frees
 * it. */
char *api_kinds_encode(const api_dataset *d);

/* The stored form read: `count` kinds into *out, which the caller frees with api_kinds_free. NULL is
 * fine, and gives NULL. False: out of memory. */
bool api_kinds_decode(const char *json, size_t count, api_kind **out);
void api_kinds_free(api_kind *kinds, size_t count);

#endif
