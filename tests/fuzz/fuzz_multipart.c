/* Forms: in any pieces the same parts come, each with a begin and an end, or the same problem. */
#include "fuzz.h"

#include "api_multipart.h"

typedef struct taken {
    api_text log;
    bool in_part;
} taken;

static bool begin(void *ctx, const api_part *part, api_problem *p)
{
    (void)p;
    taken *t = ctx;
    RULE(!t->in_part && part->name);
    t->in_part = true;
    api_text_printf(&t->log, "<%s|%s|%s>", part->name, part->filename ? part->filename : "-",
                    part->content_type ? part->content_type : "-");
    return true;
}

static bool bytes_of(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    (void)p;
    taken *t = ctx;
    RULE(t->in_part && n > 0);
    api_text_add(&t->log, bytes, n);
    return true;
}

static bool end(void *ctx, api_problem *p)
{
    (void)p;
    taken *t = ctx;
    RULE(t->in_part);
    t->in_part = false;
    api_text_puts(&t->log, "</>");
    return true;
}

static bool feed_part(api_multipart *m, const uint8_t *data, size_t n, api_problem *p)
{
    char *copy = malloc(n ? n : 1);
    if (n)
        memcpy(copy, data, n);
    bool ok = api_multipart_feed(m, copy, n, p);
    free(copy);
    return ok;
}

static bool read_form(const uint8_t *data, size_t n, size_t cut, size_t step, taken *t,
                      api_problem *p)
{
    api_multipart *m = api_multipart_new("multipart/form-data; boundary=XX",
                                         (api_part_taker){t, begin, bytes_of, end}, p);
    bool ok = feed_part(m, data, cut, p);
    for (size_t at = cut; ok && at < n; at += step)
        ok = feed_part(m, data + at, n - at < step ? n - at : step, p);
    ok = ok && api_multipart_finish(m, p);
    api_multipart_free(m);
    RULE(ok == (p->code == API_NO_PROBLEM) && (!ok || !t->in_part));
    return ok;
}

/* The Content-Type too comes from outside. */
static void check_type(const uint8_t *data, size_t n)
{
    char *type = malloc(n + 1), buf[80];
    memcpy(type, data, n);
    type[n] = '\0';
    if (api_header_parameter(type, "boundary", buf, sizeof buf))
        RULE(strlen(buf) < sizeof buf && strlen(buf) <= n);
    free(type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    taken whole = {0}, cut = {0}, slow = {0};
    api_problem p = {0}, q = {0}, r = {0};
    bool ok = read_form(data, n, n, 1, &whole, &p);
    read_form(data, n, cut_of(data, n), n, &cut, &q);
    read_form(data, n, 0, 3, &slow, &r);
    RULE(same_text(&whole.log, &cut.log) && same_text(&whole.log, &slow.log));
    RULE(same_problem(&p, &q) && same_problem(&p, &r));
    if (!ok)
        check_problem(&p);
    if (n > 0)
        check_type(data, n);
    api_text_free(&whole.log);
    api_text_free(&cut.log);
    api_text_free(&slow.log);
    return 0;
}
