/* gd_distinct: an open hash table, then registers in its place. */
#include "gd_distinct.h"

#include <math.h>
#include <string.h>

/* Registers: as many bytes as half of the room, since the table is turned into them in place. More
 * would only leave the first-level cache. */
enum { REGISTERS = 4096 };

static size_t registers_of(const gd_distinct *d)
{
    size_t bytes = d->slots * sizeof *d->room / 2;
    return bytes < REGISTERS ? bytes : REGISTERS;
}

static int bits_of(size_t power_of_two)
{
    int bits = 0;
    while (power_of_two >> (bits + 1))
        bits++;
    return bits;
}

void gd_distinct_begin(gd_distinct *d, uint64_t *room, size_t slots)
{
    *d = (gd_distinct){.room = room, .slots = slots};
    memset(room, 0, slots * sizeof *room);
}

/* A bijection of 64 bits (the finalizer of MurmurHash3, Appleby): different values have different
 * hashes, so counting these is exact. */
static uint64_t hash_of(double x)
{
    double v = x + 0.0; /* -0 becomes 0 */
    uint64_t h;
    memcpy(&h, &v, sizeof h);
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

/* The register is chosen by the first bits of a hash; it keeps the longest run of zeros, plus one,
 * that the others of any hash began with. */
static void sketch(uint8_t *registers, int bits, uint64_t h)
{
    uint64_t rest = h << bits | (uint64_t)1 << (bits - 1);
    uint8_t run = (uint8_t)(__builtin_clzll(rest) + 1), *r = &registers[h >> (64 - bits)];
    *r = run > *r ? run : *r;
}

static void sketch_one(gd_distinct *d, uint64_t h)
{
    sketch((uint8_t *)d->room, bits_of(registers_of(d)), h);
}

/* Makes the table, half full at most, a sketch of its hashes: these go to its end first. */
static void turn_into_sketch(gd_distinct *d)
{
    size_t to = d->slots;
    for (size_t i = d->slots; i-- > 0;)
        if (d->room[i])
            d->room[--to] = d->room[i];
    memset(d->room, 0, to * sizeof *d->room);
    d->sketched = true;
    for (size_t i = to; i < d->slots; i++)
        sketch_one(d, d->room[i]);
    if (d->has_hole)
        sketch_one(d, 0);
}

/* Where the search for a hash begins: at four slots that are looked at together. */
static size_t bucket_of(const gd_distinct *d, uint64_t h)
{
    return (size_t)h & (d->slots - 1) & ~(size_t)3;
}

static bool known(const gd_distinct *d, uint64_t h)
{
    const uint64_t *b = d->room + bucket_of(d, h);
    return (b[0] == h) | (b[1] == h) | (b[2] == h) | (b[3] == h);
}

static void keep(gd_distinct *d, uint64_t h)
{
    if (d->sketched) {
        sketch_one(d, h);
        return;
    }
    if (h == 0) {
        d->has_hole = true;
    } else {
        size_t at = bucket_of(d, h);
        while (d->room[at] && d->room[at] != h)
            at = (at + 1) & (d->slots - 1);
        d->count += d->room[at] == 0;
        d->room[at] = h;
    }
    if (d->count + d->has_hole == d->slots / 2)
        turn_into_sketch(d);
}

void gd_distinct_add(gd_distinct *d, const double *x, size_t n)
{
    size_t i = 0;
    for (; i < n && !d->sketched; i++) {
        uint64_t h = hash_of(x[i]);
        if (h == 0 || !known(d, h))
            keep(d, h);
    }
    uint8_t *registers = (uint8_t *)d->room;
    int bits = bits_of(registers_of(d));
    for (; i < n; i++)
        sketch(registers, bits, hash_of(x[i]));
}

int gd_distinct_bits(const gd_distinct *d)
{
    return bits_of(registers_of(d));
}

void gd_distinct_add_hashed(gd_distinct *d, const uint64_t *hashes, const uint32_t *registers,
                            size_t n, size_t stride)
{
    size_t i = 0;
    for (; i < n && !d->sketched; i++) {
        uint64_t h = hashes[i * stride];
        if (h == 0 || !known(d, h))
            keep(d, h);
    }
    uint8_t *room = (uint8_t *)d->room;
    for (; i < n; i++) {
        uint32_t e = registers[i * stride];
        uint8_t run = (uint8_t)e, *r = &room[e >> 8];
        *r = run > *r ? run : *r;
    }
}

void gd_distinct_merge(gd_distinct *d, const gd_distinct *from)
{
    if (!from->sketched) {
        for (size_t i = 0; i < from->slots; i++)
            if (from->room[i])
                keep(d, from->room[i]);
        if (from->has_hole)
            keep(d, 0);
        return;
    }
    if (!d->sketched)
        turn_into_sketch(d);
    uint8_t *a = (uint8_t *)d->room;
    const uint8_t *b = (const uint8_t *)from->room;
    for (size_t i = 0, n = registers_of(d); i < n; i++)
        a[i] = a[i] > b[i] ? a[i] : b[i];
}

/* ---- the estimate: Ertl's sigma and tau ---- */

static double sigma(double x)
{
    double y = 1, z = x, before;
    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x)
{
    double y = 1, z = 1 - x, before;
    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

double gd_distinct_count(const gd_distinct *d, double *error)
{
    *error = 0;
    if (!d->sketched)
        return (double)(d->count + d->has_hole);
    const uint8_t *registers = (const uint8_t *)d->room;
    size_t m = registers_of(d);
    int q = 64 - bits_of(m);
    double runs[66] = {0};
    for (size_t i = 0; i < m; i++)
        runs[registers[i]]++;
    double z = (double)m * tau(1 - runs[q + 1] / (double)m);
    for (int k = q; k > 0; k--)
        z = 0.5 * (z + runs[k]);
    z += (double)m * sigma(runs[0] / (double)m);
    *error = 1.04 / sqrt((double)m);
    return round((double)m * (double)m / (2 * log(2) * z));
}
