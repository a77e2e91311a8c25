/* api_numbered: see api_numbered.h. */
#include "api_numbered.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 24 }; /* of a number as text, at most */

char *api_numbered_text(size_t first, size_t count)
{
    char text[3 * LENGTH];
    snprintf(text, sizeof text, "{\"from\": %zu, \"to\": %zu}", first, first + count - 1);
    return strdup(text);
}

bool api_numbered_read(const char *columns, size_t *first, size_t *count)
{
    size_t from, to;
    if (*columns != '{' || sscanf(columns, "{\"from\": %zu, \"to\": %zu}", &from, &to) != 2)
        return false;
    *first = from;
    *count = to + 1 - from;
    return true;
}

const char **api_numbered_names(size_t first, size_t count)
{
    char last[LENGTH];
    size_t longest = (size_t)snprintf(last, sizeof last, "%zu", first + count) + 1;
    const char **names = malloc((count + 1) * (sizeof *names + longest));
    char *text = (char *)(names + count);
    for (size_t i = 0; names && i < count; i++, text += longest) {
        snprintf(text, longest, "%zu", first + i);
        names[i] = text;
    }
    return names;
}

size_t api_numbered_find(size_t first, size_t count, const char *name)
{
    size_t number = 0, digits = strspn(name, "0123456789");
    if (digits == 0 || digits > 9 || name[digits] || (*name == '0' && digits > 1))
        return SIZE_MAX;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (size_t)(name[i] - '0');
    return number >= first && number - first < count ? number - first : SIZE_MAX;
}
