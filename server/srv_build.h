/* srv_build: what this descentd is, as far as its results may depend on it. */
#ifndef SRV_BUILD_H
#define SRV_BUILD_H

#include "api_doc.h"
#include "gd_kernels.h"

/* {"version", "sources_sha256", "compiler", "options", "architecture", "libc", "kernels",
 * "instruction_set"}; the caller owns it. kernels: what passes are done with; NULL: the best. */
cJSON *srv_build_encode(const gd_kernels *kernels);

#endif
