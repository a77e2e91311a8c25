/* The models: one row a file of this folder. The build checks rows against files. */
X(linear_regression)
X(logistic_regression)
X(softmax_regression)
X(poisson_regression)
X(svm)
X(mlp)
