/* The libraries whose names are understood: one row a file of this folder. The build checks
 * rows against files. */
X(scikit_learn)
X(h2o)
X(sagemaker)
