/* .npz: an archive of NumPy's arrays (savez and savez_compressed), of which one has the rows, X
 * unless the query says another, and one the targets, y or what the query names as the target.
 * Without such an array the target is a column of the rows, as in .npy. Targets may be texts: class
 * labels. Other arrays are passed over. */
#include "api_matrix.h"
#include "api_zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 80 };

typedef struct reader {
    const api_read_options *options;
    const api_sink *sink;
    api_zip *zip;
    api_npy *npy;    /* the array at hand */
    bool at_targets; /* it has those */
    char label[LABEL];
    api_matrix matrix;
    bool have_rows, have_targets;
    uint64_t targets, targets_missing, texts;
    api_cells labels; /* of targets that are texts */
    size_t level_bytes;
    char target[API_NPY_NAME]; /* the name of the array that has them */
    char others[200];          /* names of arrays that were passed over */
} reader;

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
}

static const char *rows_name(const reader *r)
{
    return r->options->rows ? r->options->rows : "X";
}

/* ---- the arrays ---- */

/* Only columns that are chosen need be numbers; which of them is the target may not be known yet.
 */
static bool choose_wanted(reader *r, const bool **wanted, api_problem *p)
{
    const api_read_options *o = r->options;
    api_matrix *m = &r->matrix;
    if (!o->columns || o->in_order)
        return true;
    m->wanted = calloc(m->shape.cols, sizeof *m->wanted);
    if (!m->wanted)
        return no_memory(p);
    for (size_t i = 0; i <= o->columns_count; i++) {
        const char *name = i < o->columns_count ? o->columns[i] : o->target;
        size_t at = name ? api_names_find(&m->named.keys, name) : SIZE_MAX;
        if (at != SIZE_MAX)
            m->wanted[at] = true;
    }
    *wanted = m->wanted;
    return true;
}

static bool begin_array(void *ctx, const api_npy_shape *shape, const bool **wanted, api_problem *p)
{
    reader *r = ctx;
    if (!r->at_targets)
        return api_matrix_begin(&r->matrix, r->options, shape, p) && choose_wanted(r, wanted, p);
    r->targets = shape->rows;
    return shape->cols == 1 ||
           api_problem_field(p, r->target,
                             "must be an array of one dimension, a target a row; it "
                             "has %llu columns",
                             (unsigned long long)shape->cols);
}

static bool values(void *ctx, double *v, size_t n, api_problem *p)
{
    reader *r = ctx;
    const api_sink *s = r->sink;
    return (r->at_targets ? s->targets : s->values)(s->ctx, v, n, p);
}

static void missing(void *ctx, size_t column)
{
    reader *r = ctx;
    if (r->at_targets)
        r->targets_missing++;
    else
        r->matrix.missing[column]++;
}

static const char *name(void *ctx, size_t column, char buf[API_NPY_NAME])
{
    (void)buf;
    reader *r = ctx;
    return r->at_targets ? r->target : r->matrix.named.keys.list[column];
}

static bool text(void *ctx, const char *label, size_t n, api_problem *p)
{
    reader *r = ctx;
    double v;
    char place[LABEL + 40];
    bool alone;
    api_cells *c = &r->labels;
    r->texts++;
    /* a NUL inside would be its end */
    api_fault fault = strlen(label) == n ? api_cells_text(c, label, n, true, &v) : API_CELL_CONTROL;
    if (!fault)
        return r->sink->targets(r->sink->ctx, &v, 1, p);
    if (fault == API_CELL_NO_MEMORY)
        return no_memory(p);
    snprintf(place, sizeof place, "row %llu, column \"%.50s\"", (unsigned long long)r->texts,
             r->target);
    const char *what = api_fault_text(fault, c, &alone);
    return alone ? api_problem_field(p, place, "%s", what)
                 : api_problem_field(p, place, "\"%.60s\" %s", label, what);
}

/* ---- members ---- */

static bool is_target(const reader *r, const char *array)
{
    const api_read_options *o = r->options;
    return o->labelled && ((o->target && strcmp(array, o->target) == 0) ||
                           ((!o->target || o->in_order) && strcmp(array, "y") == 0));
}

static void note_other(reader *r, const char *array)
{
    size_t at = strlen(r->others);
    snprintf(r->others + at, sizeof r->others - at, "%s%.60s", at ? ", " : "", array);
}

static bool begin_member(void *ctx, const char *file, bool *wanted, api_problem *p)
{
    static const char suffix[] = ".npy";
    reader *r = ctx;
    char array[API_NPY_NAME] = "";
    size_t n = strlen(file), m = sizeof suffix - 1;
    if (n <= m || n - m >= sizeof array || strcmp(file + n - m, suffix) != 0)
        return true; /* no array of NumPy */
    memcpy(array, file, n - m);
    bool rows = strcmp(array, rows_name(r)) == 0;
    if (!rows && !is_target(r, array)) {
        note_other(r, array);
        return true;
    }
    if (rows ? r->have_rows : r->have_targets)
        return api_problem_field(p, array, "there is a second array of %s in the archive",
                                 rows ? "rows" : "targets");
    r->at_targets = !rows;
    if (rows)
        r->have_rows = true;
    else
        r->have_targets = true;
    if (!rows)
        memcpy(r->target, array, sizeof array);
    snprintf(r->label, sizeof r->label, "array \"%.60s\"", array);
    r->npy = api_npy_new((api_npy_taker){r, begin_array, missing, values, rows ? NULL : text, name},
                         r->label);
    *wanted = true;
    return r->npy || no_memory(p);
}

static bool bytes_of(void *ctx, const char *bytes, size_t n, api_problem *p)
{
    return api_npy_feed(((reader *)ctx)->npy, bytes, n, p);
}

static bool end_member(void *ctx, api_problem *p)
{
    reader *r = ctx;
    bool ok = api_npy_finish(r->npy, p);
    api_npy_free(r->npy);
    r->npy = NULL;
    return ok;
}

/* ---- the reader ---- */

static void close_reader(void *reader_)
{
    reader *r = reader_;
    if (!r)
        return;
    api_zip_free(r->zip);
    api_npy_free(r->npy);
    api_matrix_free(&r->matrix);
    api_cells_free(&r->labels);
    free(r);
}

static void *open_reader(const api_read_options *options, const api_sink *sink)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->options = options;
    r->sink = sink;
    r->labels = (api_cells){.type = API_CATEGORICAL, .label = true, .level_bytes = &r->level_bytes};
    r->zip =
        api_zip_new((api_zip_taker){r, begin_member, bytes_of, end_member}, options->max_bytes);
    if (r->zip)
        return r;
    free(r);
    return NULL;
}

static bool feed(void *reader_, const char *bytes, size_t n, api_problem *p)
{
    return api_zip_feed(((reader *)reader_)->zip, bytes, n, p);
}

static void miss(const reader *r, const char *field, const char *array, const char *parameter,
                 api_problem *p)
{
    api_problem_field(p, field, "the archive has no array \"%.64s\"%s%s; name one by %s", array,
                      *r->others ? ", but " : "", r->others, parameter);
}

/* Targets of an array of their own. */
static bool with_targets(reader *r, api_dataset *made, api_problem *soft, api_problem *p)
{
    api_read_options alone = *r->options;
    alone.labelled = false;
    alone.target = NULL;
    if (!api_matrix_finish(&r->matrix, &alone, made, soft, p))
        return false;
    if (r->targets != made->rows)
        api_problem_field(soft, r->target, "has %llu values, but %s has %llu rows",
                          (unsigned long long)r->targets, rows_name(r),
                          (unsigned long long)made->rows);
    api_name_check(r->target, "target", soft);
    for (size_t i = 0; i < made->cols; i++)
        if (strcmp(made->columns[i], r->target) == 0)
            api_problem_field(soft, "target", "\"%.64s\" is the name of a column of %s too",
                              r->target, rows_name(r));
    made->target = strdup(r->target);
    return made->target || no_memory(p);
}

/* Targets that are texts are numbers of labels. */
static bool take_labels(reader *r, api_dataset *made, api_problem *p)
{
    if (!made->kinds)
        made->kinds = calloc(made->cols + 1, sizeof *made->kinds);
    if (!made->kinds)
        return no_memory(p);
    for (size_t i = 0; i < made->cols; i++) /* of those that were dropped */
        made->kinds[i].type = API_NUMERIC;
    made->kinds[made->cols] = api_cells_take(&r->labels);
    return api_target_labels(&made->kinds[made->cols], made) || no_memory(p);
}

static bool describe(reader *r, api_dataset *made, api_problem *p)
{
    const api_read_options *o = r->options;
    api_problem soft = {0};
    bool ok = true, column = o->target && r->have_rows &&
                             api_names_find(&r->matrix.named.keys, o->target) != SIZE_MAX;
    if (!r->have_rows)
        miss(r, "X", rows_name(r), "?X=", &soft);
    if (o->labelled && !r->have_targets && !column)
        miss(r, "target", o->target ? o->target : "y", "?target=", &soft);
    if (soft.code == API_NO_PROBLEM)
        ok = r->have_targets ? with_targets(r, made, &soft, p)
                             : api_matrix_finish(&r->matrix, o, made, &soft, p);
    if (ok && soft.code != API_NO_PROBLEM) {
        *p = soft;
        ok = false;
    }
    ok = ok && api_matrix_kinds(&r->matrix, r->targets_missing, made, p) &&
         (r->texts == 0 || take_labels(r, made, p));
    made->name = ok ? strdup(o->name ? o->name : "") : NULL;
    return ok && (made->name || no_memory(p));
}

static bool finish(void *reader_, api_dataset *out, api_problem *p)
{
    reader *r = reader_;
    api_dataset made = {0};
    if (!api_zip_finish(r->zip, p))
        return false;
    if (!describe(r, &made, p)) {
        api_dataset_free(&made);
        return false;
    }
    *out = made;
    return true;
}

const api_format api_format_npz = {
    .name = "npz",
    .media_type = "application/x-npz",
    .own = "X",
    .suffixes = ".npz",
    .open = open_reader,
    .feed = feed,
    .finish = finish,
    .close = close_reader,
};
