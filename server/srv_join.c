/* srv_join: section by section. */
#include "srv_join.h"

#include <math.h>

static size_t value_size(const srv_file_header *h)
{
    return h->single ? sizeof(float) : sizeof(double);
}

/* n values of o's buffer, of rows of `cols`. */
static void map_values(srv_out *o, size_t n, size_t cols, bool single, double *const *maps)
{
    for (size_t i = 0; i < n; i++) {
        const double *map = maps[i % cols];
        double v = single ? (double)o->narrow[i] : o->buffer[i];
        if (!map || isnan(v))
            continue;
        if (single)
            o->narrow[i] = (float)map[(size_t)v];
        else
            o->buffer[i] = map[(size_t)v];
    }
}

/* Rows of `cols` numbers, read from byte `at` on. */
static bool copy_mapped(srv_out *o, int from, uint64_t at, uint64_t to, uint64_t rows, size_t cols,
                        bool single, double *const *maps, api_problem *p)
{
    size_t row = cols * (single ? sizeof(float) : sizeof(double)), most = sizeof o->buffer / row;
    bool any = false, ok = true;
    for (size_t j = 0; maps && j < cols; j++)
        any = any || maps[j];
    if (!any)
        return srv_out_copy(o, from, at, to, rows * row, p);
    for (uint64_t first = 0; ok && first < rows; first += most) {
        size_t n = rows - first < most ? (size_t)(rows - first) : most;
        ok = srv_out_read(from, o->buffer, n * row, at + first * row, p);
        if (ok)
            map_values(o, n * cols, cols, single, maps);
        ok = ok && srv_write_all(o->fd, o->buffer, n * row, (off_t)(to + first * row), p);
    }
    return ok;
}

/* Where each of the rows read ends, counted on from `more` entries. */
static bool copy_ends(srv_out *o, int from, uint64_t to, uint64_t rows, uint64_t more, api_problem *p)
{
    uint64_t ends[4096];
    enum { MOST = sizeof ends / sizeof ends[0] };
    bool ok = true;
    for (uint64_t first = 0; ok && first < rows; first += MOST) {
        size_t n = rows - first < MOST ? (size_t)(rows - first) : MOST;
        ok = srv_out_read(from, ends, n * sizeof *ends, (1 + first) * sizeof *ends, p);
        for (size_t i = 0; ok && i < n; i++)
            ends[i] += more;
        ok = ok && srv_write_all(o->fd, ends, n * sizeof *ends, (off_t)(to + first * sizeof *ends), p);
    }
    return ok;
}

static bool join_dense(srv_out *o, const struct srv_before *before, const srv_arranged *read,
                       const srv_file_header *h, api_problem *p)
{
    const srv_file_header *b = &before->header;
    uint64_t bytes = b->rows * b->cols * value_size(b);
    return srv_out_copy(o, before->fd, b->x_at, h->x_at, bytes, p) &&
           copy_mapped(o, read->values->fd, SRV_ALIGN, h->x_at + bytes, h->rows - b->rows,
                       (size_t)h->cols, h->single, before->maps, p);
}

static bool join_sparse(srv_out *o, const struct srv_before *before, const srv_arranged *read,
                        const srv_file_header *h, api_problem *p)
{
    enum { COLUMN = sizeof(uint32_t), END = sizeof(uint64_t) };
    const srv_file_header *b = &before->header;
    uint64_t more = h->entries - b->entries, size = value_size(b);
    return srv_out_copy(o, before->fd, b->x_at, h->x_at, b->entries * size, p) &&
           srv_out_copy(o, read->values->fd, SRV_ALIGN, h->x_at + b->entries * size, more * size, p) &&
           srv_out_copy(o, before->fd, b->columns_at, h->columns_at, b->entries * COLUMN, p) &&
           srv_out_copy(o, read->columns->fd, 0, h->columns_at + b->entries * COLUMN, more * COLUMN,
                        p) &&
           srv_out_copy(o, before->fd, b->starts_at, h->starts_at, (b->rows + 1) * END, p) &&
           copy_ends(o, read->starts->fd, h->starts_at + (b->rows + 1) * END, h->rows - b->rows,
                     b->entries, p);
}

bool srv_join(srv_out *to, const srv_files *files, const struct srv_before *before,
              const srv_arranged *read, const srv_file_header *h, api_problem *p)
{
    const srv_file_header *b = &before->header;
    double *const labels[] = {before->labels};
    return srv_files_room(files, b->y_at, p) && srv_out_create(to, files, p) &&
           (h->sparse ? join_sparse : join_dense)(to, before, read, h, p) &&
           srv_out_copy(to, before->fd, b->y_at, h->y_at, b->rows * sizeof(double), p) &&
           copy_mapped(to, read->targets->fd, 0, h->y_at + b->rows * sizeof(double),
                       h->rows - b->rows, 1, false, labels, p);
}
