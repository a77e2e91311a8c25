/* bench_pass: how fast passes over rows are, as a share of what memory can deliver.
 *
 *   bench_pass [megabytes of features] [kernels] [repetitions]
 *
 * For each number of threads: the rate at which the same bytes are just summed up, then that of an
 * epoch's pass (cost and gradient) of each cost and width, the two in turn, the best of the
 * repetitions. Also: the cost of 16 vectors of parameters at once, in passes over one; and passes
 * over the same features in single precision, in turn with those in double, `share` then being what
 * the latter take over what the former take. A table on standard output and, after it, a line of
 * JSON for each of its rows.
 */
#include "gd_limits.h"
#include "gd_objective.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_THREADS = 64, MAX_LINES = 1000 };

/* On the wall, and of the processors: the latter is what a machine that is shared still tells. */
typedef struct instant {
    double wall, processor;
} instant;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static instant now(void)
{
    return (instant){seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
}

static void keep_least(instant *least, instant from, instant to)
{
    if (to.wall - from.wall < least->wall)
        least->wall = to.wall - from.wall;
    if (to.processor - from.processor < least->processor)
        least->processor = to.processor - from.processor;
}

/* ---- threads that wait for work, as those of the server do ---- */

typedef struct team {
    size_t threads;
    gd_block_fn *fn;
    void *arg;
    size_t blocks;
    atomic_size_t next;
    pthread_barrier_t begin, end;
    bool over;
} team;

typedef struct member {
    team *t;
    size_t slot;
    pthread_t thread;
} member;

static void take_blocks(team *t, size_t slot)
{
    size_t block;
    while ((block = atomic_fetch_add(&t->next, 1)) < t->blocks)
        t->fn(t->arg, block, slot);
}

static void *help(void *arg)
{
    member *m = arg;
    for (;;) {
        pthread_barrier_wait(&m->t->begin);
        if (m->t->over)
            return NULL;
        take_blocks(m->t, m->slot);
        pthread_barrier_wait(&m->t->end);
    }
}

static void run_team(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    team *t = ctx;
    t->fn = fn;
    t->arg = arg;
    t->blocks = blocks;
    atomic_store(&t->next, 0);
    if (t->threads > 1)
        pthread_barrier_wait(&t->begin);
    take_blocks(t, 0);
    if (t->threads > 1)
        pthread_barrier_wait(&t->end);
}

/* ---- reading alone ---- */

typedef double eight __attribute__((vector_size(64), aligned(8), may_alias));

typedef struct reading {
    const double *X;
    size_t values, in_block;
    double sums[MAX_THREADS * 8]; /* a cache line a thread */
} reading;

static void read_block(void *arg, size_t block, size_t slot)
{
    reading *r = arg;
    size_t at = block * r->in_block, end = at + r->in_block < r->values ? at + r->in_block : r->values;
    eight a = {0}, b = {0}, c = {0}, d = {0};
    for (; at + 32 <= end; at += 32) {
        a += *(const eight *)(r->X + at);
        b += *(const eight *)(r->X + at + 8);
        c += *(const eight *)(r->X + at + 16);
        d += *(const eight *)(r->X + at + 24);
    }
    a += b + c + d;
    r->sums[slot * 8] += a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
}

/* ---- data ---- */

typedef struct setup {
    double *X, *y;
    float *X32;
    size_t values; /* of X */
    gd_executor executor;
} setup;

static double uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) * 0x1p-53;
}

/* On huge pages where the system has them: with small ones it is their tables that bound reading. */
static void *room(size_t bytes)
{
    const size_t huge = (size_t)1 << 21;
    void *p = aligned_alloc(huge, (bytes + huge - 1) / huge * huge);
    if (p)
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

static void fill_targets(const setup *s, gd_task task, size_t classes, size_t rows)
{
    uint64_t seed = 7;
    for (size_t i = 0; i < rows; i++) {
        double u = uniform(&seed);
        s->y[i] = task == GD_REGRESSION ? 4 * u - 2
                  : task == GD_COUNT    ? (double)(size_t)(6 * u * u)
                                        : (double)(size_t)((double)classes * u);
    }
}

typedef struct line {
    char cost[48];
    size_t rows, cols, outputs, thetas, threads;
    double seconds, bandwidth; /* of one pass; bytes a second of reading alone */
    double share, processor;   /* reading alone, as a share of the pass: by either clock */
} line;

static const char *model_of(const gd_cost *c)
{
    return c->fast == GD_FAST_SOFTMAX ? "softmax_regression"
           : strcmp(c->name, "poisson") == 0 ? "poisson_regression"
           : c->tasks & GD_REGRESSION        ? "linear_regression"
           : strcmp(c->name, "logistic") == 0 ? "logistic_regression"
                                              : "svm";
}

/* What is passed over, and for which parameters. */
typedef struct subject {
    gd_data data;
    gd_hyper hyper;
    gd_objective *o;
    size_t thetas;
    double *theta, *gradient, *costs; /* theta: owns them */
} subject;

static void subject_make(subject *out, setup *s, bool single, const gd_cost *cost, size_t cols,
                         size_t outputs, size_t thetas)
{
    const gd_model *model = gd_model_find(model_of(cost));
    size_t rows = s->values / cols;
    gd_shape shape = {.cols = cols, .intercept = true, .outputs = outputs};
    *out = (subject){.data = {.X = single ? NULL : s->X,
                              .X32 = single ? s->X32 : NULL,
                              .y = s->y,
                              .rows = rows,
                              .cols = cols},
                     .thetas = thetas};
    gd_task task = cost->tasks & GD_REGRESSION ? GD_REGRESSION
                   : cost->tasks & GD_COUNT    ? GD_COUNT
                                               : GD_BINARY;
    fill_targets(s, task, outputs > 1 ? outputs : 2, rows);
    size_t n = model->params_len(&shape);
    double *theta = calloc(2 * thetas * n + 2 * cols + thetas, sizeof *theta);
    double *center = theta + 2 * thetas * n, *scale = center + cols;
    out->theta = theta;
    out->gradient = theta + thetas * n;
    out->costs = scale + cols;
    gd_param_defaults(&out->hyper, cost->params, cost->params_count);
    uint64_t seed = 3;
    for (size_t i = 0; i < thetas * n; i++)
        theta[i] = (uniform(&seed) - 0.5) / (double)cols;
    for (size_t j = 0; j < cols; j++) {
        center[j] = 0.5;
        scale[j] = 0.3;
    }
    gd_error err;
    if (gd_objective_new(&out->o, &out->data, model, &shape, cost, &out->hyper, &s->executor,
                         &err) != GD_OK ||
        gd_objective_reserve(out->o, thetas, &err) != GD_OK)
        exit(1);
    gd_objective_scale(out->o, center, scale);
}

static void subject_free(subject *of)
{
    gd_objective_free(of->o);
    free(of->theta);
}

static void pass_over(const subject *of)
{
    gd_rows all = {.count = of->data.rows};
    gd_objective_eval_many(of->o, of->theta, of->thetas, &all, of->costs, of->gradient);
}

/* Passes over features in single precision and in double, in turn. */
static void compare(setup *s, const gd_cost *cost, size_t cols, int repetitions, line *out)
{
    subject wide, narrow;
    subject_make(&wide, s, false, cost, cols, 1, 1);
    subject_make(&narrow, s, true, cost, cols, 1, 1);
    team *t = s->executor.ctx;
    instant of_wide = {1e300, 1e300}, of_narrow = of_wide;
    for (int i = 0; i <= repetitions; i++) {
        instant began = now();
        pass_over(&wide);
        instant between = now();
        pass_over(&narrow);
        instant ended = now();
        if (i == 0)
            continue;
        keep_least(&of_wide, began, between);
        keep_least(&of_narrow, between, ended);
    }
    double bytes = (double)(narrow.data.rows * cols) * sizeof(float);
    *out = (line){.rows = narrow.data.rows,
                  .cols = cols,
                  .outputs = 1,
                  .thetas = 1,
                  .threads = t->threads,
                  .seconds = of_narrow.wall,
                  .bandwidth = bytes / of_narrow.wall,
                  .share = of_wide.wall / of_narrow.wall,
                  .processor = of_wide.processor / of_narrow.processor};
    snprintf(out->cost, sizeof out->cost, "%s float32", cost->name);
    printf("%7zu %-20s %8zu %5zu %7u %6u %9.3f %8.2f %8s %6.2fx %9.3f %6.2fx\n", t->threads,
           out->cost, out->rows, cols, 1u, 1u, 1e3 * of_narrow.wall, bytes / of_narrow.wall / 1e9,
           "", out->share, 1e3 * of_narrow.processor, out->processor);
    fflush(stdout);
    subject_free(&wide);
    subject_free(&narrow);
}

static void measure(setup *s, const gd_cost *cost, size_t cols, size_t outputs, size_t thetas,
                    int repetitions, line *out)
{
    size_t rows = s->values / cols;
    subject of;
    subject_make(&of, s, false, cost, cols, outputs, thetas);
    team *t = s->executor.ctx;
    reading r = {.X = s->X, .values = rows * cols, .in_block = GD_BLOCK_ROWS * cols};
    instant pass = {1e300, 1e300}, alone = pass;
    for (int i = 0; i <= repetitions; i++) {
        instant began = now();
        run_team(t, read_block, &r, (r.values + r.in_block - 1) / r.in_block);
        instant between = now();
        pass_over(&of);
        instant ended = now();
        if (i == 0)
            continue; /* warm now */
        keep_least(&alone, began, between);
        keep_least(&pass, between, ended);
    }
    double bytes = (double)(rows * cols) * sizeof(double);
    *out = (line){.rows = rows,
                  .cols = cols,
                  .outputs = outputs,
                  .thetas = thetas,
                  .threads = t->threads,
                  .seconds = pass.wall,
                  .bandwidth = bytes / alone.wall,
                  .share = alone.wall / pass.wall,
                  .processor = alone.processor / pass.processor};
    snprintf(out->cost, sizeof out->cost, "%s", cost->name);
    printf("%7zu %-20s %8zu %5zu %7zu %6zu %9.3f %8.2f %8.2f %6.0f%% %9.3f %6.0f%%\n", t->threads,
           cost->name, rows, cols, outputs, thetas, 1e3 * pass.wall, bytes / pass.wall / 1e9,
           out->bandwidth / 1e9, 100 * out->share, 1e3 * pass.processor, 100 * out->processor);
    fflush(stdout);
    subject_free(&of);
}

static size_t measure_all(setup *s, int repetitions, line *lines)
{
    static const size_t widths[] = {8, 20, 32, 64, 128, 512};
    static const char *const costs[] = {"mse", "logistic", "poisson", "huber", "log_cosh"};
    size_t count = 0;
    for (size_t c = 0; c < sizeof costs / sizeof costs[0]; c++)
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
            measure(s, gd_cost_find(costs[c]), widths[w], 1, 1, repetitions, &lines[count++]);
    measure(s, gd_cost_find("softmax"), 20, 3, 1, repetitions, &lines[count++]);
    measure(s, gd_cost_find("softmax"), 64, 10, 1, repetitions, &lines[count++]);
    for (size_t c = 0; c < 2; c++)
        measure(s, gd_cost_find(costs[c]), 20, 1, 16, repetitions, &lines[count++]);
    for (size_t c = 0; c < 3; c++)
        for (size_t cols = 20; cols <= 64; cols += 44)
            compare(s, gd_cost_find(costs[c]), cols, repetitions, &lines[count++]);
    return count;
}

static void put_json(const line *l, const char *kernels)
{
    printf("{\"bench\": \"pass\", \"kernels\": \"%s\", \"threads\": %zu, \"cost\": \"%s\", "
           "\"rows\": %zu, \"cols\": %zu, \"outputs\": %zu, \"thetas\": %zu, \"seconds\": %.6g, "
           "\"gigabytes_per_second\": %.4g, \"read_bandwidth\": %.4g, \"share\": %.3g, \"processor_share\": %.3g}\n",
           kernels, l->threads, l->cost, l->rows, l->cols, l->outputs, l->thetas, l->seconds,
           (double)(l->rows * l->cols) * sizeof(double) / l->seconds / 1e9, l->bandwidth / 1e9,
           l->share, l->processor);
}

int main(int argc, char **argv)
{
    size_t megabytes = argc > 1 ? strtoull(argv[1], NULL, 10) : 160;
    const gd_kernels *kernels = argc > 2 ? gd_kernels_find(argv[2]) : gd_kernels_best();
    int repetitions = argc > 3 ? atoi(argv[3]) : 10;
    static line lines[MAX_LINES];
    size_t count = 0, most_threads = 2;
    if (!kernels || !gd_kernels_usable(kernels) || megabytes == 0 || repetitions < 1) {
        fprintf(stderr, "usage: bench_pass [megabytes] [kernels] [repetitions]\n");
        return 2;
    }
    setup s = {.values = megabytes * 125000};
    s.X = room(s.values * sizeof *s.X);
    s.y = malloc(s.values / 8 * sizeof *s.y);
    s.X32 = room(s.values * sizeof *s.X32);
    if (!s.X || !s.y || !s.X32)
        return 1;
    uint64_t seed = 1;
    for (size_t i = 0; i < s.values; i++)
        s.X32[i] = (float)(s.X[i] = uniform(&seed));
    printf("threads cost                     rows  cols outputs thetas   ms/pass     GB/s  reading   share    cpu ms  share\n");
    for (size_t threads = 1; threads <= most_threads; threads++) {
        team t = {.threads = threads};
        member members[MAX_THREADS];
        pthread_barrier_init(&t.begin, NULL, (unsigned)threads);
        pthread_barrier_init(&t.end, NULL, (unsigned)threads);
        for (size_t i = 1; i < threads; i++) {
            members[i] = (member){.t = &t, .slot = i};
            if (pthread_create(&members[i].thread, NULL, help, &members[i]) != 0)
                return 1;
        }
        s.executor = (gd_executor){.slots = threads, .run = run_team, .ctx = &t, .kernels = kernels};
        count += measure_all(&s, repetitions, lines + count);
        t.over = true;
        if (threads > 1)
            pthread_barrier_wait(&t.begin);
        for (size_t i = 1; i < threads; i++)
            pthread_join(members[i].thread, NULL);
        pthread_barrier_destroy(&t.begin);
        pthread_barrier_destroy(&t.end);
    }
    for (size_t i = 0; i < count; i++)
        put_json(&lines[i], kernels->name);
    free(s.X);
    free(s.X32);
    free(s.y);
    return 0;
}
