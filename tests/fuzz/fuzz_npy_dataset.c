/* Arrays of NumPy, for training and for prediction; and files whose Content-Type does not say what
 * they are. */
#include "fuzz.h"

extern const api_format api_format_npy, api_format_octets;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const columns[] = {"x2", "x1"};
    const api_read_options options[] = {
        {.labelled = true, .target = "x1", .max_values = 2000, .max_bytes = 20000},
        {.labelled = true, .target = "x3", .columns = columns, .columns_count = 2, .name = "q"},
        {.labelled = false, .columns = columns, .columns_count = 2, .in_order = true},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check_upload(&api_format_npy, &options[i], data, n);
    if (n < 200)
        check_upload(&api_format_octets, &options[0], data, n);
    return 0;
}
