/* srv_prepare: what the rows say, and the rows that come of it. */
#include "srv_prepare.h"

#include "gd_split.h"
#include "srv_texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to prepare the columns");
}

static const api_kind *kind_of(const srv_preparing *from, size_t feature)
{
    static const api_kind number = {.type = API_NUMERIC};
    return from->kinds ? &from->kinds[from->roles->features[feature]] : &number;
}

bool srv_prepare_needed(const srv_preparing *from)
{
    api_problem ignored = {0};
    api_products products;
    bool needed = from->job->missing >= API_MISSING_MEAN ||
                  (api_products_read(from->job, &products, &ignored) && products.degree > 1);
    for (size_t j = 0; !needed && j < from->roles->features_count; j++)
        needed = kind_of(from, j)->type != API_NUMERIC;
    return needed;
}

/* ---- columns without their numbers ---- */

static bool begin(const srv_preparing *from, api_preparation *a, api_problem *p)
{
    const api_job *job = from->job;
    *a = (api_preparation){.cols = from->roles->features_count,
                           .missing = (api_missing)job->missing,
                           .ignore_unknown = job->unknown_levels == API_UNKNOWN_IGNORE};
    if (!api_products_read(job, &a->products, p))
        return false;
    a->columns = calloc(a->cols, sizeof *a->columns);
    if (!a->columns)
        return no_memory(p);
    for (size_t j = 0; j < a->cols; j++) {
        api_prepared *c = &a->columns[j];
        *c = (api_prepared){.type = kind_of(from, j)->type,
                            .reference = GD_NO_LEVEL,
                            .fill = (double)NAN,
                            .name = strdup(from->names[from->roles->features[j]])};
        if (!c->name)
            return no_memory(p);
    }
    return true;
}

typedef struct sorted {
    const char *text;
    size_t code;
} sorted;

static int by_text(const void *a_, const void *b_)
{
    const sorted *a = a_, *b = b_;
    return strcmp(a->text, b->text);
}

/* The levels of a column that rows have, by their texts' bytes. place: of each code its place among
 * them, or GD_UNKNOWN_LEVEL. counts: NULL takes all. */
static bool take_levels(const srv_preparing *from, api_prepared *c, const api_kind *kind,
                        const size_t *counts, double *place, api_problem *p)
{
    size_t n = 0, count = kind->levels_count;
    sorted *list = calloc(count ? count : 1, sizeof *list);
    c->levels = calloc(count ? count : 1, sizeof *c->levels);
    bool ok = list && c->levels;
    for (size_t k = 0; ok && k < count; k++) {
        if (!counts || counts[k])
            list[n++] = (sorted){kind->levels[k], k};
        place[k] = GD_UNKNOWN_LEVEL;
    }
    if (ok)
        qsort(list, n, sizeof *list, by_text);
    for (size_t k = 0; ok && k < n; k++) {
        ok = (c->levels[k] = strdup(list[k].text)) != NULL;
        c->levels_count += ok;
        place[list[k].code] = (double)k;
    }
    free(list);
    if (!ok)
        return no_memory(p);
    if (n == 0)
        return api_problem_field(
            p, "dataset_id",
            "has no value in column \"%.80s\" in the rows to train on: upload it "
            "with types=%.80s:ignore",
            c->name, c->name);
    return api_reference_read(from->job, c->name, c->levels, n, &c->reference, p);
}

bool srv_prepare_outline(const srv_preparing *from, api_preparation *a, api_problem *p)
{
    bool ok = begin(from, a, p);
    for (size_t j = 0; ok && j < a->cols; j++) {
        const api_kind *kind = kind_of(from, j);
        double *place = malloc((kind->levels_count + 1) * sizeof *place);
        ok = place != NULL || no_memory(p);
        if (ok && kind->type == API_CATEGORICAL)
            ok = take_levels(from, &a->columns[j], kind, NULL, place, p);
        a->columns[j].indicated = from->job->missing_indicator && kind->missing > 0 &&
                                  from->job->missing >= API_MISSING_MEAN;
        free(place);
    }
    return ok && api_preparation_settle(a, p);
}

/* ---- what the rows say ---- */

typedef struct fitting {
    const srv_preparing *from;
    const gd_data *data;
    gd_rows train, known; /* rows trained on, and those whose levels are known */
    api_preparation *a;
    double **place; /* of each categorical column, of its codes */
} fitting;

/* The most frequent level; of several the first by their texts. */
static double most_frequent(const size_t *counts, const double *place, size_t codes)
{
    size_t most = 0;
    double best = (double)NAN;
    for (size_t k = 0; k < codes; k++)
        if (counts[k] > most || (counts[k] == most && most > 0 && place[k] < best)) {
            most = counts[k];
            best = place[k];
        }
    return best;
}

static bool fit_levels(fitting *f, size_t j, bool fills, size_t *missing, api_problem *p)
{
    const api_kind *kind = kind_of(f->from, j);
    api_prepared *c = &f->a->columns[j];
    size_t codes = kind->levels_count, *counts = calloc(codes + 1, sizeof *counts);
    f->place[j] = calloc(codes + 1, sizeof **f->place);
    bool ok = (counts && f->place[j]) || no_memory(p);
    if (ok) {
        *missing = gd_level_counts(f->data, &f->known, j, codes, counts);
        ok = take_levels(f->from, c, kind, counts, f->place[j], p);
    }
    if (ok && fills) {
        memset(counts, 0, codes * sizeof *counts);
        gd_level_counts(f->data, &f->train, j, codes, counts);
        c->fill = most_frequent(counts, f->place[j], codes);
    }
    free(counts);
    return ok;
}

static bool fit_numbers(fitting *f, size_t j, size_t *missing, api_problem *p)
{
    gd_error err;
    double unused;
    gd_fill how = (gd_fill)(f->a->missing - API_MISSING_MEAN);
    api_prepared *c = &f->a->columns[j];
    if (gd_fill_find(f->data, &f->train, j, how, &c->fill, missing, &err) != GD_OK ||
        (f->known.count != f->train.count &&
         gd_fill_find(f->data, &f->known, j, GD_FILL_MEAN, &unused, missing, &err) != GD_OK))
        return api_problem_core(p, &err);
    return !isnan(c->fill) ||
           api_problem_field(
               p, "missing",
               "finds no value of column \"%.80s\" in the rows to train on: upload the "
               "data with types=%.80s:ignore",
               c->name, c->name);
}

static bool fit(fitting *f, api_problem *p)
{
    bool fills = f->a->missing >= API_MISSING_MEAN, ok = true;
    for (size_t j = 0; ok && j < f->a->cols; j++) {
        api_prepared *c = &f->a->columns[j];
        size_t missing = 0;
        if (c->type == API_CATEGORICAL)
            ok = fit_levels(f, j, fills, &missing, p);
        else if (fills)
            ok = fit_numbers(f, j, &missing, p);
        c->indicated = fills && f->from->job->missing_indicator && missing > 0;
    }
    return ok && api_preparation_settle(f->a, p);
}

/* ---- rows ---- */

/* May so much be taken? More than half of the memory there is would end in the kernel's killer. */
static bool fits_memory(double bytes, api_problem *p)
{
    double all = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return bytes <= all / 2 ||
           api_problem_field(
               p, "dataset_id",
               "would take %.1f GB with the columns that are made of its own, more than "
               "half of the server's memory: leave columns out, or lower the degree of "
               "features",
               bytes / 1e9);
}

/* The text of a cell that is an unknown level; NULL where there is none. */
static const char *text_of(const srv_preparing *from, size_t j, double cell)
{
    const api_kind *own = kind_of(from, j), *other = from->others ? &from->others[j] : NULL;
    size_t k = cell >= 0 ? (size_t)cell : SIZE_MAX;
    if (k < own->levels_count)
        return own->levels[k];
    k -= k == SIZE_MAX ? 0 : own->levels_count;
    return other && k < other->levels_count ? other->levels[k] : NULL;
}

static bool transform_row(const fitting *f, size_t row, double *raw, double *out, api_problem *p)
{
    size_t at;
    const api_preparation *a = f->a;
    for (size_t j = 0; j < a->cols; j++) {
        double cell = gd_data_at(f->data, row, j);
        size_t codes = f->place[j] ? kind_of(f->from, j)->levels_count : 0;
        if (f->place[j] && !isnan(cell))
            cell = cell < (double)codes ? f->place[j][(size_t)cell] : GD_UNKNOWN_LEVEL;
        raw[j] = cell;
    }
    gd_prepare_fault fault = gd_prepare_row(a->core, raw, out, &at);
    if (fault == GD_PREPARED)
        return true;
    const char *text =
        fault == GD_PREPARE_UNKNOWN ? text_of(f->from, at, gd_data_at(f->data, row, at)) : NULL;
    return api_preparation_fault(a, fault, at, text, row + 1, "dataset_id", p);
}

static bool transform(const fitting *f, double **X, api_problem *p)
{
    size_t cols = gd_prepare_outputs(f->a->core), rows = f->data->rows;
    if (!fits_memory((double)rows * (double)cols * sizeof **X, p))
        return false;
    double *raw = calloc(f->a->cols, sizeof *raw);
    *X = malloc(rows * cols * sizeof **X);
    bool ok = (*X && raw) || no_memory(p);
    for (size_t i = 0; ok && i < rows; i++)
        ok = transform_row(f, i, raw, *X + i * cols, p);
    free(raw);
    return ok;
}

/* Is there nothing to do to the rows? */
static bool unchanged(const fitting *f)
{
    bool same = gd_prepare_identity(f->a->core);
    for (size_t j = 0; same && j < f->a->cols; j++)
        same = f->from->complete || kind_of(f->from, j)->missing == 0;
    return same && !f->from->others;
}

/* ---- the whole ---- */

char *srv_prepared_names(const api_preparation *a, const char *offset)
{
    cJSON *list = cJSON_CreateArray();
    size_t cols = gd_prepare_outputs(a->core);
    for (size_t j = 0; j < cols; j++) {
        char *name = api_preparation_name(a, j);
        if (name)
            api_doc_append_string(list, name);
        else
            api_doc_item(list, "", NULL); /* marks it as incomplete */
        free(name);
    }
    if (offset)
        api_doc_append_string(list, offset);
    return api_doc_take_text(list);
}

static bool find_bounds(srv_prepared *s, const api_job *job, api_problem *p)
{
    size_t cols = gd_prepare_outputs(s->preparation.core);
    cJSON *list = srv_texts_parse(s->columns);
    const char **names = srv_texts_list(list);
    bool ok = (list && names && (size_t)cJSON_GetArraySize(list) >= cols) || no_memory(p);
    ok = ok && api_bounds(job, names, cols, &s->bounds, p);
    free(names);
    cJSON_Delete(list);
    return ok;
}

static bool split(srv_prepared *s, double fraction, const api_job *job, gd_data *data,
                  api_problem *p)
{
    gd_error err;
    if (fraction == GD_NO_VALIDATION || data->train_rows > 0)
        return true;
    s->index = malloc(data->rows * sizeof *s->index);
    if (!s->index)
        return no_memory(p);
    data->train_rows = gd_split(data, fraction, job->spec.seed, s->index, &err);
    data->index = s->index;
    return data->train_rows > 0 || api_problem_core(p, &err);
}

bool srv_prepare(srv_prepared *s, const srv_preparing *from, double fraction, bool of_all,
                 gd_data *data, api_problem *p)
{
    *s = (srv_prepared){0};
    if (!srv_prepare_needed(from))
        return true;
    if (gd_data_sparse(data))
        return api_problem_field(p, "features", "and missing are not for sparse datasets");
    s->active = true;
    fitting f = {.from = from, .a = &s->preparation};
    f.place = calloc(from->roles->features_count, sizeof *f.place);
    bool ok = (f.place || no_memory(p)) && split(s, fraction, from->job, data, p);
    const gd_data raw = *data;
    f.data = &raw;
    f.known = (gd_rows){.count = raw.rows};
    f.train = raw.train_rows ? (gd_rows){raw.index, 0, raw.train_rows} : f.known;
    if (!of_all)
        f.known = f.train;
    ok = ok && begin(from, f.a, p) && fit(&f, p);
    if (ok && !unchanged(&f)) {
        ok = transform(&f, &s->X, p);
        data->X = s->X;
        data->X32 = NULL;
        data->cols = gd_prepare_outputs(f.a->core);
    }
    const char *offset =
        from->roles->offset == API_NO_COLUMN ? NULL : from->names[from->roles->offset];
    if (ok) {
        s->json = api_doc_take_text(api_preparation_encode(f.a));
        s->columns = srv_prepared_names(f.a, offset);
        ok = (s->json && s->columns) || no_memory(p);
    }
    ok = ok && find_bounds(s, from->job, p);
    for (size_t j = 0; f.place && j < from->roles->features_count; j++)
        free(f.place[j]);
    free(f.place);
    return ok;
}

void srv_prepared_free(srv_prepared *s)
{
    api_preparation_free(&s->preparation);
    free(s->json);
    free(s->columns);
    free(s->X);
    free(s->index);
    free(s->bounds);
    *s = (srv_prepared){0};
}
