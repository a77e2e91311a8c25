/* The costs: one row a file of this folder. The build checks rows against files. */
X(mse)
