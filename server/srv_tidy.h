/* srv_tidy: at the start, what a crash left behind in the data directory. */
#ifndef SRV_TIDY_H
#define SRV_TIDY_H

#include "srv_app.h"

/* Removes half-written files and whole ones that were never recorded; gives files of an earlier
 * layout, named by their dataset's id, the name of their content. */
bool srv_tidy(srv_app *app, api_problem *p);

#endif
