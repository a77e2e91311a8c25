/* The k-th allocation fails, for every k: api either says so and hands nothing back, or the
 * result is whole; it is never cut short, and no block is lost.
 *
 * The linker puts these functions in the place of malloc and friends (-Wl,--wrap), cJSON gets
 * them by cJSON_InitHooks. Check, which is a static library, gets them too: so they count and
 * fail only between watch and unwatch, where nothing of Check is called.
 */
#include "api_catalog.h"
#include "api_change.h"
#include "api_dataset.h"
#include "api_statistics.h"
#include "api_job.h"
#include "api_model.h"
#include "api_multipart.h"
#include "api_openapi.h"
#include "api_preparation.h"
#include "api_reader.h"
#include "api_sweep.h"
#include "api_tests.h"
#include "api_text.h"

#include <math.h>
#include <stdarg.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *s);

static bool watching, for_good; /* for_good: all after the k-th fail too */
static long fail_at;            /* the allocation that fails, counted from 1; 0: none */
static long allocations;        /* asked for since watching began */
static long live;               /* blocks taken and not given back, while watching */

static void watch(long k, bool all_after)
{
    fail_at = k;
    for_good = all_after;
    allocations = live = 0;
    watching = true;
}

static bool refuse(void)
{
    if (!watching)
        return false;
    allocations++;
    return fail_at && (for_good ? allocations >= fail_at : allocations == fail_at);
}

static void *count(void *block)
{
    live += watching && block != NULL;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (refuse())
        return NULL;
    return old ? __real_realloc(old, size) : count(__real_malloc(size));
}

void __wrap_free(void *block)
{
    live -= watching && block != NULL;
    __real_free(block);
}

char *__wrap_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = __wrap_malloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}

/* ---- what is done, and what came of it, written down without an allocation ---- */

typedef struct outcome {
    char text[16384];
    size_t len;
    api_problem p;
} outcome;

static void note(outcome *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    o->len += (size_t)vsnprintf(o->text + o->len, sizeof o->text - o->len, fmt, ap);
    va_end(ap);
}

/* A text that an encoder made; NULL is how it says that there was no memory. */
static void note_text(outcome *o, char *text)
{
    if (text)
        note(o, "%s\n", text);
    else
        api_problem_set(&o->p, API_UNAVAILABLE, "no text");
    free(text);
}

/* Of a long text its length and a hash. */
static void note_digest(outcome *o, char *text)
{
    uint64_t hash = 1469598103934665603u;
    for (const char *c = text; c && *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    if (text)
        note(o, "%zu %" PRIx64, strlen(text), hash);
    else
        api_problem_set(&o->p, API_UNAVAILABLE, "no text");
    free(text);
}

static bool note_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    (void)p;
    for (size_t i = 0; i < n; i++)
        note(ctx, "%.17g ", v[i]);
    return true;
}

static bool note_targets(void *ctx, const double *v, size_t n, api_problem *p)
{
    note(ctx, "y: ");
    return note_values(ctx, v, n, p);
}

static bool note_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                         api_problem *p)
{
    for (size_t i = 0; i < n; i++)
        note(ctx, "%u:", (unsigned)columns[i]);
    return note_values(ctx, v, n, p);
}

static bool note_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    (void)p;
    for (size_t i = 0; i < n; i++)
        note(ctx, "<%u ", (unsigned)ends[i]);
    return true;
}

/* In pieces of `step` bytes: tokens that are whole and tokens that are gathered. */
static void read_bytes(outcome *o, const char *format, const api_read_options *options,
                       const char *text, size_t n, size_t step)
{
    const api_format *f = api_format_find(format, &o->p);
    const api_sink sink = {o, note_values, note_targets, note_entries, note_ends, NULL, NULL, NULL};
    api_dataset d = {0};
    void *reader = f->open(options, &sink);
    bool ok = reader || api_problem_set(&o->p, API_UNAVAILABLE, "no reader");
    for (size_t at = 0; ok && at < n; at += step)
        ok = f->feed(reader, text + at, n - at < step ? n - at : step, &o->p);
    if (ok && f->finish(reader, &d, &o->p)) {
        for (size_t i = 0; i < d.labels_count; i++)
            note(o, "%zu = %s ", i, d.labels[i]);
        note(o, "\n%s %s %zu %zu %zu:", d.name, d.target ? d.target : "-", (size_t)d.rows, d.stored,
             d.target_at);
        for (size_t i = 0; !d.sparse && i < d.cols; i++)
            note(o, " %s %zu", d.columns[i], d.features[i]);
    }
    f->close(reader);
    api_dataset_free(&d);
}

static void read_upload(outcome *o, const char *format, const api_read_options *options,
                        const char *text, size_t step)
{
    read_bytes(o, format, options, text, strlen(text), step);
}

static const api_read_options train = {.labelled = true, .name = "n"}, predict = {0};

static void json_matrix(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"name\": \"ads\", \"columns\": [\"tv\", \"radio\"], \"target\": \"sales\", "
                "\"X\": [[230.1, 37.8], [44.5, 39.3]], \"y\": [22.1, 10.4]}",
                1);
}

static void json_flat(outcome *o)
{
    read_upload(o, NULL, &train, "{\"X\": [1, 2, 3], \"y\": [4, 5, 6]}", 100);
}

static void json_records(outcome *o)
{
    read_upload(
        o, NULL, &train,
        "{\"data\": [{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,"
        "\"j\":1,\"k\":2,\"l\":3,\"m\":4,\"n\":5,\"o\":6,\"p\":7,\"q\":\"text\",\"r\":9},"
        "{\"r\":1,\"q\":2,\"p\":3,\"o\":4,\"n\":5,\"m\":6,\"l\":7,\"k\":8,\"j\":9,\"i\":1,"
        "\"h\":2,\"g\":3,\"f\":4,\"e\":5,\"d\":6,\"c\":7,\"b\":8,\"a\":9}],"
        "\"columns\": [\"c\", \"a\", \"r\"], \"target\": \"d\"}",
        3);
}

static void json_labels(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"y\": [\"setosa\", \"virginica\", \"setosa\"], \"X\": [1, 2, 3]}", 4);
}

static void json_record_labels(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"data\": [{\"kind\": \"setosa\", \"x\": 1, \"note\": \"a\"}, {\"x\": 2, "
                "\"note\": \"b\", \"kind\": \"virginica\"}, {\"kind\": \"setosa\", \"x\": 3, "
                "\"note\": 7}], \"columns\": [\"x\"], \"target\": \"kind\"}",
                5);
}

static void csv_labels(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "kind"};
    read_upload(o, "text/csv", &options, "x,kind\n1,setosa\n2,virginica\n3,setosa\n4,\"a,b\"\n", 3);
}

static void json_columns(outcome *o)
{
    read_upload(o, "application/json", &train,
                "{\"columns\": {\"a\": [1, 2], \"b\": [3, 4], \"y\": [\"u\", \"v\"]}}", 3);
}

static void lines_of_records(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "y"};
    read_upload(o, "application/x-ndjson", &options,
                "{\"a\": 1, \"b\": 2, \"y\": 3}\n{\"y\": 1, \"b\": 2, \"a\": 3}\n", 5);
}

static void lines_of_arrays(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "y"};
    read_upload(o, "application/x-ndjson", &options, "[\"a\", \"y\"]\n[1, \"u\"]\n[2, \"v\"]\n", 5);
}

static const api_read_options mixed = {.labelled = true, .target = "y"};

static void json_mixed_matrix(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"types\": {\"x1\": \"categorical\", \"x3\": \"ignore\"}, \"X\": [[\"Rome\", true, 1, "
                "\"2024-05-01\"], [7, null, 2, null]], \"y\": [true, false]}",
                3);
}

static void json_mixed_records(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"types\": {\"id\": \"ignore\"}, \"data\": [{\"id\": 1, \"city\": \"Rome\", \"y\": 1}, "
                "{\"city\": \"Oslo\", \"y\": null, \"id\": {}}], \"target\": \"y\"}",
                3);
}

static void csv_mixed(outcome *o)
{
    read_upload(o, "text/csv", &mixed, "city,a,y\nRome,NA,1\nOslo,2,\n\"Rome\",?,3\n", 3);
}

static void mixed_with_mistakes(outcome *o)
{
    read_upload(o, NULL, &train,
                "{\"data\": [{\"a\": 1, \"y\": 1}, {\"a\": \"Rome\", \"y\": []}], \"target\": \"y\", "
                "\"types\": {\"b\": \"numeric\"}}",
                3);
}

static void types_of_a_query(outcome *o)
{
    api_types t = {0};
    if (api_types_read(&t, "city:categorical,when:datetime,id:ignore", &o->p))
        note(o, "%d %d", (int)api_types_find(&t, "when"), (int)api_types_find(&t, "x"));
    api_types_free(&t);
}

static void types_of_a_model(outcome *o)
{
    static const char *const columns[] = {"c", "a", "b"};
    static const api_type types[] = {API_NUMERIC, API_CATEGORICAL, API_BOOLEAN};
    api_types t = {0};
    if (api_types_fill(&t, columns, types, 3))
        note(o, "%d %d", (int)api_types_find(&t, "a"), (int)api_types_find(&t, "b"));
    else
        api_problem_set(&o->p, API_UNAVAILABLE, "not enough memory");
    api_types_free(&t);
}

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

static void table_without_a_header(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "x2"};
    read_upload(o, "text/tab-separated-values", &options, "1\t2\n3\t4\n", 5);
}

static void json_with_mistakes(outcome *o)
{
    read_upload(o, NULL, &train, "{\"nmae\": 1, \"X\": [[1]], \"y\": [1, 2], \"columns\": [7]}", 5);
}

static void csv_table(outcome *o)
{
    static const char *const columns[] = {"c", "a"};
    const api_read_options options = {
        .labelled = true, .name = "n", .target = "y", .columns = columns, .columns_count = 2};
    read_upload(o, "text/csv", &options,
                "\xef\xbb\xbf"
                "a,\"note, long\",y,c\r\n1,\"two\nlines\",2,3\r\n4,\"0123456789012345678"
                "9012345678901234567890123456789012345678901234567890123456789012345678901234567890"
                "1234567890123456789012345678901234567890123456789012345678901234567890123456789012"
                "3456789012345678901234567890123456789012345678901234567890123456789012345678901234"
                "56789012345678901234567890\",5,6\r\n",
                7);
}

static void csv_of_many_columns(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "t"};
    read_upload(o, "text/csv", &options,
                "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t\n"
                "1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2\n",
                11);
}

static void csv_of_one_column(outcome *o)
{
    read_upload(o, "text/csv", &predict, "x\n1\n2\n", 100);
}

static void csv_with_mistakes(outcome *o)
{
    read_upload(o, "text/csv", &train, "a,,b\n1,2,3\n", 100);
}

static void sparse_lines(outcome *o)
{
    const api_read_options options = {.labelled = true, .name = "n", .target = "t"};
    read_upload(o, "text/x-libsvm", &options, "low 1:2 7:3 # why\nhigh qid:1 2:0.5\nlow\n", 4);
}

static void sparse_rows(outcome *o)
{
    static const char *const columns[] = {"b", "a"};
    const api_read_options options = {
        .labelled = true, .columns = columns, .columns_count = 2, .in_order = true};
    read_upload(o, NULL, &options,
                "{\"sparse_X\": [{\"a\": 1, \"b\": 2}, {}], \"y\": [\"u\", \"v\"]}", 5);
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

/* ---- arrays of NumPy, packed bytes, forms ---- */

typedef struct recorded {
    char bytes[4096];
    size_t n;
} recorded;

static recorded array, archive, packed;

/* The file of this name in tests/data/numpy/arrays.txt. */
static void load(recorded *to, const char *wanted)
{
    static char line[32768], hex[16384];
    char name[64];
    FILE *f = fopen(TEST_DATA "/numpy/arrays.txt", "r");
    while (f && to->n == 0 && fgets(line, sizeof line, f))
        if (sscanf(line, "%*s %63s %*s %*s %16383s", name, hex) == 2 && strcmp(name, wanted) == 0)
            for (; to->n < strlen(hex) / 2; to->n++)
                sscanf(hex + 2 * to->n, "%2hhx", (unsigned char *)&to->bytes[to->n]);
    if (!f || to->n == 0)
        abort();
    fclose(f);
}

static void array_in_columns(outcome *o)
{
    const api_read_options options = {.labelled = true, .target = "x2"};
    read_bytes(o, "application/octet-stream", &options, array.bytes, array.n, 30);
}

static void archive_with_labels(outcome *o)
{
    read_bytes(o, "application/x-npz", &train, archive.bytes, archive.n, 50);
}

static bool note_bytes(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    (void)p;
    note(ctx, "%.*s", (int)n, bytes);
    return true;
}

static void packed_bytes(outcome *o)
{
    api_decoder *d =
        api_decoder_new(api_encoding_of_file("x.gz"), 1000, (api_bytes){o, note_bytes});
    if (!d)
        api_problem_set(&o->p, API_UNAVAILABLE, "no decoder");
    else if (api_decoder_feed(d, packed.bytes, packed.n, &o->p))
        api_decoder_finish(d, &o->p);
    api_decoder_free(d);
}

static bool note_part(void *ctx, const api_part *part, api_problem *p)
{
    (void)p;
    note(ctx, "%s %s:", part->name, part->filename ? part->filename : "-");
    return true;
}

static bool note_end(void *ctx, api_problem *p)
{
    (void)p;
    note(ctx, ";");
    return true;
}

static void form(outcome *o)
{
    static const char body[] = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XX--";
    api_multipart *m =
        api_multipart_new("multipart/form-data; boundary=XX",
                          (api_part_taker){o, note_part, note_bytes, note_end}, &o->p);
    if (m && api_multipart_feed(m, body, sizeof body - 1, &o->p))
        api_multipart_finish(m, &o->p);
    api_multipart_free(m);
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

static const struct {
    const char *name;
    void (*run)(outcome *o);
} operations[] = {
#define X(name) {#name, name},
    X(sparse_lines) X(sparse_rows) X(json_columns) X(lines_of_records) X(lines_of_arrays) X(table_without_a_header)
        X(json_matrix) X(json_flat) X(json_records) X(json_with_mistakes) X(csv_table)
        X(csv_of_many_columns) X(csv_of_one_column) X(csv_with_mistakes) X(job_and_its_spec)
            X(job_with_mistakes) X(problem) X(job_document) X(model_document) X(predictions)
                X(dataset_document) X(diverged) X(history) X(json_labels) X(json_record_labels)
                    X(csv_labels) X(predictions_of_two_classes) X(predictions_of_three_classes)
                        X(model_of_classes) X(catalog) X(openapi) X(change)
                            X(change_with_mistakes) X(sweep_of_a_grid) X(sweep_of_range_tests)
                                X(sweep_with_mistakes) X(child_with_mistakes) X(sweep_document)
        X(json_mixed_matrix) X(json_mixed_records) X(csv_mixed) X(mixed_with_mistakes)
            X(types_of_a_query) X(types_of_a_model) X(preparation)
        X(array_in_columns) X(archive_with_labels) X(packed_bytes) X(form)
#undef X
};

/* Runs it with the k-th allocation failing; says how many were asked for. */
static long run(int which, long k, bool all_after, outcome *o)
{
    memset(o, 0, sizeof *o);
    watch(k, all_after);
    operations[which].run(o);
    watching = false;
    ck_assert_uint_lt(o->len, sizeof o->text);
    ck_assert_msg(live == 0, "%s, k = %ld: %ld blocks are lost", operations[which].name, k, live);
    return allocations;
}

/* Of a bad request fewer mistakes may be told, but no others. */
static bool tells_no_more(const api_problem *less, const api_problem *all)
{
    bool fine = less->code == all->code && strcmp(less->detail, all->detail) == 0;
    for (size_t i = 0; fine && i < less->errors_count; i++)
        fine = says(all, less->errors[i].field, less->errors[i].message);
    return fine && (less->errors_count > 0 || all->errors_count == 0);
}

START_TEST(every_allocation_may_fail)
{
    static outcome whole, o;
    const char *name = operations[_i / 2].name;
    bool all_after = _i % 2;
    long total = run(_i / 2, 0, false, &whole), failed = 0, tried = 0;
    ck_assert_msg(whole.p.code == API_NO_PROBLEM || strstr(name, "mistakes"), "%s: %s", name,
                  problem_text(&whole.p));
    ck_assert_msg(whole.len > 0 || strstr(name, "mistakes"), "%s does nothing", name);
    ck_assert_int_gt(total, 0);
    /* of very many, the first and the last, and some between */
    long step = total / 1500 + 1;
    for (long k = 1; k <= total; k += k < 200 || k + step > total - 200 ? 1 : step) {
        run(_i / 2, k, all_after, &o);
        tried++;
        if (o.p.code == API_UNAVAILABLE) {
            failed++;
            continue;
        }
        ck_assert_msg(tells_no_more(&o.p, &whole.p), "%s, k = %ld of %ld: %s", name, k, total,
                      problem_text(&o.p));
        ck_assert_msg(strcmp(o.text, whole.text) == 0, "%s, k = %ld of %ld: %s\nnot\n%s", name, k,
                      total, o.text, whole.text);
    }
    ck_assert_msg(failed > tried / 2, "%s: only %ld of %ld failures are told", name, failed, tried);
    run(_i / 2, 0, false, &o); /* and it works the next time */
    ck_assert_str_eq(o.text, whole.text);
}
END_TEST

int main(void)
{
    load(&array, "f8_le_f");
    load(&archive, "labels_be");
    memcpy(packed.bytes, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xd4\x29\xe1\x32\xd4\x31\xe2\x02"
                         "\x00\xfd\xe6\x18\xdf\x08\x00\x00\x00",
           packed.n = 28); /* a,t and 1,2 in two lines */
    cJSON_Hooks hooks = {__wrap_malloc, __wrap_free};
    cJSON_InitHooks(&hooks);
    TCase *tc = tcase_create("oom");
    tcase_add_loop_test(tc, every_allocation_may_fail, 0, 2 * (int)COUNT(operations));
    return run_tests(tc, "api_oom");
}
