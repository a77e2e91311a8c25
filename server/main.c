/* main: settings, signals, start, wait, stop. */
#include "srv_app.h"
#include "srv_command.h"
#include "srv_guard.h"
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
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);

    srv_guard_start();
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
    if (!app.auth && !srv_is_loopback(app.address))
        srv_log("warning",
                srv_s("message", "the address is not loopback and access control is off: "
                                 "whoever reaches it can read and change everything"));
    int got = 0;
    while (sigwait(&ends, &got) == 0 && got == SIGHUP)
        srv_app_reload(&app);
    srv_log("stopping", srv_s("signal", got == SIGTERM ? "SIGTERM" : "SIGINT"));
    srv_app_stop(&app);
    srv_log("stopped", srv_n("signal", got));
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
        return srv_healthy(config.listen, *config.tls_cert) ? 0 : 1;
    case SRV_COMMAND:
        return srv_command_run(&config);
    case SRV_RUN:
        break;
    }
    return run(&config);
}
