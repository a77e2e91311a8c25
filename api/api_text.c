/* api_text: growth by doubling. */
#include "api_text.h"

#include "api_number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(api_text *t, size_t more)
{
    if (t->failed)
        return false;
    if (t->len + more + 1 <= t->cap)
        return true;
    size_t cap = t->cap ? t->cap : 256;
    while (cap < t->len + more + 1)
        cap *= 2;
    char *data = realloc(t->data, cap);
    if (!data) {
        t->failed = true;
        return false;
    }
    t->data = data;
    t->cap = cap;
    return true;
}

void api_text_add(api_text *t, const char *bytes, size_t n)
{
    if (!reserve(t, n))
        return;
    if (n)
        memcpy(t->data + t->len, bytes, n);
    t->len += n;
    t->data[t->len] = '\0';
}

void api_text_integer(api_text *t, uint64_t n)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    api_text_add(t, at, (size_t)(digits + sizeof digits - at));
}

void api_text_puts(api_text *t, const char *s)
{
    api_text_add(t, s, strlen(s));
}

void api_text_printf(api_text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !reserve(t, (size_t)n))
        return;
    va_start(ap, fmt);
    vsnprintf(t->data + t->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->len += (size_t)n;
}

void api_text_number(api_text *t, double v)
{
    char buf[API_NUMBER_SIZE];
    api_text_puts(t, isfinite(v) ? api_number_format(v, buf) : "null");
}

void api_text_string(api_text *t, const char *s)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    api_text_puts(t, "\"");
    while (*s) {
        size_t n = 0;
        while ((unsigned char)s[n] >= 0x20 && s[n] != '"' && s[n] != '\\')
            n++;
        api_text_add(t, s, n);
        s += n;
        const char *at = *s ? strchr(plain, *s) : NULL;
        if (at)
            api_text_printf(t, "\\%c", letters[at - plain]);
        else if (*s)
            api_text_printf(t, "\\u%04x", (unsigned char)*s);
        s += *s != '\0';
    }
    api_text_puts(t, "\"");
}

void api_text_free(api_text *t)
{
    free(t->data);
    *t = (api_text){0};
}

char *api_text_take(api_text *t)
{
    if (!t->failed && !t->data)
        api_text_add(t, "", 0);
    char *data = t->failed ? NULL : t->data;
    if (t->failed)
        free(t->data);
    *t = (api_text){0};
    return data;
}

/* How many bytes at s form one code point; 0 when they don't. No overlong forms, no
 * surrogates, nothing above U+10FFFF (RFC 3629). */
static size_t code_point(const unsigned char *s, size_t n)
{
    unsigned char c = s[0], low = 0x80, high = 0xbf;
    if (c < 0x80)
        return 1;
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || n < len)
        return 0;
    low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : low;
    high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : high;
    for (size_t i = 1; i < len; i++) {
        if (s[i] < low || s[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return len;
}

bool api_utf8(const char *s, size_t n)
{
    for (size_t i = 0, len; i < n; i += len)
        if ((len = code_point((const unsigned char *)s + i, n - i)) == 0)
            return false;
    return true;
}

void api_utf8_clean(char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0, len; i < n; i += len ? len : 1)
        if ((len = code_point((const unsigned char *)s + i, n - i)) == 0)
            s[i] = '?';
}
