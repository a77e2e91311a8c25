/* srv_input_prepare: rows for a stored model whose columns were prepared when it was trained: their
 * levels become the model's, missing cells what stands for them; rows that lack any are left out
 * where training did so. */
#include "srv_input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the rows");
}

/* ---- types ---- */

bool srv_input_types(const srv_model *m, api_types *types, api_problem *p)
{
    size_t n = m->inputs_count;
    if (n > GD_MAX_COLUMNS + 1)
        return true; /* only sparse rows may be so wide, which are numbers */
    api_type *list = malloc((n ? n : 1) * sizeof *list);
    for (size_t j = 0; list && j < n; j++)
        list[j] =
            m->prepared && j < m->preparation.cols ? m->preparation.columns[j].type : API_NUMERIC;
    bool ok = (list && api_types_fill(types, m->inputs, list, n)) || no_memory(p);
    free(list);
    return ok;
}

static bool alike(api_type a, api_type b)
{
    bool numbers = (a == API_NUMERIC || a == API_BOOLEAN) && (b == API_NUMERIC || b == API_BOOLEAN);
    return a == b || numbers;
}

bool srv_input_check_kinds(const srv_input *in, const srv_model *m, const char *field,
                           api_problem *p)
{
    for (size_t j = 0; in->kinds && j < m->inputs_count; j++) {
        const api_kind *kind = in->kinds[j];
        bool prepared = m->prepared && j < m->preparation.cols;
        api_type wanted = prepared ? m->preparation.columns[j].type : API_NUMERIC;
        if (!alike(kind->type, wanted) && kind->missing < in->data.rows)
            return api_problem_field(p, field,
                                     "has column \"%.80s\" as %s, but the model as %s: give "
                                     "types=%.80s:%s",
                                     m->inputs[j], api_type_name(kind->type), api_type_name(wanted),
                                     m->inputs[j], api_type_name(wanted));
    }
    return true;
}

/* ---- missing cells ---- */

static bool has_all(const gd_data *d, const double *y, size_t row)
{
    bool there = (!y || !isnan(y[row])) && (!d->offset || !isnan(d->offset[row]));
    for (size_t j = 0; there && j < d->cols; j++)
        there = !isnan(gd_data_at(d, row, j));
    return there;
}

bool srv_input_drop(srv_input *in, const double **y, const char *field, api_problem *p)
{
    gd_data *d = &in->data;
    size_t n = 0, rows = d->rows;
    double *X = malloc(rows * d->cols * sizeof *X), *kept = malloc(rows * sizeof *kept);
    bool ok = (X && kept) || no_memory(p);
    for (size_t i = 0; ok && i < rows; i++) {
        if (!has_all(d, *y, i))
            continue;
        for (size_t j = 0; j < d->cols; j++)
            X[n * d->cols + j] = gd_data_at(d, i, j);
        kept[n] = (*y)[i];
        if (in->offset)
            in->offset[n] = in->offset[i];
        n++;
    }
    if (ok && n == 0)
        ok = api_problem_field(p, field, "has no row that lacks no value");
    if (!ok) {
        free(X);
        free(kept);
        return false;
    }
    free(in->X);
    free(in->y);
    d->X = in->X = X;
    d->X32 = NULL;
    *y = in->y = kept;
    d->rows = n;
    return true;
}

bool srv_input_complete(const srv_input *in, const double *y, bool features, const char *field,
                        api_problem *p)
{
    gd_data looked_at = in->data;
    if (!features)
        looked_at.cols = 0;
    for (size_t i = 0; i < in->data.rows; i++)
        if (!has_all(&looked_at, y, i))
            return api_problem_field(p, field,
                                     "has a missing %s in row %zu, which the model does not know "
                                     "what to do with",
                                     !y || !isnan(y[i]) ? "value" : "target", i + 1);
    return true;
}

/* ---- rows ---- */

/* Of each level of the source its place among the model's. NULL: out of memory. */
static double *places(const api_prepared *c, const api_kind *kind)
{
    double *place = malloc((kind->levels_count + 1) * sizeof *place);
    for (size_t k = 0; place && k < kind->levels_count; k++)
        place[k] = api_prepared_level(c, kind->levels[k]);
    return place;
}

typedef struct levels {
    double **place; /* of each categorical column; owned */
    size_t count;
} levels;

static void free_levels(levels *l)
{
    for (size_t j = 0; l->place && j < l->count; j++)
        free(l->place[j]);
    free(l->place);
}

static bool find_levels(levels *l, const srv_input *in, const srv_model *m, api_problem *p)
{
    static const api_kind none = {.type = API_CATEGORICAL};
    const api_preparation *a = &m->preparation;
    l->count = a->cols;
    l->place = calloc(a->cols ? a->cols : 1, sizeof *l->place);
    if (!l->place)
        return no_memory(p);
    for (size_t j = 0; j < a->cols; j++)
        if (a->columns[j].type == API_CATEGORICAL &&
            !(l->place[j] = places(&a->columns[j], in->kinds ? in->kinds[j] : &none)))
            return no_memory(p);
    return true;
}

static bool prepare_row(const srv_input *in, const srv_model *m, const levels *l, size_t row,
                        double *raw, double *out, const char *field, api_problem *p)
{
    size_t at;
    const api_preparation *a = &m->preparation;
    for (size_t j = 0; j < a->cols; j++) {
        raw[j] = gd_data_at(&in->data, row, j);
        if (l->place[j] && !isnan(raw[j]))
            raw[j] = l->place[j][(size_t)raw[j]];
    }
    gd_prepare_fault fault = gd_prepare_row(a->core, raw, out, &at);
    if (fault == GD_PREPARED)
        return true;
    const char *text = fault == GD_PREPARE_UNKNOWN && in->kinds
                           ? in->kinds[at]->levels[(size_t)gd_data_at(&in->data, row, at)]
                           : NULL;
    return api_preparation_fault(a, fault, at, text, row + 1, field, p);
}

bool srv_input_prepare(srv_input *in, const srv_model *m, const char *field, api_problem *p)
{
    const api_preparation *a = &m->preparation;
    size_t cols = gd_prepare_outputs(a->core), rows = in->data.rows;
    if (rows > SRV_INPUT_PREPARED / cols)
        return api_problem_set(
            p, API_TOO_LARGE,
            "%zu rows become %zu columns each: at most %zu rows are taken in one "
            "request",
            rows, cols, SRV_INPUT_PREPARED / cols);
    levels l = {0};
    double *raw = calloc(a->cols ? a->cols : 1, sizeof *raw), *X = malloc(rows * cols * sizeof *X);
    bool ok = ((raw && X) || no_memory(p)) && find_levels(&l, in, m, p);
    for (size_t i = 0; ok && i < rows; i++)
        ok = prepare_row(in, m, &l, i, raw, X + i * cols, field, p);
    if (ok) {
        free(in->X);
        in->data.X = in->X = X;
        in->data.X32 = NULL;
        in->data.cols = cols;
        X = NULL;
    }
    free(X);
    free(raw);
    free_levels(&l);
    return ok;
}
