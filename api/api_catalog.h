/* api_catalog: what the server can do, straight from the tables that validate requests. */
#ifndef API_CATALOG_H
#define API_CATALOG_H

#include "api_doc.h"

/* {"models": [...], "costs": [...], ..., "settings": [...], "formats": [...]}: every member with
 * its name, help, formula and parameters. The caller owns it. */
cJSON *api_catalog_encode(void);

#endif
