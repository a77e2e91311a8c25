/* srv_input: matching columns, gathering rows, mapping labels. */
#include "srv_input.h"

#include "api_numbered.h"
#include "srv_classes.h"
#include "srv_guard.h"
#include "srv_token.h"
#include "srv_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the rows");
}

/* Where rows come from: `stored` values each, the columns `names` of them at `places` (NULL: where
 * they stand). */
typedef struct source {
    const double *X;
    const float *X32; /* in place of X */
    size_t rows, stored, count;
    const char *const *names;
    const size_t *places;
    const api_kind *kinds; /* of the columns; NULL: numbers, none of which is missing */
    const char *field;     /* for errors */
    bool by_place;     /* columns that nobody named are the model's, in order */
} source;

/* ---- columns ---- */

/* Are they the names that a reader makes up for an X without `columns`? */
static bool unnamed(const source *s)
{
    for (size_t j = 0; j < s->count; j++) {
        char made[32];
        snprintf(made, sizeof made, s->count > 1 ? "x%zu" : "x", j + 1);
        if (strcmp(s->names[j], made) != 0)
            return false;
    }
    return s->by_place;
}

static size_t features_of(const srv_model *m)
{
    return m->inputs_count - srv_model_has_offset(m);
}

static bool match(const srv_model *m, const source *s, size_t *found, const api_kind **kinds,
                  api_problem *p)
{
    bool in_order = unnamed(s);
    if (in_order && s->count != m->inputs_count)
        return api_problem_field(
            p, s->field, "has %zu column%s, but the model has %zu%s%s%s", s->count,
            s->count == 1 ? "" : "s", m->inputs_count,
            srv_model_has_offset(m) ? ", the last of them the offset \"" : "",
            srv_model_has_offset(m) ? m->inputs[m->inputs_count - 1] : "",
            srv_model_has_offset(m) ? "\"" : "");
    for (size_t j = 0; j < m->inputs_count; j++) {
        size_t at = in_order ? j : 0;
        while (!in_order && at < s->count && strcmp(s->names[at], m->inputs[j]) != 0)
            at++;
        if (at == s->count)
            return api_problem_field(p, s->field, "has no column \"%.80s\", which the model %s",
                                     m->inputs[j],
                                     j < features_of(m) ? "has as a feature" : "needs as its offset");
        found[j] = s->places ? s->places[at] : at;
        if (kinds)
            kinds[j] = &s->kinds[at];
    }
    return true;
}

static double value_at(const source *s, size_t row, size_t place)
{
    size_t i = row * s->stored + place;
    return s->X32 ? (double)s->X32[i] : s->X[i];
}

/* Can the rows be used as they lie? */
static bool in_place(const srv_model *m, const source *s, const size_t *found)
{
    for (size_t j = 0; j < features_of(m); j++)
        if (found[j] != j)
            return false;
    return s->stored == features_of(m);
}

static bool gather(srv_input *in, const srv_model *m, const source *s, api_problem *p)
{
    size_t cols = features_of(m), *found = calloc(m->inputs_count, sizeof *found);
    if (s->kinds)
        in->kinds = calloc(m->inputs_count, sizeof *in->kinds);
    bool ok = (found && (in->kinds || !s->kinds)) || no_memory(p);
    ok = ok && match(m, s, found, in->kinds, p);
    in->data.rows = s->rows;
    in->data.cols = cols;
    if (ok && in_place(m, s, found)) {
        in->data.X = s->X;
        in->data.X32 = s->X32;
    } else if (ok) {
        in->data.X = in->X = malloc(s->rows * cols * sizeof *in->X);
        for (size_t i = 0; in->X && i < s->rows; i++)
            for (size_t j = 0; j < cols; j++)
                in->X[i * cols + j] = value_at(s, i, found[j]);
        ok = in->X || no_memory(p);
    }
    if (ok && srv_model_has_offset(m)) {
        in->data.offset = in->offset = malloc(s->rows * sizeof *in->offset);
        for (size_t i = 0; in->offset && i < s->rows; i++)
            in->offset[i] = value_at(s, i, found[cols]);
        ok = in->offset || no_memory(p);
    }
    free(found);
    return ok;
}

/* ---- sparse rows ---- */

/* Takes what stands for the offset, behind the features, out of the entries. */
static bool part_offset(srv_input *in, const srv_model *m, api_problem *p)
{
    srv_sparse *s = &in->sparse;
    size_t rows = in->data.rows, cols = m->shape.cols;
    uint64_t at = 0, begin = 0;
    in->data.offset = in->offset = calloc(rows, sizeof *in->offset);
    if (!in->offset)
        return no_memory(p);
    for (size_t i = 0; i < rows; i++) {
        uint64_t end = s->starts[i + 1];
        for (uint64_t e = begin; e < end; e++) {
            double v = s->values32 ? (double)s->values32[e] : s->values[e];
            if (s->columns[e] == cols) {
                in->offset[i] = v;
                continue;
            }
            s->columns[at] = s->columns[e];
            if (s->values32)
                s->values32[at++] = s->values32[e];
            else
                s->values[at++] = v;
        }
        s->starts[i + 1] = at;
        begin = end;
    }
    return true;
}

/* Rows by their entries, as a model's: columns that it does not have are left out, those that are not
 * there are 0. shift: how far the model's columns are from theirs. */
static bool gather_sparse(srv_input *in, const srv_model *m, const gd_data *from, int64_t shift,
                          api_problem *p)
{
    size_t cols = m->shape.cols;
    in->data.rows = from->rows;
    in->data.cols = cols;
    if (shift == 0 && from->cols <= cols) {
        in->data.sparse = from->sparse;
        return true;
    }
    if (!srv_sparse_stack(&in->sparse, &from, &shift, 1, m->columns_count) ||
        (srv_model_has_offset(m) && !part_offset(in, m, p)))
        return no_memory(p);
    in->data.sparse = srv_sparse_view(&in->sparse);
    return true;
}

/* Entries that were read, whose columns are places among the model's. */
static bool take_entries(srv_input *in, const srv_model *m, const api_dataset *d, srv_sparse *read,
                         api_problem *p)
{
    size_t cols = d->cols ? d->cols : 1;
    const gd_data from = {.sparse = srv_sparse_view(read), .rows = (size_t)d->rows, .cols = cols};
    bool ok = gather_sparse(in, m, &from, 0, p);
    if (ok && !in->sparse.starts) { /* used as they lie: kept */
        in->sparse = *read;
        *read = (srv_sparse){0};
    }
    return ok;
}

/* A stored dataset's, whose columns are numbers as the model's have to be. */
static bool gather_numbered(srv_input *in, const srv_model *m, const gd_data *from,
                            const char *columns, api_problem *p)
{
    size_t first, count;
    if (!m->numbered || !api_numbered_read(columns, &first, &count))
        return api_problem_field(p, "dataset_id",
                                 "is sparse, and its columns are numbers: it has no column \"%.80s\", "
                                 "which the model has as a feature",
                                 m->columns[0]);
    return gather_sparse(in, m, from, (int64_t)first - (int64_t)m->first_number, p);
}

/* ---- targets ---- */

/* y: rows values, as read; labels: JSON array, or NULL for numbers. */
static bool take_targets(srv_input *in, const srv_model *m, const double *y, const char *labels,
                         const char *field, api_problem *p)
{
    gd_data *d = &in->data;
    d->y = y;
    d->classes = m->classes_count;
    if (m->classes) {
        double *classes = malloc(d->rows * sizeof *classes);
        bool ok = (classes || no_memory(p)) &&
                  srv_classes_map(m->classes, d, labels, classes, field, p);
        free(in->y);
        d->y = in->y = classes;
        return ok;
    }
    if (labels)
        return api_problem_field(p, field, "has class labels as its target, but the model \"%s\" "
                                           "predicts numbers",
                                 m->model->name);
    for (size_t i = 0; gd_shape_task(m->model, &m->shape) == GD_COUNT && i < d->rows; i++)
        if (y[i] < 0)
            return api_problem_field(p, field, "has the target %g in row %zu, but \"%s\" predicts "
                                               "counts of 0 or more",
                                     y[i], i + 1, m->model->name);
    return true;
}

/* Rows that are gathered, with their targets (y: NULL where there are none), as the model's. */
static bool settle(srv_input *in, const srv_model *m, const double *y, const char *labels,
                   const char *field, api_problem *p)
{
    if (in->kinds && !srv_input_check_kinds(in, m, field, p))
        return false;
    if (in->kinds && y && m->job.missing == API_MISSING_DROP && !srv_input_drop(in, &y, field, p))
        return false;
    if (in->kinds && !srv_input_complete(in, y, !m->prepared, field, p))
        return false;
    if (m->prepared && gd_data_sparse(&in->data))
        return api_problem_field(p, field, "is sparse, but the model's columns were prepared from "
                                           "dense ones");
    return (!y || take_targets(in, m, y, labels, field, p)) &&
           (!m->prepared || srv_input_prepare(in, m, field, p));
}

/* ---- of a request ---- */

/* A stream of numbers, in memory. */
typedef struct values {
    double *v;
    size_t n, cap;
} values;

typedef struct streams {
    values rows, targets;
    uint32_t *columns; /* of sparse rows, whose values are those of `rows` */
    size_t columns_cap;
    uint64_t *starts;
    size_t ends, starts_cap;
} streams;

static bool put(values *to, const double *v, size_t n, api_problem *p)
{
    if (to->n + n > to->cap) {
        size_t cap = 2 * (to->n + n);
        double *grown = realloc(to->v, cap * sizeof *grown);
        if (!grown)
            return no_memory(p);
        to->v = grown;
        to->cap = cap;
    }
    memcpy(to->v + to->n, v, n * sizeof *v);
    to->n += n;
    return true;
}

static bool put_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    return put(&((streams *)ctx)->rows, v, n, p);
}

static bool put_targets(void *ctx, const double *v, size_t n, api_problem *p)
{
    return put(&((streams *)ctx)->targets, v, n, p);
}

/* Room for n elements of `size` bytes in *list, which has room for *cap. */
static bool grow(void **list, size_t *cap, size_t n, size_t size, api_problem *p)
{
    if (n <= *cap)
        return true;
    void *grown = realloc(*list, 2 * n * size);
    if (!grown)
        return no_memory(p);
    *list = grown;
    *cap = 2 * n;
    return true;
}

static bool put_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                        api_problem *p)
{
    streams *s = ctx;
    size_t had = s->rows.n;
    if (!put(&s->rows, v, n, p) || !grow((void **)&s->columns, &s->columns_cap, had + n,
                                         sizeof *s->columns, p))
        return false;
    memcpy(s->columns + had, columns, n * sizeof *columns);
    return true;
}

static bool put_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    streams *s = ctx;
    if (!grow((void **)&s->starts, &s->starts_cap, s->ends + n + 1, sizeof *s->starts, p))
        return false;
    s->starts[0] = 0;
    memcpy(s->starts + 1 + s->ends, ends, n * sizeof *ends);
    s->ends += n;
    return true;
}

/* Columns that came one after the other, as rows. */
static bool transpose(values *v, const api_dataset *d, api_problem *p)
{
    size_t rows = (size_t)d->rows;
    double *to = malloc(v->n * sizeof *to);
    if (!to)
        return no_memory(p);
    for (size_t k = 0; k < d->stored; k++)
        for (size_t i = 0; i < rows; i++)
            to[i * d->stored + k] = v->v[k * rows + i];
    free(v->v);
    v->v = to;
    return true;
}

static char *labels_of(const api_dataset *d)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t k = 0; k < d->labels_count; k++)
        api_doc_append_string(list, d->labels[k]);
    return api_doc_take_text(list);
}

static bool arrange(srv_input *in, const srv_model *m, const api_dataset *d, streams *from,
                    bool labelled, api_problem *p)
{
    source s = {.rows = (size_t)d->rows,
                .stored = d->stored,
                .count = d->cols,
                .names = (const char *const *)d->columns,
                .places = d->features,
                .kinds = d->kinds,
                .field = labelled ? "columns" : "X",
                .by_place = true};
    if (d->by_columns && !transpose(&from->rows, d, p))
        return false;
    s.X = from->rows.v;
    if (d->sparse) {
        srv_sparse read = {.starts = from->starts, .columns = from->columns, .values = from->rows.v};
        bool ok = take_entries(in, m, d, &read, p);
        from->starts = read.starts;
        from->columns = read.columns;
        from->rows.v = read.values;
        if (!ok)
            return false;
    } else if (!gather(in, m, &s, p)) {
        return false;
    }
    if (!d->sparse && !in->X) { /* used as they lie: kept */
        in->X = from->rows.v;
        from->rows.v = NULL;
    }
    if (!labelled)
        return settle(in, m, NULL, NULL, s.field, p);
    in->y = malloc(s.rows * sizeof *in->y);
    if (!in->y)
        return no_memory(p);
    const double *rows = from->rows.v ? from->rows.v : in->X;
    for (size_t i = 0; i < s.rows; i++)
        in->y[i] = d->target_at == API_APART ? from->targets.v[i] : rows[i * s.stored + d->target_at];
    char *labels = d->labels ? labels_of(d) : NULL;
    bool ok = (labels || !d->labels || no_memory(p)) && settle(in, m, in->y, labels, "y", p);
    free(labels);
    return ok;
}

/* They belong to what was read. */
static void forget_kinds(srv_input *in)
{
    free(in->kinds);
    in->kinds = NULL;
}

bool srv_input_read(srv_input *in, const srv_model *m, const srv_input_options *how,
                    const char *bytes, size_t n, api_problem *p)
{
    const api_format *format = how->format;
    bool labelled = how->labelled;
    *in = (srv_input){0};
    streams from = {0};
    api_dataset d = {0};
    api_types types = {0};
    api_read_options options = {.labelled = labelled,
                                .target = !labelled ? NULL : how->target ? how->target : m->target,
                                .columns = m->inputs,
                                .columns_count = m->inputs_count,
                                .in_order = true,
                                .numbered = m->numbered,
                                .first_number = m->first_number,
                                .index_from_0 = m->numbered && m->first_number == 0,
                                .others = how->others,
                                .types = &types,
                                .max_values = SRV_INPUT_VALUES,
                                .max_bytes = SRV_INPUT_VALUES * sizeof(double) * 2};
    api_sink sink = {&from, put_values, put_targets, put_entries, put_ends, NULL, NULL, NULL};
    void *reader = srv_input_types(m, &types, p) ? format->open(&options, &sink) : NULL;
    bool ok = (reader || no_memory(p)) && format->feed(reader, n ? bytes : "", n, p) &&
              format->finish(reader, &d, p);
    format->close(reader);
    ok = ok && arrange(in, m, &d, &from, labelled, p);
    api_types_free(&types);
    forget_kinds(in);
    free(from.rows.v);
    free(from.targets.v);
    free(from.columns);
    free(from.starts);
    api_dataset_free(&d);
    return ok;
}

/* ---- of a dataset ---- */

typedef struct wanted {
    const char *id, *tenant;
    srv_dataset dataset;
} wanted;

static bool load(srv_db *db, void *arg, api_problem *p)
{
    wanted *w = arg;
    if (!srv_owned(db, w->id, w->tenant, p)) /* not found, then */
        return p->code == API_NO_PROBLEM;
    return srv_dataset_load(db, w->id, &w->dataset, p);
}

typedef struct reading {
    srv_input *in;
    const srv_model *m;
    const srv_dataset *d;
} reading;

static bool read_rows(void *arg, api_problem *p)
{
    const reading *r = arg;
    const srv_dataset *d = r->d;
    const gd_data *all = srv_mapped_data(r->in->mapped);
    source s = {.X = all->X,
                .X32 = all->X32,
                .rows = all->rows,
                .stored = all->cols,
                .count = all->cols,
                .names = d->names,
                .kinds = d->kinds,
                .field = "dataset_id"};
    return (gd_data_sparse(all) ? gather_numbered(r->in, r->m, all, d->columns, p)
                                : gather(r->in, r->m, &s, p)) &&
           settle(r->in, r->m, all->y, d->labels, s.field, p);
}

bool srv_input_open(srv_input *in, const srv_model *m, srv_app *app, const char *tenant,
                    const char *dataset_id, api_problem *p)
{
    *in = (srv_input){.cache = app->cache};
    wanted w = {.id = dataset_id, .tenant = tenant};
    const srv_dataset *d = &w.dataset;
    bool ok = srv_store_read(app->store, load, &w, p);
    if (ok && !d->id)
        ok = api_problem_field(p, "dataset_id", "there is no dataset with id \"%.60s\"", dataset_id);
    if (ok && (in->mapped = srv_cache_hold(app->cache, d->id, d->tenant, d->sha256, p))) {
        reading r = {in, m, d};
        ok = srv_guarded(read_rows, &r, p);
        forget_kinds(in);
    }
    srv_dataset_free(&w.dataset);
    return ok && in->mapped;
}

void srv_input_free(srv_input *in)
{
    if (in->mapped)
        srv_cache_release(in->cache, in->mapped);
    free(in->X);
    srv_sparse_free(&in->sparse);
    free(in->y);
    free(in->offset);
    *in = (srv_input){0};
}
