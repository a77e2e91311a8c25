/* srv_sha256: see srv_sha256.h. */
#include "srv_sha256.h"

#include <stdio.h>

void srv_sum_begin(srv_sum *s)
{
    sha256_init(&s->ctx);
}

void srv_sum_add(srv_sum *s, const void *bytes, uint64_t n)
{
    sha256_update(&s->ctx, n, bytes);
}

void srv_sum_doubles(srv_sum *s, const double *values, uint64_t n)
{
    srv_sum_add(s, values, n * sizeof *values);
}

const char *srv_sum_end(srv_sum *s, char hex[SRV_SHA256_SIZE])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&s->ctx, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return hex;
}

void srv_sha256(const void *bytes, uint64_t n, char hex[SRV_SHA256_SIZE])
{
    srv_sum s;
    srv_sum_begin(&s);
    srv_sum_add(&s, bytes, n);
    srv_sum_end(&s, hex);
}
