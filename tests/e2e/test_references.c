/* Fits against outside truth, through HTTP alone: upload the file, train, compare the parameters
 * and predictions with those that R, LIBLINEAR, scikit-learn, NumPy and NIST came to
 * (tests/data/reference/README.md says how they were made). A digit is a decimal digit in which
 * both agree, -log10 of the relative error, of the worst parameter; the table is printed. */
#include "e2e.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define REFERENCE TEST_DATA "/reference/"

typedef struct fit {
    const char *file, *name; /* the case `name` of the reference `file` */
    const char *model;       /* JSON, as the two below; penalties are the reference's */
    const char *optimizer;
    const char *settings; /* further fields of the job */
    double digits;        /* that must be reached: what is reached, less a margin of one or two */
    const char
        *not_before; /* what the server may not have yet (a name in its capabilities), or NULL */
} fit;

#define LINEAR "\"linear_regression\""
#define LOGISTIC "\"logistic_regression\""
#define SOFTMAX "\"softmax_regression\""
#define POISSON "\"poisson_regression\""
#define SVM "\"svm\""

#define GD "\"gd\""
#define MOMENTUM "\"momentum\""
#define NESTEROV "{\"name\": \"nesterov\", \"momentum\": 0.99}"
#define LBFGS "\"lbfgs\""

/* So many epochs, whatever tol would say. */
#define EPOCHS(n) "\"tol\": 0, \"epochs\": " #n
/* Columns as they lie, through the origin. */
#define AS_IT_IS "\"standardize\": false, \"intercept\": false, "
/* Costs with kinks: the rate has to fall. Towards a corner a steady factor wins digit after digit;
 * this one falls to 1.4e-11 of `rate`. */
#define FALLING(rate, cost)                                                                        \
    "\"cost\": " cost ", \"learning_rate\": " #rate                                                \
    ", \"schedule\": {\"name\": \"exponential\", \"gamma\": 0.9999}, " EPOCHS(250000)
/* As the reference's network, from its parameters and at its rate. */
#define MLP(task, layers, activation)                                                              \
    "{\"name\": \"mlp\", \"task\": \"" task "\", \"hidden_layers\": [" layers                      \
    "], \"activation\": \"" activation "\"}"
#define STEPS(rate) "\"standardize\": false, \"learning_rate\": " #rate ", " EPOCHS(500)

static const fit fits[] = {
    /* NIST */
    {"python.json", "norris", LINEAR, GD, EPOCHS(1000), 12},
    {"python.json", "pontius", LINEAR, GD, EPOCHS(20000), 10},
    {"python.json", "longley", LINEAR, NESTEROV, EPOCHS(200000), 11},
    {"python.json", "noint1", LINEAR, GD, AS_IT_IS EPOCHS(1000), 13},
    {"python.json", "noint2", LINEAR, GD, AS_IT_IS EPOCHS(1000), 13},
    {"python.json", "wampler1", LINEAR, NESTEROV, EPOCHS(1000000), 9},
    {"python.json", "norris", LINEAR, LBFGS, EPOCHS(1000), 8, "lbfgs"},
    {"python.json", "pontius", LINEAR, LBFGS, EPOCHS(1000), 7, "lbfgs"}, /* of a fit this close costs differ by rounding */
    {"python.json", "longley", LINEAR, LBFGS, EPOCHS(1000), 6, "lbfgs"},
    {"python.json", "noint1", LINEAR, LBFGS, AS_IT_IS EPOCHS(1000), 8, "lbfgs"},
    {"python.json", "wampler1", LINEAR, LBFGS, EPOCHS(1000), 6, "lbfgs"},
    /* regression */
    {"r.json", "swiss", LINEAR, GD, EPOCHS(20000), 12},
    {"r.json", "stackloss", LINEAR, GD, EPOCHS(20000), 12},
    {"python.json", "stackloss_huber", LINEAR, NESTEROV,
     "\"cost\": {\"name\": \"huber\", \"delta\": 1.345}, " EPOCHS(20000), 12},
    {"python.json", "stackloss_log_cosh", LINEAR, NESTEROV,
     "\"cost\": \"log_cosh\", " EPOCHS(20000), 12},
    {"r.json", "stackloss_median", LINEAR, MOMENTUM, FALLING(0.1, "\"mae\""), 9},
    {"r.json", "engel_median", LINEAR, MOMENTUM, FALLING(0.2, "\"mae\""), 11},
    {"r.json", "engel_09", LINEAR, MOMENTUM, FALLING(0.2, "{\"name\": \"quantile\", \"q\": 0.9}"),
     11},
    {"python.json", "swiss_epsilon_insensitive", LINEAR, MOMENTUM,
     AS_IT_IS FALLING(0.1, "{\"name\": \"epsilon_insensitive\", \"epsilon\": 5}"), 6},
    /* classes and counts */
    {"r.json", "mtcars_am", LOGISTIC, NESTEROV, EPOCHS(100000), 12},
    {"r.json", "infert", LOGISTIC, NESTEROV, EPOCHS(20000), 12},
    {"r.json", "warpbreaks", POISSON, GD, "\"learning_rate\": 0.03, " EPOCHS(20000), 12},
    {"r.json", "insect_sprays", POISSON, GD, "\"learning_rate\": 0.03, " EPOCHS(20000), 11},
    {"r.json", "quine", POISSON, GD, "\"learning_rate\": 0.03, " EPOCHS(20000), 12},
    /* weights and offsets */
    {"r.json", "swiss_weighted", LINEAR, GD, EPOCHS(20000), 12},
    {"r.json", "infert_balanced", LOGISTIC, NESTEROV, EPOCHS(20000), 12},
    {"r.json", "insurance", POISSON, NESTEROV, "\"learning_rate\": 0.003, " EPOCHS(50000), 12},
    {"r.json", "insurance", POISSON, LBFGS, EPOCHS(1000), 6},
    /* the step by backtracking: it ends where the cost's own digits do */
    {"r.json", "warpbreaks", POISSON, GD, EPOCHS(20000), 6},
    {"r.json", "insect_sprays", POISSON, GD, EPOCHS(20000), 5},
    {"r.json", "quine", POISSON, GD, EPOCHS(20000), 6},
    {"r.json", "mtcars_am", LOGISTIC, LBFGS, EPOCHS(1000), 6, "lbfgs"},
    {"r.json", "infert", LOGISTIC, LBFGS, EPOCHS(1000), 6, "lbfgs"},
    {"r.json", "warpbreaks", POISSON, LBFGS, EPOCHS(1000), 6, "lbfgs"},
    {"r.json", "quine", POISSON, LBFGS, EPOCHS(1000), 6, "lbfgs"},
    {"python.json", "airquality", SOFTMAX, LBFGS, EPOCHS(1000), 6, "lbfgs"},
    {"r.json", "airquality", SOFTMAX, NESTEROV, EPOCHS(20000), 7},
    {"python.json", "airquality", SOFTMAX, NESTEROV, EPOCHS(20000), 12},
    {"r.json", "chickwts", SOFTMAX, NESTEROV, EPOCHS(20000), 6},
    {"python.json", "chickwts", SOFTMAX, NESTEROV, EPOCHS(20000), 12},
    /* penalties */
    {"python.json", "iris_softmax_l2_sklearn", SOFTMAX, NESTEROV, EPOCHS(20000), 7},
    {"python.json", "iris_softmax_l2", SOFTMAX, NESTEROV, EPOCHS(20000), 10},
    {"r.json", "mtcars_lasso", LINEAR, GD, EPOCHS(100000), 12},
    {"r.json", "mtcars_elastic_net", LINEAR, GD, EPOCHS(100000), 11},
    {"r.json", "mtcars_ridge", LINEAR, GD, EPOCHS(100000), 11},
    {"r.json", "infert_lasso", LOGISTIC, GD, EPOCHS(20000), 12},
    {"r.json", "infert_elastic_net", LOGISTIC, GD, EPOCHS(20000), 12},
    {"r.json", "quine_elastic_net", POISSON, GD, "\"learning_rate\": 0.03, " EPOCHS(20000), 11},
    {"r.json", "quine_elastic_net", POISSON, GD, EPOCHS(20000), 6},
    {"python.json", "swiss_non_negative", LINEAR, GD, "\"non_negative\": true, " EPOCHS(20000), 11,
     "non_negative"},
    {"python.json", "iris_logistic_l2", LOGISTIC, NESTEROV, AS_IT_IS EPOCHS(20000), 12},
    {"python.json", "iris_logistic_l1", LOGISTIC, GD, AS_IT_IS EPOCHS(20000), 6},
    {"python.json", "iris_squared_hinge", SVM, NESTEROV, AS_IT_IS EPOCHS(20000), 10},
    {"python.json", "iris_hinge", SVM, MOMENTUM, AS_IT_IS FALLING(0.1, "\"hinge\""), 9},
    /* networks */
    {"python.json", "mlp_regression_tanh", MLP("regression", "4, 3", "tanh"), GD, STEPS(0.005), 12,
     "mlp"},
    {"python.json", "mlp_regression_relu", MLP("regression", "6", "relu"), GD, STEPS(0.01), 12,
     "mlp"},
    {"python.json", "mlp_binary_gelu", MLP("binary", "5", "gelu"), GD, STEPS(0.2), 12, "mlp"},
    {"python.json", "mlp_binary_identity", MLP("binary", "2", "identity"), GD, STEPS(0.2), 12,
     "mlp"},
    {"python.json", "mlp_multiclass_sigmoid", MLP("multiclass", "5, 4", "sigmoid"), GD, STEPS(0.1),
     12, "mlp"},
};

static e2e_server *s;

static void start(void)
{
    s = e2e_start(NULL);
}

static void stop(void)
{
    e2e_stop(s);
}

/* The file's text; the caller frees it. */
static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s", path);
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *text = calloc(n + 1, 1);
    ck_assert_uint_eq(fread(text, 1, n, f), n);
    fclose(f);
    return text;
}

/* ---- comparing ---- */

/* Decimal digits that agree, 15 at most. A 0 of the reference must be one, exactly: a penalty or a
 * bound made it. */
static double digits(double got, double reference)
{
    if (!isfinite(got))
        return 0;
    if (reference == 0)
        return got == 0 ? 15 : 0;
    double error = fabs(got - reference) / fabs(reference);
    return error == 0 ? 15 : fmax(0, fmin(15, -log10(error)));
}

/* The digits of the worst number; every number, array and member of the reference must be there. */
static double worst(const cJSON *got, const cJSON *reference)
{
    if (cJSON_IsNumber(reference)) {
        ck_assert(cJSON_IsNumber(got));
        return digits(got->valuedouble, reference->valuedouble);
    }
    double least = 15;
    const cJSON *item, *other = got ? got->child : NULL;
    ck_assert_int_gt(cJSON_GetArraySize(reference), 0);
    if (cJSON_IsArray(reference))
        ck_assert_int_eq(cJSON_GetArraySize(got), cJSON_GetArraySize(reference));
    cJSON_ArrayForEach (item, reference) {
        const cJSON *its = cJSON_IsArray(reference) ? other : e2e_at(got, item->string);
        least = fmin(least, worst(its, item));
        other = other ? other->next : NULL;
    }
    return least;
}

/* Each row less the first one, which goes: the likelihood knows differences alone. */
static void subtract_first(cJSON *rows)
{
    cJSON *first = cJSON_DetachItemFromArray(rows, 0), *row;
    cJSON_ArrayForEach (row, rows) {
        if (cJSON_IsNumber(row))
            row->valuedouble -= first->valuedouble;
        for (cJSON *a = row->child, *b = first->child; a; a = a->next, b = b->next)
            a->valuedouble -= b->valuedouble;
    }
    cJSON_Delete(first);
}

/* ---- asking ---- */

static bool offers(const char *name)
{
    static const char *const families[] = {"models", "optimizers", "settings"};
    e2e_reply r = e2e_get(s, "/v1/capabilities");
    bool found = false;
    for (size_t k = 0; k < COUNT(families); k++) {
        const cJSON *member;
        cJSON_ArrayForEach (member, e2e_at(r.json, families[k]))
            found |= strcmp(e2e_string(member, "name"), name) == 0;
    }
    e2e_reply_free(&r);
    return found;
}

/* Uploads the reference's data; the target is the last column. Keeps the header and five rows in
 * head (1024 bytes). */
static void upload(const cJSON *reference, char id[32], char *head)
{
    char path[1024], url[256];
    snprintf(path, sizeof path, TEST_DATA "/%s", e2e_string(reference, "data"));
    char *csv = read_file(path), *end = strchr(csv, '\n'), *target = end;
    while (target > csv && target[-1] != ',')
        target--;
    snprintf(url, sizeof url, "/v1/datasets?target=%.*s", (int)(end - target), target);
    e2e_reply r = e2e_post_csv(s, url, csv);
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    for (int k = 0; k < 5 && end[1]; k++)
        end = strchr(end + 1, '\n');
    snprintf(head, 1024, "%.*s", (int)(end + 1 - csv), csv);
    free(csv);
}

/* What the reference says of the problem goes into the job. Returns the ended job. */
static e2e_reply train(const fit *f, const cJSON *reference, const char *dataset)
{
    static const char *const taken[][2] = {{"l1", "l1"},
                                           {"l2", "l2"},
                                           {"initial_parameters", "initial_parameters"},
                                           {"offset", "offset"},
                                           {"weights", "sample_weight"},
                                           {"class_weight", "class_weight"}};
    char text[1024], id[32];
    snprintf(text, sizeof text, "{\"dataset_id\": \"%s\", \"model\": %s, \"optimizer\": %s, %s}",
             dataset, f->model, f->optimizer, f->settings);
    cJSON *job = cJSON_Parse(text);
    ck_assert_msg(job != NULL, "%s", text);
    for (size_t k = 0; k < COUNT(taken); k++)
        if (cJSON_HasObjectItem(reference, taken[k][0]))
            cJSON_AddItemReferenceToObject(job, taken[k][1],
                                           cJSON_GetObjectItem(reference, taken[k][0]));
    char *body = cJSON_PrintUnformatted(job);
    e2e_job(s, body, id);
    cJSON_free(body);
    cJSON_Delete(job);
    return e2e_wait(s, id);
}

/* The digits of the predictions of the first rows (numbers, or probabilities of classes). */
static double of_predictions(const cJSON *reference, const char *model, const char *head)
{
    char url[128];
    snprintf(url, sizeof url, "/v1/models/%s/predictions", model);
    e2e_reply r = e2e_post_csv(s, url, head);
    ck_assert_msg(r.status == 200, "%s", r.body);
    const cJSON *item, *classes = cJSON_GetObjectItem(r.json, "probabilities");
    const cJSON *got = classes ? classes->child : e2e_at(r.json, "predictions")->child;
    double least = 15;
    cJSON_ArrayForEach (item, reference) {
        ck_assert(got != NULL);
        /* of two classes a reference gives the probability of the second */
        bool second = classes && cJSON_IsNumber(item);
        least = fmin(least, worst(second ? cJSON_GetArrayItem(got, 1) : got, item));
        got = got->next;
    }
    e2e_reply_free(&r);
    return least;
}

/* ---- standard errors ---- */

/* What the server says of coefficient k; references have the intercept first. */
static const cJSON *inferred(const cJSON *model, int k, bool intercept)
{
    const cJSON *list = e2e_at(model, "inference.coefficients"), *item;
    int column = intercept; /* the first that is not the intercept */
    cJSON_ArrayForEach (item, list) {
        bool constant = cJSON_IsNull(e2e_at(item, "column"));
        if (constant ? k == 0 : k == column)
            return item;
        column += !constant;
    }
    ck_abort_msg("there are not so many coefficients");
    return NULL;
}

/* What must be reached of these. R's are those of the iteration before its last, where fits of glm
 * have seven digits or so. */
static double sure_digits(const fit *f)
{
    return strcmp(f->model, LINEAR) == 0 ? 12 : 5;
}

/* The digits of R's summary: standard errors, t or z, p-values, confidence intervals of 95%, and
 * variance inflation; of NIST's certified standard errors. 15 where a reference has none. */
static double of_inference(const cJSON *reference, const cJSON *model, bool intercept)
{
    static const char *const columns[] = {"estimate", "std_error", "statistic", "p_value"};
    const cJSON *summary = cJSON_GetObjectItem(reference, "summary"), *item,
                *certified = cJSON_GetObjectItem(reference, "std_errors"),
                *intervals = cJSON_GetObjectItem(summary, "confint_95"),
                *vif = cJSON_GetObjectItem(summary, "vif");
    double least = 15;
    int k = 0;
    cJSON_ArrayForEach (item, certified) {
        if (item->valuedouble > 0) /* that of a perfect fit is rounding */
            least = fmin(least, worst(e2e_at(inferred(model, k, intercept), "std_error"), item));
        k++;
    }
    k = 0;
    cJSON_ArrayForEach (item, cJSON_GetObjectItem(summary, "table")) {
        for (int j = 1; j < 4; j++)
            least = fmin(least, worst(e2e_at(inferred(model, k, intercept), columns[j]),
                                      cJSON_GetArrayItem(item, j)));
        k++;
    }
    k = 0;
    cJSON_ArrayForEach (item, intervals) {
        const cJSON *mine = inferred(model, k++, intercept);
        least = fmin(least, worst(e2e_at(mine, "low"), cJSON_GetArrayItem(item, 0)));
        least = fmin(least, worst(e2e_at(mine, "high"), cJSON_GetArrayItem(item, 1)));
    }
    k = intercept;
    cJSON_ArrayForEach (item, vif)
        least = fmin(least, worst(e2e_at(inferred(model, k++, intercept), "vif"), item));
    return least;
}

/* ---- tests ---- */

/* A line of the table begins: what, fitted how, compared with what. */
static void print_fit(const fit *f, const cJSON *job)
{
    const cJSON *optimizer = e2e_at(job, "spec.optimizer");
    if (cJSON_IsObject(optimizer))
        optimizer = e2e_at(optimizer, "name");
    printf("%-26s %-9s %-12s", f->name, optimizer->valuestring, f->file);
}

START_TEST(a_fit_agrees_with_its_reference)
{
    const fit *f = &fits[_i];
    if (f->not_before && !offers(f->not_before)) {
        printf("%-26s %-12s not offered yet: %s\n", f->name, f->file, f->not_before);
        return;
    }
    char path[1024], id[32], head[1024];
    snprintf(path, sizeof path, REFERENCE "%s", f->file);
    char *text = read_file(path);
    cJSON *all = cJSON_Parse(text);
    const cJSON *reference = e2e_at(e2e_at(all, "cases"), f->name);
    upload(reference, id, head);
    e2e_reply job = train(f, reference, id);
    ck_assert_msg(strcmp(e2e_string(job.json, "state"), "succeeded") == 0, "%s", job.body);
    const char *model = e2e_string(job.json, "model_id");
    e2e_reply m = e2e_getf(s, "/v1/models/%s", model);
    cJSON *parameters = cJSON_GetObjectItem(m.json, "parameters");
    if (cJSON_HasObjectItem(reference, "against_first_class")) {
        subtract_first(cJSON_GetObjectItem(parameters, "intercept"));
        subtract_first(cJSON_GetObjectItem(parameters, "coefficients"));
    }
    double reached = worst(parameters, e2e_at(reference, "parameters"));
    print_fit(f, job.json);
    printf(" parameters %4.1f digits", reached);
    const cJSON *predictions = cJSON_GetObjectItem(reference, "predictions");
    double predicted = predictions ? of_predictions(predictions, model, head) : 15;
    if (predictions)
        printf(", predictions %4.1f", predicted);
    bool sure =
        cJSON_HasObjectItem(reference, "summary") || cJSON_HasObjectItem(reference, "std_errors");
    double inference = of_inference(reference, m.json, !strstr(f->settings, AS_IT_IS));
    if (sure)
        printf(", inference %4.1f", inference);
    printf(", %.2f s\n", e2e_number(job.json, "seconds"));
    if (getenv("DESCENTD_SHOW_DIGITS")) {
        char *p = cJSON_PrintUnformatted(parameters);
        printf("    %s\n", p);
        free(p);
    }
    ck_assert_msg(reached >= f->digits, "%s: %g digits, not %g", f->name, reached, f->digits);
    ck_assert_msg(inference >= sure_digits(f), "%s: inference %g digits, not %g", f->name,
                  inference, sure_digits(f));
    ck_assert_msg(predicted >= f->digits, "%s: predictions %g digits, not %g", f->name, predicted,
                  f->digits);
    e2e_reply_free(&m);
    e2e_reply_free(&job);
    cJSON_Delete(all);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("references");
    TCase *tc = tcase_create("references");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, start, stop);
    tcase_add_loop_test(tc, a_fit_agrees_with_its_reference, 0, COUNT(fits));
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
