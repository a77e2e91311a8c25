/* gd_sparse_descent: mini-batches of sparse rows whose updates visit no more than their entries. */
#include "gd_sparse.h"

#include "gd_kernels.h"

#include <math.h>
#include <string.h>

/* Below this s, weights are multiplied out, so that v stays in range. */
#define SMALL 1e-9

typedef struct work {
    const gd_sparse_descent *d;
    double s;
    double *c, *along; /* outputs values each: c, and v . m */
    double *inverse;   /* of the scale; NULL: ones */
    double *m;
    double mm; /* m . m */
    bool centred;
    double *z, *reach; /* batch x outputs scores, then slopes; batch values m . x */
} work;

size_t gd_sparse_descent_len(size_t cols, size_t outputs, size_t batch)
{
    return 2 * outputs + 2 * cols + batch * (outputs + 1);
}

static void begin(work *w, const gd_sparse_descent *d)
{
    size_t cols = d->data->cols;
    *w = (work){.d = d, .s = 1, .c = d->room};
    w->along = w->c + d->outputs;
    w->inverse = w->along + d->outputs;
    w->m = w->inverse + cols;
    w->z = w->m + cols;
    w->reach = w->z + d->batch * d->outputs;
    memset(w->c, 0, 2 * d->outputs * sizeof *w->c);
    bool scaled = false;
    for (size_t j = 0; j < cols; j++) {
        w->inverse[j] = 1 / d->scale[j];
        w->m[j] = d->center[j] * w->inverse[j];
        w->centred = w->centred || w->m[j] != 0;
        scaled = scaled || d->scale[j] != 1;
    }
    if (!scaled)
        w->inverse = NULL;
    if (!w->centred)
        return;
    w->mm = gd_dot(w->m, w->m, cols);
    for (size_t k = 0; k < d->outputs; k++)
        w->along[k] = gd_dot(d->theta + k * cols, w->m, cols);
}

/* Makes s 1 again. */
static void multiply_out(work *w)
{
    const gd_sparse_descent *d = w->d;
    for (size_t i = 0; i < d->outputs * d->data->cols; i++)
        d->theta[i] *= w->s;
    for (size_t k = 0; k < d->outputs; k++)
        w->along[k] *= w->s;
    w->s = 1;
}

static void end(work *w)
{
    const gd_sparse_descent *d = w->d;
    size_t cols = d->data->cols;
    multiply_out(w);
    for (size_t k = 0; w->centred && k < d->outputs; k++)
        gd_axpy(w->c[k], w->m, d->theta + k * cols, cols);
}

/* sum x_j / scale_j v_j over the entries of row number `row`, in two interleaved sums. */
static double product(const work *w, size_t row, const double *v)
{
    const gd_sparse *s = &w->d->data->sparse;
    const double *inverse = w->inverse;
    uint64_t e = s->starts[row], last = s->starts[row + 1];
    double even = 0, odd = 0;
#define TERM(e) (v[s->columns[e]] * (inverse ? inverse[s->columns[e]] : 1) * gd_sparse_value(s, e))
    for (; e + 2 <= last; e += 2) {
        even += TERM(e);
        odd += TERM(e + 1);
    }
    if (e < last)
        even += TERM(e);
#undef TERM
    return even + odd;
}

/* The scores of row number `row`; z: outputs values, written. Returns m . x. */
static double score(const work *w, size_t row, double *z)
{
    const gd_sparse_descent *d = w->d;
    size_t cols = d->data->cols;
    const double *b = d->intercept ? d->theta + d->outputs * cols : NULL;
    double reach = w->centred ? product(w, row, w->m) : 0;
    double offset = d->data->offset ? d->data->offset[row] : 0;
    for (size_t k = 0; k < d->outputs; k++)
        z[k] = w->s * (product(w, row, d->theta + k * cols) - w->along[k]) +
               w->c[k] * (reach - w->mm) + (b ? b[k] : 0) + offset;
    return reach;
}

/* A row's scores become its slopes, times its weight. A row of weight 0 is as good as not there. */
static void bend(const work *w, size_t row, double *z)
{
    const gd_sparse_descent *d = w->d;
    double weight = d->data->weights ? d->data->weights[row] : 1, y = d->data->y[row];
    if (d->outputs > 1)
        gd_cost_sum(d->cost, z, &y, &weight, 1, d->outputs, z, d->cost_hyper);
    else
        *z = weight == 0 ? 0 : weight * d->cost->derivative(*z, y, d->cost_hyper);
}

/* Moves the weights against row number `row`, by steps of `by` times its slopes. */
static void move(const work *w, size_t row, const double *slopes, double by)
{
    const gd_sparse_descent *d = w->d;
    const gd_sparse *s = &d->data->sparse;
    for (size_t k = 0; k < d->outputs; k++) {
        double step = by * slopes[k], *v = d->theta + k * d->data->cols;
        for (uint64_t e = s->starts[row]; step != 0 && e < s->starts[row + 1]; e++)
            v[s->columns[e]] -=
                step * (w->inverse ? w->inverse[s->columns[e]] : 1) * gd_sparse_value(s, e);
    }
}

/* The rows first .. last of the order: all scores at where theta is, then the update. */
static void update(work *w, size_t first, size_t last)
{
    const gd_sparse_descent *d = w->d;
    size_t outputs = d->outputs, n = last - first;
    double share = d->rate / (double)n, keep = 1 - d->rate * d->l2;
    double *b = d->intercept ? d->theta + outputs * d->data->cols : NULL;
    for (size_t i = 0; i < n; i++) {
        size_t row = d->order ? d->order[first + i] : first + i;
        w->reach[i] = score(w, row, w->z + i * outputs);
        bend(w, row, w->z + i * outputs);
    }
    w->s *= keep;
    if (!(fabs(w->s) >= SMALL))
        multiply_out(w);
    for (size_t k = 0; k < outputs; k++) {
        double sum = 0, reached = 0;
        for (size_t i = 0; i < n; i++) {
            sum += w->z[i * outputs + k];
            reached += w->z[i * outputs + k] * w->reach[i];
        }
        w->c[k] = keep * w->c[k] + share * sum;
        w->along[k] -= share / w->s * reached;
        if (b)
            b[k] -= share * sum;
    }
    for (size_t i = 0; i < n; i++)
        move(w, d->order ? d->order[first + i] : first + i, w->z + i * outputs, share / w->s);
}

void gd_sparse_descend(const gd_sparse_descent *d)
{
    work w;
    begin(&w, d);
    for (size_t first = d->first; first < d->end; first += d->batch)
        update(&w, first, d->end - first < d->batch ? d->end : first + d->batch);
    end(&w);
}
