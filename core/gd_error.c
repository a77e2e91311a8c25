/* gd_error: filling the error object. */
#include "gd_error.h"

#include <stdarg.h>
#include <stdio.h>

gd_status gd_fail(gd_error *err, gd_status status, const char *field, const char *fmt, ...)
{
    if (err) {
        err->status = status;
        snprintf(err->field, sizeof err->field, "%s", field ? field : "");
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->message, sizeof err->message, fmt, ap);
        va_end(ap);
    }
    return status;
}

const char *gd_status_text(gd_status status)
{
    switch (status) {
#define X(name, sentence)                                                                          \
    case name:                                                                                     \
        return sentence;
        GD_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}
