/* The instruction sets: one row a file of this folder, the best ones last. The build checks rows
 * against files. */
X(portable)
X(avx2)
X(avx512)
