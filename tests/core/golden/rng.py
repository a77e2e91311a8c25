#!/usr/bin/env python3
"""The random generator, a second time: splitmix64 seeding and xoshiro256** on Python integers.

Written from the authors' description (https://prng.di.unimi.it/): prints the values that
test_rng.c expects. First it checks itself against outputs that others publish: splitmix64 of
seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64") and xoshiro256** of the state
1, 2, 3, 4 (the tests of the Rust crate rand_xoshiro). Standard library only.
"""
MASK = 2**64 - 1


def splitmix64(seed):
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) & MASK) | (x >> (64 - k))


def xoshiro256starstar(s):
    s = list(s)
    while True:
        yield (rotl((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


def take(generator, n):
    return [next(generator) for _ in range(n)]


def seeded(seed, stream):
    """The stream is mixed into the first splitmix64 output, which seeds a second one."""
    mixed = next(splitmix64(seed)) ^ ((stream * 0xD1342543DE82EF95) & MASK)
    return xoshiro256starstar(take(splitmix64(mixed), 4))


assert take(splitmix64(1234567), 2) == [6457827717110365317, 3203168211198807973]
assert take(xoshiro256starstar([1, 2, 3, 4]), 4) == [11520, 0, 1509978240, 1215971899390074240]

for seed, stream in [(0, 0), (0, 1), (42, 0), (42, 7), (2**53, 999)]:
    print(seed, stream, " ".join("%#018x" % v for v in take(seeded(seed, stream), 4)))
