/* gd_metrics: against scikit-learn's values (golden/metrics.h) for recorded scores. The features
 * are the scores and the weights an identity, so nothing but the metrics is tested. */
#include "gd_metrics.h"
#include "gd_spec.h"
#include "problems.h"

#include "golden/metrics.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct recorded {
    const char *model;
    const double *scores, *targets;
    size_t rows, classes; /* classes: 0 of numbers and counts */
    const golden_metric *metrics;
    size_t metrics_count;
    const double *confusion;
} recorded;

static const recorded all[] = {
    {"linear_regression", regression_score, regression_target, COUNT(regression_target), 0,
     regression_metrics, COUNT(regression_metrics), NULL},
    {"poisson_regression", count_score, count_target, COUNT(count_target), 0, count_metrics,
     COUNT(count_metrics), NULL},
    {"logistic_regression", binary_score, binary_label, COUNT(binary_label), 2, binary_metrics,
     COUNT(binary_metrics), binary_confusion},
    {"softmax_regression", multiclass_scores, multiclass_label, COUNT(multiclass_label), 4,
     multiclass_metrics, COUNT(multiclass_metrics), multiclass_confusion},
};

START_TEST(metrics_are_those_of_scikit_learn)
{
    const recorded *r = &all[_i];
    const gd_model *model = gd_model_find(r->model);
    size_t outputs = model->task == GD_MULTICLASS ? r->classes : 1, count = 0;
    problem p = problem_of(r->scores, r->targets, r->rows, outputs);
    p.data.classes = r->classes;
    gd_shape shape = {outputs, true, outputs};
    double theta[20] = {0}, confusion[16];
    gd_metric found[GD_MAX_METRICS];
    for (size_t k = 0; k < outputs; k++)
        theta[k * outputs + k] = 1;
    ck_assert_int_eq(gd_metrics(model, &shape, theta, &p.data, &(gd_rows){.count = r->rows}, NULL,
                                found, &count, r->confusion ? confusion : NULL, NULL),
                     GD_OK);
    ck_assert_uint_eq(count, r->metrics_count); /* none without a value to compare with */
    for (size_t k = 0; k < r->metrics_count; k++)
        assert_close(metric(found, count, r->metrics[k].name), r->metrics[k].value, 1e-13);
    if (r->confusion)
        assert_same_bits(confusion, r->confusion, r->classes * r->classes);
    problem_free(&p);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("metrics_golden");
    tcase_add_loop_test(tc, metrics_are_those_of_scikit_learn, 0, COUNT(all));
    return run_case(tc, "metrics_golden");
}
