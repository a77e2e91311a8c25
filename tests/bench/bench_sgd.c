/* bench_sgd: core trains on a matrix of doubles in a file and says what each epoch took.
 *
 *     bench_sgd X y rows cols model optimizer rate batch shuffle epochs [l2]
 *
 * X: rows x cols doubles, row-major; y: rows doubles; both are mapped, as the server maps a
 * dataset. Writes a line an epoch: seconds, seconds of the processor, cost; then the parameters. An
 * epoch is what it is for a job: the order of the rows, the updates, and the full objective's cost
 * and gradient after them. Serial: one thread.
 */
#include "gd_train.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const double *map(const char *path, size_t values)
{
    int fd = open(path, O_RDONLY);
    void *at =
        fd < 0 ? MAP_FAILED : mmap(NULL, values * sizeof(double), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (at == MAP_FAILED) {
        fprintf(stderr, "bench_sgd: can't map %s\n", path);
        exit(EXIT_FAILURE);
    }
    return at;
}

static void run(const gd_data *data, const gd_spec *spec)
{
    gd_error err = {0};
    gd_train *t;
    if (gd_train_new(&t, data, spec, NULL, NULL, &err) != GD_OK) {
        fprintf(stderr, "bench_sgd: %s: %s\n", err.field, err.message);
        exit(EXIT_FAILURE);
    }
    for (;;) {
        double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        gd_step step = gd_train_step(t);
        double took = seconds(CLOCK_MONOTONIC) - began;
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        if (step == GD_STEP_DONE)
            break;
        if (step == GD_STEP_EPOCH && gd_train_state(t)->epoch > 0)
            printf("%.9f %.9f %.17g\n", took, cpu, gd_train_state(t)->cost);
    }
    for (size_t i = 0; i < gd_train_params_len(t); i++)
        printf("%s%.17g", i ? " " : "", gd_train_params(t)[i]);
    putchar('\n');
    gd_train_free(t);
}

int main(int argc, char **argv)
{
    if (argc < 11) {
        fprintf(stderr, "usage: bench_sgd X y rows cols model optimizer rate batch shuffle epochs "
                        "[l2]\n");
        return EXIT_FAILURE;
    }
    size_t rows = strtoul(argv[3], NULL, 10), cols = strtoul(argv[4], NULL, 10);
    gd_spec spec;
    gd_spec_defaults(&spec);
    spec.model = gd_model_find(argv[5]);
    spec.optimizer = gd_optimizer_find(argv[6]);
    if (!spec.model || !spec.optimizer) {
        fprintf(stderr, "bench_sgd: no such model or optimizer\n");
        return EXIT_FAILURE;
    }
    gd_spec_default_cost(&spec);
    gd_param_defaults(&spec.optimizer_hyper, spec.optimizer->params, spec.optimizer->params_count);
    spec.learning_rate = strtod(argv[7], NULL);
    spec.batch_size = strtoul(argv[8], NULL, 10);
    spec.shuffle = strtoul(argv[9], NULL, 10) != 0;
    spec.epochs = strtoul(argv[10], NULL, 10);
    spec.l2 = argc > 11 ? strtod(argv[11], NULL) : 0;
    spec.tol = 0;
    spec.standardize = false;
    gd_data data = {.X = map(argv[1], rows * cols),
                    .y = map(argv[2], rows),
                    .rows = rows,
                    .cols = cols,
                    .classes = spec.model->task & GD_CLASSES ? 2 : 0};
    run(&data, &spec);
    return EXIT_SUCCESS;
}
