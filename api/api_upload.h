/* api_upload: what the server says of a resumable upload. */
#ifndef API_UPLOAD_H
#define API_UPLOAD_H

#include "api_doc.h"

#include <stdint.h>

#define API_UNKNOWN_LENGTH UINT64_MAX

/* All borrowed. */
typedef struct api_upload_view {
    const char *id, *state;       /* "open" or "finished" */
    const char *content_type;     /* of the bytes, or NULL: none was given */
    uint64_t received, length;    /* bytes; length: in all, or API_UNKNOWN_LENGTH */
    const char *sha256;           /* of all bytes as announced, or NULL */
    const char *dataset_id;       /* what it was finished into, or NULL */
    const char *created_at, *expires_at;
} api_upload_view;

void api_upload_encode(cJSON *o, const api_upload_view *v);

#endif
