/* srv_form: an upload that comes as a form (multipart/form-data): fields that stand for query
 * parameters, then a file. Its type or its name says how the file is read, and unpacked. */
#ifndef SRV_FORM_H
#define SRV_FORM_H

#include "api_reader.h"
#include "srv_request.h"

/* Where the file goes. False: the request's problem is set. */
typedef struct srv_form_file {
    bool (*open)(srv_request *rq, const api_format *format); /* all fields are there */
    bool (*feed)(srv_request *rq, const char *bytes, size_t n);
} srv_form_file;

/* NULL with the request's problem set. */
srv_form *srv_form_new(srv_request *rq, const char *content_type, srv_form_file to);
bool srv_form_feed(srv_form *f, const char *bytes, size_t n);
bool srv_form_finish(srv_form *f);
void srv_form_free(srv_form *f); /* NULL is fine */

/* A field's value, as long as the form; NULL when it was not given (or f is NULL). */
const char *srv_form_field(const srv_form *f, const char *name);

#endif
