/* main: settings, signals, start, wait, stop. */
#include "srv_app.h"
#include "srv_backup.h"
#include "srv_listen.h"
#include "srv_log.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static bool loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0;
}

/* One heap for two processors that train: every other one keeps what its thread left. */
static void share_heaps(uint64_t threads)
{
#ifdef __GLIBC__
    long processors = threads > 0 ? (long)threads : sysconf(_SC_NPROCESSORS_ONLN);
    mallopt(M_ARENA_MAX, processors > 2 ? (int)(processors / 2) : 1);
#else
    (void)threads;
#endif
}

static int run(const srv_config *config)
{
    /* Signals are taken by sigwait below, in no other thread; writes to a closed socket or
     * pipe are errors, not ends. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);

    share_heaps(config->threads);
    srv_log_format(config->log_json);
    srv_app app;
    api_problem p = {0};
    if (!srv_app_start(&app, config, &p)) {
        fprintf(stderr, "descentd: %s\n", p.detail);
        return 1;
    }
    srv_log("listening", srv_s("address", app.address), srv_s("version", DESCENTD_VERSION),
            srv_s("data_dir", config->data_dir), srv_n("workers", (double)app.config.workers));
    if (!loopback(app.address))
        srv_log("warning",
                srv_s("message", "the address is not loopback and there is no access control: "
                                 "whoever reaches it can read and change everything"));
    int got = 0;
    sigwait(&ends, &got);
    srv_log("stopping", srv_s("signal", got == SIGTERM ? "SIGTERM" : "SIGINT"));
    srv_app_stop(&app);
    srv_log("stopped", srv_n("signal", got));
    return 0;
}

static int keep(const srv_config *config)
{
    api_problem p = {0};
    bool backup = config->action == SRV_BACKUP;
    if (!(backup ? srv_backup(config->data_dir, config->file, &p)
                 : srv_restore(config->file, config->data_dir, &p))) {
        fprintf(stderr, "descentd: %s\n", p.detail);
        return 1;
    }
    printf("%s %s %s %s\n", backup ? "backed up" : "restored", config->data_dir,
           backup ? "into" : "from", config->file);
    return 0;
}

int main(int argc, char **argv)
{
    srv_config config;
    char why[300];
    if (!srv_config_read(&config, argc, argv, why, sizeof why)) {
        fprintf(stderr, "descentd: %s\n", why);
        return 2;
    }
    switch (config.action) {
    case SRV_HELP:
        srv_config_help();
        return 0;
    case SRV_VERSION:
        puts("descentd " DESCENTD_VERSION);
        return 0;
    case SRV_HEALTH:
        return srv_healthy(config.listen) ? 0 : 1;
    case SRV_BACKUP:
    case SRV_RESTORE:
        return keep(&config);
    case SRV_RUN:
        break;
    }
    return run(&config);
}
