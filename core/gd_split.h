/* gd_split: rows set aside for validation. */
#ifndef GD_SPLIT_H
#define GD_SPLIT_H

#include "gd_data.h"
#include "gd_error.h"

/* Puts the row numbers into index (data->rows values, written): first those to train on, then
 * those to validate on, each in ascending order, and returns how many there are to train on.
 * fraction in (0, 1) of the rows is set aside at random by seed; of classes the fraction of
 * each, with at least one row of each left to train on. 0 with *err when that leaves no row on
 * one side, or for want of memory. */
size_t gd_split(const gd_data *data, double fraction, uint64_t seed, uint32_t *index, gd_error *err)
    __attribute__((warn_unused_result));

/* Deals the rows out at random into `folds` parts of nearly equal size, of classes class by class
 * (stratified k-fold cross-validation: Kohavi, 1995): fold[i], 0 .. folds - 1, is written for each
 * row. Fails for fewer rows than folds, or for want of memory. */
gd_status gd_folds(const gd_data *data, size_t folds, uint64_t seed, uint32_t *fold, gd_error *err)
    __attribute__((warn_unused_result));

#endif
