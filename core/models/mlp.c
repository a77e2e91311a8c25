/* Multilayer perceptron (Rumelhart, Hinton, Williams, 1986): layers that are each linear, with
 * an activation between them; the gradient by backpropagation. theta is the layers' parameters one
 * after the other, each laid out as in gd_linear.h: weights with one row a unit, then biases.
 *
 * Weights start uniform in +-bound, biases at 0 (without them they would all learn the same):
 *     he      sqrt(6 / inputs)               He, Zhang, Ren, Sun, 2015
 *     glorot  sqrt(6 / (inputs + units))     Glorot, Bengio, 2010 */
#include "gd_linear.h"

#include "gd_limits.h"
#include "gd_rng.h"

#include <math.h>
#include <string.h>

#define SQRT_HALF 0.70710678118654752440
#define SQRT_TAU 2.50662827463100050242 /* of 2 pi */

/* The generator's stream of layer k is this plus k; shuffles have the low ones, of epochs. */
#define INIT_STREAM (UINT64_MAX - 100)

enum { AUTO, HE, GLOROT };

/* In the order of gd_activation. */
static const char *const activations[] = {"relu", "tanh", "sigmoid", "gelu", "identity", NULL};
static const char *const initializations[] = {"auto", "he", "glorot", NULL};

typedef struct hyper {
    gd_list hidden;
    uint64_t activation, initialization, task;
} hyper;

static const gd_param params[] = {
    {.name = "hidden_layers",
     .kind = GD_LIST,
     .offset = offsetof(hyper, hidden),
     .def = 100,
     .min = 1,
     .max = GD_MAX_UNITS,
     .doc = "units of each hidden layer, from the first to the last"},
    {.name = "activation",
     .kind = GD_CHOICE,
     .offset = offsetof(hyper, activation),
     .def = GD_RELU,
     .choices = activations,
     .doc = "what each hidden unit makes of its sum; gelu is the exact form, by erf"},
    {.name = "initialization",
     .kind = GD_CHOICE,
     .offset = offsetof(hyper, initialization),
     .def = AUTO,
     .choices = initializations,
     .doc = "how weights are drawn at the start, uniformly, by seed; \"auto\" is he for relu and "
            "gelu, else glorot"},
    {.name = "task",
     .kind = GD_CHOICE,
     .offset = offsetof(hyper, task),
     .def = 0,
     .choices = gd_task_choices,
     .doc = "what the target is; \"auto\" is regression for numbers, binary for two class labels, "
            "multiclass for more"},
};

_Static_assert(sizeof(hyper) <= GD_HYPER_BYTES, "hyperparameters fit in their room");

/* ---- layers ---- */

typedef struct layer {
    gd_shape shape; /* as gd_linear.h has it: inputs, units */
    size_t theta;   /* where its parameters begin */
    size_t work;    /* where its scratch of a row would begin: sums, then activations */
} layer;

static hyper hyper_of(const gd_shape *s)
{
    hyper h;
    memcpy(&h, s->hyper.bytes, sizeof h);
    return h;
}

/* list: room for GD_MAX_LIST + 1. Returns how many layers there are; the last one is the output. */
static size_t layers_of(const gd_shape *s, layer *list)
{
    hyper h = hyper_of(s);
    size_t inputs = s->cols, theta = 0, work = 0;
    for (size_t l = 0; l <= h.hidden.count; l++) {
        size_t units = l < h.hidden.count ? (size_t)h.hidden.values[l] : s->outputs;
        list[l] = (layer){.shape = {.cols = inputs, .intercept = s->intercept, .outputs = units},
                          .theta = theta,
                          .work = work};
        theta += gd_linear_params_len(&list[l].shape);
        work += 2 * units;
        inputs = units;
    }
    return (size_t)h.hidden.count + 1;
}

static size_t describe(const gd_shape *s, gd_layer *list, gd_activation *activation)
{
    layer own[GD_MAX_LIST + 1];
    size_t layers = layers_of(s, own);
    for (size_t l = 0; l < layers; l++)
        list[l] = (gd_layer){.inputs = own[l].shape.cols,
                             .units = own[l].shape.outputs,
                             .biases = own[l].shape.intercept,
                             .theta = own[l].theta};
    *activation = (gd_activation)hyper_of(s).activation;
    return layers;
}

static size_t params_len(const gd_shape *s)
{
    layer list[GD_MAX_LIST + 1];
    const layer *last = &list[layers_of(s, list) - 1];
    return last->theta + gd_linear_params_len(&last->shape);
}

static size_t work_len(const gd_shape *s)
{
    layer list[GD_MAX_LIST + 1];
    size_t layers = layers_of(s, list);
    return list[layers - 1].work;
}

static gd_status check(const gd_shape *s, gd_error *err)
{
    size_t n = params_len(s);
    if (n <= GD_MAX_PARAMETERS)
        return GD_OK;
    return gd_fail(err, GD_INVALID, "model.hidden_layers",
                   "make %zu parameters with %zu columns and %zu output%s, of at most %zu: take "
                   "fewer or smaller layers",
                   n, s->cols, s->outputs, s->outputs == 1 ? "" : "s", GD_MAX_PARAMETERS);
}

static size_t layout(const gd_shape *s, gd_part *parts)
{
    static const char *const names[GD_MAX_LIST + 1][2] = {
        {"weights_1", "biases_1"}, {"weights_2", "biases_2"}, {"weights_3", "biases_3"},
        {"weights_4", "biases_4"}, {"weights_5", "biases_5"}, {"weights_6", "biases_6"},
        {"weights_7", "biases_7"}, {"weights_8", "biases_8"}, {"weights_9", "biases_9"},
    };
    layer list[GD_MAX_LIST + 1];
    size_t layers = layers_of(s, list), n = 0;
    for (size_t l = 0; l < layers; l++) {
        gd_part pair[2];
        size_t count = gd_linear_layout(&list[l].shape, pair);
        pair[0].matrix = true;
        pair[1].scalar = false;
        for (size_t k = 0; k < count; k++) {
            pair[k].name = names[l][k];
            pair[k].offset += list[l].theta;
            parts[n++] = pair[k];
        }
    }
    return n;
}

static double bound_of(const hyper *h, const gd_shape *s)
{
    bool he = h->initialization == AUTO ? h->activation == GD_RELU || h->activation == GD_GELU
                                        : h->initialization == HE;
    return sqrt(6 / (double)(he ? s->cols : s->cols + s->outputs));
}

static void init(const gd_shape *s, uint64_t seed, double *theta)
{
    layer list[GD_MAX_LIST + 1];
    hyper h = hyper_of(s);
    size_t layers = layers_of(s, list);
    memset(theta, 0, params_len(s) * sizeof *theta);
    for (size_t l = 0; l < layers; l++) {
        gd_rng r = gd_rng_seed(seed, INIT_STREAM + l);
        double bound = bound_of(&h, &list[l].shape);
        for (size_t i = 0; i < list[l].shape.cols * list[l].shape.outputs; i++)
            theta[list[l].theta + i] = bound * (2 * gd_rng_uniform(&r) - 1);
    }
}

/* ---- activations ---- */

static double sigmoid(double z)
{
    return z > 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

/* The normal distribution up to z; by erfc, which loses no digits below 0. */
static double normal_cdf(double z)
{
    return 0.5 * erfc(-z * SQRT_HALF);
}

static void activate(uint64_t activation, const double *restrict z, double *restrict a, size_t n)
{
    switch (activation) {
    case GD_RELU:
        for (size_t i = 0; i < n; i++)
            a[i] = z[i] < 0 ? 0 : z[i]; /* NaN stays NaN */
        break;
    case GD_TANH:
        for (size_t i = 0; i < n; i++)
            a[i] = tanh(z[i]);
        break;
    case GD_SIGMOID:
        for (size_t i = 0; i < n; i++)
            a[i] = sigmoid(z[i]);
        break;
    case GD_GELU: /* Hendrycks, Gimpel, 2016 */
        for (size_t i = 0; i < n; i++)
            a[i] = z[i] * normal_cdf(z[i]);
        break;
    default:
        memcpy(a, z, n * sizeof *a);
        break;
    }
}

/* Puts d a / d z in the place of z. Of relu it is 0 at 0. */
static void differentiate(uint64_t activation, double *restrict z, const double *restrict a,
                          size_t n)
{
    switch (activation) {
    case GD_RELU:
        for (size_t i = 0; i < n; i++)
            z[i] = z[i] > 0;
        break;
    case GD_TANH:
        for (size_t i = 0; i < n; i++)
            z[i] = 1 - a[i] * a[i];
        break;
    case GD_SIGMOID:
        for (size_t i = 0; i < n; i++)
            z[i] = a[i] * (1 - a[i]);
        break;
    case GD_GELU:
        for (size_t i = 0; i < n; i++)
            z[i] = normal_cdf(z[i]) + z[i] * exp(-0.5 * z[i] * z[i]) / SQRT_TAU;
        break;
    default:
        for (size_t i = 0; i < n; i++)
            z[i] = 1;
        break;
    }
}

/* ---- passes ---- */

static void forward(const gd_shape *s, const double *theta, const double *X, size_t rows, double *z,
                    double *work)
{
    layer list[GD_MAX_LIST + 1];
    uint64_t activation = hyper_of(s).activation;
    size_t last = layers_of(s, list) - 1;
    for (size_t l = 0; l < last; l++) {
        size_t n = rows * list[l].shape.outputs;
        double *sums = work + rows * list[l].work, *out = sums + n;
        gd_linear_forward(&list[l].shape, theta + list[l].theta, X, rows, sums, NULL);
        activate(activation, sums, out, n);
        X = out;
    }
    gd_linear_forward(&list[last].shape, theta + list[last].theta, X, rows, z, NULL);
}

static void backward(const gd_shape *s, const double *theta, const double *X, size_t rows,
                     const double *dz, double *gradient, double *work)
{
    layer list[GD_MAX_LIST + 1];
    uint64_t activation = hyper_of(s).activation;
    for (size_t l = layers_of(s, list) - 1; l > 0; l--) {
        const layer *at = &list[l];
        size_t n = rows * at->shape.cols;
        double *slope = work + rows * list[l - 1].work, *in = slope + n;
        gd_linear_backward(&at->shape, NULL, in, rows, dz, gradient + at->theta, NULL);
        differentiate(activation, slope, in, n);
        gd_linear_backward_input(&at->shape, theta + at->theta, rows, dz, in);
        for (size_t i = 0; i < n; i++)
            in[i] *= slope[i];
        dz = in;
    }
    gd_linear_backward(&list[0].shape, NULL, X, rows, dz, gradient, NULL);
}

/* ---- units of the features: the first layer alone sees them ---- */

static void keep_others(const gd_shape *s, const gd_shape *first, const double *from, double *to)
{
    size_t own = gd_linear_params_len(first);
    if (from != to)
        memcpy(to + own, from + own, (params_len(s) - own) * sizeof *to);
}

static void unscale(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to)
{
    layer list[GD_MAX_LIST + 1];
    layers_of(s, list);
    gd_linear_unscale(&list[0].shape, center, scale, from, to);
    keep_others(s, &list[0].shape, from, to);
}

static void rescale(const gd_shape *s, const double *center, const double *scale,
                    const double *from, double *to)
{
    layer list[GD_MAX_LIST + 1];
    layers_of(s, list);
    gd_linear_rescale(&list[0].shape, center, scale, from, to);
    keep_others(s, &list[0].shape, from, to);
}

const gd_model gd_model_mlp = {
    .name = "mlp",
    .doc = "a neural network: hidden layers of units between the features and the scores",
    .formula = "z = W_n f(... f(W_1 x + b_1) ...) + b_n; of classes as in logistic and softmax "
               "regression",
    .task = GD_REGRESSION | GD_BINARY | GD_MULTICLASS,
    .default_cost = "mse",
    .params = params,
    .params_count = sizeof params / sizeof params[0],
    .single = true,
    .params_len = params_len,
    .layout = layout,
    .check = check,
    .work_len = work_len,
    .init = init,
    .forward = forward,
    .backward = backward,
    .layers = describe,
    .unscale = unscale,
    .rescale = rescale,
};
