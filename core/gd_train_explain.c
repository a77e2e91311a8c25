/* gd_train_explain: what went wrong in a run that diverged, and what to set instead. */
#include "gd_train_private.h"

#include <math.h>
#include <stdio.h>

/* Beyond these the squares of numbers, and their sums, leave the range of double. */
#define LARGE 1e150

/* The largest absolute value of column j; the run has ended, so its columns are looked at anew. */
static double reach(const gd_train *t, size_t j)
{
    return fmax(fabs(t->columns[j].min), fabs(t->columns[j].max));
}

static void look_at_columns(gd_train *t)
{
    gd_data_columns(&t->data, &(gd_rows){.count = t->data.rows}, t->columns);
}

/* The column with the largest absolute value, and that value. */
static size_t largest_column(const gd_train *t, double *value)
{
    size_t which = 0;
    *value = 0;
    for (size_t j = 0; j < t->data.cols; j++)
        if (reach(t, j) > *value) {
            *value = reach(t, j);
            which = j;
        }
    return which;
}

static double largest_target(const gd_data *d)
{
    double most = 0;
    for (size_t i = 0; i < d->rows; i++)
        most = fmax(most, fabs(d->y[i]));
    return most;
}

enum { NAME = 80 };

/* The column's name, quoted, cut where it is long; its number where there are no names. */
static const char *name_of(const char *const *names, size_t j, char buf[NAME])
{
    if (names)
        snprintf(buf, NAME, "\"%.64s\"", names[j]);
    else
        snprintf(buf, NAME, "%zu", j + 1);
    return buf;
}

static void explain_large(gd_train *t, const char *const *names)
{
    char name[NAME];
    double x, y = largest_target(&t->data);
    look_at_columns(t);
    size_t column = largest_column(t, &x);
    if (y > LARGE && y >= x)
        gd_fail(&t->error, GD_OVERFLOW, "dataset",
                "the target reaches %.3g, and its square leaves the range of double precision: "
                "divide it by a constant",
                y);
    else
        gd_fail(&t->error, GD_OVERFLOW, "dataset",
                "column %s reaches %.3g, and sums of its squares leave the range of double "
                "precision: divide the column by a constant%s",
                name_of(names, column, name), x,
                t->spec.standardize || x > LARGE ? "" : ", or set standardize to true");
}

/* The column that varies least. */
static size_t smallest_column(const gd_train *t, double *value)
{
    size_t which = 0;
    *value = INFINITY;
    for (size_t j = 0; j < t->data.cols; j++)
        if (reach(t, j) > 0 && reach(t, j) < *value) {
            *value = reach(t, j);
            which = j;
        }
    return which;
}

static void explain_small(gd_train *t, const char *const *names)
{
    char name[NAME];
    double x;
    look_at_columns(t);
    size_t column = smallest_column(t, &x);
    gd_fail(&t->error, GD_OVERFLOW, "dataset",
            "column %s stays below %.3g, too small to train on in double precision: multiply the "
            "column by a constant",
            name_of(names, column, name), x);
}

static void explain_rate(gd_train *t)
{
    const gd_state *s = &t->state;
    char rose[120];
    if (isfinite(s->cost))
        snprintf(rose, sizeof rose, "the cost rose from %.6g to %.6g by epoch %llu", t->reference,
                 s->cost, (unsigned long long)s->epoch);
    else
        snprintf(rose, sizeof rose, "the cost was no longer finite at epoch %llu",
                 (unsigned long long)s->epoch);
    if (s->max_stable_rate > 0 && s->learning_rate > s->max_stable_rate)
        gd_fail(&t->error, GD_OVERFLOW, "learning_rate",
                "%s: learning_rate %.6g is too high for this data. The largest stable rate is "
                "%.6g; set "
                "learning_rate to %.3g or \"auto\"%s",
                rose, s->learning_rate, s->max_stable_rate, s->safe_rate,
                t->spec.standardize ? "" : ", or standardize to true for a larger one");
    else if (s->max_stable_rate > 0)
        gd_fail(
            &t->error, GD_OVERFLOW, "learning_rate",
            "%s, although learning_rate %.6g is not above the largest stable rate, %.6g: set it "
            "lower, to %.3g or less",
            rose, s->learning_rate, s->max_stable_rate, 0.1 * s->learning_rate);
    else
        gd_fail(&t->error, GD_OVERFLOW, "learning_rate", "%s: set a lower learning_rate than %.6g",
                rose, s->learning_rate);
}

static void explain(gd_train *t, const char *const *names)
{
    switch (t->range) {
    case GD_IN_RANGE:
        explain_rate(t);
        break;
    case GD_TOO_LARGE:
        explain_large(t, names);
        break;
    case GD_TOO_SMALL:
        explain_small(t, names);
        break;
    case GD_INITIAL_TOO_LARGE:
        gd_fail(&t->error, GD_OVERFLOW, "initial_parameters",
                "the parameters that it begins with are so large that the cost leaves the range of "
                "double precision there: give smaller ones, or bounds that are");
        break;
    }
}

void gd_train_explain(gd_train *t)
{
    explain(t, NULL);
}

const gd_error *gd_train_error_named(gd_train *t, const char *const *names)
{
    bool columns = t->range == GD_TOO_LARGE || t->range == GD_TOO_SMALL;
    if (names && columns && t->error.status != GD_OK)
        explain(t, names);
    return &t->error;
}
