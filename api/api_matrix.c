/* api_matrix: made-up names, and the choice among them. */
#include "api_matrix.h"

#include <stdio.h>
#include <stdlib.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

void api_matrix_free(api_matrix *m)
{
    api_named_free(&m->named);
    free(m->wanted);
    free(m->missing);
    *m = (api_matrix){0};
}

/* Its cells are numbers, unless it is left out. */
static bool check_type(api_cells *c, const char *name, api_problem *p)
{
    if (c->type == API_TYPE_UNKNOWN)
        c->type = API_NUMERIC;
    return c->type == API_NUMERIC || c->type == API_IGNORE ||
           api_problem_field(p, "types", "\"%.64s\" is a column of an array of numbers, not %s",
                             name, api_type_name(c->type));
}

bool api_matrix_begin(api_matrix *m, const api_read_options *options, const api_npy_shape *shape,
                      api_problem *p)
{
    m->shape = *shape;
    if (options->max_values && shape->rows * shape->cols > options->max_values)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values in one request",
                               (unsigned long long)options->max_values);
    if (options->in_order && shape->cols != options->columns_count)
        return api_problem_field(p, "columns", "are %llu, but the model has %zu",
                                 (unsigned long long)shape->cols, options->columns_count);
    m->named.options = options;
    m->missing = calloc(shape->cols, sizeof *m->missing);
    if (!m->missing)
        return no_memory(p);
    for (size_t i = 0; i < shape->cols; i++) {
        char made[32];
        const char *name = options->in_order ? options->columns[i] : made;
        snprintf(made, sizeof made, shape->cols > 1 ? "x%zu" : "x", i + 1);
        if (api_named_add(&m->named, name) != API_NAMES_NEW)
            return no_memory(p);
        if (!check_type(&m->named.cells[i], name, p))
            return false;
    }
    return true;
}

bool api_matrix_finish(api_matrix *m, const api_read_options *options, api_dataset *out,
                       api_problem *soft, api_problem *p)
{
    const api_choice choice = {.columns = options->columns,
                               .columns_count = options->columns_count,
                               .target = options->target,
                               .labelled = options->labelled,
                               .what = "the rows",
                               .place = api_place_row};
    out->rows = m->shape.rows;
    out->by_columns = m->shape.by_columns;
    return api_named_finish(&m->named, &choice, out, soft, p);
}

bool api_matrix_kinds(const api_matrix *m, uint64_t targets_missing, api_dataset *d, api_problem *p)
{
    free(d->kinds);
    d->kinds = calloc(d->cols + (d->target != NULL), sizeof *d->kinds);
    if (!d->kinds)
        return no_memory(p);
    for (size_t i = 0; i < d->cols; i++)
        d->kinds[i] = (api_kind){.type = API_NUMERIC, .missing = m->missing[d->features[i]]};
    if (d->target)
        d->kinds[d->cols] = (api_kind){
            .type = API_NUMERIC,
            .missing = d->target_at == API_APART ? targets_missing : m->missing[d->target_at]};
    api_dataset_settle_kinds(d);
    return true;
}

bool api_matrix_wanted(api_matrix *m, const api_dataset *d, const bool **wanted, api_problem *p)
{
    *wanted = NULL;
    if (d->cols + (d->target_at != API_APART) == m->shape.cols)
        return true;
    m->wanted = calloc(m->shape.cols, sizeof *m->wanted);
    if (!m->wanted)
        return no_memory(p);
    for (size_t i = 0; i < d->cols; i++)
        m->wanted[d->features[i]] = true;
    if (d->target_at != API_APART)
        m->wanted[d->target_at] = true;
    *wanted = m->wanted;
    return true;
}
