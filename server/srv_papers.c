/* srv_papers: see srv_papers.h. */
#include "srv_papers.h"

#include "api_catalog.h"
#include "api_openapi.h"

#include <pthread.h>
#include <stdlib.h>

struct srv_papers {
    pthread_mutex_t lock; /* held while one is made: who asks meanwhile would make it, too */
    const gd_kernels *kernels;
    char *texts[SRV_PAPERS];
};

srv_papers *srv_papers_new(const gd_kernels *kernels)
{
    srv_papers *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    all->kernels = kernels;
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

const char *srv_papers_get(srv_papers *all, srv_paper which)
{
    pthread_mutex_lock(&all->lock);
    char **text = &all->texts[which];
    if (!*text)
        *text = which == SRV_PAPER_OPENAPI ? api_openapi_encode(DESCENTD_VERSION)
                                           : api_doc_print(api_catalog_encode(all->kernels));
    const char *found = *text;
    pthread_mutex_unlock(&all->lock);
    return found;
}

void srv_papers_free(srv_papers *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < SRV_PAPERS; i++)
        free(all->texts[i]);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
