/* Bytes of no said type: they are read by how they begin, if that says it. */
#include "api_reader.h"

#include <stdlib.h>
#include <string.h>

extern const api_format api_format_npy, api_format_npz;

static const struct {
    const char *magic;
    const api_format *format;
} known[] = {{"\x93NUMPY", &api_format_npy}, {"PK\3\4", &api_format_npz}};

enum { LONGEST = 6 };

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    const api_format *format; /* once it is known */
    void *reader;             /* its */
    char first[LONGEST];
    size_t n;
} reader;

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    return r;
}

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (r && r->reader)
        r->format->close(r->reader);
    free(r);
}

static bool unknown(api_problem *p)
{
    return api_problem_set(
        p, API_UNSUPPORTED_MEDIA,
        "the bytes begin neither as .npy nor as .npz of NumPy: say what they are by "
        "Content-Type, or in a form by the name of the file");
}

/* Enough of the beginning is there. */
static bool begin(reader *r, api_problem *p)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (memcmp(r->first, known[i].magic, strlen(known[i].magic)) == 0)
            r->format = known[i].format;
    if (!r->format)
        return unknown(p);
    r->reader = r->format->open(r->options, r->sink);
    if (!r->reader)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
    return r->format->feed(r->reader, r->first, r->n, p);
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    reader *r = reader_;
    while (n > 0 && r->n < LONGEST) {
        r->first[r->n++] = *bytes++;
        n--;
        if (r->n == LONGEST && !begin(r, p))
            return false;
    }
    return n == 0 || r->format->feed(r->reader, bytes, n, p);
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    return r->reader ? r->format->finish(r->reader, out, p) : unknown(p);
}

const api_format api_format_octets = {
    .name = "octets",
    .media_type = "application/octet-stream",
    .own = "X",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
