/* api_names: a hash table (FNV-1a, linear probing) beside the list. */
#include "api_names.h"

#include "api_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const api_names *names, const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (const char *c = name; *c; c++)
        h = (h ^ (unsigned char)*c) * 0x100000001b3u;
    size_t at = (size_t)(h ^ h >> 32) % names->slots_count;
    while (names->slots[at] && strcmp(names->list[names->slots[at] - 1], name) != 0)
        at = (at + 1) % names->slots_count;
    return at;
}

static bool grow(api_names *names)
{
    size_t cap = names->cap ? 2 * names->cap : 16;
    char **list = realloc(names->list, cap * sizeof *list);
    if (!list)
        return false;
    names->list = list;
    size_t *slots = calloc(2 * cap + 1, sizeof *slots);
    if (!slots)
        return false;
    free(names->slots);
    names->slots = slots;
    names->slots_count = 2 * cap + 1;
    names->cap = cap;
    for (size_t i = 0; i < names->count; i++)
        names->slots[slot_of(names, names->list[i])] = i + 1;
    return true;
}

api_names_added api_names_add(api_names *names, const char *name)
{
    if (names->count == names->cap && !grow(names))
        return API_NAMES_NO_MEMORY;
    size_t at = slot_of(names, name);
    if (names->slots[at])
        return API_NAMES_TWICE;
    char *copy = strdup(name);
    if (!copy)
        return API_NAMES_NO_MEMORY;
    names->list[names->count++] = copy;
    names->slots[at] = names->count;
    return API_NAMES_NEW;
}

size_t api_names_find(const api_names *names, const char *name)
{
    if (names->count == 0)
        return SIZE_MAX;
    size_t at = slot_of(names, name);
    return names->slots[at] ? names->slots[at] - 1 : SIZE_MAX;
}

size_t api_names_label(api_names *names, const char *label, const char *field, api_problem *p)
{
    size_t at = api_names_find(names, label);
    if (at != SIZE_MAX || !api_name_check(label, field, p))
        return at;
    if (names->count == API_MAX_LABELS) {
        api_problem_field(p, field,
                          "is the %zuth distinct label; a target of texts is a class, and "
                          "has at most %zu",
                          API_MAX_LABELS + 1, API_MAX_LABELS);
        return SIZE_MAX;
    }
    if (api_names_add(names, label) == API_NAMES_NEW)
        return names->count - 1;
    api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
    return SIZE_MAX;
}

char **api_names_take(api_names *names, size_t *count)
{
    char **list = names->list;
    *count = names->count;
    free(names->slots);
    *names = (api_names){0};
    return list;
}

void api_names_free(api_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    free(names->slots);
    *names = (api_names){0};
}

bool api_name_check(const char *name, const char *field, api_problem *p)
{
    if (!*name)
        return api_problem_field(p, field, "must not be empty");
    if (strlen(name) > API_MAX_NAME)
        return api_problem_field(p, field, "must be at most %zu bytes long, got %zu", API_MAX_NAME,
                                 strlen(name));
    if (!api_utf8(name, strlen(name)))
        return api_problem_field(p, field, "must be valid UTF-8");
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return api_problem_field(p, field, "must not contain control characters");
    return true;
}
