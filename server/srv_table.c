/* srv_table: windows of rows and targets, and the chosen columns of a row. */
#include "srv_table.h"

#include "api_numbered.h"
#include "srv_columns.h"
#include "srv_describe.h"
#include "srv_file.h"
#include "srv_files.h"
#include "srv_guard.h"
#include "srv_texts.h"
#include "srv_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW = 1 << 14 }; /* doubles; more where a single row has more */

struct srv_table {
    srv_dataset dataset;
    srv_columns chosen;
    api_table_column *columns;      /* as chosen; names and levels are the dataset's */
    cJSON *labels;                  /* parsed: owns the texts */
    const char **texts;             /* of the labels */
    int fd;
    srv_file_header header;
    uint64_t first, held;           /* the rows in the window */
    double *X, *y;                  /* the window: features as stored, targets */
    double *row;                    /* chosen.count values */
    const char *map;                /* of sparse rows: the file */
    srv_region *region;
    size_t size, first_number;
    uint32_t *places; /* of sparse columns: 1 + where they are among the chosen ones; 0: they aren't */
};

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the rows");
}

static bool load(srv_db *db, void *arg, api_problem *p)
{
    srv_request *rq = ((void **)arg)[0];
    srv_table *t = ((void **)arg)[1];
    return srv_dataset_load(db, rq->id, &t->dataset, p);
}

static bool open_file(srv_table *t, const char *dir, api_problem *p)
{
    char path[SRV_FILE_PATH];
    t->fd = open(srv_file_path(dir, t->dataset.sha256, path), O_RDONLY | O_CLOEXEC);
    if (t->fd < 0)
        return srv_open_problem(p, t->dataset.id);
    if (!srv_file_read(t->fd, &t->header) || t->header.rows != t->dataset.rows || t->header.cols != t->dataset.cols)
        return api_problem_set(p, API_INTERNAL,
                               "the file of dataset %s is damaged; upload the data again",
                               t->dataset.id);
    return true;
}

static bool map_file(srv_table *t, api_problem *p)
{
    const srv_file_header *h = &t->header;
    struct stat st;
    size_t count;
    if (fstat(t->fd, &st) != 0 || !api_numbered_read(t->dataset.columns, &t->first_number, &count))
        return api_problem_set(p, API_INTERNAL,
                               "the file of dataset %s is damaged; upload the data again",
                               t->dataset.id);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, t->fd, 0);
    if (map == MAP_FAILED)
        return api_problem_set(p, API_UNAVAILABLE, "dataset %s can't be mapped: %s", t->dataset.id,
                               strerror(errno));
    t->map = map;
    t->size = (size_t)st.st_size;
    if (!(t->region = srv_region_add(map, t->size)))
        return no_memory(p);
    t->places = calloc(h->cols + 1, sizeof *t->places);
    for (size_t k = 0; t->places && k < t->chosen.count; k++)
        t->places[t->chosen.index[k]] = (uint32_t)k + 1;
    return t->places || no_memory(p);
}

/* ---- columns ---- */

static bool take_labels(srv_table *t)
{
    t->labels = srv_texts_parse(t->dataset.labels);
    t->texts = srv_texts_list(t->labels);
    return t->texts && (t->labels || !t->dataset.labels);
}

static bool describe_columns(srv_table *t)
{
    const srv_dataset *d = &t->dataset;
    t->columns = calloc(t->chosen.count, sizeof *t->columns);
    t->row = malloc(t->chosen.count * sizeof *t->row);
    if (!t->columns || !t->row || !take_labels(t))
        return false;
    for (size_t i = 0; i < t->chosen.count; i++) {
        size_t j = t->chosen.index[i];
        bool target = j == d->cols;
        api_table_column *c = &t->columns[i];
        c->name = target ? d->target : d->names[j];
        c->type = d->kinds ? d->kinds[j].type : API_NUMERIC;
        if (target && t->labels) {
            c->levels = t->texts;
            c->levels_count = (size_t)cJSON_GetArraySize(t->labels);
        } else if (d->kinds && d->kinds[j].levels) {
            c->levels = (const char *const *)d->kinds[j].levels;
            c->levels_count = d->kinds[j].levels_count;
        }
    }
    return true;
}

static size_t window_rows(const srv_table *t)
{
    return t->dataset.cols < WINDOW ? WINDOW / (size_t)t->dataset.cols : 1;
}

srv_table *srv_table_open(srv_request *rq)
{
    api_problem *p = &rq->problem;
    srv_table *t = calloc(1, sizeof *t);
    if (!t) {
        no_memory(p);
        return NULL;
    }
    t->fd = -1;
    const srv_dataset *d = &t->dataset;
    bool ok = srv_store_read(rq->app->store, load, (void *[]){rq, t}, p);
    if (ok && !d->id)
        srv_no_such(rq, "dataset");
    ok = ok && d->id && srv_columns_choose(rq, d->names, d->cols, d->target, &t->chosen) &&
         open_file(t, rq->app->config.data_dir, p) && (!d->sparse || map_file(t, p));
    if (ok && d->sparse) {
        ok = describe_columns(t) || no_memory(p);
    } else if (ok) {
        t->X = malloc(window_rows(t) * (size_t)d->cols * sizeof *t->X);
        t->y = malloc(window_rows(t) * sizeof *t->y);
        ok = (describe_columns(t) && t->X && t->y) || no_memory(p);
    }
    if (ok)
        return t;
    srv_table_close(t);
    return NULL;
}

void srv_table_close(srv_table *t)
{
    if (!t)
        return;
    if (t->fd >= 0)
        close(t->fd);
    cJSON_Delete(t->labels);
    free(t->texts);
    free(t->columns);
    free(t->row);
    free(t->X);
    free(t->y);
    free(t->places);
    srv_region_remove(t->region);
    if (t->map)
        munmap((void *)t->map, t->size);
    srv_columns_free(&t->chosen);
    srv_dataset_free(&t->dataset);
    free(t);
}

uint64_t srv_table_rows(const srv_table *t)
{
    return t->dataset.rows;
}

const char *srv_table_name(const srv_table *t)
{
    return t->dataset.name;
}

const api_table_column *srv_table_columns(const srv_table *t, size_t *count)
{
    *count = t->chosen.count;
    return t->columns;
}

static bool read_window(srv_table *t, uint64_t row, api_problem *p)
{
    const srv_file_header *h = &t->header;
    uint64_t left = h->rows - row, n = left < window_rows(t) ? left : window_rows(t);
    size_t size = h->single ? sizeof(float) : sizeof(double);
    t->held = 0;
    if (!srv_read_all(t->fd, t->X, (size_t)(n * h->cols) * size, h->x_at + row * h->cols * size) ||
        !srv_read_all(t->fd, t->y, (size_t)n * sizeof(double), h->y_at + row * sizeof(double)))
        return api_problem_set(p, API_INTERNAL, "can't read the file of dataset %s: %s",
                               t->dataset.id, strerror(errno));
    t->first = row;
    t->held = n;
    return true;
}

/* ---- sparse rows ---- */

bool srv_table_sparse(const srv_table *t)
{
    return t->dataset.sparse;
}

srv_entries srv_table_entries(const srv_table *t, uint64_t row)
{
    const srv_file_header *h = &t->header;
    const void *starts = t->map + h->starts_at, *columns = t->map + h->columns_at,
               *values = t->map + h->x_at, *y = t->map + h->y_at;
    uint64_t first = ((const uint64_t *)starts)[row], end = ((const uint64_t *)starts)[row + 1];
    return (srv_entries){.columns = (const uint32_t *)columns + first,
                         .values = h->single ? NULL : (const double *)values + first,
                         .values32 = h->single ? (const float *)values + first : NULL,
                         .count = (size_t)(end - first),
                         .first_number = t->first_number,
                         .target = ((const double *)y)[row]};
}

static const double *fill_in(srv_table *t, uint64_t row)
{
    srv_entries e = srv_table_entries(t, row);
    memset(t->row, 0, t->chosen.count * sizeof *t->row);
    for (size_t i = 0; i < e.count; i++) {
        uint32_t place = t->places[e.columns[i]];
        if (place)
            t->row[place - 1] = e.values ? e.values[i] : (double)e.values32[i];
    }
    uint32_t target = t->places[t->dataset.cols];
    if (target)
        t->row[target - 1] = e.target;
    return t->row;
}

const double *srv_table_row(srv_table *t, uint64_t row, api_problem *p)
{
    if (t->dataset.sparse)
        return fill_in(t, row);
    if ((row < t->first || row >= t->first + t->held) && !read_window(t, row, p))
        return NULL;
    size_t i = (size_t)(row - t->first), cols = (size_t)t->dataset.cols;
    const float *X32 = (const void *)t->X;
    for (size_t k = 0; k < t->chosen.count; k++) {
        size_t j = t->chosen.index[k];
        t->row[k] = j == cols          ? t->y[i]
                    : t->header.single ? (double)X32[i * cols + j]
                                       : t->X[i * cols + j];
    }
    return t->row;
}
