/* gd_inference: how sure one can be of each parameter: standard errors, t or z statistics,
 * p-values and confidence intervals, as summary() of R's lm, glm and nnet::multinom gives them.
 *
 * linear_regression with mse: s^2 (A'WA)^-1 with s^2 = sum w r^2 / (n - p), and Student's t with
 * n - p degrees of freedom; weights are those of precision, n counts rows whose weight is not 0.
 * Logistic, Poisson and softmax regression: the inverse of Fisher's information, sum w I(z), and
 * the normal distribution; weights count rows, so they are to be handed in as the user gave them,
 * not rescaled. All of it from the factor of the weighted, centred and scaled rows
 * (gd_newton.h): Longley's standard errors come out to at least 10 digits. In the data's units.
 *
 * Softmax: coefficients are contrasts with class 0, as only those are determined.
 */
#ifndef GD_INFERENCE_H
#define GD_INFERENCE_H

#include "gd_exec.h"
#include "gd_fit.h"

/* X(enumerator, word, sentence) */
#define GD_INFERENCE_LIST(X)                                                                       \
    X(GD_INFERENCE_VALID, "valid", "")                                                             \
    X(GD_INFERENCE_MODEL, "model",                                                                 \
      "standard errors are known for linear_regression with mse, and for logistic, poisson and "   \
      "softmax regression with their own costs")                                                   \
    X(GD_INFERENCE_PENALISED, "penalised",                                                         \
      "l1 and l2 pull the coefficients towards 0: standard errors hold for fits without a "        \
      "penalty")                                                                                   \
    X(GD_INFERENCE_BOUNDED, "bounded",                                                             \
      "coefficients were kept within bounds: standard errors hold for fits without bounds")        \
    X(GD_INFERENCE_CLASS_WEIGHTS, "class_weights",                                                 \
      "classes were weighed, which changes what is estimated: standard errors hold for fits "      \
      "without class weights")                                                                     \
    X(GD_INFERENCE_TOO_LARGE, "too_large",                                                         \
      "too many parameters for the number of rows: the work would go with rows x parameters^2")    \
    X(GD_INFERENCE_OUT_OF_RANGE, "out_of_range",                                                   \
      "squares of the data leave the range of double precision: divide the columns by a constant") \
    X(GD_INFERENCE_TOO_FEW_ROWS, "too_few_rows",                                                   \
      "there must be more rows (of a weight above 0) than parameters")                             \
    X(GD_INFERENCE_RANK_DEFICIENT, "rank_deficient",                                               \
      "a column is constant or depends on others, so the data does not determine the "             \
      "coefficients: leave it out")                                                                \
    X(GD_INFERENCE_NOT_CONVERGED, "not_converged",                                                 \
      "the parameters are too far from the optimum: train on, with more epochs or a lower tol")    \
    X(GD_INFERENCE_SEPARATED, "separated",                                                         \
      "the classes can be told apart without an error, so the best coefficients are infinite: "    \
      "add l2")

typedef enum gd_inference_status {
#define X(name, word, sentence) name,
    GD_INFERENCE_LIST(X)
#undef X
} gd_inference_status;

/* "valid", "penalised" and so on; and why, "" for valid. */
const char *gd_inference_status_name(gd_inference_status status);
const char *gd_inference_reason(gd_inference_status status);

typedef struct gd_term {
    size_t output; /* the class, 1 on, of softmax; else 0 */
    size_t column; /* of the data; cols: the intercept */
    double estimate, std_error;
    double statistic; /* estimate / std_error; NaN where both are 0 */
    double p_value;   /* two-sided, of the estimate being 0 */
    double low, high; /* the confidence interval */
    double vif;       /* variance inflation factor; NaN for the intercept and for softmax */
} gd_term;

typedef struct gd_inference {
    gd_inference_status status;
    size_t column;   /* rank_deficient: the column of the data that depends on others */
    double distance; /* of the parameters from the optimum, in standard errors (the farthest);
                        NaN where it was not found */
    bool student;    /* t with `df` degrees of freedom; else z */
    double level;    /* of the confidence intervals */
    double df;       /* degrees of freedom of the residuals: n - p; infinite for z */
    double sigma;    /* residual standard error; 1 for z */
    size_t count;    /* terms; 0 unless valid */
    gd_term *terms;  /* by output: cols columns, then the intercept */
} gd_inference;

/* level: in (0, 1), such as 0.95. work: what rows x parameters^2 may come to, GD_PROOF_WORK at
 * least is allowed. fit->theta may be in any scaling. The caller frees *out with
 * gd_inference_free; GD_OK also when standard errors are not valid. executor: NULL is the serial
 * one; GD_INTERRUPTED when it broke the work off. */
gd_status gd_inference_new(gd_inference **out, const gd_fit *fit, double level, double work,
                           const gd_executor *executor, gd_error *err)
    __attribute__((warn_unused_result));
void gd_inference_free(gd_inference *r); /* NULL is fine */

#endif
