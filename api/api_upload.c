/* api_upload: resumable uploads written down. */
#include "api_upload.h"

#include <math.h>

void api_upload_encode(cJSON *o, const api_upload_view *v)
{
    api_doc_string(o, "id", v->id);
    api_doc_string(o, "state", v->state);
    api_doc_string(o, "content_type", v->content_type);
    api_doc_number(o, "offset", (double)v->received);
    api_doc_number(o, "length", v->length == API_UNKNOWN_LENGTH ? NAN : (double)v->length);
    api_doc_string(o, "sha256", v->sha256);
    api_doc_string(o, "dataset_id", v->dataset_id);
    api_doc_string(o, "created_at", v->created_at);
    api_doc_string(o, "expires_at", v->expires_at);
}
