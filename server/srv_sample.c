/* srv_sample: every so many-th row. */
#include "srv_sample.h"

#include <stdlib.h>

bool srv_sample_rows(srv_sample *s, size_t rows, double most, api_problem *p)
{
    *s = (srv_sample){.rows = {.count = rows}};
    if (most < (double)SRV_SAMPLE_LEAST)
        most = (double)SRV_SAMPLE_LEAST;
    if ((double)rows <= most)
        return true;
    size_t n = (size_t)most;
    s->index = malloc(n * sizeof *s->index);
    if (!s->index)
        return api_problem_set(p, API_UNAVAILABLE, "not enough memory to look at %zu rows", n);
    for (size_t i = 0; i < n; i++)
        s->index[i] = (uint32_t)((double)i * (double)rows / (double)n);
    s->rows = (gd_rows){.index = s->index, .count = n};
    return true;
}

void srv_sample_free(srv_sample *s)
{
    free(s->index);
    *s = (srv_sample){0};
}
