/* api_npy_header: a header is a dictionary as Python writes it, {'descr': '<f8', 'fortran_order':
 * False, 'shape': (3, 4), }, with just these keys, in any order. */
#include "api_npy.h"

#include <string.h>

typedef struct scan {
    const char *at;
    const char *label;
    char descr[API_NPY_DESCR];
    bool by_columns, seen[3];
    uint64_t dims[3];
    size_t dims_count; /* 3 stands for more */
} scan;

static void blanks(scan *s)
{
    s->at += strspn(s->at, " \t\n");
}

/* The next byte, blanks aside, if it is c. */
static bool take(scan *s, char c)
{
    blanks(s);
    bool there = *s->at == c;
    s->at += there;
    return there;
}

static bool take_word(scan *s, const char *word)
{
    size_t n = strlen(word);
    bool there = strncmp(s->at, word, n) == 0;
    s->at += there ? n : 0;
    return there;
}

/* A string in either quotes, without escapes. */
static bool take_string(scan *s, char *buf, size_t size)
{
    blanks(s);
    char quote = *s->at;
    if (quote != '\'' && quote != '"')
        return false;
    const char *end = strchr(s->at + 1, quote);
    size_t n = end ? (size_t)(end - s->at) - 1 : size;
    if (n >= size)
        return false;
    memcpy(buf, s->at + 1, n);
    buf[n] = '\0';
    s->at = end + 1;
    return true;
}

/* A whole number; what is beyond 10^18 is no size of anything. */
static bool take_number(scan *s, uint64_t *v)
{
    blanks(s);
    size_t n = strspn(s->at, "0123456789");
    *v = 0;
    for (size_t i = 0; i < n && n <= 18; i++)
        *v = *v * 10 + (uint64_t)(s->at[i] - '0');
    s->at += n;
    s->at += *s->at == 'L'; /* of Python 2 */
    return n > 0 && n <= 18;
}

static bool take_shape(scan *s)
{
    uint64_t v;
    if (!take(s, '('))
        return false;
    while (!take(s, ')')) {
        if (!take_number(s, &v))
            return false;
        if (s->dims_count < 3)
            s->dims[s->dims_count++] = v;
        if (!take(s, ','))
            return take(s, ')');
    }
    return true;
}

static bool take_order(scan *s)
{
    blanks(s);
    s->by_columns = take_word(s, "True");
    return s->by_columns || take_word(s, "False");
}

/* A key and its value. *structured: the elements have fields. */
static bool take_entry(scan *s, bool *structured)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char key[32];
    if (!take_string(s, key, sizeof key) || !take(s, ':'))
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(key, keys[i]) != 0 || s->seen[i])
            continue;
        s->seen[i] = true;
        blanks(s);
        *structured = i == 0 && *s->at == '[';
        return !*structured && (i == 0   ? take_string(s, s->descr, sizeof s->descr)
                                : i == 1 ? take_order(s)
                                         : take_shape(s));
    }
    return false;
}

static bool take_dictionary(scan *s, bool *structured)
{
    if (!take(s, '{'))
        return false;
    while (!take(s, '}')) {
        if (!take_entry(s, structured))
            return false;
        if (!take(s, ',')) {
            if (!take(s, '}'))
                return false;
            break;
        }
    }
    blanks(s);
    return !*s->at && s->seen[0] && s->seen[1] && s->seen[2];
}

bool api_npy_header(const char *text, const char *label, api_npy_shape *shape,
                    char descr[API_NPY_DESCR], api_problem *p)
{
    scan s = {.at = text, .label = label};
    bool structured = false;
    bool whole = take_dictionary(&s, &structured);
    if (structured)
        return api_problem_set(p, API_INVALID,
                               "%s is structured, of elements with fields; save its columns as one "
                               "plain array, or as CSV",
                               label);
    if (!whole)
        return api_problem_set(p, API_INVALID,
                               "the header of %s is not that of NumPy: expected descr, "
                               "fortran_order and shape, got \"%.100s\"",
                               label, text);
    if (s.dims_count == 0 || s.dims_count > 2)
        return api_problem_set(p, API_INVALID,
                               "%s has %s; one (a column) or two (rows and columns) are read",
                               label, s.dims_count ? "more than two dimensions" : "no dimensions");
    *shape = (api_npy_shape){.rows = s.dims[0],
                             .cols = s.dims_count == 2 ? s.dims[1] : 1,
                             .flat = s.dims_count == 1,
                             .by_columns = s.by_columns && s.dims_count == 2 && s.dims[1] > 1};
    memcpy(descr, s.descr, API_NPY_DESCR);
    return true;
}
