/* Datasets in NDJSON: records and arrays, for training and for prediction. */
#include "fuzz.h"

extern const api_format api_format_ndjson;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"b", "a"};
    const api_read_options options[] = {
        {.labelled = true, .target = "y"},
        {.labelled = true, .target = "x2", .name = "q"},
        {.labelled = true, .target = "y", .columns = columns, .columns_count = 2},
        {.labelled = false, .columns = columns, .columns_count = 1, .max_values = 20},
        {.labelled = false},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check_upload(&api_format_ndjson, &options[i], data, n);
    return 0;
}
