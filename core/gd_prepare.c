/* gd_prepare: columns of a wider row, and the products among them. */
#include "gd_prepare.h"

#include "gd_limits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A column of the row that comes out: one of its own, or a product of an earlier one with a factor,
 * which is one of its own too. */
typedef struct output {
    uint32_t column; /* of the row that comes in, of one of its own */
    uint32_t prefix, factor;
} output;

struct gd_prepare {
    gd_prepare_column *columns; /* cols of them; owned */
    uint32_t *begin;            /* where each one's own columns begin; cols + 1 */
    uint32_t *indicated;        /* columns that have an indicator */
    output *outputs;            /* outputs_count: own, then those of indicators, then products */
    size_t cols, own, indicators, outputs_count, cap;
    bool ignore_unknown, interactions_only;
    uint64_t degree;
};

static gd_status no_memory(gd_error *err)
{
    return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to prepare the rows");
}

void gd_prepare_free(gd_prepare *p)
{
    if (!p)
        return;
    free(p->columns);
    free(p->begin);
    free(p->indicated);
    free(p->outputs);
    free(p);
}

/* ---- columns ---- */

static gd_status add(gd_prepare *p, output o, gd_error *err)
{
    if (p->outputs_count == GD_MAX_COLUMNS)
        return gd_fail(
            err, GD_INVALID, "features",
            "would make more than %zu columns of %zu: lower the degree, leave columns out "
            "or set interactions_only",
            GD_MAX_COLUMNS, p->cols);
    if (p->outputs_count == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 64;
        output *grown = realloc(p->outputs, cap * sizeof *grown);
        if (!grown)
            return no_memory(err);
        p->outputs = grown;
        p->cap = cap;
    }
    p->outputs[p->outputs_count++] = o;
    return GD_OK;
}

static size_t width(const gd_prepare_column *c)
{
    return c->levels == 0 ? 1 : c->levels - (c->reference != GD_NO_LEVEL);
}

static gd_status add_own(gd_prepare *p, gd_error *err)
{
    gd_status status = GD_OK;
    for (size_t j = 0; status == GD_OK && j < p->cols; j++) {
        p->begin[j] = (uint32_t)p->outputs_count;
        for (size_t k = 0; status == GD_OK && k < width(&p->columns[j]); k++)
            status = add(p, (output){.column = (uint32_t)j}, err);
    }
    p->own = p->outputs_count;
    p->begin[p->cols] = (uint32_t)p->own;
    for (size_t j = 0; status == GD_OK && j < p->cols; j++) {
        if (!p->columns[j].indicated)
            continue;
        p->indicated[p->indicators++] = (uint32_t)j;
        status = add(p, (output){.column = (uint32_t)j}, err);
    }
    return status;
}

/* May a product whose last factor is `last` be multiplied by the own column `by`, which does not
 * come before it? Two levels of a column never meet in a row. */
static bool goes_with(const gd_prepare *p, size_t last, size_t by)
{
    const gd_prepare_column *c = &p->columns[p->outputs[by].column];
    if (last == by)
        return c->powers && !p->interactions_only;
    return c->levels == 0 || p->outputs[last].column != p->outputs[by].column;
}

static bool is_own(const gd_prepare *p, size_t i)
{
    return i < p->own;
}

static size_t last_factor(const gd_prepare *p, size_t i)
{
    return is_own(p, i) ? i : p->outputs[i].factor;
}

static gd_status add_products(gd_prepare *p, gd_error *err)
{
    gd_status status = GD_OK;
    size_t from = 0, to = p->own;
    for (uint64_t degree = 2; degree <= p->degree; degree++) {
        size_t next = p->outputs_count;
        for (size_t i = from; i < to; i++)
            for (size_t by = last_factor(p, i); status == GD_OK && by < p->own; by++)
                if (goes_with(p, last_factor(p, i), by))
                    status = add(p, (output){.prefix = (uint32_t)i, .factor = (uint32_t)by}, err);
        from = next;
        to = p->outputs_count;
    }
    return status;
}

gd_status gd_prepare_new(gd_prepare **out, const gd_prepare_spec *spec, gd_error *err)
{
    *out = NULL;
    if (spec->degree < 1 || spec->degree > GD_MAX_DEGREE)
        return gd_fail(err, GD_INVALID, "features", "must be of a degree in [1, %d]",
                       (int)GD_MAX_DEGREE);
    gd_prepare *p = calloc(1, sizeof *p);
    if (!p)
        return no_memory(err);
    p->cols = spec->cols;
    p->ignore_unknown = spec->ignore_unknown;
    p->interactions_only = spec->interactions_only;
    p->degree = spec->degree;
    p->columns = calloc(p->cols + 1, sizeof *p->columns);
    p->begin = calloc(p->cols + 1, sizeof *p->begin);
    p->indicated = calloc(p->cols + 1, sizeof *p->indicated);
    bool whole = p->columns && p->begin && p->indicated;
    gd_status status = whole ? GD_OK : no_memory(err);
    if (whole && p->cols > 0)
        memcpy(p->columns, spec->columns, p->cols * sizeof *p->columns);
    if (status == GD_OK)
        status = add_own(p, err);
    if (status == GD_OK)
        status = add_products(p, err);
    if (status == GD_OK && p->outputs_count == 0)
        status = gd_fail(err, GD_INVALID, "dataset_id", "has no feature column left to train on");
    if (status == GD_OK)
        *out = p;
    else
        gd_prepare_free(p);
    return status;
}

size_t gd_prepare_inputs(const gd_prepare *p)
{
    return p->cols;
}

size_t gd_prepare_outputs(const gd_prepare *p)
{
    return p->outputs_count;
}

bool gd_prepare_identity(const gd_prepare *p)
{
    bool same = p->outputs_count == p->cols;
    for (size_t j = 0; same && j < p->cols; j++)
        same = p->columns[j].levels == 0;
    return same;
}

static void own_factor(const gd_prepare *p, size_t i, gd_prepare_factor *f)
{
    size_t column = p->outputs[i].column;
    const gd_prepare_column *c = &p->columns[column];
    *f = (gd_prepare_factor){.column = column, .level = GD_NO_LEVEL, .power = 1};
    if (c->levels > 0) {
        size_t k = i - p->begin[column];
        f->level = k + (c->reference != GD_NO_LEVEL && k >= c->reference);
    }
}

size_t gd_prepare_factors(const gd_prepare *p, size_t i, gd_prepare_factor *factors)
{
    if (!is_own(p, i) && i < p->own + p->indicators) {
        factors[0] = (gd_prepare_factor){p->outputs[i].column, GD_NO_LEVEL, true, 1};
        return 1;
    }
    size_t own[GD_MAX_DEGREE], n = 0, count = 0;
    for (; !is_own(p, i); i = p->outputs[i].prefix)
        own[n++] = p->outputs[i].factor;
    own[n++] = i;
    for (size_t k = n; k-- > 0;) /* the first one is at the end */
        if (k + 1 < n && own[k] == own[k + 1])
            factors[count - 1].power++;
        else
            own_factor(p, own[k], &factors[count++]);
    return count;
}

/* ---- rows ---- */

/* The columns of its own of a cell, whose levels have been set to 0. */
static gd_prepare_fault put_cell(const gd_prepare *p, size_t j, double cell, double *out)
{
    const gd_prepare_column *c = &p->columns[j];
    double *own = out + p->begin[j];
    if (isnan(cell))
        cell = c->fill;
    if (isnan(cell))
        return GD_PREPARE_MISSING;
    if (c->levels == 0) {
        *own = cell;
        return GD_PREPARED;
    }
    size_t level = cell >= 0 && cell < (double)c->levels ? (size_t)cell : GD_NO_LEVEL;
    if (level == GD_NO_LEVEL)
        return p->ignore_unknown ? GD_PREPARED : GD_PREPARE_UNKNOWN;
    if (c->reference == GD_NO_LEVEL || level < c->reference)
        own[level] = 1;
    else if (level > c->reference)
        own[level - 1] = 1;
    return GD_PREPARED;
}

gd_prepare_fault gd_prepare_row(const gd_prepare *p, const double *raw, double *out, size_t *at)
{
    memset(out, 0, p->own * sizeof *out);
    for (size_t j = 0; j < p->cols; j++) {
        gd_prepare_fault fault = put_cell(p, j, raw[j], out);
        *at = j;
        if (fault != GD_PREPARED)
            return fault;
    }
    for (size_t k = 0; k < p->indicators; k++)
        out[p->own + k] = isnan(raw[p->indicated[k]]);
    for (size_t i = p->own + p->indicators; i < p->outputs_count; i++) {
        out[i] = out[p->outputs[i].prefix] * out[p->outputs[i].factor];
        *at = i;
        if (isinf(out[i]))
            return GD_PREPARE_OVERFLOW;
    }
    return GD_PREPARED;
}
