/* api_number_exact: which of two neighbouring doubles a long decimal number is nearer to. */
#ifndef API_NUMBER_EXACT_H
#define API_NUMBER_EXACT_H

#include <stddef.h>
#include <stdint.h>

/* digits: n bytes, at most API_MAX_NUMBER, digits with at most one point; the number is
 * digits * 10^exponent. below: bits of a positive double; the number rounds to it or to the next
 * above it, which may be infinity. Returns the bits of the nearer one, of the even one in the
 * middle. */
uint64_t api_number_exact(const char *digits, size_t n, int64_t exponent, uint64_t below);

#endif
