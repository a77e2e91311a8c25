/* srv_form: parts of a form as fields and as the file. */
#include "srv_form.h"

#include "api_multipart.h"
#include "srv_routes.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIELDS = 32,
    TEXT = 256 << 10 /* bytes of all fields together: ten thousand columns have names */
};

typedef struct field {
    char *name;
    api_text value;
} field;

struct srv_form {
    srv_request *rq;
    srv_form_file to;
    api_multipart *parts;
    field fields[FIELDS];
    size_t count, text;
    bool in_file, had_file;
    api_decoder *decoder; /* of a file that is packed */
};

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the form");
}

const char *srv_form_field(const srv_form *f, const char *name)
{
    for (size_t i = 0; f && i < f->count; i++)
        if (strcmp(f->fields[i].name, name) == 0)
            return f->fields[i].value.data;
    return NULL;
}

/* ---- a field ---- */

static bool begin_field(srv_form *f, const char *name, api_problem *p)
{
    if (f->had_file)
        return api_problem_set(
            p, API_BAD_REQUEST,
            "field \"%.64s\" of the form comes after the file: it must come first", name);
    if (!srv_request_knows(f->rq, name, "field of the form"))
        return false;
    if (srv_request_query(f->rq, name)) {
        api_problem_set(p, API_BAD_QUERY, "the field %.64s of the form is invalid: is given twice",
                        name);
        return api_problem_field(p, name, "is given twice");
    }
    if (f->count == FIELDS) /* more than any route knows */
        return api_problem_set(p, API_BAD_REQUEST, "the form has more than %d fields", FIELDS);
    field *to = &f->fields[f->count];
    to->name = strdup(name);
    api_text_puts(&to->value, "");
    f->count += to->name != NULL;
    return to->name || no_memory(p);
}

static bool add_to_field(srv_form *f, const char *bytes, size_t n, api_problem *p)
{
    field *to = &f->fields[f->count - 1];
    f->text += n;
    if (f->text > TEXT)
        return api_problem_set(p, API_TOO_LARGE, "the fields of the form may have %d bytes", TEXT);
    if (memchr(bytes, '\0', n))
        return api_problem_set(p, API_BAD_REQUEST, "a NUL byte in field \"%.64s\" of the form",
                               to->name);
    api_text_add(&to->value, bytes, n);
    return !to->value.failed || no_memory(p);
}

/* What the part says that it is packed in, or NULL. */
static bool find_packing(srv_form *f, const api_part *part, const api_encoding **said, api_problem *p)
{
    if (api_encoding_find(part->content_encoding, said, p))
        return true;
    f->rq->bad_encoding = true;
    return false;
}

/* ---- the file ---- */

static bool hand_on(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    (void)p; /* the request's own */
    srv_form *f = ctx;
    return f->to.feed(f->rq, bytes, n);
}

static bool begin_file(srv_form *f, const api_part *part, api_problem *p)
{
    const api_encoding *packed, *said;
    if (f->had_file)
        return api_problem_set(p, API_BAD_REQUEST,
                               "the form has a second file, in part \"%.64s\": send one",
                               part->name);
    f->in_file = f->had_file = true;
    const api_format *format = api_format_of_file(part->content_type, part->filename, &packed, p);
    if (!format || !find_packing(f, part, &said, p))
        return false;
    if (said && packed && said != packed)
        return api_problem_set(p, API_UNSUPPORTED_MEDIA,
                               "the Content-Encoding of part \"%.64s\" is %s, but by its name the file "
                               "is packed by %s",
                               part->name, said->name, packed->name);
    packed = said ? said : packed;
    if (packed && !(f->decoder = api_decoder_new(packed, f->rq->app->config.max_body,
                                                 (api_bytes){f, hand_on})))
        return no_memory(p);
    return f->to.open(f->rq, format);
}

/* ---- parts ---- */

static bool begin(void *ctx, const api_part *part, api_problem *p)
{
    srv_form *f = ctx;
    bool file = part->filename || strcmp(part->name, "file") == 0;
    const api_encoding *said;
    if (file)
        return begin_file(f, part, p);
    if (!find_packing(f, part, &said, p))
        return false;
    return said ? api_problem_set(p, API_UNSUPPORTED_MEDIA,
                                  "the field \"%.64s\" of the form has a Content-Encoding: send it as it "
                                  "is",
                                  part->name)
                : begin_field(f, part->name, p);
}

static bool bytes_of(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    srv_form *f = ctx;
    return !f->in_file  ? add_to_field(f, bytes, n, p)
           : f->decoder ? api_decoder_feed(f->decoder, bytes, n, p)
                        : hand_on(f, bytes, n, p);
}

static bool end(void *ctx, api_problem *p)
{
    srv_form *f = ctx;
    bool ok = !f->in_file || !f->decoder || api_decoder_finish(f->decoder, p);
    f->in_file = false;
    return ok;
}

srv_form *srv_form_new(srv_request *rq, const char *content_type, srv_form_file to)
{
    srv_form *f = calloc(1, sizeof *f);
    if (!f) {
        no_memory(&rq->problem);
        return NULL;
    }
    f->rq = rq;
    f->to = to;
    f->parts =
        api_multipart_new(content_type, (api_part_taker){f, begin, bytes_of, end}, &rq->problem);
    if (f->parts)
        return f;
    free(f);
    return NULL;
}

bool srv_form_feed(srv_form *f, const char *bytes, size_t n)
{
    return api_multipart_feed(f->parts, bytes, n, &f->rq->problem);
}

bool srv_form_finish(srv_form *f)
{
    api_problem *p = &f->rq->problem;
    return api_multipart_finish(f->parts, p) &&
           (f->had_file ||
            api_problem_set(p, API_BAD_REQUEST,
                            "the form has no file: send one, as by curl -F file=@data.csv"));
}

void srv_form_free(srv_form *f)
{
    if (!f)
        return;
    api_multipart_free(f->parts);
    api_decoder_free(f->decoder);
    for (size_t i = 0; i < f->count; i++) {
        free(f->fields[i].name);
        api_text_free(&f->fields[i].value);
    }
    free(f);
}
