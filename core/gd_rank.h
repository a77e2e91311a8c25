/* gd_rank: rows by falling score. */
#ifndef GD_RANK_H
#define GD_RANK_H

#include "gd_error.h"
#include "gd_exec.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct gd_ranked {
    double score;
    uint32_t row;
} gd_ranked;

/* Whole numbers that rise as scores fall; -0 is 0, and NaN is the largest. */
static inline uint64_t gd_rank_key(double score)
{
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t bits;
    if (score != score)
        return UINT64_MAX;
    score += 0.0;
    memcpy(&bits, &score, sizeof bits);
    return bits & sign ? bits : ~(bits | sign);
}

/* out: n rows, written: the highest score first, what is not a number last, and equal ones as they
 * lie. n: at most GD_MAX_ROWS. Very many are sorted digit by digit (Knuth, The Art of Computer
 * Programming, 5.2.5), in time that goes with n. GD_INTERRUPTED when the executor (NULL: the serial
 * one) broke it off, which it is asked between two digits. */
gd_status gd_rank(gd_ranked *out, const double *scores, size_t n, const gd_executor *executor,
                  gd_error *err) __attribute__((warn_unused_result));

#endif
