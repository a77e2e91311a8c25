/* gd_newton: Newton's method for linear models, and the dual points that its steps give; the
 * engine of gd_certificate, and of gd_inference. A coordinate c is column c % columns of A of
 * output first + c / columns.
 *
 * What is added to the scores of all classes of softmax changes nothing. So without penalties and
 * bounds class 0 has no coordinates (first is 1), and its scores are 0; where l2 alone is left, its
 * intercept stays; else a small ridge holds them. The factor of the weighted rows
 * comes from their moments where these are good enough (gd_qr_take_moments), else from the rows.
 */
#ifndef GD_NEWTON_H
#define GD_NEWTON_H

#include "gd_certificate.h"
#include "gd_fit_pass.h"
#include "gd_gram.h"
#include "gd_inference.h"
#include "gd_penalty.h"
#include "gd_qr.h"

/* The condition numbers of A'A up to which moments do: where what is solved is shown it keeps 12
 * digits; a step that is corrected afterwards may be off in the 8th. */
#define GD_NEWTON_SHOWN 1e4
#define GD_NEWTON_CORRECTED 1e8

/* of the largest curvature, where some direction has none */
#define GD_NEWTON_RIDGE 1e-8

typedef struct gd_newton {
    gd_fit fit;
    size_t columns, outputs, first, n; /* n = (outputs - first) x columns */
    bool simple;                /* no l1, no bound: the step is a linear system */
    double condition;           /* up to which moments are taken */
    double total;               /* sum of weights */
    double width;               /* of the smoothing (gd_cost.h) */
    double cost, data_cost;     /* J at theta; and without penalties */
    double square;              /* of one output: sum of weights x slope^2 / bend at theta */
    double decrement;           /* minus the slope along the step, where it begins */
    double inside;              /* the share of alpha that is within every row's bounds */
    double work;                /* done so far, in rows x parameters^2 */
    gd_status status;           /* GD_INTERRUPTED, GD_NO_MEMORY: nothing here means anything */
    gd_fit_pass *pass;
    const gd_kernels *kernels;
    bool fast; /* one output, and kernels that do its passes (gd_newton_fast.c) */
    gd_qr *qr, *sub;
    gd_qr **parts; /* of groups of rows; parts_count of them, NULL while none was needed */
    size_t parts_count;
    bool factored;  /* cost, gradient and factor are those at theta */
    bool by_rows;   /* moments are not good enough */
    bool set_aside; /* some are */
    bool *aside;    /* n: depends on columns before it, whatever the weights */
    double *memory;
    gd_penalty *penalty;         /* n */
    /* n values each, with zeros behind them up to `stretch`; the first three lie side by side */
    double *theta; /* the iterate */
    double *shift; /* the step that alpha is linearised by */
    double *start; /* where the gap is asked for */
    size_t stretch;
    double *step;                /* n */
    double *gradient;            /* n: of the data's cost, smoothed, at theta */
    double *u, *size;            /* n: as in gd_certificate.h; and the sum of its terms' sizes */
    double *hessian;             /* n x n */
    double *trial, *half, *unit; /* n each */
    double share, along;         /* of alpha; of the step: what the pass at hand is for */
} gd_newton;

/* What standard errors and a certificate begin with: a step from theta. Zeroed before its first use. */
typedef struct gd_first_step {
    gd_fit_scaled scaled; /* the fit, of features that are centred and scaled */
    gd_newton newton;     /* of that, where it begins */
    bool made;            /* else there is neither */
    bool solved;          /* gd_newton_solve was called, and nothing moved since */
} gd_first_step;

void gd_first_step_free(gd_first_step *first);

/* fit: borrowed until gd_newton_free, as is executor (NULL: the serial one). On error there is
 * nothing to free. */
gd_status gd_newton_init(gd_newton *w, const gd_fit *fit, double condition,
                         const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));
void gd_newton_free(gd_newton *w);

/* The penalties and bounds of the coordinates of all outputs: outputs x columns, written. Returns
 * whether there is neither l1 nor a bound. */
bool gd_newton_penalties(const gd_fit *f, gd_penalty *out);

/* All of these do nothing once w->status is not GD_OK. */

/* Gradient, factor and cost at theta, then the step and its decrement. */
void gd_newton_solve(gd_newton *w);

/* The gap at `start` by the dual point of the latest solve; INFINITY where it is out of bounds. */
double gd_newton_gap(gd_newton *w);

/* The gap at `start` of the dual point 0, which is within every bound. */
double gd_newton_trivial_gap(gd_newton *w);

/* Moves theta along the step. Returns the share of it that was taken, 0 where none helps. */
double gd_newton_move(gd_newton *w);

/* ---- gd_inference.c and gd_certificate.c, for gd_facts.c: the former makes `first` where it comes
 * to it, the latter takes it up, and moves on from it. ---- */

gd_status gd_inference_from(gd_inference **out, const gd_fit *fit, double level, double work,
                            gd_first_step *first, const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));
gd_status gd_certificate_from(gd_certificate *out, const gd_fit *fit, double work,
                              gd_first_step *first, const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));

/* ---- gd_newton_rows.c: passes over the rows. False: see w->status. ---- */

/* What they sum up: of the factor the gradient, `stretch` values, then the moments of pairs of
 * outputs; of the dual point u, then the sizes of its terms, `stretch` values each. */
enum { GD_NEWTON_LEAST, GD_NEWTON_COST, GD_NEWTON_SQUARE, GD_NEWTON_GRADIENT };
enum { GD_NEWTON_GAP = 1, GD_NEWTON_DUAL };

size_t gd_newton_sums(const gd_newton *w);  /* values of that at most */
size_t gd_newton_spare(const gd_newton *w); /* and of scratch */

/* Lowers *least, the largest share of all alpha so far that is within the bounds of conjugates
 * (infinite at first), to what is within those of a row. trial: outputs values of scratch. */
void gd_newton_bring_inside(const gd_newton *w, const double *z, double y, const double *alpha,
                            double *trial, double *least);

/* data_cost, square, gradient, and R of the rows, to which nothing was added for penalties unless
 * `simple`. */
bool gd_newton_factor(gd_newton *w);

/* u, size and inside for alpha linearised by `shift`, times `share`; *gap: the rows' gap. */
bool gd_newton_dual(gd_newton *w, double share, double *gap);

/* The data's part of the slope along the step, at theta + t step. */
bool gd_newton_slope(gd_newton *w, double t, double *slope);

/* ---- gd_newton_fast.c: the same of one output, by kernels ---- */

bool gd_newton_may_be_fast(const gd_newton *w);
size_t gd_newton_fast_spare(const gd_newton *w);
gd_fit_visitor gd_newton_fast_factor, gd_newton_fast_dual;

#endif
