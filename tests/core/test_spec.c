/* gd_spec and every table of hyperparameters: laws that a new row or member inherits. */
#include "gd_spec.h"
#include "problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every parameter table there is: the spec's own first, then those of the families. */
typedef struct table {
    const char *family, *name, *doc;
    const gd_param *rows;
    size_t count, room; /* room: bytes of the struct that the rows describe */
} table;

static size_t tables_count(void)
{
    return 1 + gd_optimizers_count + gd_costs_count + gd_models_count + gd_schedules_count;
}

static table table_number(size_t i)
{
    if (i-- == 0)
        return (table){"spec", "spec", "-", gd_spec_params, gd_spec_params_count, sizeof(gd_spec)};
    if (i < gd_optimizers_count) {
        const gd_optimizer *o = gd_optimizers[i];
        return (table){"optimizer", o->name, o->doc, o->params, o->params_count, GD_HYPER_BYTES};
    }
    i -= gd_optimizers_count;
    if (i < gd_costs_count) {
        const gd_cost *c = gd_costs[i];
        return (table){"cost", c->name, c->doc, c->params, c->params_count, GD_HYPER_BYTES};
    }
    i -= gd_costs_count;
    if (i < gd_schedules_count) {
        const gd_schedule *c = gd_schedules[i];
        return (table){"schedule", c->name, c->doc, c->params, c->params_count, GD_HYPER_BYTES};
    }
    const gd_model *m = gd_models[i - gd_schedules_count];
    return (table){"model", m->name, m->doc, m->params, m->params_count, GD_HYPER_BYTES};
}

static size_t size_of_kind(gd_kind kind)
{
    return kind == GD_BOOLEAN ? sizeof(bool) : kind == GD_LIST ? sizeof(gd_list) : sizeof(double);
}

START_TEST(every_default_lies_in_its_own_range)
{
    table t = table_number((size_t)_i);
    _Alignas(16) unsigned char room[sizeof(gd_spec)];
    memset(room, 0xa5, sizeof room);
    gd_param_defaults(room, t.rows, t.count);
    for (size_t i = 0; i < t.count; i++) {
        const gd_param *p = &t.rows[i];
        gd_error err = {0};
        double value = gd_param_get(room, p);
        ck_assert_msg(value == p->def, "%s.%s: default %g reads as %g", t.name, p->name, p->def,
                      value);
        ck_assert_msg(gd_param_set(room, p, value, &err) == GD_OK, "%s.%s: the default %s", t.name,
                      p->name, err.message);
    }
}
END_TEST

START_TEST(rows_lie_in_their_struct_and_not_on_each_other)
{
    table t = table_number((size_t)_i);
    unsigned char taken[sizeof(gd_spec)] = {0};
    for (size_t i = 0; i < t.count; i++) {
        const gd_param *p = &t.rows[i];
        size_t size = size_of_kind(p->kind);
        ck_assert_msg(p->offset + size <= t.room, "%s.%s lies outside", t.name, p->name);
        for (size_t b = p->offset; b < p->offset + size; b++)
            ck_assert_msg(!taken[b]++, "%s.%s lies on another row", t.name, p->name);
    }
}
END_TEST

START_TEST(rows_are_named_once_and_explained)
{
    table t = table_number((size_t)_i);
    ck_assert_msg(t.name && *t.name && t.doc && *t.doc, "%s %d lacks a name or doc", t.family, _i);
    for (size_t i = 0; i < t.count; i++) {
        const gd_param *p = &t.rows[i];
        ck_assert_msg(p->name && *p->name && p->doc && *p->doc, "%s: row %zu", t.name, i);
        bool words = p->kind == GD_CHOICE;
        ck_assert_msg(!words || gd_param_choices(p) > 1, "%s.%s: no choice", t.name, p->name);
        ck_assert_msg(words || p->kind == GD_BOOLEAN || p->min < p->max, "%s.%s: empty range",
                      t.name, p->name);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(p->name, t.rows[j].name);
    }
}
END_TEST

/* Refusing what lies just outside, taking what lies just inside, whatever the row. */
START_TEST(every_row_keeps_its_own_ends)
{
    table t = table_number((size_t)_i);
    _Alignas(16) unsigned char room[sizeof(gd_spec)];
    gd_param_defaults(room, t.rows, t.count);
    for (size_t i = 0; i < t.count; i++) {
        const gd_param *p = &t.rows[i];
        if (p->kind == GD_BOOLEAN || p->kind == GD_CHOICE)
            continue;
        bool whole = p->kind != GD_NUMBER;
        double down = whole ? p->min - 1 : nextafter(p->min, -INFINITY);
        double up = whole ? p->max + 2 : nextafter(p->max, INFINITY);
        bool min_is_word = p->word && p->min == p->word_value;
        if (isfinite(p->min)) {
            ck_assert_int_eq(gd_param_set(room, p, p->min, NULL),
                             p->min_open && !min_is_word ? GD_INVALID : GD_OK);
            if (!p->word || p->word_value != down)
                ck_assert_int_eq(gd_param_set(room, p, down, NULL), GD_INVALID);
        }
        if (isfinite(p->max)) {
            ck_assert_int_eq(gd_param_set(room, p, p->max, NULL), p->max_open ? GD_INVALID : GD_OK);
            ck_assert_int_eq(gd_param_set(room, p, up, NULL), GD_INVALID);
        }
    }
}
END_TEST

START_TEST(names_are_found_and_unknown_ones_are_not)
{
    for (size_t i = 0; i < gd_optimizers_count; i++)
        ck_assert_ptr_eq(gd_optimizer_find(gd_optimizers[i]->name), gd_optimizers[i]);
    for (size_t i = 0; i < gd_costs_count; i++)
        ck_assert_ptr_eq(gd_cost_find(gd_costs[i]->name), gd_costs[i]);
    for (size_t i = 0; i < gd_models_count; i++)
        ck_assert_ptr_eq(gd_model_find(gd_models[i]->name), gd_models[i]);
    ck_assert_ptr_null(gd_optimizer_find("no such"));
    ck_assert_ptr_null(gd_cost_find(""));
    ck_assert_ptr_null(gd_model_find("linear_regressio"));
}
END_TEST

#define CHECK_FAMILY(family)                                                                       \
    for (size_t i = 0; i < gd_##family##s_count; i++) {                                            \
        const char *alias = gd_##family##s[i]->alias;                                              \
        if (alias)                                                                                 \
            ck_assert_ptr_eq(gd_##family##_find(alias), gd_##family##s[i]);                        \
        for (size_t j = 0; j < gd_##family##s_count; j++) {                                        \
            const char *other = gd_##family##s[j]->alias;                                          \
            ck_assert(i == j || strcmp(gd_##family##s[i]->name, gd_##family##s[j]->name) != 0);    \
            ck_assert(!other || strcmp(gd_##family##s[i]->name, other) != 0);                      \
            ck_assert(i == j || !alias || !other || strcmp(alias, other) != 0);                    \
        }                                                                                          \
    }

START_TEST(aliases_stand_for_one_member)
{
    CHECK_FAMILY(optimizer)
    CHECK_FAMILY(cost)
    CHECK_FAMILY(model)
    CHECK_FAMILY(schedule)
    ck_assert_ptr_eq(gd_optimizer_find("sgd"), gd_optimizer_find("gd"));
}
END_TEST

/* A setting that does not go with the others is named, with what to set instead. */
static void refused(const gd_spec *s, const char *field, const char *a, const char *b)
{
    gd_error err = {0};
    ck_assert_int_eq(gd_spec_check(s, &err), GD_INVALID);
    ck_assert_msg(strcmp(err.field, field) == 0, "field %s, not %s: %s", err.field, field,
                  err.message);
    ck_assert_msg(strstr(err.message, a) && strstr(err.message, b), "%s: %s", field, err.message);
    ck_assert_int_eq(gd_spec_check(s, NULL), GD_INVALID);
}

START_TEST(settings_that_do_not_go_together_are_refused_by_field)
{
    gd_spec s = spec_defaults();
    ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
    s.patience = 3;
    refused(&s, "patience", "validation_fraction", "\"none\"");
    s.validation_fraction = 0.2;
    ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);

    s = spec_defaults();
    s.average = true;
    refused(&s, "average", "batch_size", "false");
    s.batch_size = 10;
    ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);

    s = spec_defaults();
    s.dtype = GD_FLOAT32;
    refused(&s, "dtype", "linear_regression", "\"float64\"");

    for (size_t i = 0; i < gd_optimizers_count; i++) {
        s = spec_defaults();
        use_optimizer(&s, gd_optimizers[i]->name);
        s.l1 = 0.1;
        if (gd_optimizers[i]->gain)
            ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
        else
            refused(&s, "l1", "gd, momentum or nesterov", gd_optimizers[i]->name);
        s.l1 = 0;
        ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
    }

    for (size_t i = 0; i < gd_costs_count; i++) {
        s = spec_defaults();
        use_model(&s, gd_costs[i]->tasks & GD_BINARY ? "svm" : "linear_regression");
        if (!(s.model->task & gd_costs[i]->tasks))
            continue;
        use_cost(&s, gd_costs[i]->name);
        if (gd_costs[i]->smooth) {
            ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
            continue;
        }
        refused(&s, "learning_rate", gd_costs[i]->name, "adam");
        s.learning_rate = 0.1;
        ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
        s.learning_rate = GD_AUTO;
        use_optimizer(&s, "adam");
        ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
    }
}
END_TEST

START_TEST(what_backtracking_can_not_do_is_refused)
{
    gd_spec s = spec_defaults();
    use_model(&s, "poisson_regression");
    ck_assert(gd_spec_backtracks(&s));
    ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
    s.batch_size = 10;
    refused(&s, "learning_rate", "full batches", "adam");
    s.batch_size = GD_FULL_BATCH;
    use_optimizer(&s, "momentum");
    refused(&s, "learning_rate", "needs gd", "adam");
    use_optimizer(&s, "adam");
    ck_assert(!gd_spec_backtracks(&s));
    ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
    use_optimizer(&s, "gd");
    use_schedule(&s, "cosine");
    refused(&s, "schedule", "learning_rate", "poisson");
    s.learning_rate = 0.01;
    ck_assert(!gd_spec_backtracks(&s));
    ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
}
END_TEST

START_TEST(the_default_cost_of_every_model_exists_and_fits)
{
    const gd_model *m = gd_models[_i];
    gd_spec s;
    gd_spec_defaults(&s);
    s.model = m;
    s.cost = gd_cost_find(m->default_cost);
    ck_assert_msg(s.cost != NULL, "%s: no cost \"%s\"", m->name, m->default_cost);
    ck_assert_int_eq(gd_spec_check(&s, NULL), GD_OK);
}
END_TEST

START_TEST(a_poisoned_spec_gets_all_defaults)
{
    gd_spec s;
    memset(&s, 0xa5, sizeof s);
    gd_spec_defaults(&s);
    ck_assert_str_eq(s.model->name, "linear_regression");
    ck_assert_str_eq(s.cost->name, "mse");
    ck_assert_str_eq(s.optimizer->name, "gd");
    for (size_t i = 0; i < gd_spec_params_count; i++)
        ck_assert_double_eq(gd_param_get(&s, &gd_spec_params[i]), gd_spec_params[i].def);
    ck_assert_double_eq(s.learning_rate, GD_AUTO);
    ck_assert_uint_eq(s.epochs, 1000);
    ck_assert_uint_eq(s.batch_size, GD_FULL_BATCH);
    ck_assert_uint_eq(s.seed, 0);
    ck_assert(s.shuffle && s.intercept && s.standardize);
    const gd_hyper *hypers[] = {&s.model_hyper, &s.cost_hyper, &s.optimizer_hyper};
    const gd_param *rows[] = {s.model->params, s.cost->params, s.optimizer->params};
    size_t counts[] = {s.model->params_count, s.cost->params_count, s.optimizer->params_count};
    for (size_t f = 0; f < 3; f++)
        for (size_t i = 0; i < counts[f]; i++)
            ck_assert_double_eq(gd_param_get(hypers[f], &rows[f][i]), rows[f][i].def);
}
END_TEST

START_TEST(a_cost_that_does_not_fit_is_refused_with_those_that_do)
{
    gd_spec s;
    gd_spec_defaults(&s);
    gd_cost other = *s.cost;
    other.name = "other";
    other.tasks = ~(unsigned)s.model->task;
    s.cost = &other;
    gd_error err = {0};
    ck_assert_int_eq(gd_spec_check(&s, &err), GD_INVALID);
    ck_assert_str_eq(err.field, "cost");
    ck_assert_ptr_nonnull(strstr(err.message, "\"other\" does not fit model"));
    ck_assert_ptr_nonnull(strstr(err.message, s.model->name));
    for (size_t i = 0; i < gd_costs_count; i++) {
        char quoted[80];
        snprintf(quoted, sizeof quoted, "\"%s\"", gd_costs[i]->name);
        bool fits = gd_costs[i]->tasks & s.model->task;
        ck_assert_msg(fits == (strstr(err.message, quoted) != NULL), "%s: %s", quoted, err.message);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("spec");
    int tables = (int)tables_count();
    tcase_add_loop_test(tc, every_default_lies_in_its_own_range, 0, tables);
    tcase_add_loop_test(tc, rows_lie_in_their_struct_and_not_on_each_other, 0, tables);
    tcase_add_loop_test(tc, rows_are_named_once_and_explained, 0, tables);
    tcase_add_loop_test(tc, every_row_keeps_its_own_ends, 0, tables);
    tcase_add_test(tc, names_are_found_and_unknown_ones_are_not);
    tcase_add_test(tc, aliases_stand_for_one_member);
    tcase_add_test(tc, settings_that_do_not_go_together_are_refused_by_field);
    tcase_add_test(tc, what_backtracking_can_not_do_is_refused);
    tcase_add_loop_test(tc, the_default_cost_of_every_model_exists_and_fits, 0,
                        (int)gd_models_count);
    tcase_add_test(tc, a_poisoned_spec_gets_all_defaults);
    tcase_add_test(tc, a_cost_that_does_not_fit_is_refused_with_those_that_do);
    return run_case(tc, "spec");
}
