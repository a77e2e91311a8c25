/* srv_papers: long documents that say the same to everybody, made when first asked for and kept.
 *
 * They may be asked for without a token, and take milliseconds and megabytes to make: answers share
 * one text, so that many of them at once, or unread, take no more.
 */
#ifndef SRV_PAPERS_H
#define SRV_PAPERS_H

#include "gd_kernels.h"

typedef enum srv_paper { SRV_PAPER_OPENAPI, SRV_PAPER_CAPABILITIES, SRV_PAPERS } srv_paper;

typedef struct srv_papers srv_papers;

/* kernels: what linear models train with here; borrowed. NULL when out of memory. */
srv_papers *srv_papers_new(const gd_kernels *kernels);

/* JSON, theirs until they are freed. NULL when out of memory; the next may have more luck. */
const char *srv_papers_get(srv_papers *all, srv_paper which);

/* No answer with one may be under way. NULL is fine. */
void srv_papers_free(srv_papers *all);

#endif
