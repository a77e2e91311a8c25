/* srv_view: columns and rows taken apart, where a job asks for it. */
#include "srv_view.h"

#include "api_dataset.h"
#include "api_numbered.h"
#include "srv_complete.h"
#include "srv_guard.h"
#include "srv_texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a dataset's row ---- */

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the data");
}

static char *copy_text(const char *from)
{
    return strdup(from ? from : "");
}

static bool parse_names(srv_dataset *d)
{
    size_t first, count;
    if (api_numbered_read(d->columns, &first, &count)) {
        d->names = count == d->cols ? api_numbered_names(first, count) : NULL;
        return d->names != NULL;
    }
    d->parsed = srv_texts_parse(d->columns);
    if (!d->parsed || (uint64_t)cJSON_GetArraySize(d->parsed) != d->cols)
        return false;
    d->names = srv_texts_list(d->parsed);
    return d->names != NULL;
}

bool srv_dataset_load(srv_db *db, const char *id, srv_dataset *d, api_problem *p)
{
    memset(d, 0, sizeof *d);
    srv_rows *rows = srv_db_query(db, SQL_DATASET_LOAD, p, "t", id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step != SRV_ROW)
        return step == SRV_END;
    d->id = copy_text(srv_text(rows, 0));
    d->name = copy_text(srv_text(rows, 1));
    d->rows = (uint64_t)srv_integer(rows, 2);
    d->cols = (uint64_t)srv_integer(rows, 3);
    d->columns = copy_text(srv_text(rows, 4));
    d->target = copy_text(srv_text(rows, 5));
    d->sha256 = copy_text(srv_text(rows, 6));
    d->tenant = copy_text(srv_text(rows, 10));
    const char *labels = srv_text(rows, 7);
    d->labels = labels ? strdup(labels) : NULL;
    d->sparse = !srv_is_null(rows, 9);
    bool ok = d->id && d->name && d->columns && d->target && d->sha256 && d->tenant &&
              (d->labels || !labels) &&
              parse_names(d) && api_kinds_decode(srv_text(rows, 8), (size_t)d->cols + 1, &d->kinds);
    srv_db_done(rows);
    if (ok)
        return true;
    srv_dataset_free(d);
    return no_memory(p);
}

bool srv_dataset_exists(srv_db *db, const char *id, api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_DATASET_SHA256, p, "t", id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_ROW)
        srv_db_done(rows);
    if (step == SRV_END)
        api_problem_field(p, "dataset_id", "there is no dataset with id \"%.60s\"", id);
    return step == SRV_ROW;
}

void srv_dataset_free(srv_dataset *d)
{
    free(d->id);
    free(d->name);
    free(d->target);
    free(d->sha256);
    free(d->tenant);
    free(d->labels);
    free(d->columns);
    free(d->names);
    api_kinds_free(d->kinds, (size_t)d->cols + 1);
    cJSON_Delete(d->parsed);
    memset(d, 0, sizeof *d);
}

size_t srv_dataset_labels(const srv_dataset *d)
{
    cJSON *list = d->labels ? cJSON_Parse(d->labels) : NULL;
    size_t count = (size_t)cJSON_GetArraySize(list);
    cJSON_Delete(list);
    return count;
}

/* ---- the view ---- */

static double *take_column(const gd_data *d, size_t column)
{
    double *v = malloc(d->rows * sizeof *v);
    for (size_t i = 0; v && i < d->rows; i++)
        v[i] = gd_data_at(d, i, column);
    return v;
}

/* Features of `from` into the view's from row `at` on; columns[j]: where feature j is stored. */
static void copy_rows(srv_view *v, size_t at, const gd_data *from, const size_t *columns,
                      size_t cols)
{
    for (size_t i = 0; i < from->rows; i++)
        for (size_t j = 0; j < cols; j++)
            if (v->X32)
                v->X32[(at + i) * cols + j] = (float)gd_data_at(from, i, columns[j]);
            else
                v->X[(at + i) * cols + j] = gd_data_at(from, i, columns[j]);
}

/* Where another dataset has the columns of `d` that are wanted, by their names. */
static bool match_columns(const srv_dataset *d, const srv_dataset *other, const size_t *wanted,
                          size_t count, size_t *found, api_problem *p)
{
    for (size_t j = 0; j < count; j++) {
        const char *name = d->names[wanted[j]];
        found[j] = 0;
        while (found[j] < other->cols && strcmp(other->names[found[j]], name) != 0)
            found[j]++;
        if (found[j] == other->cols)
            return api_problem_field(p, "validation_dataset_id", "has no column \"%.80s\"", name);
    }
    return true;
}

/* Classes are those of the training rows; rows to validate on are mapped to them. */
static bool find_classes(srv_view *v, const srv_dataset *d, const srv_dataset *validation,
                         const gd_data *train, const gd_data *other, api_problem *p)
{
    if (!srv_classes_find(&v->classes, train, d->labels, p))
        return false;
    v->data.classes = v->classes.count;
    if (!other) {
        v->data.y = v->classes.y;
        return true;
    }
    v->data.y = v->y;
    memcpy(v->y, v->classes.y, train->rows * sizeof *v->y);
    return srv_classes_map(v->classes.json, other, validation->labels, v->y + train->rows,
                           "validation_dataset_id", p);
}

/* Of sparse datasets, whose columns are numbers: those that only the other has are no features. */
static bool join_sparse(srv_view *v, const srv_dataset *d, const srv_dataset *validation,
                        const gd_data *train, const gd_data *other, api_problem *p)
{
    size_t first, beginning, count;
    if (!api_numbered_read(d->columns, &first, &count) ||
        !api_numbered_read(validation->columns, &beginning, &count))
        return no_memory(p);
    const gd_data *parts[] = {train, other};
    const int64_t shifts[] = {0, (int64_t)beginning - (int64_t)first};
    v->y = malloc((train->rows + other->rows) * sizeof *v->y);
    if (!v->y || !srv_sparse_stack(&v->sparse, parts, shifts, 2, train->cols))
        return no_memory(p);
    memcpy(v->y, train->y, train->rows * sizeof *v->y);
    memcpy(v->y + train->rows, other->y, other->rows * sizeof *v->y);
    v->data = (gd_data){.sparse = srv_sparse_view(&v->sparse),
                        .y = v->y,
                        .rows = train->rows + other->rows,
                        .cols = train->cols,
                        .train_rows = train->rows};
    return true;
}

/* A copy of both datasets' features, one below the other. */
static bool join(srv_view *v, const srv_dataset *d, const srv_dataset *validation,
                 const gd_data *train, const gd_data *other, api_problem *p)
{
    const api_columns *roles = &v->roles;
    size_t cols = roles->features_count, rows = train->rows + (other ? other->rows : 0);
    size_t *columns = calloc(cols, sizeof *columns);
    bool ok = columns != NULL;
    if (ok && train->X32 && (!other || other->X32))
        ok = (v->X32 = malloc(rows * cols * sizeof *v->X32)) != NULL;
    else
        ok = ok && (v->X = malloc(rows * cols * sizeof *v->X)) != NULL;
    if (ok && other)
        ok = (v->y = malloc(rows * sizeof *v->y)) != NULL;
    if (!ok) {
        free(columns);
        return no_memory(p);
    }
    copy_rows(v, 0, train, roles->features, cols);
    v->data = (gd_data){.X = v->X, .X32 = v->X32, .y = train->y, .rows = rows, .cols = cols};
    if (other && (ok = match_columns(d, validation, roles->features, cols, columns, p))) {
        copy_rows(v, train->rows, other, columns, cols);
        memcpy(v->y, train->y, train->rows * sizeof *v->y);
        memcpy(v->y + train->rows, other->y, other->rows * sizeof *v->y);
        v->data.y = v->y;
        v->data.train_rows = train->rows;
    }
    free(columns);
    return ok;
}

/* A column that is no feature, of the rows to train on and then those to validate on. */
static bool take_role(double **out, size_t column, const srv_dataset *d,
                      const srv_dataset *validation, const gd_data *train, const gd_data *other,
                      api_problem *p)
{
    if (column == API_NO_COLUMN)
        return true;
    *out = take_column(train, column);
    if (!*out)
        return no_memory(p);
    if (!other)
        return true;
    size_t at;
    if (!match_columns(d, validation, &column, 1, &at, p))
        return false;
    double *both = realloc(*out, (train->rows + other->rows) * sizeof *both);
    if (!both)
        return no_memory(p);
    *out = both;
    for (size_t i = 0; i < other->rows; i++)
        both[train->rows + i] = gd_data_at(other, i, at);
    return true;
}

/* The job's own list of weights speaks of the rows to train on; those that validate weigh 1. */
static bool listed_weights(srv_view *v, const api_job *job, size_t rows, size_t all, api_problem *p)
{
    if (!job->sample_weight)
        return true;
    if (!api_sample_weights(job, rows, &v->weights, p))
        return false;
    if (all == rows)
        return true;
    double *both = realloc(v->weights, all * sizeof *both);
    if (!both)
        return no_memory(p);
    v->weights = both;
    for (size_t i = rows; i < all; i++)
        both[i] = 1;
    return true;
}

static bool weigh_classes(srv_view *v, const api_job *job, api_problem *p)
{
    double *by_class;
    if (!job->class_weight)
        return true;
    if (!api_class_weights(job, v->classes.json, &by_class, p))
        return false;
    bool had = v->weights != NULL;
    if (!had)
        v->weights = malloc(v->data.rows * sizeof *v->weights);
    for (size_t i = 0; v->weights && i < v->data.rows; i++)
        v->weights[i] = (had ? v->weights[i] : 1) * by_class[(size_t)v->data.y[i]];
    free(by_class);
    return v->weights || no_memory(p);
}

static bool check_weights(const srv_view *v, api_problem *p)
{
    double sum = 0;
    for (size_t i = 0; v->weights && i < v->data.rows; i++) {
        if (!(v->weights[i] >= 0))
            return api_problem_field(p, "sample_weight",
                                     "must be at least 0, but row %zu weighs %g", i + 1,
                                     v->weights[i]);
        sum += v->weights[i];
    }
    return !v->weights || sum > 0 ||
           api_problem_field(p, "sample_weight", "is 0 in every row: nothing is left to train on");
}

/* The names of what a row for the model has: the features, then the offset. */
static char *input_names(const srv_dataset *d, const api_columns *roles)
{
    if (d->sparse)
        return strdup(d->columns);
    cJSON *list = cJSON_CreateArray();
    for (size_t j = 0; j < roles->features_count; j++)
        api_doc_append_string(list, d->names[roles->features[j]]);
    if (roles->offset != API_NO_COLUMN)
        api_doc_append_string(list, d->names[roles->offset]);
    return api_doc_take_text(list);
}

static bool find_bounds(srv_view *v, const srv_dataset *d, const api_job *job, api_problem *p)
{
    size_t cols = v->roles.features_count;
    const char **names = calloc(cols, sizeof *names);
    if (!names)
        return no_memory(p);
    for (size_t j = 0; j < cols; j++)
        names[j] = d->names[v->roles.features[j]];
    bool ok = api_bounds(job, names, cols, &v->bounds, p);
    free(names);
    v->lower = v->bounds;
    v->upper = v->bounds ? v->bounds + cols : NULL;
    return ok;
}

/* Columns as the model wants them. */
static bool prepare(srv_view *v, const api_job *job, const srv_dataset *d, api_problem *p)
{
    v->raw = v->data;
    v->preparing = (srv_preparing){.job = job,
                                   .names = d->names,
                                   .kinds = d->kinds,
                                   .others = v->others,
                                   .roles = &v->roles,
                                   .complete = job->missing == API_MISSING_DROP};
    if (!srv_prepare(&v->prepared, &v->preparing, job->spec.validation_fraction, false, &v->data, p))
        return false;
    if (!v->prepared.active)
        return find_bounds(v, d, job, p);
    v->lower = v->prepared.bounds;
    v->upper = v->lower ? v->lower + v->data.cols : NULL;
    return true;
}

/* Targets of classes; rows that lack any cell are gone by now. */
static bool take_classes(srv_view *v, const api_job *job, const srv_dataset *d,
                         const srv_dataset *validation, api_problem *p)
{
    if (!(gd_spec_task(&job->spec, 0) & GD_CLASSES))
        return true;
    const gd_data *all = &v->data;
    size_t train = all->train_rows ? all->train_rows : all->rows;
    gd_data first = *srv_mapped_data(v->mapped),
            rest = validation ? *srv_mapped_data(v->validation) : first;
    if (v->kept) {
        first.y = v->kept;
        rest.y = v->kept + train;
    }
    first.rows = train;
    rest.rows = all->rows - train;
    return find_classes(v, d, validation, &first, validation ? &rest : NULL, p) &&
           weigh_classes(v, job, p);
}

static bool may_drop(const api_job *job, const srv_dataset *d, const srv_dataset *validation)
{
    return job->missing == API_MISSING_DROP && (d->kinds || (validation && validation->kinds));
}

typedef struct opening {
    srv_view *v;
    const api_job *job;
    const srv_dataset *d, *validation;
} opening;

/* All that is read of the rows. */
static bool open_rows(void *arg, api_problem *p)
{
    const opening *o = arg;
    srv_view *v = o->v;
    const api_job *job = o->job;
    const srv_dataset *d = o->d, *validation = o->validation;
    const gd_data *train = srv_mapped_data(v->mapped);
    const gd_data *other = validation ? srv_mapped_data(v->validation) : NULL;
    v->data = *train;
    if (other && gd_data_sparse(train) != gd_data_sparse(other))
        return srv_layouts_differ("validation_dataset_id", d->sparse, p);
    bool whole = v->roles.features_count == d->cols && !other;
    if (other && train->rows + other->rows > GD_MAX_ROWS)
        return api_problem_field(p, "validation_dataset_id", "gives more than %zu rows in all",
                                 GD_MAX_ROWS);
    if (!whole && !(gd_data_sparse(train) ? join_sparse : join)(v, d, validation, train, other, p))
        return false;
    bool ok = take_role(&v->weights, v->roles.weight, d, validation, train, other, p) &&
              take_role(&v->offset, v->roles.offset, d, validation, train, other, p) &&
              take_role(&v->groups, v->roles.group, d, validation, train, other, p) &&
              listed_weights(v, job, train->rows, v->data.rows, p) &&
              (!validation || srv_complete_align(v, job, d, validation, p)) &&
              (!may_drop(job, d, validation) || srv_complete_drop(v, p)) &&
              take_classes(v, job, d, validation, p) && check_weights(v, p);
    v->data.weights = v->weights;
    v->data.offset = v->offset;
    ok = ok && prepare(v, job, d, p);
    v->columns = !ok ? NULL
                 : v->prepared.active ? strdup(v->prepared.columns)
                                      : input_names(d, &v->roles);
    return ok && (v->columns || no_memory(p));
}

bool srv_view_open(srv_view *v, srv_cache *cache, const api_job *job, const srv_dataset *d,
                   const srv_dataset *validation, api_problem *p)
{
    *v = (srv_view){.cache = cache};
    if (!api_columns_resolve(job, d->names, d->cols, &v->roles, p) ||
        !srv_complete_check(job, d, &v->roles, "dataset_id", p) ||
        !(v->mapped = srv_cache_hold(cache, d->id, d->tenant, d->sha256, p)))
        return false;
    if (validation &&
        !(v->validation = srv_cache_hold(cache, validation->id, validation->tenant,
                                         validation->sha256, p)))
        return false;
    opening o = {v, job, d, validation};
    return srv_guarded(open_rows, &o, p);
}

void srv_view_spec(const srv_view *v, gd_spec *spec)
{
    spec->lower = v->lower;
    spec->upper = v->upper;
    spec->split = true;
    if (v->prepared.index)
        spec->validation_fraction = GD_NO_VALIDATION;
}

void srv_view_close(srv_view *v)
{
    if (v->mapped)
        srv_cache_release(v->cache, v->mapped);
    if (v->validation)
        srv_cache_release(v->cache, v->validation);
    srv_classes_free(&v->classes);
    api_columns_free(&v->roles);
    free(v->columns);
    free(v->X);
    free(v->X32);
    srv_sparse_free(&v->sparse);
    free(v->y);
    free(v->weights);
    free(v->offset);
    free(v->groups);
    free(v->bounds);
    free(v->kept);
    free(v->others);
    srv_prepared_free(&v->prepared);
    *v = (srv_view){0};
}
