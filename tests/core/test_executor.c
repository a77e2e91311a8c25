/* Executors: whoever does the blocks, on however many threads and in whatever order, the
 * parameters and costs have the same bits. Run under ThreadSanitizer too. */
#include "gd_exec.h"
#include "gd_limits.h"
#include "gd_train.h"
#include "problems.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 7
#define ROWS (6 * GD_BLOCK_ROWS + 123)
#define COLS 3
#define EPOCHS 4
#define MAX_PARAMS 64

/* One pass of blocks: threads take the next number as they come. */
typedef struct team {
    gd_block_fn *fn;
    void *arg;
    size_t blocks, threads;
    pthread_barrier_t start; /* none begins before all are there: they do race */
    atomic_size_t next;
    atomic_size_t most, done; /* blocks in the largest pass; blocks in all */
} team;

typedef struct worker {
    team *t;
    size_t slot;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    size_t block;
    pthread_barrier_wait(&w->t->start);
    while ((block = atomic_fetch_add(&w->t->next, 1)) < w->t->blocks) {
        w->t->fn(w->t->arg, block, w->slot);
        atomic_fetch_add(&w->t->done, 1);
        sched_yield(); /* so that no thread runs away with all of them */
    }
    return NULL;
}

static void run_threads(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    team *t = ctx;
    pthread_t threads[MAX_THREADS];
    worker workers[MAX_THREADS];
    t->fn = fn;
    t->arg = arg;
    t->blocks = blocks;
    atomic_store(&t->next, 0);
    if (pthread_barrier_init(&t->start, NULL, (unsigned)t->threads) != 0)
        abort();
    if (blocks > atomic_load(&t->most))
        atomic_store(&t->most, blocks);
    for (size_t i = 0; i < t->threads; i++) {
        workers[i] = (worker){t, i};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < t->threads; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&t->start);
}

/* The other orders, without threads: backwards, and odd blocks before even ones with slots
 * that change from pass to pass. */
static void run_backwards(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    (void)ctx;
    while (blocks-- > 0)
        fn(arg, blocks, 0);
}

static void run_odd_first(void *ctx, gd_block_fn *fn, void *arg, size_t blocks)
{
    size_t *pass = ctx;
    ++*pass;
    for (size_t half = 0; half < 2; half++)
        for (size_t i = 1 - half; i < blocks; i += 2)
            fn(arg, i, (i + *pass) % 3);
}

/* Costs, gradients and parameters of every epoch. */
typedef struct trace {
    double cost[EPOCHS + 1], gradient_norm[EPOCHS + 1], theta[EPOCHS + 1][MAX_PARAMS], rate;
} trace;

/* Two columns that correlate, so that the search for the rate is a short one. */
static problem blocks_of_rows(bool classes, uint64_t seed)
{
    gd_task task = classes ? GD_MULTICLASS : GD_REGRESSION;
    problem p = problem_for(task, 3, ROWS, COLS, seed);
    for (size_t i = 0; i < ROWS; i++)
        p.rows[COLS * i + 1] += 2 * p.rows[COLS * i];
    return p;
}

/* For numbers, for three classes, and for these by a network, in double and single precision: full
 * batches, batches of several blocks, and batches within one. */
static const uint64_t batches[] = {GD_FULL_BATCH, 2 * GD_BLOCK_ROWS + 1, 1000};
#define BATCHES (int)(sizeof batches / sizeof batches[0])

static trace follow(const gd_data *d, const gd_executor *executor, int number)
{
    uint64_t batch = batches[number % BATCHES];
    gd_spec spec = spec_defaults();
    spec.tol = 0;
    spec.epochs = EPOCHS;
    spec.batch_size = batch;
    spec.gram = GD_GRAM_NEVER; /* test_gram has that */
    if (d->classes)
        use_model(&spec, "softmax_regression");
    if (number >= 2 * BATCHES) {
        use_model(&spec, "mlp");
        set_param(&spec.model_hyper, spec.model->params, spec.model->params_count, "hidden_layers",
                  7);
        gd_spec_settle(&spec, d->classes, false);
        use_optimizer(&spec, "adam");
        spec.dtype = number >= 3 * BATCHES ? GD_FLOAT32 : GD_FLOAT64;
        spec.tol_on = GD_TOL_GRADIENT; /* which is then taken in each epoch */
    }
    trace tr;
    memset(&tr, 0, sizeof tr);
    gd_train *t;
    ck_assert_int_eq(gd_train_new(&t, d, &spec, NULL, executor, NULL), GD_OK);
    gd_step step;
    while ((step = gd_train_step(t)) != GD_STEP_DONE)
        if (step == GD_STEP_EPOCH) {
            const gd_state *s = gd_train_state(t);
            tr.cost[s->epoch] = s->cost;
            tr.gradient_norm[s->epoch] = s->gradient_norm;
            memcpy(tr.theta[s->epoch], gd_train_params(t), gd_train_params_len(t) * sizeof(double));
            tr.rate = s->learning_rate;
        }
    ck_assert_int_eq(gd_train_state(t)->stop, GD_STOP_MAX_EPOCHS);
    gd_train_free(t);
    return tr;
}

static void check_same(const trace *a, const trace *b, size_t threads)
{
    for (int e = 0; e <= EPOCHS; e++) {
        ck_assert_msg(a->cost[e] == b->cost[e], "%zu threads, epoch %d: cost %.17g, not %.17g",
                      threads, e, b->cost[e], a->cost[e]);
        ck_assert_msg(memcmp(a->theta[e], b->theta[e], sizeof a->theta[e]) == 0,
                      "%zu threads, epoch %d: other parameters", threads, e);
    }
    ck_assert_mem_eq(a, b, sizeof *a);
}

START_TEST(threads_in_racing_order_give_the_bits_of_the_serial_run)
{
    problem p = blocks_of_rows(_i >= BATCHES, 121);
    trace serial = follow(&p.data, NULL, _i);
    const size_t counts[] = {1, 2, 3, 7};
    for (int k = 0; k < 4; k++)
        for (int again = 0; again < 2; again++) {
            team t = {.threads = counts[k]};
            gd_executor executor = {.slots = counts[k], .run = run_threads, .ctx = &t};
            trace threaded = follow(&p.data, &executor, _i);
            check_same(&serial, &threaded, counts[k]);
            /* it did do the work: by blocks of rows, of a network by units */
            ck_assert_uint_eq(atomic_load(&t.most), _i < 2 * BATCHES ? 7 : GD_NET_UNITS);
            ck_assert_uint_ge(atomic_load(&t.done), 7 * EPOCHS);
        }
    problem_free(&p);
}
END_TEST

START_TEST(any_order_of_blocks_gives_the_bits_of_the_serial_run)
{
    problem p = blocks_of_rows(_i >= BATCHES, 122);
    trace serial = follow(&p.data, &gd_executor_serial, _i);
    trace none = follow(&p.data, NULL, _i);
    check_same(&serial, &none, 0);
    const gd_executor backwards = {.slots = 1, .run = run_backwards};
    trace other = follow(&p.data, &backwards, _i);
    check_same(&serial, &other, 1);
    size_t pass = 0;
    const gd_executor odd_first = {.slots = 3, .run = run_odd_first, .ctx = &pass};
    other = follow(&p.data, &odd_first, _i);
    check_same(&serial, &other, 1);
    ck_assert_uint_gt(pass, 0);
    problem_free(&p);
}
END_TEST

static void note(void *arg, size_t block, size_t slot)
{
    size_t *next = arg;
    ck_assert_uint_eq(slot, 0);
    ck_assert_uint_eq(block, *next);
    ++*next;
}

START_TEST(the_serial_executor_runs_each_block_once_in_order)
{
    size_t next = 0;
    ck_assert_uint_eq(gd_executor_serial.slots, 1);
    gd_executor_serial.run(gd_executor_serial.ctx, note, &next, 5);
    ck_assert_uint_eq(next, 5);
    gd_executor_serial.run(gd_executor_serial.ctx, note, &next, 0);
    ck_assert_uint_eq(next, 5);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("executor");
    tcase_add_loop_test(tc, threads_in_racing_order_give_the_bits_of_the_serial_run, 0,
                        4 * BATCHES);
    tcase_add_loop_test(tc, any_order_of_blocks_gives_the_bits_of_the_serial_run, 0, 4 * BATCHES);
    tcase_add_test(tc, the_serial_executor_runs_each_block_once_in_order);
    return run_case(tc, "executor");
}
