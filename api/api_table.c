/* api_table: cells, and what stands around them. */
#include "api_table.h"

#include "api_number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- cells ---- */

/* The text that stands for the cell, or NULL where it is a number; datetimes are written to buf. */
static const char *text_of(const api_table_column *c, double v, char buf[API_DATETIME_SIZE])
{
    if (c->levels)
        return v < (double)c->levels_count ? c->levels[(size_t)v] : "";
    return c->type == API_DATETIME ? api_datetime_write(v, buf) : NULL;
}

static void json_cell(api_text *t, const api_table_column *c, double v)
{
    char buf[API_DATETIME_SIZE];
    const char *text = isnan(v) ? NULL : text_of(c, v, buf);
    if (text)
        api_text_string(t, text);
    else if (c->type == API_BOOLEAN && !isnan(v))
        api_text_puts(t, v != 0 ? "true" : "false");
    else
        api_text_number(t, v);
}

void api_table_array(api_text *t, const api_table_column *columns, size_t count,
                     const double *values)
{
    api_text_puts(t, "[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            api_text_puts(t, ", ");
        json_cell(t, &columns[i], values[i]);
    }
    api_text_puts(t, "]");
}

void api_table_record(api_text *t, const api_table_column *columns, size_t count,
                      const double *values)
{
    api_text_puts(t, "{");
    for (size_t i = 0; i < count; i++) {
        if (i)
            api_text_puts(t, ", ");
        api_text_string(t, columns[i].name);
        api_text_puts(t, ": ");
        json_cell(t, &columns[i], values[i]);
    }
    api_text_puts(t, "}");
}

/* ---- CSV ---- */

/* Would it be read as it is? Blanks at the ends are quoted too, since many readers take them off; and
 * what could be taken for another delimiter, as names are what tells it, or for a byte order mark. */
static bool is_plain_field(const char *s, size_t n)
{
    return !api_cell_missing(s, n) && !strpbrk(s, ",;|\t\"\r\n") && s[0] != ' ' &&
           s[n - 1] != ' ' && strncmp(s, "\xef\xbb\xbf", 3) != 0;
}

static void csv_text(api_text *t, const char *s)
{
    size_t n = strlen(s);
    if (is_plain_field(s, n)) {
        api_text_add(t, s, n);
        return;
    }
    api_text_puts(t, "\"");
    for (const char *quote; (quote = strchr(s, '"')); s = quote + 1) {
        api_text_add(t, s, (size_t)(quote + 1 - s));
        api_text_puts(t, "\"");
    }
    api_text_puts(t, s);
    api_text_puts(t, "\"");
}

static void csv_cell(api_text *t, const api_table_column *c, double v)
{
    char buf[API_DATETIME_SIZE];
    if (isnan(v))
        return;
    const char *text = text_of(c, v, buf);
    if (text)
        csv_text(t, text);
    else if (c->type == API_BOOLEAN)
        api_text_puts(t, v != 0 ? "true" : "false");
    else
        api_text_number(t, v);
}

void api_table_csv_header(api_text *t, const api_table_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            api_text_add(t, ",", 1);
        csv_text(t, columns[i].name);
    }
    api_text_add(t, "\r\n", 2);
}

void api_table_csv_row(api_text *t, const api_table_column *columns, size_t count,
                       const double *values)
{
    if (count == 1 && isnan(values[0])) /* a line with nothing in it would be no row */
        api_text_puts(t, "\"\"");
    for (size_t i = 0; i < count; i++) {
        if (i)
            api_text_add(t, ",", 1);
        csv_cell(t, &columns[i], values[i]);
    }
    api_text_add(t, "\r\n", 2);
}

/* ---- LIBSVM ---- */

void api_table_libsvm_row(api_text *t, const api_table_column *target, double y,
                          const uint32_t *numbers, size_t first, const double *values,
                          const float *values32, size_t n)
{
    char buf[API_DATETIME_SIZE];
    const char *label = isnan(y) ? NULL : text_of(target, y, buf);
    if (label)
        api_text_puts(t, label);
    else
        api_text_number(t, y);
    for (size_t i = 0; i < n; i++) {
        api_text_add(t, " ", 1);
        api_text_integer(t, numbers[i] + (uint64_t)first);
        api_text_add(t, ":", 1);
        api_text_number(t, values ? values[i] : (double)values32[i]);
    }
    api_text_add(t, "\n", 1);
}

/* ---- NumPy ---- */

void api_table_npy_header(api_text *t, uint64_t rows, size_t cols, bool single)
{
    enum { FIXED = 10, ALIGN = 64 }; /* bytes before the dictionary; its end is on such a boundary */
    char dict[192];
    int n = snprintf(dict, sizeof dict,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (%llu, %zu), }",
                     single ? "<f4" : "<f8", (unsigned long long)rows, cols);
    size_t all = (FIXED + (size_t)n + 1 + ALIGN - 1) / ALIGN * ALIGN, length = all - FIXED;
    const char start[FIXED] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, (char)(length & 0xff),
                               (char)(length >> 8)};
    api_text_add(t, start, FIXED);
    api_text_add(t, dict, (size_t)n);
    for (size_t at = FIXED + (size_t)n; at + 1 < all; at++)
        api_text_add(t, " ", 1);
    api_text_add(t, "\n", 1);
}

/* ---- a file's name ---- */

static bool is_plain(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           strchr("-_.", c);
}

void api_table_disposition(api_text *t, const char *name, const char *ending)
{
    api_text_puts(t, "attachment; filename=\"");
    bool all = true;
    for (const char *c = name; *c; c++) {
        bool plain = is_plain((unsigned char)*c) && !(c == name && *c == '.');
        all = all && plain;
        api_text_add(t, plain ? c : "_", 1);
    }
    api_text_puts(t, ending);
    api_text_puts(t, "\"");
    if (all)
        return;
    api_text_puts(t, "; filename*=UTF-8''");
    for (const char *c = name; *c; c++)
        if (is_plain((unsigned char)*c))
            api_text_add(t, c, 1);
        else
            api_text_printf(t, "%%%02X", (unsigned char)*c);
    api_text_puts(t, ending);
}
