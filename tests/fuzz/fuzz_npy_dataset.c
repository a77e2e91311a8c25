/* Datasets of NumPy: single arrays and archives, for training and for prediction. */
#include "fuzz.h"

extern const api_format api_format_npy, api_format_npz, api_format_octets;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"x2", "x1"};
    const api_read_options options[] = {
        {.labelled = true, .target = "x1", .max_values = 2000, .max_bytes = 20000},
        {.labelled = true, .max_values = 2000, .max_bytes = 20000, .name = "q"},
        {.labelled = true, .target = "X", .rows = "y", .max_values = 2000, .max_bytes = 20000},
        {.labelled = true,
         .target = "x3",
         .columns = columns,
         .columns_count = 2,
         .max_bytes = 20000},
        {.labelled = false,
         .columns = columns,
         .columns_count = 1,
         .max_values = 20,
         .max_bytes = 5000},
        {.labelled = false, .max_bytes = 20000},
        {.labelled = false,
         .columns = columns,
         .columns_count = 2,
         .in_order = true,
         .max_bytes = 20000},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        check_upload(&api_format_npy, &options[i], data, n);
        check_upload(&api_format_npz, &options[i], data, n);
        check_upload(&api_format_octets, &options[i], data, n);
    }
    return 0;
}
