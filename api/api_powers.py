#!/usr/bin/env python3
"""Writes api_powers.c: the leading 128 bits of each power of five that a double can need.

    python3 api/api_powers.py > api/api_powers.c

A row is 5^q scaled by a power of two into [2^127, 2^128): cut off for q >= 0 and rounded up for
q < 0, as Lemire (2021) section 5 asks for. Integers of any size make it exact.
"""

FIRST, LAST = -342, 308


def row(q):
    if q >= 0:
        power = 5**q
        shift = power.bit_length() - 128
        return power >> shift if shift >= 0 else power << -shift
    power = 5**-q
    bits = 127 + (power - 1).bit_length()  # 2^bits / power lies in [2^127, 2^128)
    if q >= -27:
        return 2**bits // power + 1
    more = (2 ** (2 * (power - 1).bit_length() + 128)) // power + 1
    return more >> (more.bit_length() - 128)


print("""/* api_powers: 5^q for q from %d to %d, its leading 128 bits. Made by api_powers.py. */
#include "api_decimal.h"

/* clang-format off */
const uint64_t api_powers[API_POWER_LAST - API_POWER_FIRST + 1][2] = {""" % (FIRST, LAST))
rows = ["{0x%016x, 0x%016x}" % (row(q) >> 64, row(q) & (2**64 - 1)) for q in range(FIRST, LAST + 1)]
for i in range(0, len(rows), 2):
    print("    " + ", ".join(rows[i : i + 2]) + ",")
print("};\n/* clang-format on */")
