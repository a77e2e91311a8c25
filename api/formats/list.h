/* The dataset formats: one row a file of this folder. The build checks rows against files. */
X(json)
X(ndjson)
X(csv)
X(tsv)
X(npy)
X(npz)
X(octets)
X(libsvm)
