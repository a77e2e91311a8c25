/* api_families: every member of every family, those to come too, is read by its name, its alias
 * or an object of its hyperparameters, and what is written reads back as the same choice.
 */
#include "api_families.h"
#include "api_fields.h"
#include "api_job.h"
#include "api_tests.h"
#include "api_text.h"

#include <math.h>

static bool decode(const api_family *f, const char *json, gd_spec *spec, api_problem *p)
{
    cJSON *value = cJSON_Parse(json);
    ck_assert_msg(value != NULL, "%s", json);
    gd_spec_defaults(spec);
    *p = no_problem();
    bool ok = api_family_decode(f, value, spec, p);
    cJSON_Delete(value);
    ck_assert_msg(ok == (p->code == API_NO_PROBLEM), "%s: %s", json, problem_text(p));
    return ok;
}

static gd_spec good(const api_family *f, const char *json)
{
    gd_spec spec;
    api_problem p;
    ck_assert_msg(decode(f, json, &spec, &p), "%s: %s: %s", f->field, json, problem_text(&p));
    return spec;
}

/* The one field that is bad. */
static void bad(const api_family *f, const char *json, const char *path, const char *part)
{
    gd_spec spec;
    api_problem p;
    ck_assert_msg(!decode(f, json, &spec, &p), "%s: %s is accepted", f->field, json);
    ck_assert_msg(p.code == API_INVALID && p.errors_count == 1 && says(&p, path, part),
                  "%s: %s; expected \"%s\" of \"%s\"", json, problem_text(&p), part, path);
}

static const void *hyper_of(const api_family *f, const gd_spec *spec)
{
    return (const char *)spec + f->hyper;
}

static const void *chosen(const api_family *f, const gd_spec *spec)
{
    const void *object;
    memcpy(&object, (const char *)spec + f->chosen, sizeof object);
    return object;
}

/* A value in the range that is not the default; not a round one, where it can be. */
static double other_value(const gd_param *p)
{
    if (p->kind == GD_BOOLEAN)
        return p->def == 0;
    if (p->kind == GD_CHOICE)
        return p->def == 0;
    double low = isfinite(p->min) ? p->min : -1e6, high = isfinite(p->max) ? p->max : low + 1e6;
    if (p->kind != GD_NUMBER)
        return p->min + 1 == p->def ? p->min + 2 : p->min + 1;
    return low + (high - low) / 3;
}

static char *written(const api_family *f, const gd_spec *spec)
{
    cJSON *o = cJSON_CreateObject();
    api_family_encode(o, f, spec);
    char *text = api_doc_take_text(cJSON_DetachItemFromObjectCaseSensitive(o, f->field));
    cJSON_Delete(o);
    ck_assert_ptr_nonnull(text);
    return text;
}

/* What is written of spec reads back as the same choice, and is written the same again. */
static void survives(const api_family *f, const gd_spec *spec)
{
    char *text = written(f, spec);
    gd_spec again = good(f, text);
    ck_assert_ptr_eq(chosen(f, &again), chosen(f, spec));
    api_member m = api_family_chosen(f, spec);
    for (size_t k = 0; k < m.params_count; k++)
        assert_same_double(gd_param_get(hyper_of(f, &again), &m.params[k]),
                           gd_param_get(hyper_of(f, spec), &m.params[k]));
    char *twice = written(f, &again);
    ck_assert_str_eq(twice, text);
    free(twice);
    free(text);
}

START_TEST(the_families_are_those_of_core)
{
    ck_assert_uint_eq(api_families_count, 4);
    ck_assert_str_eq(api_families[0].field, "model"); /* it says which cost is the default */
    for (size_t i = 0; i < api_families_count; i++) {
        const api_family *f = &api_families[i];
        gd_spec spec;
        gd_spec_defaults(&spec);
        ck_assert(*f->members_count > 0 && f->doc && *f->doc);
        ck_assert_ptr_eq(chosen(f, &spec), f->object(0)); /* the first is the default */
        ck_assert_str_eq(api_family_chosen(f, &spec).name, f->at(0).name);
        for (size_t k = 0; k < *f->members_count; k++) {
            api_member m = f->at(k);
            ck_assert_msg(m.name && m.doc && *m.doc && m.formula && *m.formula, "%s", m.name);
            for (size_t j = 0; j < k; j++) { /* names and aliases are distinct */
                api_member o = f->at(j);
                ck_assert_str_ne(m.name, o.name);
                ck_assert(!o.alias || strcmp(m.name, o.alias) != 0);
                ck_assert(!m.alias || strcmp(m.alias, o.name) != 0);
                ck_assert(!m.alias || !o.alias || strcmp(m.alias, o.alias) != 0);
            }
            for (size_t j = 0; j < m.params_count; j++) {
                const gd_param *p = &m.params[j];
                ck_assert_msg(strcmp(p->name, "name") != 0, "%s.name is taken", m.name);
                ck_assert_msg(p->doc && *p->doc, "%s.%s has no help", m.name, p->name);
                ck_assert_uint_le(p->offset + sizeof(bool), GD_HYPER_BYTES);
            }
        }
    }
}
END_TEST

/* By its name, its alias, an object of either; then with every hyperparameter set. */
static void read_in_every_way(const api_family *f, size_t i)
{
    api_member m = f->at(i);
    const char *names[] = {m.name, m.alias};
    char json[2048];
    for (size_t k = 0; k < 2 && names[k]; k++)
        for (int object = 0; object < 2; object++) {
            snprintf(json, sizeof json, object ? "{\"name\": \"%s\"}" : "\"%s\"", names[k]);
            gd_spec spec = good(f, json);
            ck_assert_ptr_eq(chosen(f, &spec), f->object(i));
            ck_assert_str_eq(api_family_chosen(f, &spec).name, m.name);
            for (size_t j = 0; j < m.params_count; j++)
                assert_same_double(gd_param_get(hyper_of(f, &spec), &m.params[j]), m.params[j].def);
            survives(f, &spec);
        }
    for (int last = 0; last < 2; last++) { /* the name comes first or last */
        size_t at = (size_t)snprintf(json, sizeof json, "{");
        if (!last)
            at += (size_t)snprintf(json + at, sizeof json - at, "\"name\": \"%s\"", m.name);
        for (size_t j = 0; j < m.params_count; j++) {
            double v = other_value(&m.params[j]);
            const char *comma = at > 1 ? ", " : "";
            if (m.params[j].kind == GD_BOOLEAN)
                at += (size_t)snprintf(json + at, sizeof json - at, "%s\"%s\": %s", comma,
                                       m.params[j].name, v != 0 ? "true" : "false");
            else if (m.params[j].kind == GD_CHOICE)
                at += (size_t)snprintf(json + at, sizeof json - at, "%s\"%s\": \"%s\"", comma,
                                       m.params[j].name, m.params[j].choices[(size_t)v]);
            else if (m.params[j].kind == GD_LIST)
                at += (size_t)snprintf(json + at, sizeof json - at, "%s\"%s\": [%.17g]", comma,
                                       m.params[j].name, v);
            else
                at += (size_t)snprintf(json + at, sizeof json - at, "%s\"%s\": %.17g", comma,
                                       m.params[j].name, v);
        }
        if (last)
            at += (size_t)snprintf(json + at, sizeof json - at, "%s\"name\": \"%s\"",
                                   at > 1 ? ", " : "", m.name);
        snprintf(json + at, sizeof json - at, "}");
        gd_spec spec = good(f, json);
        ck_assert_ptr_eq(chosen(f, &spec), f->object(i));
        for (size_t j = 0; j < m.params_count; j++) {
            double v = other_value(&m.params[j]);
            ck_assert_msg(v != m.params[j].def, "%s.%s", m.name, m.params[j].name);
            assert_same_double(gd_param_get(hyper_of(f, &spec), &m.params[j]), v);
        }
        survives(f, &spec);
    }
}

START_TEST(every_member_is_read_in_every_way_and_survives)
{
    const api_family *f = &api_families[_i];
    for (size_t i = 0; i < *f->members_count; i++)
        read_in_every_way(f, i);
}
END_TEST

START_TEST(only_members_with_hyperparameters_are_written_as_objects)
{
    const api_family *f = &api_families[_i];
    for (size_t i = 0; i < *f->members_count; i++) {
        api_member m = f->at(i);
        char json[100];
        snprintf(json, sizeof json, "\"%s\"", m.name);
        gd_spec spec = good(f, json);
        char *text = written(f, &spec);
        cJSON *doc = read_back(text);
        ck_assert_int_eq(cJSON_IsObject(doc), m.params_count > 0);
        if (m.params_count == 0)
            ck_assert_str_eq(text, json);
        else
            ck_assert_int_eq(cJSON_GetArraySize(doc), 1 + (int)m.params_count);
        cJSON_Delete(doc);
        free(text);
    }
}
END_TEST

/* One hyperparameter of one member with one value. */
static void tries(const api_family *f, const api_member *m, const gd_param *p, const char *value,
                  bool fits)
{
    char json[300], path[100];
    snprintf(json, sizeof json, "{\"name\": \"%s\", \"%s\": %s}", m->name, p->name, value);
    snprintf(path, sizeof path, "%s.%s", f->field, p->name);
    if (!fits) {
        char rule[256];
        bad(f, json, path, gd_param_rule(p, rule, sizeof rule));
        return;
    }
    gd_spec spec = good(f, json);
    survives(f, &spec);
}

static void tries_number(const api_family *f, const api_member *m, const gd_param *p, double v,
                         bool fits)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", v);
    tries(f, m, p, text, fits);
}

static void tries_words(const api_family *f, const api_member *m, const gd_param *p)
{
    char text[64];
    for (size_t i = 0; p->choices[i]; i++) {
        snprintf(text, sizeof text, "\"%s\"", p->choices[i]);
        tries(f, m, p, text, true);
        snprintf(text, sizeof text, "\"%sq\"", p->choices[i]);
        tries(f, m, p, text, false);
    }
    tries(f, m, p, "0", false);
}

static void tries_list(const api_family *f, const api_member *m, const gd_param *p)
{
    char text[GD_MAX_LIST * 32];
    tries_number(f, m, p, p->min, false); /* not in an array */
    for (size_t n = 1; n <= GD_MAX_LIST + 1; n++) {
        size_t at = (size_t)snprintf(text, sizeof text, "[%.17g", p->max);
        for (size_t i = 1; i < n; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, ", %.17g", p->min);
        snprintf(text + at, sizeof text - at, "]");
        tries(f, m, p, text, n <= GD_MAX_LIST);
    }
    const double beyond[] = {p->min - 1, p->max + 1, p->min + 0.5};
    for (size_t i = 0; i < COUNT(beyond); i++) {
        char json[300], path[100], rule[256];
        gd_param one = gd_param_element(p);
        snprintf(json, sizeof json, "{\"name\": \"%s\", \"%s\": [%.17g, %.17g]}", m->name, p->name,
                 p->min, beyond[i]);
        snprintf(path, sizeof path, "%s.%s[1]", f->field, p->name);
        bad(f, json, path, gd_param_rule(&one, rule, sizeof rule));
    }
}

static void tries_range(const api_family *f, const api_member *m, const gd_param *p)
{
    static const char *const wrong[] = {"null", "[]", "{}", "\"\"", "\"1\"", "\"nonsense\""};
    for (size_t i = 0; i < COUNT(wrong); i++)
        tries(f, m, p, wrong[i], p->kind == GD_LIST && strcmp(wrong[i], "[]") == 0);
    tries(f, m, p, "true", p->kind == GD_BOOLEAN);
    tries(f, m, p, "false", p->kind == GD_BOOLEAN);
    if (p->kind == GD_BOOLEAN) {
        tries(f, m, p, "0", false);
        tries(f, m, p, "1", false);
        return;
    }
    if (p->kind == GD_CHOICE) {
        tries_words(f, m, p);
        return;
    }
    if (p->kind == GD_LIST) {
        tries_list(f, m, p);
        return;
    }
    if (isfinite(p->min)) {
        tries_number(f, m, p, p->min, !p->min_open);
        tries_number(f, m, p, p->kind == GD_INTEGER ? p->min - 1 : nextafter(p->min, -INFINITY),
                     false);
        if (p->kind == GD_NUMBER)
            tries_number(f, m, p, nextafter(p->min, INFINITY), true);
    }
    if (isfinite(p->max)) {
        tries_number(f, m, p, p->max, !p->max_open);
        tries_number(f, m, p, p->kind == GD_INTEGER ? 2 * p->max : nextafter(p->max, INFINITY),
                     false);
        if (p->kind == GD_NUMBER)
            tries_number(f, m, p, nextafter(p->max, -INFINITY), true);
    } else {
        tries_number(f, m, p, 1.7976931348623157e308, p->kind == GD_NUMBER);
    }
    if (p->kind == GD_INTEGER)
        tries_number(f, m, p, p->min + 0.5, false);
    if (p->word) {
        char text[40];
        snprintf(text, sizeof text, "\"%s\"", p->word);
        tries(f, m, p, text, true);
        tries_number(f, m, p, p->word_value, false);
    }
}

START_TEST(every_hyperparameter_takes_its_range_and_nothing_else)
{
    const api_family *f = &api_families[_i];
    for (size_t i = 0; i < *f->members_count; i++) {
        api_member m = f->at(i);
        for (size_t k = 0; k < m.params_count; k++)
            tries_range(f, &m, &m.params[k]);
    }
}
END_TEST

START_TEST(what_is_no_member_is_answered_with_all_of_them)
{
    const api_family *f = &api_families[_i];
    static const char *const values[] = {"\"\"",
                                         "\"no such member\"",
                                         "5",
                                         "null",
                                         "true",
                                         "[]",
                                         "{\"name\": \"no such member\"}",
                                         "{\"name\": 5}"};
    for (size_t i = 0; i < COUNT(values); i++) {
        char path[40];
        snprintf(path, sizeof path, "%s%s", f->field, *values[i] == '{' ? ".name" : "");
        for (size_t k = 0; k < *f->members_count; k++) {
            char quoted[60];
            snprintf(quoted, sizeof quoted, "\"%s\"", f->at(k).name);
            bad(f, values[i], path, quoted);
        }
        bad(f, values[i], path, "must be one of \"");
    }
    char path[40];
    snprintf(path, sizeof path, "%s.name", f->field);
    bad(f, "{}", path, "is missing");
    for (size_t k = 0; k < *f->members_count; k++) { /* a letter too many */
        char json[60], part[80];
        snprintf(json, sizeof json, "\"%sq\"", f->at(k).name);
        snprintf(part, sizeof part, "did you mean \"%s\"?", f->at(k).name);
        snprintf(path, sizeof path, "%s", f->field);
        bad(f, json, path, part);
        snprintf(json, sizeof json, "{\"name\": \"%s\", \"warp\": 1}", f->at(k).name);
        snprintf(path, sizeof path, "%s.warp", f->field);
        bad(f, json, path, "unknown field");
    }
}
END_TEST

START_TEST(a_choice_leaves_the_other_families_alone)
{
    gd_spec spec;
    api_problem p = no_problem();
    gd_spec_defaults(&spec);
    const gd_spec fresh = spec;
    for (size_t i = 0; i < api_families_count; i++) {
        const api_family *f = &api_families[i];
        cJSON *value = cJSON_CreateString(f->at(*f->members_count - 1).name);
        ck_assert(api_family_decode(f, value, &spec, &p));
        cJSON_Delete(value);
        for (size_t k = 0; k < api_families_count; k++)
            ck_assert_ptr_eq(chosen(&api_families[k], &spec),
                             k <= i ? api_families[k].object(*api_families[k].members_count - 1)
                                    : chosen(&api_families[k], &fresh));
    }
    for (size_t i = 0; i < gd_spec_params_count; i++)
        assert_same_double(gd_param_get(&spec, &gd_spec_params[i]), gd_spec_params[i].def);
}
END_TEST

START_TEST(all_bad_hyperparameters_are_told_at_once)
{
    const api_family *f = &api_families[2];
    gd_spec spec;
    api_problem p;
    ck_assert_str_eq(f->field, "optimizer");
    ck_assert(!decode(f,
                      "{\"beta1\": 1, \"beta2\": -1, \"name\": \"adam\", \"epsilon\": 0, "
                      "\"beta3\": 1}",
                      &spec, &p));
    ck_assert_uint_eq(p.errors_count, 4);
    assert_says(&p, "optimizer.beta1", "got 1");
    assert_says(&p, "optimizer.beta2", "got -1");
    assert_says(&p, "optimizer.epsilon", "got 0");
    assert_says(&p, "optimizer.beta3", "did you mean \"beta");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("families");
    int families = (int)api_families_count;
    tcase_add_test(tc, the_families_are_those_of_core);
    tcase_add_loop_test(tc, every_member_is_read_in_every_way_and_survives, 0, families);
    tcase_add_loop_test(tc, only_members_with_hyperparameters_are_written_as_objects, 0, families);
    tcase_add_loop_test(tc, every_hyperparameter_takes_its_range_and_nothing_else, 0, families);
    tcase_add_loop_test(tc, what_is_no_member_is_answered_with_all_of_them, 0, families);
    tcase_add_test(tc, a_choice_leaves_the_other_families_alone);
    tcase_add_test(tc, all_bad_hyperparameters_are_told_at_once);
    return run_tests(tc, "api_families");
}
