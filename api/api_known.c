/* api_known: a table that never fills: a text takes the place of the one that was there. */
#include "api_known.h"

#include <stdlib.h>

enum { LEAST = 16, TIMES = 4 }; /* places, and for each text that there is */

/* What was known is forgotten; it is soon known again. */
static void grow(api_known *k, size_t count, size_t *taken)
{
    size_t places = k->places ? k->places : LEAST;
    while (places < TIMES * count)
        places *= 2;
    size_t more = (places - k->places) * sizeof *k->texts;
    if (more == 0 || *taken + more > API_KNOWN_MEMORY)
        return;
    api_known_text *texts = calloc(places, sizeof *texts);
    if (!texts)
        return;
    free(k->texts);
    *k = (api_known){texts, places};
    *taken += more;
}

void api_known_add(api_known *k, const uint64_t words[2], size_t n, double value, size_t count,
                   size_t *taken)
{
    grow(k, count, taken);
    if (k->texts)
        k->texts[api_known_place(k, words, n)] = (api_known_text){{words[0], words[1]}, value, n};
}

void api_known_free(api_known *k)
{
    free(k->texts);
    *k = (api_known){0};
}
