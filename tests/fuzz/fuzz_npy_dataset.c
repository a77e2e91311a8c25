/* Datasets of NumPy: single arrays, or archives where the first byte is theirs, for training and
 * for prediction. */
#include "fuzz.h"

extern const api_format api_format_npy, api_format_npz, api_format_octets;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"x2", "x1"};
    const api_read_options arrays[] = {
        {.labelled = true, .target = "x1", .max_values = 2000},
        {.labelled = true, .target = "x3", .columns = columns, .columns_count = 2, .name = "q"},
        {.labelled = false, .columns = columns, .columns_count = 2, .in_order = true},
    };
    const api_read_options archives[] = {
        {.labelled = true, .max_values = 2000, .max_bytes = 20000, .name = "q"},
        {.labelled = true, .target = "x2", .rows = "y", .max_bytes = 20000},
        {.labelled = false, .columns = columns, .columns_count = 1, .max_bytes = 5000},
    };
    bool archive = n > 0 && data[0] == 'P';
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        check_upload(archive ? &api_format_npz : &api_format_npy,
                     archive ? &archives[i] : &arrays[i], data, n);
    if (n < 200)
        check_upload(&api_format_octets, &archives[0], data, n);
    return 0;
}
