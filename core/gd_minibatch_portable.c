/* gd_minibatch_portable: the rows of mini-batches on any processor: two doubles are a vector
 * on x86-64 and arm64. */
#define TARGET
#define WIDTH 2
#include "gd_minibatch_rows.h"

const gd_minibatch_kernels gd_minibatch_portable = {"portable", descend_rows, gradient_rows};
