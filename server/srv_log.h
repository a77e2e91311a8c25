/* srv_log: one line per event on standard error, as text or as JSON.
 *
 *     srv_log("job ended", srv_s("id", id), srv_n("epochs", 12));
 */
#ifndef SRV_LOG_H
#define SRV_LOG_H

#include <stdbool.h>

typedef struct srv_field {
    const char *key;  /* NULL ends a list */
    const char *text; /* NULL for a number */
    double number;
} srv_field;

static inline srv_field srv_s(const char *key, const char *text)
{
    return (srv_field){key, text ? text : "", 0};
}

static inline srv_field srv_n(const char *key, double number)
{
    return (srv_field){key, 0, number};
}

/* Once, before any thread is started. */
void srv_log_format(bool json);

void srv_log_fields(const char *event, const srv_field *fields);
#define srv_log(event, ...) srv_log_fields(event, (const srv_field[]){__VA_ARGS__, {0, 0, 0}})

#endif
