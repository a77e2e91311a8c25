/* srv_upload: temporary files, and the final rename. */
#include "srv_upload.h"

#include "srv_describe.h"
#include "srv_gather.h"
#include "srv_join.h"
#include "srv_look.h"
#include "srv_out.h"

#include <stdlib.h>
#include <string.h>

struct srv_upload {
    srv_files *files;
    api_sink sink;
    srv_out values, targets, joined;
    srv_gathering gathered;
    srv_out columns, starts; /* of sparse rows */
    size_t width;            /* values of a row, 0: not told in time */
    bool begun;              /* rows are written on a thread of their own, if there is one */
    bool single;             /* they will be gathered, most likely */
    bool late;               /* not all of them could be made known to the look */
    srv_look *look;          /* at the rows as they are written; NULL: they are not looked at */
};

_Static_assert(GD_MAX_COLUMNS <= SRV_OUT_BUFFER, "a row fits the buffer");

/* Rows that are written are in the cache. */
static bool take_values(void *ctx, const void *block, size_t bytes, api_problem *p)
{
    srv_upload *u = ctx;
    if (u->look)
        srv_look_add(u->look, block, bytes);
    return srv_out_write(&u->values, block, bytes, p);
}

/* The rows are many: another thread writes them, and looks at them if it knows where each begins. What it
 * can't be given is done by this one, and at the end. */
static void begin_thread(srv_upload *u)
{
    u->begun = true;
    u->values.hashed = u->width != 0; /* else they are gathered from where they lie, at the end */
    u->values.passing = u->width == 0;
    size_t width = u->width ? u->width : 1, block = srv_describe_rows(width) * width;
    if (srv_out_hand_over(&u->values, block * sizeof(double), take_values, u))
        return;
    srv_look_free(u->look);
    u->look = NULL;
}

static void learn_width(void *ctx, size_t width)
{
    srv_upload *u = ctx;
    if (u->begun || u->look || u->single)
        return;
    u->width = width;
    u->look = srv_look_new(width, false);
}

static void learn_texts(void *ctx, size_t column)
{
    srv_upload *u = ctx;
    if (!u->look)
        return;
    if (!u->begun)
        u->late = !srv_look_levels(u->look, column) || u->late;
}

static bool put_values(void *ctx, const double *v, size_t n, api_problem *p)
{
    srv_upload *u = ctx;
    srv_out *o = &u->values;
    if (!u->begun && n * sizeof *v >= o->cap - o->n) { /* it would be full */
        if ((const char *)v == o->block + o->n) {        /* and is, by what lies there: it moves along */
            o->n += n * sizeof *v;
            o->at += n * sizeof *v;
            n = 0;
        }
        begin_thread(u);
    }
    return srv_out_put(o, v, n, p);
}

static double *values_room(void *ctx, size_t *n)
{
    srv_upload *u = ctx;
    double *room = srv_out_room(&u->values, n);
    *n /= sizeof *room;
    return room;
}

static bool put_targets(void *ctx, const double *v, size_t n, api_problem *p)
{
    srv_upload *u = ctx;
    return srv_out_put(&u->targets, v, n, p);
}

static bool put_entries(void *ctx, const uint32_t *columns, const double *v, size_t n,
                        api_problem *p)
{
    srv_upload *u = ctx;
    return srv_out_put(&u->values, v, n, p) &&
           srv_out_bytes(&u->columns, columns, n * sizeof *columns, p);
}

static bool put_ends(void *ctx, const uint64_t *ends, size_t n, api_problem *p)
{
    static const uint64_t zero = 0;
    srv_upload *u = ctx;
    if (u->starts.at == 0 && !srv_out_bytes(&u->starts, &zero, sizeof zero, p))
        return false;
    return srv_out_bytes(&u->starts, ends, n * sizeof *ends, p);
}

srv_upload *srv_upload_new(srv_files *files, bool single, api_problem *p)
{
    srv_upload *u = malloc(sizeof *u); /* to fill its buffers with zeros is most of a small upload */
    if (!u) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
        return NULL;
    }
    srv_out *const outs[] = {&u->values, &u->targets, &u->joined, &u->columns, &u->starts};
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++)
        srv_out_none(outs[i]);
    srv_gather_none(&u->gathered);
    u->files = files;
    u->width = 0;
    u->single = single;
    u->begun = u->late = false;
    u->look = NULL;
    u->sink = (api_sink){u, put_values, put_targets, put_entries, put_ends, learn_width,
                         learn_texts, values_room};
    srv_out_begin(&u->targets, files, 0);
    srv_out_begin(&u->columns, files, 0);
    srv_out_begin(&u->starts, files, 0);
    if (srv_out_create(&u->values, files, p))
        return u;
    srv_upload_free(u);
    return NULL;
}

const api_sink *srv_upload_sink(srv_upload *u)
{
    return &u->sink;
}

void srv_upload_free(srv_upload *u)
{
    if (!u)
        return;
    srv_out_close(&u->values);
    srv_out_close(&u->targets);
    srv_out_close(&u->joined);
    srv_out_close(&u->columns);
    srv_out_close(&u->starts);
    srv_look_free(u->look);
    srv_gather_close(&u->gathered);
    free(u);
}

static uint64_t aligned(uint64_t n)
{
    return (n + SRV_ALIGN - 1) / SRV_ALIGN * SRV_ALIGN;
}

/* Rows as they are to be stored: those that were read, or a copy; NULL with the reason in p. *look: what
 * is known of them. */
static srv_out *arrange(srv_upload *u, const api_dataset *d, srv_look **look, api_problem *p)
{
    *look = NULL;
    if (!srv_out_settle(&u->values, p))
        return NULL;
    if (d->sparse && d->dtype != API_FLOAT32)
        return &u->values;
    if (api_dataset_plain(d)) {
        /* rows that did not fill the buffer were written by nobody else */
        *look = u->begun && u->width == d->cols && !u->late ? u->look : NULL;
        return &u->values;
    }
    srv_look_free(u->look);
    u->look = NULL;
    if (!srv_gather(&u->gathered, &u->values, &u->targets, d, p))
        return NULL;
    *look = u->gathered.look;
    return &u->gathered.out;
}

static srv_file_header header_of(const api_dataset *d)
{
    bool single = d->dtype == API_FLOAT32;
    uint64_t values = d->sparse ? d->entries : d->rows * d->cols;
    srv_file_header h = {.rows = d->rows, .cols = d->cols, .x_at = SRV_ALIGN, .single = single};
    memcpy(h.magic, SRV_FILE_MAGIC, sizeof h.magic);
    h.y_at = aligned(h.x_at + values * (single ? sizeof(float) : sizeof(double)));
    if (!d->sparse)
        return h;
    h.sparse = 1;
    h.entries = d->entries;
    h.columns_at = h.y_at;
    h.starts_at = aligned(h.columns_at + d->entries * sizeof(uint32_t));
    h.y_at = aligned(h.starts_at + (d->rows + 1) * sizeof(uint64_t));
    return h;
}

/* ---- the file ---- */

/* The rest of the file, behind the rows: it is hashed as it is written. */
static bool complete(srv_upload *u, srv_out *o, const api_dataset *d, const srv_file_header *h,
                     srv_stored *to, api_problem *p)
{
    bool ok = true;
    if (d->sparse)
        ok = srv_out_pad(o, h->columns_at, p) && srv_out_append(o, &u->columns, p) &&
             srv_out_pad(o, h->starts_at, p) && srv_out_append(o, &u->starts, p);
    ok = ok && srv_out_pad(o, h->y_at, p) && srv_out_append(o, &u->targets, p) &&
         srv_out_bytes(o, h, sizeof *h, p) && srv_out_settle(o, p) && srv_files_room(u->files, 0, p);
    if (ok && o->hashed)
        srv_sum_end(&o->sum, to->sha256);
    return ok;
}

/* Those that were read, and the rows before, in a file of both; NULL with the reason in p. */
static srv_out *join(srv_upload *u, const srv_out *o, const api_dataset *d, const srv_before *before,
                     const srv_file_header *h, api_problem *p)
{
    const srv_arranged read = {o, &u->targets, &u->columns, &u->starts};
    bool ok = srv_out_settle(&u->targets, p) &&
              (!d->sparse || (srv_out_settle(&u->columns, p) && srv_out_settle(&u->starts, p)));
    return ok && srv_join(&u->joined, u->files, before, &read, h, p) ? &u->joined : NULL;
}

/* What is left to be written of joined rows. */
static bool complete_joined(srv_upload *u, const srv_file_header *h, const srv_stored *to,
                            api_problem *p)
{
    return srv_write_all(u->joined.fd, h, sizeof *h, (off_t)(to->bytes - sizeof *h), p) &&
           srv_files_room(u->files, 0, p);
}

static bool read_contents(int fd, srv_stored *to, api_problem *p)
{
    to->contents = malloc((size_t)to->bytes);
    if (!to->contents)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory for an upload");
    return srv_out_read(fd, to->contents, (size_t)to->bytes, 0, p);
}

/* What is not needed for `kept` any more goes: of much the removal takes as long as a sync, beside
 * which it is done. */
static void drop_others(srv_upload *u, const srv_out *kept)
{
    srv_out *const outs[] = {&u->values, &u->targets, &u->gathered.out, &u->columns, &u->starts};
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++)
        if (outs[i] != kept)
            srv_out_close(outs[i]);
}

bool srv_upload_finish(srv_upload *u, api_dataset *d, const srv_before *before, srv_stored *to,
                       api_problem *p)
{
    srv_look *look;
    srv_out *o = arrange(u, d, &look, p);
    if (!o)
        return false;
    if (before) {
        d->rows += before->header.rows;
        d->entries += before->header.entries;
    }
    srv_file_header h = header_of(d);
    if (before) {
        look = NULL;
        o = join(u, o, d, before, &h, p);
    }
    if (!o)
        return false;
    *to = (srv_stored){.bytes = h.y_at + d->rows * sizeof(double) + sizeof h};
    if (!(before ? complete_joined(u, &h, to, p) : complete(u, o, d, &h, to, p)))
        return false;
    bool small = to->bytes <= SRV_SMALL_FILE;
    srv_sync sync = {0}; /* which is the disk's work, while this is the processor's */
    if (!small)
        srv_sync_begin(&sync, o->fd, to->bytes);
    bool ok = srv_describe(o->fd, d, &h, look, to, p);
    drop_others(u, o);
    ok = (small ? read_contents(o->fd, to, p) : srv_sync_end(&sync, p)) && ok;
    if (ok && srv_files_put(u->files, o->path, to->sha256, !small, p)) {
        *o->path = '\0'; /* it has its name: nothing temporary to remove */
        return true;
    }
    free(to->statistics);
    free(to->contents);
    *to = (srv_stored){0};
    return false;
}
