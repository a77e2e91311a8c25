/* srv_config: the table of settings and its three readers. */
#include "srv_config.h"

#include "srv_command.h"
#include "srv_cors.h"
#include "srv_team.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { TEXT, PATH, ORIGINS, COUNT, SIZE, AUTH, LOG_FORMAT, KERNELS } kind;

typedef struct setting {
    const char *flag, *variable, *value, *def, *doc;
    kind kind;
    size_t offset, room; /* room: of a text */
    uint64_t min, max;   /* of a count or size */
} setting;

#define AT(member) .offset = offsetof(srv_config, member), .room = sizeof((srv_config){0}.member)

static const setting settings[] = {
    {"--listen", "DESCENTD_LISTEN", "HOST:PORT", "127.0.0.1:8080",
     "address to listen on; port 0 lets the system choose", TEXT, AT(listen)},
    {"--data-dir", "DESCENTD_DATA_DIR", "DIR", "./descentd-data",
     "where datasets, jobs and models are kept", TEXT, AT(data_dir)},
    {"--threads", "DESCENTD_THREADS", "N", "0", "processors to train on; 0: all", COUNT,
     AT(threads), .min = 0, .max = SRV_MAX_LANES},
    {"--workers", "DESCENTD_WORKERS", "N", "64", "jobs in training at once; they share the threads",
     COUNT, AT(workers), .min = 1, .max = 1024},
    {"--max-body", "DESCENTD_MAX_BODY", "SIZE", "1g", "largest upload, in bytes or with k, m or g",
     SIZE, AT(max_body), .min = 1024, .max = UINT64_C(1) << 40},
    {"--max-queue", "DESCENTD_MAX_QUEUE", "N", "10000",
     "jobs that may wait; more are refused with 429", COUNT, AT(max_queue), .min = 1,
     .max = 1000000},
    {"--max-connections", "DESCENTD_MAX_CONNECTIONS", "N", "4096",
     "connections at once; slow ones give way to new ones, or these get 503", COUNT,
     AT(max_connections), .min = 1, .max = 1000000},
    {"--max-client-connections", "DESCENTD_MAX_CLIENT_CONNECTIONS", "N", "2048",
     "of them from one address; more get 429", COUNT, AT(max_client_connections), .min = 1,
     .max = 1000000},
    {"--idle-seconds", "DESCENTD_IDLE_SECONDS", "N", "30",
     "for a connection to send a request's head, or a piece of its body", COUNT, AT(idle_seconds),
     .min = 1, .max = 86400},
    {"--max-waiting", "DESCENTD_MAX_WAITING", "N", "2000",
     "requests held by ?wait at once; more are answered at once", COUNT, AT(max_waiting), .min = 0,
     .max = 1000000},
    {"--max-bodies", "DESCENTD_MAX_BODIES", "SIZE", "512m",
     "bytes of all bodies that are held in memory; more get 503", SIZE, AT(max_bodies), .min = 1024,
     .max = UINT64_C(1) << 40},
    {"--max-uploads", "DESCENTD_MAX_UPLOADS", "N", "64", "uploads under way at once; more get 503",
     COUNT, AT(max_uploads), .min = 1, .max = 4096},
    {"--max-cells", "DESCENTD_MAX_CELLS", "N", "10000000000",
     "rows times columns of one dataset; more get 413", COUNT, AT(max_cells), .min = 1,
     .max = UINT64_C(1) << 44},
    {"--min-rate", "DESCENTD_MIN_RATE", "SIZE", "256",
     "bytes a second a body must come at, over --idle-seconds (408); 0: any", SIZE, AT(min_rate),
     .min = 0, .max = UINT64_C(1) << 30},
    {"--disk-reserve", "DESCENTD_DISK_RESERVE", "SIZE", "256m",
     "of the disk that uploads leave free (a twentieth of it at most), or 507", SIZE,
     AT(disk_reserve), .min = 0, .max = UINT64_C(1) << 50},
    {"--upload-expiry", "DESCENTD_UPLOAD_EXPIRY", "SECONDS", "86400",
     "how long resumable uploads are kept that nobody goes on with", COUNT, AT(upload_expiry),
     .min = 1, .max = UINT64_C(366) * 86400},
    {"--max-job-work", "DESCENTD_MAX_JOB_WORK", "N", "0",
     "rows x epochs of one job, as asked for; 0: any", COUNT, AT(max_job_work), .min = 0,
     .max = UINT64_MAX},
    {"--max-job-memory", "DESCENTD_MAX_JOB_MEMORY", "SIZE", "0",
     "of one job beside its data, as estimated; 0: what the machine has", SIZE, AT(max_job_memory),
     .min = 0, .max = UINT64_MAX},
    {"--max-job-seconds", "DESCENTD_MAX_JOB_SECONDS", "N", "0",
     "training time of one job: its max_seconds at most; 0: any", COUNT, AT(max_job_seconds),
     .min = 0, .max = UINT64_C(1) << 40},
    {"--tenant-bytes", "DESCENTD_TENANT_BYTES", "SIZE", "0",
     "of a tenant's data; 0: any. Beyond what may be stored: 507", SIZE, AT(tenant_bytes), .min = 0,
     .max = INT64_MAX},
    {"--tenant-result-bytes", "DESCENTD_TENANT_RESULT_BYTES", "SIZE", "0",
     "of its models and histories, as they may come to be", SIZE, AT(tenant_result_bytes), .min = 0,
     .max = INT64_MAX},
    {"--tenant-datasets", "DESCENTD_TENANT_DATASETS", "N", "0", "a tenant's datasets", COUNT,
     AT(tenant_datasets), .min = 0, .max = INT64_MAX},
    {"--tenant-models", "DESCENTD_TENANT_MODELS", "N", "0", "a tenant's models", COUNT,
     AT(tenant_models), .min = 0, .max = INT64_MAX},
    {"--tenant-jobs", "DESCENTD_TENANT_JOBS", "N", "0", "a tenant's jobs, ended ones too", COUNT,
     AT(tenant_jobs), .min = 0, .max = INT64_MAX},
    {"--tenant-active-jobs", "DESCENTD_TENANT_ACTIVE_JOBS", "N", "0",
     "those of them that are queued or running; more get 429", COUNT, AT(tenant_active_jobs),
     .min = 0, .max = INT64_MAX},
    {"--tenant-uploads", "DESCENTD_TENANT_UPLOADS", "N", "0",
     "a tenant's uploads at once; more get 429", COUNT, AT(tenant_uploads), .min = 0,
     .max = INT64_MAX},
    {"--cors-origin", "DESCENTD_CORS_ORIGIN", "LIST", "none",
     "origins of web pages that may call this, as https://example.org", ORIGINS, AT(cors_origins)},
    {"--auth", "DESCENTD_AUTH", "auto|on|off", "auto",
     "do requests need a token? auto: unless the address is loopback", AUTH, AT(auth)},
    {"--token-file", "DESCENTD_TOKEN_FILE", "FILE", "",
     "further tokens, lines of descentd token line; read again on SIGHUP", PATH, AT(token_file)},
    {"--tls-cert", "DESCENTD_TLS_CERT", "FILE", "",
     "certificate with its chain (PEM), for HTTPS; read again on SIGHUP", PATH, AT(tls_cert)},
    {"--tls-key", "DESCENTD_TLS_KEY", "FILE", "", "its key (PEM)", PATH, AT(tls_key)},
    {"--audit-log", "DESCENTD_AUDIT_LOG", "FILE", "",
     "appends who changed what, a JSON object a line; opened anew on SIGHUP", PATH, AT(audit_log)},
    {"--log-format", "DESCENTD_LOG_FORMAT", "text|json", "text", "how log lines are written",
     LOG_FORMAT, AT(log_json)},
    {"--kernels", "DESCENTD_KERNELS", "NAME", "auto",
     "plain, portable, avx2, avx512: loops of linear models; auto: the best", KERNELS, AT(kernels)},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static const char *const auths[] = {
    [SRV_AUTH_AUTO] = "auto", [SRV_AUTH_ON] = "on", [SRV_AUTH_OFF] = "off"};

bool srv_config_number(const char *text, bool size, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long long v = strtoull(text, &end, 10);
    uint64_t unit = 1;
    if (size && *end) {
        unit = *end == 'k' || *end == 'K'   ? UINT64_C(1) << 10
               : *end == 'm' || *end == 'M' ? UINT64_C(1) << 20
               : *end == 'g' || *end == 'G' ? UINT64_C(1) << 30
                                            : 0;
        end++;
    }
    if (*end || unit == 0 || v > UINT64_MAX / unit)
        return false;
    *out = v * unit;
    return true;
}

static bool set_kernels(const gd_kernels **out, const char *from, const char *text, char *why,
                        unsigned why_size)
{
    const gd_kernels *k = strcmp(text, "auto") == 0 ? gd_kernels_best() : gd_kernels_find(text);
    if (k && gd_kernels_usable(k)) {
        *out = k;
        return true;
    }
    int at = snprintf(why, why_size, "%s must be auto", from);
    for (size_t i = 0; i < gd_kernels_count; i++)
        if (gd_kernels_usable(gd_kernels_all[i]) && at >= 0 && (unsigned)at < why_size)
            at += snprintf(why + at, why_size - (unsigned)at, " or %s", gd_kernels_all[i]->name);
    if (at >= 0 && (unsigned)at < why_size)
        snprintf(why + at, why_size - (unsigned)at, k ? ", got \"%.60s\", which this processor lacks"
                                                      : ", got \"%.60s\"", text);
    return false;
}

static bool set(srv_config *c, const setting *s, const char *from, const char *text, char *why,
                unsigned why_size)
{
    char *at = (char *)c + s->offset;
    uint64_t n = 0;
    switch (s->kind) {
    case ORIGINS:
        if (!srv_cors_is_list(text)) {
            snprintf(why, why_size,
                     "%s must be none, or origins such as https://example.org with commas between "
                     "them, got \"%.60s\"",
                     from, text);
            return false;
        }
        /* fall through */
    case TEXT:
    case PATH:
        if ((*text || s->kind == PATH) && strlen(text) < s->room) {
            memcpy(at, text, strlen(text) + 1);
            return true;
        }
        snprintf(why, why_size, "%s must have 1 to %zu characters, got \"%.60s\"", from,
                 s->room - 1, text);
        return false;
    case COUNT:
    case SIZE:
        if (srv_config_number(text, s->kind == SIZE, &n) && n >= s->min && n <= s->max) {
            memcpy(at, &n, sizeof n);
            return true;
        }
        snprintf(why, why_size, "%s must be a whole number in [%llu, %llu]%s, got \"%.60s\"", from,
                 (unsigned long long)s->min, (unsigned long long)s->max,
                 s->kind == SIZE ? ", with k, m or g for units" : "", text);
        return false;
    case AUTH:
        for (int a = SRV_AUTH_AUTO; a <= SRV_AUTH_OFF; a++)
            if (strcmp(text, auths[a]) == 0) {
                *(srv_auth *)at = (srv_auth)a;
                return true;
            }
        snprintf(why, why_size, "%s must be auto, on or off, got \"%.60s\"", from, text);
        return false;
    case LOG_FORMAT:
        if (strcmp(text, "text") == 0 || strcmp(text, "json") == 0) {
            *(bool *)at = strcmp(text, "json") == 0;
            return true;
        }
        snprintf(why, why_size, "%s must be text or json, got \"%.60s\"", from, text);
        return false;
    case KERNELS:
        return set_kernels((const gd_kernels **)at, from, text, why, why_size);
    }
    return false;
}

static bool read_argument(srv_config *c, int argc, char **argv, int *i, char *why,
                          unsigned why_size)
{
    const char *arg = argv[*i];
    if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
        return c->action = SRV_HELP, true;
    if (strcmp(arg, "--version") == 0)
        return c->action = SRV_VERSION, true;
    if (strcmp(arg, "--health") == 0)
        return c->action = SRV_HEALTH, true;
    if (*arg != '-' && *arg)
        return c->action = SRV_COMMAND, srv_command_take(c, arg, why, why_size);
    for (size_t k = 0; k < SETTINGS; k++) {
        size_t n = strlen(settings[k].flag);
        if (strncmp(arg, settings[k].flag, n) != 0 || (arg[n] && arg[n] != '='))
            continue;
        if (arg[n])
            return set(c, &settings[k], settings[k].flag, arg + n + 1, why, why_size);
        if (*i + 1 == argc) {
            snprintf(why, why_size, "%s needs a value: %s", arg, settings[k].value);
            return false;
        }
        return set(c, &settings[k], settings[k].flag, argv[++*i], why, why_size);
    }
    snprintf(why, why_size, "unknown option %.60s; see --help", arg);
    return false;
}

bool srv_config_read(srv_config *c, int argc, char **argv, char *why, unsigned why_size)
{
    memset(c, 0, sizeof *c);
    for (size_t k = 0; k < SETTINGS; k++)
        if (!set(c, &settings[k], settings[k].flag, settings[k].def, why, why_size))
            return false;
    for (size_t k = 0; k < SETTINGS; k++) {
        const char *text = getenv(settings[k].variable);
        if (text && !set(c, &settings[k], settings[k].variable, text, why, why_size))
            return false;
    }
    for (int i = 1; i < argc; i++)
        if (!read_argument(c, argc, argv, &i, why, why_size))
            return false;
    if (!*c->tls_cert != !*c->tls_key) {
        snprintf(why, why_size, "--tls-cert and --tls-key go together");
        return false;
    }
    return srv_command_whole(c, why, why_size);
}

void srv_config_help(void)
{
    printf("descentd " DESCENTD_VERSION ": gradient descent as a service\n\n"
           "usage: descentd [options]\n\n");
    srv_command_help();
    for (size_t k = 0; k < SETTINGS; k++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", settings[k].flag, settings[k].value);
        printf("  %-24s %s\n  %-24s default %s, or %s\n", left, settings[k].doc, "",
               settings[k].def, settings[k].variable);
    }
    printf("  %-24s ask the server at --listen whether it is alive; exit code 0 or 1\n"
           "  %-24s this text\n  %-24s the version\n",
           "--health", "--help", "--version");
}
