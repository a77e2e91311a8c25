/* srv_cors: a list of origins. */
#include "srv_cors.h"

#include "srv_framing.h"

#include <string.h>

/* The length of the first of the list; *rest: what comes behind it, NULL at the end. */
static size_t first(const char *list, const char **rest)
{
    size_t n = strcspn(list, ",");
    *rest = list[n] ? list + n + 1 : NULL;
    return n;
}

static bool is_origin(const char *text, size_t n)
{
    char host[300];
    size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                    : strncmp(text, "http://", 7) == 0 ? 7
                                                       : 0;
    if (scheme == 0 || n <= scheme || n - scheme >= sizeof host)
        return false;
    memcpy(host, text + scheme, n - scheme);
    host[n - scheme] = '\0';
    return srv_framing_host(host);
}

bool srv_cors_is_list(const char *list)
{
    if (strcmp(list, "none") == 0)
        return true;
    for (const char *at = list, *rest; at; at = rest)
        if (!is_origin(at, first(at, &rest)))
            return false;
    return true;
}

bool srv_cors_allows(const char *list, const char *origin)
{
    if (!origin || !is_origin(origin, strlen(origin)))
        return false;
    for (const char *at = list, *rest; at; at = rest) {
        size_t n = first(at, &rest);
        if (strlen(origin) == n && memcmp(at, origin, n) == 0)
            return true;
    }
    return false;
}
