/* gd_limits: every bound of core on one page, with its reason. */
#ifndef GD_LIMITS_H
#define GD_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* Rows are shuffled by 32-bit index. */
#define GD_MAX_ROWS ((size_t)0x7fffffff)

/* A row is copied into a cache-sized tile; wider data wants the sparse path. */
#define GD_MAX_COLUMNS ((size_t)10000)

/* Columns of sparse rows: what features are hashed into at most, as a rule. An optimizer keeps up to
 * a dozen values for each. */
#define GD_MAX_SPARSE_COLUMNS ((size_t)1 << 20)

/* Entries of sparse rows: 16 GiB of columns and values. */
#define GD_MAX_ENTRIES ((uint64_t)1 << 30)

/* Sparse rows that are visited at once: their scores, and their entries, are still in the cache when
 * the gradient needs them. */
#define GD_SPARSE_TILE_ROWS ((size_t)128)

/* Rows a block: the unit of work lent to an executor and of summation. It depends
 * on nothing else, so results are the same bits on any number of threads. */
#define GD_BLOCK_ROWS ((size_t)4096)

/* Values a tile (rows x columns that are scaled and visited at once): 128 KiB of
 * doubles stay in the second-level cache of anything current. */
#define GD_TILE_VALUES ((size_t)16384)
#define GD_TILE_MAX_ROWS ((size_t)512)

/* Values a tile has where kernels stream over it (gd_stream.h): so few that the next ones come from
 * memory while it is worked on. Its rows at least, for wide ones, and scores that are beside it. */
#define GD_STREAM_MIN_ROWS ((size_t)16)
#define GD_STREAM_VALUES ((size_t)1024)
#define GD_STREAM_SCORES ((size_t)32768)

/* Vectors of parameters that share a reading of the rows. */
#define GD_MAX_THETAS ((size_t)32)

/* Doubles in the sums of the blocks that are summed up before the next ones begin: 32 MiB; and
 * blocks in it at least, for many threads to share. */
#define GD_WAVE_SUMS ((size_t)1 << 22)
#define GD_WAVE_MIN_BLOCKS ((size_t)16)

/* Rows a tile has at least where a model needs much scratch a row: so many rows share each
 * reading of its weights. */
#define GD_TILE_MIN_ROWS ((size_t)8)

/* Parameters of a network: a checkpoint has up to 8 doubles for each (128 MiB), and is written in
 * one piece. */
#define GD_MAX_PARAMETERS ((size_t)2097152)

/* Doubles in the sums of a pass, which are the parameters once a block of rows: 1 GiB. */
#define GD_MAX_SUMS ((size_t)1 << 27)

/* Rows of a network that are visited at once, and make a unit of work: few enough that mini-batches
 * keep several threads busy, and so many that their gradient is worth adding up, and handing over. */
#define GD_NET_ROWS ((size_t)128)

/* Weights of a network beyond which threads share their conversion, and the sums of gradients. */
#define GD_NET_WIDE ((size_t)32768)

/* Units of work that a network's pass hands out at once, each of which has a gradient; and the
 * pieces of rows in each, of a pass that is longer than so many pieces. */
#define GD_NET_UNITS ((size_t)16)
#define GD_NET_PIECES ((size_t)8)

/* Bytes that a copy of the rows in single precision, scaled, may take. Larger data is converted each
 * time a row is visited. */
#define GD_NET_COPY ((size_t)1 << 30)

/* Parameters that are converted, or added up, as one piece of work. */
#define GD_NET_CHUNK ((size_t)16384)

/* Rows of a shuffled batch that are fetched ahead. */
#define GD_NET_AHEAD ((size_t)8)

/* Units in a hidden layer. */
#define GD_MAX_UNITS 10000

/* Room for the hyperparameters of one optimizer, cost or model. */
#define GD_HYPER_BYTES 128

/* Values that the search for the curvature keeps (32 MiB): with more parameters than that allows it
 * keeps the last three vectors alone. */
#define GD_CURVATURE_VALUES ((size_t)1 << 22)

/* Passes over the data that the search for the curvature may take. */
#define GD_CURVATURE_STEPS ((size_t)40)

/* Columns (parameters) that are factored: R of so many takes 32 MiB. */
#define GD_MAX_QR_COLUMNS ((size_t)2048)

/* Eigenvalues are found by rotations, 10 n^3 of work or so: a second for this many. */
#define GD_MAX_EIGEN ((size_t)256)

/* Parameters whose least squares are trained by their second moments: the eigenvectors take a tenth
 * of a second then. */
#define GD_MAX_GRAM ((size_t)384)

/* Work (values of parameters or of their matrix) of the epochs that a single step may run: about a
 * millisecond. */
#define GD_STEP_WORK ((size_t)1 << 20)

/* Work (rows x parameters^2) that a certificate, or standard errors, may always take: about a
 * second of one processor by moments, a few by rows. */
#define GD_PROOF_WORK 5e9

/* Such work that diagnostics may take, by rows alone. */
#define GD_DIAGNOSE_WORK 2e9

/* What the summaries of a table's columns share (gd_summary.h), which is to stay near the processor;
 * very many columns take twice as much, as each needs a little. Bins of a histogram that a column counts in, of which 32 are shown: with 1024 these reach over
 * the values to a sixteenth of a bin, with 64 by half. */
#define GD_SUMMARY_BYTES ((size_t)4 << 20)
#define GD_SUMMARY_LEAST_BINS ((size_t)64)
#define GD_SUMMARY_MOST_BINS ((size_t)1024)

/* JSON numbers are doubles, so a seed or a count must be exact in one. */
#define GD_MAX_EXACT_INTEGER 9007199254740991.0 /* 2^53 - 1: nothing else rounds to it */

_Static_assert(GD_MAX_COLUMNS <= GD_TILE_VALUES, "a tile holds at least one row");
_Static_assert(GD_MAX_ROWS <= UINT32_MAX, "row indices are 32 bits wide");
_Static_assert(GD_TILE_MAX_ROWS <= GD_BLOCK_ROWS, "a tile is part of a block");
_Static_assert(GD_TILE_MAX_ROWS <= 1000, "a product of so many numbers up to 2 is finite");
_Static_assert(GD_MAX_COLUMNS * (GD_SUMMARY_LEAST_BINS + 1) * sizeof(uint32_t) < GD_SUMMARY_BYTES,
               "the widest table's histograms leave room for its distinct values");

#endif
