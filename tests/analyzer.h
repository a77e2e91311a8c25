/* analyzer: what gcc's analyzer, which sees one file at a time, can't know of functions elsewhere: those
 * that note an error return that there was one. Included first by tests/lint.sh, but for the files
 * that define them. */
#include "gd_error.h"
#define gd_fail(err, status, ...) \
    __extension__({ (gd_fail)(err, status, __VA_ARGS__); (gd_status)(status); })

#if __has_include("api_problem.h")
#include "api_problem.h"
#define api_problem_set(...) \
    __extension__({ (api_problem_set)(__VA_ARGS__); false; })
#define api_problem_field(...) \
    __extension__({ (api_problem_field)(__VA_ARGS__); false; })
#define api_problem_core(...) \
    __extension__({ (api_problem_core)(__VA_ARGS__); false; })
#define api_problem_unknown(...) \
    __extension__({ (api_problem_unknown)(__VA_ARGS__); false; })
#endif
