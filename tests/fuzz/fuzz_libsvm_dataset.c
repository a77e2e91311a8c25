/* Datasets in LIBSVM: for training and for prediction, from either base, of a width that is given
 * or not. */
#include "fuzz.h"

extern const api_format api_format_libsvm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *const target[] = {"t"};
    const api_type label = API_CATEGORICAL;
    api_types types = {0};
    if (!api_types_fill(&types, target, &label, 1))
        return 0;
    const api_read_options options[] = {
        {.labelled = true},
        {.labelled = true, .width = 7, .index_from_0 = true, .name = "q", .target = "t"},
        {.labelled = false, .max_values = 20, .in_order = true},
        {.labelled = true, .width = 7, .target = "t", .in_order = true, .types = &types, .added_to = "of x"},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        check_upload(&api_format_libsvm, &options[i], data, n);
    api_types_free(&types);
    return 0;
}
