/* The schedules: one row a file of this folder. The build checks rows against files. */
X(constant)
X(step)
X(exponential)
X(inverse_scaling)
X(cosine)
X(one_cycle)
X(linear_warmup)
X(reduce_on_plateau)
