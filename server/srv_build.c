/* srv_build: known when it was compiled, but for the C library, whose exp and log are called. */
#include "srv_build.h"

#include "srv_build_sources.h"

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

static const char *libc(void)
{
#ifdef __GLIBC__
    return gnu_get_libc_version();
#else
    return "unknown";
#endif
}

cJSON *srv_build_encode(const gd_kernels *kernels)
{
    cJSON *o = cJSON_CreateObject();
    api_doc_string(o, "version", DESCENTD_VERSION);
    api_doc_string(o, "sources_sha256", SRV_BUILD_SOURCES);
    api_doc_string(o, "compiler", SRV_BUILD_COMPILER);
    api_doc_string(o, "options", SRV_BUILD_OPTIONS);
    api_doc_string(o, "architecture", SRV_BUILD_ARCHITECTURE);
    api_doc_string(o, "libc", libc());
    /* networks and second moments take the best for this processor, whatever passes are told to */
    api_doc_string(o, "kernels", (kernels ? kernels : gd_kernels_best())->name);
    api_doc_string(o, "instruction_set", gd_kernels_best()->name);
    return o;
}
