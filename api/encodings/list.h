/* What bodies may be packed in: one row a file of this folder. The build checks rows against
 * files. */
X(gzip)
X(zstd)
