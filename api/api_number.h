/* api_number: doubles to text and back, exactly. */
#ifndef API_NUMBER_H
#define API_NUMBER_H

#include <stddef.h>

#define API_NUMBER_SIZE 32

/* The shortest of %.15g, %.16g, %.17g that reads back as v (finite). Returns buf. */
const char *api_number_format(double v, char buf[API_NUMBER_SIZE]);

typedef enum api_number_result {
    API_NUMBER_OK,
    API_NUMBER_SYNTAX,   /* not a decimal number */
    API_NUMBER_OVERFLOW, /* beyond the range of double: 1e400 */
    API_NUMBER_LONG      /* more than API_MAX_NUMBER bytes */
} api_number_result;

/* s: n bytes, all of which must be an optional sign, digits with an optional point, and
 * an optional exponent. Correctly rounded always (to nearest, ties to even); numbers
 * below the smallest subnormal become 0. *out is written on API_NUMBER_OK only. */
api_number_result api_number_parse(const char *s, size_t n, double *out);

#endif
