/* commands: the binary itself, run with arguments that make it do one thing and end. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "jobs.h"

enum { SAID = 2048 };

/* Runs the binary with these arguments (NULL-terminated, the binary first), its words into said;
 * returns its exit code. */
static UNUSED int run_binary(char said[SAID], const char *const argv[])
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; n < SAID - 1 && (got = read(ends[0], said + n, SAID - 1 - n)) > 0;)
        n += (size_t)got;
    said[n] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#endif
