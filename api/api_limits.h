/* api_limits: every bound of the wire contract on one page, with its reason. */
#ifndef API_LIMITS_H
#define API_LIMITS_H

#include "gd_limits.h"

/* Nesting in any document: the deepest that means anything here is 4. */
#define API_MAX_DEPTH 32

/* Bytes in one JSON string or CSV field, and in one number. */
#define API_MAX_TOKEN ((size_t)65536)
#define API_MAX_NUMBER ((size_t)1024)

/* Bytes in a name that is stored: of a dataset, a column, a job. */
#define API_MAX_NAME ((size_t)256)

/* Bytes in a control document (a job, without its inline dataset): cJSON's tree takes
 * about 40 times as much memory. */
#define API_MAX_DOCUMENT ((size_t)1 << 20)

/* Distinct texts in a column of class labels. */
#define API_MAX_LABELS ((size_t)1000)

/* Distinct texts in a categorical column, as many as they may become columns; and bytes of such
 * texts in all columns of a dataset, which are kept in memory while it is read. */
#define API_MAX_LEVELS GD_MAX_COLUMNS
#define API_MAX_LEVEL_BYTES ((size_t)4 << 20)

/* Members in one object of a control document, so that looking for duplicates is cheap. */
#define API_MAX_MEMBERS 256

/* Field errors reported at once. */
#define API_MAX_FIELD_ERRORS 16

/* Points of a history that may be kept: an insert each. */
#define API_MAX_POINTS 1000000

/* Numbers in the parameters that a job keeps on its way: 256 MiB. */
#define API_MAX_RECORDED ((size_t)1 << 25)

/* Numbers after which a page of such parameters ends. */
#define API_MAX_RECORDED_PAGE ((size_t)1 << 20)

/* Points that one history answer may hold; a run may record more and be paged. */
#define API_MAX_HISTORY_PAGE 100000

_Static_assert(API_MAX_DEPTH <= 64, "the reader keeps a bit per level in one word");
_Static_assert(API_MAX_NUMBER <= API_MAX_TOKEN, "a number is a token");

#endif
