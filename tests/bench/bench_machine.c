/* bench_machine: what this machine can do at most: reading memory, and multiplying.
 *
 *     bench_machine [megabytes] [seconds a figure]
 *
 * Writes a line of JSON for 1, 2, 4 ... threads, the last a thread a processor: bytes a second,
 * reading through as many megabytes as all threads together; and floating point operations a second
 * in double precision, by fused multiply-adds on registers alone, in the widest vectors that this
 * processor has. Each is the best of several runs.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256, CHAINS = 12, ROUNDS = 1000000 };

typedef struct work work;

struct work {
    const double *from;
    size_t values;
    void (*run)(work *w);
    double result; /* so that the work isn't optimised away */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define VECTORS(bytes, name)                                                                       \
    typedef double name __attribute__((vector_size(bytes), aligned(8), may_alias))
VECTORS(16, two);
VECTORS(32, four);
VECTORS(64, eight);

/* Sums up, in eight chains; and CHAINS multiply-adds that don't wait for each other, ROUNDS times.
 */
#define KERNELS(name, vector, lanes, attributes)                                                   \
    attributes static void read_##name(work *w)                                                    \
    {                                                                                              \
        vector s[8] = {{0}};                                                                       \
        for (size_t i = 0; i + 8 * (lanes) <= w->values; i += 8 * (lanes))                         \
            for (size_t k = 0; k < 8; k++)                                                         \
                s[k] += *(const vector *)(w->from + i + k * (lanes));                              \
        for (size_t k = 0; k < 8; k++)                                                             \
            w->result += s[k][0] + s[k][1];                                                        \
    }                                                                                              \
    attributes static void multiply_##name(work *w)                                                \
    {                                                                                              \
        vector by = (vector){0} + 0.999, plus = by * 0.001, a[CHAINS];                             \
        for (size_t k = 0; k < CHAINS; k++)                                                        \
            a[k] = by * (double)k;                                                                 \
        for (size_t i = 0; i < ROUNDS; i++)                                                        \
            for (size_t k = 0; k < CHAINS; k++)                                                    \
                a[k] = a[k] * by + plus;                                                           \
        for (size_t k = 0; k < CHAINS; k++)                                                        \
            w->result += a[k][0];                                                                  \
    }

#define FUSED optimize("fp-contract=fast", "O3")
#ifdef __x86_64__
KERNELS(avx512, eight, 8, __attribute__((target("avx512f,prefer-vector-width=512"), FUSED)))
KERNELS(avx2, four, 4, __attribute__((target("avx2,fma"), FUSED)))
#endif
KERNELS(baseline, two, 2, __attribute__((FUSED)))

typedef struct kernels {
    const char *name;
    unsigned lanes;
    void (*read)(work *w), (*multiply)(work *w);
} kernels;

static kernels choose(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        return (kernels){"avx512", 8, read_avx512, multiply_avx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (kernels){"avx2", 4, read_avx2, multiply_avx2};
#endif
    return (kernels){"baseline", 2, read_baseline, multiply_baseline};
}

static void *work_on(void *arg)
{
    work *w = arg;
    w->run(w);
    return NULL;
}

/* The least seconds that so many threads took for their parts, all started together. */
static double least(work *parts, size_t threads, double budget)
{
    double best = 1e300, began = now();
    for (int round = 0; round < 3 || now() - began < budget; round++) {
        pthread_t thread[MAX_THREADS];
        double at = now();
        size_t started = 1;
        while (started < threads &&
               pthread_create(&thread[started], NULL, work_on, &parts[started]) == 0)
            started++;
        work_on(&parts[0]);
        for (size_t i = 1; i < started; i++)
            pthread_join(thread[i], NULL);
        double took = now() - at;
        if (started == threads && took < best)
            best = took;
    }
    return best;
}

int main(int argc, char **argv)
{
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 512;
    double budget = argc > 2 ? strtod(argv[2], NULL) : 1;
    size_t values = megabytes * 125000;
    double *all = malloc(values * sizeof *all);
    if (!all || values == 0) {
        fprintf(stderr, "usage: bench_machine [megabytes] [seconds a figure]\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < values; i++)
        all[i] = (double)(i % 7);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = online < 1 ? 1 : online > MAX_THREADS ? MAX_THREADS : (size_t)online;
    kernels k = choose();
    double check = 0;
    for (size_t threads = 1; threads <= most; threads *= 2) {
        if (threads < most && 2 * threads > most)
            threads = most; /* the last is all of them */
        work parts[MAX_THREADS] = {0};
        for (size_t i = 0; i < threads; i++)
            parts[i] = (work){all + values / threads * i, values / threads, k.read, 0};
        double reading = least(parts, threads, budget);
        for (size_t i = 0; i < threads; i++) {
            check += parts[i].result;
            parts[i].run = k.multiply;
        }
        double multiplying = least(parts, threads, budget);
        for (size_t i = 0; i < threads; i++)
            check += parts[i].result;
        printf("{\"threads\": %zu, \"vectors\": \"%s\", \"read_gb_per_second\": %.4g, "
               "\"gflop_per_second\": %.4g}\n",
               threads, k.name, (double)(values / threads * threads * sizeof *all) / reading / 1e9,
               2.0 * CHAINS * ROUNDS * k.lanes * (double)threads / multiplying / 1e9);
    }
    free(all);
    return check == 0.5 ? EXIT_FAILURE : EXIT_SUCCESS;
}
