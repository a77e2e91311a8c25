/* srv_sha256: SHA-256 (FIPS 180-4) in hex; the one door to nettle. */
#ifndef SRV_SHA256_H
#define SRV_SHA256_H

#include <nettle/sha2.h>
#include <stdint.h>

#define SRV_SHA256_SIZE 65 /* 64 hexadecimal digits and NUL */

typedef struct srv_sum {
    struct sha256_ctx ctx;
} srv_sum;

void srv_sum_begin(srv_sum *s);
void srv_sum_add(srv_sum *s, const void *bytes, uint64_t n);
/* Doubles, little-endian. */
void srv_sum_doubles(srv_sum *s, const double *values, uint64_t n);
const char *srv_sum_end(srv_sum *s, char hex[SRV_SHA256_SIZE]); /* returns hex */

/* Of n bytes at once. */
void srv_sha256(const void *bytes, uint64_t n, char hex[SRV_SHA256_SIZE]);

#endif
