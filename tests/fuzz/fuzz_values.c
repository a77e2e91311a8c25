/* Short texts of query strings, headers and cells: each is read, and where it reads as something,
 * that is finite, within its bounds, and reads back from how it is written. Numbers are what strtod
 * says. */
#include "fuzz.h"

#include "api_multipart.h"
#include "api_number.h"

static void check_number(const char *s, size_t n)
{
    double v = 0, again = 0;
    char buf[API_NUMBER_SIZE];
    if (api_number_parse(s, n, &v) != API_NUMBER_OK)
        return;
    double expected = strtod(s, NULL); /* rounds correctly, in glibc */
    RULE(isfinite(v) && (v == expected || fabs(expected) < 2.3e-308));
    api_number_format(v, buf);
    RULE(api_number_parse(buf, strlen(buf), &again) == API_NUMBER_OK);
    RULE(memcmp(&v, &again, sizeof v) == 0);
}

static void check_datetime(const char *s, size_t n)
{
    double v, again;
    char buf[API_DATETIME_SIZE];
    if (!api_datetime_read(s, n, &v))
        return;
    RULE(isfinite(v) && v >= -62170000000.0 && v <= 253404000000.0); /* years of four digits */
    api_datetime_write(v, buf);
    if (v >= -62135596800.0 && v < 253402300800.0 && strchr(buf, '-')) /* in UTC, too */
        RULE(api_datetime_read(buf, strlen(buf), &again) && again == v);
}

static void check_types(const char *s)
{
    api_types types = {0};
    api_problem p = {0};
    if (!api_types_read(&types, s, &p)) {
        check_problem(&p);
    } else {
        for (size_t i = 0; i < types.names.count; i++)
            RULE(api_types_find(&types, types.names.list[i]) == types.list[i]);
    }
    api_types_free(&types);
}

static void check_headers(const char *s)
{
    api_problem p = {0};
    const api_encoding *encoding;
    const api_format *format = api_format_find(s, &p);
    RULE((format != NULL) == (p.code == API_NO_PROBLEM));
    if (!format)
        check_problem(&p);
    p = (api_problem){0};
    if (!api_encoding_find(s, &encoding, &p))
        check_problem(&p);
    p = (api_problem){0};
    if (!api_format_of_file(NULL, s, &encoding, &p))
        check_problem(&p);
    for (size_t size = 1; size < 40; size += 13) {
        char *buf = malloc(size);
        if (api_header_parameter(s, "name", buf, size))
            RULE(strlen(buf) < size);
        free(buf);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);
    memcpy(text, data, n);
    text[n] = '\0';
    size_t len = strlen(text);
    check_number(text, len);
    check_datetime(text, len);
    check_types(text);
    check_headers(text);
    free(text);
    return 0;
}
