/* api_csv_value: a field of a row as what its column takes: a number, or a class label. */
#include "api_csv.h"

#include "api_number.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PLACE = 160 };

static const char *place_of(const api_csv *r, char place[PLACE])
{
    snprintf(place, PLACE, "row %llu, column \"%.64s\"", (unsigned long long)r->rows + 1,
             r->header.list[r->column]);
    return place;
}

static bool bad_field(const api_csv *r, const char *why, api_problem *p)
{
    char place[PLACE];
    place_of(r, place);
    return api_problem_field(p, place, "\"%.60s\" %s (line %llu, byte %llu)", r->field.data, why,
                             (unsigned long long)r->row_line, (unsigned long long)r->field_at);
}

static bool number_field(api_csv *r, double *to, api_problem *p)
{
    const char *s = r->field.data, *end = s + r->field.len;
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (s == end)
        return bad_field(r, "is empty; a number is needed", p);
    switch (api_number_parse(s, (size_t)(end - s), to)) {
    case API_NUMBER_OK:
        break;
    case API_NUMBER_OVERFLOW:
        return bad_field(r, "is beyond the range of double precision", p);
    case API_NUMBER_LONG:
        return bad_field(r, "has too many digits", p);
    case API_NUMBER_SYNTAX:
        s += *s == '-' || *s == '+';
        return bad_field(r,
                         strncasecmp(s, "nan", 3) == 0 || strncasecmp(s, "inf", 3) == 0
                             ? "is not a finite number"
                             : "is not a number",
                         p);
    }
    return true;
}

/* Meant as a number, though it is none: "1,5", "nan", " 3 ", or a number that is missing. */
static bool looks_numeric(const char *s)
{
    static const char *const missing[] = {"NA", "N/A", "null", "none", "?", "-"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        if (strcasecmp(s, missing[i]) == 0)
            return true;
    s += strspn(s, " \t+-$");
    return *s == '\0' || (*s >= '0' && *s <= '9') || *s == '.' || strncasecmp(s, "nan", 3) == 0 ||
           strncasecmp(s, "inf", 3) == 0;
}

static bool label_field(api_csv *r, double *to, api_problem *p)
{
    char place[PLACE];
    size_t label = api_names_label(&r->labels, r->field.data, place_of(r, place), p);
    *to = (double)label;
    return label != SIZE_MAX;
}

/* The first row tells whether targets are numbers or class labels. */
static bool target_field(api_csv *r, double *to, api_problem *p)
{
    double ignored;
    if (r->rows == 0 && r->field.len > 0 &&
        api_number_parse(r->field.data, r->field.len, &ignored) == API_NUMBER_SYNTAX &&
        !looks_numeric(r->field.data))
        return label_field(r, to, p);
    if (r->labels.count == 0)
        return number_field(r, to, p);
    if (r->field.len == 0)
        return bad_field(r, "is empty; a class label is needed", p);
    return label_field(r, to, p);
}

bool api_csv_value(api_csv *r, api_problem *p)
{
    if (r->column >= r->header.count || r->role[r->column] == API_CSV_UNWANTED)
        return true;
    if (r->role[r->column] == API_CSV_TARGET)
        return target_field(r, &r->targets_room[r->rows_held], p);
    return number_field(r, &r->rows_room[r->rows_held * r->cols + (size_t)r->role[r->column]], p);
}
