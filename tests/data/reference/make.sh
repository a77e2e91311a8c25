#!/bin/sh
# Makes r.json, python.json, columns.json, ../*.csv and ../../core/golden/metrics.h again, from the programs of
# Debian 12. Tests need none of them.
#
#   apt-get install r-base-core r-cran-nnet r-cran-mass r-cran-glmnet r-cran-quantreg \
#       liblinear-tools python3-numpy python3-scipy python3-sklearn
#   ./tests/data/reference/make.sh
set -eu
cd "$(dirname "$0")"

export OPENBLAS_NUM_THREADS=1 # sums in one order
Rscript fit.R
/usr/bin/python3 -W ignore fit.py
/usr/bin/python3 -W ignore columns.py
/usr/bin/python3 -W ignore metrics.py >../../core/golden/metrics.h
