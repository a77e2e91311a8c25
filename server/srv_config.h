/* srv_config: the settings. One row a setting: flag, variable, default, range, help. */
#ifndef SRV_CONFIG_H
#define SRV_CONFIG_H

#include "gd_kernels.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum srv_action {
    SRV_RUN,
    SRV_HELP,
    SRV_VERSION,
    SRV_HEALTH, /* ask the running server at `listen` how it is */
    SRV_COMMAND /* `command` (srv_command.h) */
} srv_action;

/* Do requests need a token? */
typedef enum srv_auth { SRV_AUTH_AUTO, SRV_AUTH_ON, SRV_AUTH_OFF } srv_auth;

typedef struct srv_config {
    srv_action action;
    const char *word; /* of the command line: the command's, NULL for none */
    const struct srv_command *command;
    const char *operands[4];
    int operands_count;
    char listen[256]; /* host:port; port 0 lets the system choose */
    char data_dir[1024];
    uint64_t threads;   /* processors to train on; 0: all */
    uint64_t workers;   /* jobs in training at once */
    uint64_t max_body;  /* bytes in one request */
    uint64_t max_queue; /* jobs that may wait */
    uint64_t max_connections, max_client_connections, idle_seconds; /* srv_connections.h */
    uint64_t max_waiting;                                           /* requests held by ?wait */
    uint64_t max_job_work, max_job_memory, max_job_seconds; /* srv_job_limits.h */
    uint64_t max_bodies; /* bytes of bodies held in memory */
    uint64_t max_uploads;  /* under way at once */
    uint64_t max_cells;    /* numbers in one dataset */
    uint64_t min_rate;     /* bytes a second of a body, over idle_seconds; 0: it may be slower */
    /* what each tenant may have (srv_quota.h); 0: any */
    uint64_t tenant_bytes, tenant_result_bytes, tenant_datasets, tenant_models, tenant_jobs, tenant_active_jobs,
        tenant_uploads;
    uint64_t disk_reserve; /* bytes of the disk that uploads leave free */
    uint64_t upload_expiry; /* seconds that a resumable upload is kept that nobody goes on with */
    char cors_origins[1024]; /* srv_cors.h */
    srv_auth auth;
    char tls_cert[1024], tls_key[1024]; /* PEM files; "": no TLS */
    char audit_log[1024];               /* "": none */
    char token_file[1024];              /* "": none; srv_token_file.h */
    bool log_json;
    const gd_kernels *kernels; /* what passes over data are done with */
} srv_config;

/* Defaults, then DESCENTD_* from the environment, then the command line. On error returns
 * false and writes a sentence that names the setting into why. */
bool srv_config_read(srv_config *c, int argc, char **argv, char *why, unsigned why_size);

/* A whole number, with k, m or g for units if it is a size. */
bool srv_config_number(const char *text, bool size, uint64_t *out);

/* Prints the help text (with every setting and its default) to standard output. */
void srv_config_help(void);

#endif
