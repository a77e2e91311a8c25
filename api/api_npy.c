/* api_npy: magic, version and header; then elements, block by block. */
#include "api_npy.h"

#include "api_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIXED = 8,      /* magic and version */
    BLOCK = 2048,   /* elements */
    WIDEST = 8,     /* bytes of a number */
    HEADER = 65536, /* bytes, at most */
};

struct api_npy {
    api_npy_taker to;
    const char *label;
    api_text head;   /* from the magic on */
    size_t head_len; /* of all of it; 0 while not known */
    bool begun;      /* the header is done with */
    api_npy_shape shape;
    const api_npy_type *type; /* NULL: texts */
    char text_kind;
    size_t size; /* bytes of an element */
    bool swapped;
    const bool *wanted;
    uint64_t at, count; /* elements so far, and in all */
    size_t part_len;    /* of an element that is not whole yet */
    char part[API_NPY_ELEMENT];
    char turned[BLOCK * WIDEST]; /* elements in this machine's order */
    double room[BLOCK];
};

api_npy *api_npy_new(api_npy_taker to, const char *label)
{
    api_npy *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->to = to;
    r->label = label;
    return r;
}

void api_npy_free(api_npy *r)
{
    if (r)
        api_text_free(&r->head);
    free(r);
}

/* ---- the header ---- */

static bool no_header(const api_npy *r, api_problem *p)
{
    return api_problem_set(p, API_INVALID,
                           "%s is no .npy of NumPy: it does not begin with \\x93NUMPY", r->label);
}

static bool begin(api_npy *r, api_problem *p)
{
    const char *text = r->head.data + (r->head.data[6] == 1 ? FIXED + 2 : FIXED + 4);
    const api_npy_shape *s = &r->shape;
    if (strlen(text) != (size_t)(r->head.data + r->head.len - text))
        return api_problem_set(p, API_INVALID, "a NUL byte in the header of %s", r->label);
    char descr[API_NPY_DESCR];
    if (!api_npy_header(text, r->label, &r->shape, descr, p))
        return false;
    r->text_kind = r->to.text ? api_npy_text_type(descr, &r->size, &r->swapped) : '\0';
    if (!r->text_kind) {
        r->type = api_npy_type_find(descr, &r->swapped, r->label, p);
        if (!r->type)
            return false;
        r->size = r->type->size;
    }
    if (s->rows == 0 || s->cols == 0)
        return api_problem_set(p, API_INVALID, "%s is empty: it has %llu rows and %llu columns",
                               r->label, (unsigned long long)s->rows, (unsigned long long)s->cols);
    if (s->rows > GD_MAX_ROWS)
        return api_problem_field(p, "rows", "are more than %zu", GD_MAX_ROWS);
    if (s->cols > GD_MAX_COLUMNS + 1) /* one for the target */
        return api_problem_field(p, "columns", "are more than %zu", GD_MAX_COLUMNS);
    r->count = s->rows * s->cols;
    r->begun = true;
    api_text_free(&r->head);
    return r->to.begin(r->to.ctx, s, &r->wanted, p);
}

/* What the first bytes say: how many there are in all. */
static bool measure(api_npy *r, api_problem *p)
{
    const unsigned char *h = (const unsigned char *)r->head.data;
    size_t lengths = h[6] == 1 ? 2 : 4;
    if (h[6] < 1 || h[6] > 3)
        return api_problem_set(p, API_INVALID,
                               "%s has version %d.%d of the format; 1.0 to 3.0 are read", r->label,
                               h[6], h[7]);
    if (r->head.len < FIXED + lengths)
        return true;
    size_t n = (size_t)h[8] | (size_t)h[9] << 8;
    if (lengths == 4)
        n |= (size_t)h[10] << 16 | (size_t)h[11] << 24;
    if (n > HEADER)
        return api_problem_set(p, API_INVALID, "the header of %s has more than %d bytes", r->label,
                               HEADER);
    r->head_len = FIXED + lengths + n;
    return true;
}

/* Byte by byte: it is short. */
static bool head_byte(api_npy *r, char c, api_problem *p)
{
    static const char magic[] = "\x93NUMPY";
    if (r->head.len < sizeof magic - 1 && c != magic[r->head.len])
        return no_header(r, p);
    api_text_add(&r->head, &c, 1);
    if (r->head.failed)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to read the data");
    if (r->head.len >= FIXED && !r->head_len && !measure(r, p))
        return false;
    return !r->head_len || r->head.len < r->head_len || begin(r, p);
}

/* ---- elements ---- */

static bool is_wanted(const api_npy *r, uint64_t at, uint64_t *row, size_t *column)
{
    const api_npy_shape *s = &r->shape;
    *row = s->by_columns ? at % s->rows : at / s->cols;
    *column = (size_t)(s->by_columns ? at / s->rows : at % s->cols);
    return !r->wanted || r->wanted[*column];
}

/* Says what is wrong with the next element, which is at `from`. */
static bool refuse(api_npy *r, const char *from, api_problem *p)
{
    char name[API_NPY_NAME], place[API_NPY_NAME + 60];
    uint64_t row;
    size_t column;
    double v;
    is_wanted(r, r->at, &row, &column);
    snprintf(place, sizeof place, "row %llu, column \"%.50s\"", (unsigned long long)row + 1,
             r->to.name(r->to.ctx, column, name));
    r->type->read(from, 1, &v);
    if (!isfinite(v))
        return api_problem_field(p, place, "%s is not a finite number", v > 0 ? "inf" : "-inf");
    uint64_t whole;
    memcpy(&whole, from, sizeof whole);
    bool negative = r->type->kind == 'i' && v < 0;
    return api_problem_field(
        p, place,
        "%s%llu is a whole number that no double is equal to; convert the array "
        "with astype(float)",
        negative ? "-" : "", (unsigned long long)(negative ? -whole : whole));
}

/* How many of the n elements in the room come before one that may not be. */
static size_t good_ones(const api_npy *r, const char *from, size_t n)
{
    bool finite = true;
    uint64_t row;
    size_t column;
    for (size_t i = 0; i < n; i++)
        finite &= fabs(r->room[i]) <= DBL_MAX;
    for (size_t i = 0; i < n && !finite; i++) {
        if (isfinite(r->room[i]) || !is_wanted(r, r->at + i, &row, &column))
            continue;
        if (!isnan(r->room[i]))
            return i;
        r->to.missing(r->to.ctx, column);
    }
    for (size_t i = 0; r->type->inexact && i < n; i++) {
        i += r->type->inexact(from + i * r->type->size, n - i);
        if (i < n && is_wanted(r, r->at + i, &row, &column))
            return i;
    }
    return n;
}

static bool take(api_npy *r, const char *from, size_t n, api_problem *p)
{
    size_t size = r->type->size;
    if (r->swapped) {
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < size; k++)
                r->turned[i * size + k] = from[i * size + size - 1 - k];
        from = r->turned;
    }
    r->type->read(from, n, r->room);
    size_t good = good_ones(r, from, n);
    r->at += good;
    if (good > 0 && !r->to.values(r->to.ctx, r->room, good, p))
        return false;
    return good == n || refuse(r, from + good * size, p);
}

static bool take_texts(api_npy *r, const char *from, size_t n, api_problem *p)
{
    char text[API_NPY_TEXT];
    for (size_t i = 0; i < n; i++) {
        size_t len = api_npy_text(from + i * r->size, r->size, r->text_kind, r->swapped, text);
        r->at++;
        if (!r->to.text(r->to.ctx, text, len, p))
            return false;
    }
    return true;
}

/* Elements that are whole; what is left of the bytes is kept for later. */
static bool take_bytes(api_npy *r, const char *bytes, size_t n, api_problem *p)
{
    size_t size = r->size;
    while (n > 0 && r->at < r->count) {
        uint64_t left = r->count - r->at;
        size_t whole = n / size < left ? n / size : (size_t)left;
        if (r->part_len > 0 || whole == 0) {
            r->part[r->part_len++] = *bytes++;
            n--;
            if (r->part_len < size)
                continue;
            r->part_len = 0;
            if (!(r->type ? take : take_texts)(r, r->part, 1, p))
                return false;
            continue;
        }
        whole = whole < BLOCK ? whole : BLOCK;
        if (!(r->type ? take : take_texts)(r, bytes, whole, p))
            return false;
        bytes += whole * size;
        n -= whole * size;
    }
    return n == 0 || api_problem_set(p, API_INVALID, "%s goes on after its %llu values", r->label,
                                     (unsigned long long)r->count);
}

bool api_npy_feed(api_npy *r, const char *bytes, size_t n, api_problem *p)
{
    for (; n > 0 && !r->begun; bytes++, n--)
        if (!head_byte(r, *bytes, p))
            return false;
    return n == 0 || take_bytes(r, bytes, n, p);
}

bool api_npy_finish(api_npy *r, api_problem *p)
{
    if (!r->begun)
        return r->head.len < FIXED
                   ? no_header(r, p)
                   : api_problem_set(p, API_INVALID, "%s ends inside its header", r->label);
    return r->at == r->count ||
           api_problem_set(p, API_INVALID, "%s ends too early: it has %llu of its %llu values",
                           r->label, (unsigned long long)r->at, (unsigned long long)r->count);
}
