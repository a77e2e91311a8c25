/* srv_describe: one pass, hash and statistics from the same window while it is in the cache. The file
 * is read, not mapped: its pages would count as the server's memory. */
#include "srv_describe.h"

#include "api_dataset.h"
#include "api_numbered.h"
#include "gd_data.h"
#include "gd_limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WINDOW = 1 << 15 }; /* doubles; more where a single row has more */

typedef struct pass {
    int fd;
    srv_sum sum;
    double *window;
    uint64_t at;                 /* bytes so far */
    gd_column *columns, *latest; /* of the rows so far, and of a window */
} pass;

bool srv_read_all(int fd, void *bytes, size_t n, uint64_t at)
{
    char *to = bytes;
    while (n > 0) {
        ssize_t got = pread(fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* shorter than it was written */
        if (got <= 0)
            return false;
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static bool next(pass *s, size_t bytes, api_problem *p)
{
    if (!srv_read_all(s->fd, s->window, bytes, s->at))
        return api_problem_set(p, API_INTERNAL, "can't read a dataset file: %s", strerror(errno));
    srv_sum_add(&s->sum, s->window, bytes);
    s->at += bytes;
    return true;
}

/* What has no statistics: the header, and what lies between rows and targets. */
static bool pass_over(pass *s, uint64_t to, api_problem *p)
{
    bool ok = true;
    while (ok && s->at < to) {
        uint64_t left = to - s->at;
        ok = next(s, left < WINDOW * sizeof(double) ? (size_t)left : WINDOW * sizeof(double), p);
    }
    return ok;
}

/* single: the values are floats. */
static bool take_columns(pass *s, uint64_t rows, size_t cols, bool single, gd_column *columns,
                         api_problem *p)
{
    size_t most = cols < WINDOW ? WINDOW / cols : 1;
    bool ok = true;
    for (uint64_t first = 0; ok && first < rows; first += most) {
        size_t n = rows - first < most ? (size_t)(rows - first) : most;
        ok = next(s, n * cols * (single ? sizeof(float) : sizeof(double)), p);
        if (ok) {
            const gd_data seen = {.X = single ? NULL : s->window,
                                  .X32 = single ? (const void *)s->window : NULL,
                                  .rows = n,
                                  .cols = cols};
            gd_data_columns(&seen, &(gd_rows){.count = n}, s->latest);
            gd_columns_merge(columns, (size_t)first, s->latest, n, cols);
        }
    }
    return ok;
}

/* Of sparse rows the sections lie apart, so their columns are looked at in the mapped file, by three
 * passes over the entries (gd_sparse.h). Of very many the target is described alone. */
static bool take_sparse(const pass *s, const srv_file_header *h, gd_column *columns, api_problem *p)
{
    if (h->cols > GD_MAX_COLUMNS)
        return true;
    char *map = mmap(NULL, (size_t)h->y_at, PROT_READ, MAP_SHARED, s->fd, 0);
    if (map == MAP_FAILED)
        return api_problem_set(p, API_UNAVAILABLE, "can't map a dataset file: %s", strerror(errno));
    const void *values = map + h->x_at, *starts = map + h->starts_at, *of = map + h->columns_at;
    const gd_data d = {.rows = (size_t)h->rows,
                       .cols = (size_t)h->cols,
                       .sparse = {.starts = starts,
                                  .columns = of,
                                  .values = h->single ? NULL : values,
                                  .values32 = h->single ? values : NULL}};
    gd_data_columns(&d, &(gd_rows){.count = d.rows}, columns);
    munmap(map, (size_t)h->y_at);
    return true;
}

bool srv_describe(int fd, const api_dataset *d, const srv_file_header *h, srv_stored *to,
                  api_problem *p)
{
    size_t cols = d->sparse && d->cols > GD_MAX_COLUMNS ? 0 : d->cols;
    size_t room = cols > WINDOW ? cols : WINDOW;
    pass s = {.fd = fd, .window = malloc(room * sizeof(double))};
    s.columns = calloc(cols + 1, sizeof *s.columns);
    s.latest = calloc(cols + 1, sizeof *s.latest);
    const char **names = d->sparse ? api_numbered_names(d->first_number, cols) : NULL;
    bool ok = s.window && s.columns && s.latest && (names || !d->sparse);
    if (!ok)
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    srv_sum_begin(&s.sum);
    gd_column *y = ok ? &s.columns[cols] : NULL;
    ok = ok && pass_over(&s, h->x_at, p) &&
         (d->sparse ? take_sparse(&s, h, s.columns, p)
                    : take_columns(&s, d->rows, cols, h->single, s.columns, p)) &&
         pass_over(&s, h->y_at, p) &&
         take_columns(&s, d->rows, 1, false, y, p);
    if (ok) {
        srv_sum_end(&s.sum, to->sha256);
        api_dataset shown = *d;
        shown.cols = cols;
        if (names)
            shown.columns = (char **)names;
        to->statistics =
            api_doc_take_text(api_statistics_encode(&shown, s.columns, d->labels ? NULL : y));
        ok = to->statistics ||
             api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    }
    free(s.window);
    free(s.columns);
    free(s.latest);
    free(names);
    return ok;
}
