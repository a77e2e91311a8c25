/* srv_build: what this descentd is, as far as its results may depend on it. */
#ifndef SRV_BUILD_H
#define SRV_BUILD_H

#include "api_doc.h"

/* {"version", "sources_sha256", "compiler", "options", "architecture", "libc"}; the caller owns
 * it. */
cJSON *srv_build_encode(void);

#endif
