/* Documented defaults, choices and ranges are those of the server, to the next number beyond. */
#include "documented.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char dataset_id[32], model_id[32];

/* A job with this one member, and those without which some members make no sense. */
static e2e_reply job_with_word(const char *name, const char *value)
{
    static const char *const companions[][2] = {
        {"learning_rate", "0.01"}, {"batch_size", "2"}, {"validation_fraction", "0.25"}};
    char body[320];
    int at =
        snprintf(body, sizeof body, "{\"dataset_id\": \"%s\", \"%s\": %s", dataset_id, name, value);
    /* a rule that looks for its steps takes neither of the first two */
    for (size_t i = strstr(value, "bfgs") ? 2 : 0; i < COUNT(companions); i++)
        if (strcmp(companions[i][0], name) != 0)
            at += snprintf(body + at, sizeof body - (size_t)at, ", \"%s\": %s", companions[i][0],
                           companions[i][1]);
    snprintf(body + at, sizeof body - (size_t)at, "}");
    return e2e_post(server, "/v1/jobs", body);
}

/* The value printed so that it reads back exactly. */
static e2e_reply job_with(const char *name, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", value);
    return job_with_word(name, text);
}

START_TEST(documented_defaults_are_those_of_a_resolved_spec)
{
    train_line(dataset_id, model_id);
    char body[96];
    snprintf(body, sizeof body, "{\"dataset_id\": \"%s\"}", dataset_id);
    e2e_reply r = e2e_post(server, "/v1/jobs", body);
    const cJSON *property, *spec = e2e_at(r.json, "spec");
    int n = 0;
    cJSON_ArrayForEach (property, member(schema_of("JobRequest"), "properties")) {
        const cJSON *def = cJSON_GetObjectItemCaseSensitive(property, "default");
        if (!def)
            continue;
        ck_assert_msg(cJSON_Compare(def, member(spec, property->string), true), "%s",
                      property->string);
        n++;
    }
    ck_assert_int_eq(n, cJSON_GetArraySize(spec) - 1); /* all but the dataset_id have one */
    e2e_reply_free(&r);
}
END_TEST

/* A cost that is known, but not for linear_regression. */
static bool of_another_model(const e2e_reply *r)
{
    return r->status == 422 && strstr(r->body, "does not fit model") != NULL;
}

START_TEST(documented_choices_are_those_that_are_taken)
{
    static const char *const families[] = {"model", "cost", "optimizer", "schedule"};
    train_line(dataset_id, model_id);
    for (size_t i = 0; i < COUNT(families); i++) {
        const cJSON *choice, *one,
            *family = member(member(schema_of("JobRequest"), "properties"), families[i]);
        int names = 0, objects = 0;
        cJSON_ArrayForEach (choice, member(family, "oneOf")) {
            cJSON_ArrayForEach (one, member(choice, "enum")) {
                char word[64];
                snprintf(word, sizeof word, "\"%s\"", one->valuestring);
                e2e_reply r = job_with_word(families[i], word);
                ck_assert_msg(r.status == 202 || of_another_model(&r), "%s", r.body);
                e2e_reply_free(&r);
                names++;
            }
            const cJSON *name = member(member(choice, "properties"), "name");
            if (name) {
                char object[96];
                snprintf(object, sizeof object, "{\"name\": \"%s\"}", e2e_string(name, "const"));
                e2e_reply r = job_with_word(families[i], object);
                ck_assert_msg(r.status == 202 || of_another_model(&r), "%s", r.body);
                e2e_reply_free(&r);
                objects++;
            }
        }
        ck_assert_int_ge(names, 1);
        ck_assert_int_ge(names, objects); /* some have two names */
        ck_assert_int_ge(objects, 1);
    }
}
END_TEST

static void check_value(const char *name, double value, bool good)
{
    e2e_reply r = job_with(name, value);
    if (good) {
        ck_assert_msg(r.status == 202, "%s %.17g: %s", name, value, r.body);
        ck_assert_double_eq(e2e_number(e2e_at(r.json, "spec"), name), value);
    } else {
        ck_assert_msg(r.status == 422, "%s %.17g: %ld", name, value, r.status);
        e2e_field_error(&r, name);
    }
    e2e_reply_free(&r);
}

/* The next value beyond: a whole number for integers, else the next double. */
static double beyond(double v, bool integer, double direction)
{
    if (!integer)
        return nextafter(v, direction * INFINITY);
    return v + direction == v ? v + 2 * direction : v + direction;
}

static int check_range(const char *name, const cJSON *rule)
{
    const cJSON *bound, *type = member(rule, "type");
    bool integer = type && cJSON_IsString(type) && strcmp(type->valuestring, "integer") == 0;
    int n = 0;
    cJSON_ArrayForEach (bound, rule) {
        double v = bound->valuedouble;
        if (strcmp(bound->string, "minimum") == 0 || strcmp(bound->string, "maximum") == 0) {
            check_value(name, v, true);
            check_value(name, beyond(v, integer, bound->string[1] == 'i' ? -1 : 1), false);
        } else if (strcmp(bound->string, "exclusiveMinimum") == 0 ||
                   strcmp(bound->string, "exclusiveMaximum") == 0) {
            check_value(name, v, false);
            check_value(name, beyond(v, integer, bound->string[10] == 'i' ? 1 : -1), true);
        } else {
            continue;
        }
        n++;
    }
    if (integer && n)
        check_value(name, member(rule, "minimum")->valuedouble + 0.5, false);
    return n;
}

START_TEST(documented_ranges_of_settings_are_enforced)
{
    const cJSON *property, *choice;
    int bounds = 0;
    train_line(dataset_id, model_id);
    cJSON_ArrayForEach (property, member(schema_of("JobRequest"), "properties")) {
        /* these need other data: classes, or as many rows as folds */
        if (strcmp(property->string, "class_weight") == 0 ||
            strcmp(property->string, "threshold") == 0 ||
            strcmp(property->string, "cross_validation") == 0)
            continue;
        bounds += check_range(property->string, property);
        cJSON_ArrayForEach (choice, member(property, "oneOf")) {
            bounds += check_range(property->string, choice);
            const cJSON *word = member(choice, "const");
            if (word) {
                char text[32];
                snprintf(text, sizeof text, "\"%s\"", word->valuestring);
                e2e_reply r = job_with_word(property->string, text);
                ck_assert_msg(r.status == 202, "%s", r.body);
                e2e_reply_free(&r);
                r = job_with_word(property->string, "\"another\"");
                ck_assert_int_eq(r.status, 422);
                e2e_reply_free(&r);
            }
        }
    }
    /* learning_rate has one; epochs, batch_size, tol, n_iter_no_change, seed and
     * history_points two each */
    ck_assert_int_ge(bounds, 22);
}
END_TEST

static void check_query(const char *path, const char *name, double value, long status)
{
    e2e_reply r = e2e_getf(server, "%s?%s=%.0f", path, name, value);
    ck_assert_msg(r.status == status, "%s?%s=%.0f: %ld", path, name, value, r.status);
    e2e_reply_free(&r);
}

static e2e_reply post_sweep(void)
{
    char body[128];
    snprintf(body, sizeof body,
             "{\"job\": {\"dataset_id\": \"%s\"}, \"grid\": {\"l2\": [0]}}", dataset_id);
    e2e_reply r = e2e_post(server, "/v1/sweeps", body);
    ck_assert_int_eq(r.status, 202);
    return r;
}

START_TEST(documented_ranges_of_query_parameters_are_enforced)
{
    const cJSON *path, *parameter;
    int checked = 0;
    train_line(dataset_id, model_id);
    e2e_reply jobs = e2e_get(server, "/v1/jobs"), sweeps = post_sweep();
    const char *job = e2e_string(jobs.json, "jobs.0.id"), *sweep = e2e_string(sweeps.json, "id"),
               *id;
    cJSON_ArrayForEach (path, e2e_at(api, "paths"))
        cJSON_ArrayForEach (parameter, member(member(path, "get"), "parameters")) {
            const cJSON *p = schema_resolve(checker, parameter), *rule = member(p, "schema");
            const cJSON *min = member(rule, "minimum"), *max = member(rule, "maximum");
            const char *name = e2e_string(p, "name"), *hole = strstr(path->string, "{id}");
            char url[128];
            /* where access control is off tokens are not listed */
            if (strcmp(e2e_string(p, "in"), "query") != 0 || strstr(path->string, "tokens"))
                continue;
            id = strncmp(path->string, "/v1/datasets", 12) == 0 ? dataset_id
                 : strncmp(path->string, "/v1/sweeps", 10) == 0 ? sweep
                                                                : job;
            snprintf(url, sizeof url, "%.*s%s%s",
                     hole ? (int)(hole - path->string) : (int)strlen(path->string), path->string,
                     hole ? id : "", hole ? hole + 4 : "");
            if (min) {
                /* the parameters of an epoch exist only where they were recorded */
                check_query(url, name, min->valuedouble, strcmp(name, "epoch") == 0 ? 404 : 200);
                check_query(url, name, min->valuedouble - 1, 400);
                checked++;
            }
            if (max && max->valuedouble < 9e15) { /* else this reads it as another number */
                check_query(url, name, max->valuedouble, 200);
                check_query(url, name, max->valuedouble + 1, 400);
                checked++;
            }
        }
    ck_assert_int_ge(checked, 13);
    e2e_reply_free(&jobs);
    e2e_reply_free(&sweeps);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("values");
    tcase_add_test(tc, documented_defaults_are_those_of_a_resolved_spec);
    tcase_add_test(tc, documented_choices_are_those_that_are_taken);
    tcase_add_test(tc, documented_ranges_of_settings_are_enforced);
    tcase_add_test(tc, documented_ranges_of_query_parameters_are_enforced);
    return run_documented(tc);
}
