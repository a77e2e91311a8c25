/* The optimizers: one row a file of this folder. The build checks rows against files. */
X(gd)
