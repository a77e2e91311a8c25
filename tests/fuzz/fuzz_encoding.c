/* Packed bytes: in any pieces the same comes out, never more than the limit, or the same problem.
 */
#include "fuzz.h"

#include "api_encoding.h"

enum { LIMIT = 100000 };

static bool take(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    (void)p;
    api_text_add(ctx, bytes, n);
    return true;
}

static bool unpack(const api_encoding *e, const char *bytes, size_t n, size_t cut, size_t step,
                   api_text *text, api_problem *p)
{
    api_decoder *d = api_decoder_new(e, LIMIT, (api_bytes){text, take});
    bool ok = api_decoder_feed(d, bytes, cut, p);
    for (size_t at = cut; ok && at < n; at += step)
        ok = api_decoder_feed(d, bytes + at, n - at < step ? n - at : step, p);
    ok = ok && api_decoder_finish(d, p);
    api_decoder_free(d);
    RULE(text->len <= LIMIT && ok == (p->code == API_NO_PROBLEM));
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < api_encodings_count; i++) {
        api_text whole = {0}, cut = {0}, slow = {0};
        api_problem p = {0}, q = {0}, r = {0};
        bool ok = unpack(api_encodings[i], (const char *)data, n, n, 1, &whole, &p);
        unpack(api_encodings[i], (const char *)data, n, cut_of(data, n), n, &cut, &q);
        unpack(api_encodings[i], (const char *)data, n, 0, 40, &slow, &r);
        RULE(same_text(&whole, &cut) && same_text(&whole, &slow));
        RULE(same_problem(&p, &q) && same_problem(&p, &r));
        if (!ok)
            check_problem(&p);
        api_text_free(&whole);
        api_text_free(&cut);
        api_text_free(&slow);
    }
    return 0;
}
