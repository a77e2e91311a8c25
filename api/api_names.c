/* api_names: a sorted list of indices beside the list; binary search finds its way. */
#include "api_names.h"

#include "api_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 4 }; /* among recent names, for each of cap */

/* Names that were looked up not long ago, each at a place that its bytes choose. What is not there
 * is found in the sorted list, so names that share a place cost no more than that. */
static uint32_t *recent(const api_names *names, const char *name)
{
    uint32_t h = 2166136261u;
    for (const char *c = name; *c; c++)
        h = (h ^ (unsigned char)*c) * 16777619u;
    return &names->recent[(h ^ h >> 16) % (PLACES * names->cap)];
}

/* Where name is in the sorted list, or would have to be. */
static size_t place(const api_names *names, const char *name, bool *there)
{
    size_t low = 0, high = names->count;
    *there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, names->list[names->sorted[middle]]);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool grow(api_names *names)
{
    size_t cap = names->cap ? 2 * names->cap : 16;
    char **list = realloc(names->list, cap * sizeof *list);
    if (list)
        names->list = list;
    size_t *sorted = realloc(names->sorted, cap * sizeof *sorted);
    if (sorted)
        names->sorted = sorted;
    uint32_t *none = calloc(PLACES * cap, sizeof *none);
    if (!list || !sorted || !none) {
        free(none);
        return false;
    }
    free(names->recent);
    names->recent = none;
    names->cap = cap;
    return true;
}

api_names_added api_names_add(api_names *names, const char *name)
{
    bool there;
    size_t at = place(names, name, &there);
    if (there)
        return API_NAMES_TWICE;
    if (names->count == names->cap && !grow(names))
        return API_NAMES_NO_MEMORY;
    char *copy = strdup(name);
    if (!copy)
        return API_NAMES_NO_MEMORY;
    memmove(names->sorted + at + 1, names->sorted + at,
            (names->count - at) * sizeof *names->sorted);
    names->sorted[at] = names->count;
    names->list[names->count++] = copy;
    return API_NAMES_NEW;
}

typedef struct named_place {
    const char *name;
    size_t at;
} named_place;

static int by_name(const void *a_, const void *b_)
{
    const named_place *a = a_, *b = b_;
    return strcmp(a->name, b->name);
}

bool api_names_fill(api_names *names, const char *const *list, size_t count)
{
    size_t cap = count ? count : 1;
    named_place *order = malloc(cap * sizeof *order);
    names->list = malloc(cap * sizeof *names->list);
    names->sorted = malloc(cap * sizeof *names->sorted);
    names->recent = calloc(PLACES * cap, sizeof *names->recent);
    bool ok = order && names->list && names->sorted && names->recent;
    for (size_t i = 0; ok && i < count; i++) {
        order[i] = (named_place){list[i], i};
        ok = (names->list[i] = strdup(list[i])) != NULL;
        names->count += ok;
    }
    if (ok) {
        names->cap = cap;
        qsort(order, count, sizeof *order, by_name);
        for (size_t i = 0; i < count; i++)
            names->sorted[i] = order[i].at;
    }
    free(order);
    return ok;
}

size_t api_names_find(const api_names *names, const char *name)
{
    bool there;
    if (names->count == 0)
        return SIZE_MAX;
    uint32_t *r = recent(names, name);
    if (strcmp(names->list[*r], name) == 0)
        return *r;
    size_t at = place(names, name, &there);
    if (there)
        *r = (uint32_t)names->sorted[at];
    return there ? names->sorted[at] : SIZE_MAX;
}

size_t api_names_label(api_names *names, const char *label, const char *field, api_problem *p)
{
    size_t at = api_names_find(names, label);
    if (at != SIZE_MAX || !api_name_check(label, field, p))
        return at;
    if (names->count == API_MAX_LABELS) {
        api_problem_field(p, field,
                          "is one more than %zu distinct labels; a target of texts is a class",
                          API_MAX_LABELS);
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
    free(names->sorted);
    free(names->recent);
    *names = (api_names){0};
    return list;
}

void api_names_free(api_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    free(names->sorted);
    free(names->recent);
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
