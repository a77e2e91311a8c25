/* api_csv_value: a field of a row as what its column takes. */
#include "api_csv.h"

#include <stdio.h>

enum { PLACE = 320 };

static bool misfit(const api_csv *r, api_fault fault, api_problem *p)
{
    char place[PLACE], remedy[PLACE];
    const api_cells *c = &r->cells[r->column];
    const char *column = r->header.list[r->column];
    bool alone;
    if (fault == API_CELL_NO_MEMORY)
        return api_csv_no_memory(p);
    snprintf(place, sizeof place, "row %llu, column \"%.64s\"", (unsigned long long)r->rows + 1,
             column);
    const char *what = api_fault_text(fault, c, &alone);
    api_fault_remedy(fault, c, column, api_cell_meant_numeric(r->field.data), remedy, sizeof remedy);
    return alone ? api_problem_field(p, place, "%s (line %llu, byte %llu)%s", what,
                                     (unsigned long long)r->row_line,
                                     (unsigned long long)r->field_at, remedy)
                 : api_problem_field(p, place, "\"%.60s\" %s (line %llu, byte %llu)%s",
                                     r->field.data, what, (unsigned long long)r->row_line,
                                     (unsigned long long)r->field_at, remedy);
}

bool api_csv_value(api_csv *r, api_problem *p)
{
    if (r->column >= r->header.count || r->role[r->column] == API_CSV_UNWANTED)
        return true;
    api_cells *c = &r->cells[r->column];
    double *to = r->role[r->column] == API_CSV_TARGET
                     ? &r->targets_room[r->rows_held]
                     : &r->rows_room[r->rows_held * r->cols + (size_t)r->role[r->column]];
    c->level_bytes = &r->level_bytes;
    api_fault fault = api_cells_text(c, r->field.data, r->field.len, r->field_quoted, to);
    return !fault || misfit(r, fault, p);
}
