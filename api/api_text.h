/* api_text: a growing string, for building replies, and what strings must be. A failed allocation
 * is remembered in it (`failed`) and looked at once, at the end. */
#ifndef API_TEXT_H
#define API_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct api_text {
    char *data; /* NUL-terminated once anything was added; owned, see api_text_take */
    size_t len, cap;
    bool failed; /* out of memory: what was added since is lost */
} api_text;

void api_text_add(api_text *t, const char *bytes, size_t n);
void api_text_puts(api_text *t, const char *s);
void api_text_printf(api_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON number that reads back as the same double, or null when v is not finite. */
void api_text_number(api_text *t, double v);
void api_text_integer(api_text *t, uint64_t n);
void api_text_string(api_text *t, const char *s); /* as JSON: in quotes, escaped */
void api_text_free(api_text *t); /* leaves *t empty */

/* Hands the string to the caller, who frees it, and leaves *t empty. NULL when it failed. */
char *api_text_take(api_text *t);

/* Are these n bytes valid UTF-8? */
bool api_utf8(const char *s, size_t n);

/* Puts a ? for each byte of s that is not part of valid UTF-8, such as what is left of a
 * character that was cut off. */
void api_utf8_clean(char *s);

#endif
