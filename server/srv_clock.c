/* srv_clock: clocks and ids. */
#include "srv_clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

double srv_processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double srv_monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static pthread_once_t begun = PTHREAD_ONCE_INIT;
static double day_ahead; /* of the monotonic clock */

static void look_at_the_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    day_ahead = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec - srv_monotonic();
}

int64_t srv_steady_time(void)
{
    pthread_once(&begun, look_at_the_clock);
    return (int64_t)(day_ahead + srv_monotonic());
}

const char *srv_time_text(char buf[SRV_TIME_SIZE])
{
    struct timespec t;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    size_t n = strftime(buf, SRV_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buf + n, SRV_TIME_SIZE - n, ".%03dZ", (int)(t.tv_nsec / 1000000));
    return buf;
}

const char *srv_id_new(char buf[SRV_ID_SIZE], const char *prefix)
{
    /* Crockford's base 32: no letters that are taken for digits. */
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    enum { RANDOM = 20 };
    unsigned char bytes[RANDOM];
    size_t have = 0, n = strlen(prefix);
    while (have < sizeof bytes) {
        ssize_t got = getrandom(bytes + have, sizeof bytes - have, 0);
        if (got > 0)
            have += (size_t)got;
    }
    memcpy(buf, prefix, n);
    for (size_t i = 0; i < RANDOM; i++)
        buf[n + i] = letters[bytes[i] & 31];
    buf[n + RANDOM] = '\0';
    return buf;
}
