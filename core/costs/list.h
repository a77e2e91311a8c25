/* The costs: one row a file of this folder. The build checks rows against files. */
X(mse)
X(mae)
X(huber)
X(quantile)
X(log_cosh)
X(epsilon_insensitive)
