/* The models: one row a file of this folder. The build checks rows against files. */
X(linear_regression)
