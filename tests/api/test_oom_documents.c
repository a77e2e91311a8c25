/* Where memory ends while requests are decoded and documents made. */
#include "api_catalog.h"
#include "api_change.h"
#include "api_dataset.h"
#include "api_job.h"
#include "api_model.h"
#include "api_openapi.h"
#include "api_preparation.h"
#include "api_statistics.h"
#include "api_sweep.h"
#include "api_text.h"
#include "oom.h"

#include <math.h>

static const char prepared[] =
    "{\"columns\": [{\"name\": \"city\", \"type\": \"categorical\", \"levels\": [\"Oslo\", \"Rome\"], "
    "\"reference_level\": \"Oslo\", \"fill\": \"Rome\", \"missing_indicator\": true}, {\"name\": \"a\", "
    "\"type\": \"numeric\", \"fill\": 2.5}], \"missing\": \"mean\", \"unknown_levels\": \"ignore\", "
    "\"features\": {\"polynomial\": 2, \"interactions_only\": false}}";

static void preparation(outcome *o)
{
    api_preparation a;
    bool ok = api_preparation_decode(prepared, &a, &o->p);
    for (size_t j = 0; ok && j < gd_prepare_outputs(a.core); j++) {
        char *name = api_preparation_name(&a, j);
        if (name)
            note(o, "%s ", name);
        else
            ok = api_problem_set(&o->p, API_UNAVAILABLE, "not enough memory");
        free(name);
    }
    if (ok)
        note_text(o, api_doc_take_text(api_preparation_encode(&a)));
    api_preparation_free(&a);
}

static const char request[] =
    "{\"name\": \"a job\", \"dataset\": {\"X\": [1, 2], \"y\": [3, 4]}, \"learning_rate\": 0.1, "
    "\"epochs\": 50, \"optimizer\": {\"name\": \"gd\"}, \"history_points\": \"all\", "
    "\"initial_parameters\": {\"coefficients\": [0.30000000000000004], \"b\": -1}}";

static void job_and_its_spec(outcome *o)
{
    api_job job;
    double *theta = NULL;
    if (api_job_decode(request, strlen(request), &job, &o->p)) {
        note(o, "%s %zu %zu\n", job.name, job.dataset_start, job.dataset_end);
        note_text(o, api_doc_print(api_job_encode_spec(&job, "ds_1")));
        if (o->p.code == API_NO_PROBLEM && api_job_initial(&job, 1, 0, &theta, &o->p))
            note(o, "%.17g %.17g", theta[0], theta[1]);
    }
    free(theta);
    api_job_free(&job);
}

static void job_with_mistakes(outcome *o)
{
    static const char text[] = "{\"dataset_id\": \"ds_1\", \"epochs\": \"many\", \"tolx\": 1, "
                               "\"optimizer\": \"adam\", \"initial_parameters\": []}";
    api_job job;
    api_job_decode(text, strlen(text), &job, &o->p);
    api_job_free(&job);
}

static const char grid[] =
    "{\"name\": \"a sweep\", \"job\": {\"dataset\": {\"X\": [1]}, \"optimizer\": \"adam\", "
    "\"validation_fraction\": 0.5}, \"grid\": {\"optimizer.beta1\": [0.5, 0.25], \"l2\": [1]}}";
static const char search[] =
    "{\"job\": {\"dataset_id\": \"d\"}, \"find_learning_rate\": true, \"random\": {\"n\": 3, "
    "\"fields\": {\"l2\": {\"distribution\": \"uniform\", \"low\": 1, \"high\": 2}, "
    "\"seed\": {\"distribution\": \"choice\", \"values\": [4, 5]}}}}";

static void sweep_and_its_children(outcome *o, const char *text)
{
    api_sweep s;
    bool ok = api_sweep_decode(text, strlen(text), &s, &o->p);
    for (size_t i = 0; ok && i < s.count; i++) {
        api_job job;
        cJSON *settings;
        ok = api_sweep_child(&s, i, &job, &settings, &o->p) &&
             api_sweep_admit(&s, &job, 0, &o->p);
        if (ok)
            note_text(o, api_doc_take_text(api_job_encode_spec(&job, "d")));
        if (ok)
            note_text(o, api_doc_text(settings));
        cJSON_Delete(settings);
        api_job_free(&job);
        ok = ok && o->p.code == API_NO_PROBLEM;
    }
    if (ok && api_sweep_conclude(&s, &o->p)) {
        note_text(o, api_doc_take_text(api_sweep_encode_spec(&s, "d")));
        note_text(o, api_doc_take_text(api_sweep_warnings(&s)));
    }
    api_sweep_free(&s);
}

static void sweep_of_a_grid(outcome *o)
{
    sweep_and_its_children(o, grid);
}

static void sweep_of_range_tests(outcome *o)
{
    sweep_and_its_children(o, search);
}

static void sweep_with_mistakes(outcome *o)
{
    static const char text[] = "{\"job\": {\"dataset_id\": \"d\"}, \"metric\": \"r3\", \"grid\": "
                               "{\"l2\": 1, \"name\": [2]}, \"gird\": {}}";
    api_sweep s;
    api_sweep_decode(text, strlen(text), &s, &o->p);
    api_sweep_free(&s);
}

static void child_with_mistakes(outcome *o)
{
    static const char text[] =
        "{\"job\": {\"dataset_id\": \"d\"}, \"grid\": {\"l2\": [-1], \"tol\": [7]}}";
    api_sweep s;
    if (api_sweep_decode(text, strlen(text), &s, &o->p)) {
        api_job job;
        cJSON *settings;
        api_problem own = no_problem(), seen = no_problem();
        api_sweep_child(&s, 0, &job, &settings, &own);
        if (own.code == API_INVALID)
            api_sweep_blame(&s, 0, settings, &own, &seen, &o->p);
        else
            o->p = own;
        cJSON_Delete(settings);
        api_job_free(&job);
    }
    api_sweep_free(&s);
}

static void sweep_document(outcome *o)
{
    const api_sweep_view v = {.id = "swp_1",
                              .name = "n",
                              .created_at = "now",
                              .metric = "validation_r2",
                              .children = 3,
                              .counts = {.running = 1, .succeeded = 1, .failed = 1}};
    const api_child_view child = {.job_id = "job_1",
                                  .state = "failed",
                                  .detail = "it rose",
                                  .settings = "{\"l2\": 0.1}",
                                  .number = 2,
                                  .metric = "r2",
                                  .value = NAN,
                                  .cost = 0.1,
                                  .validation_cost = NAN,
                                  .seconds = 0.5};
    static const gd_range_point curve[] = {{0.1, 3}, {0.2, 2}, {0.4, NAN}};
    cJSON *doc = cJSON_CreateObject(), *row;
    api_sweep_encode(doc, &v);
    row = api_doc_add_object(doc, "child");
    api_child_encode(row, &child);
    api_curve_encode(row, curve, COUNT(curve), true);
    note_text(o, api_doc_print(doc));
}

static void problem(outcome *o)
{
    api_problem p = no_problem();
    for (int i = 0; i < 20; i++)
        api_problem_field(&p, i % 2 ? "tol" : "epochs", "must be %d", i);
    note_text(o, api_problem_encode(&p));
}

static void job_document(outcome *o)
{
    const api_job_view v = {.id = "job_1",
                            .name = "a",
                            .dataset_id = "ds_1",
                            .state = "running",
                            .epochs = 300,
                            .epoch = 7,
                            .cost = 0.1,
                            .gradient_norm = NAN,
                            .finite = true,
                            .created_at = "2024-02-29T00:00:00Z",
                            .advice = "[{\"code\": \"x\", \"values\": [1, 0.1]}]",
                            .error = "{\"type\": \"t\"}",
                            .spec = "{\"epochs\": 300, \"a\": {}}"};
    cJSON *doc = cJSON_CreateObject();
    api_job_encode(doc, &v, false);
    note_text(o, api_doc_print(doc));
}

static const char *const names[] = {"tv", "radio"};
static const double numbers[] = {0.1, -1.0 / 3, 0.1 + 0.2, NAN, 5e-324};

static void model_document(outcome *o)
{
    cJSON *training = api_training_encode("ds_1", "n", "ab", 200, "{\"epochs\": 10}", "converged",
                                          7, 0.1, 1e-9, 0.5, 0.25);
    char *text = api_doc_take_text(training);
    const api_model_view v = {.id = "m",
                              .job_id = "j",
                              .name = "n",
                              .target = "sales",
                              .created_at = "now",
                              .model = gd_model_find("linear_regression"),
                              .shape = {2, true, 1},
                              .columns = names,
                              .theta = numbers,
                              .scaled = numbers,
                              .center = numbers,
                              .scale = numbers,
                              .metrics = "{\"mse\": 0.1, \"r2\": null}",
                              .validation_metrics = "{\"mse\": 0.2}",
                              .training = text};
    cJSON *doc = cJSON_CreateObject();
    api_model_encode(doc, &v, false);
    free(text);
    note_text(o, api_doc_print(doc));
}

static void predictions(outcome *o)
{
    const gd_shape shape = {2, true, 1};
    note_text(
        o, api_predictions_encode("model_1", NULL, gd_models[0], &shape, NULL, numbers, COUNT(numbers)));
}

static const double thirds[] = {0.1, 0.2, 0.7, 0.5, 0.25, 0.25, NAN, NAN, NAN};

static void predictions_of_two_classes(outcome *o)
{
    const gd_shape shape = {2, true, 1};
    note_text(o, api_predictions_encode("model_1", NULL, gd_model_find("logistic_regression"), &shape,
                                        "[\"no\", \"yes\"]", thirds, COUNT(thirds)));
    note_text(o, api_predictions_encode("model_1", NULL, gd_model_find("svm"), &shape, "[0, 1]", thirds,
                                        COUNT(thirds)));
}

static void predictions_of_three_classes(outcome *o)
{
    const gd_shape shape = {2, true, 3};
    note_text(o, api_predictions_encode("model_1", NULL, gd_model_find("softmax_regression"), &shape,
                                        "[\"a\", \"b\", \"c\"]", thirds, 3));
}

static void model_of_classes(outcome *o)
{
    static const double theta[] = {1, 2, 3, 4, 5, 6, 7, 8, 0.1};
    static const gd_metric scores[] = {{"accuracy", 0.9}, {"log_loss", NAN}};
    char *metrics = api_doc_take_text(api_metrics_encode(scores, 2, theta, 3));
    const api_model_view v = {.id = "m",
                              .job_id = "j",
                              .name = "n",
                              .target = "kind",
                              .created_at = "now",
                              .model = gd_model_find("softmax_regression"),
                              .shape = {2, true, 3},
                              .columns = names,
                              .theta = theta,
                              .classes = "[\"a\", \"b\", \"c\"]",
                              .metrics = metrics,
                              .training = "{}"};
    cJSON *doc = cJSON_CreateObject();
    if (metrics)
        api_model_encode(doc, &v, false);
    else
        cJSON_Delete(doc), doc = NULL;
    free(metrics);
    note_text(o, api_doc_print(doc));
}

static void catalog(outcome *o)
{
    note_digest(o, api_doc_print(api_catalog_encode(gd_kernels_best())));
}

static void openapi(outcome *o)
{
    note_digest(o, api_openapi_encode("1.2.3"));
}

static void dataset_document(outcome *o)
{
    static const gd_summary columns[] = {{.count = 3, .max = 1, .has_bins = true},
                                         {.count = 3, .mean = NAN, .std = INFINITY}};
    static char levels[2][8] = {"Oslo", "Rome"}, *of_radio[] = {levels[0], levels[1]};
    api_kind kinds[] = {{.type = API_NUMERIC, .missing = 2},
                        {.type = API_CATEGORICAL, .levels = of_radio, .levels_count = 2},
                        {.type = API_NUMERIC}};
    const api_dataset d = {
        .columns = (char **)names, .cols = 2, .target = (char *)"y", .kinds = kinds};
    char *stored = api_kinds_encode(&d);
    const api_dataset_view v = {.id = "ds_1",
                                .name = "n",
                                .target = "y",
                                .sha256 = "ab",
                                .created_at = "now",
                                .rows = 3,
                                .bytes = 100,
                                .columns = "[\"tv\", \"radio\"]",
                                .kinds = stored};
    api_text t = {0};
    for (size_t i = 0; i < 2; i++)
        api_statistics_add(&t, &(api_column_facts){.name = names[i],
                                                   .kind = &kinds[i],
                                                   .summary = &columns[i],
                                                   .levels = (const char *const *)kinds[i].levels,
                                                   .counts = (const uint32_t[]){1, 2},
                                                   .levels_count = kinds[i].levels_count});
    api_text_puts(&t, "]");
    char *statistics = api_text_take(&t);
    cJSON *doc = cJSON_CreateObject(), *list = NULL;
    if (statistics && stored) {
        api_dataset_encode(doc, &v);
        list = api_doc_add_array(doc, "statistics");
    }
    if (!list || !api_statistics_pick(list, statistics, (const size_t[]){1, 0}, 2, 3, false))
        cJSON_Delete(doc), doc = NULL;
    free(statistics);
    free(stored);
    note_text(o, api_doc_print(doc));
}

static void diverged(outcome *o)
{
    const gd_error err = {.field = "learning_rate", .message = "is too large"};
    const gd_shape line = {1, true, 1};
    note_text(o, api_doc_print(
                     api_diverged_encode(&err, 17, 0.25, 0.125, gd_models[0], &line, numbers, 16)));
}

static void change(outcome *o)
{
    static const char text[] = "{\"learning_rate\": 0.30000000000000004, \"epochs\": 50}";
    api_change c;
    if (!api_change_decode(text, strlen(text), &c, &o->p))
        return;
    cJSON *doc = cJSON_CreateObject();
    api_change_encode(doc, &c);
    note_text(o, api_doc_take_text(doc));
}

static void change_with_mistakes(outcome *o)
{
    static const char text[] = "{\"learning_rate\": \"fast\", \"tol\": 2, \"epoch\": 1}";
    api_change c;
    (void)!api_change_decode(text, strlen(text), &c, &o->p);
}

static void history(outcome *o)
{
    api_text t = {0};
    for (uint64_t i = 0; i < 20; i++) {
        const api_point point = {i, numbers[i % 5], numbers[(i + 1) % 5], 0.1, 0.2, (double)i};
        api_point_json(&t, &point, false, i == 0);
        api_point_csv(&t, &point);
    }
    note_text(o, api_text_take(&t));
}

static const oom_operation operations[] = {
#define X(name) {#name, name},
    X(job_and_its_spec) X(job_with_mistakes) X(problem) X(job_document) X(model_document)
    X(predictions) X(dataset_document) X(diverged) X(history) X(predictions_of_two_classes)
    X(predictions_of_three_classes) X(model_of_classes) X(catalog) X(openapi) X(change)
    X(change_with_mistakes) X(sweep_of_a_grid) X(sweep_of_range_tests) X(sweep_with_mistakes)
    X(child_with_mistakes) X(sweep_document) X(preparation)
#undef X
};

int main(void)
{
    return oom_main(operations, COUNT(operations), "api_oom_documents");
}
