/* gd_split: a seeded, stratified choice. */
#include "gd_split.h"

#include "gd_rng.h"

#include <math.h>
#include <stdlib.h>

/* Shuffles are streams 1, 2, ... of a seed, by epoch; this is none of them. */
#define SPLIT_STREAM UINT64_MAX

static size_t class_of(const gd_data *d, size_t row)
{
    return d->classes ? (size_t)d->y[row] : 0;
}

/* quota: rows of each class to set aside */
static void find_quotas(const gd_data *d, double fraction, size_t *quota)
{
    for (size_t i = 0; i < d->rows; i++)
        quota[class_of(d, i)]++;
    for (size_t k = 0; k < (d->classes ? d->classes : 1); k++) {
        size_t wanted = (size_t)floor(fraction * (double)quota[k] + 0.5);
        quota[k] = wanted < quota[k] ? wanted : quota[k] - (quota[k] > 0);
    }
}

/* Marks the rows that are set aside, in random order until the quotas are full. */
static size_t choose(const gd_data *d, uint64_t seed, size_t *quota, uint32_t *order, bool *aside)
{
    size_t chosen = 0;
    gd_rng r = gd_rng_seed(seed, SPLIT_STREAM);
    gd_rng_permutation(&r, order, d->rows);
    for (size_t i = 0; i < d->rows; i++) {
        size_t k = class_of(d, order[i]);
        if (quota[k] == 0)
            continue;
        quota[k]--;
        aside[order[i]] = true;
        chosen++;
    }
    return chosen;
}

size_t gd_split(const gd_data *data, double fraction, uint64_t seed, uint32_t *index, gd_error *err)
{
    size_t *quota = calloc(data->classes ? data->classes : 1, sizeof *quota), chosen = 0, train = 0;
    bool *aside = calloc(data->rows, sizeof *aside);
    if (!quota || !aside) {
        gd_fail(err, GD_NO_MEMORY, "", "not enough memory to split the rows");
        goto end;
    }
    find_quotas(data, fraction, quota);
    chosen = choose(data, seed, quota, index, aside);
    if (chosen == 0 || chosen == data->rows) {
        gd_fail(err, GD_INVALID, "validation_fraction", "%g of %zu rows%s leaves none to %s on",
                fraction, data->rows, data->classes ? ", taken class by class," : "",
                chosen ? "train" : "validate");
        goto end;
    }
    train = data->rows - chosen;
    for (size_t i = 0, a = 0, b = train; i < data->rows; i++)
        index[aside[i] ? b++ : a++] = (uint32_t)i;
end:
    free(quota);
    free(aside);
    return train;
}

gd_status gd_folds(const gd_data *data, size_t folds, uint64_t seed, uint32_t *fold, gd_error *err)
{
    if (folds < 2 || data->rows < folds)
        return gd_fail(err, GD_INVALID, "cross_validation",
                       "must be in [2, %zu], the rows there are, got %zu", data->rows, folds);
    size_t classes = data->classes ? data->classes : 1, dealt = 0;
    uint32_t *order = calloc(data->rows, sizeof *order);
    if (!order)
        return gd_fail(err, GD_NO_MEMORY, "", "not enough memory to split the rows");
    gd_rng r = gd_rng_seed(seed, SPLIT_STREAM);
    gd_rng_permutation(&r, order, data->rows);
    /* one class after the other, like cards: sizes differ by one at most, and so do those of a
     * class within the folds */
    for (size_t k = 0; k < classes; k++)
        for (size_t i = 0; i < data->rows; i++)
            if (class_of(data, order[i]) == k)
                fold[order[i]] = (uint32_t)(dealt++ % folds);
    free(order);
    return GD_OK;
}
