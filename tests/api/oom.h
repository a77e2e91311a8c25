/* oom: runs operations of api with each of their allocations failing in turn. Either an operation says
 * so and hands nothing back, or its result is whole; it is never cut short, and no block is lost.
 */
#ifndef OOM_H
#define OOM_H

#include "api_tests.h"

/* What came of an operation, written down without an allocation. */
typedef struct outcome {
    char text[16384];
    size_t len;
    api_problem p;
} outcome;

typedef struct oom_operation {
    const char *name; /* with "mistakes" in it: of a bad request */
    void (*run)(outcome *o);
} oom_operation;

void note(outcome *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A text that an encoder made, which is freed; NULL is how it says that there was no memory. */
void note_text(outcome *o, char *text);
/* Of a long text its length and a hash. */
void note_digest(outcome *o, char *text);

/* Runs them all; the exit code is the verdict. cJSON's memory fails, too. */
int oom_main(const oom_operation *operations, size_t n, const char *suite);

#endif
