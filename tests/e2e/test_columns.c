/* Columns that are not just numbers, through HTTP: texts, dates, missing values and products of
 * columns, against scikit-learn (tests/data/reference/columns.py) and against rows encoded by hand;
 * what is found from the rows trained on, and from no others; what models keep. */
#include "serving.h"

#include <signal.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s can't be opened", path);
    char *text = calloc(1, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

/* Uploads CSV and writes the dataset's id (32 bytes). */
static void upload(const char *query, const char *csv, char *id)
{
    char path[256];
    snprintf(path, sizeof path, "/v1/datasets?%s", query);
    e2e_reply r = e2e_post_csv(s, path, csv);
    ck_assert_msg(r.status == 201, "%s", r.body);
    snprintf(id, 32, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
}

/* Trains on a dataset with further settings ("..., ") and writes the model's id. */
static void __attribute__((format(printf, 3, 4)))
fit_on(const char *dataset, char *model, const char *settings, ...)
{
    char body[4096];
    int n = snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", ", dataset);
    va_list ap;
    va_start(ap, settings);
    n += vsnprintf(body + n, sizeof body - (size_t)n, settings, ap);
    va_end(ap);
    snprintf(body + n, sizeof body - (size_t)n, "}");
    fit(body, model);
}

static void assert_numbers(const char *what, const cJSON *got, const cJSON *want, double digits)
{
    ck_assert_int_eq(cJSON_GetArraySize(got), cJSON_GetArraySize(want));
    for (int i = 0; i < cJSON_GetArraySize(want); i++) {
        double a = cJSON_GetArrayItem(got, i)->valuedouble,
               b = cJSON_GetArrayItem(want, i)->valuedouble;
        ck_assert_msg(fabs(a - b) <= digits * fmax(1e-3, fabs(b)),
                      "%s: prediction %d is %.17g, not %.17g", what, i, a, b);
    }
}

static cJSON *predicted(const cJSON *reply)
{
    const cJSON *both = cJSON_GetObjectItem(reply, "probabilities"), *pair;
    if (!both)
        return cJSON_Duplicate(e2e_at(reply, "predictions"), true);
    cJSON *second = cJSON_CreateArray();
    cJSON_ArrayForEach (pair, both)
        cJSON_AddItemToArray(second, cJSON_Duplicate(cJSON_GetArrayItem(pair, 1), true));
    return second;
}

/* ---- scikit-learn ---- */

static const char *const references[] = {"mean",       "median_indicator",   "drop",
                                         "polynomial", "products_of_levels", "interactions",
                                         "logistic"};

static void query_of(const cJSON *c, char *query, size_t size)
{
    int n = snprintf(query, size, "target=%s&columns=", e2e_string(c, "target"));
    const cJSON *name;
    cJSON_ArrayForEach (name, e2e_at(c, "columns"))
        n += snprintf(query + n, size - (size_t)n, "%s%s",
                      name == e2e_at(c, "columns")->child ? "" : ",", name->valuestring);
}

START_TEST(fits_predict_as_those_of_scikit_learn)
{
    char *text = read_file(TEST_DATA "/reference/columns.json"),
         *csv = read_file(TEST_DATA "/flats.csv"), query[256], dataset[32], model[32];
    cJSON *doc = cJSON_Parse(text);
    const cJSON *c = e2e_at(e2e_at(doc, "cases"), references[_i]);
    query_of(c, query, sizeof query);
    upload(query, csv, dataset);
    char *settings = cJSON_PrintUnformatted(e2e_at(c, "settings"));
    settings[strlen(settings) - 1] = '\0';
    bool logistic = strstr(settings, "logistic") != NULL;
    fit_on(dataset, model, "%s, \"tol\": 0, \"epochs\": %d, \"history_points\": 10%s", settings + 1,
           logistic ? 3000 : 1000000, logistic ? ", \"optimizer\": \"lbfgs\"" : "");
    /* the rows it was fitted on, as they are uploaded; dropped ones can't be predicted */
    e2e_reply r;
    if (strcmp(references[_i], "drop") != 0) {
        char path[96];
        snprintf(path, sizeof path, "/v1/models/%s/predictions", model);
        r = e2e_post_csv(s, path, csv);
        ck_assert_msg(r.status == 200, "%.900s", r.body);
        cJSON *got = predicted(r.json);
        assert_numbers(references[_i], got, e2e_at(c, "predictions"), 1e-8);
        cJSON_Delete(got);
        e2e_reply_free(&r);
    }
    /* further ones, by their names */
    char *rows = cJSON_PrintUnformatted(e2e_at(c, "data")), body[4096];
    snprintf(body, sizeof body, "{\"data\": %s}", rows);
    r = post_model_ok(model, "predictions", body);
    cJSON *got = predicted(r.json);
    assert_numbers(references[_i], got, e2e_at(c, "further"), 1e-8);
    cJSON_Delete(got);
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/models/%s", model);
    ck_assert_double_eq(e2e_number(r.json, "training.dataset.rows"), 80);
    e2e_reply_free(&r);
    free(rows);
    free(settings);
    free(text);
    free(csv);
    cJSON_Delete(doc);
}
END_TEST

/* ---- by hand ---- */

#define CITIES                                                                                     \
    "city,rooms,lift,since,rent\n"                                                                 \
    "Rome,3,true,2021-05-01,1400\nOslo,2,false,2019-11-15,1350\nRome,2,true,2023-02-01,1150\n"     \
    "Oslo,4,true,2020-08-20,2100\nBonn,3,false,2020-08-21,1500\nBonn,2,true,2020-08-22,1300\n"     \
    "Rome,5,true,2020-01-22,2300\nOslo,2,true,2020-02-22,1600\n"

/* The same, one-hot, seconds since 1970. */
#define ENCODED                                                                                    \
    "Bonn,Oslo,Rome,rooms,lift,since,rent\n"                                                       \
    "0,0,1,3,1,1619827200,1400\n0,1,0,2,0,1573776000,1350\n0,0,1,2,1,1675209600,1150\n"            \
    "0,1,0,4,1,1597881600,2100\n1,0,0,3,0,1597968000,1500\n1,0,0,2,1,1598054400,1300\n"            \
    "0,0,1,5,1,1579651200,2300\n0,1,0,2,1,1582329600,1600\n"

#define SETTINGS "\"l2\": 0.1, \"epochs\": 500, \"tol\": 0"

static void same_parameters(const char *a, const char *b)
{
    e2e_reply x = e2e_getf(s, "/v1/models/%s", a), y = e2e_getf(s, "/v1/models/%s", b);
    ck_assert_msg(cJSON_Compare(e2e_at(x.json, "parameters"), e2e_at(y.json, "parameters"), true),
                  "%s\n%s", x.body, y.body);
    e2e_reply_free(&x);
    e2e_reply_free(&y);
}

static void columns_are(const char *model, const char *want)
{
    e2e_reply r = e2e_getf(s, "/v1/models/%s", model);
    char got[1024] = "";
    const cJSON *name;
    cJSON_ArrayForEach (name, e2e_at(r.json, "columns"))
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", *got ? "|" : "",
                 name->valuestring);
    ck_assert_str_eq(got, want);
    e2e_reply_free(&r);
}

START_TEST(texts_train_as_the_columns_that_they_stand_for)
{
    char dataset[32], encoded[32], a[32], b[32];
    upload("target=rent", CITIES, dataset);
    upload("target=rent", ENCODED, encoded);
    fit_on(dataset, a, SETTINGS);
    fit_on(encoded, b, SETTINGS);
    columns_are(a, "city=Bonn|city=Oslo|city=Rome|rooms|lift|since");
    same_parameters(a, b);
    fit_on(dataset, a, SETTINGS ", \"cross_validation\": 4");
    fit_on(encoded, b, SETTINGS ", \"cross_validation\": 4");
    same_parameters(a, b);
    close_to(of_model(a, "cross_validation.mean.mse"), of_model(b, "cross_validation.mean.mse"),
             1e-12);
    fit_on(dataset, a, SETTINGS ", \"batch_size\": 2, \"learning_rate\": 0.01");
    fit_on(encoded, b, SETTINGS ", \"batch_size\": 2, \"learning_rate\": 0.01");
    same_parameters(a, b);
    fit_on(dataset, a, SETTINGS ", \"bounds\": {\"city=Oslo\": [null, 10]}");
    fit_on(encoded, b, SETTINGS ", \"bounds\": {\"Oslo\": [null, 10]}");
    same_parameters(a, b);
}
END_TEST

static double predict_one(const char *model, const char *rows)
{
    e2e_reply r = post_model_ok(model, "predictions", rows);
    double v = e2e_number(r.json, "predictions.0");
    e2e_reply_free(&r);
    return v;
}

START_TEST(rows_come_by_names_by_place_and_as_tables)
{
    char dataset[32], encoded[32], a[32], b[32], path[96];
    upload("target=rent", CITIES, dataset);
    upload("target=rent", ENCODED, encoded);
    fit_on(dataset, a, SETTINGS);
    fit_on(encoded, b, SETTINGS);
    double want = predict_one(b, "{\"X\": [[0, 1, 0, 3, 1, 1619827200]]}");
    static const char *const rows[] = {
        "{\"data\": [{\"since\": \"2021-05-01\", \"lift\": true, \"city\": \"Oslo\", \"rooms\": 3, "
        "\"rent\": null, \"note\": {\"a\": 1}}]}",
        "{\"X\": [[\"Oslo\", 3, true, \"2021-05-01T00:00:00Z\"]]}",
        "{\"X\": [[\"Oslo\", 3, true, \"2021-05-01T02:00:00+02:00\"]]}",
        "{\"columns\": {\"city\": [\"Oslo\"], \"rooms\": [3], \"lift\": [1], \"since\": "
        "[\"2021-05-01\"]}}"};
    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_double_eq(predict_one(a, rows[i]), want);
    snprintf(path, sizeof path, "/v1/models/%s/predictions", a);
    e2e_reply r = e2e_post_csv(s, path, "lift,since,city,rooms\nTRUE,2021-05-01,Oslo,3\n");
    ck_assert_double_eq(e2e_number(r.json, "predictions.0"), want);
    e2e_reply_free(&r);
    const char *const lines[] = {"Content-Type: application/x-ndjson", NULL};
    static const char *const bodies[] = {
        "[\"Oslo\", 3, true, \"2021-05-01\"]\n",
        "{\"city\": \"Oslo\", \"rooms\": 3, \"lift\": true, \"since\": \"2021-05-01\"}\n"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        r = e2e_request(s, "POST", path, lines, bodies[i], strlen(bodies[i]));
        ck_assert_msg(r.status == 200, "%.900s", r.body);
        ck_assert_double_eq(e2e_number(r.json, "predictions.0"), want);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(models_are_measured_and_updated_by_raw_rows)
{
    char dataset[32], encoded[32], a[32], b[32], body[512];
    upload("target=rent", CITIES, dataset);
    upload("target=rent", ENCODED, encoded);
    fit_on(dataset, a, SETTINGS);
    fit_on(encoded, b, SETTINGS);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset);
    e2e_reply r = post_model_ok(a, "evaluations", body);
    ck_assert_double_eq(e2e_number(r.json, "metrics.mse"), of_model(a, "metrics.mse"));
    e2e_reply_free(&r);
    /* the levels of another dataset, in another order and with fewer of them */
    char other[32];
    upload("target=rent",
           "since,rooms,lift,city,rent\n2020-08-20,4,true,Oslo,2100\n2021-05-01,3,true,Rome,1400\n",
           other);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", other);
    r = post_model_ok(a, "evaluations", body);
    e2e_reply q =
        post_model_ok(b, "evaluations",
                      "{\"dataset\": {\"columns\": [\"Bonn\", \"Oslo\", \"Rome\", \"rooms\", "
                      "\"lift\", \"since\"], \"target\": \"rent\", \"X\": [[0, 1, 0, 4, 1, "
                      "1597881600], [0, 0, 1, 3, 1, 1619827200]], \"y\": [2100, 1400]}}");
    ck_assert_double_eq(e2e_number(r.json, "metrics.mse"), e2e_number(q.json, "metrics.mse"));
    e2e_reply_free(&r);
    e2e_reply_free(&q);
    r = post_model_ok(a, "updates",
                      "{\"data\": [{\"city\": \"Bonn\", \"rooms\": 4, \"lift\": false, \"since\": "
                      "\"2020-08-20\", \"rent\": 1900}], \"learning_rate\": 0.01}");
    e2e_reply_free(&r);
    r = post_model_ok(
        b, "updates",
        "{\"X\": [[1, 0, 0, 4, 0, 1597881600]], \"y\": [1900], \"learning_rate\": 0.01}");
    e2e_reply_free(&r);
    same_parameters(a, b);
}
END_TEST

/* ---- what is found, and from which rows ---- */

/* The same rows to train on, and others to validate on that lie far away. */
START_TEST(rows_to_validate_on_say_nothing_of_levels_and_means)
{
    char train[32], near[32], far[32], a[32], b[32];
    static const char rows[] = "city,x,y\nOslo,1,2\nRome,,3\nOslo,3,5\nRome,4,7\n,5,8\n";
    upload("target=y", rows, train);
    upload("target=y", "city,x,y\nOslo,2,3\n", near);
    upload("target=y", "city,x,y\nAthens,1e6,3\nParis,,4\nParis,2e6,3\n", far);
    static const char settings[] =
        "\"missing\": \"mean\", \"missing_indicator\": true, "
        "\"unknown_levels\": \"ignore\", \"features\": {\"polynomial\": 2}, "
        "\"l2\": 0.1, \"tol\": 0, \"epochs\": 300";
    fit_on(train, a, "%s, \"validation_dataset_id\": \"%s\"", settings, near);
    fit_on(train, b, "%s, \"validation_dataset_id\": \"%s\"", settings, far);
    same_parameters(a, b);
    e2e_reply x = e2e_getf(s, "/v1/models/%s", a), y = e2e_getf(s, "/v1/models/%s", b);
    ck_assert(cJSON_Compare(e2e_at(x.json, "preparation"), e2e_at(y.json, "preparation"), true));
    ck_assert_int_eq(cJSON_GetArraySize(e2e_at(x.json, "preparation.columns.0.levels")), 2);
    ck_assert_double_eq(e2e_number(x.json, "preparation.columns.1.fill"), 13. / 4);
    e2e_reply_free(&x);
    e2e_reply_free(&y);
}
END_TEST

/* Of a fraction set aside at random, and of folds: each fills in its own mean. */
START_TEST(fractions_and_folds_fill_in_their_own_means)
{
    char dataset[32], model[32], csv[2048] = "x,y\n";
    for (int i = 0; i < 40; i++)
        if (i % 8 == 3)
            snprintf(csv + strlen(csv), sizeof csv - strlen(csv), ",%d\n", i);
        else
            snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%d\n", i * i, i);
    upload("target=y", csv, dataset);
    double fill[3];
    for (int seed = 0; seed < 3; seed++) {
        fit_on(dataset, model, "\"missing\": \"mean\", \"validation_fraction\": 0.5, \"seed\": %d",
               seed);
        fill[seed] = of_model(model, "preparation.columns.0.fill");
    }
    ck_assert(fill[0] != fill[1] || fill[1] != fill[2]);
    fit_on(dataset, model, "\"missing\": \"mean\", \"cross_validation\": 4, \"tol\": 0");
    double whole = 0;
    for (int i = 0; i < 40; i++)
        whole += i % 8 == 3 ? 0 : i * i / 35.;
    close_to(of_model(model, "preparation.columns.0.fill"), whole, 1e-14);
}
END_TEST

START_TEST(folds_do_with_texts_that_one_of_them_alone_has)
{
    char dataset[32], model[32];
    upload("target=y", "c,x,y\na,1,2\nb,2,3\na,3,5\nb,4,7\nonly,5,8\na,6,9\nb,7,9\na,8,12\n",
           dataset);
    fit_on(dataset, model, "\"cross_validation\": 4, \"l2\": 0.01");
    columns_are(model, "c=a|c=b|c=only|x");
}
END_TEST

START_TEST(groups_have_their_own_columns_and_texts_as_names)
{
    char dataset[32], id[32], body[256];
    upload("target=y",
           "c,kind,x,y\na,u,1,2\nb,u,2,3\na,u,3,5\nb,u,4,7\nc,v,5,8\na,v,6,9\nc,v,7,9\na,v,8,12\n",
           dataset);
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"group_by\": \"kind\", \"l2\": 0.01}",
             dataset);
    e2e_job(s, body, id);
    e2e_reply r = e2e_wait(s, id);
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    ck_assert_str_eq(e2e_string(r.json, "results.0.group"), "u");
    ck_assert_str_eq(e2e_string(r.json, "results.1.group"), "v");
    columns_are(e2e_string(r.json, "results.0.model_id"), "c=a|c=b|x");
    columns_are(e2e_string(r.json, "results.1.model_id"), "c=a|c=c|x");
    e2e_reply_free(&r);
}
END_TEST

/* ---- what is kept ---- */

START_TEST(a_restart_keeps_levels_means_and_products)
{
    char dataset[32], model[32], again[32];
    upload("target=rent", CITIES "Oslo,,true,2020-02-23,1500\n", dataset);
    static const char settings[] =
        "\"missing\": \"median\", \"missing_indicator\": true, "
        "\"reference_level\": true, \"features\": {\"polynomial\": 2}, " SETTINGS;
    fit_on(dataset, model, "%s", settings);
    static const char rows[] = "{\"data\": [{\"city\": \"Rome\", \"rooms\": null, \"lift\": true, "
                               "\"since\": \"2021-05-01\"}]}";
    double before = predict_one(model, rows);
    e2e_end(s, SIGTERM);
    e2e_restart(s, NULL);
    ck_assert_double_eq(predict_one(model, rows), before);
    fit_on(dataset, again, "%s", settings);
    same_parameters(model, again);
    /* and goes on from there */
    fit_on(dataset, again, "%s, \"start_from\": \"%s\"", settings, model);
}
END_TEST

START_TEST(jobs_are_replayed_alike)
{
    char dataset[32], body[512], id[32], path[96];
    upload("target=rent", CITIES, dataset);
    snprintf(
        body, sizeof body,
        "{\"dataset_id\": \"%s\", \"features\": {\"polynomial\": 2}, \"cross_validation\": 2, %s}",
        dataset, SETTINGS);
    e2e_job(s, body, id);
    e2e_reply r = e2e_wait(s, id);
    ck_assert_str_eq(e2e_string(r.json, "state"), "succeeded");
    e2e_reply_free(&r);
    snprintf(path, sizeof path, "/v1/jobs/%s/replay", id);
    r = e2e_post(s, path, "");
    snprintf(id, sizeof id, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    r = e2e_wait(s, id);
    ck_assert_msg(cJSON_IsTrue(e2e_at(r.json, "replay.equal")), "%s", r.body);
    e2e_reply_free(&r);
}
END_TEST

START_TEST(a_sweep_varies_what_becomes_of_missing_values)
{
    char dataset[32], body[512];
    upload("target=y", "x,y\n1,2\n,3\n3,5\n4,7\n5,8\n6,12\n", dataset);
    snprintf(body, sizeof body,
             "{\"job\": {\"dataset_id\": \"%s\"}, \"grid\": {\"missing\": [\"mean\", \"median\", "
             "\"drop\"], \"l2\": [0, 0.1]}}",
             dataset);
    e2e_reply r = e2e_post(s, "/v1/sweeps", body);
    ck_assert_msg(r.status == 202, "%s", r.body);
    char id[32];
    snprintf(id, sizeof id, "%s", e2e_string(r.json, "id"));
    e2e_reply_free(&r);
    r = e2e_getf(s, "/v1/sweeps/%s?wait=30", id);
    ck_assert_msg(e2e_number(r.json, "counts.succeeded") == 6, "%s", r.body);
    e2e_reply_free(&r);
}
END_TEST

/* ---- errors ---- */

static void refused_job(const char *dataset, const char *settings, const char *field,
                        const char *part)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"%s%s}", dataset, *settings ? ", " : "",
             settings);
    e2e_reply r = e2e_post(s, "/v1/jobs", body);
    ck_assert_msg(r.status == 422, "%s: %ld %s", settings, r.status, r.body);
    e2e_field_error(&r, field);
    ck_assert_msg(strstr(r.body, part) != NULL, "%s does not say %s", r.body, part);
    e2e_reply_free(&r);
}

START_TEST(what_a_job_can_not_do_with_columns_is_refused_by_name)
{
    char mixed[32], lacking[32], wide[32], csv[4096] = "";
    upload("target=y", "c,x,y\na,1,2\nb,2,3\na,3,5\n", mixed);
    upload("target=y", "c,x,y\na,,2\nb,2,\na,3,5\n", lacking);
    for (int j = 0; j < 150; j++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "x%d,", j);
    strcat(csv, "y\n");
    for (int j = 0; j < 150; j++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,", j % 7);
    strcat(csv, "1\n");
    upload("target=y", csv, wide);
    refused_job(lacking, "", "dataset_id", "lacks 1 value of \\\"x\\\"; set missing to");
    refused_job(lacking, "\"missing\": \"mean\"", "dataset_id",
                "lacks 1 value of \\\"y\\\"; which is not filled in");
    refused_job(mixed, "\"missing\": \"zero\"", "missing", "most_frequent");
    refused_job(mixed, "\"reference_level\": {\"c\": \"z\"}", "reference_level.c",
                "no row trained on");
    refused_job(mixed, "\"reference_level\": {\"x\": \"a\"}", "reference_level.x",
                "it has no levels");
    refused_job(mixed, "\"reference_level\": {\"d\": \"a\"}", "reference_level.d", "no column");
    refused_job(mixed, "\"reference_level\": 1", "reference_level", "true for the first level");
    refused_job(mixed, "\"features\": {\"polynomial\": 9}", "features.polynomial", "[1, 5]");
    refused_job(mixed, "\"features\": {\"degree\": 2}", "features.degree", "unknown");
    refused_job(mixed, "\"features\": 2", "features", "an object");
    refused_job(mixed, "\"sample_weight\": \"c\"", "sample_weight", "one of texts");
    refused_job(mixed, "\"bounds\": {\"c=z\": [0, 1]}", "bounds.c=z", "must be a feature");
    refused_job(wide, "\"features\": {\"polynomial\": 2}", "features", "more than 10000 columns");
}
END_TEST

START_TEST(what_a_model_can_not_do_with_rows_is_refused_by_name)
{
    char dataset[32], model[32], filled[32];
    upload("target=y&types=z:categorical", "c,x,z,y\na,1,007,2\nb,2,008,3\na,3,007,5\nb,4,008,5\n",
           dataset);
    fit_on(dataset, model, SETTINGS);
    fit_on(dataset, filled, "\"missing\": \"mean\", \"unknown_levels\": \"ignore\", " SETTINGS);
    static const struct {
        const char *rows, *field, *part;
    } bad[] = {
        {"{\"X\": [[\"a\", 1, \"007\"], [\"q\", 1, \"007\"]]}", "X",
         "has \\\"q\\\" for \\\"c\\\" in row 2"},
        {"{\"data\": [{\"c\": \"a\", \"x\": 1, \"z\": 7}]}", "X",
         "has \\\"7\\\" for \\\"z\\\" in row 1"},
        {"{\"X\": [[\"a\", null, \"007\"]]}", "X", "has no value for \\\"x\\\" in row 1"},
        {"{\"X\": [[\"a\", \"1\", \"007\"]]}", "X[0][1]", "must be a finite number"},
        {"{\"X\": [[\"a\", 1]]}", "X", "has 2 columns, but the model has 3"},
        {"{\"data\": [{\"c\": \"a\", \"x\": 1}]}", "columns[2]", "no column \\\"z\\\""},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        e2e_reply r = post_model(model, "predictions", bad[i].rows);
        ck_assert_msg(r.status == 422, "%s: %s", bad[i].rows, r.body);
        e2e_field_error(&r, bad[i].field);
        ck_assert_msg(strstr(r.body, bad[i].part) != NULL, "%s does not say %s", r.body,
                      bad[i].part);
        e2e_reply_free(&r);
    }
    e2e_reply r =
        post_model_ok(filled, "predictions", "{\"X\": [[\"q\", null, \"009\"], [null, 1, null]]}");
    e2e_reply_free(&r);
    char other[32], body[128];
    upload("target=y", "c,x,z,y\na,1,7,2\n", other); /* whose z are numbers */
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", other);
    r = post_model(model, "evaluations", body);
    ck_assert_int_eq(r.status, 422);
    ck_assert_ptr_nonnull(
        strstr(r.body, "has column \\\"z\\\" as numeric, but the model as categorical"));
    e2e_reply_free(&r);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("columns");
    tcase_add_checked_fixture(tc, start, stop);
    tcase_add_loop_test(tc, fits_predict_as_those_of_scikit_learn, 0, COUNT(references));
    tcase_add_test(tc, texts_train_as_the_columns_that_they_stand_for);
    tcase_add_test(tc, rows_come_by_names_by_place_and_as_tables);
    tcase_add_test(tc, models_are_measured_and_updated_by_raw_rows);
    tcase_add_test(tc, rows_to_validate_on_say_nothing_of_levels_and_means);
    tcase_add_test(tc, fractions_and_folds_fill_in_their_own_means);
    tcase_add_test(tc, folds_do_with_texts_that_one_of_them_alone_has);
    tcase_add_test(tc, groups_have_their_own_columns_and_texts_as_names);
    tcase_add_test(tc, a_restart_keeps_levels_means_and_products);
    tcase_add_test(tc, jobs_are_replayed_alike);
    tcase_add_test(tc, a_sweep_varies_what_becomes_of_missing_values);
    tcase_add_test(tc, what_a_job_can_not_do_with_columns_is_refused_by_name);
    tcase_add_test(tc, what_a_model_can_not_do_with_rows_is_refused_by_name);
    return run_suite(tc, "e2e_columns");
}
