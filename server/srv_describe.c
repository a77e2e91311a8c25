/* srv_describe: one pass, hash and statistics from the same window while it is in the cache, over what
 * was not looked at before. The file is read, not mapped: its pages would count as the server's memory. */
#include "srv_describe.h"

#include "api_numbered.h"
#include "api_statistics.h"
#include "gd_limits.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Doubles in a window. One of rows that are wide is larger, since it visits the counts of every
 * column. */
enum { WINDOW = 1 << 15, MOST_WINDOW = 1 << 18, MANY_ROWS = 256 };

typedef struct pass {
    int fd;
    bool hashed; /* the sum is wanted */
    srv_sum sum;
    double *window;
    uint64_t at; /* bytes so far */
    gd_summaries *summaries;
    srv_look *look;    /* at the rows, which had the summaries; NULL: none was taken */
    size_t cols;       /* features that are described */
    uint32_t **counts; /* cols + 1: how often there is each level, of columns that have any */
    size_t *levels;    /* cols + 1: how many these are; a damaged record may have fewer than its rows */
} pass;

_Static_assert(GD_MAX_COLUMNS <= MOST_WINDOW, "a window holds a row");

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
    if (s->hashed)
        srv_sum_add(&s->sum, s->window, bytes);
    s->at += bytes;
    return true;
}

/* What has no statistics: the begin, the end, and what lies between rows and targets. */
static bool pass_over(pass *s, uint64_t to, api_problem *p)
{
    bool ok = true;
    if (!s->hashed)
        s->at = to;
    while (ok && s->at < to) {
        uint64_t left = to - s->at;
        ok = next(s, left < WINDOW * sizeof(double) ? (size_t)left : WINDOW * sizeof(double), p);
    }
    return ok;
}

size_t srv_describe_rows(size_t cols)
{
    size_t many = MANY_ROWS * cols, values = many < WINDOW ? WINDOW : many;
    return (values < MOST_WINDOW ? values : MOST_WINDOW) / cols;
}

static void count_levels(uint32_t *counts, size_t levels, const gd_data *d, size_t column)
{
    for (size_t i = 0; counts && i < d->rows; i++) {
        double level = gd_data_at(d, i, column);
        if (level < (double)levels)
            counts[(size_t)level]++;
    }
}

/* The columns from `first` on; single: the values are floats. */
static bool take_columns(pass *s, uint64_t rows, size_t first, size_t cols, bool single,
                         api_problem *p)
{
    size_t most = srv_describe_rows(cols);
    for (uint64_t row = 0; row < rows; row += most) {
        size_t n = rows - row < most ? (size_t)(rows - row) : most;
        if (!next(s, n * cols * (single ? sizeof(float) : sizeof(double)), p))
            return false;
        const gd_data seen = {.X = single ? NULL : s->window,
                              .X32 = single ? (const void *)s->window : NULL,
                              .rows = n,
                              .cols = cols};
        gd_summaries_add(s->summaries, first, &seen);
        for (size_t j = 0; j < cols; j++)
            count_levels(s->counts[first + j], s->levels[first + j], &seen, j);
    }
    return true;
}

/* ---- levels ---- */

static const char *const *levels_of(const api_dataset *d, size_t column, size_t *count)
{
    bool target = column == d->cols, none = !target && !d->kinds;
    *count = target ? d->labels_count : none ? 0 : d->kinds[column].levels_count;
    return (const char *const *)(target ? d->labels : none ? NULL : d->kinds[column].levels);
}

static bool begin_counts(pass *s, const api_dataset *d)
{
    bool ok = true;
    s->counts = calloc(s->cols + 1, sizeof *s->counts);
    s->levels = calloc(s->cols + 1, sizeof *s->levels);
    for (size_t j = 0; (ok = ok && s->counts && s->levels) && j <= s->cols; j++) {
        size_t n;
        if (!levels_of(d, j < s->cols ? j : d->cols, &n))
            continue;
        s->levels[j] = n;
        s->counts[j] = s->look && j < s->cols ? srv_look_counts(s->look, j, n)
                                              : calloc(n ? n : 1, sizeof **s->counts);
        ok = s->counts[j] != NULL;
    }
    return ok;
}

static void end_counts(pass *s, size_t cols)
{
    for (size_t j = 0; s->counts && j <= cols; j++)
        free(s->counts[j]);
    free(s->counts);
    free(s->levels);
}

/* Of sparse rows the sections lie apart, so their columns are looked at in the mapped file; of which no
 * more than some rows is held at a time. */
static bool take_sparse(const pass *s, const srv_file_header *h, api_problem *p)
{
    char *map = mmap(NULL, (size_t)h->y_at, PROT_READ, MAP_SHARED, s->fd, 0);
    if (map == MAP_FAILED)
        return api_problem_set(p, API_UNAVAILABLE, "can't map a dataset file: %s", strerror(errno));
    const void *values = map + h->x_at, *of = map + h->columns_at;
    const uint64_t *starts = (const void *)(map + h->starts_at);
    gd_data d = {.cols = (size_t)h->cols,
                 .sparse = {.columns = of,
                            .values = h->single ? NULL : values,
                            .values32 = h->single ? values : NULL}};
    bool ok = true;
    for (size_t first = 0; ok && first < h->rows; first += d.rows) {
        d.sparse.starts = starts + first;
        d.rows = 1;
        while (first + d.rows < h->rows && d.sparse.starts[d.rows] - *d.sparse.starts < MOST_WINDOW &&
               d.rows < MOST_WINDOW)
            d.rows++;
        ok = gd_summaries_add_sparse(s->summaries, &d);
        madvise(map, (size_t)h->y_at, MADV_DONTNEED);
    }
    munmap(map, (size_t)h->y_at);
    return ok || api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
}

/* ---- all of it ---- */

static char *write_statistics(const pass *s, const api_dataset *d, const char *const *names)
{
    api_text t = {0};
    gd_summary summary;
    for (size_t j = 0; j <= s->cols; j++) {
        bool target = j == s->cols;
        size_t stored = target ? d->cols : j;
        gd_summaries_get(s->summaries, j, &summary);
        api_column_facts c = {.name = target ? d->target : names[j],
                              .target = target,
                              .kind = d->kinds ? &d->kinds[stored] : NULL,
                              .summary = &summary,
                              .counts = s->counts[j]};
        c.levels = levels_of(d, stored, &c.levels_count);
        api_statistics_add(&t, &c);
    }
    api_text_puts(&t, "]");
    return api_text_take(&t);
}

static bool take_rows(pass *s, const api_dataset *d, const srv_file_header *h, api_problem *p)
{
    if (s->look)
        return true;
    if (!d->sparse)
        return take_columns(s, d->rows, 0, s->cols, h->single, p);
    return s->cols == 0 || take_sparse(s, h, p);
}

/* Was the look one at all that is wanted of the rows? */
static bool is_enough(const srv_look *look, const api_dataset *d)
{
    bool enough = look && !d->sparse;
    for (size_t j = 0; enough && j < d->cols; j++) {
        size_t n;
        enough = srv_look_knows(look, j, levels_of(d, j, &n) != NULL);
    }
    return enough;
}

bool srv_describe(int fd, const api_dataset *d, const srv_file_header *h, srv_look *look,
                  srv_stored *to, api_problem *p)
{
    if (!is_enough(look, d))
        look = NULL;
    /* of very many columns the target is described alone */
    size_t cols = d->sparse && d->cols > GD_MAX_COLUMNS ? 0 : d->cols;
    size_t room = cols && !d->sparse && !look ? cols * srv_describe_rows(cols) : 0;
    pass s = {.fd = fd,
              .hashed = !*to->sha256,
              .cols = cols,
              .window = malloc((room > WINDOW ? room : WINDOW) * sizeof(double)),
              .look = look,
              .summaries = look ? srv_look_summaries(look) : gd_summaries_new(cols + 1, d->rows)};
    const char **numbers = d->sparse ? api_numbered_names(d->first_number, cols) : NULL;
    bool ok = begin_counts(&s, d) && s.window && s.summaries && (numbers || !d->sparse);
    if (!ok)
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    srv_sum_begin(&s.sum);
    ok = ok && pass_over(&s, h->x_at, p) && take_rows(&s, d, h, p) && pass_over(&s, h->y_at, p) &&
         take_columns(&s, d->rows, cols, 1, false, p) && pass_over(&s, to->bytes, p);
    if (ok && s.hashed)
        srv_sum_end(&s.sum, to->sha256);
    if (ok)
        to->statistics =
            write_statistics(&s, d, numbers ? numbers : (const char *const *)d->columns);
    if (ok && !to->statistics)
        ok = api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    free(s.window);
    if (!look)
        gd_summaries_free(s.summaries);
    end_counts(&s, cols);
    free(numbers);
    return ok;
}
