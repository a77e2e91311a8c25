/* Datasets in JSON: for training, with and without names from the query, and for prediction. */
#include "fuzz.h"

extern const api_format api_format_json;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"b", "a"}, *const numbers[] = {"1", "2", "3", "4"};
    const api_read_options options[] = {
        {.labelled = true},
        {.labelled = true, .target = "y", .columns = columns, .columns_count = 2, .name = "q"},
        {.labelled = false, .columns = columns, .columns_count = 2, .max_values = 20},
        {.labelled = false},
        {.labelled = false, .columns = columns, .columns_count = 2, .in_order = true},
        {.labelled = true, .columns = columns, .columns_count = 2, .in_order = true},
        {.columns = numbers,
         .columns_count = 4,
         .in_order = true,
         .numbered = true,
         .first_number = 1},
        {.labelled = true, /* rows that are added to sparse ones */
         .target = "y",
         .columns = numbers,
         .columns_count = 4,
         .in_order = true,
         .numbered = true,
         .first_number = 1,
         .added_to = "of dataset ds_1"},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check_upload(&api_format_json, &options[i], data, n);
    return 0;
}
