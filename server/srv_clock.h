/* srv_clock: time and randomness, the two things that core must not have. */
#ifndef SRV_CLOCK_H
#define SRV_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Seconds since some moment; never jumps. */
double srv_monotonic(void);
/* Those that this thread has had a processor for: whatever else the machine does. */
double srv_processor_seconds(void);

/* Seconds since 1970 that pass evenly: the clock of the day when the process began, and what has
 * passed since, however that clock is set meanwhile. */
int64_t srv_steady_time(void);

#define SRV_TIME_SIZE 32

/* "2026-11-24T09:41:07.123Z", the time now. Returns buf. */
const char *srv_time_text(char buf[SRV_TIME_SIZE]);

#define SRV_ID_SIZE 32

/* prefix + 20 random characters (100 bits): "job_7k3m...". Returns buf. */
const char *srv_id_new(char buf[SRV_ID_SIZE], const char *prefix);

#endif
