/* srv_complete: see srv_complete.h. */
#include "srv_complete.h"

#include "api_preparation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the data");
}

/* ---- can it be used? ---- */

static bool check_there(const api_job *job, const api_kind *kind, const char *name, bool feature,
                        const char *field, api_problem *p)
{
    bool filled = feature && job->missing >= API_MISSING_MEAN;
    if (kind->missing == 0 || filled || job->missing == API_MISSING_DROP)
        return true;
    return api_problem_field(
        p, field, "lacks %llu value%s of \"%.80s\"; %s", (unsigned long long)kind->missing,
        kind->missing == 1 ? "" : "s", name,
        feature ? "set missing to \"drop\" to leave these rows out, or to \"mean\", \"median\" or "
                  "\"most_frequent\" to fill them in"
                : "which is not filled in: set missing to \"drop\" to leave these rows out");
}

static bool check_role(const api_job *job, const srv_dataset *d, size_t column, const char *role,
                       const char *field, api_problem *p)
{
    if (column == API_NO_COLUMN)
        return true;
    const api_kind *kind = &d->kinds[column];
    if (kind->type == API_CATEGORICAL && strcmp(role, "group_by") != 0)
        return api_problem_field(p, role,
                                 "must be a column of numbers, but \"%.80s\" is one of texts",
                                 d->names[column]);
    return check_there(job, kind, d->names[column], false, field, p);
}

bool srv_complete_check(const api_job *job, const srv_dataset *d, const api_columns *roles,
                        const char *field, api_problem *p)
{
    if (!d->kinds)
        return true;
    bool ok = check_there(job, &d->kinds[d->cols], d->target, false, field, p);
    for (size_t j = 0; j < roles->features_count; j++) {
        size_t at = roles->features[j];
        ok = check_there(job, &d->kinds[at], d->names[at], true, field, p) && ok;
    }
    ok = check_role(job, d, roles->weight, "sample_weight", field, p) && ok;
    ok = check_role(job, d, roles->offset, "offset", field, p) && ok;
    return check_role(job, d, roles->group, "group_by", field, p) && ok;
}

/* ---- leaving rows out ---- */

static bool is_complete(const srv_view *v, size_t row)
{
    bool there = !isnan(v->data.y[row]) && (!v->weights || !isnan(v->weights[row])) &&
                 (!v->offset || !isnan(v->offset[row])) && (!v->groups || !isnan(v->groups[row]));
    for (size_t j = 0; there && j < v->data.cols; j++)
        there = !isnan(gd_data_at(&v->data, row, j));
    return there;
}

/* The rows `keep` of `from`, each of `bytes`, into to; both may be the same, as keep rises. */
static void move_rows(void *to, const void *from, const uint32_t *keep, size_t n, size_t bytes)
{
    for (size_t i = 0; to && i < n; i++)
        memmove((char *)to + i * bytes, (const char *)from + keep[i] * bytes, bytes);
}

static bool take_rows(srv_view *v, const uint32_t *keep, size_t n, api_problem *p)
{
    gd_data *d = &v->data;
    size_t wide = d->cols * sizeof(double), narrow = d->cols * sizeof(float);
    if (d->X && !v->X)
        v->X = malloc(n * wide);
    if (d->X32 && !v->X32)
        v->X32 = malloc(n * narrow);
    v->kept = malloc(n * sizeof *v->kept);
    if ((d->X && !v->X) || (d->X32 && !v->X32) || !v->kept)
        return no_memory(p);
    move_rows(v->X, d->X, keep, n, wide);
    move_rows(v->X32, d->X32, keep, n, narrow);
    move_rows(v->kept, d->y, keep, n, sizeof *v->kept);
    move_rows(v->weights, v->weights, keep, n, sizeof *v->weights);
    move_rows(v->offset, v->offset, keep, n, sizeof *v->offset);
    move_rows(v->groups, v->groups, keep, n, sizeof *v->groups);
    d->X = v->X;
    d->X32 = v->X32;
    d->y = v->kept;
    d->rows = n;
    return true;
}

bool srv_complete_drop(srv_view *v, api_problem *p)
{
    gd_data *d = &v->data;
    size_t n = 0, train = 0, of_train = d->train_rows ? d->train_rows : d->rows;
    uint32_t *keep = malloc(d->rows * sizeof *keep);
    if (!keep)
        return no_memory(p);
    for (size_t i = 0; i < d->rows; i++)
        if (is_complete(v, i)) {
            keep[n++] = (uint32_t)i;
            train += i < of_train;
        }
    bool all = n == d->rows, ok = true;
    if (train == 0 || (d->train_rows && train == n))
        ok = api_problem_field(p, "missing", "\"drop\" leaves no row to %s on: each lacks a value",
                               train ? "validate" : "train");
    ok = ok && (all || take_rows(v, keep, n, p));
    if (ok && d->train_rows)
        d->train_rows = train;
    free(keep);
    return ok;
}

/* ---- levels of another dataset ---- */

static size_t place_of(const api_kind *kind, const char *text)
{
    size_t k = 0;
    while (k < kind->levels_count && strcmp(kind->levels[k], text) != 0)
        k++;
    return k;
}

static bool align_column(srv_view *v, size_t j, const api_kind *own, const api_kind *other,
                         size_t from, api_problem *p)
{
    double *place = malloc((other->levels_count + 1) * sizeof *place);
    if (!place)
        return no_memory(p);
    for (size_t k = 0; k < other->levels_count; k++) {
        size_t at = place_of(own, other->levels[k]);
        place[k] = (double)(at < own->levels_count ? at : own->levels_count + k);
    }
    for (size_t i = from; i < v->data.rows; i++) {
        double cell = gd_data_at(&v->data, i, j);
        if (isnan(cell))
            continue;
        if (v->X32)
            v->X32[i * v->data.cols + j] = (float)place[(size_t)cell];
        else
            v->X[i * v->data.cols + j] = place[(size_t)cell];
    }
    free(place);
    return true;
}

bool srv_complete_align(srv_view *v, const api_job *job, const srv_dataset *d,
                        const srv_dataset *validation, api_problem *p)
{
    static const api_kind number = {.type = API_NUMERIC};
    static const char field[] = "validation_dataset_id";
    size_t from = v->data.train_rows;
    if (!d->kinds && !validation->kinds)
        return true;
    if (validation->kinds && !check_there(job, &validation->kinds[validation->cols],
                                          validation->target, false, field, p))
        return false;
    v->others = calloc(v->roles.features_count, sizeof *v->others);
    if (!v->others)
        return no_memory(p);
    for (size_t j = 0; j < v->roles.features_count; j++) {
        const char *name = d->names[v->roles.features[j]];
        size_t at = 0;
        while (strcmp(validation->names[at], name) != 0)
            at++;
        const api_kind *own = d->kinds ? &d->kinds[v->roles.features[j]] : &number,
                       *other = validation->kinds ? &validation->kinds[at] : &number;
        if (!check_there(job, other, name, true, field, p))
            return false;
        if (own->type != other->type && other->missing < validation->rows)
            return api_problem_field(
                p, field,
                "has column \"%.80s\" as %s, but the dataset to train on as %s: "
                "upload it with types=%.80s:%s",
                name, api_type_name(other->type), api_type_name(own->type), name,
                api_type_name(own->type));
        v->others[j] = *other; /* borrowed: the dataset outlives the view */
        if (own->type == API_CATEGORICAL && !align_column(v, j, own, other, from, p))
            return false;
    }
    return true;
}
