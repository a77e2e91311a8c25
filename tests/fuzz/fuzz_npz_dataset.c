/* Archives of NumPy's arrays, for training and for prediction. */
#include "fuzz.h"

extern const api_format api_format_npz;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"x2", "x1"};
    const api_read_options options[] = {
        {.labelled = true, .max_values = 2000, .max_bytes = 20000, .name = "q"},
        {.labelled = true, .target = "x2", .rows = "y", .max_bytes = 20000},
        {.labelled = false, .columns = columns, .columns_count = 1, .max_bytes = 5000},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check_upload(&api_format_npz, &options[i], data, n);
    return 0;
}
