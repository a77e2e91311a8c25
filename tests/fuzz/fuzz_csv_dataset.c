/* Datasets in CSV: all columns or chosen ones, for training and for prediction, with the layout
 * found or given. */
#include "fuzz.h"

extern const api_format api_format_csv;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"b", "a"};
    const api_read_options options[] = {
        {.labelled = true, .target = "y"},
        {.labelled = true, .target = "y", .columns = columns, .columns_count = 2, .name = "q"},
        {.labelled = false, .columns = columns, .columns_count = 1, .max_values = 20},
        {.labelled = false},
        {.labelled = true},
        {.labelled = true, .target = "x2", .header = API_HEADER_NONE, .delimiter = ';'},
        {.labelled = false, .header = API_HEADER_THERE, .delimiter = '\t'},
        {.labelled = false, .columns = columns, .columns_count = 2, .in_order = true},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check_upload(&api_format_csv, &options[i], data, n);
    return 0;
}
