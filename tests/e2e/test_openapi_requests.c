/* What requests may say: every documented member is taken, and nothing else. */
#include "documented.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dataset_id[32], predictions[96], updates[96];

static void make_line(void)
{
    char model[32];
    train_line(dataset_id, model);
    snprintf(predictions, sizeof predictions, "/v1/models/%s/predictions", model);
    snprintf(updates, sizeof updates, "/v1/models/%s/updates", model);
}

#define UPDATE_BUT_WEIGHTS                                                                         \
    "learning_rate", "0.001", "batch_size", "2", "l1", "0.5", "l2", "0.25", "optimizer",           \
        "\"momentum\"", "class_weight", NULL, "version", "\"any\"", "sample_weight"
#define UPDATE_SETTINGS UPDATE_BUT_WEIGHTS, "[1, 2]"
#define UPDATE_SETTINGS_OF_ONE UPDATE_BUT_WEIGHTS, "[2]"

/* A request for each schema of one, and a value for each of its properties. */
static const struct {
    const char *schema, *path, *base;
    const char *const *properties; /* name, value, ..., NULL */
} requests[] = {
    {"JobRequest", "/v1/jobs",
     "{\"dataset_id\": \"%s\", \"batch_size\": 1, \"validation_fraction\": 0.25}",
     (const char *const[]){"dataset_id",
                           NULL,
                           "dataset",
                           NULL,
                           "name",
                           "\"n\"",
                           "model",
                           "\"linear_regression\"",
                           "cost",
                           "\"mse\"",
                           "optimizer",
                           "\"gd\"",
                           "schedule",
                           "\"constant\"",
                           "l1",
                           "0.5",
                           "l2",
                           "0.25",
                           "validation_fraction",
                           "0.25",
                           "patience",
                           "3",
                           "clip_norm",
                           "3",
                           "clip_value",
                           "4",
                           "average",
                           "true",
                           "max_seconds",
                           "60",
                           "initial_parameters",
                           "{\"m\": 1}",
                           "learning_rate",
                           "0.25",
                           "epochs",
                           "7",
                           "batch_size",
                           "2",
                           "tol",
                           "0.5",
                           "n_iter_no_change",
                           "3",
                           "seed",
                           "9",
                           "shuffle",
                           "false",
                           "intercept",
                           "false",
                           "standardize",
                           "false",
                           "tol_on",
                           "\"gradient\"",
                           "non_negative",
                           "true",
                           "dtype",
                           "\"float64\"",
                           "history_points",
                           "11",
                           "cross_validation",
                           NULL,
                           "path_points",
                           "5",
                           "record_parameters",
                           "4",
                           "confidence_level",
                           "0.75",
                           "missing",
                           "\"mean\"",
                           "missing_indicator",
                           "true",
                           "unknown_levels",
                           "\"ignore\"",
                           "reference_level",
                           "true",
                           "features",
                           "{\"polynomial\": 2}",
                           "start_from",
                           NULL,
                           "validation_dataset_id",
                           NULL,
                           "sample_weight",
                           "[1, 2, 1]",
                           "class_weight",
                           NULL,
                           "offset",
                           NULL,
                           "group_by",
                           NULL,
                           "bounds",
                           "{\"x\": [0, 5]}",
                           "threshold",
                           NULL,
                           "compat",
                           NULL,
                           NULL}},
    {"MatrixDataset", "/v1/datasets", "{\"X\": [1, 2], \"y\": [3, 4]}",
     (const char *const[]){"name", "\"n\"", "columns", "[\"c\"]", "X", "[[1], [2]]", "y", "[5, 6]",
                           "target", "\"t\"", "dtype", "\"float32\"", "types",
                           "{\"y\": \"numeric\"}", NULL}},
    {"RecordsDataset", "/v1/datasets",
     "{\"data\": [{\"a\": 1, \"b\": 2, \"c\": 3}], \"target\": \"a\"}",
     (const char *const[]){"name", "\"n\"", "data", "[{\"a\": 1, \"b\": 2}]", "target", "\"b\"",
                           "columns", "[\"c\"]", "dtype", "\"float32\"", "types",
                           "{\"b\": \"ignore\"}", NULL}},
    {"SweepRequest", "/v1/sweeps",
     "{\"job\": {\"dataset_id\": \"%s\"}, \"grid\": {\"l2\": [1]}}",
     (const char *const[]){"name", "\"n\"", "job", NULL, "grid", "{\"l1\": [0, 1]}", "random", NULL,
                           "metric", "\"r2\"", "find_learning_rate", "false", "skip_invalid",
                           "true", NULL}},
    {"ColumnsDataset", "/v1/datasets", "{\"columns\": {\"a\": [1, 2], \"y\": [3, 4]}}",
     (const char *const[]){"name", "\"n\"", "columns", "{\"b\": [1], \"y\": [5]}", "target",
                           "\"a\"", "dtype", "\"float32\"", "types",
                           "{\"a\": \"numeric\"}", NULL}},
    {"MatrixRows", "@", "{\"X\": [1, 2]}", (const char *const[]){"X", "[[1]]", NULL}},
    {"RecordRows", "@", "{\"data\": [{\"x\": 1}]}",
     (const char *const[]){"data", "[{\"x\": 2, \"z\": null}]", NULL}},
    {"ColumnRows", "@", "{\"columns\": {\"x\": [1, 2]}}",
     (const char *const[]){"columns", "{\"x\": [1], \"z\": [null]}", NULL}},
    {"SparseRows", "@", "{\"sparse_X\": [{\"x\": 1}]}",
     (const char *const[]){"sparse_X", "[{}, {\"x\": 2}]", NULL}},
    {"SparseUpdate", "@updates", "{\"sparse_X\": [{\"x\": 1}, {}], \"y\": [3, 4]}",
     (const char *const[]){"name", "\"n\"", "sparse_X", "[{}, {\"x\": 2}]", "y", "[5, 6]", "target",
                           "\"t\"", UPDATE_SETTINGS, NULL}},
    {"MatrixUpdate", "@updates", "{\"X\": [1, 2], \"y\": [3, 4]}",
     (const char *const[]){"name", "\"n\"", "columns", "[\"x\"]", "X", "[[1], [2]]", "y", "[5, 6]",
                           "target", "\"t\"", UPDATE_SETTINGS, NULL}},
    {"RecordsUpdate", "@updates", "{\"data\": [{\"x\": 1, \"y\": 2, \"z\": 3}]}",
     (const char *const[]){"name", "\"n\"", "data", "[{\"x\": 1, \"y\": 2}]", "target", "\"z\"",
                           "columns", "[\"x\"]", UPDATE_SETTINGS_OF_ONE, NULL}},
    {"ColumnsUpdate", "@updates", "{\"columns\": {\"x\": [1], \"y\": [2], \"z\": [3]}}",
     (const char *const[]){"name", "\"n\"", "columns", "{\"x\": [2], \"y\": [1]}", "target",
                           "\"z\"", UPDATE_SETTINGS_OF_ONE, NULL}},
};

static cJSON *base_of(size_t i)
{
    char text[256];
    snprintf(text, sizeof text, requests[i].base, dataset_id);
    return cJSON_Parse(text);
}

static e2e_reply post(const char *path, const cJSON *doc)
{
    char *text = cJSON_PrintUnformatted(doc);
    e2e_reply r = e2e_post(server,
                           strcmp(path, "@") == 0          ? predictions
                           : strcmp(path, "@updates") == 0 ? updates
                                                           : path,
                           text);
    free(text);
    return r;
}

/* The value given for a property; false when there is none. */
static bool sample(size_t i, const char *name, const char **value)
{
    for (const char *const *p = requests[i].properties; *p; p += 2)
        if (strcmp(p[0], name) == 0) {
            *value = p[1];
            return true;
        }
    return false;
}

START_TEST(every_documented_member_of_a_request_is_taken)
{
    make_line();
    for (size_t i = 0; i < COUNT(requests); i++) {
        const cJSON *property, *known = member(schema_of(requests[i].schema), "properties");
        int documented = 0, listed = 0;
        for (const char *const *p = requests[i].properties; *p; p += 2)
            listed++;
        cJSON_ArrayForEach (property, known) {
            const char *value = NULL;
            ck_assert_msg(sample(i, property->string, &value), "%s.%s has no sample here",
                          requests[i].schema, property->string);
            documented++;
            cJSON *doc = base_of(i);
            if (strcmp(property->string, "dataset") == 0) {
                cJSON_DeleteItemFromObject(doc, "dataset_id");
                value = "{\"X\": [1, 2], \"y\": [1, 3]}";
            }
            if (value) {
                cJSON_DeleteItemFromObject(doc, property->string);
                cJSON_AddItemToObject(doc, property->string, cJSON_Parse(value));
            }
            e2e_reply r = post(requests[i].path, doc);
            ck_assert_msg(r.status / 100 == 2, "%s.%s: %s", requests[i].schema, property->string,
                          r.body);
            if (i == 0 && value && strcmp(property->string, "dataset") != 0) { /* it is echoed */
                cJSON *want = cJSON_Parse(value);
                ck_assert(
                    cJSON_Compare(member(e2e_at(r.json, "spec"), property->string), want, true));
                cJSON_Delete(want);
            }
            e2e_reply_free(&r);
            cJSON_Delete(doc);
        }
        ck_assert_int_eq(documented, listed);
    }
}
END_TEST

START_TEST(undocumented_members_are_refused)
{
    make_line();
    for (size_t i = 0; i < COUNT(requests); i++) {
        ck_assert(cJSON_IsFalse(member(schema_of(requests[i].schema), "additionalProperties")));
        cJSON *doc = base_of(i);
        cJSON_AddNumberToObject(doc, "undocumented", 1);
        e2e_reply r = post(requests[i].path, doc);
        e2e_problem(&r, 422, "validation-failed");
        e2e_field_error(&r, "undocumented");
        e2e_reply_free(&r);
        cJSON_Delete(doc);
    }
    static const char *const nested[][2] = {
        {"\"optimizer\": {\"name\": \"gd\", \"undocumented\": 1}", "optimizer.undocumented"},
        {"\"model\": {\"name\": \"linear_regression\", \"undocumented\": 1}", "model.undocumented"},
        {"\"cost\": {\"name\": \"mse\", \"undocumented\": 1}", "cost.undocumented"},
        {"\"initial_parameters\": {\"undocumented\": 1}", "initial_parameters.undocumented"}};
    for (size_t i = 0; i < COUNT(nested); i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", %s}", dataset_id, nested[i][0]);
        e2e_reply r = e2e_post(server, "/v1/jobs", body);
        e2e_problem(&r, 422, "validation-failed");
        e2e_field_error(&r, nested[i][1]);
        e2e_reply_free(&r);
    }
}
END_TEST

START_TEST(initial_parameters_are_the_documented_ones)
{
    static const char *const samples[][2] = {
        {"coefficients", "[2]"}, {"intercept", "1"}, {"m", "2"}, {"b", "1"}};
    const cJSON *property, *known = member(schema_of("InitialParameters"), "properties");
    ck_assert_int_eq(cJSON_GetArraySize(known), COUNT(samples));
    make_line();
    cJSON_ArrayForEach (property, known) {
        size_t i = 0;
        while (i < COUNT(samples) && strcmp(samples[i][0], property->string) != 0)
            i++;
        ck_assert_msg(i < COUNT(samples), "%s has no sample here", property->string);
        char body[160];
        snprintf(body, sizeof body,
                 "{\"dataset_id\": \"%s\", \"initial_parameters\": {\"%s\": %s}}", dataset_id,
                 samples[i][0], samples[i][1]);
        e2e_reply r = e2e_post(server, "/v1/jobs", body);
        ck_assert_msg(r.status == 202, "%s", r.body);
        e2e_reply_free(&r);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("requests");
    tcase_add_test(tc, every_documented_member_of_a_request_is_taken);
    tcase_add_test(tc, undocumented_members_are_refused);
    tcase_add_test(tc, initial_parameters_are_the_documented_ones);
    return run_documented(tc);
}
