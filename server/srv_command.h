/* srv_command: what the binary does besides serving: one row a command. */
#ifndef SRV_COMMAND_H
#define SRV_COMMAND_H

#include "srv_config.h"

/* Takes a word of the command line that is no option: a command's, or an operand. False with why.
 */
bool srv_command_take(srv_config *c, const char *word, char *why, unsigned why_size);
/* Is the command, if there is one, whole? */
bool srv_command_whole(const srv_config *c, char *why, unsigned why_size);

/* Runs it; returns the exit code. */
int srv_command_run(const srv_config *c);

void srv_command_help(void);

#endif
