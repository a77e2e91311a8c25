/* api_catalog: what the server can do, straight from the tables that validate requests. */
#ifndef API_CATALOG_H
#define API_CATALOG_H

#include "api_doc.h"
#include "gd_kernels.h"

/* {"models": [...], "costs": [...], ..., "settings": [...], "formats": [...]}: every member with
 * its name, help, formula and parameters; and "kernels": those in use, and those that this
 * processor could use. The caller owns it. */
cJSON *api_catalog_encode(const gd_kernels *in_use);

#endif
