/* srv_append: joining what is known of the rows before with what was read. */
#include "srv_append.h"

#include "api_numbered.h"
#include "srv_texts.h"
#include "srv_token.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
}

/* ---- the dataset before ---- */

typedef struct loading {
    const char *id, *tenant;
    srv_dataset *to;
} loading;

static bool load(srv_db *db, void *arg, api_problem *p)
{
    loading *l = arg;
    if (!srv_owned(db, l->id, l->tenant, p)) /* not found, then */
        return p->code == API_NO_PROBLEM;
    return srv_dataset_load(db, l->id, l->to, p);
}

static bool deleted_meanwhile(const srv_append *a, api_problem *p)
{
    return api_problem_set(p, API_CONFLICT, "dataset %s was deleted meanwhile", a->base.id);
}

static bool open_file(srv_append *a, api_problem *p)
{
    char path[SRV_FILE_PATH];
    a->before.fd = open(srv_file_path(a->app->config.data_dir, a->base.sha256, path),
                        O_RDONLY | O_CLOEXEC);
    return a->before.fd >= 0 || srv_open_problem(p, a->base.id);
}

/* Is the file what its hash says? */
static bool check_file(srv_append *a, api_problem *p)
{
    struct stat st;
    srv_mapped *checked = srv_cache_hold(a->app->cache, a->base.id, a->base.tenant, a->base.sha256, p);
    if (!checked && fstat(a->before.fd, &st) == 0 && st.st_nlink == 0) {
        *p = (api_problem){0};
        return deleted_meanwhile(a, p);
    }
    if (!checked)
        return false;
    srv_cache_release(a->app->cache, checked);
    return srv_file_read(a->before.fd, &a->before.header) ||
           srv_disk_problem(p, "read");
}

static bool parse_labels(srv_append *a, api_problem *p)
{
    cJSON *list = srv_texts_parse(a->base.labels);
    bool ok = list || !a->base.labels;
    const cJSON *item;
    cJSON_ArrayForEach (item, list)
        ok = ok && api_names_add(&a->labels, item->valuestring) == API_NAMES_NEW;
    cJSON_Delete(list);
    return ok || no_memory(p);
}

static api_type type_of(const srv_dataset *d, size_t column)
{
    api_type type = d->kinds ? d->kinds[column].type : API_NUMERIC;
    if (column == d->cols && d->labels && type != API_BOOLEAN)
        return API_CATEGORICAL;
    return type == API_TYPE_UNKNOWN ? API_NUMERIC : type;
}

bool srv_append_open(srv_append *a, srv_app *app, const char *tenant, const char *id, api_problem *p)
{
    *a = (srv_append){.before.fd = -1, .app = app};
    loading l = {id, tenant, &a->base};
    if (!srv_store_read(app->store, load, &l, p))
        return false;
    const srv_dataset *d = &a->base;
    size_t count;
    if (!d->id)
        return api_problem_set(p, API_NOT_FOUND, "there is no dataset with id \"%.60s\"", id);
    snprintf(a->whose, sizeof a->whose, "of dataset %.40s", d->id);
    if (d->sparse && !api_numbered_read(d->columns, &a->first_number, &count))
        return api_problem_set(p, API_INTERNAL, "the columns of dataset %s are damaged", d->id);
    bool ok = parse_labels(a, p);
    for (size_t j = d->sparse ? (size_t)d->cols : 0; ok && j <= d->cols; j++)
        ok = api_types_add(&a->types, j < d->cols ? d->names[j] : d->target, type_of(d, j), "types",
                           p);
    if (ok && !d->sparse)
        ok = (a->before.maps = calloc((size_t)d->cols, sizeof *a->before.maps)) || no_memory(p);
    return ok && open_file(a, p);
}

static bool sparse_options(srv_append *a, api_read_options *o, api_problem *p)
{
    if (o->width && o->width < a->base.cols)
        return api_problem_field(p, "columns", "must be at least the %llu %s, got %zu",
                                 (unsigned long long)a->base.cols, a->whose, o->width);
    o->width = o->width ? o->width : (size_t)a->base.cols;
    if (o->width > a->base.cols) {
        a->wider = api_numbered_names(a->first_number, o->width);
        if (!a->wider)
            return no_memory(p);
        o->columns = a->wider;
    }
    o->index_from_0 = a->first_number == 0;
    o->numbered = true; /* JSON has their numbers as names */
    o->first_number = a->first_number;
    o->columns_count = o->width;
    return true;
}

bool srv_append_options(srv_append *a, const api_format *format, api_read_options *o,
                        api_problem *p)
{
    bool fits = a->base.sparse ? format->sparse || format == api_formats[0] : !format->sparse;
    if (!fits)
        return api_problem_set(p, API_CONFLICT,
                               a->base.sparse
                                   ? "dataset %s is sparse: rows can be added to it as text/x-libsvm, or "
                                     "as sparse_X of JSON, not as %s"
                                   : "dataset %s is not sparse: rows can't be added to it as %s",
                               a->base.id, format->media_type);
    o->columns = a->base.names;
    o->columns_count = (size_t)a->base.cols;
    o->target = a->base.target;
    o->in_order = true;
    o->added_to = a->whose;
    o->types = &a->types;
    o->name = o->name ? o->name : a->base.name;
    return !a->base.sparse || sparse_options(a, o, p);
}

/* ---- levels ---- */

/* *levels become those of `before` and then the others; *map: what each of them is now. */
static bool join_levels(char *const *before, size_t before_count, char ***levels, size_t *count,
                        double **map, api_problem *p)
{
    api_names all = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < before_count; i++)
        ok = api_names_add(&all, before[i]) != API_NAMES_NO_MEMORY;
    *map = calloc(*count + 1, sizeof **map);
    ok = ok && *map;
    for (size_t i = 0; ok && i < *count; i++) {
        ok = api_names_add(&all, (*levels)[i]) != API_NAMES_NO_MEMORY;
        (*map)[i] = ok ? (double)api_names_find(&all, (*levels)[i]) : 0;
    }
    if (!ok) {
        api_names_free(&all);
        return no_memory(p);
    }
    for (size_t i = 0; i < *count; i++)
        free((*levels)[i]);
    free(*levels);
    *levels = api_names_take(&all, count);
    return true;
}

static bool join_labels(srv_append *a, api_dataset *d, api_problem *p)
{
    if (!a->base.labels != !d->labels)
        return api_problem_field(p, d->target, a->base.labels
                                                   ? "must be class labels, as in dataset %s"
                                                   : "must be numbers, as in dataset %s",
                                 a->base.id);
    if (!d->labels)
        return true;
    if (!join_levels(a->labels.list, a->labels.count, &d->labels, &d->labels_count,
                     &a->before.labels, p))
        return false;
    return d->labels_count <= API_MAX_LABELS ||
           api_problem_field(p, d->target, "has more than %zu distinct labels then",
                             API_MAX_LABELS);
}

static bool join_kind(srv_append *a, api_dataset *d, size_t j, api_problem *p)
{
    static const api_kind numbers = {.type = API_NUMERIC};
    const api_kind *before = a->base.kinds ? &a->base.kinds[j] : &numbers;
    const char *name = j < d->cols ? d->columns[j] : d->target;
    api_kind *k = &d->kinds[j];
    api_type type = type_of(&a->base, j);
    if (k->type == API_TYPE_UNKNOWN)
        k->type = before->type;
    else if (k->type != type)
        return api_problem_field(p, name, "must be %s, as in dataset %s, not %s",
                                 api_type_name(type), a->base.id, api_type_name(k->type));
    k->missing += before->missing;
    if (j == d->cols || (!k->levels && !before->levels))
        return true;
    if (!join_levels(before->levels, before->levels_count, &k->levels, &k->levels_count,
                     &a->before.maps[j], p))
        return false;
    return k->levels_count <= API_MAX_LEVELS ||
           api_problem_field(p, name, "has more than %zu levels then", (size_t)API_MAX_LEVELS);
}

/* Names that a reader makes up for an X without `columns`: x, or x1, x2, ... They stand for those of
 * the dataset, by place, unless that has one of them at another. */
static bool unnamed(const srv_dataset *base, const api_dataset *d)
{
    for (size_t j = 0; j < d->cols; j++) {
        char made[32];
        snprintf(made, sizeof made, d->cols > 1 ? "x%zu" : "x", j + 1);
        if (strcmp(d->columns[j], made) != 0)
            return false;
        for (size_t i = 0; i < base->cols; i++)
            if (i != j && strcmp(base->names[i], made) == 0)
                return false;
    }
    return true;
}

static bool same_columns(const srv_dataset *base, api_dataset *d, api_problem *p)
{
    if (d->cols != base->cols)
        return api_problem_field(p, "columns", "are %zu, but dataset %s has %llu", d->cols, base->id,
                                 (unsigned long long)base->cols);
    bool by_place = unnamed(base, d);
    for (size_t j = 0; j < d->cols; j++) {
        if (strcmp(d->columns[j], base->names[j]) == 0)
            continue;
        if (!by_place)
            return api_problem_field(p, "columns", "are not those of dataset %s: \"%.80s\" is in the "
                                                   "place of \"%.80s\"",
                                     base->id, d->columns[j], base->names[j]);
        char *name = strdup(base->names[j]);
        if (!name)
            return no_memory(p);
        free(d->columns[j]);
        d->columns[j] = name;
    }
    return true;
}

/* May there be so many rows, and values in them? */
static bool check_size(const srv_append *a, const api_dataset *d, api_problem *p)
{
    uint64_t most = a->app->config.max_cells, entries = d->entries + a->before.header.entries;
    if (d->rows > GD_MAX_ROWS - a->base.rows)
        return api_problem_field(p, "rows", "are more than %zu then", GD_MAX_ROWS);
    if (d->sparse && entries > GD_MAX_ENTRIES)
        return api_problem_set(p, API_TOO_LARGE, "more than %llu values that are not 0 then",
                               (unsigned long long)GD_MAX_ENTRIES);
    uint64_t values = d->sparse ? entries : (d->rows + a->base.rows) * d->cols;
    return values <= most || api_problem_set(p, API_TOO_LARGE,
                                             "more than %llu values in one dataset then",
                                             (unsigned long long)most);
}

bool srv_append_settle(srv_append *a, api_dataset *d, api_problem *p)
{
    const srv_dataset *base = &a->base;
    if (strcmp(d->target, base->target) != 0)
        return api_problem_field(p, "target", "is \"%.80s\", but that of dataset %s is \"%.80s\"",
                                 d->target, base->id, base->target);
    if (!check_file(a, p) || (!d->sparse && !same_columns(base, d, p)) || !check_size(a, d, p))
        return false;
    d->dtype = a->before.header.single ? API_FLOAT32 : API_FLOAT64;
    if (!join_labels(a, d, p))
        return false;
    if (!d->kinds && base->kinds && !(d->kinds = calloc(d->cols + 1, sizeof *d->kinds)))
        return no_memory(p);
    for (size_t j = 0; d->kinds && j <= d->cols; j++)
        if (!join_kind(a, d, j, p))
            return false;
    return true;
}

/* ---- the record ---- */

bool srv_append_record(srv_db *db, const srv_append *a, const char *id, uint64_t *version,
                       api_problem *p)
{
    srv_rows *rows = srv_db_query(db, SQL_DATASET_NEWEST, p, "t", a->base.id);
    srv_step step = rows ? srv_db_step(db, rows, p) : SRV_FAILED;
    if (step == SRV_END)
        return deleted_meanwhile(a, p);
    if (step != SRV_ROW)
        return false;
    *version = (uint64_t)srv_integer(rows, 1) + 1;
    bool ok = srv_db_run(db, SQL_DATASET_VERSION, p, "titt", srv_text(rows, 0), (int64_t)*version,
                         a->base.id, id);
    srv_db_done(rows);
    return ok;
}

void srv_append_free(srv_append *a)
{
    for (size_t j = 0; a->before.maps && j < a->base.cols; j++)
        free(a->before.maps[j]);
    free(a->before.maps);
    free(a->before.labels);
    if (a->base.id && a->before.fd >= 0)
        close(a->before.fd);
    free(a->wider);
    srv_dataset_free(&a->base);
    api_types_free(&a->types);
    api_names_free(&a->labels);
    *a = (srv_append){0};
}
