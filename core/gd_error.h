/* gd_error: how a core call says that it could not do its work.
 *
 * Three questions, three types: gd_status says whether a call worked, gd_stop
 * (gd_train.h) says how a run of training ended, and the HTTP code is the api
 * layer's. A run that diverges is a successful call.
 */
#ifndef GD_ERROR_H
#define GD_ERROR_H

/* X(enumerator, sentence) */
#define GD_STATUS_LIST(X)                                                                          \
    X(GD_OK, "success")                                                                            \
    X(GD_INVALID, "an argument breaks a rule")                                                     \
    X(GD_OVERFLOW, "a number left the range of double")                                            \
    X(GD_NO_MEMORY, "out of memory")                                                               \
    X(GD_INTERRUPTED, "the executor broke the work off")

typedef enum gd_status {
#define X(name, sentence) name,
    GD_STATUS_LIST(X)
#undef X
} gd_status;

/* What went wrong, in words fit for the client. Plain data, owned by the caller. */
typedef struct gd_error {
    gd_status status;
    char field[64];    /* the name of the offending field, "" when there is none */
    char message[400]; /* a sentence part: "must be greater than 0, got -1" */
} gd_error;

/* Fills *err (when it is not NULL) and returns `status`, so that a call site is one line. */
gd_status gd_fail(gd_error *err, gd_status status, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The sentence that belongs to a status; never NULL. */
const char *gd_status_text(gd_status status);

#endif
